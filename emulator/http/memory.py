"""Memory that large bodies and answers leave behind is returned to the system.

The C library keeps freed memory for later: after 40 bodies of 15 MB the process held 396 MB more than before, of which
`malloc_trim` returned 374. It takes up to 100 ms, so it runs in a thread of its own once no client is active.
"""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from typing import Final, Protocol

import orjson

from emulator.http.front.bodies import Bodies
from emulator.rounds import run_forever

_ROUND: Final = 1.0  # seconds between looks
_IDLE: Final = 1.0  # seconds since the last activity of any client


class Client(Protocol):
    """A connection."""

    @property
    def last_active(self) -> float:
        """The loop's time of its last activity."""
        ...


async def return_memory(bodies: Bodies, clients: Iterable[Client]) -> None:
    """Return memory whenever there was something large and clients are idle; until cancelled."""
    loop = asyncio.get_running_loop()

    async def look() -> float:
        if is_due(bodies, clients, loop.time()):
            bodies.large = False
            await loop.run_in_executor(None, _trim)
        return _ROUND

    await run_forever("returning memory", look)


def is_due(bodies: Bodies, clients: Iterable[Client], now: float) -> bool:
    """Say whether memory is to be returned at this time of the loop."""
    return bodies.large and all(now - client.last_active >= _IDLE for client in clients)


def _trim() -> None:
    forget_keys()
    import ctypes  # noqa: PLC0415 - 1 MB of memory that most servers never need

    with suppress(AttributeError, OSError, TypeError):  # another C library, another system
        ctypes.CDLL(None).malloc_trim(0)


_SHORT_KEYS: Final = 20  # texts, of 1,000 keys each: an entry of 2,048 survives them with a probability of e^-10


def forget_keys() -> None:
    """Let orjson's cache of object keys have none of a large body: 3 ms.

    orjson keeps the latest 2,048 keys of up to 64 bytes for later. Those of a body with a million keys
    lie scattered over megabytes of objects, of which each keeps a megabyte from being returned.
    """
    for first in range(0, _SHORT_KEYS * 1_000, 1_000):
        orjson.loads(b"{%b}" % b",".join([b'"%x":0' % number for number in range(first, first + 1_000)]))
