"""Loading definitions of all kinds from stored JSON.

New versions of the program add fields to definitions, each with a default. So every version reads
what older versions wrote. If a definition has a field that this version does not know, a newer
version wrote it. The definition is refused, because its next change would lose the field.
"""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from storage import LayoutMismatch

_T = TypeVar("_T")


def from_fields(kind: type[_T], stored: Mapping[str, Any]) -> _T:
    """Make a definition, or an object in one, from its stored fields. Raises LayoutMismatch."""
    check_names(kind, stored)
    return kind(**stored)


def check_names(kind: type, names: Iterable[str]) -> None:
    """Raise LayoutMismatch if this kind of definition has no field with one of these names."""
    unknown = sorted(set(names) - _names(kind))
    if unknown:
        raise LayoutMismatch(
            f"a newer version of the program wrote it, as a stored {kind.__name__} has the unknown"
            f" field{'s' * (len(unknown) > 1)} {', '.join(unknown)}"
        )


@cache
def _names(kind: Any) -> frozenset[str]:  # noqa: ANN401 - the class of a dataclass has no type of its own
    return frozenset(each.name for each in fields(kind))


def refused(folder: Path | None, reason: str) -> LayoutMismatch:
    """Return the error about a data folder whose definitions this version cannot read."""
    return LayoutMismatch(f"The data folder {folder} cannot be used: {reason}. Use that version, or another folder.")
