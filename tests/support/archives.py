"""Archives of data folders of older versions, with values that clients of these versions hold.

Each archive was written once, by the version whose data folder it contains. It has only the files
that a copy of a data folder needs, and `held.json`. That file has values which clients got from
that version, such as shard iterators.
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

    write: a function that writes a data folder and returns the values for `held.json`.
    """
    with tempfile.TemporaryDirectory() as temporary, tarfile.open(archive, "w:xz") as packed:
        folder = Path(temporary, "data")
        held = json.dumps(write(folder)).encode()
        for name, content in [*((name, (folder / name).read_bytes()) for name in KEPT), (_HELD, held)]:
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            packed.addfile(entry, io.BytesIO(content))


def unpack(archive: Path, folder: Path) -> dict[str, Any]:
    """Unpack the data folder of an archive into a new folder; return the values of `held.json`."""
    folder.mkdir()
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")
    file = folder / _HELD
    held: dict[str, Any] = json.loads(file.read_text())
    file.unlink()
    return held
