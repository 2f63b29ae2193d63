"""`clock` shows the emulator's clock, and `move_clock` moves it.

| body of `move_clock`   | the clock                                                                 |
|------------------------|---------------------------------------------------------------------------|
| `{"Offset": seconds}`  | runs this many seconds ahead of the machine's clock; negative: behind it  |
| `{"Freeze": true}`     | stands still at its present time                                          |
| `{"Freeze": time}`     | stands still at a time: seconds since the epoch, or ISO 8601 (default UTC) |
| `{"Advance": seconds}` | jumps forward by this many seconds, then runs or stands still as before   |
| `{"Release": true}`    | follows the machine's clock again                                         |
| `{"Next": true}`       | jumps to the next event (database/events.py), and then runs or stands still as before |

`Next` also does the work of the event, such as a sweep or a shard rollover, which otherwise waits
for its next interval. The result then also has the member `"Events"`: `[{"Kind", "Resource",
"Time"}]`. If an event is already overdue, such as the deletion of an expired item, it happens and
the clock does not move. If there are no coming events, the clock does not move and `Events` is
empty. Events at the same time happen together.

Both controls return `{"Now": seconds since the epoch, "Time": ISO 8601, "Offset": seconds ahead of
the machine's clock, "Frozen": whether it stands still}`.
"""  # noqa: W505 - a table

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final

from emulator.clock import LATEST, EmulatorClock, TimeOutOfRange
from emulator.controls.body import BadDeclaration, Body
from emulator.controls.registry import Emulator, Result, control
from emulator.database import events as events_of
from emulator.slices import Steps

_MOST_EVENTS: Final = 100  # the maximum number of events that a result names; the others happen too
# Seconds that `_reach` adds to an advance, so that rounding cannot leave the clock before the
# wanted time. Floats that store times of this century have steps of a quarter of _ROUNDING.
_ROUNDING: Final = 1e-6


@control("clock", changes=False, summary="show the emulator's clock")
def state(emulator: Emulator, _body: Body) -> Result:
    """Return the state of the clock."""
    clock = emulator.clock
    now = clock.now()
    text = datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds")
    return {
        "Now": now,
        "Time": text.replace("+00:00", "Z"),
        "Offset": clock.ahead(),
        "Frozen": clock.frozen is not None,
    }


@control(
    "move_clock",
    path="clock",
    repeatable=False,
    many_objects=True,  # a move may roll over the shards of 2,500 streams, which makes 10,000 shards
    summary="set, freeze, advance or release the emulator's clock",
    members=("Offset?", "Freeze?", "Advance?", "Release?", "Next?"),
)
def move(emulator: Emulator, body: Body) -> Steps[Result]:
    """Move the clock, do the work that the move makes due, and return the state of the clock.

    Raises BadDeclaration if the body is wrong.
    """
    if len(body) != 1 or not body.keys() <= {*_MOVES, "Next"}:
        raise BadDeclaration(f"the body must have exactly one of the members {', '.join(_MOVES)}, Next")
    ((name, value),) = body.items()
    if name == "Next":
        return (yield from _next(emulator, value))
    try:
        _MOVES[name](emulator.clock, value)
    except TimeOutOfRange:
        raise BadDeclaration(f"the member {name} must lead to a time in the years 1971 to 9998") from None
    yield from emulator.due_steps()
    return state(emulator, {})


def _next(emulator: Emulator, value: object) -> Steps[Result]:
    """Move the clock to the next event and do its work.

    Return the state of the clock and the events.
    """
    if value is not True:
        raise BadDeclaration("the member Next must be true")
    clock = emulator.clock
    yield from emulator.due_steps()
    events = yield from emulator.coming_events()
    time = min((event.time for event in events), default=LATEST)
    if time >= LATEST:
        return {**state(emulator, {}), "Events": []}
    time = max(time, clock.now())
    _reach(clock, time)
    happened = sorted((event.time, event.kind, event.resource) for event in events if event.time <= time)
    yield from events_of.let_happen(emulator.database)
    yield from emulator.due_steps()
    named = [dict(zip(("Time", "Kind", "Resource"), event, strict=True)) for event in happened[:_MOST_EVENTS]]
    return {**state(emulator, {}), "Events": named}


def _reach(clock: EmulatorClock, time: float) -> None:
    """Move the clock forward to a time. A running clock may pass this time by some microseconds."""
    if clock.frozen is not None:
        clock.freeze(time)
        return
    while (missing := time - clock.now()) > 0:
        clock.advance(missing + _ROUNDING)


def _offset(clock: EmulatorClock, value: object) -> None:
    clock.set_offset(_number(value, "the member Offset must be a number of seconds"))


def _advance(clock: EmulatorClock, value: object) -> None:
    expected = "the member Advance must be a number of seconds, 0 or more; Offset and Freeze set the clock back"
    seconds = _number(value, expected)
    if seconds < 0:
        raise BadDeclaration(expected)
    clock.advance(seconds)


def _freeze(clock: EmulatorClock, value: object) -> None:
    expected = 'the member Freeze must be true, seconds since the epoch, or a time like "2030-01-31T12:00:00Z"'
    if value is True:
        clock.freeze()
    elif isinstance(value, str):
        clock.freeze(_moment(value, expected))
    else:
        clock.freeze(_number(value, expected))


def _release(clock: EmulatorClock, value: object) -> None:
    if value is not True:
        raise BadDeclaration("the member Release must be true")
    clock.release()


_MOVES: Final[Mapping[str, Callable[[EmulatorClock, object], None]]] = {
    "Offset": _offset,
    "Freeze": _freeze,
    "Advance": _advance,
    "Release": _release,
}


def _number(value: object, expected: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise BadDeclaration(expected)
    return float(value)


def _moment(text: str, expected: str) -> float:
    """Return the time of an ISO 8601 text, in seconds since the epoch. Raises BadDeclaration.

    expected: the text of the error.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise BadDeclaration(expected) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
