"""Point-in-time recovery of a table: the period in days, and the window (control-plane 2.2).

The window is the range of times to which the table can be restored, in whole seconds. It begins
when recovery was enabled, or one period ago, whichever is later. It ends five minutes ago. In the
first five minutes after enabling, the window has only one time: the time of the enabling.
"""

from dataclasses import replace
from math import floor
from typing import Final, NamedTuple

from emulator.database.definitions.tables import DAY, TableDefinition

DEFAULT_DAYS: Final = 35
LAG: Final = 300  # the window ends this many seconds before the current time


class Window(NamedTuple):
    """The first and last time to which a table can be restored, in seconds since the epoch."""

    earliest: int
    latest: int


def window(definition: TableDefinition, now: float) -> Window | None:
    """Return the recovery window of a table at the time `now`, None while recovery is off."""
    since, days = definition.recovery_since, definition.recovery_days
    if since is None or days is None:
        return None
    return Window(floor(_earliest(since, days, now)), floor(max(since, now - LAG)))


def enabled(definition: TableDefinition, days: int | None, now: float) -> TableDefinition:
    """Return the definition with recovery on.

    days: the new recovery period. None keeps the current period, or sets DEFAULT_DAYS if recovery
    was off.
    If the period becomes shorter, the older states of the table are lost for good. A later, longer
    period does not bring them back.
    """
    since, before = definition.recovery_since, definition.recovery_days
    if since is None or before is None:
        return replace(definition, recovery_days=days or DEFAULT_DAYS, recovery_since=now)
    if days is None or days == before:
        return definition
    return replace(definition, recovery_days=days, recovery_since=_earliest(since, min(before, days), now))


def disabled(definition: TableDefinition) -> TableDefinition:
    """Return the definition with recovery off, and without a recovery period."""
    return replace(definition, recovery_days=None, recovery_since=None)


def _earliest(since: float, days: int, now: float) -> float:
    return max(since, now - days * DAY)
