"""Legacy global tables; auto scaling of replicas (control-plane 8, 9)."""

import pytest
from botocore import xform_name

LEGACY = (
    "ValidationException",
    (
        "One or more parameter values were invalid: DynamoDB global tables version 2017.11.29 is not supported. We "
        "recommend using DynamoDB global tables version 2019.11.21, instead of version 2017.11.29 (Legacy)."
    ),
)
SHORT = (
    "ValidationException",
    "TableName must be at least 3 characters long and at most 255 characters long",
)
NOTHING = ("ValidationException", "One or more parameter values were invalid")
MISSING = "Global table with name: 't_none' does not exist."
NOT_FOUND = ("GlobalTableNotFoundException", f"Global table not found: {MISSING}")
NO_SETTINGS = ("GlobalTableNotFoundException", MISSING)
NAME = {"GlobalTableName": "t_none"}
GROUP = {"ReplicationGroup": [{"RegionName": "us-east-1"}]}
CREATE = {"Create": {"RegionName": "us-east-1"}}
DELETE = {"Delete": {"RegionName": "us-east-1"}}
LONG = {"GlobalTableName": "a" * 256}


@pytest.mark.parametrize(
    ("call", "request_", "error"),
    [
        ("CreateGlobalTable", NAME | GROUP, LEGACY),
        ("CreateGlobalTable", {"GlobalTableName": "ab"} | GROUP, SHORT),
        ("CreateGlobalTable", LONG | GROUP, SHORT),
        ("UpdateGlobalTable", NAME | {"ReplicaUpdates": [CREATE]}, LEGACY),
        ("UpdateGlobalTable", NAME | {"ReplicaUpdates": [DELETE, CREATE]}, LEGACY),
        ("UpdateGlobalTable", NAME | {"ReplicaUpdates": [DELETE]}, NOT_FOUND),
        ("UpdateGlobalTable", NAME | {"ReplicaUpdates": []}, NOTHING),
        ("UpdateGlobalTable", NAME | {"ReplicaUpdates": [{}]}, NOTHING),
        ("UpdateGlobalTable", {"GlobalTableName": "ab", "ReplicaUpdates": []}, SHORT),
        ("DescribeGlobalTable", NAME, NOT_FOUND),
        ("DescribeGlobalTable", LONG, SHORT),
        ("DescribeGlobalTableSettings", NAME, NO_SETTINGS),
        ("DescribeGlobalTableSettings", {"GlobalTableName": "ab"}, SHORT),
        ("UpdateGlobalTableSettings", NAME | {"GlobalTableBillingMode": "PROVISIONED"}, NO_SETTINGS),
        ("UpdateGlobalTableSettings", LONG, SHORT),
    ],
)  # fmt: skip
def test_refused(refused, call, request_, error):
    assert refused(xform_name(call), **request_) == error


@pytest.mark.parametrize(
    "request_", [{}, {"Limit": 1, "ExclusiveStartGlobalTableName": "abc", "RegionName": "nowhere"}]
)
def test_there_are_none(client, request_):
    assert client.list_global_tables(**request_)["GlobalTables"] == []


def test_members_are_checked(refused):
    text = "1 validation error detected: Value '0' at 'limit' failed to satisfy constraint: Member must have value greater "
    assert refused("list_global_tables", Limit=0) == ("ValidationException", text + "than or equal to 1")


@pytest.mark.parametrize(
    ("call", "extra"),
    [
        ("DescribeTableReplicaAutoScaling", {}),
        ("UpdateTableReplicaAutoScaling", {"ReplicaUpdates": [{"RegionName": "us-east-1"}]}),
    ],
)
def test_replica_auto_scaling_of_tables_without_replicas(client, refused, shared_table, call, extra):
    arn = client.describe_table(TableName=shared_table)["Table"]["TableArn"]
    for table, name in (
        (shared_table, shared_table),
        (arn, shared_table),
        ("t_none", "t_none"),
        (arn + "x", shared_table + "x"),
    ):
        error = ("ResourceNotFoundException", f"Global table with name: '{name}' does not exist.")
        assert refused(xform_name(call), TableName=table, **extra) == error
    elsewhere = arn.replace(client.meta.region_name, "eu-west-1")
    text = f"1 validation error detected: Invalid AWS region in '{elsewhere}'"
    assert refused(xform_name(call), TableName=elsewhere, **extra) == ("ValidationException", text)
