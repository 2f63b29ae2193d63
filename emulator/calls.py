"""Chooses the function that answers the requests of an emulator (`Emulator.call`).

    plain       Emulator.answer
    noting      calls `plain`, and notes the current operation for the control `throttles`; it is
                chosen while requests may be throttled
    faulty      adds faults and calls `plain` or `noting` (faults/faults.py); it is chosen while
                there are rules of faults

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
    """Chooses the function that answers the requests of one emulator.

    plain: Emulator.answer. adopt: a function that is called after each choice. It gets the chosen
    function.
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
        """The faults that tests ask for, and their rules. The package is loaded at first use."""
        if self._faults is None:
            from emulator.faults.faults import Faults  # noqa: PLC0415 - most servers never need it

            self._faults = Faults(self._database, self.without_faults, self._switch, self._sharing)
        return self._faults

    @property
    def has_faults(self) -> bool:
        """True if the property `faults` was ever used in this process."""
        return self._faults is not None

    def start_faults(self, settings: Settings) -> None:
        """Apply the rules of faults that the settings ask for or other processes have added."""
        wanted = settings.error_probability or settings.read_error_probability or settings.write_error_probability
        if wanted or (self._sharing is not None and self._sharing.faults):
            self.faults.start(settings)

    def _switch(self, faulty: Call | None) -> None:
        """Use `faulty` as the function that adds faults. None means that no rules are left."""
        self._faulty = faulty
        self._choose()

    def _choose(self) -> None:
        enforcer = self._database.enforcer
        self._inner = enforcer.throttles.noting(self._plain) if enforcer.may_throttle else self._plain
        self._adopt(self._faulty or self._inner)

    def without_faults(self, operation: str, raw: object, caller: Caller) -> bytes:
        """Answer a request that rules of faults neither change nor count, such as the console's."""
        return self._inner(operation, raw, caller)
