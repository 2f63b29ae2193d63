"""The times of scheduled actions, for schedules with `at`, `rate` and `cron`."""

from datetime import UTC, datetime

import pytest

from emulator.auto_scaling.schedules import following
from emulator.errors import ApiError


def moment(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("schedule", "timezone", "after", "expected"),
    [
        ("at(2026-03-01T10:00:00)", None, "2026-02-01T00:00:00", "2026-03-01T10:00:00"),
        ("at(2026-03-01T10:00:00)", None, "2026-03-01T10:00:00", None),
        ("at(2026-07-01T10:00:00)", "Europe/Berlin", "2026-02-01T00:00:00", "2026-07-01T08:00:00"),
        ("rate(5 minutes)", None, "2026-01-01T00:00:00", "2026-01-01T00:05:00"),
        ("rate(1 hour)", None, "2026-01-01T00:30:00", "2026-01-01T01:00:00"),
        ("rate(2 days)", None, "2026-01-02T00:00:00", "2026-01-03T00:00:00"),
        ("cron(0 10 * * ? *)", None, "2026-01-01T09:59:59", "2026-01-01T10:00:00"),
        ("cron(0 10 * * ? *)", None, "2026-01-01T10:00:00", "2026-01-02T10:00:00"),
        ("cron(15 12 ? * MON-FRI *)", None, "2026-01-02T13:00:00", "2026-01-05T12:15:00"),
        ("cron(0/20 8,9 1 * ? *)", None, "2026-01-01T08:41:00", "2026-01-01T09:00:00"),
        ("cron(0 0 29 2 ? *)", None, "2026-01-01T00:00:00", "2028-02-29T00:00:00"),
        ("cron(30 6 ? JAN SUN 2027)", None, "2026-01-01T00:00:00", "2027-01-03T06:30:00"),
        ("cron(0 0 1 1 ? 2020)", None, "2026-01-01T00:00:00", None),
        ("cron(30 9 * * ? *)", "America/New_York", "2026-07-01T00:00:00", "2026-07-01T13:30:00"),
    ],
)
def test_the_next_time(schedule, timezone, after, expected):
    first = moment("2026-01-01T00:00:00")
    found = following(schedule, timezone, moment(after), first)
    assert found == (None if expected is None else moment(expected))


@pytest.mark.parametrize(
    "schedule",
    [
        *(
            "",
            "daily",
            "at()",
            "at(tomorrow)",
            "at(99999-01-01T00:00:00)",
            "rate(0 minutes)",
            "rate(5 weeks)",
            "rate(5)",
        ),
        *("cron(0 10 * * ?)", "cron(60 10 * * ? *)", "cron(0 10 L * ? *)", "cron(0 10 0 * ? *)", "cron(0 5-x * * ? *)"),
        *("cron(0/0 10 * * ? *)", "cron(0 10 * * ? *", "cron(0 10 * FOO ? *)"),
    ],
)
def test_schedules_that_are_not_valid(schedule):
    with pytest.raises(ApiError) as caught:
        following(schedule, None, 0.0, 0.0)
    assert (caught.value.code, caught.value.message) == (
        "ValidationException",
        f"Invalid schedule expression: {schedule}",
    )


@pytest.mark.parametrize("timezone", ["Nowhere/City", "", "../../etc/passwd", "\0"])
def test_time_zones_that_are_not_valid(timezone):
    with pytest.raises(ApiError) as caught:
        following("rate(1 day)", timezone, 0.0, 0.0)
    assert caught.value.message == f"Invalid time zone: {timezone}"
