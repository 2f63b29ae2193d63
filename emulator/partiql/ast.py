"""Syntax trees of statements. Conditions and updates in them are trees of `expressions.ast`.

The trees contain no values. In place of each value of the statement, they have a `Placeholder`,
whose name says where the value is. `constants` and `templates` are fields of `Parsed`.

    ":0"  a literal                        its value is in `constants`
    "?0"  a parameter of the request       the number is the position of the parameter
    "=0"  a literal with parameters in it  each request builds its value from `templates`
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
    """A part of a template that has no parameters in it. value: the attribute value of the part.

    A template is a literal of the statement that has parameters in it.
    """

    value: Value


@dataclass(frozen=True, slots=True)
class Parameter:
    """A `?` inside a template, which is a literal with parameters in it.

    index: the position of the parameter in the request, counted from 0.
    """

    index: int


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list literal with parameters in it: `[value, ...]`."""

    elements: tuple["Template", ...]


@dataclass(frozen=True, slots=True)
class MapOf:
    """A map literal with parameters in it: `{'name': value, ...}`.

    If several pairs have the same name, the last pair counts.
    """

    pairs: tuple[tuple[str, "Template"], ...]


@dataclass(frozen=True, slots=True)
class BagOf:
    """A bag literal with parameters in it: `<<value, ...>>`. It becomes a set."""

    members: tuple["Template", ...]


Template = Constant | Parameter | ListOf | MapOf | BagOf


@dataclass(frozen=True, slots=True)
class Relation:
    """The table or index that a statement names: `"table"` or `"table"."index"`."""

    table: str
    index: str | None


@dataclass(frozen=True, slots=True)
class OrderKey:
    """One element of ORDER BY: `name [ASC|DESC]`."""

    path: Path
    descending: bool


@dataclass(frozen=True, slots=True)
class Select:
    """A SELECT.

    paths: the selected columns; None for `*`.
    refusal: an error in the selected columns, such as a function or a path with too many elements;
    otherwise None. It is raised only after the index is found: an index that cannot be read with
    SELECT has its own error, which comes first (behaviour 14.2).
    """

    relation: Relation
    paths: tuple[Path, ...] | None
    where: ast.ConditionTree | None
    order: tuple[OrderKey, ...]
    refusal: ApiError | None = None


@dataclass(frozen=True, slots=True)
class Insert:
    """An INSERT. item: the placeholder for the item."""

    relation: Relation
    item: ast.Placeholder


@dataclass(frozen=True, slots=True)
class SetChange:
    """A call of set_add or set_delete, whose second argument must be a set.

    prepare.py checks the type of the argument. The parser cannot, because the type of a parameter
    is known only with a request.

    position: the argument's position in the text, for the error.
    """

    function: str
    argument: ast.Placeholder
    position: str


@dataclass(frozen=True, slots=True)
class UpdateStatement:
    """An UPDATE, also in its other form: FROM ... WHERE ... SET (or REMOVE).

    changes: the calls of set_add and set_delete in the statement.
    """

    relation: Relation
    update: ast.UpdateTree
    changes: tuple[SetChange, ...]
    where: ast.ConditionTree | None
    returning: Returning | None


@dataclass(frozen=True, slots=True)
class DeleteStatement:
    """A DELETE, also in its other form: FROM ... WHERE ... DELETE."""

    relation: Relation
    where: ast.ConditionTree | None
    returning: Returning | None


@dataclass(frozen=True, slots=True)
class Exists:
    """The statement EXISTS(SELECT ...), a condition check in a transaction."""

    select: Select

    @property
    def relation(self) -> Relation:
        """Return the table or index that the SELECT reads."""
        return self.select.relation


Statement = Select | Insert | UpdateStatement | DeleteStatement | Exists


@dataclass(frozen=True, slots=True)
class Parsed:
    """The result of parsing a statement.

    statement: the syntax tree.
    names: the placeholder names of the parameters, in the order of the text.
    constants: placeholder name -> value, for literals without parameters.
    templates: pairs of a placeholder name and a template, for literals with parameters.
    functions: the function calls in the conditions.
    set_functions: the function calls on the right sides of SET, except set_add and set_delete.
    operators: the number of operators in the conditions.
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
