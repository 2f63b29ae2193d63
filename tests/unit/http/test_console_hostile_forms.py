"""Each form of the console with values that no person would type: the server must not fail."""

from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

import pytest

from emulator.http.site.console.registry import registered
from tests.support.console import faults
from tests.support.console_process import ObservedWorld
from tests.support.tables import table_request

STREAM = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
VALUES = (
    "",
    " ",
    "-1",
    "0",
    "1e999",
    "nan",
    "9" * 30,
    "1.5",
    "x" * 70_000,
    "\0\x1b\u2028",
    "[]",
    "{}",
    '{"S": 1}',
    '[{"S": "a"}, null, 1e999]',
    "null",
    "Orders",
    "<script>",
    "9999-12-31T23:59:59Z",
    "0001-01-01",
    "arn:aws:dynamodb:us-east-1:123456789012:table/Orders/stream/1",
    "arn:aws:dynamodb:us-east-1:123456789012:table/Orders/backup/01-a",
)


class Forms(HTMLParser):
    """Collects the forms of pages in `found`: path of the form's action -> names and values of its
    fields.
    """

    def __init__(self):
        super().__init__()
        self.found = {}
        self._fields = None

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag == "form" and given.get("method") == "post":
            path = unquote(urlsplit(given["action"]).path).split("/", 4)[4]
            self._fields = self.found.setdefault(path, {})
        elif self._fields is not None and given.get("name") and given["name"] != "_token":
            self._fields[given["name"]] = given.get("value") or ""

    def handle_endtag(self, tag):
        if tag == "form":
            self._fields = None


@pytest.fixture(scope="module")
def db():
    world = ObservedWorld()
    world("CreateTable", table_request("pk:S", TableName="Orders", StreamSpecification=STREAM))
    world("PutItem", TableName="Orders", Item={"pk": {"S": "a"}})
    yield world
    world.emulator.close()


@pytest.fixture(scope="module")
def forms(db):
    console = db.console()
    forms = {}
    for page in registered():
        if page.method == "GET" and "{" not in page.path:
            parser = Forms()
            parser.feed(console.get(page.path).text)
            forms |= parser.found
    return forms


def test_the_pages_have_forms(forms):
    assert len(forms) > 15


@pytest.mark.parametrize("value", VALUES, ids=lambda value: repr(value[:20]))
def test_no_form_makes_the_server_fail(db, forms, value):
    """First all fields have the value, then each field alone."""
    console = db.console()
    for path, fields in forms.items():
        tries = [dict.fromkeys(fields, value), *({**fields, name: value} for name in fields)]
        for given in tries:
            answer = console.post(path, {"hx-request": "true"}, **given)
            assert answer.status < 500, (path, given, answer.text)
            assert faults(answer.text) == []


@pytest.mark.parametrize("value", VALUES[::3], ids=lambda value: repr(value[:20]))
def test_no_query_string_makes_the_server_fail(db, value):
    console = db.console()
    names = ("arn", "shard", "after", "id", "uuid", "table", "text", "result", "accounts", "confidence", "format")
    for page in registered():
        if page.method == "GET" and "{" not in page.path and page.path != "streams/live":
            for given in (dict.fromkeys(names, value), *({name: value} for name in names)):
                assert console.get(page.path, **given).status < 500, (page.path, given)
