"""The lag of a table, as a test has asked for it, and the time that each of its reads shows."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from random import Random
from typing import Any, Self

from emulator.clock import Clock, microseconds


@dataclass(frozen=True, slots=True)
class LagSetting:
    """A lag.

    seconds: how old the shown state is, at most. monotonic: whether it always has this age. If not,
    each read draws the age of its state, so a later read may show an earlier state.
    real: whether seconds are those of the machine's clock, and not of the emulator's.
    since: no read shows an earlier time than this. So reads do not go back when the lag grows.
    """

    seconds: float
    monotonic: bool = True
    real: bool = False
    seed: int = 0
    since: float = 0.0

    @classmethod
    def load(cls, fields: Mapping[str, Any]) -> Self:
        """Return the setting with these fields."""
        return cls(**fields)

    def fields(self) -> dict[str, Any]:
        """Return the fields, for JSON."""
        return asdict(self)


def now_of(clock: Clock, *, real: bool) -> float:
    """Return the time by the emulator's clock, or by the machine's, in seconds."""
    return clock.machine_now() if real else clock.now()


class Reader:
    """Decides which time the reads of one table show, in one process."""

    __slots__ = ("_clock", "_random", "_setting")

    def __init__(self, setting: LagSetting, clock: Clock) -> None:
        self._setting = setting
        self._clock = clock
        self._random = Random(setting.seed)  # noqa: S311 - must be repeatable, not secret

    def micros(self) -> int:
        """Return the time that the next read shows: changes of this microsecond are included."""
        setting = self._setting
        age = setting.seconds if setting.monotonic else self._random.uniform(0.0, setting.seconds)
        return microseconds(max(setting.since, now_of(self._clock, real=setting.real) - age))
