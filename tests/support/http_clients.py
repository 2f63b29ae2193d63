"""Clients over HTTP: options for boto3, and faster clients that send the bytes they get."""

import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Callable
from email.message import Message
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.config import Config

AUTHORIZATION = (
    "AWS4-HMAC-SHA256 Credential={key}/20260101/{region}/dynamodb/aws4_request, "
    "SignedHeaders=host;x-amz-date;x-amz-target, Signature=" + "0123456789abcdef" * 4
)

STREAM_OPERATIONS = ("ListStreams", "DescribeStream", "GetShardIterator", "GetRecords")


def boto_options(url: str, key: str = "test", region: str = "us-east-1") -> dict[str, Any]:
    """Return options of a boto3 client: no retries, and no validation of parameters."""
    return {
        "endpoint_url": url,
        "region_name": region,
        "aws_access_key_id": key,
        "aws_secret_access_key": "secret",
        "config": Config(retries={"max_attempts": 0}, parameter_validation=False, max_pool_connections=50),
    }


def without_metadata(answer: dict[str, Any]) -> dict[str, Any]:
    """Return an answer of boto3 without boto3's metadata."""
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


class Answer:
    """The answer to an HTTP request. json: the parsed body."""

    def __init__(self, status: int, headers: Message, body: bytes) -> None:
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def answer_to(request: urllib.request.Request) -> Answer:
    """Send a request; return its answer, also if the status is an error."""
    try:
        with urllib.request.urlopen(request) as response:
            return Answer(response.status, response.headers, response.read())
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, error.headers, error.read())


def declaring(url: str) -> Callable[..., tuple[int, Any]]:
    """Return declare(control, body, method), which calls a control and returns status and JSON.

    It skips the test if the server has no controls.
    """

    def declare(call: str, body: Any, method: str = "POST") -> tuple[int, Any]:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        answer = answer_to(urllib.request.Request(f"{url}/_emulator/{call}", data, method=method))
        if answer.status != 200 and not answer.body.startswith(b"{"):
            pytest.skip("the server has no declarations")
        return answer.status, answer.json

    return declare


def target(operation: str) -> str:
    """Return the value of the header X-Amz-Target for an operation."""
    return f"DynamoDB{'Streams' * (operation in STREAM_OPERATIONS)}_20120810.{operation}"


def headers(operation: str) -> dict[str, str]:
    """Return the headers with which an SDK sends an operation."""
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
        """Send a request with this body; return status, headers (lower-case names) and body."""
        self.http.request("POST", "/", body, headers(operation))
        response = self.http.getresponse()
        received = {name.lower().encode(): value.encode() for name, value in response.getheaders()}
        return response.status, received, response.read()

    def __call__(self, operation: str, **request: Any) -> Any:
        """Send a request that must succeed; return its answer."""
        status, _, body = self.post(operation, json.dumps(request).encode())
        assert status == 200, body
        return json.loads(body)

    def close(self) -> None:
        """Close the connection."""
        self.http.close()
