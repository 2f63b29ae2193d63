"""The page of advice: findings with their evidence, reports, the IAM policy."""

import re

HTMX = {"hx-request": "true"}
HOSTILE = "<script>window.hostile = 1</script>"
ITEM = {"pk": {"S": "a"}}


# --- advice ---------------------------------------------------------------------------------------


def test_findings_are_shown_with_their_evidence(observed, opened):
    for number in range(30):
        observed.send("PutItem", {"TableName": "Orders", "Item": {"pk": {"S": f"{number}"}, "x": {"S": HOSTILE}}})
    scan = {"TableName": "Orders", "FilterExpression": "x = :x AND pk = :p"}
    for _ in range(30):
        observed.send("Scan", scan | {"ExpressionAttributeValues": {":x": {"S": HOSTILE}, ":p": {"S": "1"}}})
    page = opened.shown("advice")
    found = observed.control("advice")["Findings"]
    assert found
    assert found[0]["Title"].split(" ", 3)[2] in page
    assert "&lt;script&gt;" in page
    assert "docs.aws.amazon.com" in page
    assert "The advisor found nothing." in opened.shown("advice", table="None")
    for kind, start in (("sarif", b"{"), ("junit", b"<?xml"), ("text", b"")):
        report = opened.get("advice/report", format=kind)
        assert report.body.lstrip().startswith(start)
        assert report.headers["content-disposition"].startswith("attachment")
    assert "dynamodb:Scan" in opened.shown("advice/policy")
    assert opened.get("advice", confidence="none").status == 400


def test_the_advisor_is_stopped_and_started(observed, opened):
    opened.done("advice/advise", enabled="no")
    assert "Begin to collect evidence" in opened.shown("advice")
    opened.done("advice/advise", enabled="yes")
    assert re.search(r"\d+ requests were examined", opened.shown("advice"))
