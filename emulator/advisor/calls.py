"""A request with its answer, and what it read and wrote: the input of all rules."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, Final, NamedTuple, Self

import orjson

from emulator.advisor.tables import TableFacts

Item = Mapping[str, Any]

WRITES: Final = frozenset(("PutItem", "UpdateItem", "DeleteItem"))
PAGES: Final = frozenset(("Query", "Scan"))

# The text of a call has at most so many items of an answer, and so many attributes of an item.
_MOST_ITEMS: Final = 25
_MOST_ATTRIBUTES: Final = 50
_LONG_VALUE: Final = 200  # bytes of JSON
_LONG_MEMBER: Final = 400  # bytes of JSON
_LONGEST_TEXT: Final = 8_192  # bytes of the text of a call; longer ones lose the items of pages
_LONGEST_EXAMPLE: Final = 600  # characters of a request that is shown as an example


class Origin(NamedTuple):
    """Where a client read the value of a key before it used the key.

    items: the number of the answer whose items had the value. It identifies that answer.
    """

    table: str
    attribute: str
    items: int


@dataclass(slots=True)
class Access:
    """One read or write of a table or index, as a part of a request.

    action: the native operation, such as GetItem; for a statement of PartiQL, the operation that
    the service runs for it. statement: whether it is part of a statement.
    key: the primary key as JSON, "" for a page. partition: the value of the partition key, as text.
    condition: whether a write has a condition. filtered: whether a page has a filter.
    equal: the attributes that a filter compares with `=`, if all of these must hold.
    limited: whether the request has a Limit. whole: whether all attributes are wanted.
    wanted: the attributes of the projection.
    scanned, returned: items of a page, or of a GetItem.
    start, last: digests of ExclusiveStartKey and LastEvaluatedKey, "" without them.
    size: the bytes of the items that were read or written.
    returned_size: the bytes of the items in the answer.
    largest: of a large item, the name and size of its largest attribute.
    exact: whether `read` and `write`, the units, are no estimates.
    item: the item that a put wrote or a GetItem returned. items: those of a page.
    changes: of an update, the attribute -> add, subtract, set or remove. assigned: attribute ->
    value.
    origin: where the client had read the key.
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
        """Whether this is a write of an item."""
        return self.action in WRITES


@dataclass(slots=True)
class Call:
    """A request with its answer.

    time: when its answer was complete, in seconds by a clock that all processes share.
    client: identifies the sender as well as possible. place: file, line and function that sent it,
    as in the header of the pytest plugin; "" without the plugin.
    code: the code of an error, "" for success. A request that failed has no accesses.
    attempted: the writes of a request that failed because of a condition or a limit.
    attempt: 1, or more for a retry of an SDK. invocation: the same for all attempts of a call.
    request: the parsed body. A call that another process has sent has only its small members.
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
        """Return the call as JSON, from which `load` makes it again, for another process.

        Long values of attributes are replaced by digests, and long members of the request are left
        out. If the text is still too long, it lacks the items of pages.
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
        """Return the call that `dump` returned. Its accesses have no facts about tables."""
        members = orjson.loads(text)
        for name in ("accesses", "attempted"):
            members[name] = [Access(**each) for each in members[name]]
        return cls(**members)


def _json(value: Any) -> bytes:  # noqa: ANN401 - a part of a request
    """Return a part of a request as JSON.

    Members that the service ignores may be nested more deeply than JSON can be written. The text of
    such a part is too long for any use.
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
    """Return an item whose long values are replaced. Equal values stay equal."""
    return {name: _short_value(item[name]) for name in list(item)[:_MOST_ATTRIBUTES]}


def _short_value(value: Any) -> Any:  # noqa: ANN401 - an attribute value
    text = orjson.dumps(value)
    return value if len(text) <= _LONG_VALUE else {"S": blake2b(text, digest_size=16).hexdigest()}


def text_of(value: Mapping[str, Any]) -> str:
    """Return the content of a scalar attribute value as text, "" for other values."""
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
