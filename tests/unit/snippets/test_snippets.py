"""Texts that recreate a table or repeat a request. The tests read each text as a shell or an
interpreter would.
"""

import json
import shlex
import sys
import types

import pytest
import yaml

from emulator.formats.described import create_input
from emulator.formats.detection import inputs
from emulator.formats.records import Definition, ReadOptions
from emulator.snippets import boto3_code, cli, cloudformation, javascript, terraform
from emulator.snippets.recreation import recreation
from emulator.snippets.requests import Target
from tests.support.tables import index_request, table_request

TARGET = Target("http://127.0.0.1:8000", "eu-west-1", "it's $(me)")
ONE = {"ReadCapacityUnits": 3, "WriteCapacityUnits": 4}
GLOBAL = index_request("by-status", "status at", "INCLUDE", ["total", "a b'\"$"])
LOCAL = index_request("by-at", "pk at", "KEYS_ONLY")
HOSTILE = 'it\'s "$(x)" `y` ${z} %{if} <b>\\ \u2028 é\n- a: b'
RICH = table_request(
    "pk:S sk:N",
    define="status:S at:N",
    TableName="Orders.2024",
    GlobalSecondaryIndexes=[GLOBAL | {"OnDemandThroughput": {"MaxReadRequestUnits": 5, "MaxWriteRequestUnits": 6}}],
    LocalSecondaryIndexes=[LOCAL],
    StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    SSESpecification={"Enabled": True, "SSEType": "KMS"},
    TableClass="STANDARD_INFREQUENT_ACCESS",
    DeletionProtectionEnabled=True,
)
PROVISIONED = table_request(
    "yes:B",
    define="on:S",
    TableName="-3.x_",
    BillingMode="PROVISIONED",
    ProvisionedThroughput=ONE,
    GlobalSecondaryIndexes=[index_request("null", "on") | {"ProvisionedThroughput": ONE}],
)
TABLES = {"plain": table_request("pk:S", TableName="abc"), "rich": RICH, "provisioned": PROVISIONED}


@pytest.fixture(params=TABLES)
def calls(request, db):
    """Return the requests that recreate a table, made from its description."""
    db("CreateTable", **TABLES[request.param])
    table = db("DescribeTable", TableName=TABLES[request.param]["TableName"])["Table"]
    tags = [{"Key": "k", "Value": HOSTILE}] if request.param == "rich" else None
    return recreation(table, ttl=None if tags is None else "$a", recovery_days=None if tags is None else 7, tags=tags)


def made(calls):
    return next(request for operation, request in calls if operation == "CreateTable")


def test_the_requests_follow_the_table(db):
    db("CreateTable", **RICH)
    table = db("DescribeTable", TableName="Orders.2024")["Table"]
    replicas = {"Replicas": [{"RegionName": "us-east-1"}, {"RegionName": "eu-west-1"}]}
    found = recreation(
        table | replicas, ttl="at", recovery_days=35, tags=[{"Key": "a", "Value": "b"}], region="us-east-1"
    )
    assert [operation for operation, _ in found] == [
        *("CreateTable", "UpdateTimeToLive", "UpdateContinuousBackups", "UpdateTable")
    ]
    assert found[0][1] == {**create_input(table), "Tags": [{"Key": "a", "Value": "b"}]}
    assert found[3][1]["ReplicaUpdates"] == [{"Create": {"RegionName": "eu-west-1"}}]


def test_replicas_with_strong_consistency_are_created_together(db):
    db("CreateTable", **table_request("pk:S", TableName="strict"))
    create = [{"Create": {"RegionName": "us-west-2"}}]
    witness = [{"Create": {"RegionName": "us-east-2"}}]
    members = {
        "TableName": "strict",
        "MultiRegionConsistency": "STRONG",
        "ReplicaUpdates": create,
        "GlobalTableWitnessUpdates": witness,
    }
    db("UpdateTable", **members)
    db.emulator.database.background.run_all()
    table = db("DescribeTable", TableName="strict")["Table"]
    calls = recreation(table, region="us-east-1")
    assert calls[1:] == [("UpdateTable", members)]
    text = terraform.resource(calls)
    assert 'consistency_mode = "STRONG"' in text
    assert "global_table_witness {" in text


# --- AWS CLI --------------------------------------------------------------------------------------


def camel(option, members):
    """Return the request's member for an option of the AWS CLI."""
    plain = option.removeprefix("--").removeprefix("no-").replace("-", "").lower()
    return next(name for name in members if name.lower() == plain)


def parsed_command(text, members):
    """Read a command as a shell and the AWS CLI do."""
    words = [part for word in shlex.split(text) for part in (word.split("=", 1) if word.startswith("--") else [word])]
    assert words[0] == "aws"
    request, options = {}, words[3:]
    while options:
        option = options.pop(0)
        if option in ("--endpoint-url", "--region"):
            assert options.pop(0) in TARGET
            continue
        name = camel(option, members)
        if not options or options[0].startswith("--"):
            request[name] = not option.startswith("--no-")
            continue
        value = options.pop(0)
        request[name] = json.loads(value) if value[:1] in "[{" else int(value) if value.isdigit() else value
    return words[2], request


def test_a_script_of_the_cli_has_the_requests(calls):
    commands = cli.script(calls, TARGET).strip().split("\n\n")
    assert shlex.split(commands[0])[1] == f"AWS_ACCESS_KEY_ID={TARGET.access_key}"
    assert commands[2].startswith("aws dynamodb wait table-exists")
    for command, (operation, request) in zip([commands[1], *commands[3:]], calls, strict=True):
        name, found = parsed_command(command.replace("\\\n", ""), request)
        assert name.replace("-", "") == operation.lower()
        assert found == request


def test_names_of_the_cli():
    text = cli.command("Query", {"SSESpecification": {}, "ConsistentRead": False, "ScanIndexForward": True}, TARGET)
    assert "--sse-specification '{}'" in text
    assert "--no-consistent-read" in text
    assert "--scan-index-forward \\" in text
    assert cli.command("GetRecords", {"ShardIterator": "a"}, TARGET).startswith("aws dynamodbstreams get-records")


# --- Python and JavaScript ------------------------------------------------------------------------


class Recorder:
    """Stands in for boto3, and keeps the calls."""

    def __init__(self):
        self.calls = []

    def client(self, service, **options):
        self.options = {"service": service, **options}
        return self

    def get_waiter(self, name):
        assert name == "table_exists"
        return types.SimpleNamespace(wait=lambda **_: None)

    def __getattr__(self, name):
        def call(**request):
            self.calls.append((name.replace("_", ""), request))
            return {"Items": [1]}

        return call


def run(text, monkeypatch):
    recorder = Recorder()
    monkeypatch.setitem(sys.modules, "boto3", recorder)
    exec(compile(text, "snippet", "exec"), {})
    return recorder


def test_a_program_with_boto3_has_the_requests(calls, monkeypatch):
    recorder = run(boto3_code.program(calls, TARGET), monkeypatch)
    assert recorder.calls == [(operation.lower(), request) for operation, request in calls]
    assert recorder.options["endpoint_url"] == TARGET.url
    assert recorder.options["aws_access_key_id"] == TARGET.access_key


QUERY = {
    "TableName": "t",
    "KeyConditionExpression": "#k = :k",
    "ExpressionAttributeNames": {"#k": HOSTILE, "#__proto__": "__proto__"},
    "ExpressionAttributeValues": {
        ":k": {"S": HOSTILE},
        ":b": {"B": "AAEC/w=="},
        ":s": {"BS": ["AA==", "/w=="]},
        ":m": {"M": {"B": {"S": "x"}, "__proto__": {"N": "1"}, "a-b": {"L": [{"NULL": True}, {"BOOL": False}]}}},
        ":long": {"L": [{"S": "x" * 60}, {"M": {"a": {"S": "y" * 60}, "b": {"L": []}, "c": {"M": {}}}}]},
    },
    "ScanIndexForward": False,
    "Limit": 10,
}


def test_boto3_gets_binary_values_as_bytes(monkeypatch, capsys):
    [(name, request)] = run(
        boto3_code.program([("Query", QUERY)], TARGET, result="response['Items']"), monkeypatch
    ).calls
    values = request["ExpressionAttributeValues"]
    assert name == "query"
    assert (values[":b"], values[":s"]) == ({"B": b"\0\1\2\xff"}, {"BS": [b"\0", b"\xff"]})
    rest = {name: value for name, value in QUERY["ExpressionAttributeValues"].items() if name not in (":b", ":s")}
    assert {name: values[name] for name in rest} == rest
    assert capsys.readouterr().out == "[1]\n"


def test_javascript_is_json_with_buffers():
    text = javascript.literal(QUERY | {"ExpressionAttributeValues": {":k": {"S": HOSTILE}}})
    assert "\u2028" not in text
    assert "{ S: " in text
    assert "Buffer.from('000102ff'".replace("'", '"', 2) in javascript.program([("Query", QUERY)], TARGET)
    assert '["__proto__"]: { N: "1" }' in javascript.program([("Query", QUERY)], TARGET)


def test_javascript_imports_each_command_once():
    text = javascript.program([("Query", {}), ("Query", {}), ("PutItem", {})], TARGET, result="response.Items")
    assert "import { DynamoDBClient, PutItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb'" in text
    assert text.endswith("console.log(response.Items)\n")


# --- templates ------------------------------------------------------------------------------------


def test_a_template_is_read_as_the_same_table(calls, tmp_path):
    path = tmp_path / "template.yaml"
    path.write_text(cloudformation.template(calls))
    [(_, resource)] = yaml.safe_load(path.read_text())["Resources"].items()
    assert resource["Type"] == "AWS::DynamoDB::Table"
    records = [each for source in inputs([str(path)], ReadOptions()) for each in source.records(lambda _: {})]
    [definition] = [each for each in records if isinstance(each, Definition)]
    assert definition.create == made(calls)
    ttl = [request["TimeToLiveSpecification"]["AttributeName"] for name, request in calls if name == "UpdateTimeToLive"]
    assert [definition.ttl] == (ttl or [None])


@pytest.mark.parametrize(("name", "expected"), [("Orders.2024", "Orders2024"), ("-3.x_", "Table3X"), ("a_b", "AB")])
def test_logical_ids(name, expected):
    assert f"  {expected}:\n" in cloudformation.template(recreation_of(name))


def recreation_of(name):
    return [("CreateTable", table_request("pk:S", TableName=name))]


def test_a_template_says_what_it_cannot_have():
    calls = [
        ("CreateTable", {**made(recreation_of("abc")), "VectorIndexes": []}),
        ("UpdateTable", {"ReplicaUpdates": []}),
    ]
    text = cloudformation.template(calls)
    comments = [
        f"# AWS::DynamoDB::Table does not support {each}: left out.\n" for each in ("VectorIndexes", "replicas")
    ]
    assert text.startswith("".join(comments))
    assert terraform.resource(calls).startswith("# aws_dynamodb_table does not support vector indexes: left out.\n")


def test_a_resource_of_terraform(db):
    db("CreateTable", **RICH)
    table = db("DescribeTable", TableName="Orders.2024")["Table"]
    tags = [{"Key": "k", "Value": "${a} %{b}"}]
    text = terraform.resource(
        recreation(table | {"Replicas": [{"RegionName": "r"}]}, ttl="at", recovery_days=7, tags=tags)
    )
    assert text.startswith('resource "aws_dynamodb_table" "Orders_2024" {\n  name')
    for line in (
        'hash_key                    = "pk"',
        'range_key                   = "sk"',
        'billing_mode                = "PAY_PER_REQUEST"',
        'stream_view_type            = "NEW_AND_OLD_IMAGES"',
        'table_class                 = "STANDARD_INFREQUENT_ACCESS"',
        "deletion_protection_enabled = true",
        '"k" = "$${a} %%{b}"',
        '["a b\'\\"$", "total"]',
        "max_read_request_units  = 5",
        'attribute_name = "at"',
        "recovery_period_in_days = 7",
        'region_name = "r"',
    ):
        assert line in text
    assert text.count("attribute {") == 4


def test_terraform_has_the_throughput_and_keys_of_several_attributes():
    text = terraform.resource([("CreateTable", PROVISIONED)])
    assert '"aws_dynamodb_table" "-3_x_"' not in text
    assert "read_capacity  = 3" in text
    several = index_request("i", "a+b c")
    text = terraform.resource([("CreateTable", PROVISIONED | {"GlobalSecondaryIndexes": [several]})])
    assert text.count("key_schema {") == 3
