"""Filling a new table from a source, in slices, while the server serves other requests.

A table is filled by a restore, by an import, or because it is a new replica. Its status is CREATING
until the source has no more items. Then it becomes ACTIVE. The transaction that writes the items of
a slice also stores the position in the source at which the next slice begins, in the table's
definition. So no slice is written twice or left out, and filling continues after a restart. If the
table is removed, the filling ends early.

Each kind of source is a module with a function `source_of`, and is listed in `SOURCES`. This code
fills a table:

    with database.catalog.changing() as change:
        filling = Filling("restore", source=..., summary=...)
        definition = database.catalog.save(change, replace(definition, filling=filling))
    filling.begin(database, database.catalog.published(definition))

`begin` fills the first slice immediately, so a small table is complete before the server answers
the request that created it.
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
"""The maximum number of items and index entries that one slice writes. This takes 2 to 3 ms."""

SIZE: Final = MIB
"""A slice that copies rows without decoding them ends after this many bytes. This takes 5 ms."""


class Page(NamedTuple):
    """A page of items from a source.

    rows: for each item the pair (its storage key without the prefix of its table, its row).
    position: the position at which the next page begins, as a text; None if no items remain.
    """

    rows: Sequence[tuple[bytes, bytes]]
    position: str | None


class Source(Protocol):
    """A source of the items with which one new table is filled.

    distinct: True if no two items have the same key. If it is False, a later item replaces an
    earlier item with the same key.
    """

    distinct: bool

    def page(self, position: str, limit: int, size: int) -> Page:
        """Return the page of items that begins at a position.

        Raises Interrupted if another process has changed definitions. Do not call this while a
        transaction is open.

        position: `Page.position` of the page before, "" for the first page.
        limit: the maximum number of items of a page.
        size: a page ends early when its rows have this many bytes.
        """
        ...

    def advance(self, change: DefinitionChange, page: Page) -> None:
        """Store what the source must remember after a page, in the transaction of `change`.

        The same transaction writes the items of the page. After the last page, release what the
        source holds, such as a frozen view.
        """
        ...

    def abandon(self, change: DefinitionChange) -> None:
        """Release what the source holds, such as a frozen view: the new table is being removed."""
        ...


FILLED_BY_S3_JOBS: Final = frozenset(("import",))
"""The kinds of filling that emulator/s3_jobs does, and not this module.

An import must read objects in threads. The table is CREATING until the import sets the field
`filling` of its definition to None.
"""

SOURCES: Final[Mapping[str, str]] = {
    "replica": "emulator.database.jobs.replica_fill",
    "restore": "emulator.database.history.restores",
}
"""Kind of source -> the module that has a function `source_of(database, definition)`.

These modules import this module. So this module can import them only at first use.
"""


def source_of(database: Database, definition: TableDefinition) -> Source:
    """Return the source of a table that is being filled."""
    assert definition.filling is not None, "only a table that is being filled has a source"
    found: Source = import_module(SOURCES[definition.filling.kind]).source_of(database, definition)
    return found


def begin(database: Database, table: Table) -> None:
    """Write the first slice of items now, and queue background work for the other slices."""
    try:
        more = _fill(database, table)
    except (Full, Interrupted):
        more = True
    if more:
        _queue(database, table)


def resume_all(database: Database) -> None:
    """Queue background work that continues to fill the tables left incomplete at a restart."""
    for table in list(database.catalog.everything()):
        if table.definition.filling is not None and table.definition.filling.kind not in FILLED_BY_S3_JOBS:
            _queue(database, table)


def _queue(database: Database, table: Table) -> None:
    walk.begin(database, table, ("filling", table.id), partial(_fill, database))


def abandon(database: Database, change: DefinitionChange, definition: TableDefinition) -> None:
    """End the filling of an incomplete table that is being removed."""
    assert definition.filling is not None, "the filling of a complete table cannot be ended"
    if definition.filling.kind not in FILLED_BY_S3_JOBS:
        source_of(database, definition).abandon(change)


def _limit(table: Table) -> int:
    """Return the maximum number of items that one slice writes to a table.

    A slice has fewer items if the table has indexes or vector indexes.
    """
    limit = max(1, SLICE // (1 + len(table.indexes)))
    if not table.vectors:
        return limit
    from emulator.database.jobs.vector_fill import items_in_slice  # noqa: PLC0415 - few tables have vector indexes

    return min(limit, *(items_in_slice(index) for index in table.vectors))


def _fill(database: Database, table: Table) -> bool:
    """Write one slice of items to a new table. Return True if items remain in the source.

    The page is read from the source before the transaction begins. Meanwhile another process may
    write the same page, which changes the table's definition. Then this process has an outdated
    definition, and the store refuses its transaction.
    """
    filling = table.definition.filling
    if filling is None:
        return False
    source = source_of(database, table.definition)
    # Each table has the follower that keeps statistics, which needs only rows. Other followers need
    # decoded items.
    decoded = len(table.followers) > 1
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
