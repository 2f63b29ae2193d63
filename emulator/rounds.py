"""Repeats work in rounds as long as the server runs, even if a round fails."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final, NoReturn

log = logging.getLogger("emulator")

_PAUSE: Final = 1.0  # seconds after a round that failed
_SILENCE: Final = 600.0  # seconds in which the same failure is logged only once


async def run_forever(what: str, work: Callable[[], Awaitable[float]]) -> NoReturn:
    """Call `work` repeatedly until cancelled. Each call returns the seconds until the next one.

    After an unexpected error, this logs the error and calls again a second later.

    what: the name of the work in the log.
    """
    loop = asyncio.get_running_loop()
    logged: dict[str, float] = {}  # failure -> the time at which it was logged
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
