"""Which fault rules are refused, which requests a rule matches, and which of these it hits."""

import pytest

from emulator.controls import registry
from emulator.controls.body import BadDeclaration
from tests.support.faults import counts, fault, outcome
from tests.support.tables import table_request

DROP = {"Kind": "Drop"}
EFFECT_KINDS = "Throttle, Error, Timeout, Drop, Latency, Unprocessed, Conflict, Cancel, ShortPage"
KEY_TEXT = 'the member Key of Match must have key attributes, such as {"id": {"S": "o-1"}}'
LATENCY_TEXT = "the effect Latency needs Seconds, or From and To, or Median and P99"
SECONDS = "the member {} of Effect must be a number of seconds from {} to 3600"

WRONG = [
    ({}, "the member Effect is missing or not a JSON object"),
    ({"Effect": "Drop"}, "the member Effect is missing or not a JSON object"),
    ({"Effect": DROP, "Rule": 1}, "there is no member Rule; there are: Match, Effect, Seed"),
    ({"Effect": DROP, "Seed": "a"}, "the member Seed must be a whole number"),
    ({"Effect": DROP, "Seed": True}, "the member Seed must be a whole number"),
    ({"Effect": DROP, "Match": []}, "the member Match must be a JSON object"),
    (
        {"Effect": DROP, "Match": {"Table": "t"}},
        "Match has no member Table; there are: Operation, TableName, AccessKey, Region, Key, Every, Share, Next",
    ),
    (
        {"Effect": DROP, "Match": {"Operation": "Put"}},
        "there is no operation Put; Operation can be the name of an operation, Read or Write",
    ),
    (
        {"Effect": DROP, "Match": {"Operation": []}},
        "the member Operation of Match must be the name of an operation, or a list of names",
    ),
    ({"Effect": DROP, "Match": {"TableName": 1}}, "the member TableName of Match must be a string that is not empty"),
    ({"Effect": DROP, "Match": {"AccessKey": ""}}, "the member AccessKey of Match must be a string that is not empty"),
    ({"Effect": DROP, "Match": {"Region": None}}, "the member Region of Match must be a string that is not empty"),
    ({"Effect": DROP, "Match": {"Key": {}}}, KEY_TEXT),
    ({"Effect": DROP, "Match": {"Key": {"pk": "a"}}}, KEY_TEXT),
    ({"Effect": DROP, "Match": {"Key": {"pk": {"N": "x"}}}}, KEY_TEXT),
    ({"Effect": DROP, "Match": {"Every": 0}}, "the member Every of Match must be a whole number of at least 1"),
    ({"Effect": DROP, "Match": {"Next": 1.5}}, "the member Next of Match must be a whole number of at least 1"),
    ({"Effect": DROP, "Match": {"Share": 1.5}}, "the member Share of Match must be a number from 0 to 1"),
    ({"Effect": DROP, "Match": {"Share": None}}, "the member Share of Match must be a number from 0 to 1"),
    (
        {"Effect": DROP, "Match": {"Share": 0.5, "Next": 1}},
        "Match may have only one of the members Every, Share and Next",
    ),
    ({"Effect": {}}, f"the member Kind of Effect must be one of {EFFECT_KINDS}"),
    ({"Effect": {"Kind": "Crash"}}, f"the member Kind of Effect must be one of {EFFECT_KINDS}"),
    ({"Effect": {"Kind": "Drop", "Seconds": 1}}, "the effect Drop has no member Seconds; there are: After"),
    (
        {"Effect": {"Kind": "Conflict", "Code": "a"}},
        "the effect Conflict has no member Code; the only member is Kind",
    ),
    ({"Effect": {"Kind": "Drop", "After": 1}}, "the member After of Effect must be true or false"),
    (
        {"Effect": {"Kind": "Throttle", "Limit": "Table"}},
        "the member Limit of Effect must be one of Provisioned, KeyRange, MaxOnDemand, Account",
    ),
    ({"Effect": {"Kind": "Throttle", "IndexName": 1}}, "the member IndexName of Effect must be a string"),
    (
        {"Effect": {"Kind": "Error", "Code": "Oops"}},
        "the member Code of Effect must be one of InternalServerError, ServiceUnavailable",
    ),
    ({"Effect": {"Kind": "Timeout", "Seconds": -1}}, SECONDS.format("Seconds", 0)),
    ({"Effect": {"Kind": "Timeout", "Seconds": True}}, SECONDS.format("Seconds", 0)),
    ({"Effect": {"Kind": "Latency"}}, LATENCY_TEXT),
    ({"Effect": {"Kind": "Latency", "From": 1}}, LATENCY_TEXT),
    ({"Effect": {"Kind": "Latency", "Seconds": 1, "From": 1, "To": 2}}, LATENCY_TEXT),
    ({"Effect": {"Kind": "Latency", "From": 2, "To": 1}}, SECONDS.format("To", 2)),
    ({"Effect": {"Kind": "Latency", "Median": 0, "P99": 1}}, SECONDS.format("Median", "1e-06")),
    ({"Effect": {"Kind": "Latency", "Median": 1, "P99": 0.5}}, SECONDS.format("P99", 1)),
    ({"Effect": {"Kind": "Unprocessed"}}, "the member Share of Effect must be a number from 0 to 1"),
    ({"Effect": {"Kind": "Unprocessed", "Share": 2}}, "the member Share of Effect must be a number from 0 to 1"),
    (
        {"Effect": {"Kind": "Cancel", "Code": "Oops"}},
        (
            "the member Code of Effect must be one of ConditionalCheckFailed, TransactionConflict, "
            "ProvisionedThroughputExceeded, ThrottlingError"
        ),
    ),
    ({"Effect": {"Kind": "ShortPage", "Items": 0}}, "the member Items of Effect must be a whole number of at least 1"),
    (
        {"Effect": DROP, "Match": {"Key": {"pk": {"S": "\ud800"}}}},
        "the rule cannot be written as JSON: str is not valid UTF-8: surrogates not allowed",
    ),
    ({"Effect": DROP, "Seed": 2**70}, "the rule cannot be written as JSON: Integer exceeds 64-bit range"),
    ({"Effect": {"Kind": "ShortPage"}}, "the member Items of Effect must be a whole number of at least 1"),
]


@pytest.mark.parametrize(("body", "text"), WRONG, ids=[str(body) for body, _ in WRONG])
def test_wrong_rules(db, body, text):
    with pytest.raises(BadDeclaration) as caught:
        registry.call(db.emulator, "faults", body)
    assert str(caught.value) == text
    assert counts(db) == []


def test_too_many_rules(db):
    for _ in range(128):
        fault(db, "Drop", {"Operation": "PutItem"})
    with pytest.raises(BadDeclaration, match="there are already 128 rules, which is the maximum: remove some"):
        fault(db, "Drop")


# --- matching -------------------------------------------------------------------------------------

A, B = {"pk": {"S": "a"}, "sk": {"S": "1"}}, {"pk": {"S": "b"}, "sk": {"S": "1"}}
N = {"pk": {"S": "n"}, "sk": {"S": "1"}}


def select(text, *values):
    return {"Statement": text, "Parameters": [{"S": value} for value in values]}


WHERE = {"KeyConditionExpression": "pk = :p", "ExpressionAttributeValues": {":p": {"S": "a"}}}
LEGACY = {"KeyConditions": {"pk": {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": "a"}]}}}
KEY = {"Key": {"pk": {"S": "a"}}}
WHOLE = {"Key": A}

MATCHES = [
    ("everything", {}, "ListTables", {}, True),
    ("a name", {"Operation": "GetItem"}, "GetItem", {"TableName": "ttt", "Key": A}, True),
    ("another name", {"Operation": "GetItem"}, "PutItem", {"TableName": "ttt", "Item": A}, False),
    ("a list", {"Operation": ["GetItem", "PutItem"]}, "PutItem", {"TableName": "ttt", "Item": A}, True),
    ("reads", {"Operation": "Read"}, "Query", {"TableName": "ttt", **WHERE}, True),
    ("reads, not writes", {"Operation": "Read"}, "PutItem", {"TableName": "ttt", "Item": A}, False),
    ("writes", {"Operation": "Write"}, "PutItem", {"TableName": "ttt", "Item": A}, True),
    ("neither", {"Operation": ["Read", "Write"]}, "DescribeTable", {"TableName": "ttt"}, False),
    ("a SELECT", {"Operation": "Read"}, "ExecuteStatement", {"Statement": " select * from ttt"}, True),
    (
        "no SELECT",
        {"Operation": "Write"},
        "ExecuteStatement",
        select("DELETE FROM ttt WHERE pk=? AND sk=?", "a", "1"),
        True,
    ),
    (
        "SELECTs",
        {"Operation": "Write"},
        "BatchExecuteStatement",
        {"Statements": [select("SELECT * FROM ttt WHERE pk=? AND sk=?", "a", "1")]},
        False,
    ),
    ("a table", {"TableName": "ttt"}, "DescribeTable", {"TableName": "ttt"}, True),
    ("another table", {"TableName": "uuu"}, "DescribeTable", {"TableName": "ttt"}, False),
    ("an ARN", {"TableName": "ARN"}, "DescribeTable", {"TableName": "ttt"}, True),
    ("an ARN in the request", {"TableName": "ttt"}, "DescribeTable", {"TableName": "ARN"}, True),
    ("both ARNs", {"TableName": "ARN"}, "DescribeTable", {"TableName": "ARN"}, True),
    ("no table", {"TableName": "ttt"}, "ListTables", {}, False),
    ("a table of a batch", {"TableName": "ttt"}, "BatchGetItem", {"RequestItems": {"ttt": {"Keys": [A]}}}, True),
    ("a table of a statement", {"TableName": "ttt"}, "ExecuteStatement", {"Statement": 'SELECT * FROM "ttt"'}, True),
    ("another statement", {"TableName": "uuu"}, "ExecuteStatement", {"Statement": 'SELECT * FROM "ttt"'}, False),
    ("an access key", {"AccessKey": "test"}, "ListTables", {}, True),
    ("another access key", {"AccessKey": "other"}, "ListTables", {}, False),
    ("a region", {"Region": "us-east-1"}, "ListTables", {}, True),
    ("another region", {"Region": "eu-west-1"}, "ListTables", {}, False),
    ("the key of a get", WHOLE, "GetItem", {"TableName": "ttt", "Key": A}, True),
    ("another key", WHOLE, "GetItem", {"TableName": "ttt", "Key": B}, False),
    ("a partition", KEY, "UpdateItem", {"TableName": "ttt", "Key": A}, True),
    ("an item", KEY, "PutItem", {"TableName": "ttt", "Item": {**A, "more": {"S": "x"}}}, True),
    ("a key in a batch", WHOLE, "BatchWriteItem", {"RequestItems": {"ttt": [{"DeleteRequest": {"Key": A}}]}}, True),
    ("none in a batch", WHOLE, "BatchWriteItem", {"RequestItems": {"ttt": [{"PutRequest": {"Item": B}}]}}, False),
    (
        "a key in a transaction",
        WHOLE,
        "TransactGetItems",
        {"TransactItems": [{"Get": {"TableName": "ttt", "Key": A}}]},
        True,
    ),
    ("the partition of a query", KEY, "Query", {"TableName": "ttt", **WHERE}, True),
    ("a query of a partition is not about one item", WHOLE, "Query", {"TableName": "ttt", **WHERE}, False),
    ("an old query", KEY, "Query", {"TableName": "ttt", **LEGACY}, True),
    ("another partition", {"Key": {"pk": {"S": "b"}}}, "Query", {"TableName": "ttt", **WHERE}, False),
    ("a scan has no key", KEY, "Scan", {"TableName": "ttt"}, False),
    (
        "a statement with a key",
        WHOLE,
        "ExecuteStatement",
        select("SELECT * FROM ttt WHERE pk=? AND sk=?", "a", "1"),
        True,
    ),
    ("a statement on a partition", KEY, "ExecuteStatement", select("SELECT * FROM ttt WHERE pk=?", "a"), True),
    ("a statement on another", KEY, "ExecuteStatement", select("SELECT * FROM ttt WHERE pk=?", "b"), False),
    ("a statement that scans", KEY, "ExecuteStatement", {"Statement": "SELECT * FROM ttt"}, False),
    ("an INSERT", KEY, "ExecuteStatement", {"Statement": "INSERT INTO ttt VALUE {'pk': 'a', 'sk': '1'}"}, True),
    ("a wrong statement names nothing", {"TableName": "ttt"}, "ExecuteStatement", {"Statement": "SELECT"}, False),
    ("a wrong query has no key", KEY, "Query", {"TableName": "ttt", "KeyConditionExpression": "pk ="}, False),
    ("wrong JSON types name nothing", {"TableName": "ttt"}, "GetItem", {"TableName": 1, "Key": 2}, False),
    ("wrong lists name nothing", {"TableName": "ttt"}, "TransactGetItems", {"TransactItems": [1, {"Get": 2}]}, False),
]


@pytest.mark.parametrize(
    ("match", "operation", "request_", "matched"), [row[1:] for row in MATCHES], ids=[r[0] for r in MATCHES]
)
def test_matches(db, match, operation, request_, matched):
    name = "ttt"
    arn = db("CreateTable", {**table_request("pk:S sk:S"), "TableName": name})["TableDescription"]["TableArn"]
    if match.get("TableName") == "ARN":
        match = {**match, "TableName": arn}
    if request_.get("TableName") == "ARN":
        request_ = {**request_, "TableName": arn}
    fault(db, "Latency", match, Seconds=0)
    outcome(db, operation, request_)
    assert counts(db) == [(int(matched), int(matched))]


def test_numbers_in_keys_are_equal_in_any_form(db):
    db("CreateTable", {**table_request("pk:N"), "TableName": "ttt"})
    fault(db, "Latency", {"Key": {"pk": {"N": "1.0"}}}, Seconds=0)
    for form in ("1", "1.00", "0.1e1", "2"):
        db("GetItem", TableName="ttt", Key={"pk": {"N": form}})
    assert counts(db) == [(3, 3)]


# --- which matches are hit ------------------------------------------------------------------------


def hits(db, match, requests=20, seed=0):
    """Return the numbers, from 1, of the requests that a new rule hits."""
    name = fault(db, "Error", match, seed)
    found = [number for number in range(1, requests + 1) if outcome(db, "ListTables", {}).error]
    registry.call(db.emulator, "remove_faults", {"Id": name})
    return found


def test_choices(db):
    assert hits(db, {}, 3) == [1, 2, 3]
    assert hits(db, {"Every": 3}, 10) == [3, 6, 9]
    assert hits(db, {"Next": 2}) == [1, 2]
    assert hits(db, {"Share": 0}) == []
    assert hits(db, {"Share": 1}) == list(range(1, 21))


def test_a_share_is_repeatable_by_seed(db):
    first = hits(db, {"Share": 0.5}, 200, seed=7)
    assert hits(db, {"Share": 0.5}, 200, seed=7) == first
    assert hits(db, {"Share": 0.5}, 200, seed=8) != first
    assert 70 < len(first) < 130


# --- lists and removal ----------------------------------------------------------------------------


def test_rules_are_shown_with_their_counts(db):
    name = fault(db, "Error", {"Operation": "ListTables", "Next": 1}, seed=5, Code="ServiceUnavailable")
    for _ in range(3):
        outcome(db, "ListTables", {})
    assert registry.call(db.emulator, "show_faults", {}) == {
        "Faults": [
            {
                "Id": name,
                "Match": {"Operation": "ListTables", "Next": 1},
                "Effect": {"Kind": "Error", "Code": "ServiceUnavailable"},
                "Seed": 5,
                "Matched": 3,
                "Hits": 1,
            }
        ]
    }


def test_removal(db):
    first, second, third = (fault(db, "Error") for _ in range(3))
    assert (first, second, third) == ("f-1", "f-2", "f-3")
    assert registry.call(db.emulator, "remove_faults", {"Id": second}) == {"Removed": 1}
    with pytest.raises(BadDeclaration, match="there is no fault f-2"):
        registry.call(db.emulator, "remove_faults", {"Id": second})
    assert registry.call(db.emulator, "remove_faults", {}) == {"Removed": 2}
    assert outcome(db, "ListTables", {}).error is None
    assert fault(db, "Error") == "f-4"  # no id is used twice
    assert db.emulator.call == db.emulator.faults.call
    assert registry.call(db.emulator, "reset", {}) == {"Tables": 0}
    assert db.emulator.call == db.emulator.answer


def test_a_new_rule_in_the_slot_of_another_begins_at_zero(db):
    fault(db, "Error")
    outcome(db, "ListTables", {})
    registry.call(db.emulator, "remove_faults", {})
    fault(db, "Error")
    assert counts(db) == [(0, 0)]
