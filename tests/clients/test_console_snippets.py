"""The programs that the console shows can be run: they recreate a table, or send a query."""

import json
import os
import re
import shutil
import subprocess
import sys
from html import unescape

import pytest

from tests.support.aws_cli import AWS, REASON_TO_SKIP, Cli
from tests.support.console import over_http
from tests.support.http_clients import Client
from tests.support.javascript import FOLDER, reason_to_skip
from tests.support.servers import running
from tests.support.tables import index_request, table_request

MEMBERS = ("AttributeDefinitions", "KeySchema", "StreamSpecification", "TableClassSummary", "DeletionProtectionEnabled")
INDEX = ("IndexName", "KeySchema", "Projection")


@pytest.fixture(scope="module")
def server():
    with running("--in-memory") as started:
        yield started.url


@pytest.fixture(scope="module")
def client(server):
    opened = Client(server)
    yield opened
    opened.close()


@pytest.fixture
def texts(server, client):
    """The programs that recreate a table. The table is deleted before the test.

    After the test, there must be a table with the same settings.
    """
    client(
        "CreateTable",
        **table_request(
            "pk:S sk:N",
            TableName="Orders-1.x",
            define="status:B",
            GlobalSecondaryIndexes=[index_request("by_status", "status sk", "INCLUDE", ["a'b", 'c"d'])],
            LocalSecondaryIndexes=[index_request("local", "pk status", "KEYS_ONLY")],
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
            TableClass="STANDARD_INFREQUENT_ACCESS",
            Tags=[{"Key": "owner", "Value": "it + me"}],
        ),
    )
    setting = {"Enabled": True, "AttributeName": "ex'pires"}
    client("UpdateTimeToLive", TableName="Orders-1.x", TimeToLiveSpecification=setting)
    before = state(client)
    found = programs(over_http(server).get("tables/Orders-1.x/code").text)
    client("DeleteTable", TableName="Orders-1.x")
    yield found
    assert state(client) == before
    client("DeleteTable", TableName="Orders-1.x")


def state(client):
    """Return the settings of the table that the programs must recreate."""
    table = client("DescribeTable", TableName="Orders-1.x")["Table"]
    return {
        **{name: table.get(name) for name in MEMBERS},
        "mode": table["BillingModeSummary"]["BillingMode"],
        "global": [{name: index[name] for name in INDEX} for index in table["GlobalSecondaryIndexes"]],
        "local": [{name: index[name] for name in INDEX} for index in table["LocalSecondaryIndexes"]],
        "ttl": client("DescribeTimeToLive", TableName="Orders-1.x"),
        "tags": client("ListTagsOfResource", ResourceArn=table["TableArn"])["Tags"],
    }


def programs(page):
    """Return the programs that a page shows, by their labels."""
    found = re.findall(r'<pre [^>]*aria-label="([^"]*)"><code>(.*?)</code></pre>', page, re.DOTALL)
    return {label: unescape(text) for label, text in found}


def run(*command, text, **environment):
    """Run a command with a text as its input; check that it succeeds, and return its output."""
    variables = {**os.environ, **environment}
    done = subprocess.run(
        command, input=text, env=variables, cwd=FOLDER, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def cli_environment(server):
    return {**Cli(server).environment, "PATH": f"{AWS.parent}{os.pathsep}{os.environ['PATH']}"}


def test_the_program_with_boto3_recreates_the_table(texts):
    run(sys.executable, "-", text=texts["boto3"])


@pytest.mark.skipif(not AWS.exists(), reason=REASON_TO_SKIP)
def test_the_script_of_the_aws_cli_recreates_the_table(texts, server):
    run("bash", "-e", text=texts["AWS CLI"], **cli_environment(server))


@pytest.mark.skipif(reason_to_skip() is not None, reason=reason_to_skip() or "")
def test_the_module_of_javascript_recreates_the_table(texts):
    run(shutil.which("node"), "--input-type=module", text=texts["JavaScript"])


@pytest.mark.skipif(shutil.which("terraform") is None, reason="no terraform")
def test_terraform_would_format_the_resource_in_the_same_way(server, client):
    """`terraform fmt` fails if the syntax is wrong, so this also checks the syntax."""
    client(
        "CreateTable",
        **table_request(
            "pk:S",
            TableName="Formatted",
            define="a:S",
            GlobalSecondaryIndexes=[index_request("by-a", "a", "INCLUDE", ["${x}", 'q"'])],
            OnDemandThroughput={"MaxReadRequestUnits": 5, "MaxWriteRequestUnits": 6},
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
            Tags=[{"Key": "owner", "Value": "me"}, {"Key": "a", "Value": "b"}],
        ),
    )
    recovery = {"PointInTimeRecoveryEnabled": True}
    client("UpdateContinuousBackups", TableName="Formatted", PointInTimeRecoverySpecification=recovery)
    text = programs(over_http(server).get("tables/Formatted/code").text)["Terraform"]
    assert run("terraform", "fmt", "-no-color", "-", text=text) == text


VALUE = 'it\'s "quoted"\n\\ ${x} `y` $(z)'


@pytest.fixture(scope="module")
def query_texts(server, client):
    """A function that returns programs for a query of an item with quotes and binary data."""
    client("CreateTable", **table_request("pk:S", TableName="Texts"))
    client("PutItem", TableName="Texts", Item={"pk": {"S": VALUE}, "data": {"B": "AAH/"}})

    def shown(**query):
        return programs(over_http(server).get("tables/Texts/items", **{"key-0": VALUE}, **query).text)

    return shown


BINARY = {"filter-name": "data", "filter-op": "=", "filter-type": "B", "filter-value": "AAH/", "filter-to": ""}


def test_a_query_runs_with_boto3(query_texts):
    assert "quoted" in run(sys.executable, "-", text=query_texts(**BINARY)["boto3"])


@pytest.mark.skipif(reason_to_skip() is not None, reason=reason_to_skip() or "")
def test_a_query_runs_with_javascript(query_texts):
    assert "quoted" in run(shutil.which("node"), "--input-type=module", text=query_texts(**BINARY)["JavaScript"])


@pytest.mark.skipif(not AWS.exists(), reason=REASON_TO_SKIP)
def test_a_query_runs_with_the_aws_cli(query_texts, server):
    """The query has no binary data: version 1 of the CLI, which pip installs, takes no Base64."""
    assert json.loads(run("bash", "-e", text=query_texts()["AWS CLI"], **cli_environment(server)))["Count"] == 1
