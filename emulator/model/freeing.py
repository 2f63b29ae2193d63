"""Frees large JSON values in pieces.

Python frees a list or dictionary with all its contents in one step. For five million objects, this
takes 150 ms, and no other thread can run meanwhile. If the value is freed in pieces, other threads
run in between.
"""

from typing import Any, Final

_SMALL: Final = 10  # the maximum number of members of a list that is freed in one step
_AT_ONCE: Final = 1_000  # the number of members that one step removes from a long list


def free(value: Any) -> None:  # noqa: ANN401 - JSON of any form
    """Empty a list or dictionary, and the large lists and dictionaries in it, in pieces.

    No other code may still use the value. Inner lists of at most _SMALL members are freed in one
    step, as are inner lists and dictionaries that contain only scalars.
    """
    emptied: list[Any] = [value] if isinstance(value, list | dict) else []
    del value
    while emptied:
        last = emptied[-1]
        if not last:
            emptied.pop()
        elif type(last) is not list:
            _open(emptied, last.popitem()[1])
        elif last[-1]:
            _open(emptied, last.pop())
        else:
            del last[-_AT_ONCE:]


def cut(members: list[Any], length: int) -> None:
    """Remove all members of a list after the first `length` ones, in pieces."""
    while len(members) > length:
        del members[max(length, len(members) - _AT_ONCE) :]


def _open(emptied: list[Any], value: Any) -> None:  # noqa: ANN401 - JSON of any form
    """Add a value to `emptied` if it must be freed in pieces.

    A dictionary, or a list of more than _SMALL members, is freed in pieces if its last member is a
    list or dictionary. Python frees all other values in one step.
    """
    if type(value) is list:
        if len(value) > _SMALL and type(value[-1]) in {list, dict}:
            emptied.append(value)
    elif isinstance(value, dict) and value:
        last = next(reversed(value.values()))
        if last and type(last) in {list, dict}:
            emptied.append(value)
