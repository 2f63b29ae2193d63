"""The advisor: finds common mistakes in the requests that a server answers.

    exchange ──http/observing/evidence.py──▶ Call ──▶ watchers of the rules ──▶ tallies
    tallies ──judge of each rule──▶ findings ──▶ reports

| module                        | job                                                          |
|-------------------------------|--------------------------------------------------------------|
| `calls.py`                    | `Call` and `Access`: a request, and what it read and wrote   |
| `reading.py`, `statements.py` | from the JSON of a request and its answer to accesses        |
| `conditions.py`               | facts of expressions                                         |
| `units.py`                    | sizes of items, and the units that accesses cost             |
| `tables.py`                   | what is known about tables, also after they are deleted      |
| `origins.py`                  | from which earlier item the key of a GetItem came            |
| `rule.py`, `registry.py`      | what a rule is; all rules                                    |
| `rules/`                      | the rules, one file each                                     |
| `tally.py`                    | what the watchers counted                                    |
| `advisor.py`                  | runs the watchers, and makes findings of their tallies       |
| `permissions.py`              | the actions and resources that requests needed: IAM policies |
| `reports/`                    | findings as text, SARIF and JUnit XML                        |

Everything here is bounded in memory: each process keeps at most 5,000 tallies (25 MB if all their
texts are long), and each watcher a few thousand entries without large values (30 MB in all). All
units are estimates, except where an answer shows the size of what was read or reports its consumed
capacity, and while the server counts units.
"""
