"""Writes tables of a server to files.

| format   | output for a table                                                            |
|----------|-------------------------------------------------------------------------------|
| `export` | a folder in the form of the service's exports, with the table's definition    |
| `lines`  | `TABLE.jsonl`: lines of DynamoDB JSON, and `TABLE.definition.json`            |
| `ion`    | `TABLE.ion`: lines of Amazon Ion, and `TABLE.definition.json`                 |
| `csv`    | `TABLE.csv`, and `TABLE.definition.json`; needs a second scan, for the header |

A table is read page by page, so a dump of a large table does not need more memory. For `export`,
two threads each read one half of the table. The items come from a held snapshot or a scan
(`frozen.py`).
"""

import io
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, BinaryIO, Final, cast

import orjson

from emulator.formats.csv_rows import CsvWriter
from emulator.formats.detection import DEFINITION
from emulator.formats.export_folders import DataWriter, ExportWriter
from emulator.formats.ion import ion_line
from emulator.transfer.frozen import Pages
from emulator.transfer.progress import Progress
from emulator.transfer.tables import key_names

SEGMENTS: Final = 2
"""The number of threads that read a table for `export`.

While one thread writes its page to a file, the server prepares the page of the other thread.
"""

# While both threads write, their item counts are added to the progress each time this many seconds
# have passed.
_POLL: Final = 0.1


def dump_export(pages: Pages, whole: dict[str, Any], folder: Path, progress: Progress) -> None:
    """Write a table and its definition to a folder, in the form of the service's exports.

    whole: DescribeTable's answer, with time to live and tags (`tables.whole_description`).
    """
    description = whole["Table"]
    table = description["TableName"]
    began = _now()
    export = ExportWriter(folder)
    _write_definition(folder / DEFINITION, whole)
    counts: SimpleQueue[int] = SimpleQueue()

    def write(segment: int) -> DataWriter:
        with export.data_file(f"{segment:026}") as data:
            for page in pages(table, segment, SEGMENTS):
                counts.put(data.write(page))
        return data

    with ThreadPoolExecutor(SEGMENTS) as threads:
        written = [threads.submit(write, segment) for segment in range(SEGMENTS)]
        for future in written:
            while True:
                _advance(progress, counts)
                try:
                    export.add(future.result(_POLL))
                except TimeoutError:
                    continue
                break
    _advance(progress, counts)
    export.finish(
        {
            "startTime": began,
            "endTime": _now(),
            "exportTime": began,
            "tableArn": description["TableArn"],
            "tableId": description.get("TableId"),
        }
    )


def dump_lines(pages: Pages, table: str, stream: BinaryIO, progress: Progress) -> None:
    """Write the items of a table as lines of DynamoDB JSON."""
    for page in pages(table, 0, 1):
        stream.write(b"".join(orjson.dumps(item, option=orjson.OPT_APPEND_NEWLINE) for item in page))
        progress.advance(len(page))


def dump_ion(pages: Pages, table: str, stream: BinaryIO, progress: Progress) -> None:
    """Write the items of a table as lines of Amazon Ion, like the service's exports."""
    for page in pages(table, 0, 1):
        stream.write(b"".join(map(ion_line, page)))
        progress.advance(len(page))


def dump_csv(pages: Pages, description: dict[str, Any], stream: BinaryIO, progress: Progress) -> None:
    """Write the items of a table as CSV.

    The columns are the key attributes, then all other attributes sorted by name.
    """
    table, keys = description["TableName"], key_names(description)
    names: set[str] = set()
    for page in pages(table, 0, 1):
        for item in page:
            names |= item.keys()
    text = io.TextIOWrapper(cast("Any", stream), "utf-8", newline="", write_through=True)
    writer = CsvWriter(text, [*keys, *sorted(names.difference(keys))])
    for page in pages(table, 0, 1):
        writer.write(page)
        progress.advance(len(page))
    text.flush()
    text.detach()


def _write_definition(path: Path, whole: dict[str, Any]) -> None:
    path.write_text(json.dumps(whole, indent=2) + "\n")


def write_definition(folder: Path, whole: dict[str, Any]) -> None:
    """Write a table's definition to the file `TABLE.definition.json` in a folder."""
    _write_definition(folder / f"{whole['Table']['TableName']}.{DEFINITION}", whole)


def _advance(progress: Progress, counts: "SimpleQueue[int]") -> None:
    """Add the threads' counts of items to the progress, which only one thread may use."""
    while True:
        try:
            progress.advance(counts.get_nowait())
        except Empty:
            return


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
