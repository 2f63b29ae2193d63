"""How many bytes a value counts: for the 400 KB limit of an item, for capacity and for the 1 MB of a page.

The rules are behaviour 2.3. `wire` computes the same while it parses; these functions serve values that no client sent,
such as the result of an update or what an index projects, and take canonical values only. They recurse: a canonical
value has at most 32 levels, and an update can at most double that.
"""

from collections.abc import Iterable
from typing import Any

from emulator import limits
from emulator.values.number import stored_size
from emulator.values.types import Item, Value

LIST_OVERHEAD = MAP_OVERHEAD = 3
ENTRY_OVERHEAD = 1  # of each element of a list, each entry of a map


def utf8_size(text: str) -> int:
    """Return the length of a text in UTF-8."""
    return len(text) if text.isascii() else len(text.encode())


def binary_size(base64: str) -> int:
    """Return the length of the bytes that valid base64 text stands for."""
    return len(base64) // 4 * 3 - base64.count("=", -2)


def value_size(value: Value) -> int:
    """Return the bytes of a canonical value, without the name of its attribute."""
    for tag, content in value.items():
        if tag == "S":
            return len(content) if content.isascii() else len(content.encode())
        if tag == "N":
            return stored_size(content)
        return _other_size(tag, content)
    raise AssertionError("a canonical value has a tag")


def item_size(item: Item) -> int:
    """Return the bytes of an item: its names and values."""
    size = 0
    for name, value in item.items():
        size += (len(name) if name.isascii() else len(name.encode())) + value_size(value)
    return size


def changed_size(size: int, before: Item, after: Item, names: Iterable[str]) -> int:
    """Return the bytes of an item that differs from one of `size` bytes in the named attributes at most.

    Of an item that is far too large, only that it is larger than an item may be: an update of 4 KB can copy a list of
    80,000 elements 150 times, and adding all of that up took 5 s.
    """
    enough = limits.ITEM_SIZE + size  # the attributes that are left can take away `size` at most
    for name in names:
        if name in before:
            size -= utf8_size(name) + value_size(before[name])
        if name in after:
            size += utf8_size(name) + value_size(after[name])
            if size > enough:
                break
    return size


def _other_size(tag: str, content: Any) -> int:  # noqa: ANN401 - what stands under a tag depends on the tag
    if tag == "M":
        return MAP_OVERHEAD + ENTRY_OVERHEAD * len(content) + item_size(content)
    if tag == "L":
        return LIST_OVERHEAD + ENTRY_OVERHEAD * len(content) + sum(map(value_size, content))
    if tag == "SS":
        return utf8_size("".join(content))
    if tag == "NS":
        return sum(map(stored_size, content))
    if tag == "BS":
        return binaries_size(content)
    return binary_size(content) if tag == "B" else 1


def binaries_size(members: Iterable[str]) -> int:
    """Return the length of the bytes of several base64 texts."""
    return sum(map(binary_size, members))
