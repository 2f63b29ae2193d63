"""The control `explain`: plan, conditions and cost of a statement, without running it."""

import pytest

from emulator.controls import registry
from emulator.controls.body import BadDeclaration
from emulator.settings import Settings
from tests.support.in_process import InProcess
from tests.support.tables import index_request, table_request

PADDING = {"S": "x" * 3000}


@pytest.fixture(scope="module")
def db():
    inside = InProcess(Settings(in_memory=True))
    request = table_request(
        "pk:S sk:N",
        define="email:S r:N",
        TableName="Orders",
        GlobalSecondaryIndexes=[
            {**index_request("by-email", "email r"), "Projection": {"ProjectionType": "KEYS_ONLY"}},
            index_request("multi", "email+pk r"),
        ],
        LocalSecondaryIndexes=[{**index_request("by-r", "pk r"), "Projection": {"ProjectionType": "KEYS_ONLY"}}],
    )
    inside("CreateTable", request)
    inside("DescribeTable", TableName="Orders")
    for number in range(20):
        item = {"pk": {"S": "ab"[number % 2]}, "sk": {"N": str(number)}, "padding": PADDING}
        item |= {"email": {"S": f"e{number % 4}"}, "r": {"N": str(number)}}
        inside("PutItem", TableName="Orders", Item=item)
    yield inside
    inside.emulator.close()


def explain(db, text, *parameters, **members):
    return registry.call(
        db.emulator, "explain_statement", {"Statement": text, "Parameters": list(parameters), **members}
    )


def reads(found):
    return [(each.get("KeyCondition"), each.get("Filter")) for each in found["Reads"]]


PLANS = [
    ('SELECT * FROM "Orders"', "Scan", [(None, None)]),
    ('SELECT * FROM "Orders" WHERE x = 1', "Scan", [(None, "x = 1")]),
    ("SELECT * FROM Orders WHERE pk = 'a'", "Query", [("pk = 'a'", None)]),
    ("SELECT * FROM Orders WHERE 'a' = pk AND x = 1", "Query", [("pk = 'a'", "x = 1")]),
    ("SELECT * FROM Orders WHERE pk = 'a' AND sk >= 3", "Query", [("pk = 'a' AND sk >= 3", None)]),
    (
        "SELECT * FROM Orders WHERE pk = 'a' AND sk BETWEEN 1 AND 2 AND (x = 1 OR y = 2)",
        "Query",
        [("pk = 'a' AND sk BETWEEN 1 AND 2", "x = 1 OR y = 2")],
    ),
    (
        "SELECT * FROM Orders WHERE pk IN ['a', 'b'] AND NOT (x = 1 OR y = 2) AND z <> 3",
        "Query",
        [("pk = 'a'", "NOT (x = 1 OR y = 2) AND z <> 3"), ("pk = 'b'", "NOT (x = 1 OR y = 2) AND z <> 3")],
    ),
    (
        "SELECT * FROM Orders WHERE (pk = 'a' AND sk = 1) OR (pk = 'b' AND x = 2)",
        "Query",
        [("pk = 'a' AND sk = 1", None), ("pk = 'b'", "x = 2")],
    ),
    (
        "SELECT * FROM Orders WHERE (pk = 'a' AND sk > 1) OR (pk = 'a' AND x = 2)",
        "Query",
        [("pk = 'a'", "pk = 'a' AND sk > 1 OR pk = 'a' AND x = 2")],
    ),
    (
        "SELECT * FROM Orders WHERE pk IN ['a', 'b'] AND sk > 2 ORDER BY sk",
        "Query",
        [("pk = 'a' AND sk > 2", None), ("pk = 'b' AND sk > 2", None)],
    ),
    ("SELECT * FROM Orders.\"by-r\" WHERE pk = 'a' AND r < 5", "Query", [("pk = 'a' AND r < 5", None)]),
    ("SELECT email FROM Orders.\"by-email\" WHERE email = 'e1'", "Query", [("email = 'e1'", None)]),
    (
        "SELECT email FROM Orders.\"by-email\" WHERE begins_with(email, 'e')",
        "Scan",
        [(None, "begins_with(email, 'e')")],
    ),
]


@pytest.mark.parametrize(("text", "operation", "expected"), PLANS, ids=[text for text, _, _ in PLANS])
def test_the_plan_of_a_select(db, text, operation, expected):
    found = explain(db, text)
    assert (found["Statement"], found["Operation"], reads(found)) == ("SELECT", operation, expected)
    assert found.get("IndexName") == ("by-email" if "by-email" in text else "by-r" if "by-r" in text else None)


ONE_ITEM = [
    ("SELECT x, y.z[1] FROM Orders WHERE pk = 'a' AND sk = 2 AND x > 1", "GetItem", "x > 1", ["x", "y.z[1]"]),
    ("INSERT INTO Orders VALUE {'pk': 'a', 'sk': 2}", "PutItem", None, None),
    ("UPDATE Orders SET x = 1 WHERE pk = 'a' AND sk = 2 AND x IS MISSING", "UpdateItem", "", None),
    ("DELETE FROM Orders WHERE pk = 'a' AND sk = 2", "DeleteItem", None, None),
    ("EXISTS(SELECT * FROM Orders WHERE pk = 'a' AND sk = 2 AND x = 'it''s')", "ConditionCheck", "x = 'it''s'", None),
]


@pytest.mark.parametrize(("text", "operation", "condition", "projection"), ONE_ITEM, ids=[row[1] for row in ONE_ITEM])
def test_a_statement_on_one_item(db, text, operation, condition, projection):
    found = explain(db, text)
    assert found["Operation"] == operation
    assert found["Key"] == {"pk": {"S": "a"}, "sk": {"N": "2"}}
    assert found.get("Projection") == projection
    if condition == "":
        assert "x" in found["Condition"]
    else:
        assert found.get("Condition") == condition


COSTS = [
    'SELECT * FROM "Orders" WHERE x = 1',
    "SELECT * FROM Orders WHERE pk = 'a'",
    "SELECT * FROM Orders WHERE pk = 'a' AND sk > 7",
    "SELECT * FROM Orders WHERE pk IN ['a', 'b', 'c']",
    "SELECT * FROM Orders WHERE pk IN ['a', 'b'] AND sk > 2 ORDER BY sk",
    "SELECT * FROM Orders WHERE pk = 'a' AND sk = 2",
    "SELECT * FROM Orders WHERE pk = 'a' AND sk = 200",
    "SELECT pk FROM Orders.\"by-r\" WHERE pk = 'a'",
    "SELECT email FROM Orders.\"by-email\" WHERE email = 'e1'",
    'SELECT email FROM Orders."by-email"',
    "INSERT INTO Orders VALUE {'pk': 'new', 'sk': 2, 'email': 'e', 'r': 1}",
    "INSERT INTO Orders VALUE {'pk': 'newer', 'sk': 2}",
    "UPDATE Orders SET x = 1 WHERE pk = 'a' AND sk = 4",
    "UPDATE Orders SET r = 9 WHERE pk = 'a' AND sk = 6",
    "DELETE FROM Orders WHERE pk = 'a' AND sk = 8",
    "DELETE FROM Orders WHERE pk = 'nobody' AND sk = 8",
]


CONSISTENT = [text for text in COSTS if text.startswith("SELECT") and "by-email" not in text]


@pytest.mark.parametrize(
    ("text", "consistent"), [*((text, False) for text in COSTS), *((text, True) for text in CONSISTENT)]
)
def test_the_estimate_is_what_the_statement_then_costs(db, text, consistent):
    cost = explain(db, text, ConsistentRead=consistent)["Cost"]
    run = db("ExecuteStatement", Statement=text, ConsistentRead=consistent, ReturnConsumedCapacity="TOTAL")
    assert cost["ReadUnits"] + cost["WriteUnits"] == run["ConsumedCapacity"]["CapacityUnits"]
    if text.startswith("SELECT"):
        assert (cost["Pages"], cost["TotalReadUnits"]) == (1, cost["ReadUnits"])


def test_nothing_runs_and_nothing_changes(db):
    before = db("Scan", TableName="Orders")
    for text in COSTS:
        explain(db, text)
    assert db("Scan", TableName="Orders") == before


def test_a_table_of_several_pages():
    inside = InProcess(Settings(in_memory=True))
    inside("CreateTable", table_request("pk:S", TableName="Large"))
    inside("DescribeTable", TableName="Large")
    for number in range(6):
        inside("PutItem", TableName="Large", Item={"pk": {"S": str(number)}, "x": {"S": "x" * 390_000}})
    found = explain(inside, "SELECT * FROM Large")
    assert (found["Cost"]["Pages"], found["Cost"]["TotalReadUnits"]) == (2, 288.0)
    assert found["Cost"]["ReadUnits"] == 144.0
    assert any("All items need about 2 pages" in each for each in found["Why"])
    inside.emulator.close()


def test_another_index_is_named(db):
    found = explain(db, "SELECT pk FROM Orders WHERE email = 'e1'")
    assert found["Operation"] == "Scan"
    assert found["Instead"] == ['The same WHERE on the index by-email would be a Query: FROM "Orders"."by-email".']
    assert "does not project all attributes" in explain(db, "SELECT * FROM Orders WHERE email = 'e1'")["Instead"][0]
    found = explain(db, "SELECT * FROM Orders WHERE colour = 'red' AND weight > 3")
    assert found["Instead"] == ["A global secondary index with the partition key colour would make this a Query."]
    assert explain(db, "SELECT * FROM Orders WHERE weight > 3")["Instead"] == []
    assert explain(db, "SELECT * FROM Orders WHERE pk = 'a'")["Instead"] == []


def test_the_reasons(db):
    why = " ".join(explain(db, "SELECT * FROM Orders WHERE pk = 'a' AND x = 1")["Why"])
    assert "So a Query reads only this partition" in why
    assert "So it reads the whole partition" in why
    assert "The filter does not reduce the cost" in why
    scan = explain(db, "SELECT * FROM Orders WHERE x = 1")["Why"][0]
    assert scan == "The WHERE has no equality and no IN for the partition key pk. So a Scan reads the whole table."
    assert explain(db, "SELECT * FROM Orders WHERE pk = 'a' OR x = 1")["Why"][0].startswith("One side of an OR has no")
    why = " ".join(explain(db, "SELECT * FROM Orders WHERE pk = 'a' AND sk > 1")["Why"])
    assert "whole partition" not in why
    assert "The statement would fail now" in " ".join(
        explain(db, "INSERT INTO Orders VALUE {'pk': 'a', 'sk': 2}")["Why"]
    )


def test_parameters_and_odd_names(db):
    found = explain(db, 'SELECT * FROM Orders WHERE pk = ? AND "a-b" = ?', {"S": "o'x"}, {"SS": ["b", "a"]})
    assert reads(found) == [("pk = 'o''x'", "\"a-b\" = <<'a', 'b'>>")]
    long = explain(db, "SELECT * FROM Orders WHERE pk = 'a' AND x = ?", {"S": "y" * 5000})
    assert len(long["Reads"][0]["Filter"]) < 120


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({}, "the member Statement is missing or of a wrong type"),
        ({"Statement": "SELECT * FROM Nothing"}, "Requested resource not found"),
        ({"Statement": "SELECT"}, "Statement wasn't well formed"),
        ({"Statement": "SELECT * FROM Orders", "Parameters": [{"S": "a"}]}, "Number of parameters"),
        ({"Statement": "SELECT * FROM Orders", "Parameters": [{"X": "a"}]}, "Supplied AttributeValue is empty"),
        ({"Statement": "DELETE FROM Orders WHERE pk = 'a'"}, "Where clause does not contain a mandatory equality"),
        ({"Statement": "SELECT * FROM Orders", "Limit": 1}, "there is no member Limit"),
        ({"Statement": "SELECT * FROM Orders", "ConsistentRead": 1}, "the member ConsistentRead"),
    ],
)
def test_a_wrong_statement(db, body, text):
    with pytest.raises(BadDeclaration) as caught:
        registry.call(db.emulator, "explain_statement", body)
    assert text in str(caught.value)


def test_a_query_string_has_texts(db):
    body = {"Statement": "SELECT * FROM Orders WHERE pk = ?", "Parameters": '[{"S": "a"}]', "ConsistentRead": "true"}
    found = registry.call(db.emulator, "explain", body)
    assert reads(found) == [("pk = 'a'", None)]
    assert "A strongly consistent read costs all of these units." in found["Why"]
    with pytest.raises(BadDeclaration, match="Parameters must be JSON"):
        registry.call(db.emulator, "explain", {**body, "Parameters": "["})
    with pytest.raises(BadDeclaration, match="ConsistentRead"):
        registry.call(db.emulator, "explain", {**body, "ConsistentRead": "yes"})
