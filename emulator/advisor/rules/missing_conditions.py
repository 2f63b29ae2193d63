"""Items that are read, changed in the program and written back without a condition.

This rule finds a GetItem after which the same client writes the same item without a condition. The
write is a put, or an update that sets a number to a new value.

If two clients do this at the same time, one of the two changes is lost, and nobody notices. A
condition lets the second write fail, so that the client can read again: compare a version number,
or use attribute_not_exists for a new item. For a number, `SET a = a + :n` needs no read at all.
"""

from itertools import islice
from typing import Final

from emulator.advisor.calls import Access, Call, Item
from emulator.advisor.recent import Recent
from emulator.advisor.rule import Confidence, Noting, Rule, Verdict, counted
from emulator.advisor.tally import Note, Tally

_SECONDS: Final = 30.0  # the maximum time from the read to the write
# The watcher remembers at most this many reads. It forgets a read when the item is written.
_MOST: Final = 5_000
_REPEATED: Final = 2

_ATTRIBUTES: Final = 40  # the maximum number of attributes of type N that the watcher remembers for an item
_LONGEST: Final = 100  # characters; attributes with longer names are not remembered

_Read = tuple[float, str, Item | None]
"""The time of a read, its line of code, and the item's attributes of type N.

The attributes are None if the read found no item.
"""


class _Watcher(Noting):
    def __init__(self, note: Note) -> None:
        super().__init__(note)
        self._reads: Recent[tuple[str, str, str, str, str], _Read] = Recent(_MOST)

    def see(self, call: Call) -> None:
        for access in call.accesses:
            key = call.access_key, call.region, access.table, access.key, call.client
            if access.action == "GetItem" and access.key and access.whole:
                self._reads.keep(key, (call.time, call.place, _numbers(access.item)))
            elif access.writes:
                read = self._reads.pop(key, None)
                if read is not None and not access.condition and not call.operation.startswith("Transact"):
                    self._note(call, access, read)

    def _note(self, call: Call, access: Access, read: _Read) -> None:
        time, place, item = read
        if call.time - time > _SECONDS or _file(place) != _file(call.place):
            return
        if access.action == "PutItem":
            self.note(call, access, detail="new" if item is None else "put")
        elif access.action == "UpdateItem" and item is not None and _sets_a_number(access, item):
            self.note(call, access, detail="number")


def _numbers(item: Item | None) -> Item | None:
    if item is None:
        return None
    names = (name for name, value in item.items() if "N" in value and len(name) <= _LONGEST)
    return {name: item[name] for name in islice(names, _ATTRIBUTES)}


def _file(place: str) -> str:
    return place.partition(";")[0].rpartition(":")[0]


def _sets_a_number(access: Access, item: Item) -> bool:
    """Return True if an update sets a number to a new value.

    item: the attributes of type N that the client had read.
    """
    return any(
        "N" in value and "N" in item.get(name, {}) and value != item[name]
        for name, value in access.assigned.items()
        if access.changes.get(name) == "set"
    )


_ADVICE: Final = {
    "new": "Put the item with the condition attribute_not_exists on its key, and leave out the read.",
    "put": (
        "Put the item with a condition on a version number that each write increases. Or use UpdateItem to "
        "change only the attributes that have new values."
    ),
    "number": "Let the service compute the number: SET a = a + :n. This needs no read.",
}
_WHAT: Final = {
    "new": "put an item after the client had read that there was none",
    "put": "replaced an item that the client had read before",
    "number": "set a number that the client had read before",
}


def _judge(tally: Tally) -> Verdict | None:
    detail = tally.subject.detail
    evidence = (f"{counted(tally.count, 'write')} without a condition {_WHAT[detail]}.",)
    confidence = Confidence.likely if tally.count >= _REPEATED else Confidence.possible
    return Verdict(confidence, evidence, _ADVICE[detail])


RULE: Final = Rule(
    "missing-conditions",
    "An item is read, changed and written back without a condition",
    "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/BestPractices_OptimisticLocking.html",
    _Watcher,
    _judge,
)
