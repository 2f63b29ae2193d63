"""The registry of controls, and the functions that call controls.

    @control("ttl", summary="delete all expired items now")
    def sweep(emulator: Emulator, body: Body) -> Steps[Result]: ...

The first use of the registry imports all modules of this package. So a new family of controls needs
no line in a list. Most servers never need controls, and do not load them.
"""

import sys
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
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
from emulator.settings import Settings
from emulator.shared_memory import SharedMemory
from emulator.slices import Steps, finish

if TYPE_CHECKING:
    from emulator.advisor.permissions import Permissions
    from emulator.database.events import Event
    from emulator.database.throughput.usage import LastHour
    from emulator.event_sources.service import FunctionService
    from emulator.faults.faults import Faults

Result = Mapping[str, Any]


class RequestLog(Protocol):
    """What a process with an HTTP server has observed of its requests (http/observing)."""

    @property
    def keeps(self) -> bool:
        """Whether requests are kept."""
        ...

    def keep(self, *, on: bool) -> None:
        """Keep requests from now on, or stop keeping them and forget those that are kept."""
        ...

    @property
    def counts(self) -> bool:
        """Whether requests are counted."""
        ...

    def count(self, *, on: bool) -> None:
        """Count requests and units from now on, or stop and forget the counts."""
        ...

    def whole(self, ended: int) -> Result | None:
        """Return the kept request that ended at a time (`Ended`), with its bodies, or None."""
        ...

    def kept(self) -> Sequence[Result]:
        """Return the kept requests, in the order in which they ended."""
        ...

    def counted(self) -> Result | None:
        """Return the counters of this process, None if requests are not counted."""
        ...

    def last_hour(self) -> "LastHour[tuple[str, str, str, str, str]] | None":
        """Return the figures of each minute of the last hour, None if requests are not counted."""
        ...

    def now(self) -> int:
        """Return the time in nanoseconds, by a clock that all processes share."""
        ...

    def count_requests(self) -> None:
        """Count the requests of each caller from now on."""
        ...

    def requests_of(self, access_key: str | None, region: str | None) -> int:
        """Return how many requests some callers have sent. None means all."""
        ...

    def advise(self, *, on: bool) -> None:
        """Collect evidence for the advisor from now on, or stop and forget it."""
        ...


class Evidence(Protocol):
    """The evidence of one process for the advisor (http/observing/evidence.py)."""

    @property
    def permissions(self) -> "Permissions":
        """The permissions that requests needed."""
        ...

    def digest(self) -> float:
        """Examine some requests; return in how many seconds to call this again."""
        ...

    def digest_all(self) -> Steps[None]:
        """Examine all requests that have been answered so far."""
        ...

    def doubt_tables(self) -> None:
        """Note that any table may have been replaced by another one of the same name."""
        ...

    def contribution(self) -> Result:
        """Return the evidence of this process, to be merged with that of others."""
        ...


class Emulator(Protocol):
    """The parts of an emulator (app.py) that controls use.

    sharing: None if there are no other processes. request_log: None without an HTTP server.
    evidence: None unless the server advises.
    """

    database: Database
    clock: EmulatorClock
    settings: Settings
    sharing: SharedMemory | None
    request_log: Callable[[], RequestLog] | None
    evidence: Evidence | None
    uptime: Stopwatch
    waits: int
    """The number of calls of `wait` in progress in this process."""

    @property
    def faults(self) -> "Faults":
        """The rules of faults. The first use loads the package."""
        ...

    @property
    def has_faults(self) -> bool:
        """Whether `faults` was ever used in this process."""
        ...

    @property
    def functions(self) -> "FunctionService":
        """The service that calls Lambda functions with the records of streams."""
        ...

    def stream_consumers(self) -> Iterator[tuple[StreamDefinition, str, str]]:
        """Yield the consumers of streams: stream, name for people, name of their checkpoints."""
        ...

    def due_steps(self) -> Steps[None]:
        """Run the jobs that are due by the clock, in steps."""
        ...

    def coming_events(self) -> "Steps[list[Event]]":
        """Return the next events on the emulator's clock, unsorted. Example: an item expires."""
        ...


Function = Callable[[Emulator, Body], Result | Steps[Result]]
"""A control's function: returns the result, or steps that return it.

Other requests are answered between two steps.
"""

Gather = Callable[[Body, Sequence[Result]], Result | Steps[Result]]
"""A function that combines the results of all workers to one, in steps if that takes long.

It may raise BadDeclaration.
"""

First = Callable[[Emulator, Body], Body]
"""A function that makes the body for all processes from the body of the call."""

_F = TypeVar("_F", bound=Function)


@dataclass(frozen=True, slots=True)
class Control:
    """One control, and the call under `/_emulator/` that runs it.

    changes: whether it changes the state of the emulator. Such a control must not be a GET, because
    any web page may link to a GET.
    repeatable: whether it may run again if its writes were lost. A control must not run again if it
    moves something by an amount or writes outside the store.
    ends_with_client: whether it ends when its client closes the connection. Others run to their
    end.
    many_objects: whether its steps may make so many objects that last, such as shards of streams,
    that the garbage collector should rest meanwhile (http/front/resting.py).
    gather: if set, the function runs in each worker process, and `gather` combines the results. If
    not, the function runs in the process that gets the call.
    first: if set, it runs once, in the process that gets the call. It returns the body with which
    the function then runs in each process.
    members: the members of the body. A `?` marks an optional member.
    """

    name: str
    method: str
    path: str
    function: Function
    changes: bool
    repeatable: bool
    ends_with_client: bool
    many_objects: bool
    gather: Gather | None
    first: First | None
    summary: str
    members: tuple[str, ...]

    @property
    def explanation(self) -> str:
        """The docstring of the control's family, which explains the members and the result."""
        return sys.modules[self.function.__module__].__doc__ or ""


class TimedOut(Exception):
    """The condition that a control waited for did not become true in time. str(error) says so.

    seen: the last state that the control saw, as JSON.
    """

    def __init__(self, message: str, seen: Result) -> None:
        super().__init__(message)
        self.seen = seen


class Unknown(Exception):
    """No control has this name."""


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
    many_objects: bool = False,
    gather: Gather | None = None,
    first: First | None = None,
    members: tuple[str, ...] = (),
) -> Callable[[_F], _F]:
    """Register the decorated function as a control.

    path: the path below `/_emulator/`; None means the name.
    method: None means GET for a control that changes nothing, else POST.
    """

    def register(function: _F) -> _F:
        assert name not in _controls, f"two controls are called {name}"
        called_by = method or ("POST" if changes else "GET")
        _controls[name] = Control(
            name,
            called_by,
            path or name,
            function,
            changes,
            repeatable,
            ends_with_client,
            many_objects,
            gather,
            first,
            summary,
            members,
        )
        return function

    return register


@cache
def registered() -> Mapping[str, Control]:
    """Return all controls by name."""
    for family in iter_modules(controls.__path__):
        import_module(f"{controls.__name__}.{family.name}")
    return dict(sorted(_controls.items()))


def find(name: str) -> Control:
    """Return a control by its name. Raises Unknown.

    If the family of the control is already imported, no other family is imported.
    """
    found = _controls.get(name) or registered().get(name)
    if found is None:
        raise Unknown(f"there is no control {name}; there are: {', '.join(registered())}")
    return found


@cache
def by_call() -> Mapping[tuple[str, str], Control]:
    """Return all controls by method and path."""
    return {(each.method, each.path): each for each in registered().values()}


def begin(emulator: Emulator, found: Control, body: Body) -> Steps[Result]:
    """Run a control in this process, in steps that return its result.

    If the control has `gather`, the result is only the part of this process. Raises BadDeclaration,
    Interrupted, and ApiError if the disk is full.
    """
    return emulator.database.run_steps(lambda: found.function(emulator, body))


def call(emulator: Emulator, name: str, body: Body) -> Result:
    """Run a control to its end, and return its result.

    Raises Unknown, and the errors of `begin`.
    """
    found = find(name)
    body = begun(emulator, found, body)
    return finish(gathered(found, body, [finish(begin(emulator, found, body))]))


def begun(emulator: Emulator, found: Control, body: Body) -> Body:
    """Return the body with which a control runs in all processes. Raises BadDeclaration."""
    return body if found.first is None else found.first(emulator, body)


def gathered(found: Control, body: Body, results: Sequence[Result]) -> Steps[Result]:
    """Return the result of a control, combined from the results of all processes.

    Raises BadDeclaration.
    """
    if found.gather is None:
        return results[0]
    result = found.gather(body, results)
    return (yield from result) if isinstance(result, Generator) else result
