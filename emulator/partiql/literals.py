"""Makes attribute values from the literals of a statement (behaviour 2.1, 14.1, 14.4)."""

from collections.abc import Sequence

from emulator import errors
from emulator.partiql.ast import BagOf, Constant, ListOf, MapOf, Parameter, Template
from emulator.values import number, wire
from emulator.values.types import SET_OF, Value


def number_value(written: str, path: str) -> Value:
    """Return the attribute value for a number in a statement.

    Raises ApiError if the number is too large, too small or too precise.

    path: the number's path in the literal around it, such as "root.x[1]", for the error.
    """
    try:
        return {"N": number.canonical(written)}
    except number.NumberError as error:
        raise errors.number_under(error.kind, written, path) from None


def build(template: Template, parameters: Sequence[Value]) -> Value:
    """Return the attribute value that a literal has with these parameters.

    Raises ApiError for a bag that cannot be a set.
    """
    match template:
        case Constant(value):
            return value
        case Parameter(index):
            return parameters[index]
        case ListOf(elements):
            return {"L": [build(element, parameters) for element in elements]}
        case MapOf(pairs):
            return {"M": {name: build(value, parameters) for name, value in pairs}}
        case BagOf(members):
            return _set([build(member, parameters) for member in members])


def _set(members: list[Value]) -> Value:
    if not members:
        raise errors.empty_bag()
    tags = {tag for member in members for tag in member}
    tag = SET_OF.get(tags.pop()) if len(tags) == 1 else None
    if tag is None:
        raise errors.unsupported_bag()
    value: Value = {tag: [content for member in members for content in member.values()]}
    problems: list[wire.Problem] = []
    wire.parse_value(value, problems)
    if problems:
        raise problems[0].error("partiql")
    return value


def is_constant(template: Template) -> bool:
    """Return True if a literal contains no parameter."""
    match template:
        case Constant():
            return True
        case Parameter():
            return False
        case ListOf(parts) | BagOf(parts):
            return all(map(is_constant, parts))
        case MapOf(pairs):
            return all(is_constant(value) for _, value in pairs)
