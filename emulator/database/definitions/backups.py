"""The definitions of on-demand and system backups (control-plane 1). Backups outlive tables."""

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
"""The kinds of backups.

A request makes a USER backup. The deletion of a table with recovery makes a SYSTEM backup.
"""

KEPT_DAYS: Final = 35  # how many days a system backup is kept (control-plane 1.4)


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup as stored. Times are seconds since the epoch.

    owner: the tenant that owns the backup.
    number: the last part of the backup's ARN. It begins with the milliseconds of `created`.
    view: the number of the frozen view with the backup's items (history/past_items.py).
    table: the table's definition at the time of the backup.
    items, size: the number of items in the backup, and their size in bytes.
    expires: the time at which a system backup expires, None for a user's backup.
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

        account: the account of every access key that is not itself an account number.
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
        """The pair by which a tenant's backups are sorted: number (a time) and table name."""
        return self.number, self.table.name

    @property
    def key(self) -> bytes:
        """The storage key of the backup."""
        return keyspace.backup(*self.owner, *self.rank)

    def gone(self, now: float) -> bool:
        """Return True if the backup has expired."""
        return self.expires is not None and self.expires <= now


def expiry(created: float) -> float:
    """Return the time at which a system backup expires.

    created: the time at which the backup was made. Both times are seconds since the epoch.
    """
    return created + KEPT_DAYS * DAY
