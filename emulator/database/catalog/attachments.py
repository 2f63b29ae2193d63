"""The attachments of tables: streams, change logs for Kinesis, TTL queues and histories.

An operation only changes a table's settings. Whenever a table's definition is saved, `reconcile`
opens, closes and removes attachments until they match the settings. So no operation can forget an
attachment.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from emulator.clock import microseconds
from emulator.database.changes.histories import Histories, NeededImages
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
from emulator.database.store.deletions import Deletions
from emulator.database.store.ids import next_id
from emulator.database.store.registry import DefinitionChange

if TYPE_CHECKING:
    from emulator.database.definitions.replicas import Membership
    from emulator.database.lagging.setting import LagSetting
    from emulator.database.throughput.enforcement import InFlight


class Attachments:
    """Opens, closes and removes the attachments of tables: streams, change logs and others.

    lags: a function that returns the lag that a test has declared for a table, None if the test
    has declared no lag.
    """

    def __init__(self, streams: Streams, histories: Histories, deletions: Deletions, collection_limit: int) -> None:
        self._collection_limit = collection_limit
        self._streams = streams
        self._histories = histories
        self._deletions = deletions
        self.replicate: Callable[[TableDefinition], None] = _do_nothing
        """A function that is called after each write that other regions must get.

        Its argument is the definition of the written table. Emulator sets this attribute.
        """
        self.lags: Callable[[TableDefinition], LagSetting | None] = _no_lag
        self.group: Callable[[TableDefinition], Iterable[Table]] = _alone
        """A function that returns the other tables of a table's group. TableRegistry sets it."""

    def reconcile(self, change: DefinitionChange, definition: TableDefinition) -> TableDefinition:
        """Make a table's attachments, such as its stream, match its settings.

        Return the definition with the ids of the attachments. The caller must save this definition.
        """
        definition = self._reconcile_stream(change, definition)
        definition = self._reconcile_kinesis(change, definition)
        definition = self._reconcile_ttl(change, definition)
        definition = self._reconcile_lag(change, definition)
        return self._reconcile_history(change, definition)

    def detach(self, change: DefinitionChange, definition: TableDefinition) -> None:
        """Close the history of a table that is removed or emptied, if the table has a history."""
        if definition.history is not None:
            self._histories.close(change, definition.history)

    def compiled(self, definition: TableDefinition) -> Table:
        """Return the compiled form of a definition, with the followers that its settings need.

        A follower gets each change of an item. The table calls its followers in the order in which
        this method adds them.
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
        history = self._histories.log(definition.history)
        if history is not None:
            followers.append(history)
        ids = (definition.stream_id, *(each.stream_id for each in definition.kinesis))
        logs = [log for log in map(self._streams.log, ids) if log is not None]
        if definition.filling is not None:
            logs = []  # the writes that fill a new table make no stream records
        for log in logs:
            log.refer_to(None if history is None else history.id)
        followers += logs
        lag = None if definition.lag_log is None else self.lags(definition)
        if lag is not None and definition.lag_log is not None:
            from emulator.database.lagging.log import LagLog  # noqa: PLC0415 - few tables lag

            keep = microseconds(lag.seconds)
            followers.append(
                LagLog(definition.lag_log, self._histories.moment, keep, real=lag.real, alone=self._histories.alone)
            )
        table = Table(definition, tuple(followers), tuple(preconditions))
        if definition.membership is not None and definition.filling is None:
            self._attach_replicas(table, definition.membership)
        if table.vectors:
            from emulator.database.items.vectors import VectorEntries  # noqa: PLC0415 - few tables have vector indexes

            table.billing = entries = VectorEntries(table.vectors)
            table.followers += (entries,)
        return table

    def in_flight(self, definition: TableDefinition) -> "InFlight | None":
        """Return the WritesInFlight of a table in a group with strong consistency, else None.

        The WritesInFlight refuses a write of an item if another region's write of the item is in
        flight.
        """
        if definition.membership is None or not definition.membership.strong:
            return None
        from emulator.database.changes.strong_replicas import WritesInFlight  # noqa: PLC0415 - few tables need it

        return WritesInFlight(definition, definition.membership, self.group, self._histories.moment)

    def _attach_replicas(self, table: Table, membership: "Membership") -> None:
        """Add the follower that brings the writes of a table to the other regions of its group."""
        from emulator.database.changes.replicas import ReplicaLog  # noqa: PLC0415 - few tables have replicas
        from emulator.database.changes.strong_replicas import StrongReplicas  # noqa: PLC0415 - few tables have them

        definition, moment = table.definition, self._histories.moment
        if membership.strong:
            table.followers += (StrongReplicas(definition, membership, self.group, moment),)
            return
        replicas = ReplicaLog(definition, membership, moment, self._replicate)
        table.followers += (replicas,)
        table.rewrites = (replicas,)

    def _replicate(self, definition: TableDefinition) -> None:
        self.replicate(definition)

    def _reconcile_stream(self, change: DefinitionChange, definition: TableDefinition) -> TableDefinition:
        if definition.stream_view is not None and definition.stream_id is None:
            stream = self._streams.open(change, next_id(change.txn), definition, definition.stream_view)
            return replace(definition, stream_id=stream.id, stream_label=stream.label)
        if definition.stream_view is None and definition.stream_id is not None:
            # A store that an older emulator wrote may have a definition whose stream is missing.
            if self._streams.get(definition.stream_id) is not None:
                self._streams.close(change, definition.stream_id)
            return replace(definition, stream_id=None)
        return definition

    def _reconcile_kinesis(self, change: DefinitionChange, definition: TableDefinition) -> TableDefinition:
        """Open, close or remove the change log of each Kinesis destination, by its status."""
        destinations: list[KinesisDestination] = []
        for each in definition.kinesis:
            destination = each
            if each.status == DISABLED and each.stream_id is not None:
                self._streams.remove(change, each.stream_id)
                self._deletions.begin(change.txn, keyspace.checkpoints(consumer(each.stream_id)))
                # enabling the destination again opens a new log (behaviour 15)
                destination = replace(each, stream_id=None, precision=None)
            elif each.status == DISABLING and each.stream_id is not None and self._streams.log(each.stream_id):
                self._streams.close(change, each.stream_id)
            elif each.status != DISABLING and each.status not in ENDED and each.stream_id is None:
                number = next_id(change.txn)
                stream = self._streams.open(change, number, definition, "NEW_AND_OLD_IMAGES", hidden=True)
                destination = replace(each, stream_id=stream.id)
            destinations.append(destination)
        return replace(definition, kinesis=tuple(destinations))

    def _reconcile_ttl(self, change: DefinitionChange, definition: TableDefinition) -> TableDefinition:
        """Make a TTL queue if time to live was enabled; delete the queue if TTL was disabled."""
        if definition.ttl_attribute is not None and definition.ttl_queue is None:
            return replace(definition, ttl_queue=next_id(change.txn), ttl_filled_to="")
        if definition.ttl_attribute is None and definition.ttl_queue is not None:
            self._deletions.begin(change.txn, keyspace.expiries(definition.ttl_queue))
            return replace(definition, ttl_queue=None, ttl_filled_to=None)
        return definition

    def _reconcile_lag(self, change: DefinitionChange, definition: TableDefinition) -> TableDefinition:
        """Open a lag log if a test has declared a lag; delete it if the declaration has ended."""
        wanted = self.lags(definition) is not None
        if wanted and definition.lag_log is None:
            return replace(definition, lag_log=next_id(change.txn))
        if not wanted and definition.lag_log is not None:
            self._deletions.begin(change.txn, keyspace.lag(definition.lag_log))
            return replace(definition, lag_log=None)
        return definition

    def _reconcile_history(self, change: DefinitionChange, definition: TableDefinition) -> TableDefinition:
        """Open a history if recovery was enabled; close it if recovery was disabled."""
        days, number = definition.recovery_days, definition.history
        if days is None:
            if number is not None:
                self._histories.close(change, number)
            return replace(definition, history=None)
        if number is None:
            number = self._histories.open(change, definition, days, _images(definition))
        else:
            self._histories.adjust(change, number, days, _images(definition))
        return replace(definition, history=number)


def _no_lag(_definition: TableDefinition) -> None:
    """Return None. This function is the value of `lags` until the catalog sets another one."""


def _do_nothing(_definition: TableDefinition) -> None:
    pass


def _alone(_definition: TableDefinition) -> Iterable[Table]:
    return ()


def _images(definition: TableDefinition) -> NeededImages:
    """Return which images of an item the stream records of a table need: old, new, both or none.

    The records go to the table's stream and its Kinesis destinations. A Kinesis destination needs
    both images.
    """
    view_types = [definition.stream_view] if definition.stream_id is not None else []
    view_types += ["NEW_AND_OLD_IMAGES" for each in definition.kinesis if each.stream_id is not None]
    both = "NEW_AND_OLD_IMAGES" in view_types
    return NeededImages(old=both or "OLD_IMAGE" in view_types, new=both or "NEW_IMAGE" in view_types)
