"""An ordered map from bytes to bytes, in memory or on disk. It knows nothing of DynamoDB or HTTP.

1. `open_engine` returns an engine: MemoryEngine (memory.py) or LmdbEngine (disk/). engine.py says
   what every engine must do. host.py says which optional services an engine may offer.
2. `engine.read()` and `engine.write()` open transactions.
3. keycode.py encodes the parts of a key, so that keys sort in the order of their parts.
4. errors.py has the exceptions for all failures.
5. data_folder.py claims, copies and verifies a data folder without opening its store.

Code outside storage/ may import this package, host.py, keycode.py, errors.py and data_folder.py,
but nothing from disk/.
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
    """Open the store in a folder, or make a new store in memory.

    path: the folder, which is created if it is missing; None for a store in memory.

    The other options are for a store in a folder: see LmdbEngine. Raises Unavailable,
    LayoutMismatch, Corrupted or Full.
    """
    if path is None:
        return MemoryEngine()
    # Imported here, because importing LMDB takes time, and a store in memory does not need it.
    from storage.disk.engine import LmdbEngine  # noqa: PLC0415

    return LmdbEngine(path, map_size=map_size, durable=durable, writemap=writemap, verify=verify)
