"""What web pages in a real browser can do to a server on the same machine.

emulator/http/front/origins.py decides what they can do.

Foreign pages come from a second server, on another port and under names that resolve to 127.0.0.1.
One name resolves to the emulator. That is DNS rebinding: the browser treats the emulator as the
server of the page.
"""

import json
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest

from tests.support.browser import COMMAND, Browser
from tests.support.http_clients import AUTHORIZATION
from tests.support.servers import running

pytestmark = pytest.mark.skipif(COMMAND is None, reason="there is no Chromium (Debian: apt-get install chromium)")

YEAR = '{"Advance": 31540000}'
CLOCK = "/_emulator/clock"
MAPPINGS = "/2015-03-31/event-source-mappings"


class Pages(BaseHTTPRequestHandler):
    """Serves an empty page at every path."""

    def do_GET(self):
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>page</title><body></body>")

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def pages():
    """The port of a server that serves foreign pages."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def server():
    """The port of a server with default options."""
    with running("--in-memory") as started:
        yield urlsplit(started.url).port


@pytest.fixture(scope="module")
def listing(pages):
    """The port of a server whose options allow one foreign origin and one more host name."""
    with running("--in-memory", "--cors", f"http://listed.example:{pages}", "--allowed-host", "db.example") as started:
        yield urlsplit(started.url).port


@pytest.fixture(scope="module")
def browser():
    opened = Browser("*.example")
    yield opened
    opened.close()


def offset(port):
    """Return how many seconds the emulator's clock is ahead of the machine's."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{CLOCK}") as response:
        return json.loads(response.read())["Offset"]


def fetch(url, body=None, headers=None, **options):
    """Return a script that sends a request. Its result is "status type body", or the error."""
    options = {"method": "POST" if body is not None else "GET", "headers": headers or {}, **options}
    if body is not None:
        options["body"] = body
    return (
        f"fetch({json.dumps(url)}, {json.dumps(options)})"
        ".then(async answer => `${answer.status} ${answer.type} ${await answer.text()}`, error => String(error))"
    )


def attacks(url):
    """Return scripts that send a POST in different ways, with and without a preflight request."""
    json_type = {"content-type": "application/json"}
    return (
        fetch(url, YEAR, mode="no-cors"),
        fetch(url, YEAR, {"content-type": "text/plain"}),
        fetch(url, YEAR, json_type),
        fetch(url, YEAR, credentials="include", mode="no-cors", referrerPolicy="no-referrer"),
        f"navigator.sendBeacon({json.dumps(url)}, {json.dumps(YEAR)}) && 'sent'",
    )


def submit(url):
    """Return a script that submits a form. The body of its request is JSON: {"a=": 1}."""
    return f"""(() => {{
        document.body.innerHTML = '<form method="post" enctype="text/plain"><input></form>'
        const form = document.forms[0], input = form.firstChild
        form.action = {json.dumps(url)}
        input.name = '{{"a'
        input.value = '": 1}}'
        form.submit()
    }})()"""


@pytest.mark.parametrize(
    "page", ["http://evil.example:{pages}", "http://localhost:{pages}", "http://127.0.0.1:{pages}"]
)
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_foreign_pages_cannot_move_the_clock(browser, server, pages, page, host):
    target = f"http://{host}:{server}"
    browser.open(page.format(pages=pages))
    for script in attacks(target + CLOCK):
        answer = browser.run(script)
        assert answer in ("0 opaque ", "TypeError: Failed to fetch", "sent")
    assert browser.run(fetch(target + CLOCK)) == "TypeError: Failed to fetch"
    shown = browser.after(lambda: browser.run(submit(target + CLOCK)))
    assert f"--cors {page.format(pages=pages)}" in shown
    assert offset(server) == 0


def test_foreign_pages_cannot_use_the_lambda_api(browser, server, pages):
    browser.open(f"http://evil.example:{pages}")
    url = f"http://127.0.0.1:{server}{MAPPINGS}/?X-Amz-Credential=k/1/us-east-1/lambda/aws4_request&X-Amz-Algorithm=a"
    for script in attacks(url):
        assert browser.run(script) in ("0 opaque ", "TypeError: Failed to fetch", "sent")
    shown = browser.after(lambda: browser.run(submit(url)))
    assert "--cors http://evil.example" in shown


def test_a_page_without_an_origin_can_do_nothing(browser, server):
    browser.open("data:text/html,<body></body>")
    assert browser.run("origin") == "null"
    for script in attacks(f"http://127.0.0.1:{server}{CLOCK}"):
        assert browser.run(script) in ("0 opaque ", "TypeError: Failed to fetch", "sent")
    assert offset(server) == 0


def test_a_rebound_name_can_do_nothing(browser, server):
    """For the browser, the page has the server's origin, so only the server can refuse it."""
    assert "--allowed-host rebound.example" in browser.open(f"http://rebound.example:{server}{CLOCK}")
    assert browser.run("origin") == f"http://rebound.example:{server}"
    for script in attacks(CLOCK)[:4]:
        answer = browser.run(script)
        assert answer.startswith("403 basic ")
        assert "--allowed-host rebound.example" in answer
    assert browser.run(fetch(CLOCK)).startswith("403 basic ")
    assert offset(server) == 0


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "console.localhost"])
def test_pages_of_this_server_can_do_everything(browser, server, host):
    assert json.loads(browser.open(f"http://{host}:{server}{CLOCK}"))["Offset"] == 0
    for body in ('{"Offset": 3600}', '{"Offset": 0}'):
        answer = browser.run(fetch(CLOCK, body, {"content-type": "application/json"}))
        assert answer.startswith("200 basic ")
        assert offset(server) == json.loads(body)["Offset"]
    assert browser.run(fetch(CLOCK)).startswith("200 basic ")
    assert browser.run(fetch(MAPPINGS)).startswith("403 basic {"), "the request is not signed"


def test_links_to_the_protected_paths_work(browser, server, pages):
    browser.open(f"http://evil.example:{pages}")
    url = f"http://127.0.0.1:{server}{CLOCK}"
    shown = browser.after(lambda: browser.run(f"location.href = {json.dumps(url)}"))
    assert json.loads(shown)["Offset"] == 0


LIST_TABLES = {
    "content-type": "application/x-amz-json-1.0",
    "x-amz-target": "DynamoDB_20120810.ListTables",
    "x-amz-date": "20260101T000000Z",
    "authorization": AUTHORIZATION.format(key="test", region="us-east-1"),
}
REQUEST_ID = ".then(answer => answer.headers.get('x-amzn-requestid').length)"


def test_every_page_can_use_the_dynamodb_api(browser, server, pages):
    for page in (f"http://evil.example:{pages}", f"http://localhost:{pages}", f"http://localhost:{server}{CLOCK}"):
        browser.open(page)
        url = f"http://127.0.0.1:{server}/"
        assert browser.run(fetch(url, "{}", LIST_TABLES)) == '200 cors {"TableNames":[]}'
        options = json.dumps({"method": "POST", "headers": LIST_TABLES, "body": "{}"})
        assert browser.run(f"fetch({json.dumps(url)}, {options}){REQUEST_ID}") == 52


def test_a_listed_page_can_do_everything(browser, listing, pages):
    url = f"http://127.0.0.1:{listing}"
    browser.open(f"http://listed.example:{pages}")
    assert browser.run(fetch(url, "{}", LIST_TABLES)) == '200 cors {"TableNames":[]}'
    for body in ('{"Offset": 3600}', '{"Offset": 0}'):
        answer = browser.run(fetch(url + CLOCK, body, {"content-type": "application/json"}))
        assert answer.startswith("200 cors ")
        assert offset(listing) == json.loads(body)["Offset"]


def test_a_page_that_is_not_listed_is_refused_everything(browser, listing, pages):
    url = f"http://127.0.0.1:{listing}"
    browser.open(f"http://evil.example:{pages}")
    assert browser.run(fetch(url, "{}", LIST_TABLES)) == "TypeError: Failed to fetch"
    for script in attacks(url + CLOCK):
        assert browser.run(script) in ("0 opaque ", "TypeError: Failed to fetch", "sent")
    assert offset(listing) == 0


def test_a_page_under_an_allowed_name(browser, listing):
    browser.open(f"http://db.example:{listing}{CLOCK}")
    for body in ('{"Offset": 3600}', '{"Offset": 0}'):
        assert browser.run(fetch(CLOCK, body)).startswith("200 basic ")
        assert offset(listing) == json.loads(body)["Offset"]
