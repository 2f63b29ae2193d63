"""The service model as data: shapes and operations, as botocore's `service-2.json` declares them.

A `Shape` is made when it is first looked up, and kept. A shape refers to other shapes by name, so
AttributeValue can contain itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from emulator.model import overrides

SCALARS: Final = frozenset({"string", "integer", "long", "double", "float", "boolean", "timestamp", "blob"})


@dataclass(frozen=True, slots=True)
class Shape:
    """One shape: a type, with the constraints on its values.

    type: "structure", "list", "map" or a scalar type.
    members: member -> name of the member's shape, in the model's order (for structures).
    required: the members that must be present (for structures).
    value: the name of the shape of the members (for lists) or of the values (for maps).
    key: the name of the shape of the keys (for maps).
    minimum, maximum: bounds of a number, or of the length of a string, list or map.
    pattern: a Java regular expression that a string must match.
    enum: the allowed strings, in the model's order.
    """

    name: str
    type: str
    members: Mapping[str, str]
    required: tuple[str, ...]
    value: str
    key: str
    minimum: int | None
    maximum: int | None
    pattern: str | None
    enum: tuple[str, ...]


def _shape(name: str, raw: Mapping[str, Any]) -> Shape:
    value = raw.get("member") or raw.get("value") or {}
    return Shape(
        name=name,
        type=raw["type"],
        members=_members(name, raw),
        required=tuple(raw.get("required", ())),
        value=value.get("shape", ""),
        key=raw.get("key", {}).get("shape", ""),
        minimum=raw.get("min"),
        maximum=raw.get("max"),
        pattern=raw.get("pattern"),
        enum=tuple(raw.get("enum", ())),
    )


def _members(name: str, raw: Mapping[str, Any]) -> Mapping[str, str]:
    """Return a mapping from each member of a structure to the name of the member's shape.

    The mapping includes the members of overrides.ADDED_MEMBERS: the service has these members, but
    botocore's model does not. For a shape that is not a structure, the mapping is empty.
    """
    members = {member: reference["shape"] for member, reference in raw.get("members", {}).items()}
    if name not in overrides.ADDED_MEMBERS:
        return members
    added, behind, shape = overrides.ADDED_MEMBERS[name]
    ordered = {}
    for member, inner in members.items():
        ordered[member] = inner
        if member == behind:
            ordered[added] = shape
    return ordered


class Shapes:
    """The shapes of one service by name."""

    __slots__ = ("_made", "_raw")

    def __init__(self, raw: Mapping[str, Any]) -> None:
        self._raw = raw
        self._made: dict[str, Shape] = {}

    def __getitem__(self, name: str) -> Shape:
        shape = self._made.get(name)
        if shape is None:
            shape = self._made[name] = _shape(name, self._raw[name])
        return shape


@dataclass(frozen=True, slots=True)
class OperationModel:
    """One operation of the service model.

    prefix: the part of X-Amz-Target before the operation's name, such as "DynamoDB_20120810".
    input: the name of the shape that its requests have.
    """

    name: str
    prefix: str
    input: str
    shapes: Shapes

    @property
    def target(self) -> str:
        """Return the value of the header X-Amz-Target that names the operation."""
        return f"{self.prefix}.{self.name}"
