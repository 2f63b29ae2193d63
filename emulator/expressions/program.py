"""What expressions and legacy parameters become: small objects whose functions run once per item.

A program depends on the texts, the names and the *types* of the values, never on the values' contents: those are
arguments of each call, so that one program serves all requests of the same form. Programs never change what they are
given, and are safe to keep and share.

Paths here are plain tuples of names (str) and list indexes (int), aliases already replaced.
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
"""Comparator -> the operator that says the same with its sides exchanged."""
UNINDEXABLE: Final = "unindexable"
"""The operator of a clause that no key may have. Only the key schema decides whether this is the error to report."""


@dataclass(frozen=True, slots=True)
class KeyClause:
    """One condition of a key condition: two operands for BETWEEN, else one (any number for an unindexable operator)."""

    attribute: str
    operator: KeyOperator
    operands: tuple[Placeholder | Literal, ...]


@dataclass(frozen=True, slots=True)
class KeyCondition:
    """Conditions on different attributes, all of which must hold, in written order."""

    clauses: tuple[KeyClause, ...]


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition or filter.

    test(item, values): whether it holds; an item that does not exist is tested as an empty one.
    attributes: top-level names it reads; paths: every document path it reads, in written order; inner: those of them that
    go into an attribute. weight: of how many operators and operands it consists, by which its time is estimated.
    """

    test: Callable[[Item, Values], bool]
    attributes: frozenset[str]
    paths: tuple[Path, ...]
    inner: tuple[Path, ...]
    weight: int = 0


class Apply(Protocol):
    """The function of an update."""

    def __call__(self, item: Item, values: Values, *, exists: bool = True) -> Item:
        """Return the new item; the given item stays as it is.

        item: the existing item, or with exists=False the key attributes of the one to make. Raises the run-time errors
        of behaviour 4.5.
        """


class GivenType(NamedTuple):
    """A type that an update itself gives to an attribute. certain: whatever the item has, the attribute gets it.

    operand: the value of that type where the update gives it as it is, None for a result.
    """

    tag: str
    certain: bool
    operand: Placeholder | Literal | None = None

    def value(self, values: Values) -> Value | None:
        """Return the value that the update gives as it is, None for a result."""
        if self.operand is None:
            return None
        return values[self.operand.name] if isinstance(self.operand, Placeholder) else self.operand.value


@dataclass(frozen=True, slots=True)
class Update:
    """An update.

    targets: the paths it writes or removes, in written order; attributes: their top-level names; inner: the targets and
    then the operands that go into an attribute; types: top-level targets -> the type that the update gives them, where
    it does not come from the item alone; cost: what it writes, as UpdateItem counts; creates: whether it makes an item
    that does not exist.
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

    project(item): a new item of the parts that exist, in the item's order; values are shared with the given item.
    attributes: the top-level names; inner: the document paths that go into an attribute.
    """

    project: Callable[[Item], Item]
    attributes: frozenset[str]
    inner: tuple[Path, ...] = ()
