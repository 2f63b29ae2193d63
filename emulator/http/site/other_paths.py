"""Answers requests to unknown paths: requests for another service of AWS, and mistakes."""

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
    """Answers with an error in the form of the other service, or with 404 if there is none."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers

    async def answer(self, request: Request) -> Response:
        """Answer a request."""
        from emulator.http.front import other_services  # noqa: PLC0415 - 4 ms of the first page

        path, fields = raw_path(request.scope), dict(request.headers.raw)
        body, query = await request.body(), request.scope["query_string"]
        answer = other_services.answer(self._answers, request.method, path, query, fields, body)
        if answer is not None:
            return response(answer)
        if b"x-amz-target" in fields and self._answers.mistakes.allows(path):
            shown = printable(path.decode("latin-1"))
            log.warning("%s %s: nothing is served at this path; DynamoDB is at /", request.method, shown)
        return response(self._answers.make(404, NOT_FOUND, fields))
