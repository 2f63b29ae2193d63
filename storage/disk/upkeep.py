"""Prepares pages of the map before the writer uses them, and releases their memory in pauses.

Before use. At the first access to a page that was never written, the kernel reads ahead. On devices
with a large read-ahead, it clears 8 MB of memory, which takes 30 ms. So another thread loads the
pages after the last used page into the page cache. This thread also reserves the next step of the
file before the map is full, because that can take tenths of a second while other programs write to
the disk. When the map grows later, it only has to map blocks that are already reserved.

After use. Pages stay resident until the kernel needs memory. They are part of the page cache, but
tools count them as memory of this process (residency.py). So in a pause between writes, `trim`
releases them in steps.
"""

import contextlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

from storage.disk.environment import Environment
from storage.disk.file_system import file_size
from storage.disk.files import load, locked, reserve
from storage.disk.sizes import LARGEST_STEP, step_after
from storage.errors import Full, StorageError

AHEAD: Final = 64 << 20
"""The number of bytes to prepare after the last used page: enough for some seconds of writing."""

LARGE: Final = 8 << 20
"""Pages are released only if at least this number of bytes is used. Less is not worth the time."""

_TRIM_STEP: Final = 64 << 20
"""The number of bytes that one step releases. A step takes 3 ms."""


def _runs_out(used: int, mapped: int) -> bool:
    """Return True if a map of `mapped` bytes, of which `used` are in use, should grow soon."""
    return mapped - used < min(mapped // 2, AHEAD)


class PageUpkeep:
    """The upkeep of an environment's pages: preallocate, extend and trim (storage/host.py).

    _loaded: the file's bytes up to this offset were loaded into the page cache.
    _reserved: the file size that was requested last, even if the disk had no room for it.
    """

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._loaded = 0
        self._reserved = 0

    def preallocate(self) -> Callable[[], None] | None:
        """Return a function that reserves and loads the next pages, or None if not needed."""
        environment = self._environment
        if not environment.reserved:
            return None
        used, mapped, size = environment.used(), environment.size, file_size(environment.file)
        next_size = max(size, mapped + step_after(mapped)) if _runs_out(used, mapped) else size
        ready = max(used, self._loaded)
        if next_size <= max(size, self._reserved) and ready >= min(used + AHEAD // 2, size):
            return None
        self._reserved = next_size
        self._loaded = max(ready, min(used + AHEAD, size))
        return partial(self._prepare, next_size, ready, self._loaded)

    def _prepare(self, size: int, start: int, stop: int) -> None:
        """Reserve `size` bytes of the file, and load the bytes from `start` to `stop`.

        The host runs this in another thread. Errors are ignored: if the bytes cannot be reserved,
        the next growth of the map tries again.
        """
        environment = self._environment
        with contextlib.suppress(StorageError, OSError), locked(environment.layout_for_threads):
            if environment.closed:
                return
            present = file_size(environment.file)
            if present < size <= present + environment.free_bytes():
                reserve(environment.data, size)
        load(environment.data, start, stop)

    def extend(self) -> Iterator[None] | None:
        """Return steps that make the memory map larger before it is full; None if not needed.

        To grow the map, LMDB unmaps it first, which takes 4 ms for each 100 MB of resident pages.
        So the first steps release the pages. The last step maps the bytes that `preallocate` has
        reserved.
        """
        environment = self._environment
        if not environment.reserved:
            return None
        used, mapped = environment.used(), environment.size
        if not _runs_out(used, mapped) or file_size(environment.file) <= mapped:
            return None
        return self._extending(used, mapped)

    def _extending(self, used: int, mapped: int) -> Iterator[None]:
        yield from self._releasing(used)
        if self._environment.size == mapped:
            with contextlib.suppress(Full):
                self._environment.grow()

    def _releasing(self, used: int) -> Iterator[None]:
        """Release the pages of the first `used` bytes from this process's memory, in steps."""
        if used < LARGE:
            return
        try:
            from storage.disk import residency  # noqa: PLC0415 - it imports ctypes, which small stores never need
        except OSError:  # No file descriptor is left to load `residency`: keep the pages.
            return
        for start in range(0, used, _TRIM_STEP):
            residency.forget(self._environment.file, start, _TRIM_STEP)
            yield

    def trim(self) -> Iterator[None]:
        """Release a large map's pages from this process's memory, in steps. Then grow the map.

        In the last step, the map grows until its unused end is half as large as its used part, but
        at most until the unused end has 128 MiB. The growth takes milliseconds, which do not matter
        in a pause. During a step, no write transaction may be open.
        """
        environment = self._environment
        used = environment.used()
        yield from self._releasing(used)
        if used >= LARGE:
            environment.make_room(min(used, LARGEST_STEP) // 2)
