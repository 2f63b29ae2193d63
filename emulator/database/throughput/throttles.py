"""Keeps the last throttles of a process, for the control `throttles`.

A *throttle* is a read or write that a limit or a fault has refused. Throttles are kept only while
throughput is enforced on a table, or while a fault may throttle. During that time,
`ThrottleLog.noting` wraps `Emulator.answer`, so that each throttle shows the operation in which it
happened.
"""

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Final, NamedTuple, TypeVar

from emulator.clock import Clock
from emulator.database.definitions.tables import TableDefinition
from emulator.database.throughput.throttle import Refusal
from emulator.errors import ApiError
from emulator.slices import Sliced, with_hooks
from emulator.values.types import Item

KEPT: Final = 1000

_Caller = TypeVar("_Caller")


class Throttled(NamedTuple):
    """A throttle: a read or write that a throughput limit or a fault has refused.

    time: in seconds since the epoch.
    table: the table's definition, or None if the operation consumes no units.
    index_name: the name of a global index, or None for the table.
    kind: Read or Write.
    key: the key attributes, or None if they are not known.
    reason: the reason in the error's ThrottlingReasons, or None if the error has none.
    asked: the units that the whole read or write costs.
    refusal: the refusal by a limit, or None if a fault has refused the read or write.
    fault: the name of the fault that has refused the read or write, or None if a limit has.
    """

    time: float
    operation: str
    table: TableDefinition | None
    index_name: str | None
    kind: str
    key: Item | None
    reason: str | None
    asked: float
    refusal: Refusal | None
    fault: str | None


class ThrottleLog:
    """The last throttles of a process: reads and writes that a limit or a fault has refused.

    operation: the name of the operation in progress, or "" if there is none.
    fault: the name of the fault that has refused last, or None.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.operation = ""
        self.fault: str | None = None
        self.kept: deque[Throttled] = deque(maxlen=KEPT)

    def add(
        self,
        table: TableDefinition | None,
        kind: str,
        index_name: str | None,
        item: Item | None,
        error: ApiError,
        refusal: Refusal | None,
        asked: float = 0.0,
    ) -> None:
        """Add a refused read or write.

        item: the item, or at least its key attributes; None if they are not known. The other
        parameters are as for `Throttled`.
        """
        reasons = error.extra.get("ThrottlingReasons") or error.extra.get("throttlingReasons")
        reason = reasons[0]["reason"] if reasons else None
        key = None if item is None or table is None else _key(table, index_name, item)
        fault = self.fault if refusal is None else None
        self.kept.append(
            Throttled(self._clock.now(), self.operation, table, index_name, kind, key, reason, asked, refusal, fault)
        )

    def noting(self, answer: Callable[[str, object, _Caller], bytes]) -> Callable[[str, object, _Caller], bytes]:
        """Return a function that calls `answer`, and sets `self.operation` during each request."""

        def call(operation: str, raw: object, caller: _Caller) -> bytes:
            self.operation = operation
            try:
                return answer(operation, raw, caller)
            except Sliced as sliced:
                steps = sliced.steps
            finally:
                self.operation = ""
            raise Sliced(with_hooks(steps, partial(self._begin, operation), partial(self._begin, "")))

        return call

    def _begin(self, operation: str) -> None:
        self.operation = operation


def _key(table: TableDefinition, index_name: str | None, item: Item) -> Item:
    """Return an item's key attributes in a table, or in the global index `index_name`."""
    index = next((each for each in table.indexes if each.name == index_name), None)
    names = (table.hash, table.range) if index is None else index.hash + index.range
    return {name: item[name] for name in names if name is not None and name in item}
