"""Frozen views: key ranges of the store as they were when the view was opened.

A view exists until it is closed. It survives later writes, growth of the store, restarts, and
writes of other processes. Opening a view copies no data. Instead, each later write first stores the
*original* of the key that it changes, which is the old value, in the same transaction:

    key of the original      0F, number of the view, the changed key
    value of the original    00 if the key was absent, or 01 and the old value

Index entries, counts, TTL queues and stream records are stored under keys too. So originals
preserve all of them, and no kind of record needs special code.

- A view *covers* prefixes of five bytes: the kind of a key and the number of a table, index, stream
  or queue. The definition of the view lists them.
- Several views may cover one prefix. A write stores an original only in the newest of these
  views, and only if this view has no original of the key yet. So to read a key in a view, search
  for an original in the view itself, then in newer views, oldest first. If there is no original,
  the value is the live value.
- Closing a view removes its originals in the background. If an older view covers the same prefix,
  the originals first move to the older view (`views.py`). An original is dropped if the older view
  already has an original of the key.
- `Views.keep` adds to a view a key that no prefix covers, such as the key of a definition or
  counter that belongs to the data. It stores the key's value as an original.
- Without views, writes go directly to the engine, without an additional call or comparison. Opening
  the first view replaces the database's `write` (`store/access.py`). The definitions of views are
  in a registry. So another process knows a new view before its next write, and stores originals.

| file | job |
|---|---|
| `recording.py` | the write transaction that stores originals |
| `reading.py` | merges originals and live values |
| `views.py` | which views exist; opening, reading and closing them |

Figures, for items of 200 bytes in a table without indexes. Opening a view takes 0.15 ms, for any
number of items.

| one PutItem, in process           | in memory | on disk |
|-----------------------------------|-----------|---------|
| no view is open                   | 7.7 us    | 9.4 us  |
| first write after the opening     | 10.7 us   | 12.5 us |
| later writes of the same item     | 8.8 us    | 10.9 us |

Reading a slice of 1,000 items that have all changed takes 1.6 to 2.6 ms.
"""
