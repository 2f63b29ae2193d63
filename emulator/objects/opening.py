"""Selects the kind of object storage that a server uses, by its settings."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from emulator.objects.folder import FolderStore
from emulator.objects.store import ObjectStore
from emulator.settings import Settings

S3_FOLDER: Final = "s3"


@cache
def _temporary() -> "TemporaryDirectory[str]":
    """Return the process's temporary folder, which the first call creates."""
    return TemporaryDirectory(prefix="dynamodb-emulator-")


def remove_temporary() -> None:
    """Remove the process's temporary folder, if `_temporary` has created one.

    A server calls this function when it ends, because it ends without Python's exit handlers.
    """
    if _temporary.cache_info().currsize:
        _temporary().cleanup()
        _temporary.cache_clear()


def local_folder(settings: Settings, name: str) -> Path:
    """Return the path of the folder `name` in the server's data folder.

    If the server has no data folder, the path is in a temporary folder.
    """
    return (settings.folder or Path(_temporary().name)) / name


def store_for(settings: Settings, access_key: str, region: str) -> ObjectStore:
    """Return the object storage for the tenant with this access key and region."""
    if settings.s3_endpoint:
        from emulator.objects.s3 import Origin, S3Store  # noqa: PLC0415 - few servers have an endpoint

        return S3Store(Origin(settings.s3_endpoint, access_key, region))
    return FolderStore(Path(settings.s3_dir) if settings.s3_dir else local_folder(settings, S3_FOLDER))
