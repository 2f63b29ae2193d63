"""The results of a replay: lines for the terminal, and a file to attach to a bug report."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import orjson

from emulator.escaping import printable
from emulator.replaying.replaying import PATIENCE, Outcome, Totals
from emulator.version import VERSION
from emulator.wording import counted

_LONGEST: Final = 200  # characters after which a printed value is cut
_MOST: Final = 1000  # the maximum number of requests in the file of --report


def lines(outcome: Outcome) -> Iterator[str]:
    """Yield the lines to print about a request whose answers differ."""
    request = outcome.request
    table = (request.request or {}).get("TableName", "")
    yield f"line {request.line}: {printable(f'{request.operation} {table}'.rstrip())}"
    for each in outcome.differences:
        yield f"  {printable(each.path)}"
        yield f"    recorded  {_shown(each.recorded)}"
        yield f"    replayed  {_shown(each.replayed)}"


def summary(totals: Totals) -> Iterator[str]:
    """Yield the last lines to print, with the counts of the replay."""
    equal = counted(totals.sent - totals.different, "answer")
    yield f"{counted(totals.sent, 'request')} sent, {equal} equal, {totals.different} different"
    for why, count in totals.skipped.items():
        yield f"not sent: {count}, because {why}"
    for table in totals.unready:
        yield f"{printable(table)} was not ACTIVE after {PATIENCE:.0f} s: later requests were sent without waiting for it"
    if totals.ignored:
        listed = ", ".join(f"{name} ({count})" for name, count in sorted(totals.ignored.items()))
        yield f"differences not counted: {listed}"


def save(path: Path, endpoint: str, totals: Totals, outcomes: Sequence[Outcome]) -> None:
    """Write the file of --report. Raises OSError.

    The file has the counts, and up to 1,000 requests whose answers differ, each with the recorded
    answer and the new answer.
    """
    whole: dict[str, Any] = {
        "Version": VERSION,
        "Endpoint": endpoint,
        "Sent": totals.sent,
        "Different": totals.different,
        "NotSent": dict(totals.skipped),
        "NotReady": totals.unready,
        "NotCounted": dict(totals.ignored),
        "Requests": [_whole(each) for each in outcomes[:_MOST]],
    }
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(orjson.dumps(whole, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))


def check(path: Path) -> None:
    """Raise OSError if the file of --report cannot be written.

    An existing file is not changed. If the file does not exist, create it empty.
    """
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))


def _whole(outcome: Outcome) -> dict[str, Any]:
    request = outcome.request
    return {
        "Line": request.line,
        "Operation": request.operation,
        "Request": request.request,
        "Recorded": {"Status": request.status, "Answer": request.answer},
        "Replayed": {"Status": outcome.status, "Answer": outcome.answer},
        "Differences": [
            {"Path": each.path, "Recorded": each.recorded, "Replayed": each.replayed} for each in outcome.differences
        ],
    }


def _shown(value: Any) -> str:  # noqa: ANN401 - JSON
    return "nothing" if value is None else printable(orjson.dumps(value).decode(), _LONGEST)
