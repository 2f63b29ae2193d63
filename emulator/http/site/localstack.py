"""`GET /_localstack/health`: what scripts that wait for LocalStack read.

The shape is LocalStack's (docs.localstack.cloud, "Internal Endpoints"). Only the services that are
here are in it. Nothing else of `/_localstack` is answered.
"""

import orjson
from starlette.requests import Request
from starlette.responses import Response

from emulator.http.front.answers import PLAIN_JSON
from emulator.http.front.dynamodb import NOT_FOUND
from emulator.http.front.front import Front
from emulator.http.site.responses import response
from emulator.version import VERSION

_HEALTH = {
    "services": {"dynamodb": "running", "dynamodbstreams": "running"},
    "edition": "dynamodb-emulator",
    "version": VERSION,
}


class LocalStack:
    """Answers the paths of LocalStack's own interface."""

    def __init__(self, front: Front) -> None:
        self._answers = front.endpoint.answers

    async def answer(self, request: Request) -> Response:
        """Answer a request."""
        fields = dict(request.headers.raw)
        if request.method not in ("GET", "HEAD") or request.scope["path"] != "/_localstack/health":
            return response(self._answers.make(404, NOT_FOUND, fields))
        return response(self._answers.make(200, orjson.dumps(_HEALTH), {}).typed(PLAIN_JSON))
