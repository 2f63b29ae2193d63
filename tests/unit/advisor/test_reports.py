"""Reports of findings: the members that each format requires, and hostile texts."""

import json
import xml.etree.ElementTree as ET

import pytest

from emulator.advisor.reports.formats import report

FINDING = {
    "Id": "scan-as-query-12345678",
    "Rule": "scan-as-query",
    "Title": "A Scan reads the whole table where a Query would do",
    "Confidence": "certain",
    "TableName": "Orders",
    "IndexName": "by-date",
    "Operation": "Scan",
    "Count": 1200,
    "Units": {"Read": 40.5, "Write": 0.0},
    "Exact": True,
    "Example": '{"TableName":"Orders"}',
    "Caller": {"File": "app/order s.py", "Line": 42, "Function": "open_orders"},
    "AccessKeys": ["test"],
    "Evidence": ["One.", "Two."],
    "Advice": "Query it.",
    "Link": "https://docs.aws.amazon.com/x.html",
}
RULE = {"Name": "scan-as-query", "Title": FINDING["Title"], "Explanation": "Why.", "Link": FINDING["Link"]}


def advice(*findings, **more):
    rules = [RULE] if findings else []
    return {"Advising": True, "Requests": 1234, "Complete": True, "Findings": findings, "Rules": rules, **more}


def test_text():
    assert report(advice(FINDING, {**FINDING, "Count": 1, "Exact": False}), "text") == (
        "certain: A Scan reads the whole table where a Query would do (scan-as-query)\n"
        "  Scan of Orders/by-date, in app/order s.py:42 (open_orders): 1,200 times, 40.5 read units\n"
        "  One. Two.\n"
        "  Instead: Query it.\n"
        '  Example: {"TableName":"Orders"}\n'
        "  https://docs.aws.amazon.com/x.html\n"
        "\n"
        "certain: A Scan reads the whole table where a Query would do (scan-as-query)\n"
        "  Scan of Orders/by-date, in app/order s.py:42 (open_orders): once, about 40.5 read units\n"
        "  One. Two.\n"
        "  Instead: Query it.\n"
        '  Example: {"TableName":"Orders"}\n'
        "  https://docs.aws.amazon.com/x.html\n"
        "\n"
        "2 findings in 1,234 requests\n"
    )


def test_text_without_findings():
    assert report(advice(), "text") == "0 findings in 1,234 requests\n"
    assert "too busy to examine all requests" in report(advice(Complete=False), "text")


def test_text_of_a_finding_about_a_table():
    general = {name: value for name, value in FINDING.items() if name not in ("IndexName", "Caller")}
    text = report(advice({**general, "Operation": "", "Units": {"Read": 0.0, "Write": 0.0}}), "text")
    assert "  table Orders: 1,200 times\n" in text


def test_sarif_has_what_its_schema_requires():
    """The schema requires a version, runs, the tool's name, rules' ids and results' messages."""
    [run] = (document := json.loads(report(advice(FINDING), "sarif")))["runs"]
    assert document["version"] == "2.1.0"
    driver = run["tool"]["driver"]
    assert driver["name"] == "dynamodb-emulator"
    assert [rule["id"] for rule in driver["rules"]] == ["scan-as-query"]
    assert driver["rules"][0]["helpUri"] == FINDING["Link"]
    [result] = run["results"]
    assert (result["ruleId"], result["ruleIndex"], result["level"]) == ("scan-as-query", 0, "error")
    assert result["message"]["text"].startswith(FINDING["Title"])
    [location] = result["locations"]
    assert location["physicalLocation"] == {
        "artifactLocation": {"uri": "app/order%20s.py"},
        "region": {"startLine": 42},
    }
    assert location["logicalLocations"][0]["fullyQualifiedName"] == "Scan of Orders/by-date"
    assert result["partialFingerprints"] == {"findingId/v1": FINDING["Id"]}


@pytest.mark.parametrize(("confidence", "level"), [("certain", "error"), ("likely", "warning"), ("possible", "note")])
def test_levels_of_sarif(confidence, level):
    document = json.loads(report(advice({**FINDING, "Confidence": confidence}), "sarif"))
    assert document["runs"][0]["results"][0]["level"] == level


def test_a_caller_outside_the_project_is_a_uri():
    finding = {**FINDING, "Caller": {"File": "/absolute/app.py", "Line": 0}}
    document = json.loads(report(advice(finding), "sarif"))
    physical = document["runs"][0]["results"][0]["locations"][0]["physicalLocation"]
    assert physical == {"artifactLocation": {"uri": "file:///absolute/app.py"}, "region": {"startLine": 1}}


def parsed(text):
    return ET.fromstring(text.split("\n", 1)[1])


def test_junit():
    suite = parsed(report(advice(FINDING), "junit")).find("testsuite")
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("1", "1", "0")
    case = suite.find("testcase")
    assert (case.get("classname"), case.get("file"), case.get("line")) == ("scan-as-query", "app/order s.py", "42")
    failure = case.find("failure")
    assert failure.get("type") == "certain"
    assert failure.get("message") == f"{FINDING['Title']}: 1,200 times, 40.5 read units"
    assert failure.text == "\n".join(("One.", "Two.", "Query it.", FINDING["Example"], FINDING["Link"]))


def test_junit_without_findings_has_a_test_that_passed():
    suite = parsed(report(advice(), "junit")).find("testsuite")
    assert (suite.get("tests"), suite.get("failures")) == ("1", "0")
    assert suite.find("testcase/failure") is None


HOSTILE = "a\"<>&'\n\x1b[31m\x00\ud7ff\uffff]]>é"


@pytest.mark.parametrize("format_", ["text", "sarif", "junit"])
def test_hostile_texts(format_):
    """They do not break the format of a report, and send no control sequences to a terminal."""
    hostile = {**FINDING, **dict.fromkeys(("TableName", "IndexName", "Example", "Advice"), HOSTILE)}
    text = report(advice({**hostile, "Evidence": [HOSTILE]}), format_)
    if format_ == "text":
        assert "\x1b" not in text
        assert len(text.splitlines()) == len(report(advice(FINDING), "text").splitlines())
    elif format_ == "sarif":
        assert len(json.loads(text)["runs"][0]["results"]) == 1
    else:
        assert len(parsed(text).findall(".//failure")) == 1
