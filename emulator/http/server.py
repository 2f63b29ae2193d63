"""Our own server: accepts connections until a signal arrives, and then ends cleanly.

It uses uvloop's event loop, or asyncio's if uvloop is not installed (on Windows). We do not use
uvicorn's server, because importing uvicorn takes a tenth of the start-up time.
"""

import asyncio
import contextlib
import gc
import logging
import signal
import socket
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Final

from emulator.app import Emulator
from emulator.http import lifespan
from emulator.http.application import create_front
from emulator.http.descriptors import raise_limit
from emulator.http.front.connection import Connection
from emulator.http.front.front import Front
from emulator.http.listen import BACKLOG
from emulator.http.memory import put_off_full_collections

if TYPE_CHECKING:
    from types import FrameType

    from emulator.http.parent import Parent
    from emulator.http.peers import Peers

log = logging.getLogger("emulator")

_INTERVAL: Final = 0.1  # seconds between two checks: for a signal to stop, and after the signal, for open requests
_GRACE: Final = 10.0  # seconds after a signal to stop in which open requests can still be answered


class Server:
    """Accepts connections, and hands their requests to a front, which answers them.

    listeners: sockets that already listen on the server's port. `run` closes them at its end.
    """

    def __init__(self, front: Front, listeners: list[socket.socket], peers: "Peers | None" = None) -> None:
        self._front = front
        self._listeners = listeners
        self._peers = peers
        self._stopping = False
        self._at_once = False

    def stop(self, number: int = signal.SIGTERM, _frame: "FrameType | None" = None) -> None:
        """Make `run` answer the open requests and then end.

        This is also the handler of SIGINT and SIGTERM. A second call with SIGINT makes `run` end
        without waiting for open requests.
        """
        self._at_once = self._stopping and number == signal.SIGINT
        self._stopping = True

    async def run(self, announce: Callable[[], None]) -> None:
        """Serve until `stop` is called. Then answer the open requests, and close the connections.

        announce: a function that is called when the server can answer requests.
        """
        front = self._front
        loop = asyncio.get_running_loop()
        front.date_line = date_line()
        async with lifespan.running(front, self._peers):
            servers = [
                await loop.create_server(partial(Connection, front, loop), sock=listener, backlog=BACKLOG)
                for listener in self._listeners
            ]
            announce()
            while not self._stopping:
                await asyncio.sleep(_INTERVAL)
                front.date_line = date_line()
            for server in servers:
                server.close()
            for listener in self._listeners:
                listener.close()
            await self._end()

    async def _end(self) -> None:
        """Wait until the open requests are answered and the connections are closed.

        After 10 seconds, cancel the requests that are still open.
        """
        front = self._front
        if front.emulator.has_faults:
            front.emulator.faults.stopping = True
        for wait in tuple(front.waits):
            wait.cancel()
        for client in tuple(front.clients):
            if isinstance(client, Connection):
                client.shutdown()
        loop = asyncio.get_running_loop()
        end = loop.time() + _GRACE
        while (front.clients or front.tasks) and not self._at_once:
            if loop.time() >= end:
                log.error("the server stops and cancels requests that are not answered yet: %d", len(front.tasks))
                break
            await asyncio.sleep(_INTERVAL)
        for task in tuple(front.tasks):
            task.cancel()


def serve(
    emulator: Emulator,
    listeners: list[socket.socket],
    announce: Callable[[], None],
    *,
    lifeline: int | None = None,
    parent: "Parent | None" = None,
    peers: "Peers | None" = None,
) -> None:
    """Serve until SIGINT or SIGTERM arrives. Answer the open requests before returning.

    announce: a function that is called when the server can answer requests. lifeline: the file
    descriptor of a pipe; the server also stops when the other end of the pipe is closed. parent:
    the process that started the server; the server also stops when this process ends. peers: the
    other workers.
    """
    raise_limit()
    server = Server(create_front(emulator), listeners, peers)
    gc.collect()
    gc.freeze()
    put_off_full_collections()

    async def main() -> None:
        loop = asyncio.get_running_loop()
        if lifeline is not None:
            loop.add_reader(lifeline, server.stop)
        if parent is not None:
            parent.poll(loop, server.stop)
        with _signals(server.stop):
            await server.run(announce)

    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(main())


def date_line() -> bytes:
    """Return the header line `date` of HTTP, with the current time.

    `strftime` writes the names of days and months in English, because Python starts with the locale
    C for dates.
    """
    return time.strftime("date: %a, %d %b %Y %H:%M:%S GMT\r\n", time.gmtime()).encode()


@contextlib.contextmanager
def _signals(stop: "Callable[[int, FrameType | None], None]") -> Iterator[None]:
    """Make `stop` the handler of SIGINT and SIGTERM during a `with` block."""
    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return uvloop's factory of event loops, or None to use asyncio's own event loop."""
    try:
        import uvloop  # noqa: PLC0415 - not installed on Windows
    except ImportError:
        return None
    return uvloop.new_event_loop
