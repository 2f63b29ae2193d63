"""ARNs in place of table names (behaviour 3.4, 13)."""

import pytest
from botocore.exceptions import ClientError

from tests.support.tables import new_name, table_request


@pytest.fixture(scope="module")
def arn(client, shared_table):
    return client.describe_table(TableName=shared_table)["Table"]["TableArn"]


def test_the_arn_and_the_name_lead_to_the_same_items(client, shared_table, arn):
    key = {"pk": {"S": new_name()}, "sk": {"S": "s"}}
    values = {":p": key["pk"]}
    client.put_item(TableName=arn, Item=key)
    assert client.get_item(TableName=shared_table, Key=key)["Item"] == key
    assert client.get_item(TableName=arn, Key=key)["Item"] == key
    reported = client.query(TableName=arn, KeyConditionExpression="pk = :p", ExpressionAttributeValues=values)
    assert reported["Items"] == [key]
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


# --- ARNs that are not of a table of the caller ---------------------------------------------------

VALIDATION = "ValidationException"
DENIED = "AccessDeniedException"
ENVELOPE = "1 validation error detected: "
OTHER_ACCOUNT = "210987654321"
LABEL = "2026-10-08T12:34:56.789"
KINESIS = "arn:aws:kinesis:us-east-1:123456789012:stream/orders"


def with_part(arn, position, text):
    parts = arn.split(":")
    parts[position] = text
    return ":".join(parts)


FOREIGN = {
    "another region": (lambda arn: with_part(arn, 3, "eu-west-1"), VALIDATION, "Invalid AWS region in '{}'"),
    "without a region": (lambda arn: with_part(arn, 3, ""), VALIDATION, "Invalid AWS region in '{}'"),
    "another account": (lambda arn: with_part(arn, 4, OTHER_ACCOUNT), DENIED, None),
    "account 000000000000": (lambda arn: with_part(arn, 4, "000000000000"), DENIED, None),
    "a missing table of another account": (lambda arn: with_part(arn, 4, OTHER_ACCOUNT) + "x", DENIED, None),
    "an index": (lambda arn: arn + "/index/gsi", VALIDATION, "Invalid resource type in '{}'"),
    "a stream": (lambda arn: f"{arn}/stream/{LABEL}", VALIDATION, "Invalid resource type in '{}'"),
    "a backup": (
        lambda arn: arn + "/backup/01700000000000-abcdef01",
        VALIDATION,
        "Invalid resource type in '{}'",
    ),
    "no table": (lambda arn: arn.replace(":table/", ":tables/"), VALIDATION, "Invalid resource type in '{}'"),
    "another partition": (lambda arn: with_part(arn, 1, "aws-cn"), VALIDATION, "Invalid AWS partition in '{}'"),
    "another partition, in its region": (
        lambda arn: with_part(with_part(arn, 1, "aws-cn"), 3, "cn-north-1"),
        VALIDATION,
        "Invalid AWS partition in '{}'",
    ),
    "another service": (lambda arn: with_part(arn, 2, "s3"), VALIDATION, "Invalid AWS service in '{}'"),
    "no ARN form": (lambda arn: arn.rpartition(":")[0], VALIDATION, "Valid ARN format is"),
}
"""What is wrong -> how to change a good ARN in this way, and the answer."""

KEY = {"pk": {"S": "k"}, "sk": {"S": "s"}}

CONTROL_PLANE = {
    "describe_table": {},
    "update_table": {"DeletionProtectionEnabled": True},
    "delete_table": {},
    "describe_time_to_live": {},
    "update_time_to_live": {"TimeToLiveSpecification": {"Enabled": True, "AttributeName": "ttl"}},
    "enable_kinesis_streaming_destination": {"StreamArn": KINESIS},
    "disable_kinesis_streaming_destination": {"StreamArn": KINESIS},
    "describe_kinesis_streaming_destination": {},
    "update_kinesis_streaming_destination": {
        "StreamArn": KINESIS,
        "UpdateKinesisStreamingConfiguration": {"ApproximateCreationDateTimePrecision": "MICROSECOND"},
    },
}
"""Operations with a member TableName -> the other members that they need."""

DATA_PLANE = {
    "get_item": lambda name: {"TableName": name, "Key": KEY},
    "put_item": lambda name: {"TableName": name, "Item": KEY},
    "update_item": lambda name: {"TableName": name, "Key": KEY},
    "delete_item": lambda name: {"TableName": name, "Key": KEY},
    "scan": lambda name: {"TableName": name},
    "query": lambda name: {
        "TableName": name,
        "KeyConditionExpression": "pk = :p",
        "ExpressionAttributeValues": {":p": {"S": "k"}},
    },
    "batch_get_item": lambda name: {"RequestItems": {name: {"Keys": [KEY]}}},
    "batch_write_item": lambda name: {"RequestItems": {name: [{"PutRequest": {"Item": KEY}}]}},
    "transact_get_items": lambda name: {"TransactItems": [{"Get": {"TableName": name, "Key": KEY}}]},
    "transact_write_items": lambda name: {"TransactItems": [{"Put": {"TableName": name, "Item": KEY}}]},
    "execute_statement": lambda name: {"Statement": f"SELECT * FROM \"{name}\" WHERE pk = 'k'"},
    "execute_transaction": lambda name: {
        "TransactStatements": [{"Statement": f"INSERT INTO \"{name}\" VALUE {{'pk': 'k', 'sk': 's'}}"}]
    },
}


@pytest.mark.parametrize("method", CONTROL_PLANE)
@pytest.mark.parametrize("fault", FOREIGN)
def test_the_control_plane_refuses_foreign_arns(refused, arn, method, fault):
    make, code, text = FOREIGN[fault]
    foreign = make(arn)
    found = refused(method, TableName=foreign, **CONTROL_PLANE[method])
    if text is None:
        assert found == (code, "Access is denied")
    else:
        assert found[0] == code
        assert found[1].startswith(ENVELOPE + text.format(foreign))


@pytest.mark.parametrize("method", DATA_PLANE)
@pytest.mark.parametrize("fault", FOREIGN)
def test_the_data_plane_refuses_foreign_arns(refused, arn, method, fault):
    make, code, text = FOREIGN[fault]
    foreign = make(arn)
    found = refused(method, **DATA_PLANE[method](foreign))
    assert found[0] == code
    # None for AccessDeniedException: its text names the caller, and AWS's exact text is not known.
    if text is not None:
        assert found[1].startswith(ENVELOPE + text.format(foreign))


@pytest.mark.parametrize("fault", FOREIGN)
def test_a_batch_of_statements_refuses_foreign_arns_one_by_one(client, shared_table, arn, fault):
    make, code, _ = FOREIGN[fault]
    names = (make(arn), shared_table, arn)
    statements = [
        {"Statement": f"SELECT * FROM \"{name}\" WHERE pk = 'k' AND sk = '{sort}'"} for sort, name in enumerate(names)
    ]
    foreign, by_name, by_arn = client.batch_execute_statement(Statements=statements)["Responses"]
    assert foreign["Error"]["Code"] == {VALIDATION: "ValidationError", DENIED: "AccessDenied"}[code]
    assert "Error" not in by_name
    assert "Error" not in by_arn


def test_one_foreign_arn_fails_a_whole_batch(client, shared_table, arn):
    key = {"pk": {"S": new_name()}, "sk": {"S": "s"}}
    put = [{"PutRequest": {"Item": key}}]
    with pytest.raises(ClientError, match=DENIED):
        client.batch_write_item(RequestItems={shared_table: put, with_part(arn, 4, OTHER_ACCOUNT): put})
    assert "Item" not in client.get_item(TableName=shared_table, Key=key, ConsistentRead=True)


@pytest.mark.parametrize("method", CONTROL_PLANE)
def test_the_error_names_the_missing_table(refused, arn, method):
    """The error has the table's name even if the request has its ARN (control-plane 0.1)."""
    request = CONTROL_PLANE[method]
    for name in ("missing-table", with_part(arn, 5, "table/missing-table")):
        assert refused(method, TableName=name, **request) == (
            "ResourceNotFoundException",
            "Requested resource not found: Table: missing-table not found",
        )


def test_the_name_in_an_arn_is_compared_exactly(refused, shared_table, arn):
    for name in (shared_table.upper(), shared_table[:-1], shared_table + "."):
        code, _ = refused("describe_table", TableName=with_part(arn, 5, f"table/{name}"))
        assert code == "ResourceNotFoundException"
