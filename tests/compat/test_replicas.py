"""Replicas of tables in other regions: ReplicaUpdates, descriptions and shared settings.

See control-plane 6.1 to 6.4. tests/unit/database/test_replication.py tests the replication of
items.
"""

import json
import time

import boto3
import pytest

from tests.support.http_clients import boto_options
from tests.support.tables import index_request

EAST, WEST, SOUTH = "us-east-1", "eu-west-1", "ap-south-1"
ITEM = {"pk": {"S": "a"}, "sk": {"S": "s"}}


@pytest.fixture(scope="session")
def west(endpoint):
    """Return a client for the region of the replica."""
    return boto3.client("dynamodb", **boto_options(endpoint, region=WEST))


@pytest.fixture(scope="session")
def south(endpoint):
    return boto3.client("dynamodb", **boto_options(endpoint, region=SOUTH))


@pytest.fixture
def make_group(client, make_table):
    """make_group(...) creates a table with a replica; both are deleted at the end."""
    made = []

    def make(**extra):
        name = make_table(BillingMode="PAY_PER_REQUEST", **extra)
        update(client, name, Create={"RegionName": WEST})
        wait(client, name)
        made.append(name)
        return name

    yield make
    for name in made:
        if replicas(client, name):
            update(client, name, Delete={"RegionName": WEST})
            wait(client, name)


def update(client, table, **action):
    return client.update_table(TableName=table, ReplicaUpdates=[action])["TableDescription"]


def described(client, table):
    return client.describe_table(TableName=table)["Table"]


def replicas(client, table):
    return {each["RegionName"]: each["ReplicaStatus"] for each in described(client, table).get("Replicas", ())}


def wait(client, table):
    """Wait until the table and its replicas are ACTIVE."""
    until(lambda: {described(client, table)["TableStatus"], *replicas(client, table).values()} == {"ACTIVE"})


def until(done):
    deadline = time.monotonic() + 20
    while not done():
        assert time.monotonic() < deadline, "too late"


def read(client, table):
    return client.get_item(TableName=table, Key=ITEM).get("Item")


def test_life_of_a_replica(client, west, make_table):
    table = make_table(BillingMode="PAY_PER_REQUEST")
    client.put_item(TableName=table, Item=ITEM)
    answer = update(client, table, Create={"RegionName": WEST})
    assert (answer["TableStatus"], answer["GlobalTableVersion"], answer["Replicas"]) == ("UPDATING", "2019.11.21", [])
    assert answer["StreamSpecification"] == {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
    wait(client, table)
    here, there = described(client, table), described(west, table)
    assert here["GlobalTableSettingsReplicationMode"] == "ENABLED_WITH_OVERRIDES"
    assert here["Replicas"] == [
        {
            "RegionName": WEST,
            "ReplicaStatus": "ACTIVE",
            "WarmThroughput": {"ReadUnitsPerSecond": 12000, "WriteUnitsPerSecond": 4000, "Status": "ACTIVE"},
            "GlobalTableSettingsReplicationMode": "ENABLED_WITH_OVERRIDES",
        }
    ]
    assert replicas(west, table) == {EAST: "ACTIVE"}
    for member in ("TableId", "TableArn", "LatestStreamArn"):
        assert here[member] != there[member]
    assert there["TableArn"].split(":")[3] == WEST
    assert read(west, table) == ITEM
    answer = update(client, table, Delete={"RegionName": WEST})
    assert answer["TableStatus"] == "UPDATING"
    assert [each["RegionName"] for each in answer["Replicas"]] == [WEST]
    wait(client, table)
    here = described(client, table)
    assert not {"Replicas", "GlobalTableVersion", "GlobalTableSettingsReplicationMode"} & here.keys()
    assert "StreamSpecification" in here
    with pytest.raises(west.exceptions.ResourceNotFoundException):
        west.describe_table(TableName=table)


def test_items_are_replicated(client, west, make_group):
    table = make_group()
    client.put_item(TableName=table, Item=ITEM)
    until(lambda: read(west, table) == ITEM)
    west.delete_item(TableName=table, Key=ITEM)
    until(lambda: read(client, table) is None)


def test_a_pause_holds_in_all_workers(declare, client, west, make_group):
    table = make_group()
    body = {"TableName": table, "From": EAST, "To": WEST}
    assert declare("replication", body | {"Paused": True})[0] == 200
    keys = [{"pk": {"S": str(number)}, "sk": {"S": "s"}} for number in range(20)]
    for key in keys:  # boto3's connections reach different workers
        client.put_item(TableName=table, Item=key)
    shown = [each for each in declare("replication", {}, method="GET")[1]["Directions"] if each["TableName"] == table]
    assert {(each["From"], each["Waiting"]) for each in shown} == {(EAST, 20), (WEST, 0)}
    assert west.scan(TableName=table)["Count"] == 0
    assert declare("replication", body | {"Paused": False})[0] == 200
    until(lambda: west.scan(TableName=table)["Count"] == 20)


def test_three_regions(client, west, south, make_group):
    table = make_group()
    update(west, table, Create={"RegionName": SOUTH})
    wait(west, table)
    assert list(replicas(client, table)) == [WEST, SOUTH]
    assert list(replicas(west, table)) == [EAST, SOUTH]
    assert set(replicas(south, table)) == {EAST, WEST}
    south.put_item(TableName=table, Item=ITEM)
    until(lambda: read(west, table) == read(client, table) == ITEM)
    south.delete_table(TableName=table)
    until(lambda: replicas(client, table) == {WEST: "ACTIVE"})


# --- settings -------------------------------------------------------------------------------------


def test_indexes_are_shared(client, west, make_group):
    table = make_group()
    client.put_item(TableName=table, Item={**ITEM, "g": {"S": "g"}})
    until(lambda: read(west, table))
    west.update_table(
        TableName=table,
        AttributeDefinitions=[{"AttributeName": "g", "AttributeType": "S"}],
        GlobalSecondaryIndexUpdates=[{"Create": index_request("global", "g")}],
    )
    for each in (client, west):
        until(
            lambda each=each: [i["IndexStatus"] for i in described(each, table)["GlobalSecondaryIndexes"]] == ["ACTIVE"]
        )
        query = {"KeyConditionExpression": "g = :g", "ExpressionAttributeValues": {":g": {"S": "g"}}}
        assert each.query(TableName=table, IndexName="global", **query)["Count"] == 1
    [replica] = described(client, table)["Replicas"]
    assert [index["IndexName"] for index in replica["GlobalSecondaryIndexes"]] == ["global"]
    client.update_table(TableName=table, GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "global"}}])
    for each in (client, west):
        until(lambda each=each: "GlobalSecondaryIndexes" not in described(each, table))


def test_time_to_live_is_shared(client, west, make_group):
    table = make_group()
    specification = {"AttributeName": "t", "Enabled": True}
    west.update_time_to_live(TableName=table, TimeToLiveSpecification=specification)
    for each in (client, west):
        answer = each.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
        assert answer == {"TimeToLiveStatus": "ENABLED", "AttributeName": "t"}


def test_some_settings_are_regional(client, west, make_table):
    table = make_table(BillingMode="PAY_PER_REQUEST", Tags=[{"Key": "a", "Value": "b"}])
    client.update_continuous_backups(
        TableName=table, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )
    update(client, table, Create={"RegionName": WEST})
    wait(client, table)
    arn = described(west, table)["TableArn"]
    assert west.list_tags_of_resource(ResourceArn=arn)["Tags"] == []
    backups = west.describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "DISABLED"
    client.update_table(TableName=table, DeletionProtectionEnabled=True)
    assert [described(each, table)["DeletionProtectionEnabled"] for each in (client, west)] == [True, False]
    client.update_table(TableName=table, DeletionProtectionEnabled=False)
    update(client, table, Delete={"RegionName": WEST})
    wait(client, table)


def test_overrides(client, west, make_group):
    table = make_group()
    override = {"MaxReadRequestUnits": 7}
    update(client, table, Update={"RegionName": WEST, "OnDemandThroughputOverride": override})
    wait(client, table)
    [replica] = described(client, table)["Replicas"]
    assert replica["OnDemandThroughputOverride"] == override
    assert described(west, table)["OnDemandThroughput"] == override
    [replica] = described(west, table)["Replicas"]
    assert "OnDemandThroughputOverride" not in replica
    update(client, table, Update={"RegionName": WEST, "OnDemandThroughputOverride": {"MaxReadRequestUnits": -1}})
    wait(client, table)
    [replica] = described(client, table)["Replicas"]
    assert "OnDemandThroughputOverride" not in replica
    assert "OnDemandThroughput" not in described(west, table)


CUSTOMER_KEY = {"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": f"arn:aws:kms:{EAST}:123456789012:alias/east"}


def test_each_replica_has_a_key_of_its_region(refused, client, west, make_table):
    table = make_table(BillingMode="PAY_PER_REQUEST", SSESpecification=CUSTOMER_KEY)
    assert refused("update_table", TableName=table, ReplicaUpdates=[create(WEST)]) == ("ValidationException", KEY)
    update(client, table, Create={"RegionName": WEST, "KMSMasterKeyId": "alias/west"})
    wait(client, table)
    [replica] = described(client, table)["Replicas"]
    assert replica["KMSMasterKeyId"].startswith(f"arn:aws:kms:{WEST}:")
    assert replica["KMSMasterKeyId"].endswith(":alias/west")
    assert described(west, table)["SSEDescription"]["KMSMasterKeyArn"] == replica["KMSMasterKeyId"]
    change = {"Update": {"RegionName": WEST, "KMSMasterKeyId": "alias/other"}}
    assert refused("update_table", TableName=table, ReplicaUpdates=[change]) == ("ValidationException", KEY)
    update(client, table, Delete={"RegionName": WEST})
    wait(client, table)


def test_keys_of_two_kinds_are_refused(refused, make_table):
    table = make_table(BillingMode="PAY_PER_REQUEST", SSESpecification={"Enabled": True, "SSEType": "KMS"})
    named = {"Create": {"RegionName": WEST, "KMSMasterKeyId": "alias/west"}}
    assert refused("update_table", TableName=table, ReplicaUpdates=[named]) == (
        "ValidationException",
        INVALID + "All replica keys must either be Customer Managed CMK or AWS Managed CMK.",
    )


def test_a_table_class_of_one_region(client, west, make_table):
    table = make_table(BillingMode="PAY_PER_REQUEST")
    update(client, table, Create={"RegionName": WEST, "TableClassOverride": "STANDARD_INFREQUENT_ACCESS"})
    wait(client, table)
    [replica] = described(client, table)["Replicas"]
    assert replica["ReplicaTableClassSummary"] == {"TableClass": "STANDARD_INFREQUENT_ACCESS"}
    assert described(west, table)["TableClassSummary"]["TableClass"] == "STANDARD_INFREQUENT_ACCESS"
    assert "TableClassSummary" not in described(client, table)
    update(client, table, Update={"RegionName": WEST, "TableClassOverride": "STANDARD"})
    wait(client, table)
    [replica] = described(client, table)["Replicas"]
    assert "ReplicaTableClassSummary" not in replica  # the source table has this class: nothing is overridden
    update(client, table, Delete={"RegionName": WEST})
    wait(client, table)


UNITS_OF_TABLE = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5}
PROVISIONED = {"BillingMode": "PROVISIONED", "ProvisionedThroughput": UNITS_OF_TABLE}


def test_a_provisioned_table_needs_auto_scaling(refused, make_table):
    table = make_table(**PROVISIONED)
    request = {"TableName": table, "ReplicaUpdates": [{"Create": {"RegionName": WEST}}]}
    text = "Table write capacity should either be Pay-Per-Request or AutoScaled."
    assert refused("update_table", **request) == ("ValidationException", text)


def test_throughput_is_shared(endpoint, client, west, make_table):
    table = make_table(**PROVISIONED)
    scaling = boto3.client("application-autoscaling", **boto_options(endpoint))
    target = {
        "ServiceNamespace": "dynamodb",
        "ResourceId": f"table/{table}",
        "ScalableDimension": "dynamodb:table:WriteCapacityUnits",
    }
    scaling.register_scalable_target(**target, MinCapacity=1, MaxCapacity=10)
    metric = {"PredefinedMetricSpecification": {"PredefinedMetricType": "DynamoDBWriteCapacityUtilization"}}
    policy = {
        "PolicyType": "TargetTrackingScaling",
        "TargetTrackingScalingPolicyConfiguration": metric | {"TargetValue": 70},
    }
    scaling.put_scaling_policy(**target, PolicyName="p", **policy)
    override = {"ReadCapacityUnits": 9}
    update(client, table, Create={"RegionName": WEST, "ProvisionedThroughputOverride": override})
    wait(client, table)
    assert "BillingModeSummary" not in described(client, table)
    assert described(client, table)["Replicas"][0]["ProvisionedThroughputOverride"] == override
    client.update_table(TableName=table, ProvisionedThroughput={"ReadCapacityUnits": 6, "WriteCapacityUnits": 7})
    until(lambda: units(client, table) == (6, 7) and units(west, table) == (9, 7))
    client.update_table(TableName=table, BillingMode="PAY_PER_REQUEST")
    until(lambda: units(client, table) == units(west, table) == (0, 0))
    scaling.deregister_scalable_target(**target)
    update(client, table, Delete={"RegionName": WEST})
    wait(client, table)


def units(client, table):
    throughput = described(client, table)["ProvisionedThroughput"]
    return throughput["ReadCapacityUnits"], throughput["WriteCapacityUnits"]


# --- errors ---------------------------------------------------------------------------------------

INVALID = "One or more parameter values were invalid: "
LOCAL = (
    "Cannot add or delete the local region through ReplicaUpdates. Use CreateTable, DeleteTable, or UpdateTable as "
    "required."
)
NO_ACTION = "There are no actions specified in the Replica Update Action of the request."
SEVERAL = "Update table operation with more than one create or delete replica actions not allowed"
KINDS = "Update table operation with more than one type of replica actions not allowed."
ALONE = INVALID + "Replica modification must be the only operation in the request"
NOT_FOUND = "Replica specified in the Replica Update or Replica Delete action of the request was not found."
UNITS = "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST"
KEY = INVALID + "KMSMasterKeyId must be specified for each replica."


def create(region):
    return {"Create": {"RegionName": region}}


@pytest.mark.parametrize(
    ("updates", "message"),
    [
        ([create(WEST), create(SOUTH)], SEVERAL),
        ([create(WEST) | {"Delete": {"RegionName": WEST}}], KINDS),
        ([{}], NO_ACTION),
        ([{"Update": {"RegionName": WEST}}], NO_ACTION),
        ([create(EAST)], LOCAL),
        ([{"Delete": {"RegionName": EAST}}], LOCAL),
        ([{"Delete": {"RegionName": WEST}}], NOT_FOUND),
        ([{"Create": {"RegionName": WEST, "KMSMasterKeyId": "k"}}], KEY),
    ],
)  # fmt: skip
def test_refused(refused, shared_table, updates, message):
    assert refused("update_table", TableName=shared_table, ReplicaUpdates=updates) == ("ValidationException", message)


def test_replicas_change_alone(refused, shared_table):
    request = {"TableName": shared_table, "ReplicaUpdates": [create(WEST)], "BillingMode": "PAY_PER_REQUEST"}
    assert refused("update_table", **request) == ("ValidationException", ALONE)


@pytest.mark.parametrize("region", ["US-EAST-2", "nowhere"])
def test_unknown_regions(refused, shared_table, region):
    code, message = refused("update_table", TableName=shared_table, ReplicaUpdates=[create(region)])
    assert code == "ValidationException"
    assert message.startswith(
        f"Region {region} is not supported. The latest version of global tables are only supported in the following "
        "regions: ["
    )


def test_a_table_in_the_region_is_in_the_way(refused, client, west, make_table):
    table = make_table(BillingMode="PAY_PER_REQUEST")
    keys = [{"AttributeName": "pk", "KeyType": "HASH"}]
    types = [{"AttributeName": "pk", "AttributeType": "S"}]
    west.create_table(TableName=table, KeySchema=keys, AttributeDefinitions=types, BillingMode="PAY_PER_REQUEST")
    text = (
        f"Failed to create a the new replica of table with name: \u2018{table}\u2019 because one or more replicas already "
        "existed as tables."
    )
    assert refused("update_table", TableName=table, ReplicaUpdates=[create(WEST)]) == ("ValidationException", text)
    west.delete_table(TableName=table)


def test_refused_for_members(refused, client, west, make_group):
    table = make_group()

    def error(*updates, **other):
        code, message = refused(
            "update_table", TableName=table, **({"ReplicaUpdates": list(updates)} if updates else other)
        )
        assert code == "ValidationException"
        return message

    assert error({"Delete": {"RegionName": SOUTH}}) == (
        "Update global table operation failed because one or more replicas were not part of the global table. Please "
        f"retry the request without these replicas: [{SOUTH}]."
    )
    provisioned = {"RegionName": WEST, "ProvisionedThroughputOverride": {"ReadCapacityUnits": 5}}
    assert error({"Update": provisioned}) == UNITS
    assert error({"Update": {"RegionName": WEST, "KMSMasterKeyId": "k"}}) == KEY
    assert error(StreamSpecification={"StreamEnabled": False}) == (
        INVALID + "Disabling Stream is not allowed for a Global Table replica."
    )
    assert error(StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}) == (
        f"Table already has an enabled stream: TableName: {table}"
    )
    assert refused("delete_table", TableName=table) == (
        "ValidationException",
        (
            "Replica cannot be deleted because it has acted as a source region for new replica(s) being added to the "
            "table in the last 24 hours."
        ),
    )
    west.update_table(TableName=table, DeletionProtectionEnabled=True)
    assert error({"Delete": {"RegionName": WEST}}) == (
        f"Cannot delete table {table} in region {WEST} because it has deletion protection enabled. Disable deletion "
        "protection first."
    )
    west.update_table(TableName=table, DeletionProtectionEnabled=False)
    assert list(replicas(client, table)) == [WEST]


# --- disassociation, several accounts, auto scaling -----------------------------------------------


def test_life_of_a_disassociated_replica(client, west, make_table):
    table = make_table(BillingMode="PAY_PER_REQUEST")
    client.put_item(TableName=table, Item=ITEM)
    update(client, table, Create={"RegionName": WEST})
    wait(client, table)
    action = {"Disassociate": {"RegionName": WEST, "DisassociationMode": "WAIT_FOR_REPLICATION"}}
    with pytest.raises(west.exceptions.ClientError) as caught:
        update(west, table, **action)
    assert caught.value.response["Error"]["Code"] == "ValidationException"
    assert described(west, table)["DisassociationProtectionEnabled"] is True
    west.update_table(TableName=table, DisassociationProtectionEnabled=False)
    assert update(west, table, **action)["TableStatus"] == "UPDATING"
    for each in (client, west):
        until(lambda each=each: "Replicas" not in described(each, table))
        until(lambda each=each: described(each, table)["TableStatus"] == "ACTIVE")
    west.put_item(TableName=table, Item={**ITEM, "v": {"S": "west"}})
    assert read(client, table) == ITEM
    assert read(west, table) == {**ITEM, "v": {"S": "west"}}
    west.delete_table(TableName=table)


OTHER_ACCOUNT = "222222222222"


def replication_policy(arn):
    actions = ("ReadDataForReplication", "WriteDataForReplication", "ReplicateSettings")
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "replication.dynamodb.amazonaws.com"},
        "Action": [f"dynamodb:{action}" for action in actions],
        "Resource": arn,
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_life_of_a_replica_in_another_account(endpoint, client, make_table):
    other = boto3.client("dynamodb", **boto_options(endpoint, key=OTHER_ACCOUNT, region=WEST))
    table = make_table(BillingMode="PAY_PER_REQUEST")
    client.put_item(TableName=table, Item=ITEM)
    arn = described(client, table)["TableArn"]
    client.update_table(TableName=table, GlobalTableSettingsReplicationMode="ENABLED")
    client.put_resource_policy(ResourceArn=arn, Policy=replication_policy(arn))
    answer = other.create_table(
        TableName=table,
        GlobalTableSourceArn=arn,
        GlobalTableSettingsReplicationMode="ENABLED",
        ResourcePolicy=replication_policy(f"arn:aws:dynamodb:{WEST}:{OTHER_ACCOUNT}:table/{table}"),
    )
    assert answer["TableDescription"]["TableStatus"] == "CREATING"
    wait(client, table)
    [replica] = described(client, table)["Replicas"]
    assert replica["ReplicaArn"] == described(other, table)["TableArn"]
    until(lambda: read(other, table) == ITEM)
    other.delete_item(TableName=table, Key=ITEM)
    until(lambda: read(client, table) is None)
    other.delete_table(TableName=table)
    until(lambda: replicas(client, table) == {})


def test_life_of_the_auto_scaling_of_replicas(endpoint, client, west, make_table):
    table = make_table(**PROVISIONED)
    scaling = boto3.client("application-autoscaling", **boto_options(endpoint))
    place = {
        "ServiceNamespace": "dynamodb",
        "ResourceId": f"table/{table}",
        "ScalableDimension": "dynamodb:table:WriteCapacityUnits",
    }
    metric = {"PredefinedMetricType": "DynamoDBWriteCapacityUtilization"}
    tracking = {"TargetValue": 70, "PredefinedMetricSpecification": metric}
    scaling.register_scalable_target(**place, MinCapacity=1, MaxCapacity=10)
    policy = {"PolicyType": "TargetTrackingScaling", "TargetTrackingScalingPolicyConfiguration": tracking}
    scaling.put_scaling_policy(**place, PolicyName="p", **policy)
    update(client, table, Create={"RegionName": WEST})
    wait(client, table)
    change = {
        "MinimumUnits": 20,
        "MaximumUnits": 30,
        "ScalingPolicyUpdate": {"TargetTrackingScalingPolicyConfiguration": {"TargetValue": 60}},
    }
    part = {"RegionName": WEST, "ReplicaProvisionedReadCapacityAutoScalingUpdate": change}
    client.update_table_replica_auto_scaling(TableName=table, ReplicaUpdates=[part])
    found = west.describe_table_replica_auto_scaling(TableName=table)["TableAutoScalingDescription"]["Replicas"]
    assert [each["RegionName"] for each in found] == [WEST, EAST]
    settings = [each["ReplicaProvisionedReadCapacityAutoScalingSettings"] for each in found]
    assert (settings[0]["MinimumUnits"], settings[0]["MaximumUnits"]) == (20, 30)
    assert settings[1] == {"AutoScalingDisabled": True, "ScalingPolicies": []}
    until(lambda: (units(client, table)[0], units(west, table)[0]) == (5, 20))
    off = {"AutoScalingDisabled": True}
    part = {"RegionName": WEST, "ReplicaProvisionedReadCapacityAutoScalingUpdate": off}
    client.update_table_replica_auto_scaling(
        TableName=table, ProvisionedWriteCapacityAutoScalingUpdate=off, ReplicaUpdates=[part]
    )
    wait(client, table)
    update(client, table, Delete={"RegionName": WEST})
    wait(client, table)
