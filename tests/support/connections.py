"""Our HTTP connection without sockets: the test controls its transport and event loop."""

import socket
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from emulator.app import Emulator
from emulator.database.catalog.catalog import Caller
from emulator.database.database import Database
from emulator.database.jobs import ttl_sweep
from emulator.http.front.bodies import Bodies
from emulator.http.front.connection import Connection
from emulator.http.front.dynamodb import DynamoDbEndpoint
from emulator.http.front.front import App, Front
from emulator.operations.registry import Operation
from emulator.slices import Sliced, Steps
from tests.support.http_clients import AUTHORIZATION

MOST = 1 << 20
"""The limit in bytes for the request bodies of all connections of a test together."""


class Transport:
    """A transport that records the calls of the connection.

    unsent: bytes that the client has not read. socket: the connection's socket, or None.
    when_written: called after each write.
    """

    def __init__(self) -> None:
        self.written = b""
        self.unsent = 0
        self.closed = self.aborted = False
        self.reading = True
        self.socket: socket.socket | None = None
        self.when_written: Callable[[], object] = lambda: None

    def write(self, data: bytes) -> None:
        assert not self.closed, "something was written after closing"
        self.written += data
        self.when_written()

    def get_write_buffer_size(self) -> int:
        return self.unsent

    def close(self) -> None:
        assert not self.closed
        self.closed = True

    def abort(self) -> None:
        self.closed = self.aborted = True

    def is_closing(self) -> bool:
        return self.closed

    def get_extra_info(self, name: str) -> Any:
        return {"sockname": ("127.0.0.1", 8000), "peername": ("127.0.0.1", 9999), "socket": self.socket}[name]

    def pause_reading(self) -> None:
        assert not self.closed
        self.reading = False

    def resume_reading(self) -> None:
        assert not self.closed
        self.reading = True


class Loop:
    """An event loop with a manual clock and at most one timer. `end_turn` ends an iteration."""

    def __init__(self) -> None:
        self.now = 0.0
        self.timer: Any = None
        self.soon: list[Callable[[], object]] = []

    def time(self) -> float:
        return self.now

    def call_later(self, delay: float, call: Callable[[], object]) -> Any:
        self.timer = SimpleNamespace(due=self.now + delay, call=call, cancel=self.cancel)
        return self.timer

    def cancel(self) -> None:
        self.timer = None

    def call_soon(self, call: Callable[[], object]) -> None:
        self.soon.append(call)

    def end_turn(self) -> None:
        """Run the functions that were given to `call_soon`."""
        calls, self.soon = self.soon, []
        for call in calls:
            call()

    def advance(self, seconds: float) -> None:
        """Move the clock; run the timers that expire."""
        self.now += seconds
        while self.timer is not None and self.timer.due <= self.now:
            timer, self.timer = self.timer, None
            timer.call()


class Line:
    """A connection with its transport, event loop and front.

    beside: another `Line`, whose loop and front this connection uses too.
    site: the ASGI application for all paths except `/`.
    loop: a real event loop; a connection with a site needs one.
    """

    def __init__(
        self, emulator: Emulator, beside: "Line | None" = None, site: App | None = None, loop: Any = None
    ) -> None:
        self.transport = Transport()
        if beside is None:
            self.loop: Any = loop or Loop()
            self.front = front_of(emulator, site)
            self.front.date_line = b"date: Thu, 01 Jan 2026 00:00:00 GMT\r\n"
        else:
            self.loop, self.front = beside.loop, beside.front
        transport: Any = self.transport
        self.connection = Connection(self.front, self.loop)
        self.connection.connection_made(transport)

    def feed(self, data: bytes, size: int | None = None) -> None:
        """Send bytes to the connection, in pieces of `size` bytes if it is given."""
        for start in range(0, len(data), size or len(data)):
            self.connection.data_received(data[start : start + (size or len(data))])

    def answers(self) -> list[tuple[int, dict[str, str], bytes]]:
        """Return (status, headers, body) of each answer that the connection has written."""
        parsed, rest = [], self.transport.written
        while rest:
            head, _, rest = rest.partition(b"\r\n\r\n")
            status, *lines = head.decode().split("\r\n")
            headers = dict(line.split(": ", 1) for line in lines)
            length = int(headers.get("content-length", 0))
            parsed.append((int(status.split()[1]), headers, rest[:length]))
            rest = rest[length:]
        return parsed


def front_of(emulator: Emulator, site: App | None = None) -> Front:
    """Return a front, which several connections of a test may share."""

    def load_site(_front: Front) -> App:
        assert site is not None, "the test has no application for other paths"
        return site

    front = Front(emulator, DynamoDbEndpoint(emulator), load_site)
    front.bodies = Bodies(MOST)
    return front


def sweep_by_scan(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace Scan with a TTL sweep in slices, so that a request can write in several slices.

    The answer is `{"Deleted": number of items}`.
    """
    run = Operation.run

    def sliced(operation: Operation, database: Database, caller: Caller, raw: object) -> Any:
        if operation.name != "Scan":
            return run(operation, database, caller, raw)
        raise Sliced(sweep(database))

    def sweep(database: Database) -> Steps[bytes]:
        deleted = yield from ttl_sweep.sweep(database, ttl_sweep.tables(database))
        return b'{"Deleted":%d}' % deleted.total()

    monkeypatch.setattr(Operation, "run", sliced)


def request(
    body: bytes = b"{}",
    *more: str,
    method: str = "POST",
    version: str = "1.1",
    length: bool = True,
    operation: str = "ListTables",
) -> bytes:
    """Return the bytes of a request, by default of ListTables. more: additional header lines."""
    lines = [
        f"{method} / HTTP/{version}",
        "Host: localhost",
        "Content-Type: application/x-amz-json-1.0",
        f"X-Amz-Target: DynamoDB_20120810.{operation}",
        "X-Amz-Date: 20260101T000000Z",
        "Authorization: " + AUTHORIZATION.format(key="test", region="us-east-1"),
        *([f"Content-Length: {len(body)}"] if length else []),
        *more,
        "",
        "",
    ]
    return "\r\n".join(lines).encode() + body
