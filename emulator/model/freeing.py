"""Frees large JSON values in pieces.

Python frees a list or dictionary with all its contents in one step. For five million objects, this
takes 150 ms, and no other thread can run meanwhile. If the value is freed in pieces, other threads
run in between.

A list or dictionary that contains only scalars is never emptied, because a cache may hold it, for
example ExpressionAttributeNames. Python frees it in one step.
"""

from collections.abc import Collection
from itertools import islice
from typing import Any, Final

_SMALL: Final = 10  # the maximum number of members of a small list or dictionary
_AT_ONCE: Final = 1_000  # the number of members that one step removes from a long list
_CONTAINERS: Final = frozenset((list, dict))


def free(value: Any) -> None:  # noqa: ANN401 - JSON of any form
    """Empty a list or dictionary in pieces, and all lists and dictionaries in it that may be large.

    No other code may still use the value.
    """
    emptied: list[Any] = [value] if isinstance(value, list | dict) else []
    del value
    while emptied:
        last = emptied[-1]
        if not last:
            emptied.pop()
        elif type(last) is not list:
            _open(emptied, last.popitem()[1])
        elif last[-1] and type(last[-1]) in _CONTAINERS:
            _open(emptied, last.pop())
        else:
            _drop_light(last)


def cut(members: list[Any], length: int) -> None:
    """Remove all members of a list after the first `length` ones, in pieces."""
    while len(members) > length:
        del members[max(length, len(members) - _AT_ONCE) :]


def _open(emptied: list[Any], value: Any) -> None:  # noqa: ANN401 - JSON of any form
    """Add a value to `emptied` if it must be freed in pieces. Python frees all other values.

    A small list is not added if its members contain only scalars, as a short list of attribute
    values does. Adding each such list would make freeing a million of them 50 % slower.
    """
    if type(value) is list:
        large = any(map(_is_deep, value)) if len(value) <= _SMALL else _has_containers(value)
    else:
        large = isinstance(value, dict) and _has_containers(value.values())
    if large:
        emptied.append(value)


def _is_deep(member: object) -> bool:
    """Return True if a member of a small list is a list, or a dictionary with containers."""
    return bool(member) and (type(member) is list or (isinstance(member, dict) and _has_containers(member.values())))


def _has_containers(members: Collection[object]) -> bool:
    """Return True if one of the members is a list or dictionary."""
    # Usually there is one member. Then the loop is three times as fast as `isdisjoint`.
    if len(members) <= _SMALL:
        for each in members:  # noqa: SIM110 - `any` with a generator takes twice as long
            if type(each) in _CONTAINERS:
                return True
        return False
    rest = iter(members)
    while part := tuple(islice(rest, _AT_ONCE)):  # in parts, so that other threads can run in between
        if not _CONTAINERS.isdisjoint(map(type, part)):
            return True
    return False


def _drop_light(members: list[Any]) -> None:
    """Remove up to _AT_ONCE scalars, empty lists and empty dictionaries from the end of a list."""
    part = members[-_AT_ONCE:]
    if not _CONTAINERS.isdisjoint(map(type, part)):
        count = next((i for i, each in enumerate(reversed(part)) if each and type(each) in _CONTAINERS), len(part))
    else:
        count = len(part)
    del members[-count:]
