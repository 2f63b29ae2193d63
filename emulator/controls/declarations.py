"""Declarations: enforced throughput, and transactions that are under way.

| control        | body                                                                          |
|----------------|-------------------------------------------------------------------------------|
| `throttling`   | `{"Enforced": true or false, "TableName"?}`; all tables without a `TableName`   |
| `transactions` | `{"TableName", "Key", "Seconds"}` or `{"ClientRequestToken", "Seconds"}`        |

A declared transaction ends after `Seconds` of the emulator's clock. With 0 seconds, it ends at
once.

A table's name means the tables of that name in every account and region. An ARN means all tables
with this ARN: if several access keys share an account, each of them may have such a table.
"""

from collections.abc import Callable

from emulator.controls.body import BadDeclaration, Body, member
from emulator.controls.registry import Emulator, Result, control
from emulator.database.database import Database
from emulator.database.schema.table import Table
from emulator.errors import ApiError
from emulator.values.wire import Problem, parse_map


@control("throttling", summary="start or stop enforcing provisioned throughput, on one table or on all")
def throttling(emulator: Emulator, body: Body) -> Result:
    """Start or stop enforcing throughput. Raises BadDeclaration."""
    return _declare(emulator.database, body, _enforce)


@control("transactions", summary="declare that a transaction on an item, or with a client token, is under way")
def transactions(emulator: Emulator, body: Body) -> Result:
    """Declare that a transaction is under way. Raises BadDeclaration."""
    return _declare(emulator.database, body, declare_transaction)


def _declare(database: Database, body: Body, declare: Callable[[Database, Body], None]) -> Result:
    """Make a declaration. Return {}, or a message if no table has the given name yet."""
    database.rerun(lambda: declare(database, body))
    name = body.get("TableName")
    if name is None or tables_named(database, name):
        return {}
    return {"message": f"there is no table {name} yet; the declaration will apply once it is created"}


def tables_named(database: Database, name: str) -> list[Table]:
    """Return the tables of a name in every account and region, or those of an ARN."""
    return database.catalog.named(name)


def _enforce(database: Database, body: Body) -> None:
    table = member(body, "TableName", str) if "TableName" in body else None
    database.enforcer.set_throttling(table, enforced=member(body, "Enforced", bool))
    database.catalog.declare()


def declare_transaction(database: Database, body: Body) -> None:
    """Declare that a transaction is under way on an item, or with a token.

    Raises BadDeclaration.
    """
    seconds = float(member(body, "Seconds", (int, float)))
    if "ClientRequestToken" in body:
        database.enforcer.hold_token(member(body, "ClientRequestToken", str), seconds)
        database.catalog.declare()
        return
    problems: list[Problem] = []
    try:
        key = parse_map(member(body, "Key", dict), problems)
    except ApiError as error:
        raise BadDeclaration(f"the member Key is not a key: {error.message}") from None
    if problems:
        raise BadDeclaration(f"the member Key is not a key: {problems[0].text()}")
    database.enforcer.hold_item(member(body, "TableName", str), key, seconds)
    database.catalog.declare()
