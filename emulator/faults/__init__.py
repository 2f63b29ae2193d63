"""Faults: bad days on request. Rules say which requests get which fault.

    POST /_emulator/faults
    {"Match": {"Operation": "PutItem", "Next": 2}, "Effect": {"Kind": "Throttle"}}

While there are rules, `Faults.call` takes the place of `Emulator.call`. So every server and every
test in process has the same faults, and without rules nothing of this package runs.

| file          | job                                                                       |
|---------------|---------------------------------------------------------------------------|
| `rules.py`    | a rule: what it matches, which of the matching requests it hits           |
| `effects.py`  | the effects, as the JSON of a rule has them                               |
| `touching.py` | the tables and keys that a request names                                  |
| `books.py`    | rules and their counts, in memory or in memory that processes share       |
| `plans.py`    | the effects of all rules on one request                                   |
| `refusals.py` | the effects inside an operation, at the place of real throttles           |
| `faults.py`   | `Faults`: adds and removes rules, and runs requests with their plans      |

A request passes the rules in the order of their creation. A rule counts the requests that it
matches, before they are checked. Latency, ShortPage and Unprocessed combine with the rules that
follow. The first hit of another kind decides the answer, and later rules do not see the request.

All processes of a server count together, in one order. So `"Next": 1` hits one request, whatever
process gets it, and a share draws the same numbers with one process and with several.
"""
