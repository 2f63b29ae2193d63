"""The engine on disk, over LMDB. Several processes may open its folder."""

import os
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path

import lmdb

from storage.disk.files import flush
from storage.disk.group import LmdbGroup, LmdbPending
from storage.disk.sharing import Verify, acquire, release
from storage.disk.transactions import LmdbRead, LmdbWrite
from storage.disk.upkeep import PageUpkeep
from storage.engine import STORE_CLOSED, Engine
from storage.errors import Closed
from storage.host import GroupCommit, Upkeep


class LmdbEngine(Engine, GroupCommit, Upkeep):
    """A store in a folder.

    map_size: the size in bytes of a new store's first map. The default is 16 MiB, or 1 TiB if the
    file cannot be reserved (environment.py).
    durable: every commit reaches the disk before its `with` block ends.
    writemap: whether to reserve the file and write through the map; None means wherever that is
    safe. All processes that share a folder must pass the same value.
    verify: a function that checks a folder which may be a damaged copy, and raises Corrupted for a
    damaged one. With None, the engine checks the pages of the file. Opening raises Unavailable,
    LayoutMismatch, Corrupted, Full.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        map_size: int | None = None,
        durable: bool = False,
        writemap: bool | None = None,
        verify: Verify | None = None,
    ) -> None:
        self._environment = acquire(Path(path), map_size=map_size, writemap=writemap, durable=durable, verify=verify)
        self.description = f"LMDB in {self._environment.folder}" + (", every commit synced" if durable else "")
        self._upkeep = PageUpkeep(self._environment)
        self._readers: list[LmdbRead] = []
        self._idle: deque[LmdbRead] = deque()
        self._writer = LmdbWrite(self._environment)
        self._group: LmdbGroup | None = None
        self._closed = False

    # --- transactions -----------------------------------------------------------------------------

    def read(self, *, committed: bool = False) -> LmdbRead | LmdbPending:
        """Open a snapshot. Raises Closed after close().

        While writes are pending, the reader sees the newest state instead of a snapshot, unless
        `committed` is true.
        """
        if self._group is not None and not committed and (pending := self._group.reader()) is not None:
            return pending
        reader = self._idle.pop() if self._idle else self._new_reader()
        try:
            reader.txn = self._environment.env.begin()
        except lmdb.Error as error:
            reader.txn = self._environment.begin_again(error, write=False)
        return reader

    def _new_reader(self) -> LmdbRead:
        self._check_open()
        reader = LmdbRead(self._environment, self._idle)
        self._readers.append(reader)
        self._environment.readers.append(reader)
        return reader

    def write(self) -> LmdbWrite:
        """Open the write transaction. Raises Closed after close()."""
        if self._closed:
            self._check_open()
        return self._writer.start()

    def close(self) -> None:
        """Commit pending writes, sync, and release the folder. Closing twice is harmless."""
        if self._closed:
            return
        self.commit()
        self.sync()
        self._closed = True
        self._environment.readers = [reader for reader in self._environment.readers if reader not in self._idle]
        self._idle = deque(maxlen=0)
        for reader in self._readers:
            # A queue of length 0, so no open reader returns to the queue for reuse.
            reader.idle = self._idle
        release(self._environment)

    def _check_open(self) -> None:
        if self._closed:
            raise Closed(STORE_CLOSED)

    # --- group commit -----------------------------------------------------------------------------

    def group_writes(self, on_pending: Callable[[], None]) -> None:
        """Group writes from now on, if the engine syncs each commit.

        on_pending: called when the first write block of a group begins.
        """
        if self._environment.durable and self._group is None:
            self._writer = self._group = LmdbGroup(self._environment, on_pending)

    @property
    def pending(self) -> bool:
        """Whether `commit` has work: pending writes, or a loss of writes that it must report."""
        return self._group is not None and self._group.pending

    def commit(self) -> None:
        """Commit and sync all pending writes. Raises Full, Interrupted, StorageError."""
        if self._group is not None:
            self._group.commit()

    def read_committed(self) -> LmdbRead | LmdbPending:
        """Open a snapshot without pending writes. Raises Closed after close()."""
        return self.read(committed=True)

    # --- upkeep -----------------------------------------------------------------------------------

    def commit_number(self) -> int:
        """Return the number of the last commit that a new snapshot would see.

        This does not use `env.info()`, which counts a commit of another process too early:
        snapshots do not see the commit before it is synced.
        """
        with self.read(committed=True) as reader:
            return reader.txn.id()

    def sync(self) -> None:
        """Make all earlier commits durable against a power cut. Raises Closed, StorageError.

        LMDB's own sync must not run while the map moves. So this syncs the file. That is enough,
        because the operating system also writes the changed pages of the map to the disk.
        """
        self._check_open()
        flush(self._environment.data)

    def preallocate(self) -> Callable[[], None] | None:
        """Return work that prepares the next pages of the file, or None if enough are ready."""
        return self._upkeep.preallocate()

    def extend(self) -> Iterator[None] | None:
        """Return steps that grow the map before it is full, or None if it has room."""
        return self._upkeep.extend()

    def trim(self) -> Iterator[None]:
        """Release a large map's pages from this process's memory, in steps. Then grow the map."""
        return self._upkeep.trim()

    def free_bytes(self) -> int:
        """Return the bytes that are free on the folder's disk."""
        return self._environment.free_bytes()
