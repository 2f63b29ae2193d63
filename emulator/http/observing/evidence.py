"""Collects requests as evidence for the advisor (emulator/advisor), and examines them later.

Advising must take at most 3 % of a GetItem. So the observer is `deque.append`, as for the kept
requests: 3,500 of the server's 137,000 instructions (2.6 %), counted with callgrind, or 600 more if
requests are kept anyway. Parsing the bodies and running the rules takes about as long as a GetItem.
It is done in pauses. While requests arrive, it gets 2 % of the time, and 0.4 % if the process is
busy. A ring that is full loses its oldest requests. Then the evidence is not complete.

The exact units of a request would need the counters of the tables (database/throughput/usage.py):
15,600 instructions more, or 11 % of a GetItem. So units are estimated while nobody counts them.

| what                            | at most                                             |
|---------------------------------|-----------------------------------------------------|
| requests in the ring            | 2,048, with bodies of at most 4 KB in each (14 MB)  |
| larger bodies in the ring       | 16 MB; of an answer of more than 64 KB, only 8 KB   |
|                                 | of its items and the members after them are kept    |

`examining.py` does the examination.
"""

from collections import deque
from collections.abc import Mapping
from functools import cached_property
from time import perf_counter, process_time
from typing import TYPE_CHECKING, Any, Final

import orjson

from emulator.app import Emulator
from emulator.http.front.observed import Exchange, Observer, Raw
from emulator.http.observing import large_bodies
from emulator.http.observing.summary import plain_request
from emulator.slices import Steps

if TYPE_CHECKING:
    from emulator.advisor.permissions import Permissions
    from emulator.http.observing.examining import Examiner

_RING: Final = 2_048
_LARGE_BYTES: Final = 16 << 20
_LARGEST: Final = 1 << 19  # bytes of a request that is kept whole
_LONG_ANSWER: Final = 1 << 16  # bytes
_SMALL: Final = 4_096  # bytes; the same limit as in http/front/observed.py

_INTERVAL: Final = 0.05  # seconds between two pieces of work
_SATURATED: Final = 0.000_2  # seconds of work in an interval while requests keep the process busy
_BUSY: Final = 0.001  # the same, if the process is idle for at least half of the time
_QUIET: Final = 0.002  # seconds of work at once in a pause

_SAMPLED: Final = 1 << 13  # bytes of the items that are kept of a large answer
_TRIES: Final = 8  # ends of items that are tried
_BEFORE_ITEMS: Final = b'{"Items":['
_LONGEST_NAME: Final = 300  # bytes of the name of an attribute
_AFTER_ITEMS: Final = (b'],"Count":', b'],"NextToken":')


class Evidence:
    """The evidence of one process. complete: whether all requests were examined."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._ring: deque[Raw] = deque(maxlen=_RING)
        self._large = 0  # bytes of large bodies in the ring
        self._newest: Raw | None = None
        self._used = process_time(), perf_counter()  # CPU time and time of the last piece of work
        self.complete = True
        self.observer = Observer(self._ring.append, self._append_other)

    def digest(self) -> float:
        """Do a piece of the work; return in how many seconds the next one is due."""
        ring = self._ring
        if not ring:
            return _INTERVAL
        if len(ring) == _RING:
            self.complete = False  # requests may have been lost
        busy = ring[-1] is not self._newest
        self._newest = ring[-1]
        end = perf_counter() + (self._share() if busy else _QUIET)
        while ring and perf_counter() < end:
            self._examine(ring.popleft())
        return _INTERVAL if busy or not ring else 0.0

    def _share(self) -> float:
        """Return the seconds of work that this process has for evidence now."""
        before = self._used
        self._used = process_time(), perf_counter()
        used, passed = self._used[0] - before[0], self._used[1] - before[1]
        return _SATURATED if used * 2 > passed else _BUSY

    def digest_all(self) -> Steps[None]:
        """Examine all requests that have been answered so far."""
        if len(self._ring) == _RING:
            self.complete = False
        for _ in range(len(self._ring)):
            if not self._ring:
                return
            self._examine(self._ring.popleft())
            yield None

    @cached_property
    def examiner(self) -> "Examiner":
        """Examines the exchanges. The first use loads all rules."""
        from emulator.http.observing.examining import Examiner  # noqa: PLC0415 - start-up time

        return Examiner(self._emulator)

    @property
    def permissions(self) -> "Permissions":
        """The permissions that requests needed."""
        return self.examiner.permissions

    def doubt_tables(self) -> None:
        """Note that any table may have been replaced by another one of the same name."""
        self.examiner.doubt_tables()

    def contribution(self) -> Mapping[str, Any]:
        """Return what this process contributes to the control `advice`."""
        return self.examiner.contribution(complete=self.complete)

    def _examine(self, raw: Raw) -> None:
        exchange = Exchange(*raw)
        size = len(exchange.body) + len(exchange.answer.body)
        if size > _SMALL:
            self._large = max(0, self._large - size)
        if not self._ring:
            self._large = 0  # the ring may have dropped large requests without notice
        self.examiner.see(exchange)

    # --- collecting -------------------------------------------------------------------------------

    def _append_other(self, raw: Raw) -> None:
        """Keep a request with an error or with large bodies. Cut large bodies."""
        exchange = Exchange(*raw)
        if exchange.path != b"/" or exchange.method != "POST":
            return
        answer = exchange.answer
        if len(answer.body) > _LONG_ANSWER:
            exchange = exchange._replace(answer=answer._replace(body=_cut(answer.body)))
        if len(exchange.body) > _LARGEST:
            request = orjson.dumps(large_bodies.request_facts(plain_request(exchange)))
            fields = {name: value for name, value in exchange.fields.items() if name != b"content-encoding"}
            exchange = exchange._replace(
                body=request, fields=fields, answer=answer._replace(body=large_bodies.NOT_WHOLE)
            )
        size = len(exchange.body) + len(exchange.answer.body)
        if size > _SMALL:
            if self._large + size > _LARGE_BYTES:
                self.complete = False
                return
            self._large += size
        self._ring.append(exchange)


def _cut(body: bytes) -> bytes:
    """Return a large answer with only its first items, and with the number of bytes of all items.

    Return an answer without items unchanged, unless it is too large too.
    """
    from emulator.advisor.pages import CUT  # noqa: PLC0415 - start-up time

    for after_items in _AFTER_ITEMS:
        # No value of an attribute ends with these bytes: values are objects.
        position = body.rfind(after_items)
        if position >= 0:
            return b'{"%b":%d,%b%b' % (CUT.encode(), position, _sample(body, position), body[position + 2 :])
    return body if len(body) <= _LARGEST else large_bodies.NOT_WHOLE


def _sample(body: bytes, end: int) -> bytes:
    """Return the members with the first items of an answer, b"" if the items are too large.

    end: the end of all items. Items are split where one begins with the same attribute as the first
    item. Such a text may also be inside of an item. Then the text before it is no JSON.
    """
    from emulator.advisor.pages import SAMPLE, SAMPLE_BYTES  # noqa: PLC0415 - start-up time

    if not body.startswith(_BEFORE_ITEMS):
        return b""
    start = len(_BEFORE_ITEMS)
    next_item = b"}}," + body[start : body.find(b":", start, start + _LONGEST_NAME)]
    stop = body.rfind(next_item, start, start + _SAMPLED)
    if stop < 0:
        stop = body.find(next_item, start + _SAMPLED, min(end, _LONG_ANSWER))
    for _ in range(_TRIES):
        if stop < 0:
            break
        items = body[start : stop + 2]
        try:
            orjson.loads(b"[%b]" % items)
        except orjson.JSONDecodeError:
            stop = body.rfind(next_item, start, stop)
        else:
            return b'"%b":[%b],"%b":%d,' % (SAMPLE.encode(), items, SAMPLE_BYTES.encode(), len(items))
    return b""
