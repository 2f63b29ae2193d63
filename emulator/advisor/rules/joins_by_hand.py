"""Joins that the program does itself.

This rule finds GetItems whose key the client has taken from an attribute of another table's item.
For example, it reads an order, and then the customer whose id is in the order.

DynamoDB has no joins. So each reference costs a further request and at least half a unit, and the
two reads happen at different times. Put what is read together into one item, or into one item
collection: items with the same partition key, which one Query reads.
"""

from typing import Final

from emulator.advisor.calls import Call
from emulator.advisor.rule import Confidence, Noting, Rule, Verdict, cost, counted
from emulator.advisor.tally import Tally

_MANY: Final = 5  # a finding needs at least this many reads
_ONE_BY_ONE: Final = frozenset(("GetItem", "ExecuteStatement"))


class _Watcher(Noting):
    def see(self, call: Call) -> None:
        if call.operation not in _ONE_BY_ONE:
            return
        for access in call.accesses:
            if access.origin is not None and access.origin.table != access.table:
                self.note(call, access, detail=f"{access.origin.table}.{access.origin.attribute}")


def _judge(tally: Tally) -> Verdict | None:
    if tally.count < _MANY:
        return None
    evidence = (
        f"The keys of {counted(tally.count, 'GetItem')} came from {tally.subject.detail}.",
        f"These reads cost {cost(tally.read, tally)} and {counted(tally.count, 'round trip')}.",
    )
    advice = (
        "Copy the attributes that are needed into the item that has the reference. Or give both kinds of items "
        "the same partition key in one table, and read them with one Query."
    )
    return Verdict(Confidence.likely, evidence, advice)


RULE: Final = Rule(
    "joins-by-hand",
    "The program joins tables with one GetItem for each reference",
    "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-relational-modeling.html",
    _Watcher,
    _judge,
)
