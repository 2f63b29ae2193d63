"""Logs a line for each request of the site, at log level debug (front/request_log.py)."""

from time import perf_counter

from emulator.http.front.answers import Answer
from emulator.http.front.asgi import raw_path
from emulator.http.front.front import App, Message, Receive, Send
from emulator.http.front.request_log import log_request


class LoggedSite:
    """An ASGI application that logs the answers of another one."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer a request."""
        begun = perf_counter()
        request, head, body, status = b"", b"", b"", 0

        async def receive_noted() -> Message:
            nonlocal request
            message = await receive()
            request += message.get("body", b"")
            return message

        async def send_noted(message: Message) -> None:
            nonlocal head, body, status
            if message["type"] == "http.response.start":
                status = message["status"]
                head = b"".join(b"%b: %b\r\n" % header for header in message["headers"])
            else:
                body += message.get("body", b"")
            await send(message)

        try:
            await self._app(scope, receive_noted, send_noted)
        finally:
            if status:
                answer = Answer(status, head, body)
                log_request(answer, begun, scope["method"], raw_path(scope), dict(scope["headers"]), request)
