"""The advisor on each kind of server: it sees the requests of all worker processes."""

import json
import xml.etree.ElementTree as ET

import pytest

from emulator.client.endpoint import HttpEndpoint
from emulator.commands import advise
from tests.support.tables import new_name, table_request

CONNECTIONS = 16
"""The kernel spreads connections over two workers. The chance that one gets all is 1 in 32,768."""
KEY = {"pk": {"S": "a"}, "sk": {"S": "b"}}
SCAN = {"FilterExpression": "pk = :v", "ExpressionAttributeValues": {":v": {"S": "a"}}}
OFF = "the advisor is off: start the server with --advise, or call the control advise"


@pytest.fixture(autouse=True)
def advising(declare):
    declare("advise", {"Enabled": True})
    yield
    declare("advise", {"Enabled": False})


@pytest.fixture
def caller():
    return new_name("k")


def call(url, key, operation, request):
    """Send a request over a new connection."""
    with HttpEndpoint(url, key) as server:
        return server.call(operation, request)


@pytest.fixture
def table(endpoint, caller):
    request = table_request("pk:S sk:S")
    call(endpoint, caller, "CreateTable", request)
    yield request["TableName"]
    call(endpoint, caller, "DeleteTable", {"TableName": request["TableName"]})


def found(declare, caller, **body):
    status, advice = declare("advice", {"AccessKey": caller, **body})
    assert status == 200, advice
    return advice


def test_findings_count_the_requests_of_all_workers(endpoint, declare, caller, table):
    for _ in range(CONNECTIONS):
        call(endpoint, caller, "Scan", {"TableName": table, **SCAN})
    advice = found(declare, caller)
    [finding] = advice["Findings"]
    assert (finding["Rule"], finding["TableName"], finding["Count"]) == ("scan-as-query", table, CONNECTIONS)
    assert finding["Units"] == {"Read": CONNECTIONS * 2.0, "Write": 0.0}
    assert finding["AccessKeys"] == [caller]
    assert json.loads(finding["Example"]) == {"TableName": table, **SCAN}
    assert [rule["Name"] for rule in advice["Rules"]] == ["scan-as-query"]
    assert (advice["Advising"], advice["Complete"]) == (True, True)
    assert advice["Requests"] >= CONNECTIONS + 1


def test_a_write_in_one_worker_and_a_read_in_another_are_seen_in_their_order(endpoint, declare, caller, table):
    """Each consistent read comes right after a write, so the advisor must not call it unneeded."""
    for number in range(CONNECTIONS):
        call(endpoint, caller, "PutItem", {"TableName": table, "Item": {**KEY, "n": {"N": str(number)}}})
        call(endpoint, caller, "GetItem", {"TableName": table, "Key": KEY, "ConsistentRead": True})
    assert "unneeded-consistent-reads" not in [each["Rule"] for each in found(declare, caller)["Findings"]]


def test_findings_of_one_table_or_confidence(endpoint, declare, caller, table):
    call(endpoint, caller, "Scan", {"TableName": table, **SCAN})
    assert len(found(declare, caller, TableName=table, Confidence="certain")["Findings"]) == 1
    assert found(declare, caller, TableName="another")["Findings"] == []
    assert found(declare, caller, Region="eu-west-1")["Findings"] == []
    assert found(declare, "nobody")["Findings"] == []


def test_the_switch_takes_effect_in_all_workers_at_once(endpoint, declare, caller, table):
    call(endpoint, caller, "Scan", {"TableName": table, **SCAN})
    assert declare("advise", {"Enabled": False}) == (200, {"Advising": False})
    for path in ("advice", "iam-policy"):
        assert declare(path, {}) == (400, {"message": OFF})
        assert declare(path, b"", "GET") == (400, {"message": OFF})
    for _ in range(CONNECTIONS):
        call(endpoint, caller, "Scan", {"TableName": table, **SCAN})
    assert declare("advise", {"Enabled": True}) == (200, {"Advising": True})
    assert found(declare, caller)["Findings"] == []


def test_the_policy_has_the_permissions_of_all_workers(endpoint, declare, caller, table):
    for number in range(CONNECTIONS):
        item = {"pk": {"S": f"p{number % 2}"}, "sk": {"S": "x"}}
        call(endpoint, caller, "PutItem", {"TableName": table, "Item": item})
    status, policy = declare("iam-policy", {"AccessKey": caller})
    arn = f"arn:aws:dynamodb:us-east-1:123456789012:table/{table}"
    keys = {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["p0", "p1"]}}
    assert (status, policy["Version"]) == (200, "2012-10-17")
    assert policy["Statement"] == [
        {"Effect": "Allow", "Action": ["dynamodb:CreateTable"], "Resource": [arn]},
        {"Effect": "Allow", "Action": ["dynamodb:PutItem"], "Resource": [arn], "Condition": keys},
    ]


def test_consumption_is_that_of_all_workers(endpoint, declare, caller, table):
    def consumed():
        return declare("consumption", {"AccessKey": caller, "Region": "us-east-1"})[1]

    before = consumed()
    for number in range(CONNECTIONS):
        call(endpoint, caller, "PutItem", {"TableName": table, "Item": {**KEY, "n": {"N": str(number)}}})
        call(endpoint, caller, "GetItem", {"TableName": table, "Key": KEY})
    after = consumed()
    assert {name: after[name] - before[name] for name in after} == {
        "Read": CONNECTIONS / 2,
        "Write": CONNECTIONS,
        "Requests": 2 * CONNECTIONS,
    }
    assert declare("consumption", {"AccessKey": "nobody"})[1] == {"Read": 0, "Write": 0, "Requests": 0}


# --- the command ----------------------------------------------------------------------------------


def test_the_command_prints_each_format(endpoint, caller, table, capsys):
    call(endpoint, caller, "Scan", {"TableName": table, **SCAN})
    arguments = ("--endpoint", endpoint, "--table", table, "--format")
    assert advise.main([*arguments, "text"]) == 0
    assert f"Scan of {table}: once, 2 read units" in capsys.readouterr().out
    assert advise.main([*arguments, "json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["Findings"]) == 1
    assert advise.main([*arguments, "sarif"]) == 0
    assert len(json.loads(capsys.readouterr().out)["runs"][0]["results"]) == 1
    assert advise.main([*arguments, "junit"]) == 0
    assert len(ET.fromstring(capsys.readouterr().out.split("\n", 1)[1]).findall(".//failure")) == 1


@pytest.mark.parametrize(
    ("threshold", "status"),
    [("certain", 1), ("likely", 1), ("possible/0", 1), ("0", 1), ("1", 0), ("certain/1", 0)],
)
def test_a_threshold_is_an_exit_status(endpoint, caller, table, threshold, status, capsys):
    call(endpoint, caller, "Scan", {"TableName": table, **SCAN})
    assert advise.main(["--endpoint", endpoint, "--table", table, "--fail-on", threshold]) == status
    assert capsys.readouterr().out


def test_a_report_from_a_file(endpoint, caller, table, tmp_path, capsys):
    call(endpoint, caller, "Scan", {"TableName": table, **SCAN})
    advise.main(["--endpoint", endpoint, "--table", table, "--format", "json"])
    file = tmp_path / "advice.json"
    file.write_text(capsys.readouterr().out)
    assert advise.main(["--from", str(file), "--fail-on", "certain"]) == 1
    assert "1 finding in " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("option", "selects"),
    [((), True), (("--access-key", "nobody"), False), (("--region", "eu-west-1"), False)],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_the_command_selects_callers(endpoint, caller, table, capsys, monkeypatch, option, selects):
    """AWS_ACCESS_KEY_ID does not select a caller, because tests use many access keys."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "nobody")
    call(endpoint, caller, "Scan", {"TableName": table, **SCAN})
    assert advise.main(["--endpoint", endpoint, "--table", table, "--format", "json", *option]) == 0
    assert [each["TableName"] for each in json.loads(capsys.readouterr().out)["Findings"]] == [table] * selects


def test_the_command_selects_one_caller(endpoint, caller, table, capsys):
    call(endpoint, caller, "Scan", {"TableName": table, **SCAN})
    arguments = ["--endpoint", endpoint, "--access-key", caller, "--region", "us-east-1", "--format", "json"]
    assert advise.main(arguments) == 0
    [finding] = json.loads(capsys.readouterr().out)["Findings"]
    assert (finding["TableName"], finding["AccessKeys"]) == (table, [caller])


FINDING = {
    "Id": "scan-as-query-1",
    "Rule": "scan-as-query",
    "Title": "a title",
    "Confidence": "certain",
    "TableName": "Orders",
    "Operation": "Scan",
    "Count": 2,
    "Units": {"Read": 1.0, "Write": 0},
    "Exact": True,
    "Example": "{}",
    "AccessKeys": ["test"],
    "Evidence": ["one"],
    "Advice": "do it",
    "Link": "https://example.org",
}
RULE = {"Name": "scan-as-query", "Title": "a title", "Explanation": "why", "Link": "https://example.org"}
REPORT = {"Requests": 3, "Complete": True, "Findings": [FINDING], "Rules": [RULE]}


@pytest.mark.parametrize("format_", ["text", "json", "sarif", "junit"])
def test_a_saved_report_in_each_format(format_, tmp_path, capsys):
    file = tmp_path / "advice.json"
    file.write_text(json.dumps(REPORT))
    assert advise.main(["--from", str(file), "--format", format_, "--table", "Orders", "--fail-on", "1"]) == 0
    assert "a title" in capsys.readouterr().out


@pytest.mark.parametrize(("threshold", "status"), [("8", 0), ("7", 1), ("certain/1", 0)])
def test_a_threshold_counts_the_findings_that_were_left_out(threshold, status, tmp_path, capsys):
    file = tmp_path / "advice.json"
    file.write_text(json.dumps({**REPORT, "More": 7}))
    assert advise.main(["--from", str(file), "--fail-on", threshold]) == status
    assert "7 more findings left out" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[", "is not JSON"),
        ("[]", "the content is not an object"),
        ("{}", "the content lacks the member Requests"),
        (json.dumps({"version": "2.1.0", "runs": []}), "the content lacks the member Requests"),
        (json.dumps({**REPORT, "Findings": {}}), "Findings is not a list"),
        (json.dumps({**REPORT, "Findings": [{}]}), "Findings[0] lacks the member Id"),
        (json.dumps({**REPORT, "Findings": [{**FINDING, "Confidence": "sure"}]}), "Confidence has an unknown value"),
        (json.dumps({**REPORT, "Findings": [{**FINDING, "Units": {"Read": "1"}}]}), "Units.Read has the wrong type"),
        (json.dumps({**REPORT, "Findings": [{**FINDING, "Caller": None}]}), "Caller is not an object"),
        (json.dumps({**REPORT, "Rules": []}), "Rules lacks 'scan-as-query'"),
    ],
)
def test_a_file_that_is_no_report(content, message, tmp_path, capsys):
    file = tmp_path / "advice.json"
    file.write_text(content)
    with pytest.raises(SystemExit) as ended:
        advise.main(["--from", str(file), "--format", "sarif"])
    assert ended.value.code == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert str(file) in last
    assert message in last


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--from", "advice.json", "--region", "eu-west-1"], "--access-key and --region need a server"),
        (["--fail-on", "sure"], "'sure' is not a threshold: expected, for example, certain,"),
        (["--fail-on", "likely/x"], "is not a threshold"),
        (["--from", "/no/such/file"], "No such file"),
        (["--endpoint", "http://127.0.0.1:1"], "does not answer"),
    ],
)
def test_the_command_without_a_report(arguments, message, capsys):
    with pytest.raises(SystemExit) as ended:
        advise.main(arguments)
    assert ended.value.code == 2
    assert message in capsys.readouterr().err
