"""Indexes that project more attributes than anybody reads.

This rule finds indexes with the projection ALL, if every Query or Scan of the index wants only some
attributes or a count.

An entry of an index is charged by its size, when it is written and when it is read. An index that
projects only what its Queries want (INCLUDE, or KEYS_ONLY) is smaller and cheaper. A write costs no
units for the index if it changes no projected attribute.
"""

from typing import Final

from emulator.advisor.calls import PAGES, Call
from emulator.advisor.rule import Confidence, Noting, Rule, Verdict, cost, counted
from emulator.advisor.tally import Tally

_MANY: Final = 5  # a finding needs at least this many reads
# Bytes. If the mean size of a table's items is smaller, its indexes give no finding: an entry costs
# at least one unit, however small it is.
_LARGE: Final = 1_024


class _Watcher(Noting):
    def see(self, call: Call) -> None:
        for access in call.accesses:
            if access.action not in PAGES or access.facts is None:
                continue
            index = access.facts.indexes.get(access.index)
            if index is None or index.projection != "ALL" or access.facts.mean < _LARGE:
                continue
            counts = call.request.get("Select") == "COUNT"
            narrow = counts or not access.whole
            tally = self.note(call, access, everywhere=True)
            tally.figures["narrow"] += narrow
            tally.count_names(name for name in access.wanted if name not in (*index.keys, *access.facts.keys))
            tally.peaks["mean"] = access.facts.mean


def _judge(tally: Tally) -> Verdict | None:
    if tally.count < _MANY or tally.figures["narrow"] < tally.count or tally.more:
        return None
    names = sorted(tally.names)
    wanted = f"only the keys and {', '.join(names)}" if names else "only keys or counts"
    evidence = (
        f"All {counted(tally.count, 'read')} of the index wanted {wanted}; they cost {cost(tally.read, tally)}.",
        f"Items have about {tally.peaks['mean'] / 1024:,.1f} KB, and the index has all of their attributes.",
    )
    projection = f"INCLUDE {', '.join(names)}" if names else "KEYS_ONLY"
    advice = f"Create the index again with the projection {projection}."
    return Verdict(Confidence.likely, evidence, advice)


RULE: Final = Rule(
    "overprojected-indexes",
    "An index projects more attributes than its readers want",
    "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-indexes-general.html",
    _Watcher,
    _judge,
)
