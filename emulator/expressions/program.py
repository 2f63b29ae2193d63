"""What expressions and legacy parameters become: small objects whose functions run once per item.

A program depends on the texts, the names and the *types* of the values, never on the values' contents: those are
arguments of each call, so that one program serves all requests of the same form. Programs never change what they are
given, and are safe to keep and share.

Paths here are plain tuples of names (str) and list indexes (int), aliases already replaced.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol
from typing import Literal as OneOf

from emulator.expressions.ast import Literal, Placeholder
from emulator.values.types import Item, Values

Path = tuple[str | int, ...]
KeyOperator = OneOf["=", "<", "<=", ">", ">=", "BETWEEN", "begins_with", "unindexable"]
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
    go into an attribute.
    """

    test: Callable[[Item, Values], bool]
    attributes: frozenset[str]
    paths: tuple[Path, ...]
    inner: tuple[Path, ...]


class Apply(Protocol):
    """The function of an update."""

    def __call__(self, item: Item, values: Values, *, exists: bool = True) -> tuple[Item, tuple[Path, ...]]:
        """Return the new item and where the written values are in it; the given item stays as it is.

        item: the existing item, or with exists=False the key attributes of the one to make. A new value is at another
        index than its target where a list shrank. Raises the run-time errors of reference 4.5.
        """


@dataclass(frozen=True, slots=True)
class Update:
    """An update.

    targets: the paths it writes or removes, as they are in the item before; attributes: their top-level names;
    reads: top-level names that its operands read; creates: whether it makes an item that does not exist; legacy: made of
    AttributeUpdates, of which some errors are told in other words.
    """

    apply: Apply
    targets: tuple[Path, ...]
    attributes: frozenset[str]
    reads: frozenset[str] = frozenset()
    creates: bool = True
    legacy: bool = False


@dataclass(frozen=True, slots=True)
class Projection:
    """A projection. project(item): a new item of the parts that exist; values are shared with the given item."""

    project: Callable[[Item], Item]
    attributes: frozenset[str]
    paths: tuple[Path, ...]
