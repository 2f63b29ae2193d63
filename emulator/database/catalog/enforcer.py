"""Decides which throughput limits and transaction conflicts are enforced on which tables.

The enforcer also keeps three kinds of counts:

- for a table with Contributor Insights, the counts of its most accessed and most throttled keys;
- with `--metrics`, the units that each table consumes;
- after the first call of the control `consumption`, the units that each caller consumes.

The emulator runs requests one after another, so two transactions of clients never conflict.
Instead, a test declares that a transaction on an item, or with a token, is in progress. The
declaration ends at a time of the emulator's clock (behaviour 8.4).
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from emulator import errors
from emulator.clock import Clock
from emulator.database.definitions.tables import IndexDefinition, TableDefinition
from emulator.database.schema.describe import warm_units
from emulator.database.schema.table import Table
from emulator.database.throughput.enforcement import Enforcement, Lag
from emulator.database.throughput.throttle import TableThrottle

if TYPE_CHECKING:
    from emulator.database.lagging.setting import LagSetting
    from emulator.database.throughput.enforcement import InFlight
    from emulator.database.throughput.gate import Gate, TableGate
    from emulator.database.throughput.insights import TableInsights
    from emulator.database.throughput.metering import Meter, Meters
    from emulator.database.throughput.throttles import ThrottleLog
    from emulator.database.throughput.usage import TableUsage


class ItemLock(NamedTuple):
    """A declaration that an item is in an ongoing transaction.

    table: name or ARN of the table. until: the end of the transaction, seconds since the epoch.
    """

    table: str
    key: Mapping[str, Any]
    until: float


class Pace(NamedTuple):
    """The pace at which new indexes of a table are filled, by the emulator's clock.

    rate: items a second, None for no limit. paused: True while a test has paused the filling.
    """

    rate: float | None
    paused: bool


class Enforcer:
    """The limits and declared transactions that are enforced on tables.

    throttle_all: True if throughput is enforced on every table. All processes of a server share the
    declarations, but each process counts only the throughput of its own requests. So the requests
    of several processes together can exceed the limit of a table.
    metered: True if the enforcer counts the units that each table consumes. The method `meter`
        changes this setting.
    meters: the counts of the units that each caller consumes, None until `meter_callers` is called.
    consumed: a list with one number: the units that requests to this process have consumed on all
        tables while `metered` was True. Other modules keep the list, to read the number fast.
    gate: the place at which faults refuse parts of operations, None if no fault does that. Code
        that sets `gate` must then compile all tables again.
    """

    def __init__(self, clock: Clock, *, throttle_all: bool = False, metered: bool = False) -> None:
        self._clock = clock
        self._started_with = throttle_all
        self._throttle_all = throttle_all
        self._throttled: dict[str, bool] = {}
        self._throttles: dict[int, TableThrottle] = {}
        self._insights: dict[int, TableInsights] = {}
        self._metered = metered
        self.gate: Gate | None = None
        self.changed: Callable[[], None] = _do_nothing
        """A function to call when the value of `may_throttle` may have changed."""
        self._throttle_log: ThrottleLog | None = None
        self._lags: dict[str, LagSetting] = {}  # by the name or ARN of tables; "" means all tables
        self.paces: dict[str, Pace] = {}
        """How fast new indexes are filled, by the name or ARN of tables; "" means all tables."""
        self._usages: dict[int, TableUsage] = {}
        self.meters: Meters | None = None
        self.consumed = [0.0]
        self._locks: list[ItemLock] = []
        self._tokens: dict[str, float] = {}

    # --- declarations of a test -------------------------------------------------------------------

    def set_throttling(self, table: str | None, *, enforced: bool) -> None:
        """Enforce throughput on tables, or stop enforcing it.

        table: the name or ARN of the tables, None for all tables.
        """
        if table is None:
            self._throttle_all = enforced
            self._throttled.clear()
        else:
            self._throttled[table] = enforced
        self.changed()

    def lock_item(self, table: str, key: Mapping[str, Any], seconds: float) -> None:
        """Declare that a transaction on an item is in progress.

        seconds: how long the transaction takes; 0 ends an earlier declaration.
        """
        self._locks = [lock for lock in self._locks if (lock.table, lock.key) != (table, key)]
        self._locks.append(ItemLock(table, key, self._clock.now() + seconds))

    def lock_token(self, token: str, seconds: float) -> None:
        """Declare that a transaction with this token is in progress.

        seconds: how long the transaction takes; 0 ends an earlier declaration.
        """
        self._tokens[token] = self._clock.now() + seconds

    def set_lag(self, table: str | None, setting: "LagSetting | None") -> None:
        """Let reads of tables show an earlier state. The caller must save the tables' definitions.

        table: the ARN of a table, or the name of tables; None means all tables, and also ends all
        earlier declarations of lags.
        setting: the lag; None ends the declaration for this `table`. A lag of 0 seconds exempts the
        tables from a lag that is declared for all tables.
        """
        if table is None:
            self._lags.clear()
        self._lags.pop(table or "", None)
        if setting is not None:
            self._lags[table or ""] = setting

    def lags(self) -> Mapping[str, "LagSetting"]:
        """Return the declared lags, by the name or ARN of tables; "" means all tables."""
        return dict(self._lags)

    def lag_of(self, definition: TableDefinition) -> "LagSetting | None":
        """Return the lag that a test has declared for a table, None if its reads do not lag."""
        if not self._lags:
            return None
        names = (definition.arn, definition.name, "")
        found = next((self._lags[name] for name in names if name in self._lags), None)
        return found if found is not None and found.seconds else None

    def pace_of(self, definition: TableDefinition) -> Pace | None:
        """Return the pace at which new indexes of a table are filled, None for no limit."""
        if not self.paces:
            return None
        names = (definition.arn, definition.name, "")
        return next((self.paces[name] for name in names if name in self.paces), None)

    def is_declared(self, table: Table) -> bool:
        """Return True if a declaration with this table's name or ARN enforces its throughput.

        A declaration about all tables does not count.
        """
        return bool(self._throttled.get(table.arn, self._throttled.get(table.name, False)))

    def throttling(self) -> tuple[bool, Mapping[str, bool]]:
        """Return the declarations about throughput: of all tables, and of single tables.

        The first value is True if throughput is enforced on all tables. The mapping has a table's
        name or ARN as key. Its value is True if throughput is enforced on this table.
        """
        return self._throttle_all, dict(self._throttled)

    def transactions(self, now: float) -> tuple[list[ItemLock], dict[str, float]]:
        """Return the declarations of transactions that are in progress at the time `now`.

        The list has the declarations that name an item. The dictionary has those that name a token:
        it maps the token to the end of its transaction, in seconds since the epoch.
        """
        locks = [lock for lock in self._locks if lock.until > now]
        return locks, {token: until for token, until in self._tokens.items() if until > now}

    def clear(self) -> None:
        """End all declarations. Then only the server's settings say if throughput is enforced."""
        self._throttle_all = self._started_with
        self._throttled.clear()
        self._locks.clear()
        self._tokens.clear()
        self._lags.clear()
        self.paces.clear()
        self.changed()

    def forget(self, table_id: int) -> None:
        """Forget a deleted table's counts, and the token buckets that limit its throughput."""
        self._throttles.pop(table_id, None)
        self._insights.pop(table_id, None)
        self._usages.pop(table_id, None)

    def meter(self, *, on: bool) -> None:
        """Begin to count the units that tables consume, or stop and forget the counts.

        The change is in force for a table once the table is compiled again.
        """
        self._metered = on
        if not on:
            self._usages.clear()

    @property
    def counts_units(self) -> bool:
        """True if the enforcer counts the units that tables consume."""
        return self._metered

    def usage(self, table_id: int) -> "TableUsage | None":
        """Return the counts of a table in the last hour, such as consumed units.

        Return None if units are not counted.
        """
        return self._usages.get(table_id)

    def meter_callers(self) -> None:
        """Begin to count the units that each caller consumes.

        The caller of this method must then compile the tables again.
        """
        from emulator.database.throughput.metering import Meters  # noqa: PLC0415 - few servers have budgets

        self.meters = Meters()

    def throttle(self, table_id: int) -> TableThrottle | None:
        """Return the throughput limits of a table, None if its throughput is not enforced."""
        return self._throttles.get(table_id)

    def insights(self, table_id: int) -> "TableInsights | None":
        """Return the key counts of a table and its indexes, None if its keys are not counted."""
        return self._insights.get(table_id)

    def declared(self) -> bytes:
        """Return all declarations as JSON, which other processes take over with `adopt`."""
        locks = [[lock.table, lock.key, lock.until] for lock in self._locks]
        lags = {name: setting.fields() for name, setting in self._lags.items()}
        paces = {name: list(pace) for name, pace in self.paces.items()}
        return orjson.dumps([self._throttle_all, self._throttled, locks, self._tokens, lags, paces])

    def adopt(self, declared: bytes) -> None:
        """Replace the declarations by the declarations of another process.

        declared: the result of the other process's method `declared`. Each process keeps its own
        token buckets, which limit throughput.
        """
        self._throttle_all, self._throttled, locks, self._tokens, lags, paces = orjson.loads(declared)
        self.paces = {name: Pace(*pace) for name, pace in paces.items()}
        self._locks = [ItemLock(*lock) for lock in locks]
        self._lags = _lag_settings(lags) if lags else {}
        self.changed()

    # --- use by requests --------------------------------------------------------------------------

    def refuse_token(self, token: str) -> None:
        """Raise TransactionInProgressException if a transaction with this token is in progress."""
        if self._tokens.get(token, 0.0) > self._clock.now():
            raise errors.transaction_in_progress()

    def enforcement_of(self, table: Table, in_flight: "InFlight | None" = None) -> Enforcement | None:
        """Return the Enforcement of a table, None if nothing of the table is limited or counted.

        A table keeps its token buckets and its counts when its definition changes.
        in_flight: an object that refuses writes of items that have a write in flight from another
        region. None for a table that is not in a group with strong consistency.
        """
        throttle = self._throttle(table)
        insights = self._configured_insights(table.definition)
        locked = {}
        for lock in self._locks:
            if lock.table in (table.name, table.arn) and lock.key.keys() == set(table.key_names):
                # ignore a declared key with values of the wrong types: no item has this key
                with suppress(errors.ApiError):
                    locked[table.item_key(dict(lock.key))] = lock.until
        usage = self._counted_usage(table.id) if self._metered else None
        gate = self._table_gate(table.definition)
        lag = self._lag(table.definition)
        meter = self._meter(table.definition)
        rare = (usage, in_flight, meter, gate, lag)
        if not (throttle or locked or insights) and all(each is None for each in rare):
            return None
        throttle_log = (self.throttles, table.definition) if throttle is not None or gate is not None else None
        return Enforcement(self._clock, throttle, locked, insights, usage, in_flight, meter, gate, lag, throttle_log)

    @property
    def throttles(self) -> "ThrottleLog":
        """The log of the last throttled requests. The first use imports its module."""
        if self._throttle_log is None:
            from emulator.database.throughput.throttles import ThrottleLog  # noqa: PLC0415 - most servers need none

            self._throttle_log = ThrottleLog(self._clock)
        return self._throttle_log

    @property
    def may_throttle(self) -> bool:
        """True if enforced throughput or faults may throttle requests."""
        return self._throttle_all or any(self._throttled.values()) or self.gate is not None

    def _lag(self, definition: TableDefinition) -> Lag | None:
        setting = self.lag_of(definition)
        if setting is None or definition.lag_log is None:
            return None
        from emulator.database.lagging.past import Lag as TableLag  # noqa: PLC0415 - only where reads lag

        return TableLag(setting, definition.lag_log, self._clock)

    def _table_gate(self, definition: TableDefinition) -> "TableGate | None":
        if self.gate is None:
            return None
        from emulator.database.throughput.gate import TableGate  # noqa: PLC0415 - only with faults

        return TableGate(self.gate, definition)

    def _meter(self, definition: TableDefinition) -> "Meter | None":
        """Return the meter that counts the units of the tenant that owns a table.

        Return None if the units of callers are not counted.
        """
        return None if self.meters is None else self.meters.of(definition.access_key, definition.region)

    def _counted_usage(self, table_id: int) -> "TableUsage":
        from emulator.database.throughput.usage import TableUsage  # noqa: PLC0415 - only with --metrics

        return self._usages.setdefault(table_id, TableUsage(self._clock, self.consumed))

    def _throttle(self, table: Table) -> TableThrottle | None:
        by_name = self._throttled.get(table.name, self._throttle_all)
        if not self._throttled.get(table.arn, by_name):
            self._throttles.pop(table.id, None)
            return None
        throttle = self._throttles.get(table.id)
        if throttle is None:
            throttle = self._throttles[table.id] = TableThrottle(self._clock)
        throttle.configure(table.definition, partial(_warm, table.definition.billing_mode))
        return throttle

    def _configured_insights(self, definition: TableDefinition) -> "TableInsights | None":
        if not any(setting.counts for _, setting in definition.insights_settings()):
            self._insights.pop(definition.id, None)
            return None
        insights = self._insights.get(definition.id)
        if insights is None:
            from emulator.database.throughput.insights import TableInsights  # noqa: PLC0415 - few tables have them

            insights = self._insights[definition.id] = TableInsights()
        insights.configure(definition)
        return insights


def _do_nothing() -> None:
    pass


def _warm(billing_mode: str, relation: TableDefinition | IndexDefinition) -> Mapping[str, int]:
    return warm_units(relation, billing_mode)


def _lag_settings(lags: Mapping[str, Mapping[str, Any]]) -> "dict[str, LagSetting]":
    from emulator.database.lagging.setting import LagSetting  # noqa: PLC0415 - only where reads lag

    return {name: LagSetting.load(fields) for name, fields in lags.items()}
