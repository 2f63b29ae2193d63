"""Point-in-time recovery of a table: its period and its window (control-plane 2.2).

The window is the range of times to which the table can be restored. It begins when recovery was
enabled, or one period ago if that is later. It ends five minutes ago. In the first five minutes
after enabling, the time of enabling is both its start and its end. Both are whole seconds.
"""

from dataclasses import replace
from math import floor
from typing import Final, NamedTuple

from emulator.database.definitions.tables import DAY, TableDefinition

DEFAULT_DAYS: Final = 35
LAG: Final = 300  # seconds from the end of the window to now


class Window(NamedTuple):
    """The first and last time to which a table can be restored: whole seconds since the epoch."""

    earliest: int
    latest: int


def window(definition: TableDefinition, now: float) -> Window | None:
    """Return the window of a table at the time `now`, None while recovery is off."""
    since, days = definition.recovery_since, definition.recovery_days
    if since is None or days is None:
        return None
    return Window(floor(_earliest(since, days, now)), floor(max(since, now - LAG)))


def enabled(definition: TableDefinition, days: int | None, now: float) -> TableDefinition:
    """Return the table with recovery on.

    days: the new period. None keeps the current period, or sets DEFAULT_DAYS if recovery is off.
    A shorter period deletes older history for good: a longer period does not bring it back.
    """
    since, before = definition.recovery_since, definition.recovery_days
    if since is None or before is None:
        return replace(definition, recovery_days=days or DEFAULT_DAYS, recovery_since=now)
    if days is None or days == before:
        return definition
    return replace(definition, recovery_days=days, recovery_since=_earliest(since, min(before, days), now))


def disabled(definition: TableDefinition) -> TableDefinition:
    """Return the table with recovery off. Its period is forgotten."""
    return replace(definition, recovery_days=None, recovery_since=None)


def _earliest(since: float, days: int, now: float) -> float:
    return max(since, now - days * DAY)
