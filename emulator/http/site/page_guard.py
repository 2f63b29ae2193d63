"""Middleware that refuses requests from web pages of other sites to paths without authentication.

`http/front/origins.py` has the rules.
"""

import logging

import orjson
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from emulator.escaping import printable
from emulator.http.front.answers import PLAIN_JSON, Answer, Answers, Fields, Header, echoed, preflight
from emulator.http.front.asgi import raw_path, send_answer

log = logging.getLogger("emulator")

_FORBIDDEN = 403


class PageGuard:
    """Refuses requests of web pages that may not use this server.

    If a page may use this server, the answer gets CORS header lines, so that the page can read it.
    """

    def __init__(self, app: ASGIApp, answers: Answers) -> None:
        self._app = app
        self._answers = answers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse a request, or pass it on to the application."""
        fields: Fields = dict(scope["headers"])
        method = scope["method"]
        why = self._answers.page_rules.refusal(method, fields, scope.get("server"))
        if why is not None:
            await send_answer(send, self._refusal(method, raw_path(scope), fields, why))
            return
        origin = fields.get(b"origin")
        if origin is None:
            await self._app(scope, receive, send)
        elif method == "OPTIONS":
            await send_answer(send, self._answers.make(200, b"", {}).with_lines(echoed(origin) + preflight(fields)))
        else:
            await self._app(scope, receive, _readable(send, origin))

    def _refusal(self, method: str, path: bytes, fields: Fields, why: str) -> Answer:
        if self._answers.refusals.allows((fields.get(b"host"), fields.get(b"origin"))):
            log.warning("%s %s was refused: %s", method, printable(path.decode("latin-1")), why)
        answer = self._answers.make(_FORBIDDEN, orjson.dumps({"message": why}), {}).typed(PLAIN_JSON)
        return answer.with_lines(b"x-amzn-errortype: AccessDeniedException\r\n")


def _readable(send: Send, origin: bytes) -> Send:
    """Return a `send` that adds CORS header lines, so that a web page can read the answer.

    origin: the origin of this web page.
    """
    lines: list[Header] = Answer(0, echoed(origin), b"").headers

    async def send_readable(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], *lines]}
        await send(message)

    return send_readable
