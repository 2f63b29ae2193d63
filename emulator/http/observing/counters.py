"""Counts requests by operation and error code, and adds up their times and capacity units.

Counting an ordinary request takes two dictionary lookups and four additions. Clients can send any
operation name. So only the service's own operations are counted under their names, and all other
requests together as `other`.
"""

import os
from bisect import bisect_left
from pathlib import Path
from typing import Any, Final

from emulator.app import Emulator
from emulator.database.throughput.usage import LastHour
from emulator.http.front.observed import Exchange, Observer, Raw
from emulator.http.observing.summary import FIRST_ERROR, Summary, operation_of, summary_of

BOUNDS: Final = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
"""The upper bounds of the buckets in which requests are counted by duration, in seconds."""

OTHER: Final = "other"  # the name for all requests without a known operation

LATENCY: Final = "SuccessfulRequestLatency"  # a metric of CloudWatch, in milliseconds

Metric = tuple[str, str, str, str, str]
"""Name, access key, region, table and operation of a metric. A part is "" if the metric lacks it.
"""

_MILLISECONDS: Final = 1000
_SERVER_ERROR: Final = 500
_THROTTLED: Final = "ThrottledRequests"
_USER_ERRORS: Final = "UserErrors"
_METRICS: Final = {
    "ConditionalCheckFailedException": "ConditionalCheckFailedRequests",
    "TransactionConflictException": "TransactionConflict",
    "ProvisionedThroughputExceededException": _THROTTLED,
    "RequestLimitExceeded": _THROTTLED,
    "ThrottlingException": _THROTTLED,
}
"""Code of an error -> name of its metric. Other errors of clients are counted as UserErrors."""
_OF_OPERATIONS: Final = ("SystemErrors", _THROTTLED)
"""Metrics that CloudWatch has for each operation of a table."""

_SLOTS: Final = len(BOUNDS) + 1


class _RequestCounts:
    """Counts the requests that have the same operation and the same error code.

    buckets: the number of requests by duration; BOUNDS has the upper bounds. seconds: the sum of
    the durations. units: the sum of the capacity units.
    """

    __slots__ = ("buckets", "operation", "seconds", "units")

    def __init__(self, operation: str) -> None:
        self.operation = operation
        self.buckets = [0] * _SLOTS
        self.seconds = 0.0
        self.units = 0.0

    def add(self, seconds: float) -> None:
        """Count a request. seconds: the time from its beginning to its answer."""
        self.seconds += seconds
        self.buckets[bisect_left(BOUNDS, seconds)] += 1


class Counters:
    """The counters of one process. observer: counts each exchange that it gets."""

    def __init__(self, emulator: Emulator) -> None:
        self._knows = emulator.knows
        self._tallies: dict[tuple[str, str], _RequestCounts] = {}
        # X-Amz-Target -> the counts of the successful requests with this target. With this
        # dictionary, `_count` finds the counts of a request by one look-up.
        self._by_target: dict[bytes | None, _RequestCounts] = {}
        self.last_hour: LastHour[Metric] = LastHour(emulator.clock)
        self.observer = Observer(self._count, self._count_other)

    def _count(self, raw: Raw) -> None:
        tally = self._by_target.get(raw[6].get(b"x-amz-target"))
        if tally is None:
            self._count_other(raw)
        else:
            seconds = raw[1] - raw[0]
            tally.add(seconds)
            tally.units += raw[9]
            self.last_hour.add((LATENCY, "", "", "", tally.operation), seconds * _MILLISECONDS)

    def _count_other(self, raw: Raw) -> None:
        exchange = Exchange(*raw)
        name = operation_of(exchange)
        known = bool(name) and self._knows(name)
        summary = summary_of(exchange, _no_reason)
        code = summary.get("Code", "") if known else ""
        if summary["Status"] >= 400 and not code:  # noqa: PLR2004 - the first status of an error
            code = str(summary["Status"])
        key = (name if known else OTHER, code)
        tally = self._tallies.get(key)
        if tally is None:
            tally = self._tallies[key] = _RequestCounts(name)
            if known and not code:
                self._by_target[exchange.fields[b"x-amz-target"]] = tally
        tally.add(exchange.seconds)
        if known:
            self._count_minute(exchange, summary)
        tally.units += exchange.units

    def _count_minute(self, exchange: Exchange, summary: Summary) -> None:
        """Count a request in the current minute's metrics, with CloudWatch's names.

        Source: control-plane 19.
        """
        operation, code, status = summary["Operation"], summary.get("Code", ""), summary["Status"]
        if status < FIRST_ERROR:
            self.last_hour.add((LATENCY, "", "", "", operation), exchange.seconds * _MILLISECONDS)
            return
        owner = summary.get("AccessKey", ""), summary.get("Region", "")
        name = "SystemErrors" if status >= _SERVER_ERROR else _METRICS.get(code, _USER_ERRORS)
        if name == _USER_ERRORS:
            self.last_hour.add((name, *owner, "", ""), 1.0)
            return
        for table in summary["Tables"]:
            bare = table.rpartition("/")[2]
            self.last_hour.add((name, *owner, bare, operation if name in _OF_OPERATIONS else ""), 1.0)

    def counted(self) -> list[dict[str, Any]]:
        """Return the counters as JSON: one object for each operation and error code."""
        return [
            {
                "Operation": operation,
                "Code": code,
                "Count": sum(tally.buckets),
                "Seconds": tally.seconds,
                "Units": tally.units,
                "Buckets": tally.buckets,
            }
            for (operation, code), tally in sorted(self._tallies.items())
        ]


def _no_reason(*_: object) -> None:
    return None


def memory() -> int | None:
    """Return the resident memory of this process in bytes; None if the system does not say it."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return None
