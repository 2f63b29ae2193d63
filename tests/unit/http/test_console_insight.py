"""Pages about what happened: requests with their bodies, charts, the hottest keys."""

import json
import re

import pytest

from emulator.http.site.console.pages import charts
from tests.support.console import faults
from tests.support.console_process import ObservedWorld
from tests.support.tables import table_request

HTMX = {"hx-request": "true"}
HOSTILE = "<script>window.hostile = 1</script>"


def ids(page):
    return re.findall(r"requests/request\?id=([\d-]+)", page)


# --- requests -------------------------------------------------------------------------------------


def test_requests_are_kept_from_the_first_page_on(observed):
    observed.send("ListTables", {})
    assert observed.control("requests")["Keeping"] is False
    opened = observed.console()
    opened.get("tables")
    observed.send("ListTables", {"Limit": 1})
    assert len(ids(opened.shown("requests"))) == 1


def test_the_filter(observed, opened):
    observed.send("PutItem", {"TableName": "Orders", "Item": {"pk": {"S": "a"}}, "ReturnConsumedCapacity": "TOTAL"})
    observed.send("GetItem", {"TableName": HOSTILE, "Key": {"pk": {"S": "a"}}})
    observed.send("ListTables", {}, key="other")
    counts = {
        query: len(ids(opened.shown("requests", **dict(query))))
        for query in (
            (),
            (("accounts", "all"),),
            (("result", "failed"),),
            (("result", "succeeded"),),
            (("result", "throttled"),),
            (("result", "slow"),),
            (("text", "PUTitem"),),
            (("text", "<script>"),),
        )
    }
    assert list(counts.values()) == [2, 3, 1, 1, 0, 0, 1, 1]
    page = opened.shown("requests")
    assert '<td class="number">1.0</td>' in page
    assert "of the last 2 requests" in page


def test_one_request_with_its_bodies_and_the_answer_of_another_try(observed, opened):
    body = {"TableName": "Orders", "Item": {"pk": {"S": HOSTILE}}, "ConditionExpression": "attribute_not_exists(pk)"}
    observed.send("PutItem", body)
    [name] = ids(opened.shown("requests"))
    page = opened.shown("requests/request", id=name)
    assert "&lt;script&gt;" in page
    assert "Answer, status 200" in page
    again = opened.post("requests/resend", HTMX, id=name, body=json.dumps(body))
    assert faults(again.text) == []
    assert "At first: status 200" in again.text
    assert "Now: status 400" in again.text
    assert "ConditionalCheckFailedException" in again.text
    other = {**body, "Item": {"pk": {"S": "b"}}}
    assert (
        "Now: status 200, the same answer" in opened.post("requests/resend", HTMX, id=name, body=json.dumps(other)).text
    )
    assert observed("Scan", TableName="Orders")["Count"] == 2
    whole = opened.post("requests/resend", id=name, body=json.dumps(body)).text
    assert whole.startswith("<!doctype html>")
    assert faults(whole) == []


def test_a_request_is_sent_again_as_its_own_account(observed, opened):
    observed.send("CreateTable", table_request("pk:S", TableName="Theirs"), key="other")
    [name] = ids(opened.shown("requests", accounts="all"))
    body = json.dumps(table_request("pk:S", TableName="Again"))
    opened.post("requests/resend", HTMX, id=name, body=body)
    caller = observed.emulator.caller("other", "us-east-1")
    assert json.loads(observed.emulator.call("ListTables", {}, caller))["TableNames"] == ["Again", "Theirs"]
    assert observed("ListTables")["TableNames"] == ["Orders"]


def test_bodies_that_are_no_longer_kept(observed, opened):
    observed.send("PutItem", {"TableName": "Orders", "Item": {"pk": {"S": "a" * 9_000_000}}})
    for _ in range(2):
        observed.send("PutItem", {"TableName": "Orders", "Item": {"pk": {"S": "a" * 9_000_000}}})
    *_, name = ids(opened.shown("requests"))
    assert "no longer kept" in opened.shown("requests/request", id=name)
    assert opened.post("requests/resend", HTMX, id=name, body="{}").status == 400


def test_a_long_body_is_cut_and_sent_again_whole(observed, opened):
    item = {"pk": {"S": "long"}, "x": {"S": "x" * 300_000}}
    put = {"TableName": "Orders", "Item": item, "ReturnValues": "ALL_OLD"}
    observed.send("PutItem", put)
    [name] = ids(opened.shown("requests"))
    page = opened.shown("requests/request", id=name)
    assert len(page) < 150_000
    assert "more characters" in page
    assert 'name="body"' not in page
    observed("DeleteItem", TableName="Orders", Key={"pk": {"S": "long"}})
    again = opened.post("requests/resend", HTMX, id=name).text
    assert "Now: status 200, the same answer" in again
    assert observed("GetItem", TableName="Orders", Key={"pk": {"S": "long"}})["Item"] == item


@pytest.mark.parametrize("body", ["", "[]", "{"])
def test_a_wrong_body(observed, opened, body):
    observed.send("ListTables", {})
    [name] = ids(opened.shown("requests"))
    assert opened.post("requests/resend", HTMX, id=name, body=body).status == 400


def test_a_request_that_is_not_there(opened):
    assert opened.get("requests/request", id="5-0").status == 400
    assert opened.get("requests/request").status == 400
    assert opened.get("requests", result="odd").status == 400


def test_keeping_ends_and_begins(observed, opened):
    observed.send("ListTables", {})
    assert "The kept requests have been deleted." in opened.done("requests/keep", enabled="no")
    assert "Requests are not kept." in opened.shown("requests")
    opened.done("requests/keep", enabled="yes")
    observed.send("ListTables", {})
    assert len(ids(opened.shown("requests"))) == 1


# --- charts ---------------------------------------------------------------------------------------


def series(opened, **query):
    found = opened.get("charts/series", **query)
    assert found.headers["content-type"] == "application/json"
    parsed = json.loads(found.body)
    lines = {
        f"{chart['name']} {line['label']}": line["values"] for chart in parsed["charts"] for line in chart["lines"]
    }
    assert {len(values) for values in lines.values()} == {len(parsed["times"])} == {60}
    return parsed["times"], lines


def test_the_series_of_the_last_hour(observed, opened):
    units = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 7}
    table = table_request("pk:S", TableName="Paid", BillingMode="PROVISIONED", ProvisionedThroughput=units)
    observed.send("CreateTable", table)
    for _ in range(12):
        observed.send("GetItem", {"TableName": "Orders", "Key": {"pk": {"S": "a"}}, "ConsistentRead": True})
    observed.send("PutItem", {"TableName": "Orders", "Item": {"pk": {"S": "a"}}})
    observed.send("GetItem", {"TableName": "Nothing", "Key": {"pk": {"S": "a"}}})
    times, lines = series(opened)
    assert times[-1] == observed.clock.now() // 60 * 60
    assert sum(lines["requests succeeded"]) == 14
    assert sum(lines["requests errors"]) == 1
    assert round(sum(lines["reads consumed"]) * 60) == 12
    assert lines["reads provisioned"] == [5.0] * 60
    assert lines["writes provisioned"] == [7.0] * 60
    assert max(lines["latency longest"]) >= max(lines["latency mean"]) > 0
    assert sum(lines["throttles reads"]) == 0
    observed.clock.advance(300)
    assert series(opened)[1]["reads consumed"][-6] == 0.2
    assert sum(series(opened, table="Paid")[1]["reads consumed"]) == 0
    assert "0.2" in opened.shown("charts")


def test_with_a_shared_database_every_account_shows_all_tables():
    world = ObservedWorld(shared_db=True)
    opened = world.console()
    opened.get("tables")
    units = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 7}
    table = table_request("pk:S", TableName="Paid", BillingMode="PROVISIONED", ProvisionedThroughput=units)
    world.send("CreateTable", table, key="another")
    assert series(opened)[1]["reads provisioned"] == [5.0] * 60
    opened.done("charts/insights", table="Paid", enabled="yes")
    assert "Table Paid" in opened.shown("charts")
    world.emulator.close()


def test_the_hottest_keys(observed, opened):
    assert "Contributor Insights is off" in opened.shown("charts")
    opened.done("charts/insights", table="Orders", enabled="yes")
    observed.send("PutItem", {"TableName": "Orders", "Item": {"pk": {"S": HOSTILE}}})
    page = opened.shown("charts")
    assert "Most accessed partition keys" in page
    assert "&lt;script&gt;" in page
    assert "Most accessed" not in opened.shown("charts", table="Other")
    opened.done("charts/insights", table="Orders", enabled="no")
    assert opened.post("charts/insights", HTMX, table="Orders", index="none", enabled="yes").status == 400


def test_every_metric_of_the_charts_is_one_of_the_emulator():
    """A chart of a misspelt metric would be empty."""
    from emulator.database.throughput import usage
    from emulator.http.observing import counters

    known = {*counters._METRICS.values(), "UserErrors", "SystemErrors", counters.LATENCY}
    known |= {usage.CONSUMED_READ, usage.CONSUMED_WRITE, usage.THROTTLED_READ, usage.THROTTLED_WRITE}
    known |= {"ProvisionedReadCapacityUnits", "ProvisionedWriteCapacityUnits"}
    assert {name for chart in charts.CHARTS for line in chart.lines for name in line.metrics} <= known


def test_the_units_of_a_request_are_known_without_asking_for_them(observed, opened):
    key, keys = {"pk": {"S": "a"}}, {"Keys": [{"pk": {"S": "a"}}, {"pk": {"S": "b"}}]}
    put = {"TableName": "Orders", "Item": {**key, "x": {"S": "x" * 3000}}}
    sent = [
        ("PutItem", put),
        ("GetItem", {"TableName": "Orders", "Key": key}),
        ("BatchGetItem", {"RequestItems": {"Orders": keys}}),
        ("TransactWriteItems", {"TransactItems": [{"Put": put}]}),
        ("TransactGetItems", {"TransactItems": [{"Get": {"TableName": "Orders", "Key": key}}]}),
        ("Scan", {"TableName": "Orders", "ConsistentRead": True}),
        ("ExecuteStatement", {"Statement": "SELECT * FROM Orders WHERE pk = 'a'"}),
        ("DeleteItem", {"TableName": "Orders", "Key": key}),
    ]
    told = []
    for operation, body in sent:
        answer = json.loads(observed.send(operation, body | {"ReturnConsumedCapacity": "TOTAL"}).body)
        consumed = answer["ConsumedCapacity"]
        told.append(sum(each["CapacityUnits"] for each in (consumed if isinstance(consumed, list) else [consumed])))
        observed.send("PutItem", put)
    before = observed.control("requests")["Requests"]
    for operation, body in sent:
        observed.send(operation, body)
        observed.send("PutItem", put)
    found = observed.control("requests")["Requests"][len(before) :: 2]
    assert [each["Operation"] for each in found] == [operation for operation, _ in sent]
    assert [each["CapacityUnits"] for each in found] == told
