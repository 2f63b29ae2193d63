"""A GetItem for each item of a list, from the same table.

This rule finds a Query or Scan that is followed by a GetItem for each of its items, one after
another. Often the list comes from an index that lacks attributes.

Each GetItem costs at least half a unit and a round trip. So a list of 50 items takes 51 round trips
instead of one. Let the index project the attributes that the list needs. If that is not possible,
use BatchGetItem, which reads up to 100 items in one request.
"""

from dataclasses import replace
from typing import Final

from emulator.advisor.calls import Access, Call
from emulator.advisor.recent import Recent
from emulator.advisor.rule import Confidence, Noting, Rule, Verdict, cost, counted
from emulator.advisor.tally import Note, Tally

_MANY: Final = 5  # a finding needs at least this many GetItems for the items of one answer
_SURE: Final = 3  # a finding is `certain` if the items of at least this many lists were read one by one
_MOST: Final = 500  # the maximum number of answers whose GetItems are remembered
_ONE_BY_ONE: Final = frozenset(("GetItem", "ExecuteStatement"))

_Loop = dict[str, tuple[Call, Access]]
"""The key of an item -> the call and the access that read the item."""


class _Watcher(Noting):
    def __init__(self, note: Note) -> None:
        super().__init__(note)
        self._loops: Recent[tuple[str, str, int], _Loop] = Recent(_MOST)

    def see(self, call: Call) -> None:
        if call.operation not in _ONE_BY_ONE:
            return
        for access in call.accesses:
            if access.origin is None or access.origin.table != access.table:
                continue
            which = call.client, call.place, access.origin.items
            loop = self._loops.get(which)
            if loop is None:
                loop = {}
                self._loops.keep(which, loop)
            if access.key in loop:
                continue
            if len(loop) == _MANY:
                self.note(call, access)
                continue
            loop[access.key] = _without_items(call, access)
            if len(loop) == _MANY:
                for each in loop.values():
                    self.note(*each)
                self.note(call, access, costs=False).figures["lists"] += 1


def _without_items(call: Call, access: Access) -> tuple[Call, Access]:
    """Return copies of a call and an access that lack their items, to save memory."""
    return replace(call, accesses=[], request={}, text=call.example), replace(access, item=None, items=())


def _judge(tally: Tally) -> Verdict | None:
    lists = int(tally.figures["lists"])
    gets = tally.count - lists
    evidence = (
        f"{counted(gets, 'GetItem')} read the items of {counted(lists, 'list')} one by one.",
        f"They cost {cost(tally.read, tally)} and {counted(gets, 'round trip')}.",
    )
    advice = (
        "Let the index of the list project the attributes that are needed, and leave the GetItems out. "
        "If that is not possible, read up to 100 items at once with BatchGetItem."
    )
    confidence = Confidence.certain if lists >= _SURE else Confidence.likely
    return Verdict(confidence, evidence, advice, count=gets)


RULE: Final = Rule(
    "n-plus-one",
    "The items of a list are read one by one",
    "https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html",
    _Watcher,
    _judge,
)
