"""Resource policies: documents in IAM's policy language that are attached to tables and streams.

| module         | job                                                             |
|----------------|-----------------------------------------------------------------|
| `document.py`  | the parsed policy: to whom and to what it applies               |
| `parsing.py`   | parses the policy in a request, and raises AWS's errors         |
| `canonical.py` | makes the text of a policy that the service returns             |
| `actions.py`   | the actions that a policy may name                              |
| `positions.py` | finds the position of a syntax error in the text                |

The emulator stores, compares and returns policies, but does not enforce them. A request that a
policy denies gets the same response as without the policy. `document.Statement` keeps all data that
enforcing would need.
"""
