"""Lambda's API over HTTP, under `/2015-03-31/`: checks credentials, and makes JSON answers.

The answer of an error has the error's code in the header `x-amzn-ErrorType`, and the body
`{"Type": "User", "Message": ..}` (botocore's lambda model). A request without credentials gets
status 403, as from other REST APIs of AWS.
"""

import logging
import sys
import uuid
from collections.abc import Mapping
from typing import Any, Final

import orjson
from starlette.requests import Request
from starlette.responses import Response

from emulator import errors
from emulator.errors import ApiError
from emulator.http.front import auth
from emulator.http.front.answers import Answer
from emulator.http.front.asgi import raw_path
from emulator.http.front.commits import committed
from emulator.http.front.failures import log_failure
from emulator.http.front.front import Front
from emulator.http.site.responses import response
from storage import Full

log = logging.getLogger("emulator")

_UNKNOWN: Final = "UnknownOperationException"
_FORBIDDEN: Final = 403
_SERVER_ERROR: Final = 500
_HEAD: Final = b"content-type: application/json\r\nx-amzn-requestid: %b\r\n%bcontent-length: %d\r\n"


class LambdaApi:
    """Answers the requests of Lambda's clients."""

    def __init__(self, front: Front) -> None:
        self._front = front
        self._emulator = front.emulator
        self._mistakes = front.endpoint.answers.mistakes

    async def answer(self, request: Request) -> Response:
        """Answer a request to Lambda's API."""
        request_id = str(uuid.uuid4()).encode()
        path = raw_path(request.scope).decode("latin-1")
        try:
            answer = await self._answer(request_id, request, path, await request.body())
        except Full:  # the commit failed, because the disk is full
            answer = _failure(request_id, errors.storage_full().message)
        except Exception as error:  # noqa: BLE001 - the error is logged
            log_failure(f"request {request_id.decode()} to {path}", error)
            answer = _failure(request_id, "An error occurred and the request cannot be processed.")
        return response(answer)

    async def _answer(self, request_id: bytes, request: Request, path: str, body: bytes) -> Answer:
        """Return the answer, after the writes of the request are committed.

        An ApiError becomes an answer. Raises other errors of the emulator and of the commit.
        """
        query: bytes = request.scope["query_string"]
        try:
            credentials = auth.credentials(dict(request.headers.raw), query)
            caller = self._emulator.caller(credentials.access_key, credentials.region)
        except ApiError as error:
            return _refusal(request_id, error, _FORBIDDEN)

        async def make() -> tuple[int, dict[str, Any]]:
            return self._emulator.call_functions(request.method, path, query.decode("latin-1"), body, caller)

        try:
            status, result = await committed(self._front.commits, make, among=sys.maxsize)
        except ApiError as error:
            if error.code == _UNKNOWN and self._mistakes.allows((request.method, path)):
                log.warning("%s", error.message)
            if error.status >= _SERVER_ERROR:  # only a full disk causes an ApiError with status 500 or more
                return _failure(request_id, error.message)
            return _refusal(request_id, error, error.status)
        text = orjson.dumps(result)
        return Answer(status, _HEAD % (request_id, b"", len(text)), text)


def _refusal(request_id: bytes, error: ApiError, status: int) -> Answer:
    return _error(request_id, status, error.code, {**error.extra, error.message_member: error.message})


def _failure(request_id: bytes, message: str | None) -> Answer:
    return _error(request_id, _SERVER_ERROR, "ServiceException", {"Type": "Service", "Message": message})


def _error(request_id: bytes, status: int, code: str, body: Mapping[str, object]) -> Answer:
    text = orjson.dumps(body)
    head = _HEAD % (request_id, b"x-amzn-errortype: %b\r\n" % code.encode(), len(text))
    return Answer(status, head, text)
