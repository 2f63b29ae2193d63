"""The folders that the service's export writes (control-plane 4.3), with DynamoDB JSON.

    manifest-summary.json    facts about the table and the export
    manifest-files.json      a line for each data file: number of items, checksum, key
    data/*.json.gz           lines: {"Item": item}

Each manifest has a second file with its MD5. The caller chooses the folder, which is
`<prefix>/AWSDynamoDB/<id>/` on S3.
"""

import gzip
import hashlib
import json
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final, Self

import orjson

from emulator.formats.files import read_document
from emulator.formats.records import WRONG_FORM, FormatError, Item, Place

SUMMARY: Final = "manifest-summary.json"
FILES: Final = "manifest-files.json"
DATA: Final = "data"

_VERSION: Final = "2020-06-30"
_LEVEL: Final = 3  # takes half the time of gzip's default level; the files are a tenth larger


def item_line(item: Item) -> bytes:
    """Return the line of an item, including the line feed."""
    return orjson.dumps({"Item": item}, option=orjson.OPT_APPEND_NEWLINE)


@dataclass(frozen=True, slots=True)
class DataFile:
    """A data file of an export. items: the number of its items, None if no manifest has it."""

    path: Path
    items: int | None


@dataclass(frozen=True, slots=True)
class Export:
    """An export in a folder."""

    table: str
    files: tuple[DataFile, ...]


def is_export(folder: Path) -> bool:
    """Return whether a folder has an export."""
    return (folder / SUMMARY).is_file()


def read_export(folder: Path) -> Export:
    """Read the manifests of an export; return the export. Raises FormatError."""
    summary = _object(folder / SUMMARY)
    if summary.get("outputFormat", "DYNAMODB_JSON") != "DYNAMODB_JSON":
        raise FormatError(Place(str(folder / SUMMARY)), "only exports in the format DYNAMODB_JSON can be read")
    table = str(summary.get("tableArn", "")).rpartition("/")[2]
    if not table:
        raise FormatError(Place(str(folder / SUMMARY)), "there is no tableArn")
    return Export(table, tuple(_data_files(folder)))


def _data_files(folder: Path) -> Iterator[DataFile]:
    """Yield the data files in the manifest or, without a manifest, those in the data folder."""
    manifest = folder / FILES
    if not manifest.is_file():
        for path in sorted((folder / DATA).glob("*")):
            yield DataFile(path, None)
        return
    for number, line in enumerate(read_document(str(manifest)).splitlines(), 1):
        try:
            entry = orjson.loads(line)
            name = entry["dataFileS3Key"].rpartition("/")[2]
            items = int(entry["itemCount"])
        except WRONG_FORM:
            raise FormatError(Place(str(manifest), number), "this is not the entry of a data file") from None
        path = folder / DATA / name
        # An incremental export has its data folder in another place.
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
    """A file that computes the MD5 of the bytes written to it."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.md5 = hashlib.md5(usedforsecurity=False)

    def write(self, data: bytes) -> int:
        self.md5.update(data)
        return self._stream.write(data)

    def flush(self) -> None:
        self._stream.flush()


class DataWriter:
    """Writes one data file. One thread uses it."""

    def __init__(self, path: Path, key: str) -> None:
        self._key = key
        self._file = path.open("wb")
        self._checked = _Checked(self._file)
        self._gzip = gzip.GzipFile("", "wb", _LEVEL, self._checked, mtime=0)
        self.items = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._gzip.close()
        self._file.close()

    def write(self, items: Iterable[Item]) -> int:
        """Write items; return their number."""
        lines = [item_line(item) for item in items]
        self._gzip.write(b"".join(lines))
        self.items += len(lines)
        return len(lines)

    def entry(self) -> dict[str, Any]:
        """Return the file's entry in the manifest. Call this after closing the file."""
        md5 = self._checked.md5
        return {
            "itemCount": self.items,
            "md5Checksum": b64encode(md5.digest()).decode(),
            "etag": f"{md5.hexdigest()}-1",
            "dataFileS3Key": self._key,
        }


class ExportWriter:
    """Writes an export into a folder. prefix: the prefix of S3 keys, such as `AWSDynamoDB/id/`."""

    def __init__(self, folder: Path, prefix: str = "") -> None:
        self._folder = folder
        self._prefix = prefix
        self._entries: list[dict[str, Any]] = []
        (folder / DATA).mkdir(parents=True, exist_ok=True)

    def data_file(self, name: str) -> DataWriter:
        """Open a data file. name: the file's name without its ending."""
        path = f"{DATA}/{name}.json.gz"
        return DataWriter(self._folder / path, self._prefix + path)

    def add(self, data: DataWriter) -> None:
        """Add a closed data file to the manifest."""
        self._entries.append(data.entry())

    @property
    def items(self) -> int:
        """The number of items in the files that were added."""
        return sum(entry["itemCount"] for entry in self._entries)

    def finish(self, summary: Mapping[str, Any]) -> None:
        """Write the manifests. summary: further members of the summary.

        The summary is written last, so that an unfinished folder is not read as an export.
        """
        lines = b"".join(orjson.dumps(entry, option=orjson.OPT_APPEND_NEWLINE) for entry in self._entries)
        self._with_checksum(FILES, lines)
        whole = {
            "version": _VERSION,
            "exportArn": None,
            "startTime": None,
            "endTime": None,
            "tableArn": None,
            "tableId": None,
            "exportTime": None,
            "s3Bucket": None,
            "s3Prefix": None,
            "s3SseAlgorithm": None,
            "s3SseKmsKeyId": None,
            "manifestFilesS3Key": self._prefix + FILES,
            "billedSizeBytes": 0,
            "itemCount": self.items,
            "outputFormat": "DYNAMODB_JSON",
            "exportType": "FULL_EXPORT",
            **summary,
        }
        self._with_checksum(SUMMARY, json.dumps(whole, separators=(",", ":")).encode())

    def _with_checksum(self, name: str, data: bytes) -> None:
        digest = b64encode(hashlib.md5(data, usedforsecurity=False).digest())
        (self._folder / name.replace(".json", ".md5")).write_bytes(digest)
        (self._folder / name).write_bytes(data)
