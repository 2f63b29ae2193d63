"""Writes the objects of jobs: data files of lines, and manifests with checksums."""

from base64 import b32encode
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any, Final
from uuid import uuid4

from emulator.formats.export_folders import FILES, SUMMARY, DataPacker, files_manifest, summary_manifest, with_checksum
from emulator.objects.store import Bucket, Encryption, Writer, put

_FOLDER: Final = "AWSDynamoDB"


def folder(prefix: str | None, *parts: str) -> str:
    """Return the start of object keys: the user's prefix, the folder AWSDynamoDB, and `parts`.

    The result ends with a slash.
    """
    start = [prefix.removesuffix("/")] if prefix and prefix != "/" else []
    return "/".join((*start, _FOLDER, *parts)) + "/"


def encryption_of(members: Mapping[str, Any]) -> Encryption:
    """Return the encryption that a request asks for.

    members: the object of the request that may have the members S3SseAlgorithm and S3SseKmsKeyId.
    """
    return Encryption(members.get("S3SseAlgorithm", "AES256"), members.get("S3SseKmsKeyId"))


def new_name() -> str:
    """Return a random name for a data file, without an ending.

    It has 26 characters, as on the service (control-plane 4.3).
    """
    return b32encode(uuid4().bytes).decode().lower().rstrip("=")


class DataObject:
    """A data file that is being written. Its methods block; only one may run at a time.

    items: the number of items written so far.
    """

    def __init__(self, bucket: Bucket, key: str, encryption: Encryption) -> None:
        self._create = partial(bucket.create, key, encryption)
        self._key = key
        self._open: tuple[Writer, DataPacker] | None = None
        self.items = 0

    def write(self, lines: bytes, items: int) -> None:
        """Append lines to the file. items: the number of items in them.

        Raises ObjectError if the object storage fails.
        """
        self._opened()[1].write(lines, items)
        self.items += items

    def finish(self) -> dict[str, Any]:
        """Store the object; return its line for manifest-files.json.

        Raises ObjectError if the object storage fails.
        """
        writer, packer = self._opened()
        packer.close()
        writer.finish()
        return packer.manifest_line(self._key)

    def discard(self) -> None:
        """Discard the unfinished object."""
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
    """Write the manifests of a job, the summary last.

    start: the start of the manifests' keys.
    lines: the results of `DataObject.finish`.
    """
    for name, content in _manifests(start, lines, summary):
        put(bucket, start + name, content, encryption)


def _manifests(
    start: str, lines: Iterable[Mapping[str, Any]], summary: Mapping[str, Any]
) -> Iterator[tuple[str, bytes]]:
    yield from with_checksum(FILES, files_manifest(lines))
    yield from with_checksum(SUMMARY, summary_manifest({"manifestFilesS3Key": start + FILES, **summary}))
