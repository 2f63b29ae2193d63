"""Large items that are read whole although few of their attributes are needed.

This rule finds Queries and Scans that read large items, but return only a small part of each item
because of a projection. It also finds Queries and Scans that read the same large items whole again
and again.

A ProjectionExpression makes the answer smaller but not cheaper: the service charges for whole
items. A global index that projects only the needed attributes has small entries, so a Query of the
index costs little.
"""

from typing import Final

from emulator.advisor.calls import PAGES, Call
from emulator.advisor.recent import Recent
from emulator.advisor.rule import Confidence, Noting, Rule, Verdict, cost, counted
from emulator.advisor.tally import Note, Tally

_LARGE: Final = 2_048  # bytes of an item; smaller items give no finding, because one unit reads several of them
_REPEATED: Final = 3  # a finding needs at least this many reads with a projection
_AGAIN: Final = 5  # a finding needs the same items to be read at least this many times
_SMALL_PART: Final = 0.2  # a finding needs reads that return at most this fraction of the bytes that they read
_MOST: Final = 1_000  # the maximum number of pages whose reads are counted; the oldest is dropped


class _Watcher(Noting):
    def __init__(self, note: Note) -> None:
        super().__init__(note)
        self._read: Recent[tuple[str, ...], int] = Recent(_MOST)

    def see(self, call: Call) -> None:
        for access in call.accesses:
            if access.action not in PAGES or not access.scanned or access.size < _LARGE * access.scanned:
                continue
            if not access.whole:
                tally = self.note(call, access, detail="projection")
                tally.figures["read"] += access.size
                tally.figures["returned"] += access.returned_size
                tally.count_names(access.wanted)
            elif access.returned and not access.filtered:
                page = call.access_key, call.region, access.table, access.index, access.partition, access.start
                times = self._read.get(page, 0) + 1
                self._read.keep(page, times)
                tally = self.note(call, access, detail="whole")
                tally.figures["read"] += access.size
                tally.figures["items"] += access.scanned
                tally.peaks["times"] = max(times, tally.peaks.get("times", 0))


def _judge(tally: Tally) -> Verdict | None:
    read = tally.figures["read"]
    if tally.subject.detail == "projection":
        returned = tally.figures["returned"]
        if tally.count < _REPEATED or returned > read * _SMALL_PART:
            return None
        sizes = f"read {read / 1024:,.0f} KB and returned {returned / 1024:,.0f} KB"
        evidence = (
            f"{counted(tally.count, 'request')} {sizes}: {tally.top(5)}.",
            f"They cost {cost(tally.read, tally)}.",
        )
        advice = "Create a global index that projects (INCLUDE) only these attributes, and Query this index."
        return Verdict(Confidence.likely, evidence, advice, saved_read=tally.read * (1 - returned / read))
    if tally.peaks.get("times", 0) < _AGAIN:
        return None
    mean = read / max(tally.figures["items"], 1) / 1024
    times = f"the same items up to {tally.peaks['times']:.0f} times"
    evidence = (
        f"{counted(tally.count, 'request')} read whole items of {mean:,.1f} KB, {times}.",
        f"They cost {cost(tally.read, tally)}.",
    )
    advice = (
        "If the program needs only some attributes here, create a global index that projects only these (INCLUDE), "
        "and Query this index."
    )
    return Verdict(Confidence.possible, evidence, advice)


RULE: Final = Rule(
    "whole-item-reads",
    "Large items are read whole where a small index would save units",
    "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-indexes-general.html",
    _Watcher,
    _judge,
)
