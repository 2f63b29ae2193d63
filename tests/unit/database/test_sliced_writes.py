"""Long transactions and batches run in slices. Answers and stored data are the same as without
slices.
"""

import pytest

from emulator.database import transactions
from emulator.database.items import ahead
from emulator.errors import ApiError
from emulator.operations import batch, batch_statements, execute_transaction, transact
from tests.support.invariants import check_store
from tests.support.slices import sliced
from tests.support.tables import index_request, table_request

ITEMS = 6


@pytest.fixture
def table(db, monkeypatch):
    """Return the name of a table with indexes, a stream and TTL. Requests of any size run in
    slices.
    """
    wanted = table_request(
        "pk:S",
        define="g:S",
        GlobalSecondaryIndexes=[
            index_request("some", "g", "INCLUDE", ["n"]),
            index_request("all", "g", "ALL"),
        ],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )
    name = wanted["TableName"]
    db("CreateTable", wanted)
    db.emulator.database.background.run_all()
    db("UpdateTimeToLive", TableName=name, TimeToLiveSpecification={"Enabled": True, "AttributeName": "ttl"})
    db.emulator.database.background.run_all()
    for number in range(ITEMS):
        put(db, name, number)
    monkeypatch.setattr(ahead, "LONG", 0)
    monkeypatch.setattr(ahead, "LARGE", 0)
    for module in (transactions, transact, execute_transaction, batch_statements, batch):
        monkeypatch.setattr(module, "DECODED_IN_STEP", 1)
    return name


def put(db, table, number, n=0):
    item = {"pk": {"S": str(number)}, "g": {"S": "g"}, "ttl": {"N": "1800000000"}, "n": {"N": str(n)}}
    db("PutItem", TableName=table, Item=item)


def numbers(db, table):
    """Return the attribute n of all items that have it, by their keys."""
    items = db("Scan", TableName=table)["Items"]
    return {int(item["pk"]["S"]): int(item["n"]["N"]) for item in items if "n" in item}


def update(table, number, condition="attribute_exists(pk)"):
    """Return an action that adds 1 to an item's n, moves its index entries and changes when it
    expires.
    """
    return {
        "Update": {
            "TableName": table,
            "Key": {"pk": {"S": str(number)}},
            "UpdateExpression": "SET n = n + :one, g = :g, #ttl = :later",
            "ConditionExpression": condition,
            "ExpressionAttributeNames": {"#ttl": "ttl"},
            "ExpressionAttributeValues": {":one": {"N": "1"}, ":g": {"S": "h"}, ":later": {"N": "1900000000"}},
        }
    }


def actions_on(table):
    """Return a transaction that updates item 0 and has actions of every other kind."""
    others = [
        {"Put": {"TableName": table, "Item": {"pk": {"S": "1"}, "g": {"S": "i"}, "n": {"N": "7"}}}},
        {"Put": {"TableName": table, "Item": {"pk": {"S": "new"}, "ttl": {"N": "1850000000"}}}},
        {"Delete": {"TableName": table, "Key": {"pk": {"S": "2"}}}},
        {
            "ConditionCheck": {
                "TableName": table,
                "Key": {"pk": {"S": "3"}},
                "ConditionExpression": "attribute_exists(n)",
            }
        },
    ]
    return {"TransactItems": [update(table, 0), *others], "ReturnConsumedCapacity": "INDEXES"}


def test_a_transaction_writes_what_it_writes_at_once(db, table):
    answer, steps = sliced(db, "TransactWriteItems", actions_on(table))
    assert steps >= 4
    check_store(db.emulator.database)
    after = db("Scan", TableName=table)["Items"]
    db("DeleteItem", TableName=table, Key={"pk": {"S": "new"}})
    for number in range(3):
        put(db, table, number)
    assert db("TransactWriteItems", actions_on(table)) == answer
    assert db("Scan", TableName=table)["Items"] == after


def test_what_changes_between_the_slices_is_prepared_again(db, table):
    values = iter(range(10, 100))
    answer, steps = sliced(db, "TransactWriteItems", actions_on(table), between=lambda: put(db, table, 0, next(values)))
    assert steps >= 4
    assert numbers(db, table)[0] == 10 + steps, "the last value that was put, and 1"
    assert answer["ConsumedCapacity"]
    check_store(db.emulator.database)


def test_a_condition_that_fails_by_the_end_cancels(db, table):
    request = {"TransactItems": [update(table, 0, "n = :zero"), *[update(table, number) for number in range(1, ITEMS)]]}
    request["TransactItems"][0]["Update"]["ExpressionAttributeValues"][":zero"] = {"N": "0"}
    with pytest.raises(ApiError) as refused:
        sliced(db, "TransactWriteItems", request, between=lambda: put(db, table, 0, 5))
    reasons = [reason["Code"] for reason in refused.value.body()["CancellationReasons"]]
    assert reasons == ["ConditionalCheckFailed", *["None"] * (ITEMS - 1)]
    assert numbers(db, table) == {0: 5} | dict.fromkeys(range(1, ITEMS), 0)


def test_a_condition_that_fails_only_at_first_does_not_cancel(db, table):
    request = {"TransactItems": [update(table, 0, "n = :five"), *[update(table, number) for number in range(1, ITEMS)]]}
    request["TransactItems"][0]["Update"]["ExpressionAttributeValues"][":five"] = {"N": "5"}
    sliced(db, "TransactWriteItems", request, between=lambda: put(db, table, 0, 5))
    assert numbers(db, table) == {0: 6} | dict.fromkeys(range(1, ITEMS), 1)


def test_a_token_stands_for_one_run(db, table):
    request = {"TransactItems": [update(table, 0), update(table, 1)], "ClientRequestToken": "once"}
    for _ in range(2):
        sliced(db, "TransactWriteItems", request)
    assert numbers(db, table)[0] == 1


def test_a_table_that_changes_between_the_slices(db, table):
    """Index entries that were prepared for the old indexes must not be stored: the request runs
    again.
    """
    changes = [{"Create": index_request("third", "g", "KEYS_ONLY")}]

    def add_index():
        if changes:
            definitions = [{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "g")]
            update_ = {"AttributeDefinitions": definitions, "GlobalSecondaryIndexUpdates": [changes.pop()]}
            db("UpdateTable", TableName=table, **update_)
            db.emulator.database.background.run_all()

    sliced(db, "TransactWriteItems", actions_on(table), between=add_index)
    assert numbers(db, table)[0] == 1
    check_store(db.emulator.database)
    entries = db("Scan", TableName=table, IndexName="third")["Items"]
    assert sorted(entry["pk"]["S"] for entry in entries) == ["0", "1", "3", "4", "5"]


def test_a_table_that_changes_while_statements_are_planned(db, table, monkeypatch):
    """The plans were made for the old definition of the table: the request runs again."""
    monkeypatch.setattr(execute_transaction, "PLANNED_IN_STEP", 1)
    texts = [f"UPDATE \"{table}\" SET g = 'x{number}' WHERE pk = '{number}'" for number in range(ITEMS)]
    changes = [{"Create": index_request("third", "g", "KEYS_ONLY")}]

    def add_index():
        if changes:
            definitions = [{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "g")]
            update_ = {"AttributeDefinitions": definitions, "GlobalSecondaryIndexUpdates": [changes.pop()]}
            db("UpdateTable", TableName=table, **update_)
            db.emulator.database.background.run_all()

    _, steps = sliced(
        db, "ExecuteTransaction", {"TransactStatements": [{"Statement": text} for text in texts]}, add_index
    )
    assert steps >= 1
    check_store(db.emulator.database)
    entries = db("Scan", TableName=table, IndexName="third")["Items"]
    assert sorted(entry["g"]["S"] for entry in entries) == [f"x{number}" for number in range(ITEMS)]


def test_a_table_that_goes_between_the_slices(db, table):
    def deleted():
        if db("ListTables")["TableNames"]:
            db("DeleteTable", TableName=table)
            db.clock.advance(60)

    with pytest.raises(ApiError, match="ResourceNotFoundException"):
        sliced(db, "TransactWriteItems", actions_on(table), between=deleted)
    db.emulator.database.background.run_all()
    check_store(db.emulator.database)


STATEMENTS = (
    "UPDATE {table} SET n = 4 WHERE pk = '0' RETURNING MODIFIED NEW *",
    "UPDATE {table} SET n = 4 WHERE pk = 'nobody'",
    "DELETE FROM {table} WHERE pk = '1' RETURNING ALL OLD *",
    "INSERT INTO {table} VALUE {{'pk': 'new', 'g': 'g'}}",
)


def test_statements_of_a_batch(db, table):
    request = {"Statements": [{"Statement": text.format(table=f'"{table}"')} for text in STATEMENTS]}
    answer, steps = sliced(db, "BatchExecuteStatement", request, between=lambda: put(db, table, 1, 9))
    assert steps == len(STATEMENTS) - 1
    update_, failed, deletion, insertion = answer["Responses"]
    assert update_["Item"] == {"n": {"N": "4"}}
    assert failed["Error"]["Code"] == "ConditionalCheckFailed"
    assert deletion["Item"]["n"] == {"N": "9"}
    assert insertion == {"TableName": table}
    assert numbers(db, table) == {0: 4, 2: 0, 3: 0, 4: 0, 5: 0}
    check_store(db.emulator.database)


def test_statements_of_a_transaction(db, table):
    texts = [f"UPDATE \"{table}\" SET n = n + 1 WHERE pk = '{number}'" for number in range(ITEMS)]
    request = {"TransactStatements": [{"Statement": text} for text in texts]}
    _, steps = sliced(db, "ExecuteTransaction", request, between=lambda: put(db, table, 1, 9))
    assert steps >= ITEMS
    assert numbers(db, table) == {0: 1, 1: 10, 2: 1, 3: 1, 4: 1, 5: 1}
    check_store(db.emulator.database)


# --- reads, and texts -----------------------------------------------------------------------------


def reads_of(table):
    keys = [{"pk": {"S": str(number)}} for number in range(ITEMS)]
    selects = [f"SELECT n FROM \"{table}\" WHERE pk = '{number}'" for number in range(ITEMS)]
    gets = [{"Get": {"TableName": table, "Key": key, "ProjectionExpression": "n"}} for key in keys]
    return {
        "BatchGetItem": {"RequestItems": {table: {"Keys": keys, "ProjectionExpression": "n"}}},
        "TransactGetItems": {"TransactItems": gets, "ReturnConsumedCapacity": "TOTAL"},
        "BatchExecuteStatement": {"Statements": [{"Statement": text} for text in selects]},
        "ExecuteTransaction": {"TransactStatements": [{"Statement": text} for text in selects]},
    }


@pytest.mark.parametrize(
    "operation", ["BatchGetItem", "TransactGetItems", "BatchExecuteStatement", "ExecuteTransaction"]
)
def test_reads_tell_the_moment_of_the_first_slice(db, table, operation):
    request = reads_of(table)[operation]
    before = db(operation, request)
    answer, steps = sliced(db, operation, request, between=lambda: put(db, table, ITEMS - 1, 9))
    assert answer == before
    assert steps == ITEMS - 1, "the first step was taken before anyone waited"
    assert db(operation, request) != before


LONG = " OR ".join(["nothere = :none"] * 140)  # 2,656 characters
NONE = {":none": {"S": "x"}}


@pytest.mark.parametrize(
    ("operation", "request_of", "most"),
    [
        (
            "TransactWriteItems",
            lambda table, number: {
                "ConditionCheck": {
                    "TableName": table,
                    "Key": {"pk": {"S": str(number)}},
                    "ConditionExpression": f"n{number} = :none OR pk = :key OR {LONG}",
                    "ExpressionAttributeValues": {**NONE, ":key": {"S": str(number)}},
                }
            },
            "TransactItems",
        ),
        (
            "ExecuteTransaction",
            lambda table, number: {
                "Statement": f'UPDATE "{table}" SET '
                + " SET ".join(f"a{each} = {number}" for each in range(300))
                + f" WHERE pk = '{number}'"
            },
            "TransactStatements",
        ),
        (
            "BatchExecuteStatement",
            lambda table, number: {
                "Statement": f"INSERT INTO \"{table}\" VALUE {{{{'pk': 'new {number}', "
                + ", ".join(f"'a{each}': {number}" for each in range(300))
                + "}}"
            },
            "Statements",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_long_texts_are_parsed_in_slices(db, table, monkeypatch, operation, request_of, most):
    monkeypatch.setattr(ahead, "LONG", 1 << 20)
    for module in (transactions, transact, execute_transaction, batch_statements):
        monkeypatch.setattr(module, "DECODED_IN_STEP", 1 << 20)
    request = {most: [request_of(table, number) for number in range(ITEMS)]}
    _, steps = sliced(db, operation, request)
    assert steps >= 2
    assert sliced(db, operation, {most: request[most][:1]})[1] == 0, "one text is short enough"
