"""The catalog: which tables exist, which tenants own them, and their statuses.

Each table belongs to a *tenant*: the access key and region that created it, like a separate account
on AWS. With `shared_db` there is one tenant for all callers. The catalog has the compiled form of
every table in memory (tables.py).

A status such as CREATING ends at a time of the emulator's clock (settling.py). Without
`delay_transient_statuses`, such a status ends at once: the answer to CreateTable says CREATING and
the next request sees ACTIVE, as the SDKs' waiters expect.
"""

from dataclasses import dataclass
from typing import NamedTuple

from emulator import errors, limits
from emulator.clock import Background, Clock
from emulator.database.catalog.attachments import Attachments
from emulator.database.catalog.enforcer import Enforcer
from emulator.database.catalog.misses import Misses
from emulator.database.catalog.settling import TRANSIENT_SECONDS, Settling
from emulator.database.catalog.tables import TableRegistry
from emulator.database.catalog.tenants import Tables
from emulator.database.changes.histories import Histories
from emulator.database.changes.streams import Streams
from emulator.database.definitions import arns
from emulator.database.definitions.tables import CREATING, DELETING
from emulator.database.definitions.tenants import SHARED, Tenant
from emulator.database.schema.table import Table
from emulator.database.store.deletions import Deletions
from emulator.database.store.registry import Registries
from emulator.database.store.versions import Versions
from emulator.settings import DEFAULT_ACCOUNT
from storage import Engine, ReadTxn


@dataclass(frozen=True, slots=True)
class Caller:
    """The sender of a request: access key, region and account of the credentials; Host header."""

    access_key: str
    region: str
    account: str
    host: str
    shared: bool
    """Whether all callers see the same tables."""
    tenant_tables: Tables
    """The tables of the caller's tenant. This object changes when one of these tables changes."""
    tables: dict[str, Table]
    """The same tables by name. This dictionary also changes when a table changes."""

    @property
    def home(self) -> arns.Home:
        """Return the account and region for the ARNs of the caller's tables."""
        return arns.Home(self.account, self.region, self.shared)

    @property
    def tenant(self) -> Tenant:
        """Return the tenant that owns the caller's resources."""
        return SHARED if self.shared else (self.access_key, self.region)


class Options(NamedTuple):
    """Options of a database.

    shared: whether all callers are one tenant.
    account: the account of access keys that are not account numbers.
    delay: whether transient statuses such as CREATING last a while.
    throttle: whether throughput is enforced on all tables.
    collection_limit: the largest size in bytes of an item collection in a table with local indexes.
    stream_shards: how many open shards a new stream has; 0: one for each partition of its table.
    kinesis: whether a Kinesis endpoint is configured.
    metered: whether the units that tables consume are counted.
    """

    shared: bool = False
    account: str = DEFAULT_ACCOUNT
    delay: bool = False
    throttle: bool = False
    collection_limit: int = limits.ITEM_COLLECTION
    stream_shards: int = 0
    kinesis: bool = False
    metered: bool = False


class Catalog:
    """All tables in the store of an engine, and their streams.

    The first reload of `registries` reads the tables and streams from the store.

    shared: whether all callers are one tenant. account: the default account. delays: whether
    transient statuses last a while.
    """

    def __init__(
        self,
        engine: Engine,
        clock: Clock,
        background: Background,
        enforcer: Enforcer,
        options: Options,
        versions: Versions,
        registries: Registries,
    ) -> None:
        self._versions = versions
        self._enforcer = enforcer
        self.shared = options.shared
        self.account = options.account
        self.delays = options.delay
        delay = TRANSIENT_SECONDS if options.delay else 0.0
        self.deletions = Deletions(engine, background)
        self.streams = Streams(
            engine,
            clock,
            background,
            self.deletions,
            account=options.account,
            shared=options.shared,
            shards=options.stream_shards,
            delay=delay,
            registries=registries,
        )
        self.histories = Histories(engine, clock, background, self.deletions, registries, shared=options.shared)
        self.attachments = attachments = Attachments(
            self.streams, self.histories, self.deletions, options.collection_limit
        )
        attachments.lags = enforcer.lag_of
        self._tables = tables = TableRegistry(
            registries, attachments, self.deletions, enforcer, account=options.account, shared=options.shared
        )
        registries.on_reload(self._reload_declarations)
        self._tenants = tables.tenants
        self._misses = Misses(self._tenants)
        self.elsewhere = self._misses.elsewhere
        # Functions of the registry and of Settling, which other modules call on the catalog.
        self.everything = tables.everything
        self.named = tables.named
        self.stored = tables.stored
        self.current = tables.current
        self.sibling = tables.sibling
        self.group = tables.group
        self.changing = tables.changing
        self.save = tables.save
        self.change = tables.change
        self.published = tables.published
        self.emptied = tables.emptied
        self.recompile = tables.recompile
        self.delay = delay
        self.settling = settling = Settling(tables, self.deletions, clock, delay)
        self.until = settling.until
        self.has_passed = settling.has_passed
        self.overdue = settling.overdue
        self.settle = settling.settle
        self.settle_all = settling.settle_all

    def caller(self, access_key: str, region: str, host: str = "localhost") -> Caller:
        """Return the caller with these credentials."""
        account = arns.account_of(access_key, self.account)
        tables = self._tenants.tables(SHARED if self.shared else (access_key, region))
        return Caller(access_key, region, account, host, self.shared, tables, tables.by_name)

    def find(self, caller: Caller, name: str, *, expected: bool = True, data_plane: bool = False) -> Table | None:
        """Return the caller's table by name or ARN, None if there is no such table.

        Settling the table first may write to the store.

        expected: whether the table should exist, so that a missing table is logged.
        data_plane: whether the errors of wrong ARNs (behaviour 3.4) have the texts of the data
        plane.
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
        """Return the next names of the caller's tables after `after`, and whether more follow.

        Returns at most `limit` names. Settles each table that it visits, which may write to the
        store. Logs a line if the caller has no tables.
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

    def declare(self) -> None:
        """Put a test's changed declarations into force for all tables, in other processes too."""
        if self._versions.shared:
            with self.changing(urgent=True) as change:
                self._versions.declare(change.txn, self._enforcer.declared())
                change.then(self._tables.recompile)
        else:
            self._tables.recompile()

    def apply_lags(self) -> int:
        """Open and delete lag logs, as the declarations demand; return how many tables lag.

        Each table is saved in a separate transaction.
        """
        lagging = 0
        for table in list(self.everything()):
            wanted = self._enforcer.lag_of(table.definition) is not None
            lagging += wanted
            if wanted != (table.definition.lag_log is not None):
                self.change(table.definition)
        return lagging

    def meter_callers(self) -> None:
        """Count the units that each caller consumes, in this process, from now on."""
        if self._enforcer.meters is None:
            self._enforcer.meter_callers()
            self._tables.recompile()

    def meter(self, *, on: bool) -> None:
        """Count the units that tables consume in this process, or stop counting."""
        self._enforcer.meter(on=on)
        self._tables.recompile()

    def _reload_declarations(self, txn: ReadTxn) -> None:
        declared = self._versions.declared(txn)
        if declared is not None and declared != self._enforcer.declared():
            self._enforcer.adopt(declared)
            self._tables.recompile()


def require(table: Table | None) -> Table:
    """Return the table if the data plane may use it, else raise an error (behaviour 3.1)."""
    if table is None or table.definition.status in (CREATING, DELETING):
        raise errors.resource_not_found()
    return table
