"""`--exit-with-parent`: detects that the process that started the server (the parent) has ended.

When the parent ends, the operating system gives the server another parent. So the server polls the
id of its parent, with a system call that takes a microsecond. Two other ways are worse. A pipe
needs the help of the parent. Linux's signal for the end of the parent (PR_SET_PDEATHSIG) comes too
early: when the thread that started the server ends.
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

_INTERVAL: Final = 0.2  # seconds between two checks for the end of the parent


class Parent:
    """The parent: the process that started this process.

    process: the parent's process id when this process started.
    """

    def __init__(self, process: int) -> None:
        self._process = process
        if sys.platform == "win32":
            log.warning("--exit-with-parent has no effect on Windows, where a process keeps the id of its parent")

    def is_gone(self) -> bool:
        """Return True if the parent process has ended."""
        return os.getppid() != self._process

    def poll(self, loop: asyncio.AbstractEventLoop, gone: Callable[[], None]) -> None:
        """Call `gone` when the parent has ended. The event loop checks this every 0.2 seconds."""
        if self.is_gone():
            gone()
        else:
            loop.call_later(_INTERVAL, self.poll, loop, gone)

    def watch(self, gone: Callable[[], None]) -> None:
        """Call `gone` when the parent has ended. A timer checks this every 0.2 seconds.

        This is for a process without an event loop. The timer sends SIGALRM. The handler of this
        signal runs `gone` in the main thread. Forked processes do not inherit the timer.
        """

        def poll(_number: int, _frame: "FrameType | None") -> None:
            if self.is_gone():
                signal.setitimer(signal.ITIMER_REAL, 0)
                gone()

        signal.signal(signal.SIGALRM, poll)
        signal.setitimer(signal.ITIMER_REAL, _INTERVAL, _INTERVAL)
