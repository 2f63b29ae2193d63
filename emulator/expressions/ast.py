"""The syntax tree of conditions, updates, projections and key conditions.

Expressions, legacy parameters and PartiQL all become such trees. A tree from the parser may contain
`Alias` steps and `Placeholder` operands. The analyser replaces aliases by names. Placeholders stay,
because a program gets the values as an argument whenever it runs. Only trees of legacy parameters
contain values, as `Literal`.

Sixteen of the eighteen classes of the tree are named tuples: Python makes such a class in 0.2 ms,
but a frozen dataclass in 0.7 ms. The disadvantage is that nodes of different classes are equal
if their fields are equal. `Placeholder` and `Literal` are dataclasses, because every request reads
their fields, which is faster with a dataclass.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, NamedTuple
from typing import Literal as OneOf

Comparator = OneOf["=", "<>", "<", "<=", ">", ">="]


class Alias(NamedTuple):
    """An alias, such as `#name`, as a step of a path. `name` includes the '#'."""

    name: str


class DocumentPath(NamedTuple):
    """A document path: names (str), list indexes (int) and, before analysis, aliases.

    The first step is a name.
    """

    steps: tuple[str | int | Alias, ...]


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A placeholder for a value, such as `:value`. `name` includes the ':'."""

    name: str


@dataclass(frozen=True, slots=True)
class Literal:
    """An attribute value in canonical wire form, e.g. {"S": "x"}."""

    value: dict[str, Any]

    def __hash__(self) -> int:
        return id(self.value)


class Call(NamedTuple):
    """A function call, as an operand or as a condition.

    function: the name as written, which may be unknown. The parser accepts any name; the analyser
    refuses an unknown name.
    """

    function: str
    arguments: tuple["Operand", ...]


class Arithmetic(NamedTuple):
    """The operand `left + right` or `left - right`, on the right side of SET."""

    operator: OneOf["+", "-"]
    left: "Operand"
    right: "Operand"


Operand = DocumentPath | Placeholder | Literal | Call | Arithmetic


class Compare(NamedTuple):
    """A comparison with any comparator, such as `left = right`."""

    operator: Comparator
    left: Operand
    right: Operand


class Between(NamedTuple):
    """A condition `operand BETWEEN low AND high`."""

    operand: Operand
    low: Operand
    high: Operand


class In(NamedTuple):
    """A condition `operand IN (option, ...)`."""

    operand: Operand
    options: tuple[Operand, ...]


class And(NamedTuple):
    """A condition `left AND right`. A chain of several ANDs nests to the left: (a AND b) AND c."""

    left: "ConditionTree"
    right: "ConditionTree"


class Or(NamedTuple):
    """A condition `left OR right`. A chain of several ORs nests to the left: (a OR b) OR c."""

    left: "ConditionTree"
    right: "ConditionTree"


class Not(NamedTuple):
    """A condition `NOT operand`."""

    operand: "ConditionTree"


ConditionTree = Compare | Between | In | And | Or | Not | Call

_PARTS: Final[dict[type, Callable[[Any], tuple[Any, ...]]]] = {
    And: lambda node: (node.left, node.right),
    Or: lambda node: (node.left, node.right),
    Not: lambda node: (node.operand,),
    Compare: lambda node: (node.left, node.right),
    Between: lambda node: (node.operand, node.low, node.high),
    In: lambda node: (node.operand, *node.options),
    Call: lambda node: node.arguments,
    Arithmetic: lambda node: (node.left, node.right),
    DocumentPath: lambda _node: (),
    Placeholder: lambda _node: (),
    Literal: lambda _node: (),
}


def parts_of(node: ConditionTree | Operand) -> tuple[Any, ...]:
    """Return the conditions and operands that are direct parts of a node, in written order."""
    return _PARTS[type(node)](node)


def inner_first(node: ConditionTree | Operand) -> list[Any]:
    """Return all nodes of a tree, each node after its parts. The tree may have any depth.

    The parts of a node are in written order.
    """
    nodes: list[Any] = []
    waiting: list[Any] = [node]
    while waiting:
        node = waiting.pop()
        nodes.append(node)
        waiting += parts_of(node)
    return nodes[::-1]


def chain(
    node: ConditionTree, kind: type[And | Or], normalized: Callable[[ConditionTree], ConditionTree] = lambda node: node
) -> Iterator[ConditionTree]:
    """Yield the conditions of a chain of ANDs, or of ORs, from left to right.

    A chain may have thousands of conditions, too many for recursion. So a loop visits them.

    normalized: a function that replaces each condition before it is examined. For example, it can
    remove a double NOT, so that an AND below the NOTs becomes a part of the chain.
    """
    waiting = [node]
    while waiting:
        part = normalized(waiting.pop())
        if isinstance(part, kind):
            waiting += (part.right, part.left)
        else:
            yield part


class SetAction(NamedTuple):
    """An action `SET path = value` of an update."""

    path: DocumentPath
    value: Operand


class RemoveAction(NamedTuple):
    """An action `REMOVE path` of an update."""

    path: DocumentPath


class AddAction(NamedTuple):
    """An action `ADD path value` of an update."""

    path: DocumentPath
    value: Operand


class DeleteAction(NamedTuple):
    """An action `DELETE path value` of an update."""

    path: DocumentPath
    value: Operand


Action = SetAction | RemoveAction | AddAction | DeleteAction


class UpdateTree(NamedTuple):
    """An update: all its actions, in written order.

    repeated: the first section that occurs twice, such as SET; None if no section occurs twice. The
    analyser reports a repeated section as an error.
    """

    actions: tuple[Action, ...]
    repeated: str | None = None


class ProjectionTree(NamedTuple):
    """A projection: `path, path, ...`."""

    paths: tuple[DocumentPath, ...]
