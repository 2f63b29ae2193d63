"""Returns memory to the system that large bodies and answers leave behind.

The C library keeps freed memory: after 40 bodies of 15 MB the process held 396 MB more than before,
of which `malloc_trim` returned 374. That takes up to 100 ms, so it runs in a thread of its own once
no client is active.
"""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from typing import Final

from emulator.http.front.bodies import Bodies
from emulator.http.front.front import Client
from emulator.rounds import run_forever

_INTERVAL: Final = 1.0  # seconds between checks
_IDLE: Final = 1.0  # seconds since the last activity of any client


async def return_memory(bodies: Bodies, clients: Iterable[Client]) -> None:
    """Return memory whenever something large has come or gone and all clients are idle; until cancelled."""
    loop = asyncio.get_running_loop()

    async def poll() -> float:
        if is_due(bodies, clients, loop.time()):
            bodies.large = False
            await loop.run_in_executor(None, _trim)
        return _INTERVAL

    await run_forever("returning memory", poll)


def is_due(bodies: Bodies, clients: Iterable[Client], now: float) -> bool:
    """Say whether memory is to be returned at this time of the loop."""
    return bodies.large and all(now - client.last_active >= _IDLE for client in clients)


def _trim() -> None:
    import ctypes  # noqa: PLC0415 - it takes 1 MB of memory, and most servers never need it

    with suppress(AttributeError, OSError, TypeError):  # another C library, another system
        ctypes.CDLL(None).malloc_trim(0)
