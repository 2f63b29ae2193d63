"""The condition that a function has received all records: `{"UUID", "Delivered": true}`.

The condition is met when the event source mapping has delivered, filtered out or discarded each
record of its stream. A mapping that does not deliver, such as a disabled mapping, makes no
progress.
"""

from typing import Final

from emulator.controls.body import BadDeclaration, Body, member
from emulator.controls.registry import Emulator
from emulator.controls.waits.condition import Seen
from emulator.database.changes import reader
from emulator.database.changes.consumer import stored_positions
from emulator.database.definitions.streams import StreamDefinition

_MOST: Final = 1000  # the maximum number of undelivered records that are counted in one shard


class DeliveryCondition:
    """The condition that an event source mapping has no more records to deliver."""

    def __init__(self, emulator: Emulator, body: Body) -> None:
        self._database = emulator.database
        self._mappings = emulator.functions.mappings
        self._uuid: str = member(body, "UUID", str)
        if body["Delivered"] is not True:
            raise BadDeclaration("the member Delivered must be true")

    def look(self) -> Seen:
        """Count the records to deliver.

        Raises BadDeclaration if the event source mapping does not exist.
        """
        mapping = self._database.rerun(lambda: self._mappings.get(self._uuid))
        if mapping is None:
            raise BadDeclaration(f"there is no event source mapping {self._uuid}")
        stream = self._database.streams.get(mapping.stream_id)
        backlog = 0 if stream is None else self._backlog(stream, mapping.consumer)
        return Seen(
            backlog == 0,
            {"Backlog": backlog, "State": self._mappings.state(mapping), "LastProcessingResult": mapping.result},
        )

    def _backlog(self, stream: StreamDefinition, consumer: str) -> int:
        """Return the number of undelivered records of a consumer, at most 1,000 for each shard."""
        oldest = stream.oldest(self._database.clock.now())
        backlog = 0
        with self._database.read_committed() as txn:
            positions = stored_positions(txn, consumer)
            for shard in stream.readable(self._database.clock.now()):
                first = max(positions.get(shard.number, shard.start), reader.first_since(txn, stream, shard, oldest))
                rows, _ = reader.read(txn, stream.id, shard.number, first, limit=_MOST)
                backlog += len(rows)
        return backlog
