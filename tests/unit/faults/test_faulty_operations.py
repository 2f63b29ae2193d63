"""Each effect of a fault on each kind of operation: the answer, and what the store has
afterwards.
"""

import pytest

from emulator.controls import registry
from tests.support.faults import counts, fault, outcome
from tests.support.tables import index_request, table_request
from tests.support.throttled_tables import INDEX, ON_DEMAND, TABLE, units

SERVICE = "com.amazonaws.dynamodb.v20120810#"


def key(number):
    return {"pk": {"S": "p"}, "sk": {"S": f"{number:03}"}}


@pytest.fixture
def table(db):
    """Return the name of a provisioned table with ten items and an index."""
    index = index_request("by-kind", "kind pk", "ALL") | {"ProvisionedThroughput": units(5, 5)}
    request = table_request(
        "pk:S sk:S",
        define="kind:S",
        BillingMode="PROVISIONED",
        ProvisionedThroughput=units(5, 5),
        GlobalSecondaryIndexes=[index],
    )
    db("CreateTable", {**request, "TableName": "ttt"})
    db("DescribeTable", TableName="ttt")
    for number in range(10):
        db("PutItem", TableName="ttt", Item={**key(number), "kind": {"S": "k"}})
    return "ttt"


def stored(db):
    """Return the sort keys of the items in the table, and in its index."""
    return [
        sorted(item["sk"]["S"] for item in db("Scan", TableName="ttt", **more)["Items"])
        for more in ({}, {"IndexName": "by-kind"})
    ]


ARN = "arn:aws:dynamodb:us-east-1:123456789012:table/ttt"
OTHER = {**key(77), "kind": {"S": "k"}}
WRITES = [
    ("PutItem", {"TableName": "ttt", "Item": OTHER}),
    (
        "UpdateItem",
        {
            "TableName": "ttt",
            "Key": key(77),
            "UpdateExpression": "SET kind = :k",
            "ExpressionAttributeValues": {":k": {"S": "k"}},
        },
    ),
    ("DeleteItem", {"TableName": "ttt", "Key": key(1)}),
    (
        "BatchWriteItem",
        {"RequestItems": {"ttt": [{"PutRequest": {"Item": OTHER}}, {"DeleteRequest": {"Key": key(1)}}]}},
    ),
    ("ExecuteStatement", {"Statement": "DELETE FROM ttt WHERE pk = 'p' AND sk = '001'"}),
]
READS = [
    ("GetItem", {"TableName": "ttt", "Key": key(1)}),
    ("BatchGetItem", {"RequestItems": {"ttt": {"Keys": [key(1), key(2)]}}}),
    (
        "Query",
        {"TableName": "ttt", "KeyConditionExpression": "pk = :p", "ExpressionAttributeValues": {":p": {"S": "p"}}},
    ),
    ("Scan", {"TableName": "ttt"}),
    ("ExecuteStatement", {"Statement": "SELECT * FROM ttt WHERE pk = 'p'"}),
]
TRANSACTIONS = [
    (
        "TransactWriteItems",
        {
            "TransactItems": [
                {"Put": {"TableName": "ttt", "Item": OTHER}},
                {"Delete": {"TableName": "ttt", "Key": key(1)}},
            ]
        },
    ),
    (
        "TransactGetItems",
        {"TransactItems": [{"Get": {"TableName": "ttt", "Key": key(1)}}, {"Get": {"TableName": "ttt", "Key": key(2)}}]},
    ),
    ("ExecuteTransaction", {"TransactStatements": [{"Statement": "DELETE FROM ttt WHERE pk = 'p' AND sk = '001'"}]}),
]
EVERYTHING = WRITES + READS + TRANSACTIONS


def ids(rows):
    return [row[0] for row in rows]


# --- errors, drops, timeouts ----------------------------------------------------------------------


@pytest.mark.parametrize(("operation", "request_"), EVERYTHING, ids=ids(EVERYTHING))
@pytest.mark.parametrize("kind", ["Error", "Drop", "Timeout"])
def test_before_the_request_nothing_changes(db, table, operation, request_, kind):
    before = stored(db)
    fault(db, kind)
    found = outcome(db, operation, request_)
    registry.call(db.emulator, "remove_faults", {})
    assert (found.error, found.dropped) == (("InternalServerError", False) if kind == "Error" else (None, True))
    assert found.waited == (60.0 if kind == "Timeout" else 0.0)
    assert stored(db) == before


@pytest.mark.parametrize(("operation", "request_"), EVERYTHING, ids=ids(EVERYTHING))
@pytest.mark.parametrize("kind", ["Error", "Drop", "Timeout"])
def test_after_the_request_all_of_it_has_happened(db, table, operation, request_, kind):
    db("PutItem", TableName="ttt", Item=OTHER) if operation == "DeleteItem" else None
    fault(db, kind, After=True)
    found = outcome(db, operation, request_)
    registry.call(db.emulator, "remove_faults", {})
    assert (found.error, found.dropped) == (("InternalServerError", False) if kind == "Error" else (None, True))
    items, entries = stored(db)
    assert items == entries
    expected = {f"{number:03}" for number in range(10)}
    if operation in ("PutItem", "UpdateItem", "BatchWriteItem", "TransactWriteItems", "DeleteItem"):
        expected |= {"077"}
    if operation in ("DeleteItem", "BatchWriteItem", "TransactWriteItems", "ExecuteTransaction") or "DELETE" in str(
        request_
    ):
        expected -= {"001"}
    assert set(items) == expected


def test_errors_as_the_service_writes_them(db):
    fault(db, "Error", {"Next": 1})
    fault(db, "Error", Code="ServiceUnavailable")
    assert outcome(db, "ListTables", {}).answer == {
        "__type": SERVICE + "InternalServerError",
        "message": "The request processing has failed because of an unknown error.",
    }
    assert outcome(db, "ListTables", {}).answer == {
        "__type": SERVICE + "ServiceUnavailable",
        "message": "The service is currently unavailable or busy.",
    }


def test_an_error_after_a_wrong_request_is_that_of_the_request(db):
    fault(db, "Drop", After=True)
    assert outcome(db, "ListTables", {"Limit": 0}).error == "ValidationException"


# --- latency --------------------------------------------------------------------------------------


@pytest.mark.parametrize("after", [False, True])
def test_latency(db, after):
    fault(db, "Latency", Seconds=0.25, After=after)
    assert outcome(db, "ListTables", {}) == ({"TableNames": []}, None, False, 0.25)


def test_latencies_add_up_and_combine_with_errors(db):
    fault(db, "Latency", Seconds=0.5)
    fault(db, "Latency", Seconds=0.25)
    fault(db, "Latency", Seconds=2, After=True)
    fault(db, "Error", After=True)
    fault(db, "Latency", Seconds=9)  # no request reaches this rule: the error comes before
    found = outcome(db, "ListTables", {})
    assert (found.error, found.waited) == ("InternalServerError", 2.75)
    assert counts(db) == [(1, 1)] * 4 + [(0, 0)]


def draws(db, seed, **members):
    name = fault(db, "Latency", seed=seed, **members)
    found = [outcome(db, "ListTables", {}).waited for _ in range(300)]
    registry.call(db.emulator, "remove_faults", {"Id": name})
    return found


def test_distributions_are_repeatable(db):
    even = draws(db, 1, From=1, To=3)
    assert even == draws(db, 1, From=1, To=3) != draws(db, 2, From=1, To=3)
    assert 1 <= min(even) < 1.1
    assert 2.9 < max(even) <= 3
    tailed = sorted(draws(db, 3, Median=0.01, P99=1))
    assert 0.005 < tailed[150] < 0.02
    assert sum(each > 1 for each in tailed) < 12
    assert tailed[-1] > 0.3


def test_definitions_may_change_while_a_request_waits(db, table):
    """The request runs after its pause, with the tables that exist then."""
    fault(db, "Latency", Seconds=1)
    from emulator.slices import Sliced

    with pytest.raises(Sliced) as caught:
        db.emulator.call("PutItem", {"TableName": "new", "Item": {"pk": {"S": "a"}}}, db.caller)
    registry.call(db.emulator, "remove_faults", {})
    for _ in range(4):
        assert next(caught.value.steps) == 0.25
    db("CreateTable", {**table_request("pk:S"), "TableName": "new"})
    with pytest.raises(StopIteration):
        next(caught.value.steps)
    assert db("GetItem", TableName="new", Key={"pk": {"S": "a"}})["Item"] == {"pk": {"S": "a"}}


# --- throttles ------------------------------------------------------------------------------------


def reason(text, resource=ARN):
    return [{"reason": text, "resource": resource}]


@pytest.mark.parametrize(("operation", "request_"), WRITES + READS, ids=ids(WRITES + READS))
def test_throttles(db, table, operation, request_):
    before = stored(db)
    fault(db, "Throttle")
    found = outcome(db, operation, request_)
    registry.call(db.emulator, "remove_faults", {})
    kind = "Read" if (operation, request_) in READS else "Write"
    assert found.answer == {
        "__type": SERVICE + "ProvisionedThroughputExceededException",
        "message": TABLE,
        "ThrottlingReasons": reason(f"Table{kind}ProvisionedThroughputExceeded"),
    }
    assert stored(db) == before


@pytest.mark.parametrize(("operation", "request_"), TRANSACTIONS, ids=ids(TRANSACTIONS))
def test_throttled_transactions_are_canceled(db, table, operation, request_):
    before = stored(db)
    fault(db, "Throttle")
    found = outcome(db, operation, request_)
    registry.call(db.emulator, "remove_faults", {})
    assert found.error == "TransactionCanceledException"
    assert found.answer["CancellationReasons"][0]["Code"] == "ProvisionedThroughputExceeded"
    assert stored(db) == before


LIMITS = [
    ("KeyRange", "ProvisionedThroughputExceededException", "TableReadKeyRangeThroughputExceeded", "ThrottlingReasons"),
    ("MaxOnDemand", "ThrottlingException", "TableReadMaxOnDemandThroughputExceeded", "throttlingReasons"),
    ("Account", "RequestLimitExceeded", "TableReadAccountLimitExceeded", "ThrottlingReasons"),
    (
        "Provisioned",
        "ProvisionedThroughputExceededException",
        "TableReadProvisionedThroughputExceeded",
        "ThrottlingReasons",
    ),
]


@pytest.mark.parametrize(("limit", "code", "text", "member"), LIMITS, ids=[row[0] for row in LIMITS])
def test_limits_of_throttles(db, table, limit, code, text, member):
    fault(db, "Throttle", Limit=limit)
    found = outcome(db, "GetItem", {"TableName": "ttt", "Key": key(1)})
    assert (found.error, found.answer[member]) == (code, reason(text))


def test_the_index_of_a_throttle(db, table):
    fault(db, "Throttle", IndexName="by-kind")
    found = outcome(db, "PutItem", {"TableName": "ttt", "Item": OTHER})
    assert found.answer["message"] == INDEX
    assert found.answer["ThrottlingReasons"] == reason(
        "IndexWriteProvisionedThroughputExceeded", f"{ARN}/index/by-kind"
    )


def test_a_read_of_an_index_names_it(db, table):
    fault(db, "Throttle")
    found = outcome(db, "Scan", {"TableName": "ttt", "IndexName": "by-kind"})
    assert found.answer["ThrottlingReasons"] == reason("IndexReadProvisionedThroughputExceeded", f"{ARN}/index/by-kind")


def test_an_on_demand_table_is_throttled_as_on_demand(db):
    db("CreateTable", {**table_request("pk:S sk:S"), "TableName": "ttt"})
    fault(db, "Throttle", {"Operation": "GetItem"})
    found = outcome(db, "GetItem", {"TableName": "ttt", "Key": key(1)})
    assert (found.error, found.answer["message"]) == ("ThrottlingException", ON_DEMAND)
    assert found.answer["throttlingReasons"] == reason("TableReadKeyRangeThroughputExceeded")


def test_operations_without_units_are_throttled_by_rate(db, table):
    fault(db, "Throttle")
    found = outcome(db, "DescribeTable", {"TableName": "ttt"})
    assert (found.error, found.answer["message"]) == ("ThrottlingException", "Rate exceeded")


def test_a_wrong_request_is_not_throttled(db, table):
    fault(db, "Throttle")
    assert outcome(db, "GetItem", {"TableName": "ttt", "Key": {}}).error == "ValidationException"
    assert outcome(db, "GetItem", {"TableName": "uuu", "Key": key(1)}).error == "ResourceNotFoundException"


def test_only_the_items_of_a_key_are_throttled(db, table):
    fault(db, "Throttle", {"Key": key(2)})
    found = outcome(db, "BatchGetItem", {"RequestItems": {"ttt": {"Keys": [key(1), key(2), key(3)]}}})
    assert found.answer["UnprocessedKeys"] == {"ttt": {"Keys": [key(2)]}}
    assert [item["sk"]["S"] for item in found.answer["Responses"]["ttt"]] == ["001", "003"]
    actions = [{"Delete": {"TableName": "ttt", "Key": key(number)}} for number in (1, 2)]
    found = outcome(db, "TransactWriteItems", {"TransactItems": actions})
    assert [each["Code"] for each in found.answer["CancellationReasons"]] == ["None", "ProvisionedThroughputExceeded"]


def test_a_partition_is_throttled_for_queries(db, table):
    fault(db, "Throttle", {"Key": {"pk": {"S": "p"}}})
    query = {"TableName": "ttt", "KeyConditionExpression": "pk = :p"}
    assert outcome(db, "Query", {**query, "ExpressionAttributeValues": {":p": {"S": "p"}}}).error is not None
    assert outcome(db, "Query", {**query, "ExpressionAttributeValues": {":p": {"S": "q"}}}).error is None


# --- batches --------------------------------------------------------------------------------------


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9])
def test_unprocessed_writes_are_not_written(db, table, share):
    fault(db, "Unprocessed", seed=4, Share=share)
    puts = [{"PutRequest": {"Item": {**key(100 + number), "kind": {"S": "k"}}}} for number in range(20)]
    found = outcome(db, "BatchWriteItem", {"RequestItems": {"ttt": puts}, "ReturnConsumedCapacity": "TOTAL"})
    left = found.answer["UnprocessedItems"].get("ttt", [])
    assert len(left) == round(share * 20)
    missing = {each["PutRequest"]["Item"]["sk"]["S"] for each in left}
    registry.call(db.emulator, "remove_faults", {})
    items, entries = stored(db)
    assert items == entries
    assert {f"{100 + number}" for number in range(20)} - set(items) == missing
    (consumed,) = found.answer["ConsumedCapacity"]
    assert consumed["CapacityUnits"] == 2.0 * (20 - len(left))


def test_unprocessed_reads_are_not_paid(db, table):
    fault(db, "Unprocessed", Share=0.5)
    request = {
        "RequestItems": {"ttt": {"Keys": [key(number) for number in range(10)]}},
        "ReturnConsumedCapacity": "TOTAL",
    }
    answer = outcome(db, "BatchGetItem", request).answer
    read = {item["sk"]["S"] for item in answer["Responses"]["ttt"]}
    left = {each["sk"]["S"] for each in answer["UnprocessedKeys"]["ttt"]["Keys"]}
    assert (len(read), len(left), len(read | left)) == (5, 5, 10)
    assert answer["ConsumedCapacity"][0]["CapacityUnits"] == 2.5


def test_all_of_a_batch_is_a_throttle(db, table):
    fault(db, "Unprocessed", Share=1)
    found = outcome(db, "BatchWriteItem", {"RequestItems": {"ttt": [{"PutRequest": {"Item": OTHER}}]}})
    assert found.error == "ProvisionedThroughputExceededException"


def test_a_batch_of_one_is_processed_unless_the_share_is_one(db, table):
    fault(db, "Unprocessed", Share=0.9)
    found = outcome(db, "BatchWriteItem", {"RequestItems": {"ttt": [{"PutRequest": {"Item": OTHER}}]}})
    assert found.answer == {"UnprocessedItems": {}}


def test_statements_of_a_batch_fail_one_by_one(db, table):
    fault(db, "Unprocessed", seed=1, Share=0.5)
    statements = [{"Statement": f"SELECT * FROM ttt WHERE pk = 'p' AND sk = '00{number}'"} for number in range(4)]
    answer = outcome(db, "BatchExecuteStatement", {"Statements": statements}).answer
    codes = [each.get("Error", {}).get("Code") for each in answer["Responses"]]
    assert sorted(codes, key=str) == [None, None, "ProvisionedThroughputExceeded", "ProvisionedThroughputExceeded"]


# --- transactions ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "code", ["ConditionalCheckFailed", "TransactionConflict", "ProvisionedThroughputExceeded", "ThrottlingError"]
)
@pytest.mark.parametrize(("operation", "request_"), TRANSACTIONS, ids=ids(TRANSACTIONS))
def test_canceled_transactions(db, table, operation, request_, code):
    before = stored(db)
    fault(db, "Cancel", Code=code)
    found = outcome(db, operation, request_)
    registry.call(db.emulator, "remove_faults", {})
    assert found.error == "TransactionCanceledException"
    assert {each["Code"] for each in found.answer["CancellationReasons"]} == {code}
    assert stored(db) == before


def test_only_one_action_is_the_reason(db, table):
    fault(db, "Cancel", {"Key": key(2)})
    actions = [{"Delete": {"TableName": "ttt", "Key": key(number)}} for number in (1, 2, 3)]
    found = outcome(db, "TransactWriteItems", {"TransactItems": actions})
    assert [each["Code"] for each in found.answer["CancellationReasons"]] == ["None", "ConditionalCheckFailed", "None"]


def test_a_cancellation_is_only_for_transactions(db, table):
    fault(db, "Cancel")
    assert outcome(db, "PutItem", {"TableName": "ttt", "Item": OTHER}).answer == {}
    assert counts(db) == [(0, 0)]


def test_conflicts(db, table):
    fault(db, "Conflict", {"Key": key(1)})
    assert outcome(db, "DeleteItem", {"TableName": "ttt", "Key": key(1)}).answer == {
        "__type": SERVICE + "TransactionConflictException",
        "message": "Transaction is ongoing for the item",
    }
    assert outcome(db, "DeleteItem", {"TableName": "ttt", "Key": key(2)}).error is None
    assert outcome(db, "GetItem", {"TableName": "ttt", "Key": key(1)}).error is None
    assert outcome(db, *TRANSACTIONS[1]).error == "TransactionCanceledException"


# --- short pages ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "request_",
    [
        {"TableName": "ttt"},
        {"TableName": "ttt", "IndexName": "by-kind"},
        {"TableName": "ttt", "Limit": 9},
        {"TableName": "ttt", "ReturnConsumedCapacity": "TOTAL"},
    ],
)
def test_pages_are_short_and_complete_together(db, table, request_):
    fault(db, "ShortPage", Items=3)
    found, start, pages = [], {}, []
    while start is not None:
        answer = outcome(db, "Scan", {**request_, **start}).answer
        found += [item["sk"]["S"] for item in answer["Items"]]
        pages.append(answer["ScannedCount"])
        start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]} if "LastEvaluatedKey" in answer else None
    assert sorted(found) == [f"{number:03}" for number in range(10)]
    assert pages == [3, 3, 3, 1]


def test_a_short_page_costs_what_it_reads(db, table):
    fault(db, "ShortPage", Items=2)
    query = {**READS[2][1], "ReturnConsumedCapacity": "TOTAL"}
    assert outcome(db, "Query", query).answer["ConsumedCapacity"]["CapacityUnits"] == 0.5


def test_a_smaller_or_wrong_limit_stays(db, table):
    fault(db, "ShortPage", Items=3)
    assert outcome(db, "Scan", {"TableName": "ttt", "Limit": 2}).answer["Count"] == 2
    assert outcome(db, "Scan", {"TableName": "ttt", "Limit": 0}).error == "ValidationException"
    assert outcome(db, "Scan", {"TableName": "ttt", "Limit": "x"}).error == "SerializationException"


def test_short_pages_of_statements(db, table):
    fault(db, "ShortPage", Items=4)
    answer = outcome(db, "ExecuteStatement", {"Statement": "SELECT * FROM ttt"}).answer
    assert (len(answer["Items"]), "NextToken" in answer) == (4, True)


def test_short_pages_of_a_stream(db, table):
    stream = {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}
    db("UpdateTable", TableName="ttt", StreamSpecification=stream)
    arn = db("DescribeTable", TableName="ttt")["Table"]["LatestStreamArn"]
    for number in range(5):
        db("PutItem", TableName="ttt", Item=key(200 + number))
    (shard, *_) = db("DescribeStream", StreamArn=arn)["StreamDescription"]["Shards"]
    begin = {"StreamArn": arn, "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
    iterator = db("GetShardIterator", **begin)["ShardIterator"]
    fault(db, "ShortPage", {"TableName": "ttt"}, Items=2)
    found = []
    for size in (2, 2, 1):
        answer = outcome(db, "GetRecords", {"ShardIterator": iterator}).answer
        assert len(answer["Records"]) == size
        found += [each["dynamodb"]["Keys"]["sk"]["S"] for each in answer["Records"]]
        iterator = answer["NextShardIterator"]
    assert found == [str(200 + number) for number in range(5)]


CANNOT = [
    ("ShortPage", {"Items": 1}, *WRITES[0]),
    ("ShortPage", {"Items": 1}, *WRITES[4]),
    ("Unprocessed", {"Share": 0.5}, *READS[0]),
    ("Conflict", {}, *READS[2]),
    ("Cancel", {}, *WRITES[3]),
]


@pytest.mark.parametrize(("kind", "members", "operation", "request_"), CANNOT, ids=[f"{r[0]} {r[2]}" for r in CANNOT])
def test_an_effect_does_not_match_what_it_cannot_change(db, table, kind, members, operation, request_):
    fault(db, kind, {"Next": 1}, **members)
    assert outcome(db, operation, request_).error is None
    assert counts(db) == [(0, 0)]


def test_the_shortest_page_counts(db, table):
    fault(db, "ShortPage", Items=4)
    fault(db, "ShortPage", Items=2)
    fault(db, "ShortPage", Items=3)
    assert outcome(db, "Scan", {"TableName": "ttt"}).answer["Count"] == 2


# --- several rules --------------------------------------------------------------------------------


def test_the_first_hit_decides(db, table):
    fault(db, "Error", {"Every": 2})
    fault(db, "Throttle")
    codes = [outcome(db, "GetItem", {"TableName": "ttt", "Key": key(1)}).error for _ in range(4)]
    assert codes == ["ProvisionedThroughputExceededException", "InternalServerError"] * 2
    assert counts(db) == [(4, 2), (2, 2)]


def test_faults_and_enforced_limits(db, table):
    """Enforced limits also apply to requests that no fault refuses. A fault consumes no units."""
    registry.call(db.emulator, "throttling", {"Enforced": True, "TableName": "ttt"})
    fault(db, "Throttle", {"Next": 3})
    codes = [
        outcome(db, "GetItem", {"TableName": "ttt", "Key": key(1), "ConsistentRead": True}).error for _ in range(9)
    ]
    assert codes == ["ProvisionedThroughputExceededException"] * 3 + [None] * 5 + [
        "ProvisionedThroughputExceededException"
    ]


def test_without_rules_tables_have_no_gate(db, table):
    name = fault(db, "Throttle")
    assert db.emulator.database.table(db.caller, "ttt").enforcement is not None
    registry.call(db.emulator, "remove_faults", {"Id": name})
    assert db.emulator.database.table(db.caller, "ttt").enforcement is None
    fault(db, "Error")
    assert db.emulator.database.table(db.caller, "ttt").enforcement is None
