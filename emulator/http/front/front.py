"""What all requests of one process share, from our own sockets or from another ASGI server."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from emulator.app import Emulator
from emulator.http.front.bodies import Bodies
from emulator.http.front.dynamodb import DynamoDbEndpoint
from emulator.http.front.outbox import Outbox
from emulator.http.front.sliced_answers import SlicedAnswers

if TYPE_CHECKING:
    from emulator.http.front.commits import Commits

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]


class Client(Protocol):
    """Somebody who is being served: a connection, or a request under another server."""

    @property
    def last_active(self) -> float:
        """The loop's time when the client was last active."""
        ...


class Front:
    """The endpoint for `/`, the application for every other path, and what both need.

    commits: set while the event loop of a durable server runs. clients: those being served now.
    waits: the calls that wait for something that may never come. A server that stops cancels them.
    """

    def __init__(self, emulator: Emulator, endpoint: DynamoDbEndpoint, load_site: Callable[["Front"], App]) -> None:
        self.emulator = emulator
        self.endpoint = endpoint
        self._load_site = load_site
        self.bodies = Bodies(emulator.settings.request_buffer)
        self.sliced = SlicedAnswers()
        self.outbox = Outbox()
        self.commits: Commits | None = None
        self.clients: set[Client] = set()
        self.waits: set[asyncio.Task[Any]] = set()
        emulator.database.sliced = True
        endpoint.bodies = self.bodies

    @cached_property
    def site(self) -> App:
        """The application for every path but `/`, loaded at its first request."""
        return self._load_site(self)
