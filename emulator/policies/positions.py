"""Finds the position of a syntax error in the text of a policy.

The service reports the line and column directly after the wrong value. This was observed only for
the policy `{}`, whose error is at (1,3) (control-plane 11.2). For other errors it is inferred.
"""

from json import JSONDecoder
from typing import Final

_SPACE: Final = " \t\n\r"
# Integers are not converted, because int() refuses more than 4,300 digits.
_DECODER: Final = JSONDecoder(parse_int=str)

Path = tuple[str | int, ...]
"""The member names and list indexes that lead to a value in JSON, the outermost first."""


def after(text: str, path: Path) -> tuple[int, int]:
    """Return the line and the column directly after the value at a path. The value must exist."""
    try:
        end = _end(text, _begin(text, path))
    except RecursionError:  # the text has about a thousand nested brackets: use its end
        end = len(text)
    return text.count("\n", 0, end) + 1, end - text.rfind("\n", 0, end)


def _begin(text: str, path: Path) -> int:
    """Return the index of the first character of the value at a path."""
    at = _skip(text, 0)
    for step in path:
        at = _skip(text, at + 1)  # go to the first element, after the bracket
        if isinstance(step, int):
            for _ in range(step):
                at = _skip(text, _skip(text, _end(text, at)) + 1)  # go to the next element, after the comma
            continue
        while True:
            name, at = _DECODER.raw_decode(text, at)
            at = _skip(text, _skip(text, at) + 1)  # go to the value, after the colon
            if name == step:
                break
            at = _skip(text, _skip(text, _end(text, at)) + 1)
    return at


def _end(text: str, begin: int) -> int:
    end: int = _DECODER.raw_decode(text, begin)[1]
    return end


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in _SPACE:
        at += 1
    return at
