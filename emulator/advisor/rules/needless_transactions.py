"""Transactions that a plain request could replace.

This rule finds transactions that read or write a single item.

A transaction costs twice the units of its reads and writes, and fails if another transaction uses
the same item. PutItem, UpdateItem and DeleteItem are atomic too, and take the same conditions.
"""

from typing import Final

from emulator.advisor.calls import Call
from emulator.advisor.rule import Confidence, Noting, Rule, Verdict, cost, counted
from emulator.advisor.tally import Tally

_TRANSACTIONS: Final = frozenset(("TransactWriteItems", "TransactGetItems", "ExecuteTransaction"))


class _Watcher(Noting):
    def see(self, call: Call) -> None:
        if call.operation in _TRANSACTIONS and len(call.accesses) == 1:
            [access] = call.accesses
            # An update that adds to a number may need the transaction's ClientRequestToken: with a
            # token, a repeated request does not add the number twice.
            if access.action != "ConditionCheckItem" and not access.computed:
                self.note(call, access).count_names([access.action])


def _judge(tally: Tally) -> Verdict | None:
    paid = tally.read + tally.write
    evidence = (
        f"{counted(tally.count, 'transaction')} had one action.",
        f"They cost {cost(paid, tally)}, twice as much as requests without a transaction.",
    )
    advice = f"Send {tally.top()} instead. It takes the same condition."
    return Verdict(Confidence.likely, evidence, advice, saved_read=tally.read / 2, saved_write=tally.write / 2)


RULE: Final = Rule(
    "needless-transactions",
    "A transaction has only one action",
    "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html",
    _Watcher,
    _judge,
)
