"""What is stored about on-demand and system backups (control-plane 1). Backups outlive tables."""

from dataclasses import dataclass
from typing import Final, Self

import orjson

from emulator.database.definitions.tables import DAY, TableDefinition
from emulator.database.definitions.tenants import Tenant
from emulator.database.store import keyspace
from emulator.database.store.loading import from_fields
from emulator.settings import DEFAULT_ACCOUNT

USER: Final = "USER"
SYSTEM: Final = "SYSTEM"
"""Types of backups: made by a request, or when a table with recovery is deleted."""

KEPT_DAYS: Final = 35  # days for which a system backup is kept (control-plane 1.4)


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup as stored. Times are seconds since the epoch.

    owner: the tenant that owns it.
    number: the last part of its ARN; its digits are the milliseconds of `created`.
    view: the number of the frozen view with its items (history/past_items.py).
    table: the definition of the table when the backup was made.
    items, size: the number of items in the backup, and their bytes.
    expires: when a system backup expires, else None.
    """

    owner: Tenant
    number: str
    name: str
    kind: str
    created: float
    view: int
    items: int
    size: int
    table: TableDefinition
    expires: float | None = None

    @classmethod
    def load(cls, stored: bytes, account: str = DEFAULT_ACCOUNT) -> Self:
        """Return the backup that dump() stored.

        account: the account of access keys that are not account numbers.
        """
        fields = orjson.loads(stored)
        fields["owner"] = tuple(fields["owner"])
        fields["table"] = TableDefinition.load(orjson.dumps(fields["table"]), account=account)
        return from_fields(cls, fields)

    def dump(self) -> bytes:
        """Return the backup as JSON."""
        return orjson.dumps(self)

    @property
    def arn(self) -> str:
        """The ARN of the backup."""
        return f"{self.table.arn}/backup/{self.number}"

    @property
    def rank(self) -> tuple[str, str]:
        """The sort key of a tenant's backups: first the time, then the table."""
        return self.number, self.table.name

    @property
    def key(self) -> bytes:
        """The storage key of the backup."""
        return keyspace.backup(*self.owner, *self.rank)

    def gone(self, now: float) -> bool:
        """Return whether the backup has expired."""
        return self.expires is not None and self.expires <= now


def expiry(created: float) -> float:
    """Return when a system backup expires. created: when it was made."""
    return created + KEPT_DAYS * DAY
