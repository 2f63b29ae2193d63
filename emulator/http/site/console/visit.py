"""One request for a page: what its handler knows and calls, and how it answers."""

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
_LONGEST_NOTICE: Final = 1000  # characters; a cookie has at most 4 KB
_SEE_OTHER: Final = 303


class Visit:
    """A request for a page, for one account and region.

    title: of the page. current: the path of the link in the navigation to which it belongs.
    form: the fields of a POST, empty for a GET. query: the fields of the query string.
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
        # For the button "back", htmx asks for a whole page.
        self.is_htmx = "hx-request" in request.headers and "hx-history-restore-request" not in request.headers
        self._templates = templates

    @property
    def caller(self) -> Caller:
        """The caller for which the page acts."""
        return self.front.emulator.caller(self.access_key, self.region)

    @property
    def account(self) -> str:
        """The number of the account."""
        return self.front.emulator.account_of(self.access_key)

    @property
    def owner(self) -> dict[str, str]:
        """The members with which controls select the account and region; {} with --shared-db."""
        if self.front.emulator.settings.shared_db:
            return {}
        return {"AccessKey": self.access_key, "Region": self.region}

    def owns(self, resource: Mapping[str, Any]) -> bool:
        """Return whether a resource with AccessKey and Region belongs to the account and region."""
        return self.owner.items() <= resource.items()

    @property
    def params(self) -> Mapping[str, str]:
        """The variable parts of the page's path."""
        found: Mapping[str, str] = self.request.path_params
        return found

    # --- calls ------------------------------------------------------------------------------------

    async def call(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """Call an operation of the service; return its answer. Raises ApiError, StorageError.

        Other requests have their turn before the call, so a page may call many operations.
        """
        await asyncio.sleep(0)
        text = orjson.dumps(request)

        async def make() -> bytes:
            try:
                # Rules of faults are for the program under test. Pages must show tables anyway.
                return self.front.emulator.calls.without_faults(operation, orjson.loads(text), self.caller)
            except Sliced as sliced:
                return await self._finished(sliced.steps)

        answer: dict[str, Any] = orjson.loads(await self._committed(make))
        return answer

    async def call_functions(self, method: str, path: str, query: str = "", body: bytes = b"") -> tuple[int, Any]:
        """Call Lambda's API; return status and JSON. Raises ApiError, StorageError."""

        async def make() -> tuple[int, Any]:
            return self.front.emulator.call_functions(method, path, query, body, self.caller)

        answer: tuple[int, Any] = await self._committed(make)
        return answer

    async def control(self, name: str, body: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        """Run a control, in all workers if need be. Raises its errors, PeerFailed and Unknown."""
        return await control_calls.run(self.front, controls.find(name), body or {})

    async def _committed(self, make: Any) -> Any:  # noqa: ANN401 - what `make` returns
        return await committed(self.front.commits, make, among=sys.maxsize)

    async def _finished(self, steps: Steps[bytes]) -> bytes:
        """Run the slices of an answer."""
        made = await self.front.sliced.finish(_caught(steps))
        if isinstance(made, Exception):
            raise made
        return made

    # --- answers ----------------------------------------------------------------------------------

    def url(self, path: str, **query: object) -> str:
        """Return the URL of a page for the same account and region. Values None are left out."""
        given = [(name, value) for name, value in query.items() if value is not None]
        return self.acting.url(path) + (f"?{urlencode(given, doseq=True)}" if given else "")

    def render(self, template: str, **values: object) -> str:
        """Return the HTML of a template."""
        return self._templates.render(template, self._values(values))

    def _values(self, values: Mapping[str, object]) -> Mapping[str, object]:
        return {"visit": self, "url": self.url, "title": self.title, **values}

    def show(self, template: str, *, status: int = 200, **values: object) -> Response:
        """Return a whole page. It shows the notice of the action before it, once."""
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
        """Let the browser open a page after an action. notice: a sentence that the page shows."""
        url = self.url(path, **query)
        answer = Response(headers={"hx-redirect": url}) if self.is_htmx else RedirectResponse(url, _SEE_OTHER)
        if notice:
            text = quote(notice[:_LONGEST_NOTICE].encode("utf-8", "replace"))[: 3 * _LONGEST_NOTICE]
            answer.set_cookie(NOTICE, text, max_age=60, path=ROOT, httponly=True, samesite="strict")
        return answer

    def download(self, name: str, media_type: str, content: bytes) -> Response:
        """Return a file that the browser saves. name: letters, digits and `._-`."""
        return Response(
            content, media_type=media_type, headers={"content-disposition": f'attachment; filename="{name}"'}
        )

    def downloads(self, name: str, media_type: str, chunks: AsyncIterator[bytes]) -> Response:
        """Return a file that is made while the browser saves it."""
        from starlette.responses import StreamingResponse  # noqa: PLC0415 - few visits need it

        return StreamingResponse(
            chunks, media_type=media_type, headers={"content-disposition": f'attachment; filename="{name}"'}
        )

    def events(self, texts: AsyncIterator[str]) -> Response:
        """Return server-sent events, each with the HTML that an iterator yields."""
        from emulator.http.site.console.events import EventStream  # noqa: PLC0415 - few visits need it

        return EventStream(self.front, texts)


def _caught(steps: Steps[bytes]) -> Steps[bytes | Exception]:
    """Run steps; return their result, or the exception that they raise."""
    try:
        return (yield from steps)
    except Exception as error:  # noqa: BLE001 - is raised again by the caller
        return error
