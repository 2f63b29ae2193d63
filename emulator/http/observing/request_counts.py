"""Counts the requests of each caller, for the control `consumption`."""

from collections import Counter

from emulator.http.front.observed import Exchange, Observer, Raw
from emulator.http.observing.summary import caller_of, operation_of


class RequestCounts:
    """The number of DynamoDB requests that one process got, by access key and region."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str]] = Counter()
        self.observer = Observer(self._count, self._count)

    def total(self, access_key: str | None, region: str | None) -> int:
        """Return the number of requests with this access key and region. None matches all."""
        return sum(
            count
            for caller, count in self._counts.items()
            if access_key in (None, caller[0]) and region in (None, caller[1])
        )

    def _count(self, raw: Raw) -> None:
        exchange = Exchange(*raw)
        caller = caller_of(exchange) if operation_of(exchange) else {}
        if caller:
            self._counts[caller["AccessKey"], caller["Region"]] += 1
