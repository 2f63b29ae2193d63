"""An endpoint that reports each request with its answer to an observer.

The request log, the kept requests, `--record` and the counters of metrics are observers
(http/observing). `Front.observe` puts this endpoint in place of the plain one while there is an
observer, so observing costs nothing at other times.

The reported time is the time in this process. It includes neither the network nor the synced commit
of --durable.
"""

from collections.abc import Callable
from contextlib import closing
from time import perf_counter
from typing import NamedTuple

from emulator.http.front.answers import NO_FIELDS, Answer, Fields
from emulator.http.front.dynamodb import DynamoDbEndpoint
from emulator.http.front.sliced_answers import Pending
from emulator.slices import Steps


class Exchange(NamedTuple):
    """A request and its answer, as bytes.

    began: when work on the request began, by `perf_counter`. On Linux and macOS, all processes of a
    machine share this clock.
    seconds: the time from then until the answer was made.
    own: the part of these seconds in which this process worked on the request. The rest is the time
    of other requests, between two slices.
    method: empty if the request was refused before it was read completely.
    """

    began: float
    seconds: float
    own: float
    method: str
    path: bytes
    query: bytes
    fields: Fields
    body: bytes
    answer: Answer


Observer = Callable[[Exchange], None]


class ObservedEndpoint:
    """An endpoint that reports its answers."""

    def __init__(self, endpoint: DynamoDbEndpoint, observer: Observer) -> None:
        self._answer = endpoint.answer
        self._endpoint = endpoint
        self._observer = observer
        self.answers = endpoint.answers

    def answer(self, method: str, query: bytes, fields: Fields, body: bytes) -> Answer:
        """Answer a request to `/`. Raises nothing but Pending."""
        began = perf_counter()
        try:
            answer = self._answer(method, query, fields, body)
        except Pending as pending:
            own = perf_counter() - began
            raise Pending(self._in_slices(pending.steps, began, own, method, query, fields, body)) from None
        seconds = perf_counter() - began
        # tuple.__new__ takes 0.2 us less than Exchange(...), a hundredth of a GetItem
        self._observer(tuple.__new__(Exchange, (began, seconds, seconds, method, b"/", query, fields, body, answer)))
        return answer

    def failed(self, error: BaseException | None, fields: Fields = NO_FIELDS) -> Answer:
        """Return the answer to a request that failed unexpectedly, or whose commit failed."""
        return self._report(self._endpoint.failed(error, fields), fields)

    def refuse(self, status: int, fields: Fields = NO_FIELDS) -> Answer:
        """Log and return a refusal: status 413 or 400."""
        return self._report(self._endpoint.refuse(status, fields), fields)

    def _report(self, answer: Answer, fields: Fields) -> Answer:
        self._observer(Exchange(perf_counter(), 0.0, 0.0, "", b"", b"", fields, b"", answer))
        return answer

    def _in_slices(
        self, steps: Steps[Answer], began: float, own: float, method: str, query: bytes, fields: Fields, body: bytes
    ) -> Steps[Answer]:
        """Make an answer in slices, and report it when it is complete."""
        with closing(steps):
            while True:
                resumed = perf_counter()
                try:
                    pause = next(steps)
                except StopIteration as end:
                    answer: Answer = end.value
                    break
                finally:
                    own += perf_counter() - resumed
                yield pause
        seconds = perf_counter() - began
        self._observer(Exchange(began, seconds, own, method, b"/", query, fields, body, answer))
        return answer


def together(observers: list[Observer]) -> Observer:
    """Return an observer that reports to all of these."""
    if len(observers) == 1:
        return observers[0]

    def observe(exchange: Exchange) -> None:
        for observer in observers:
            observer(exchange)

    return observe
