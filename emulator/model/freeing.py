"""Frees large JSON values piece by piece.

Python frees a value with all that it contains in one go: five million objects take 150 ms. In this
time, no other thread runs. Between two pieces, other threads run.
"""

from typing import Any, Final

_SMALL: Final = 10  # members; smaller lists are freed in one go
_AT_ONCE: Final = 1_000  # members of a long list that are freed in one go if they are empty


def free(value: Any) -> None:  # noqa: ANN401 - any JSON
    """Empty a list or dictionary, and the large ones in it that contain others.

    Nobody else may use the value.
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
    """Shorten a list piece by piece."""
    while len(members) > length:
        del members[max(length, len(members) - _AT_ONCE) :]


def _open(emptied: list[Any], value: Any) -> None:  # noqa: ANN401 - any JSON
    """Add a value to those that are emptied if its last member is a list or dictionary."""
    if type(value) is list:
        if len(value) > _SMALL and type(value[-1]) in {list, dict}:
            emptied.append(value)
    elif isinstance(value, dict) and value:
        last = next(reversed(value.values()))
        if last and type(last) in {list, dict}:
            emptied.append(value)
