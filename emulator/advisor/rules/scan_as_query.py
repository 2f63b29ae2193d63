"""Scans whose filter a Query could answer.

This rule finds Scans with a filter that compares an attribute with `=`, and SELECTs that the
service runs as such Scans. If the attribute is the partition key of the table or of an index, a
Query reads only the items of that partition. If it is not, an index on the attribute would allow a
Query.

A Scan reads, and pays for, every item of the table. The filter only removes items from the answer.
So the cost grows with the table, and not with the result.
"""

from typing import Final

from emulator.advisor.calls import Call
from emulator.advisor.rule import Confidence, Noting, Rule, Verdict, by_statement, cost, counted
from emulator.advisor.tally import Tally

_REPEATED: Final = 3  # the advice to create an index needs at least this many Scans; a single Scan may be a rare job
_MANY: Final = 20  # to advise an index, the Scans must together read at least this many items
_SELECTIVE: Final = 0.5  # the advice to create an index needs a filter that lets at most this part of the items through


class _Watcher(Noting):
    def see(self, call: Call) -> None:
        for access in call.accesses:
            if access.action != "Scan" or not access.filtered or not access.equal or access.facts is None:
                continue
            facts = access.facts
            relations = [f"the table by {facts.hash}"] if facts.hash in access.equal else []
            relations += [
                f"the index {index.name} by {', '.join(index.hash)}"
                for index in facts.indexes.values()
                if not index.local and all(name in access.equal for name in index.hash)
            ]
            tally = self.note(call, access, detail=", ".join(sorted(access.equal)))
            tally.figures["scanned"] += access.scanned
            tally.figures["returned"] += access.returned
            tally.figures["served"] += bool(relations)
            tally.count_names(relations[:1] or [f"={', '.join(access.equal)}"])


def _judge(tally: Tally) -> Verdict | None:
    scanned, returned = tally.figures["scanned"], tally.figures["returned"]
    requests = counted(tally.count, by_statement(tally, "SELECT", "Scan"))
    read = by_statement(tally, "about ", "") + counted(scanned, "item")
    evidence = (
        f"{requests} read {read} and returned {counted(returned, 'item')}.",
        f"They cost {cost(tally.read, tally)}.",
    )
    saved = tally.read * (1 - returned / scanned) if scanned else 0.0
    if tally.figures["served"]:
        relation = next(name for name, _ in tally.names.most_common() if not name.startswith("="))
        how = by_statement(
            tally,
            "write the name of the index after that of the table, as in FROM table.index.",
            "put the comparison into KeyConditionExpression instead of FilterExpression.",
        )
        advice = f"Query {relation}: {how}"
        return Verdict(Confidence.certain, evidence, advice, saved_read=saved)
    if tally.count < _REPEATED or scanned < _MANY or returned > scanned * _SELECTIVE:
        return None
    names = tally.top(1).removeprefix("=")
    advice = f"Create a global index with the partition key {names.split(', ')[0]}, and Query this index."
    return Verdict(Confidence.likely, evidence, advice, saved_read=saved)


RULE: Final = Rule(
    "scan-as-query",
    "A Scan reads the whole table where a Query would do",
    "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-query-scan.html",
    _Watcher,
    _judge,
)
