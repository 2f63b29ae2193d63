"""Making, finding and deleting backups (control-plane 1).

A backup consists of a frozen view of a table's items and the table's definition. Making a backup
takes the same time for one item and for a million. Removing a table with recovery makes a system
backup, which expires after 35 days. A snapshot that a user saves does not contain backups, so
restoring it does not change them. The control `reset` deletes the backups of the accounts that it
resets.
"""

import os
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

from emulator.clock import Clock
from emulator.database.database import Database
from emulator.database.definitions.backups import SYSTEM, USER, Backup, expiry
from emulator.database.definitions.tables import TableDefinition
from emulator.database.definitions.tenants import SHARED, Tenant
from emulator.database.history import past_items
from emulator.database.items.counts import counts
from emulator.database.schema.table import Table
from emulator.database.store import keyspace
from emulator.database.store.registry import DefinitionChange
from emulator.database.views.views import Views

_TAIL: Final = "00000000"
"""The last eight digits of the number of every system backup (control-plane 1.4)."""

EXPIRE_SLICE: Final = 10  # the maximum number of expired backups that one slice deletes


class BackupInUse(Exception):
    """The backup cannot be deleted, because a table is being restored from it."""


def create(database: Database, table: TableDefinition, name: str) -> Backup:
    """Make a backup of a table as it is now, in a separate transaction."""
    views = database.views
    with database.registries.changing() as change:
        return _make(database, views, change, table, name, USER)


def before_removal(database: Database, table: TableDefinition) -> Callable[[DefinitionChange], None]:
    """Return a function that makes the system backup of a table that will be removed.

    Call the function in the transaction that removes the table.
    """
    views = database.views
    name = f"{table.name}$DeletedTableBackup"

    def keep(change: DefinitionChange) -> None:
        _make(database, views, change, table, name, SYSTEM)

    return keep


def _make(
    database: Database, views: Views, change: DefinitionChange, table: TableDefinition, name: str, kind: str
) -> Backup:
    tenant = SHARED if database.catalog.shared else (table.access_key, table.region)
    past = past_items.open_past(views, change, table, None)
    items, size = counts(change.txn, Table(table))[0]
    milliseconds = _milliseconds(database.clock)
    tail = _TAIL if kind == SYSTEM else os.urandom(4).hex()
    while database.backups.get(keyspace.backup(*tenant, number := f"{milliseconds:014d}-{tail}", table.name)):
        # A system backup of an earlier table with this name was made in the same millisecond, so it
        # has this number. Try the number of the next millisecond.
        milliseconds += 1
    created = milliseconds / 1000
    expires = expiry(created) if kind == SYSTEM else None
    backup = Backup(tenant, number, name, kind, created, past.view, items, size, table, expires)
    database.backups.save(change, backup.key, backup)
    return backup


def _milliseconds(clock: Clock) -> int:
    return max(0, int(clock.now() * 1000))


# --- finding --------------------------------------------------------------------------------------


def owned(database: Database, tenant: Tenant) -> Iterator[Backup]:
    """Yield the backups of a tenant that have not expired."""
    now = database.clock.now()
    return (each for each in database.backups if each.owner == tenant and not each.gone(now))


def find(database: Database, tenant: Tenant, number: str, table: str) -> Backup | None:
    """Return a backup, or None if it does not exist or has expired.

    number: the last part of the backup's ARN. table: the name of the table.
    """
    backup = database.backups.get(keyspace.backup(*tenant, number, table))
    return None if backup is None or backup.gone(database.clock.now()) else backup


def restored_from(database: Database, backup: Backup) -> bool:
    """Return True if a table is being restored from this backup."""
    filled = (table.definition.filling for table in database.catalog.everything())
    return any(each is not None and each.summary.get("SourceBackupArn") == backup.arn for each in filled)


# --- deleting -------------------------------------------------------------------------------------


def delete(database: Database, backup: Backup) -> None:
    """Delete a backup, in a separate transaction.

    Raises BackupInUse if a table is being restored from the backup.
    """
    views = database.views
    if restored_from(database, backup):
        raise BackupInUse
    with database.registries.changing(urgent=True) as change:
        remove(database, views, change, backup)


def remove(
    database: Database, views: Views, change: DefinitionChange, backup: Backup, *, no_more_writes: bool = True
) -> None:
    """Delete a backup in the transaction of `change`.

    no_more_writes: True if the transaction writes no items of the backup's table after this call.
    """
    database.backups.remove(change, backup.key)
    past_items.close_view(views, change, backup.view, no_more_writes=no_more_writes)


def begin_expiry(database: Database) -> None:
    """Queue background work that deletes expired system backups, if there are any."""
    if _expired(database):
        database.background.add("expire backups", partial(_expire_slice, database))


def _expired(database: Database) -> list[Backup]:
    now = database.clock.now()
    return [backup for backup in database.backups if backup.gone(now) and not restored_from(database, backup)]


def _expire_slice(database: Database) -> bool:
    """Delete at most EXPIRE_SLICE expired backups. Return True if more of them remain."""
    views = database.views
    expired = _expired(database)
    with database.registries.changing(urgent=True) as change:
        for backup in expired[:EXPIRE_SLICE]:
            remove(database, views, change, backup)
    return len(expired) > EXPIRE_SLICE
