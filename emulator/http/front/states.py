"""The states of a connection, and what the connection does in each state.

| state     | while                                       | reads | queues | closed          | at shutdown |
|-----------|---------------------------------------------|-------|--------|-----------------|-------------|
| IDLE      | no request is in progress                   | yes   | no     | after 65 s      | PART        |
| RECEIVING | a part of a request has arrived             | yes   | no     | after 65 s      | COMPLETE    |
| PAUSED    | as RECEIVING; bodies take too much memory   | no    | no     | never           | COMPLETE    |
| ANSWERING | an answer is being made                     | no    | yes    | never           | ANSWER      |
| CLOGGED   | as ANSWERING, but the client does not read  | no    | yes    | after 65 s      | ANSWER      |
| BLOCKED   | no answer is being made, because the client | no    | yes    | after 65 s      | CLOSE       |
|           | does not read, a request waits for held     |       |        |                 |             |
|           | answers, or held answers are large          |       |        |                 |             |

The column "reads" says if the connection reads from the client. The column "queues" says if
requests that have been read must wait. The column "closed" has the time without progress after
which the connection is closed. Progress is the beginning of a request, its head, each 64 KB of its
body, and any part of an answer that the client reads. A closing connection is aborted after 3
seconds without progress. While the server stops, a connection is aborted after only 0.4 seconds
without progress, so that clients cannot delay the stop. AtShutdown explains the last column.
"""  # noqa: W505 - a table

from enum import Enum
from typing import Final, NamedTuple

PATIENCE: Final = (
    65.0  # seconds without progress after which a connection is closed; SDKs close an idle connection earlier
)
LINGER: Final = 3.0  # seconds without progress after which a closing connection is aborted
LAST_LINGER: Final = 0.4  # seconds without progress after which a connection is aborted while the server stops


class AtShutdown(Enum):
    """What happens to a connection when the server stops."""

    PART = "the connection is closed; if it was active in the last second, only after one more request or 250 ms"
    COMPLETE = "the rest of the connection's request may arrive, and the request is answered"
    ANSWER = "the connection's request is answered"
    CLOSE = "the connection is closed immediately"


class State(NamedTuple):
    """A state of a connection: what the connection does in this state.

    reads: True if the connection reads from the client. queues: True if new requests wait.
    patience: the connection is closed after this many seconds without progress. None means that it
    stays open, because it waits for the server and not for the client.
    """

    reads: bool
    queues: bool
    patience: float | None
    at_shutdown: AtShutdown


IDLE: Final = State(reads=True, queues=False, patience=PATIENCE, at_shutdown=AtShutdown.PART)
RECEIVING: Final = State(reads=True, queues=False, patience=PATIENCE, at_shutdown=AtShutdown.COMPLETE)
PAUSED: Final = State(reads=False, queues=False, patience=None, at_shutdown=AtShutdown.COMPLETE)
ANSWERING: Final = State(reads=False, queues=True, patience=None, at_shutdown=AtShutdown.ANSWER)
CLOGGED: Final = State(reads=False, queues=True, patience=PATIENCE, at_shutdown=AtShutdown.ANSWER)
BLOCKED: Final = State(reads=False, queues=True, patience=PATIENCE, at_shutdown=AtShutdown.CLOSE)
