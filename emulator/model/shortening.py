"""Parses large bodies, and makes no objects for members beyond the limits of any request.

16 MB of JSON can contain five million members of a list that may have a hundred. As objects, they
take hundreds of megabytes. Small objects that the server makes at the same time may exist for
longer, and each of these prevents the return of a megabyte to the system: after a million table
names, a server kept 10 to 13 % more memory, and more with each such request.

The parser reads only the first `kept` members of such a list or map (parse.py), because its length
alone makes the request fail. So this module searches for that many members in the bytes of the
body. If it finds them, it cuts off the rest of the body, and parses only the beginning.

The search must be short, because normal large bodies are searched too. It follows the first long
member from level to level, and stops where members have more than 256 bytes on average. A normal
body has few long members, so the search ends after some 25 KB on each level, in 1 ms. A hostile
body can hide its list after a long member. Then the whole body is parsed.

The text after the cut is not read, except strings and numbers at the end of the request. So if the
body is malformed after the cut, its error is still about the length.
"""

import re
from typing import Any, Final

import orjson

from emulator.model.parse import kept
from emulator.model.shapes import OperationModel, Shape, Shapes

_LEVELS: Final = 6  # how many levels a skipped member may have; a put with a key has four
_AT_ONCE: Final = 100  # how many members one match skips
_AVERAGE: Final = 256  # the largest average size in bytes of the members that one match skips
_LONG: Final = 4_096  # from this size in bytes on, a member is followed and not skipped
_SKIPPED: Final = 1_000  # how many members are skipped one by one at most
# The request's last members are searched in this many bytes at the end of the body. The search
# tries at most ten brackets there, from the last one backwards.
_TAIL: Final = 1_000_000
_ENDS: Final = 10
_CLOSING: Final = {b"[": b"]", b"{": b"}"}
_OPENING: Final = {"structure": b"{", "map": b"{", "list": b"["}

_ATTRIBUTE_VALUE: Final = "AttributeValue"

_STRING: Final = rb'"(?:[^"\\]++|\\.)*+"'


def _nested(levels: int) -> bytes:
    """Return a pattern for the text inside brackets.

    The pattern does not check which brackets form pairs.
    """
    inside = rb'(?:[^"\[\]{}]++|%b)*+' % _STRING
    for _ in range(levels):
        inside = rb'(?:[^"\[\]{}]++|%b|[\[{]%b[\]}])*+' % (_STRING, inside)
    return inside


_MEMBER: Final = rb'(?:[^"\[\]{},]++|%b|[\[{]%b[\]}])++,' % (_STRING, _nested(_LEVELS - 1))
_one_member: Final = re.compile(_MEMBER, re.DOTALL).match
_many_members: Final = re.compile(rb"(?:%b){%d}" % (_MEMBER, _AT_ONCE), re.DOTALL).match
_bracket: Final = re.compile(rb"\s*([\[{])").match
_name: Final = re.compile(rb"\s*(%b)\s*:" % _STRING, re.DOTALL).match
_LAST_MEMBERS: Final = rb'(?:\s*,\s*"\w+"\s*:\s*(?:%b|[-+.\w]++))*+\s*\}\s*\Z' % _STRING


def parsed(operation: OperationModel, body: bytes) -> object:
    """Return the JSON of a body, with at least the members that the operation's parser reads.

    Raises orjson.JSONDecodeError.
    """
    cut = _Search(body).cut(operation)
    if cut is not None:
        shorter, path, number = cut
        try:
            raw = orjson.loads(shorter)
        except orjson.JSONDecodeError:
            pass
        else:
            if _has_members(raw, path, number):
                return raw
    return orjson.loads(body)


def _has_members(raw: Any, path: list[str | int], number: int) -> bool:  # noqa: ANN401 - any JSON
    """Return whether the list or map at this path has `number` members.

    If the text of a map repeats a name, the map has fewer members than the text.
    """
    try:
        for step in path:
            raw = raw[step]
        return len(raw) == number
    except (KeyError, IndexError, TypeError):  # the text repeats a name on the path
        return False


class _Search:
    """The search for a list or map that is too long."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._position = 0
        self._open = b""  # the brackets that are open at the current position
        self._path: list[str | int] = []

    def cut(self, operation: OperationModel) -> tuple[bytes, list[str | int], int] | None:
        """Return a shorter body, the path to its long list or map, and the number of members there.

        Return None if no such list or map is found.
        """
        shapes = operation.shapes
        shape: Shape | None = shapes[operation.input]
        while shape is not None and _ATTRIBUTE_VALUE not in (shape.name, shape.value) and self._enter(shape):
            number = _most(shapes, shape)
            if number and self._skip_many(number):
                return self._shorter(), self._path, number
            shape = self._follow(shapes, shape)
        return None

    def _enter(self, shape: Shape) -> bool:
        """Move past the bracket that opens a value of this shape; return whether it exists."""
        found = _bracket(self._body, self._position)
        if found is None or found[1] != _OPENING.get(shape.type):
            return False
        self._position = found.end()
        self._open += found[1]
        return True

    def _skip_many(self, number: int) -> bool:
        """Move past `number` members if they have at most 256 bytes on average.

        Return whether this is so.
        """
        position = self._position
        for _ in range(number // _AT_ONCE):
            found = _many_members(self._body, position, position + _AT_ONCE * _AVERAGE)
            if found is None:
                return False
            position = found.end()
        self._position = position
        return True

    def _follow(self, shapes: Shapes, shape: Shape) -> Shape | None:
        """Move to the first long member; return its shape, or None if the search ends."""
        number = 0
        while (found := _one_member(self._body, self._position, self._position + _LONG)) is not None:
            self._position = found.end()
            number += 1
            if number > _SKIPPED:
                return None
        if shape.type == "list":
            self._path.append(number)
            return shapes[shape.value]
        named = _name(self._body, self._position, self._position + _LONG)
        if named is None:
            return None
        self._position = named.end()
        try:
            name: str = orjson.loads(named[1])
        except orjson.JSONDecodeError:
            return None
        self._path.append(name)
        inner = shape.value if shape.type == "map" else shape.members.get(name, "")
        return shapes[inner] if inner else None

    def _shorter(self) -> bytes:
        """Return the body up to the comma at the current position, completed to valid JSON.

        If the request's last members are found at the end of the body, they are kept.
        """
        brackets = [_CLOSING[self._open[index : index + 1]] for index in reversed(range(len(self._open)))]
        start = self._body[: self._position - 1]
        # The pattern of the last members contains the request's last bracket.
        behind = re.compile(rb"\s*".join(map(re.escape, brackets[:-1])) + _LAST_MEMBERS, re.DOTALL)
        end = len(self._body)
        for _ in range(_ENDS):
            end = self._body.rfind(brackets[0], max(self._position, len(self._body) - _TAIL), end)
            found = None if end < 0 else behind.match(self._body, end)
            if end < 0 or found is not None:
                break
        return start + (b"".join(brackets) if found is None else found[0])


def _most(shapes: Shapes, shape: Shape) -> int:
    """Return how many members of a too long list or map are kept for the parser.

    0: the list or map is never cut, because a valid one may have that many.
    """
    if shape.maximum is None or shape.type not in ("list", "map"):
        return 0
    number = kept(shapes, shape)
    return number if shape.maximum < number else 0
