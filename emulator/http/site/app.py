"""The Starlette application for all paths except `/`. It mounts each group of paths."""

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount, request_response

from emulator.http.front.front import App, Front
from emulator.http.site.controls import Controls
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
            Mount("/_emulator", request_response(Controls(front).answer), middleware=guarded),
            Mount("/_localstack", request_response(LocalStack(front).answer), middleware=guarded),
            Mount("/2015-03-31", request_response(LambdaApi(front).answer), middleware=guarded),
        ]
    )
    site.router.redirect_slashes = False
    site.router.default = request_response(OtherPaths(answers).answer)
    return ObservedSite(site, front)
