"""A `Call` is a request with its answer. An `Access` is one of the reads and writes of a request.

The advisor's rules examine calls and accesses.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, Final, NamedTuple, Self

import orjson

from emulator.advisor.tables import TableFacts

Item = Mapping[str, Any]

WRITES: Final = frozenset(("PutItem", "UpdateItem", "DeleteItem"))
PAGES: Final = frozenset(("Query", "Scan"))

# `Call.dump` keeps at most this many items of an answer, and this many attributes of an item.
_MOST_ITEMS: Final = 25
_MOST_ATTRIBUTES: Final = 50
_LONG_VALUE: Final = 200  # bytes of JSON; in `Call.dump`, a digest replaces longer attribute values
_LONG_MEMBER: Final = 400  # bytes of JSON; `Call.dump` leaves out longer members of a request
_LONGEST_TEXT: Final = 8_192  # bytes; `Call.dump` leaves out the items of pages if its result would be longer
_LONGEST_EXAMPLE: Final = 600  # characters of a request that is shown as an example


class Origin(NamedTuple):
    """The earlier answer from which a client took the value of a key.

    table, attribute: where the value was. items: a number that identifies the answer.
    """

    table: str
    attribute: str
    items: int


@dataclass(slots=True)
class Access:
    """One read or write of a table or index, as a part of a request.

    action: the native operation, such as GetItem. For a statement of PartiQL, this is the operation
    that the service runs for the statement.
    statement: whether a statement of PartiQL made this access.
    key: the primary key as JSON, "" for a page.
    partition: the value of the partition key, as text.
    condition: whether a write has a condition.
    filtered: whether a page has a filter.
    equal: the attributes that the filter compares with `=`.
    limited: whether the request has a Limit.
    whole: whether the request wants all attributes.
    wanted: the attributes of the projection.
    scanned, returned: how many items a page or a GetItem has read, and has returned.
    start, last: digests of ExclusiveStartKey and LastEvaluatedKey, "" without them.
    size: the bytes of the items that were read or written.
    returned_size: the bytes of the items in the answer.
    largest: the name and size of the largest attribute of a large item.
    read, write: capacity units.
    exact: whether the units are known, and not estimated.
    item: the item that a put wrote or a GetItem returned.
    items: the items that a page returned.
    changes: attribute -> how an update changes it: add, subtract, set or remove.
    assigned: attribute -> the value that an update assigns to it.
    facts: what is known about the table, None if nothing is known.
    origin: the earlier answer from which the client took the key, None if it is not known.
    """

    action: str
    table: str
    index: str = ""
    statement: bool = False
    key: str = ""
    partition: str = ""
    consistent: bool = False
    condition: bool = False
    filtered: bool = False
    limited: bool = False
    whole: bool = True
    equal: Sequence[str] = ()
    wanted: Sequence[str] = ()
    scanned: int = 0
    returned: int = 0
    start: str = ""
    last: str = ""
    size: int = 0
    returned_size: int = 0
    largest: tuple[str, int] = ("", 0)
    read: float = 0.0
    write: float = 0.0
    exact: bool = False
    item: Item | None = None
    items: Sequence[Item] = ()
    changes: Mapping[str, str] = field(default_factory=dict)
    assigned: Mapping[str, Any] = field(default_factory=dict)
    facts: TableFacts | None = None
    origin: Origin | None = None

    @property
    def computed(self) -> list[str]:
        """The attributes whose new values an update computes from their old ones."""
        return [name for name, kind in self.changes.items() if kind in ("add", "subtract")]

    @property
    def writes(self) -> bool:
        """True if this access writes an item."""
        return self.action in WRITES


@dataclass(slots=True)
class Call:
    """A request with its answer.

    time: when its answer was complete, in seconds by a clock that all processes share.
    client: identifies the sender: the client object that the pytest plugin names, or else the
    User-Agent.
    place: the file, line and function that sent the request, such as `tests/a.py:12;
    function=test_a`. The pytest plugin sends it in an HTTP header. "" without the plugin.
    code: the code of an error, "" for success. A request that failed has no accesses.
    attempted: the writes of a request that failed because of a condition or a limit.
    attempt: 1 for a first attempt, a higher number for a retry of an SDK.
    invocation: an id that an SDK gives to all attempts of one request.
    request: the parsed body. A call that `load` returned has only the short members of the body.
    text: the request's body as text, shortened; "" if `request` is complete.
    """

    time: float
    access_key: str
    region: str
    operation: str
    request: Mapping[str, Any]
    accesses: list[Access]
    client: str = ""
    place: str = ""
    code: str = ""
    attempt: int = 1
    invocation: str = ""
    attempted: Sequence[Access] = ()
    text: str = ""

    @property
    def example(self) -> str:
        """The request's body as text, shortened."""
        text = self.text or _json(self.request).decode()
        return text if len(text) <= _LONGEST_EXAMPLE else text[: _LONGEST_EXAMPLE - 3] + "..."

    def dump(self) -> str:
        """Return the call as JSON for another process, which reads it with `load`.

        The JSON has digests in place of long attribute values, and lacks long members of the
        request. If it is still too long, it also lacks the items of pages.
        """
        members = {name: getattr(self, name) for name in self.__slots__}
        members["request"] = {name: value for name, value in self.request.items() if len(_json(value)) <= _LONG_MEMBER}
        members["text"] = self.example
        for most in (_MOST_ITEMS, 0):
            for name in ("accesses", "attempted"):
                members[name] = [_plain(each, most) for each in getattr(self, name)]
            text = orjson.dumps(members)
            if len(text) <= _LONGEST_TEXT:
                break
        return text.decode()

    @classmethod
    def load(cls, text: str) -> Self:
        """Make a call from the JSON of `dump`. `facts` and `origin` of its accesses are None."""
        members = orjson.loads(text)
        for name in ("accesses", "attempted"):
            members[name] = [Access(**each) for each in members[name]]
        return cls(**members)


def _json(value: Any) -> bytes:  # noqa: ANN401 - a part of a request
    """Return a part of a request as JSON.

    A member that the service ignores may be nested too deeply for the JSON encoder. Then the result
    is a row of dots, so long that `Call.dump` leaves the member out.
    """
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError:
        return b"." * _LONG_MEMBER * 2


def _plain(access: Access, most_items: int) -> dict[str, Any]:
    members = {name: getattr(access, name) for name in access.__slots__}
    members["facts"] = members["origin"] = None
    members["items"] = [_short(item) for item in access.items[:most_items]]
    members["item"] = None if access.item is None else _short(access.item)
    members["assigned"] = _short(access.assigned)
    return members


def _short(item: Item) -> Item:
    """Return at most 50 attributes of an item, with digests in place of long values.

    Equal values have equal digests.
    """
    return {name: _short_value(item[name]) for name in list(item)[:_MOST_ATTRIBUTES]}


def _short_value(value: Any) -> Any:  # noqa: ANN401 - an attribute value
    text = orjson.dumps(value)
    return value if len(text) <= _LONG_VALUE else {"S": blake2b(text, digest_size=16).hexdigest()}


def text_of(value: Mapping[str, Any]) -> str:
    """Return the content of an S, N or B value as text, "" for values of other types."""
    content = next(iter(value.values()), "")
    return content if isinstance(content, str) else ""


def key_text(key: Item, names: Sequence[str]) -> str:
    """Return a text that identifies a primary key, "" if a part is missing.

    Short keys are shown as JSON, long ones as a digest.
    """
    if any(name not in key for name in names):
        return ""
    text = orjson.dumps({name: key[name] for name in names}, option=orjson.OPT_SORT_KEYS)
    return text.decode() if len(text) <= _LONG_VALUE else blake2b(text, digest_size=16).hexdigest()
