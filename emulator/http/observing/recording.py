"""`--record`: writes each DynamoDB request with its answer to a file, for the command `replay`.

Each line of the file is a JSON object:

| member                              | content                                                    |
|-------------------------------------|------------------------------------------------------------|
| `Time`, `Milliseconds`, `Worker`    | when the request arrived, how long it took, which process  |
| `Operation`                         | name of the operation                                      |
| `AccessKey`, `Region`               | of the caller; an access key that may be a real AWS key is |
|                                     | replaced by its first 4 characters and a digest            |
| `Request`                           | the request's body as text, decompressed                   |
| `Status`, `RequestId`               | of the answer                                              |
| `Answer`                            | the answer's body as text, decompressed                    |

A body that is not UTF-8 is written as `{"Base64": text}`. Signatures, session tokens and other
header lines are never written. A request that names no operation is not written.

All workers append to one file. Each line is written by one call of `write` to a file that is open
for appending, so lines of two processes never mix. If the file exists, new lines go to its end.
Only the file's owner may read a file that the server creates.
"""

import base64
import logging
import os
import re
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import orjson

from emulator.http.front.observed import Exchange, Observer, Raw
from emulator.http.observing.summary import caller_of, operation_of, plain, plain_request, wall_time
from emulator.log_limits import once_a_minute
from storage import StorageError

log = logging.getLogger("emulator")

_REAL_KEY: Final = re.compile(r"(AKIA|ASIA)[A-Z0-9]{12,}")
_MASKED: Final = 8  # characters of an access key's digest; enough to tell different keys apart


class Recording:
    """The observer of one process that appends exchanges to the file of --record.

    worker: the number of this process, from 0. Raises StorageError if the file cannot be opened.
    """

    def __init__(self, path: str, worker: int) -> None:
        self._path = path
        self._worker = worker
        try:
            self._file = os.open(Path(path), os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
        except OSError as error:
            raise StorageError(f"--record: {path} cannot be written: {error.strerror}") from error
        self.observer = Observer(self._record, self._record)

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)

    def _record(self, raw: Raw) -> None:
        exchange = Exchange(*raw)
        if not operation_of(exchange):
            return
        line = orjson.dumps(_line(exchange, self._worker), option=orjson.OPT_APPEND_NEWLINE)
        try:
            written = os.write(self._file, line)
            # If the disk is full, only a part of the line was written. End this line, so that the
            # next one is readable.
            if written < len(line):
                os.write(self._file, b"\n")
        except OSError as error:
            if once_a_minute.allows(("record", error.errno)):
                log.error("--record: cannot write requests to %s: %s", self._path, error.strerror)  # noqa: TRY400


def _line(exchange: Exchange, worker: int) -> dict[str, Any]:
    head = dict(exchange.answer.headers)
    caller = caller_of(exchange)
    if "AccessKey" in caller:
        caller["AccessKey"] = masked(caller["AccessKey"])
    return {
        "Time": wall_time(exchange.began),
        "Milliseconds": round(exchange.seconds * 1000, 3),
        "Worker": worker,
        "Operation": operation_of(exchange),
        **caller,
        "Request": _text(plain_request(exchange)),
        "Status": exchange.answer.status,
        "RequestId": head.get(b"x-amzn-requestid", b"").decode("latin-1"),
        "Answer": _text(plain(exchange.answer.body, head.get(b"content-encoding"))),
    }


def masked(access_key: str) -> str:
    """Return an access key in the form in which --record writes it.

    A key that may be a real AWS key is masked: its first 4 characters and a digest. Other keys are
    returned unchanged.
    """
    if _REAL_KEY.fullmatch(access_key) is None:
        return access_key
    return f"{access_key[:4]}-{sha256(access_key.encode()).hexdigest()[:_MASKED]}"


def _text(body: bytes) -> str | dict[str, str]:
    try:
        return body.decode()
    except UnicodeDecodeError:
        return {"Base64": base64.b64encode(body).decode()}
