"""The server as an ASGI application: `uvicorn dynamodb_emulator.asgi:app`.

Importing this module puts the server's packages on the module path of the process. The application
takes its settings from environment variables. Its ASGI lifespan opens and closes the database.
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
    """Answer one request, or handle the start and the end of the server (ASGI's lifespan)."""
    await _application()(scope, receive, send)


@cache
def _application() -> Callable[[_Message, _Receive, _Send], Awaitable[None]]:
    """Return the application. The first call creates it, so that importing `app` is fast."""
    from emulator.http.application import create  # noqa: PLC0415 - as the docstring says

    return create()
