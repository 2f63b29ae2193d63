"""Group commit, for `--durable`: many answers wait for one synced commit.

A synced commit takes milliseconds, even for a small write. So writes that arrive at about the same
time are committed together. Requests run when they arrive, but their answers are held until their
writes are committed.

    client A   put ── runs ── held ───────┐
    client B      put ── runs ── held ────┤  one commit  ── all answers are sent
    client C         get, sees A's write ─┘

The server commits as soon as one of these is true:

* in an iteration of the event loop, no further answer has joined the group;
* every connection waits for the commit;
* the group has grown for as long as the last commit took, and for at least 2 ms.

If the server always committed after one iteration, the clients would split into two halves. While
one half gets its answers and sends its next requests, the loop already handles the requests of the
other half. So each half would wait for the commit of the other half.

Writes of background work are committed in the same way.

While a write is pending, answers of reads are held too, because the reads may have seen the write.
So no client ever sees a write that a power cut could undo.

When a commit fails:

| failure                                       | writes    | reads                                       |
|-----------------------------------------------|-----------|---------------------------------------------|
| Interrupted: the writes of the group are lost | run again | run again                                   |
| (only with several processes)                 |           |                                             |
| Full: the disk has no room for the group      | fail      | run again, but fail if a write on the same  |
|                                               |           | connection fails                            |
| any other StorageError                        | fail      | fail                                        |

If a request fails, its client gets an error, and the connection is closed.
"""  # noqa: W505 - a table

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from time import monotonic
from typing import Final, Protocol, TypeVar

from emulator.database.database import Database
from emulator.database.entrances import report_full
from storage import Full, Interrupted, StorageError

log = logging.getLogger("emulator")

ATTEMPTS: Final = 20  # the maximum number of times that a request runs again because its writes were lost

# Seconds: the time of about twenty writes. A commit waits at most this long for more answers to
# join its group. If the last commit took longer, the limit is the time that it took.
_GATHERING: Final = 0.002
_READS: Final = re.compile(rb"\w+\.(BatchGetItem|Describe\w+|Get\w+|List\w+|Query|Scan|TransactGetItems)").fullmatch

_T = TypeVar("_T")


def reads(fields: Mapping[bytes, bytes]) -> bool:
    """Return True if a request only reads, as its client sees it.

    Such a request may still write: it may end a status, such as CREATING, whose time has come. This
    write may be lost, because a later request can end the status again.
    """
    return _READS(fields.get(b"x-amz-target", b"")) is not None


class Waiting(Protocol):
    """An object that waits for a commit, such as a connection."""

    def release(self, failure: StorageError | None) -> None:
        """Continue after the commit. failure: the error if the commit failed, else None."""
        ...


class Commits:
    """The group commits of a database, and the objects that wait for the next commit."""

    def __init__(self, database: Database, loop: asyncio.AbstractEventLoop) -> None:
        self._database = database
        assert database.group_commit is not None, "Commits needs an engine that supports group commit"
        self._group_commit = database.group_commit
        self._loop = loop
        self._waiting: list[Waiting] = []
        self._scheduled = False
        self._connections = 0
        self._gathered = 0  # the length of `_waiting` at the last call of `_check`
        self._until = 0.0
        self._took = 0.0  # seconds that the last commit took
        self._group_commit.group_writes(self._schedule)

    def pending(self) -> bool:
        """Return True if writes are pending, so that an answer must be held."""
        return self._group_commit.pending

    def wait(self, waiting: Waiting, among: int) -> None:
        """Call `waiting.release` once, after the next commit.

        among: the number of open connections. The commit begins as soon as this many objects wait.
        """
        self._waiting.append(waiting)
        self._connections = among
        self._schedule()

    def _schedule(self) -> None:
        """Call `_check` after the next iteration of the event loop."""
        if not self._scheduled:
            self._scheduled = True
            self._gathered = 0
            self._until = monotonic() + max(self._took, _GATHERING)
            self._loop.call_soon(self._check)

    def _check(self) -> None:
        """Commit, or check again later if more objects may still join the group.

        `_check` runs again after the next iteration of the event loop.
        """
        gathered = len(self._waiting)
        if self._gathered < gathered < self._connections and monotonic() < self._until:
            self._gathered = gathered
            self._loop.call_soon(self._check)
        else:
            self._commit()

    def _commit(self) -> None:
        self._scheduled = False
        waiting, self._waiting = self._waiting, []
        failure: StorageError | None = None
        begun = monotonic()
        try:
            self._database.commit()
        except Interrupted as error:
            failure = error
        except Full as error:
            report_full(error)
            failure = error
        except StorageError as error:
            log.error("%d answers failed, and their writes may be lost: %s", len(waiting), error)  # noqa: TRY400 - no traceback
            failure = error
        except Exception as error:  # without an answer, the clients would wait for ever
            log.exception("%d answers failed, and their writes may be lost", len(waiting))
            failure = StorageError(str(error))
        self._took = monotonic() - begun
        if failure is not None:
            self._recover()
        if isinstance(failure, Full) and not waiting:
            self._database.background.pause(failure)
        for each in waiting:
            try:
                each.release(failure)
            except Exception:  # the answers of the other clients must still be sent
                log.exception("an answer could not be sent")

    def _recover(self) -> None:
        """Read definitions and unfinished work from the store again, after a failed commit.

        Their copies in memory may have changes that the store lost with the failed commit.
        """
        try:
            self._database.recover()
        except StorageError as error:
            log.error("the store could not be read again after a failed commit: %s", error)  # noqa: TRY400 - no traceback


class _Waiter:
    """Lets a coroutine wait for a commit.

    failure: a future that gets the commit's error, or None if the commit succeeds.
    """

    def __init__(self) -> None:
        self.failure: asyncio.Future[StorageError | None] = asyncio.get_running_loop().create_future()

    def release(self, failure: StorageError | None) -> None:
        if not self.failure.done():
            self.failure.set_result(failure)


async def committed(
    commits: Commits | None,
    make: Callable[[], Awaitable[_T]],
    *,
    among: int,
    repeatable: bool = True,
    reads: bool = False,
) -> _T:
    """Return the result of make() after its writes are committed.

    Requests under another ASGI server and controls use this function. commits: None if the server
    has no group commits. among: the number of open connections. A failed commit raises
    StorageError, except in these cases:

    * The writes were lost, and `repeatable` is true: make() runs again.
    * The writes were lost, and `repeatable` is false, because make() has effects outside the store:
      its result is returned.
    * The disk is full, and `reads` is true, because make() only reads: make() runs again.
    """
    failure: StorageError | None = None
    for _ in range(ATTEMPTS):
        made = await make()
        if commits is None or not commits.pending():
            return made
        waiter = _Waiter()
        commits.wait(waiter, among)
        failure = await waiter.failure
        if failure is None or (isinstance(failure, Interrupted) and not repeatable):
            return made
        if not (isinstance(failure, Interrupted) or (isinstance(failure, Full) and reads)):
            break
    assert failure is not None, "the loop ends without a result only after a failed commit"
    raise failure
