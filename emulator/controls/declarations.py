"""What a test declares to the emulator: enforced throughput, transactions that are under way.

Declarations are JSON objects, from the emulator's own calls (http/site/controls.py) or from the command line:

* throttling: `{"Enforced": true, "TableName"?}`, on the tables of a name or on all;
* transaction: `{"TableName", "Key", "Seconds"}` or `{"ClientRequestToken", "Seconds"}`; 0 seconds end it.

A table's name means the tables of that name in every account and region. An ARN means the tables that have it: access
keys that share an account may have one each.
"""

from collections.abc import Mapping
from typing import Any

from emulator.database.database import Database
from emulator.errors import ApiError
from emulator.values.wire import Problem, parse_map

Body = Mapping[str, Any]


class BadDeclaration(Exception):
    """The declaration is not understood; the text says what was expected."""


def throttling(database: Database, body: Body) -> None:
    """Enforce throughput or stop it. Raises BadDeclaration."""
    table = member(body, "TableName", str) if "TableName" in body else None
    database.enforcer.set_throttling(table, enforced=member(body, "Enforced", bool))
    database.catalog.declare()


def transaction(database: Database, body: Body) -> None:
    """Declare that a transaction is under way on an item, or with a token. Raises BadDeclaration."""
    seconds = float(member(body, "Seconds", (int, float)))
    if "ClientRequestToken" in body:
        database.enforcer.hold_token(member(body, "ClientRequestToken", str), seconds)
        database.catalog.declare()
        return
    problems: list[Problem] = []
    try:
        key = parse_map(member(body, "Key", dict), problems)
    except ApiError as error:
        raise BadDeclaration(f"the member Key is no key: {error.message}") from None
    if problems:
        raise BadDeclaration(f"the member Key is no key: {problems[0].text()}")
    database.enforcer.hold_item(member(body, "TableName", str), key, seconds)
    database.catalog.declare()


def member(body: Body, name: str, kind: type | tuple[type, ...]) -> Any:  # noqa: ANN401 - of the kind
    """Return a member of a body. Raises BadDeclaration where it is missing or of a wrong type."""
    value = body.get(name)
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise BadDeclaration(f"the member {name} is missing or of a wrong type")
    return value
