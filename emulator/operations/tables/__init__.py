"""The operations on tables, from CreateTable to UpdateTable.

`operations.py` has the handlers; begin there. `rules.py` checks CreateTable, `updates.py` and
`combinations.py` check UpdateTable, `vector_rules.py` checks vector indexes, and `common_rules.py`
has checks that the other files share. `settings.py` and `throughput.py` make definitions from
requests. The package `operations/replicas/` has ReplicaUpdates.
"""
