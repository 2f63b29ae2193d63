"""Prints conditions as PartiQL, with values in place of placeholders.

The texts are made from the syntax tree. So they may differ from the written statement in spaces,
parentheses and names of functions. For example, the parser turns `x IS MISSING` into a function
call.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

from emulator.display.values import value_text, visible
from emulator.expressions import ast
from emulator.expressions.key_range import KeyNames, KeyRange
from emulator.values.paths import Path
from emulator.values.types import Value, Values

_LONGEST_VALUE: Final = 100  # the maximum number of characters of one value
_LONGEST: Final = 2000  # the maximum number of characters of one condition


def value(shown: Value) -> str:
    """Return a value as text. The end of a long text is cut off."""
    return _cut(value_text(shown), _LONGEST_VALUE)


def path(steps: Path) -> str:
    """Return a document path as text."""
    text = ""
    for step in steps:
        text += f"[{step}]" if isinstance(step, int) else f".{_name(str(step))}"
    return text.removeprefix(".")


def conditions(parts: Sequence[ast.ConditionTree], values: Values) -> str | None:
    """Return conditions as one text, joined by AND. Return None if there are no conditions."""
    if not parts:
        return None
    if len(parts) == 1:
        return condition(parts[0], values)
    return _cut(" AND ".join(_inside(part, condition(part, values), (ast.Or,)) for part in parts), _LONGEST)


def condition(tree: ast.ConditionTree, values: Values) -> str:
    """Return a condition as text.

    A loop visits the nodes. A tree may be thousands of nodes deep, too deep for recursion.
    """
    texts: list[str] = []
    for node in ast.inner_first(tree):
        count = len(ast.parts_of(node))
        parts = texts[len(texts) - count :]
        del texts[len(texts) - count :]
        texts.append(_cut(_TEXTS[type(node)](node, parts, values), _LONGEST))
    return texts[0]


def key_condition(keys: KeyRange, names: KeyNames) -> str:
    """Return the key condition of a Query as text."""
    given = [
        f"{_name(name)} = {value(each)}"
        for name, each in zip((*names.hash, *names.range), (*keys.partition, *keys.equal), strict=False)
    ]
    if keys.operator is not None:
        name, operands = _name(names.range[len(keys.equal)]), [value(each) for each in keys.operands]
        given.append(_comparison(name, keys.operator, operands))
    return " AND ".join(given)


def _comparison(name: str, operator: str, operands: Sequence[str]) -> str:
    if operator == "BETWEEN":
        return f"{name} BETWEEN {operands[0]} AND {operands[1]}"
    if operator == "begins_with":
        return f"begins_with({name}, {operands[0]})"
    return f"{name} {operator} {operands[0]}"


def _name(name: str) -> str:
    """Return an attribute name as text, in quotes if it is not a plain word."""
    return name if name.isidentifier() and name.isascii() else '"' + visible(name).replace('"', '""') + '"'


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[:most] + "..."


def _inside(node: Any, text: str, looser: tuple[type, ...]) -> str:  # noqa: ANN401 - any node
    """Return `text`, the text of a node, in parentheses if the node's class is in `looser`.

    looser: the classes of nodes that bind less tightly than the operator around the node.
    """
    return f"({text})" if isinstance(node, looser) else text


def _joined(word: str, looser: tuple[type, ...]) -> Callable[[Any, Sequence[str], Values], str]:
    def text(node: Any, parts: Sequence[str], _values: Values) -> str:  # noqa: ANN401 - And or Or
        return f"{_inside(node.left, parts[0], looser)} {word} {_inside(node.right, parts[1], looser)}"

    return text


def _operand(node: ast.Placeholder, _parts: Sequence[str], values: Values) -> str:
    return value(values[node.name])


_TEXTS: Final[dict[type, Callable[[Any, Sequence[str], Values], str]]] = {
    ast.And: _joined("AND", (ast.Or,)),
    ast.Or: _joined("OR", ()),
    ast.Not: lambda node, parts, _: f"NOT {_inside(node.operand, parts[0], (ast.And, ast.Or))}",
    ast.Compare: lambda node, parts, _: f"{parts[0]} {node.operator} {parts[1]}",
    ast.Between: lambda _, parts, __: f"{parts[0]} BETWEEN {parts[1]} AND {parts[2]}",
    ast.In: lambda _, parts, __: f"{parts[0]} IN [{', '.join(parts[1:])}]",
    ast.Call: lambda node, parts, _: f"{node.function}({', '.join(parts)})",
    ast.Arithmetic: lambda node, parts, _: f"{parts[0]} {node.operator} {parts[1]}",
    ast.DocumentPath: lambda node, _, __: path(node.steps),
    ast.Placeholder: _operand,
    ast.Literal: lambda node, _, __: value(node.value),
}
