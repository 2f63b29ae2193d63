"""The console as an ASGI application: routes, headers, checks of form tokens, and error pages."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route, Router
from starlette.types import Receive, Scope, Send

from emulator import errors
from emulator.controls import accounts
from emulator.controls.body import BadDeclaration
from emulator.controls.registry import TimedOut, find
from emulator.errors import ApiError
from emulator.http.control_calls import run
from emulator.http.front.failures import log_failure
from emulator.http.front.front import Front, PeerFailed
from emulator.http.site.console.forms import BadForm, Fields
from emulator.http.site.console.registry import Page, at_first_page_functions, navigation, registered
from emulator.http.site.console.rendering import Rendering, Templates
from emulator.http.site.console.static_files import static_response
from emulator.http.site.console.tenancy import DEFAULT, Acting, acting
from emulator.http.site.console.tokens import FIELD, Token
from emulator.http.site.console.visit import Visit
from emulator.slices import Steps
from storage import Full, Interrupted

log = logging.getLogger("emulator")

_POLICY: Final = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
_HEADERS: Final = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    # With `no-referrer`, browsers would send forms with `Origin: null`. page_guard.py refuses such
    # forms.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
_FORM: Final = "application/x-www-form-urlencoded"
_LARGE: Final = 1 << 18  # characters; a form of this length takes about 5 ms to parse
_SEE_OTHER: Final = 303
_BAD: Final = 400
_FORBIDDEN: Final = 403
_NOT_FOUND: Final = 404
_FAILED: Final = 500
_NO_ROOM: Final = 507  # the status Insufficient Storage
_BUSY: Final = 503  # the status Service Unavailable

Endpoint = Callable[[Request], Awaitable[Response]]


class Console:
    """Answers all requests below `/_emulator/console/`."""

    def __init__(self, front: Front) -> None:
        self._front = front
        self._token = Token(front.emulator.sharing)
        self._templates = Templates({"navigation": navigation(), "token": self._token.text, "token_name": FIELD})
        self._begun = False
        # The paths of the pages that show counts (the group Insight). The functions registered with
        # `at_first_page` begin to count, so they must run before the first of these pages is made.
        self._insight = {each.path for each in registered() if each.group == "Insight"}
        routes = [
            Route(f"/{{acting}}/{each.path}", self._endpoint(each), methods=[each.method]) for each in registered()
        ]
        self._router = Router(
            [
                Route("/", _plain(self._first)),
                Route("/switch", _plain(_switch)),
                Route("/static/{name}", _plain(_static)),
                Route("/{acting}", _plain(_first_of_account)),
                Route("/{acting}/", _plain(_first_of_account)),
                *routes,
            ],
            redirect_slashes=False,
            default=self._missing,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request for a page or action of the console."""
        await self._router(scope, receive, send)

    async def _missing(self, scope: Scope, receive: Receive, send: Send) -> None:
        await _secured(PlainTextResponse("There is no such page.", _NOT_FOUND))(scope, receive, send)

    async def _first(self, _request: Request) -> Response:
        """Redirect to the list of tables of the first account that has tables."""
        known = (await run(self._front, find(accounts.NAME), {}))["Accounts"]
        found = Acting(known[0]["AccessKey"], known[0]["Region"]) if known else DEFAULT
        return _tables_of(found)

    def _endpoint(self, page: Page) -> Endpoint:
        async def answer(request: Request) -> Response:
            return _secured(await self._answer(page, request))

        return answer

    async def _answer(self, page: Page, request: Request) -> Response:
        found = acting(request.path_params["acting"])
        if found is None:
            return PlainTextResponse("There is no such page.", _NOT_FOUND)
        try:
            form = await _form(request) if page.method == "POST" else Fields([])
            visit = Visit(self._front, self._templates, request, found, page.title, page.parent, form)
        except BadForm as error:
            return PlainTextResponse(str(error), _BAD)
        if page.method == "POST" and not self._token.accepts(form.text(FIELD)):
            text = "The form has no valid token. Reload the page: the server has started again."
            return await self._rendered(_problem(visit, text, _FORBIDDEN))
        first, self._begun = not self._begun, True
        collects = page.parent in self._insight
        try:
            if first and collects:
                await _begin(visit)
            answer = await self._rendered(await page.handler(visit))
        except Exception as error:  # noqa: BLE001 - the error becomes an answer
            answer = await self._rendered(_failed(visit, error))
        if first and not collects:
            answer.background = BackgroundTask(_begin, visit)
        return answer

    async def _rendered(self, answer: Response) -> Response:
        """Make the HTML of an answer in slices, so that other requests are answered in between."""
        if isinstance(answer, Rendering):
            failure = await self._front.sliced.finish(_steps(answer))
            if failure is not None:
                raise failure
        return answer


def _steps(page: Rendering) -> Steps[Exception | None]:
    """Make the HTML of a page, in steps. If a step raises an exception, return it, else None."""
    try:
        yield from page.steps()
    except Exception as error:  # noqa: BLE001 - the caller raises the error again
        return error
    return None


async def _begin(visit: Visit) -> None:
    """Run the functions that were registered with `at_first_page`.

    The functions take 15 ms. So they usually run after the first page was sent. But if this page
    shows counts, they run before it is made.
    """
    try:
        for begin in at_first_page_functions():
            await begin(visit)
    except Exception as error:  # noqa: BLE001 - the error is logged
        log_failure("the console's work at its first page", error)


def _failed(visit: Visit, error: Exception) -> Response:
    """Return the page for an error. An unexpected error gets status 500 and is logged."""
    match error:
        case BadForm() | BadDeclaration():
            return _problem(visit, str(error), _BAD)
        case ApiError():
            if error.status >= _FAILED:
                log_failure(f"the page {visit.request.url.path}", error)
            return _problem(visit, error.message or error.code, error.status, error.code)
        case Full():
            return _problem(visit, errors.storage_full().message or "", _NO_ROOM)
        case TimedOut() | PeerFailed():
            return _problem(visit, str(error), _BUSY)
        case Interrupted():
            return _problem(visit, "Other processes changed the store during this request. Send it again.", _BUSY)
    log_failure(f"the page {visit.request.url.path}", error)
    return _problem(visit, "The page failed. The server's log has the reason.", _FAILED)


def _problem(visit: Visit, text: str, status: int, code: str = "") -> Response:
    show = visit.fragment if visit.is_htmx else visit.show
    return show("problem_part.html" if visit.is_htmx else "problem.html", status=status, text=text, code=code)


async def _form(request: Request) -> Fields:
    """Return the fields of a form. Raises BadForm for another content type or too many fields.

    Another thread parses a large form, so that this thread can answer other requests meanwhile.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    body = await request.body()
    if kind != _FORM:
        raise BadForm(f"Send the form with the content type {_FORM}.")
    text = body.decode("latin-1")
    return await asyncio.to_thread(Fields.parsed, text) if len(text) > _LARGE else Fields.parsed(text)


def _secured(answer: Response) -> Response:
    """Add the security headers and `cache-control` to an answer, and return it."""
    for name, value in _HEADERS.items():
        answer.headers[name] = value
    if "cache-control" not in answer.headers:
        answer.headers["cache-control"] = "no-store"
    return answer


def _plain(answer: Endpoint) -> Endpoint:
    """Wrap an endpoint that shows no page of the console. Its errors become plain text."""

    async def answered(request: Request) -> Response:
        try:
            return _secured(await answer(request))
        except BadForm as error:
            return _secured(PlainTextResponse(str(error), _BAD))
        except Exception as error:  # noqa: BLE001 - the error is logged
            log_failure(f"the page {request.url.path}", error)
            return _secured(PlainTextResponse("The page failed. The server's log has the reason.", _FAILED))

    return answered


def _tables_of(found: Acting) -> Response:
    return RedirectResponse(found.url("tables"), _SEE_OTHER)


async def _first_of_account(request: Request) -> Response:
    found = acting(request.path_params["acting"])
    return PlainTextResponse("There is no such page.", _NOT_FOUND) if found is None else _tables_of(found)


async def _switch(request: Request) -> Response:
    """Redirect to the list of tables of the account and region in the query string."""
    given = _query(request)
    return _tables_of(Acting(given.text("access_key", DEFAULT.access_key), given.text("region") or DEFAULT.region))


async def _static(request: Request) -> Response:
    found = static_response(request.path_params["name"], _query(request).text("v"))
    return found or PlainTextResponse("There is no such file.", _NOT_FOUND)


def _query(request: Request) -> Fields:
    return Fields.parsed(request.scope["query_string"].decode("latin-1"))
