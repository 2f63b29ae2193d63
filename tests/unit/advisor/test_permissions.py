"""The advisor's IAM policy, which allows only what the observed requests need."""

import pytest

from emulator.advisor.permissions import policy
from tests.support.tables import index_request, table_request

ACCOUNT = "arn:aws:dynamodb:us-east-1:123456789012:table"
ORDERS = f"{ACCOUNT}/Orders"
KEY = {"pk": {"S": "a"}, "sk": {"S": "b"}}
BY_SK = {"GlobalSecondaryIndexes": [index_request("by-sk", "sk")]}
CREATE = {**table_request("pk:S sk:S"), "TableName": "Orders", **BY_SK}


@pytest.fixture
def orders(advised):
    advised("CreateTable", CREATE)
    return advised


def allowed(advised, *requests):
    """Send requests; return (actions, resources, leading keys) of each statement of the policy."""
    for operation, request in requests:
        advised(operation, request)
    found = []
    for statement in advised.policy():
        assert statement["Effect"] == "Allow"
        actions = {name.removeprefix("dynamodb:") for name in statement["Action"]} - {"CreateTable"}
        keys = statement.get("Condition", {}).get("ForAllValues:StringEquals", {}).get("dynamodb:LeadingKeys")
        if actions:
            found.append((actions, statement["Resource"], keys))
    return found


def query(**more):
    values = {":v": {"S": "a"}}
    return "Query", {
        "TableName": "Orders",
        "KeyConditionExpression": "pk = :v",
        "ExpressionAttributeValues": values,
        **more,
    }


ON_INDEX = query(IndexName="by-sk", KeyConditionExpression="sk = :v")
GET = "GetItem", {"TableName": "Orders", "Key": KEY}
PUT = "PutItem", {"TableName": "Orders", "Item": KEY}
UPDATE = {"TableName": "Orders", "Key": KEY, "UpdateExpression": "REMOVE x"}

CASES = [
    ([GET], [({"GetItem"}, [ORDERS], ["a"])]),
    ([GET, PUT], [({"GetItem", "PutItem"}, [ORDERS], ["a"])]),
    ([("GetItem", {"TableName": ORDERS, "Key": KEY})], [({"GetItem"}, [ORDERS], ["a"])]),
    ([query()], [({"Query"}, [ORDERS], ["a"])]),
    ([ON_INDEX], [({"Query"}, [f"{ORDERS}/index/by-sk"], None)]),
    ([("Scan", {"TableName": "Orders"})], [({"Scan"}, [ORDERS], None)]),
    ([("BatchGetItem", {"RequestItems": {"Orders": {"Keys": [KEY]}}})], [({"BatchGetItem"}, [ORDERS], ["a"])]),
    (
        [("BatchWriteItem", {"RequestItems": {"Orders": [{"DeleteRequest": {"Key": KEY}}]}})],
        [({"BatchWriteItem"}, [ORDERS], ["a"])],
    ),
    (
        [
            (
                "TransactWriteItems",
                {
                    "TransactItems": [
                        {"Put": {**PUT[1], "Item": {**KEY, "pk": {"S": "b"}}}},
                        {"ConditionCheck": {**GET[1], "ConditionExpression": "attribute_not_exists(pk)"}},
                    ]
                },
            )
        ],
        [({"ConditionCheckItem"}, [ORDERS], ["a"]), ({"PutItem"}, [ORDERS], ["b"])],
    ),
    ([("TransactGetItems", {"TransactItems": [{"Get": GET[1]}]})], [({"GetItem"}, [ORDERS], ["a"])]),
    (
        [("ExecuteStatement", {"Statement": "SELECT * FROM Orders WHERE pk = 'a' AND sk = 'b'"})],
        [({"PartiQLSelect"}, [ORDERS], ["a"])],
    ),
    (
        [("ExecuteStatement", {"Statement": "SELECT * FROM Orders"})],
        [({"PartiQLSelect"}, [ORDERS], None)],
    ),
    (
        [("ExecuteStatement", {"Statement": 'SELECT * FROM "Orders"."by-sk" WHERE sk = \'b\''})],
        [({"PartiQLSelect"}, [f"{ORDERS}/index/by-sk"], None)],
    ),
    (
        [
            (
                "ExecuteStatement",
                {"Statement": "INSERT INTO Orders VALUE {'pk': ?, 'sk': 'b'}", "Parameters": [KEY["pk"]]},
            ),
            ("ExecuteStatement", {"Statement": "UPDATE Orders SET x = 1 WHERE pk = 'a' AND sk = 'b'"}),
            ("ExecuteStatement", {"Statement": "DELETE FROM Orders WHERE pk = 'a' AND sk = 'b'"}),
        ],
        [({"PartiQLInsert", "PartiQLUpdate", "PartiQLDelete"}, [ORDERS], ["a"])],
    ),
    # A request needs the permission even if its condition is false, but not if it is invalid.
    (
        [("UpdateItem", {**UPDATE, "ConditionExpression": "attribute_exists(x)"})],
        [({"UpdateItem"}, [ORDERS], ["a"])],
    ),
    ([("UpdateItem", {**UPDATE, "UpdateExpression": "REMOVE"})], []),
    ([("DescribeTable", {"TableName": "Orders"})], [({"DescribeTable"}, [ORDERS], None)]),
    ([("ListTables", {})], [({"ListTables"}, ["*"], None)]),
    ([("DescribeTable", {"TableName": "Missing"})], [({"DescribeTable"}, [f"{ACCOUNT}/Missing"], None)]),
    ([("ListTagsOfResource", {"ResourceArn": ORDERS})], [({"ListTagsOfResource"}, [ORDERS], None)]),
]

LISTS = [
    ("ListBackups", {"TableName": "Orders"}),
    ("ListExports", {"TableArn": ORDERS}),
    ("ListImports", {"TableArn": ORDERS}),
    ("ListContributorInsights", {"TableName": "Orders"}),
    ("ListStreams", {"TableName": "Orders"}),
    ("ListGlobalTables", {}),
    ("DescribeLimits", {}),
    ("DescribeEndpoints", {}),
]
CASES += [([request], [({request[0]}, ["*"], None)]) for request in LISTS]

RESTORED = {"BatchWriteItem", "DeleteItem", "GetItem", "PutItem", "Query", "Scan", "UpdateItem"}


def test_a_restore_needs_to_read_and_write_the_new_table(orders):
    backup = orders("CreateBackup", {"TableName": "Orders", "BackupName": "first"})["BackupDetails"]["BackupArn"]
    found = allowed(orders, ("RestoreTableFromBackup", {"BackupArn": backup, "TargetTableName": "Copy"}))
    assert ({"RestoreTableFromBackup", *RESTORED}, [f"{ACCOUNT}/Copy"], None) in found
    assert ({"RestoreTableFromBackup"}, [backup], None) in found


def test_a_restore_to_a_point_in_time_needs_the_same_permissions(orders):
    enabled = {"PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True}}
    orders("UpdateContinuousBackups", {"TableName": "Orders", **enabled})
    request = {"SourceTableName": "Orders", "TargetTableName": "Copy", "UseLatestRestorableTime": True}
    found = allowed(orders, ("RestoreTableToPointInTime", request))
    assert ({"RestoreTableToPointInTime", *RESTORED}, [f"{ACCOUNT}/Copy"], None) in found


@pytest.mark.parametrize(("requests", "expected"), CASES)
def test_requests_and_their_permissions(orders, requests, expected):
    found = allowed(orders, *requests)
    assert sorted(found, key=repr) == sorted(expected, key=repr)


@pytest.mark.parametrize(("count", "listed"), [(10, True), (11, False)])
def test_a_condition_lists_at_most_ten_partition_keys(orders, count, listed):
    gets = [("GetItem", {"TableName": "Orders", "Key": {**KEY, "pk": {"S": f"p{n}"}}}) for n in range(count)]
    [(actions, _, keys)] = allowed(orders, *gets)
    assert actions == {"GetItem"}
    assert keys == (sorted(f"p{n}" for n in range(count)) if listed else None)


def test_one_request_for_any_key_lifts_the_condition(orders):
    everything = ("ExecuteStatement", {"Statement": "SELECT * FROM Orders"})
    one = ("ExecuteStatement", {"Statement": "SELECT * FROM Orders WHERE pk = 'a'"})
    assert allowed(orders, one, everything, one) == [({"PartiQLSelect"}, [ORDERS], None)]


def test_tables_with_the_same_actions_share_a_statement(advised):
    for name in ("A", "B"):
        advised("CreateTable", {**CREATE, "TableName": name})
        advised("Scan", {"TableName": name})
    assert allowed(advised) == [({"Scan"}, [f"{ACCOUNT}/A", f"{ACCOUNT}/B"], None)]


def test_streams(advised):
    stream = {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}
    arn = advised("CreateTable", {**CREATE, "StreamSpecification": stream})["TableDescription"]["LatestStreamArn"]
    shard = advised("DescribeStream", {"StreamArn": arn})["StreamDescription"]["Shards"][0]["ShardId"]
    start = {"StreamArn": arn, "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON"}
    advised("GetRecords", {"ShardIterator": advised("GetShardIterator", start)["ShardIterator"]})
    assert allowed(advised) == [({"DescribeStream", "GetRecords", "GetShardIterator"}, [arn], None)]


def test_a_policy_of_one_caller(orders):
    orders(*GET)
    orders("ListTables", {}, key="other")
    assert [each["Action"] for each in orders.policy(AccessKey="other")] == [["dynamodb:ListTables"]]
    assert orders.policy(AccessKey="other", Region="eu-west-1") == []


def test_a_deleted_table_keeps_its_permissions(orders):
    orders(*GET)
    orders("DeleteTable", {"TableName": "Orders"})
    assert allowed(orders) == [({"DeleteTable"}, [ORDERS], None), ({"GetItem"}, [ORDERS], ["a"])]


def test_many_callers_are_added_up(advised, monkeypatch):
    """To save memory, the advisor adds up the needs of all callers if there are very many."""
    monkeypatch.setattr("emulator.advisor.permissions._MOST", 5)
    for number in range(8):
        advised("ListTables", {}, key=f"k{number}")
    assert [each["Action"] for each in advised.policy()] == [["dynamodb:ListTables"]]


def test_no_requests_need_no_permissions():
    assert policy([]) == {"Version": "2012-10-17", "Statement": []}
