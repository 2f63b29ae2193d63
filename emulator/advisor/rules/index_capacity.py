"""Global indexes whose write capacity cannot keep up with their table.

This rule finds provisioned tables with a global index that has fewer write units than it needs,
because many writes to the table also write to the index.

Each write of an item that has the key attributes of an index also writes to the index. If the index
has no units left, the service throttles writes to the table, even if the table has units left. Give
the index at least as many write units as the table, or use on-demand capacity.
"""

from typing import Final

from emulator.advisor.calls import Call
from emulator.advisor.rule import Confidence, Noting, Rule, Verdict, counted, units
from emulator.advisor.tables import IndexFacts
from emulator.advisor.tally import Tally

_MANY: Final = 5  # a finding needs at least this many writes to the index
_MOST: Final = 0.5  # a finding is `likely` if at least this part of the table's writes also write to the index


class _Watcher(Noting):
    def see(self, call: Call) -> None:
        for access in call.accesses:
            facts = access.facts
            if not access.writes or facts is None or facts.on_demand:
                continue
            for index in facts.indexes.values():
                if not index.local and index.write_units < facts.write_units:
                    tally = self.note(call, access, index=index.name, everywhere=True, costs=False)
                    tally.figures["entries"] += _is_in(index, access.item or access.assigned)
                    tally.write += access.write
                    tally.peaks["table"] = facts.write_units
                    tally.peaks["index"] = index.write_units


def _is_in(index: IndexFacts, values: object) -> bool:
    return isinstance(values, dict) and any(name in values for name in index.keys)


def _judge(tally: Tally) -> Verdict | None:
    entries = tally.figures["entries"]
    table, index = tally.peaks["table"], tally.peaks["index"]
    if entries < _MANY or table * entries / tally.count <= index:
        return None
    evidence = (
        f"The table is provisioned with {units(table)} for writes in a second, and the index with {units(index)}.",
        f"{counted(entries, 'write')} of {tally.count:,} also wrote to the index.",
    )
    advice = f"Give the index at least {table:,.0f} write units, or use on-demand capacity."
    confidence = Confidence.likely if entries >= tally.count * _MOST else Confidence.possible
    return Verdict(confidence, evidence, advice, count=round(entries))


RULE: Final = Rule(
    "index-capacity",
    "A global index has too little write capacity for its table",
    "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html",
    _Watcher,
    _judge,
)
