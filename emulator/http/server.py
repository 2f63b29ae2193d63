"""Serving over HTTP: a socket, uvicorn, the start-up block, and a clean end on SIGINT and SIGTERM."""

import asyncio
import contextlib
import gc
import logging
import os
import signal
import socket
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import uvicorn

from emulator.app import Emulator
from emulator.http.descriptors import raise_limit
from emulator.http.front import asgi
from emulator.http.front.bodies import Bodies
from emulator.http.front.commits import Commits
from emulator.http.front.connection import connection_factory
from emulator.http.front.dynamodb import DynamoDbEndpoint
from emulator.http.listen import BACKLOG
from emulator.http.memory import return_memory
from emulator.outbound.deliveries import run_functions
from emulator.settings import Settings
from emulator.version import VERSION

if TYPE_CHECKING:
    from types import FrameType

log = logging.getLogger("emulator")

_LOCAL = ("localhost", "0.0.0.0", "::")  # noqa: S104 - compared, not bound
_IDLE = 0.05  # seconds between looks for background work
_GRACE = 10  # seconds that open requests get at the end


def greeting(settings: Settings, port: int, storage: str) -> str:
    """Return the block that is printed at start: address, storage, tenants, and how to connect.

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


def create_endpoint(emulator: Emulator) -> DynamoDbEndpoint:
    """Return what answers requests; at log level debug it logs them."""
    if not log.isEnabledFor(logging.DEBUG):
        return DynamoDbEndpoint(emulator)
    from emulator.http.front.request_log import LoggedEndpoint  # noqa: PLC0415 - only this level needs it

    return LoggedEndpoint(emulator)


class _Server(uvicorn.Server):
    """uvicorn's server, ending with status 0 after a signal. announce: called once it serves and signals are handled."""

    def __init__(self, config: uvicorn.Config, announce: Callable[[], None]) -> None:
        super().__init__(config)
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._announce()

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
    """Serve until a signal comes; open requests are answered first.

    A worker (workers.py) does not greet the user: it writes a byte to the file `ready` when it serves, and ends when the
    file `lifeline` does.
    """
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    raise_limit()
    endpoint = create_endpoint(emulator)
    bodies = Bodies(settings.request_buffer)
    config = uvicorn.Config(
        asgi.create_app(endpoint, bodies),
        loop="auto",
        http=connection_factory(endpoint, bodies),  # type: ignore[arg-type] # called like a class, and that is all
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
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

    server = _Server(config, announce)
    gc.collect()
    gc.freeze()

    async def main() -> None:
        if lifeline is not None:
            asyncio.get_running_loop().add_reader(lifeline, server.handle_exit, signal.SIGTERM, None)
        if settings.durable and emulator.database.group_commit is not None:
            endpoint.commits = Commits(emulator.database, asyncio.get_running_loop())
        background = [asyncio.create_task(asgi.run_background(emulator, _IDLE))]
        clients = server.server_state.connections
        background.append(asyncio.create_task(return_memory(bodies, clients)))  # type: ignore[arg-type] # all are ours
        if emulator.database.owner:
            background.append(asyncio.create_task(run_functions(emulator, _IDLE)))
        if settings.kinesis_endpoint and emulator.database.owner:
            from emulator.outbound.kinesis import run_kinesis  # noqa: PLC0415 - start-up time that most never need

            background.append(asyncio.create_task(run_kinesis(emulator, settings.kinesis_endpoint, _IDLE)))
        try:
            await server.serve(sockets=listeners)
        finally:
            for task in background:
                task.cancel()
            await asyncio.gather(*background, return_exceptions=True)

    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(main())
