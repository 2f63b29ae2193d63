"""What a store on disk needs besides requests: what was committed is synced, pages are made ready, memory is given back.

Syncing and making ready happen in other threads. When to sync, where not every commit is: a sync takes memory and buses from
requests (a tenth of the writes, where there was one each second), so while writes go on one is made fifteen seconds after
the first of them, and so on; as soon as they pause, at once.
"""

import asyncio
import errno
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Final

from emulator.app import Emulator
from emulator.log_limits import once_a_minute
from storage import StorageError
from storage.host import Upkeep as StoreUpkeep

log = logging.getLogger("emulator")

_LOOK: Final = 0.05  # seconds
_QUIET: Final = 0.5  # seconds without a commit that are a pause
_OFTEN: Final = 1.0  # seconds between syncs at least, and from a first commit to the next sync
_BUSY: Final = 15.0  # the same at most, while there are commits
_TRIM: Final = 5.0  # seconds between givings back of memory at least
_PROBE: Final = 1.0  # seconds between attempts to open a file


class Upkeep:
    """The upkeep of an emulator's store. `look` says what to begin; nobody waits for it."""

    def __init__(self, emulator: Emulator, loop: asyncio.AbstractEventLoop) -> None:
        self._database = emulator.database
        self._store = emulator.database.upkeep
        self._owner = emulator.database.owner
        self._syncs = self._owner and not emulator.settings.durable
        self._loop = loop
        now = loop.time()
        self._next = self._probe = now
        self._sync: asyncio.Future[None] | None = None
        self._ahead: asyncio.Future[None] | None = None
        commits = 0 if self._store is None else self._store.commit_number()
        self._trimming: Iterator[None] = iter(())
        self._seen = self._synced = self._trimmed = commits  # the last commit that each of them knew
        self._seen_at = self._unsynced_at = self._trimmed_at = now

    def look(self) -> None:
        """Begin what is due; to be called often, while no transaction is open."""
        now = self._loop.time()
        if now < self._next:
            return
        self._next = now + _LOOK
        if self._store is not None:
            self._look_at_store(now, self._store)
        if now >= self._probe:
            self._probe = now + _PROBE
            warn_of_missing_descriptors()

    def _look_at_store(self, now: float, store: StoreUpkeep) -> None:
        if self._owner and _is_over(self._ahead):
            work = store.preallocate()
            self._ahead = None if work is None else self._begin(work)
        commits = store.commit_number()
        if commits != self._seen:
            self._seen, self._seen_at = commits, now
        pause = now - self._seen_at >= _QUIET
        if pause and commits != self._trimmed and now - self._trimmed_at >= _TRIM:
            self._trimmed, self._trimmed_at = commits, now
            self._trimming = store.trim()
        if not pause:
            self._trimming = iter(())
        elif not self._database.pending:
            with suppress(StorageError):  # growing may fail; who needs the room is told
                next(self._trimming, None)
        if commits == self._synced:
            self._unsynced_at = now
        elif self._syncs and _is_over(self._sync) and now - self._unsynced_at >= (_OFTEN if pause else _BUSY):
            self._synced, self._unsynced_at = commits, now
            self._sync = self._begin(self._database.sync)

    def _begin(self, work: Callable[[], None]) -> asyncio.Future[None]:
        return self._loop.run_in_executor(None, work)


def warn_of_missing_descriptors() -> None:
    """Log it when the process cannot open another file: libuv then closes new connections without a word."""
    try:
        os.close(os.open(os.devnull, os.O_RDONLY))
    except OSError as error:
        if error.errno in (errno.EMFILE, errno.ENFILE) and once_a_minute.allows("descriptors"):
            log.warning(
                "connections are refused: the process has used up its file descriptors (`ulimit -n` raises the limit)"
            )


def _is_over(work: asyncio.Future[None] | None) -> bool:
    return work is None or work.done()
