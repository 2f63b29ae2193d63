"""The protocol of conditions of `wait`, and the class with which a condition finds its table."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from typing import Any, NamedTuple, Protocol

from emulator.controls.body import BadDeclaration, Body, member
from emulator.controls.registry import Emulator
from emulator.database.catalog.catalog import Caller
from emulator.database.definitions.streams import StreamDefinition
from emulator.database.definitions.tables import CREATING, DELETING, TableDefinition
from emulator.database.schema.table import Table
from emulator.errors import ApiError
from emulator.slices import Steps

NOT_FOUND = "NOT_FOUND"
"""The status of something that does not exist."""


class Seen(NamedTuple):
    """The result of checking a condition of `wait`.

    met: True if the condition is met.
    shown: the current state, as JSON.
    static: True if only a commit can change this state, False if time alone can change it too.
    """

    met: bool
    shown: Mapping[str, Any]
    static: bool = True


class Condition(Protocol):
    """A condition for which a call of `wait` waits."""

    def look(self) -> Seen | Steps[Seen]:
        """Check the condition, in steps if the check may take long.

        Raises BadDeclaration if the condition can never be met.
        """
        ...


class Tenancy:
    """The tenants that a body selects with `{"AccessKey"?, "Region"?}`.

    With --shared-db, every body selects the only tenant.
    """

    def __init__(self, emulator: Emulator, body: Body) -> None:
        self._shared = emulator.settings.shared_db
        self._access_key = _optional(body, "AccessKey")
        self._region = _optional(body, "Region")

    def has(self, definition: TableDefinition | StreamDefinition) -> bool:
        """Return True if one of the selected tenants owns this table or stream."""
        return self._shared or (
            self._access_key in (None, definition.access_key) and self._region in (None, definition.region)
        )


class TableTarget:
    """The table that a body names: `{"TableName": name or ARN, "AccessKey"?, "Region"?}`."""

    def __init__(self, emulator: Emulator, body: Body) -> None:
        self.database = emulator.database
        self.name: str = member(body, "TableName", str)
        self._tenancy = Tenancy(emulator, body)

    def find(self) -> Table | None:
        """Return the table with its current status, None if there is no such table.

        Raises BadDeclaration if several tenants have such a table.
        """
        found = [table for table in self.database.catalog.named(self.name) if self._tenancy.has(table.definition)]
        if len(found) > 1:
            raise BadDeclaration(
                f"there are {len(found)} tables {self.name}; select one with the members AccessKey and Region"
            )
        return self.database.rerun(lambda: self.database.catalog.settle(found[0])) if found else None

    def usable(self) -> Table | Seen:
        """Return the table, or "not met" (a Seen) if the table's items cannot be read now.

        The Seen shows the table's status: NOT_FOUND, CREATING or DELETING.
        """
        table = self.find()
        if table is None:
            return Seen(met=False, shown={"TableStatus": NOT_FOUND})
        status = table.definition.status
        return Seen(met=False, shown={"TableStatus": status}, static=False) if status in (CREATING, DELETING) else table

    def caller(self, table: Table) -> Caller:
        """Return a caller with only this table, whose reads use up no throughput.

        Nothing throttles or counts these reads.
        """
        free = copy(table)
        free.enforcement = None
        definition = table.definition
        caller = self.database.catalog.caller(definition.access_key, definition.region)
        return Caller(
            caller.access_key,
            caller.region,
            caller.account,
            caller.host,
            caller.shared,
            caller.tenant_tables,
            {table.name: free},
        )


@contextmanager
def refusals() -> Iterator[None]:
    """Turn an ApiError raised inside a `with` block into BadDeclaration."""
    try:
        yield
    except ApiError as error:
        raise BadDeclaration(error.message or error.code) from None


def _optional(body: Body, name: str) -> str | None:
    text: str | None = member(body, name, str) if name in body else None
    return text


def chosen(body: Body, *names: str) -> dict[str, Any]:
    """Return the members of the body that have one of these names."""
    return {name: body[name] for name in names if name in body}
