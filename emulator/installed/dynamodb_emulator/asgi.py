"""The server as an ASGI application: `uvicorn dynamodb_emulator.asgi:app`.

Importing this module puts the server's packages on the module path of the process. The application
takes its settings from the environment, and opens its database with the first message it gets.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from functools import cache
from typing import Any

from dynamodb_emulator._path import add_server

add_server()

_Message = MutableMapping[str, Any]
_Receive = Callable[[], Awaitable[_Message]]
_Send = Callable[[_Message], Awaitable[None]]


async def app(scope: _Message, receive: _Receive, send: _Send) -> None:
    """Answer one request, or handle the lifespan of the server."""
    await _application()(scope, receive, send)


@cache
def _application() -> Callable[[_Message, _Receive, _Send], Awaitable[None]]:
    """Return the application. It is created at first use, so importing `app` costs little."""
    import os  # noqa: PLC0415

    from emulator.app import Emulator  # noqa: PLC0415
    from emulator.flags import settings_from  # noqa: PLC0415
    from emulator.http.front.asgi import create_app  # noqa: PLC0415
    from emulator.http.front.bodies import Bodies  # noqa: PLC0415
    from emulator.http.server import create_endpoint  # noqa: PLC0415

    settings = settings_from([], os.environ)
    return create_app(create_endpoint(Emulator(settings)), Bodies(settings.request_buffer))
