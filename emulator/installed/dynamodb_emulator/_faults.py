"""Faults of an account: throttles, errors, timeouts and others for the requests of one test."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Self

from dynamodb_emulator.server import ControlError, Server

__all__ = ["Fault", "fault_body"]


class Fault:
    """A fault in force. It ends with `remove`, with a `with` block, or with the test.

    id: its name in the control `faults`. The counts `matched` and `hits` stay after its end.
    """

    def __init__(self, server: Server, rule: Mapping[str, Any]) -> None:
        self._server = server
        self.id: str = rule["Id"]
        self._last = rule

    @property
    def matched(self) -> int:
        """How many requests the fault has matched."""
        return self._count("Matched")

    @property
    def hits(self) -> int:
        """How many requests got the effect of the fault."""
        return self._count("Hits")

    def remove(self) -> None:
        """End the fault. Raises ControlError if it has ended before."""
        self._refresh()
        self._server.control("faults/remove", {"Id": self.id})

    def _count(self, member: str) -> int:
        self._refresh()
        return int(self._last[member])

    def _refresh(self) -> None:
        """Get the newest counts, if the fault has not ended."""
        rules = self._server.control("faults")["Faults"]
        self._last = next((rule for rule in rules if rule["Id"] == self.id), self._last)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(ControlError):  # the test has removed it
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
    """Return the JSON of a rule. members: the members of the effect, in lower case."""
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
"""Arguments whose names differ from those of the effect's members."""
