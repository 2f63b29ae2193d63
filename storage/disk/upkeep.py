"""Prepares pages of the map before the writer uses them, and releases their memory in pauses.

Before use. At the first access to a page that was never written, the kernel reads ahead. For such
pages, that means clearing memory: 8 MB and 30 ms on devices with a large read-ahead. Therefore
another thread brings the pages after the last page in use into the page cache. The same thread
reserves the next step of the file before the map is full. While other programs write to the disk,
the file system may need tenths of a second to reserve a step. Growing into a reserved step only has
to map more of the file.

After use. Pages stay resident until the kernel needs memory. They belong to the page cache, but
tools count them as this process's memory (residency.py). In a pause between writes, `trim` releases
them step by step.
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
"""How many bytes after the last page in use are kept ready, for the next seconds of writing."""

LARGE: Final = 8 << 20
"""If fewer bytes than this are in use, releasing their pages is not worth the time."""

_TRIM_STEP: Final = 64 << 20
"""How many bytes one step releases. A step takes 3 ms."""


def _runs_out(used: int, mapped: int) -> bool:
    """Return whether a map of `mapped` bytes should grow soon. used: the bytes in use."""
    return mapped - used < min(mapped // 2, AHEAD)


class PageUpkeep:
    """The upkeep of an environment's pages.

    _loaded: the offset of the end of the pages that were last brought into the page cache.
    _reserved: the file size that was last requested from the disk, even if the disk refused it.
    """

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._loaded = 0
        self._reserved = 0

    def preallocate(self) -> Callable[[], None] | None:
        """Return work that prepares the next pages of the file, or None if enough are ready."""
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

        The host runs this in another thread. If it cannot reserve the bytes, the next growth of the
        map tries again.
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
        """Return steps that grow the map before it is full, or None if it has room.

        Growing unmaps the map, which takes 4 ms for each 100 MB of resident pages. So the steps
        release the pages first. The map grows into the step that `preallocate` has reserved.
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
        except OSError:  # no file descriptor is left to load the module
            return
        for start in range(0, used, _TRIM_STEP):
            residency.forget(self._environment.file, start, _TRIM_STEP)
            yield

    def trim(self) -> Iterator[None]:
        """Release the map's pages from this process's memory if many are in use, in steps.

        At the end, the map grows until its free part is half as large as its used part, or has
        128 MiB. Growing takes milliseconds, which do not matter in a pause. At each
        step, no write transaction may be open.
        """
        environment = self._environment
        used = environment.used()
        yield from self._releasing(used)
        if used >= LARGE:
            environment.make_room(min(used, LARGEST_STEP) // 2)
