r"""The data folder of a store: the files in it, and the check that this program made the folder.

    <folder>/layout       "dynamodb-emulator storage layout 2\n"; only `mark` changes it
    <folder>/data.mdb     all data, in pages of LMDB
    <folder>/lock.mdb     LMDB's table of readers and its write lock, shared by all processes
    <folder>/identity     inode numbers of the files, to detect a copy (identity.py)
    <folder>/closed       state of data.mdb when the last server ended; absent while a server runs
                          (identity.py)
    <folder>/reserve      bytes that deletions may use when the disk is full (room.py)
    <folder>/server.lock  locked by the server that uses the folder; has its process id (claim.py)

A folder is *ours* if it has our `layout` file. An empty folder becomes ours. A folder counts as
empty if it has only files that file systems or an interrupted `prepare` leave behind. Any other
folder is refused and not changed.

The file `layout` is also a lock: a process holds it while it changes the size of the map
(environment.py).

A new folder is private to its owner (0700). An existing folder keeps its mode. Files get the mode
of their folder without execute permissions. The umask has no effect.
"""

import os
from pathlib import Path
from typing import Final

from storage.disk.file_system import new_file, os_error, write_whole
from storage.errors import LayoutMismatch, Unavailable

LAYOUT: Final = 2
"""The version of all stored formats together. It changes when any of them changes."""

READABLE: Final = frozenset({1, LAYOUT})
"""The layouts of the folders that this program can open.

Before the program writes to a folder with an older layout, it marks the folder with LAYOUT.
"""

LEFT_BY_FILE_SYSTEMS: Final = {"lost+found"}
"""A folder that has only entries with these names counts as empty."""

_SIGNATURE = "dynamodb-emulator storage layout "
_PRIVATE = 0o700


def prepare(folder: Path) -> int:
    """Create a data folder, or check that an existing folder is ours (has a `layout` file).

    Return the number of the folder's layout: the version of the format of its data.

    Raises Unavailable, LayoutMismatch or Full.
    """
    make(folder)
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        raise Unavailable(f"The data folder {folder} is not writable{_other_owner(folder, 'it')}.")
    try:
        text = _layout_text(folder)
    except OSError as error:
        raise os_error(error, f"The data folder {folder} cannot be used") from error
    return _check_layout(folder, text)


def check(folder: Path) -> None:
    """Check that a folder is a data folder of this program, without changing it.

    Raises Unavailable if it is not, or LayoutMismatch if this program cannot read its layout.
    """
    try:
        text = (folder / "layout").read_text("utf-8", "replace")
    except FileNotFoundError:
        raise Unavailable(f"The folder {folder} is not a data folder of this program.") from None
    except OSError as error:
        raise os_error(error, f"The data folder {folder} cannot be used") from error
    _check_layout(folder, text)


def make(folder: Path) -> None:
    """Create a folder if it is missing, but no files in it. Raises Unavailable or Full."""
    try:
        _make(folder)
    except (FileExistsError, NotADirectoryError):
        raise Unavailable(f"The data path {folder} is not a folder.") from None
    except PermissionError as error:
        nearest = _nearest(folder.absolute())
        owner = _other_owner(nearest, str(nearest))
        raise Unavailable(f"The data folder {folder} cannot be created: {error.strerror}{owner}.") from error
    except OSError as error:
        raise os_error(error, f"The data folder {folder} cannot be created") from error


def _nearest(folder: Path) -> Path:
    """Return the nearest parent of a folder that exists and that this process can see."""
    parents = (parent for parent in folder.parents if parent == parent.parent or os.access(parent, os.F_OK))
    return next(parents)


def _other_owner(folder: Path, subject: str) -> str:
    """Return the end of an error message if a folder belongs to another user, otherwise "".

    subject: how the message calls the folder, such as "it".
    """
    if os.name == "nt":
        return ""
    try:
        owner = folder.stat().st_uid
    except OSError:
        return ""
    user = os.geteuid()
    return (
        "" if owner == user else f": {subject} belongs to user {_named(owner)}, and this program is user {_named(user)}"
    )


def _named(user: int) -> str:
    """Return the number of a user, with the name if there is one."""
    import pwd  # noqa: PLC0415 - only for this message, and not on Windows

    try:
        return f"{user} ({pwd.getpwuid(user).pw_name})"
    except KeyError:  # A user without a name is common in containers.
        return str(user)


def _make(folder: Path) -> None:
    """Create a folder and all missing parents of it."""
    try:
        folder.mkdir(mode=_PRIVATE, exist_ok=True)
    except FileNotFoundError:
        if folder.parent == folder:
            raise
        _make(folder.parent)
        folder.mkdir(mode=_PRIVATE, exist_ok=True)


def write_layout(folder: Path) -> None:
    """Write the file `layout`, which marks a folder as a data folder of this program."""
    write_whole(folder / "layout", _text_of(LAYOUT), certain=True)


def mark(folder: Path) -> None:
    """Write the number LAYOUT into the `layout` file of a folder with an older layout.

    After that, older versions of the program refuse the folder. The file is changed in place,
    because other processes may have it open as a lock. Only one digit changes, so after a crash the
    file has either the old or the new text. Raises Full or Unavailable.
    """
    try:
        descriptor = new_file(folder / "layout")
        try:
            os.write(descriptor, _text_of(LAYOUT).encode())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise os_error(error, f"The data folder {folder} cannot be used") from error


def _text_of(layout: int) -> str:
    return f"{_SIGNATURE}{layout}\n"


def _layout_text(folder: Path) -> str:
    """Return the text of the file `layout`, or "" if the folder has other files but no `layout`.

    If the folder is empty, create the file first.
    """
    file = folder / "layout"
    if not file.exists():
        ignored = LEFT_BY_FILE_SYSTEMS
        if any(each.name not in ignored and not each.name.startswith(".layout-") for each in folder.iterdir()):
            # Another process may have created `layout` a moment ago, so the code looks again.
            return file.read_text("utf-8", "replace") if file.exists() else ""
        write_layout(folder)
    return file.read_text("utf-8", "replace")


def _check_layout(folder: Path, text: str) -> int:
    version = text.removeprefix(_SIGNATURE).rstrip("\n")
    if not text.startswith(_SIGNATURE) or not version.isdecimal():
        raise Unavailable(f"The folder {folder} is neither empty nor a data folder of this program: choose another.")
    if int(version) not in READABLE:
        raise LayoutMismatch(
            f"The data folder {folder} has storage layout {version}, but this version of the program uses layout"
            f" {LAYOUT}: use the version of the program that wrote the folder, or another folder."
        )
    return int(version)
