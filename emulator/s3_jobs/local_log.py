"""Keeps the records that a job refuses, or their errors, in a local file, as lines of JSON.

The service writes the errors of an import to CloudWatch Logs: to the log group
`/aws-dynamodb/imports`, in the log stream `<import id>/error` (control-plane 5.4). Here, a log
group is a folder in `logs` inside the data folder, and a log stream is a file. A bulk operation
uses such a file too, until it writes its refused records to its output bucket.

A slice of the job appends its lines to the file. Then its transaction commits the new length of the
file, as part of the job's progress. If the process is killed before the commit, the file has lines
that do not count. The next slice with lines cuts the file to the committed length before it
appends. So no line is lost or written twice. The job also cuts the file when it continues after a
restart and when it ends, so that users never see lines that do not count.
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
    """A file of lines. Appending the first line creates the file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def append(self, length: int, lines: Sequence[Mapping[str, Any]]) -> int:
        """Cut the file to the committed length, append lines, and return the new length in bytes.

        length: the committed length in bytes. If `lines` is empty, do nothing and return `length`.
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
        """Cut off the lines that were not committed. length: the committed length in bytes."""
        if self.path.exists():
            with self.path.open("r+b") as file:
                file.truncate(length)

    def remove(self) -> None:
        """Delete the file, if it exists."""
        self.path.unlink(missing_ok=True)
