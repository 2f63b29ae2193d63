"""Timestamps or counters as the only partition key.

This rule finds tables without a sort key whose items have rising numbers or times as partition
keys.

A Query compares a partition key only for equality. So no Query can read the items of a period, and
only a Scan finds them. The program must also take the numbers of a counter one after another, which
limits the rate of new items. A time belongs in the sort key, below a partition key such as the id
of a device. A random id needs no counter.
"""

import re
from typing import Final

from emulator.advisor.calls import Call
from emulator.advisor.recent import Recent
from emulator.advisor.rule import Confidence, Noting, Rule, Verdict, counted
from emulator.advisor.tally import Note, Tally

_MANY: Final = 10  # a finding needs at least this many items
_NEARLY_ALL: Final = 0.9  # the minimum fraction of the keys that are rising times or numbers
# The watcher remembers the last key of at most this many tables. It also remembers at most this
# many items, so that it counts each item once.
_MOST: Final = 2_000
_IS_TIME: Final = re.compile(r"\d{4}-\d\d-\d\d([T ].*)?").fullmatch
_IS_NUMBER: Final = re.compile(r"\d{1,20}(\.\d{1,9})?").fullmatch
_EPOCHS: Final = ((1e9, 1e10), (1e12, 1e13))
"""Numbers that are seconds or milliseconds since 1970, for times from 2001 to 2286."""


class _Watcher(Noting):
    def __init__(self, note: Note) -> None:
        super().__init__(note)
        self._last: Recent[tuple[str, str, str], str | float] = Recent(_MOST)
        self._seen: Recent[tuple[str, str, str, str], None] = Recent(_MOST)

    def see(self, call: Call) -> None:
        for access in call.accesses:
            if access.action != "PutItem" or access.facts is None or access.facts.range is not None:
                continue
            table = call.access_key, call.region, access.table
            if (*table, access.key) in self._seen:
                continue
            self._seen.keep((*table, access.key), None)
            text = access.partition
            value: str | float = float(text) if _IS_NUMBER(text) else text
            is_time = _is_epoch(value) if isinstance(value, float) else bool(_IS_TIME(text))
            tally = self.note(call, access, everywhere=True, costs=False)
            before = self._last.get(table)
            self._last.keep(table, value)
            tally.figures["times"] += is_time
            tally.figures["numbers"] += isinstance(value, float)
            if type(before) is type(value):
                tally.figures["rising"] += before < value  # type: ignore[operator] # both have one type
            tally.figures["first"] += before is None


def _is_epoch(value: float) -> bool:
    return any(low <= value < high for low, high in _EPOCHS)


def _judge(tally: Tally) -> Verdict | None:
    figures = tally.figures
    enough = tally.count * _NEARLY_ALL
    ordered = figures["rising"] + figures["first"] >= enough
    if tally.count < _MANY or not ordered or max(figures["times"], figures["numbers"]) < enough:
        return None
    times = figures["times"] >= enough
    what = "times" if times else "numbers"
    items = counted(tally.count, "item")
    evidence = (f"The partition keys of {items} are {what} that rise from item to item. There is no sort key.",)
    advice = (
        "Make the time the sort key, with a partition key such as the id of a device or customer."
        if times
        else "Use random ids, such as UUIDs. They need no counter."
    )
    return Verdict(Confidence.likely if times else Confidence.possible, evidence, advice)


RULE: Final = Rule(
    "sequential-keys",
    "A time or a counter is the only partition key",
    "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html",
    _Watcher,
    _judge,
)
