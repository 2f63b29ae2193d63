"""Finds out if the attribute values of a request nest deeply.

If a value in a PutItem, UpdateItem or DeleteItem has more than about 62 levels, the older code of
the service (the OLD layer) checks the request, and errors have this code's texts (behaviour 3.5).
We do not know the exact number of levels.
"""

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any, Final

_DEEP: Final = 62  # a value with more levels nests deeply; the value of an attribute is level 1
_VALUES: Final = ("Item", "Key", "ExpressionAttributeValues")
_STRUCTURES: Final = ("Expected", "AttributeUpdates")


def nests_deeply(request: Mapping[str, Any]) -> bool:
    """Return True if an attribute value of the request has more than 62 levels."""
    # The stack has one iterator for each level of nesting. It takes little memory, even if there
    # are many values.
    levels = [_values(request)]
    while levels:
        for value in levels[-1]:
            if value:
                if len(levels) > _DEEP:
                    return True
                levels.append(_parts(value))
                break
        else:
            levels.pop()
    return False


def _values(request: Mapping[str, Any]) -> Iterator[Any]:
    """Yield the attribute values in the members of a request."""
    for member in _VALUES:
        yield from request.get(member, {}).values()
    for member in _STRUCTURES:
        for structure in request.get(member, {}).values():
            if structure is not None:
                yield structure.get("Value")
                yield from structure.get("AttributeValueList", ())


def _parts(value: Mapping[str, Any]) -> Iterator[Any]:
    """Return the attribute values inside an attribute value of type L (list) or M (map).

    The parser checks only the JSON types of values below level 32 (values/wire.py). So such a value
    may have both "L" and "M", and each of them may be null.
    """
    return chain(value.get("L") or (), (value.get("M") or {}).values())
