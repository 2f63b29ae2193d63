"""Reads a recording, one request at a time.

http/observing/recording.py explains the format of a recording.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson

Body = Mapping[str, Any]

_MEMBERS: Final = {"Operation": str, "Status": int}


class BadRecording(Exception):
    """A file cannot be read, or is not a recording. The text of the exception says why."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A recorded request and its answer.

    line: the number of the request's line in the recording, counted from 1.
    access_key, region: None if the request had no credentials.
    request, answer: the bodies; None for a body that is not a JSON object.
    status: the HTTP status of the answer.
    """

    line: int
    operation: str
    access_key: str | None
    region: str | None
    request: Body | None
    status: int
    answer: Body | None


def recorded(path: Path) -> Iterator[Recorded | int]:
    """Yield the requests of a recording. For a line that is not a request, yield the line's number.

    Raises BadRecording if the file cannot be read, or if its first line is not a request.
    """
    try:
        with path.open("rb") as file:
            # Stop at the present end of the file. The file grows during the replay if the replay
            # sends its requests to the server that writes this recording.
            left = os.fstat(file.fileno()).st_size
            for number, text in enumerate(file, 1):
                left -= len(text)
                if left < 0:
                    return
                parsed = _parsed(number, text)
                if parsed is None and number == 1:
                    raise BadRecording(f"{path} is not a recording: its first line is not a request")
                yield parsed or number
    except OSError as error:
        raise BadRecording(f"{path} cannot be read: {error.strerror}") from error


def _parsed(number: int, text: bytes) -> Recorded | None:
    line = _object(text)
    if line is None or not all(isinstance(line.get(name), kind) for name, kind in _MEMBERS.items()):
        return None
    if not all(map(_is_header, (line["Operation"], line.get("AccessKey", ""), line.get("Region", "")))):
        return None
    return Recorded(
        number,
        line["Operation"],
        line.get("AccessKey"),
        line.get("Region"),
        _object(line.get("Request")),
        line["Status"],
        _object(line.get("Answer")),
    )


def _is_header(value: object) -> bool:
    """Return True if a value can be sent in a header, or is None, which means no header."""
    return value is None or (isinstance(value, str) and value.isascii() and value.isprintable())


def _object(text: object) -> dict[str, Any] | None:
    """Return the JSON object that a text contains; None if the text is not a JSON object."""
    if not isinstance(text, (str, bytes)):
        return None
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, dict) else None
