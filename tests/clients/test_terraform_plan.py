"""`load` creates the tables of a plan that Terraform itself has made.

The variable TERRAFORM_PLUGINS may name a folder with the AWS provider, for machines without access
to Terraform's registry.
"""

import os
import shutil
import subprocess

import boto3
import pytest

from emulator.commands import load
from tests.support.http_clients import boto_options
from tests.support.servers import running

MODULE = """
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}
provider "aws" {
  region = "us-east-1"
  access_key = "local"
  secret_key = "local"
  skip_credentials_validation = true
  skip_requesting_account_id = true
  skip_metadata_api_check = true
}
resource "aws_dynamodb_table" "orders" {
  name = "orders"
  billing_mode = "PAY_PER_REQUEST"
  hash_key = "id"
  attribute {
    name = "id"
    type = "S"
  }
  attribute {
    name = "n"
    type = "N"
  }
  global_secondary_index {
    name = "by-n"
    hash_key = "n"
    projection_type = "KEYS_ONLY"
  }
  ttl {
    attribute_name = "until"
    enabled = true
  }
  tags = { team = "shop" }
}
resource "aws_dynamodb_table" "users" {
  name = "users"
  hash_key = "id"
  read_capacity = 1
  write_capacity = 2
  attribute {
    name = "id"
    type = "S"
  }
}
resource "aws_dynamodb_table_item" "one" {
  table_name = aws_dynamodb_table.orders.name
  hash_key = aws_dynamodb_table.orders.hash_key
  item = jsonencode({ id = { S = "a" }, n = { N = "1" } })
}
"""


@pytest.mark.nightly
@pytest.mark.skipif(shutil.which("terraform") is None, reason="terraform is not installed")
def test_a_plan_of_terraform(tmp_path):
    environment = {**os.environ, "CHECKPOINT_DISABLE": "1"}
    (tmp_path / "main.tf").write_text(MODULE)

    def terraform(*arguments):
        command = ["terraform", *arguments]
        return subprocess.run(
            command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True, check=True, timeout=300
        ).stdout

    try:
        plugins = os.environ.get("TERRAFORM_PLUGINS")
        terraform("init", "-input=false", *([f"-plugin-dir={plugins}"] if plugins else []))
    except subprocess.CalledProcessError:
        pytest.skip("terraform finds no AWS provider: neither in TERRAFORM_PLUGINS nor in its registry")
    terraform("plan", "-input=false", "-out=plan")
    (tmp_path / "plan.json").write_text(terraform("show", "-json", "plan"))
    with running("--in-memory") as server:
        assert load.main([str(tmp_path / "plan.json"), "--endpoint", server.url, "--access-key", "test"]) == 0
        client = boto3.client("dynamodb", **boto_options(server.url))
        assert client.list_tables()["TableNames"] == ["orders", "users"]
        orders = client.describe_table(TableName="orders")["Table"]
        assert orders["GlobalSecondaryIndexes"][0]["Projection"] == {"ProjectionType": "KEYS_ONLY"}
        assert client.list_tags_of_resource(ResourceArn=orders["TableArn"])["Tags"] == [
            {"Key": "team", "Value": "shop"}
        ]
        assert client.scan(TableName="orders")["Items"] == [{"id": {"S": "a"}, "n": {"N": "1"}}]
        throughput = client.describe_table(TableName="users")["Table"]["ProvisionedThroughput"]
        assert (throughput["ReadCapacityUnits"], throughput["WriteCapacityUnits"]) == (1, 2)
