"""Requests of several parts with enforced throughput: which parts are done, and how the others are
reported (behaviour 16).
"""

import pytest

from emulator.errors import ApiError
from tests.support.invariants import check_store
from tests.support.tables import index_request
from tests.support.throttled_tables import (
    INDEX,
    KIB,
    MAXIMUM,
    ON_DEMAND,
    ON_DEMAND_INDEX,
    SERVICE,
    TABLE,
    admitted,
    create,
    create_filled,
    create_on_demand,
    exceeded,
    gsi,
    item_of,
    key_of,
    levels,
    maximum,
    put,
    puts,
    refusal,
)

# --- batches --------------------------------------------------------------------------------------


def test_a_batch_write_returns_what_was_throttled(db):
    table = create(db, write=10)
    answer = db("BatchWriteItem", RequestItems={table: puts(range(25))}, ReturnConsumedCapacity="TOTAL")
    assert answer == {
        "UnprocessedItems": {table: puts(range(10, 25))},
        "ConsumedCapacity": [{"TableName": table, "CapacityUnits": 10}],
    }
    assert db("Scan", TableName=table)["Count"] == 10
    body = refusal(db, "BatchWriteItem", RequestItems=answer["UnprocessedItems"])
    assert body == exceeded(db, table, "TableWriteProvisionedThroughputExceeded")
    db.clock.advance(1.5)
    assert db("BatchWriteItem", RequestItems=answer["UnprocessedItems"]) == {"UnprocessedItems": {}}
    assert db("Scan", TableName=table)["Count"] == 25


def test_a_batch_write_to_tables_of_which_one_is_throttled(db):
    full, free = create(db, write=1), create(db)
    put(db, full)
    deletion = {"DeleteRequest": {"Key": key_of(0)}}
    answer = db("BatchWriteItem", RequestItems={full: [deletion], free: puts(range(2))})
    assert answer == {"UnprocessedItems": {full: [deletion]}}


def test_a_batch_write_with_a_hot_key(db):
    table = create_on_demand(db)
    for number in range(10):
        put(db, table, number, 100 * KIB, pk="hot")
    hot = puts(range(20, 22), pk="hot")
    answer = db("BatchWriteItem", RequestItems={table: [hot[0], *puts([1]), hot[1], *puts([2])]})
    assert answer == {"UnprocessedItems": {table: hot}}
    body = refusal(db, "BatchWriteItem", RequestItems={table: hot})
    assert body == exceeded(db, table, "TableWriteKeyRangeThroughputExceeded", ON_DEMAND)


def test_a_batch_write_with_a_throttled_index(db):
    table = create(
        db,
        define="g:S l:S",
        GlobalSecondaryIndexes=[gsi("index", "g", write=1)],
        LocalSecondaryIndexes=[index_request("local", "pk l")],
    )
    writes = [*puts([1, 2], g="g"), *puts([3])]
    answer = db("BatchWriteItem", RequestItems={table: writes}, ReturnItemCollectionMetrics="SIZE")
    assert answer["UnprocessedItems"] == {table: [writes[1]]}
    reported = [each["ItemCollectionKey"]["pk"]["S"] for each in answer["ItemCollectionMetrics"][table]]
    assert reported == ["k00001", "k00003"]


def test_a_batch_get_returns_what_was_throttled(db):
    table = create(db, read=2)
    for number in range(5):
        put(db, table, number)
    keys = [key_of(number) for number in range(5)]
    part = {"Keys": keys, "ConsistentRead": True, "ProjectionExpression": "sk"}
    answer = db("BatchGetItem", RequestItems={table: part})
    assert answer["Responses"] == {table: [{"sk": key["sk"]} for key in keys[:2]]}
    assert answer["UnprocessedKeys"] == {table: {**part, "Keys": keys[2:]}}
    body = refusal(db, "BatchGetItem", RequestItems=answer["UnprocessedKeys"])
    assert body == exceeded(db, table, "TableReadProvisionedThroughputExceeded")
    db.clock.advance(1.5)
    answer = db("BatchGetItem", RequestItems=answer["UnprocessedKeys"])
    assert (answer["Responses"], answer["UnprocessedKeys"]) == ({table: [{"sk": key["sk"]} for key in keys[2:]]}, {})


def test_a_batch_get_of_tables_of_which_one_is_throttled(db):
    full, free = create(db, read=1), create(db)
    for _ in range(2):
        db("GetItem", TableName=full, Key=key_of(1))
    answer = db("BatchGetItem", RequestItems={full: {"Keys": [key_of(1)]}, free: {"Keys": [key_of(1)]}})
    assert answer == {"Responses": {full: [], free: []}, "UnprocessedKeys": {full: {"Keys": [key_of(1)]}}}


# --- pages ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("operation", ["Query", "Scan"])
def test_pages_stop_where_nothing_is_left(db, operation):
    """A page is read as a whole and charged afterwards. The next page is refused until there are
    units again.
    """
    table = create(db, read=4)
    for number in range(5):
        put(db, table, number, 20 * KIB, pk="p")
    request = {"TableName": table, "Limit": 2}
    if operation == "Query":
        request |= {"KeyConditionExpression": "pk = :p", "ExpressionAttributeValues": {":p": {"S": "p"}}}
    page = db(operation, **request)  # two items of 20 KB cost five units
    assert page["Count"] == 2
    request["ExclusiveStartKey"] = page["LastEvaluatedKey"]
    assert refusal(db, operation, **request) == exceeded(db, table, "TableReadProvisionedThroughputExceeded")
    db.clock.advance(0.25)
    assert refusal(db, operation, **request) == exceeded(db, table, "TableReadProvisionedThroughputExceeded")
    db.clock.advance(0.25)
    page = db(operation, **request)
    assert (page["Count"], page["LastEvaluatedKey"]) == (2, key_of(3, "p"))


# --- transactions ---------------------------------------------------------------------------------


def canceled(db, operation, **request):
    """Assert that a transaction is cancelled; return its cancellation reasons."""
    body = refusal(db, operation, **request)
    assert body["__type"] == SERVICE + "TransactionCanceledException"
    codes = ", ".join(reason["Code"] for reason in body["CancellationReasons"])
    text = "Transaction cancelled, please refer cancellation reasons for specific reasons"
    assert body["Message"] == f"{text} [{codes}]"
    return body["CancellationReasons"]


NONE = {"Code": "None"}


def put_action(table, number, **item):
    return {"Put": {"TableName": table, "Item": item_of(number, **item)}}


def test_a_transaction_is_cancelled_for_the_table(db):
    table, free = create(db, write=3), create(db)
    actions = [put_action(free, 1), put_action(table, 1), put_action(table, 2)]
    exceeded_reason = {"Code": "ProvisionedThroughputExceeded", "Message": TABLE.removesuffix(".")}
    assert canceled(db, "TransactWriteItems", TransactItems=actions) == [NONE, NONE, exceeded_reason]
    db.clock.advance(5)
    assert db("TransactWriteItems", TransactItems=actions) == {}


def test_a_transaction_is_cancelled_for_an_index(db):
    table = create(db, define="g:S", GlobalSecondaryIndexes=[gsi("index", "g", write=1)])
    actions = [put_action(table, 1, g="a"), put_action(table, 2, g="a")]
    reason = {"Code": "ProvisionedThroughputExceeded", "Message": INDEX}
    assert canceled(db, "TransactWriteItems", TransactItems=actions) == [NONE, reason]


@pytest.mark.parametrize("index", [False, True])
def test_a_transaction_is_cancelled_for_a_hot_key(db, index):
    table = create_on_demand(db, define="g:S", GlobalSecondaryIndexes=[index_request("index", "g")])
    size = 100 * KIB
    if index:
        assert admitted(db, table, size=size, g="hot") == 10
    else:
        for number in range(10):
            put(db, table, number, size, pk="hot")
    actions = [put_action(table, 77), put_action(table, 78, **({"g": "hot"} if index else {"pk": "hot"}))]
    reason = {"Code": "ThrottlingError", "Message": ON_DEMAND_INDEX if index else ON_DEMAND}
    assert canceled(db, "TransactWriteItems", TransactItems=actions) == [NONE, reason]


def test_a_transaction_is_cancelled_for_a_maximum(db):
    table = create_on_demand(db, OnDemandThroughput=maximum(1, 1))
    reason = {"Code": "ThrottlingError", "Message": MAXIMUM}
    put(db, table, 1)
    assert canceled(db, "TransactWriteItems", TransactItems=[put_action(table, 1)]) == [reason]
    db("GetItem", TableName=table, Key=key_of(1))
    gets = [{"Get": {"TableName": table, "Key": key_of(number)}} for number in (1, 2)]
    assert canceled(db, "TransactGetItems", TransactItems=gets) == [reason, NONE]


def test_transactional_reads_are_cancelled(db):
    table = create(db, read=3)
    gets = [{"Get": {"TableName": table, "Key": key_of(number)}} for number in (1, 2)]
    reason = {"Code": "ProvisionedThroughputExceeded", "Message": TABLE.removesuffix(".")}
    assert canceled(db, "TransactGetItems", TransactItems=gets) == [NONE, reason]
    db.clock.advance(5)
    assert db("TransactGetItems", TransactItems=gets) == {"Responses": [{}, {}]}


def test_what_transactions_take(db):
    filled = create_filled(db)

    def taken(kind, operation, **request):
        before = levels(db, filled, kind)[None]
        answer = db(operation, **request, ReturnConsumedCapacity="TOTAL")
        (reported,) = answer["ConsumedCapacity"]
        cost = before - levels(db, filled, kind)[None]
        assert reported["CapacityUnits"] == reported[f"{kind}CapacityUnits"] == cost
        return cost

    key = {"TableName": filled, "Key": key_of(2)}
    check = {"ConditionCheck": {**key, "ConditionExpression": "attribute_exists(pk)"}}
    assert taken("Write", "TransactWriteItems", TransactItems=[check]) == 18
    assert taken("Write", "TransactWriteItems", TransactItems=[put_action(filled, 9, size=1500, l="l")]) == 5
    assert taken("Read", "TransactGetItems", TransactItems=[{"Get": key}]) == 6
    replayed = {"TransactItems": [{"Delete": key}, put_action(filled, 8)], "ClientRequestToken": "t"}
    assert taken("Write", "TransactWriteItems", **replayed) == 9 * 2 + 1 + 2
    assert taken("Read", "TransactWriteItems", **replayed) == 2 + 2


def test_a_condition_check_is_throttled(db):
    table, free = create(db, write=1), create(db)
    put(db, table, 1)
    check = {"TableName": table, "Key": key_of(1), "ConditionExpression": "attribute_exists(pk)"}
    actions = [put_action(free, 1), {"ConditionCheck": check}]
    reason = {"Code": "ProvisionedThroughputExceeded", "Message": TABLE.removesuffix(".")}
    assert canceled(db, "TransactWriteItems", TransactItems=actions) == [NONE, reason]


# --- statements -----------------------------------------------------------------------------------


def test_statements(db):
    table = create(db, read=1, write=1)
    insert = f"""INSERT INTO "{table}" VALUE {{'pk': 'p', 'sk': ?}}"""
    select = f"""SELECT * FROM "{table}" WHERE pk = 'p'"""
    db("ExecuteStatement", Statement=insert, Parameters=[{"S": "1"}])
    refused = exceeded(db, table, "TableWriteProvisionedThroughputExceeded")
    assert refusal(db, "ExecuteStatement", Statement=insert, Parameters=[{"S": "2"}]) == refused
    for statement in (select, select + " AND sk = '1'"):
        assert len(db("ExecuteStatement", Statement=statement)["Items"]) == 1
    refused = exceeded(db, table, "TableReadProvisionedThroughputExceeded")
    for statement in (select, select + " AND sk = '1'", f'SELECT * FROM "{table}"'):
        assert refusal(db, "ExecuteStatement", Statement=statement) == refused


def test_statements_of_a_batch(db):
    table = create(db, read=1, write=2)
    insert = f"""INSERT INTO "{table}" VALUE {{'pk': 'p', 'sk': ?}}"""
    select = f"""SELECT sk FROM "{table}" WHERE pk = 'p' AND sk = ?"""
    entry = {"Error": {"Code": "ProvisionedThroughputExceeded", "Message": TABLE}, "TableName": table}
    for statement, found in ((insert, [{}, {}]), (select, [{"Item": {"sk": {"S": each}}} for each in "01"])):
        statements = [{"Statement": statement, "Parameters": [{"S": str(number)}]} for number in range(3)]
        answer = db("BatchExecuteStatement", Statements=statements)
        assert answer["Responses"] == [*({"TableName": table, **each} for each in found), entry]


@pytest.mark.parametrize(
    "statement",
    ["""INSERT INTO "{}" VALUE {{'pk': 'p', 'sk': ?}}""", """SELECT sk FROM "{}" WHERE pk = 'p' AND sk = ?"""],
)
def test_statements_of_a_transaction(db, statement):
    table = create(db, read=3, write=3)
    statements = [{"Statement": statement.format(table), "Parameters": [{"S": each}]} for each in "12"]
    reason = {"Code": "ProvisionedThroughputExceeded", "Message": TABLE.removesuffix(".")}
    assert canceled(db, "ExecuteTransaction", TransactStatements=statements) == [NONE, reason]
    db.clock.advance(1)
    db("ExecuteTransaction", TransactStatements=statements)


def test_the_store_stays_sound(db):
    table = create(
        db,
        write=4,
        define="g:S l:S",
        GlobalSecondaryIndexes=[gsi("index", "g", write=3)],
        LocalSecondaryIndexes=[index_request("local", "pk l")],
    )
    for number in range(40):
        writes = puts(range(number, number + 5), g=str(number % 3), l=str(number % 2))
        try:
            db("BatchWriteItem", RequestItems={table: writes})
        except ApiError as error:
            if error.about != "capacity":
                raise
        db.clock.advance(0.3)
    check_store(db.emulator.database)
    assert db("Scan", TableName=table)["Count"] > 10
