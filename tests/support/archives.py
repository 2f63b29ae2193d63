"""Data folders of older versions as archives, with the values that their clients hold.

Each archive was written once, by the version whose data folder it contains. It has only the files
that a copy of a data folder needs, and `held.json`: values that clients of that version hold, such
as shard iterators.
"""

import io
import json
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

KEPT = ("layout", "data.mdb")
_HELD = "held.json"


def pack(archive: Path, write: Callable[[Path], dict[str, Any]]) -> None:
    """Write an archive.

    write: a function that writes the folder and returns the clients' values.
    """
    with tempfile.TemporaryDirectory() as temporary, tarfile.open(archive, "w:xz") as packed:
        folder = Path(temporary, "data")
        held = json.dumps(write(folder)).encode()
        for name, content in [*((name, (folder / name).read_bytes()) for name in KEPT), (_HELD, held)]:
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            packed.addfile(entry, io.BytesIO(content))


def unpack(archive: Path, folder: Path) -> dict[str, Any]:
    """Unpack an archive into a new folder; return the clients' values."""
    folder.mkdir()
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")
    file = folder / _HELD
    held: dict[str, Any] = json.loads(file.read_text())
    file.unlink()
    return held
