"""The programs of expressions and legacy parameters: objects with functions that run on items.

A program depends on the texts, the names and the *types* of the values, never on their contents.
The values are arguments of each call, so all requests of the same form can use one program.
Programs never change their arguments, so they can be cached and shared.

A path in this module is a tuple of names (str) and list indexes (int). It has no aliases.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol
from typing import Literal as OneOf

from emulator.expressions.ast import Comparator, Literal, Placeholder
from emulator.expressions.update_cost import Cost
from emulator.values.paths import Path
from emulator.values.types import Item, Value, Values

KeyOperator = OneOf["=", "<", "<=", ">", ">=", "BETWEEN", "begins_with", "unindexable"]
MIRRORED: Final[Mapping[Comparator, KeyOperator]] = {"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
"""Comparator -> the comparator with the same meaning if the two operands are exchanged."""
UNINDEXABLE: Final = "unindexable"
"""Stands for a legacy operator that key conditions do not allow.

For this operator, key_range.py reports the error not_indexable. If the condition also has an error
that the service reports before not_indexable, key_range.py reports that error.
"""


@dataclass(frozen=True, slots=True)
class KeyClause:
    """One condition of a key condition.

    operands: the values, or placeholders for them: two for BETWEEN, any number for UNINDEXABLE (an
    operator that no key condition allows), one for all other operators.
    """

    attribute: str
    operator: KeyOperator
    operands: tuple[Placeholder | Literal, ...]


@dataclass(frozen=True, slots=True)
class KeyCondition:
    """Conditions on different attributes, in written order. All of them must be true."""

    clauses: tuple[KeyClause, ...]


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition or filter.

    test(item, values): returns True if the item meets the condition. Pass {} for a missing item.
    attributes: the names of the top-level attributes that the condition reads.
    paths: every document path that the condition reads, in written order.
    inner: the paths among `paths` that have more than one step.
    weight: the number of operators and operands, from which the time of a test is estimated.
    """

    test: Callable[[Item, Values], bool]
    attributes: frozenset[str]
    paths: tuple[Path, ...]
    inner: tuple[Path, ...]
    weight: int = 0


class Apply(Protocol):
    """A function that applies an update to an item."""

    def __call__(self, item: Item, values: Values, *, exists: bool = True) -> Item:
        """Return the new item without changing `item`.

        item: the existing item, or the key attributes of a new item if `exists` is false.

        Raises the errors of behaviour 4.5 that depend on the item.
        """


class GivenType(NamedTuple):
    """The type that an update gives to an attribute.

    certain: True if the attribute gets this type for every item.
    operand: the operand whose value the update stores unchanged; None if the value is computed.
    """

    tag: str
    certain: bool
    operand: Placeholder | Literal | None = None

    def value(self, values: Values) -> Value | None:
        """Return the value that the update stores unchanged, None if the value is computed."""
        if self.operand is None:
            return None
        return values[self.operand.name] if isinstance(self.operand, Placeholder) else self.operand.value


@dataclass(frozen=True, slots=True)
class UpdateProgram:
    """A compiled update.

    apply: the function that applies the update to an item.
    targets: the paths that the update writes or removes, in written order.
    attributes: the names of the top-level attributes that contain the targets.
    inner: all paths with more than one step: first the targets, then the paths in operands.
    types: top-level target -> its new type. Targets whose new type depends only on the item are
        left out.
    cost: the cost of the update in bytes, which UpdateItem limits (update_cost.py).
    creates: True if the update creates a missing item.
    """

    apply: Apply
    targets: tuple[Path, ...]
    attributes: frozenset[str]
    inner: tuple[Path, ...]
    types: Mapping[str, GivenType]
    cost: Cost
    creates: bool


@dataclass(frozen=True, slots=True)
class Projection:
    """A compiled projection.

    project(item): returns a new item that has the wanted parts of the item, in the item's order.
        The new item and the given item share their values.
    attributes: the names of the top-level attributes that contain the wanted parts.
    inner: the wanted paths with more than one step.
    """

    project: Callable[[Item], Item]
    attributes: frozenset[str]
    inner: tuple[Path, ...] = ()
