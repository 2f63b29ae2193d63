"""Exact search in vector indexes, with NumPy (extra `vectors`). The first search loads the code.

The first search of an index reads its entries from the store into a `Matrix` in memory, in slices.
The store keeps a numbered record of each change. Each later search first reads the changes since
the last search. So a write does no work here, and a search sees writes of other processes but no
uncommitted or rolled back writes. A matrix is dropped when its index is deleted, after a snapshot
was restored, after a minute without a search, or when other matrices need its memory. Each search
of an index that is too large reads the entries from the store.

A search computes in float32, with a bound on the error. Then it computes the scores of all
candidates again in float64. So scores and their order do not depend on the order of computation.

| file | job |
|---|---|
| `library.py` | loading NumPy |
| `query.py` | the vector, distance and conditions of a search; the best entries found so far |
| `matrix.py` | the entries of an index in memory, kept up to date |
| `held.py` | the matrices in memory, and the limit of their memory |
| `search.py` | a search, in steps |

Figures, for 100,000 vectors of 256 dimensions, in milliseconds of CPU time, both engines:

| what | milliseconds |
|---|---|
| search, TopK 10, any distance | 12 to 16, in 25 steps of 0.5 to 1.7 |
| search with a filter that one entry of 100 meets | 1 to 3 |
| the first search, which reads all entries | 400 to 600, in 200 steps of 2 to 4 |

The matrix takes 122 MB.
"""
