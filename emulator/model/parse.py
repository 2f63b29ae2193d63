"""Compiles a shape into a parser: a function that checks JSON types and converts JSON to values.

This is layer 1 of the service's checks (behaviour 1.6). Like the service, a parser reads a request
in document order and stops at the first type error. Recursion is safe: parsers call each other only
as deeply as shapes are nested in the model. AttributeValue is the only shape that contains itself,
and `values/wire.py` parses it.
"""

import sys
from collections.abc import Callable
from itertools import islice
from typing import Any, Final, NoReturn

from emulator import errors, limits
from emulator.model.scalars import JAVA_CLASSES, Parser, scalar_parser, string
from emulator.model.shapes import SCALARS, OperationModel, Shape, Shapes
from emulator.values import wire
from emulator.values.types import Value
from emulator.values.wire import Problem

_ScalarError = Callable[[], errors.ApiError]

_PACKAGE: Final = "com.amazonaws.dynamodb.v20120810."
_ATTRIBUTE_VALUE: Final = "AttributeValue"

# A list or map that is too long makes the request fail in a later check. A body of 16 MB can have
# five million members, so a parser reads only the first members. The following constants are the
# maximum numbers of members that it reads.

# For lists and maps whose maximum in the model is less than 1,000. The largest such maximum is 255.
_KEPT_OF_BOUNDED: Final = 1_000
# For lists of structures, if the model has no maximum for the list. Later checks limit such lists,
# for example to 50 tags or 20 indexes.
_KEPT_OF_STRUCTURES: Final = 10_000
# For names and values: five expressions of 4 KB or a statement of 8 KB can use at most about 7,000
# names or values.
_KEPT: Final = {
    "ExpressionAttributeNameMap": 10_000,
    "PreparedStatementParameters": 10_000,
    "KeyConditions": 10_000,
}
_BY_ATTRIBUTE: Final = frozenset(("ExpectedAttributeMap", "FilterConditionMap", "AttributeUpdates"))
"""The shapes of those legacy parameters that are maps with attribute names as keys.

A later check refuses such a parameter if its attribute names have more than limits.LEGACY_NAMES
bytes together.
"""
_NAME_LIST: Final = "AttributeNameList"  # the shape of AttributesToGet; the limit LEGACY_NAMES applies to it too
_MAP_PARSERS: Final[dict[str, Callable[[object, list[Problem]], dict[str, Value]]]] = {
    "PutItemInputAttributeMap": wire.parse_item,
    "ExpressionAttributeValueMap": wire.parse_values,
}


class Request(dict[str, Any]):
    """A request whose members have the right types.

    problems: the problems in attribute values, in document order. The operation's check handles
    them later.
    """

    __slots__ = ("problems",)

    problems: list[Problem]

    def mark_reported(self) -> None:
        """Clear the problems. A check calls `mark_reported` after it has handled all of them."""
        self.problems = []

    def copy(self) -> "Request":
        """Return a copy with the same members and the same problems."""
        copied = Request(self)
        copied.problems = self.problems
        return copied


def compile_parser(operation: OperationModel) -> Callable[[object], Request]:
    """Return the parser of an operation's requests."""
    shapes = operation.shapes
    shape = shapes[operation.input]
    members = _members(shapes, shape)
    find = members.get
    texts = frozenset(name for name, parse_member in members.items() if parse_member is string)
    java_type = _java_type(shapes, shape)

    def parse(raw: object) -> Request:
        if type(raw) is not dict:
            _refuse_as_collection(raw, java_type, errors.scalar_as_member)
        request = Request()
        problems: list[Problem] = []
        request.problems = problems
        for name, value in raw.items():
            # Most members are texts. They need no conversion, and a call of their parser would take
            # three times as long.
            if name in texts and type(value) is str:
                request[name] = value
            elif value is not None:
                parse_member = find(name)
                if parse_member is not None:
                    request[name] = parse_member(value, problems)
                    if problems:
                        _name_parameter(problems, name)
        return request

    return parse


def _name_parameter(problems: list[Problem], name: str) -> None:
    """Set `parameter` to `name`, a member of the request, in each problem that has none yet."""
    for problem in problems:
        if not problem.parameter:
            problem.parameter = name


def _members(shapes: Shapes, shape: Shape) -> dict[str, Parser]:
    return {name: _parser(shapes, shapes[inner], errors.scalar_as_field) for name, inner in shape.members.items()}


def _parser(shapes: Shapes, shape: Shape, scalar_error: _ScalarError) -> Parser:
    """Return the parser of a shape.

    scalar_error: a function that returns the error for a scalar where a collection is expected.
    """
    if shape.type in SCALARS:
        return scalar_parser(shape)
    java_type = _java_type(shapes, shape)
    if shape.name == _ATTRIBUTE_VALUE:
        return _attribute_value(java_type, scalar_error)
    if shape.type == "structure":
        return _structure(_members(shapes, shape), java_type, scalar_error)
    if shape.type == "list" and shape.value == _ATTRIBUTE_VALUE:
        return _attribute_value_list(scalar_error, kept(shapes, shape))
    if shape.type == "list" and shapes[shape.value].type == "string":
        texts = _string_list(scalar_error, kept(shapes, shape))
        return _name_list(texts) if shape.name == _NAME_LIST else texts
    if shape.type == "list":
        return _list(_parser(shapes, shapes[shape.value], errors.scalar_as_member), scalar_error, kept(shapes, shape))
    if shape.value == _ATTRIBUTE_VALUE:
        return _attribute_values(shape, java_type, scalar_error)
    member = _parser(shapes, shapes[shape.value], errors.scalar_as_member)
    parse = _map(member, java_type, scalar_error, kept(shapes, shape))
    return _by_attribute(parse) if shape.name in _BY_ATTRIBUTE else parse


def kept(shapes: Shapes, shape: Shape) -> int:
    """Return the maximum number of members that a parser reads from a list or map of this shape."""
    if shape.name in _KEPT:
        return _KEPT[shape.name]
    if shape.maximum is not None:
        return _KEPT_OF_BOUNDED if shape.maximum < _KEPT_OF_BOUNDED else sys.maxsize
    structures = shape.type == "list" and shapes[shape.value].type == "structure" and shape.value != _ATTRIBUTE_VALUE
    return _KEPT_OF_STRUCTURES if structures else sys.maxsize


def _java_type(shapes: Shapes, shape: Shape) -> str:
    """Return the Java type of a shape as the service's messages print it.

    For structures and scalars, the text starts with "class ".
    """
    name = _type_name(shapes, shape)
    return name if shape.type in {"list", "map"} else f"class {name}"


def _type_name(shapes: Shapes, shape: Shape) -> str:
    if shape.type == "map":
        return f"java.util.Map<java.lang.String, {_type_name(shapes, shapes[shape.value])}>"
    if shape.type == "list":
        return f"java.util.List<{_type_name(shapes, shapes[shape.value])}>"
    if shape.type == "structure":
        return _PACKAGE + shape.name
    return JAVA_CLASSES[shape.type]


# --- collections ----------------------------------------------------------------------------------


def _structure(members: dict[str, Parser], java_type: str, scalar_error: _ScalarError) -> Parser:
    find = members.get

    def parse(raw: object, problems: list[Problem]) -> dict[str, Any]:
        if type(raw) is not dict:
            _refuse_as_collection(raw, java_type, scalar_error)
        parsed = {}
        for name, value in raw.items():
            if value is not None:
                parse_member = find(name)
                if parse_member is not None:
                    parsed[name] = parse_member(value, problems)
        return parsed

    return parse


def _cut(raw: list[Any], limit: int) -> None:
    from emulator.model.freeing import cut  # noqa: PLC0415 - few servers need it

    cut(raw, limit)


def _list(member: Parser, scalar_error: _ScalarError, limit: int) -> Parser:
    def parse(raw: object, problems: list[Problem]) -> list[Any]:
        if type(raw) is not list:
            raise errors.structure_not_expected() if type(raw) is dict else scalar_error()
        if len(raw) > limit:
            _cut(raw, limit)
        return [None if value is None else member(value, problems) for value in raw]

    return parse


def _string_list(scalar_error: _ScalarError, limit: int) -> Parser:
    parse_each = _list(string, scalar_error, limit)

    def parse(raw: Any, problems: list[Problem]) -> Any:  # noqa: ANN401 - as `parse_each` returns it
        if type(raw) is list and len(raw) <= limit:
            try:
                "".join(raw)  # raises TypeError unless all members are strings; the fastest check
            except TypeError:
                pass
            else:
                return raw
        return parse_each(raw, problems)

    return parse


def _name_list(parse_list: Parser) -> Parser:
    """Return a parser for AttributesToGet.

    If the names have more than limits.LEGACY_NAMES characters together, a later check refuses the
    parameter. So the parser reads only as many names as are needed to exceed this limit.
    """

    def parse(raw: object, problems: list[Problem]) -> Any:  # noqa: ANN401 - any parsed value
        if type(raw) is list and len(raw) > _KEPT_OF_STRUCTURES:
            size = 0
            for position, name in enumerate(raw, 1):
                size += len(name) if type(name) is str else 0
                if size > limits.LEGACY_NAMES:
                    _cut(raw, position)
                    break
        return parse_list(raw, problems)

    return parse


def _map(member: Parser, java_type: str, scalar_error: _ScalarError, limit: int) -> Parser:
    def parse(raw: object, problems: list[Problem]) -> dict[str, Any]:
        if type(raw) is not dict:
            _refuse_as_collection(raw, java_type, scalar_error)
        if len(raw) > limit:
            raw = dict(islice(raw.items(), limit))
        return {key: None if value is None else member(value, problems) for key, value in raw.items()}

    return parse


def _by_attribute(parse_map: Parser) -> Parser:
    """Return a parser for a legacy parameter that is a map by attribute name.

    If the names have more than limits.LEGACY_NAMES characters together, the parser reads only the
    first pairs, because a later check refuses the parameter.
    """

    def parse(raw: object, problems: list[Problem]) -> Any:  # noqa: ANN401 - any parsed value
        if type(raw) is dict and len(raw) > _KEPT_OF_STRUCTURES:
            pairs = {}
            size = 0
            for name, value in raw.items():
                pairs[name] = value
                size += len(name)
                if size > limits.LEGACY_NAMES:
                    break
            raw = pairs
        return parse_map(raw, problems)

    return parse


def _refuse_as_collection(raw: object, java_type: str, scalar_error: _ScalarError) -> NoReturn:
    """Raise the service's error for JSON that should be an object, but is a list or a scalar.

    java_type: the expected Java type. scalar_error: returns the error for a scalar.
    """
    raise errors.wrong_collection(java_type) if type(raw) is list else scalar_error()


# --- attribute values -----------------------------------------------------------------------------


def _attribute_value(java_type: str, scalar_error: _ScalarError) -> Parser:
    parse_value = wire.parse_value

    def parse(raw: object, problems: list[Problem]) -> dict[str, Any]:
        if type(raw) is not dict:
            _refuse_as_collection(raw, java_type, scalar_error)
        parse_value(raw, problems)
        return raw

    return parse


def _attribute_value_list(scalar_error: _ScalarError, limit: int) -> Parser:
    parse_list = wire.parse_values_of_list

    def parse(raw: object, problems: list[Problem]) -> list[Any]:
        if type(raw) is not list:
            raise errors.structure_not_expected() if type(raw) is dict else scalar_error()
        if len(raw) > limit:
            _cut(raw, limit)
        return parse_list(raw, problems)

    return parse


def _attribute_values(shape: Shape, java_type: str, scalar_error: _ScalarError) -> Parser:
    parse_map = _MAP_PARSERS.get(shape.name, wire.parse_map)
    if scalar_error is errors.scalar_as_field:
        return parse_map  # for a scalar, `parse_map` raises the same error as `parse` below

    def parse(raw: object, problems: list[Problem]) -> dict[str, Any]:
        if type(raw) is not dict:
            _refuse_as_collection(raw, java_type, scalar_error)
        return parse_map(raw, problems)

    return parse
