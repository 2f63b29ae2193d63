"""Writes that belong together and are sent one by one.

It finds two updates in a row by one client, of which the first takes a number from one item and the
second adds the same number to another one; and a put followed by an update of a counter in an item
to which the new item refers.

If the program fails between the two, only one of them is done: money is gone, or a count is wrong.
TransactWriteItems does both or none. It costs twice the units of the two writes.
"""

from collections.abc import Mapping
from typing import Any, Final

from emulator.advisor.calls import Access, Call, text_of
from emulator.advisor.recent import Recent
from emulator.advisor.rule import Confidence, Noting, Rule, Verdict, counted
from emulator.advisor.tally import Note, Tally

_SECONDS: Final = 1.0  # between the two writes
_MOST: Final = 500  # clients that are remembered
_TRANSFERS: Final = 2
_COUNTERS: Final = 3
_SINGLE: Final = frozenset(("PutItem", "UpdateItem"))


class _Watcher(Noting):
    def __init__(self, note: Note) -> None:
        super().__init__(note)
        self._last: Recent[tuple[str, str, str], tuple[Call, Access]] = Recent(_MOST)

    def see(self, call: Call) -> None:
        client = call.access_key, call.region, call.client
        if call.operation not in _SINGLE or not call.accesses:
            self._last.pop(client, None)
            return
        [access] = call.accesses
        before = self._last.pop(client, None)
        if before is not None and call.time - before[0].time <= _SECONDS:
            kind = _kind(before, (call, access))
            if kind:
                tally = self.note(call, access, detail=kind)
                tally.read += before[1].read
                tally.write += before[1].write
                tally.count_names([before[1].table])
                return
        self._last.keep(client, (call, access))


def _kind(first: tuple[Call, Access], second: tuple[Call, Access]) -> str:
    """Return what two writes are together: a transfer, a counter, or "" for nothing."""
    (one, before), (two, after) = first, second
    if (before.table, before.key) == (after.table, after.key) or not after.computed:
        return ""
    if before.computed:
        opposite = {*before.changes.values(), *after.changes.values()} >= {"add", "subtract"}
        return "transfer" if opposite and _numbers(one.request) & _numbers(two.request) else ""
    refers = before.item is not None and after.partition in map(text_of, before.item.values())
    return "counter" if refers and before.partition != after.partition else ""


def _numbers(request: Mapping[str, Any]) -> set[str]:
    """Return the numbers among the values of an update, without their signs."""
    values = request.get("ExpressionAttributeValues") or {}
    return {value["N"].removeprefix("-") for value in values.values() if "N" in value}


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
