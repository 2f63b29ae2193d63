"""The entries of a vector index in memory, as blocks of rows, in no order.

    follow(txn)   read the next changes and entries from the store, until it returns False
    see(...)      compare the rows of one block with a query

The last row replaces a removed row. So only the last block has unused rows.
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

_BLOCK: Final = 1 << 20  # the most numbers in one block; comparing them takes 1 ms
_MOST_ROWS: Final = 8192  # the most rows in a block
_READ: Final = 1 << 17  # how many numbers one step reads from the store: 2 to 4 ms
_MOST_READ: Final = 2000  # the most entries that one step reads
_FOLLOWED: Final = 300  # the most changes that one step reads: 2 ms
# Bytes of a row in addition to its vector: the key, its place in a dictionary, sizes.
_ROW_OVERHEAD: Final = 260

Entry = tuple[bytes, bytes]
"""The tail of an item's key, and the entry."""

_ABSENT_CODE: Final = -1


def rows_in_block(dimensions: int) -> int:
    """Return how many rows a block has."""
    return max(1, min(_MOST_ROWS, _BLOCK // dimensions))


def row_bytes(index: VectorIndex) -> int:
    """Return about how many bytes a row takes in memory."""
    return index.vector_size + _ROW_OVERHEAD


def squares_of(vectors: "Floats") -> "Doubles":
    """Return the sum of squares of each vector."""
    double = vectors.astype(np.float64)
    squares: Doubles = np.einsum("ij,ij->i", double, double)
    return squares


class Entries:
    """Reads the entries of an index from the store, and splits them into their parts."""

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
        """Return entries from the key `start` on, and the key of the next page or None."""
        cut = self._cut
        pairs = list(islice(txn.scan(start, self.range[1]), self._most))
        following = pairs[-1][0] + b"\0" if len(pairs) == self._most else None
        return [(key[cut:], entry) for key, entry in pairs], following

    def vectors(self, entries: Iterable[bytes]) -> "Floats":
        """Return the vectors of entries as rows."""
        size = self._size
        joined = b"".join([entry[:size] for entry in entries])
        rows = np.frombuffer(joined, np.dtype("<f4")).astype(np.float32, copy=False)
        return rows.reshape(-1, self._dimensions)

    def values(self, entry: bytes) -> list[bytes | None]:
        """Return the values of SearchSchema's attributes, None for those that the item lacks."""
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
    """The entries of one index in memory.

    busy: whether a search uses it; then no other search may change it.
    progress: how many steps searches have made with it.
    used: when the last search began, in seconds of a stopwatch.
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
        # The rows include this many of the index's changes; None before reading begins.
        self._version: int | None = None
        # The start of the next page of entries to read, None after the last page.
        self._next: bytes | None = self._entries.range[0]

    @property
    def size(self) -> int:
        """The estimated bytes of the rows in memory."""
        return len(self._tails) * row_bytes(self.index)

    @property
    def blocks(self) -> int:
        """How many blocks `see` has to visit."""
        return -(-len(self._tails) // self._height)

    # --- following the store ----------------------------------------------------------------------

    def is_current(self, txn: ReadTxn) -> bool:
        """Return whether the rows are the entries that a transaction sees."""
        return self._next is None and self._version == numbers(txn, self.index.prefix).changes

    def follow(self, txn: ReadTxn) -> bool:
        """Read some changes, or some entries for the first time; return whether others remain.

        For each change, this reads the current entry, so after all changes the rows are those that
        the transaction sees. It skips changes of entries that it has not read yet: it will read
        their current state.
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
        """Yield the tails (keyspace.tail_of) of changed entries that were read before."""
        prefix = self.index.prefix
        for tail in {txn.get(keyspace.vector_change(prefix, number)) for number in range(first, stop)}:
            assert tail is not None, "the latest changes of an index are recorded"
            if self._next is None or keyspace.vector_entry(prefix, tail) < self._next:
                yield tail

    def _put(self, tail: bytes, entry: bytes | None) -> None:
        """Put an entry into its row, or into a new one; None removes it."""
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
        """Add entries as the last rows of the matrix."""
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
        """Write rows of one block."""
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
        """Remove a row: the last row takes its place."""
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
        """Compare a query with the rows of one block that meet its conditions."""
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
