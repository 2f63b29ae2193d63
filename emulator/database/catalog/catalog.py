"""The catalog: which tables exist, for whom, in which state.

Tables belong to a *tenant*: the access key and region of whoever made them, like separate accounts (one tenant for all
with `shared_db`). All definitions are held in memory, compiled; storage has them too and is always written first.

A status such as CREATING ends by the clock, and a pending change comes into force by it: the first look at the table
after that time *settles* it (and for DELETING removes it). Without `delay_transient_statuses` that time is the moment of
the request itself, so the answer says CREATING and the next look says ACTIVE, which is what the SDKs' waiters want.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from emulator import errors, limits
from emulator.clock import Background, Clock
from emulator.database.catalog.attachments import Attachments, Followed
from emulator.database.catalog.enforcer import Enforcer
from emulator.database.catalog.misses import Misses
from emulator.database.catalog.tenants import Tables, Tenants
from emulator.database.changes.streams import Streams
from emulator.database.definitions import arns
from emulator.database.definitions.tables import (
    ACTIVE,
    CREATING,
    DELETING,
    IndexDefinition,
    TableDefinition,
    in_force,
)
from emulator.database.definitions.tenants import SHARED, Tenant
from emulator.database.schema.table import Table
from emulator.database.store import keyspace
from emulator.database.store.deletions import Drops
from emulator.database.store.versions import Versions
from emulator.settings import DEFAULT_ACCOUNT
from storage import Engine, Full, ReadTxn, WriteTxn

TRANSIENT_SECONDS: Final = 3.0  # how long a status such as CREATING lasts with delay_transient_statuses


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sent a request: access key and region of the credentials, the account they stand for, the Host header."""

    access_key: str
    region: str
    account: str
    host: str
    shared: bool
    """Whether all callers see the same tables."""
    tenant_tables: Tables
    """The tables of the caller's tenant, alive: they change while the caller is held."""
    tables: dict[str, Table]
    """The same by name."""

    @property
    def home(self) -> arns.Home:
        """Return what tells the caller's own ARNs from foreign ones."""
        return arns.Home(self.account, self.region, self.shared)

    @property
    def tenant(self) -> Tenant:
        """Return the access key and region under which the caller's resources are."""
        return SHARED if self.shared else (self.access_key, self.region)


class Options(NamedTuple):
    """How a database behaves.

    shared: one tenant for all callers; account: of access keys that are not accounts; delay: transient
    statuses last a while; throttle: enforce throughput on all tables; collection_limit: bytes of an item
    collection with local indexes; stream_shards: open shards of a new stream, 0 for as many as its table
    has partitions; kinesis: there is somewhere to put the records of Kinesis destinations.
    """

    shared: bool = False
    account: str = DEFAULT_ACCOUNT
    delay: bool = False
    throttle: bool = False
    collection_limit: int = limits.ITEM_COLLECTION
    stream_shards: int = 0
    kinesis: bool = False


class Catalog:
    """All tables of an engine, and their streams."""

    def __init__(
        self,
        engine: Engine,
        clock: Clock,
        background: Background,
        enforcer: Enforcer,
        options: Options,
        versions: Versions,
    ) -> None:
        self._engine = engine
        self._versions = versions
        self._held: dict[bytes, bytes] = {}  # the definitions in force as they are stored, by their keys
        self._clock = clock
        self._enforcer = enforcer
        self._shared = options.shared
        self.account = options.account
        self._delay = TRANSIENT_SECONDS if options.delay else 0.0
        self._tenants = Tenants()
        self._misses = Misses(self._tenants)
        self.drops = Drops(engine, background)
        self.streams = Streams(
            engine,
            clock,
            background,
            self.drops,
            account=options.account,
            shared=options.shared,
            shards=options.stream_shards,
            delay=self._delay,
            versions=versions,
        )
        self._attachments = Attachments(self.streams, self.drops, options.collection_limit)
        self.reload()

    def caller(self, access_key: str, region: str, host: str = "localhost") -> Caller:
        """Return the caller with these credentials."""
        account = arns.account_of(access_key, self.account)
        tables = self._tenants.tables(SHARED if self._shared else (access_key, region))
        return Caller(access_key, region, account, host, self._shared, tables, tables.by_name)

    def until(self) -> float:
        """Return the time at which a status entered now ends."""
        return self._clock.now() + self._delay

    def has_passed(self, until: float) -> bool:
        """Say whether a status that ends at a time has ended: also where the clock was set back since it was entered."""
        now = self._clock.now()
        return not now < until <= now + self._delay

    # --- finding ----------------------------------------------------------------------------------------------------

    def find(self, caller: Caller, name: str, *, expected: bool = True, data_plane: bool = False) -> Table | None:
        """Return the caller's table by name or ARN, settled; None, and a line in the log, where there is none.

        Raises what an ARN that names no table of the caller's own deserves, in the words of the data plane if asked.
        """
        table = caller.tables.get(name)
        if table is None and name.startswith("arn:"):
            name = arns.table_name(name, caller.home, data_plane=data_plane)
            table = caller.tables.get(name)
        if table is not None and table.transient:
            table = self.settle(table)
        if table is None and expected:
            self._misses.report(caller.tenant, name)
        return table

    def page(self, caller: Caller, after: str | None, limit: int) -> tuple[list[str], bool]:
        """Return the names of the caller's tables that follow a name, in order; say whether there are more.

        A caller without tables gets a line in the log.

        Settles these tables and at most one more, however many the caller has.
        """
        names: list[str] = []
        while (after := caller.tenant_tables.after(after)) is not None:
            if self.settle(caller.tables[after]) is None:
                continue
            if len(names) == limit:
                return names, True
            names.append(after)
        if not caller.tables:
            self._misses.report_empty(caller.tenant)
        return names, False

    # --- changing ---------------------------------------------------------------------------------------------------

    def save(self, txn: WriteTxn, definition: TableDefinition) -> Followed:
        """Store a definition, new or changed, with what its settings bring with them (attachments.py).

        `publish` the result once the transaction has committed.
        """
        followed = self._attachments.follow(txn, definition)
        definition = followed.definition
        self._versions.bump(txn)
        txn.put(keyspace.table(*self._tenant(definition), definition.name), definition.dump())
        return followed

    def compiled(self, definition: TableDefinition) -> Table:
        """Return the table of a definition, with what is enforced on it and what is kept beside its items."""
        table = self._attachments.compiled(definition)
        table.enforcement = self._enforcer.of(table)
        return table

    def declare(self) -> None:
        """Let all tables, in other processes too, follow a change of what is enforced."""
        if self._versions.shared:
            with self._engine.write() as txn:
                txn.urgent = True
                self._versions.declare(txn, self._enforcer.declared())
            self._versions.tell()
        self.refresh()

    def refresh(self) -> None:
        """Let all tables of this process follow a change of what is enforced."""
        for tenant, tables in self._tenants:
            for table in tables.values():
                self._tenants.put(tenant, self.compiled(table.definition))

    def publish(self, saved: Followed) -> Table:
        """Make a saved table the one that requests find."""
        for stream in saved.streams:
            self.streams.publish(stream)
        for stream_id in saved.gone:
            self.streams.forget(stream_id)
        table = self.compiled(saved.definition)
        tenant = self._tenant(table.definition)
        self._tenants.put(tenant, table)
        self._held[keyspace.table(*tenant, table.name)] = table.definition.dump()
        self._versions.tell()
        return table

    def change(self, definition: TableDefinition) -> Table:
        """Store and publish a definition in a transaction of its own."""
        with self._engine.write() as txn:
            txn.urgent = True
            saved = self.save(txn, definition)
        return self.publish(saved)

    def settle_all(self) -> None:
        """Settle what an earlier process left: a table whose deletion had begun goes now."""
        for table in list(self.everything()):
            self.settle(table)

    def settle(self, table: Table) -> Table | None:
        """End the statuses whose time has come; return the table as it is now, None where it is gone.

        A new status is stored. On a full disk the old one stays until there is room (`overdue`).
        """
        try:
            return self._settle(table)
        except Full:
            return table

    def overdue(self, table: Table) -> bool:
        """Say whether a table keeps a status whose time is over, because the disk has no room for another one."""
        definition = table.definition
        return definition.status in (CREATING, DELETING) and self.has_passed(definition.until)

    def _settle(self, table: Table) -> Table | None:
        definition = table.definition
        if not table.transient:
            return table
        if definition.status == DELETING and self.has_passed(definition.until):
            self._remove(table)
            return None
        settled = replace(
            in_force(definition, self.has_passed),
            status=ACTIVE if self.has_passed(definition.until) else definition.status,
            indexes=tuple(self._settled(definition.indexes)),
        )
        if settled == definition:
            return table
        kept = {index.id for index in settled.indexes}
        gone = [index for index in definition.indexes if index.id not in kept]
        return self._without_indexes(table, settled, gone) if gone else self.change(settled)

    def _settled(self, indexes: Iterable[IndexDefinition]) -> Iterator[IndexDefinition]:
        for index in indexes:
            has_passed = self.has_passed(index.until)
            if index.status == DELETING and has_passed:
                continue
            settled = in_force(index, self.has_passed)
            yield replace(settled, status=ACTIVE) if has_passed and index.filled_to is None else settled

    def _without_indexes(self, table: Table, settled: TableDefinition, gone: list[IndexDefinition]) -> Table:
        """Save a definition that lost indexes.

        Attribute definitions that only they needed and their statistics go now, their entries in the background.
        """
        keep = {index.id for index in settled.indexes}
        used = {settled.hash, settled.range}.union(*(index.hash + index.range for index in settled.indexes))
        settled = replace(settled, types={name: kind for name, kind in settled.types.items() if name in used})
        with self._engine.write() as txn:
            txn.urgent = True
            stored = txn.get(table.statistics_key)
            if stored is not None:
                pairs = [stored[at : at + 16] for at in range(0, len(stored), 16)]
                positions = [0, *(i for i, x in enumerate(table.definition.indexes, start=1) if x.id in keep)]
                txn.put(table.statistics_key, b"".join(pairs[i] if i < len(pairs) else bytes(16) for i in positions))
            for index in gone:
                self.drops.begin(txn, keyspace.entries(index.id))
            saved = self.save(txn, settled)
        return self.publish(saved)

    def _remove(self, table: Table) -> None:
        definition = table.definition
        tenant = self._tenant(definition)
        with self._engine.write() as txn:
            txn.urgent = True
            self._versions.bump(txn)
            txn.delete(keyspace.table(*tenant, definition.name))
            txn.delete(table.statistics_key)
            self.drops.begin(txn, table.prefix)
            if table.local_indexes:
                self.drops.begin(txn, keyspace.collections(table.id))
            for index in table.indexes:
                self.drops.begin(txn, index.prefix)
            self._attachments.remove(txn, definition)
        self._tenants.remove(tenant, definition.name)
        self._held.pop(keyspace.table(*tenant, definition.name), None)
        self._versions.tell()

    def _tenant(self, definition: TableDefinition) -> Tenant:
        return SHARED if self._shared else (definition.access_key, definition.region)

    def reload(self) -> None:
        """Read the definitions that are not those in force: another process changed them, or a commit of ours failed."""
        self._versions.read_hints()
        with self._engine.read() as txn:
            self._versions.read(txn)
            declared = self._versions.declared(txn)
            self.streams.reload(txn)
            self._reload_tables(txn)
        if declared is not None and declared != self._enforcer.declared():
            self._enforcer.adopt(declared)
            self.refresh()

    def _reload_tables(self, txn: ReadTxn) -> None:
        stored = dict(txn.scan(*keyspace.tables()))
        for key, value in stored.items():
            if self._held.get(key) != value:
                access_key, region, _ = keyspace.table_of(key)
                table = self.compiled(TableDefinition.load(value, self.account))
                self._tenants.put((access_key, region), table)
        for key in self._held.keys() - stored.keys():
            access_key, region, name = keyspace.table_of(key)
            self._tenants.remove((access_key, region), name)
        self._held = stored

    def current(self, table: Table) -> Table | None:
        """Return a table as it is by now, unsettled; None where it is gone (one made later under its name is another)."""
        found = self._tenants.get(self._tenant(table.definition), table.name)
        return found if found is not None and found.id == table.id else None

    def everything(self) -> Iterator[Table]:
        """Walk all tables that callers can have, unsettled.

        A folder may also hold tables of the other way of dividing it (`shared`): they wait until it is opened so again.
        """
        for tenant, tables in self._tenants:
            if (tenant == SHARED) is self._shared:
                yield from tables.values()


def require(table: Table | None) -> Table:
    """Return the table if the data plane may use it. Raises ResourceNotFoundException (behaviour 3.1)."""
    if table is None or table.definition.status in (CREATING, DELETING):
        raise errors.resource_not_found()
    return table
