"""Compiled tables and indexes, the followers of writes, and descriptions of tables.

`table.py`, `index.py` and `vector_index.py` compile definitions into objects that requests use.
`followers.py` defines changes of items, and followers, which write the records that depend on an
item. `vector_changes.py` defines changes of vector indexes. `describe.py` makes the descriptions of
tables in responses.
"""
