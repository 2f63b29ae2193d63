"""Group commit, for `--durable`: many answers wait for one synced commit.

A synced commit costs milliseconds, whatever it contains. So writes that arrive together are committed together: requests are
run as they come, and their answers are held back until the commit that has their writes. That commit is made when the
event loop has run what was ready; requests that arrive while it waits for the disk are the next group. What is written
outside of requests is committed in the same way.

Reads that see what is not committed yet are held back with the writes, so nobody is ever told of anything that a power cut
could take away.

Where several processes write, a group that outgrows the room it found can be lost as a whole (storage raises Interrupted).
Nobody was told anything, so its requests are simply answered again.
"""

import asyncio
import logging
from typing import Protocol

from emulator.database.database import Database
from storage import Interrupted, StorageError

log = logging.getLogger("emulator")


class Waiting(Protocol):
    """A connection with answers that are held back."""

    def release(self, failure: StorageError | None) -> None:
        """Send what is held back. After a failure say so instead or, if that was Interrupted, answer once more."""
        ...


class Commits:
    """The commits of a database's engine, and who waits for the next one."""

    def __init__(self, database: Database, loop: asyncio.AbstractEventLoop) -> None:
        self._database = database
        self._engine = engine = database.engine
        self._loop = loop
        self._waiting: list[Waiting] = []
        self._scheduled = False
        engine.group(self._soon)

    def pending(self) -> bool:
        """Say whether an answer must wait."""
        return self._engine.pending

    def wait(self, connection: Waiting) -> None:
        """Let a connection wait for the next commit; `release` is called once for each call of this."""
        self._waiting.append(connection)
        self._soon()

    def _soon(self) -> None:
        """Commit once the event loop has run what is ready."""
        if not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self._commit)

    def _commit(self) -> None:
        self._scheduled = False
        waiting, self._waiting = self._waiting, []
        failure: StorageError | None = None
        try:
            self._engine.commit()
        except Interrupted as error:
            failure = error
        except StorageError as error:
            log.error("%d answers failed, their writes may be lost: %s", len(waiting), error)  # noqa: TRY400 - no traceback
            failure = error
        if failure is not None:
            self._recover()
        for connection in waiting:
            connection.release(failure)

    def _recover(self) -> None:
        """Read the definitions anew: changes of them may have been among the writes."""
        try:
            self._database.refresh()
        except StorageError as error:
            log.error("definitions could not be read after a failed commit: %s", error)  # noqa: TRY400 - no traceback
