"""Lambda's API over HTTP: envelope, request ids, credentials; over the connection and over ASGI alike."""

import asyncio
import json
import uuid

import pytest

from emulator.app import Emulator
from emulator.http.front.asgi import create_app
from emulator.http.front.bodies import Bodies
from emulator.http.front.dynamodb import DynamoDbEndpoint
from emulator.settings import Settings
from storage import Full

MAPPINGS = b"/2015-03-31/event-source-mappings/"
SIGNED = {
    b"host": b"localhost",
    b"x-amz-date": b"20260101T000000Z",
    b"authorization": b"AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/lambda/aws4_request, "
    b"SignedHeaders=host;x-amz-date, Signature=00",
}


@pytest.fixture
def endpoint():
    emulator = Emulator(Settings(in_memory=True))
    yield DynamoDbEndpoint(emulator)
    emulator.close()


def asked(endpoint, method="GET", path=MAPPINGS, query=b"", fields=SIGNED, body=b""):
    answer = endpoint.elsewhere(method, path, query, fields, body)
    headers = dict(answer.headers)
    assert int(headers[b"content-length"]) == len(answer.body)
    assert headers[b"content-type"] == b"application/json"
    assert uuid.UUID(headers[b"x-amzn-requestid"].decode())
    return answer.status, headers.get(b"x-amzn-errortype"), json.loads(answer.body)


def test_an_operation_that_is_not_there_is_logged_once_a_minute(endpoint, caplog):
    for _ in range(3):
        status, code, error = asked(endpoint, path=b"/2015-03-31/functions/\x1b")
        assert (status, code) == (404, b"UnknownOperationException")
    assert caplog.messages == [error["message"]]
    assert error["message"].endswith(
        " only, not GET /2015-03-31/functions/\\x1b. Use a client with another endpoint for Lambda's other operations."
    )
    asked(endpoint, path=MAPPINGS + b"0" * 36)
    assert len(caplog.messages) == 1


def test_success_is_bare_json(endpoint):
    assert asked(endpoint) == (200, None, {"EventSourceMappings": []})


@pytest.mark.parametrize(
    ("method", "path", "body", "expected"),
    [
        (
            "GET",
            MAPPINGS + b"0" * 36,
            b"",
            (
                404,
                b"ResourceNotFoundException",
                {"Type": "User", "Message": "The resource you requested does not exist."},
            ),
        ),
        (
            "POST",
            MAPPINGS,
            b'{"FunctionName": "f"}',
            (400, b"InvalidParameterValueException", {"Type": "User", "message": "Function does not exist"}),
        ),
        (
            "POST",
            MAPPINGS,
            b"{",
            (
                400,
                b"InvalidRequestContentException",
                {"Type": "User", "message": "Could not parse request body into json"},
            ),
        ),
        (
            "POST",
            MAPPINGS,
            b"",
            (
                400,
                b"ValidationException",
                {
                    "message": "1 validation error detected: Value null at 'functionName' failed to satisfy constraint: "
                    "Member must not be null"
                },
            ),
        ),
    ],
)
def test_error_has_its_code_in_a_header(endpoint, method, path, body, expected):
    assert asked(endpoint, method, path, body=body) == expected


def test_request_without_credentials_is_forbidden(endpoint):
    status, code, told = asked(endpoint, fields={b"host": b"localhost"})
    assert (status, code) == (403, b"MissingAuthenticationTokenException")
    assert told == {"message": "Request is missing Authentication Token"}


def test_full_disk_and_mistakes_of_ours_are_service_exceptions(endpoint, monkeypatch, caplog):
    def failing(error):
        def call(*_):
            raise error

        monkeypatch.setattr(endpoint._emulator, "call_functions", call)

    failing(Full("no room"))
    status, code, told = asked(endpoint)
    assert (status, code, told["Type"]) == (500, b"ServiceException", "Service")
    failing(RuntimeError("ours"))
    assert asked(endpoint)[:2] == (500, b"ServiceException")
    assert "RuntimeError: ours" in caplog.text


def test_asgi_answers_like_the_connection(endpoint):
    sent = []

    async def receive():
        return {"type": "http.request", "body": b""}

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http",
        "method": "GET",
        "path": MAPPINGS.decode(),
        "raw_path": MAPPINGS,
        "query_string": b"MaxItems=3",
        "headers": list(SIGNED.items()),
    }
    asyncio.run(create_app(endpoint, Bodies(1 << 20))(scope, receive, send))
    assert sent[0]["status"] == 200
    assert json.loads(sent[1]["body"]) == {"EventSourceMappings": []}


def test_paths_of_nobody(endpoint):
    assert endpoint.elsewhere("GET", b"/health", b"", {b"host": b"h"}, b"").status == 404
    assert endpoint.elsewhere("POST", b"/_emulator/none", b"", {}, b"{}").status == 404
