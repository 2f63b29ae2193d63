"""A small Kinesis server that knows only PutRecords. A test reads its records or makes it fail."""

import base64
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Entry = tuple[str, dict[str, Any]]
"""Partition key and record."""

WAIT = 20.0  # seconds after which a test that waits for records fails


class FakeKinesis:
    """A Kinesis server with the address `url`, and the records that it has received.

    refuse: a function that returns whether an entry of a call must fail.
    error: if set, all calls fail with this code.
    strange: if set, a malformed answer that all calls get.
    """

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.calls: list[dict[str, Any]] = []
        self.credentials: set[str] = set()
        self.refuse: Callable[[Entry], bool] = lambda _: False
        self.error: str | None = None
        self.strange: Any = None
        self.url = ""
        self._changed = threading.Condition()

    def put_records(self, request: dict[str, Any], credential: str) -> tuple[int, Any]:
        """Answer one call of PutRecords: return the HTTP status and the body."""
        with self._changed:
            self.calls.append(request)
            self.credentials.add(credential)
            self._changed.notify_all()
            if self.error is not None:
                return 400, {"__type": self.error, "message": "no"}
            if self.strange is not None:
                return 200, self.strange
            results = [self._put(entry["PartitionKey"], entry["Data"]) for entry in request["Records"]]
        return 200, {"FailedRecordCount": sum("ErrorCode" in result for result in results), "Records": results}

    def _put(self, key: str, data: str) -> dict[str, str]:
        entry = (key, json.loads(base64.b64decode(data)))
        if self.refuse(entry):
            return {"ErrorCode": "ProvisionedThroughputExceededException", "ErrorMessage": "no"}
        self.entries.append(entry)
        return {"SequenceNumber": str(len(self.entries)), "ShardId": "shardId-000000000000"}

    def wait(self, done: Callable[[], bool]) -> None:
        """Wait until `done()` is true, which is checked after each call of PutRecords."""
        with self._changed:
            assert self._changed.wait_for(done, WAIT), (len(self.entries), len(self.calls))

    def values(self) -> list[tuple[str, int]]:
        """Return for each record in order: the key `pk` and the number `v` of the new image."""
        changes = [record["dynamodb"] for _, record in self.entries]
        return [(each["Keys"]["pk"]["S"], int(each["NewImage"]["v"]["N"])) for each in changes]


@contextmanager
def fake_kinesis() -> Iterator[FakeKinesis]:
    """Run a `FakeKinesis` until the end of a `with` block."""
    fake = FakeKinesis()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            assert self.headers["X-Amz-Target"] == "Kinesis_20131202.PutRecords"
            credential = self.headers["Authorization"].partition("Credential=")[2].partition("/")[0]
            status, answer = fake.put_records(json.loads(body), credential)
            sent = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    fake.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
