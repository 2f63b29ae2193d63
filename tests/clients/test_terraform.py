"""Terraform's own AWS provider makes, changes and destroys tables with all their settings.

After each apply, a plan must have nothing to change: what the provider reads is what it has set
(control-plane 18.1).
"""

import re
import subprocess
import sys
import urllib.request

import boto3
import pytest

from tests.support import terraform
from tests.support.kinesis import fake_kinesis
from tests.support.servers import ROOT, running

NOTHING_TO_CHANGE = 0  # exit status of `terraform plan -detailed-exitcode`

# The arguments of the table `orders` at first. Each of STAGES then changes some of them.
WHOLE = {
    "billing": 'billing_mode = "PAY_PER_REQUEST"',
    "index": 'projection_type = "ALL"',
    "stream": 'stream_enabled = true\n  stream_view_type = "NEW_IMAGE"',
    "ttl": 'ttl {\n    attribute_name = "expires"\n    enabled = true\n  }',
    "recovery": "point_in_time_recovery {\n    enabled = true\n    recovery_period_in_days = 7\n  }",
    "tags": 'tags = { team = "shop" }',
    "protection": "deletion_protection_enabled = true",
    "class": 'table_class = "STANDARD_INFREQUENT_ACCESS"',
    "encryption": "server_side_encryption {\n    enabled = true\n  }",
    "maximum": "on_demand_throughput {\n    max_read_request_units = 50\n    max_write_request_units = 50\n  }",
    "replicas": "",
    "policy": "dynamodb:GetItem",
    "item": "first",
}
ON_DEMAND = 'billing_mode = "PAY_PER_REQUEST"'
PROVISIONED = 'billing_mode = "PROVISIONED"\n  read_capacity = 5\n  write_capacity = 5'
OF_INDEX = 'projection_type = "KEYS_ONLY"\n    read_capacity = 2\n    write_capacity = 2'
WEST = 'replica {\n    region_name = "eu-west-1"\n    point_in_time_recovery = %s\n    propagate_tags = true\n  }'
SOUTH = 'replica {\n    region_name = "ap-south-1"\n  }'
STAGES = [
    {},
    {"index": 'projection_type = "KEYS_ONLY"'},
    {"stream": 'stream_enabled = true\n  stream_view_type = "NEW_AND_OLD_IMAGES"'},
    {"ttl": 'ttl {\n    attribute_name = "expires"\n    enabled = false\n  }'},
    {"recovery": "point_in_time_recovery {\n    enabled = true\n    recovery_period_in_days = 35\n  }"},
    {"tags": 'tags = { team = "shop", stage = "test" }', "item": "second", "policy": "dynamodb:Query"},
    {"protection": "deletion_protection_enabled = false", "class": 'table_class = "STANDARD"'},
    {"maximum": "on_demand_throughput {\n    max_read_request_units = 90\n    max_write_request_units = 50\n  }"},
    {"encryption": "server_side_encryption {\n    enabled = false\n  }", "stream": "stream_enabled = false"},
    {"maximum": "", "billing": PROVISIONED, "index": OF_INDEX},
]
# These stages come last, because a table with replicas cannot change its stream's view type.
WITH_REPLICAS = [
    {
        "billing": ON_DEMAND,
        "index": 'projection_type = "KEYS_ONLY"',
        "stream": 'stream_enabled = true\n  stream_view_type = "NEW_AND_OLD_IMAGES"',
        "replicas": WEST % "false",
    },
    {"replicas": f"{WEST % 'true'}\n  {SOUTH}", "tags": 'tags = { team = "books" }'},
    {"replicas": ""},
]

TABLE = """
data "aws_caller_identity" "me" {{}}

resource "aws_dynamodb_table" "orders" {{
  name      = "Orders"
  {billing}
  hash_key  = "id"
  range_key = "at"
  attribute {{
    name = "id"
    type = "S"
  }}
  attribute {{
    name = "at"
    type = "N"
  }}
  attribute {{
    name = "customer"
    type = "S"
  }}
  local_secondary_index {{
    name            = "by-customer"
    range_key       = "customer"
    projection_type = "ALL"
  }}
  global_secondary_index {{
    name      = "customers"
    hash_key  = "customer"
    {index}
  }}
  {stream}
  {ttl}
  {recovery}
  {tags}
  {protection}
  {class}
  {encryption}
  {maximum}
  {replicas}
}}

resource "aws_dynamodb_table_item" "first" {{
  table_name = aws_dynamodb_table.orders.name
  hash_key   = aws_dynamodb_table.orders.hash_key
  range_key  = aws_dynamodb_table.orders.range_key
  item       = jsonencode({{ id = {{ S = "a" }}, at = {{ N = "1" }}, note = {{ S = "{item}" }} }})
}}

resource "aws_dynamodb_contributor_insights" "orders" {{
  table_name = aws_dynamodb_table.orders.name
}}

resource "aws_dynamodb_kinesis_streaming_destination" "orders" {{
  table_name = aws_dynamodb_table.orders.name
  stream_arn = "arn:aws:kinesis:us-east-1:${{data.aws_caller_identity.me.account_id}}:stream/orders"
}}

resource "aws_dynamodb_resource_policy" "orders" {{
  resource_arn = aws_dynamodb_table.orders.arn
  policy = jsonencode({{
    Version = "2012-10-17"
    Statement = [{{
      Effect    = "Allow"
      Principal = {{ AWS = data.aws_caller_identity.me.account_id }}
      Action    = ["{policy}"]
      Resource  = aws_dynamodb_table.orders.arn
    }}]
  }})
}}

data "aws_dynamodb_table" "orders" {{
  name = aws_dynamodb_table.orders.name
}}
"""

SCALING = """
locals {
  dimensions = {
    "table/Orders" = ["table:ReadCapacityUnits", "table:WriteCapacityUnits"]
    "table/Orders/index/customers" = ["index:ReadCapacityUnits", "index:WriteCapacityUnits"]
  }
  targets = merge([for id, kinds in local.dimensions : {
    for kind in kinds : "${id} ${kind}" => {
      id = id, kind = kind, metric = "DynamoDB${trimsuffix(split(":", kind)[1], "Units")}Utilization"
    }
  }]...)
}

resource "aws_appautoscaling_target" "orders" {
  for_each           = local.targets
  min_capacity       = 2
  max_capacity       = %s
  resource_id        = each.value.id
  scalable_dimension = "dynamodb:${each.value.kind}"
  service_namespace  = "dynamodb"
  depends_on         = [aws_dynamodb_table.orders]
}

resource "aws_appautoscaling_policy" "orders" {
  for_each           = local.targets
  name               = "track"
  policy_type        = "TargetTrackingScaling"
  resource_id        = aws_appautoscaling_target.orders[each.key].resource_id
  scalable_dimension = aws_appautoscaling_target.orders[each.key].scalable_dimension
  service_namespace  = "dynamodb"
  target_tracking_scaling_policy_configuration {
    predefined_metric_specification { predefined_metric_type = each.value.metric }
    target_value = %s
  }
}
"""

# Address -> id, for `import` blocks that bring existing resources into an empty state.
IMPORTS = {
    "aws_dynamodb_table.orders": "Orders",
    "aws_dynamodb_contributor_insights.orders": "name:Orders/index:/{account}",
    "aws_dynamodb_kinesis_streaming_destination.orders": "Orders,arn:aws:kinesis:us-east-1:{account}:stream/orders",
    "aws_dynamodb_resource_policy.orders": "arn:aws:dynamodb:us-east-1:{account}:table/Orders",
}

COPIES = """
resource "aws_dynamodb_contributor_insights" "customers" {
  table_name = aws_dynamodb_table.orders.name
  index_name = "customers"
}

resource "aws_dynamodb_table_export" "orders" {
  table_arn = aws_dynamodb_table.orders.arn
  s3_bucket = "bucket"
  s3_prefix = "exports"
  depends_on = [aws_dynamodb_table_item.first]
}

resource "aws_dynamodb_table" "restored" {
  name                   = "Restored"
  billing_mode           = "PAY_PER_REQUEST"
  hash_key               = "id"
  range_key              = "at"
  restore_source_name    = aws_dynamodb_table.orders.name
  restore_to_latest_time = true
  attribute {
    name = "id"
    type = "S"
  }
  attribute {
    name = "at"
    type = "N"
  }
  attribute {
    name = "customer"
    type = "S"
  }
  local_secondary_index {
    name            = "by-customer"
    range_key       = "customer"
    projection_type = "ALL"
  }
  global_secondary_index {
    name            = "customers"
    hash_key        = "customer"
    projection_type = "KEYS_ONLY"
  }
  depends_on = [aws_dynamodb_table_item.first]
}

resource "aws_dynamodb_table" "imported" {
  name         = "Imported"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "id"
  attribute {
    name = "id"
    type = "S"
  }
  import_table {
    input_format = "CSV"
    s3_bucket_source {
      bucket     = "bucket"
      key_prefix = "rows"
    }
  }
}
"""


@pytest.fixture
def bucket(tmp_path):
    folder = tmp_path / "s3" / "bucket"
    folder.mkdir(parents=True)
    (folder / "rows.csv").write_text("id,note\na,1\nb,2\n")
    return folder


@pytest.mark.nightly
def test_a_table_with_everything(tmp_path, bucket):
    with (
        fake_kinesis() as kinesis,
        running("--in-memory", "--s3-dir", str(bucket.parent), "--kinesis-endpoint", kinesis.url) as server,
    ):
        configure = [sys.executable, "-m", "emulator", "configure", "terraform", "--endpoint", server.url]
        provider = subprocess.run(configure, cwd=ROOT, capture_output=True, text=True, check=True).stdout
        (tmp_path / "provider.tf").write_text(provider)
        keys = {"aws_access_key_id": "local", "aws_secret_access_key": "local"}
        client = boto3.client("dynamodb", endpoint_url=server.url, region_name="us-east-1", **keys)
        configuration = dict(WHOLE)
        terraform.prepared(tmp_path)
        for stage in STAGES:
            pass_an_hour(server.url)
            configuration |= stage
            apply(tmp_path, TABLE.format(**configuration))
        described = client.describe_table(TableName="Orders")["Table"]
        assert described["ProvisionedThroughput"]["ReadCapacityUnits"] == 5
        assert client.get_item(TableName="Orders", Key={"id": {"S": "a"}, "at": {"N": "1"}})["Item"]["note"] == {
            "S": "second"
        }

        for bounds in ((10, 70), (20, 50)):
            apply(tmp_path, TABLE.format(**configuration) + SCALING % bounds)
        scaling = boto3.client("application-autoscaling", endpoint_url=server.url, region_name="us-east-1", **keys)
        targets = scaling.describe_scalable_targets(ServiceNamespace="dynamodb")["ScalableTargets"]
        assert [target["MaxCapacity"] for target in targets] == [20] * 4

        for number, stage in enumerate(WITH_REPLICAS):
            pass_an_hour(server.url)
            configuration |= stage
            apply(tmp_path, TABLE.format(**configuration))
            shown = client.describe_table(TableName="Orders")["Table"].get("Replicas", [])
            assert [each["RegionName"] for each in shown] == [["eu-west-1"], ["eu-west-1", "ap-south-1"], []][number]
            if number == 1:
                check_replica(server.url, keys)
                imported(tmp_path, TABLE.format(**configuration))
        assert scaling.describe_scalable_targets(ServiceNamespace="dynamodb")["ScalableTargets"] == []

        apply(tmp_path, TABLE.format(**configuration) + COPIES)
        assert client.scan(TableName="Restored")["Items"] == client.scan(TableName="Orders")["Items"]
        assert client.scan(TableName="Imported")["Count"] == 2
        assert list(bucket.glob("exports/AWSDynamoDB/*/manifest-summary.json"))

        terraform.run(tmp_path, "destroy", "-auto-approve")
        assert client.list_tables()["TableNames"] == []


def check_replica(url, keys):
    """Check that the replica has the item, and the settings that the provider makes there."""
    west = boto3.client("dynamodb", endpoint_url=url, region_name="eu-west-1", **keys)
    key = {"id": {"S": "a"}, "at": {"N": "1"}}
    assert west.get_item(TableName="Orders", Key=key)["Item"]["note"] == {"S": "second"}
    recovery = west.describe_continuous_backups(TableName="Orders")["ContinuousBackupsDescription"]
    assert recovery["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
    arn = west.describe_table(TableName="Orders")["Table"]["TableArn"]
    assert west.list_tags_of_resource(ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "books"}]


def imported(folder, tables):
    """Import the resources into the state of another folder; then a plan must have no changes.

    An item cannot be imported, so it is left out of the configuration. The import may change
    arguments that the provider does not read back, such as `propagate_tags` of a replica.
    """
    other = folder / "other"
    other.mkdir()
    (other / "provider.tf").write_text((folder / "provider.tf").read_text())
    terraform.prepared(other)
    account = "123456789012"
    blocks = [f'import {{\n  to = {to}\n  id = "{id_.format(account=account)}"\n}}\n' for to, id_ in IMPORTS.items()]
    without_item = re.sub(r'resource "aws_dynamodb_table_item".*?\n}\n', "", tables, flags=re.DOTALL)
    (other / "tables.tf").write_text(without_item + "".join(blocks))
    done = terraform.run(other, "apply", "-auto-approve")
    assert re.search(rf"{len(IMPORTS)} imported, 0 added, \d+ changed, 0 destroyed", done.stdout), done.stdout
    plan = terraform.run(other, "plan", "-detailed-exitcode", check=False)
    assert plan.returncode == NOTHING_TO_CHANGE, plan.stdout


def pass_an_hour(url):
    """Move the clock. TTL may change only once in half an hour, a policy once in 15 seconds."""
    body = b'{"Advance": 3600}'
    urllib.request.urlopen(urllib.request.Request(f"{url}/_emulator/clock", body, method="POST")).close()


def apply(folder, tables):
    """Apply a configuration, and check that a plan then has nothing to change."""
    (folder / "tables.tf").write_text(tables)
    terraform.run(folder, "apply", "-auto-approve")
    plan = terraform.run(folder, "plan", "-detailed-exitcode", check=False)
    assert plan.returncode == NOTHING_TO_CHANGE, plan.stdout
