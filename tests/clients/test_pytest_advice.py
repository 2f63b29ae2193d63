"""Advice and budgets of the pytest plugin, in the project of a user."""

import json
import xml.etree.ElementTree as ET

import pytest

from tests.support.pytest_runs import Project
from tests.support.tables import table_request

USAGE_ERROR = 4
ORDERS = table_request("id:S", TableName="Orders")
APPLICATION = f"""
ORDERS = {ORDERS!r}

def orders_of(client, customer):
    return client.scan(
        TableName="Orders",
        FilterExpression="id = :id",
        ExpressionAttributeValues={{":id": {{"S": customer}}}},
    )["Items"]
"""
SCANS = """
from shop import ORDERS, orders_of

def test_first(dynamodb):
    dynamodb.create_table(**ORDERS)
    assert orders_of(dynamodb, "a") == []

def test_second(dynamodb):
    dynamodb.create_table(**ORDERS)
    assert orders_of(dynamodb, "a") == orders_of(dynamodb, "b") == []
"""
GOOD = """
from shop import ORDERS

def test_good(dynamodb):
    dynamodb.create_table(**ORDERS)
    dynamodb.put_item(TableName="Orders", Item={"id": {"S": "a"}})
    assert dynamodb.get_item(TableName="Orders", Key={"id": {"S": "a"}})["Item"] == {"id": {"S": "a"}}
"""


@pytest.fixture
def project(tmp_path):
    made = Project(tmp_path)
    made.write(shop=APPLICATION)
    return made


def test_the_summary_names_the_lines_of_the_program(project):
    project.write(test_it=SCANS)
    run = project.run()
    assert (run.status, run.outcomes) == (0, {"passed": 2}), run.output
    assert "DynamoDB advice" in run.output
    assert "certain: A Scan reads the whole table where a Query would do (scan-as-query)" in run.output
    line = next(number for number, text in enumerate(APPLICATION.splitlines(), 1) if "client.scan" in text)
    assert f"Scan of Orders, in shop.py:{line} (orders_of): 3 times, 6 read units" in run.output
    assert "1 finding in " in run.output


def test_a_good_program_has_no_summary(project):
    project.write(test_it=GOOD)
    run = project.run()
    assert (run.status, run.outcomes) == (0, {"passed": 1}), run.output
    assert "DynamoDB advice" not in run.output


def test_requests_of_clients_that_were_made_earlier_name_their_lines_too(project):
    project.ini("dynamodb_isolation = reset")
    project.write(
        handler="import boto3\nfrom shop import orders_of\nclient = boto3.client('dynamodb')\n",
        test_it="import handler, shop\n\ndef test_it(dynamodb):\n    dynamodb.create_table(**shop.ORDERS)\n"
        "    assert shop.orders_of(handler.client, 'a') == []\n",
    )
    assert "in shop.py:5 (orders_of): once" in project.run().output


def test_a_threshold_fails_the_run(project):
    project.ini("dynamodb_advice_fail_on = certain")
    project.write(test_it=SCANS)
    run = project.run()
    assert (run.status, run.outcomes) == (1, {"passed": 2}), run.output
    assert "dynamodb_advice_fail_on = certain: the run has failed" in run.output


def test_a_threshold_that_is_kept(project):
    project.ini("dynamodb_advice_fail_on = certain/1")
    project.write(test_it=SCANS)
    assert project.run().status == 0


def test_workers_of_xdist_are_added_up(project):
    project.ini("dynamodb_advice_fail_on = 0")
    project.write(test_it=SCANS)
    run = project.run("-n", "2", "--dist", "each", "--dynamodb-advice-report", "advice.json")
    assert run.status == 1, run.output
    [finding] = json.loads((project.folder / "advice.json").read_text())["Findings"]
    assert finding["Count"] == 6
    assert finding["Units"] == {"Read": 12.0, "Write": 0.0}
    assert "1 finding in " in run.output


def test_advice_can_be_off(project):
    project.ini("dynamodb_advice = off")
    project.write(test_it=SCANS)
    run = project.run()
    assert (run.status, run.outcomes) == (0, {"passed": 2}), run.output
    assert "DynamoDB advice" not in run.output


@pytest.mark.parametrize(
    ("ini", "file", "message"),
    [
        ("dynamodb_advice = of", None, "dynamodb_advice: 'of' is not one of summary, off"),
        (
            "dynamodb_advice_fail_on = zz",
            None,
            "dynamodb_advice_fail_on: 'zz' is not certain, likely, possible, a number such as 10",
        ),
        ("dynamodb_advice_fail_on = likely/x", None, "dynamodb_advice_fail_on: 'likely/x' is not"),
        ("dynamodb_advice = off", "a.json", "--dynamodb-advice-report needs the advisor, but the ini option"),
        ("", "none/a.json", "--dynamodb-advice-report none/a.json: no file can be written there"),
        ("", ".", "--dynamodb-advice-report .: no file can be written there"),
    ],
)
def test_a_wrong_option_ends_the_run_before_the_tests(project, ini, file, message):
    project.ini(ini)
    project.write(test_it="def test_it():\n    pass\n")
    run = project.run(*(() if file is None else ("--dynamodb-advice-report", file)))
    assert (run.status, run.outcomes) == (USAGE_ERROR, {}), run.output
    assert f"ERROR: {message}" in run.output


def test_a_file_that_cannot_be_written_fails_the_run(project):
    project.write(test_it="import os\ndef test_it():\n    os.mkdir('advice.json')\n")
    run = project.run("--dynamodb-advice-report", "advice.json")
    assert (run.status, run.outcomes) == (1, {"passed": 1}), run.output
    assert "--dynamodb-advice-report advice.json: cannot write the file: Is a directory" in run.output


def test_a_run_without_requests_writes_an_empty_report(project):
    project.write(test_it="def test_it():\n    pass\n")
    assert project.run("--dynamodb-advice-report", "advice.json").status == 0
    assert json.loads((project.folder / "advice.json").read_text())["Findings"] == []


@pytest.mark.parametrize("name", ["advice.sarif", "advice.xml", "advice.txt"])
def test_reports_in_files(project, name):
    project.write(test_it=SCANS)
    assert project.run("--dynamodb-advice-report", name).status == 0
    text = (project.folder / name).read_text()
    if name.endswith("sarif"):
        [result] = json.loads(text)["runs"][0]["results"]
        assert result["locations"][0]["physicalLocation"]["artifactLocation"] == {"uri": "shop.py"}
    elif name.endswith("xml"):
        assert ET.fromstring(text.split("\n", 1)[1]).find(".//testcase").get("file") == "shop.py"
    else:
        assert "in shop.py:5 (orders_of): 3 times" in text


# --- budgets --------------------------------------------------------------------------------------


def test_budgets(project):
    project.write(
        test_it=GOOD
        + """
import pytest
import dynamodb_emulator

@pytest.fixture
def client(dynamodb):
    dynamodb.create_table(**ORDERS)
    return dynamodb

def put(client):
    client.put_item(TableName="Orders", Item={"id": {"S": "a"}, "text": {"S": "x" * 1500}})

def get(client):
    client.get_item(TableName="Orders", Key={"id": {"S": "a"}})

def test_within(client, dynamodb_server):
    with dynamodb_server.budget(read=0.5, write=2, requests=2):
        put(client)
        get(client)
    with dynamodb_server.budget():
        put(client)

def test_over(client, dynamodb_server):
    expected = "0.5 read units instead of at most 0.1, 2 write units instead of at most 1, 2 requests instead of at most 1"
    with pytest.raises(dynamodb_emulator.BudgetExceeded, match=expected):
        with dynamodb_server.budget(read=0.1, write=1, requests=1):
            put(client)
            get(client)

def test_an_error_in_the_block_stays(client, dynamodb_server):
    with pytest.raises(KeyError), dynamodb_server.budget(requests=0):
        put(client)
        raise KeyError

def test_others_do_not_count(client, dynamodb_server, dynamodb_process):
    with dynamodb_server.budget(requests=0, write=0):
        dynamodb_process.client(access_key="other").list_tables()
"""
    )
    run = project.run()
    assert run.outcomes == {"passed": 5}, run.output


def test_budgets_of_a_server_of_ones_own(project):
    project.write(
        test_it="""
import pytest
import dynamodb_emulator
from shop import ORDERS

def test_it():
    with dynamodb_emulator.running() as server:
        client = server.client()
        client.create_table(**ORDERS)
        with server.budget(write=1, requests=1):
            client.put_item(TableName="Orders", Item={"id": {"S": "a"}})
        with pytest.raises(AssertionError, match="1 request instead of at most 0"), server.budget(requests=0):
            client.put_item(TableName="Orders", Item={"id": {"S": "a"}})
"""
    )
    assert project.run().outcomes == {"passed": 1}


def test_advice_of_a_server_of_ones_own(project):
    project.write(
        test_it="""
import pytest
import dynamodb_emulator
from shop import ORDERS

def test_it():
    with dynamodb_emulator.running(advise=True) as server:
        client = server.client()
        client.create_table(**ORDERS)
        key = {"id": {"S": "a"}}
        for _ in range(30):
            client.put_item(TableName="Orders", Item=key)
            client.scan(TableName="Orders", FilterExpression="id = :id", ExpressionAttributeValues={":id": {"S": "a"}})
        found = server.advice(access_key="local", confidence="likely")
        assert "scan-as-query" in {each["Rule"] for each in found}
        assert server.advice(access_key="other") == []
        with pytest.raises(dynamodb_emulator.server.ControlError, match="Confidence"):
            server.advice(confidence="sure")

def test_a_server_that_does_not_advise():
    with dynamodb_emulator.running() as server, pytest.raises(dynamodb_emulator.server.ControlError, match="advise"):
        server.advice()
"""
    )
    run = project.run()
    assert run.outcomes == {"passed": 2}, run.output
