"""Collects requests as evidence for the advisor (emulator/advisor), and examines them later.

Collecting may take at most 3 % of the work of a GetItem. So the observer is `deque.append`: it only
appends each request to a ring, a deque of limited length. The server executes 137,000 instructions
for a GetItem, counted with callgrind. Collecting takes 3,500 of them (2.6 %). If the server keeps
requests anyway (kept.py), the ring takes only 600 more instructions.

Examining a request (parsing its bodies and running the rules) takes about as long as a GetItem. So
`digest` does most of this work in pauses, when no new requests arrive. While requests arrive, it
works for at most 2 % of the time, or 0.4 % if the process is busy for more than half of the time. A
full ring drops its oldest requests. Then the evidence is not complete.

To know the exact capacity units of a request, the server would have to count the units of tables
(database/throughput/usage.py). This takes 15,600 more instructions, or 11 % of a GetItem. So the
advisor estimates the units, unless the server counts them anyway, for example for --metrics.

| what                            | at most                                             |
|---------------------------------|-----------------------------------------------------|
| requests in the ring            | 2,048, each with at most 4 KB of bodies (14 MB)     |
| larger bodies in the ring       | 16 MB. Of an answer of more than 64 KB, the ring    |
|                                 | has only the first 8 KB of the items, and the       |
|                                 | members after the items                             |

The class in `examining.py` examines the requests.
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
# In bytes. Larger requests are not kept whole, and neither are larger answers without items.
_LARGEST: Final = 1 << 19
_LONG_ANSWER: Final = 1 << 16  # bytes; a longer answer is cut
_SMALL: Final = 4_096  # bytes; must be equal to SMALL in http/front/observed.py

_INTERVAL: Final = 0.05  # seconds between two calls of `digest`
_SATURATED: Final = 0.000_2  # seconds of work in a call of `digest`, if the process is busy more than half of the time
_BUSY: Final = 0.001  # seconds of work in a call of `digest`, if requests arrive, but the process is less busy
_QUIET: Final = 0.002  # seconds of work in a call of `digest`, if no requests arrive

_SAMPLED: Final = 1 << 13  # of the items of a long answer, about this many bytes are kept
_TRIES: Final = 8  # the maximum number of attempts of `_sample` to find the end of an item
_BEFORE_ITEMS: Final = b'{"Items":['
_LONGEST_NAME: Final = 300  # bytes in which `_sample` looks for the colon after a name
_AFTER_ITEMS: Final = (b'],"Count":', b'],"NextToken":')


class Evidence:
    """The evidence of one process: answered requests that wait for examination by the advisor.

    complete: False if requests were dropped, or may have been dropped, before they were examined.
    """

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._ring: deque[Raw] = deque(maxlen=_RING)
        self._large = 0  # total bytes of the requests in the ring that have more than _SMALL bytes each
        self._newest: Raw | None = None
        self._used = process_time(), perf_counter()  # CPU time and clock time at the last call of `_share`
        self.complete = True
        self.observer = Observer(self._ring.append, self._append_other)

    def digest(self) -> float:
        """Examine the oldest requests of the ring for a limited time.

        Return the number of seconds until the next call of `digest`.
        """
        ring = self._ring
        if not ring:
            return _INTERVAL
        if len(ring) == _RING:
            self.complete = False  # a full ring may have dropped requests
        busy = ring[-1] is not self._newest
        self._newest = ring[-1]
        end = perf_counter() + (self._share() if busy else _QUIET)
        while ring and perf_counter() < end:
            self._examine(ring.popleft())
        return _INTERVAL if busy or not ring else 0.0

    def _share(self) -> float:
        """Return the number of seconds that one call of `digest` may work while requests arrive."""
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
        """The object that examines the exchanges. Its first use imports the advisor's rules."""
        from emulator.http.observing.examining import Examiner  # noqa: PLC0415 - keeps the start fast

        return Examiner(self._emulator)

    @property
    def permissions(self) -> "Permissions":
        """The IAM permissions that the examined requests needed."""
        return self.examiner.permissions

    def describe_tables_again(self) -> None:
        """Make the advisor read the definition of each known table again at the table's next use.

        A table may have been replaced by a new table of the same name.
        """
        self.examiner.describe_tables_again()

    def contribution(self) -> Mapping[str, Any]:
        """Return this process's data for the control `advice`: see `Examiner.contribution`."""
        return self.examiner.contribution(complete=self.complete)

    def _examine(self, raw: Raw) -> None:
        exchange = Exchange(*raw)
        size = len(exchange.body) + len(exchange.answer.body)
        if size > _SMALL:
            self._large = max(0, self._large - size)
        if not self._ring:
            # An empty ring holds 0 bytes of large requests. `_large` may be greater, because a full
            # ring drops requests without subtracting their bytes.
            self._large = 0
        self.examiner.see(exchange)

    # --- collecting -------------------------------------------------------------------------------

    def _append_other(self, raw: Raw) -> None:
        """Add a request that failed, or that has large bodies, to the ring. Cut large bodies."""
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
    """Return a long answer with only its first items, and with the number of bytes of all items.

    If the answer has no items, return the whole answer, or NOT_WHOLE if it is too large.
    """
    from emulator.advisor.pages import CUT  # noqa: PLC0415 - keeps the start fast

    for after_items in _AFTER_ITEMS:
        # The bytes `after_items` cannot be inside an item, because the `]` of a list in an item is
        # always followed by `}`.
        position = body.rfind(after_items)
        if position >= 0:
            return b'{"%b":%d,%b%b' % (CUT.encode(), position, _sample(body, position), body[position + 2 :])
    return body if len(body) <= _LARGEST else large_bodies.NOT_WHOLE


def _sample(body: bytes, end: int) -> bytes:
    """Return JSON text with the first items of an answer, and the size of these items in bytes.

    The text has two members of a JSON object, SAMPLE and SAMPLE_BYTES. It is b"" if the first item
    is too large.

    body: the answer. end: the position in `body` at which the items end.

    The function cuts `body` where another item seems to begin: where `}},{` is followed by the
    name of the first item's first attribute. If this position is inside an item, the items before
    the position are not valid JSON. Then the function tries an earlier position.
    """
    from emulator.advisor.pages import SAMPLE, SAMPLE_BYTES  # noqa: PLC0415 - keeps the start fast

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
