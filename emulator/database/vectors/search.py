"""Searches one vector index, in steps of a few milliseconds.

A search finds only committed entries. The answer to a write waits for the commit. So after a client
has received the answer to a write, its next search finds what the write stored.
"""

from collections.abc import Callable
from typing import Final

from emulator.database.items.vectors import numbers
from emulator.database.schema.vector_index import VectorIndex
from emulator.database.vectors.held import HeldVectors
from emulator.database.vectors.matrix import Entries, Matrix, squares_of
from emulator.database.vectors.query import Match, Query
from emulator.slices import Steps
from storage import ReadTxn

Read = Callable[[], ReadTxn]
"""A function that opens a snapshot of the committed state."""

_TURN: Final = 0.001  # seconds between two checks of whether another search still uses the matrix of vectors
# A search stops waiting for another search that makes no progress in this many checks.
_PATIENCE: Final = 2000
# The maximum number of times that a search compares all rows. If entries change while a search
# compares the rows, the search compares all rows again.
_ATTEMPTS: Final = 3


def search(read: Read, held: HeldVectors, index: VectorIndex, query: Query, *, waits: bool) -> Steps[list[Match]]:
    """Find the entries of an index that are most similar to a query's vector.

    waits: True if other searches can run between two steps, so that this search can wait for them.
    """
    with read() as txn:
        entries = numbers(txn, index.prefix).entries
    matrix = held.find(index, entries)
    if matrix is not None and matrix.busy and waits:
        yield from _turn(matrix)
        if matrix.busy:  # the other search was abandoned and never frees its matrix: use a new matrix
            held.forget(matrix)
            matrix = held.find(index, entries)
    if matrix is None or matrix.busy:
        yield from _read(read, index, query)
    else:
        matrix.busy = True
        try:
            yield from _compare(read, matrix, query)
        finally:
            matrix.busy = False
    return query.matches()


def _turn(matrix: Matrix) -> Steps[None]:
    """Wait until the other search that uses this matrix ends, or stops making progress."""
    idle = 0
    while matrix.busy and idle < _PATIENCE:
        before = matrix.progress
        yield _TURN
        idle = idle + 1 if matrix.progress == before else 0


def _compare(read: Read, matrix: Matrix, query: Query) -> Steps[None]:
    """Bring a matrix of vectors up to date, and compare its rows with a query.

    If entries change between two steps, read the changes and compare all rows again.
    """
    for _ in range(_ATTEMPTS):
        query.restart()
        while True:
            with read() as txn:
                more = matrix.follow(txn)
            if not more:
                break
            yield None
        for block in range(matrix.blocks):
            if block:
                yield None
            matrix.see(query, block)
        if matrix.blocks <= 1:
            return
        with read() as txn:
            if matrix.is_current(txn):
                return


def _read(read: Read, index: VectorIndex, query: Query) -> Steps[None]:
    """Read all entries from the store, and compare them with a query.

    Unlike `_compare`, `_read` does not keep the vectors in memory.
    """
    reader = Entries(index)
    following: bytes | None = reader.range[0]
    while following is not None:
        with read() as txn:
            page, following = reader.page(txn, following)
        if query.conditions:
            page = [each for each in page if _meets(query, reader.values(each[1]))]
        vectors = reader.vectors(entry for _, entry in page)
        tails = [tail for tail, _ in page]
        query.see(vectors, squares_of(vectors), tails.__getitem__)
        yield None


def _meets(query: Query, values: list[bytes | None]) -> bool:
    return all(values[position] == value for position, value in query.conditions)
