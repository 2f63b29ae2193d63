"""The programs of expressions and legacy parameters: small objects with functions to run on items.

A program depends on the texts, the names and the *types* of the values, never on their contents.
The values are arguments of each call, so all requests of the same form can use one program.
Programs never change their arguments, so they can be cached and shared.

Paths here are plain tuples of names (str) and list indexes (int). Aliases are already replaced.
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
"""The operator of a clause with a legacy operator that no key may have. key_range.py decides
whether this problem or another one is reported.
"""


@dataclass(frozen=True, slots=True)
class KeyClause:
    """One condition of a key condition.

    operands: two for BETWEEN, any number for UNINDEXABLE, one for all other operators.
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

    test(item, values): whether the condition is true. A missing item is tested as an empty item.
    attributes: the top-level names that the condition reads.
    paths: every document path that it reads, in written order.
    inner: the paths of more than one step.
    weight: the number of operators and operands, used to estimate the time of a test.
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

    certain: whether the attribute gets this type for any item.
    operand: the value, if the update stores it unchanged; None if the value is computed.
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
    """An update.

    targets: the paths that the update writes or removes, in written order.
    attributes: the top-level names of the targets.
    inner: the paths of more than one step: first the targets, then the paths in the operands.
    types: top-level target -> its new type. A target whose new type depends only on the item is
    missing.
    cost: the bytes that UpdateItem counts for the update (update_cost.py).
    creates: whether the update creates a missing item.
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
    """A projection.

    project(item): returns a new item with those wanted parts that exist, in the item's order. The
        new item shares values with the given item.
    attributes: the top-level names of the wanted parts.
    inner: the paths of more than one step.
    """

    project: Callable[[Item], Item]
    attributes: frozenset[str]
    inner: tuple[Path, ...] = ()
