"""What a store on disk needs besides requests, done in other threads: what was committed is synced, pages are made ready.

When to sync, where not every commit is. A sync takes memory and buses from requests (a tenth of the writes, where there was
one each second), so while writes go on it is made every five seconds; as soon as they stop, within the next second or two.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from emulator.app import Emulator

_LOOK: Final = 0.05  # seconds
_QUIET: Final = 1.0  # seconds without a commit after which what there is is synced
_BUSY: Final = 5.0  # seconds between syncs while there are commits


class Upkeep:
    """The upkeep of an emulator's store. `look` says what to begin; nobody waits for it."""

    def __init__(self, emulator: Emulator, loop: asyncio.AbstractEventLoop) -> None:
        self._database = emulator.database
        self._syncs = not emulator.settings.durable
        self._loop = loop
        self._next = 0.0
        self._next_sync = 0.0
        self._sync: asyncio.Future[None] | None = None
        self._ahead: asyncio.Future[None] | None = None
        self._synced = self._seen = self._database.engine.commits()
        self._synced_at = loop.time()

    def look(self) -> None:
        """Begin what is due; to be called often."""
        now = self._loop.time()
        if now < self._next or not self._database.owner:
            return
        self._next = now + _LOOK
        if self._ahead is None or self._ahead.done():
            work = self._database.engine.work_ahead()
            self._ahead = None if work is None else self._begin(work)
        if self._syncs and now >= self._next_sync and (self._sync is None or self._sync.done()):
            self._next_sync = now + _QUIET
            self._look_at_commits(now)

    def _look_at_commits(self, now: float) -> None:
        commits = self._database.engine.commits()
        quiet, self._seen = commits == self._seen, commits
        if commits != self._synced and (quiet or now - self._synced_at >= _BUSY):
            self._synced, self._synced_at = commits, now
            self._sync = self._begin(self._database.sync)

    def _begin(self, work: Callable[[], None]) -> asyncio.Future[None]:
        return self._loop.run_in_executor(None, work)
