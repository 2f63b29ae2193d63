"""Sends recorded requests to an endpoint, one after another, and compares the answers."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

from emulator.client.endpoint import STREAMS_OPERATIONS, Refused
from emulator.replaying.comparing import Comparison, Difference
from emulator.replaying.recording import Recorded, recorded
from emulator.replaying.substitutes import Substitutes

_OK: Final = 200
_POLL: Final = 1.0  # seconds between two polls of a table's status
PATIENCE: Final = 600.0  # seconds after which the replay goes on, even if a table is not ACTIVE
_SETTLED: Final = frozenset(("ACTIVE", None))


class Endpoint(Protocol):
    """A connection to a server with DynamoDB's operations, with one access key and region."""

    def call(self, operation: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Call an operation and return its answer.

        Raises Refused if the answer is an error, or Unreachable if there is no answer.
        """
        ...

    def close(self) -> None:
        """Close the connection."""
        ...


Connect = Callable[[str, str], Endpoint]
"""A function that returns the Endpoint for an access key and a region. Raises Unreachable."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A request whose new answer differs from the recorded one.

    status, answer: the HTTP status and the JSON of the new answer.
    """

    request: Recorded
    status: int
    answer: Mapping[str, Any]
    differences: list[Difference]


@dataclass(slots=True)
class Totals:
    """The counts of a replay.

    sent: the number of requests that were sent.
    different: the number of sent requests whose new answer differs from the recorded answer.
    skipped: reason why requests were not sent -> number of requests.
    ignored: reason why differences are not reported -> number of differences.
    unready: the names of tables that were not ACTIVE after PATIENCE seconds.
    """

    sent: int = 0
    different: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    ignored: Counter[str] = field(default_factory=Counter)
    unready: list[str] = field(default_factory=list)


class Replay:
    """Sends the requests of a recording to the endpoints that `connect` returns.

    connect: a function that returns the endpoint for an access key and a region.
    sleep: a function that waits for a number of seconds.
    streams: True if the endpoints have the operations of DynamoDB Streams. AWS has them at another
    endpoint.
    """

    def __init__(
        self, connect: Connect, *, streams: bool = True, sleep: Callable[[float], object] = time.sleep
    ) -> None:
        self._connect = connect
        self._streams = streams
        self._sleep = sleep
        self._endpoints: dict[tuple[str, str], Endpoint] = {}
        self._substitutes = Substitutes()
        self.totals = Totals()

    def run(self, path: Path) -> Iterator[Outcome]:
        """Send all requests of a recording; yield those whose answers differ.

        Raises BadRecording, Unreachable.
        """
        try:
            for each in recorded(path):
                if isinstance(each, int):
                    self.totals.skipped["a line is not a recorded request"] += 1
                    continue
                why = self._reason_to_skip(each)
                if why is None:
                    yield from self._replayed(each)
                else:
                    self.totals.skipped[why] += 1
        finally:
            for endpoint in self._endpoints.values():
                endpoint.close()

    def _reason_to_skip(self, each: Recorded) -> str | None:
        if each.request is None:
            return "the body is not a JSON object"
        if each.access_key is None or each.region is None:
            return "the request had no credentials"
        if each.operation in STREAMS_OPERATIONS and not self._streams:
            return "a replay does not send operations of DynamoDB Streams to AWS"
        return None

    def _replayed(self, each: Recorded) -> Iterator[Outcome]:
        assert each.request is not None, "a request that is sent must have a body"
        assert each.access_key is not None, "a request that is sent must have an access key"
        assert each.region is not None, "a request that is sent must have a region"
        tenant = (each.access_key, each.region)
        endpoint = self._endpoints.get(tenant)
        if endpoint is None:
            endpoint = self._endpoints[tenant] = self._connect(*tenant)
        status, answer = _called(endpoint, each.operation, self._substitutes.applied(each.request))
        self.totals.sent += 1
        compared = Comparison(each.operation, each.answer, answer)
        self._substitutes.learn(each.answer, answer)
        self.totals.ignored += compared.ignored
        differences = compared.differences
        if status != each.status:
            differences = [Difference("status", each.status, status), *differences]
        if status == _OK:
            self._settle(endpoint, answer)
        if differences:
            self.totals.different += 1
            yield Outcome(each, status, answer, differences)

    def _settle(self, endpoint: Endpoint, answer: Mapping[str, Any]) -> None:
        """Wait until the table in an answer is ACTIVE or deleted.

        Otherwise later requests could fail, because the table is not ready. The client whose
        requests were recorded may have waited too.
        """
        table = answer.get("TableDescription")
        if not isinstance(table, dict) or table.get("TableStatus") in _SETTLED:
            return
        for _ in range(int(PATIENCE / _POLL)):
            status, described = _called(endpoint, "DescribeTable", {"TableName": table["TableName"]})
            if status != _OK or described["Table"]["TableStatus"] == "ACTIVE":
                return
            self._sleep(_POLL)
        self.totals.unready.append(table["TableName"])


def _called(endpoint: Endpoint, operation: str, body: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
    try:
        return _OK, endpoint.call(operation, body)
    except Refused as refused:
        return refused.status, dict(refused.body)
