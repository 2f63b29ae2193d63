"""Calls a function again and again as long as the server runs, even after an error."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final, NoReturn

log = logging.getLogger("emulator")

_PAUSE: Final = 1.0  # seconds between a call that failed and the next call
_SILENCE: Final = 600.0  # seconds in which the same error is logged only once


async def run_forever(what: str, work: Callable[[], Awaitable[float]]) -> NoReturn:
    """Call `work` repeatedly until cancelled. Each call returns the seconds until the next call.

    After an unexpected error, log the error and call `work` again a second later.

    what: a name for the work, for the log.
    """
    loop = asyncio.get_running_loop()
    logged: dict[str, float] = {}  # text of an error -> the time at which it was logged
    while True:
        try:
            pause = await work()
        except Exception as error:
            pause = _PAUSE
            now = loop.time()
            logged = {failure: time for failure, time in logged.items() if now - time < _SILENCE}
            failure = repr(error)
            if failure not in logged:
                logged[failure] = now
                log.exception("%s failed, and will be tried again", what)
        await asyncio.sleep(pause)
