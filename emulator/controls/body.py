"""Reads and checks the members of the JSON that a control takes."""

from collections.abc import Mapping
from typing import Any

Body = Mapping[str, Any]


class BadDeclaration(Exception):
    """The body of a control is wrong, or the control cannot run now. The text says why."""


def member(body: Body, name: str, kind: type | tuple[type, ...]) -> Any:  # noqa: ANN401 - the result is of this kind
    """Return a member of a body. Raises BadDeclaration if it is missing or has a wrong type."""
    value = body.get(name)
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise BadDeclaration(f"the member {name} is missing or of a wrong type")
    return value


def refuse_unknown(body: Body, *names: str) -> None:
    """Raise BadDeclaration if a body has a member that is not among these names.

    Without this check, a call with a misspelt member could do more than the caller wanted.
    """
    unknown = sorted(body.keys() - set(names))
    if unknown:
        raise BadDeclaration(f"there is no member {unknown[0]}; there are: {', '.join(names)}")
