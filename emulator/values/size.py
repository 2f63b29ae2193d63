"""The sizes of values in bytes, for the size limit of items, for capacity and for pages of 1 MB.

The rules are in behaviour 2.3. `wire` computes the same sizes while it parses. The functions here
are for values that do not come directly from a client, such as the result of an update or the
projection of an index. They accept only canonical values. Their recursion is safe: a canonical
value has at most 32 levels, and the result of an update at most twice as many.
"""

from collections.abc import Iterable
from typing import Any

from emulator import limits
from emulator.values.number import stored_size
from emulator.values.types import Item, Value

LIST_OVERHEAD = MAP_OVERHEAD = 3
ELEMENT_OVERHEAD = 1  # for each element of a list or map


def utf8_size(text: str) -> int:
    """Return the length of a text in UTF-8."""
    return len(text) if text.isascii() else len(text.encode())


def binary_size(base64: str) -> int:
    """Return the number of bytes that a valid base64 text encodes."""
    return len(base64) // 4 * 3 - base64.count("=", -2)


def value_size(value: Value) -> int:
    """Return the size of a canonical value in bytes, without the name of its attribute."""
    for tag, content in value.items():
        if tag == "S":
            return len(content) if content.isascii() else len(content.encode())
        if tag == "N":
            return stored_size(content)
        return _other_size(tag, content)
    raise AssertionError("a canonical value has a tag")


def item_size(item: Item) -> int:
    """Return the size of an item in bytes: its names and values."""
    size = 0
    for name, value in item.items():
        size += (len(name) if name.isascii() else len(name.encode())) + value_size(value)
    return size


def changed_size(size: int, before: Item, after: Item, names: Iterable[str]) -> int:
    """Return the size of a changed item, in bytes.

    size: the size of the item before the change.
    names: the attributes that may differ.

    Once the sum is certainly above the limit of an item, this stops and returns the sum so far. An
    update of 4 KB can copy a list of 80,000 elements 150 times: adding up all sizes took 5 s.
    """
    # The remaining names can reduce the sum by the size of the old item at most.
    enough = limits.ITEM_SIZE + size
    for name in names:
        if name in before:
            size -= utf8_size(name) + value_size(before[name])
        if name in after:
            size += utf8_size(name) + value_size(after[name])
            if size > enough:
                break
    return size


def _other_size(tag: str, content: Any) -> int:  # noqa: ANN401 - the content depends on the tag
    if tag == "M":
        return MAP_OVERHEAD + ELEMENT_OVERHEAD * len(content) + item_size(content)
    if tag == "L":
        return LIST_OVERHEAD + ELEMENT_OVERHEAD * len(content) + sum(map(value_size, content))
    if tag == "SS":
        return utf8_size("".join(content))
    if tag == "NS":
        return sum(map(stored_size, content))
    if tag == "BS":
        return binaries_size(content)
    return binary_size(content) if tag == "B" else 1


def binaries_size(members: Iterable[str]) -> int:
    """Return the number of bytes that several base64 texts encode."""
    return sum(map(binary_size, members))
