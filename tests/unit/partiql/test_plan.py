"""The plan that a statement gets (behaviour 14.2), and the conditions of its writes (behaviour
14.3).
"""

import pytest

from emulator.database.items.requested import Check, Delete, Update, Write
from emulator.database.schema.table import Table
from emulator.database.store import keyspace
from emulator.errors import ApiError
from emulator.partiql import plan
from emulator.partiql.prepare import prepare_statement
from emulator.partiql.select import Read
from emulator.settings import Settings
from tests.support.in_process import InProcess
from tests.support.tables import index_request, table_request

KEY = {"pk": {"S": "a"}, "sk": {"N": "1"}}


@pytest.fixture(scope="module")
def table():
    inside = InProcess(Settings(in_memory=True))
    request = table_request(
        "pk:S sk:N",
        define="g:S h:S r:N",
        GlobalSecondaryIndexes=[index_request("gsi", "g sk"), index_request("multi", "g+h r+sk")],
    )
    inside("CreateTable", request)
    inside("DescribeTable", TableName=request["TableName"])
    yield inside.emulator.database.table(inside.caller, request["TableName"])
    inside.emulator.close()


def planned(table: Table, text, *parameters, **options):
    return plan.bind(prepare_statement(text, parameters), table, **options)


def reported(found):
    """Return a plan as words: GET, SCAN or the number of QUERYs, then its filters and flags."""
    if isinstance(found, Read):
        return "GET" + (" filtered" if found.test else "")
    words = [f"{len(found.ranges)} QUERY" if found.query else "SCAN"]
    filters = sum(test is not None for _, test in found.ranges)
    words += [f"{filters} filtered"] if filters else []
    words += [name for name in ("reverse", "merged", "fetch") if getattr(found, name)]
    return " ".join(words)


@pytest.mark.parametrize(
    ("rest", "expected"),
    [
        ("", "SCAN"),
        ("WHERE x = 1", "SCAN 1 filtered"),
        ("WHERE pk > 'a'", "SCAN 1 filtered"),
        ("WHERE pk <> 'a'", "SCAN 1 filtered"),
        ("WHERE NOT pk = 'a'", "SCAN 1 filtered"),
        ("WHERE begins_with(pk, 'a')", "SCAN 1 filtered"),
        ("WHERE sk = 1", "SCAN 1 filtered"),
        ("WHERE pk = x", "SCAN 1 filtered"),
        ("WHERE pk = 'a' OR x = 1", "SCAN 1 filtered"),
        ("WHERE pk = 'a' AND sk = 1", "GET"),
        ("WHERE sk = 1 AND 'a' = pk", "GET"),
        ("WHERE pk = 'a' AND sk = 1 AND x = 1", "GET filtered"),
        ("WHERE pk = 'a' AND sk = 1 AND sk = 2", "GET filtered"),
        ("WHERE (pk = 'a') AND ((sk = 1) AND x = 1)", "GET filtered"),
        ("WHERE pk = 'a'", "1 QUERY"),
        ("WHERE pk = 'a' AND x = 1", "1 QUERY 1 filtered"),
        ("WHERE pk = 'a' AND pk = 'b'", "1 QUERY 1 filtered"),
        ("WHERE pk = 'a' AND sk > 1", "1 QUERY"),
        ("WHERE pk = 'a' AND 1 <= sk", "1 QUERY"),
        ("WHERE pk = 'a' AND sk BETWEEN 1 AND 2", "1 QUERY"),
        ("WHERE pk = 'a' AND sk > 1 AND sk < 3", "1 QUERY 1 filtered"),
        ("WHERE pk = 'a' AND sk IN [1, 2]", "1 QUERY 1 filtered"),
        ("WHERE pk = 'a' AND sk <> 1", "1 QUERY 1 filtered"),
        ("WHERE pk = 'a' AND NOT sk = 1", "1 QUERY 1 filtered"),
        ("WHERE pk = 'a' AND (sk = 1 OR sk = 2)", "1 QUERY 1 filtered"),
        ("WHERE pk IN ['a']", "1 QUERY"),
        ("WHERE pk IN ['a', 'b', 'a']", "2 QUERY"),
        ("WHERE pk IN ('a', 'b') AND sk = 1 AND x = 1", "2 QUERY 2 filtered"),
        ("WHERE pk IN ['a', x]", "SCAN 1 filtered"),
        ("WHERE pk = 'a' OR pk = 'b'", "2 QUERY"),
        ("WHERE pk = 'a' OR pk = 'a'", "1 QUERY 1 filtered"),
        ("WHERE pk = 'a' AND sk < 1 OR pk = 'a' AND sk > 1", "2 QUERY"),
        ("WHERE pk = 'a' AND sk < 1 OR pk = 'a' AND sk <> 1", "1 QUERY 1 filtered"),
        ("WHERE pk = 'a' AND sk < 1 OR pk = 'b' AND sk < 2 AND x = 1", "2 QUERY 1 filtered"),
        ("WHERE pk = 'a' ORDER BY sk", "1 QUERY"),
        ("WHERE pk = 'a' ORDER BY sk DESC", "1 QUERY reverse"),
        ("WHERE pk = 'a' ORDER BY pk DESC", "1 QUERY"),
        ("WHERE pk IN ['a', 'b'] ORDER BY pk DESC, sk DESC", "2 QUERY reverse"),
        ("WHERE pk IN ['a', 'b'] ORDER BY sk", "2 QUERY 2 filtered merged"),
        ("WHERE pk IN ['a', 'b'] AND x = 1 ORDER BY sk DESC", "2 QUERY 2 filtered reverse merged"),
    ],
)
def test_selects_on_the_table(table, rest, expected):
    assert reported(planned(table, f"SELECT * FROM t {rest}")) == expected


@pytest.mark.parametrize(
    ("index", "rest", "expected"),
    [
        ("gsi", "WHERE pk = 'a' AND sk = 1", "SCAN 1 filtered"),
        ("gsi", "WHERE g = 'a' AND sk = 1", "1 QUERY"),
    ],
)
def test_selects_on_an_index(table, index, rest, expected):
    assert reported(planned(table, f'SELECT * FROM t."{index}" {rest}')) == expected


def test_partitions_come_in_the_order_of_the_statement(table):
    def prefixes(rest):
        return [limits[0] for limits, _ in planned(table, f"SELECT * FROM t WHERE {rest}").ranges]

    a, b, c = (table.prefix + keyspace.digest(table.hash_encode({"S": name})) for name in "abc")
    assert prefixes("pk IN ['c', 'a', 'b']") == [c, a, b]
    assert prefixes("pk = 'c' OR pk = 'a'") == [c, a]
    assert prefixes("pk IN ['c', 'a', 'b'] ORDER BY pk") == [a, b, c]
    assert prefixes("pk IN ['c', 'a', 'b'] ORDER BY pk DESC") == [c, b, a]
    assert prefixes("pk IN ['c', 'a', 'b'] ORDER BY pk DESC, sk, pk") == [c, b, a]


def test_writes(table):
    found = planned(table, "UPDATE t SET x = ? WHERE pk = ? AND y > 1 AND sk = ?", {"N": "5"}, *KEY.values())
    assert isinstance(found, Update)
    assert (found.key, found.key_item) == (table.item_key(KEY), KEY)
    assert found.update.apply({"x": {"N": "1"}}, found.values) == {"x": {"N": "5"}}
    assert [found.guard.test({"y": {"N": number}}, found.values) for number in "12"] == [False, True]
    assert not found.guard.test({}, found.values)


@pytest.mark.parametrize(
    ("text", "none", "other", "fitting"),
    [
        ("INSERT INTO t VALUE {'pk': 'a', 'sk': 1}", True, False, False),
        ("UPDATE t SET x = 1 WHERE pk = 'a' AND sk = 1", False, True, True),
        ("UPDATE t SET x = 1 WHERE pk = 'a' AND sk = 1 AND y = 1", False, False, True),
        ("UPDATE t SET x = 1 WHERE pk = 'a' AND sk = 1 AND y IS MISSING", False, True, False),
        ("DELETE FROM t WHERE pk = 'a' AND sk = 1", True, True, True),
        ("DELETE FROM t WHERE pk = 'a' AND sk = 1 AND y = 1", True, False, True),
        ("EXISTS(SELECT * FROM t WHERE pk = 'a' AND sk = 1 AND y = 1)", False, False, True),
        ("EXISTS(SELECT * FROM t WHERE pk = 'a' AND sk = 1 AND y IS MISSING)", False, True, False),
    ],
)
def test_guards(table, text, none, other, fitting):
    found = planned(table, text)
    assert isinstance(found, Write)
    assert table.key_attributes(found.key_item) == KEY
    items = ({}, KEY, {**KEY, "y": {"N": "1"}})
    assert tuple(found.guard.test(item, found.guard.values) for item in items) == (none, other, fitting)


def test_a_plan_follows_the_parameters(table):
    text = "SELECT * FROM t WHERE pk = ? AND sk = ?"
    for sort in "123":
        assert planned(table, text, {"S": "a"}, {"N": sort}).key == table.item_key({**KEY, "sk": {"N": sort}})
    with pytest.raises(ApiError) as caught:
        planned(table, text, {"S": "a"}, {"S": "1"})
    assert caught.value.message == (
        "One or more parameter values were invalid: Condition parameter type does not match schema type"
    )


WITHOUT_KEY = "Where clause does not contain a mandatory equality on all key attributes"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("UPDATE t SET x = 1", WITHOUT_KEY),
        ("UPDATE t SET x = 1 WHERE pk = 'a'", WITHOUT_KEY),
        ("UPDATE t SET x = 1 WHERE pk = 'a' AND sk > 1", WITHOUT_KEY),
        ("UPDATE t SET x = 1 WHERE pk = 'a' AND sk = 1 OR x = 1", WITHOUT_KEY),
        ("DELETE FROM t WHERE pk IN ['a'] AND sk = 1", WITHOUT_KEY),
        ("DELETE FROM t WHERE pk = 'a' AND sk = 'x'", "The provided key element does not match the schema"),
        (
            "SELECT * FROM t WHERE pk = 'a' AND sk < 2 OR pk = 'a' AND sk > 1",
            "Overlapping conditions with range keys are not supported in where clause",
        ),
        (
            "SELECT * FROM t WHERE pk = 'a' AND sk = 2 OR pk = 'a' AND sk = 2",
            "Overlapping conditions with range keys are not supported in where clause",
        ),
        (
            f"SELECT * FROM t WHERE pk IN [{', '.join(repr(str(i)) for i in range(51))}]",
            "The IN operator is provided with too many operands; number of operands: 51",
        ),
    ],
)
def test_what_no_plan_can_do(table, text, message):
    with pytest.raises(ApiError) as caught:
        planned(table, text)
    assert (caught.value.code, caught.value.message) == ("ValidationException", message)


# --- rules of batches and transactions (behaviour 14.5, 14.6) -------------------------------------

READ = "SELECT * FROM t WHERE pk = 'a' AND sk = 1"
WRITE = "DELETE FROM t WHERE pk = 'a' AND sk = 1"
EXISTS = "EXISTS(SELECT * FROM t WHERE pk = 'a' AND sk = 1 AND x = 1)"


@pytest.mark.parametrize(
    ("check", "message"),
    [
        (plan.check_batch, "Read and write requests together in the same batch is not supported."),
        (
            plan.check_transaction,
            "ExecuteTransaction API does not support both read and write operations in the same request.",
        ),
    ],
)
def test_reads_and_writes_do_not_mix(check, message):
    check([prepare_statement(READ), prepare_statement(READ)])
    check([prepare_statement(WRITE), prepare_statement(EXISTS)])
    for texts in ((READ, WRITE), (EXISTS, READ)):
        with pytest.raises(ApiError) as caught:
            check([prepare_statement(text) for text in texts])
        assert caught.value.message == message


def in_transaction(table, text):
    prepared = prepare_statement(text)
    plan.check_in_transaction(prepared)
    return plan.transaction_plan(prepared, table)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (WRITE + " RETURNING ALL OLD *", "RETURNING clause is not supported in ExecuteTransaction."),
        ("SELECT * FROM t.gsi WHERE g = 'a'", "Reads on indices are not supported within transactions."),
        (
            "EXISTS(SELECT * FROM t.gsi WHERE pk = 'a' AND sk = 1 AND x = 1)",
            "Reads on indices are not supported within transactions.",
        ),
        (
            "SELECT * FROM t WHERE pk = 'a'",
            "Select statements within ExecuteTransaction must specify the primary key in the where clause.",
        ),
        (
            "EXISTS(SELECT * FROM t WHERE pk = 'a' AND sk = 1)",
            "EXISTS() must contain a single item read with additional condition",
        ),
        (
            "EXISTS(SELECT * FROM t WHERE pk = 'a' AND x = 1)",
            "EXISTS() must contain a single item read with additional condition",
        ),
    ],
)
def test_what_transactions_refuse(table, text, message):
    with pytest.raises(ApiError) as caught:
        in_transaction(table, text)
    assert caught.value.message == message


def test_what_transactions_accept(table):
    assert [type(in_transaction(table, text)) for text in (READ, WRITE, EXISTS)] == [Read, Delete, Check]


def test_batches_read_single_items_only(table):
    assert isinstance(plan.batch_plan(prepare_statement(READ), table), Read)
    for text in ("SELECT * FROM t", "SELECT * FROM t WHERE pk = 'a'", "SELECT * FROM t.gsi WHERE g = 'a'"):
        with pytest.raises(ApiError) as caught:
            plan.batch_plan(prepare_statement(text), table)
        assert caught.value.message == (
            "Select statements within BatchExecuteStatement must specify the primary key in the where clause."
        )
