"""`wait`: waits until an item, a count, a stream record, a status or an expiry is as expected.

    {"TableName": "Orders", "Key": {"id": {"S": "o-1"}}, "ConditionExpression": "shipped = :t",
     "ExpressionAttributeValues": {":t": {"BOOL": true}}, "Timeout": 5}

One of the members in the first column says for which kind of condition the call waits (`waits/`).
`TableName` is a name or an ARN. If several accounts or regions have such a table, `AccessKey` and
`Region` select one.

| member             | other members                           | the condition is met when                   |
|--------------------|-----------------------------------------|---------------------------------------------|
| `Key`              | TableName, ConditionExpression ...      | the item fulfils the condition, or exists   |
| `Expired`          | TableName                               | no item has this key any more               |
| `Count`            | TableName, members of Query or Scan     | the Query or Scan finds this many items     |
| `Record`           | TableName or StreamArn, Count, After    | a stream record matches a filter pattern    |
| `Status`           | TableName, IndexName; or StreamArn      | a table, index or stream has this status    |
| `TimeToLiveStatus` | TableName                               | time to live has this status                |
| `State`            | UUID                                    | an event source mapping has this state      |
| `Delivered`        | UUID                                    | a mapping has no more records to deliver    |

The result is the state that met the condition: `{"Item"}`, `{"Count"}`, `{"Count", "Records"}`,
`{"Status"}` and so on. `Timeout` is in seconds of real time, because a test may have frozen the
emulator's clock. The default is 10. After this time, the call fails with `TimedOut`, which has the
last state. Over HTTP, the status is 408, and the body `{"message", "LastSeen"}`. With `"Timeout":
0`, the call checks the condition once.

A call checks its condition again only after a commit, or if the clock can make the condition true.
The call notices a commit of any worker process within 25 ms. Its reads use up no throughput.
`show_waits` returns `{"Waits": number}`, which counts the calls in progress in all worker
processes.
"""  # noqa: W505 - a table

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import orjson

from emulator.clock import Stopwatch
from emulator.controls.body import BadDeclaration, Body
from emulator.controls.registry import Emulator, Result, TimedOut, control
from emulator.slices import Steps

if TYPE_CHECKING:
    from emulator.controls.waits.condition import Condition, Seen

_TIMEOUT: Final = 10.0  # seconds: the default of `Timeout`
_LONGEST_TIMEOUT: Final = 3600.0
_MOST: Final = 200  # the maximum number of calls of `wait` in progress in one process

# Seconds between two checks of the commit number, which says if there was a commit. A check takes
# 2 us, and the event loop's iteration in which it runs takes 20 us. So one wait takes 0.7 % of a
# core. With more than 20 waits, the pauses are longer, so that 200 waits take 4 % of a core.
_FIRST_PAUSE: Final = 0.002
_LONGEST_PAUSE: Final = 0.025
_MANY: Final = 20
# The pause after a check of the condition takes at least 4 times as long as the check.
_REST: Final = 4

_SHOWN: Final = 300  # the maximum number of characters of the last state in the message of TimedOut


@control(
    "wait",
    method="POST",
    changes=False,
    ends_with_client=True,
    summary="wait until an item, count, stream record, status or expiry is as expected",
    members=(
        "TableName?",
        "StreamArn?",
        "UUID?",
        "AccessKey?",
        "Region?",
        "Timeout?",
        "Key?",
        "Expired?",
        "Count?",
        "Record?",
        "Status?",
        "TimeToLiveStatus?",
        "State?",
        "Delivered?",
    ),
)
def wait(emulator: Emulator, body: Body) -> Steps[Result]:
    """Wait until a condition is met. Return the state that met the condition.

    Raises BadDeclaration if the body is wrong, TimedOut if the condition is not met in time.
    """
    timeout = _timeout(body)
    from emulator.controls.waits.kinds import condition_of  # noqa: PLC0415 - 6 ms that other controls do not need

    condition = condition_of(emulator, body)
    with _under_way(emulator):
        return (yield from _until(emulator, condition, timeout))


def _sum(_body: Body, results: Sequence[Result]) -> Result:
    return {"Waits": sum(each["Waits"] for each in results)}


@control("show_waits", path="wait", changes=False, gather=_sum, summary="show how many calls of wait are in progress")
def show_waits(emulator: Emulator, _body: Body) -> Result:
    """Return the number of calls of `wait` that are in progress in this process."""
    return {"Waits": emulator.waits}


def _timeout(body: Body) -> float:
    value = body.get("Timeout", _TIMEOUT)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= _LONGEST_TIMEOUT:
        raise BadDeclaration(f"the member Timeout must be a number of seconds from 0 to {_LONGEST_TIMEOUT:g}")
    return float(value)


@contextmanager
def _under_way(emulator: Emulator) -> Iterator[None]:
    """Count a call of `wait` while it is in progress.

    Raises BadDeclaration if too many calls of `wait` are in progress.
    """
    if emulator.waits >= _MOST:
        raise BadDeclaration(f"too many calls of wait are in progress; the limit is {_MOST}")
    emulator.waits += 1
    try:
        yield
    finally:
        emulator.waits -= 1


def _until(emulator: Emulator, condition: "Condition", timeout: float) -> Steps[Result]:
    database = emulator.database
    watch = Stopwatch()
    pause = _FIRST_PAUSE
    seen: Seen | None = None
    looked_at: tuple[int | None, bytes] | None = None
    while True:
        # If `version` has changed, the condition must be checked again. `version` also has the
        # hints (database/store/versions.py): a process increments its hint only after its commit,
        # and until then `catch_up` does not load the changed definitions.
        version = None if database.numbered is None else database.numbered.commit_number(), database.versions.hints()
        rest = 0.0
        if seen is None or not seen.static or version[0] is None or version != looked_at:
            if version != looked_at:
                pause = _FIRST_PAUSE
            begun = watch.seconds()
            database.catch_up()
            looked = condition.look()
            seen = (yield from looked) if isinstance(looked, Generator) else looked
            looked_at = version
            if seen.met:
                return seen.shown
            rest = _REST * (watch.seconds() - begun)
        left = timeout - watch.seconds()
        if left <= 0:
            raise _timed_out(timeout, seen)
        yield min(max(pause, rest), left)
        crowd = max(1.0, emulator.waits / _MANY)
        pause = min(2 * pause, _LONGEST_PAUSE * crowd)


def _timed_out(timeout: float, seen: "Seen") -> TimedOut:
    text = orjson.dumps(seen.shown).decode()
    if len(text) > _SHOWN:
        text = text[:_SHOWN] + "..."
    return TimedOut(f"the condition was not met within {timeout:g} seconds; the last state was {text}", seen.shown)
