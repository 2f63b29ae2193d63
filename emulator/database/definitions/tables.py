"""The definitions of tables and indexes.

Definitions are immutable and stored as JSON. A change makes a new definition.
"""

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar

import orjson

from emulator.database.definitions import arns
from emulator.database.definitions.rare import load_insights, load_membership, load_policy
from emulator.database.store import keyspace
from emulator.database.store.loading import check_names, from_fields
from emulator.settings import DEFAULT_ACCOUNT

if TYPE_CHECKING:
    from emulator.database.definitions.insights import InsightsSetting
    from emulator.database.definitions.policies import AttachedPolicy
    from emulator.database.definitions.replicas import Membership
    from emulator.database.definitions.vectors import VectorDefinition

CREATING: Final = "CREATING"
UPDATING: Final = "UPDATING"
DELETING: Final = "DELETING"
ACTIVE: Final = "ACTIVE"

DAY: Final = 86_400  # the seconds of a day


@dataclass(frozen=True, slots=True)
class Pending:
    """A requested change of a definition that is not yet in force (behaviour 10.4).

    until: the time (seconds) at which the change comes into force.
    fields: the changed fields of the definition, each with its new value.
    """

    until: float
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class IndexDefinition:
    """A secondary index as stored.

    hash, range: the names of the key attributes.
    projection: ALL, KEYS_ONLY or INCLUDE.
    filled_to: the progress of the walk that fills the index (jobs/walk.py): the storage key (hex)
    of the last visited item. "" at the beginning, None once the index is complete.
    until: the time (seconds) at which a status such as CREATING ends.
    The fields about throughput mean the same as in TableDefinition.
    """

    id: int
    name: str
    local: bool
    hash: tuple[str, ...]
    range: tuple[str, ...]
    projection: str
    non_key: tuple[str, ...] = ()
    read_units: int = 0
    write_units: int = 0
    throughput_increased: float | None = None
    throughput_decreased: float | None = None
    decreases: int = 0
    on_demand: Mapping[str, int] = field(default_factory=dict)
    warm: Mapping[str, int] = field(default_factory=dict)
    filled_to: str | None = None
    insights: "InsightsSetting | None" = None
    status: str = CREATING
    until: float = 0.0
    pending: tuple[Pending, ...] = ()

    @classmethod
    def load(cls, stored: Mapping[str, Any]) -> Self:
        """Return the definition of an index. stored: the index's part of the table's JSON."""
        tuples = {name: tuple(stored[name]) for name in ("hash", "range", "non_key")}
        insights = load_insights(stored.get("insights"))
        return from_fields(cls, {**stored, **tuples, "insights": insights, "pending": _load_pending(cls, stored)})


@dataclass(frozen=True, slots=True)
class KinesisDestination:
    """A Kinesis data stream that receives a table's changes.

    arn: the ARN of the data stream.
    status: the stored status; see the table in definitions/kinesis.py.
    precision: the unit of ApproximateCreationDateTime, MILLISECOND or MICROSECOND. None if the
    request did not set it.
    stream_id: the id of the change log (a hidden stream) whose records the destination gets. The
    log is closed during DISABLING. The id is None once the destination is disabled.
    until: the time (seconds) at which ENABLING, UPDATING or DISABLING ends, at the latest.
    """

    arn: str
    status: str
    precision: str | None = None
    stream_id: int | None = None
    until: float = 0.0


@dataclass(frozen=True, slots=True)
class Filling:
    """The source from which a new table is filled in the background (jobs/filling.py).

    The table is CREATING until it has all items of the source.
    kind: the kind of source, a key of SOURCES in jobs/filling.py.
    source: a text that identifies the source.
    position: the position in the source at which the next slice begins.
    summary: RestoreSummary, empty if the table is not being restored.
    """

    kind: str
    source: str
    position: str = ""
    summary: Mapping[str, Any] = field(default_factory=dict)


GONE: Final = ("ttl_disabled", "ttl_until")
"""Fields in the JSON of older versions of the program. `load` drops them."""

OWN_DATA: Final[Mapping[str, Callable[[int], bytes]]] = {"ttl_queue": keyspace.expiries, "lag_log": keyspace.lag}
"""Fields of a table's definition. Each has the id of data that no other table uses.

The data are deleted with the table. Each field is mapped to a function that takes the id and
returns the prefix of the data's keys. A field is None while the table has no such data.
"""

COPIED: Final = ("ttl_queue",)
"""The fields of OWN_DATA whose data depend only on the items. A copy of a table copies the data."""

LOGS: Final = ("stream_id", "history")
"""The fields with the ids of a table's stream and history, which can outlive the table."""

WALKS: Final[Mapping[str, str]] = {"ttl_filled_to": "emulator.database.jobs.ttl_fill"}
"""The fields of a table's definition that store how far a walk has come. Each field has one walk.

The walk makes data, such as a TTL queue, from the items that the table already has. Each field is
mapped to the module of its walk. The module has the functions `begin(database, table)` and
`resume_all(database)`. jobs/walk.py explains the positions that the fields store.
"""

NO_WALKS: Final[Mapping[str, Any]] = dict.fromkeys(WALKS)
"""The values of the fields in WALKS for a table without unfinished walks."""


@dataclass(frozen=True, slots=True)
class TableDefinition:
    """A table as stored. Times are seconds since the epoch; units are capacity units per second.

    account: the account of the access key, which depends on the setting `account`. `load` computes
    the account again, so stored definitions need no change when the setting changes.
    recovery_days, recovery_since: the period of point-in-time recovery in days, and the earliest
    time to which the table can be restored; None while recovery is off (definitions/recovery.py).
    history: the id of the table's history while recovery is on.
    filling: the source from which the table is being filled, None once it is complete.
    membership: the table's membership in a global table, None if it has no replicas.
    settings_replication: GlobalTableSettingsReplicationMode of a regional table, None if it was
    never set.
    lag_log: the id of the table's lag log, None if its reads do not lag (database/lagging/).
    """

    id: int
    uuid: str
    name: str
    access_key: str
    account: str
    region: str
    created: float
    hash: str
    range: str | None
    types: Mapping[str, str]
    indexes: tuple[IndexDefinition, ...] = ()
    billing_mode: str = "PROVISIONED"
    read_units: int = 0
    write_units: int = 0
    throughput_increased: float | None = None
    throughput_decreased: float | None = None
    decreases: int = 0  # how many decreases of throughput there were on the UTC day of the last decrease
    pay_per_request_since: float | None = None
    billing_explicit: bool = False
    on_demand: Mapping[str, int] = field(default_factory=dict)
    # the highest throughput that requests ever set, as warm or as provisioned throughput
    warm: Mapping[str, int] = field(default_factory=dict)
    table_class: str | None = None
    table_class_updated: float | None = None
    deletion_protection: bool = False
    stream_view: str | None = None
    stream_label: str | None = None
    stream_id: int | None = None  # id of the enabled stream, None if no stream is enabled
    sse: Mapping[str, Any] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    ttl_attribute: str | None = None
    ttl_changed: float | None = None
    ttl_queue: int | None = None  # id of the TTL queue; enabling TTL again makes a new queue
    # progress of the walk that fills the TTL queue: the storage key (hex) of the last visited item
    ttl_filled_to: str | None = None
    kinesis: tuple[KinesisDestination, ...] = ()
    recovery_days: int | None = None
    recovery_since: float | None = None
    history: int | None = None
    filling: Filling | None = None
    policy: "AttachedPolicy | None" = None
    insights: "InsightsSetting | None" = None
    status: str = CREATING
    until: float = 0.0
    pending: tuple[Pending, ...] = ()
    vectors: "tuple[VectorDefinition, ...]" = ()
    membership: "Membership | None" = None
    settings_replication: str | None = None
    lag_log: int | None = None

    @classmethod
    def load(cls, stored: bytes, account: str = DEFAULT_ACCOUNT) -> Self:
        """Return the definition from the bytes that `dump` returned.

        account: the account of every access key that is not itself an account number.
        """
        fields = orjson.loads(stored)
        for gone in GONE:
            fields.pop(gone, None)
        _move(fields, arns.account_of(fields["access_key"], account))
        fields["indexes"] = tuple(map(IndexDefinition.load, fields["indexes"]))
        fields["kinesis"] = tuple(from_fields(KinesisDestination, each) for each in fields.get("kinesis", ()))
        fields["policy"] = load_policy(fields.get("policy"))
        fields["insights"] = load_insights(fields.get("insights"))
        fields["membership"] = load_membership(fields.get("membership"))
        fields["pending"] = _load_pending(cls, fields)
        fields["vectors"] = _load_vectors(fields.get("vectors", ()))
        if fields.get("filling") is not None:
            fields["filling"] = from_fields(Filling, fields["filling"])
        return from_fields(cls, fields)

    def dump(self) -> bytes:
        """Return the definition as JSON."""
        return orjson.dumps(self)

    @property
    def arn(self) -> str:
        """The table's ARN (behaviour 13)."""
        return f"arn:aws:dynamodb:{self.region}:{self.account}:table/{self.name}"

    def insights_settings(self) -> "Iterator[tuple[str | None, InsightsSetting]]":
        """Yield pairs: the name of an index, and its setting of Contributor Insights.

        In the pair of the table itself, the name is None.
        """
        if self.insights is not None:
            yield None, self.insights
        for index in self.indexes:
            if index.insights is not None:
                yield index.name, index.insights

    def data_prefixes(self) -> list[bytes]:
        """Return the prefixes of the storage keys that are deleted with the table.

        These are the prefixes of its items, index entries, item collections, vectors, data for
        replicas, TTL queue and lag log. Statistics have only one key, and no prefix. Streams
        outlive the table.
        """
        prefixes = [keyspace.items(self.id)]
        if any(index.local for index in self.indexes):
            prefixes.append(keyspace.collections(self.id))
        prefixes += [keyspace.entries(index.id) for index in self.indexes]
        prefixes += [keyspace.vectors(index.id) for index in self.vectors]
        if self.membership is not None:
            prefixes.append(keyspace.replica(self.membership.log))
        for name, prefix in OWN_DATA.items():
            number = getattr(self, name)
            if number is not None:
                prefixes.append(prefix(number))
        return prefixes

    @property
    def is_restored(self) -> bool:
        """True while the table is being restored from a backup, or from another table's history."""
        return self.filling is not None and bool(self.filling.summary)

    @property
    def is_leaving(self) -> bool:
        """True while the table is being disassociated from its global table."""
        return self.membership is not None and self.membership.leaving

    @property
    def is_walked(self) -> bool:
        """True while a walk fills a new index or TTL queue of the table."""
        positions = [getattr(self, field) for field in WALKS]
        positions += [index.filled_to for index in self.every_index]
        return any(position is not None for position in positions)

    @property
    def every_index(self) -> "tuple[IndexDefinition | VectorDefinition, ...]":
        """The local, global and vector indexes."""
        return (*self.indexes, *self.vectors)

    @property
    def is_building(self) -> bool:
        """True while an index is being created or deleted.

        Then no other index can be created or deleted (features 1.3).
        """
        return any(index.status in (CREATING, DELETING) for index in self.every_index)


def _load_vectors(stored: Iterable[Mapping[str, Any]]) -> "tuple[VectorDefinition, ...]":
    """Load the vector indexes from a table's JSON. Import their class only if the table has any."""
    if not stored:
        return ()
    from emulator.database.definitions.vectors import VectorDefinition  # noqa: PLC0415 - start-up time

    return tuple(map(VectorDefinition.load, stored))


def _move(fields: dict[str, Any], account: str) -> None:
    """Replace the account in a table's JSON, and in the ARNs of its KMS keys."""
    before = fields["account"]
    if before == account:
        return
    fields["account"] = account
    for part in (fields, *(change["fields"] for change in fields.get("pending", ()))):
        if part.get("sse"):
            part["sse"] = {
                **part["sse"],
                "KMSMasterKeyArn": arns.moved_key(part["sse"]["KMSMasterKeyArn"], before, account),
            }


def decreases_today(relation: TableDefinition | IndexDefinition, now: float) -> int:
    """Return the number of decreases of provisioned throughput on the UTC day of `now`."""
    last = relation.throughput_decreased
    return relation.decreases if last is not None and last // DAY == now // DAY else 0


# --- changes that are not in force yet ------------------------------------------------------------

Relation = TypeVar("Relation", TableDefinition, IndexDefinition)


def _load_pending(relation: type, stored: Mapping[str, Any]) -> tuple[Pending, ...]:
    """Load a definition's pending changes from its JSON. Old JSON may lack the member `pending`."""
    pending = tuple(from_fields(Pending, each) for each in stored.get("pending", ()))
    for change in pending:
        check_names(relation, change.fields)
    return pending


def deferred(relation: Relation, until: float, fields: Mapping[str, Any]) -> Relation:
    """Return the definition with a new pending change, which comes into force at the time `until`.

    fields: the changed fields and their new values. They replace older pending values of the same
    fields.
    """
    return replace(relation, pending=(*_without(relation.pending, fields), Pending(until, dict(fields))))


def _without(pending: Iterable[Pending], names: Container[str]) -> Iterator[Pending]:
    """Remove the fields in `names` from pending changes. Yield the changes that are not empty."""
    for change in pending:
        fields = {name: value for name, value in change.fields.items() if name not in names}
        if fields:
            yield Pending(change.until, fields)


def in_force(relation: Relation, has_passed: Callable[[float], bool]) -> Relation:
    """Return the definition after the pending changes that are due have come into force."""
    fields: dict[str, Any] = {}
    for change in relation.pending:
        if has_passed(change.until):
            fields.update(change.fields)
    if not fields:
        return relation
    return replace(
        relation, **fields, pending=tuple(change for change in relation.pending if not has_passed(change.until))
    )


def coming(relation: TableDefinition | IndexDefinition, field_name: str) -> Any:  # noqa: ANN401 - of any field
    """Return the pending value of a field, None if the field has no pending change."""
    return next((change.fields[field_name] for change in relation.pending if field_name in change.fields), None)
