"""The one syntax tree of conditions, updates, projections and key conditions.

Expressions, the legacy parameters and (later) PartiQL all end here. A tree that the parser made may hold `Alias` steps and
`Placeholder` operands; the analyser replaces aliases by names, placeholders stay, because values are arguments of a call
and not part of the program. Legacy parameters and PartiQL literals bring their values along as `Literal`.
"""

from dataclasses import dataclass
from typing import Any
from typing import Literal as OneOf

Comparator = OneOf["=", "<>", "<", "<=", ">", ">="]


@dataclass(frozen=True, slots=True)
class Alias:
    """A `#name` step of a path; `name` includes the '#'."""

    name: str


@dataclass(frozen=True, slots=True)
class Path:
    """A document path: names (str), list indexes (int) and, before analysis, aliases. The first step is a name."""

    steps: tuple[str | int | Alias, ...]


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A `:value`; `name` includes the ':'."""

    name: str


@dataclass(frozen=True, slots=True)
class Literal:
    """An attribute value in canonical wire form, e.g. {"S": "x"}."""

    value: dict[str, Any]

    def __hash__(self) -> int:
        return id(self.value)


@dataclass(frozen=True, slots=True)
class Call:
    """A function: size, if_not_exists, list_append as operands; attribute_exists, begins_with... as conditions.

    The name stands as written; an unknown one is the analyser's finding, not the parser's.
    """

    function: str
    arguments: tuple["Operand", ...]


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """`left + right` or `left - right` on the right side of SET."""

    operator: OneOf["+", "-"]
    left: "Operand"
    right: "Operand"


Operand = Path | Placeholder | Literal | Call | Arithmetic


@dataclass(frozen=True, slots=True)
class Compare:
    """`left = right` and the other comparators."""

    operator: Comparator
    left: Operand
    right: Operand


@dataclass(frozen=True, slots=True)
class Between:
    """`operand BETWEEN low AND high`."""

    operand: Operand
    low: Operand
    high: Operand


@dataclass(frozen=True, slots=True)
class In:
    """`operand IN (option, ...)`."""

    operand: Operand
    options: tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class And:
    """`left AND right`; a longer chain leans to the left."""

    left: "Condition"
    right: "Condition"


@dataclass(frozen=True, slots=True)
class Or:
    """`left OR right`; a longer chain leans to the left."""

    left: "Condition"
    right: "Condition"


@dataclass(frozen=True, slots=True)
class Not:
    """`NOT operand`."""

    operand: "Condition"


Condition = Compare | Between | In | And | Or | Not | Call


@dataclass(frozen=True, slots=True)
class SetAction:
    """`SET path = value`."""

    path: Path
    value: Operand


@dataclass(frozen=True, slots=True)
class RemoveAction:
    """`REMOVE path`."""

    path: Path


@dataclass(frozen=True, slots=True)
class AddAction:
    """`ADD path value`."""

    path: Path
    value: Operand


@dataclass(frozen=True, slots=True)
class DeleteAction:
    """`DELETE path value`."""

    path: Path
    value: Operand


Action = SetAction | RemoveAction | AddAction | DeleteAction


@dataclass(frozen=True, slots=True)
class Update:
    """All actions in written order; `repeated` names the first section that was opened twice, which is refused later."""

    actions: tuple[Action, ...]
    repeated: str | None = None


@dataclass(frozen=True, slots=True)
class Projection:
    """`path, path, ...`."""

    paths: tuple[Path, ...]
