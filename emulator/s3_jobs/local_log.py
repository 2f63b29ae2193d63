"""The records that a job refused, as lines of JSON in a local file.

The service writes the errors of an import to the log group `/aws-dynamodb/imports`, in the stream
`<import id>/error` (control-plane 5.4). Here, a log group is a folder in `logs` inside the data
folder, and a log stream is a file. A bulk operation collects its refused records in the same way,
until it writes them to its output bucket.

A slice appends its lines before its transaction commits, and stores the new length of the file in
the progress of the job. If the process is killed between the two, the next slice with lines first
cuts the file to the stored length. So no line is lost or written twice. A job cuts the file also
when it continues and when it ends, so that nobody reads lines that were not committed.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import orjson

LOGS: Final = "logs"


def lines_of(path: Path, length: int) -> Iterator[bytes]:
    """Yield the lines in the first `length` bytes of a file."""
    with path.open("rb") as file:
        while file.tell() < length:
            yield file.readline()


class LocalLog:
    """A file of lines. It is created with the first line."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def append(self, length: int, lines: Sequence[Mapping[str, Any]]) -> int:
        """Cut the file to `length` bytes, append lines, and return the new length.

        Without lines, nothing is cut.
        """
        if not lines:
            return length
        data = b"".join(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE) for line in lines)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("r+b" if self.path.exists() else "wb") as file:
            file.truncate(length)
            file.seek(length)
            file.write(data)
        return length + len(data)

    def cut(self, length: int) -> None:
        """Cut off the lines of slices that were not committed. length: bytes of the others."""
        if self.path.exists():
            with self.path.open("r+b") as file:
                file.truncate(length)

    def remove(self) -> None:
        """Delete the file."""
        self.path.unlink(missing_ok=True)
