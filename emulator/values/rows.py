"""The form in which items are stored.

A stored item is a *row*:

    1 byte     version of the layout, 1
    3 bytes    size of the item by the rules of size.py, big-endian
    the rest   the item as DynamoDB JSON, keys sorted: equal items have equal rows
"""

from collections.abc import Callable
from operator import itemgetter
from struct import Struct
from typing import Final

import orjson

from emulator.values.types import Item

ROW_HEADER: Final = 4
_ROW_VERSION: Final = b"\x01"
_ROW_SIZE: Final = 0xFFFFFF
_header: Final = Struct(">I").unpack_from


def encode_row(item: Item, size: int) -> bytes:
    """Return the row of a canonical item of a size in bytes."""
    return _ROW_VERSION + size.to_bytes(3, "big") + orjson.dumps(item, option=orjson.OPT_SORT_KEYS)


def row_size(row: bytes) -> int:
    """Return the size of a row's item."""
    return _header(row)[0] & _ROW_SIZE  # type: ignore[no-any-return]


row_json: Final[Callable[[bytes], bytes]] = itemgetter(slice(ROW_HEADER, None))
"""Return a row's item as JSON text, ready to be answered."""


def decode_row(row: bytes) -> Item:
    """Return a row's item."""
    item: Item = orjson.loads(row[ROW_HEADER:])
    return item
