"""Filling a new table from a source, in slices, while the server serves other requests.

A restore, an import and a new replica fill a table. The table is CREATING until its source has no
more items; then it becomes ACTIVE. The transaction that writes the items of a slice also stores the
position in the source, in the table's definition. So no slice is written twice or left out, and
filling continues after a restart. It ends if the table is removed.

A kind of source has a row in `SOURCES`: the module with its function `source_of`. A table is filled
like this:

    with database.catalog.changing() as change:
        filling = Filling("restore", source=..., summary=...)
        definition = database.catalog.save(change, replace(definition, filling=filling))
    filling.begin(database, database.catalog.published(definition))

`begin` fills the first slice at once, so a small table is complete before its request is answered.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from importlib import import_module
from typing import Final, NamedTuple, Protocol

from emulator.database.database import Database
from emulator.database.definitions.tables import TableDefinition
from emulator.database.items.write import load
from emulator.database.jobs import walk
from emulator.database.schema.followers import Change
from emulator.database.schema.table import Table
from emulator.database.store.registry import DefinitionChange
from emulator.limits import MIB
from emulator.slices import DECODED_IN_STEP
from emulator.values.rows import decode_row
from storage import Full, Interrupted

SLICE: Final = 300
"""The most items and index entries that one slice writes. This takes 2 to 3 ms."""

SIZE: Final = MIB
"""The bytes of rows with which a slice ends, if it only copies them. This takes 5 ms."""


class Page(NamedTuple):
    """Items of a source.

    rows: for each item its key without the prefix of its table, and its row.
    position: the start of the next page, None if no items remain.
    """

    rows: Sequence[tuple[bytes, bytes]]
    position: str | None


class Source(Protocol):
    """A source of items for one table.

    distinct: whether no two items have the same key. If it is False and several items have the same
    key, the table keeps the last of them.
    """

    distinct: bool

    def page(self, position: str, limit: int, size: int) -> Page:
        """Return the next items. Call this outside of transactions. Raises Interrupted.

        position: "" for the first page. limit: the most items. size: the bytes of rows after which
        a page ends.
        """
        ...

    def advance(self, change: DefinitionChange, page: Page) -> None:
        """Store what the source must remember of a page, in the transaction that writes its items.

        After the last page, release the resources of the source.
        """
        ...

    def abandon(self, change: DefinitionChange) -> None:
        """Release the resources of the source, because the incomplete table is removed."""
        ...


ELSEWHERE: Final = frozenset(("import",))
"""Kinds of filling that emulator/s3_jobs does instead, because it reads objects in threads.

The table is CREATING until that work clears `filling`.
"""

SOURCES: Final[Mapping[str, str]] = {
    "replica": "emulator.database.jobs.replica_fill",
    "restore": "emulator.database.history.restores",
}
"""Kind of source -> the module with its function `source_of(database, definition)`.

These modules are imported at first use. They import this module.
"""


def source_of(database: Database, definition: TableDefinition) -> Source:
    """Return the source of a table that is being filled."""
    assert definition.filling is not None, "the table is complete"
    found: Source = import_module(SOURCES[definition.filling.kind]).source_of(database, definition)
    return found


def begin(database: Database, table: Table) -> None:
    """Fill the first slice of a table now, and queue the others."""
    try:
        more = _fill(database, table)
    except (Full, Interrupted):
        more = True
    if more:
        _queue(database, table)


def resume_all(database: Database) -> None:
    """Queue the filling of all tables that an earlier process left incomplete."""
    for table in list(database.catalog.everything()):
        if table.definition.filling is not None and table.definition.filling.kind not in ELSEWHERE:
            _queue(database, table)


def _queue(database: Database, table: Table) -> None:
    walk.begin(database, table, ("filling", table.id), partial(_fill, database))


def abandon(database: Database, change: DefinitionChange, definition: TableDefinition) -> None:
    """End the filling of a table that is being removed."""
    assert definition.filling is not None, "the table is complete"
    if definition.filling.kind not in ELSEWHERE:
        source_of(database, definition).abandon(change)


def _limit(table: Table) -> int:
    """Return how many items one slice writes: fewer if they have index entries or long vectors."""
    limit = max(1, SLICE // (1 + len(table.indexes)))
    if not table.vectors:
        return limit
    from emulator.database.jobs.vector_fill import items_in_slice  # noqa: PLC0415 - few tables have vector indexes

    return min(limit, *(items_in_slice(index) for index in table.vectors))


def _fill(database: Database, table: Table) -> bool:
    """Write one slice of items; return whether items remain.

    This reads the page before its transaction begins. A process with outdated definitions cannot
    write, so no page is written twice.
    """
    filling = table.definition.filling
    if filling is None:
        return False
    source = source_of(database, table.definition)
    decoded = len(table.followers) > 1  # the follower that counts items needs no decoded ones
    page = source.page(filling.position, _limit(table), DECODED_IN_STEP if decoded else SIZE)
    with database.catalog.changing() as change:
        for item, row in page.rows:
            key = table.prefix + item
            old = None if source.distinct else change.txn.get(key)
            if row != old:
                load(change.txn, table, Change(key, old, None, row, decode_row(row) if decoded else None))
        source.advance(change, page)
        left = None if page.position is None else replace(filling, position=page.position)
        database.catalog.save(change, replace(table.definition, filling=left))
    return page.position is not None
