"""Indexes that nobody reads.

This rule finds indexes to which items were written, and which no Query or Scan used in this run.

Each write of an item that is in an index costs further units for its entry, and entries take
storage. Delete an index that no program needs. Production may read an index that this run did not
read, so look at the code first.
"""

from typing import Final

from emulator.advisor.calls import PAGES, Call
from emulator.advisor.rule import Confidence, Noting, Rule, Verdict, counted, units
from emulator.advisor.tally import Tally
from emulator.database.throughput.capacity import entry_units

_MANY: Final = 20  # a finding needs at least this many writes to the index


class _Watcher(Noting):
    def see(self, call: Call) -> None:
        for access in call.accesses:
            if access.action in PAGES and access.index:
                self.note(call, access, everywhere=True, costs=False).figures["reads"] += 1
            elif access.action == "PutItem" and access.facts is not None and access.item is not None:
                for index in access.facts.indexes.values():
                    if all(name in access.item for name in index.keys):
                        tally = self.note(call, access, index=index.name, everywhere=True, costs=False)
                        tally.figures["writes"] += 1
                        tally.write += entry_units(access.size if index.projection == "ALL" else 0)


def _judge(tally: Tally) -> Verdict | None:
    writes = tally.figures["writes"]
    if tally.figures["reads"] or writes < _MANY:
        return None
    evidence = (
        f"{counted(writes, 'write')} made or changed entries of the index, for about {units(tally.write)}.",
        "No Query or Scan read the index.",
    )
    return Verdict(Confidence.possible, evidence, "Delete the index if production does not read it either.")


RULE: Final = Rule(
    "unused-indexes",
    "An index is written and never read",
    "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-indexes-general.html",
    _Watcher,
    _judge,
)
