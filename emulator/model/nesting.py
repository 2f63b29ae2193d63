"""How deeply the attribute values of a request nest.

A PutItem, UpdateItem or DeleteItem with a value of more than about 62 levels is judged by the older layer of the service,
which words its problems differently (service-behaviour.md 3.5). The exact number of levels is not recorded.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

_DEEP: Final = 62  # levels, an attribute's own value being level 1
_VALUES: Final = ("Item", "Key", "ExpressionAttributeValues")
_STRUCTURES: Final = ("Expected", "AttributeUpdates")


def nests_deeply(request: Mapping[str, Any]) -> bool:
    """Say whether a value of the request has more than 62 levels."""
    waiting = [(value, 1) for value in _values(request)]
    while waiting:
        value, level = waiting.pop()
        if level > _DEEP:
            return True
        waiting += [(part, level + 1) for part in _parts(value)]
    return False


def _values(request: Mapping[str, Any]) -> Iterator[Any]:
    """Yield the attribute values of a request's members."""
    for member in _VALUES:
        yield from request.get(member, {}).values()
    for member in _STRUCTURES:
        for structure in request.get(member, {}).values():
            if structure is not None:
                yield structure.get("Value")
                yield from structure.get("AttributeValueList", ())


def _parts(value: Any) -> Iterator[Any]:  # noqa: ANN401 - what lies too deep was not made canonical
    if value is not None:
        yield from value.get("L") or ()
        yield from (value.get("M") or {}).values()
