"""Keeps the last thousand requests of this process with their bodies.

Keeping a request may take at most 3 % of the work of a GetItem. So the observer is `deque.append`,
which keeps the raw exchange, and a summary is made only when a user wants to see the request.
Over HTTP, keeping a GetItem takes 1.9 % of the instructions of the whole server: 2,700 of 137,000,
counted with callgrind and real sockets.

Two kinds of requests get their summary immediately. For a failed request, the reason could not be
found later, because the missing table or a higher limit may exist by then. For a large request, the
summary must remain when its bodies are dropped.

The bodies of all processes together have at most BUDGET bytes. Each process has an equal share. Up
to half of the share is for small requests. `deque.append` does not count their bytes, so their
number is limited: a server with many workers keeps fewer requests in each worker. The rest of the
share is for large bodies. If new large bodies need more room, the oldest ones are dropped.
"""

from collections import deque
from collections.abc import Iterator
from typing import Any, Final

from emulator.http.front.observed import SMALL, Exchange, Observer, Raw
from emulator.http.observing.summary import Explain, Summary, plain, plain_request, summary_of
from emulator.http.observing.waits import Waits, with_wait

MOST: Final = 1000
BUDGET: Final = 16 << 20  # the maximum number of bytes of all kept bodies, in all processes together
_OWN_CALLS: Final = b"/_emulator/"


Bodies = tuple[bytes, bytes]
"""The bodies of a request and of its answer, as they were sent."""


class _SummedUp:
    """A kept exchange with its summary. `exchange` has no bodies; they are in `bodies`.

    bodies: None after they were dropped to make room.
    """

    __slots__ = ("bodies", "exchange", "summary")

    def __init__(self, exchange: Exchange, summary: Summary, bodies: Bodies | None) -> None:
        self.exchange = exchange
        self.summary = summary
        self.bodies = bodies

    @property
    def size(self) -> int:
        return 0 if self.bodies is None else sum(map(len, self.bodies))


class KeptRequests:
    """The last requests of one process, in the order in which they ended.

    share: the maximum number of bytes that the bodies of these requests may have together.

    Calls of controls (paths under `/_emulator/`) are not kept. Otherwise a program that polls the
    list of kept requests would fill it with its own calls.
    """

    def __init__(self, explain: Explain, share: int = BUDGET) -> None:
        self._explain = explain
        most = min(MOST, share // 2 // SMALL)
        self._kept: deque[Raw | _SummedUp] = deque(maxlen=most)
        self._room = share - most * SMALL  # bytes for large bodies
        self._large: deque[_SummedUp] = deque()  # the requests whose bodies count against _room
        self._taken = 0
        self.observer = Observer(ordinary=self._kept.append, other=self._sum_up)

    def _sum_up(self, raw: Raw) -> None:
        """Keep an exchange with its summary. Keep its bodies until newer bodies need the room."""
        exchange = Exchange(*raw)
        if exchange.path.startswith(_OWN_CALLS):
            return
        summary = summary_of(exchange, self._explain)
        small = exchange._replace(body=b"", answer=exchange.answer._replace(body=b""))
        kept = _SummedUp(small, summary, (bytes(exchange.body), bytes(exchange.answer.body)))
        self._kept.append(kept)
        self._make_room(kept)

    def _make_room(self, kept: _SummedUp) -> None:
        """Add the size of a new request's bodies to `_taken`, and make room for them.

        Drop the oldest bodies until `_taken` is at most `_room`. Also drop the bodies of requests
        that are no longer in `_kept`.
        """
        oldest = self._kept[0]
        since = oldest.exchange.ended if isinstance(oldest, _SummedUp) else oldest[1]
        self._large.append(kept)
        self._taken += kept.size
        while self._taken > self._room or self._large[0].exchange.ended < since:
            dropped = self._large.popleft()
            self._taken -= dropped.size
            dropped.bodies = None
            if not self._large:
                break

    def summaries(self) -> list[tuple[Exchange, Summary]]:
        """Return the kept exchanges with their summaries, in the order in which they ended."""
        return [(exchange, summary) for exchange, summary, _ in self.whole()]

    def whole(self) -> Iterator[tuple[Exchange, Summary, Bodies | None]]:
        """Yield the kept exchanges with summaries and bodies, in the order in which they ended."""
        waits = Waits()
        for each in tuple(self._kept):
            if isinstance(each, _SummedUp):
                exchange, summary, bodies = each.exchange, each.summary, each.bodies
            else:
                exchange = Exchange(*each)
                summary, bodies = summary_of(exchange, self._explain), (exchange.body, exchange.answer.body)
            reason = with_wait(summary.get("Reason"), waits.explain(exchange))
            yield exchange, summary if reason is None else {**summary, "Reason": reason}, bodies


def whole_of(exchange: Exchange, bodies: Bodies | None) -> dict[str, Any]:
    """Return members that a summary does not have: method, path, target and the bodies as texts.

    The texts are None if the bodies are not kept.
    """
    found: dict[str, Any] = {
        "Method": exchange.method,
        "Path": exchange.path.decode("latin-1"),
        "Target": exchange.fields.get(b"x-amz-target", b"").decode("latin-1"),
        "Request": None,
        "Answer": None,
    }
    if bodies is not None:
        head = dict(exchange.answer.headers)
        found["Request"] = plain_request(exchange._replace(body=bodies[0])).decode("utf-8", "replace")
        found["Answer"] = plain(bodies[1], head.get(b"content-encoding")).decode("utf-8", "replace")
    return found
