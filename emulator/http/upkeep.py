"""Upkeep of a store on disk: work that the process does while it answers requests.

| what                         | when                                                         | by whom, where         |
|------------------------------|--------------------------------------------------------------|------------------------|
| sync (not with `--durable`)  | 1 s after the first commit that is not synced, if there is a | the owner, in a thread |
|                              | pause of writes; otherwise 15 s after this commit            |                        |
| prepare pages for new writes | when the engine has such work                                | the owner, in a thread |
| make room for new writes     | before the store is full, in small steps                     | the owner              |
| return memory to the system  | in a pause of writes, at most every 5 s, in small steps      | every process          |
| drop unused vectors          | every second                                                 | every process          |
| check for free descriptors   | every second                                                 | every process          |

The owner is the process that does the background work: the only process, or worker 0.

A pause is half a second without a commit. Outside of pauses, syncs are rare, because a sync takes
memory bandwidth from requests: with one sync a second, the server did 10 % fewer writes.
"""  # noqa: W505 - the table has long lines

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

_INTERVAL: Final = 0.05  # the minimum number of seconds between two polls; `poll` does nothing if called earlier
_QUIET: Final = 0.5  # seconds without a commit after which a pause of writes begins
_SOON: Final = 1.0  # seconds from a commit to its sync, in a pause of writes
_BUSY: Final = 15.0  # seconds from a commit to its sync, while there is no pause of writes
_TRIM: Final = 5.0  # the minimum number of seconds between two calls of the store's `trim`
_PROBE: Final = 1.0  # seconds between checks for free descriptors and for unused vectors


class Upkeep:
    """The upkeep of an emulator's store. `poll` begins work that is due. It does not block."""

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
        self._extending: Iterator[None] | None = None
        self._trimming: Iterator[None] = iter(())
        self._seen = self._synced = self._trimmed = commits  # the commit number at the last poll, sync and trim
        self._seen_at = self._unsynced_at = self._trimmed_at = now

    def poll(self) -> None:
        """Begin the work that is due. Call this often, but only while no transaction is open."""
        now = self._loop.time()
        if now < self._next:
            return
        self._next = now + _INTERVAL
        if self._store is not None:
            self._poll_store(now, self._store)
        if now >= self._probe:
            self._probe = now + _PROBE
            self._database.drop_vectors()
            warn_of_missing_descriptors()

    def _poll_store(self, now: float, store: StoreUpkeep) -> None:
        if self._owner and _is_over(self._ahead):
            work = store.preallocate()
            self._ahead = None if work is None else self._begin(work)
        if self._owner and not self._database.pending:
            self._extend(store)
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
            # A step of `trim` fails if the disk is full. The next write that needs room will report
            # this.
            with suppress(StorageError):
                next(self._trimming, None)
        if commits == self._synced:
            self._unsynced_at = now
        elif self._syncs and _is_over(self._sync) and now - self._unsynced_at >= (_SOON if pause else _BUSY):
            self._synced, self._unsynced_at = commits, now
            self._sync = self._begin(self._database.sync)

    def _extend(self, store: StoreUpkeep) -> None:
        """Run one step of making room for new writes, if the store is almost full."""
        if self._extending is None:
            self._extending = store.extend()
        if self._extending is not None:
            try:
                next(self._extending)
            except (StopIteration, StorageError):  # the next write that needs room will report the error
                self._extending = None

    def _begin(self, work: Callable[[], None]) -> asyncio.Future[None]:
        return self._loop.run_in_executor(None, work)


def warn_of_missing_descriptors() -> None:
    """Log a warning if the process cannot open another file.

    Without a free descriptor, libuv (the library below uvloop) closes new connections silently.
    """
    try:
        os.close(os.open(os.devnull, os.O_RDONLY))
    except OSError as error:
        if error.errno in (errno.EMFILE, errno.ENFILE) and once_a_minute.allows("descriptors"):
            log.warning(
                "new connections are closed: the process has no free file descriptors; raise the limit with `ulimit -n`"
            )


def _is_over(work: asyncio.Future[None] | None) -> bool:
    return work is None or work.done()
