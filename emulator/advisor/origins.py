"""Finds the earlier answer from which a client took the key of a GetItem: the key's origin.

There are two kinds of origins:

* A Query or Scan of the same table has returned an item with this key.
* The client has read an item of another table, and an attribute of this item has the value of the
  partition key. A client that often uses such values follows references, as a join does.

For the second kind, equal short texts and equal numbers occur by chance. So a text of one character
has no origin. A number has an origin only if the name of its attribute ends with the name of the
partition key. If the request that read the item of the other table already had the value, the value
is not a reference, because the client knew the value before.
"""

from collections.abc import Sequence
from typing import Any, Final

from emulator.advisor.calls import PAGES, Access, Call, Item, Origin, key_text
from emulator.advisor.recent import Recent

_MOST: Final = 5_000  # the maximum number of remembered values; each takes about 300 bytes
_ITEMS: Final = 50  # values are remembered from at most this many items of an answer
_ATTRIBUTES: Final = 30  # values are remembered from at most this many attributes of an item
# In characters. Texts (S) below the first limit are not remembered, and neither are texts and
# numbers (N) above the second limit.
_SHORTEST, _LONGEST = 2, 100
_SECONDS: Final = 30.0  # the maximum time from the read of a value to its use

_Key = tuple[str, str, str, str]


class Origins:
    """Remembers the values that clients have read lately, and finds the origins of keys.

    The origin of a GetItem's key is the earlier answer from which the client took the key.
    """

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
    """Return the attributes whose values the client sent in the request."""
    if access.facts is None:
        return ()
    if access.action == "GetItem":
        return access.facts.keys
    partition = access.facts.hash_of(access.index) if access.action == "Query" else ()
    return (*partition, *access.equal)


def _key(call: Call, kind: str, content: Any) -> _Key:  # noqa: ANN401 - a part of JSON
    return call.access_key, call.region, kind, content
