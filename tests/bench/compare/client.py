"""A client of DynamoDB's JSON protocol without an SDK. It also creates and fills tables."""

import http.client
import json
import time
import urllib.parse
from collections.abc import Callable
from typing import Any

from tests.bench import bodies
from tests.bench.items import Item

HEADERS = {
    "Content-Type": "application/x-amz-json-1.0",
    "X-Amz-Date": "20260101T000000Z",
    "Authorization": (
        "AWS4-HMAC-SHA256 Credential=AKID/20260101/us-east-1/dynamodb/aws4_request, "
        "SignedHeaders=host;x-amz-date;x-amz-target, Signature=" + "0123456789abcdef" * 4
    ),
}
BATCH = 25
POLL = 0.02  # seconds between two polls of a table's status
PATIENCE = 120  # seconds that creating or deleting a table may take


def headers_of(operation: str) -> dict[str, str]:
    """Return the headers of a request. The signature is invalid, which no emulator checks."""
    return {**HEADERS, "X-Amz-Target": "DynamoDB_20120810." + operation}


class AnswerError(Exception):
    """An answer with a status other than 200."""

    def __init__(self, operation: str, status: int, body: str) -> None:
        super().__init__(f"{operation}: HTTP {status}: {body[:400]}")
        self.status = status
        self.body = body

    @property
    def code(self) -> str:
        """The name of the error, or an empty text if the body has none."""
        try:
            return str(json.loads(self.body).get("__type", "")).split("#")[-1]
        except ValueError:
            return ""


class Client:
    """One persistent connection. `call` returns the parsed answer, `raw` its bytes."""

    def __init__(self, url: str, timeout: float = 120) -> None:
        parts = urllib.parse.urlsplit(url)
        self.host = parts.hostname or "127.0.0.1"
        self.port = parts.port or 80
        self.timeout = timeout
        self.connection: http.client.HTTPConnection | None = None

    def raw(self, operation: str, body: bytes | dict[str, Any]) -> bytes:
        """Send a request; send it again if the server had closed the idle connection."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        try:
            status, answer = self._exchange(operation, data)
        except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
            self.close()
            status, answer = self._exchange(operation, data)
        if status != http.HTTPStatus.OK:
            raise AnswerError(operation, status, answer.decode("utf-8", "replace"))
        return answer

    def _exchange(self, operation: str, data: bytes) -> tuple[int, bytes]:
        if self.connection is None:
            self.connection = http.client.HTTPConnection(self.host, self.port, timeout=self.timeout)
        self.connection.request("POST", "/", data, headers_of(operation))
        response = self.connection.getresponse()
        return response.status, response.read()

    def call(self, operation: str, body: bytes | dict[str, Any]) -> Any:
        """Send a request and parse the answer."""
        return json.loads(self.raw(operation, body) or b"{}")

    def close(self) -> None:
        """Close the connection; the next request opens a new one."""
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def status(self, table: str) -> str | None:
        """Return a table's status, or None if there is no table."""
        try:
            return str(self.call("DescribeTable", {"TableName": table})["Table"]["TableStatus"])
        except AnswerError as error:
            if error.code == "ResourceNotFoundException":
                return None
            raise

    def drop(self, table: str) -> None:
        """Delete a table if it exists, and wait until it is gone."""
        if self.status(table) is not None:
            self.call("DeleteTable", {"TableName": table})
            self._wait(table, None)

    def create(self, table: str, indexes: int = 0) -> None:
        """Create a table and wait until it is ready."""
        self.call("CreateTable", bodies.create(table, indexes))
        self._wait(table, "ACTIVE")

    def _wait(self, table: str, wanted: str | None) -> None:
        end = time.monotonic() + PATIENCE
        while self.status(table) != wanted:
            if time.monotonic() > end:
                raise RuntimeError(f"table {table} did not become {wanted}")
            time.sleep(POLL)

    def load(self, table: str, numbers: range, make: Callable[[int], Item]) -> None:
        """Write the items make(number) for all numbers, 25 in a request."""
        for first in range(0, len(numbers), BATCH):
            pending = bodies.batch(table, map(make, numbers[first : first + BATCH]))["RequestItems"]
            while pending:
                answer = self.call("BatchWriteItem", {"RequestItems": pending})
                pending = answer.get("UnprocessedItems")
