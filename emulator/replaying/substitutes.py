"""Replaces recorded values in the requests of a replay, such as shard iterators.

A client gets a shard iterator or an ARN from one answer, and sends it in a later request. In a
replay, the new server answers with other iterators and ARNs. So before a request is sent, its
recorded iterators and ARNs are replaced by the values that the new server has returned instead.
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
    """A mapping from recorded values, such as ARNs, to the new values that replace them."""

    def __init__(self) -> None:
        self._values: dict[str, str] = {}

    def learn(self, recorded: Any, replayed: Any, name: str = "") -> None:  # noqa: ANN401 - JSON
        """Store pairs of a recorded and a new value, for values that clients may send back later.

        recorded, replayed: the two answers to a request, or parts of them.
        name: the name of the member that has `recorded` and `replayed` as values; "" for whole
        answers.
        """
        if isinstance(recorded, dict) and isinstance(replayed, dict):
            for member in recorded.keys() & replayed.keys():
                self.learn(recorded[member], replayed[member], member)
        elif isinstance(recorded, list) and isinstance(replayed, list):
            for one, two in zip(recorded, replayed, strict=False):
                self.learn(one, two, name)
        elif name in _CARRIED and isinstance(recorded, str) and isinstance(replayed, str) and recorded != replayed:
            self._values[recorded] = replayed

    def applied(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return a recorded request with the new server's values in place of the recorded ones."""
        return {name: self._replaced(name, value) for name, value in request.items()}

    def _replaced(self, name: str, value: Any) -> Any:  # noqa: ANN401 - JSON
        return self._values.get(value, value) if name in _SENT and isinstance(value, str) else value
