"""The objects that all requests of one process share, under our own server or any ASGI server."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from emulator.app import Emulator
from emulator.http.front.bodies import Bodies
from emulator.http.front.dynamodb import DynamoDbEndpoint
from emulator.http.front.outbox import Outbox
from emulator.http.front.sliced_answers import SlicedAnswers
from emulator.slices import THREAD_SWITCH

if TYPE_CHECKING:
    from emulator.http.front.commits import Commits
    from emulator.http.front.observed import ObservedEndpoint, Observer

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]


class Client(Protocol):
    """A client being served: a connection, or a request under another ASGI server."""

    @property
    def last_active(self) -> float:
        """The event loop's time when the client was last active."""
        ...


class PeerFailed(Exception):
    """Another worker process did not run a control. The message says why."""


class Peers(Protocol):
    """The other worker processes of this server (http/peers.py)."""

    async def ask(self, control: str, body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """Run a control in each of the other workers. Return a list of results, one per worker.

        Raises PeerFailed.
        """
        ...


class Front:
    """The endpoint for `/`, the application for all other paths, and the objects that both need.

    endpoint: `observe` may replace it, so read this attribute again for each request.
    observer: gets each request with its answer; None if there is no observer.
    peers: the other workers; None if this process is the only one.
    date_line: the header line with the current date. Our own server updates it every second. It is
    empty under another ASGI server, which sends this line itself.
    commits: the group commits of a durable server, while its event loop runs; else None.
    clients: the clients being served now.
    tasks: the tasks in which the site answers requests over our own connections. A server that
    stops waits for them.
    waits: tasks that wait for something that may never happen, such as calls of controls. A server
    that stops cancels them.
    """

    def __init__(self, emulator: Emulator, endpoint: DynamoDbEndpoint, load_site: Callable[["Front"], App]) -> None:
        self.emulator = emulator
        self._plain = endpoint
        self.endpoint: DynamoDbEndpoint | ObservedEndpoint = endpoint
        self.observer: Observer | None = None
        self._load_site = load_site
        self.bodies = Bodies(emulator.settings.request_buffer)
        self.sliced = SlicedAnswers()
        self.outbox = Outbox()
        self.peers: Peers | None = None
        self.commits: Commits | None = None
        self.date_line = b""
        self.clients: set[Client] = set()
        self.tasks: set[asyncio.Task[Any]] = set()
        self.waits: set[asyncio.Task[Any]] = set()
        emulator.database.sliced = True
        emulator.database.in_thread = in_thread
        endpoint.bodies = self.bodies

    def observe(self, observers: "list[Observer]") -> None:
        """From now on, report requests to these observers, in place of the earlier observers."""
        if not observers:
            self.endpoint, self.observer = self._plain, None
            return
        from emulator.http.front.observed import MeteredEndpoint, ObservedEndpoint, together  # noqa: PLC0415 - most servers need none

        self.observer = together(observers)
        enforcer = self.emulator.database.enforcer
        kind = MeteredEndpoint if enforcer.counts_units else ObservedEndpoint
        self.endpoint = kind(self._plain, self.observer, enforcer.consumed)

    @cached_property
    def site(self) -> App:
        """The application for all paths except `/`. The first use of this property loads it."""
        return self._load_site(self)


def in_thread(work: Callable[[], None]) -> Callable[[], bool]:
    """Start `work` in another thread. Return a function that returns True once `work` has ended."""
    from threading import Thread  # noqa: PLC0415 - few servers need it

    sys.setswitchinterval(THREAD_SWITCH)
    thread = Thread(target=work, daemon=True)
    thread.start()
    return lambda: not thread.is_alive()
