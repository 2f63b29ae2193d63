"""Each page of the console shows hostile data harmlessly, and axe finds no mistakes in it.

A new page needs a line in `OPENED` in tests/support/console_world.py.
"""

from urllib.parse import quote, urlencode

import pytest

from emulator.http.site.console.registry import registered
from tests.support.browser import COMMAND, Browser
from tests.support.browsing import AXE, axe
from tests.support.console import ACTING, faults, over_http
from tests.support.console_world import OPENED, PARTS, create_history, create_world, functions_file, given
from tests.support.http_clients import Client
from tests.support.servers import running

pytestmark = pytest.mark.skipif(COMMAND is None, reason="there is no Chromium (Debian: apt-get install chromium)")

OPENINGS = [(page, path, query) for page, opened in OPENED.items() for path, query in opened]
IDS = [f"{path}-{number}" for number, (_, path, _) in enumerate(OPENINGS)]


def test_every_page_is_opened_here():
    assert {each.path for each in registered() if each.method == "GET"} == set(OPENED)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    functions = functions_file(tmp_path_factory.mktemp("functions"))
    with running("--in-memory", "--workers", "2", "--functions", str(functions)) as started:
        client = Client(started.url)
        create_world(client)
        create_history(client, started.url)
        client.close()
        yield started.url


@pytest.fixture(scope="module")
def browser():
    opened = Browser()
    yield opened
    opened.close()


def url_of(server, path, query):
    text = urlencode(list(given(query).items()), doseq=True)
    return f"{server}/_emulator/console/{quote(ACTING, safe='@')}/{quote(path)}" + (f"?{text}" if text else "")


@pytest.mark.parametrize(("page", "path", "query"), OPENINGS, ids=IDS)
def test_a_page_shows_hostile_data_harmlessly(page, path, query, server):
    answer = over_http(server).get(path, **given(query))
    assert (answer.status, faults(answer.text)) == (200, [])


WHOLE = [opening for opening in OPENINGS if opening[0] not in PARTS]
WHOLE_IDS = [f"{path}-{number}" for number, (_, path, _) in enumerate(WHOLE)]


@pytest.mark.parametrize(("page", "path", "query"), WHOLE, ids=WHOLE_IDS)
def test_a_browser_has_no_complaints(page, path, query, server, browser):
    assert browser.open(url_of(server, path, query))
    assert browser.complaints() == []
    assert browser.run("window.hostile === undefined && !document.querySelector('main script, main img, main svg')")
    assert browser.run("performance.getEntriesByType('resource').every(each => each.name.startsWith(origin))")


@pytest.mark.skipif(not AXE.exists(), reason="no axe: make tests/clients/node_modules/.done")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("page", "path", "query"), WHOLE, ids=WHOLE_IDS)
def test_axe_reports_nothing(page, path, query, scheme, server, browser):
    browser.open(url_of(server, path, query))
    browser.run("document.querySelectorAll('details').forEach(each => { each.open = true })")
    assert axe(browser, scheme) == []


@pytest.mark.skipif(not AXE.exists(), reason="no axe: make tests/clients/node_modules/.done")
def test_axe_finds_a_fault(server, browser):
    browser.open(url_of(server, "tables/create", {}))
    browser.run("document.querySelector('label[for=field-name]').remove()")
    assert any("label" in each for each in axe(browser))


def test_the_browser_reports_an_inline_script(server, browser):
    browser.open(url_of(server, "tables", {}))
    assert browser.complaints() == []
    browser.run("document.body.append(Object.assign(document.createElement('script'), {textContent: 'hostile = 1'}))")
    assert any("Content Security Policy" in each for each in browser.complaints())
    assert browser.run("window.hostile === undefined")
