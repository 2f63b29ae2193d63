"""Controls that declare enforced throughput, and transactions in progress.

| control             | body, or result                                                          |
|---------------------|--------------------------------------------------------------------------|
| `throttling`        | `{"Enforced": true or false, "TableName"?}`; without a `TableName`: all tables |
| `transactions`      | `{"TableName", "Key", "Seconds"}` or `{"ClientRequestToken", "Seconds"}` |
| `show_throttling`   | returns `{"Enforced": on all tables?, "Tables": {name or ARN: true or false}}` |
| `show_transactions` | returns `{"Transactions": [{..., "Seconds": until the end, "Until": time}]}` |

A declared transaction ends after `Seconds` of the emulator's clock. `"Seconds": 0` ends an earlier
declaration immediately.

If tables with the name `TableName` exist, the `Key` must fit the key schema of at least one of
them.

A name in `TableName` means all tables with this name, in every account and region. An ARN means all
tables with this ARN: access keys that share an account may each have a table with the same ARN.
"""  # noqa: W505 - a table

from collections.abc import Callable, Sequence
from math import isfinite
from typing import Any

from emulator.controls.body import BadDeclaration, Body, member, refuse_unknown
from emulator.controls.registry import Emulator, Result, control
from emulator.database.database import Database
from emulator.database.schema.table import Table
from emulator.errors import ApiError
from emulator.values.types import Item
from emulator.values.wire import Problem, parse_map


@control(
    "throttling",
    summary="start or stop enforcing provisioned throughput, on one table or on all",
    members=("Enforced", "TableName?"),
)
def throttling(emulator: Emulator, body: Body) -> Result:
    """Start or stop enforcing provisioned throughput. Raises BadDeclaration."""
    refuse_unknown(body, "Enforced", "TableName")
    return _declare(emulator.database, body, _enforce)


@control(
    "transactions",
    summary="declare that a transaction on an item, or with a client token, is in progress",
    members=("TableName?", "Key?", "ClientRequestToken?", "Seconds"),
)
def transactions(emulator: Emulator, body: Body) -> Result:
    """Declare that a transaction is in progress. Raises BadDeclaration."""
    return _declare(emulator.database, body, declare_transaction)


@control("show_throttling", path="throttling", changes=False, summary="show on which tables throughput is enforced")
def show_throttling(emulator: Emulator, _body: Body) -> Result:
    """Return whether throughput is enforced on all tables, and the declarations for single tables.

    The control `throttling` or a setting of the server enforces throughput.
    """
    everywhere, tables = emulator.database.enforcer.throttling()
    return {"Enforced": everywhere, "Tables": tables}


@control(
    "show_transactions",
    path="transactions",
    changes=False,
    summary="show the transactions that are declared to be in progress",
)
def show_transactions(emulator: Emulator, _body: Body) -> Result:
    """Return the declared transactions that have not ended, sorted by the time of their end."""
    now = emulator.clock.now()
    locks, tokens = emulator.database.enforcer.transactions(now)
    found: list[dict[str, Any]] = [
        {"TableName": lock.table, "Key": lock.key, "Seconds": lock.until - now, "Until": lock.until} for lock in locks
    ]
    found += [{"ClientRequestToken": token, "Seconds": until - now, "Until": until} for token, until in tokens.items()]
    return {"Transactions": sorted(found, key=lambda each: each["Until"])}


def _declare(database: Database, body: Body, declare: Callable[[Database, Body], None]) -> Result:
    """Call `declare` with the body. Return {}, or {"message"} if there is no table `TableName`."""
    database.rerun(lambda: declare(database, body))
    name = body.get("TableName")
    if name is None or tables_named(database, name):
        return {}
    return {"message": f"there is no table {name} yet; the declaration will apply once it is created"}


def tables_named(database: Database, name: str) -> list[Table]:
    """Return the tables of all accounts and regions that have this name or ARN."""
    return database.catalog.named(name)


def _enforce(database: Database, body: Body) -> None:
    table = member(body, "TableName", str) if "TableName" in body else None
    database.enforcer.set_throttling(table, enforced=member(body, "Enforced", bool))
    database.catalog.declare()


def declare_transaction(database: Database, body: Body) -> None:
    """Declare that a transaction on an item, or with a ClientRequestToken, is in progress.

    Raises BadDeclaration.
    """
    subject = ("ClientRequestToken",) if "ClientRequestToken" in body else ("TableName", "Key")
    refuse_unknown(body, *subject, "Seconds")
    seconds = float(member(body, "Seconds", (int, float)))
    if not isfinite(seconds):
        raise BadDeclaration("the member Seconds must be a finite number")
    if "ClientRequestToken" in body:
        database.enforcer.lock_token(member(body, "ClientRequestToken", str), seconds)
        database.catalog.declare()
        return
    problems: list[Problem] = []
    try:
        key = parse_map(member(body, "Key", dict), problems)
    except ApiError as error:
        raise BadDeclaration(f"the member Key is not a key: {error.message}") from None
    if problems:
        raise BadDeclaration(f"the member Key is not a key: {problems[0].text()}")
    name = member(body, "TableName", str)
    # With 0 seconds, the call ends a declaration. Its key need not fit a table that exists now.
    if seconds > 0:
        _check_key(tables_named(database, name), key)
    database.enforcer.lock_item(name, key, seconds)
    database.catalog.declare()


def _check_key(tables: Sequence[Table], key: Item) -> None:
    """Raise BadDeclaration if the key fits none of the tables. Do nothing if `tables` is empty."""
    refusal = None
    for table in tables:
        try:
            table.item_key(key)
        except ApiError as error:
            refusal = error
        else:
            return
    if refusal is not None:
        raise BadDeclaration(f"the member Key is not a key of table {tables[0].name}: {refusal.message}")
