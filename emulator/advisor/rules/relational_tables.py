"""Tables that are modelled like those of a relational database.

This rule finds three or more tables without a sort key whose items refer to each other: the program
finds a key in an item of one table, and reads the item with this key from another table.

If each kind of thing has its own table, one request can never read related items: every reference
costs a further request. Start the design of a table from the reads of the program. Give items that
are read together the same partition key. The sort key tells them apart.
"""

from typing import Final

from emulator.advisor.calls import Call
from emulator.advisor.recent import Recent
from emulator.advisor.rule import Confidence, Noting, Rule, Verdict, cost, counted
from emulator.advisor.tally import Note, Tally

_TABLES: Final = 3
_MANY: Final = 5  # a finding needs at least this many reads that follow a reference
_MOST: Final = 1_000  # for at most this many tables, the rule remembers whether they have a sort key


class _Watcher(Noting):
    def __init__(self, note: Note) -> None:
        super().__init__(note)
        self._simple: Recent[tuple[str, str, str], bool] = Recent(_MOST)

    def see(self, call: Call) -> None:
        for access in call.accesses:
            if access.facts is None:
                continue
            simple = access.facts.range is None
            self._simple.keep((call.access_key, call.region, access.table), simple)
            origin = access.origin
            if origin is None or not simple or origin.table == access.table:
                continue
            if self._simple.get((call.access_key, call.region, origin.table)):
                tally = self.note(call, access, table="*", everywhere=True)
                tally.count_names([f"{origin.table}.{origin.attribute} -> {access.table}"])


def _judge(tally: Tally) -> Verdict | None:
    tables = {name for link in tally.names for name in (link.partition(".")[0], link.rpartition(" -> ")[2])}
    if len(tables) < _TABLES or tally.count < _MANY:
        return None
    evidence = (
        f"{counted(len(tables), 'table')} without a sort key refer to each other: {', '.join(sorted(tables)[:10])}.",
        f"The program followed {counted(tally.count, 'reference')}: {tally.top()}.",
        f"That cost {cost(tally.read, tally)}.",
    )
    advice = (
        "List the reads of the program first. Then give items that are read together the same partition key, "
        "with sort keys such as CUSTOMER and ORDER#2026-01-31, so that one Query reads them."
    )
    return Verdict(Confidence.likely, evidence, advice)


RULE: Final = Rule(
    "relational-tables",
    "Tables are modelled like those of a relational database",
    "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-general-nosql-design.html",
    _Watcher,
    _judge,
)
