"""The lag that a test has set for a table, and the time that each read of the table shows."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from random import Random
from typing import Any, Self

from emulator.clock import Clock, microseconds


@dataclass(frozen=True, slots=True)
class LagSetting:
    """The lag of a table: how old the state is that its reads show.

    seconds: the lag, which is the maximum age of the state that a read shows.
    monotonic: True if each read shows a state of exactly this age. If False, each read draws a
    random age up to `seconds`, so a later read may show an earlier state.
    real: True if the age is measured by the machine's clock, False for the emulator's clock.
    seed: the seed of the random ages.
    since: a time in seconds since the epoch. No read shows the table before `since`, so reads do
    not go back when a test makes the lag longer.
    """

    seconds: float
    monotonic: bool = True
    real: bool = False
    seed: int = 0
    since: float = 0.0

    @classmethod
    def load(cls, fields: Mapping[str, Any]) -> Self:
        """Return the setting with fields that were stored as JSON."""
        return cls(**fields)

    def fields(self) -> dict[str, Any]:
        """Return the setting's fields as a dictionary that can be stored as JSON."""
        return asdict(self)


def now_of(clock: Clock, *, real: bool) -> float:
    """Return the current time in seconds since the epoch, by the machine's or the emulator's clock.

    real: True to use the machine's clock, False to use the emulator's clock.
    """
    return clock.machine_now() if real else clock.now()


class Reader:
    """Chooses a past time for each lagging read of one table.

    The read shows the table as it was at this time. Each process has its own `Reader`.
    """

    __slots__ = ("_clock", "_random", "_setting")

    def __init__(self, setting: LagSetting, clock: Clock) -> None:
        self._setting = setting
        self._clock = clock
        self._random = Random(setting.seed)  # noqa: S311 - must be repeatable, not secret

    def micros(self) -> int:
        """Return the time whose state the next read shows, in microseconds since the epoch.

        The read also shows the changes that were made in this microsecond.
        """
        setting = self._setting
        age = setting.seconds if setting.monotonic else self._random.uniform(0.0, setting.seconds)
        return microseconds(max(setting.since, now_of(self._clock, real=setting.real) - age))
