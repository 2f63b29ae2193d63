"""Stream records as text: one line that names the change, then a line for each changed attribute.

    2026-11-29T07:00:01Z Orders MODIFY {'id': 'o-1'}
      - state: 'new'
      + state: 'paid'

`-` marks the old value and `+` the new one. The view type of the stream decides whether a record
has the old item, the new item or both. For a record with both, only the attributes that differ are
shown.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from emulator.display.terminal import Painter, plain
from emulator.display.values import Item, item_text, value_text, visible

Record = Mapping[str, Any]

_COLOURS: Final[Mapping[str, str]] = {"INSERT": "green", "MODIFY": "yellow", "REMOVE": "red"}
_TTL: Final = {"Type": "Service", "PrincipalId": "dynamodb.amazonaws.com"}
"""The `userIdentity` of records about items that TTL deleted."""


def record_text(table: str, record: Record, paint: Painter = plain) -> str:
    """Return a record as lines of text, without a line feed at the end."""
    return "\n".join(_lines(table, record, paint))


def _lines(table: str, record: Record, paint: Painter) -> Iterator[str]:
    change = record["dynamodb"]
    name = record["eventName"]
    expired = " (time to live)" if record.get("userIdentity") == _TTL else ""
    time = datetime.fromtimestamp(change["ApproximateCreationDateTime"], UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    keys = item_text(change["Keys"])
    yield f"{paint('dim', time)} {paint('cyan', table)} {paint(_COLOURS[name], name)}{expired} {keys}"
    old, new = change.get("OldImage"), change.get("NewImage")
    for attribute in _changed(change["Keys"], old, new):
        for sign, colour, image in (("-", "red", old), ("+", "green", new)):
            if image is not None and attribute in image:
                yield paint(colour, f"  {sign} {visible(attribute)}: {value_text(image[attribute])}")


def _changed(keys: Item, old: Item | None, new: Item | None) -> list[str]:
    """Return the names of the attributes to show, without the key attributes.

    The names are in the order of the old item. Names that only the new item has come last.
    """
    names = [name for name in {**(old or {}), **(new or {})} if name not in keys]
    if old is None or new is None:
        return names
    return [name for name in names if old.get(name) != new.get(name)]
