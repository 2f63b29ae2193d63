"""What all pages of the console share: accounts, tokens, headers, errors, notices, static files and
events.
"""

import asyncio
from urllib.parse import quote

import pytest

from emulator import errors
from emulator.controls.registry import TimedOut
from emulator.http import control_calls
from emulator.http.front.front import PeerFailed
from emulator.http.site.console import static_files, tenancy
from emulator.http.site.console.forms import BadForm, Fields
from emulator.http.site.console.registry import navigation, registered
from emulator.http.site.console.rendering import Templates
from emulator.http.site.console.tokens import Token
from emulator.http.site.console.visit import Visit
from emulator.shared_memory import SharedMemory
from emulator.slices import Sliced, finish
from storage import Full, Interrupted
from tests.support.asgi import ask, site_of
from tests.support.console import ACTING, faults, in_process
from tests.support.console_world import MARKUP
from tests.support.tables import table_request

HTML = [(b"accept", b"text/html,*/*;q=0.8")]


# --- account and region ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "acting",
    [("test", "us-east-1"), ("", "a"), ("a@b", "c@d"), ("..", ".."), ("%2F", "/"), ("é\x80", "<b>"), ("a b", "+")],
)
def test_an_account_and_region_survive_their_path(acting):
    segment = tenancy.Acting(*acting).segment
    assert tenancy.acting(segment) == acting
    assert "/" not in segment
    assert segment not in (".", "..")


@pytest.mark.parametrize("segment", ["tables", "a@", ""])
def test_other_segments_are_no_account(segment):
    assert tenancy.acting(segment) is None


def test_the_first_page_shows_the_first_account_with_tables(emulator):
    site = site_of(emulator)
    for path in ("/_emulator/", "/_emulator", "/_emulator/console"):
        assert ask(site, "GET", path, headers=HTML).headers[b"location"] == b"/_emulator/console/"
    assert ask(site, "GET", "/_emulator/console/").headers[b"location"].endswith(b"/test@us-east-1/tables")
    emulator.call("CreateTable", table_request("pk:S", TableName="Orders"), emulator.caller("b@c", "eu-west-1"))
    assert ask(site, "GET", "/_emulator/console/").headers[b"location"].endswith(b"/b%2540c@eu-west-1/tables")


@pytest.mark.parametrize("end", ["", "/"])
def test_an_account_alone_opens_its_tables(emulator, end):
    answer = ask(site_of(emulator), "GET", f"/_emulator/console/local@us-east-1{end}")
    assert answer.headers[b"location"] == b"/_emulator/console/local@us-east-1/tables"
    assert ask(site_of(emulator), "GET", f"/_emulator/console/local{end}").status == 404


def test_programs_still_get_the_list_of_calls(emulator):
    answer = ask(site_of(emulator), "GET", "/_emulator/", headers=[(b"accept", b"*/*")])
    assert (answer.status, b"GET /_emulator/clock" in answer.body) == (404, True)


def test_each_page_shows_its_account_and_acts_for_it(emulator):
    emulator.call(
        "CreateTable", table_request("pk:S", TableName="Orders"), emulator.caller("111122223333", "eu-west-1")
    )
    other = in_process(emulator, "111122223333@eu-west-1").get("tables").text
    assert "<strong>111122223333</strong>" in other
    assert "<strong>eu-west-1</strong>" in other
    assert "Orders" in other
    assert "Orders" not in in_process(emulator).get("tables").text


def test_the_accounts_with_tables_are_links(emulator):
    emulator.call("CreateTable", table_request("pk:S", TableName="Orders"), emulator.caller("<b>", "eu-west-1"))
    page = in_process(emulator).get("accounts").text
    assert "&lt;b&gt;" in page
    assert 'href="/_emulator/console/%253Cb%253E@eu-west-1/tables"' in page


@pytest.mark.parametrize("text", MARKUP, ids=range(len(MARKUP)))
def test_a_hostile_account_and_region_do_no_harm(emulator, text):
    """Any web page can link to the console with an account and a region that contain markup."""
    emulator.call("CreateTable", table_request("pk:S", TableName="Orders"), emulator.caller(text, text))
    segment = tenancy.Acting(text, text).segment
    console = in_process(emulator, segment)
    for path in ("tables", "accounts", "tables/create", "tables/Orders", "tables/Orders/code", "tables/None"):
        page = console.get(path)
        assert page.status in (200, 400)  # 400 for a region with a colon, which makes no ARN
        assert faults(page.text) == []
    console.done("tables/Orders/change/empty", confirmation="Orders")
    page = in_process(emulator).get("accounts").text
    assert faults(page) == []
    assert f"{quote(segment, safe='@')}/tables" in page


def test_the_switch_opens_another_account(emulator):
    answer = ask(site_of(emulator), "GET", "/_emulator/console/switch", query_string=b"access_key=k&region=r")
    assert answer.headers[b"location"] == b"/_emulator/console/k@r/tables"


# --- security -------------------------------------------------------------------------------------


def test_every_answer_has_the_headers_of_security(emulator):
    site = site_of(emulator)
    root = f"/_emulator/console/{ACTING}"
    for path in (
        "/_emulator/console/",
        f"{root}/tables",
        f"{root}/nothing",
        "/_emulator/console/static/console.css",
        root,
    ):
        headers = ask(site, "GET", path).headers
        assert headers[b"content-security-policy"].startswith(b"default-src 'self';")
        assert b"unsafe" not in headers[b"content-security-policy"]
        assert headers[b"x-content-type-options"] == b"nosniff"
        assert headers[b"x-frame-options"] == b"DENY"
        assert headers[b"referrer-policy"] == b"same-origin"


@pytest.mark.parametrize("token", ["", "0" * 64, "é"])
@pytest.mark.parametrize("path", [each.path for each in registered() if each.method == "POST" and "{" not in each.path])
def test_a_form_without_the_token_is_refused(console, path, token):
    console.get("tables")
    console._token = token
    answer = console.post(path)
    assert (answer.status, "no valid token" in answer.text) == (403, True)


def test_a_body_of_another_type_is_refused(console):
    answer = console.post("tables/create", {"content-type": "text/plain"})
    assert answer.status == 400


def test_workers_have_the_same_token_and_servers_have_different_ones():
    sharing = SharedMemory(2)
    assert Token(sharing).text == Token(sharing).text
    assert len({Token(sharing).text, Token(SharedMemory(2)).text, Token(None).text, Token(None).text}) == 4


def test_pages_of_other_sites_are_refused(emulator):
    site = site_of(emulator)
    for headers in (
        [(b"host", b"evil.example")],
        [(b"origin", b"http://evil.example")],
        [(b"sec-fetch-site", b"cross-site")],
    ):
        assert ask(site, "POST", f"/_emulator/console/{ACTING}/tables/create", headers=headers).status == 403


@pytest.mark.parametrize("name", ["..%2Fapplication.py", "../application.py", "none.js", "htmx.min.js.gz"])
def test_only_static_files_are_served(emulator, name):
    assert ask(site_of(emulator), "GET", f"/_emulator/console/static/{name}").status == 404


def test_static_files_are_cached_by_their_checksum(emulator):
    path, _, query = static_files.static_url("console.css").partition("?")
    found = ask(site_of(emulator), "GET", path, query_string=query.encode())
    assert (found.status, found.headers[b"content-type"]) == (200, b"text/css; charset=utf-8")
    assert found.headers[b"cache-control"] == b"public, max-age=31536000, immutable"
    assert ask(site_of(emulator), "GET", path, query_string=b"v=0").headers[b"cache-control"] == b"no-cache"


def test_a_page_has_no_faults(console):
    for path in ("tables", "tables/create", "accounts"):
        page = console.get(path)
        assert (page.status, faults(page.text)) == (200, [])
        assert page.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "html",
    [
        "<p style='color:red'></p>",
        "<script>1</script>",
        "<p onclick=a></p>",
        "<a href=http://other.example></a>",
        "<form method=post></form>",
        "<div><p></div>",
        "<p id=a></p><p id=a></p>",
    ],
)
def test_faults_are_found(html):
    assert faults(html)


# --- forms, notices, errors -----------------------------------------------------------------------


def test_fields():
    fields = Fields.parsed("a=1&a=2&b=&c=x%0D%0Ay&d= 5 ")
    assert (fields.text("a"), fields.texts("a"), fields.text("none", "-")) == ("1", ["1", "2"], "-")
    assert (fields.text("c"), fields.number("d"), fields.number("b", 7), fields.flag("b")) == ("x\ny", 5, 7, False)
    assert fields.chosen("none", ["x", "y"]) == "x"


@pytest.mark.parametrize(
    "act",
    [
        lambda fields: fields.required("b", "Name"),
        lambda fields: fields.number("a"),
        lambda _: Fields.parsed("n=9223372036854775808").number("n"),
        lambda _: Fields.parsed("n=" + "9" * 5000).number("n"),
        lambda fields: fields.chosen("a", ["y"]),
        lambda _: Fields.parsed("&".join(["a=1"] * 5001)),
    ],
)
def test_wrong_fields(act):
    with pytest.raises(BadForm):
        act(Fields.parsed("a=x&b= "))


def test_the_navigation_has_every_page_of_a_group():
    listed = {link.path for _, links in navigation() for link in links}
    assert listed == {each.path for each in registered() if each.group}
    assert {"accounts", "tables/create"}.isdisjoint(listed)


def visit_of(emulator, headers=()):
    """Return the Visit of one request to the console, in process."""
    from starlette.requests import Request

    from emulator.http.application import create_front

    scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": list(headers)}
    shared = {"navigation": navigation(), "token": "", "token_name": "_token"}
    return Visit(
        create_front(emulator),
        Templates(shared),
        Request(scope),
        tenancy.Acting("test", "us-east-1"),
        "T",
        "",
        Fields([]),
    )


def test_a_notice_is_shown_once(emulator):
    done = visit_of(emulator).done("tables", "The table <é> is gone.", view="grid")
    assert done.headers["location"] == "/_emulator/console/test@us-east-1/tables?view=grid"
    cookie = done.headers["set-cookie"]
    assert {"HttpOnly", "SameSite=strict", "Path=/_emulator/console/"} <= set(cookie.split("; "))
    sent = cookie.partition(";")[0].encode()
    page = visit_of(emulator, [(b"cookie", sent)]).show("problem.html", text="x", code="")
    finish(page.steps())
    assert "The table &lt;é&gt; is gone." in page.body.decode()
    assert page.headers["content-length"] == str(len(page.body))
    assert "Max-Age=0" in page.headers["set-cookie"]


def test_htmx_gets_a_header_instead_of_a_redirect(emulator):
    done = visit_of(emulator, [(b"hx-request", b"true")]).done("tables")
    assert (done.status_code, done.headers["hx-redirect"]) == (200, "/_emulator/console/test@us-east-1/tables")


def test_an_unknown_control_is_an_error_of_the_page(emulator):
    with pytest.raises(Exception, match="there is no control nothing"):
        asyncio.run(visit_of(emulator).control("nothing"))


@pytest.mark.parametrize("path", ["switch", "static/console.css", f"{ACTING}/tables"])
def test_too_many_fields_are_refused(emulator, path):
    answer = ask(site_of(emulator), "GET", f"/_emulator/console/{path}", query_string=b"a=&" * 5001)
    assert (answer.status, answer.headers[b"x-content-type-options"]) == (400, b"nosniff")


def test_a_failure_of_a_page_is_logged_and_shows_nothing_of_itself(emulator, console, monkeypatch, caplog):
    def fail(*_):
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(emulator.calls, "without_faults", fail)
    answer = console.get("tables")
    assert (answer.status, "secret" in answer.text, faults(answer.text)) == (500, False, [])
    assert "the page /_emulator/console/test@us-east-1/tables" in caplog.text


@pytest.mark.parametrize(
    ("error", "status", "text"),
    [
        (Full("no room"), 507, "disk"),
        (Interrupted("again"), 503, "Other processes changed the store"),
        (errors.storage_full(), 500, "disk"),
        (errors.resource_not_found(), 400, "Requested resource not found"),
    ],
    ids=["Full", "Interrupted", "ApiError 500", "ApiError 400"],
)
def test_errors_of_operations(emulator, console, monkeypatch, error, status, text):
    def fail(*_):
        raise error

    monkeypatch.setattr(emulator.calls, "without_faults", fail)
    answer = console.get("tables")
    assert (answer.status, text in answer.text, faults(answer.text)) == (status, True, []), answer.text


@pytest.mark.parametrize("error", [PeerFailed("worker 1 does not answer"), TimedOut("worker 1 does not answer", {})])
def test_errors_of_controls(emulator, console, monkeypatch, error):
    async def fail(*_):
        raise error

    monkeypatch.setattr(control_calls, "run", fail)
    answer = console.get("accounts")
    assert (answer.status, "worker 1 does not answer" in answer.text) == (503, True)


def test_answers_in_slices(emulator, console, monkeypatch):
    """The console's own requests are answered in slices. The table is deleted between two slices of
    its description.
    """

    def steps(answer):
        yield None
        if isinstance(answer, Exception):
            raise answer
        return answer

    def call(operation, *_):
        answer = b'{"TableNames":["Orders"]}' if operation == "ListTables" else errors.resource_not_found()
        raise Sliced(steps(answer))

    monkeypatch.setattr(emulator.calls, "without_faults", call)
    answer = console.get("tables")
    assert (answer.status, "Orders" in answer.text) == (200, False)
    assert console.get("tables/Orders").status == 400


def test_a_path_without_an_account(emulator):
    for path in ("tables/Orders", "none/tables", "a/b/c"):
        assert ask(site_of(emulator), "GET", f"/_emulator/console/{path}").status == 404


def test_a_failure_of_the_first_page_is_logged(emulator, monkeypatch, caplog):
    monkeypatch.setattr(emulator.database.catalog, "everything", None)
    answer = ask(site_of(emulator), "GET", "/_emulator/console/")
    assert (answer.status, b"None" in answer.body) == (500, False)
    assert "the page /_emulator/console/" in caplog.text


def test_a_failure_while_a_page_is_rendered_shows_a_problem(console, monkeypatch, caplog):
    def fail(self, template, values):
        if template == "tables/list.html":
            yield "a part"
            raise ZeroDivisionError
        yield self.render(template, values)

    monkeypatch.setattr(Templates, "pieces", fail)
    answer = console.get("tables")
    assert (answer.status, "a part" in answer.text, faults(answer.text)) == (500, False, [])
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.parametrize("path", ["tables", "requests"])
def test_the_first_page_begins_what_pages_show(emulator, path):
    console = in_process(emulator)
    console.get(path)
    assert emulator.request_log().keeps
