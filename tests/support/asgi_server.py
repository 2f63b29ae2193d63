"""Serves the ASGI application with plain uvicorn, for tests.

    python -m tests.support.asgi_server --port 0 --in-memory

prints the same first lines as the command `dynamodb-emulator`, and stops in the same way. The
application's lifespan runs the background work. The black-box tests run on this server too.
"""

import contextlib
import os
import sys

import uvicorn

from emulator.flags import settings_from
from emulator.http import application
from emulator.http.announcement import greeting
from emulator.http.listen import listen
from emulator.log_output import configure_log


def main() -> None:
    settings = settings_from(sys.argv[1:], os.environ)
    configure_log(settings.log_level, settings.log_format, requests=settings.log_requests)
    with contextlib.ExitStack() as stack:
        listeners = [stack.enter_context(listener) for listener in listen(settings)]
        config = uvicorn.Config(application.create(settings), log_level="warning", server_header=False)
        print(greeting(settings, listeners[0].getsockname()[1], "that of the settings"), end="", flush=True)
        uvicorn.Server(config).run(sockets=listeners)


if __name__ == "__main__":
    main()
