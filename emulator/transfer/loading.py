"""Loads files into a server: creates tables from definitions, and puts items.

A table that exists keeps its definition and its items, and the loaded items are put into it. Each
problem is counted, and reported with its file and line. All items without a problem are loaded.
"""

from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from dataclasses import replace
from typing import Any

from emulator.client.endpoint import Refused, Unreachable
from emulator.formats import described
from emulator.formats.input import Input
from emulator.formats.records import Definition, ItemRecord, Notice, Place, Problem, Record, Types
from emulator.transfer import tables
from emulator.transfer.endpoints import Connect
from emulator.transfer.progress import Progress
from emulator.transfer.writing import ItemWriter, Written


class Loader:
    """Loads inputs into a server.

    table: the name of the table for all items; None if the files name the tables of their items.
    fresh: if True, put items only into tables that this loader has created, as `--init` does.
    threaded: if True, a separate thread sends the items (writing.py).
    """

    def __init__(
        self,
        connect: Connect,
        progress: Progress,
        table: str | None = None,
        *,
        fresh: bool = False,
        threaded: bool = True,
    ) -> None:
        self._threaded = threaded
        self._connect = connect
        self._progress = progress
        self._table = table
        self._fresh = fresh
        # The first table name in the files. If `table` is given, the files may have no other name.
        self._only: str | None = None
        self._types: dict[str, Types | None] = {}
        self.created: list[str] = []
        self.loaded: Counter[str] = Counter()

    def load(self, inputs: Iterable[Input]) -> None:
        """Load inputs. Raises Refused or Unreachable if the server fails."""
        self._endpoint = self._connect()
        try:
            with ItemWriter(self._connect, self._done, threaded=self._threaded) as self._writer:
                for each in inputs:
                    for record in each.records(self._types_of):
                        self._take(record)
                self._writer.flush()
        finally:
            self._endpoint.close()

    def _take(self, record: Record) -> None:
        match record:
            case ItemRecord():
                self._put(record)
            case Definition():
                self._create(record)
            case Problem():
                self._progress.problem(record)
            case Notice():
                self._progress.notice(record)

    def _done(self, written: Written) -> None:
        self._progress.advance(written.items)
        for problem in written.problems:
            self._progress.problem(problem)

    # --- definitions ------------------------------------------------------------------------------

    def _create(self, definition: Definition) -> None:
        if self._table is not None:
            if not self._is_only(definition.place, definition.name):
                return
            definition = replace(definition, create={**definition.create, "TableName": self._table})
        name = definition.name
        try:
            existing = tables.describe(self._endpoint, name)
            if existing is not None:
                self._keep(definition, existing)
                return
            tables.create(self._endpoint, definition)
        except (Refused, TimeoutError) as error:
            self._types[name] = None
            self._progress.problem(Problem(definition.place, f"table {name} cannot be created: {error}"))
            return
        self.created.append(name)
        self._types[name] = tables.key_types(definition.create)
        for setting, refusal in tables.configure(self._endpoint, definition):
            text = f"table {name} lacks a setting: {setting.operation} failed: {refusal}"
            if tables.is_missing(refusal):
                self._progress.notice(Notice(definition.place, text))
            else:
                self._progress.problem(Problem(definition.place, text))

    def _keep(self, definition: Definition, existing: dict[str, Any]) -> None:
        """Report that the table of a definition exists already.

        Report a problem if the definition has another key than the table, or if the files define
        the table twice. Otherwise report a notice.
        """
        name = definition.name
        if name in self.created:
            self._progress.problem(Problem(definition.place, f"table {name} is defined twice"))
        elif tables.key_names(existing) != tables.key_names(definition.create):
            self._types[name] = None
            self._progress.problem(Problem(definition.place, f"table {name} exists already, with a different key"))
        else:
            self._progress.notice(Notice(definition.place, f"table {name} exists already and is not changed"))

    # --- items ------------------------------------------------------------------------------------

    def _put(self, record: ItemRecord) -> None:
        name = record.table
        if self._table is not None:
            if name is not None and not self._is_only(record.place, name):
                return
            name = self._table
        if name is None:
            self._progress.problem(Problem(record.place, "the file does not name a table: name it with --table"))
            return
        if name not in self._types:
            self._find(record.place, name)
        if self._types[name] is not None and (not self._fresh or name in self.created):
            self.loaded[name] += 1
            self._writer.put(name, record)

    def _is_only(self, place: Place, name: str) -> bool:
        """Return True if `name` is the first or only table that the files name.

        With --table, all items go into one table, so a second name in the files is reported.
        """
        if self._only is None:
            self._only = name
        if name == self._only:
            return True
        if name not in self._types:
            self._types[name] = None
            text = f"these data are for table {name}: with --table, all files must be for one table, "
            text += f"but earlier data are for {self._only}"
            self._progress.problem(Problem(place, text))
        return False

    def _find(self, place: Place, name: str) -> None:
        """Look for a table on the server. Store its key types, or report that it is missing."""
        try:
            found = tables.describe(self._endpoint, name)
        except Refused as refusal:
            self._types[name] = None
            self._progress.problem(Problem(place, f"table {name}: {refusal}"))
            return
        if found is None:
            text = f"there is no table {name}, so its items are not loaded"
            self._progress.problem(Problem(place, f"{text}: load its definition too, or use --table"))
        self._types[name] = None if found is None else tables.key_types(found)

    def _types_of(self, name: str | None) -> Types:
        """Return the types of a table's key attributes, which the reader of CSV files needs.

        Return {} if no table is named, or if the server does not have the table.
        """
        name = self._table or name
        if name is None:
            return {}
        if name not in self._types:
            found = tables.describe(self._endpoint, name)
            if found is None:
                return {}
            self._types[name] = tables.key_types(found)
        return self._types[name] or {}


def copy_definition(source: Connect, target: Connect, table: str, progress: Progress) -> None:
    """Create a table of `source` at `target`, unless `target` has the table already.

    Raises Unreachable if `source` lacks the table or `target` has it with a different key. Raises
    Refused or Unreachable if a server fails.
    """
    with closing(source()) as endpoint:
        whole = tables.whole_description(endpoint, table)
    if whole is None:
        raise Unreachable(f"there is no table {table} to copy")
    with closing(target()) as endpoint:
        existing = tables.describe(endpoint, table)
        if existing is None:
            tables.create(endpoint, described.definition(Place(f"table {table}"), whole))
        elif tables.key_names(existing) != tables.key_names(whole["Table"]):
            raise Unreachable(f"table {table} exists already, with a different key")
        else:
            progress.notice(f"table {table} exists already and is not changed")
