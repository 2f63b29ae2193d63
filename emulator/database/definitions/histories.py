"""The definitions of tables' histories.

A history outlives its table if stream records refer to records of the history.
"""

from dataclasses import dataclass
from typing import Final, Self

import orjson

from emulator.database.definitions.streams import RETENTION
from emulator.database.store.loading import from_fields

SLACK: Final = 60.0
"""Records stay this many seconds longer than the retention, because stream times are rounded."""


@dataclass(frozen=True, slots=True)
class HistoryDefinition:
    """A history as stored. Times are seconds since the epoch.

    access_key, region: the tenant that owns the table. table: the table's name.
    retention: how many seconds the history keeps records: at least the retention of streams.
    closed: the time at which recovery was disabled or the table was removed, None while the history
    is open.
    referred: True if stream records refer to records of this history.
    both: True if the records also have the row after a change, because stream records need it.
    """

    id: int
    access_key: str
    region: str
    table: str
    retention: float
    closed: float | None = None
    referred: bool = False
    both: bool = False

    @classmethod
    def load(cls, stored: bytes) -> Self:
        """Return the history that dump() stored."""
        return from_fields(cls, orjson.loads(stored))

    def dump(self) -> bytes:
        """Return the definition as JSON."""
        return orjson.dumps(self)

    def gone(self, now: float) -> bool:
        """Return True if the history is closed and no stream record refers to it any more."""
        return self.closed is not None and (not self.referred or self.closed + RETENTION + SLACK <= now)
