"""Resource policies: documents in IAM's policy language that are attached to tables and streams.

| module         | job                                                             |
|----------------|-----------------------------------------------------------------|
| `document.py`  | a parsed policy, and the scope of its statements                |
| `parsing.py`   | parsing the text of a request, with AWS's errors                |
| `canonical.py` | the text of a parsed policy that the service returns            |
| `actions.py`   | the actions that a policy may name                              |
| `positions.py` | the position of a syntax error                                  |

The emulator stores, compares and returns policies. It does not enforce them: a request that a
policy denies gets the same answer as any other request. `document.Statement` has the data that an
evaluation would need.
"""
