"""The advisor: finds common mistakes in the requests that a server answers.

    exchange ──http/observing/evidence.py──▶ Call ──▶ watchers of the rules ──▶ tallies
    tallies ──judge of each rule──▶ findings ──▶ reports

| module                        | job                                                          |
|-------------------------------|--------------------------------------------------------------|
| `calls.py`                    | `Call` and `Access`: a request, and what it read and wrote   |
| `reading.py`, `statements.py` | turn the JSON of a request and its answer into accesses      |
| `conditions.py`               | which attributes an expression compares, returns and changes |
| `units.py`                    | sizes of items, and the units that accesses cost             |
| `tables.py`                   | what is known about tables, also after they are deleted      |
| `origins.py`                  | from which earlier item the key of a GetItem came            |
| `rule.py`, `registry.py`      | what a rule is; the list of all rules                        |
| `rules/`                      | the rules, one file each                                     |
| `tally.py`                    | what the watchers counted                                    |
| `advisor.py`                  | runs the watchers, and makes findings of their tallies       |
| `permissions.py`              | the actions and resources that requests needed: IAM policies |
| `reports/`                    | findings as text, SARIF and JUnit XML                        |

The advisor's memory is bounded. Each process keeps at most 5,000 tallies (25 MB if all their texts
are long). Each watcher keeps at most a few thousand entries, which contain no large values (30 MB
for all watchers).

Units are exact if the server counts them, if the answer reports its consumed capacity, or if the
answer shows the size of what was read. Otherwise they are estimates.
"""
