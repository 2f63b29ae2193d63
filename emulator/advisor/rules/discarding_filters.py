"""Filters that discard most of what was read.

This rule finds Queries and Scans whose FilterExpression lets only few items through.

The service applies a filter after it has read the items, and charges for all that it has read. A
key condition on the sort key, or an index with the filtered attribute in its key, reads only the
items that the program wants. If few items have the attribute, such an index is small, because the
other items are not in it.
"""

from typing import Final

from emulator.advisor.calls import PAGES, Call
from emulator.advisor.rule import Confidence, Noting, Rule, Verdict, by_statement, cost, counted, units
from emulator.advisor.tally import Tally

_MANY: Final = 50  # a finding needs requests that read at least this many items
_FEW: Final = 0.25  # a finding needs a filter that lets at most this part of the items through
_VERY_FEW: Final = 0.1
_REPEATED: Final = 2  # a finding needs at least this many requests


class _Watcher(Noting):
    def see(self, call: Call) -> None:
        for access in call.accesses:
            if access.action not in PAGES or not access.filtered:
                continue
            if access.statement and access.action == "Query":
                continue  # the answer to a SELECT does not say how many items were read
            if access.action == "Scan" and access.equal:
                continue  # the rule scan-as-query finds such Scans
            tally = self.note(call, access)
            tally.figures["scanned"] += access.scanned
            tally.figures["returned"] += access.returned


def _judge(tally: Tally) -> Verdict | None:
    scanned, returned = tally.figures["scanned"], tally.figures["returned"]
    if tally.count < _REPEATED or scanned < _MANY or returned > scanned * _FEW:
        return None
    saved = tally.read * (1 - returned / scanned)
    read = by_statement(tally, "about ", "") + counted(scanned, "item")
    evidence = (
        f"{counted(tally.count, 'request')} read {read} and returned {counted(returned, 'item')}.",
        f"The requests cost {cost(tally.read, tally)}, of which about {units(saved)} were for discarded items.",
    )
    where = by_statement(tally, "together with the partition key", "in KeyConditionExpression")
    advice = (
        f"Put the filtered attribute into the sort key of the table or of an index, and compare it {where}. "
        "If few items have the attribute, such an index is small, because it has only these items."
    )
    confidence = Confidence.certain if returned <= scanned * _VERY_FEW else Confidence.likely
    return Verdict(confidence, evidence, advice, saved_read=saved)


RULE: Final = Rule(
    "discarding-filters",
    "A filter discards most of what was read",
    "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.FilterExpression.html",
    _Watcher,
    _judge,
)
