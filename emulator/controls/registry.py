"""Which controls exist, and how to call one.

    @control("ttl", summary="delete all expired items now")
    def sweep(emulator: Emulator, body: Body) -> Steps[Result]: ...

The families are imported at the first use of the registry, because most servers never need them.
All files of this package are imported, so a new family needs no entry in any list.
"""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

from emulator import controls
from emulator.clock import EmulatorClock, Stopwatch
from emulator.controls.body import Body
from emulator.database.database import Database
from emulator.database.definitions.streams import StreamDefinition
from emulator.database.events import Event
from emulator.settings import Settings
from emulator.shared_memory import SharedMemory
from emulator.slices import Steps, finish

if TYPE_CHECKING:
    from emulator.event_sources.service import FunctionService

Result = Mapping[str, Any]


class RequestLog(Protocol):
    """What a process that serves HTTP tells about its requests (http/observing)."""

    @property
    def keeps(self) -> bool:
        """Whether requests are kept."""
        ...

    def keep(self, *, on: bool) -> None:
        """Keep requests from now on, or stop and forget those that are kept."""
        ...

    def kept(self) -> Sequence[Result]:
        """Return the kept requests, in the order of their ends."""
        ...

    def counted(self) -> Result | None:
        """Return the counters of this process, None without --metrics."""
        ...

    def now(self) -> int:
        """Return the time, in nanoseconds of a clock that all processes share."""
        ...


class Emulator(Protocol):
    """The parts of an emulator (app.py) that controls use.

    sharing: None if this process is alone. request_log: None if it serves no HTTP.
    """

    database: Database
    clock: EmulatorClock
    settings: Settings
    sharing: SharedMemory | None
    request_log: Callable[[], RequestLog] | None
    uptime: Stopwatch
    waits: int
    """How many calls of `wait` are under way in this process."""

    @property
    def functions(self) -> "FunctionService":
        """The service that calls Lambda functions with the records of streams."""
        ...

    def stream_consumers(self) -> Iterator[tuple[StreamDefinition, str, str]]:
        """Yield what reads streams: stream, name for people, name of the checkpoints."""
        ...

    def due_steps(self) -> Steps[None]:
        """Run the jobs that are due by the clock, in steps."""
        ...

    def coming_events(self) -> Steps[list[Event]]:
        """Return the next events by the clock, in no order."""
        ...


Function = Callable[[Emulator, Body], Result | Steps[Result]]
"""A control's function: returns the result, or steps that return it.

Other requests are answered between two steps.
"""

Gather = Callable[[Body, Sequence[Result]], Result]
"""Makes one result of the results of all worker processes. May raise BadDeclaration."""

_F = TypeVar("_F", bound=Function)


@dataclass(frozen=True, slots=True)
class Control:
    """One control, and the call under `/_emulator/` that runs it.

    changes: it changes the state of the emulator. A control that does so must not be a GET, because
    any web page may link to a GET.
    repeatable: it may run again if its writes were lost. A control must not run again if it moves
    something by an amount, or writes outside of the store.
    ends_with_client: it ends when its client goes away. Others run to their end.
    gather: if set, the function runs in each worker process, and `gather` makes the result. If not,
    it runs in the process that gets the call.
    members: those of the body; a `?` marks one that may be missing.
    """

    name: str
    method: str
    path: str
    function: Function
    changes: bool
    repeatable: bool
    ends_with_client: bool
    gather: Gather | None
    summary: str
    members: tuple[str, ...]

    @property
    def explanation(self) -> str:
        """The docstring of the control's family, which explains the members and the result."""
        return sys.modules[self.function.__module__].__doc__ or ""


class TimedOut(Exception):
    """What a control waited for has not come in time. str(error) says so.

    seen: what the control saw last, as JSON.
    """

    def __init__(self, message: str, seen: Result) -> None:
        super().__init__(message)
        self.seen = seen


class Unknown(Exception):
    """There is no such control."""


_controls: Final[dict[str, Control]] = {}


def control(
    name: str,
    *,
    summary: str,
    method: str | None = None,
    path: str | None = None,
    changes: bool = True,
    repeatable: bool = True,
    ends_with_client: bool = False,
    gather: Gather | None = None,
    members: tuple[str, ...] = (),
) -> Callable[[_F], _F]:
    """Register the decorated function as a control.

    path: the path below `/_emulator/`; if left out, the name.
    method: if left out, GET for a control that changes nothing, else POST.
    """

    def register(function: _F) -> _F:
        assert name not in _controls, f"two controls are called {name}"
        called_by = method or ("POST" if changes else "GET")
        _controls[name] = Control(
            name, called_by, path or name, function, changes, repeatable, ends_with_client, gather, summary, members
        )
        return function

    return register


@cache
def registered() -> Mapping[str, Control]:
    """Return all controls by name."""
    for family in iter_modules(controls.__path__):
        import_module(f"{controls.__name__}.{family.name}")
    return dict(sorted(_controls.items()))


@cache
def by_call() -> Mapping[tuple[str, str], Control]:
    """Return all controls by method and path."""
    return {(each.method, each.path): each for each in registered().values()}


def begin(emulator: Emulator, found: Control, body: Body) -> Steps[Result]:
    """Run a control in this process, in steps, which return its result or its part of the result.

    Raises BadDeclaration, ApiError if the disk is full, Interrupted.
    """
    return emulator.database.run_steps(lambda: found.function(emulator, body))


def call(emulator: Emulator, name: str, body: Body) -> Result:
    """Run a control to its end, and return its result.

    Raises Unknown, and whatever `begin` raises.
    """
    found = registered().get(name)
    if found is None:
        raise Unknown(f"there is no control {name}; there are: {', '.join(registered())}")
    return gathered(found, body, [finish(begin(emulator, found, body))])


def gathered(found: Control, body: Body, parts: Sequence[Result]) -> Result:
    """Return the result of a control from the parts of all processes. Raises BadDeclaration."""
    return parts[0] if found.gather is None else found.gather(body, parts)
