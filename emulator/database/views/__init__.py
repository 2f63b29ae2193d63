"""Frozen views: key ranges of the store as they were when the view was opened.

A view lasts as long as its user needs it: over later writes, growth of the store, restarts, and the
work of other processes. Nobody copies data when a view opens. Instead, each later write first
stores a *before-image* of the key that it changes, in its own transaction:

    key of the image      0F, number of the view, the changed key
    value of the image    00 if the key was absent, or 01 and the old value

All that depends on an item (index entries, counts, TTL queue, stream records) is stored under keys,
so images of keys make all of it exact, without any code for each.

- A view *covers* prefixes of five bytes: the kind of a key and the number of a table, index, stream
  or queue. The definition of the view lists them.
- Several views may cover one prefix. A write stores an image in the newest of them only, and only
  if that view has none of this key yet. So the value of a key in a view is the image in the oldest
  view that has one, beginning with the view itself. If none has one, it is the live value.
- Closing a view removes its images in the background. Where an older view covers the same prefix,
  they move to the older view first, unless it has an image of the key already (`views.py`).
- A key outside of all prefixes can be kept too: `Views.keep` stores an image in advance, for
  definitions and counters that belong to the data.
- Without any view, writes go to the engine as always: no call and no comparison is added. Opening
  the first view replaces the database's `write` (`store/access.py`). Definitions of views are
  stored in a registry, so other processes begin to record before their next write.

| file | job |
|---|---|
| `recording.py` | the write transaction that stores images |
| `reading.py` | merges images and live values |
| `views.py` | which views exist; opening, reading and closing them |

Figures, for items of 200 bytes in a table without indexes. Opening a view takes 0.15 ms, however
many items it covers.

| one PutItem, in process           | in memory | on disk |
|-----------------------------------|-----------|---------|
| no view is open                   | 7.7 us    | 9.4 us  |
| the item's first since the view   | 10.7 us   | 12.5 us |
| later ones                        | 8.8 us    | 10.9 us |

Reading a slice of 1,000 items that have all changed takes 1.6 to 2.6 ms.
"""
