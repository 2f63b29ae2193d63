"""Object storage in a local folder: a bucket is a subfolder, and an object is a file in it.

A slash in a key separates folders, so an object `a/b.json` is the file `b.json` in the folder `a`.
A key cannot lead out of the folder. Some keys that S3 allows are not possible here:

- A key with an empty part, `.`, `..` or a NUL character cannot be written.
- A link that leads out of the folder is not listed, and access through the link is denied.
- On a file system that ignores case, a key is refused if an existing name differs from it only by
  case. Both would be the same file, but in S3 they are two objects.

A bucket exists if the user has created its folder. Every account owns every bucket. If the server
has no permission to use a folder or file, the error is S3's AccessDenied.

An object is first written to a file in the folder `.incomplete`. Then the complete file is moved to
the folder of its bucket. So a reader never sees a part of an object, and a killed server leaves no
incomplete object in a bucket.
"""

import errno
import os
import re
import uuid
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final

from emulator.objects.store import (
    Encryption,
    ObjectError,
    StoredObject,
    access_denied,
    failed,
    kms_key_not_found,
    no_such_bucket,
)

_INCOMPLETE: Final = ".incomplete"
_LONGEST_PART: Final = 255  # the maximum number of bytes of a file name on common file systems
_SEPARATORS: Final = frozenset("\0") | ({"\\", ":"} if os.name == "nt" else frozenset())
_KEY_ID: Final = r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|mrk-[0-9a-f]{32}"
_ALIAS: Final = r"alias/[a-zA-Z0-9/_-]+"
# The id of a KMS key, its alias, or the ARN of either (AWS's documentation: "Key identifiers").
_KMS_KEY: Final = rf"{_KEY_ID}|{_ALIAS}|arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{{12}}:(key/({_KEY_ID})|{_ALIAS})"
_IN_THE_WAY: Final = (FileExistsError, NotADirectoryError, IsADirectoryError)


class FolderStore:
    """A folder whose subfolders are buckets. The first use creates the folder if it is missing."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def bucket(self, name: str, _owner: str | None = None) -> "FolderBucket":
        """Return a bucket. Every account owns every bucket.

        Raises ObjectError if the bucket is missing or cannot be read.
        """
        try:
            self._root.mkdir(parents=True, exist_ok=True)
            known = _names(self._root)  # compare the names here, because the file system may ignore their case
        except OSError as error:
            raise _failure(error, self._root) from error
        folder = self._root / name
        if not _is_part(name) or name == _INCOMPLETE or name not in known or not folder.is_dir():
            raise no_such_bucket(f"the bucket does not exist; to create it, create the folder {folder}")
        if not _inside(folder, self._root):
            raise access_denied(f"{folder} is a link to a place outside {self._root}")
        return FolderBucket(self._root, folder)


class FolderBucket:
    """One bucket: a subfolder of the store's folder."""

    def __init__(self, root: Path, folder: Path) -> None:
        self._root = root
        self._folder = folder

    def objects(self, prefix: str) -> Sequence[StoredObject]:
        """Return the objects whose keys begin with a prefix, in key order. Raises ObjectError."""
        found = []

        def deny(error: OSError) -> None:
            raise _failure(error, self._folder) from error

        for folder, _, names in os.walk(self._folder, onerror=deny):
            place = Path(folder)
            parts = place.relative_to(self._folder).parts
            for name in names:
                key = "/".join((*parts, name))
                path = place / name
                if not key.startswith(prefix) or not _is_text(key):
                    continue
                # The file may have been deleted after `os.walk` listed it.
                with suppress(OSError):
                    if path.is_file() and (not path.is_symlink() or _inside(path, self._root)):
                        found.append(StoredObject(key, path.stat().st_size))
        return sorted(found, key=lambda each: each.key.encode())

    def open(self, key: str) -> BinaryIO:
        """Open an object for reading. Raises ObjectError."""
        path = self._path(key)
        try:
            return path.open("rb")
        except FileNotFoundError as error:
            raise failed(404, "NoSuchKey", "The specified key does not exist.") from error
        except OSError as error:
            raise _failure(error, path) from error

    def create(self, key: str, encryption: Encryption) -> "FileWriter":
        """Begin to write an object, without encryption. Raises ObjectError.

        The emulator has no KMS keys, so any well-formed identifier of a KMS key is accepted. A
        malformed identifier raises the error for a KMS key that does not exist.
        """
        if encryption.key and re.fullmatch(_KMS_KEY, encryption.key) is None:
            raise kms_key_not_found(encryption.key)
        path = self._path(key)
        try:
            return FileWriter(self._root / _INCOMPLETE, path, self._folder)
        except OSError as error:
            raise _failure(error, path) from error

    def _path(self, key: str) -> Path:
        """Return the path of an object. Raises ObjectError."""
        parts = key.split("/")
        if not all(map(_is_part, parts)):
            raise _unusable(key, "a part of the key cannot be the name of a file or folder")
        path = self._folder
        for part in parts:
            path /= part
            with suppress(FileNotFoundError, NotADirectoryError):
                if os.path.lexists(path) and part not in _names(path.parent):
                    raise _unusable(key, f"{path.parent} has a name that differs from {part} only by case")
        if not _inside(path, self._root):
            raise access_denied(f"{path} leads through a link to a place outside {self._root}")
        return path


class FileWriter:
    """An object that is being written to a file. `write` and `finish` may raise ObjectError."""

    def __init__(self, incomplete: Path, path: Path, bucket: Path) -> None:
        self._path = path
        self._bucket = bucket
        incomplete.mkdir(exist_ok=True)
        self._temporary = incomplete / uuid.uuid4().hex
        self._file = self._temporary.open("xb")

    def write(self, data: bytes) -> None:
        """Append bytes to the object."""
        try:
            self._file.write(data)
        except OSError as error:
            raise _failure(error, self._path) from error

    def finish(self) -> None:
        """Move the complete file to the bucket."""
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            # If the bucket was deleted meanwhile, report an error: `mkdir` would create it again.
            if not self._bucket.is_dir():
                raise no_such_bucket(f"the bucket was deleted; to create it, create the folder {self._bucket}")
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._temporary.replace(self._path)
        except _IN_THE_WAY as error:
            raise _unusable(str(self._path), "an object and a folder cannot have the same name") from error
        except OSError as error:
            raise _failure(error, self._path) from error

    def discard(self) -> None:
        """Delete the unfinished file."""
        with suppress(OSError):
            self._file.close()
            self._temporary.unlink(missing_ok=True)


def _names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def _is_part(part: str) -> bool:
    """Return True if a part of a key can be the name of a file or folder."""
    if part in ("", ".", "..") or not _SEPARATORS.isdisjoint(part) or not _is_text(part):
        return False
    return len(part.encode()) <= _LONGEST_PART


def _is_text(name: str) -> bool:
    """Return True if the name of a file is valid UTF-8. File systems allow any bytes."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _inside(path: Path, root: Path) -> bool:
    """Return True if a path is inside the folder `root`, after following symbolic links."""
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(root))


def _unusable(key: str, why: str) -> ObjectError:
    return failed(400, "InvalidKey", "The specified key cannot be stored in a folder", f"{key}: {why}")


def _failure(error: OSError, path: Path) -> ObjectError:
    if isinstance(error, PermissionError):
        return access_denied(f"the server has no permission to use {path}")
    if error.errno == errno.ENAMETOOLONG:
        return _unusable(str(path), "the name is too long for the file system")
    return failed(500, "InternalError", f"{error.strerror or error}", str(path))
