"""Exact search over vector indexes, with NumPy (extra `vectors`), loaded at the first search.

The first search of an index reads its entries from the store into a `Matrix` in memory, in slices.
Each search then begins with the changes since the last one, which the store records with their
numbers. So a write costs nothing here, writes of other processes are seen, and writes that were
rolled back or are not committed yet are not. A matrix is dropped when its index is gone, when a
snapshot was restored, after a minute without a search, or when others need its memory. An index
that is too large is read from the store in each search.

A search computes in float32 and knows by how much the result may be wrong. All candidates are then
computed again in float64. So the order and the scores do not depend on the order of computation.

| file | job |
|---|---|
| `library.py` | loading NumPy |
| `query.py` | what a search wants: vector, distance, conditions; the best entries found so far |
| `matrix.py` | the entries of an index in memory, kept up to date |
| `held.py` | which matrices are in memory, and how much they may take |
| `search.py` | a search, in steps |

Figures, for 100,000 vectors of 256 dimensions, are in tests/bench/README.md.
"""
