"""Groups with strong consistency: lifecycle, synchronous writes, conflicts (control-plane 7).

tests/unit/database/test_strong_consistency.py tests the error texts and the details.
"""

import time

import boto3
import pytest

from tests.support.http_clients import boto_options

EAST, WEST, CENTRAL = "us-east-1", "us-west-2", "us-east-2"
ITEM = {"pk": {"S": "a"}, "sk": {"S": "s"}}
NEW = {**ITEM, "v": {"S": "new"}}
STRONG = {"MultiRegionConsistency": "STRONG"}


@pytest.fixture(scope="session")
def west(endpoint):
    """Return a client for the second region of the groups."""
    return boto3.client("dynamodb", **boto_options(endpoint, region=WEST))


@pytest.fixture(scope="session")
def central(endpoint):
    return boto3.client("dynamodb", **boto_options(endpoint, region=CENTRAL))


def described(client, table):
    return client.describe_table(TableName=table)["Table"]


def statuses(client, table):
    found = described(client, table)
    replicas = [each["ReplicaStatus"] for each in found.get("Replicas", ())]
    witnesses = [each["WitnessStatus"] for each in found.get("GlobalTableWitnesses", ())]
    return {found["TableStatus"], *replicas, *witnesses}


def wait(client, table):
    """Wait until the table, its replicas and its witness are ACTIVE."""
    until(lambda: statuses(client, table) == {"ACTIVE"})


def until(done):
    deadline = time.monotonic() + 20
    while not done():
        assert time.monotonic() < deadline, "too late"


def read(client, table):
    return client.get_item(TableName=table, Key=ITEM, ConsistentRead=True).get("Item")


@pytest.fixture
def group(client, make_table):
    """Return the name of a table in three regions; delete the two replicas at the end."""
    table = make_table(BillingMode="PAY_PER_REQUEST")
    create = [{"Create": {"RegionName": region}} for region in (WEST, CENTRAL)]
    answer = client.update_table(TableName=table, ReplicaUpdates=create, **STRONG)["TableDescription"]
    assert (answer["TableStatus"], answer["MultiRegionConsistency"], answer["Replicas"]) == ("UPDATING", "STRONG", [])
    assert answer["GlobalTableVersion"] == "2019.11.21"
    wait(client, table)
    yield table
    delete = [{"Delete": {"RegionName": region}} for region in (WEST, CENTRAL)]
    client.update_table(TableName=table, ReplicaUpdates=delete)
    until(lambda: "Replicas" not in described(client, table))
    until(lambda: described(client, table)["TableStatus"] == "ACTIVE")


def test_a_write_is_in_all_regions_at_once(client, west, central, group):
    clients = (client, west, central)
    for number, writer in enumerate(clients):
        item = {**ITEM, "n": {"N": str(number)}}
        writer.put_item(TableName=group, Item=item)
        assert [read(each, group) for each in clients] == [item] * 3
    west.delete_item(TableName=group, Key=ITEM)
    assert [read(each, group) for each in clients] == [None] * 3
    for each in clients:
        found = described(each, group)
        assert found["MultiRegionConsistency"] == "STRONG"
        assert len(found["Replicas"]) == 2
        assert "GlobalTableWitnesses" not in found


def test_a_condition_sees_the_writes_of_other_regions(client, west, group):
    client.put_item(TableName=group, Item=ITEM)
    with pytest.raises(west.exceptions.ConditionalCheckFailedException):
        west.put_item(TableName=group, Item=NEW, ConditionExpression="attribute_not_exists(pk)")
    assert read(west, group) == ITEM


def test_a_write_meets_a_write_of_another_region(declare, endpoint, client, west, group):
    once = boto3.client("dynamodb", **boto_options(endpoint, region=WEST))
    body = {"TableName": group, "From": EAST, "To": WEST}
    assert declare("replication", body | {"Paused": True})[0] == 200
    client.put_item(TableName=group, Item=ITEM)
    with pytest.raises(once.exceptions.ReplicatedWriteConflictException) as caught:
        once.put_item(TableName=group, Item=NEW)
    assert caught.value.response["Error"]["Message"] == (
        "The request was rejected because one or more items in the request are being modified by a request in another "
        "Region."
    )
    assert read(west, group) == ITEM
    assert declare("replication", body | {"Paused": False})[0] == 200
    west.put_item(TableName=group, Item=NEW)
    assert read(client, group) == NEW


def test_life_of_a_group_with_a_witness(client, west, central, make_table):
    table = make_table(BillingMode="PAY_PER_REQUEST")
    client.update_table(
        TableName=table,
        ReplicaUpdates=[{"Create": {"RegionName": WEST}}],
        GlobalTableWitnessUpdates=[{"Create": {"RegionName": CENTRAL}}],
        **STRONG,
    )
    wait(client, table)
    for each, other in ((client, WEST), (west, EAST)):
        found = described(each, table)
        assert found["GlobalTableWitnesses"] == [{"RegionName": CENTRAL, "WitnessStatus": "ACTIVE"}]
        assert [replica["RegionName"] for replica in found["Replicas"]] == [other]
    with pytest.raises(central.exceptions.ResourceNotFoundException):
        central.describe_table(TableName=table)
    west.put_item(TableName=table, Item=ITEM)
    answer = client.update_table(
        TableName=table,
        ReplicaUpdates=[{"Delete": {"RegionName": WEST}}],
        GlobalTableWitnessUpdates=[{"Delete": {"RegionName": CENTRAL}}],
    )["TableDescription"]
    assert answer["TableStatus"] == "UPDATING"
    assert answer["GlobalTableWitnesses"] == [{"RegionName": CENTRAL, "WitnessStatus": "ACTIVE"}]
    until(lambda: statuses(client, table) == {"ACTIVE"} and "Replicas" not in described(client, table))
    found = described(client, table)
    assert not {"MultiRegionConsistency", "GlobalTableVersion", "GlobalTableWitnesses"} & found.keys()
    assert "StreamSpecification" in found
    assert read(client, table) == ITEM
    with pytest.raises(west.exceptions.ResourceNotFoundException):
        west.describe_table(TableName=table)
