"""The query of a vector search, and the most similar entries found so far."""

from collections.abc import Callable, Sequence
from heapq import nsmallest
from math import inf, sqrt
from operator import itemgetter
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from emulator.database.definitions.vectors import COSINE, EUCLIDEAN

if TYPE_CHECKING:  # because importing numpy.typing takes 20 ms
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Doubles = NDArray[np.float64]

_LARGEST: Final = float(np.finfo(np.float32).max)
_SAFE: Final = 1e25
"""If the product of the norms of two vectors is between 1 / _SAFE and _SAFE, their dot product can
be computed in float32: it does not overflow, and an underflow does not matter.
"""

_NOTHING: Final = 1e-14
"""A cosine distance below this is only a rounding error: the vectors have the same direction."""

_UNIT: Final = 2.0**-24  # the maximum relative error of rounding to float32


class Match(NamedTuple):
    """An entry that a search found.

    tail: the item's storage key without its first five bytes, which all items of the table share.
    score: the number that the answer of SearchVectors shows for the entry.
    """

    tail: bytes
    score: float


class Query:
    """A search for the `count` entries that are most similar to a vector.

    packed: the vector as little-endian float32 numbers.
    conditions: pairs of an attribute's position in SearchSchema and the value that the attribute
        must have.

    Distances are computed as *ranks*: a smaller rank means more similar. For COSINE, the rank is
    the score that the answer shows; for EUCLIDEAN, the square of the score; for DOT_PRODUCT, the
    negative score.
    """

    def __init__(self, packed: bytes, distance: str, count: int, conditions: Sequence[tuple[int, bytes]]) -> None:
        self.count = count
        self.conditions = conditions
        self._distance = distance
        self._vector: Floats = np.frombuffer(packed, np.dtype("<f4")).astype(np.float32)
        self._double = self._vector.astype(np.float64)
        self._square = float(self._double @ self._double)
        self._norm = sqrt(self._square)
        # The maximum error of a dot product in float32, divided by the product of the norms of the
        # two vectors.
        self._error = 1.01 * (len(self._vector) + 2) * _UNIT
        self._best: list[tuple[float, bytes]] = []
        self._limit = inf

    def restart(self) -> None:
        """Forget all found entries, because the search begins again."""
        self._best = []
        self._limit = inf

    def see(self, vectors: "Floats", squares: "Doubles", tail_of: Callable[[int], bytes]) -> None:
        """Compare the query with some entries, and keep the `count` best entries found so far.

        vectors: a matrix with the vector of one entry in each row.
        squares: for each vector, the sum of the squares of its numbers.
        tail_of: a function from the number of a row to the `Match.tail` of the row's entry.
        """
        if not len(vectors):
            return
        norms = np.sqrt(squares)
        most = float(norms.max()) * self._norm
        least = float(norms.min(where=norms > 0, initial=most)) * self._norm
        if most > _SAFE or least < 1 / _SAFE:
            products = vectors.astype(np.float64) @ self._double
        else:
            products = (vectors @ self._vector).astype(np.float64)
        ranks = self._ranks(products, squares)
        error = self._error * (1.0 if self._distance == COSINE else 2 * most + self._square * _UNIT)
        rows = np.flatnonzero(ranks <= self._limit + error)
        if len(rows) > self.count:
            found = ranks[rows]
            worst = float(np.partition(found, self.count - 1)[self.count - 1])
            rows = rows[found <= worst + 2 * error]
        if len(rows):
            exact = self._exact(vectors[rows].astype(np.float64), squares[rows])
            self._keep(exact.tolist(), [tail_of(row) for row in rows.tolist()])

    def matches(self) -> list[Match]:
        """Return the found entries, the most similar first."""
        return [Match(tail, self._score(rank)) for rank, tail in self._best]

    def _ranks(self, products: "Doubles", squares: "Doubles") -> "Doubles":
        if self._distance == EUCLIDEAN:
            return squares - 2 * products + self._square
        if self._distance == COSINE:
            return self._cosine(products, squares)
        return -products

    def _exact(self, vectors: "Doubles", squares: "Doubles") -> "Doubles":
        if self._distance == EUCLIDEAN:
            difference = vectors - self._double
            result: Doubles = np.einsum("ij,ij->i", difference, difference)
            return result
        products = np.einsum("ij,j->i", vectors, self._double)
        return self._cosine(products, squares) if self._distance == COSINE else -products

    def _cosine(self, products: "Doubles", squares: "Doubles") -> "Doubles":
        """Return the cosine distance of each vector, which is 1 - cosine similarity.

        The similarity of a vector of zeros is 0. The reference does not say what the service does.
        """
        lengths = np.sqrt(squares * self._square)
        similarity = np.divide(products, lengths, out=np.zeros_like(products), where=lengths > 0)
        return 1.0 - similarity

    def _keep(self, ranks: list[float], tails: list[bytes]) -> None:
        found = [*self._best, *zip(ranks, tails, strict=True)]
        self._best = nsmallest(self.count, found, key=itemgetter(0))
        if len(self._best) == self.count:
            self._limit = self._best[-1][0]

    def _score(self, rank: float) -> float:
        """Return the score that the answer shows, as a float32 (control-plane 15).

        rank: the number by which this class compares entries; the class docstring explains it.
        """
        if self._distance == COSINE:
            score = 0.0 if rank < _NOTHING else min(rank, 2.0)
        elif self._distance == EUCLIDEAN:
            score = sqrt(rank)
        else:
            score = 0.0 - rank
        return float(np.float32(min(max(score, -_LARGEST), _LARGEST)))
