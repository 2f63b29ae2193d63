"""Keeps the matrices of vector indexes in memory, and limits how much memory they take.

A matrix has the entries of one index, for fast searches (matrix.py).
"""

from collections.abc import Callable, Container
from typing import Final

from emulator.clock import Stopwatch
from emulator.database.schema.vector_index import VectorIndex
from emulator.database.vectors.matrix import Matrix, row_bytes

MOST_BYTES: Final = 512 << 20
"""The maximum number of bytes of memory for all matrices of a process together."""

IDLE: Final = 60.0  # seconds without a search after which a matrix is dropped

Key = tuple[int, int]
"""The key of a matrix: the id of the vector index, and the field `restored` of its definition."""


def key_of(index: VectorIndex) -> Key:
    """Return the key under which `HeldVectors` keeps the matrix of a vector index."""
    return index.definition.id, index.definition.restored


class HeldVectors:
    """The matrices of vector indexes in one process, ordered by the time of their last search.

    most: the maximum number of bytes that all matrices may take together.
    stopwatch: measures the time at which a search begins, in seconds.
    """

    def __init__(self, most: int = MOST_BYTES, stopwatch: Stopwatch | None = None) -> None:
        self._most = most
        self._now = (stopwatch or Stopwatch()).seconds
        self._held: dict[Key, Matrix] = {}

    def __len__(self) -> int:
        return len(self._held)

    @property
    def size(self) -> int:
        """The estimated number of bytes that all matrices take together."""
        return sum(matrix.size for matrix in self._held.values())

    def find(self, index: VectorIndex, entries: int) -> Matrix | None:
        """Return the matrix of a vector index, or None if the matrix would take too much memory.

        A new matrix is empty: `Matrix.follow` fills it. If memory is short, the matrices whose last
        search was longest ago are dropped.

        entries: the number of entries of the index.
        """
        key = key_of(index)
        matrix = self._held.pop(key, None)
        wanted = entries * row_bytes(index)
        if wanted > self._most:
            return None
        if matrix is None:
            matrix = Matrix(index)
        for other in list(self._held):
            if self.size + wanted <= self._most:
                break
            if not self._held[other].busy:
                del self._held[other]
        matrix.used = self._now()
        self._held[key] = matrix
        return matrix

    def forget(self, matrix: Matrix) -> None:
        """Drop a matrix whose search was abandoned: otherwise the matrix stays `busy` forever."""
        self._held = {key: other for key, other in self._held.items() if other is not matrix}

    def drop_idle(self) -> None:
        """Drop the matrices without a search in the last minute."""
        before = self._now() - IDLE
        self._drop(lambda key: self._held[key].used < before)

    def drop_others(self, keys: Container[Key]) -> None:
        """Drop the matrices whose key is not in `keys`.

        keys: the keys (`key_of`) of all existing vector indexes. Any other matrix belongs to an
        index that was deleted or restored from a snapshot.
        """
        self._drop(lambda key: key not in keys)

    def _drop(self, is_out: Callable[[Key], bool]) -> None:
        for key in [key for key, matrix in self._held.items() if not matrix.busy and is_out(key)]:
            del self._held[key]
