"""Checks the constraints on members (layer 2) and reports all failures as one error.

The constraints are those of the service model, changed by `overrides`.

Each shape with constraints is compiled into a `Node` with two functions. `accept` is fast: it
checks only present members and makes no objects. Valid requests need nothing else. If `accept`
refuses a request, the slow `explain` checks the request again and yields each `Failure`. `accept`
may refuse a valid request; then `explain` finds no failure, and the request is accepted. `accept`
never accepts a request in which `explain` would find a failure.

A response names at most ten failures (behaviour 3.1) and stays below 64 KB. So this module explains
only the first failures of each member of the request, in the order in which they are reported. It
also cuts long values and names.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import Any, Final, NamedTuple

from emulator import errors, limits
from emulator.model import overrides
from emulator.model.constraints import (
    Accept,
    Constraint,
    all_accept,
    in_collections,
    key_constraint,
    range_constraints,
    scalar_accept,
    scalar_constraints,
)
from emulator.model.nesting import nests_deeply
from emulator.model.overrides import CHANGES, Change, FailureOrder, Kind, Wording
from emulator.model.printing import java_text, json_text, lower_camel, shares
from emulator.model.shapes import SCALARS, OperationModel, Shape, Shapes

Validator = Callable[[dict[str, Any]], None]
"""A function that checks a parsed request and does not change it.

Raises ApiError ValidationException.
"""

_OPAQUE: Final = "AttributeValue"  # an AttributeValue is checked by values/wire.py
_NO_CHANGE: Final = Change()


class MemberPath(NamedTuple):
    """The path from a request to a value in it, in two spellings: as on the wire and as in the API.

    For example "keySchema.1.member.keyType" and "KeySchema.1.member.KeyType".
    """

    wire: str = ""
    api: str = ""

    def child(self, name: str) -> "MemberPath":
        """Return the path of the member `name` of the structure at this path."""
        if not self.wire:
            return MemberPath(lower_camel(name), name)
        return MemberPath(f"{self.wire}.{lower_camel(name)}", f"{self.api}.{name}")

    def member(self, key: object) -> "MemberPath":
        """Return the path of a member of the map or list at this path.

        key: the member's key in the map, or its number in the list, counted from 1.
        """
        if isinstance(key, str):
            key = errors.shortened(key, _LONGEST_KEY)
        return MemberPath(f"{self.wire}.{key}.member", f"{self.api}.{key}.member")


@dataclass(frozen=True, slots=True)
class Failure:
    """A constraint that a value breaks.

    model_name: the name of the value in the service model: "Structure.Member". For a member of a
    list or map, it is the name of the list's or map's shape.
    """

    model_name: str
    kind: Kind
    path: MemberPath
    text: str
    shape: Shape
    value: Any


_Explain = Callable[[Any, MemberPath], Iterator[Failure]]
# If a list or map has more members than this, one call of max() checks the lengths of all members.
_MANY: Final = 1_000
# The maximum number of characters of a value that are compared with a pattern. Comparing 16 MB
# would take 60 ms.
_MATCHED: Final = 100_000


@dataclass(frozen=True, slots=True)
class Node:
    """The compiled check of a shape.

    model_name: the name that a value of this shape has in the service model. See `Failure`.
    own: the constraints on the value itself.
    accept: the fast check of the value and its contents; None if every value is valid.
    inside: a function that yields the failures inside the value, such as in its elements.
    members: for a structure, member -> function that yields the failures of this member. The
    function also runs if the member is missing.
    """

    shape: Shape
    model_name: str
    own: Sequence[Constraint]
    accept: Accept | None
    inside: _Explain | None
    members: Mapping[str, _Explain] = field(default_factory=dict)

    def explain(self, value: Any, path: MemberPath) -> Iterator[Failure]:  # noqa: ANN401 - any parsed value
        """Yield the failures of the value and its contents, in the order of the service model."""
        for constraint in self.own:
            if not constraint.accepts(value[:_MATCHED] if constraint.kind == "pattern" else value):
                yield Failure(self.model_name, constraint.kind, path, constraint.text, self.shape, value)
        if self.inside is not None:
            yield from self.inside(value, path)


# --- an operation ---------------------------------------------------------------------------------


def compile_validator(operation: OperationModel) -> Validator:
    """Return the function that checks the constraints on an operation's requests."""
    shapes = operation.shapes
    node = input_node(operation)
    accept = node.accept or _anything
    total = _TOTALS.get(operation.name)

    def validate(request: dict[str, Any]) -> None:
        if not accept(request):
            _refuse(shapes, node, request)
        if total is not None:
            total(request)

    return validate


def input_node(operation: OperationModel) -> Node:
    """Return the compiled check of an operation's input structure."""
    return _structure(operation.shapes, operation.shapes[operation.input], "")


def _anything(_request: dict[str, Any]) -> bool:
    return True


def _refuse(shapes: Shapes, node: Node, request: dict[str, Any]) -> None:
    """Raise the service's error for a request that the fast check `accept` refused.

    If the exact check `explain` finds no failure, the request is valid: return without an error.
    """
    structure = node.shape.name
    bare = overrides.REQUIRED_BARE.get(structure)
    if bare is not None and bare not in request:
        raise errors.parameter_required(bare)
    order = _failure_order(structure, request)
    failures: list[Failure] = []
    for name in sorted(node.members, key=lambda name: _rank(name, order)):
        failures += islice(node.members[name](request, MemberPath()), _EXPLAINED)
    if failures:
        raise _error(shapes, failures, order)


def _failure_order(structure: str, request: dict[str, Any]) -> FailureOrder:
    for order in overrides.FAILURE_ORDERS.get(structure, ()):
        if (order.without is None or order.without not in request) and (not order.deep or nests_deeply(request)):
            return order
    return overrides.DEFAULT_ORDER


def _rank(member: str, order: FailureOrder) -> int:
    return order.first.index(member) if member in order.first else len(order.first)


def _is_last_resort(failure: Failure) -> bool:
    return (failure.model_name, failure.kind) in overrides.LAST_RESORT


def _error(shapes: Shapes, failures: Sequence[Failure], order: FailureOrder) -> errors.ApiError:
    reported = [failure for failure in failures if not _is_last_resort(failure)] or failures
    worded = [(failure, _wording(failure, order)) for failure in reported]
    lone = next(((failure, wording) for failure, wording in worded if wording.alone), None)
    if lone is not None:
        worded = [lone]
    elif order.only_first:
        worded = worded[:1]
    worded = worded[:_PARTS]
    values = shares([_printed(shapes, failure, wording) for failure, wording in worded], _PRINTED)
    parts = [_part(failure, wording, value) for (failure, wording), value in zip(worded, values, strict=True)]
    return errors.bare_constraint(parts[0]) if worded[0][1].bare else errors.constraints(parts)


_PARTS: Final = 10  # the maximum number of failures that a response of the service reports (behaviour 3.1)
# The maximum number of failures that `explain` looks for in one member of the request. A response
# reports at most _PARTS of them. It leaves out failures in LAST_RESORT if there are other failures.
# So `explain` looks for one more failure for each element of LAST_RESORT.
_EXPLAINED: Final = _PARTS + len(overrides.LAST_RESORT)
# A map's key is cut to this many bytes of JSON when it is printed in a path. This is enough for an
# ARN, which has at most 1,024 characters.
_LONGEST_KEY: Final = 1_500
# The maximum number of bytes of JSON of all values in a response together. Longer values are cut.
# errors.LONGEST_CUT is the limit of the whole message. The rest of that limit is for the paths and
# the texts of the failures.
_PRINTED: Final = 44_000


def _wording(failure: Failure, order: FailureOrder) -> Wording:
    if order.old:
        return overrides.OLD
    return overrides.WORDINGS.get((failure.model_name, failure.kind), overrides.OLD)


def _part(failure: Failure, wording: Wording, printed: str) -> str:
    value = "null" if failure.value is None else f"'{printed}'"
    return wording.template.format(value=value, wire=failure.path.wire, api=failure.path.api, constraint=failure.text)


def _printed(shapes: Shapes, failure: Failure, wording: Wording) -> str:
    """Return the failed value as text, or "" if the wording does not print the value.

    A very long value may be cut here already, because the whole message is cut later anyway.
    """
    if failure.value is None or "{value}" not in wording.template:
        return ""
    if failure.model_name in overrides.PRINTED_AS_JSON:
        return json_text(failure.value)[: errors.LONGEST_WHOLE + 1]
    return java_text(shapes, failure.shape, failure.value, errors.LONGEST_WHOLE)


# --- totals over a whole batch, checked after the constraints (behaviour 7.1, 7.2) ----------------


def _batch_get_total(request: dict[str, Any]) -> None:
    if sum(len(block["Keys"]) for block in request["RequestItems"].values()) > limits.BATCH_GET_KEYS:
        raise errors.too_many_items("BatchGetItem")


def _batch_write_total(request: dict[str, Any]) -> None:
    tables = request["RequestItems"]
    if not tables:
        raise errors.request_items_required("BatchWriteItem")
    if sum(map(len, tables.values())) > limits.BATCH_WRITE_ITEMS:
        raise errors.too_many_items("BatchWriteItem")


_TOTALS: Final[dict[str, Validator]] = {"BatchGetItem": _batch_get_total, "BatchWriteItem": _batch_write_total}


# --- structures -----------------------------------------------------------------------------------


def _node(shapes: Shapes, shape: Shape, model_name: str) -> Node:
    if shape.name == _OPAQUE or model_name in overrides.UNCHECKED:
        return Node(shape, model_name, (), None, None)
    if shape.type in SCALARS:
        return Node(shape, model_name, scalar_constraints(shape, model_name), scalar_accept(shape, model_name), None)
    if shape.type == "structure":
        return _structure(shapes, shape, model_name)
    return _list(shapes, shape, model_name) if shape.type == "list" else _map(shapes, shape, model_name)


def _structure(shapes: Shapes, shape: Shape, model_name: str) -> Node:
    members = {name: shape.members[name] for name in overrides.MEMBER_ORDERS.get(shape.name, ())} | dict(shape.members)
    nodes = {name: _node(shapes, shapes[inner], f"{shape.name}.{name}") for name, inner in members.items()}
    required = _required(shape)
    accepts = {name: node.accept for name, node in nodes.items() if node.accept is not None}
    accept = _accept_structure(tuple(required), accepts) if required or accepts else None

    def explain_member(name: str, value: dict[str, Any], path: MemberPath) -> Iterator[Failure]:
        node = nodes[name]
        if name in value:
            yield from node.explain(value[name], path.child(name))
        elif name in required and required[name] not in value:
            yield Failure(node.model_name, "required", path.child(name), errors.MUST_NOT_BE_NULL, node.shape, None)

    explain = {name: partial(explain_member, name) for name in nodes}

    def inside(value: dict[str, Any], path: MemberPath) -> Iterator[Failure]:
        for explain_one in explain.values():
            yield from explain_one(value, path)

    return Node(shape, model_name, (), accept, inside, explain)


def _required(shape: Shape) -> dict[str, str | None]:
    """Return a mapping from each required member to the member that can replace it, if any."""
    required: dict[str, str | None] = dict.fromkeys(shape.required)
    for name in shape.members:
        change = CHANGES.get(f"{shape.name}.{name}", _NO_CHANGE)
        if change.required:
            required[name] = change.unless
    return {name: unless for name, unless in required.items() if f"{shape.name}.{name}" not in overrides.UNCHECKED}


def _accept_structure(required: tuple[str, ...], accepts: dict[str, Accept]) -> Accept:
    find = accepts.get

    def accept(value: dict[str, Any]) -> bool:
        for name in required:
            if name not in value:
                return False
        for name, member in value.items():
            check = find(name)
            if check is not None and not check(member):
                return False
        return True

    return accept


# --- lists and maps -------------------------------------------------------------------------------


def _list(shapes: Shapes, shape: Shape, model_name: str) -> Node:
    node = _node(shapes, shapes[shape.value], shape.name)
    own = [*range_constraints(shape, model_name), *_members_constraint("Member", node, list.__iter__)]

    def inside(value: list[Any], path: MemberPath) -> Iterator[Failure]:
        for number, member in enumerate(value, 1):
            yield from _explain_member(node, member, path.member(number))

    return Node(shape, model_name, own, _accept_members(own, node, list.__iter__), inside)


def _map(shapes: Shapes, shape: Shape, model_name: str) -> Node:
    if shape.value == _OPAQUE:  # values/wire.py checks the names and AttributeValues of the map
        own = range_constraints(shape, model_name)
        return Node(shape, model_name, own, all_accept(own), None)
    node = _node(shapes, shapes[shape.value], shape.name)
    own = [
        *range_constraints(shape, model_name),
        *key_constraint(shapes[shape.key]),
        *_members_constraint("Map value", node, dict.values),
    ]

    def inside(value: dict[str, Any], path: MemberPath) -> Iterator[Failure]:
        for key, member in value.items():
            yield from _explain_member(node, member, path.member(key))

    return Node(shape, model_name, own, _accept_members(own, node, dict.values), inside)


def _explain_member(node: Node, member: Any, path: MemberPath) -> Iterator[Failure]:  # noqa: ANN401 - any parsed value
    """Yield the failures inside a member of a list or map, or one failure if the member is null.

    If the member breaks a constraint on its own value, such as its length, the list or map reports
    the failure, with the path of the list or map (see `_members_constraint`).
    """
    if member is None:
        yield Failure(node.model_name, "required", path, errors.MUST_NOT_BE_NULL, node.shape, None)
    elif node.inside is not None:
        yield from node.inside(member, path)


def _members_constraint(what: str, node: Node, members: Callable[[Any], Any]) -> Iterator[Constraint]:
    """Yield one constraint on a list or map that combines all constraints on its members.

    Yield nothing if its members have no constraints.
    """
    if node.own:
        accepts = all_accept(node.own)
        assert accepts is not None, "the members must have constraints"
        text = errors.members_must(what, (constraint.text for constraint in in_collections(node.own)))
        longest = node.own[0].longest if len(node.own) == 1 else None

        def accept(value: Any) -> bool:  # noqa: ANN401 - a list or dictionary
            if longest is not None and len(value) > _MANY and None not in value:
                # This is five times as fast as a call of `accepts` for each member.
                return max(map(len, members(value))) <= longest
            return all(member is None or accepts(member) for member in members(value))

        yield Constraint("members", text, accept)


def _accept_members(own: Sequence[Constraint], node: Node, members: Callable[[Any], Any]) -> Accept:
    accepts = [constraint.accepts for constraint in own]
    inner = node.accept if node.inside is not None else None

    def accept(value: Any) -> bool:  # noqa: ANN401 - a list or dictionary
        for accept in accepts:
            if not accept(value):
                return False
        if inner is None:
            return None not in members(value)
        for member in members(value):  # noqa: SIM110 - a generator costs twice as much
            if member is None or not inner(member):
                return False
        return True

    return accept
