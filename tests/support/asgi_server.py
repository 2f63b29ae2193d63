"""Serves the ASGI application with uvicorn's own HTTP protocol: the black-box tests run on that path too.

    python -m tests.support.asgi_server --port 0 --in-memory

prints the same first lines as the command, and ends as it does.
"""

import asyncio
import contextlib
import os
import sys

import uvicorn

from emulator.app import Emulator
from emulator.cli import configure_log
from emulator.flags import settings_from
from emulator.http.front import asgi
from emulator.http.front.bodies import Bodies
from emulator.http.listen import listen
from emulator.http.server import create_endpoint, greeting


def main() -> None:
    settings = settings_from(sys.argv[1:], os.environ)
    configure_log(settings.log_level)
    emulator = Emulator(settings)
    with contextlib.ExitStack() as stack:
        listeners = [stack.enter_context(listener) for listener in listen(settings)]
        config = uvicorn.Config(
            asgi.create_app(create_endpoint(emulator), Bodies(settings.request_buffer)),
            lifespan="off",
            access_log=False,
            log_level="warning",
            server_header=False,
            date_header=True,
        )
        server = uvicorn.Server(config)
        print(
            greeting(settings, listeners[0].getsockname()[1], emulator.database.engine.description), end="", flush=True
        )

        async def serve() -> None:
            background = asyncio.create_task(asgi.run_background(emulator, 0.05))
            await server.serve(sockets=listeners)
            background.cancel()

        with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
            runner.run(serve())
    emulator.close()


if __name__ == "__main__":
    main()
