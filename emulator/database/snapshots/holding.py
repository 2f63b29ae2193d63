"""Held snapshots, which exist only while the client that made them is connected.

The command `dump` reads from such a snapshot, so it can copy tables while clients write. A held
snapshot is stored like any other snapshot, so all processes find it. Its stored name is a NUL and
then the name that the client gave. The names of other snapshots cannot contain a NUL. A held
snapshot is deleted when its client disconnects. If the server is killed before that, the snapshot
is deleted when the server starts again.
"""

from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from typing import Final

from emulator.database.database import Database
from emulator.database.definitions.tables import TableDefinition
from emulator.database.definitions.tenants import Tenant
from emulator.database.snapshots import saving
from emulator.database.snapshots.snapshot import Snapshot, UnknownSnapshot, find, snapshots
from emulator.database.store import keyspace
from emulator.database.views.reading import Slice
from storage import Interrupted, ReadTxn

HELD: Final = "\0"
"""The first character of the stored names of held snapshots."""

# The maximum number of items in a page of a snapshot. Reading such a page takes about 4 ms. A page
# of large items has fewer items.
PAGE: Final = 2_000


class UnknownTable(Exception):
    """The snapshot does not contain the requested table."""


class WrongPosition(Exception):
    """The key after which the requested page begins is not in the requested segment."""


def release(database: Database, name: str) -> None:
    """Queue the deletion of a held snapshot.

    name: its stored name, which begins with the character HELD.
    """
    database.background.add(("hold", name), partial(_delete, database, name))


def release_all(database: Database) -> None:
    """Queue the deletion of all held snapshots that a killed server process left behind."""
    with database.read() as txn:
        left = list(holds(txn))
    for name in left:
        release(database, HELD + name)


def holds(txn: ReadTxn) -> Iterator[str]:
    """Yield the names that clients gave to held snapshots: stored names without the prefix HELD."""
    return (each.name.removeprefix(HELD) for each in snapshots(txn) if each.name.startswith(HELD))


def _delete(database: Database, name: str) -> bool:
    with suppress(UnknownSnapshot):  # a reset may have deleted the snapshot
        saving.delete(database, name)
    return False


def page(
    database: Database, name: str, tenant: Tenant, table: str, segment: tuple[int, int], after: bytes | None
) -> Slice:
    """Return a page of a table's rows in a snapshot, and the last storage key of the page.

    The caller passes this key as `after` to get the next page. The key is None if no rows remain.

    name: the name that the client gave to the snapshot.
    tenant: the owner of the table.
    segment: the segment's number from zero, and the number of segments, as in a parallel scan.
    after: the page begins after this storage key; None for the first page.

    Raises UnknownSnapshot, UnknownTable, WrongPosition, and Interrupted if another process has
    changed definitions.
    """
    views = database.views
    with database.read() as txn:
        snapshot = _found(txn, name)
        view = views.get(snapshot.view)
        if view is None:
            raise Interrupted("Another process has opened the snapshot's frozen view: run the read again.")
        key = keyspace.table(*tenant, table)
        stored = next((value for _, value in views.kept(txn, view, key, key + b"\0")), None)
        if stored is None:
            raise UnknownTable(table)
        definition = TableDefinition.load(stored, account=database.catalog.account)
        start, stop = keyspace.segment(keyspace.items(definition.id), *segment)
        if after is not None:
            if not start <= after < stop:
                raise WrongPosition
            start = after + b"\0"
        return views.page(txn, view, start, stop, PAGE)


def _found(txn: ReadTxn, name: str) -> Snapshot:
    """Return the held snapshot to which a client gave this name.

    If there is none, return the ordinary snapshot with this name. Raises UnknownSnapshot if it does
    not exist either.
    """
    try:
        return find(txn, HELD + name)
    except UnknownSnapshot:
        return find(txn, name)
