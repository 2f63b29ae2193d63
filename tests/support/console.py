"""Opens pages of the console without a browser, and finds mistakes in their HTML."""

import http.client
import re
from collections.abc import Callable
from html.parser import HTMLParser
from http.cookies import SimpleCookie
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode, urlsplit

from emulator.app import Emulator
from tests.support.asgi import ask, site_of

ACTING = "test@us-east-1"
_TOKEN = re.compile(r'name="_token" value="([0-9a-f]{64})"')
_FORM = "application/x-www-form-urlencoded"

Send = Callable[[str, str, dict[str, str], bytes], tuple[int, dict[str, str], bytes]]
"""Sends method, path, headers and body; returns status, headers and body."""


class Page(NamedTuple):
    """The console's answer to one request."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def location(self) -> str:
        """The path of the page that follows, relative to the root of the account and region."""
        url = self.headers.get("location") or self.headers["hx-redirect"]
        return url.split("/", 4)[4]


class Console:
    """Opens pages and sends forms like a browser, for one account and region."""

    def __init__(self, send: Send, acting: str = ACTING) -> None:
        self._send = send
        self._root = f"/_emulator/console/{quote(acting, safe='@')}/"
        self._cookies: dict[str, str] = {}
        self._token: str | None = None

    def get(self, path: str, headers: dict[str, str] | None = None, **query: Any) -> Page:
        """Open a page."""
        text = urlencode([each for each in query.items() if each[1] is not None], doseq=True)
        return self._answer("GET", self._root + quote(path) + (f"?{text}" if text else ""), headers or {}, b"")

    def shown(self, path: str, **query: Any) -> str:
        """Open a page, which must succeed and have no faults; return its HTML."""
        page = self.get(path, **query)
        assert (page.status, faults(page.text)) == (200, [])
        return page.text

    def post(self, path: str, headers: dict[str, str] | None = None, **fields: Any) -> Page:
        """Send a form with the token that the console expects."""
        if self._token is None:
            found = _TOKEN.search(self.get("tables/create").text)
            assert found, "the form has no token"
            self._token = found[1]
        body = urlencode([("_token", self._token), *fields.items()], doseq=True).encode()
        return self._answer("POST", self._root + quote(path), {"content-type": _FORM, **(headers or {})}, body)

    def done(self, path: str, **fields: Any) -> str:
        """Send a form that must succeed; return the HTML of the page that follows."""
        answer = self.post(path, **fields)
        assert answer.status == 303, (answer.status, answer.text)
        following = self._answer("GET", answer.headers["location"], {}, b"")
        assert following.status == 200, following.text
        return following.text

    def _answer(self, method: str, url: str, headers: dict[str, str], body: bytes) -> Page:
        if self._cookies:
            headers = {**headers, "cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items())}
        status, received, answer = self._send(method, url, headers, body)
        for name, morsel in SimpleCookie(received.get("set-cookie", "")).items():
            if morsel["max-age"] == "0":
                self._cookies.pop(name, None)
            else:
                self._cookies[name] = morsel.value
        return Page(status, received, answer)


def in_process(emulator: Emulator, acting: str = ACTING) -> Console:
    """Return the console of an emulator in this process."""
    site = site_of(emulator)

    def send(method: str, url: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        parts = urlsplit(url)
        raw = [(name.encode(), value.encode()) for name, value in headers.items()]
        # From this version on, Starlette streams an answer without waiting for a disconnect too.
        version = {"version": "3.0", "spec_version": "2.4"}
        reply = ask(site, method, parts.path, body, headers=raw, query_string=parts.query.encode(), asgi=version)
        return (
            reply.status,
            {name.decode(): value.decode("latin-1") for name, value in reply.headers.items()},
            reply.body,
        )

    return Console(send, acting)


def over_http(url: str, acting: str = ACTING) -> Console:
    """Return the console of a server.

    Each request opens a new connection, so each worker process answers some of them.
    """
    netloc = urlsplit(url).netloc

    def send(method: str, url: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection(netloc, timeout=60)
        connection.request(method, url, body, headers)
        response = connection.getresponse()
        received = {name.lower(): value for name, value in response.getheaders()}
        answer = response.status, received, response.read()
        connection.close()
        return answer

    return Console(send, acting)


_DOCUMENTATION = "https://docs.aws.amazon.com/"  # the only other site to which a page may link
_EMPTY = frozenset(("br", "col", "hr", "img", "input", "link", "meta"))


class _Faults(HTMLParser):
    """Collects mistakes in HTML, such as inline scripts and forms without a token."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._open: list[str] = []
        self._ids: set[str] = set()
        self._token = True  # False while a form with method post is open and had no token so far

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag not in _EMPTY:
            self._open.append(tag)
        if "style" in given or tag == "style" or (tag == "script" and "src" not in given):
            self.found.append(f"an inline style or script in {tag}")
        self.found += [f"{name} in {tag}" for name in given if name.startswith(("on", "hx-on", "hx-vals"))]
        for name in ("src", "href", "action", "hx-get", "hx-post"):
            if name in given and not given[name].startswith(("/", "#", _DOCUMENTATION)):
                self.found.append(f"{name}={given[name]}")
        if "id" in given:
            if given["id"] in self._ids:
                self.found.append(f"the id {given['id']} twice")
            self._ids.add(given["id"])
        if tag == "form":
            self._token = given.get("method") != "post"
        self._token = self._token or given.get("name") == "_token"

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _EMPTY:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop() != tag:
            self.found.append(f"a wrong end of {tag}")
        if tag == "form" and not self._token:
            self.found.append("a form without a token")


def faults(html: str) -> list[str]:
    """Return a text for each mistake in the HTML of a page, or of a part of a page."""
    checker = _Faults()
    checker.feed(html)
    checker.close()
    return checker.found
