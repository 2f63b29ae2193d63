"""Serving over HTTP with uvicorn: the start-up block, and a clean end on SIGINT and SIGTERM."""

import asyncio
import contextlib
import gc
import logging
import os
import signal
import socket
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import uvicorn

from emulator.app import Emulator
from emulator.http import application
from emulator.http.descriptors import raise_limit
from emulator.http.front.connection import connection_factory
from emulator.http.listen import BACKLOG
from emulator.settings import Settings
from emulator.version import VERSION

if TYPE_CHECKING:
    from types import FrameType

_LOCAL = ("localhost", "0.0.0.0", "::")  # noqa: S104 - compared, not bound
_GRACE = 10  # seconds that open requests have to end after the signal


def greeting(settings: Settings, port: int, storage: str) -> str:
    """Return the start-up block: addresses, storage, tenants, and how to connect.

    storage: the engine's description of itself.
    """
    urls = [_url(host, port) for host in settings.host]
    url = urls[0]
    tenants = (
        "one database for all access keys and regions"
        if settings.shared_db
        else "each access key and region has its own tables; any secret key is accepted"
    )
    return (
        f"dynamodb-emulator is ready\n"
        f"  version  {VERSION}\n"
        f"  address  {' '.join(urls)}\n"
        f"  storage  {storage}\n"
        f"  tables   {tenants}\n"
        f"  shell    export AWS_ENDPOINT_URL={url} AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1 "
        f"AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local\n"
        f"  boto3    import boto3\n"
        f'           boto3.client("dynamodb", endpoint_url="{url}", region_name="us-east-1", '
        f'aws_access_key_id="local", aws_secret_access_key="local")\n\n'
    )


def _url(host: str, port: int) -> str:
    if host in _LOCAL:
        return f"http://127.0.0.1:{port}"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class _Server(uvicorn.Server):
    """uvicorn's server. After a signal the process ends with status 0.

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
        if self.force_exit:  # after a second signal uvicorn does not end the lifespan
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
    settings: Settings,
    *,
    ready: int | None = None,
    lifeline: int | None = None,
) -> None:
    """Serve until a signal comes. Answer the open requests before the return.

    A worker (workers.py) does not print the start-up block. It writes a byte to the file descriptor
    `ready` when it serves, and stops when it reads the end of the file descriptor `lifeline`.
    """
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    raise_limit()
    app = application.of_emulator(emulator)
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

    def announce() -> None:
        if lifeline is None:
            text = greeting(settings, listeners[0].getsockname()[1], emulator.database.engine.description)
            print(text, end="", flush=True)  # noqa: T201 - the user's start-up block
        elif ready is not None:
            os.write(ready, b"1")
            os.close(ready)

    server = _Server(config, announce, front.waits)
    gc.collect()
    gc.freeze()

    async def main() -> None:
        if lifeline is not None:
            asyncio.get_running_loop().add_reader(lifeline, server.handle_exit, signal.SIGTERM, None)
        await server.serve(sockets=listeners)

    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(main())
