"""Consistent reads that could be eventually consistent.

This rule finds reads with ConsistentRead of an item or partition to which no client wrote in the
five seconds before. Usually all copies of an item are equal within a second after a write.

A consistent read costs twice as much as an eventually consistent one. It takes longer, and fails
more often when a part of the service has a problem.
"""

from typing import Final

from emulator.advisor.calls import PAGES, Access, Call
from emulator.advisor.recent import Recent
from emulator.advisor.rule import Confidence, Noting, Rule, Verdict, cost, counted
from emulator.advisor.tally import Note, Tally

_SECONDS: Final = 5.0  # seconds after a write in which reads of the partition may need consistency
_MOST: Final = 5_000  # the maximum number of partitions whose last write is remembered
_REPEATED: Final = 3  # a finding needs at least this many unneeded reads; fewer may be an exception
_SURE: Final = 10  # a `likely` finding needs at least this many unneeded reads

_Partition = tuple[str, str, str, str]
_WHOLE_TABLE: Final = "\0table"  # stands for all partition keys of a table; no partition key has this value


class _Watcher(Noting):
    def __init__(self, note: Note) -> None:
        super().__init__(note)
        self._written: Recent[_Partition, float] = Recent(_MOST)

    def see(self, call: Call) -> None:
        if call.operation.startswith("Transact") or call.operation == "ExecuteTransaction":
            self._note_writes(call)
            return  # reads of transactions are always consistent, so the program has no choice
        for access in call.accesses:
            if not access.consistent or access.writes:
                continue
            tally = self.note(call, access)
            tally.figures["needed"] += self._is_recent(call, access)
        self._note_writes(call)

    def _note_writes(self, call: Call) -> None:
        for access in call.accesses:
            if access.writes:
                for partition in (access.partition, _WHOLE_TABLE):
                    self._written.keep((call.access_key, call.region, access.table, partition), call.time)

    def _is_recent(self, call: Call, access: Access) -> bool:
        unknown = access.action in PAGES and (access.action == "Scan" or bool(access.index))
        partition = _WHOLE_TABLE if unknown else access.partition
        written = self._written.get((call.access_key, call.region, access.table, partition))
        return written is not None and call.time - written <= _SECONDS


def _judge(tally: Tally) -> Verdict | None:
    unneeded = tally.count - int(tally.figures["needed"])
    # If most of the consistent reads followed a write, the program needs consistency.
    if unneeded < _REPEATED or unneeded < tally.count / 2:
        return None
    share = unneeded / tally.count
    saved = tally.read / 2 * share
    evidence = (
        f"{counted(unneeded, 'consistent read')} had no write to the same item or partition in the 5 seconds before.",
        f"All {counted(tally.count, 'consistent read')} of this kind cost {cost(tally.read, tally)}.",
    )
    advice = "Leave out ConsistentRead, unless the program must see a write that another program has just made."
    confidence = Confidence.likely if unneeded >= _SURE and unneeded == tally.count else Confidence.possible
    return Verdict(confidence, evidence, advice, count=unneeded, saved_read=saved)


RULE: Final = Rule(
    "unneeded-consistent-reads",
    "Consistent reads where nothing was written before",
    "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.ReadConsistency.html",
    _Watcher,
    _judge,
)
