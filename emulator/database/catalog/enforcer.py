"""What is enforced on which tables: throughput limits, and items "in an ongoing transaction".

Requests run one after another here, so two transactions never conflict by themselves. Instead, a
test declares that a transaction is under way on an item or with a token. The declaration ends by
the emulator's clock (behaviour 8.4).
"""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, NamedTuple

import orjson

from emulator import errors
from emulator.clock import Clock
from emulator.database.schema.table import Table
from emulator.database.throughput.enforcement import Enforcement
from emulator.database.throughput.throttle import TableThrottle


class Hold(NamedTuple):
    """An item declared to be in an ongoing transaction.

    table: name or ARN; until: seconds since the epoch.
    """

    table: str
    key: Mapping[str, Any]
    until: float


class Enforcer:
    """What is enforced on which tables. throttle_all: throughput is enforced on every table.

    Several processes share what is declared, but each counts throughput by itself: a table that
    several of them serve can exceed its limit.
    """

    def __init__(self, clock: Clock, *, throttle_all: bool = False) -> None:
        self._clock = clock
        self._throttle_all = throttle_all
        self._throttled: dict[str, bool] = {}
        self._throttles: dict[int, TableThrottle] = {}
        self._holds: list[Hold] = []
        self._tokens: dict[str, float] = {}

    # --- declarations of a test -------------------------------------------------------------------

    def set_throttling(self, table: str | None, *, enforced: bool) -> None:
        """Enforce throughput or stop it, on the tables of a name or an ARN; None: on all."""
        if table is None:
            self._throttle_all = enforced
            self._throttled.clear()
        else:
            self._throttled[table] = enforced

    def hold_item(self, table: str, key: Mapping[str, Any], seconds: float) -> None:
        """Declare that a transaction is under way on an item. seconds: how long; 0 ends it."""
        self._holds = [hold for hold in self._holds if (hold.table, hold.key) != (table, key)]
        self._holds.append(Hold(table, key, self._clock.now() + seconds))

    def hold_token(self, token: str, seconds: float) -> None:
        """Declare that a transaction with this token is under way. seconds: how long; 0 ends it."""
        self._tokens[token] = self._clock.now() + seconds

    def declared(self) -> bytes:
        """Return all declarations as JSON, for other processes."""
        holds = [[hold.table, hold.key, hold.until] for hold in self._holds]
        return orjson.dumps([self._throttle_all, self._throttled, holds, self._tokens])

    def adopt(self, declared: bytes) -> None:
        """Take over another process's declarations. Each process keeps its own token buckets."""
        self._throttle_all, self._throttled, holds, self._tokens = orjson.loads(declared)
        self._holds = [Hold(*hold) for hold in holds]

    # --- use by requests --------------------------------------------------------------------------

    def refuse_token(self, token: str) -> None:
        """Raise TransactionInProgressException if a transaction with this token is under way."""
        if self._tokens.get(token, 0.0) > self._clock.now():
            raise errors.transaction_in_progress()

    def of(self, table: Table) -> Enforcement | None:
        """Return what is enforced on a table. A changed definition keeps its token buckets."""
        throttle = self._throttle(table)
        held = {}
        for hold in self._holds:
            if hold.table in (table.name, table.arn) and hold.key.keys() == set(table.key_names):
                with suppress(errors.ApiError):  # a key of wrong types belongs to no item
                    held[table.item_key(dict(hold.key))] = hold.until
        return Enforcement(self._clock, throttle, held) if throttle or held else None

    def _throttle(self, table: Table) -> TableThrottle | None:
        by_name = self._throttled.get(table.name, self._throttle_all)
        if not self._throttled.get(table.arn, by_name):
            self._throttles.pop(table.id, None)
            return None
        throttle = self._throttles.get(table.id)
        if throttle is None:
            throttle = self._throttles[table.id] = TableThrottle(self._clock)
        throttle.configure(table.definition)
        return throttle
