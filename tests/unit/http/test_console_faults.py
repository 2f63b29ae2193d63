"""Pages about bad days: faults, lagging reads, throttles."""

import json

import pytest

from emulator.controls import registry
from emulator.wording import amount_text
from tests.support.console import faults
from tests.support.console_process import ObservedWorld
from tests.support.tables import index_request, table_request

HTMX = {"hx-request": "true"}
HOSTILE = "<script>window.hostile = 1</script>"
ITEM = {"pk": {"S": "a"}}


@pytest.fixture
def db():
    world = ObservedWorld()
    world("CreateTable", table_request("pk:S", TableName="Orders"))
    yield world
    world.emulator.close()


@pytest.fixture
def console(db):
    opened = db.console()
    opened.get("tables")
    return opened


def shown(console, path, **query):
    page = console.get(path, **query)
    assert (page.status, faults(page.text)) == (200, [])
    return page.text


def call(db, name, **body):
    return registry.call(db.emulator, name, body)


# --- faults ---------------------------------------------------------------------------------------


def test_a_rule_is_made_counted_and_removed(db, console):
    assert "There are no rules." in shown(console, "faults")
    fields = {"operation": "PutItem", "table": "Orders", "key": json.dumps({"pk": {"S": HOSTILE}}), "own": "on"}
    console.done("faults/create", kind="Error", which="Next", count="1", seed="7", **fields)
    [rule] = call(db, "show_faults")["Faults"]
    assert rule["Match"] == {
        "Operation": "PutItem",
        "TableName": "Orders",
        "Key": {"pk": {"S": HOSTILE}},
        "AccessKey": "test",
        "Region": "us-east-1",
        "Next": 1,
    }
    assert (rule["Effect"], rule["Seed"]) == ({"Kind": "Error"}, 7)
    answer = db.send("PutItem", {"TableName": "Orders", "Item": {"pk": {"S": HOSTILE}}})
    assert answer.status == 500
    page = shown(console, "faults")
    assert "&lt;script&gt;" in page
    assert '<td class="number">1</td><td class="number">1</td>' in page
    console.done("faults/remove", id=rule["Id"])
    console.done("faults/create", kind="Throttle", which="", count="")
    console.done("faults/create", kind="ShortPage", which="Every", count="2", Items="3", operation="Read")
    assert "Removed rules: 2." in console.done("faults/remove")


def test_rules_do_not_affect_the_console(db, console):
    console.done("faults/create", kind="Error", which="Next", count="1")
    for path in ("tables", "streams", "tables/Orders/items"):
        shown(console, path)
    assert call(db, "show_faults")["Faults"][0]["Matched"] == 0
    assert db.send("ListTables", {}).status == 500


EFFECTS = [
    ({"kind": "Latency", "From": "0.5", "To": "1"}, {"Kind": "Latency", "From": 0.5, "To": 1.0}),
    ({"kind": "Latency", "Median": "0.5", "P99": "1"}, {"Kind": "Latency", "Median": 0.5, "P99": 1.0}),
    ({"kind": "Timeout", "Seconds": "2", "After": "on"}, {"Kind": "Timeout", "Seconds": 2.0, "After": True}),
    ({"kind": "Unprocessed", "Share": "0.5"}, {"Kind": "Unprocessed", "Share": 0.5}),
    ({"kind": "ShortPage", "Items": "3"}, {"Kind": "ShortPage", "Items": 3}),
    ({"kind": "Cancel", "Code": "TransactionConflict"}, {"Kind": "Cancel", "Code": "TransactionConflict"}),
    ({"kind": "Throttle", "Limit": "KeyRange"}, {"Kind": "Throttle", "Limit": "KeyRange"}),
    ({"kind": "Drop"}, {"Kind": "Drop"}),
    ({"kind": "Conflict"}, {"Kind": "Conflict"}),
]


@pytest.mark.parametrize(("fields", "effect"), EFFECTS, ids=[str(effect) for _, effect in EFFECTS])
def test_every_effect(db, console, fields, effect):
    console.done("faults/create", which="Share", count="0.25", **fields)
    [rule] = call(db, "show_faults")["Faults"]
    assert rule["Effect"].items() >= effect.items()
    assert rule["Match"] == {"Share": 0.25}


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "Nothing"},
        {"kind": "Drop", "which": "Every", "count": "often"},
        {"kind": "Drop", "key": "{"},
        {"kind": "Latency", "Seconds": "long"},
        {"kind": "Throttle", "Limit": "None"},
    ],
)
def test_a_wrong_rule(db, console, fields):
    assert console.post("faults/create", HTMX, **fields).status == 400
    assert call(db, "show_faults")["Faults"] == []


def test_reads_lag(db, console):
    console.done("faults/lag", table="Orders", lag="5", given="yes", monotonic="on", clock="Emulator")
    [lag] = call(db, "show_consistency")["Lags"]
    assert (lag["TableName"], lag["Lag"], lag["Monotonic"], lag["Clock"]) == ("Orders", 5.0, True, "Emulator")
    assert "never goes back" in shown(console, "faults")
    db("PutItem", TableName="Orders", Item=ITEM)
    assert db("GetItem", TableName="Orders", Key=ITEM) == {}
    assert "no longer lag" in console.done("faults/lag", table="Orders", lag="0")
    assert call(db, "show_consistency")["Lags"] == []
    assert console.post("faults/lag", HTMX, lag="-1").status == 400


def test_the_pace_of_new_indexes(db, console):
    console.done("faults/backfill", table="Orders", pace="10")
    [pace] = call(db, "show_backfill")["Paces"]
    assert (pace["TableName"], pace["ItemsPerSecond"], pace["Paused"]) == ("Orders", 10.0, False)
    console.done("faults/backfill", table="Orders", paused="on")
    db("PutItem", TableName="Orders", Item=ITEM)
    db(
        "UpdateTable",
        TableName="Orders",
        AttributeDefinitions=[{"AttributeName": "x", "AttributeType": "S"}],
        GlobalSecondaryIndexUpdates=[{"Create": index_request("by-x", "x")}],
    )
    page = shown(console, "faults")
    assert "by-x" in page
    assert "<td>paused</td>" in page
    console.done("faults/backfill", table="Orders")
    assert call(db, "show_backfill")["Paces"] == []
    assert console.post("faults/backfill", HTMX, pace="slow").status == 400
    assert console.post("faults/backfill", HTMX, pace="-1").status == 400


def test_a_transaction_is_declared_and_ends(db, console):
    console.done("faults/transaction", table="Orders", key=json.dumps(ITEM), seconds="60")
    assert db.error("PutItem", TableName="Orders", Item=ITEM)[0] == "TransactionConflictException"
    assert "Orders" in shown(console, "faults")
    console.done("faults/transaction", table="Orders", key=json.dumps(ITEM), seconds="0")
    db("PutItem", TableName="Orders", Item=ITEM)
    assert console.post("faults/transaction", HTMX, table="Orders", key="[]", seconds="1").status == 400


# --- throttles ------------------------------------------------------------------------------------


def test_throttles_are_explained(db, console):
    assert "No request was throttled." in shown(console, "throttles")
    units = {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}
    table = table_request("pk:S", TableName="Small", BillingMode="PROVISIONED", ProvisionedThroughput=units)
    db("CreateTable", table)
    assert "is enforced" in console.done("throttles/enforce", table="Small", enforced="yes")
    item = {"pk": {"S": HOSTILE}, "x": {"S": "x" * 100_000}}
    while db.send("PutItem", {"TableName": "Small", "Item": item}).status == 200:
        pass
    page = shown(console, "throttles")
    assert "PutItem" in page
    assert "&lt;script&gt;" in page
    last = call(db, "throttles")["Throttles"][-1]
    assert last["Explanation"].split()[0] in page
    assert f'<td class="number">{amount_text(last["Asked"])}</td>' in page
    assert "No request was throttled." in shown(console, "throttles", table="Orders")
    assert "is not enforced" in console.done("throttles/enforce", table="Small", enforced="no")
    assert "there is no table" in console.done("throttles/enforce", table="Later", enforced="yes")
    assert console.post("throttles/enforce", HTMX, enforced="maybe").status == 400
