"""Compiles the shape of a scalar into a parser.

The parser checks the JSON type of a value and may convert the value (behaviour 1.6).
"""

from collections.abc import Callable
from math import floor
from typing import Any, Final, NoReturn

from emulator import errors
from emulator.model.shapes import Shape
from emulator.values import wire
from emulator.values.wire import Problem

Parser = Callable[[Any, list[Problem]], Any]
"""A function that takes JSON and a list of problems, and returns the parsed value.

It appends the problems of attribute values to the list. It may change the JSON, and the value may
contain parts of the JSON. Raises SerializationException.
"""

JAVA_CLASSES: Final = {
    "string": "java.lang.String",
    "integer": "java.lang.Integer",
    "long": "java.lang.Long",
    "double": "java.lang.Double",
    "float": "java.lang.Float",
    "boolean": "java.lang.Boolean",
    "timestamp": "java.util.Date",  # inferred: not observed in an error of the service
    "blob": "java.nio.ByteBuffer",
}
_LARGEST: Final = {"integer": 2**31 - 1, "long": 2**63 - 1}


def scalar_parser(shape: Shape) -> Parser:
    """Return the parser for a shape whose type is a scalar."""
    if shape.type == "string":
        return string
    if shape.type == "boolean":
        return _boolean
    if shape.type == "blob":
        return _blob
    if shape.type in _LARGEST:
        return _integer(JAVA_CLASSES[shape.type], _LARGEST[shape.type])
    return _number(JAVA_CLASSES[shape.type])


def string(raw: object, _problems: list[Problem]) -> str:
    """Return a JSON string unchanged. Raises SerializationException for any other JSON."""
    if type(raw) is not str:
        _refuse_as_scalar(raw, "java.lang.String")
    return raw


def _boolean(raw: object, _problems: list[Problem]) -> bool:
    if type(raw) is bool:
        return raw
    if type(raw) is not str:
        _refuse_as_scalar(raw, "java.lang.Boolean")
    converted = wire.BOOLEANS.get(raw.lower())
    if converted is None:
        raise errors.not_a_boolean()
    return converted


def _integer(java_class: str, largest: int) -> Parser:
    def parse(raw: object, _problems: list[Problem]) -> int:
        if type(raw) is not int:
            if type(raw) is not float:
                _refuse_as_scalar(raw, java_class)
            raw = floor(raw)
        # We do not know what the service does with a number outside the range of the Java type.
        # Here such a number becomes the nearest number in the range.
        return max(-largest - 1, min(raw, largest))

    return parse


def _number(java_class: str) -> Parser:
    def parse(raw: object, _problems: list[Problem]) -> float:
        if type(raw) is not float and type(raw) is not int:
            _refuse_as_scalar(raw, java_class)
        return raw

    return parse


def _blob(raw: object, problems: list[Problem]) -> str:
    value: dict[str, Any] = {"B": raw}
    wire.parse_value(value, problems)
    return value["B"]  # type: ignore[no-any-return]


def _refuse_as_scalar(raw: object, java_class: str) -> NoReturn:
    """Raise SerializationException for JSON that cannot become a value of this Java class."""
    if type(raw) is list:
        raise errors.wrong_collection(f"class {java_class}")
    if type(raw) is dict:
        raise errors.structure_not_expected()
    raise errors.wrong_token(wire.token_of(raw), java_class.rpartition(".")[2])
