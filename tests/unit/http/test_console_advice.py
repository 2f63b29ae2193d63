"""The page of advice: findings with their evidence, reports, the IAM policy."""

import re

import pytest

from emulator.controls import registry
from tests.support.console import faults
from tests.support.console_process import ObservedWorld
from tests.support.tables import table_request

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


# --- advice ---------------------------------------------------------------------------------------


def test_findings_are_shown_with_their_evidence(db, console):
    for number in range(30):
        db.send("PutItem", {"TableName": "Orders", "Item": {"pk": {"S": f"{number}"}, "x": {"S": HOSTILE}}})
    scan = {"TableName": "Orders", "FilterExpression": "x = :x AND pk = :p"}
    for _ in range(30):
        db.send("Scan", scan | {"ExpressionAttributeValues": {":x": {"S": HOSTILE}, ":p": {"S": "1"}}})
    page = shown(console, "advice")
    found = call(db, "advice")["Findings"]
    assert found
    assert found[0]["Title"].split(" ", 3)[2] in page
    assert "&lt;script&gt;" in page
    assert "docs.aws.amazon.com" in page
    assert "The advisor found nothing." in shown(console, "advice", table="None")
    for kind, start in (("sarif", b"{"), ("junit", b"<?xml"), ("text", b"")):
        report = console.get("advice/report", format=kind)
        assert report.body.lstrip().startswith(start)
        assert report.headers["content-disposition"].startswith("attachment")
    assert "dynamodb:Scan" in shown(console, "advice/policy")
    assert console.get("advice", confidence="none").status == 400


def test_the_advisor_is_stopped_and_started(db, console):
    console.done("advice/advise", enabled="no")
    assert "Begin to collect evidence" in shown(console, "advice")
    console.done("advice/advise", enabled="yes")
    assert re.search(r"\d+ requests were examined", shown(console, "advice"))
