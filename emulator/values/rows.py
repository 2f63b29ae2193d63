"""The form in which items are stored.

A stored item is a *row*:

    1 byte     version of the layout, 1
    3 bytes    size of the item by the rules of size.py, big-endian
    the rest   the item as DynamoDB JSON, keys sorted: equal items have equal rows
"""

from collections.abc import Callable
from functools import lru_cache
from operator import itemgetter
from struct import Struct
from typing import Final

import orjson

from emulator.values.types import TYPES, Item

ROW_HEADER: Final = 4
_ROW_VERSION: Final = 0x01000000
_ROW_SIZE: Final = 0x00FFFFFF
_pack: Final = Struct(">I").pack
_unpack: Final = Struct(">I").unpack_from


def encode_row(item: Item, size: int) -> bytes:
    """Return the row of a canonical item of a size in bytes."""
    return _pack(_ROW_VERSION | size) + orjson.dumps(item, option=orjson.OPT_SORT_KEYS)


def row_size(row: bytes) -> int:
    """Return the size of a row's item."""
    return _unpack(row)[0] & _ROW_SIZE  # type: ignore[no-any-return]


row_json: Final[Callable[[bytes], bytes]] = itemgetter(slice(ROW_HEADER, None))
"""Return a row's item as JSON text, ready to be answered."""


def decode_row(row: bytes) -> Item:
    """Return a row's item."""
    item: Item = orjson.loads(row[ROW_HEADER:])
    return item


def decoder_of(names: frozenset[str]) -> Callable[[bytes], Item]:
    """Return a function like `decode_row` that may leave out other attributes than these: one costs a third of a 1 KB row.

    A few names are looked for in the text. Quotes inside of strings are escaped in it, so `"name":` is the key of an object
    wherever it stands, unless its first quote is an escaped one in a longer key. It is an attribute's, unless it is a tag or
    the item has a map before it. The attribute's value is the text up to the next place where an object ends and a string
    begins, if that is JSON: no object's text begins another's.
    Whatever is not as simple is left to `decode_row`.
    """
    if len(names) > _FEW or sum(map(len, names)) > _LONG_NAMES:
        return decode_row
    return _decoder_of(names)


@lru_cache(maxsize=256)
def _decoder_of(names: frozenset[str]) -> Callable[[bytes], Item]:
    if not names:
        return lambda _row: {}
    if any(name[0] in _AFTER_STRING or name in TYPES for name in names):
        return decode_row
    keys = [(name, orjson.dumps(name) + b":") for name in names]

    def decode(row: bytes) -> Item:
        part: Item = {}
        for name, key in keys:
            found = row.find(key, ROW_HEADER)
            if found >= 0:
                if row[found - 1] == _BACKSLASH or row.find(_MAP, ROW_HEADER, found) >= 0:
                    return decode_row(row)
                start = found + len(key)
                end = row.find(_NEXT, start)
                try:
                    part[name] = orjson.loads(row[start : end + 1] if end >= 0 else row[start:-1])
                except orjson.JSONDecodeError:
                    return decode_row(row)
        return part

    return decode


_FEW: Final = 2  # looking for a third one costs as much as decoding a row of 1 KB
_LONG_NAMES: Final = 1_000  # characters: a decoder for such is not worth being kept
_BACKSLASH: Final = ord("\\")
_NEXT: Final = b'},"'
_MAP: Final = b'"M":{'
_AFTER_STRING: Final = frozenset(":,]}")
"""What follows a string's last quote: with a name that begins so, that quote could be taken for the first one of a key."""
