"""Group commit, for `--durable`: many answers wait for one synced commit.

A synced commit costs milliseconds, whatever it contains. So writes that arrive together are committed together: requests are
run as they come, and their answers are held back until the commit that has their writes. That commit is made when a turn
of the event loop has brought no further write, when every connection waits for it, or when as much time has gone by as
the commit before took. Were it made after the first turn, clients would part in two halves that wait for each other's
commits: those that were just answered ask again while the loop is at what arrived meanwhile. What is written outside of
requests is committed in the same way.

Reads that see what is not committed yet are held back with the writes, so nobody is ever told of anything that a power cut
could take away.

Where several processes write, a group that outgrows the room it found can be lost as a whole (storage raises Interrupted).
Nobody was told anything, so its requests are simply answered again. A group for which the disk has no room is lost as a
whole too: its writes fail, its reads are answered again.
"""

import asyncio
import logging
import re
from collections.abc import Mapping
from time import monotonic
from typing import Final, Protocol

from emulator.database.database import Database, report_full
from storage import Full, Interrupted, StorageError

log = logging.getLogger("emulator")

_GATHERING: Final = 0.002  # seconds a group may grow at least, if it does: what some twenty writes take


_READS: Final = re.compile(rb"\w+\.(BatchGetItem|Describe\w+|Get\w+|List\w+|Query|Scan|TransactGetItems)").fullmatch


def reads(fields: Mapping[bytes, bytes]) -> bool:
    """Say whether a request with these header fields only reads, as far as its client is concerned."""
    return _READS(fields.get(b"x-amz-target", b"")) is not None


class Waiting(Protocol):
    """A connection with answers that are held back."""

    def release(self, failure: StorageError | None) -> None:
        """Send what is held back. After a failure say so instead or, where `commits` explains it, answer once more."""
        ...


class Commits:
    """The group commits of a database, and the connections that wait for the next one."""

    def __init__(self, database: Database, loop: asyncio.AbstractEventLoop) -> None:
        self._database = database
        assert database.group_commit is not None, "only an engine with group commit has pending writes"
        self._group_commit = database.group_commit
        self._loop = loop
        self._waiting: list[Waiting] = []
        self._scheduled = False
        self._open = 0  # connections
        self._gathered = 0  # connections that waited when the loop's last turn ended
        self._until = 0.0
        self._took = 0.0  # seconds of the last commit
        self._group_commit.group_writes(self._soon)

    def pending(self) -> bool:
        """Say whether an answer must wait."""
        return self._group_commit.pending

    def wait(self, connection: Waiting, among: int) -> None:
        """Let one of so many open connections wait for the next commit; `release` is called once for each call of this."""
        self._waiting.append(connection)
        self._open = among
        self._soon()

    def _soon(self) -> None:
        """Commit once the event loop has nothing more for the group."""
        if not self._scheduled:
            self._scheduled = True
            self._gathered = 0
            self._until = monotonic() + max(self._took, _GATHERING)
            self._loop.call_soon(self._look)

    def _look(self) -> None:
        """Commit, or look again after another turn of the event loop, for its last one has brought something."""
        gathered = len(self._waiting)
        if self._gathered < gathered < self._open and monotonic() < self._until:
            self._gathered = gathered
            self._loop.call_soon(self._look)
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
            log.error("%d answers failed, their writes may be lost: %s", len(waiting), error)  # noqa: TRY400 - no traceback
            failure = error
        except Exception as error:  # whatever it is, nobody may wait for ever
            log.exception("%d answers failed, their writes may be lost", len(waiting))
            failure = StorageError(str(error))
        self._took = monotonic() - begun
        if failure is not None:
            self._recover()
        if isinstance(failure, Full) and not waiting:
            self._database.background.hold(failure)
        for connection in waiting:
            try:
                connection.release(failure)
            except Exception:  # the others wait too
                log.exception("an answer could not be sent")

    def _recover(self) -> None:
        """Go back to what is stored: definitions, and work that was about to go on, may have been among the writes."""
        try:
            self._database.recover()
        except StorageError as error:
            log.error("what is stored could not be read after a failed commit: %s", error)  # noqa: TRY400 - no traceback
