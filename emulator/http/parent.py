"""`--exit-with-parent`: detects that the process that started this one has ended.

When the parent of a process ends, the system gives the process another parent. So the process polls
the id of its parent, with a system call that takes a microsecond. There are two other ways, but a
pipe would need the help of the parent, and Linux's signal at the end of the parent comes too early:
when the thread that started this process ends.
"""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from types import FrameType

log = logging.getLogger("emulator")

_INTERVAL: Final = 0.2  # seconds between polls


class Parent:
    """The process that started this one. process: the parent's id when this process started."""

    def __init__(self, process: int) -> None:
        self._process = process
        if sys.platform == "win32":
            log.warning("--exit-with-parent has no effect on Windows, where a process keeps the id of its parent")

    def is_gone(self) -> bool:
        """Return whether the parent has ended."""
        return os.getppid() != self._process

    def poll(self, loop: asyncio.AbstractEventLoop, gone: Callable[[], None]) -> None:
        """Call `gone` when the parent has ended. The event loop polls for that."""
        if self.is_gone():
            gone()
        else:
            loop.call_later(_INTERVAL, self.poll, loop, gone)

    def watch(self, gone: Callable[[], None]) -> None:
        """Call `gone` when the parent has ended. A timer of the system polls for that.

        This is for a process without an event loop. The timer interrupts the main thread, which
        runs `gone` like the handler of a signal. Forked processes do not inherit the timer.
        """

        def poll(_number: int, _frame: "FrameType | None") -> None:
            if self.is_gone():
                signal.setitimer(signal.ITIMER_REAL, 0)
                gone()

        signal.signal(signal.SIGALRM, poll)
        signal.setitimer(signal.ITIMER_REAL, _INTERVAL, _INTERVAL)
