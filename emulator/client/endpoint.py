"""Calls operations of DynamoDB, and controls of this server, over HTTP.

The client never repeats a request, because the server may have done the work of the request
although the answer was lost. Only one thread uses an endpoint.
"""

import http.client
import select
import time
from collections.abc import Mapping
from typing import Any, Final, Self
from urllib.parse import urlsplit

import orjson

from emulator.settings import check_url

STREAMS_OPERATIONS: Final = frozenset(("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams"))
"""The operations of DynamoDB Streams, which is a separate service."""

_DYNAMODB: Final = "DynamoDB_20120810"
_STREAMS: Final = "DynamoDBStreams_20120810"

# The maximum time to wait for a byte from the server, in seconds. The server waits as long for a
# byte from a client.
_TIMEOUT: Final = 65.0
_OK: Final = 200

Response = dict[str, Any]


class Unreachable(Exception):
    """No server answers at the address, or the answer does not come from a DynamoDB endpoint."""


class Refused(Exception):
    """The endpoint answered with an error. str(error) is "code: message"."""

    def __init__(self, status: int, code: str, text: str, body: Mapping[str, Any]) -> None:
        super().__init__(f"{code}: {text}" if code else text)
        self.status = status
        self.code = code
        self.text = text
        self.body = body


class HttpEndpoint:
    """A connection to an endpoint that checks no signatures.

    access_key, region: select the tables.
    """

    def __init__(self, url: str, access_key: str = "local", region: str = "us-east-1") -> None:
        try:
            check_url(url)
        except ValueError as error:
            raise Unreachable(str(error)) from None
        parts = urlsplit(url)
        assert parts.hostname is not None, "a checked URL has a host"
        self.name = url.rstrip("/")
        self.access_key = access_key
        self.region = region
        connection = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._connection = connection(parts.hostname, parts.port, timeout=_TIMEOUT)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def call(self, operation: str, body: Mapping[str, Any]) -> Response:
        """Call an operation; return its answer. Raises Refused, Unreachable."""
        streams = operation in STREAMS_OPERATIONS
        signed = f"{self.access_key}/{time.strftime('%Y%m%d', time.gmtime())}/{self.region}/dynamodb/aws4_request"
        headers = {
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Target": f"{_STREAMS if streams else _DYNAMODB}.{operation}",
            "Authorization": f"AWS4-HMAC-SHA256 Credential={signed}, SignedHeaders=host, Signature=none",
            "X-Amz-Date": time.strftime("%Y%m%dT%H%M%SZ", time.gmtime()),
        }
        return self._send("POST", "/", orjson.dumps(body), headers)

    def control(self, method: str, path: str, body: Mapping[str, Any]) -> Response:
        """Call a control of this server; return its answer. Raises Refused, Unreachable.

        If the body has a `Timeout`, the client waits this many seconds longer for the answer.
        """
        longer = body.get("Timeout")
        self._connection.timeout = _TIMEOUT + (longer if isinstance(longer, (int, float)) else 0)
        if self._connection.sock is not None:
            self._connection.sock.settimeout(self._connection.timeout)
        return self._send(method, f"/_emulator/{path}", b"" if method == "GET" else orjson.dumps(body), {})

    def begin_control(self, path: str, body: Mapping[str, Any]) -> None:
        """Call a control that runs until `close`, such as `snapshots/hold`.

        Do not wait for the control's answer. Raises Unreachable.
        """
        self._request("POST", f"/_emulator/{path}", orjson.dumps(body), {})

    def raise_refusal(self) -> None:
        """Raise Refused or Unreachable if the control that `begin_control` called has ended."""
        if self._connection.sock is None or select.select([self._connection.sock], [], [], 0)[0]:
            self._answer("the call of a control")
            raise Unreachable(f"{self.name} has ended the call of a control")

    def _send(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Response:
        """Send a request; return its answer. Raises Refused, Unreachable."""
        self._request(method, path, body, headers)
        return self._answer(f"{method} {path}")

    def _request(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> None:
        """Send a request. Raises Unreachable."""
        try:
            self._connection.request(method, path, body, dict(headers))
        except ConnectionRefusedError as error:
            where = "start one, or name another with --endpoint or AWS_ENDPOINT_URL"
            raise Unreachable(f"{self.name} does not answer: there is no server; {where}") from error
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise Unreachable(f"{self.name} does not answer: {error}") from error

    def _answer(self, request: str) -> Response:
        """Return the answer to a request. Raises Refused, Unreachable.

        request: words for the request in messages, such as "POST /".
        """
        try:
            response = self._connection.getresponse()
            status, text = response.status, response.read()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise Unreachable(f"{self.name} does not answer: {error}") from error
        try:
            answer = orjson.loads(text)
        except orjson.JSONDecodeError:
            answer = None
        if not isinstance(answer, dict):
            raise Unreachable(f"{self.name} answers {request} with status {status}, and not with JSON")
        if status != _OK:
            code = str(answer.get("__type", "")).rpartition("#")[2]
            said = answer["message"] if "message" in answer else answer.get("Message", "")
            raise Refused(status, code, str(said), answer)
        return answer
