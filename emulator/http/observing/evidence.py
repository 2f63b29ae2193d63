"""Collects requests as evidence for the advisor (emulator/advisor), and examines them later.

Advising must take at most 3 % of a GetItem. So the observer is `deque.append`, as for the kept
requests: 3,500 of the server's 137,000 instructions (2.6 %), counted with callgrind, or 600 more if
requests are kept anyway. Parsing the bodies and running the rules takes about as long as a GetItem.
It is done in pauses. While requests arrive, it gets 2 % of the time, and 0.4 % if the process is
busy. A ring that is full loses its oldest requests. Then the evidence is not complete.

| what                            | at most                                             |
|---------------------------------|-----------------------------------------------------|
| requests in the ring            | 2,048, with bodies of at most 4 KB in each (14 MB)  |
| larger bodies in the ring       | 16 MB; of an answer of more than 64 KB, only the    |
|                                 | members after its items are kept                    |
| requests of the trail           | 5,000, as JSON of 1 or 2 KB on average; only a      |
|                                 | process with other workers beside it keeps a trail  |

With several workers, the rules must see the requests of all of them in their order. So each worker
keeps a trail, and the control `advice` merges the trails.
"""

import re
from collections import deque
from collections.abc import Mapping
from time import perf_counter, process_time
from typing import Any, Final

import orjson

from emulator.advisor.advisor import Advisor
from emulator.advisor.calls import Call
from emulator.advisor.permissions import Permissions
from emulator.advisor.reading import CUT, WRITING, Find, accesses_of
from emulator.advisor.tables import Description, KnownTables, bare_name
from emulator.app import Emulator
from emulator.database.schema import describe
from emulator.http.front.observed import Exchange, Observer, Raw
from emulator.http.observing import large_bodies
from emulator.http.observing.summary import FIRST_ERROR, caller_of, operation_of, parsed, plain, plain_request
from emulator.slices import Steps

PLACE: Final = b"x-dynamodb-emulator-caller"
"""The header with which the pytest plugin says where a request comes from."""

_RING: Final = 2_048
_TRAIL: Final = 5_000
_LARGE_BYTES: Final = 16 << 20
_LARGEST: Final = 1 << 19  # bytes of a request that is kept whole
_LONG_ANSWER: Final = 1 << 16  # bytes
_SMALL: Final = 4_096  # bytes; the same limit as in http/front/observed.py

_INTERVAL: Final = 0.05  # seconds between two pieces of work
_SATURATED: Final = 0.000_2  # seconds of work in an interval while requests keep the process busy
_BUSY: Final = 0.001  # the same, if the process is idle for at least half of the time
_QUIET: Final = 0.002  # seconds of work at once in a pause

_AFTER_ITEMS: Final = (b'],"Count":', b'],"NextToken":')
_NOT_WHOLE: Final = b""
"""The body of an answer that was cut away, or whose request was cut."""
_CLIENT: Final = re.compile(r"(?:^|; )client=([^;]*)")
_ATTEMPT: Final = re.compile(rb"attempt=(\d{1,4})")
_ATTEMPTED: Final = frozenset(
    ("ConditionalCheckFailedException", "TransactionCanceledException", "ProvisionedThroughputExceededException")
)
_DESCRIBED: Final[Mapping[str, str]] = {
    "CreateTable": "TableDescription",
    "UpdateTable": "TableDescription",
    "DescribeTable": "Table",
}
"""Operations whose answers describe a table -> the member with the description."""


class Evidence:
    """The evidence of one process. complete: whether all requests were examined."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._ring: deque[Raw] = deque(maxlen=_RING)
        self._large = 0  # bytes of large bodies in the ring
        self._newest: Raw | None = None
        self._used = process_time(), perf_counter()  # CPU time and time of the last piece of work
        self._tables = KnownTables(self._describe)
        self.advisor = Advisor(self._tables)
        self.permissions = Permissions(self._tables, emulator.account_of)
        alone = emulator.sharing is None or emulator.sharing.workers == 1
        self._trail: deque[str] | None = None if alone else deque(maxlen=_TRAIL)
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

    def doubt_tables(self) -> None:
        """Note that any table may have been replaced by another one of the same name."""
        self._tables.doubt_all()

    def contribution(self) -> Mapping[str, Any]:
        """Return what this process contributes to the control `advice`.

        Without other workers, it has the advisor itself. With them, it is JSON.
        """
        common = {"Requests": self.advisor.calls, "Complete": self.complete and not self.advisor.tallies.full}
        if self._trail is None:
            return {**common, "Advisor": self.advisor}
        return {**common, "Trail": list(self._trail), "Tables": self._tables.described()}

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
            exchange = exchange._replace(body=request, fields=fields, answer=answer._replace(body=_NOT_WHOLE))
        size = len(exchange.body) + len(exchange.answer.body)
        if size > _SMALL:
            if self._large + size > _LARGE_BYTES:
                self.complete = False
                return
            self._large += size
        self._ring.append(exchange)

    # --- examining --------------------------------------------------------------------------------

    def _examine(self, raw: Raw) -> None:
        exchange = Exchange(*raw)
        size = len(exchange.body) + len(exchange.answer.body)
        if size > _SMALL:
            self._large = max(0, self._large - size)
        if not self._ring:
            self._large = 0  # the ring may have dropped large requests without notice
        operation = operation_of(exchange)
        caller = caller_of(exchange)
        if not caller or not self._emulator.knows(operation):
            return
        call = self._call(exchange, operation, caller["AccessKey"], caller["Region"])
        self.permissions.see(call)
        if self._trail is None:
            self.advisor.see(call)
        else:
            self.advisor.calls += 1
            self._trail.append(call.dump())

    def _call(self, exchange: Exchange, operation: str, access_key: str, region: str) -> Call:
        fields = exchange.fields
        coding = dict(exchange.answer.headers).get(b"content-encoding")
        answer = parsed(plain(exchange.answer.body, coding))
        request = parsed(plain_request(exchange))
        place = fields.get(PLACE, b"").decode("latin-1")
        client = _CLIENT.search(place)
        attempt = _ATTEMPT.search(fields.get(b"amz-sdk-request", b""))
        call = Call(
            time=exchange.ended,
            access_key=access_key,
            region=region,
            operation=operation,
            request=request,
            accesses=[],
            client=client[1] if client else fields.get(b"user-agent", b"").decode("latin-1"),
            place=place.replace(client[0], "") if client else place,
            attempt=int(attempt[1]) if attempt else 1,
            invocation=fields.get(b"amz-sdk-invocation-id", b"").decode("latin-1"),
        )
        if exchange.answer.status >= FIRST_ERROR:
            call.code = str(answer.get("__type", exchange.answer.status)).rpartition("#")[2]
            if call.code not in _ATTEMPTED:
                call.request = _readable(request)
            elif operation in WRITING:
                call.attempted = accesses_of(operation, request, {}, self._finder(call))
        elif exchange.answer.body != _NOT_WHOLE:
            self._learn(call, answer)
            call.accesses = accesses_of(operation, request, answer, self._finder(call), exchange.units)
        return call

    def _finder(self, call: Call) -> Find:
        return lambda name: self._tables.find(call.access_key, call.region, bare_name(name))

    def _learn(self, call: Call, answer: Mapping[str, Any]) -> None:
        """Learn about tables from an answer."""
        caller = call.access_key, call.region
        if call.operation in _DESCRIBED:
            self._tables.learn(*caller, answer[_DESCRIBED[call.operation]])
        elif call.operation == "UpdateTimeToLive":
            setting = call.request["TimeToLiveSpecification"]
            attribute = setting["AttributeName"] if setting["Enabled"] else ""
            self._tables.set_ttl(*caller, bare_name(call.request["TableName"]), attribute)
        elif call.operation == "DeleteTable":
            self._tables.doubt(*caller, bare_name(call.request["TableName"]))

    def _describe(self, access_key: str, region: str, name: str) -> Description | None:
        """Describe a table that exists now."""
        table = self._emulator.caller(access_key, region).tables.get(name)
        if table is None:
            return None
        definition = table.definition
        described = describe.described(definition, [(0, 0)] * (len(definition.every_index) + 1), definition.created)
        return {**described, "TimeToLiveAttribute": definition.ttl_attribute or ""}


def _readable(request: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the texts and the names of tables in a request that was refused.

    Its other members may have any structure, and be nested more deeply than JSON can be written.
    """
    texts = {name: value for name, value in request.items() if isinstance(value, str)}
    items = request.get("RequestItems")
    return {**texts, "RequestItems": {name: {} for name in items}} if isinstance(items, dict) else texts


def _cut(body: bytes) -> bytes:
    """Return a large answer without its items, with their number of bytes.

    An answer without items is returned whole if it is not too large; else return _NOT_WHOLE.
    """
    for after_items in _AFTER_ITEMS:
        # No value of an attribute ends with these bytes: values are objects.
        position = body.rfind(after_items)
        if position >= 0:
            return b'{"%b":%d,%b' % (CUT.encode(), position, body[position + 2 :])
    return body if len(body) <= _LARGEST else _NOT_WHOLE
