"""Lambda's API over HTTP: envelope, request ids, credentials."""

import json
import uuid

import pytest

from emulator.app import Emulator
from emulator.settings import Settings
from storage import Full
from tests.support.asgi import ask, site_of

MAPPINGS = b"/2015-03-31/event-source-mappings/"
SIGNED = {
    b"host": b"localhost",
    b"x-amz-date": b"20260101T000000Z",
    b"authorization": b"AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/lambda/aws4_request, "
    b"SignedHeaders=host;x-amz-date, Signature=00",
}


@pytest.fixture
def emulator():
    opened = Emulator(Settings(in_memory=True))
    yield opened
    opened.close()


@pytest.fixture
def site(emulator):
    return site_of(emulator)


def asked(site, method="GET", path=MAPPINGS, query=b"", fields=SIGNED, body=b""):
    answer = ask(site, method, path, body, query_string=query, headers=fields)
    headers = answer.headers
    assert int(headers[b"content-length"]) == len(answer.body)
    assert headers[b"content-type"] == b"application/json"
    assert uuid.UUID(headers[b"x-amzn-requestid"].decode())
    return answer.status, headers.get(b"x-amzn-errortype"), json.loads(answer.body)


def test_an_operation_that_is_not_there_is_logged_once_a_minute(site, caplog):
    for _ in range(3):
        status, code, error = asked(site, path=b"/2015-03-31/functions/\x1b")
        assert (status, code) == (404, b"UnknownOperationException")
    assert caplog.messages == [error["message"]]
    assert error["message"].endswith(
        " only, not GET /2015-03-31/functions/\\x1b. Use a client with another endpoint for Lambda's other operations."
    )
    asked(site, path=MAPPINGS + b"0" * 36)
    assert len(caplog.messages) == 1


def test_success_is_bare_json(site):
    assert asked(site) == (200, None, {"EventSourceMappings": []})


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
def test_error_has_its_code_in_a_header(site, method, path, body, expected):
    assert asked(site, method, path, body=body) == expected


def test_request_without_credentials_is_forbidden(site):
    status, code, reported = asked(site, fields={b"host": b"localhost"})
    assert (status, code) == (403, b"MissingAuthenticationTokenException")
    assert reported == {"message": "Request is missing Authentication Token"}


def test_full_disk_and_mistakes_of_ours_are_service_exceptions(emulator, site, monkeypatch, caplog):
    def failing(error):
        def call(*_):
            raise error

        monkeypatch.setattr(emulator.functions, "answer", call)

    failing(Full("no room"))
    status, code, reported = asked(site)
    assert (status, code, reported["Type"]) == (500, b"ServiceException", "Service")
    assert reported["Message"] == "The emulator's disk is full; nothing of this request was stored."
    failing(RuntimeError("ours"))
    assert asked(site)[:2] == (500, b"ServiceException")
    assert "RuntimeError: ours" in caplog.text


def test_the_query(site):
    assert asked(site, query=b"MaxItems=3") == (200, None, {"EventSourceMappings": []})
    status, code, _ = asked(site, query=b"MaxItems=no")
    assert (status, code) == (400, b"SerializationException")


def test_other_paths(site):
    assert ask(site, "GET", "/health", headers={b"host": b"h"}).status == 404
    assert ask(site, "POST", "/_emulator/none", b"{}").status == 404
    assert ask(site, "OPTIONS", "*").status == 404
