"""Faults: errors, pauses and lost connections that a test asks for.

A rule says which requests get which effect:

    POST /_emulator/faults
    {"Match": {"Operation": "PutItem", "Next": 2}, "Effect": {"Kind": "Throttle"}}

While there are rules, `Faults.call` takes the place of `Emulator.call`. So faults work in a server
and in tests that call the emulator in process. Without rules, nothing of this package runs.

| file            | job                                                                     |
|-----------------|-------------------------------------------------------------------------|
| `rules.py`      | a rule: what it matches, which of the matching requests it hits         |
| `effects.py`    | the effects, read from the JSON of a rule                               |
| `touching.py`   | the tables and keys that a request names                                |
| `rule_store.py` | rules and their counts, which all processes of a server share           |
| `plans.py`      | the effects of all rules on one request                                 |
| `refusals.py`   | the effects inside an operation, where real throttles act               |
| `faults.py`     | `Faults`: adds and removes rules, and runs requests with their plans    |

A request passes the rules in the order of their creation. A rule counts each request that it
matches, before the operation checks the request. If the rule hits the request, the request gets the
effect. Latency, ShortPage and Unprocessed combine with the effects of later rules. The first rule
that hits the request with any other effect decides the answer, and later rules do not see the
request.

All processes of a server number the matches of a rule in one order. So `"Next": 1` hits only one
request, whichever process gets it. A rule with a `Share` draws the same random numbers in one
process and in several.
"""
