"""Keeps the last thousand requests of this process, large ones without their bodies.

Keeping a request must take at most 3 % of a GetItem. Over HTTP, it takes 1.9 % of the instructions
of the whole server: 2,700 of 137,000, counted with callgrind and real sockets. So the observer is
`deque.append`, which keeps the raw exchange. Its summary is made when a user asks for it.

Two kinds of summaries are made at once. For a failed request, the reason could no longer be found
later: a table may be created, a limit may be raised. A large body would take too much memory.
"""

from collections import deque
from typing import Final, NamedTuple

from emulator.http.front.observed import Exchange, Observer, Raw
from emulator.http.observing.summary import Explain, Summary, summary_of
from emulator.http.observing.waits import Waits, with_wait

MOST: Final = 1000
_OWN_CALLS: Final = b"/_emulator/"


class _SummedUp(NamedTuple):
    """The summary of an exchange, and the exchange without its bodies."""

    exchange: Exchange
    summary: Summary


class KeptRequests:
    """The last requests of one process, in the order in which they ended.

    Calls under `/_emulator/` are not kept. Otherwise a program that polls this list would fill it
    with its own calls.
    """

    def __init__(self, explain: Explain) -> None:
        self._explain = explain
        self._kept: deque[Raw | _SummedUp] = deque(maxlen=MOST)
        self.observer = Observer(ordinary=self._kept.append, other=self._sum_up)

    def _sum_up(self, raw: Raw) -> None:
        """Keep the summary of an exchange instead of its bodies."""
        exchange = Exchange(*raw)
        if not exchange.path.startswith(_OWN_CALLS):
            summary = summary_of(exchange, self._explain)
            small = exchange._replace(body=b"", answer=exchange.answer._replace(body=b""))
            self._kept.append(_SummedUp(small, summary))

    def summaries(self) -> list[tuple[Exchange, Summary]]:
        """Return the kept exchanges with their summaries, in the order in which they ended."""
        waits = Waits()
        found = []
        for each in self._kept:
            exchange, summary = each if isinstance(each, _SummedUp) else self._summed_up(Exchange(*each))
            reason = with_wait(summary.get("Reason"), waits.explain(exchange))
            found.append((exchange, summary if reason is None else {**summary, "Reason": reason}))
        return found

    def _summed_up(self, exchange: Exchange) -> _SummedUp:
        return _SummedUp(exchange, summary_of(exchange, self._explain))
