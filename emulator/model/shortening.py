"""Parses large request bodies, without making objects for lists and maps that are far too long.

A body of 16 MB can have a list of five million members where a hundred are allowed. As Python
objects, these members take hundreds of megabytes. Other small objects that the server makes at the
same time may live longer than the members. Each such object prevents the return of a megabyte to
the operating system. After a request with a million table names, a server kept 10 to 13 % more
memory, and each further request of this kind added some.

The length of such a list or map alone makes the request fail. So the parser needs only its first
members; `kept` in parse.py returns how many. This module searches the bytes of the body for a list
or map with at least that many members. If it finds one, it cuts off the rest of the body, and
parses only the beginning.

The search must be short, because every large body is searched, also a valid one. In each structure,
list or map, the search skips short members and enters the first long member. It stops where members
have more than 256 bytes on average. A valid body has few long members, so its search reads some
25 KB on each level of nesting, in 1 ms. A hostile body can hide its list after a long member. Then
the search fails, and the whole body is parsed.

After the cut, only strings and numbers at the end of the request are read. So if the rest of the
body is malformed JSON, the client still gets the error about the length.
"""

import re
from typing import Any, Final

import orjson

from emulator.model.parse import kept
from emulator.model.shapes import OperationModel, Shape, Shapes

_LEVELS: Final = 6  # the maximum number of levels of brackets in a skipped member; a flat PutRequest has four
_AT_ONCE: Final = 100  # the number of members that one match of the pattern `_many_members` skips
_AVERAGE: Final = 256  # the maximum average size, in bytes, of the members in one match of `_many_members`
_LONG: Final = 4_096  # bytes: the search enters a member of this size or more, and skips a smaller one
_SKIPPED: Final = 1_000  # the search gives up after this many short members on one level
# `_shorter` looks for the request's last members in the last megabyte of the body. The members
# follow a closing bracket. `_shorter` tries the last ten closing brackets, the last one first.
_TAIL: Final = 1_000_000
_ENDS: Final = 10
_CLOSING: Final = {b"[": b"]", b"{": b"}"}
_OPENING: Final = {"structure": b"{", "map": b"{", "list": b"["}

_ATTRIBUTE_VALUE: Final = "AttributeValue"

_STRING: Final = rb'"(?:[^"\\]++|\\.)*+"'


def _nested(levels: int) -> bytes:
    """Return a pattern for the text inside brackets, with at most this many levels of brackets.

    The pattern does not check that `[` is closed by `]` and `{` by `}`.
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
    """Return a body as parsed JSON. If a list or map is far too long, parse only part of the body.

    That part has everything that the operation's parser needs.

    Raises orjson.JSONDecodeError if the body is not JSON.
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
    """Return True if the list or map at this path has exactly `number` members.

    number: how many members the search has counted in the text. A parsed map has fewer members if
    its text has a name twice.
    """
    try:
        for step in path:
            raw = raw[step]
        return len(raw) == number
    except (KeyError, IndexError, TypeError):
        # The text has a name of the path twice, and the parser took the other one of its values.
        return False


class _Search:
    """The search in one body for a list or map that is too long."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._position = 0
        self._open = b""  # the brackets that are open at the current position
        self._path: list[str | int] = []

    def cut(self, operation: OperationModel) -> tuple[bytes, list[str | int], int] | None:
        """Cut the body inside a list or map that is too long. Return None if the search finds none.

        The result has the shorter body, the path to the list or map, and the number of members that
        the list or map has in the shorter body.
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
        """Move past the bracket that opens a value of this shape. Return False if it is missing."""
        found = _bracket(self._body, self._position)
        if found is None or found[1] != _OPENING.get(shape.type):
            return False
        self._position = found.end()
        self._open += found[1]
        return True

    def _skip_many(self, number: int) -> bool:
        """Move past `number` members.

        Return False, without moving, if there are fewer members, or if the members have more than
        256 bytes on average.
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
        """Move to the first long member and return its shape, or None if the search gives up."""
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
        """Return the body up to the comma at the current position, with all brackets closed.

        The returned body also has the last members of the request, if they are strings or numbers.
        """
        brackets = [_CLOSING[self._open[index : index + 1]] for index in reversed(range(len(self._open)))]
        start = self._body[: self._position - 1]
        # Leave out the last closing bracket, which closes the request. `_LAST_MEMBERS` already
        # matches that bracket.
        behind = re.compile(rb"\s*".join(map(re.escape, brackets[:-1])) + _LAST_MEMBERS, re.DOTALL)
        end = len(self._body)
        for _ in range(_ENDS):
            end = self._body.rfind(brackets[0], max(self._position, len(self._body) - _TAIL), end)
            found = None if end < 0 else behind.match(self._body, end)
            if end < 0 or found is not None:
                break
        return start + (b"".join(brackets) if found is None else found[0])


def _most(shapes: Shapes, shape: Shape) -> int:
    """Return the number of members that stay when a value of this shape is cut.

    The parser reads only this number of members. Return 0 if the shape must not be cut: it is
    neither list nor map, or a valid value may have this number of members.
    """
    if shape.maximum is None or shape.type not in ("list", "map"):
        return 0
    number = kept(shapes, shape)
    return number if shape.maximum < number else 0
