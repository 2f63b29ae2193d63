"""Pages about bad days: faults, lagging reads, throttles."""

import json

import pytest

from emulator.wording import amount_text
from tests.support.tables import index_request, table_request

HTMX = {"hx-request": "true"}
HOSTILE = "<script>window.hostile = 1</script>"
ITEM = {"pk": {"S": "a"}}


# --- faults ---------------------------------------------------------------------------------------


def test_a_rule_is_made_counted_and_removed(observed, opened):
    assert "There are no rules." in opened.shown("faults")
    fields = {"operation": "PutItem", "table": "Orders", "key": json.dumps({"pk": {"S": HOSTILE}}), "own": "on"}
    opened.done("faults/create", kind="Error", which="Next", count="1", seed="7", **fields)
    [rule] = observed.control("show_faults")["Faults"]
    assert rule["Match"] == {
        "Operation": "PutItem",
        "TableName": "Orders",
        "Key": {"pk": {"S": HOSTILE}},
        "AccessKey": "test",
        "Region": "us-east-1",
        "Next": 1,
    }
    assert (rule["Effect"], rule["Seed"]) == ({"Kind": "Error"}, 7)
    answer = observed.send("PutItem", {"TableName": "Orders", "Item": {"pk": {"S": HOSTILE}}})
    assert answer.status == 500
    page = opened.shown("faults")
    assert "&lt;script&gt;" in page
    assert '<td class="number">1</td><td class="number">1</td>' in page
    opened.done("faults/remove", id=rule["Id"])
    opened.done("faults/create", kind="Throttle", which="", count="")
    opened.done("faults/create", kind="ShortPage", which="Every", count="2", Items="3", operation="Read")
    assert "Removed rules: 2." in opened.done("faults/remove")


def test_rules_do_not_affect_the_console(observed, opened):
    opened.done("faults/create", kind="Error", which="Next", count="1")
    for path in ("tables", "streams", "tables/Orders/items"):
        opened.shown(path)
    assert observed.control("show_faults")["Faults"][0]["Matched"] == 0
    assert observed.send("ListTables", {}).status == 500


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
def test_every_effect(observed, opened, fields, effect):
    opened.done("faults/create", which="Share", count="0.25", **fields)
    [rule] = observed.control("show_faults")["Faults"]
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
def test_a_wrong_rule(observed, opened, fields):
    assert opened.post("faults/create", HTMX, **fields).status == 400
    assert observed.control("show_faults")["Faults"] == []


def test_reads_lag(observed, opened):
    opened.done("faults/lag", table="Orders", lag="5", given="yes", monotonic="on", clock="Emulator")
    [lag] = observed.control("show_consistency")["Lags"]
    assert (lag["TableName"], lag["Lag"], lag["Monotonic"], lag["Clock"]) == ("Orders", 5.0, True, "Emulator")
    assert "never goes back" in opened.shown("faults")
    observed("PutItem", TableName="Orders", Item=ITEM)
    assert observed("GetItem", TableName="Orders", Key=ITEM) == {}
    assert "no longer lag" in opened.done("faults/lag", table="Orders", lag="0")
    assert observed.control("show_consistency")["Lags"] == []
    assert opened.post("faults/lag", HTMX, lag="-1").status == 400


def test_the_pace_of_new_indexes(observed, opened):
    opened.done("faults/backfill", table="Orders", pace="10")
    [pace] = observed.control("show_backfill")["Paces"]
    assert (pace["TableName"], pace["ItemsPerSecond"], pace["Paused"]) == ("Orders", 10.0, False)
    opened.done("faults/backfill", table="Orders", paused="on")
    observed("PutItem", TableName="Orders", Item=ITEM)
    observed(
        "UpdateTable",
        TableName="Orders",
        AttributeDefinitions=[{"AttributeName": "x", "AttributeType": "S"}],
        GlobalSecondaryIndexUpdates=[{"Create": index_request("by-x", "x")}],
    )
    page = opened.shown("faults")
    assert "by-x" in page
    assert "<td>paused</td>" in page
    opened.done("faults/backfill", table="Orders")
    assert observed.control("show_backfill")["Paces"] == []
    assert opened.post("faults/backfill", HTMX, pace="slow").status == 400
    assert opened.post("faults/backfill", HTMX, pace="-1").status == 400


def test_a_transaction_is_declared_and_ends(observed, opened):
    opened.done("faults/transaction", table="Orders", key=json.dumps(ITEM), seconds="60")
    assert observed.error("PutItem", TableName="Orders", Item=ITEM)[0] == "TransactionConflictException"
    assert "Orders" in opened.shown("faults")
    opened.done("faults/transaction", table="Orders", key=json.dumps(ITEM), seconds="0")
    observed("PutItem", TableName="Orders", Item=ITEM)
    assert opened.post("faults/transaction", HTMX, table="Orders", key="[]", seconds="1").status == 400


# --- throttles ------------------------------------------------------------------------------------


def test_throttles_are_explained(observed, opened):
    assert "No request was throttled." in opened.shown("throttles")
    units = {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}
    table = table_request("pk:S", TableName="Small", BillingMode="PROVISIONED", ProvisionedThroughput=units)
    observed("CreateTable", table)
    assert "is enforced" in opened.done("throttles/enforce", table="Small", enforced="yes")
    item = {"pk": {"S": HOSTILE}, "x": {"S": "x" * 100_000}}
    while observed.send("PutItem", {"TableName": "Small", "Item": item}).status == 200:
        pass
    page = opened.shown("throttles")
    assert "PutItem" in page
    assert "&lt;script&gt;" in page
    last = observed.control("throttles")["Throttles"][-1]
    assert last["Explanation"].split()[0] in page
    assert f'<td class="number">{amount_text(last["Asked"])}</td>' in page
    assert "No request was throttled." in opened.shown("throttles", table="Orders")
    assert "is not enforced" in opened.done("throttles/enforce", table="Small", enforced="no")
    assert "there is no table" in opened.done("throttles/enforce", table="Later", enforced="yes")
    assert opened.post("throttles/enforce", HTMX, enforced="maybe").status == 400
