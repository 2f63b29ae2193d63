"""ExecuteTransaction: PartiQL statements that run together or not at all.

See behaviour 14.6, 8.2, 8.3 and 9.3.
"""

import pytest

from tests.support.http_clients import without_metadata
from tests.support.tables import new_name


def parts(table, statements):
    """Return the TransactStatements of a request.

    A statement is a text, in which T stands for the table, or a pair of text and parameters.
    """
    pairs = [(each, None) if isinstance(each, str) else each for each in statements]
    return [
        {"Statement": text.replace(" T", f' "{table}"')} | ({"Parameters": parameters} if parameters else {})
        for text, parameters in pairs
    ]


@pytest.fixture
def run(client, shared_table):
    def send(*statements, **members):
        return without_metadata(
            client.execute_transaction(TransactStatements=parts(shared_table, statements), **members)
        )

    return send


@pytest.fixture
def failing(refused, shared_table):
    def send(*statements, **members):
        return refused("execute_transaction", TransactStatements=parts(shared_table, statements), **members)

    return send


@pytest.fixture
def reasons(canceled, shared_table):
    def send(*statements, **members):
        return canceled("execute_transaction", TransactStatements=parts(shared_table, statements), **members)

    return send


@pytest.fixture
def pk():
    return new_name("p")


@pytest.fixture
def read(client, shared_table, pk):
    """read(sk) returns an item of the test's partition by its sort key, or None."""

    def get(sk="s"):
        key = {"pk": {"S": pk}, "sk": {"S": sk}}
        return client.get_item(TableName=shared_table, Key=key, ConsistentRead=True).get("Item")

    return get


def insert(pk, sk="s", more=""):
    return f"INSERT INTO T VALUE {{'pk': '{pk}', 'sk': '{sk}'{more}}}"


def where(pk, sk="s"):
    return f"WHERE pk = '{pk}' AND sk = '{sk}'"


# --- effects --------------------------------------------------------------------------------------


def test_writes_run_together(run, read, pk):
    run(insert(pk, "old", ", 'n': 1"), insert(pk, "gone"))
    answer = run(
        (f"INSERT INTO T VALUE {{'pk': '{pk}', 'sk': 's', 'n': ?}}", [{"N": "7"}]),
        f"UPDATE T SET n = n + 1 {where(pk, 'old')}",
        f"DELETE FROM T {where(pk, 'gone')}",
    )
    assert answer == {"Responses": []}
    assert read("s")["n"] == {"N": "7"}
    assert read("old")["n"] == {"N": "2"}
    assert read("gone") is None


def test_writes_run_if_the_condition_holds(run, read, pk):
    run(insert(pk, "c", ", 'n': 1"))
    run(insert(pk), f"EXISTS(SELECT * FROM T {where(pk, 'c')} AND n = 1)")
    assert read() is not None


def test_reads_return_items_in_order(run, pk):
    run(insert(pk, "a", ", 'n': 1"), insert(pk, "b"), insert(pk, "c", ", 'n': 1, 'm': {'x': 2}"))
    answer = run(
        f"SELECT * FROM T {where(pk, 'b')}",
        f"SELECT n, m.x FROM T {where(pk, 'c')}",
        f"SELECT * FROM T {where(pk, 'none')}",
    )
    assert answer["Responses"] == [
        {"Item": {"pk": {"S": pk}, "sk": {"S": "b"}}},
        {"Item": {"n": {"N": "1"}, "x": {"N": "2"}}},
        {},
    ]


# --- cancellations --------------------------------------------------------------------------------

NO = {"Code": "None"}
FAILED = {"Code": "ConditionalCheckFailed", "Message": "The conditional request failed"}


def test_all_failing_conditions_are_reported_and_nothing_happens(run, reasons, read, pk):
    run(insert(pk, "a", ", 'n': 1"))
    reported = reasons(
        insert(pk),
        f"UPDATE T SET n = 5 {where(pk, 'a')} AND n = 2",
        f"UPDATE T SET n = 5 {where(pk, 'missing')}",
        f"EXISTS(SELECT * FROM T {where(pk, 'none')} AND n = 1)",
    )
    assert reported == [NO, FAILED, FAILED, FAILED]
    assert read() is None
    assert read("a")["n"] == {"N": "1"}


def test_the_item_is_returned_on_request(client, canceled, run, shared_table, pk):
    run(insert(pk, "a", ", 'n': 1"))
    statements = parts(shared_table, [f"UPDATE T SET n = 5 {where(pk, 'a')} AND n = 2"])
    statements[0]["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
    (reason,) = canceled("execute_transaction", TransactStatements=statements)
    assert reason == {**FAILED, "Item": {"pk": {"S": pk}, "sk": {"S": "a"}, "n": {"N": "1"}}}


def test_inserting_an_existing_item(run, reasons, read, pk):
    run(insert(pk, "a"))
    reported = reasons(insert(pk), insert(pk, "a"))
    assert reported == [NO, {"Code": "DuplicateItem", "Message": "Duplicate primary key exists in table"}]
    assert read() is None


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        (
            "INSERT INTO T VALUE {'pk': 1, 'sk': 's'}",
            "One or more parameter values were invalid: Type mismatch for key pk expected: S actual: N",
        ),
        (
            "INSERT INTO T VALUE {'pk': 'p'}",
            "One or more parameter values were invalid: Missing the key sk in the item",
        ),
        (
            "UPDATE T SET sk = 'x' WHERE pk = 'p' AND sk = 's'",
            "One or more parameter values were invalid: Cannot update attribute sk. This attribute is part of the key",
        ),
    ],
)
def test_an_item_that_is_too_large_or_wrong_cancels(reasons, read, pk, statement, message):
    assert reasons(insert(pk), statement) == [NO, {"Code": "ValidationError", "Message": message}]
    assert read() is None


def test_an_update_that_cannot_run_cancels_alone(run, reasons, read, pk):
    run(insert(pk, "a", ", 'n': 'text'"))
    reported = reasons(
        f"UPDATE T SET n = 1 {where(pk, 'none')}",
        f"UPDATE T SET n = n + 1 {where(pk, 'a')}",
    )
    message = "An operand in the update expression has an incorrect data type"
    assert reported == [NO, {"Code": "ValidationError", "Message": message}]


# --- refusals -------------------------------------------------------------------------------------

PREFIX = "Validation failed in TransactStatements[1]: "
RETURNING = PREFIX + "RETURNING clause is not supported in ExecuteTransaction."


@pytest.mark.parametrize(
    ("statements", "message"),
    [
        (
            ["SELECT * FROM T WHERE pk = 'a' AND sk = 's'", "DELETE FROM T WHERE pk = 'b' AND sk = 's'"],
            "ExecuteTransaction API does not support both read and write operations in the same request.",
        ),
        (
            ["DELETE FROM T WHERE pk = 'b' AND sk = 's'", "DELETE FROM T WHERE pk = 'b' AND sk = 's'"],
            "Transaction request cannot include multiple operations on one item",
        ),
        (
            [
                "DELETE FROM T WHERE pk = 'b' AND sk = 's'",
                "DELETE FROM T WHERE pk = 'a' AND sk = 's' RETURNING ALL OLD *",
            ],
            RETURNING,
        ),
        (
            [
                "DELETE FROM T WHERE pk = 'b' AND sk = 's'",
                "UPDATE T SET n = 1 WHERE pk = 'a' AND sk = 's' RETURNING ALL NEW *",
            ],
            RETURNING,
        ),
        (
            ["SELECT * FROM T WHERE pk = 'a' AND sk = 's'", "SELECT * FROM T.\"i\" WHERE pk = 'a'"],
            PREFIX + "Reads on indices are not supported within transactions.",
        ),
        (
            ["SELECT * FROM T WHERE pk = 'a' AND sk = 's'", "SELECT * FROM T WHERE pk = 'a'"],
            PREFIX + "Select statements within ExecuteTransaction must specify the primary key in the where clause.",
        ),
        *(
            (
                [
                    "SELECT * FROM T WHERE pk = 'a' AND sk = 's'",
                    f"SELECT a FROM T WHERE pk = 'b' AND sk = 's' AND {more}",
                ],
                PREFIX
                + "Select statements within ExecuteTransaction must specify the primary key in the where clause.",
            )
            for more in ("attribute_exists(a)", "a = 1", "NOT a = 1", "sk > 'a'", "a IS NOT MISSING")
        ),
        (
            ["DELETE FROM T WHERE pk = 'b' AND sk = 's'", "EXISTS(SELECT * FROM T WHERE pk = 'a' AND sk = 's')"],
            PREFIX + "EXISTS() must contain a single item read with additional condition",
        ),
    ],
)
def test_refused(failing, statements, message):
    assert failing(*statements) == ("ValidationException", message)


def test_a_missing_table(refused):
    statements = [{"Statement": f"SELECT * FROM {new_name()} WHERE pk = 'a'"}]
    answer = refused("execute_transaction", TransactStatements=statements)
    assert answer == ("ResourceNotFoundException", "Requested resource not found")


def test_a_broken_statement(failing, pk):
    code, message = failing(insert(pk), "SELEKT")
    assert code == "ValidationException"
    assert message.startswith("Statement wasn't well formed, can't be processed: ")


# --- tokens and capacity --------------------------------------------------------------------------


def test_a_repeated_token_does_not_run_it_again(run, failing, read, pk):
    token = new_name("t")
    first = run(insert(pk), ClientRequestToken=token, ReturnConsumedCapacity="TOTAL")["ConsumedCapacity"]
    again = run(insert(pk), ClientRequestToken=token, ReturnConsumedCapacity="TOTAL")["ConsumedCapacity"]
    assert [set(each) for each in (*first, *again)] == [
        {"TableName", "CapacityUnits", "WriteCapacityUnits"},
        {"TableName", "CapacityUnits", "ReadCapacityUnits"},
    ]
    assert failing(insert(pk, "other"), ClientRequestToken=token)[0] == "IdempotentParameterMismatchException"
    assert read("other") is None


def test_its_tokens_differ_from_those_of_other_operations(client, run, read, shared_table, pk):
    token = new_name("t")
    run(insert(pk), ClientRequestToken=token)
    put = {"Put": {"TableName": shared_table, "Item": {"pk": {"S": pk}, "sk": {"S": "native"}}}}
    client.transact_write_items(TransactItems=[put], ClientRequestToken=token)
    assert read("native") is not None


def test_capacity(run, shared_table, pk):
    write = run(insert(pk), insert(pk, "b", f", 'x': '{'y' * 1024}'"), ReturnConsumedCapacity="INDEXES")
    units = {"CapacityUnits": 6.0, "WriteCapacityUnits": 6.0}
    assert write["ConsumedCapacity"] == [{"TableName": shared_table, **units, "Table": units}]
    reads = [f"SELECT * FROM T {where(pk)}", f"SELECT * FROM T {where(pk, 'none')}"]
    units = {"CapacityUnits": 4.0, "ReadCapacityUnits": 4.0}
    assert run(*reads, ReturnConsumedCapacity="TOTAL")["ConsumedCapacity"] == [{"TableName": shared_table, **units}]
    assert "ConsumedCapacity" not in run(*reads)
