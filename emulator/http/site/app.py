"""The Starlette application for all paths except `/`. It mounts each group of paths."""

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount, Route, request_response
from starlette.types import ASGIApp, Receive, Scope, Send

from emulator.http.front.front import App, Front
from emulator.http.site.controls import Controls, open_console
from emulator.http.site.lambda_api import LambdaApi
from emulator.http.site.localstack import LocalStack
from emulator.http.site.observed import ObservedSite
from emulator.http.site.other_paths import OtherPaths
from emulator.http.site.page_guard import PageGuard


def create(front: Front) -> App:
    """Return the application."""
    answers = front.endpoint.answers
    guarded = [Middleware(PageGuard, answers=answers)]
    site = Starlette(
        routes=[
            Mount("/_emulator/console", _Console(front), middleware=guarded),
            *(Route(path, open_console, middleware=guarded) for path in ("/_emulator", "/_emulator/console")),
            Mount("/_emulator", request_response(Controls(front).answer), middleware=guarded),
            Mount("/_localstack", request_response(LocalStack(front).answer), middleware=guarded),
            Mount("/2015-03-31", request_response(LambdaApi(front).answer), middleware=guarded),
        ]
    )
    site.router.redirect_slashes = False
    site.router.default = request_response(OtherPaths(answers).answer)
    return ObservedSite(site, front)


class _Console:
    """The console. Its code and Jinja are imported at the first request for one of its pages."""

    def __init__(self, front: Front) -> None:
        self._front = front
        self._app: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if self._app is None:
            from emulator.http.site.console.application import Console  # noqa: PLC0415 - as the docstring says

            self._app = Console(self._front)
        await self._app(scope, receive, send)
