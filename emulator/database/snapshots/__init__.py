"""Putting parts of the store back to an earlier state: to nothing, or to a snapshot.

A *scope* is what this is about: everything, the resources of an account, or some tables. The
*contents* of a scope are the definitions in it and the data that belong to these definitions.
`withdraw` takes contents away: nobody can reach them once the transaction has committed.

| file | job |
|---|---|
| `scope.py` | which resources are meant |
| `contents.py` | what is stored for them, and taking it away |
| `emptying.py` | deleting all items of a table |
"""
