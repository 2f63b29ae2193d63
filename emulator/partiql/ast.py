"""Syntax trees of statements. Their conditions and updates are trees of `expressions.ast`.

These trees contain no values. Each value of a statement is a `Placeholder`, and `Parsed` says which
value it has:

    ":0"  a literal                        `constants` has its value
    "?0"  a parameter of the request       the number is the position of the parameter
    "=0"  a literal with parameters in it  `templates` has its template; each request builds a value
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal as OneOf

from emulator.errors import ApiError
from emulator.expressions import ast
from emulator.expressions.parsed import Usage
from emulator.values.paths import Path
from emulator.values.types import Value, Values

Returning = OneOf["ALL OLD", "ALL NEW", "MODIFIED OLD", "MODIFIED NEW"]


@dataclass(frozen=True, slots=True)
class Constant:
    """A constant attribute value inside a template."""

    value: Value


@dataclass(frozen=True, slots=True)
class Parameter:
    """`?` in a template: the parameter with this index, counted from 0."""

    index: int


@dataclass(frozen=True, slots=True)
class ListOf:
    """`[value, ...]`."""

    elements: tuple["Template", ...]


@dataclass(frozen=True, slots=True)
class MapOf:
    """`{'name': value, ...}`. If several pairs have the same name, the last one counts."""

    pairs: tuple[tuple[str, "Template"], ...]


@dataclass(frozen=True, slots=True)
class BagOf:
    """`<<value, ...>>`, a set."""

    members: tuple["Template", ...]


Template = Constant | Parameter | ListOf | MapOf | BagOf


@dataclass(frozen=True, slots=True)
class Relation:
    """`"table"` or `"table"."index"`."""

    table: str
    index: str | None


@dataclass(frozen=True, slots=True)
class OrderKey:
    """One `name [ASC|DESC]` of ORDER BY."""

    path: Path
    descending: bool


@dataclass(frozen=True, slots=True)
class Select:
    """A SELECT.

    paths: None for `*`.
    refusal: an error in the selected columns, such as a function among them or a path with too many
    elements. It is raised only when the index is known, because some indexes refuse every SELECT
    with errors of their own (behaviour 14.2).
    """

    relation: Relation
    paths: tuple[Path, ...] | None
    where: ast.ConditionTree | None
    order: tuple[OrderKey, ...]
    refusal: ApiError | None = None


@dataclass(frozen=True, slots=True)
class Insert:
    """An INSERT. item: the placeholder of the item."""

    relation: Relation
    item: ast.Placeholder


@dataclass(frozen=True, slots=True)
class SetChange:
    """A call of set_add or set_delete.

    The second argument must be a set. If it is a parameter, only the request shows its type.
    """

    function: str
    argument: ast.Placeholder
    position: str


@dataclass(frozen=True, slots=True)
class UpdateStatement:
    """An UPDATE, or FROM ... SET."""

    relation: Relation
    update: ast.UpdateTree
    changes: tuple[SetChange, ...]
    where: ast.ConditionTree | None
    returning: Returning | None


@dataclass(frozen=True, slots=True)
class DeleteStatement:
    """A DELETE."""

    relation: Relation
    where: ast.ConditionTree | None
    returning: Returning | None


@dataclass(frozen=True, slots=True)
class Exists:
    """EXISTS(SELECT ...)."""

    select: Select

    @property
    def relation(self) -> Relation:
        """Return the table or index that the SELECT reads."""
        return self.select.relation


Statement = Select | Insert | UpdateStatement | DeleteStatement | Exists


@dataclass(frozen=True, slots=True)
class Parsed:
    """A statement, with the values of its placeholders.

    names: the placeholder of each `?`, in the order of the text.
    functions: every call in the statement's conditions.
    set_functions: every call on the right sides of SET.
    operators: the number of operators in the statement's conditions.
    """

    statement: Statement
    names: tuple[str, ...]
    constants: Values
    templates: Sequence[tuple[str, Template]]
    functions: tuple[Usage, ...]
    set_functions: tuple[Usage, ...]
    operators: int

    @property
    def parameters(self) -> int:
        """The number of parameters in the statement."""
        return len(self.names)
