"""An ordered map from bytes to bytes, in memory or on disk. It knows nothing of DynamoDB or HTTP.

1. `open_engine` returns an engine: MemoryEngine (memory.py) or LmdbEngine (disk/). engine.py is the
   contract of every engine. host.py lists the optional services of an engine.
2. `engine.read()` and `engine.write()` open transactions.
3. keycode.py joins the parts of a key so that the bytes sort as the parts do.
4. Every failure is an exception of errors.py.
5. data_folder.py claims, copies and verifies a data folder without opening its store.

Code outside storage/ imports this package and the modules above, but not disk/.
"""

import os
from collections.abc import Callable
from pathlib import Path

from storage.engine import Engine, ReadTxn, WriteTxn
from storage.errors import Closed, Corrupted, Full, Interrupted, LayoutMismatch, Lost, StorageError, Unavailable
from storage.memory import MemoryEngine

__all__ = [
    "Closed",
    "Corrupted",
    "Engine",
    "Full",
    "Interrupted",
    "LayoutMismatch",
    "Lost",
    "MemoryEngine",
    "ReadTxn",
    "StorageError",
    "Unavailable",
    "WriteTxn",
    "open_engine",
]


def open_engine(
    path: str | os.PathLike[str] | None = None,
    *,
    map_size: int | None = None,
    durable: bool = False,
    writemap: bool | None = None,
    verify: Callable[[Path], None] | None = None,
) -> Engine:
    """Open the store in a folder, or a new store in memory.

    path: the folder, which is created if it is missing. None opens a store in memory. For the other
    options see LmdbEngine; a store in memory ignores them. Raises Unavailable, LayoutMismatch,
    Corrupted, Full.
    """
    if path is None:
        return MemoryEngine()
    # Loading LMDB takes time, and an engine in memory does not need it.
    from storage.disk.engine import LmdbEngine  # noqa: PLC0415

    return LmdbEngine(path, map_size=map_size, durable=durable, writemap=writemap, verify=verify)
