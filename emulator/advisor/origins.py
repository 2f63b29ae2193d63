"""Finds out from which item, read before, a client took the key of a GetItem.

If keys come from attributes of items of other tables again and again, the client follows
references, as a join does. Texts of one character and numbers say little, because equal ones occur
by chance. So a number counts only if the name of its attribute is, or ends with, the name of the
key. Values that the request itself named are no references: the client had them before. In the same
table, only the key of an item that a Query or Scan returned counts.
"""

from collections.abc import Sequence
from typing import Any, Final

from emulator.advisor.calls import PAGES, Access, Call, Item, Origin, key_text
from emulator.advisor.recent import Recent

_MOST: Final = 5_000  # values; each takes about 300 bytes
_ITEMS: Final = 50  # items of an answer
_ATTRIBUTES: Final = 30  # attributes of an item
_SHORTEST, _LONGEST = 2, 100  # characters of a value
_SECONDS: Final = 30.0  # from the read of a value to its use

_Key = tuple[str, str, str, str]


class Origins:
    """The values that clients have read lately."""

    def __init__(self) -> None:
        self._values: Recent[_Key, tuple[float, Origin]] = Recent(_MOST)
        self._listed: Recent[_Key, tuple[float, int]] = Recent(_MOST)
        self._answers = 0

    def see(self, call: Call) -> None:
        """Set the origin of each GetItem of a call, and remember the values that the call read."""
        for access in call.accesses:
            if access.action == "GetItem" and access.facts is not None and access.key:
                access.origin = self._origin(call, access, access.facts.hash)
        for access in call.accesses:
            if access.action in PAGES:
                self._answers += 1
                for item in access.items[:_ITEMS]:
                    self._remember(call, access, item)
                    if access.facts is not None:
                        listed = key_text(item, access.facts.keys)
                        self._listed.keep(_key(call, access.table, listed), (call.time, self._answers))
            elif access.action == "GetItem" and access.item is not None:
                self._answers += 1
                self._remember(call, access, access.item)

    def _remember(self, call: Call, access: Access, item: Item) -> None:
        sent = _sent(access)
        for name in list(item)[:_ATTRIBUTES]:
            if name in sent:
                continue
            tag, content = next(iter(item[name].items()))
            if tag in ("S", "N") and (tag == "N" or len(content) >= _SHORTEST) and len(content) <= _LONGEST:
                origin = Origin(access.table, name, self._answers)
                self._values.keep(_key(call, tag, content), (call.time, origin))

    def _origin(self, call: Call, access: Access, name: str) -> Origin | None:
        listed = self._listed.get(_key(call, access.table, access.key))
        if listed is not None and call.time - listed[0] <= _SECONDS:
            return Origin(access.table, name, listed[1])
        tag = access.facts.types.get(name, "S") if access.facts is not None else "S"
        found = self._values.get(_key(call, tag, access.partition))
        if found is None or call.time - found[0] > _SECONDS or found[1].table == access.table:
            return None
        origin = found[1]
        if tag == "N" and not origin.attribute.lower().endswith(name.lower()):
            return None
        return origin


def _sent(access: Access) -> Sequence[str]:
    """Return the attributes whose values the request named."""
    if access.facts is None:
        return ()
    if access.action == "GetItem":
        return access.facts.keys
    partition = access.facts.hash_of(access.index) if access.action == "Query" else ()
    return (*partition, *access.equal)


def _key(call: Call, kind: str, content: Any) -> _Key:  # noqa: ANN401 - a part of JSON
    return call.access_key, call.region, kind, content
