"""Updates that were really lost in this run.

This rule finds puts without a condition that undo an earlier write: a client reads an item, another
client changes an attribute, and the first client puts the item with the attribute's old value.

Nobody gets an error when this happens. Use a condition on a version number, so that the second
write fails and the client reads again. Or write only the attributes that change, with UpdateItem.
"""

from collections.abc import Mapping
from itertools import islice
from typing import Final

import orjson

from emulator.advisor.calls import Access, Call, Item
from emulator.advisor.recent import Recent
from emulator.advisor.rule import Confidence, Noting, Rule, Verdict, counted
from emulator.advisor.tally import Note, Tally

_MOST: Final = 1_000  # the maximum number of remembered written items, and of remembered reads
_ATTRIBUTES: Final = 40  # attributes of an item that are compared
_LONGEST: Final = 100  # the maximum number of characters in the name of an attribute that is compared

_Hashes = Mapping[str, int]
"""Attribute -> a hash of its value."""


class _Written:
    """The last write of an item.

    number: how many writes of the item were seen.
    changed: the attributes that the last write changed; for a put, all attributes of the item.
    hashes: the hashes of the attributes that a put wrote, None if the last write was an update or a
    deletion.
    """

    __slots__ = ("changed", "hashes", "number")

    def __init__(self) -> None:
        self.number = 0
        self.changed: frozenset[str] = frozenset()
        self.hashes: _Hashes | None = None


class _Watcher(Noting):
    def __init__(self, note: Note) -> None:
        super().__init__(note)
        self._written: Recent[tuple[str, str, str, str], _Written] = Recent(_MOST)
        self._reads: Recent[tuple[str, str, str, str, str], tuple[int, _Hashes]] = Recent(_MOST)

    def see(self, call: Call) -> None:
        for access in call.accesses:
            if not access.key:
                continue
            item = call.access_key, call.region, access.table, access.key
            written = self._written.get(item)
            if access.action == "GetItem" and access.item is not None and access.whole:
                number = 0 if written is None else written.number
                self._reads.keep((*item, call.client), (number, _hashes(access.item)))
            elif access.writes:
                read = self._reads.pop((*item, call.client), None)
                if written is not None and read is not None and not access.condition:
                    self._check(call, access, written, read)
                self._keep(item, written or _Written(), access)

    def _check(self, call: Call, access: Access, written: _Written, read: tuple[int, _Hashes]) -> None:
        number, before = read
        if access.action != "PutItem" or access.item is None or written.number == number:
            return
        now = _hashes(access.item)
        undone = [name for name in written.changed if now.get(name) == before.get(name)]
        if written.hashes is not None:
            undone = [name for name in undone if written.hashes.get(name) != before.get(name)]
        if undone:
            self.note(call, access).count_names(undone)

    def _keep(self, item: tuple[str, str, str, str], written: _Written, access: Access) -> None:
        written.number += 1
        written.hashes = None if access.item is None else _hashes(access.item)
        names = access.changes if written.hashes is None else written.hashes
        written.changed = frozenset(islice(names, _ATTRIBUTES))
        self._written.keep(item, written)


def _hashes(item: Item) -> _Hashes:
    names = (name for name in item if len(name) <= _LONGEST)
    return {name: hash(orjson.dumps(item[name])) for name in islice(names, _ATTRIBUTES)}


def _judge(tally: Tally) -> Verdict | None:
    evidence = (f"{counted(tally.count, 'put')} undid changes by another client to attributes: {tally.top(5)}.",)
    advice = (
        "Put the item with a condition on a version number that each write increases. "
        "Or use UpdateItem to change only the attributes that have new values."
    )
    return Verdict(Confidence.certain, evidence, advice)


RULE: Final = Rule(
    "lost-updates",
    "A put has undone the write of another client",
    "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/BestPractices_OptimisticLocking.html",
    _Watcher,
    _judge,
)
