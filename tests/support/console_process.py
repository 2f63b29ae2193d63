"""An emulator in process whose requests are observed as in a server, and its console."""

import json
from typing import Any

from emulator.controls import registry
from emulator.http.application import create_front
from emulator.http.front.answers import Answer
from emulator.settings import Settings
from tests.support.asgi import ask
from tests.support.console import Console
from tests.support.http_clients import AUTHORIZATION
from tests.support.in_process import InProcess


class ObservedWorld(InProcess):
    """An emulator with a front. Observers see the requests of `send`, not other calls."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(Settings(in_memory=True, **settings))
        self.front = create_front(self.emulator)

    def send(self, operation: str, body: Any, key: str = "test") -> Answer:
        """Send a request that observers see; return its answer."""
        fields = {
            b"content-type": b"application/x-amz-json-1.0",
            b"x-amz-target": f"DynamoDB_20120810.{operation}".encode(),
            b"x-amz-date": b"20260101T000000Z",
            b"authorization": AUTHORIZATION.format(key=key, region="us-east-1").encode(),
        }
        return self.front.endpoint.answer("POST", b"", fields, json.dumps(body).encode())

    def control(self, name: str, **body: Any) -> Any:
        """Call a control; return its result."""
        return registry.call(self.emulator, name, body)

    def console(self) -> Console:
        """Return the console of this emulator."""

        def send(method: str, url: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
            path, _, query = url.partition("?")
            raw = [(name.encode(), value.encode()) for name, value in headers.items()]
            reply = ask(self.front.site, method, path, body, headers=raw, query_string=query.encode())
            found = {name.decode(): value.decode("latin-1") for name, value in reply.headers.items()}
            return reply.status, found, reply.body

        return Console(send)
