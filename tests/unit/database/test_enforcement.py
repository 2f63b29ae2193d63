"""Transactions that a test declares: requests for their items conflict until the time is over.

The facts are in behaviour 8.4. tests/compat/test_conflicts.py tests the same rules over HTTP; here
the tests also move the clock.
"""

import pytest

from emulator.app import Emulator
from emulator.clock import ManualClock
from emulator.controls import registry
from emulator.controls.body import BadDeclaration
from emulator.errors import ApiError
from emulator.settings import Settings
from tests.support.in_process import InProcess
from tests.support.invariants import dump
from tests.support.tables import index_request, table_request

KEY = {"pk": {"S": "p"}, "sk": {"N": "1"}}
OTHER = {"pk": {"S": "p"}, "sk": {"N": "2"}}
CONFLICT = ("TransactionConflictException", "Transaction is ongoing for the item")
REASON = {"Code": "TransactionConflict", "Message": CONFLICT[1]}
NONE = {"Code": "None"}
IN_PROGRESS = ("TransactionInProgressException", "The transaction with the given request token is already in progress.")


def declare(db, **body):
    registry.call(db.emulator, "transactions", body)


@pytest.fixture
def table(db):
    request = table_request("pk:S sk:N", define="g:S", GlobalSecondaryIndexes=[index_request("index", "g")])
    db("CreateTable", request)
    db("PutItem", TableName=request["TableName"], Item=KEY)
    return request["TableName"]


def canceled(db, operation, actions):
    """Return the reasons of a transaction that must be cancelled and change nothing."""
    before = dump(db.emulator.database)
    with pytest.raises(ApiError) as caught:
        db(operation, TransactItems=actions)
    assert dump(db.emulator.database) == before
    assert caught.value.code == "TransactionCanceledException"
    return caught.value.extra["CancellationReasons"]


# --- items ----------------------------------------------------------------------------------------

WRITES = {
    "put": ("PutItem", {"Item": KEY}),
    "put, conditional": ("PutItem", {"Item": KEY, "ConditionExpression": "attribute_not_exists(pk)"}),
    "update": ("UpdateItem", {"Key": KEY, "UpdateExpression": "REMOVE a"}),
    "delete": ("DeleteItem", {"Key": KEY}),
}


@pytest.mark.parametrize("case", WRITES)
def test_writes_are_refused_until_the_declared_transaction_is_over(db, table, case):
    operation, request = WRITES[case]
    declare(db, TableName=table, Key=KEY, Seconds=10)
    for _ in range(2):
        before = dump(db.emulator.database)
        assert db.error(operation, TableName=table, **request) == CONFLICT
        assert dump(db.emulator.database) == before
        db.clock.advance(9.9)
        assert db.error(operation, TableName=table, **request) == CONFLICT
        declare(db, TableName=table, Key=KEY, Seconds=20)
        db.clock.advance(10)
    db.clock.advance(0.1)
    declare(db, TableName=table, Key=KEY, Seconds=10)
    db.clock.advance(10)
    if "ConditionExpression" in request:
        assert db.error(operation, TableName=table, **request)[0] == "ConditionalCheckFailedException"
    else:
        db(operation, TableName=table, **request)


def test_zero_seconds_end_a_declared_transaction(db, table):
    declare(db, TableName=table, Key=KEY, Seconds=10)
    declare(db, TableName=table, Key=OTHER, Seconds=10)
    declare(db, TableName=table, Key=KEY, Seconds=0)
    db("PutItem", TableName=table, Item=KEY)
    assert db.error("PutItem", TableName=table, Item=OTHER) == CONFLICT


def test_statements_that_write(db, table):
    declare(db, TableName=table, Key=KEY, Seconds=10)
    deletion = f"""DELETE FROM "{table}" WHERE pk = 'p' AND sk = """
    assert db.error("ExecuteStatement", Statement=deletion + "1") == CONFLICT
    answer = db("BatchExecuteStatement", Statements=[{"Statement": deletion + "1"}, {"Statement": deletion + "2"}])
    assert answer["Responses"] == [{"TableName": table, "Error": REASON}, {"TableName": table}]


def test_a_batch_is_refused_as_a_whole(db, table):
    """This is inferred: behaviour 8.4 says that a "write" conflicts.

    The service model, however, lists no conflict among the errors of BatchWriteItem.
    """
    declare(db, TableName=table, Key=KEY, Seconds=10)
    writes = [{"PutRequest": {"Item": OTHER}}, {"DeleteRequest": {"Key": KEY}}]
    before = dump(db.emulator.database)
    assert db.error("BatchWriteItem", RequestItems={table: writes}) == CONFLICT
    assert dump(db.emulator.database) == before
    assert db("BatchWriteItem", RequestItems={table: writes[:1]}) == {"UnprocessedItems": {}}


def test_plain_reads_are_never_refused(db, table):
    declare(db, TableName=table, Key=KEY, Seconds=10)
    query = {"KeyConditionExpression": "pk = :p", "ExpressionAttributeValues": {":p": KEY["pk"]}}
    assert db("GetItem", TableName=table, Key=KEY, ConsistentRead=True) == {"Item": KEY}
    assert db("BatchGetItem", RequestItems={table: {"Keys": [KEY]}})["Responses"] == {table: [KEY]}
    assert db("Query", TableName=table, **query)["Items"] == [KEY]
    assert db("Scan", TableName=table)["Items"] == [KEY]
    assert db("ExecuteStatement", Statement=f"""SELECT * FROM "{table}" WHERE pk = 'p'""")["Items"] == [KEY]


ACTIONS = {
    "Put": {"Item": KEY},
    "Update": {"Key": KEY, "UpdateExpression": "REMOVE a"},
    "Delete": {"Key": KEY},
    "ConditionCheck": {"Key": KEY, "ConditionExpression": "attribute_exists(pk)"},
}


@pytest.mark.parametrize("kind", ACTIONS)
def test_transactions_that_write_are_cancelled(db, table, kind):
    declare(db, TableName=table, Key=KEY, Seconds=10)
    actions = [{"Put": {"TableName": table, "Item": OTHER}}, {kind: {"TableName": table, **ACTIONS[kind]}}]
    assert canceled(db, "TransactWriteItems", actions) == [NONE, REASON]
    db.clock.advance(10)
    assert db("TransactWriteItems", TransactItems=actions) == {}


def test_conflicts_and_failed_conditions_are_reported_together(db, table):
    declare(db, TableName=table, Key=KEY, Seconds=10)
    failing = {"ConditionExpression": "attribute_exists(pk)"}
    actions = [
        {"Delete": {"TableName": table, "Key": OTHER, **failing}},
        {"Delete": {"TableName": table, "Key": KEY}},
        {"Delete": {"TableName": table, "Key": OTHER | {"sk": {"N": "3"}}}},
    ]
    failed = {"Code": "ConditionalCheckFailed", "Message": "The conditional request failed"}
    assert canceled(db, "TransactWriteItems", actions) == [failed, REASON, NONE]


def test_transactions_that_read_are_cancelled(db, table):
    declare(db, TableName=table, Key=KEY, Seconds=10)
    gets = [{"Get": {"TableName": table, "Key": key}} for key in (OTHER, KEY)]
    assert canceled(db, "TransactGetItems", gets) == [NONE, REASON]
    assert db("TransactGetItems", TransactItems=gets[:1]) == {"Responses": [{}]}
    db.clock.advance(10)
    assert db("TransactGetItems", TransactItems=gets) == {"Responses": [{}, {"Item": KEY}]}


def test_transactions_of_statements_are_cancelled(db, table):
    declare(db, TableName=table, Key=KEY, Seconds=10)
    where = "WHERE pk = 'p' AND sk ="
    select, delete = f'SELECT * FROM "{table}" {where} ', f'DELETE FROM "{table}" {where} '
    for text in (select, delete):
        before = dump(db.emulator.database)
        with pytest.raises(ApiError) as caught:
            db("ExecuteTransaction", TransactStatements=[{"Statement": text + "2"}, {"Statement": text + "1"}])
        assert dump(db.emulator.database) == before
        assert caught.value.extra["CancellationReasons"] == [NONE, REASON]
    db("ExecuteTransaction", TransactStatements=[{"Statement": delete + "2"}])


def test_several_items(db, table):
    for key in (KEY, OTHER):
        declare(db, TableName=table, Key=key, Seconds=10)
    gets = [{"Get": {"TableName": table, "Key": key}} for key in (OTHER, KEY)]
    assert canceled(db, "TransactGetItems", gets) == [REASON, REASON]


# --- which item -----------------------------------------------------------------------------------


def test_the_key_may_be_written_otherwise(db, table):
    declare(db, TableName=table, Key={"sk": {"N": "1.0"}, "pk": {"S": "p"}}, Seconds=10)
    assert db.error("DeleteItem", TableName=table, Key=KEY) == CONFLICT


@pytest.mark.parametrize("key", [{"pk": {"S": "p"}}, KEY | {"more": {"S": ""}}, {"pk": {"S": "p"}, "sk": {"S": "1"}}])
def test_a_key_that_does_not_fit_the_table_conflicts_with_no_item(db, key):
    """A declared key that does not fit the key schema conflicts with no item.

    Such a key can be declared only before the table exists.
    """
    declare(db, TableName="later", Key=key, Seconds=10)
    db("CreateTable", table_request("pk:S sk:N", TableName="later"))
    db("PutItem", TableName="later", Item=KEY)


def test_other_tables_have_other_items(db, table):
    other = table_request("pk:S sk:N")
    db("CreateTable", other)
    declare(db, TableName=table, Key=KEY, Seconds=10)
    db("PutItem", TableName=other["TableName"], Item=KEY)
    assert db.error("PutItem", TableName=table, Item=KEY) == CONFLICT


def test_a_name_means_every_account_and_an_arn_one(db, table):
    here = db.caller
    away = db.emulator.caller("210987654321", "us-east-1")
    db.caller = away
    request = {**table_request("pk:S sk:N"), "TableName": table}
    arn = db("CreateTable", request)["TableDescription"]["TableArn"]
    declare(db, TableName=arn, Key=KEY, Seconds=10)
    assert db.error("DeleteItem", TableName=table, Key=KEY) == CONFLICT
    db.caller = here
    db("DeleteItem", TableName=table, Key=KEY)
    declare(db, TableName=table, Key=KEY, Seconds=20)
    for db.caller in (here, away):
        assert db.error("DeleteItem", TableName=table, Key=KEY) == CONFLICT


def test_before_the_table_exists_and_after_it_changed(db):
    request = table_request("pk:S sk:N")
    table = request["TableName"]
    declare(db, TableName=table, Key=KEY, Seconds=10)
    db("CreateTable", request)
    assert db.error("PutItem", TableName=table, Item=KEY) == CONFLICT
    db("UpdateTable", TableName=table, DeletionProtectionEnabled=True)
    assert db.error("PutItem", TableName=table, Item=KEY) == CONFLICT


# --- tokens ---------------------------------------------------------------------------------------


def test_a_transaction_with_the_token_is_in_progress(db, table):
    declare(db, ClientRequestToken="t-1", Seconds=5)
    actions = [{"Put": {"TableName": table, "Item": KEY}}]
    assert db.error("TransactWriteItems", TransactItems=actions, ClientRequestToken="t-1") == IN_PROGRESS
    assert db("TransactWriteItems", TransactItems=actions, ClientRequestToken="t-2") == {}
    assert db("TransactWriteItems", TransactItems=actions) == {}
    assert db("PutItem", TableName=table, Item=KEY) == {}
    db.clock.advance(5)
    assert db("TransactWriteItems", TransactItems=actions, ClientRequestToken="t-1") == {}
    declare(db, ClientRequestToken="t-1", Seconds=5)
    assert db.error("TransactWriteItems", TransactItems=actions, ClientRequestToken="t-1") == IN_PROGRESS
    statements = [{"Statement": f"""DELETE FROM "{table}" WHERE pk = 'p' AND sk = 1"""}]
    assert db.error("ExecuteTransaction", TransactStatements=statements, ClientRequestToken="t-1") == IN_PROGRESS
    declare(db, ClientRequestToken="t-1", Seconds=0)
    assert db("TransactWriteItems", TransactItems=actions, ClientRequestToken="t-1") == {}


# --- declarations ---------------------------------------------------------------------------------

ITEM = {"TableName": "t", "Key": {"pk": {"S": "p"}}, "Seconds": 1}
BAD_TRANSACTIONS = {
    "nothing": ({}, "the member Seconds is missing or of a wrong type"),
    "seconds missing": (ITEM | {"Seconds": None}, "the member Seconds is missing or of a wrong type"),
    "seconds a string": (ITEM | {"Seconds": "1"}, "the member Seconds is missing or of a wrong type"),
    "seconds a boolean": (ITEM | {"Seconds": True}, "the member Seconds is missing or of a wrong type"),
    "table missing": ({"Key": ITEM["Key"], "Seconds": 1}, "the member TableName is missing or of a wrong type"),
    "table a number": (ITEM | {"TableName": 1}, "the member TableName is missing or of a wrong type"),
    "key missing": ({"TableName": "t", "Seconds": 1}, "the member Key is missing or of a wrong type"),
    "key a string": (ITEM | {"Key": "p"}, "the member Key is missing or of a wrong type"),
    "key of plain values": (
        ITEM | {"Key": {"pk": "p"}},
        "the member Key is not a key: Unexpected value type in payload",
    ),
    "key of a wrong number": (
        ITEM | {"Key": {"pk": {"N": "one"}}},
        "the member Key is not a key: The parameter cannot be converted to a numeric value: one",
    ),
    "key without a value": (
        ITEM | {"Key": {"pk": {}}},
        "the member Key is not a key: Supplied AttributeValue is empty, must contain exactly one of the supported datatypes",
    ),
    "token a number": (
        {"ClientRequestToken": 1, "Seconds": 1},
        "the member ClientRequestToken is missing or of a wrong type",
    ),
    "token without seconds": ({"ClientRequestToken": "t"}, "the member Seconds is missing or of a wrong type"),
}


@pytest.mark.parametrize(
    ("key", "problem"),
    [
        ({"zz": {"S": "a"}}, "The provided key element does not match the schema"),
        ({"pk": {"S": "a"}}, "The provided key element does not match the schema"),
        ({"pk": {"S": "p"}, "sk": {"S": "1"}}, "The provided key element does not match the schema"),
    ],
)
def test_a_transaction_on_a_key_that_the_table_cannot_have(db, table, key, problem):
    with pytest.raises(BadDeclaration) as caught:
        declare(db, TableName=table, Key=key, Seconds=60)
    assert str(caught.value) == f"the member Key is not a key of table {table}: {problem}"
    assert registry.call(db.emulator, "show_transactions", {}) == {"Transactions": []}
    declare(db, TableName=table, Key=key, Seconds=0)


@pytest.mark.parametrize("case", BAD_TRANSACTIONS)
def test_bad_declarations_of_a_transaction(db, case):
    body, text = BAD_TRANSACTIONS[case]
    with pytest.raises(BadDeclaration) as caught:
        registry.call(db.emulator, "transactions", body)
    assert str(caught.value) == text


@pytest.mark.parametrize(
    ("body", "member"),
    [
        ({}, "Enforced"),
        ({"Enforced": None}, "Enforced"),
        ({"Enforced": 1}, "Enforced"),
        ({"Enforced": "true"}, "Enforced"),
        ({"Enforced": True, "TableName": None}, "TableName"),
        ({"Enforced": True, "TableName": ["t"]}, "TableName"),
    ],
)
def test_bad_declarations_of_throttling(db, body, member):
    with pytest.raises(BadDeclaration) as caught:
        registry.call(db.emulator, "throttling", body)
    assert str(caught.value) == f"the member {member} is missing or of a wrong type"


# --- from the start -------------------------------------------------------------------------------


@pytest.mark.parametrize("several", [False, True])
def test_declared_from_the_start(several):
    one = """{"TableName": "Orders", "Key": {"pk": {"S": "p"}, "sk": {"N": "1"}}, "Seconds": 10}"""
    token = """{"ClientRequestToken": "t-1", "Seconds": 10}"""
    db = InProcess(Settings(in_memory=True, ongoing_transaction=f"[{one}, {token}]" if several else one))
    db("CreateTable", {**table_request("pk:S sk:N"), "TableName": "Orders"})
    assert db.error("PutItem", TableName="Orders", Item=KEY) == CONFLICT
    actions = [{"Put": {"TableName": "Orders", "Item": OTHER}}]
    if several:
        assert db.error("TransactWriteItems", TransactItems=actions, ClientRequestToken="t-1") == IN_PROGRESS
    else:
        db("TransactWriteItems", TransactItems=actions, ClientRequestToken="t-1")
    db.clock.advance(10)
    db("PutItem", TableName="Orders", Item=KEY)
    db.emulator.close()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "it is not JSON"),
        ("1", "the member Seconds is missing or of a wrong type"),
        ("[1]", "the member Seconds is missing or of a wrong type"),
        ('{"TableName": "t", "Seconds": 1}', "the member Key is missing or of a wrong type"),
    ],
)
def test_badly_declared_from_the_start(text, problem):
    with pytest.raises(BadDeclaration) as caught:
        Emulator(Settings(in_memory=True, ongoing_transaction=text), ManualClock())
    assert str(caught.value) == problem
