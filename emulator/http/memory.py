"""Returns memory to the operating system after large bodies and large answers.

The C library keeps freed memory. After 40 bodies of 15 MB, the process held 396 MB more than before
them; `malloc_trim` returned 374 MB of this. The call takes up to 100 ms, so it runs in another
thread, and only while no client is active.

This module also runs Python's full garbage collections while clients are idle. A full collection
visits all objects in one call, which takes 100 ms in a server with 2,500 tables that have streams.
It finds next to nothing, because the server's objects hardly refer to each other in circles.
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

_INTERVAL: Final = 1.0  # seconds between two checks whether memory must be returned
_IDLE: Final = 1.0  # in seconds; a client that did nothing for this long counts as idle
# After this many garbage collections of younger objects, a full collection runs as soon as clients
# are idle. Python's own default for this number is 10, too.
_FULL: Final = 10
# After this many garbage collections of younger objects, that is, after 7 million new objects, a
# full collection runs even if clients are active.
_PUT_OFF: Final = 1_000


async def return_memory(bodies: Bodies, clients: Iterable[Client]) -> None:
    """Return memory after large bodies or answers, whenever all clients are idle.

    Also run full garbage collections while all clients are idle. Run until cancelled.
    """
    loop = asyncio.get_running_loop()

    async def poll() -> float:
        if is_due(bodies, clients, loop.time()):
            bodies.large = False
            await loop.run_in_executor(None, _trim)
        elif is_full_collection_due(clients, loop.time()):
            gc.collect()
        return _INTERVAL

    await run_forever("returning memory", poll)


def is_due(bodies: Bodies, clients: Iterable[Client], now: float) -> bool:
    """Return True if memory must be returned to the operating system now.

    now: the event loop's time.
    """
    return bodies.large and are_idle(clients, now)


def is_full_collection_due(clients: Iterable[Client], now: float) -> bool:
    """Return True if a full garbage collection must run now. now: the event loop's time."""
    return gc.get_count()[2] >= _FULL and are_idle(clients, now)


def are_idle(clients: Iterable[Client], now: float) -> bool:
    """Return True if all clients are idle. now: the event loop's time."""
    return all(now - client.last_active >= _IDLE for client in clients)


def put_off_full_collections() -> None:
    """Make Python run full garbage collections a hundred times less often.

    `return_memory` runs them earlier, while clients are idle.
    """
    young, middle, _ = gc.get_threshold()
    gc.set_threshold(young, middle, _PUT_OFF)


def _trim() -> None:
    forget_keys()
    # Python keeps the last 80 freed lists and the last 80 freed dicts for reuse. After a body with
    # a million lists, these 160 objects hold up to 3 MB. A full collection releases them, and takes
    # 23 ms for each million items in memory.
    gc.collect()
    # Some systems and C libraries have no malloc_trim.
    with suppress(AttributeError, ImportError, OSError, TypeError):
        import _ctypes  # noqa: PLC0415 - the package ctypes would itself keep 1 MB

        _ctypes.call_function(_ctypes.dlsym(_ctypes.dlopen("", 0), "malloc_trim"), (0,))


def forget_keys() -> None:
    """Replace all keys in orjson's cache of object keys. This takes 6 ms.

    orjson caches up to 2,048 keys of JSON objects, if they have at most 64 bytes. After a body with
    a million keys, the cached keys are scattered over the memory of the body. Python returns memory
    in blocks of a megabyte, so a single key keeps a whole block in use.
    """
    for first in range(0, _KEYS, _KEYS_AT_ONCE):
        orjson.loads(b"{%b}" % b",".join([_KEY % number for number in range(first, first + _KEYS_AT_ONCE)]))


# Each new key replaces a practically random one of the cache's 2,048 keys. After this many new
# keys, the probability that one particular old key is still in the cache is about e^-10.
_KEYS: Final = 20_000
# The number of keys that one call of orjson parses. All keys of a call stay in memory until its
# end, even if the cache does not keep them. With 1,000 keys in a call, the cached keys were
# scattered over another 2 MB.
_KEYS_AT_ONCE: Final = 20
# The new keys have 60 characters. Shorter keys would be allocated in the gaps between the body's
# keys, and so keep the body's memory in use.
_KEY: Final = b'"%060x":0'
