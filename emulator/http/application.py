"""The whole server as one ASGI application: DynamoDB's path, the site, and a lifespan.

`create` makes this application for any ASGI server:

    uvicorn --factory emulator.http.application:create

The ASGI lifespan opens the store, runs the background work (lifespan.py) and closes the store.
Under a server that does not support lifespans, the first request opens the store, and no background
work runs between requests.
"""

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import cache, partial
from typing import TYPE_CHECKING

from emulator.app import Emulator
from emulator.controls.body import BadDeclaration
from emulator.http import lifespan
from emulator.http.front import asgi
from emulator.http.front.dynamodb import DynamoDbEndpoint
from emulator.http.front.front import App, Front, Message, Receive, Send
from emulator.http.initial import load_initial
from emulator.http.listen import ServeError
from emulator.http.observing.wanted import keeping_wanted, observers_wanted
from emulator.log_output import configure_log, set_levels
from emulator.settings import Settings
from storage import StorageError

if TYPE_CHECKING:
    from emulator.http.observing.request_log import RequestLog

log = logging.getLogger("emulator")


class Application:
    """An ASGI application for an emulator.

    emulator: returns a context manager that opens the emulator, and closes it at the end.
    """

    def __init__(self, emulator: Callable[[], AbstractContextManager[Emulator]]) -> None:
        self._emulator = emulator
        self._opened = ExitStack()
        self._front: Front | None = None

    def open(self) -> Front:
        """Open the emulator unless it is already open. Return its front.

        Raises ServeError, StorageError, BadDeclaration, BadConfiguration.
        """
        if self._front is None:
            self._front = create_front(self._opened.enter_context(self._emulator()))
        return self._front

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer a request, or run the lifespan. Ignore other kinds of connections (WebSocket)."""
        if scope["type"] == "http":
            if self._front is None:
                log.warning("the ASGI server does not support lifespans, so no background work runs between requests")
            await asgi.answer(self.open(), scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._lifespan(receive, send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            front = self.open()
        except (ServeError, StorageError, BadDeclaration, _bad_configuration()) as error:
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        try:
            async with lifespan.running(front):
                await send({"type": "lifespan.startup.complete"})
                await receive()
        finally:
            self._front = None
            self._opened.close()
        await send({"type": "lifespan.shutdown.complete"})


def create(settings: Settings | None = None) -> Application:
    """Return an application for any ASGI server.

    settings: None to read them from the environment. The application ignores `--host`, `--port`,
    `--workers`, `--ready-file` and similar settings, because the ASGI server decides these.
    `--log-level` and `--log-requests` have the same effect as in our own server. If the program has
    already configured logging, its configuration stays.
    """
    if settings is None:
        from emulator.flags import configuration  # noqa: PLC0415 - start-up time

        settings, warnings = configuration((), os.environ)
        for warning in warnings:
            log.warning("%s", warning)
    set_levels(settings.log_level, requests=settings.log_requests)
    if settings.log_requests and not log.hasHandlers():
        configure_log(settings.log_level, settings.log_format, requests=True)
    return Application(lambda: opened(settings))


@contextmanager
def opened(settings: Settings) -> Iterator[Emulator]:
    """Yield a new emulator, and close it at the end.

    The emulator claims its data folder, if it has one, so that no other server uses it. Raises
    ServeError, StorageError, BadDeclaration, BadConfiguration.
    """
    if settings.functions:
        from emulator.outbound.function_check import check_functions  # noqa: PLC0415 - most servers have no functions

        check_functions(settings.functions)
    with ExitStack() as stack:
        if settings.folder is not None:
            from storage.data_folder import claimed  # noqa: PLC0415 - start-up time

            stack.enter_context(claimed(settings.folder))
        emulator = Emulator(settings)
        stack.callback(emulator.close)
        load_initial(emulator)
        yield emulator


def create_front(emulator: Emulator) -> Front:
    """Return the front of an emulator. Turn on the observers that the settings ask for."""
    front = Front(emulator, DynamoDbEndpoint(emulator), _load_site)
    emulator.request_log = cache(partial(_load_request_log, front))
    sharing = emulator.sharing
    emulator.calls.start_faults(emulator.settings)
    shared = sharing is not None and (sharing.keeps_requests or sharing.counts_requests or sharing.advises)
    if shared or observers_wanted(emulator.settings):
        emulator.request_log()
    return front


def _load_request_log(front: Front) -> "RequestLog":
    """Return a new RequestLog for a front. Import it only here, because few servers need it."""
    from emulator.http.observing.request_log import RequestLog  # noqa: PLC0415 - as the docstring says

    sharing, settings = front.emulator.sharing, front.emulator.settings
    if sharing is None:
        return RequestLog(front, 0, keep=keeping_wanted(settings), advise=settings.advise)
    log = RequestLog(front, sharing.worker_index, keep=sharing.keeps_requests, advise=sharing.advises)
    if sharing.counts_requests:
        log.meter(on=True)
    return log


def _load_site(front: Front) -> App:
    """Return the application for all paths except `/`.

    Starlette takes 25 ms to import, so it is imported at the first request for such a path.
    """
    from emulator.http.site import app  # noqa: PLC0415 - as the docstring says

    return app.create(front)


def _bad_configuration() -> type[Exception]:
    """Return the type of the exception for a wrong --functions file.

    The import of its module takes a fiftieth of the start-up time. So the module is imported only
    if the start fails.
    """
    from emulator.event_sources.configuration import BadConfiguration  # noqa: PLC0415 - as the docstring says

    return BadConfiguration
