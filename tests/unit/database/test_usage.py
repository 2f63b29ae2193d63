"""Counts, sums, lowest and highest values of metrics in each minute of the last hour."""

from emulator.clock import ManualClock
from emulator.database.throughput.usage import LastHour


def values(hour):
    return [
        (minute - 28_333_334, key, found.count, found.total, found.lowest, found.highest) for minute, key, found in hour
    ]


def test_values_are_added_up_by_minute():
    clock = ManualClock(1_700_000_040.0)
    hour = LastHour(clock)
    for seconds, value in ((0, 3.0), (59.9, 1.0), (0.1, 2.0), (0, 5.0)):
        clock.advance(seconds)
        hour.add("a", value)
    hour.add("b", 7.0)
    assert values(hour) == [(0, "a", 2, 4.0, 1.0, 3.0), (1, "a", 2, 7.0, 2.0, 5.0), (1, "b", 1, 7.0, 7.0, 7.0)]
    clock.advance(58 * 60)
    assert len(values(hour)) == 3
    clock.advance(60)
    assert [minute for minute, *_ in values(hour)] == [1, 1]


def test_an_hour_is_kept():
    clock = ManualClock(1_700_000_040.0)
    hour = LastHour(clock)
    for _ in range(100):
        hour.add("a", 1.0)
        clock.advance(60)
    clock.freeze(1_700_000_040.0 + 99 * 60)
    assert [minute for minute, *_ in values(hour)] == list(range(40, 100))
    clock.freeze(1_700_000_040.0)
    hour.add("a", 1.0)
    hour.add("a", 1.0)
    assert values(hour) == [(0, "a", 2, 2.0, 1.0, 1.0)], "the clock was set back"
    assert len(hour._minutes) == 60
