"""Replaces values of the recorded run in requests by values of the new run.

A client gets a shard iterator or an ARN from one answer and sends it in a later request. The new
server returns other iterators and ARNs. So before a request is sent, its recorded iterators and
ARNs are replaced by those that the new server has returned in their place.
"""

from collections.abc import Mapping
from typing import Any, Final

_CARRIED: Final = frozenset(
    (
        "BackupArn",
        "LastEvaluatedShardId",
        "LastEvaluatedStreamArn",
        "LatestStreamArn",
        "NextShardIterator",
        "NextToken",
        "SequenceNumber",
        "ShardId",
        "ShardIterator",
        "StartingSequenceNumber",
        "StreamArn",
        "TableArn",
    )
)
_SENT: Final = frozenset(
    (
        "BackupArn",
        "ExclusiveStartShardId",
        "ExclusiveStartStreamArn",
        "NextToken",
        "ResourceArn",
        "SequenceNumber",
        "ShardId",
        "ShardIterator",
        "StreamArn",
        "TableArn",
        "TableName",
    )
)


class Substitutes:
    """Values of the recorded run, and their replacements."""

    def __init__(self) -> None:
        self._values: dict[str, str] = {}

    def learn(self, recorded: Any, replayed: Any, name: str = "") -> None:  # noqa: ANN401 - JSON
        """Store the values that clients may send back. recorded, replayed: the two answers."""
        if isinstance(recorded, dict) and isinstance(replayed, dict):
            for member in recorded.keys() & replayed.keys():
                self.learn(recorded[member], replayed[member], member)
        elif isinstance(recorded, list) and isinstance(replayed, list):
            for one, two in zip(recorded, replayed, strict=False):
                self.learn(one, two, name)
        elif name in _CARRIED and isinstance(recorded, str) and isinstance(replayed, str) and recorded != replayed:
            self._values[recorded] = replayed

    def applied(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return a request after replacing recorded values by those of the new run."""
        return {name: self._replaced(name, value) for name, value in request.items()}

    def _replaced(self, name: str, value: Any) -> Any:  # noqa: ANN401 - JSON
        return self._values.get(value, value) if name in _SENT and isinstance(value, str) else value
