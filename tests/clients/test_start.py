"""How the command starts and ends in unusual circumstances."""

import errno
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from emulator import cli
from tests.support.servers import free_port


@pytest.mark.parametrize("closed", ["<&-", ">&-", "<&- >&- 2>&-"])
def test_without_standard_files(closed):
    """A server starts and ends if standard input, output or errors are closed.

    No file of the store may get one of their descriptors: closing it would abort the process.
    """
    port = free_port()
    command = f"exec {sys.executable} -m emulator --in-memory --port {port} --log-level debug {closed}"
    with subprocess.Popen(["bash", "-c", command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/") as answer:
                    assert answer.status == 200
                break
            except urllib.error.URLError:
                assert server.poll() is None
        server.terminate()
        assert server.wait(20) == 0


@pytest.mark.parametrize("workers", ["1", "2"])
def test_the_first_block_names_each_address(workers):
    command = [sys.executable, "-m", "emulator", "--in-memory", "--port", "0", "--workers", workers]
    command += ["--host", "127.0.0.1", "--host", "127.0.0.2"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        line = next(line for line in server.stdout if line.startswith("  address "))
        for url in line.split()[1:]:
            with urllib.request.urlopen(url) as answer:
                assert answer.status == 200
        server.terminate()
        assert server.wait(20) == 0
    assert [url.rpartition(":")[0] for url in line.split()[1:]] == ["http://127.0.0.1", "http://127.0.0.2"]


def accepts(host, port):
    try:
        socket.create_connection((host, port)).close()
    except OSError:
        return False
    return True


def test_a_second_signal_ends_the_server_at_once():
    command = [sys.executable, "-m", "emulator", "--in-memory", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        url = next(line for line in server.stdout if line.startswith("  address ")).split()[1]
        host, port = url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\nPOST / HTTP/1.1\r\n")
            assert client.recv(100)
            server.send_signal(signal.SIGINT)  # the server ends later: it waits for the rest of the request
            assert any(not accepts(host, int(port)) for _ in range(100_000)), "it stops accepting connections"
            server.send_signal(signal.SIGINT)
            assert (server.wait(20), server.stderr.read()) == (0, "")


def test_a_limit_of_too_few_files_is_reported_in_one_line():
    command = f"ulimit -n 10; exec {sys.executable} -m emulator --in-memory --port 0"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    last = done.stderr.splitlines()[-1]
    assert last == "dynamodb-emulator: the process cannot open enough files: raise the limit that `ulimit -n` shows"
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("error", "status"), [(KeyboardInterrupt(), 130), (OSError(errno.EMFILE, "x"), 2)])
def test_problems_that_end_the_start(monkeypatch, error, status):
    def fail(_):
        raise error

    monkeypatch.setattr(cli, "_run", fail)
    assert cli.main([]) == status


def test_other_failures_are_not_hidden(monkeypatch):
    monkeypatch.setattr(cli, "_run", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        cli.main([])


RARE = {
    *("boto3", "botocore", "click", "lmdb", "numpy", "prometheus_client", "prompt_toolkit", "rich", "starlette"),
    *("uvicorn", "yaml"),
    *("configparser", "csv", "ctypes", "decimal", "difflib", "email", "hashlib", "hmac", "html", "http.client"),
    *("logging.config", "multiprocessing", "random", "statistics", "tempfile", "tomllib", "unittest"),
    *("urllib.request", "xml", "zipfile"),
}
"""Libraries and modules of Python that no start in memory needs. Most take over 1 ms to import."""


def test_a_start_imports_no_code_that_is_rarely_used(tmp_path):
    """A start imports exactly our modules in start_modules.txt. One more takes 0.1 to 4 ms."""
    errors = tmp_path / "errors"
    command = [sys.executable, "-X", "importtime", "-m", "emulator", "--in-memory", "--port", "0"]
    plain = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    with (
        errors.open("w") as file,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=file, text=True, env=plain) as server,
    ):
        assert any(line.startswith("  address ") for line in server.stdout)
        server.terminate()
        assert server.wait(20) == 0
    imported = {line.rpartition("|")[2].strip() for line in errors.read_text().splitlines()[1:] if "|" in line}
    ours = {name for name in imported if name.partition(".")[0] in ("emulator", "storage")}
    expected = set((Path(__file__).parent / "start_modules.txt").read_text().split())
    assert sorted(ours - expected) == [], (
        "import these at their first use; if each server needs them at once, add them to start_modules.txt"
    )
    assert sorted(expected - ours) == [], "a start no longer imports these: remove them from start_modules.txt"
    assert sorted(imported & RARE) == []
