"""The catalog: which tables exist, which tenants own them, and their statuses.

Each table belongs to a *tenant*: the access key and region that created it, like a separate account
on AWS. With `shared_db` there is one tenant for all callers. The catalog has the compiled form of
every table in memory (tables.py).

A status such as CREATING ends at a time of the emulator's clock (settling.py). Without
`delay_transient_statuses`, it ends before the next request: the answer to CreateTable says
CREATING, and the next request sees ACTIVE. The SDKs' waiters expect this order.
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
    """The sender of a request: credentials, account, Host header, and the tables of its tenant."""

    access_key: str
    region: str
    account: str
    host: str
    shared: bool
    """True if all callers see the same tables (--shared-db)."""
    tenant_tables: Tables
    """The tables of the caller's tenant. A change of a table changes this object in place."""
    tables: dict[str, Table]
    """The caller's tables by name. A change of a table changes this dictionary in place."""

    @property
    def home(self) -> arns.Home:
        """Return the account and region that the ARNs of the caller's tables have."""
        return arns.Home(self.account, self.region, self.shared)

    @property
    def tenant(self) -> Tenant:
        """Return the tenant that owns the caller's resources."""
        return SHARED if self.shared else (self.access_key, self.region)


class Options(NamedTuple):
    """Options of a database.

    shared: True if all callers are one tenant.
    account: the account of every access key that is not itself an account number.
    delay: True if transient statuses such as CREATING last some seconds.
    throttle: True if throughput is enforced on all tables.
    collection_limit: the largest size in bytes of an item collection in a table with local indexes.
    stream_shards: the number of open shards of a new stream. 0 means one for each partition of its
    table.
    kinesis: True if a Kinesis endpoint is configured.
    metered: True if the emulator counts the units that tables consume.
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

    The first reload of `registries` reads the definitions of tables and streams from the store.

    shared: True if all callers are one tenant.
    account: the account of every access key that is not itself an account number.
    delays: True if transient statuses such as CREATING last some seconds.
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
        # Other modules call these methods on the catalog. TableRegistry and Settling define them.
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
        """Return a caller with these credentials, and with the tables of its tenant."""
        account = arns.account_of(access_key, self.account)
        tables = self._tenants.tables(SHARED if self.shared else (access_key, region))
        return Caller(access_key, region, account, host, self.shared, tables, tables.by_name)

    def find(self, caller: Caller, name: str, *, expected: bool = True, data_plane: bool = False) -> Table | None:
        """Return the caller's table by name or ARN, None if there is no such table.

        The call settles the table first, which may write to the store.

        expected: True if a missing table is probably a mistake of the user, so that it is logged.
        data_plane: True if the errors for wrong ARNs have the texts of the data plane
        (behaviour 3.4).
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
        """Return at most `limit` names of the caller's tables, and True if more names follow.

        The names are sorted. The page begins after the name `after`. If `after` is None, it begins
        with the first name. The call settles the tables that it visits, which may write to the
        store. If the caller has no tables, the call logs which tenants have tables.
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
        """Put changed declarations, such as throttling, into force for all tables and processes."""
        if self._versions.shared:
            with self.changing(urgent=True) as change:
                self._versions.declare(change.txn, self._enforcer.declared())
                change.then(self._tables.recompile)
        else:
            self._tables.recompile()

    def apply_lags(self) -> int:
        """Give a lag log to each table that has a declared lag, and delete all other lag logs.

        Return the number of tables that have a lag. Each table is saved in a separate transaction.
        """
        lagging = 0
        for table in list(self.everything()):
            wanted = self._enforcer.lag_of(table.definition) is not None
            lagging += wanted
            if wanted != (table.definition.lag_log is not None):
                self.change(table.definition)
        return lagging

    def meter_callers(self) -> None:
        """Begin to count the units that each caller consumes in this process."""
        if self._enforcer.meters is None:
            self._enforcer.meter_callers()
            self._tables.recompile()

    def meter(self, *, on: bool) -> None:
        """Begin to count the units that tables consume in this process, or stop counting."""
        self._enforcer.meter(on=on)
        self._tables.recompile()

    def _reload_declarations(self, txn: ReadTxn) -> None:
        declared = self._versions.declared(txn)
        if declared is not None and declared != self._enforcer.declared():
            self._enforcer.adopt(declared)
            self._tables.recompile()


def require(table: Table | None) -> Table:
    """Return the table. Raise ResourceNotFoundException if its items cannot be used now.

    That is so if `table` is None, and while its status is CREATING or DELETING (behaviour 3.1).
    """
    if table is None or table.definition.status in (CREATING, DELETING):
        raise errors.resource_not_found()
    return table
