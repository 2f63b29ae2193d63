"""Sends all answers of an iteration of the event loop together, at the end of the iteration.

A write to a socket wakes the client's process if the process is waiting. Waking it takes 15 us of
the server's time. One client may have many connections. If their answers are sent together, only
the first answer has to wake the client. With the outbox, GetItem is 1.5 times as fast over 32
connections, and 1.25 times as fast over eight.
"""

import asyncio
from typing import Final

_MOST: Final = 64  # as soon as this many answers wait, all of them are sent
_MOST_BYTES: Final = 64 << 10


class Outbox:
    """The data that waits to be written to the connections of an event loop."""

    def __init__(self) -> None:
        self._writes: list[tuple[asyncio.Transport, bytes]] = []
        self._bytes = 0

    def put(self, loop: asyncio.AbstractEventLoop, transport: asyncio.Transport, data: bytes) -> None:
        """Write data to a transport at the end of the loop's iteration, or earlier.

        The data of one transport keeps its order.
        """
        writes = self._writes
        if not writes:
            loop.call_soon(self.flush)
        writes.append((transport, data))
        self._bytes += len(data)
        if self._bytes > _MOST_BYTES or len(writes) == _MOST:
            self.flush()

    def flush(self) -> None:
        """Write all data now."""
        writes, self._writes = self._writes, []
        self._bytes = 0
        for transport, data in writes:
            # In uvloop, `write` raises an error if the client has closed the connection.
            if not transport.is_closing():
                transport.write(data)
