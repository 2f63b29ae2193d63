"""Builds the Starlette application for all paths except `/`. Each group of paths is one `Mount`."""

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.routing import Mount, Route, request_response
from starlette.types import ASGIApp, Receive, Scope, Send

from emulator.http.front.front import App, Front
from emulator.http.site.controls import Controls, open_console, wants_page
from emulator.http.site.lambda_api import LambdaApi
from emulator.http.site.localstack import LocalStack
from emulator.http.site.observed import ObservedSite
from emulator.http.site.other_paths import OtherPaths
from emulator.http.site.page_guard import PageGuard


def create(front: Front) -> App:
    """Return the Starlette application. It also reports each request to the front's observers."""
    answers = front.endpoint.answers
    guarded = [Middleware(PageGuard, answers=answers)]
    others = request_response(OtherPaths(answers).answer)
    site = Starlette(
        routes=[
            Mount("/_emulator/console", _Console(front), middleware=guarded),
            *(Route(path, _WithoutSlash(others)) for path in ("/_emulator", "/_emulator/console")),
            Mount("/_emulator", request_response(Controls(front).answer), middleware=guarded),
            Mount("/_localstack", request_response(LocalStack(front).answer), middleware=guarded),
            Mount("/2015-03-31", request_response(LambdaApi(front).answer), middleware=guarded),
        ]
    )
    site.router.redirect_slashes = False
    site.router.default = others
    return ObservedSite(site, front)


class _WithoutSlash:
    """Answers `/_emulator` and `/_emulator/console`, which lack the final slash.

    A browser is redirected to the console. Programs get the answer for an unknown path.
    """

    def __init__(self, others: ASGIApp) -> None:
        self._others = others

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Redirect a browser to the console. Answer other clients as for an unknown path."""
        answer = open_console() if wants_page(Request(scope)) else self._others
        await answer(scope, receive, send)


class _Console:
    """Passes requests to the console. The first request imports the console's code and Jinja."""

    def __init__(self, front: Front) -> None:
        self._front = front
        self._app: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the console answer a request."""
        if self._app is None:
            from emulator.http.site.console.application import Console  # noqa: PLC0415 - as the docstring says

            self._app = Console(self._front)
        await self._app(scope, receive, send)
