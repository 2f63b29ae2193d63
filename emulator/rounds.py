"""Work that is done in rounds for as long as the server runs, whatever goes wrong in one of them."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final, NoReturn

log = logging.getLogger("emulator")

_PAUSE: Final = 1.0  # seconds after a round that failed
_TOLD: Final = 600.0  # seconds in which the same failure is logged once


async def run_forever(what: str, work: Callable[[], Awaitable[float]]) -> NoReturn:
    """Do a round of work again and again until cancelled; each returns the seconds until the next.

    A failure that nothing expected is logged, and a second later comes the next round.
    """
    loop = asyncio.get_running_loop()
    told: dict[str, float] = {}  # failures and when they were logged
    while True:
        try:
            pause = await work()
        except Exception as error:
            pause = _PAUSE
            now = loop.time()
            told = {failure: time for failure, time in told.items() if now - time < _TOLD}
            failure = repr(error)
            if failure not in told:
                told[failure] = now
                log.exception("%s failed, and will be tried again", what)
        await asyncio.sleep(pause)
