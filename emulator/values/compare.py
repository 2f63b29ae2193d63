"""Equality, order and the functions of conditions, on canonical values (behaviour 4.4).

Strings compare by code point, as in Python. That is also the byte order of their UTF-8. Binaries
are base64 text inside a value, but compare as the bytes that the text encodes.
"""

from binascii import a2b_base64
from typing import TypeVar

from emulator.values import number
from emulator.values.types import SET_OF, Value

_Text = TypeVar("_Text", str, bytes)


def equal(left: Value, right: Value) -> bool:
    """Say whether two values are the same.

    The comparison is deep. Order counts in lists, but not in sets and maps.
    """
    return left == right


def order(left: Value, right: Value) -> int | None:
    """Return -1 if left is below right, 0 if they are equal, 1 if left is above right.

    Return None if the two values are not both S, both N or both B.
    """
    if "N" in left and "N" in right:
        return number.order(left["N"], right["N"])
    if "S" in left and "S" in right:
        return _order(left["S"], right["S"])
    if "B" in left and "B" in right:
        return _order(a2b_base64(left["B"]), a2b_base64(right["B"]))
    return None


def _order(left: _Text, right: _Text) -> int:
    return (left > right) - (left < right)


def contains(container: Value, operand: Value) -> bool:
    """Say whether the container has the operand.

    The operand may be a substring, a member of a set or an element of a list.
    """
    [(tag, content)] = container.items()
    if tag == "L":
        return operand in content
    [(kind, wanted)] = operand.items()
    if tag == kind == "S":
        return wanted in content
    if tag == kind == "B":
        return a2b_base64(wanted) in a2b_base64(content)
    return SET_OF.get(kind) == tag and wanted in content


def begins_with(value: Value, prefix: Value) -> bool:
    """Say whether a string or a binary starts with a prefix of its own type."""
    if "S" in value and "S" in prefix:
        return bool(value["S"].startswith(prefix["S"]))
    if "B" in value and "B" in prefix:
        return a2b_base64(value["B"]).startswith(a2b_base64(prefix["B"]))
    return False


def size_of(value: Value) -> int | None:
    """Return the result of size(), or None for N, BOOL and NULL.

    The result counts the UTF-16 units of a string, the bytes of a binary, the members of a set, the
    elements of a list, or the entries of a map.
    """
    [(tag, content)] = value.items()
    if tag == "S" and not content.isascii():
        return len(content.encode("utf-16-le", "surrogatepass")) // 2
    if tag == "B":
        return len(a2b_base64(content))
    return None if tag in {"N", "BOOL", "NULL"} else len(content)
