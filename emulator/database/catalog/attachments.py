"""What a table's settings bring with them beside its items: a stream, change logs for Kinesis, a queue of TTL.

The settings say what there must be; whenever a definition is saved, `follow` opens, closes and removes until there is just
that. So no operation can forget it: each only changes settings.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

from emulator.database.changes.streams import Streams
from emulator.database.changes.ttl_queue import queue_of
from emulator.database.definitions.kinesis import DISABLED, DISABLING, ENDED, consumer
from emulator.database.definitions.tables import KinesisDestination, TableDefinition
from emulator.database.items.collections import Collections
from emulator.database.items.entries import Entries
from emulator.database.items.statistics import PlainStatistics, Statistics
from emulator.database.schema.followers import Follower, Precondition
from emulator.database.schema.table import Table
from emulator.database.store import keyspace
from emulator.database.store.deletions import Drops
from emulator.database.store.ids import next_id
from storage import WriteTxn

if TYPE_CHECKING:
    from emulator.database.definitions.streams import StreamDefinition


class Followed:
    """A definition with its attachments, and what became of streams: to be published after the commit.

    streams: that were opened or closed; gone: ids of those that were removed.
    """

    __slots__ = ("definition", "gone", "streams")

    def __init__(self, definition: TableDefinition) -> None:
        self.definition = definition
        self.streams: list[StreamDefinition] = []
        self.gone: list[int] = []


class Attachments:
    """The attachments of all tables."""

    def __init__(self, streams: Streams, drops: Drops, collection_limit: int) -> None:
        self._collection_limit = collection_limit
        self._streams = streams
        self._drops = drops

    def follow(self, txn: WriteTxn, definition: TableDefinition) -> Followed:
        """Let a table have what its settings want; return the definition that says so."""
        followed = Followed(definition)
        self._follow_stream(txn, followed)
        self._follow_kinesis(txn, followed)
        self._follow_ttl(txn, followed)
        return followed

    def compiled(self, definition: TableDefinition) -> Table:
        """Return the table of a definition, with what follows its writes, in this order.

        A follower that only some tables have costs the others nothing.
        """
        followers: list[Follower] = []
        preconditions: list[Precondition] = []
        statistics_key = keyspace.statistics(definition.id)
        if definition.indexes:
            followers += (Entries(), Statistics(statistics_key))
        else:
            followers.append(PlainStatistics(statistics_key))
        if any(index.local for index in definition.indexes):
            collections = Collections(self._collection_limit)
            followers.append(collections)
            preconditions.append(collections)
        queue = queue_of(definition)
        if queue is not None:
            followers.append(queue)
        ids = (definition.stream_id, *(each.stream_id for each in definition.kinesis))
        followers += [log for log in map(self._streams.log, ids) if log is not None]
        return Table(definition, tuple(followers), tuple(preconditions))

    def remove(self, txn: WriteTxn, definition: TableDefinition) -> None:
        """Drop what goes with a table; its streams were closed when its deletion began, and stay for a day."""
        if definition.ttl_queue is not None:
            self._drops.begin(txn, keyspace.expiries(definition.ttl_queue))

    def _follow_stream(self, txn: WriteTxn, followed: Followed) -> None:
        definition = followed.definition
        if definition.stream_view is not None and definition.stream_id is None:
            stream = self._streams.open(txn, next_id(txn), definition, definition.stream_view)
            followed.streams.append(stream)
            followed.definition = replace(definition, stream_id=stream.id, stream_label=stream.label)
        elif definition.stream_view is None and definition.stream_id is not None:
            if self._streams.get(definition.stream_id) is not None:  # a failed commit of an older version has lost it
                followed.streams.append(self._streams.close(txn, definition.stream_id))
            followed.definition = replace(definition, stream_id=None)

    def _follow_kinesis(self, txn: WriteTxn, followed: Followed) -> None:
        """Give each destination the change log that its status wants: open, closed while it drains, or none."""
        definition = followed.definition
        destinations: list[KinesisDestination] = []
        for each in definition.kinesis:
            destination = each
            if each.status == DISABLED and each.stream_id is not None:
                self._streams.remove(txn, each.stream_id)
                self._drops.begin(txn, keyspace.checkpoints(consumer(each.stream_id)))
                followed.gone.append(each.stream_id)
                destination = replace(each, stream_id=None, precision=None)  # forgotten: behaviour 15
            elif each.status == DISABLING and each.stream_id is not None and self._streams.log(each.stream_id):
                followed.streams.append(self._streams.close(txn, each.stream_id))
            elif each.status != DISABLING and each.status not in ENDED and each.stream_id is None:
                stream = self._streams.open(txn, next_id(txn), definition, "NEW_AND_OLD_IMAGES", hidden=True)
                followed.streams.append(stream)
                destination = replace(each, stream_id=stream.id)
            destinations.append(destination)
        followed.definition = replace(definition, kinesis=tuple(destinations))

    def _follow_ttl(self, txn: WriteTxn, followed: Followed) -> None:
        """Begin a queue of expiry times where TTL was switched on, to be filled; drop it where TTL was switched off."""
        definition = followed.definition
        if definition.ttl_attribute is not None and definition.ttl_queue is None:
            followed.definition = replace(definition, ttl_queue=next_id(txn), ttl_filled_to="")
        elif definition.ttl_attribute is None and definition.ttl_queue is not None:
            self._drops.begin(txn, keyspace.expiries(definition.ttl_queue))
            followed.definition = replace(definition, ttl_queue=None, ttl_filled_to=None)
