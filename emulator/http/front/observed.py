"""An endpoint that reports each request with its answer to an observer.

The request log, the kept requests, `--record` and the counters of metrics are observers
(http/observing). While there is an observer, the front uses this endpoint instead of the plain one
(`Front.observe`). So without observers, there is no additional cost.

The reported time does not include the network or the synced commit of --durable.
"""

from collections.abc import Callable
from contextlib import closing
from time import perf_counter
from typing import Final, NamedTuple

from emulator.http.front.answers import NO_FIELDS, Answer, Fields
from emulator.http.front.dynamodb import DynamoDbEndpoint
from emulator.http.front.sliced_answers import Pending
from emulator.slices import Steps


class Exchange(NamedTuple):
    """A request and its answer, as bytes.

    began, ended: when work on the request began and when its answer was made, by `perf_counter`. On
    Linux and macOS, all processes of a machine share this clock.
    others: the seconds between `began` and `ended` that went to other requests or to waiting; 0 if
    the answer is made in one piece.
    method, path, query, body: empty if ObservedEndpoint.refuse or ObservedEndpoint.failed made the
    answer, because the two methods get only the header fields of the request.
    units: the capacity units that the request consumed, 0 if the server does not count them.
    """

    began: float
    ended: float
    others: float
    method: str
    path: bytes
    query: bytes
    fields: Fields
    body: bytes
    answer: Answer
    units: float = 0.0

    @property
    def seconds(self) -> float:
        """The seconds from `began` to `ended`."""
        return self.ended - self.began


Raw = tuple[float, float, float, str, bytes, bytes, Fields, bytes, Answer, float]
"""The fields of an Exchange as a plain tuple, which takes 0.1 us less to make."""

SMALL: Final = (
    4096  # the maximum number of bytes of a small exchange: the request's body and the answer's body together
)
_FIRST_ERROR: Final = 400


class Observer(NamedTuple):
    """Two functions that get exchanges.

    ordinary: gets the successful exchanges at `/` whose bodies have at most SMALL bytes together.
    other: gets all other exchanges.

    `ordinary` needs no conditions, so it can be a function in C, such as `deque.append`. This saves
    0.2 us, a hundredth of the server's time for a GetItem.
    """

    ordinary: Callable[[Raw], None]
    other: Callable[[Raw], None]


class ObservedEndpoint:
    """An endpoint that reports its answers to an observer.

    consumed: a list with one element, the units that all requests have consumed so far
    (catalog/enforcer.py).
    """

    def __init__(self, endpoint: DynamoDbEndpoint, observer: Observer, consumed: list[float]) -> None:
        self._consumed = consumed
        self._answer = endpoint.answer
        self._endpoint = endpoint
        self._ordinary, self._other = observer
        self.answers = endpoint.answers

    def answer(self, method: str, query: bytes, fields: Fields, body: bytes) -> Answer:
        """Answer a request to `/`.

        Raises Pending if the answer is made in slices. Raises no other error.
        """
        began = perf_counter()
        try:
            answer = self._answer(method, query, fields, body)
        except Pending as pending:
            own = perf_counter() - began
            raise Pending(self._in_slices(pending.steps, began, own, 0.0, method, query, fields, body)) from None
        raw = (began, perf_counter(), 0.0, method, b"/", query, fields, body, answer, 0.0)
        # answer[0] is the status, answer[2] the body: access by index is faster than by name.
        if answer[0] < _FIRST_ERROR and len(body) + len(answer[2]) <= SMALL:
            self._ordinary(raw)
        else:
            self._other(raw)
        return answer

    def failed(self, error: BaseException | None, fields: Fields = NO_FIELDS) -> Answer:
        """Return the answer to a request after an unexpected error, or after a failed commit."""
        return self._report(self._endpoint.failed(error, fields), fields)

    def refuse(self, status: int, fields: Fields = NO_FIELDS) -> Answer:
        """Log that a request is refused, and return the answer.

        status: 413 for a body over 16 MiB, 400 for an invalid head.
        """
        return self._report(self._endpoint.refuse(status, fields), fields)

    def _report(self, answer: Answer, fields: Fields) -> Answer:
        now = perf_counter()
        self._other((now, now, 0.0, "", b"", b"", fields, b"", answer, 0.0))
        return answer

    def _in_slices(
        self,
        steps: Steps[Answer],
        began: float,
        own: float,
        units: float,
        method: str,
        query: bytes,
        fields: Fields,
        body: bytes,
    ) -> Steps[Answer]:
        """Make an answer in slices, and report it when it is complete."""
        with closing(steps):
            while True:
                resumed, before = perf_counter(), self._consumed[0]
                try:
                    pause = next(steps)
                except StopIteration as end:
                    answer: Answer = end.value
                    break
                finally:
                    own += perf_counter() - resumed
                    units += self._consumed[0] - before
                yield pause
        ended = perf_counter()
        self._other((began, ended, ended - began - own, method, b"/", query, fields, body, answer, units))
        return answer


class MeteredEndpoint(ObservedEndpoint):
    """An observed endpoint of a server that counts the units of requests.

    It is a separate class for speed. If ObservedEndpoint also counted units, a GetItem would run
    300 more instructions, even on a server that does not count units.
    """

    def answer(self, method: str, query: bytes, fields: Fields, body: bytes) -> Answer:
        """Answer a request to `/`, and report it with the capacity units that it consumed.

        Raises Pending if the answer is made in slices, and no other error.
        """
        consumed = self._consumed
        before = consumed[0]
        began = perf_counter()
        try:
            answer = self._answer(method, query, fields, body)
        except Pending as pending:
            own, units = perf_counter() - began, consumed[0] - before
            raise Pending(self._in_slices(pending.steps, began, own, units, method, query, fields, body)) from None
        raw = (began, perf_counter(), 0.0, method, b"/", query, fields, body, answer, consumed[0] - before)
        if answer[0] < _FIRST_ERROR and len(body) + len(answer[2]) <= SMALL:
            self._ordinary(raw)
        else:
            self._other(raw)
        return answer


def together(observers: list[Observer]) -> Observer:
    """Return one observer that passes each exchange to all given observers."""
    if len(observers) == 1:
        return observers[0]
    if len(observers) == 2:  # noqa: PLR2004 - faster than a loop; pytest's plugin turns on two observers
        (first, first_other), (second, second_other) = observers

        def both(raw: Raw) -> None:
            first(raw)
            second(raw)

        def both_others(raw: Raw) -> None:
            first_other(raw)
            second_other(raw)

        return Observer(both, both_others)

    def ordinary(raw: Raw) -> None:
        for observer in observers:
            observer.ordinary(raw)

    def other(raw: Raw) -> None:
        for observer in observers:
            observer.other(raw)

    return Observer(ordinary, other)
