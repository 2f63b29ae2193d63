"""Indexes that another index, or the table, could replace.

This rule finds two global indexes with the same key, and a global index with the key of its table.
It also finds a global index without a sort key, if another index has the same partition key and a
sort key.

Each index costs units for every write, and storage. An index without a sort key is not needed if
another index has the same partition key, a sort key, and the same attributes. The other index can
answer the same Queries.
"""

from typing import Final

from emulator.advisor.calls import Call
from emulator.advisor.recent import Recent
from emulator.advisor.rule import Confidence, Noting, Rule, Verdict
from emulator.advisor.tables import IndexFacts, TableFacts
from emulator.advisor.tally import Note, Tally

_MOST: Final = 1_000  # the maximum number of tables remembered, so as not to examine them again


class _Watcher(Noting):
    def __init__(self, note: Note) -> None:
        super().__init__(note)
        self._seen: Recent[tuple[str, str, str], None] = Recent(_MOST)

    def see(self, call: Call) -> None:
        for access in call.accesses:
            facts = access.facts
            if facts is None or len(facts.indexes) == 0:
                continue
            table = call.access_key, call.region, f"{facts.name} {' '.join(facts.indexes)}"
            if table in self._seen:
                continue
            self._seen.keep(table, None)
            for index in facts.indexes.values():
                other = _replacement(index, facts)
                if other is not None:
                    name, same = other
                    tally = self.note(call, access, index=index.name, everywhere=True, costs=False)
                    tally.figures["same"] += same
                    tally.count_names([name])


def _replacement(index: IndexFacts, facts: TableFacts) -> tuple[str, bool] | None:
    """Return a pair: what can replace `index`, and True if it has the same keys as `index`.

    The first element is the name of another index, or "the table". Return None if neither the table
    nor another index can replace `index`.
    """
    if index.local:
        return None
    if index.keys == facts.keys:
        return "the table", True
    others = [each for each in facts.indexes.values() if each is not index and not each.local]
    for other in others:
        if not _has_all(other, index):
            continue
        if other.keys == index.keys and (other.projection != index.projection or other.name < index.name):
            return other.name, True
        if not index.range and other.range and other.hash == index.hash:
            return other.name, False
    return None


def _has_all(other: IndexFacts, index: IndexFacts) -> bool:
    """Return True if `other` projects all attributes that `index` projects."""
    if other.projection == "ALL":
        return True
    return index.projection != "ALL" and index.other <= other.other | set(other.keys)


def _judge(tally: Tally) -> Verdict | None:
    name = tally.top(1)
    if tally.figures["same"]:
        evidence = (f"The index has the same key as {name}, and no attributes that {name} lacks.",)
        return Verdict(Confidence.certain, evidence, f"Delete the index, and Query {name}.", count=1)
    evidence = (
        f"The index {name} has the same partition key, a sort key, and all attributes that this index projects.",
    )
    advice = (
        f"Delete the index, and Query {name}. Keep the index only if Queries must find items that lack "
        f"the sort key of {name}."
    )
    return Verdict(Confidence.possible, evidence, advice, count=1)


RULE: Final = Rule(
    "duplicate-indexes",
    "Another index, or the table, could replace an index",
    "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-indexes-general.html",
    _Watcher,
    _judge,
)
