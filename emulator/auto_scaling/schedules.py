"""Computes the times of scheduled actions from the text of their schedule.

| form                                              | times                                             |
|---------------------------------------------------|---------------------------------------------------|
| at(yyyy-mm-ddThh:mm:ss)                           | once                                              |
| rate(value unit), unit minute, hour, day          | repeatedly, for the first time at the start time  |
| cron(minutes hours day-of-month month day-of-week year) | whenever all fields match                   |

Times are in the time zone of the action, or in UTC if it has none. Fields of cron may have `*`,
`?`, lists, ranges, steps and names. In day-of-week, 1 is Sunday. The letters L and W and the sign
`#` are not supported. AWS documents the forms under "Schedule recurring scaling actions using cron
expressions".
"""  # noqa: W505 - a table

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

from emulator import errors

_FORM: Final = re.compile(r"(at|rate|cron)\(([^()]*)\)")
_RATE: Final = re.compile(r"([1-9][0-9]{0,5}) (minute|hour|day)s?")
_SECONDS: Final = {"minute": 60, "hour": 3600, "day": 86_400}
_MONTHS: Final = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS: Final = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_FIELDS: Final[tuple[tuple[int, int, Mapping[str, int]], ...]] = (
    (0, 59, {}),
    (0, 23, {}),
    (1, 31, {}),
    (1, 12, {name: number for number, name in enumerate(_MONTHS, start=1)}),
    (1, 7, {name: number for number, name in enumerate(_DAYS, start=1)}),
    (1970, 2199, {}),
)
"""The fields of cron: lowest value, highest value, names."""

_DAYS_AHEAD: Final = 366 * 8
"""Days to search for the next time: the next 29th of February may be eight years away."""


def check(text: str, timezone: str | None) -> None:
    """Raise ApiError if the schedule or the time zone is not valid."""
    following(text, timezone, 0.0, 0.0)


def following(text: str, timezone: str | None, after: float, first: float) -> float | None:
    """Return the schedule's next time after the time `after`; None if no time follows.

    All times are in seconds since the epoch.

    first: the time at which a schedule with `rate` begins.

    Raises ApiError if the schedule is not valid.
    """
    form = _FORM.fullmatch(text)
    if form is None:
        raise errors.scaling_schedule_invalid(text)
    zone = _zone(timezone)
    kind, content = form[1], form[2].strip()
    if kind == "rate":
        return _following_rate(text, content, after, first)
    if kind == "at":
        try:
            moment = datetime.fromisoformat(content).replace(tzinfo=zone).timestamp()
        except (ValueError, OverflowError):
            raise errors.scaling_schedule_invalid(text) from None
        return moment if moment > after else None
    return _following_cron(text, content, after, zone)


def _zone(name: str | None) -> tzinfo:
    if name is None:
        return UTC
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        raise errors.scaling_timezone_invalid(name) from None


def _following_rate(text: str, content: str, after: float, first: float) -> float:
    match = _RATE.fullmatch(content)
    if match is None:
        raise errors.scaling_schedule_invalid(text)
    seconds = int(match[1]) * _SECONDS[match[2]]
    if after < first:
        return first
    return first + ((after - first) // seconds + 1) * seconds


def _following_cron(text: str, content: str, after: float, zone: tzinfo) -> float | None:
    parts = content.upper().split()
    if len(parts) != len(_FIELDS):
        raise errors.scaling_schedule_invalid(text)
    fields = [_field(text, part, *field) for part, field in zip(parts, _FIELDS, strict=True)]
    minutes, hours, days, months, weekdays, years = fields
    start = datetime.fromtimestamp(after, zone).replace(second=0, microsecond=0, tzinfo=None) + timedelta(minutes=1)
    day = start.date()
    for _ in range(_DAYS_AHEAD):
        if day.year > _FIELDS[-1][1]:
            return None
        if day.year in years and day.month in months and day.day in days and day.isoweekday() % 7 + 1 in weekdays:
            for hour in sorted(hours):
                for minute in sorted(minutes):
                    local = datetime(day.year, day.month, day.day, hour, minute)  # noqa: DTZ001 - the next line adds the zone
                    moment = local.replace(tzinfo=zone).timestamp()
                    if local >= start and moment > after:
                        return moment
        day += timedelta(days=1)
    return None


def _field(text: str, part: str, low: int, high: int, names: Mapping[str, int]) -> set[int]:
    """Return the numbers that one field of cron matches. Raises ApiError if the field is not valid.

    text: the whole schedule, for the error.
    part: the text of the field.
    low, high: the lowest and the highest number that the field can have.
    names: names that stand for numbers, such as MON.
    """
    found: set[int] = set()
    for piece in part.split(","):
        span, _, step = piece.partition("/")
        begin, dash, end = span.partition("-")
        try:
            if span in ("*", "?"):
                first, last = low, high
            else:
                first = names.get(begin) or int(begin)
                last = (names.get(end) or int(end)) if dash else high if step else first
            stride = int(step) if "/" in piece else 1
        except ValueError:
            raise errors.scaling_schedule_invalid(text) from None
        if not (low <= first <= high and low <= last <= high and stride > 0):
            raise errors.scaling_schedule_invalid(text)
        found.update(range(first, last + 1, stride))
    return found
