"""Resets and snapshots.

A reset empties a part of the store. Restoring a snapshot puts a part of the store back into the
state that it had when the snapshot was saved.

The *scope* of a reset or snapshot says which resources it covers: everything, the resources of an
account, or some tables. The *contents* of a scope are the stored definitions of these resources,
and the data that belong to the definitions. `contents.withdraw` removes contents: once its
transaction has committed, no request can reach them.

A *snapshot* has a name, a scope and a frozen view (`database/views/`) of the scope's contents.

| file | job |
|---|---|
| `scope.py` | the resources that a reset or snapshot covers |
| `contents.py` | finds and removes what is stored for these resources |
| `emptying.py` | deletes all items of a table |
| `snapshot.py` | the stored form of snapshots |
| `saving.py` | saves and deletes snapshots |
| `restoring.py` | restores snapshots, and continues restores after a restart |
| `branching.py` | copies the tables of a snapshot to another tenant, or under other names |
| `holding.py` | snapshots that last as long as a client is connected; reads items of snapshots |

The following times were measured in process, with items of 200 bytes in a table without indexes.
The times are about the same with both engines.

| action | milliseconds |
|---|---|
| save any number of items | 0.3 |
| restore after 10 of 10,000 items have changed | 0.7 |
| restore after all 10,000 items have changed | 30 to 50, in slices of 5 |
| restore after 300 items of 390 KB have changed | 20 to 190, in slices of 8 |
| branch (copy) 3 empty tables | 0.4 |
| branch 10,000 items | 15 |
| reset an account with 3 empty tables | 0.1 |
"""
