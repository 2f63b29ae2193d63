"""Putting parts of the store back to an earlier state: to nothing, or to a snapshot.

A *scope* is what this is about: everything, the resources of an account, or some tables. The
*contents* of a scope are the definitions in it and the data that belong to these definitions.
`withdraw` takes contents away: nobody can reach them once the transaction has committed.

A *snapshot* has a name, a scope and a frozen view (`database/views/`) of the contents.

| file | job |
|---|---|
| `scope.py` | which resources are meant |
| `contents.py` | what is stored for them, and taking it away |
| `emptying.py` | deleting all items of a table |
| `snapshot.py` | snapshots as stored |
| `saving.py` | saving and deleting snapshots |
| `restoring.py` | restoring them, also after a restart |
| `branching.py` | copying their tables to another tenant |
| `holding.py` | snapshots that last as long as a client holds them; reading their items |

Figures, for items of 200 bytes in a table without indexes, in process, both engines:

| what | milliseconds |
|---|---|
| save, however many items | 0.3 |
| restore, 10 of 10,000 items changed | 0.7 |
| restore, all 10,000 items changed | 30 to 50, in slices of 5 |
| branch, 3 empty tables | 0.4 |
| restore, 300 items of 390 KB changed | 20 to 190, in slices of 8 |
| branch, 10,000 items | 15 |
| reset of an account with 3 empty tables | 0.1 |
"""
