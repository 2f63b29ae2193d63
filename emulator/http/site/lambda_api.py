"""Lambda's API over HTTP, under `/2015-03-31/`: credentials, JSON, and errors in Lambda's envelope.

An error's code is in the header `x-amzn-ErrorType`, its body is `{"Type": "User", "Message": ..}` (botocore's lambda
model); requests without credentials answer 403, as REST APIs of AWS do.
"""

import logging
from collections.abc import Mapping
from typing import Final

import orjson

from emulator.app import Emulator
from emulator.database.database import report_full
from emulator.errors import ApiError
from emulator.http.front import auth
from emulator.http.front.failures import log_failure
from emulator.log_limits import LogLimit
from storage import Full

log = logging.getLogger("emulator")

PREFIX: Final = b"/2015-03-31/"

_UNKNOWN: Final = "UnknownOperationException"
_FORBIDDEN: Final = 403
_SERVER_ERROR: Final = 500
_HEAD: Final = b"content-type: application/json\r\nx-amzn-requestid: %b\r\n%bcontent-length: %d\r\n"

Told = tuple[int, bytes, bytes]
"""Status, header lines, body."""


def answer(
    emulator: Emulator,
    request_id: bytes,
    method: str,
    path: bytes,
    query: bytes,
    fields: Mapping[bytes, bytes],
    body: bytes,
    mistakes: LogLimit,
) -> Told:
    """Answer one request; path begins with PREFIX. Never raises.

    mistakes: how often the log names an operation that is not there.
    """
    try:
        found = auth.credentials(fields, query)
        caller = emulator.caller(found.access_key, found.region)
    except ApiError as error:
        return _refusal(request_id, error, _FORBIDDEN)
    try:
        status, told = emulator.call_functions(method, path.decode("latin-1"), query.decode("latin-1"), body, caller)
    except ApiError as error:
        if error.code == _UNKNOWN and mistakes.allows((method, path)):
            log.warning("%s", error.message)
        return _refusal(request_id, error, error.status)
    except Full as error:
        report_full(error)
        return _failure(request_id, "The emulator's disk is full; nothing of this request was stored.")
    except Exception as error:  # noqa: BLE001 - is logged
        log_failure(f"request {request_id.decode()} to {path.decode('latin-1')}", error)
        return _failure(request_id, "An error occurred and the request cannot be processed.")
    text = orjson.dumps(told)
    return status, _HEAD % (request_id, b"", len(text)), text


def _refusal(request_id: bytes, error: ApiError, status: int) -> Told:
    return _error(request_id, status, error.code, {**error.extra, error.message_member: error.message})


def _failure(request_id: bytes, message: str) -> Told:
    return _error(request_id, _SERVER_ERROR, "ServiceException", {"Type": "Service", "Message": message})


def _error(request_id: bytes, status: int, code: str, body: dict[str, object]) -> Told:
    text = orjson.dumps(body)
    return status, _HEAD % (request_id, b"x-amzn-errortype: %b\r\n" % code.encode(), len(text)), text
