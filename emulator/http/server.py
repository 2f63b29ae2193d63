"""Serves HTTP with uvicorn, and ends cleanly after SIGINT or SIGTERM."""

import asyncio
import contextlib
import gc
import logging
import signal
import socket
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import uvicorn

from emulator.app import Emulator
from emulator.http import application
from emulator.http.descriptors import raise_limit
from emulator.http.front.connection import connection_factory
from emulator.http.listen import BACKLOG

if TYPE_CHECKING:
    from types import FrameType

    from emulator.http.parent import Parent
    from emulator.http.peers import Peers

_GRACE = 10  # seconds after the signal in which open requests must end


class _Server(uvicorn.Server):
    """uvicorn's server, except that the process ends with status 0 after a signal.

    announce: called when the server has begun to serve. waits: the calls that it cancels when it
    stops.
    """

    def __init__(self, config: uvicorn.Config, announce: Callable[[], None], waits: set[asyncio.Task[Any]]) -> None:
        super().__init__(config)
        self._announce = announce
        self._waits = waits

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._announce()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for each in tuple(self._waits):
            each.cancel()
        await super().shutdown(sockets)
        if self.force_exit:  # after a second signal, uvicorn does not end the lifespan
            await self.lifespan.shutdown()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        def stop(number: int, frame: "FrameType | None") -> None:
            self.handle_exit(number, frame)

        before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


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

    announce: called when the server answers requests. lifeline: a file descriptor of a pipe. If the
    pipe is closed, the server stops as after a signal. parent: a process. If it ends, the server
    stops as after a signal.
    peers: the other workers.
    """
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    raise_limit()
    app = application.of_emulator(emulator, peers)
    front = app.open()
    config = uvicorn.Config(
        app,
        loop="auto",
        http=connection_factory(front),  # type: ignore[arg-type] # uvicorn only calls it
        ws="none",
        lifespan="on",
        access_log=False,
        log_config=None,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=_GRACE,
        backlog=BACKLOG,
    )

    server = _Server(config, announce, front.waits)
    gc.collect()
    gc.freeze()

    async def main() -> None:
        loop, stop = asyncio.get_running_loop(), partial(server.handle_exit, signal.SIGTERM, None)
        if lifeline is not None:
            loop.add_reader(lifeline, stop)
        if parent is not None:
            parent.poll(loop, stop)
        await server.serve(sockets=listeners)

    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(main())
