"""`GET /_emulator/metrics`: the counters of all workers in the text format of Prometheus.

This module imports prometheus-client, which the extra `metrics` installs. A server with --metrics
checks at its start that this library is installed.

Counters of requests have the label `worker`, because a restarted worker begins to count at zero.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate
from typing import Any, Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from emulator.http.observing.counters import BOUNDS
from emulator.version import VERSION

CONTENT_TYPE: Final = b"text/plain; version=0.0.4; charset=utf-8"

_THROTTLED: Final = frozenset(("ProvisionedThroughputExceededException", "RequestLimitExceeded", "ThrottlingException"))
_P: Final = "dynamodb_emulator_"

Counted = Mapping[str, Any]


class _Once(Collector):
    """Converts one result of the control `counters` to Prometheus metrics.

    uptime: seconds since the start of the server.
    """

    def __init__(self, counted: Counted, uptime: float) -> None:
        self._counted = counted
        self._uptime = uptime

    def collect(self) -> Iterable[Metric]:
        """Yield all metrics. prometheus-client calls this."""
        yield GaugeMetricFamily(f"{_P}uptime_seconds", "Seconds since the start.", self._uptime)
        info = GaugeMetricFamily(
            f"{_P}info", "Always 1; the label version has the server's version.", labels=["version"]
        )
        info.add_metric([VERSION], 1)
        yield info
        yield from _requests(self._counted["Workers"])
        yield from _tables(self._counted["Tables"])
        waiting = GaugeMetricFamily(
            f"{_P}stream_backlog_records",
            "Change records that a function or Kinesis has not received. 10,000 means 10,000 or more.",
            labels=["consumer"],
        )
        for each in self._counted["Backlogs"]:
            waiting.add_metric([each["Consumer"]], each["Records"])
        yield waiting


def _requests(workers: Iterable[Counted]) -> Iterator[Metric]:
    by_code = ["worker", "operation", "code"]
    requests = CounterMetricFamily(f"{_P}requests", "Requests by operation and error code.", labels=by_code)
    seconds = HistogramMetricFamily(
        f"{_P}request_seconds", "Time from the start of the work on a request to its answer.", labels=by_code
    )
    units = CounterMetricFamily(
        f"{_P}capacity_units",
        "Capacity units that requests consumed.",
        labels=["worker", "operation"],
    )
    throttled = CounterMetricFamily(
        f"{_P}throttled_requests", "Requests that were throttled.", labels=["worker", "operation"]
    )
    memory = GaugeMetricFamily(f"{_P}resident_memory_bytes", "Resident memory of a process.", labels=["worker"])
    for worker in workers:
        number = str(worker["Worker"])
        if worker["Memory"] is not None:
            memory.add_metric([number], worker["Memory"])
        for each in worker["Operations"]:
            labels = [number, each["Operation"], each["Code"]]
            requests.add_metric(labels, each["Count"])
            counts = list(accumulate(each["Buckets"]))
            buckets = [(str(bound), float(count)) for bound, count in zip((*BOUNDS, "+Inf"), counts, strict=True)]
            seconds.add_metric(labels, buckets, each["Seconds"])
            if each["Units"]:
                units.add_metric(labels[:2], each["Units"])
        for operation, count in _throttles(worker["Operations"]).items():
            throttled.add_metric([number, operation], count)
    yield from (requests, seconds, units, throttled, memory)


def _throttles(operations: Iterable[Counted]) -> dict[str, int]:
    """Return a dict: name of an operation -> number of its throttled requests, if not zero."""
    found: dict[str, int] = {}
    for each in operations:
        if each["Code"] in _THROTTLED:
            found[each["Operation"]] = found.get(each["Operation"], 0) + each["Count"]
    return found


def _tables(tables: Iterable[Counted]) -> Iterator[Metric]:
    labels = ["table", "region", "access_key"]
    items = GaugeMetricFamily(f"{_P}table_items", "Items of a table. At most 1,000 tables are listed.", labels=labels)
    size = GaugeMetricFamily(f"{_P}table_bytes", "Bytes of a table's items.", labels=labels)
    for each in tables:
        names = [each["Table"], each["Region"], each["AccessKey"]]
        items.add_metric(names, each["Items"])
        size.add_metric(names, each["Bytes"])
    yield from (items, size)


def exposition(counted: Counted, uptime: float) -> bytes:
    """Convert a result of the control `counters` to text for Prometheus.

    uptime: seconds since the start of the server.
    """
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Once(counted, uptime))
    return generate_latest(registry)
