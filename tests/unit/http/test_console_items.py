"""The pages of items in process: queries, and the editor."""

import json
import re
from html import unescape
from urllib.parse import parse_qsl, urlsplit

import pytest

from emulator.http.site.console.rendering import Rendering
from tests.support.console import faults
from tests.support.console_orders import HTMX, ORDERS, create_orders, get, key, put


@pytest.fixture
def orders(call):
    create_orders(call)
    return ORDERS


# --- queries --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "summary"),
    [
        ({}, "<strong>Scan</strong> returned 4 of 4 scanned items"),
        ({"key-0": "a"}, "<strong>Query</strong> returned 3 of 3 scanned items"),
        ({"key-0": "a", "key-1": "2", "key-1-op": ">="}, "<strong>Query</strong> returned 2 of 2 scanned items"),
        ({"index": "by-status", "key-0": "new"}, "<strong>Query</strong> returned 2 of 2 scanned items"),
        (
            {"filter-name": "total", "filter-op": ">", "filter-type": "N", "filter-value": "10", "filter-to": ""},
            "<strong>Scan</strong> returned 2 of 4 scanned items",
        ),
    ],
)
def test_the_result_says_what_it_cost(console, orders, query, summary):
    page = console.get(orders, **query).text
    assert summary in page
    assert re.search(r"and consumed (0\.5|2\.0) read units\.", page)
    part = console.get(orders, HTMX, **query).text
    assert summary in part
    assert "<html" not in part
    assert faults(part) == []


def test_the_request_is_shown_as_programs(console, orders):
    page = console.get(orders, **{"key-0": "a'b", "order": "backward"}).text
    for part in ("client.query(", "new QueryCommand(", "aws dynamodb query", "--no-scan-index-forward"):
        assert part in page
    assert "a&#39;b" in page


def test_pages_follow_one_another(console, call, orders):
    for number in range(30):
        put(call, "c", number)
    first = console.get(orders, **{"key-0": "c", "limit": "25"}).text
    link = unescape(re.search('hx-get="([^"]*start=[^"]*)"', first)[1])
    second = console.get(orders, **dict(parse_qsl(urlsplit(link).query))).text
    assert "returned 5 of 5" in second
    assert "Next page" not in second


def test_a_large_page_is_made_in_pieces(console, call, orders, monkeypatch):
    """Other requests are answered between two pieces."""
    counts = []

    def counted(self, steps=Rendering.steps):
        counts.append(0)
        for _ in steps(self):
            counts[-1] += 1
            yield None

    monkeypatch.setattr(Rendering, "steps", counted)
    for number in range(200):
        put(call, "many", number)
    assert "returned 204 of 204" in console.get(orders, limit=250).text
    assert counts[-1] > 20


def test_views(console, orders):
    grid, plain, typed = (console.get(orders, view=view).text for view in ("grid", "json", "dynamodb"))
    assert '<td class="value type-SS">[&#34;x&#34;,&#34;y&#34;]</td>' in grid
    assert "&#34;total&#34;: 10" in plain
    assert "&#34;N&#34;: &#34;10&#34;" in typed


def test_an_item_of_an_index_can_be_edited(console, orders):
    assert 'aria-label="Edit item 1"' in console.get(orders, index="by-status").text


def test_a_projection_without_the_key_has_no_boxes(console, orders):
    page = console.get(orders, attributes="total").text
    assert "Edit item" not in page
    assert 'name="item"' not in page


@pytest.mark.parametrize(
    "query", [{"key-1": "5"}, {"key-0": "a", "key-1": "x"}, {"index": "none"}, {"start": "{}"}, {"attributes": "a..b"}]
)
def test_wrong_queries_are_problems(console, orders, query):
    answer = console.get(orders, HTMX, **query)
    assert answer.status == 400
    assert 'role="alert"' in answer.text


# --- the editor -----------------------------------------------------------------------------------


def test_an_item_is_edited(console, call, orders):
    page = console.get("tables/Orders/item", key=key("a", 1)).text
    assert "total: Number" in page
    before = get(call, "a", 1)
    shown = console.done(
        "tables/Orders/item/save", text=json.dumps(before | {"note": {"S": "<b>"}}), before=json.dumps(before)
    )
    assert "The item has been saved." in shown
    assert get(call, "a", 1)["note"] == {"S": "<b>"}


def test_the_editor_shows_the_key_first_and_one_attribute_in_a_line(console, call, orders):
    put(call, "z", 1, a={"S": "x"}, long={"L": [{"S": "y" * 50}, {"S": "z" * 50}]})
    page = console.get("tables/Orders/item", key=key("z", 1)).text
    text = unescape(page.partition('hx-swap="innerHTML">\n')[2].partition("</textarea>")[0])
    assert text.splitlines()[:5] == [
        "{",
        '  "pk": {"S":"z"},',
        '  "sk": {"N":"1"},',
        '  "a": {"S":"x"},',
        '  "long": {',
    ]
    assert json.loads(text) == get(call, "z", 1)


def test_types_survive_the_editor_for_json(console, call, orders):
    page = console.get("tables/Orders/item", key=key("b", 1), form="json").text
    assert "Item as JSON" in page
    before = get(call, "b", 1)
    fields = {"form": "json", "before": json.dumps(before)}
    console.done("tables/Orders/item/save", text='{"pk": "b", "sk": 1, "tags": ["x", "z"]}', **fields)
    assert get(call, "b", 1)["tags"] == {"SS": ["x", "z"]}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "the item is not JSON"),
        ("[]", "the item is not a JSON object"),
        ('{"pk": {"S": "a"}, "sk": {"S": "1"}}', "Type mismatch for key sk"),
        ('{"pk": {"S": "a"}}', "Missing the key sk"),
        ('{"pk": {"S": "a"}, "sk": {"N": "1"}, "n": {"N": "many"}}', "cannot be converted to a numeric value"),
        ('{"pk": {"S": "a"}, "sk": {"N": "1"}, "s": {"SS": ["x", "x"]}}', "contains duplicates"),
    ],
)
@pytest.mark.parametrize("path", ["tables/Orders/item/check", "tables/Orders/item/save"])
def test_the_editor_reports_what_the_service_refuses(console, call, orders, text, problem, path):
    answer = console.post(path, HTMX, text=text)
    assert (answer.status, problem in answer.text) == (400, True), answer.text
    assert call("Scan", TableName="Orders")["Count"] == 4


def test_a_check_saves_nothing_and_shows_types(console, call, orders):
    text = json.dumps({"pk": {"S": "new"}, "sk": {"N": "1"}, "l": {"L": []}})
    answer = console.post("tables/Orders/item/check", HTMX, text=text)
    assert "l: List" in answer.text
    assert get(call, "new", 1) is None


def test_a_new_item_does_not_replace_another(console, call, orders):
    assert "&#34;sk&#34;" in console.get("tables/Orders/item/new").text
    text = json.dumps({"pk": {"S": "a"}, "sk": {"N": "1"}})
    refused = console.post("tables/Orders/item/save", text=text)
    assert "There is an item with this key already." in refused.text
    assert "total" in get(call, "a", 1)
    console.done("tables/Orders/item/save", text=text, replace="on")
    assert "total" not in get(call, "a", 1)


def test_a_change_of_somebody_else_is_not_lost(console, call, orders):
    before = get(call, "a", 1)
    put(call, "a", 1, total={"N": "99"})
    fields = {"text": json.dumps(before | {"note": {"S": "x"}}), "before": json.dumps(before)}
    refused = console.post("tables/Orders/item/save", **fields)
    assert "The item has changed since you opened it" in refused.text
    assert get(call, "a", 1)["total"] == {"N": "99"}
    console.done("tables/Orders/item/save", **fields, replace="on")
    assert get(call, "a", 1)["note"] == {"S": "x"}


def test_another_key_is_another_item(console, call, orders):
    before = get(call, "a", 1)
    shown = console.done(
        "tables/Orders/item/save", text=json.dumps(before | {"sk": {"N": "77"}}), before=json.dumps(before)
    )
    assert "The item with the old key still exists." in shown
    assert get(call, "a", 77)["total"] == get(call, "a", 1)["total"]


def test_an_item_is_deleted(console, call, orders):
    console.done("tables/Orders/item/delete", key=key("a", 1))
    assert get(call, "a", 1) is None
    gone = console.get("tables/Orders/item", key=key("a", 1))
    assert (gone.status, "There is no item with this key." in gone.text) == (400, True)
