"""One request for a page or action, with the data and functions that its handler needs."""

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final
from urllib.parse import quote, unquote_to_bytes, urlencode

import orjson
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from emulator.controls import registry as controls
from emulator.database.catalog.catalog import Caller
from emulator.http import control_calls
from emulator.http.front.commits import committed
from emulator.http.front.front import Front
from emulator.http.site.console.forms import Fields
from emulator.http.site.console.rendering import Rendering, Templates
from emulator.http.site.console.tenancy import ROOT, Acting
from emulator.slices import Sliced, Steps

NOTICE: Final = "console_notice"
# The maximum number of characters of a notice after an action. The browser gets the notice in a
# cookie, which has at most 4 KB.
_LONGEST_NOTICE: Final = 1000
_SEE_OTHER: Final = 303


class Visit:
    """A request for a page or action, for one account and region.

    title: the page's title.
    current: the path of the link in the navigation that is marked as the current page.
    form: the fields of a POST, empty for a GET.
    query: the fields of the query string.
    is_htmx: True if htmx wants only a part of the page.
    """

    def __init__(
        self,
        front: Front,
        templates: Templates,
        request: Request,
        acting: Acting,
        title: str,
        current: str,
        form: Fields,
    ) -> None:
        self.front = front
        self.request = request
        self.acting = acting
        self.access_key, self.region = acting
        self.title = title
        self.current = current
        self.form = form
        self.query = Fields.parsed(request.scope["query_string"].decode("latin-1"))
        # htmx sends hx-history-restore-request for the browser's button "back". It then wants a
        # whole page.
        self.is_htmx = "hx-request" in request.headers and "hx-history-restore-request" not in request.headers
        self._templates = templates

    @property
    def caller(self) -> Caller:
        """The caller with the page's access key and region."""
        return self.front.emulator.caller(self.access_key, self.region)

    @property
    def account(self) -> str:
        """The account number of the page's access key."""
        return self.front.emulator.account_of(self.access_key)

    @property
    def owner(self) -> dict[str, str]:
        """The members AccessKey and Region of the page's account, for the bodies of controls.

        With --shared-db, the value is {}: the controls then apply to all accounts.
        """
        if self.front.emulator.settings.shared_db:
            return {}
        return {"AccessKey": self.access_key, "Region": self.region}

    def owns(self, resource: Mapping[str, Any]) -> bool:
        """Return True if a resource of a control's answer belongs to the page's account and region.

        With --shared-db, this is true of all resources. resource: a dict with the members AccessKey
        and Region.
        """
        return self.owner.items() <= resource.items()

    @property
    def params(self) -> Mapping[str, str]:
        """The variable parts of the page's path: name -> value, such as table -> Orders."""
        found: Mapping[str, str] = self.request.path_params
        return found

    # --- calls ------------------------------------------------------------------------------------

    async def call(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """Call an operation of the service, and return its answer. Raises ApiError, StorageError.

        Before the call, the event loop can answer other requests. So other requests do not wait for
        a page that calls many operations.
        """
        await asyncio.sleep(0)
        text = orjson.dumps(request)

        async def make() -> bytes:
            try:
                # Without faults: fault rules are for the program under test, not for pages.
                return self.front.emulator.calls.without_faults(operation, orjson.loads(text), self.caller)
            except Sliced as sliced:
                return await self._finished(sliced.steps)

        answer: dict[str, Any] = orjson.loads(await self._committed(make))
        return answer

    async def call_functions(self, method: str, path: str, query: str = "", body: bytes = b"") -> tuple[int, Any]:
        """Call Lambda's API. Return the status and the parsed answer.

        Raises ApiError, StorageError.
        """

        async def make() -> tuple[int, Any]:
            return self.front.emulator.call_functions(method, path, query, body, self.caller)

        answer: tuple[int, Any] = await self._committed(make)
        return answer

    async def control(self, name: str, body: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        """Run a control, in all workers if the control needs it, and return its result.

        Raises the errors of the control, PeerFailed, and Unknown for an unknown control.
        """
        return await control_calls.run(self.front, controls.find(name), body or {})

    async def _committed(self, make: Any) -> Any:  # noqa: ANN401 - what `make` returns
        return await committed(self.front.commits, make, among=sys.maxsize)

    async def _finished(self, steps: Steps[bytes]) -> bytes:
        """Run all slices of an operation, and return the operation's answer."""
        made = await self.front.sliced.finish(_caught(steps))
        if isinstance(made, Exception):
            raise made
        return made

    # --- answers ----------------------------------------------------------------------------------

    def url(self, path: str, **query: object) -> str:
        """Return the URL of a page for the same account and region.

        query: the fields of the query string. A field with the value None is left out.
        """
        given = [(name, value) for name, value in query.items() if value is not None]
        return self.acting.url(path) + (f"?{urlencode(given, doseq=True)}" if given else "")

    def render(self, template: str, **values: object) -> str:
        """Return the HTML of a template."""
        return self._templates.render(template, self._values(values))

    def _values(self, values: Mapping[str, object]) -> Mapping[str, object]:
        return {"visit": self, "url": self.url, "title": self.title, **values}

    def show(self, template: str, *, status: int = 200, **values: object) -> Response:
        """Return a whole page, which shows the notice (message) of the last action, if any."""
        notice = self.request.cookies.get(NOTICE)
        text = "" if notice is None else unquote_to_bytes(notice).decode("utf-8", "replace")
        page = Rendering(self._templates.pieces(template, self._values({"notice": text, **values})), status)
        if notice is not None:
            page.delete_cookie(NOTICE, path=ROOT, httponly=True, samesite="strict")
        return page

    def fragment(self, template: str, *, status: int = 200, **values: object) -> Response:
        """Return a part of a page, for htmx."""
        return Rendering(self._templates.pieces(template, self._values(values)), status)

    def json(self, value: object) -> Response:
        """Return JSON, for a script of the console."""
        return Response(orjson.dumps(value), media_type="application/json")

    def done(self, path: str, notice: str = "", **query: object) -> Response:
        """Redirect the browser to a page after an action. notice: a sentence for that page."""
        url = self.url(path, **query)
        answer = Response(headers={"hx-redirect": url}) if self.is_htmx else RedirectResponse(url, _SEE_OTHER)
        if notice:
            text = quote(notice[:_LONGEST_NOTICE].encode("utf-8", "replace"))[: 3 * _LONGEST_NOTICE]
            answer.set_cookie(NOTICE, text, max_age=60, path=ROOT, httponly=True, samesite="strict")
        return answer

    def download(self, name: str, media_type: str, content: bytes) -> Response:
        """Return a file that the browser saves. name: must have only letters, digits and `._-`."""
        return Response(
            content, media_type=media_type, headers={"content-disposition": f'attachment; filename="{name}"'}
        )

    def downloads(self, name: str, media_type: str, chunks: AsyncIterator[bytes]) -> Response:
        """Return a file that the browser saves. Its chunks are made while they are sent."""
        from starlette.responses import StreamingResponse  # noqa: PLC0415 - few visits need it

        return StreamingResponse(
            chunks, media_type=media_type, headers={"content-disposition": f'attachment; filename="{name}"'}
        )

    def events(self, texts: AsyncIterator[str]) -> Response:
        """Return an answer with server-sent events. texts: yields the HTML of each event."""
        from emulator.http.site.console.events import EventStream  # noqa: PLC0415 - few visits need it

        return EventStream(self.front, texts)


def _caught(steps: Steps[bytes]) -> Steps[bytes | Exception]:
    """Run steps. Return their result, or the exception that they raise."""
    try:
        return (yield from steps)
    except Exception as error:  # noqa: BLE001 - the caller raises the error again
        return error
