"""The place of a syntax error in a policy's text.

The service reports line and column just after the faulty value. This was observed for `{}`, whose
error is at (1,3) (control-plane 11.2); for other faults it is inferred.
"""

from json import JSONDecoder
from typing import Final

_SPACE: Final = " \t\n\r"
_DECODER: Final = JSONDecoder(parse_int=str)  # Python refuses to convert numbers of 4,300 digits

Path = tuple[str | int, ...]
"""Names of members and indexes of lists, from the outside to the inside."""


def after(text: str, path: Path) -> tuple[int, int]:
    """Return line and column just after the value at a path. The text is JSON that has the path."""
    try:
        end = _end(text, _begin(text, path))
    except RecursionError:  # a value with a thousand brackets
        end = len(text)
    return text.count("\n", 0, end) + 1, end - text.rfind("\n", 0, end)


def _begin(text: str, path: Path) -> int:
    """Return the index of the first character of the value at a path."""
    at = _skip(text, 0)
    for step in path:
        at = _skip(text, at + 1)  # behind the bracket
        if isinstance(step, int):
            for _ in range(step):
                at = _skip(text, _skip(text, _end(text, at)) + 1)  # behind the comma
            continue
        while True:
            name, at = _DECODER.raw_decode(text, at)
            at = _skip(text, _skip(text, at) + 1)  # behind the colon
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
