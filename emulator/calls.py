"""Chooses the function that answers the requests of an emulator (`Emulator.call`).

    plain       Emulator.answer
    noting      the same; it notes the operation in progress for the control `throttles`, while
                requests may be throttled
    faulty      faults/faults.py, while there are rules; it calls one of the two above

So a server without rules and without enforced throughput answers with the plain function.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from emulator.database.catalog.catalog import Caller
from emulator.database.database import Database
from emulator.settings import Settings
from emulator.shared_memory import SharedMemory

if TYPE_CHECKING:
    from emulator.faults.faults import Faults

Call = Callable[[str, object, Caller], bytes]
"""A function of operation, request and caller that returns the answer as JSON.

Raises ApiError and Sliced.
"""


class Calls:
    """The choice of one emulator.

    plain: answers a request without anything else. adopt: called with the chosen function.
    """

    def __init__(
        self, database: Database, plain: Call, adopt: Callable[[Call], None], sharing: SharedMemory | None
    ) -> None:
        self._database = database
        self._plain = plain
        self._adopt = adopt
        self._sharing = sharing
        self._inner = plain
        self._faulty: Call | None = None
        self._faults: Faults | None = None
        database.enforcer.changed = self._choose
        self._choose()

    @property
    def faults(self) -> "Faults":
        """The rules of faults. The package is loaded at first use."""
        if self._faults is None:
            from emulator.faults.faults import Faults  # noqa: PLC0415 - most servers never need it

            self._faults = Faults(self._database, self.without_faults, self._switch, self._sharing)
        return self._faults

    @property
    def has_faults(self) -> bool:
        """Whether `faults` was ever used in this process."""
        return self._faults is not None

    def start_faults(self, settings: Settings) -> None:
        """Put rules of faults into force: those of settings, and those of other processes."""
        wanted = settings.error_probability or settings.read_error_probability or settings.write_error_probability
        if wanted or (self._sharing is not None and self._sharing.faults):
            self.faults.start(settings)

    def _switch(self, faulty: Call | None) -> None:
        """Answer requests with another function from now on, or without faults (None)."""
        self._faulty = faulty
        self._choose()

    def _choose(self) -> None:
        enforcer = self._database.enforcer
        self._inner = enforcer.throttles.noting(self._plain) if enforcer.may_throttle else self._plain
        self._adopt(self._faulty or self._inner)

    def without_faults(self, operation: str, raw: object, caller: Caller) -> bytes:
        """Answer a request that no rule affects or counts, such as those of the console."""
        return self._inner(operation, raw, caller)
