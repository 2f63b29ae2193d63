"""The matrix of a vector index: the index's entries in memory, as rows in no particular order.

    follow(txn)   read some changes or entries from the store; return False if none remain
    see(...)      compare the rows of one block with a query

The rows are stored in blocks. When a row is removed, the last row of the matrix moves to its place.
So only the last block can have unused rows.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Final

import numpy as np

from emulator.database.items.vectors import numbers
from emulator.database.schema.vector_index import ABSENT, VectorIndex
from emulator.database.store import keyspace
from emulator.database.vectors.query import Query
from storage import ReadTxn
from storage.keycode import prefix_end

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from emulator.database.vectors.query import Doubles, Floats

_BLOCK: Final = 1 << 20  # the maximum number of vector components in one block, which takes 1 ms to compare
_MOST_ROWS: Final = 8192  # the maximum number of rows in one block of a matrix
_READ: Final = 1 << 17  # the maximum number of vector components that one step reads, in 2 to 4 ms
_MOST_READ: Final = 2000  # the maximum number of index entries that one step reads
_FOLLOWED: Final = 300  # the maximum number of changes of entries that one step reads, in 2 ms
# _ROW_OVERHEAD: the estimated bytes of a row besides its vector: key, dictionary slot, sum of
# squares, and a code for each attribute in SearchSchema.
_ROW_OVERHEAD: Final = 260

Entry = tuple[bytes, bytes]
"""An index entry: the tail of the item's key (keyspace.tail_of), and the entry's stored bytes."""

_ABSENT_CODE: Final = -1


def rows_in_block(dimensions: int) -> int:
    """Return the maximum number of rows in a block of a matrix.

    dimensions: the number of components of each vector.
    """
    return max(1, min(_MOST_ROWS, _BLOCK // dimensions))


def row_bytes(index: VectorIndex) -> int:
    """Return the estimated number of bytes that one row of an index's matrix takes in memory."""
    return index.vector_size + _ROW_OVERHEAD


def squares_of(vectors: "Floats") -> "Doubles":
    """Return, for each vector, the sum of the squares of its components."""
    double = vectors.astype(np.float64)
    squares: Doubles = np.einsum("ij,ij->i", double, double)
    return squares


class Entries:
    """Reads a vector index's entries from the store, and splits each into vector and attributes."""

    def __init__(self, index: VectorIndex) -> None:
        self._size = index.vector_size
        self._dimensions = index.dimensions
        self._attributes = len(index.search)
        self._cut = len(keyspace.vector_entries(index.prefix))
        self.range = (
            keyspace.vector_entries(index.prefix),
            prefix_end(keyspace.vector_entries(index.prefix)),
        )
        self._most = max(1, min(_MOST_READ, _READ // index.dimensions))

    def page(self, txn: ReadTxn, start: bytes) -> tuple[list[Entry], bytes | None]:
        """Return a pair: the index entries of one page, and the key at which the next page starts.

        start: the storage key at which the page starts. The second part of the result is None after
        the last page.
        """
        cut = self._cut
        pairs = list(islice(txn.scan(start, self.range[1]), self._most))
        following = pairs[-1][0] + b"\0" if len(pairs) == self._most else None
        return [(key[cut:], entry) for key, entry in pairs], following

    def vectors(self, entries: Iterable[bytes]) -> "Floats":
        """Return an array that has the vector of each index entry as a row.

        entries: the stored bytes of each index entry.
        """
        size = self._size
        joined = b"".join([entry[:size] for entry in entries])
        rows = np.frombuffer(joined, np.dtype("<f4")).astype(np.float32, copy=False)
        return rows.reshape(-1, self._dimensions)

    def values(self, entry: bytes) -> list[bytes | None]:
        """Return an entry's values of the attributes in SearchSchema, in the order of SearchSchema.

        entry: the stored bytes of an index entry. The value is None for an attribute that the item
        does not have.
        """
        found: list[bytes | None] = []
        at = self._size
        for _ in range(self._attributes):
            length = int.from_bytes(entry[at : at + 4], "big")
            at += 4
            if length == ABSENT:
                found.append(None)
            else:
                found.append(entry[at : at + length])
                at += length
        return found


class Matrix:
    """The entries of one vector index in memory, for searches.

    busy: True while a search uses the matrix. No other search may use it then.
    progress: the number of steps that all searches have made with the matrix.
    used: the time at which the last search began, in seconds of the stopwatch of HeldVectors.
    """

    def __init__(self, index: VectorIndex) -> None:
        self.index = index
        self.busy = False
        self.progress = 0
        self.used = 0.0
        self._entries = Entries(index)
        self._height = rows_in_block(index.dimensions)
        self._clear()

    def _clear(self) -> None:
        attributes = len(self.index.search)
        self._vectors: list[Floats] = []
        self._squares: list[Doubles] = []
        self._codes: list[list[NDArray[np.int32]]] = [[] for _ in range(attributes)]
        self._code_of: list[dict[bytes, int]] = [{} for _ in range(attributes)]
        self._tails: list[bytes] = []
        self._rows: dict[bytes, int] = {}
        # The rows include this many of the first changes of the index (`Numbers.changes`). None
        # before the first read.
        self._version: int | None = None
        # The key at which the next page of entries starts; None when all pages have been read.
        self._next: bytes | None = self._entries.range[0]

    @property
    def size(self) -> int:
        """The estimated number of bytes that the rows of the matrix take in memory."""
        return len(self._tails) * row_bytes(self.index)

    @property
    def blocks(self) -> int:
        """The number of blocks of the matrix that have rows."""
        return -(-len(self._tails) // self._height)

    # --- following the store ----------------------------------------------------------------------

    def is_current(self, txn: ReadTxn) -> bool:
        """Return True if the matrix has exactly the index entries that a transaction sees."""
        return self._next is None and self._version == numbers(txn, self.index.prefix).changes

    def follow(self, txn: ReadTxn) -> bool:
        """Do a step to make the matrix agree with the store. Return True if more steps remain.

        A step first reads changes that the rows do not include yet. When the rows include all
        changes, the step reads the next page of index entries. The record of a change only names an
        entry, so the step reads the current state of that entry. If the entry is on a page that no
        step has read yet, the step skips the change, because a later step reads the page. If the
        store no longer has all changes that the rows lack, the matrix reads all entries again.
        """
        self.progress += 1
        newest = numbers(txn, self.index.prefix).changes
        if self._version is None:
            self._version = newest
        behind = newest - self._version
        if not 0 <= behind <= keyspace.KEPT_CHANGES:
            self._clear()
            self._version, behind = newest, 0
        if behind:
            last = self._version + min(behind, _FOLLOWED)
            for tail in self._changed(txn, self._version, last):
                self._put(tail, txn.get(keyspace.vector_entry(self.index.prefix, tail)))
            self._version = last
        if self._version == newest and self._next is not None:
            entries, self._next = self._entries.page(txn, self._next)
            self._add(entries)
        return self._version != newest or self._next is not None

    def _changed(self, txn: ReadTxn, first: int, stop: int) -> Iterator[bytes]:
        """Yield the tail (keyspace.tail_of) of each index entry that was changed.

        Only the changes with first <= number < stop count. Entries that this matrix has never read
        are left out.
        """
        prefix = self.index.prefix
        for tail in {txn.get(keyspace.vector_change(prefix, number)) for number in range(first, stop)}:
            assert tail is not None, "the store must have records of the latest KEPT_CHANGES changes"
            if self._next is None or keyspace.vector_entry(prefix, tail) < self._next:
                yield tail

    def _put(self, tail: bytes, entry: bytes | None) -> None:
        """Write an index entry to its row of the matrix, or append a row if the entry has none.

        tail: names the entry (keyspace.tail_of). If `entry` is None, the entry was deleted: remove
        its row.
        """
        row = self._rows.get(tail)
        if row is None:
            if entry is not None:
                self._add([(tail, entry)])
        elif entry is None:
            self._remove(row)
        else:
            vectors = self._entries.vectors([entry])
            self._write(row, vectors, squares_of(vectors), [entry])

    def _add(self, entries: list[Entry]) -> None:
        """Append index entries to the matrix, each as a new row."""
        if not entries:
            return
        vectors = self._entries.vectors(entry for _, entry in entries)
        squares = squares_of(vectors)
        first = len(self._tails)
        for position, (tail, _) in enumerate(entries):
            self._rows[tail] = first + position
            self._tails.append(tail)
        done = 0
        while done < len(entries):
            row = first + done
            if row % self._height == 0:
                self._add_block()
            count = min(len(entries) - done, self._height - row % self._height)
            part = slice(done, done + count)
            self._write(row, vectors[part], squares[part], [entry for _, entry in entries[part]])
            done += count

    def _add_block(self) -> None:
        self._vectors.append(np.empty((self._height, self.index.dimensions), np.float32))
        self._squares.append(np.empty(self._height, np.float64))
        for codes in self._codes:
            codes.append(np.empty(self._height, np.int32))

    def _write(self, row: int, vectors: "Floats", squares: "Doubles", entries: list[bytes]) -> None:
        """Write index entries to consecutive rows of one block, beginning at `row`."""
        block, at = divmod(row, self._height)
        self._vectors[block][at : at + len(vectors)] = vectors
        self._squares[block][at : at + len(vectors)] = squares
        if self._codes:
            for position, values in enumerate(zip(*map(self._entries.values, entries), strict=True)):
                codes = self._code_of[position]
                self._codes[position][block][at : at + len(values)] = [
                    _ABSENT_CODE if value is None else codes.setdefault(value, len(codes)) for value in values
                ]

    def _remove(self, row: int) -> None:
        """Remove a row of the matrix, and move the last row to its place."""
        tail, last_tail = self._tails[row], self._tails.pop()
        last = len(self._tails)
        del self._rows[tail]
        if row != last:
            (block, at), (last_block, last_at) = divmod(row, self._height), divmod(last, self._height)
            self._tails[row] = last_tail
            self._rows[last_tail] = row
            self._vectors[block][at] = self._vectors[last_block][last_at]
            self._squares[block][at] = self._squares[last_block][last_at]
            for codes in self._codes:
                codes[block][at] = codes[last_block][last_at]
        if last % self._height == 0:
            self._vectors.pop()
            self._squares.pop()
            for codes in self._codes:
                codes.pop()

    # --- searching --------------------------------------------------------------------------------

    def see(self, query: Query, block: int) -> None:
        """Compare a query's vector with the rows of a block that meet the query's conditions."""
        self.progress += 1
        first = block * self._height
        count = min(self._height, len(self._tails) - first)
        vectors, squares = self._vectors[block][:count], self._squares[block][:count]
        tails = self._tails
        if not query.conditions:
            query.see(vectors, squares, lambda row: tails[first + row])
            return
        mask = np.ones(count, np.bool_)
        for position, value in query.conditions:
            code = self._code_of[position].get(value)
            if code is None:
                return
            mask &= self._codes[position][block][:count] == code
        rows = np.flatnonzero(mask)
        query.see(vectors[rows], squares[rows], lambda row: tails[first + int(rows[row])])
