"""Point-in-time recovery of a table: its period and its window (control-plane 2.2).

The window is the range of times to which the table can be restored. It begins at the time at which
recovery was enabled, or as long ago as the period, whichever is later. It ends five minutes ago. In
the first five minutes after enabling, it is only the time of enabling. Its ends are whole seconds.
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
    """Return the table with recovery on. days: the period; None means the current or default one.

    A shorter period deletes older history. A longer period does not restore it.
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
