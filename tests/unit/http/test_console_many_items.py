"""Changes of many items in process: previews, imports and exports, and item collections."""

import csv
import io
import json
from contextlib import suppress

import pytest

from emulator.app import Emulator
from emulator.errors import ApiError
from emulator.http.site.console.pages import transfer
from emulator.http.site.console.visit import Visit
from emulator.settings import Settings
from storage import Full
from tests.support.console import faults, in_process
from tests.support.console_orders import HTMX, ORDERS, create_orders, get, key, put
from tests.support.console_world import MARKUP
from tests.support.tables import table_request


@pytest.fixture
def orders(call):
    create_orders(call)
    return ORDERS


# --- many items -----------------------------------------------------------------------------------


def test_a_preview_shows_the_items_and_changes_nothing(console, call, orders):
    fields = {"item": [key("a", 1), key("a", 9)], "change": "delete"}
    part = console.post("tables/Orders/bulk", HTMX, **fields).text
    assert "Each of these items will be deleted. 1 checked item is gone." in part
    assert faults(part) == []
    page = console.post("tables/Orders/bulk", **fields)
    assert (page.status, faults(page.text)) == (200, [])
    assert get(call, "a", 1)


def test_many_items_are_deleted(console, call, orders):
    for number in range(60):
        put(call, "many", number)
    fields = {"item": [key("many", number) for number in range(60)], "change": "delete"}
    assert "60 items have been deleted." in console.done("tables/Orders/bulk/apply", **fields)
    assert call("Scan", TableName="Orders")["Count"] == 4
    again = {"item": [key("many", 1), key("many", 2), key("a", 1)], "change": "delete"}
    assert "1 item has been deleted. 2 were gone." in console.done("tables/Orders/bulk/apply", **again)


def test_an_attribute_is_set_and_removed(console, call, orders):
    items = [key("a", 1), key("a", 2), key("a", 9)]
    fields = {"item": items, "change": "set", "attribute": "select", "type": "S", "value": "<x>"}
    assert "Each of these items will get select" in console.post("tables/Orders/bulk", HTMX, **fields).text
    assert "2 items have changed. 1 was gone." in console.done("tables/Orders/bulk/apply", **fields)
    assert [get(call, "a", number).get("select") for number in (1, 2, 3)] == [{"S": "<x>"}, {"S": "<x>"}, None]
    assert get(call, "a", 9) is None
    console.done("tables/Orders/bulk/apply", item=items[:1], change="remove", attribute="select")
    assert "select" not in get(call, "a", 1)


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"change": "delete"}, "Check the items"),
        ({"change": "delete", "item": ["{}"] * 1001}, "One change can have 1,000 items"),
        ({"change": "set", "item": key("a", 1)}, "Write the name of the attribute"),
        (
            {"change": "set", "item": key("a", 1), "attribute": "a", "type": "BOOL", "value": "x"},
            "neither true nor false",
        ),
        ({"change": "other", "item": key("a", 1)}, "change must be one of these"),
        ({"change": "delete", "item": "x"}, "the key is not JSON"),
    ],
)
@pytest.mark.parametrize("path", ["bulk", "bulk/apply"])
def test_wrong_changes(console, orders, fields, problem, path):
    answer = console.post(f"tables/Orders/{path}", HTMX, **fields)
    assert (answer.status, problem in answer.text) == (400, True), answer.text


def test_a_failed_update_says_how_many_have_changed(console, call, orders):
    fields = {"item": [key("a", 1), key("a", 2)], "change": "set", "attribute": "total.x", "value": "1"}
    answer = console.post("tables/Orders/bulk/apply", **fields)
    assert "0 items have changed. Then a request failed: The document path" in answer.text


# --- import, export -------------------------------------------------------------------------------


def test_the_page_for_imports_and_exports(console, orders):
    page = console.get("tables/Orders/transfer").text
    assert "Each file has all 4 items." in page


def test_an_export_of_several_pages(console, call, orders, monkeypatch):
    monkeypatch.setattr(transfer, "_PAGE", 3)
    assert len(json.loads(console.get("tables/Orders/export").body)) == 4


def test_exports_have_all_items(console, call, orders):
    plain = json.loads(console.get("tables/Orders/export", format="json").body)
    typed = json.loads(console.get("tables/Orders/export", format="dynamodb").body)
    page = console.get("tables/Orders/export", format="csv")
    rows = list(csv.DictReader(io.StringIO(page.text)))
    assert page.headers["content-disposition"] == 'attachment; filename="Orders.csv"'
    assert (len(plain), len(typed), len(rows)) == (4, 4, 4)
    assert {"pk": "a", "sk": 2, "status": "new", "total": 20, "data": "AAE="} in plain
    assert get(call, "a", 2) in typed
    assert rows[0].keys() == {"pk", "sk", "status", "total", "data", "tags"}


def test_an_empty_table_is_exported(console, call):
    call("CreateTable", **table_request("pk:S", TableName="Empty"))
    assert json.loads(console.get("tables/Empty/export").body) == []
    assert console.get("tables/Empty/export", format="csv").text == "pk\n"


@pytest.mark.parametrize("form", ["json", "dynamodb", "csv"])
def test_an_export_can_be_imported(console, call, orders, form):
    text = console.get("tables/Orders/export", format=form).text
    before = get(call, "a", 2)
    call("DeleteItem", TableName="Orders", Key=json.loads(key("a", 2)))
    shown = console.done("tables/Orders/import", content=text, format="csv" if form == "csv" else "json")
    assert "4 items have been imported." in shown
    expected = {"json": before | {"data": {"S": "AAE="}}, "dynamodb": before}
    expected["csv"] = expected["json"] | {"total": {"S": "20"}}
    assert get(call, "a", 2) == expected[form]


@pytest.mark.parametrize(
    "text",
    [
        '{"pk": "n", "sk": 1}\n{"pk": "n", "sk": 2}',
        '[{"pk": "n", "sk": 1}, {"pk": "n", "sk": 1.0, "again": true}, {"pk": "n", "sk": 2}]',
        '{"Items": [{"pk": {"S": "n"}, "sk": {"N": "1"}}, {"pk": {"S": "n"}, "sk": {"N": "2"}}], "Count": 2}',
        '{"Item": {"pk": {"S": "n"}, "sk": {"N": "1"}}}\n{"Item": {"pk": {"S": "n"}, "sk": {"N": "2"}}}',
    ],
)
def test_json_in_each_form(console, call, orders, text):
    console.done("tables/Orders/import", content=text)
    assert (get(call, "n", 1) is not None, get(call, "n", 2) is not None) == (True, True)


def test_a_large_text_is_imported(console, call, orders):
    lines = "\n".join(json.dumps({"pk": "n", "sk": number, "text": "x" * 20_000}) for number in range(30))
    assert "30 items have been imported." in console.done("tables/Orders/import", content=lines)


def test_an_export_keeps_all_digits_and_the_types_of_keys(console, call):
    call("CreateTable", **table_request("pk:B sk:N", TableName="Digits"))
    numbers = ["123456789012345678", "0.12345678901234567890123", "-1", "1" + "0" * 37]
    for at, number in enumerate(numbers):
        item = {
            "pk": {"B": "AAE="},
            "sk": {"N": str(123456789012345670 + at)},
            "n": {"N": number},
            "l": {"L": [{"N": number}]},
        }
        call("PutItem", TableName="Digits", Item=item)
    before = call("Scan", TableName="Digits")["Items"]
    text = console.get("tables/Digits/export", format="json").text
    assert '"n":123456789012345678' in text
    assert "123456789012345678" in console.get("tables/Digits/items", view="json").text
    console.done("tables/Digits/change/empty", confirmation="Digits")
    console.done("tables/Digits/import", content=text)
    assert call("Scan", TableName="Digits")["Items"] == before


@pytest.mark.parametrize(("content", "form"), [('{"pk": "n", "sk": 1}', "json"), ("pk,sk\nn,1", "csv")])
def test_a_byte_order_mark_is_skipped(console, call, orders, content, form):
    console.done("tables/Orders/import", content=f"\ufeff{content}", format=form)
    assert get(call, "n", 1)


def test_many_items_are_imported(console, call, orders):
    lines = "\n".join(json.dumps({"pk": "n", "sk": number}) for number in range(101))
    assert "101 items have been imported." in console.done("tables/Orders/import", content=lines)
    assert call("Scan", TableName="Orders")["Count"] == 105


@pytest.mark.parametrize(
    ("content", "form", "problem"),
    [
        ("", "json", "There are no items in the text."),
        ("{", "json", "Nothing was imported. import:1: this is not JSON"),
        ('{"pk": "n", "sk": 1}\n[1]', "json", "Nothing was imported. import:2: this is not an item"),
        ("pk,pk\n1,2", "csv", "the header has an empty or repeated name"),
        ("pk,sk\nn,1,2", "csv", "there are 3 fields"),
        ("pk,sk\nn,x", "csv", "cannot be converted to a numeric value"),
        ('{"pk": "n", "sk": 1, "x": "\\ud800"}', "json", "this item has a text that is not UTF-8"),
        ('{"pk": "n", "sk": "x"}', "json", "cannot be converted to a numeric value"),
        ('{"sk": 1}', "json", "The provided key element does not match the schema"),
    ],
)
def test_an_import_that_cannot_be_read_puts_nothing(console, call, orders, content, form, problem):
    answer = console.post("tables/Orders/import", HTMX, content=content, format=form)
    assert (answer.status, problem in answer.text) == (400, True), answer.text
    assert call("Scan", TableName="Orders")["Count"] == 4


def test_an_import_that_fails_says_how_many_items_are_in(console, call, orders):
    items = [{"pk": "n", "sk": number} for number in range(30)] + [{"pk": "n", "sk": 99, "x": "x" * 410_000}]
    answer = console.post("tables/Orders/import", HTMX, content="\n".join(json.dumps(item) for item in items))
    assert answer.status == 400
    assert "25 items have been imported. Then a request failed: Item size has exceeded" in answer.text
    assert call("Scan", TableName="Orders")["Count"] == 29


def test_an_import_into_a_full_store_says_how_many_items_are_in(console, orders, monkeypatch):
    answers = iter([{"UnprocessedItems": {}}])

    async def call(_visit, _operation, _request):
        try:
            return next(answers)
        except StopIteration:
            raise Full("no room") from None

    async def described(_visit, _name):
        return {"AttributeDefinitions": [], "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}]}

    monkeypatch.setattr(Visit, "call", call)
    monkeypatch.setattr(transfer.lookups, "described", described)
    content = "\n".join(json.dumps({"pk": str(number)}) for number in range(30))
    answer = console.post("tables/Orders/import", HTMX, content=content)
    assert answer.status == 400
    assert "25 items have been imported. Then a request failed: " in answer.text


@pytest.mark.parametrize("form", ["json", "dynamodb", "csv"])
def test_an_export_of_a_throttled_table_shows_the_error(console, call, form):
    units = {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1000}
    call(
        "CreateTable",
        **table_request("pk:S", TableName="Small", BillingMode="PROVISIONED", ProvisionedThroughput=units),
    )
    for number in range(10):
        call("PutItem", TableName="Small", Item={"pk": {"S": str(number)}, "x": {"S": "x" * 300_000}})
    console.done("throttles/enforce", table="Small", enforced="yes")
    with suppress(ApiError):
        while True:
            call("Scan", TableName="Small")
    answer = console.get("tables/Small/export", format=form)
    assert answer.status == 400
    assert "ProvisionedThroughputExceededException" in answer.text


def test_an_import_has_a_preview(console, call, orders):
    content = "\n".join(['{"pk": "<b>", "sk": 1}', *["{"] * 12])
    part = console.post("tables/Orders/import/preview", HTMX, content=content).text
    assert "&lt;b&gt;" in part
    assert "this is not JSON" in part
    assert faults(part) == []
    assert call("Scan", TableName="Orders")["Count"] == 4


# --- collections ----------------------------------------------------------------------------------


def test_entities_and_collections_are_recognised(console, call):
    call("CreateTable", **table_request("pk:S sk:S", TableName="Shop"))
    for user in range(3):
        pk = {"S": f"USER#{user}"}
        call("PutItem", TableName="Shop", Item={"pk": pk, "sk": {"S": "PROFILE"}, "name": {"S": "n"}})
        for order in range(user):
            call("PutItem", TableName="Shop", Item={"pk": pk, "sk": {"S": f"ORDER#{order}"}, "total": {"N": "1"}})
    page = console.get("tables/Shop/collections").text
    assert "All 6 items were read." in page
    assert "<bdi>USER#, PROFILE</bdi> (3)" in page
    assert "<bdi>USER#, ORDER#</bdi> (3)" in page
    assert page.index("USER#2") < page.index("USER#1")
    chosen = console.get("tables/Shop/collections", entity="USER#, ORDER#").text
    assert ">USER#0<" not in chosen
    assert "filter-value=USER%23&amp;filter-value=ORDER%23" in chosen
    wanted = {"filter-name": ["pk", "sk"], "filter-op": ["begins_with"] * 2, "filter-type": ["S"] * 2}
    found = console.get("tables/Shop/items", **wanted, **{"filter-value": ["USER#", "ORDER#"], "filter-to": ["", ""]})
    assert "returned 3 of 6 scanned items" in found.text


# --- hostile data ---------------------------------------------------------------------------------


@pytest.mark.parametrize("text", MARKUP, ids=range(len(MARKUP)))
def test_parts_of_pages_escape_what_they_show(console, call, orders, text):
    call("PutItem", TableName="Orders", Item={"pk": {"S": text[:2000]}, "sk": {"N": "1"}, text: {"S": text}})
    item = {"pk": {"S": text}, "sk": {"N": "1"}, text: {"M": {text: {"SS": [text]}}}}
    key = json.dumps({"pk": {"S": text}, "sk": {"N": "1"}})
    change = {"change": "set", "attribute": "a", "value": text, "item": key}
    for path, fields in (
        ("tables/Orders/item/check", {"text": json.dumps(item)}),
        ("tables/Orders/item/check", {"text": text}),
        ("tables/Orders/item/save", {"text": text, "before": text}),
        ("tables/Orders/bulk", change),
        ("tables/Orders/bulk", change | {"attribute": text}),
        ("tables/Orders/bulk", change | {"change": text}),
        ("tables/Orders/import/preview", {"content": json.dumps(item)}),
        ("tables/Orders/import/preview", {"content": f"pk,sk\n{text}", "format": "csv"}),
        ("tables/Orders/import", {"content": text}),
        ("tables/Orders/change/copy", {"target": text}),
        ("tables/Orders/change/ttl", {"ttl": text}),
        ("tables/Orders/change/delete-index", {"index": text}),
        ("tables/create", {"name": text, "partition": text, "mode": text}),
    ):
        for headers in (HTMX, {}):
            answer = console.post(path, headers, **fields)
            assert answer.status < 500, (path, answer.text)
            assert faults(answer.text) == [], path
    for view in ("grid", "json", "dynamodb"):
        assert faults(console.get(orders, HTMX, view=view).text) == []


def test_a_shared_database_has_one_account():
    emulator = Emulator(Settings(in_memory=True, shared_db=True))
    console = in_process(emulator, "anyone@us-west-2")
    console.done("tables/create", name="Orders", partition="pk")
    other = in_process(emulator, "test@us-east-1")
    assert "Orders" in other.get("tables").text
    assert "all access keys and regions see the same tables" in other.get("accounts").text
    other.done("tables/Orders/import", content='{"pk": "a"}')
    other.done("tables/Orders/change/copy", target="Copy")
    console.done("tables/Orders/change/empty", confirmation="Orders")
    assert "returned 0 of 0" in other.get("tables/Orders/items").text
    assert "returned 1 of 1" in other.get("tables/Copy/items").text
    emulator.close()
