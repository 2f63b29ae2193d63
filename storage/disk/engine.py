"""LmdbEngine, the engine on disk. Several processes may open the same folder."""

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

    map_size: the first size of the memory map of a new store, in bytes. The default is 16 MiB, or
    1 TiB if the file cannot be reserved (environment.py).
    durable: if True, every commit is synced to the disk before its `with` block ends.
    writemap: if True, reserve the file and write through the map. None means True on systems on
    which this is safe. All processes that share a folder must pass the same value.
    verify: a function that checks the data of a folder, and raises Corrupted if they are damaged.
    It is called if the folder may be a damaged copy. With None, the engine then checks only the
    pages of the file.

    Opening raises Unavailable, LayoutMismatch, Corrupted or Full.
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

        While writes are pending, the reader does not see a snapshot but the newest state, with the
        pending writes. If `committed` is true, it always sees a snapshot of the last commit.
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
        """Begin the write transaction. Raises Closed after close()."""
        if self._closed:
            self._check_open()
        return self._writer.start()

    def close(self) -> None:
        """Commit pending writes, sync, and close the folder. A second call does nothing."""
        if self._closed:
            return
        self.commit()
        self.sync()
        self._closed = True
        self._environment.readers = [reader for reader in self._environment.readers if reader not in self._idle]
        self._idle = deque(maxlen=0)
        for reader in self._readers:
            # When a reader ends, it adds itself to the queue `idle`, for reuse. The new queue has
            # the maximum length 0, so readers that are still open are not kept.
            reader.idle = self._idle
        release(self._environment)

    def _check_open(self) -> None:
        if self._closed:
            raise Closed(STORE_CLOSED)

    # --- group commit -----------------------------------------------------------------------------

    def group_writes(self, on_pending: Callable[[], None]) -> None:
        """Group writes from now on, if the store is durable (storage/README.md, "Group commit").

        on_pending: called when the first of the write blocks that share a commit begins.
        """
        if self._environment.durable and self._group is None:
            self._writer = self._group = LmdbGroup(self._environment, on_pending)

    @property
    def pending(self) -> bool:
        """True if there are pending writes, or a loss of writes that `commit` must report."""
        return self._group is not None and self._group.pending

    def commit(self) -> None:
        """Commit and sync all pending writes. Raises Full, Interrupted or another StorageError."""
        if self._group is not None:
            self._group.commit()

    def read_committed(self) -> LmdbRead | LmdbPending:
        """Open a snapshot without pending writes. Raises Closed after close()."""
        return self.read(committed=True)

    # --- upkeep -----------------------------------------------------------------------------------

    def commit_number(self) -> int:
        """Return the number of the last commit that a new snapshot would see.

        The function opens a snapshot, because `env.info()` counts a commit of another process too
        early: new snapshots do not see a commit before it is synced.
        """
        with self.read(committed=True) as reader:
            return reader.txn.id()

    def sync(self) -> None:
        """Make all earlier commits durable against a power cut. Raises Closed or StorageError.

        This method may run in another thread. There, LMDB's own sync is unsafe, because the memory
        map may move during the sync. So the method syncs the file instead. Syncing the file is
        enough, because the operating system then also writes the map's changed pages to the disk.
        """
        self._check_open()
        flush(self._environment.data)

    def preallocate(self) -> Callable[[], None] | None:
        """Return a function that reserves and loads the next pages, or None if not needed."""
        return self._upkeep.preallocate()

    def extend(self) -> Iterator[None] | None:
        """Return steps that make the memory map larger before it is full; None if not needed."""
        return self._upkeep.extend()

    def trim(self) -> Iterator[None]:
        """Release the pages of a large memory map, in steps. Then make the map larger."""
        return self._upkeep.trim()

    def free_bytes(self) -> int:
        """Return the number of free bytes on the disk of the folder."""
        return self._environment.free_bytes()
