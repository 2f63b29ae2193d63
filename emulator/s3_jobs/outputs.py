"""Objects that jobs write: data files of lines, and manifests with their checksums."""

from base64 import b32encode
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any, Final
from uuid import uuid4

from emulator.formats.export_folders import FILES, SUMMARY, DataPacker, files_manifest, summary_manifest, with_checksum
from emulator.objects.store import Bucket, Encryption, Writer, put

_FOLDER: Final = "AWSDynamoDB"


def folder(prefix: str | None, *parts: str) -> str:
    """Return the common prefix of keys: the user's `prefix`, our folder, and `parts`."""
    start = [prefix.removesuffix("/")] if prefix and prefix != "/" else []
    return "/".join((*start, _FOLDER, *parts)) + "/"


def encryption_of(members: Mapping[str, Any]) -> Encryption:
    """Return how a request wants its objects to be encrypted."""
    return Encryption(members.get("S3SseAlgorithm", "AES256"), members.get("S3SseKmsKeyId"))


def new_name() -> str:
    """Return the name of a data file without its ending: 26 characters (control-plane 4.3)."""
    return b32encode(uuid4().bytes).decode().lower().rstrip("=")


class DataObject:
    """A data file that is being written. Its methods block and must not run at the same time.

    items: how many items were written.
    """

    def __init__(self, bucket: Bucket, key: str, encryption: Encryption) -> None:
        self._create = partial(bucket.create, key, encryption)
        self._key = key
        self._open: tuple[Writer, DataPacker] | None = None
        self.items = 0

    def write(self, lines: bytes, items: int) -> None:
        """Write lines. items: how many items the lines contain. Raises ObjectError."""
        self._opened()[1].write(lines, items)
        self.items += items

    def finish(self) -> dict[str, Any]:
        """Store the object; return its line in the manifest. Raises ObjectError."""
        writer, packer = self._opened()
        packer.close()
        writer.finish()
        return packer.manifest_line(self._key)

    def discard(self) -> None:
        """Drop the unfinished object."""
        if self._open is not None:
            self._open[0].discard()

    def _opened(self) -> tuple[Writer, DataPacker]:
        if self._open is None:
            writer = self._create()
            self._open = writer, DataPacker(writer)
        return self._open


def put_manifests(
    bucket: Bucket,
    start: str,
    lines: Iterable[Mapping[str, Any]],
    summary: Mapping[str, Any],
    encryption: Encryption,
) -> None:
    """Write the manifests of a job, the summary last. start: the common prefix of their keys."""
    for name, content in _manifests(start, lines, summary):
        put(bucket, start + name, content, encryption)


def _manifests(
    start: str, lines: Iterable[Mapping[str, Any]], summary: Mapping[str, Any]
) -> Iterator[tuple[str, bytes]]:
    yield from with_checksum(FILES, files_manifest(lines))
    yield from with_checksum(SUMMARY, summary_manifest({"manifestFilesS3Key": start + FILES, **summary}))
