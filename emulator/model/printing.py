"""Prints a request's value as the service's error messages do: the way Java prints lists, maps and its own classes.

    [KeySchemaElement(attributeName=pk, keyType=HASH)]
    {t=[WriteRequest(putRequest=null, deleteRequest=DeleteRequest(key={pk=<class>AttributeValue@4f2a}))]}

Absent members print as null; an AttributeValue prints as class and hash (messages quoted in public issues, e.g.
github.com/risingwavelabs/risingwave/issues/17572). The service's hash is unknown: ours is a checksum of the value.
"""

from typing import Any, Final
from zlib import crc32

import orjson

from emulator.model import overrides
from emulator.model.shapes import Shape, Shapes

_ATTRIBUTE_VALUE: Final = "AttributeValue"
_TOO_DEEP: Final = "..."  # our own; orjson writes 254 levels


def lower_camel(name: str) -> str:
    """Return a member's name as error messages spell it: only the first letter changes (sSESpecification)."""
    return name[:1].lower() + name[1:]


def json_text(value: object) -> str:
    """Print as compact JSON."""
    try:
        return orjson.dumps(value).decode()
    except orjson.JSONEncodeError:
        return _TOO_DEEP


def java_text(shapes: Shapes, shape: Shape, value: Any) -> str:  # noqa: ANN401 - any parsed value
    """Print a parsed value of the given shape."""
    if value is None:
        return "null"
    if shape.name == _ATTRIBUTE_VALUE:
        return f"com.amazonaws.dynamodb.v20120810.{_ATTRIBUTE_VALUE}@{crc32(json_text(value).encode()):x}"
    if shape.type == "structure":
        return _structure_text(shapes, shape, value)
    if shape.type == "list":
        inner = shapes[shape.value]
        return f"[{', '.join(java_text(shapes, inner, member) for member in value)}]"
    if shape.type == "map":
        inner = shapes[shape.value]
        return f"{{{', '.join(f'{key}={java_text(shapes, inner, member)}' for key, member in value.items())}}}"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _structure_text(shapes: Shapes, shape: Shape, value: dict[str, Any]) -> str:
    told = [
        f"{lower_camel(name)}={java_text(shapes, shapes[inner], value.get(name))}"
        for name, inner in shape.members.items()
    ]
    told += [f"{name}=null" for name in overrides.PRINTED_ALSO.get(shape.name, ())]
    return f"{shape.name}({', '.join(told)})"
