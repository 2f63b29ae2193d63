"""Repeats work in rounds as long as the server runs, even if a round fails."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final, NoReturn

log = logging.getLogger("emulator")

_PAUSE: Final = 1.0  # seconds after a round that failed
_SILENCE: Final = 600.0  # seconds in which the same failure is not logged again


async def run_forever(what: str, work: Callable[[], Awaitable[float]]) -> NoReturn:
    """Repeat a round of work until cancelled. Each round returns the seconds until the next.

    After an unexpected failure, log it and begin the next round a second later.

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
