"""Turns the observers of requests of one process on and off.

The settings decide which observers are on at the start. Later, controls turn observers on and off:

| control          | observer                                                          |
|------------------|-------------------------------------------------------------------|
| `keep_requests`  | the kept requests (kept.py)                                       |
| `count_requests` | the counters for metrics (counters.py)                            |
| `advise`         | the evidence for the advisor (evidence.py)                        |
| `consumption`    | the counts of each caller (request_counts.py), never turned off   |
"""

from time import perf_counter
from typing import TYPE_CHECKING, Any

from emulator.http.front.front import Front
from emulator.http.front.observed import Exchange, Observer
from emulator.http.observing.kept import BUDGET, KeptRequests, whole_of
from emulator.http.observing.log_lines import LogLines
from emulator.http.observing.reasons import Reasons
from emulator.http.observing.summary import Summary
from emulator.http.observing.wanted import lines_wanted
from storage import StorageError

if TYPE_CHECKING:
    from emulator.database.throughput.usage import LastHour
    from emulator.http.observing.counters import Counters, Metric
    from emulator.http.observing.evidence import Evidence
    from emulator.http.observing.request_counts import RequestCounts


class RequestLog:
    """The observers of one process: functions that get each request with its answer.

    worker: the number of this process, from 0.
    keep: True to keep requests from the start.
    advise: True to collect evidence for the advisor from the start.

    Raises StorageError if the file of --record cannot be opened, or if the library that --metrics
    needs is not installed.
    """

    def __init__(self, front: Front, worker: int, *, keep: bool, advise: bool = False) -> None:
        self._front = front
        self._worker = worker
        self._explain = Reasons(front.emulator).explain
        self._settings = front.emulator.settings
        sharing = front.emulator.sharing
        self._share = BUDGET // (1 if sharing is None else sharing.workers)
        self._kept = KeptRequests(self._explain, self._share) if keep else None
        self._others: list[Observer] = []
        if lines_wanted(self._settings):
            self._others.append(LogLines(self._explain).observer)
        if self._settings.record:
            from emulator.http.observing.recording import Recording  # noqa: PLC0415 - few servers record

            self._others.append(Recording(self._settings.record, worker).observer)
        self._counters = _checked_counters(front) if self._settings.metrics else None
        self._evidence = _evidence(front) if advise else None
        self._counts: RequestCounts | None = None
        self._apply()

    @property
    def keeps(self) -> bool:
        """True while the last requests are kept in memory."""
        return self._kept is not None

    def keep(self, *, on: bool) -> None:
        """Begin to keep the last requests in memory. With on=False, stop and forget them."""
        if on != self.keeps:
            self._kept = KeptRequests(self._explain, self._share) if on else None
            self._apply()

    def advise(self, *, on: bool) -> None:
        """Begin to collect evidence for the advisor.

        With on=False, stop and forget the evidence.
        """
        if on != (self._evidence is not None):
            self._evidence = _evidence(self._front) if on else None
            self._apply()

    def count_callers(self) -> None:
        """Begin to count the requests of each caller, for the control `consumption`."""
        if self._counts is None:
            from emulator.http.observing.request_counts import RequestCounts  # noqa: PLC0415 - few servers need it

            self._counts = RequestCounts()
            self._others.append(self._counts.observer)
            self._apply()

    def caller_total(self, access_key: str | None, region: str | None) -> int:
        """Return the number of requests with this access key and region. None matches all."""
        return 0 if self._counts is None else self._counts.total(access_key, region)

    @property
    def metering(self) -> bool:
        """True while requests are counted for metrics."""
        return self._counters is not None

    def meter(self, *, on: bool) -> None:
        """Begin to count requests and units for metrics. With on=False, stop and forget the counts.

        The control `count_requests` calls this.
        """
        if on != self.metering:
            self._counters = _counters(self._front) if on else None
            self._front.emulator.database.catalog.meter(on=on)
            self._apply()

    def whole(self, ended: int) -> Summary | None:
        """Return a kept request with its bodies, or None if it is no longer kept.

        ended: the member `Ended` of the request's summary, in nanoseconds.
        """
        for exchange, summary, bodies in () if self._kept is None else self._kept.whole():
            identity = self._identity(exchange)
            if identity["Ended"] == ended:
                return {**identity, **summary, **whole_of(exchange, bodies)}
        return None

    def kept(self) -> list[Summary]:
        """Return the summaries of the kept requests, each with `Began`, `Ended` and `Worker`."""
        if self._kept is None:
            return []
        return [{**self._identity(exchange), **summary} for exchange, summary in self._kept.summaries()]

    def counters(self) -> dict[str, Any] | None:
        """Return this process's request counts and memory, None if requests are not counted."""
        if self._counters is None:
            return None
        from emulator.http.observing.counters import memory  # noqa: PLC0415 - few servers count

        return {"Worker": self._worker, "Memory": memory(), "Operations": self._counters.counted()}

    def last_hour(self) -> "LastHour[Metric] | None":
        """Return the requests in each minute of the last hour. None if requests are not counted."""
        return None if self._counters is None else self._counters.last_hour

    def now(self) -> int:
        """Return the time in nanoseconds, by the same clock as `Began` and `Ended` of requests."""
        return _nanoseconds(perf_counter())

    def _identity(self, exchange: Exchange) -> dict[str, Any]:
        """Return `Began`, `Ended` (nanoseconds) and `Worker`, which identify a request."""
        end = _nanoseconds(exchange.ended)
        return {"Began": _nanoseconds(exchange.began), "Ended": end, "Worker": self._worker}

    def _apply(self) -> None:
        kept = [] if self._kept is None else [self._kept.observer]
        evidence = [] if self._evidence is None else [self._evidence.observer]
        counters = [] if self._counters is None else [self._counters.observer]
        self._front.observe([*kept, *evidence, *self._others, *counters])
        self._front.emulator.evidence = self._evidence


def _evidence(front: Front) -> "Evidence":
    from emulator.http.observing.evidence import Evidence  # noqa: PLC0415 - few servers advise

    return Evidence(front.emulator)


def _checked_counters(front: Front) -> "Counters":
    """Return new counters for --metrics. Raises StorageError if prometheus-client is missing."""
    from importlib.util import find_spec  # noqa: PLC0415 - only --metrics needs it

    if find_spec("prometheus_client") is None:
        raise StorageError("--metrics needs prometheus-client: pip install 'dynamodb-emulator[metrics]'")
    return _counters(front)


def _counters(front: Front) -> "Counters":
    from emulator.http.observing.counters import Counters  # noqa: PLC0415 - few servers count

    return Counters(front.emulator)


def _nanoseconds(seconds: float) -> int:
    return int(seconds * 1e9)
