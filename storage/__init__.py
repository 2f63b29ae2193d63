"""Ordered bytes to bytes, in memory or in a folder. Knows nothing of DynamoDB, HTTP or time.

1. `open_engine` gives an Engine: MemoryEngine (memory.py) or LmdbEngine (lmdb_engine.py). The contract is engine.py.
2. `engine.read()` and `engine.write()` give transactions over one ordered map of byte keys.
3. Keys of several parts are composed with keycode.py, so that bytes sort as the parts do.
4. What goes wrong below is one of errors.py.
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
    """Open the store in the folder path, made if missing, or a new one in memory when path is None.

    The options are LmdbEngine's and mean nothing in memory. Raises Unavailable, LayoutMismatch, Corrupted, Full.
    """
    if path is None:
        return MemoryEngine()
    # Loading LMDB costs start-up time that users of the engine in memory need not pay.
    from storage.disk.engine import LmdbEngine  # noqa: PLC0415

    return LmdbEngine(path, map_size=map_size, durable=durable, writemap=writemap, verify=verify)
