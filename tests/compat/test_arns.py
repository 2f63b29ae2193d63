"""ARNs where a table name is meant (service-behaviour.md 3.4, 13)."""

import pytest

from tests.conftest import new_name, table_request


@pytest.fixture(scope="module")
def arn(client, shared_table):
    return client.describe_table(TableName=shared_table)["Table"]["TableArn"]


def test_items_by_arn_are_the_tables(client, shared_table, arn):
    key = {"pk": {"S": new_name()}, "sk": {"S": "s"}}
    values = {":p": key["pk"]}
    client.put_item(TableName=arn, Item=key)
    assert client.get_item(TableName=shared_table, Key=key)["Item"] == key
    assert client.get_item(TableName=arn, Key=key)["Item"] == key
    told = client.query(TableName=arn, KeyConditionExpression="pk = :p", ExpressionAttributeValues=values)
    assert told["Items"] == [key]
    assert key in client.scan(TableName=arn)["Items"]
    client.update_item(TableName=arn, Key=key, UpdateExpression="SET a = :p", ExpressionAttributeValues=values)
    changed = {**key, "a": key["pk"]}
    answer = client.batch_get_item(RequestItems={arn: {"Keys": [key]}})
    assert answer["Responses"] == {arn: [changed]}
    client.batch_write_item(RequestItems={arn: [{"DeleteRequest": {"Key": key}}]})
    assert "Item" not in client.get_item(TableName=shared_table, Key=key, ConsistentRead=True)
    client.delete_item(TableName=arn, Key=key)


def test_capacity_echoes_the_name_that_was_used(client, shared_table, arn):
    key = {"pk": {"S": new_name()}, "sk": {"S": "s"}}
    for name in (arn, shared_table):
        answer = client.put_item(TableName=name, Item=key, ReturnConsumedCapacity="TOTAL")
        assert answer["ConsumedCapacity"] == {"TableName": name, "CapacityUnits": 1.0}


def test_control_plane_by_arn(client, make_table):
    name = make_table("pk:S", DeletionProtectionEnabled=True)
    arn = client.describe_table(TableName=name)["Table"]["TableArn"]
    assert client.describe_table(TableName=arn)["Table"]["TableName"] == name
    client.update_table(TableName=arn, DeletionProtectionEnabled=False)
    client.get_waiter("table_exists").wait(TableName=arn, WaiterConfig={"Delay": 1})
    assert client.describe_table(TableName=name)["Table"]["DeletionProtectionEnabled"] is False
    client.update_time_to_live(TableName=arn, TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires"})
    assert client.describe_time_to_live(TableName=arn)["TimeToLiveDescription"]["AttributeName"] == "expires"


def test_delete_by_arn(client):
    request = table_request("pk:S")
    arn = client.create_table(**request)["TableDescription"]["TableArn"]
    client.get_waiter("table_exists").wait(TableName=arn, WaiterConfig={"Delay": 1})
    assert client.delete_table(TableName=arn)["TableDescription"]["TableName"] == request["TableName"]
    client.get_waiter("table_not_exists").wait(TableName=request["TableName"], WaiterConfig={"Delay": 1})


def test_an_arn_of_a_missing_table(refused, arn):
    code, message = refused("get_item", TableName=arn + "x", Key={"pk": {"S": "a"}, "sk": {"S": "a"}})
    assert (code, message) == ("ResourceNotFoundException", "Requested resource not found")
