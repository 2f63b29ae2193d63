"""Loading definitions of all kinds from stored JSON.

New versions of the program add fields to definitions, each with a default. So every version can
read what older versions wrote. If a definition has a field that this version does not know, a newer
version wrote it. This version refuses the definition, because changing it would lose the field.
"""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from storage import LayoutMismatch

_T = TypeVar("_T")


def from_fields(kind: type[_T], stored: Mapping[str, Any]) -> _T:
    """Return a definition, or a part of a definition, made from its stored fields.

    kind: the class of the result. stored: name of a field -> value. Raises LayoutMismatch if the
    class lacks any of these fields.
    """
    check_names(kind, stored)
    return kind(**stored)


def check_names(kind: type, names: Iterable[str]) -> None:
    """Raise LayoutMismatch if any of these names is not a field of the class `kind`."""
    unknown = sorted(set(names) - _names(kind))
    if unknown:
        raise LayoutMismatch(
            f"a newer version of the program wrote it (a stored {kind.__name__} has the unknown"
            f" field{'s' * (len(unknown) > 1)} {', '.join(unknown)})"
        )


@cache
def _names(kind: Any) -> frozenset[str]:  # noqa: ANN401 - the class of a dataclass has no type of its own
    return frozenset(each.name for each in fields(kind))


def refused(folder: Path | None, reason: str) -> LayoutMismatch:
    """Return the error that refuses a data folder because a newer version of the program wrote it.

    reason: the text of the LayoutMismatch that `check_names` raised.
    """
    return LayoutMismatch(
        f"The data folder {folder} cannot be used: {reason}. Use the newer version, or another folder."
    )
