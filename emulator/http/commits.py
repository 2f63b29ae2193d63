"""Group commit, for `--durable`: many answers wait for one synced commit.

A synced commit costs milliseconds, whatever it contains. So writes that arrive together are committed together: requests are
run as they come, and their answers are held back until the commit that has their writes. That commit is made when the
event loop has run what was ready; requests that arrive while it waits for the disk are the next group. What is written
outside of requests is committed in the same way.

Reads that see what is not committed yet are held back with the writes, so nobody is ever told of anything that a power cut
could take away.
"""

import asyncio
import logging
from typing import Protocol

from storage import Engine, StorageError

log = logging.getLogger("emulator")


class Waiting(Protocol):
    """A connection with answers that are held back."""

    def release(self, failure: StorageError | None) -> None:
        """Send what is held back or, after a failure, that it failed."""
        ...


class Commits:
    """The commits of an engine, and who waits for the next one."""

    def __init__(self, engine: Engine, loop: asyncio.AbstractEventLoop) -> None:
        self._engine = engine
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
        failure = None
        try:
            self._engine.commit()
        except StorageError as error:
            log.error("%d answers failed, their writes may be lost: %s", len(waiting), error)  # noqa: TRY400 - no traceback
            failure = error
        for connection in waiting:
            connection.release(failure)
