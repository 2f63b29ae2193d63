"""Converts values of a request to the text of Java's `toString`, as in the service's messages.

    [KeySchemaElement(attributeName=pk, keyType=HASH)]
    {t=[WriteRequest(putRequest=null, deleteRequest=DeleteRequest(key={
        k=<class>AttributeValue@4f2a}))]}

A missing member is printed as null. An AttributeValue is printed as its class name and a hash, as
in the message of github.com/risingwavelabs/risingwave/issues/17572. We do not know how the service
computes the hash. Our hash is a checksum of the value.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final
from zlib import crc32

import orjson

from emulator import errors
from emulator.model import overrides
from emulator.model.shapes import Shape, Shapes

_ATTRIBUTE_VALUE: Final = "AttributeValue"
# Error messages have this text instead of a value of more than 254 levels, because orjson cannot
# write such a value. We do not know which text the service has.
_TOO_DEEP: Final = "..."


def lower_camel(name: str) -> str:
    """Return the name of a member with a small first letter, as in error messages.

    For example, SSESpecification becomes sSESpecification.
    """
    return name[:1].lower() + name[1:]


def json_text(value: object) -> str:
    """Return a value as compact JSON, or `...` if it is nested too deeply."""
    try:
        return orjson.dumps(value).decode()
    except orjson.JSONEncodeError:
        return _TOO_DEEP


def java_text(shapes: Shapes, shape: Shape, value: Any, limit: int) -> str:  # noqa: ANN401 - any parsed value
    """Return a parsed value as Java's `toString` prints it. shape: the value's shape.

    A text of more than `limit` characters is cut to `limit` + 1. So the caller can see from the
    length that the text is too long.
    """
    pieces = []
    length = 0
    for piece in _pieces(shapes, shape, value):
        pieces.append(piece)
        length += len(piece)
        if length > limit:
            break
    return "".join(pieces)[: limit + 1]


def _pieces(shapes: Shapes, shape: Shape, value: Any) -> Iterator[str]:  # noqa: ANN401 - any parsed value
    if value is None:
        yield "null"
    elif shape.name == _ATTRIBUTE_VALUE:
        yield f"com.amazonaws.dynamodb.v20120810.{_ATTRIBUTE_VALUE}@{crc32(json_text(value).encode()):x}"
    elif shape.type == "structure":
        yield from _structure_pieces(shapes, shape, value)
    elif shape.type == "list":
        inner = shapes[shape.value]
        yield from _joined("[", (("", inner, member) for member in value), "]", shapes)
    elif shape.type == "map":
        inner = shapes[shape.value]
        yield from _joined("{", ((f"{key}=", inner, member) for key, member in value.items()), "}", shapes)
    elif isinstance(value, bool):
        yield "true" if value else "false"
    else:
        yield str(value)


def _structure_pieces(shapes: Shapes, shape: Shape, value: dict[str, Any]) -> Iterator[str]:
    members = [(f"{lower_camel(name)}=", shapes[inner], value.get(name)) for name, inner in shape.members.items()]
    members += [(f"{name}=", shape, None) for name in overrides.PRINTED_ALSO.get(shape.name, ())]
    yield from _joined(f"{shape.name}(", members, ")", shapes)


def _joined(begin: str, members: Iterable[tuple[str, Shape, Any]], end: str, shapes: Shapes) -> Iterator[str]:
    """Yield the parts of a text: `begin`, all members with commas between them, and `end`.

    members: for each member, the text before its value (such as `key=`), its shape and its value.
    """
    yield begin
    comma = ""
    for name, shape, value in members:
        yield comma + name
        yield from _pieces(shapes, shape, value)
        comma = ", "
    yield end


def shares(texts: Sequence[str], limit: int) -> list[str]:
    """Return the texts. Cut them if they are too long together, the longest texts first.

    They are too long if they have more than errors.LONGEST_WHOLE bytes of JSON together.

    limit: the maximum number of bytes of JSON that the cut texts have together.
    """
    cut = list(texts)
    if sum(map(errors.json_size, texts)) <= errors.LONGEST_WHOLE:
        return cut
    remaining = limit
    by_length = sorted(range(len(texts)), key=lambda position: len(texts[position]))
    for done, position in enumerate(by_length):
        cut[position] = text = errors.shortened(texts[position], remaining // (len(texts) - done))
        remaining -= errors.json_size(text)
    return cut
