"""Returns memory to the operating system after large bodies and large answers.

The C library keeps freed memory: after 40 bodies of 15 MB the process held 396 MB more than before,
of which `malloc_trim` returned 374. `malloc_trim` takes up to 100 ms. So it runs in another thread,
and only while no client is active.
"""

import asyncio
import gc
from collections.abc import Iterable
from contextlib import suppress
from typing import Final

import orjson

from emulator.http.front.bodies import Bodies
from emulator.http.front.front import Client
from emulator.rounds import run_forever

_INTERVAL: Final = 1.0  # seconds between checks
_IDLE: Final = 1.0  # seconds since the last activity of any client


async def return_memory(bodies: Bodies, clients: Iterable[Client]) -> None:
    """Return memory after large bodies or answers, when all clients are idle, until cancelled."""
    loop = asyncio.get_running_loop()

    async def poll() -> float:
        if is_due(bodies, clients, loop.time()):
            bodies.large = False
            await loop.run_in_executor(None, _trim)
        return _INTERVAL

    await run_forever("returning memory", poll)


def is_due(bodies: Bodies, clients: Iterable[Client], now: float) -> bool:
    """Return whether memory must be returned now. now: the time of the event loop."""
    return bodies.large and all(now - client.last_active >= _IDLE for client in clients)


def _trim() -> None:
    forget_keys()
    # Python keeps the last 80 lists and the last 80 dicts that were freed, and a full collection
    # frees them. After a body with a million lists they keep up to 3 MB. A collection takes 23 ms
    # for each million items in memory.
    gc.collect()
    with suppress(AttributeError, ImportError, OSError, TypeError):  # the system or its C library has no malloc_trim
        import _ctypes  # noqa: PLC0415 - the package ctypes would itself keep 1 MB

        _ctypes.call_function(_ctypes.dlsym(_ctypes.dlopen("", 0), "malloc_trim"), (0,))


def forget_keys() -> None:
    """Overwrite orjson's cache of object keys. This takes 6 ms.

    orjson keeps the latest 2,048 keys of up to 64 bytes. After a body with a million keys, the kept
    keys lie scattered over the memory that the body took. Python returns memory in blocks of a
    megabyte, so a single key keeps a whole block.
    """
    for first in range(0, _KEYS, _KEYS_AT_ONCE):
        orjson.loads(b"{%b}" % b",".join([_KEY % number for number in range(first, first + _KEYS_AT_ONCE)]))


_KEYS: Final = 20_000  # after so many new keys, an old key is still cached with a probability of e^-10
# The new keys that are not kept are freed after each call. With 1,000 keys a call, the kept ones
# were spread over another 2 MB.
_KEYS_AT_ONCE: Final = 20
# Keys of this length are allocated apart from shorter ones. Shorter keys would fill the gaps that
# the body's keys leave, and so keep the same memory.
_KEY: Final = b'"%060x":0'
