"""Group commit: many write blocks use one LMDB transaction, which is committed and synced once.

A *write block* is the `with` block of one write transaction of the engine. A synced commit takes
milliseconds, even for a small write. So a write block ends without a commit, and `commit` commits
all blocks of the group together.

A block that fails must undo only its own writes, but LMDB can only undo a whole transaction. So the
group drops the LMDB transaction, and repeats the writes of the earlier blocks in a new LMDB
transaction (the journal has these writes). If another process has written between the two
transactions, the earlier blocks are lost: see "Group commit" in storage/README.md.
"""

from collections.abc import Callable
from types import TracebackType
from typing import Self

import lmdb

from storage.disk.environment import Environment
from storage.disk.handles import ENDED
from storage.disk.room import Refusal
from storage.disk.transactions import LmdbTxn, LmdbWrite
from storage.errors import Full, Lost, StorageError

# A group begins with this many unused bytes at the end of the memory map, if the disk has room.
GROUP_ROOM = 32 << 20


class LmdbPending(LmdbTxn):
    """A reader that sees the newest state, with the pending writes of a group."""

    __slots__ = ()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.txn = ENDED


class LmdbGroup(LmdbWrite):
    """The write transaction of a group of write blocks.

    _mark: the length of the journal (the list of the group's writes) at the start of the current
    block. All later writes in the journal belong to this block.
    _lost: the error that `commit` must raise because blocks of the group were lost, or None.
    _all_urgent: True if all blocks that have written something are urgent.
    """

    __slots__ = ("_all_urgent", "_lost", "_mark", "_on_pending", "_refusal")

    def __init__(self, environment: Environment, on_pending: Callable[[], None]) -> None:
        super().__init__(environment)
        self._on_pending = on_pending
        self._mark = 0
        self._lost: Lost | None = None
        self._all_urgent = True
        self._refusal = Refusal(environment.free_bytes)

    @property
    def pending(self) -> bool:
        """True if there are pending writes, or a loss of writes that `commit` must report."""
        return self.txn is not ENDED or self._lost is not None

    def start(self) -> Self:
        """Begin a write block of the group.

        The first block of a group makes room for all blocks. The reason: if the map had to grow
        later, other processes could write in between, and the earlier blocks would be lost.

        After a loss of writes, raise Lost until `commit` has reported the loss. Raises Full if the
        last commits found no room and the disk still has none.
        """
        if self._lost is not None:
            raise self._lost
        if self.txn is ENDED:
            if self._refusal.stands():
                raise Full(f"The disk of the data folder {self._environment.folder} is full.")
            self._environment.make_room(GROUP_ROOM)
            super().start()
            self._on_pending()
        self.urgent = False
        assert self._mark == len(self._journal), "a write block must end before the next one begins"
        self._environment.writing = True
        return self

    def reader(self) -> LmdbPending | None:
        """Return a reader that sees the pending writes, or None if there are no pending writes."""
        if self.txn is ENDED:
            return None
        reader = LmdbPending(self._environment)
        reader.txn = self.txn
        return reader

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._environment.writing = False
        if kind is not None:
            self._undo_block()
        elif len(self._journal) > self._mark:
            if self._environment.tight:
                self._leave_room()
            self._all_urgent = self._all_urgent and self.urgent
        self._mark = len(self._journal)

    def abort(self) -> None:
        """Undo every write of the current write block."""
        self._undo_block()

    def commit(self) -> None:
        """Commit and sync all blocks of the group. Raises Lost if earlier blocks were lost.

        Raises Full, Interrupted or another StorageError if the commit fails.
        """
        self.urgent = self._all_urgent
        try:
            if self.txn is not ENDED:
                try:
                    self.txn.commit()
                except lmdb.Error as failure:
                    self._retry_commit(failure)
                self._refusal.forget()
        except Full:
            if self.urgent:
                self._refusal.note()
            raise
        finally:
            self._reset()
            lost, self._lost = self._lost, None
        if lost is not None:
            raise lost

    def _undo_block(self) -> None:
        """Undo the current block, and repeat the earlier blocks in a new LMDB transaction.

        If another process has written between the two transactions, the earlier blocks are lost,
        and `commit` will raise Lost.
        """
        if len(self._journal) == self._mark:
            return
        del self._journal[self._mark :]
        self.txn.abort()
        self.txn = ENDED
        if not self._journal:
            return
        try:
            self.txn = self._begin()
            self._replay(None)
        except StorageError as error:
            self._lost = Lost(f"Earlier writes are lost: {error}")
            self._reset()

    def _cancel(self) -> None:
        """End the current write block after an error, and keep the writes of earlier blocks."""
        self._undo_block()

    def _reset(self) -> None:
        if self.txn is not ENDED:
            self.txn.abort()
        self.txn = ENDED
        self._journal = []
        self._mark = 0
        self._all_urgent = True
