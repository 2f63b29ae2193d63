"""What `configure` prints and writes works in botocore, the AWS CLI, a shell and Terraform."""

import json
import os
import subprocess
import sys

import boto3
import pytest

from emulator.commands import configure
from tests.support import terraform
from tests.support.aws_cli import AWS, REASON_TO_SKIP
from tests.support.servers import ROOT, running


@pytest.fixture(scope="module")
def server():
    with running("--in-memory") as started:
        yield started.url


@pytest.fixture
def home(tmp_path, monkeypatch):
    for name in list(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return tmp_path


def written(server, *more):
    assert configure.main(["--write", "--endpoint", server, "--region", "eu-west-1", *more]) == 0


@pytest.mark.parametrize("extra", [[], ["--only-dynamodb"]])
def test_boto3_uses_the_profile(server, home, extra, capsys):
    written(server, *extra)
    session = boto3.Session(profile_name="local")
    assert session.client("dynamodb").list_tables()["TableNames"] == []
    assert session.client("dynamodbstreams").list_streams()["Streams"] == []
    assert session.client("lambda").list_event_source_mappings()["EventSourceMappings"] == []
    assert session.region_name == "eu-west-1"
    of_another_service = session.client("sqs").meta.endpoint_url
    assert of_another_service == ("https://sqs.eu-west-1.amazonaws.com" if extra else server)
    before = [(home / name).read_bytes() for name in ("config", "credentials")]
    written(server, *extra)
    assert [(home / name).read_bytes() for name in ("config", "credentials")] == before
    assert capsys.readouterr().out.splitlines() == [
        f"{home / name}: {state} the profile local"
        for state in ("wrote", "already has")
        for name in ("config", "credentials")
    ]


@pytest.mark.skipif(not AWS.exists(), reason=REASON_TO_SKIP)
def test_the_aws_cli_uses_the_profile(server, home):
    written(server, "--profile", "other")
    command = [AWS, "--profile", "other", "dynamodb", "list-tables", "--output", "json"]
    done = subprocess.run(command, env=dict(os.environ), capture_output=True, text=True, check=True, timeout=60)
    assert '"TableNames": []' in done.stdout


def test_other_profiles_stay(server, home, capsys):
    (home / "config").write_text("# mine\n[profile local]\nregion = us-west-2\n")
    (home / "credentials").write_text("[default]\naws_access_key_id = AKIA\naws_secret_access_key = s\n")
    before = (home / "credentials").read_text()
    assert configure.main(["--write", "--endpoint", server]) == 1
    assert (
        f"dynamodb-emulator: {home / 'config'} has the section [profile local] with region" in capsys.readouterr().err
    )
    assert (home / "credentials").read_text() == before
    assert boto3.Session(profile_name="default").get_credentials().access_key == "AKIA"


def test_without_write_nothing_is_written(server, home, capsys):
    assert configure.main(["--endpoint", server]) == 0
    assert f"[profile local]\nregion = us-east-1\nendpoint_url = {server}\n" in capsys.readouterr().out
    assert list(home.iterdir()) == []


def test_variables_in_a_shell(server, home, capsys):
    assert configure.main(["shell", "--endpoint", server, "--access-key", "of-shell"]) == 0
    client = f'{sys.executable} -c \'import boto3; print(boto3.client("dynamodb").list_tables()["TableNames"])\''
    script = capsys.readouterr().out + client
    done = subprocess.run(
        ["sh", "-eu", "-c", script], env=dict(os.environ), capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("[]\n", "")


TEMPLATE = {
    "Resources": {
        "OrdersF00": {
            "Type": "AWS::DynamoDB::Table",
            "Properties": {
                "TableName": "Orders",
                "BillingMode": "PAY_PER_REQUEST",
                "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
                "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            },
        }
    }
}


def test_tables_of_a_cdk_application(server, home, capsys):
    """A script in the place of `cdk` writes a template, as `cdk synth` does."""
    assert configure.main(["cdk", "--endpoint", server, "--access-key", "of-cdk"]) == 0
    text = capsys.readouterr().out
    (home / "template").write_text(json.dumps(TEMPLATE))
    programs = {
        "cdk": "mkdir cdk.out; cp template cdk.out/Stack.template.json",
        "dynamodb-emulator": f'PYTHONPATH={ROOT}:{ROOT}/emulator/installed exec {sys.executable} -m emulator "$@"',
    }
    for name, line in programs.items():
        (home / name).write_text(f"#!/bin/sh\n{line}\n")
        (home / name).chmod(0o755)
    environment = os.environ | {"PATH": f"{home}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["sh", "-eu", "-c", text], cwd=home, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    keys = {"aws_access_key_id": "of-cdk", "aws_secret_access_key": "local"}
    client = boto3.client("dynamodb", endpoint_url=server, region_name="us-east-1", **keys)
    assert client.list_tables()["TableNames"] == ["Orders"]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--endpoint", "nowhere"], "'nowhere' is not a URL"),
        (["--profile", "a b"], "'a b' is not a name of a profile"),
        (["--region", "a\nb"], "--region 'a\\nb' is not a single word"),
        (["shell", "--write"], "--write works only with `configure profile`"),
        (["nothing"], "invalid choice: 'nothing'"),
    ],
)
def test_wrong_arguments(arguments, problem, capsys):
    with pytest.raises(SystemExit) as ended:
        configure.main(arguments)
    assert ended.value.code == 2
    assert problem in capsys.readouterr().err


RESOURCES = """
resource "aws_dynamodb_table" "orders" {
  name         = "Orders"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "id"
  stream_enabled   = true
  stream_view_type = "NEW_IMAGE"
  attribute {
    name = "id"
    type = "S"
  }
  ttl {
    attribute_name = "expires"
    enabled        = true
  }
}

data "aws_caller_identity" "me" {}

resource "aws_dynamodb_resource_policy" "orders" {
  resource_arn = aws_dynamodb_table.orders.arn
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { AWS = data.aws_caller_identity.me.account_id }
      Action    = ["dynamodb:GetItem"]
      Resource  = aws_dynamodb_table.orders.arn
    }]
  })
}

resource "aws_dynamodb_contributor_insights" "orders" {
  table_name = aws_dynamodb_table.orders.name
}

resource "aws_dynamodb_table" "scaled" {
  name           = "Scaled"
  read_capacity  = 5
  write_capacity = 5
  hash_key       = "id"
  attribute {
    name = "id"
    type = "S"
  }
  lifecycle { ignore_changes = [read_capacity] }
}

resource "aws_appautoscaling_target" "scaled" {
  min_capacity       = 6
  max_capacity       = 20
  resource_id        = "table/${aws_dynamodb_table.scaled.name}"
  scalable_dimension = "dynamodb:table:ReadCapacityUnits"
  service_namespace  = "dynamodb"
  tags               = { team = "shop" }
}

resource "aws_appautoscaling_policy" "scaled" {
  name               = "track"
  policy_type        = "TargetTrackingScaling"
  resource_id        = aws_appautoscaling_target.scaled.resource_id
  scalable_dimension = aws_appautoscaling_target.scaled.scalable_dimension
  service_namespace  = aws_appautoscaling_target.scaled.service_namespace
  target_tracking_scaling_policy_configuration {
    predefined_metric_specification { predefined_metric_type = "DynamoDBReadCapacityUtilization" }
    target_value = 70
  }
}

resource "aws_appautoscaling_scheduled_action" "scaled" {
  name               = "morning"
  resource_id        = aws_appautoscaling_target.scaled.resource_id
  scalable_dimension = aws_appautoscaling_target.scaled.scalable_dimension
  service_namespace  = aws_appautoscaling_target.scaled.service_namespace
  schedule           = "cron(0 8 * * ? *)"
  scalable_target_action {
    min_capacity = 7
    max_capacity = 20
  }
}
"""


@pytest.mark.nightly
def test_terraform_makes_and_destroys_tables_with_their_settings(server, tmp_path):
    command = [sys.executable, "-m", "emulator", "configure", "terraform", "--endpoint", server]
    provider = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    (tmp_path / "provider.tf").write_text(provider)
    (tmp_path / "table.tf").write_text(RESOURCES)
    terraform.prepared(tmp_path)
    terraform.run(tmp_path, "apply", "-auto-approve")
    keys = {"aws_access_key_id": "local", "aws_secret_access_key": "local"}
    client = boto3.client("dynamodb", endpoint_url=server, region_name="us-east-1", **keys)
    assert client.describe_table(TableName="Orders")["Table"]["StreamSpecification"]["StreamViewType"] == "NEW_IMAGE"
    scaled = client.describe_table(TableName="Scaled")["Table"]["ProvisionedThroughput"]
    assert scaled["ReadCapacityUnits"] == 6, "the minimum of the scalable target"
    assert terraform.run(tmp_path, "plan", "-detailed-exitcode").returncode == 0  # 0: nothing to change
    terraform.run(tmp_path, "destroy", "-auto-approve")
    assert client.list_tables()["TableNames"] == []
