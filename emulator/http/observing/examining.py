"""Examines exchanges for the advisor: turns each exchange into a call and passes it to the rules.

With several workers, the rules must see the requests of all workers in the order of time. So each
worker only keeps a list of its calls (the trail), and the control `advice` merges these lists.

This module imports all rules, which takes 25 ms. So the server imports it when it examines the
first request, and not at its start.
"""

import re
from collections import deque
from collections.abc import Mapping
from typing import Any, Final

from emulator.advisor.advisor import Advisor
from emulator.advisor.calls import Call
from emulator.advisor.permissions import Permissions
from emulator.advisor.reading import WRITING, Find, accesses_of
from emulator.advisor.tables import Description, KnownTables, bare_name
from emulator.app import Emulator
from emulator.database.items.counts import counts
from emulator.database.schema import describe
from emulator.http.front.observed import Exchange
from emulator.http.observing.large_bodies import NOT_WHOLE
from emulator.http.observing.summary import FIRST_ERROR, caller_of, operation_of, parsed, plain, plain_request

PLACE: Final = b"x-dynamodb-emulator-caller"
"""The header in which the pytest plugin sends the caller of a request: file, line and client."""

_TRAIL: Final = 5_000  # the maximum number of calls in the trail of a worker; a call usually has 1 or 2 KB
_LONGEST: Final = 300  # only this many characters of a header with the name PLACE are used

_PLACE: Final = re.compile(r"[^;]*[^;:]:[0-9]{1,9}(; .*)?", re.DOTALL)
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


class Examiner:
    """The advisor of one process, and the IAM permissions that the requests needed."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._tables = KnownTables(self._describe, self._count)
        self.advisor = Advisor(self._tables)
        self.permissions = Permissions(self._tables, emulator.account_of)
        alone = emulator.sharing is None or emulator.sharing.workers == 1
        self._trail: deque[str] | None = None if alone else deque(maxlen=_TRAIL)

    def see(self, exchange: Exchange) -> None:
        """Examine an exchange, if it is a request for a known operation with credentials."""
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

    def describe_tables_again(self) -> None:
        """Make the advisor read the definition of each known table again at the table's next use.

        A table may have been replaced by a new table of the same name.
        """
        self._tables.describe_all_again()

    def contribution(self, *, complete: bool) -> Mapping[str, Any]:
        """Return this process's data for the control `advice`.

        If there are other workers, the data contain the trail (this process's last calls), and can
        be sent as JSON. If there are none, the data contain the `Advisor` object.
        """
        common = {"Requests": self.advisor.calls, "Complete": complete and not self.advisor.tallies.full}
        if self._trail is None:
            return {**common, "Advisor": self.advisor}
        return {**common, "Trail": list(self._trail), "Tables": self._tables.described()}

    def _call(self, exchange: Exchange, operation: str, access_key: str, region: str) -> Call:
        fields = exchange.fields
        coding = dict(exchange.answer.headers).get(b"content-encoding")
        answer = parsed(plain(exchange.answer.body, coding))
        request = parsed(plain_request(exchange))
        place = fields.get(PLACE, b"")[:_LONGEST].decode("latin-1")
        client = _CLIENT.search(place)
        program = place.replace(client[0], "") if client else place
        attempt = _ATTEMPT.search(fields.get(b"amz-sdk-request", b""))
        call = Call(
            time=exchange.ended,
            access_key=access_key,
            region=region,
            operation=operation,
            request=request,
            accesses=[],
            client=client[1] if client else fields.get(b"user-agent", b"").decode("latin-1"),
            place=program if _PLACE.fullmatch(program) else "",  # checked, because a client may send any text
            attempt=int(attempt[1]) if attempt else 1,
            invocation=fields.get(b"amz-sdk-invocation-id", b"").decode("latin-1"),
        )
        if exchange.answer.status >= FIRST_ERROR:
            call.code = str(answer.get("__type", exchange.answer.status)).rpartition("#")[2]
            if call.code not in _ATTEMPTED:
                call.request = _readable(request)
            elif operation in WRITING:
                call.attempted = accesses_of(operation, request, {}, self._finder(call))
        elif exchange.answer.body != NOT_WHOLE:
            self._learn(call, answer)
            call.accesses = accesses_of(operation, request, answer, self._finder(call), exchange.units)
        return call

    def _finder(self, call: Call) -> Find:
        return lambda name: self._tables.find(call.access_key, call.region, bare_name(name))

    def _learn(self, call: Call, answer: Mapping[str, Any]) -> None:
        """Update the known facts about tables from an answer that describes or deletes a table."""
        caller = call.access_key, call.region
        if call.operation in _DESCRIBED:
            self._tables.learn(*caller, answer[_DESCRIBED[call.operation]])
        elif call.operation == "UpdateTimeToLive":
            setting = call.request["TimeToLiveSpecification"]
            attribute = setting["AttributeName"] if setting["Enabled"] else ""
            self._tables.set_ttl(*caller, bare_name(call.request["TableName"]), attribute)
        elif call.operation == "DeleteTable":
            self._tables.describe_again(*caller, bare_name(call.request["TableName"]))

    def _describe(self, access_key: str, region: str, name: str) -> Description | None:
        """Return the description of a table, or None if it does not exist now."""
        table = self._emulator.caller(access_key, region).tables.get(name)
        if table is None:
            return None
        definition = table.definition
        described = describe.described(definition, [(0, 0)] * (len(definition.every_index) + 1), definition.created)
        return {**described, "TimeToLiveAttribute": definition.ttl_attribute or ""}

    def _count(self, access_key: str, region: str, name: str, index: str) -> tuple[int, int] | None:
        """Return the number of items in a table or index, and their total size in bytes.

        Return None if the table or index does not exist now. index: "" means the table itself.
        """
        table = self._emulator.caller(access_key, region).tables.get(name)
        if table is None:
            return None
        with self._emulator.database.read() as txn:
            figures = counts(txn, table)
        names = ("", *(each.name for each in table.indexes))
        return dict(zip(names, figures, strict=False)).get(index)


def _readable(request: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return only the texts and the table names of a request that was refused.

    Other members of the request may have any structure. They may even be nested too deeply to be
    written as JSON.
    """
    texts = {name: value for name, value in request.items() if isinstance(value, str)}
    items = request.get("RequestItems")
    return {**texts, "RequestItems": {name: {} for name in items}} if isinstance(items, dict) else texts
