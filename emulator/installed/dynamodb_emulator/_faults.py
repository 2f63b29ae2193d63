"""Faults that a test asks for: throttles, errors, timeouts and other effects on requests."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Self

from dynamodb_emulator.server import ControlError, Server

__all__ = ["Fault", "fault_body"]


class Fault:
    """A fault in force. `remove`, the end of a `with` block or the end of the test removes it.

    id: the fault's Id in the control `faults`. `matched` and `hits` can be read after the removal.
    """

    def __init__(self, server: Server, rule: Mapping[str, Any]) -> None:
        self._server = server
        self.id: str = rule["Id"]
        self._last = rule

    @property
    def matched(self) -> int:
        """The number of requests that matched the rule of the fault."""
        return self._count("Matched")

    @property
    def hits(self) -> int:
        """The number of requests that got the effect of the fault."""
        return self._count("Hits")

    def remove(self) -> None:
        """Remove the fault. Raises ControlError if it was removed before."""
        self._refresh()
        self._server.control("faults/remove", {"Id": self.id})

    def _count(self, member: str) -> int:
        self._refresh()
        return int(self._last[member])

    def _refresh(self) -> None:
        """Get the newest counts of the fault from the server, unless the fault was removed."""
        rules = self._server.control("faults")["Faults"]
        self._last = next((rule for rule in rules if rule["Id"] == self.id), self._last)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(ControlError):  # the test has already removed the fault
            self.remove()


def fault_body(
    access_key: str | None,
    kind: str,
    operation: str | Sequence[str] | None,
    table: str | None,
    key: Mapping[str, Any] | None,
    choice: Mapping[str, float | None],
    seed: int,
    members: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the body for the control `faults`. For the arguments see `Account.faults`.

    choice: the members Every, Share and Next, which select some of the matching requests; None for
    members that are not given.
    """
    match = {
        "AccessKey": access_key,
        "Operation": operation if operation is None or isinstance(operation, str) else list(operation),
        "TableName": table,
        "Key": key,
        **choice,
    }
    return {
        "Match": {name: value for name, value in match.items() if value is not None},
        "Effect": {"Kind": kind, **{_MEMBERS.get(name, name.title()): value for name, value in members.items()}},
        "Seed": seed,
    }


_MEMBERS: Mapping[str, str] = {
    "batch_share": "Share",
    "high": "To",
    "index": "IndexName",
    "low": "From",
}
"""Argument -> member of the effect, if they have different names."""
