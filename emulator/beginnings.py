"""Queues the background work of a database: at the database's start, at intervals, after writes.

The code of each kind of work is in `database/`. Most servers never need it. So most functions here
first check whether there is such work, and load the code only then.
"""

from typing import TYPE_CHECKING

from emulator.database.database import Database
from emulator.database.definitions.tables import TableDefinition
from emulator.database.store import keyspace

if TYPE_CHECKING:
    from collections.abc import Callable

    from emulator.database.store.registry import DefinitionChange
    from emulator.slices import Steps


def resume_walks(database: Database) -> None:
    """Queue the filling of indexes and TTL queues that an earlier process left unfinished."""
    if any(table.definition.is_walked for table in database.catalog.everything()):
        from emulator.database.jobs import walks  # noqa: PLC0415 - start-up time

        walks.resume_all(database)


def resume_paced_backfills(database: Database) -> None:
    """Queue the backfills that a test has slowed down."""
    if database.enforcer.paces:
        from emulator.database.jobs import backfill, vector_fill  # noqa: PLC0415 - start-up time

        backfill.resume_all(database)
        vector_fill.resume_all(database)


def advance_paced_backfills(database: Database) -> "Steps[None]":
    """Fill each index whose filling has a pace, but only as far as the pace allows now."""
    if database.owner and database.enforcer.paces:
        from emulator.database.jobs import backfill, vector_fill  # noqa: PLC0415 - start-up time

        yield from backfill.advance_all(database)
        yield from vector_fill.advance_all(database)


def resume_fillings(database: Database) -> None:
    """Queue the filling of tables whose restore or import an earlier process left incomplete."""
    if any(table.definition.filling is not None for table in database.catalog.everything()):
        from emulator.database.jobs import filling  # noqa: PLC0415 - start-up time

        filling.resume_all(database)


def has_snapshots(database: Database) -> bool:
    """Return True if the store has a snapshot."""
    with database.read() as txn:
        return bool(txn.page(*keyspace.snapshots(), 1)[0])


def release_snapshots(database: Database) -> None:
    """Queue the deletion of holds (snapshots for one client) that a killed process left behind."""
    if has_snapshots(database):
        from emulator.database.snapshots import holding  # noqa: PLC0415 - start-up time

        holding.release_all(database)


def resume_restores(database: Database) -> None:
    """Queue background work that continues each unfinished restore of a snapshot."""
    if has_snapshots(database):
        from emulator.database.snapshots import restoring  # noqa: PLC0415 - start-up time

        restoring.resume(database)


def resume_replication(database: Database) -> None:
    """Queue replication, if any table has replicas."""
    if any(table.definition.membership is not None for table in database.catalog.everything()):
        from emulator.database.jobs import replication  # noqa: PLC0415 - start-up time

        replication.begin_all(database)


def begin_forgetting(database: Database) -> None:
    """Queue the deletion of items' versions that no replica needs, if any table has replicas."""
    if any(table.definition.membership is not None for table in database.catalog.everything()):
        from emulator.database.jobs import replication  # noqa: PLC0415 - start-up time

        replication.begin_forgetting(database)


def has_waiting_writes(database: Database, table: TableDefinition) -> bool:
    """Return True if another region has not yet received all writes to a global table's replica."""
    from emulator.database.jobs import replication  # noqa: PLC0415 - few tables have replicas

    return replication.has_waiting(database, table)


def begin_replication(database: Database, table: TableDefinition) -> None:
    """Queue the replication of a table after a write to it."""
    from emulator.database.jobs import replication  # noqa: PLC0415 - few tables have replicas

    replication.begin(database, table)


def before_removal(database: Database, table: TableDefinition) -> "Callable[[DefinitionChange], None]":
    """Return a function that makes the system backup of a table with point-in-time recovery.

    The caller must call the function in the transaction that deletes the table.
    """
    from emulator.database.history import backups  # noqa: PLC0415 - most servers never need it

    return backups.before_removal(database, table)


def begin_expiry(database: Database) -> None:
    """Queue the deletion of expired backups, if there are backups that expire."""
    if any(backup.expires is not None for backup in database.backups):
        from emulator.database.history import backups  # noqa: PLC0415 - most servers never need it

        backups.begin_expiry(database)


def begin_sweep(database: Database) -> None:
    """Queue the deletion of expired items, if any table has a time to live."""
    if any(table.definition.ttl_queue is not None for table in database.catalog.everything()):
        from emulator.database.jobs import ttl_sweep  # noqa: PLC0415 - memory that most servers never need

        ttl_sweep.begin(database)
