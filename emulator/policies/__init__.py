"""Resource policies: documents of IAM's policy language that are attached to tables and streams.

| module         | job                                                             |
|----------------|-----------------------------------------------------------------|
| `document.py`  | a parsed policy, and what one of its statements is about        |
| `parsing.py`   | from the text of a request to a parsed policy, with AWS's errors |
| `canonical.py` | from a parsed policy to the text that the service returns       |
| `actions.py`   | the actions that a policy may name                              |
| `positions.py` | the place of a syntax error                                     |

The emulator stores, compares and returns policies. It does not enforce them: a denied request is
answered as any other. `document.Statement` has what an evaluation needs.
"""
