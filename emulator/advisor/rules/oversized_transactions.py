"""Transactions with very many actions.

This rule finds transactions that write and have 25 or more actions. Its advice depends on whether
the transactions have conditions or updates.

A transaction costs twice the units of its writes. The more items it has, the more often it
conflicts with another transaction and is cancelled as a whole. Keep in a transaction only what must
change together. Writes that need no atomicity belong in a BatchWriteItem, which costs half the
units.
"""

from typing import Final

from emulator.advisor.calls import Call
from emulator.advisor.rule import Confidence, Noting, Rule, Verdict, cost, counted
from emulator.advisor.tally import Tally

_MANY: Final = 25  # a finding needs at least this many actions; a BatchWriteItem can have at most 25


class _Watcher(Noting):
    def see(self, call: Call) -> None:
        if call.operation not in ("TransactWriteItems", "ExecuteTransaction") or len(call.accesses) < _MANY:
            return
        if not any(access.writes for access in call.accesses):
            return
        tally = self.note(call)
        tally.figures["actions"] += len(call.accesses)
        tally.figures["simple"] += all(
            access.action in ("PutItem", "DeleteItem") and not access.condition for access in call.accesses
        )


def _judge(tally: Tally) -> Verdict | None:
    simple = tally.figures["simple"] == tally.count
    mean = tally.figures["actions"] / tally.count
    evidence = [
        f"{counted(tally.count, 'transaction')} had {mean:,.0f} actions on average.",
        f"They cost {cost(tally.write, tally)}.",
    ]
    if simple:
        evidence.append("They had only puts and deletions without a condition.")
        advice = "If these writes need not be atomic, send them with BatchWriteItem, for half the units."
        return Verdict(Confidence.likely, evidence, advice, saved_write=tally.write / 2)
    advice = "Keep in a transaction only the items that must change together, and write the others separately."
    return Verdict(Confidence.possible, evidence, advice)


RULE: Final = Rule(
    "oversized-transactions",
    "A transaction has very many actions",
    "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html",
    _Watcher,
    _judge,
)
