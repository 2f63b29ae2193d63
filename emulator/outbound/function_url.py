"""Invokes functions by URL: sends one HTTP/1.1 request for each invocation, on the event loop."""

import asyncio
import ssl
from typing import Final
from urllib.parse import urlsplit

import httptools
import orjson

from emulator.event_sources.delivery import Invocation
from emulator.event_sources.outcomes import Outcome
from emulator.limits import MIB

# The maximum number of bytes of an answer. On Lambda, a function's answer may have 6 MB.
_ANSWER: Final = 16 * MIB
_CHUNK: Final = 1 << 16
_TOO_MANY_REQUESTS: Final = 429


class UrlFunction:
    """A function that an HTTP server runs at a URL."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        assert parts.hostname is not None, "the URL of a function must have a host"
        self._host = parts.hostname
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None
        self._port = parts.port or (443 if self._tls else 80)
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        self._head = (
            f"POST {target} HTTP/1.1\r\nhost: {parts.netloc.rpartition('@')[2]}\r\n"
            "content-type: application/json\r\nconnection: close\r\n"
        ).encode()

    async def invoke(self, invocation: Invocation) -> Outcome:
        """Invoke the function. Return an Outcome, also for an error of the network."""
        try:
            reader, writer = await asyncio.open_connection(self._host, self._port, ssl=self._tls)
        except OSError as error:
            return Outcome("unreachable", detail=str(error))
        answer = _Answer()
        try:
            length = len(invocation.payload)
            head = b"x-amzn-requestid: %b\r\ncontent-length: %d\r\n\r\n" % (invocation.id.encode(), length)
            writer.write(self._head + head + invocation.payload)
            while not answer.complete and (data := await reader.read(_CHUNK)):
                answer.feed(data)
        except (OSError, httptools.HttpParserError) as error:
            return Outcome("failed", detail=f"{self._host}:{self._port}: {error}", status=502)
        finally:
            writer.close()
        return answer.outcome()

    async def close(self) -> None:
        """Do nothing: no connection stays open."""


class _Answer:
    """Parses an HTTP response that arrives in parts, and converts it to an Outcome."""

    def __init__(self) -> None:
        self.complete = False
        self._fields: dict[bytes, bytes] = {}
        self._body = bytearray()
        self._parser = httptools.HttpResponseParser(self)

    def feed(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._fields[name.lower()] = value

    def on_body(self, body: bytes) -> None:
        self._body += body
        if len(self._body) > _ANSWER:
            raise OSError(f"the response has more than {_ANSWER // MIB} MiB")

    def on_message_complete(self) -> None:
        self.complete = True

    def outcome(self) -> Outcome:
        """Return the outcome of the invocation, after the response or the connection has ended.

        A response without a length is complete when the connection ends.
        """
        if not self._fields and not self.complete:
            return Outcome("failed", detail="the server closed the connection without a response", status=502)
        status = self._parser.get_status_code()
        body = bytes(self._body)
        detail = f"HTTP status {status}: {body[:500].decode(errors='replace')}"
        # Status 429 means that Lambda has throttled the invocation, and the function did not run.
        if status == _TOO_MANY_REQUESTS:
            return Outcome("unreachable", detail=detail)
        if not 200 <= status < 300 or b"x-amz-function-error" in self._fields or _is_error(body):  # noqa: PLR2004
            return Outcome("failed", body, detail, status)
        return Outcome("answered", body, status=status)


def _is_error(body: bytes) -> bool:
    """Return True if a response body is an error of a function. Lambda sends it with status 200."""
    if b'"errorType"' not in body:
        return False
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError:
        return False
    return isinstance(parsed, dict) and "errorType" in parsed and "errorMessage" in parsed
