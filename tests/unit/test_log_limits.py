"""The log repeats a message at most once a minute, and needs bounded memory for that."""

import pytest

from emulator.log_limits import LogLimit


class Time:
    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def time():
    return Time()


def test_a_key_is_allowed_once_a_minute(time):
    limit = LogLimit(now=time)
    assert limit.allows("a")
    assert limit.allows(("a", "b"))
    time.now += 59.9
    assert not limit.allows("a")
    time.now += 0.1
    assert limit.allows("a")
    assert not limit.allows("a")


def test_different_keys_are_bounded_too(time):
    limit = LogLimit(keys=3, now=time)
    assert [limit.allows(key) for key in range(5)] == [True, True, True, False, False]
    time.now += 60
    assert [limit.allows(key) for key in (4, 0, 5, 6)] == [True, True, True, False]
    time.now += 60
    assert all(limit.allows(key) for key in (7, 8, 9))
    assert not limit.allows(10)
