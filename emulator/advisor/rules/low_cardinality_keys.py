"""Partition keys with few different values.

This rule finds tables with a sort key, and global indexes, if many items have only a few different
values of the partition key, and all of these values look like the names of states or kinds.

All items with one value of the partition key can be in one partition, which writes at most 1,000
units and reads at most 3,000 units in a second. So such a key limits the throughput of the whole
table. A partition key should have many values that are used about equally often.

If there is a sort key, the values may be the names of customers, of which a test has only a few. So
the confidence of such a finding is only `possible`.
"""

import re
from typing import Final

from emulator.advisor.calls import Call
from emulator.advisor.recent import Recent
from emulator.advisor.rule import Confidence, Noting, Rule, Verdict, counted
from emulator.advisor.tally import Note, Tally

_ITEMS: Final = 50
_VALUES: Final = 10  # a finding needs a key with at most this many different values
_EACH: Final = 10  # a finding needs on average at least this many items for each value
_MOST: Final = 5_000  # this many items are remembered, so that each of them is counted only once
_LIKE_A_NAME: Final = re.compile(r"[A-Za-z][A-Za-z_ -]{0,30}|[0-9]|true|false").fullmatch


class _Watcher(Noting):
    def __init__(self, note: Note) -> None:
        super().__init__(note)
        self._seen: Recent[tuple[str, str, str, str], None] = Recent(_MOST)

    def see(self, call: Call) -> None:
        for access in call.accesses:
            facts = access.facts
            if access.action != "PutItem" or facts is None or access.item is None:
                continue
            item = call.access_key, call.region, access.table, access.key
            if item in self._seen:
                continue
            self._seen.keep(item, None)
            if facts.range is not None:
                self.note(call, access, everywhere=True, costs=False).count_names([access.partition])
            for index in facts.indexes.values():
                value = access.item.get(index.hash[0]) if not index.local and len(index.hash) == 1 else None
                if value is not None:
                    tally = self.note(call, access, index=index.name, everywhere=True, costs=False)
                    tally.count_names([str(next(iter(value.values()), ""))])
                    tally.figures["sorted"] += bool(index.range)


def _judge(tally: Tally) -> Verdict | None:
    values = len(tally.names)
    if tally.count < _ITEMS or tally.more or values > _VALUES or tally.count < values * _EACH:
        return None
    if not all(map(_LIKE_A_NAME, tally.names)):
        return None
    evidence = (
        f"{counted(tally.count, 'item')} have {counted(values, 'value')} of the partition key: {tally.top(5)}.",
        "Requests for one value can use at most 1,000 write units and 3,000 read units in a second.",
    )
    advice = (
        "Choose a partition key with many values, such as the id of a customer. If Queries must name this attribute, "
        "add a suffix from 1 to N to its values, and send N Queries, one for each suffix."
    )
    is_sorted = not tally.subject.index or tally.figures["sorted"]
    return Verdict(Confidence.possible if is_sorted else Confidence.likely, evidence, advice)


RULE: Final = Rule(
    "low-cardinality-keys",
    "A partition key has few different values",
    "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html",
    _Watcher,
    _judge,
)
