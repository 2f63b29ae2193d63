"""Writes that belong together and are sent one by one.

This rule finds two writes of one client, one soon after the other, in two cases. A transfer: one
update subtracts a number from an item, and the other update adds the same number to another item. A
counter: a put stores a new item, and then an update changes a counter in another item, to which the
new item refers.

If the program fails between the two writes, only the first one is done: money is gone, or a count
is wrong. TransactWriteItems does both or none. It costs twice the units of the two writes.
"""

from dataclasses import dataclass
from itertools import islice
from typing import Final

from emulator.advisor.calls import Access, Call, text_of
from emulator.advisor.recent import Recent
from emulator.advisor.rule import Confidence, Noting, Rule, Verdict, counted
from emulator.advisor.tally import Note, Tally

_SECONDS: Final = 1.0  # the maximum time between the two writes
_MOST: Final = 500  # the maximum number of clients whose last write is remembered
_TRANSFERS: Final = 2
_COUNTERS: Final = 3
_VALUES: Final = 20  # the maximum number of remembered values of a request or an item
_LONGEST: Final = 100  # the maximum number of characters of a remembered text of an item
_SINGLE: Final = frozenset(("PutItem", "UpdateItem"))


@dataclass(frozen=True, slots=True)
class _Write:
    """A put or update, and what the rule compares with the client's next write.

    computed: True if the write computes a value from the old value.
    kinds: the kinds of changes that the write makes, such as "add".
    numbers: the N values in the request, without signs.
    texts: the short S, N and B values of the item that a put stores.
    read, write: the units that the write consumes.
    """

    time: float
    table: str
    key: str
    partition: str
    computed: bool
    kinds: frozenset[str]
    numbers: frozenset[str]
    texts: frozenset[str]
    read: float
    write: float

    @classmethod
    def of(cls, call: Call, access: Access) -> "_Write":
        values = call.request.get("ExpressionAttributeValues") or {}
        numbers = [value["N"].removeprefix("-") for value in islice(values.values(), _VALUES) if "N" in value]
        texts = [] if access.item is None else map(text_of, islice(access.item.values(), _VALUES))
        return cls(
            call.time,
            access.table,
            access.key,
            access.partition,
            bool(access.computed),
            frozenset(access.changes.values()),
            frozenset(numbers),
            frozenset(text for text in texts if len(text) <= _LONGEST),
            access.read,
            access.write,
        )


class _Watcher(Noting):
    def __init__(self, note: Note) -> None:
        super().__init__(note)
        self._last: Recent[tuple[str, str, str], _Write] = Recent(_MOST)

    def see(self, call: Call) -> None:
        client = call.access_key, call.region, call.client
        before = self._last.pop(client, None)
        if call.operation not in _SINGLE or not call.accesses:
            return
        [access] = call.accesses
        write = _Write.of(call, access)
        kind = "" if before is None else _kind(before, write)
        if before is None or not kind:
            self._last.keep(client, write)
            return
        tally = self.note(call, access, detail=kind)
        tally.read += before.read
        tally.write += before.write
        tally.count_names([before.table])


def _kind(before: _Write, after: _Write) -> str:
    """Return the kind of a pair of writes: "transfer", "counter", or "" if it is of neither kind.

    transfer: one write subtracts a number in an item, and the other adds it in another item.
    counter: the first write puts an item. The second write computes a value in another item, whose
    partition key is one of the values in the first item.
    """
    same = (before.table, before.key) == (after.table, after.key)
    if same or not after.computed or after.time - before.time > _SECONDS:
        return ""
    if before.computed:
        opposite = before.kinds | after.kinds >= {"add", "subtract"}
        return "transfer" if opposite and before.numbers & after.numbers else ""
    return "counter" if after.partition in before.texts and before.partition != after.partition else ""


def _judge(tally: Tally) -> Verdict | None:
    transfer = tally.subject.detail == "transfer"
    if tally.count < (_TRANSFERS if transfer else _COUNTERS):
        return None
    what = "moved a number from one item to another" if transfer else "put an item and then updated a counter for it"
    evidence = (f"{counted(tally.count, 'pair')} of writes {what}, one after the other.",)
    advice = "Send both writes in one TransactWriteItems, so that both or none of them are done."
    return Verdict(Confidence.likely if transfer else Confidence.possible, evidence, advice)


RULE: Final = Rule(
    "missing-transactions",
    "Writes that belong together are sent one by one",
    "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html",
    _Watcher,
    _judge,
)
