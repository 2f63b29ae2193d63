"""Exact search in vector indexes, with NumPy (the extra `vectors` of the package).

This code is imported at the first search. The first search of an index reads the index's entries
from the store into a `Matrix` in memory, in slices. The store keeps a numbered record of each
change of an entry. Each later search first reads the entries that have changed since the last
search. So a write does not have to update a matrix. A search sees the writes of other processes,
but no uncommitted writes.

A matrix is dropped when its index is deleted, after a snapshot was restored, after a minute without
a search, or when other matrices need its memory. An index that is too large for the allowed memory
has no matrix: each search reads all its entries from the store.

A search first computes scores in float32, with a bound on their error, and chooses candidates. Then
it computes the scores of all candidates again in float64. So the scores and the order of the
results do not depend on the order of the computation.

| file | job |
|---|---|
| `library.py` | imports NumPy |
| `query.py` | the vector, distance and conditions of a search; the best entries found so far |
| `matrix.py` | the entries of an index in memory, kept up to date |
| `held.py` | holds the matrices in memory, and limits how much memory they use |
| `search.py` | does a search, in steps |

Searches in 100,000 vectors of 256 dimensions take this CPU time, in memory or on disk:

| action | milliseconds |
|---|---|
| search, TopK 10, any distance | 12 to 16, in 25 steps of 0.5 to 1.7 |
| search with a filter that one entry of 100 meets | 1 to 3 |
| the first search, which reads all entries | 400 to 600, in 200 steps of 2 to 4 |

The matrix takes 122 MB.
"""
