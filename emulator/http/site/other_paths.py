"""Answers requests to unknown paths, such as requests for another AWS service."""

import logging

from starlette.requests import Request
from starlette.responses import Response

from emulator.escaping import printable
from emulator.http.front.answers import Answers
from emulator.http.front.asgi import raw_path
from emulator.http.front.dynamodb import NOT_FOUND
from emulator.http.site.responses import response

log = logging.getLogger("emulator")


class OtherPaths:
    """Answers requests for other AWS services with an error, and other requests with 404."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers

    async def answer(self, request: Request) -> Response:
        """Answer a request to an unknown path."""
        from emulator.http.front import other_services  # noqa: PLC0415 - keeps the first page fast: saves 4 ms

        path, fields = raw_path(request.scope), dict(request.headers.raw)
        body, query = await request.body(), request.scope["query_string"]
        answer = other_services.answer(self._answers, request.method, path, query, fields, body)
        if answer is not None:
            return response(answer)
        if b"x-amz-target" in fields and self._answers.mistakes.allows(path):
            shown = printable(path.decode("latin-1"))
            log.warning("%s %s: unknown path; send requests for DynamoDB to the path /", request.method, shown)
        return response(self._answers.make(404, NOT_FOUND, fields))
