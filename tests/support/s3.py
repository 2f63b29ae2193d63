"""S3-compatible servers: a small server in this process, and the server of the package moto."""

import hashlib
import os
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

from tests.support.servers import free_port

OWNER = "123456789012"
"""The account that owns all buckets of `FakeS3`."""


class FakeS3:
    """A server with the address `url`, and its buckets in memory.

    silent: while it is set, requests get no answer. denied: names of buckets to which access is
    denied. breaks: how many of the next downloads end before the object is complete. heads: the
    header fields of each request so far.
    """

    def __init__(self) -> None:
        self.buckets: dict[str, dict[str, bytes]] = {}
        self.silent = threading.Event()
        self.denied: set[str] = set()
        self.breaks = 0
        self.parts: dict[str, dict[int, bytes]] = {}
        self.heads: list[dict[str, str]] = []
        self.url = ""


@contextmanager
def fake_s3() -> Iterator[FakeS3]:
    """Run a `FakeS3` during a `with` block."""
    fake = FakeS3()

    class Handler(_Handler):
        s3 = fake

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    fake.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    s3: FakeS3
    protocol_version = "HTTP/1.1"

    def log_message(self, *_arguments: Any) -> None:
        pass

    def _answer(self, status: int, body: bytes = b"", **head: str) -> None:
        self.send_response(status)
        for name, value in head.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _refuse(self, status: int, code: str) -> None:
        self._answer(status, f"<Error><Code>{code}</Code><Message>{code} message</Message></Error>".encode())

    def _serve(self) -> None:
        fake = self.s3
        fake.heads.append(dict(self.headers))
        while fake.silent.is_set():
            time.sleep(0.05)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = urlsplit(self.path)
        name, _, key = unquote(parts.path[1:]).partition("/")
        query = {each: values[0] for each, values in parse_qs(parts.query, keep_blank_values=True).items()}
        if name not in fake.buckets:
            self._refuse(404, "NoSuchBucket")
        elif name in fake.denied or self.headers.get("x-amz-expected-bucket-owner", OWNER) != OWNER:
            self._refuse(403, "AccessDenied")
        elif self.headers.get("x-amz-server-side-encryption-aws-kms-key-id") == "missing":
            self._refuse(400, "KMS.NotFoundException")
        else:
            self._use(fake.buckets[name], key, query, body)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _serve  # noqa: N815 - names of the library

    def _use(self, bucket: dict[str, bytes], key: str, query: dict[str, str], body: bytes) -> None:
        if not key:
            self._answer(200, b"" if self.command == "HEAD" else _listing(bucket, query))
        elif self.command == "POST" and "uploads" in query:
            number = str(len(self.s3.parts))
            self.s3.parts[number] = {}
            self._answer(200, f"<R><UploadId>{number}</UploadId></R>".encode())
        elif self.command == "PUT" and "uploadId" in query:
            self.s3.parts[query["uploadId"]][int(query["partNumber"])] = body
            self._answer(200, ETag='"part"')
        elif self.command == "POST":
            bucket[key] = b"".join(part for _, part in sorted(self.s3.parts.pop(query["uploadId"]).items()))
            self._answer(200, b"<R/>")
        elif self.command == "DELETE":
            self.s3.parts.pop(query["uploadId"])
            self._answer(204)
        elif self.command == "PUT":
            bucket[key] = body
            self._answer(200)
        elif key not in bucket:
            self._refuse(404, "NoSuchKey")
        else:
            self._download(bucket[key])

    def _download(self, content: bytes) -> None:
        span = self.headers.get("Range", "bytes=0-").removeprefix("bytes=").rstrip("-")
        rest = content[int(span) :]
        self.send_response(206 if "Range" in self.headers else 200)
        self.send_header("ETag", f'"{hashlib.md5(content).hexdigest()}"')
        self.send_header("Content-Length", str(len(rest)))
        self.end_headers()
        if self.s3.breaks:
            self.s3.breaks -= 1
            self.wfile.write(rest[: len(rest) // 2])
            self.close_connection = True
        else:
            self.wfile.write(rest)


def _listing(bucket: dict[str, bytes], query: dict[str, str]) -> bytes:
    """Return one page of a ListObjectsV2, with at most two objects.

    So tests with three objects read several pages.
    """
    after = query.get("continuation-token", "")
    keys = [key for key in sorted(bucket) if key.startswith(query.get("prefix", "")) and key > after]
    rows = "".join(f"<Contents><Key>{escape(k)}</Key><Size>{len(bucket[k])}</Size></Contents>" for k in keys[:2])
    more = f"<NextContinuationToken>{escape(keys[1])}</NextContinuationToken>" if len(keys) > 2 else ""
    return f"<L><IsTruncated>{'true' if more else 'false'}</IsTruncated>{more}{rows}</L>".encode()


@contextmanager
def moto_s3() -> Iterator[str]:
    """Run moto's server during a `with` block; yield its address.

    The environment variable MOTO_SERVER names the program `moto_server`. Without the variable, pip
    installs moto into a virtual environment, which is removed at the end.
    """
    with TemporaryDirectory() as folder:
        program = os.environ.get("MOTO_SERVER") or _install_moto(Path(folder))
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        process = subprocess.Popen(
            [program, "-H", "127.0.0.1", "-p", str(port)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            _wait(url)
            yield url
        finally:
            process.terminate()
            process.wait()


def _install_moto(folder: Path) -> Path:
    """Install moto into a new virtual environment; return the path of its program."""
    subprocess.run([sys.executable, "-m", "venv", folder], check=True, timeout=120)
    subprocess.run([folder / "bin" / "pip", "install", "-q", "moto[s3,server]>=5"], check=True, timeout=900)
    return folder / "bin" / "moto_server"


def _wait(url: str) -> None:
    for _ in range(600):
        try:
            urllib.request.urlopen(url, timeout=1).close()
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError("moto's server does not answer")
