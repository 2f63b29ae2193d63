"""Compiled tables and indexes, the followers of writes, and descriptions of tables.

`table.py` and `index.py` compile definitions into objects that requests use. `followers.py` has the
protocol of everything that changes with an item. `vector_index.py` and `vector_changes.py` do the
same for vector indexes. `describe.py` makes descriptions for responses.
"""
