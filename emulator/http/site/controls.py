"""Serves the controls (emulator/controls) and metrics over HTTP, under `/_emulator/`.

Calls of controls need no credentials. An empty body means `{}`. In a GET, the fields of the query
string become members of the body, with texts as values. If the client closes the connection, a
control that is registered with `ends_with_client` is cancelled. All other controls run to their
end.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, Final

import orjson
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from emulator import errors
from emulator.controls import registry
from emulator.controls.body import BadDeclaration
from emulator.controls.registry import Control, Result, TimedOut
from emulator.errors import ApiError
from emulator.http.control_calls import run
from emulator.http.front.answers import PLAIN_JSON
from emulator.http.front.failures import log_failure
from emulator.http.front.front import Front, PeerFailed
from emulator.http.site.responses import response
from storage import Full, Interrupted

_PREFIX: Final = "/_emulator/"
_CONSOLE: Final = "/_emulator/console/"
_METRICS: Final = ("GET", "metrics")
_OK: Final = 200
_TIMED_OUT: Final = 408  # the status Request Timeout
_BUSY: Final = 503  # the status Service Unavailable
_NO_ROOM: Final = 507  # the status Insufficient Storage


def wants_page(request: Request) -> bool:
    """Return True if a browser wants to open a page, so that the answer must be HTML."""
    return request.method in ("GET", "HEAD") and "text/html" in request.headers.get("accept", "")


def open_console() -> Response:
    """Return a redirect to the console."""
    return RedirectResponse(_CONSOLE, 303)


class Controls:
    """Answers the HTTP calls of controls, and `GET /_emulator/metrics`."""

    def __init__(self, front: Front) -> None:
        self._front = front

    async def answer(self, request: Request) -> Response:
        """Answer the call of a control, or a request for metrics."""
        method, path = request.method, request.scope["path"]
        name = path.removeprefix(request.scope["root_path"]).removeprefix("/")
        if not name and wants_page(request):
            return open_console()
        try:
            if (method, name) == _METRICS:
                return await self._metrics(request)
            status, body = await self._call(method, name, request)
        except Exception as error:  # noqa: BLE001 - the error is logged
            log_failure(f"{method} {path}", error)
            return response(self._front.endpoint.failed(error))
        # The content type is application/json, because browsers show JSON as text. If a browser
        # does not know the content type, it saves the answer in a file instead.
        return response(self._front.endpoint.answers.make(status, body, {}).typed(PLAIN_JSON))

    async def _metrics(self, request: Request) -> Response:
        """Answer with the counters in the text format of Prometheus."""
        status, body = await self._call("GET", "counters", request)
        answers = self._front.endpoint.answers
        if status != _OK:
            return response(answers.make(status, body, {}).typed(PLAIN_JSON))
        try:
            from emulator.http.site import metrics  # noqa: PLC0415 - an extra, and few servers need it
        except ModuleNotFoundError:
            missing = "this call needs prometheus-client: pip install 'dynamodb-emulator[metrics]'"
            return response(answers.make(400, _message(missing), {}).typed(PLAIN_JSON))

        text = metrics.exposition(orjson.loads(body), self._front.emulator.uptime.seconds())
        return response(answers.make(status, text, {}).typed(metrics.CONTENT_TYPE))

    async def _call(self, method: str, name: str, request: Request) -> tuple[int, bytes]:
        """Run the control that a request calls. Return the status and body of the answer."""
        text = await request.body()
        calls = registry.by_call()
        control = calls.get((method, name))
        if control is None:
            known = ", ".join(f"{each.method} {_PREFIX}{each.path}" for each in sorted(calls.values(), key=_by_path))
            return 404, _message(f"there is no such call; there are: {known}")
        try:
            body = orjson.loads(text or b"{}")
        except orjson.JSONDecodeError:
            return 400, _message("the body is not JSON")
        if not isinstance(body, dict):
            return 400, _message("the body must be a JSON object")
        if method == "GET":
            body = {**request.query_params, **body}
        try:
            running = run(self._front, control, body)
            if control.ends_with_client:
                running = self._while_wanted(request, running)
            return 200, orjson.dumps(await running)
        except BadDeclaration as error:
            return 400, _message(str(error))
        except _Stopped:
            return _BUSY, _message("the call has ended early: the client has disconnected, or the server stops")
        except TimedOut as error:
            return _TIMED_OUT, orjson.dumps({"message": str(error), "LastSeen": error.seen})
        except Interrupted as error:
            log_failure(f"{method} {_PREFIX}{name}", error)
            return _BUSY, _message("other processes changed the store during this call: send it again")
        except PeerFailed as error:
            log_failure(f"{method} {_PREFIX}{name}", error)
            return _BUSY, _message(str(error))
        except Full:  # the commit failed, because the disk is full
            return _NO_ROOM, _message(errors.storage_full().message)
        except ApiError as error:
            if not isinstance(error.__cause__, Full):
                raise
            return _NO_ROOM, _message(error.message)

    async def _while_wanted(self, request: Request, running: Coroutine[Any, Any, Result]) -> Result:
        """Wait for a control, and return its result.

        If its client closes the connection, or if the server stops, cancel the control and raise
        _Stopped.
        """
        waits = self._front.waits
        work = asyncio.create_task(running)
        disconnect = asyncio.create_task(_disconnected(request))
        waits.add(work)
        try:
            await asyncio.wait((work, disconnect), return_when=asyncio.FIRST_COMPLETED)
            if not work.done() or work.cancelled():
                raise _Stopped
            return work.result()
        finally:
            waits.discard(work)
            work.cancel()
            disconnect.cancel()


class _Stopped(Exception):
    """A control was cancelled, because its client has closed the connection or the server stops."""


async def _disconnected(request: Request) -> None:
    """Wait until the client has closed the connection."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _by_path(control: Control) -> tuple[str, str]:
    return control.path, control.method


def _message(text: str | None) -> bytes:
    return orjson.dumps({"message": text})
