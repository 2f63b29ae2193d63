"""The registry of controls, and the functions that call controls.

    @control("ttl", summary="delete all expired items now")
    def sweep(emulator: Emulator, body: Body) -> Steps[Result]: ...

The first use that needs all controls imports all modules of this package. So a new module of
controls needs no entry in a list. Most servers never need controls, and never import them.
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
    """The requests that a process with an HTTP server has kept and counted (http/observing)."""

    @property
    def keeps(self) -> bool:
        """True if the process keeps its answered requests, for the control `requests`."""
        ...

    def keep(self, *, on: bool) -> None:
        """Keep answered requests from now on, or stop and forget the kept requests."""
        ...

    @property
    def metering(self) -> bool:
        """True if the process counts its requests."""
        ...

    def meter(self, *, on: bool) -> None:
        """Count requests and consumed units from now on, or stop and forget the counts."""
        ...

    def whole(self, ended: int) -> Result | None:
        """Return the request that ended at the time `ended`, with bodies. None if it is not kept.

        ended: the time in nanoseconds, by the clock of `now`.
        """
        ...

    def kept(self) -> Sequence[Result]:
        """Return summaries of the kept requests, in the order in which the requests ended."""
        ...

    def counters(self) -> Result | None:
        """Return the counters of this process, None if it does not count requests."""
        ...

    def last_hour(self) -> "LastHour[tuple[str, str, str, str, str]] | None":
        """Return the counts of requests in each minute of the last hour.

        Return None if requests are not counted.
        """
        ...

    def now(self) -> int:
        """Return the time in nanoseconds, by a clock that all processes share."""
        ...

    def count_callers(self) -> None:
        """Count the requests of each caller from now on."""
        ...

    def caller_total(self, access_key: str | None, region: str | None) -> int:
        """Return how many requests the callers with this access key and region have sent.

        None means any access key, or any region. Requests before `count_callers` do not count.
        """
        ...

    def advise(self, *, on: bool) -> None:
        """Collect evidence for the advisor from now on, or stop and forget it."""
        ...


class Evidence(Protocol):
    """The evidence of one process for the advisor (http/observing/evidence.py)."""

    @property
    def permissions(self) -> "Permissions":
        """The IAM permissions that the examined requests needed."""
        ...

    def digest(self) -> float:
        """Examine some answered requests. Return the seconds to wait before the next call."""
        ...

    def digest_all(self) -> Steps[None]:
        """Examine all requests that have been answered so far."""
        ...

    def describe_tables_again(self) -> None:
        """Make the advisor read the definition of each known table again at its next use."""
        ...

    def contribution(self) -> Result:
        """Return the evidence of this process as JSON, for the control `advice`."""
        ...


class Emulator(Protocol):
    """The parts of an emulator (app.py) that controls use.

    sharing: memory that all worker processes share, None if there is only one process.
    request_log: a function that returns the log of this process. Without an HTTP server,
        the attribute is None.
    evidence: the evidence of this process, None if the advisor is off.
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
        """The rules of faults. The first use imports the package `emulator.faults`."""
        ...

    @property
    def has_faults(self) -> bool:
        """True if something has already used `faults` in this process."""
        ...

    @property
    def functions(self) -> "FunctionService":
        """The service that calls Lambda functions with the records of streams."""
        ...

    def stream_consumers(self) -> Iterator[tuple[StreamDefinition, str, str]]:
        """Yield the consumers of streams.

        Each is a triple: the stream, the consumer's name for users, and the name under which its
        checkpoints are stored.
        """
        ...

    def due_steps(self) -> Steps[None]:
        """Run the background jobs whose time has come by the emulator's clock, in steps."""
        ...

    def coming_events(self) -> "Steps[list[Event]]":
        """Return the next events on the emulator's clock, unsorted, such as an item's expiry."""
        ...


Function = Callable[[Emulator, Body], Result | Steps[Result]]
"""A control's function: returns the result, or steps that return it.

Other requests are answered between two steps.
"""

Gather = Callable[[Body, Sequence[Result]], Result | Steps[Result]]
"""A function that combines the results of all workers into one, in steps if that takes long.

It may raise BadDeclaration.
"""

First = Callable[[Emulator, Body], Body]
"""A function that makes the body with which every process runs the control.

It gets the body of the call.
"""

_F = TypeVar("_F", bound=Function)


@dataclass(frozen=True, slots=True)
class Control:
    """One control, and the call under `/_emulator/` that runs it.

    changes: True if the control changes the state of the emulator. Such a control must not be a
    GET, because any web page may link to a GET.
    repeatable: True if the control may run again after its writes were lost. A control must not run
    again if it moves something by an amount (the clock by 5 s), or writes outside the store.
    ends_with_client: True if the control ends when its client closes the connection. Other controls
    run to their end.
    many_objects: True if the control may make very many objects that stay in memory, such as shards
    of streams. Then garbage collection is off while the control runs
    (http/front/collector_pause.py).
    gather: if set, `function` runs in each worker process, and `gather` combines the results. If
    None, `function` runs only in the process that gets the call.
    first: if set, it runs once, in the process that gets the call. It returns the body with which
    `function` then runs in each process.
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
        """The docstring of the control's module, which explains the members and the result."""
        return sys.modules[self.function.__module__].__doc__ or ""


class TimedOut(Exception):
    """The condition that a control waited for did not become true before the timeout.

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
        assert name not in _controls, f"two controls have the name {name}"
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
    """Return all controls, mapped by name. The first call imports all modules of controls."""
    for family in iter_modules(controls.__path__):
        import_module(f"{controls.__name__}.{family.name}")
    return dict(sorted(_controls.items()))


def find(name: str) -> Control:
    """Return a control by its name. Raises Unknown if no control has this name.

    If the control is not registered yet, this function imports all modules of controls.
    """
    found = _controls.get(name) or registered().get(name)
    if found is None:
        raise Unknown(f"there is no control {name}; there are: {', '.join(registered())}")
    return found


@cache
def by_call() -> Mapping[tuple[str, str], Control]:
    """Return all controls, mapped by HTTP method and path."""
    return {(each.method, each.path): each for each in registered().values()}


def begin(emulator: Emulator, found: Control, body: Body) -> Steps[Result]:
    """Run a control in this process, in steps that return its result.

    If the control has `gather`, the result covers only this process. Raises BadDeclaration if the
    body is wrong, ApiError if the disk is full, and Interrupted if its transactions are interrupted
    too often.
    """
    return emulator.database.run_steps(lambda: found.function(emulator, body))


def call(emulator: Emulator, name: str, body: Body) -> Result:
    """Run a control to its end in this process only, and return its result.

    Raises Unknown if no control has this name, and the errors of `begin`.
    """
    found = find(name)
    body = begun(emulator, found, body)
    return finish(gathered(found, body, [finish(begin(emulator, found, body))]))


def begun(emulator: Emulator, found: Control, body: Body) -> Body:
    """Return the body with which a control runs in each process.

    body: the body of the call. If the control has a function `first`, `first` makes the new body
    from `body`. Otherwise, return `body`. Raises BadDeclaration if `first` refuses `body`.
    """
    return body if found.first is None else found.first(emulator, body)


def gathered(found: Control, body: Body, results: Sequence[Result]) -> Steps[Result]:
    """Return the result of a control, combined from the results of all processes.

    Raises BadDeclaration if `gather` refuses the body or the results.
    """
    if found.gather is None:
        return results[0]
    result = found.gather(body, results)
    return (yield from result) if isinstance(result, Generator) else result
