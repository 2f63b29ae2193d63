"""The engine on disk, over LMDB: one B+tree, one writer, readers that never wait, across processes.

Keys up to 495 bytes are LMDB keys; longer ones live in buckets (buckets.py) that a walk merges in only if its range has
any. Opening, the size of the map and the meaning of LMDB's errors are in lmdb_environment.py.

A write transaction keeps a journal of its writes. When LMDB has no page left (MapFullError, from a put, a delete or the
commit), the LMDB transaction is thrown away, the map grows, and the journal runs again in a new one. That is the same
transaction only if nobody wrote in between, which the transaction's number tells; otherwise it ends with Interrupted.

Transaction objects are used again after their block: making one per request would cost more than a get.
"""

import os
from collections import deque
from collections.abc import Callable, Iterator
from heapq import merge
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

import lmdb

from storage.disk import buckets
from storage.disk.buckets import LONGEST
from storage.disk.environment import ENDED, Environment, Verify, acquire
from storage.disk.files import flush
from storage.disk.room import Refusal
from storage.engine import Page
from storage.errors import Closed, Full, Interrupted, Lost, StorageError

if TYPE_CHECKING:
    from lmdb import _Database as Table

    Cursor = lmdb.Cursor[bytes]
    Transaction = lmdb.Transaction[bytes]

Pair = tuple[bytes, bytes]

_GROUP_ROOM = 32 << 20  # bytes that a group of writes finds free at its beginning
_FIRST_CHUNK = 8  # rows
_NEXT_CHUNKS = 32


class LmdbTxn:
    """What readers and the writer share: get and scan."""

    __slots__ = ("_engine", "_environment", "txn")

    def __init__(self, engine: "LmdbEngine", environment: Environment) -> None:
        self._engine = engine
        self._environment = environment
        self.txn: Transaction = ENDED

    def __enter__(self) -> Self:
        return self

    def get(self, key: bytes) -> bytes | None:
        """Return the value of key, or None."""
        if len(key) > LONGEST:
            return buckets.find(self.txn.get(key[:LONGEST], db=self._environment.long), key[LONGEST:])
        return self.txn.get(key)

    def scan(self, start: bytes, stop: bytes, *, reverse: bool = False) -> Iterator[Pair]:
        """Walk the pairs with start <= key < stop in key order, or backwards."""
        low, high = buckets.bound(start), buckets.bound(stop)
        short = self._backward(None, low, high) if reverse else self._forward(None, low, high)
        if not self._has_long(start, stop):
            return short
        long = self._environment.long
        head = start[:LONGEST]
        shared = self._backward(long, head, high) if reverse else self._forward(long, head, high)
        return merge(short, _long_pairs(shared, start, stop, reverse=reverse), reverse=reverse)

    def page(self, start: bytes, stop: bytes, limit: int, *, reverse: bool = False) -> Page:
        """Return the first `limit` values of that walk and the last of their keys."""
        if self._has_long(start, stop):
            pairs = list(islice(self.scan(start, stop, reverse=reverse), limit))
            return [value for _, value in pairs], pairs[-1][0] if pairs else b""
        return self._short_page(buckets.bound(start), buckets.bound(stop), limit, reverse=reverse)

    def _has_long(self, start: bytes, stop: bytes) -> bool:
        """Say whether the range may have long keys."""
        cursor = self.txn.cursor(self._environment.long)
        return cursor.set_range(start[:LONGEST]) and cursor.key() < stop

    def _short_page(self, low: bytes, high: bytes, limit: int, *, reverse: bool) -> Page:
        """Return a page of short keys.

        LMDB's own iterator gives values by the chunk, without a key or a step of Python for each; only the key where a
        chunk ends is looked at. The one chunk that leaves the range is cut by going back, which saves a sixth of a page
        of 100 rows against comparing the chunk's keys.
        """
        values: list[bytes] = []
        last = b""
        cursor = self.txn.cursor()
        if reverse:
            there = cursor.prev() if cursor.set_range(high) else cursor.last()
            walk = cursor.iterprev(keys=False)
        else:
            there = cursor.set_range(low)
            walk = cursor.iternext(keys=False)
        before, wanted = 0, min(_FIRST_CHUNK, limit)
        while there and wanted:
            values += islice(walk, wanted)
            taken = len(values) - before
            if taken < wanted:
                there = cursor.first() if reverse else cursor.last()
            key = cursor.key()
            if key < low if reverse else key >= high:
                outside, key = _go_back(cursor, taken, low, high, reverse=reverse)
                del values[len(values) - outside :]
                return values, last if outside == taken else key
            if taken < wanted:
                return values, key
            last = key
            before += taken
            wanted = min(_NEXT_CHUNKS, limit - before)
        return values, last

    def _forward(self, table: "Table | None", low: bytes, high: bytes) -> Iterator[Pair]:
        while True:
            moves, pair = self._environment.moves, None
            try:
                cursor = self.txn.cursor(table)
                if cursor.set_range(low):
                    for pair in cursor.iternext():
                        if pair[0] >= high:
                            return
                        yield pair
            except lmdb.Error as error:
                self._go_on(error, moves)
                low = pair[0] + b"\x00" if pair else low
            else:
                return

    def _backward(self, table: "Table | None", low: bytes, high: bytes) -> Iterator[Pair]:
        while True:
            moves, pair = self._environment.moves, None
            try:
                cursor = self.txn.cursor(table)
                if cursor.prev() if cursor.set_range(high) else cursor.last():
                    for pair in cursor.iterprev():
                        if pair[0] < low:
                            return
                        yield pair
            except lmdb.Error as error:
                self._go_on(error, moves)
                high = pair[0] if pair else high
            else:
                return

    def _go_on(self, error: lmdb.Error, moves: int) -> None:
        """Return if a walk was cut only because the map moved, so that it can start again; else raise."""
        if self._environment.moves == moves:
            raise Closed("The transaction has ended.") from error


def _go_back(cursor: "Cursor", most: int, low: bytes, high: bytes, *, reverse: bool) -> tuple[int, bytes]:
    """Walk back from beyond the range until a key is in it; return the steps, at most `most`, and the last key."""
    back = cursor.next if reverse else cursor.prev
    key = cursor.key()
    steps = 0
    while steps < most and (key < low if reverse else key >= high):
        back()
        key = cursor.key()
        steps += 1
    return steps, key


def _long_pairs(shared: Iterator[Pair], start: bytes, stop: bytes, *, reverse: bool) -> Iterator[Pair]:
    """Walk the long keys of the buckets between start and stop."""
    for head, bucket in shared:
        pairs = [(head + rest, value) for rest, value in buckets.entries(bucket)]
        for pair in reversed(pairs) if reverse else pairs:
            if start <= pair[0] < stop:
                yield pair


class LmdbRead(LmdbTxn):
    """A snapshot."""

    __slots__ = ()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.txn.abort()
        self.txn = ENDED
        self._engine.idle.append(self)


class LmdbWrite(LmdbTxn):
    """The write transaction."""

    __slots__ = ("_journal", "_number", "urgent")

    def start(self) -> Self:
        """Begin."""
        environment = self._environment
        self.urgent = False
        assert not environment.writing, "one write transaction at a time"
        self.txn = self._begin()
        self._number = self.txn.id()
        self._journal: list[tuple[bytes, bytes | None]] = []
        environment.writing = True
        return self

    def _begin(self) -> "Transaction":
        try:
            return self._environment.env.begin(write=True)
        except lmdb.Error as error:
            return self._environment.begin_again(error, write=True)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is not None:
                self.txn.abort()
            elif self.txn is not ENDED:
                if self._environment.tight:
                    self._leave_room()
                try:
                    self.txn.commit()
                except lmdb.Error as failure:
                    self._commit_again(failure)
        finally:
            self._environment.writing = False
            self.txn = ENDED
            self._journal = []

    def put(self, key: bytes, value: bytes) -> None:
        """Set the value of key. Raises Full when the disk has no room."""
        self._journal.append((key, value))
        try:
            if len(key) > LONGEST:
                self._change_bucket(key, value)
            else:
                self.txn.put(key, value)
        except lmdb.Error as error:
            self._run_again(error)

    def delete(self, key: bytes) -> bool:
        """Remove key; say whether it was there."""
        self._journal.append((key, None))
        try:
            return self._change_bucket(key, None) if len(key) > LONGEST else self.txn.delete(key)
        except lmdb.Error as error:
            return self._run_again(error)

    def drop_range(self, start: bytes, stop: bytes, limit: int) -> int:
        """Delete up to limit pairs with start <= key < stop, lowest first; return how many went."""
        doomed = [key for key, _ in islice(self.scan(start, stop), limit)]
        for key in doomed:
            self.delete(key)
        return len(doomed)

    def abort(self) -> None:
        """Forget every write of this transaction; the block then ends without committing."""
        self.txn.abort()
        self.txn = ENDED

    def _leave_room(self) -> None:
        """End an ordinary write on a full disk where it takes the pages that urgent ones need. Raises Full."""
        if not self.urgent and not self._environment.fits(self.txn):
            self._forget()
            raise Full(f"The disk of the data folder {self._environment.folder} is full.")

    def _change_bucket(self, key: bytes, value: bytes | None) -> bool:
        """Put or delete a long key; say whether anything is different."""
        head, rest, long = key[:LONGEST], key[LONGEST:], self._environment.long
        before = self.txn.get(head, db=long)
        if value is None and buckets.find(before, rest) is None:
            return False
        after = buckets.changed(before, rest, value)
        return self.txn.put(head, after, db=long) if after else self.txn.delete(head, db=long)

    def _change(self, key: bytes, value: bytes | None) -> bool:
        if len(key) > LONGEST:
            return self._change_bucket(key, value)
        return self.txn.delete(key) if value is None else self.txn.put(key, value)

    def _run_again(self, error: lmdb.Error) -> bool:
        """Run the whole journal again with more room; return what its last write returns. Raises Full, Interrupted."""
        try:
            return self._replay(error)
        except StorageError:
            self._forget()
            raise

    def _replay(self, error: lmdb.Error | None) -> bool:
        """Run the journal in a new LMDB transaction, after one that failed with an error if one is given."""
        while True:
            if error is not None:
                self.txn.abort()
                self.txn = ENDED
                self._find_room(error)
                self.txn = self._begin()
            if self.txn.id() != self._number:
                raise Interrupted("Another process wrote in between: run the transaction again.")
            try:
                result = False
                for key, value in self._journal:
                    result = self._change(key, value)
            except lmdb.Error as next_error:
                error = next_error
            else:
                return result

    def _find_room(self, error: lmdb.Error) -> None:
        """Make room after an error that says there is none. Raises Full, or what another error means."""
        environment = self._environment
        if isinstance(error, lmdb.MapFullError):
            (environment.grow_urgently if self.urgent else environment.grow)()
            return
        translated = environment.translated(error)
        no_room = isinstance(translated, Full) and not isinstance(error, lmdb.TxnFullError)
        if not (no_room and environment.refused(urgent=self.urgent)):
            raise translated from error

    def _forget(self) -> None:
        """Be over after an error."""
        self.abort()

    def _commit_again(self, error: lmdb.Error) -> None:
        while True:
            self._run_again(error)
            try:
                self.txn.commit()
            except lmdb.Error as next_error:
                error = next_error
            else:
                return


class LmdbView(LmdbTxn):
    """A look at what a group of writes has made of the store so far."""

    __slots__ = ()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.txn = ENDED


class LmdbGroup(LmdbWrite):
    """The write transaction of several blocks: each ends without a commit, `commit` makes one for all.

    A synced commit costs milliseconds, whatever it contains. A block that fails takes back only its own writes: LMDB's
    transaction is thrown away, and the journal of the blocks before it runs again in a new one.
    """

    __slots__ = ("_all_urgent", "_begun", "_lost", "_mark", "_refusal")

    def __init__(self, engine: "LmdbEngine", environment: Environment, begun: Callable[[], None]) -> None:
        super().__init__(engine, environment)
        self._begun = begun
        self._journal: list[tuple[bytes, bytes | None]] = []
        self._mark = 0
        self._lost: Lost | None = None
        self._all_urgent = True
        self._refusal = Refusal(environment.free_bytes)

    @property
    def pending(self) -> bool:
        """Whether a transaction is open, or one was lost that nobody was told of."""
        return self.txn is not ENDED or self._lost is not None

    def start(self) -> Self:
        """Begin a block. The first one of a group sees to room: growing later lets other processes write in between.

        Raises Lost after blocks were lost, until `commit` has told that they were; Full where the disk had no room for the
        last commit and has none now.
        """
        if self._lost is not None:
            raise self._lost
        if self.txn is ENDED:
            if self._refusal.stands():
                raise Full(f"The disk of the data folder {self._environment.folder} is full.")
            self._environment.make_room(_GROUP_ROOM)
            super().start()
            self._begun()
        self.urgent = False
        assert self._mark == len(self._journal), "one write block at a time"
        self._environment.writing = True
        return self

    def view(self) -> LmdbView | None:
        """Return a reader that sees what was written, None where nothing was."""
        if self.txn is ENDED:
            return None
        view = LmdbView(self._engine, self._environment)
        view.txn = self.txn
        return view

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._environment.writing = False
        if kind is not None:
            self._take_back()
        elif len(self._journal) > self._mark:
            if self._environment.tight:
                self._leave_room()
            self._all_urgent = self._all_urgent and self.urgent
        self._mark = len(self._journal)

    def abort(self) -> None:
        """Forget every write of this block."""
        self._take_back()

    def commit(self) -> None:
        """Commit all blocks since the last time, and sync. Raises what made some of them be lost."""
        self.urgent = self._all_urgent
        try:
            if self.txn is not ENDED:
                try:
                    self.txn.commit()
                except lmdb.Error as failure:
                    self._commit_again(failure)
                self._refusal.forget()
        except Full:
            if self.urgent:
                self._refusal.note()
            raise
        finally:
            self._end()
            lost, self._lost = self._lost, None
        if lost is not None:
            raise lost

    def _take_back(self) -> None:
        """Undo what this block has written; the blocks before it are written again, if nobody wrote in between."""
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
            self._lost = Lost(f"What was written before is lost: {error}")
            self._end()

    def _forget(self) -> None:
        """Be over after an error, as after any other failure of a block."""
        self._take_back()

    def _end(self) -> None:
        if self.txn is not ENDED:
            self.txn.abort()
        self.txn = ENDED
        self._journal = []
        self._mark = 0
        self._all_urgent = True


class LmdbEngine:
    """A store in a folder.

    map_size: bytes of the first map of a new store, default 16 MiB (1 TiB where the file cannot be reserved).
    durable: every commit reaches the disk before its block ends.
    writemap: reserve the file and write through the map; None does so where it is safe. All processes that share a
    folder must agree.
    verify: looks whether a folder that is a copy is sound, and raises Corrupted; None checks the pages of its file.
    Raises Unavailable, LayoutMismatch, Corrupted, Full.
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
        self.idle: deque[LmdbRead] = deque()
        self._writer = LmdbWrite(self, self._environment)
        self._group: LmdbGroup | None = None
        self._closed = False

    def group_writes(self, begun: Callable[[], None]) -> None:
        """Group commits from now on, if each of them is synced; `begun` is called when something becomes pending."""
        if self._environment.durable and self._group is None:
            self._writer = self._group = LmdbGroup(self, self._environment, begun)

    @property
    def pending(self) -> bool:
        """Whether there are writes, or failures of writes, that `commit` has yet to see to."""
        return self._group is not None and self._group.pending

    def commit(self) -> None:
        """Commit and sync what is pending. Raises Full, Interrupted, StorageError."""
        if self._group is not None:
            self._group.commit()

    def read(self, *, committed: bool = False) -> LmdbRead | LmdbView:
        """Open a snapshot. Raises Closed after close().

        While writes are pending it is no snapshot but a look at the newest state, in which nothing else can be written
        before the reader's block ends; `committed` leaves out what is pending.
        """
        if self._group is not None and not committed and (view := self._group.view()) is not None:
            return view
        reader = self.idle.pop() if self.idle else self._new_reader()
        try:
            reader.txn = self._environment.env.begin()
        except lmdb.Error as error:
            reader.txn = self._environment.begin_again(error, write=False)
        return reader

    def _new_reader(self) -> LmdbRead:
        self._check_open()
        reader = LmdbRead(self, self._environment)
        self._environment.readers.append(reader)
        return reader

    def write(self) -> LmdbWrite:
        """Open the write transaction. Raises Closed after close()."""
        if self._closed:
            self._check_open()
        return self._writer.start()

    def sync(self) -> None:
        """Make every commit so far survive a power cut. Raises Closed, StorageError.

        LMDB's own sync would not bear the map being moved meanwhile; the file knows all that was written through the map.
        """
        self._check_open()
        flush(self._environment.data)

    def commit_number(self) -> int:
        """Return the number of LMDB's last transaction."""
        return self._environment.env.info()["last_txnid"]

    def preallocate(self) -> Callable[[], None] | None:
        """Return what makes the next pages of the file ready, where few of them are."""
        return self._environment.preallocate()

    def trim(self) -> Iterator[None]:
        """Take the pages of a large map out of this process's resident memory, where the page cache keeps them; grow."""
        return self._environment.trim()

    def close(self) -> None:
        """Sync and release; calling it twice is harmless."""
        if self._closed:
            return
        self.commit()
        self.sync()
        self._closed = True
        self._environment.readers = [reader for reader in self._environment.readers if reader not in self.idle]
        self.idle = deque(maxlen=0)  # readers still open are not kept
        self._environment.release()

    def free_bytes(self) -> int:
        """Return the bytes that are free on the disk of the folder."""
        return self._environment.free_bytes()

    def _check_open(self) -> None:
        if self._closed:
            raise Closed("The store is closed.")
