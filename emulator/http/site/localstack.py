"""`GET /_localstack/health`: the health check for scripts that wait for LocalStack.

The answer has LocalStack's form (docs.localstack.cloud, "Internal Endpoints"), but lists only the
services that this server has. Other paths under `/_localstack` get status 404.
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
    """Answers requests to paths under `/_localstack`."""

    def __init__(self, front: Front) -> None:
        self._answers = front.endpoint.answers

    async def answer(self, request: Request) -> Response:
        """Answer a request to a path under `/_localstack`."""
        fields = dict(request.headers.raw)
        if request.method not in ("GET", "HEAD") or request.scope["path"] != "/_localstack/health":
            return response(self._answers.make(404, NOT_FOUND, fields))
        return response(self._answers.make(200, orjson.dumps(_HEALTH), {}).typed(PLAIN_JSON))
