"""`--record`: writes each request to DynamoDB and its answer to a file, for the command `replay`.

A line is a JSON object:

| member                              | content                                                    |
|-------------------------------------|------------------------------------------------------------|
| `Time`, `Milliseconds`, `Worker`    | when the request arrived, how long it took, which process  |
| `Operation`                         | name of the operation                                      |
| `AccessKey`, `Region`               | of the caller; a key that may be a real key of AWS is      |
|                                     | replaced by its first 4 characters and a digest            |
| `Request`                           | body, as text without content coding                       |
| `Status`, `RequestId`, `Answer`     | of the answer; its body as text                            |

`Request` and `Answer` are `{"Base64": text}` if they are not UTF-8. Signatures, session tokens and
other header lines are never written. Requests without an operation are not written.

All workers append to one file. Each line is one `write` to a file that is open for appending, so
lines of two processes never mix. New lines go to the end of an existing file. Only the file's owner
may read it.
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
_MASKED: Final = 8  # characters of the digest; they keep the names of different keys different


class Recording:
    """The file of --record, in one process.

    Raises StorageError if the file cannot be opened.
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
            # The disk was full in the middle of the line: end it, so that the next line is intact.
            if written < len(line):
                os.write(self._file, b"\n")
        except OSError as error:
            if once_a_minute.allows(("record", error.errno)):
                log.error("requests are not recorded to %s: %s", self._path, error.strerror)  # noqa: TRY400


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
    """Return an access key. Replace a key that may be a real one of AWS by a made-up name."""
    if _REAL_KEY.fullmatch(access_key) is None:
        return access_key
    return f"{access_key[:4]}-{sha256(access_key.encode()).hexdigest()[:_MASKED]}"


def _text(body: bytes) -> str | dict[str, str]:
    try:
        return body.decode()
    except UnicodeDecodeError:
        return {"Base64": base64.b64encode(body).decode()}
