"""The plainest HTTP client: one connection, bytes as they are, and much faster than an SDK."""

import http.client
import json
from typing import Any
from urllib.parse import urlsplit

from tests.conftest import AUTHORIZATION

STREAM_OPERATIONS = ("ListStreams", "DescribeStream", "GetShardIterator", "GetRecords")


def target(operation: str) -> str:
    return f"DynamoDB{'Streams' * (operation in STREAM_OPERATIONS)}_20120810.{operation}"


def headers(operation: str) -> dict[str, str]:
    return {
        "Content-Type": "application/x-amz-json-1.0",
        "X-Amz-Target": target(operation),
        "X-Amz-Date": "20260101T000000Z",
        "Authorization": AUTHORIZATION.format(key="test", region="us-east-1"),
    }


class Client:
    """One connection to a server."""

    def __init__(self, url: str) -> None:
        self.http = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)

    def post(self, operation: str, body: bytes) -> tuple[int, dict[bytes, bytes], bytes]:
        """Send a body; return status, headers (names in lower case) and body of the answer."""
        self.http.request("POST", "/", body, headers(operation))
        response = self.http.getresponse()
        found = {name.lower().encode(): value.encode() for name, value in response.getheaders()}
        return response.status, found, response.read()

    def __call__(self, operation: str, **request: Any) -> Any:
        """Send a request that must succeed; return its answer."""
        status, _, body = self.post(operation, json.dumps(request).encode())
        assert status == 200, body
        return json.loads(body)

    def close(self) -> None:
        self.http.close()
