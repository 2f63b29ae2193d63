"""Our own server: it accepts connections until a signal arrives, and then ends cleanly.

The event loop is uvloop's, or asyncio's if uvloop is not installed (Windows). We do not use
uvicorn's server, because its import takes a tenth of the start-up time.
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

_INTERVAL: Final = 0.1  # seconds between polls for a signal, and later for the end of the last answers
_GRACE: Final = 10.0  # seconds after the signal in which the answers to open requests may be completed


class Server:
    """Accepts connections for a front. listeners: bound sockets; `run` closes them at its end."""

    def __init__(self, front: Front, listeners: list[socket.socket], peers: "Peers | None" = None) -> None:
        self._front = front
        self._listeners = listeners
        self._peers = peers
        self._stopping = False
        self._at_once = False

    def stop(self, number: int = signal.SIGTERM, _frame: "FrameType | None" = None) -> None:
        """Begin to stop.

        This is also the handler of signals: a second SIGINT stops without waiting.
        """
        self._at_once = self._stopping and number == signal.SIGINT
        self._stopping = True

    async def run(self, announce: Callable[[], None]) -> None:
        """Serve until `stop` is called. Then answer the open requests, and close the connections.

        announce: called as soon as the server answers requests.
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
        """Answer the open requests and close the connections.

        Cancel answers that are not complete after 10 seconds.
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
                log.error("requests that are not answered yet, and are now cancelled: %d", len(front.tasks))
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
    """Serve until a signal arrives. Answer the open requests before returning.

    announce: called as soon as the server answers requests. lifeline: a file descriptor of a pipe;
    the server also stops when the other end of the pipe is closed. parent: a process; the server
    also stops when this process ends. peers: the other workers.
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
    """Return the header line with the current date.

    The names of days and months are English, because Python uses the locale C for dates.
    """
    return time.strftime("date: %a, %d %b %Y %H:%M:%S GMT\r\n", time.gmtime()).encode()


@contextlib.contextmanager
def _signals(stop: "Callable[[int, FrameType | None], None]") -> Iterator[None]:
    """Call `stop` for each SIGINT and SIGTERM within a `with` block."""
    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return uvloop's factory of event loops, or None for asyncio's own."""
    try:
        import uvloop  # noqa: PLC0415 - not installed on Windows
    except ImportError:
        return None
    return uvloop.new_event_loop
