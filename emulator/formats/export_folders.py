"""Reads and writes folders in the form that the service's export has (control-plane 4.3).

    manifest-summary.json    facts about the table and the export
    manifest-files.json      a line for each data file: number of items, checksum, key on S3
    data/*.json.gz           lines: {"Item": item}; with Ion, data/*.ion.gz

Next to each manifest is a file with the manifest's MD5. On S3, the folder is
`<prefix>/AWSDynamoDB/<id>/`.

`ExportWriter` writes into a local folder that the caller chooses. The export operation of this
server (emulator/s3_jobs) writes objects instead, with the same `DataPacker` and manifests.
"""

import gzip
import hashlib
import json
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol, Self

import orjson

from emulator.formats.files import read_document
from emulator.formats.records import WRONG_FORM, FormatError, Item, Place

SUMMARY: Final = "manifest-summary.json"
FILES: Final = "manifest-files.json"
DATA: Final = "data"

JSON: Final = "DYNAMODB_JSON"
ION: Final = "ION"
ENDINGS: Final = {JSON: ".json.gz", ION: ".ion.gz"}
"""Formats of an export -> the endings of its data files."""

FULL: Final = "FULL_EXPORT"
INCREMENTAL: Final = "INCREMENTAL_EXPORT"

_VERSION: Final = "2020-06-30"
_INCREMENTAL_VERSION: Final = "2023-08-01"
_BEGIN: Final = ("version", "exportArn", "startTime", "endTime", "tableArn", "tableId")
_END: Final = (
    "s3Bucket",
    "s3Prefix",
    "s3SseAlgorithm",
    "s3SseKmsKeyId",
    "manifestFilesS3Key",
    "billedSizeBytes",
    "itemCount",
    "outputFormat",
)
_MEMBERS: Final = (*_BEGIN, "exportTime", *_END, "exportType")
_INCREMENTAL_MEMBERS: Final = (*_BEGIN, "exportFromTime", "exportToTime", *_END, "outputView", "exportType")
"""The members of an incremental export's manifest-summary.json, in their order."""

_LEVEL: Final = 3  # this gzip level takes half the time of the default level, and files are a tenth larger


class Target(Protocol):
    """An open file, or another object that takes the bytes of a data file."""

    def write(self, data: bytes, /) -> object:
        """Append bytes."""
        ...


def item_line(item: Item) -> bytes:
    """Return the line of a data file that has this item, including the line feed."""
    return orjson.dumps({"Item": item}, option=orjson.OPT_APPEND_NEWLINE)


@dataclass(frozen=True, slots=True)
class DataFile:
    """A data file of an export. items: the number of items; None if the export has no manifest."""

    path: Path
    items: int | None


@dataclass(frozen=True, slots=True)
class Export:
    """An export in a folder. output_format: JSON or ION (constants of this module)."""

    table: str
    output_format: str
    files: tuple[DataFile, ...]


def is_export(folder: Path) -> bool:
    """Return True if a folder has an export, that is, a file manifest-summary.json."""
    return (folder / SUMMARY).is_file()


def read_export(folder: Path) -> Export:
    """Read the manifests of an export, but not its data files. Raises FormatError."""
    summary = _object(folder / SUMMARY)
    output_format = summary.get("outputFormat", JSON)
    if output_format not in ENDINGS:
        raise FormatError(Place(str(folder / SUMMARY)), f"the format {output_format!r} of the export is not known")
    table = str(summary.get("tableArn", "")).rpartition("/")[2]
    if not table:
        raise FormatError(Place(str(folder / SUMMARY)), "this manifest has no tableArn")
    return Export(table, output_format, tuple(_data_files(folder)))


def _data_files(folder: Path) -> Iterator[DataFile]:
    """Yield the data files that manifest-files.json lists.

    If this manifest does not exist, yield all files in the data folder.
    """
    manifest = folder / FILES
    if not manifest.is_file():
        for path in sorted((folder / DATA).glob("*")):
            yield DataFile(path, None)
        return
    for number, line in enumerate(read_document(str(manifest)).splitlines(), 1):
        try:
            data = orjson.loads(line)
            name = data["dataFileS3Key"].rpartition("/")[2]
            items = int(data["itemCount"])
        except WRONG_FORM:
            raise FormatError(Place(str(manifest), number), "this line does not describe a data file") from None
        path = folder / DATA / name
        # The data folder of an incremental export is next to the folder of its manifests.
        if not path.exists() and (folder.parent / DATA / name).exists():
            path = folder.parent / DATA / name
        yield DataFile(path, items)


def _object(path: Path) -> Mapping[str, Any]:
    try:
        found = orjson.loads(read_document(str(path)))
    except orjson.JSONDecodeError as error:
        raise FormatError(Place(str(path)), f"this manifest cannot be read: {error}") from None
    if not isinstance(found, dict):
        raise FormatError(Place(str(path)), "this manifest is not a JSON object")
    return found


class _Checked:
    """A target that passes all bytes on to another target, and computes their MD5."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self.md5 = hashlib.md5(usedforsecurity=False)

    def write(self, data: bytes) -> int:
        self.md5.update(data)
        self._target.write(data)
        return len(data)

    def flush(self) -> None:
        pass


class DataPacker:
    """Compresses the lines of one data file, and counts its items.

    Only one thread at a time may use it.
    """

    def __init__(self, target: Target) -> None:
        self._checked = _Checked(target)
        self._gzip = gzip.GzipFile("", "wb", _LEVEL, self._checked, mtime=0)
        self.items = 0

    def write(self, lines: bytes, items: int) -> None:
        """Compress lines, and write them to the target. items: the number of items in the lines."""
        self._gzip.write(lines)
        self.items += items

    def close(self) -> None:
        """Write the end of the compressed file. The target stays open."""
        self._gzip.close()

    def manifest_line(self, key: str) -> dict[str, Any]:
        """Return the JSON of the file's line in manifest-files.json. Call this after `close`.

        key: the file's key on S3.
        """
        md5 = self._checked.md5
        return {
            "itemCount": self.items,
            "md5Checksum": b64encode(md5.digest()).decode(),
            "etag": f"{md5.hexdigest()}-1",
            "dataFileS3Key": key,
        }


class DataWriter:
    """Writes one data file in a folder. Only one thread may use it."""

    def __init__(self, path: Path, key: str) -> None:
        self._key = key
        self._file = path.open("wb")
        self._packer = DataPacker(self._file)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._packer.close()
        self._file.close()

    def write(self, items: Iterable[Item]) -> int:
        """Write items; return their number."""
        lines = [item_line(item) for item in items]
        self._packer.write(b"".join(lines), len(lines))
        return len(lines)

    def manifest_line(self) -> dict[str, Any]:
        """Return the JSON of the file's line in manifest-files.json. Call this after closing."""
        return self._packer.manifest_line(self._key)


def files_manifest(lines: Iterable[Mapping[str, Any]]) -> bytes:
    """Return the content of manifest-files.json, which has a line for each data file."""
    return b"".join(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE) for line in lines)


def summary_manifest(members: Mapping[str, Any]) -> bytes:
    """Return the content of manifest-summary.json.

    members: the members that the caller knows, which replace defaults.
    """
    incremental = members.get("exportType") == INCREMENTAL
    whole: dict[str, Any] = dict.fromkeys(_INCREMENTAL_MEMBERS if incremental else _MEMBERS)
    whole |= {"version": _INCREMENTAL_VERSION if incremental else _VERSION, "billedSizeBytes": 0}
    whole |= {"outputFormat": JSON, "exportType": FULL, **members}
    return json.dumps(whole, separators=(",", ":")).encode()


def with_checksum(name: str, content: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield two files as pairs of name and content: the MD5 of a manifest, then the manifest.

    name: the file name of the manifest. content: the bytes of the manifest.
    """
    yield name.replace(".json", ".md5"), b64encode(hashlib.md5(content, usedforsecurity=False).digest())
    yield name, content


class ExportWriter:
    """Writes an export into a folder.

    prefix: a text that manifests put before the names of files, such as `AWSDynamoDB/id/`.
    """

    def __init__(self, folder: Path, prefix: str = "") -> None:
        self._folder = folder
        self._prefix = prefix
        self._lines: list[dict[str, Any]] = []
        (folder / DATA).mkdir(parents=True, exist_ok=True)

    def data_file(self, name: str) -> DataWriter:
        """Create and open a data file. name: the file's name without its ending."""
        path = f"{DATA}/{name}{ENDINGS[JSON]}"
        return DataWriter(self._folder / path, self._prefix + path)

    def add(self, data: DataWriter) -> None:
        """Add a closed data file to the manifest."""
        self._lines.append(data.manifest_line())

    @property
    def items(self) -> int:
        """The number of items in all data files that were added to the manifest."""
        return sum(line["itemCount"] for line in self._lines)

    def finish(self, summary: Mapping[str, Any]) -> None:
        """Write the manifests. summary: members of the summary that only the caller knows.

        The summary is written last, because a folder without it does not count as an export.
        """
        known = {"manifestFilesS3Key": self._prefix + FILES, "itemCount": self.items, **summary}
        for name, content in ((FILES, files_manifest(self._lines)), (SUMMARY, summary_manifest(known))):
            for each, data in with_checksum(name, content):
                (self._folder / each).write_bytes(data)
