"""Reads files with emulator/formats, for tests."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from emulator.formats.detection import inputs
from emulator.formats.records import Definition, ItemRecord, Problem, ReadOptions

_NO_TYPES: Mapping[str, str] = {}


class Read:
    """The records that emulator/formats reads from some paths.

    problems, notices: texts, in which the names of files have no folders.
    """

    def __init__(self, *paths: Path, types: Mapping[str, str] = _NO_TYPES, **options: Any) -> None:
        self.records = [
            record
            for each in inputs([str(path) for path in paths], ReadOptions(**options))
            for record in each.records(lambda _table: types)
        ]
        self.items = [(each.table, each.item) for each in self.records if isinstance(each, ItemRecord)]
        self.definitions = [each for each in self.records if isinstance(each, Definition)]
        self.problems = [_without_folder(each) for each in self.records if isinstance(each, Problem)]
        self.notices = [_without_folder(each) for each in self.records if type(each).__name__ == "Notice"]

    @property
    def created(self) -> list[dict[str, Any]]:
        """The CreateTable requests in the definitions."""
        return [each.create for each in self.definitions]


def _without_folder(record: Any) -> str:
    return str(record).replace(record.place.file, Path(record.place.file).name)
