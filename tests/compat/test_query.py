"""Query: key conditions, order, Select, filters, start keys (behaviour 4.3, 6)."""

import random
from decimal import Decimal

import pytest

from tests.support.tables import index_request, new_name

INVALID = "One or more parameter values were invalid: "
ONE = "1 validation error detected: "
KEY = "Invalid KeyConditionExpression: "
NESTED = KEY + "KeyConditionExpressions cannot have conditions on nested attributes"
FIRST = (
    KEY + "Invalid condition in KeyConditionExpression: {} operator must have the key attribute as its first operand"
)


# --- every operator on every key type -------------------------------------------------------------

SORTED = {
    "S": [
        "\0",
        " ",
        "A",
        "AB",
        "Z",
        "a",
        "a\0",
        "a\0b",
        "aa",
        "ab",
        "ab\uffff",
        "b",
        "é",
        "日本",
        "\uffff",
        "\U0001f600",
    ],
    "B": [
        bytes(each)
        for each in ([0], [0, 0], [0, 1], [0, 255], [1], [97], [97, 0], [97, 255], [98], [254, 255], [255], [255, 255])
    ],
    "N": [
        "-9.9999999999999999999999999999999999999E+125",
        "-1E+100",
        "-123456789012345678901234567890.12345678",
        "-100",
        "-99.5",
        "-10",
        "-9",
        "-1.1",
        "-1",
        "-0.1",
        "-1E-130",
        "0",
        "1E-130",
        "1E-129",
        "0.05",
        "0.1",
        "0.11",
        "1",
        "1.0000000000000000000000000000000000001",
        "1.0000000000000000000000000000000000002",
        "9",
        "10",
        "11",
        "99",
        "100",
        "101",
        "9999999999999999999999999999999999999",
        "1E+38",
        "1E+125",
        "9.9999999999999999999999999999999999999E+125",
    ],
}
"""Keys of each type, in the service's order."""


def as_key(kind, value):
    return Decimal(value) if kind == "N" else value.encode() if kind == "S" else value


COMPARISONS = {
    "=": lambda key, low: key == low,
    "<": lambda key, low: key < low,
    "<=": lambda key, low: key <= low,
    ">": lambda key, low: key > low,
    ">=": lambda key, low: key >= low,
}


@pytest.fixture(scope="module", params=["S", "N", "B"])
def sorted_table(client, make_shared_table, request):
    """Return the type of a sort key, and a table with all SORTED keys of this type in partition p.

    The items were written in random order. The index `global` has the same keys.
    """
    kind = request.param
    name = make_shared_table(
        f"pk:S sk:{kind}", define=f"ik:{kind}", GlobalSecondaryIndexes=[index_request("global", "pk ik", "KEYS_ONLY")]
    )
    shuffled = random.Random(kind).sample(SORTED[kind], len(SORTED[kind]))
    for value in shuffled:
        client.put_item(
            TableName=name, Item={"pk": {"S": "p"}, "sk": {kind: value}, "ik": {kind: value}, "more": {"S": "x"}}
        )
    for other in ("o", "q"):
        client.put_item(TableName=name, Item={"pk": {"S": other}, "sk": {kind: shuffled[0]}, "ik": {kind: shuffled[0]}})
    return kind, name


def found(client, kind, name, attribute, condition, forward=True, **values):
    """Return the sort keys that a condition on `attribute` finds in partition p."""
    answer = client.query(
        TableName=name,
        **({"IndexName": "global"} if attribute == "ik" else {}),
        KeyConditionExpression="pk = :p" + condition.replace("key", attribute),
        ExpressionAttributeValues={":p": {"S": "p"}, **{f":{each}": {kind: value} for each, value in values.items()}},
        ScanIndexForward=forward,
    )
    assert answer["Count"] == answer["ScannedCount"] == len(answer["Items"])
    return [as_key(kind, item[attribute][kind]) for item in answer["Items"]]


@pytest.mark.parametrize("attribute", ["sk", "ik"])
def test_the_order_of_keys(client, sorted_table, attribute):
    kind, name = sorted_table
    wanted = [as_key(kind, value) for value in SORTED[kind]]
    assert found(client, kind, name, attribute, "") == wanted
    assert found(client, kind, name, attribute, "", forward=False) == wanted[::-1]


@pytest.mark.parametrize("attribute", ["sk", "ik"])
@pytest.mark.parametrize("operator", COMPARISONS)
def test_comparisons(client, sorted_table, attribute, operator):
    kind, name = sorted_table
    keys = [as_key(kind, value) for value in SORTED[kind]]
    for operand in SORTED[kind]:
        wanted = [key for key in keys if COMPARISONS[operator](key, as_key(kind, operand))]
        assert found(client, kind, name, attribute, f" AND key {operator} :a", a=operand) == wanted
    wanted = [key for key in keys if COMPARISONS[operator](key, as_key(kind, SORTED[kind][3]))]
    assert (
        found(client, kind, name, attribute, f" AND key {operator} :a", forward=False, a=SORTED[kind][3])
        == (wanted[::-1])
    )


@pytest.mark.parametrize("attribute", ["sk", "ik"])
def test_between(client, sorted_table, attribute):
    kind, name = sorted_table
    keys = [as_key(kind, value) for value in SORTED[kind]]
    count = len(keys)
    for low, high in ((0, count - 1), (0, 0), (2, 5), (3, 8), (count - 4, count - 1), (6, 6)):
        bounds = {"a": SORTED[kind][low], "b": SORTED[kind][high]}
        assert found(client, kind, name, attribute, " AND key BETWEEN :a AND :b", **bounds) == keys[low : high + 1]
        assert (
            found(client, kind, name, attribute, " AND key BETWEEN :a AND :b", forward=False, **bounds)
            == (keys[low : high + 1][::-1])
        )


@pytest.mark.parametrize("attribute", ["sk", "ik"])
def test_begins_with(client, sorted_table, attribute):
    kind, name = sorted_table
    if kind == "N":
        return
    keys = [as_key(kind, value) for value in SORTED[kind]]
    prefixes = SORTED[kind] + (["ab\uffffx", "nothing"] if kind == "S" else [b"\xff\xff\xff"])
    for prefix in prefixes:
        wanted = [key for key in keys if key.startswith(as_key(kind, prefix))]
        assert found(client, kind, name, attribute, " AND begins_with(key, :a)", a=prefix) == wanted


def test_numbers_compare_by_value(client, sorted_table):
    kind, name = sorted_table
    if kind != "N":
        return
    for written in ("1", "1.0", "+1", "0.01e2", "100e-2"):
        assert found(client, kind, name, "sk", " AND key = :a", a=written) == [Decimal(1)]
    for written in ("0", "-0", "0.000", "0e10"):
        assert found(client, kind, name, "sk", " AND key = :a", a=written) == [Decimal(0)]


# --- long keys ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["S", "B"])
def test_long_keys_keep_exact_order(client, make_table, kind):
    def content(text):
        return text if kind == "S" else text.encode()

    name = make_table(
        f"pk:{kind} sk:{kind}", define=f"ik:{kind}", LocalSecondaryIndexes=[index_request("local", "pk ik")]
    )
    partitions = ["p" * 2047 + end for end in "abc"]
    stem = "s" * 1000
    ends = ["", "a", "aa", "ab", "b" * 23, "b" * 24, "b" * 23 + "c", "c"]
    for partition in partitions:
        for end in random.Random(1).sample(ends, len(ends)):
            value = {kind: content(stem + end)}
            client.put_item(TableName=name, Item={"pk": {kind: content(partition)}, "sk": value, "ik": value})

    def query(condition="", forward=True, **operands):
        answers = []
        for attribute, source in (("sk", {}), ("ik", {"IndexName": "local"})):
            answer = client.query(
                TableName=name,
                **source,
                KeyConditionExpression=f"pk = :p {condition.replace('key', attribute)}",
                ExpressionAttributeValues={
                    ":p": {kind: content(partitions[1])},
                    **{f":{each}": {kind: content(stem + operand)} for each, operand in operands.items()},
                },
                ScanIndexForward=forward,
            )
            assert all(item["pk"][kind] == content(partitions[1]) for item in answer["Items"])
            keys = [item["sk"][kind] for item in answer["Items"]]
            answers.append([(key if kind == "S" else key.decode()).removeprefix(stem) for key in keys])
        assert answers[0] == answers[1]
        return answers[0]

    assert query() == ends
    assert query(forward=False) == ends[::-1]
    assert query("AND key = :a", a="b" * 24) == ["b" * 24]
    assert query("AND key > :a", a="b" * 23) == ["b" * 24, "b" * 23 + "c", "c"]
    assert query("AND key <= :a", a="b" * 23) == ends[:5]
    assert query("AND begins_with(key, :a)", a="b") == ["b" * 23, "b" * 24, "b" * 23 + "c"]
    assert query("AND key BETWEEN :a AND :b", a="aa", b="b" * 24) == ["aa", "ab", "b" * 23, "b" * 24]


@pytest.mark.parametrize(
    ("condition", "value", "message"),
    [
        ("pk = :a", "x" * 2049, INVALID + "Size of hashkey has exceeded the maximum size limit of2048 bytes"),
        (
            "pk = :p AND sk = :a",
            "x" * 1025,
            INVALID + "Aggregated size of all range keys has exceeded the size limit of 1024 bytes",
        ),
        (
            "pk = :a",
            "",
            (
                "One or more parameter values are not valid. "
                "The AttributeValue for a key attribute cannot contain an empty string value. Key: pk"
            ),
        ),
        (
            "pk = :p AND sk > :a",
            "",
            (
                "One or more parameter values are not valid. "
                "The AttributeValue for a key attribute cannot contain an empty string value. Key: sk"
            ),
        ),
    ],
)
def test_values_that_a_key_cannot_have(refused, shared_table, condition, value, message):
    values = {":a": {"S": value}} | ({":p": {"S": "p"}} if ":p" in condition else {})
    answer = refused(
        "query", TableName=shared_table, KeyConditionExpression=condition, ExpressionAttributeValues=values
    )
    assert answer == ("ValidationException", message)


# --- refused key conditions -----------------------------------------------------------------------

S, N, BOOL = {"S": "x"}, {"N": "1"}, {"BOOL": True}
TYPE = INVALID + "Condition parameter type does not match schema type"

REFUSED = [
    ("pk = :a OR sk = :b", {":a": S, ":b": S}, KEY + "Invalid operator used in KeyConditionExpression: OR"),
    ("NOT pk = :a", {":a": S}, KEY + "Invalid operator used in KeyConditionExpression: NOT"),
    ("pk IN (:a)", {":a": S}, KEY + "Invalid operator used in KeyConditionExpression: IN"),
    ("pk <> :a", {":a": S}, KEY + "Invalid operator used in KeyConditionExpression: <>"),
    (
        "pk = :a AND attribute_exists(sk)",
        {":a": S},
        KEY + "Invalid operator used in KeyConditionExpression: attribute_exists",
    ),
    (
        "attribute_not_exists(pk)",
        {},
        KEY + "Invalid operator used in KeyConditionExpression: attribute_not_exists",
    ),
    (
        "attribute_type(pk, :a)",
        {":a": {"S": "S"}},
        KEY + "Invalid operator used in KeyConditionExpression: attribute_type",
    ),
    (
        "pk = :a AND contains(sk, :b)",
        {":a": S, ":b": S},
        KEY + "Invalid operator used in KeyConditionExpression: contains",
    ),
    ("size(pk) = :a", {":a": N}, KEY + "KeyConditionExpressions cannot contain nested operations"),
    ("pk = :a AND sk.x = :b", {":a": S, ":b": S}, NESTED),
    ("pk = :a AND sk[0] = :b", {":a": S, ":b": S}, NESTED),
    (
        "pk = :a AND :b BETWEEN sk AND :b",
        {":a": S, ":b": S},
        FIRST.format("BETWEEN"),
    ),
    (
        "pk = :a AND begins_with(:b, sk)",
        {":a": S, ":b": S},
        FIRST.format("begins_with"),
    ),
    (
        "pk = sk",
        {},
        KEY + "Invalid condition in KeyConditionExpression: Multiple attribute names used in one condition",
    ),
    (":a = :b", {":a": S, ":b": S}, KEY + "Invalid condition in KeyConditionExpression: No key attribute specified"),
    (
        "pk = :a AND pk = :b",
        {":a": S, ":b": S},
        KEY + "KeyConditionExpressions must only contain one condition per key",
    ),
    (
        "pk = :a AND sk > :a AND sk < :b",
        {":a": S, ":b": S},
        KEY + "KeyConditionExpressions must only contain one condition per key",
    ),
    ("", {}, KEY + "The expression can not be empty;"),
    ("pk = :a AND", {":a": S}, KEY + 'Syntax error; token: "<EOF>", near: "AND"'),
    (
        "pk = :a AND sk < :b",
        {":a": S, ":b": BOOL},
        KEY + "Incorrect operand type for operator or function; operator or function: <, operand type: BOOL",
    ),
    (
        "pk = :a AND begins_with(sk, :b)",
        {":a": S, ":b": N},
        KEY + "Incorrect operand type for operator or function; operator or function: begins_with, operand type: N",
    ),
    (
        "pk = :a AND sk BETWEEN :b AND :c",
        {":a": S, ":b": S, ":c": N},
        KEY + "The BETWEEN operator requires same data type for lower and upper bounds; "
        "lower bound operand: AttributeValue: {S:x}, upper bound operand: AttributeValue: {N:1}",
    ),
    (
        "pk = :a AND sk BETWEEN :b AND :c",
        {":a": S, ":b": {"S": "b"}, ":c": {"S": "a"}},
        KEY + "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; "
        "lower bound operand: AttributeValue: {S:b}, upper bound operand: AttributeValue: {S:a}",
    ),
    (
        "pk = :a AND sk = :b",
        {":a": S},
        KEY + "An expression attribute value used in expression is not defined; attribute value: :b",
    ),
    (
        "pk = :a",
        {":a": S, ":b": S},
        "Value provided in ExpressionAttributeValues unused in expressions: keys: {:b}",
    ),
    # Conditions that do not match the table's key schema.
    ("pk = :a", {":a": BOOL}, TYPE),
    ("pk = :a", {":a": N}, TYPE),
    ("pk = :a AND sk > :b", {":a": S, ":b": N}, TYPE),
    ("sk = :a", {":a": S}, "Query condition missed key schema element: pk"),
    ("pk = :a AND extra = :b", {":a": S, ":b": S}, "Query condition missed key schema element: sk"),
    ("pk > :a", {":a": S}, "Query key condition not supported"),
    # Conditions with several errors, and the one that is reported (behaviour 4.3).
    (":a > pk", {":a": N}, TYPE),
    ("pk BETWEEN :a AND :b", {":a": N, ":b": {"N": "2"}}, TYPE),
    ("pk > :a AND sk = :b", {":a": S, ":b": N}, TYPE),
    ("begins_with(pk, :a) AND sk = :b", {":a": S, ":b": S}, "Query key condition not supported"),
    (
        "pk = :a AND sk = :b AND extra = :c",
        {":a": S, ":b": S, ":c": S},
        "The number of query conditions (3) exceeds the number of key attributes defined in the schema (2)",
    ),
]


@pytest.mark.parametrize(("condition", "values", "message"), REFUSED)
def test_refuses_key_conditions(refused, shared_table, condition, values, message):
    request = {"TableName": shared_table, "KeyConditionExpression": condition}
    if values:
        request["ExpressionAttributeValues"] = values
    assert refused("query", **request) == ("ValidationException", message)


@pytest.mark.parametrize(
    ("key_condition", "filter_", "message"),
    [
        ("pk = sth", "", "The expression can not be empty;"),
        ("", "a =", 'Syntax error; token: "<EOF>", near: "="'),
        (
            "pk = :a OR sk = :a",
            "a = :missing",
            "An expression attribute value used in expression is not defined; attribute value: :missing",
        ),
        (
            "pk = :a",
            "contains(a)",
            (
                "Incorrect number of operands for operator or function; "
                "operator or function: contains, number of operands: 1"
            ),
        ),
    ],
)
def test_errors_of_a_filter_come_before_those_of_the_key_condition(refused, key_condition, filter_, message):
    """See behaviour 4.2."""
    request = {"KeyConditionExpression": key_condition, "FilterExpression": filter_}
    answer = refused("query", TableName="missing", **request, ExpressionAttributeValues={":a": S, ":unused": S})
    assert answer == ("ValidationException", f"Invalid FilterExpression: {message}")


def test_start_keys_come_before_key_conditions(refused, shared_table):
    """Wrong names or types in a start key are reported first (behaviour 18).

    A start key outside the query is not: `missed key schema element` is reported before it.
    """
    request = {
        "TableName": shared_table,
        "KeyConditionExpression": "sk = :a",
        "ExpressionAttributeValues": {":a": S},
    }
    for start, message in (({"pk": P}, START), ({"pk": P, "sk": N}, MISMATCH)):
        assert refused("query", **request, ExclusiveStartKey=start) == ("ValidationException", message)
    answer = refused("query", **request, ExclusiveStartKey={"pk": Q, "sk": Q})
    assert answer == ("ValidationException", "Query condition missed key schema element: pk")


@pytest.mark.parametrize(("condition", "values", "message"), [row for row in REFUSED if KEY in row[2]])
def test_conditions_are_checked_before_the_table(refused, condition, values, message):
    request = {"TableName": "missing", "KeyConditionExpression": condition}
    if values:
        request["ExpressionAttributeValues"] = values
    assert refused("query", **request) == ("ValidationException", message)


def test_a_condition_is_required(refused, shared_table):
    message = "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request."
    assert refused("query", TableName=shared_table) == ("ValidationException", message)


@pytest.mark.parametrize(
    "condition", ["pk = :p AND :a <= sk", "(:p = pk) AND (sk >= :a)", "sk >= :a AND pk = :p", "pk=:p and sk>=:a"]
)
def test_different_spellings_of_one_condition(client, shared_table, condition):
    partition = new_name()
    for sort in "abc":
        client.put_item(TableName=shared_table, Item={"pk": {"S": partition}, "sk": {"S": sort}})
    answer = client.query(
        TableName=shared_table,
        KeyConditionExpression=condition,
        ExpressionAttributeValues={":p": {"S": partition}, ":a": {"S": "b"}},
    )
    assert [item["sk"]["S"] for item in answer["Items"]] == ["b", "c"]


# --- filters, Select, projections -----------------------------------------------------------------


@pytest.fixture(scope="module")
def filled(client, shared_table):
    """Fill a partition with ten items (n 0..9, with a map m); return a Query request for them."""
    partition = new_name()
    for number in range(10):
        client.put_item(
            TableName=shared_table,
            Item={
                "pk": {"S": partition},
                "sk": {"S": f"s{number}"},
                "n": {"N": str(number)},
                "m": {"M": {"x": {"N": str(number)}, "y": {"S": "y"}}},
            },
        )
    return {
        "TableName": shared_table,
        "KeyConditionExpression": "pk = :p",
        "ExpressionAttributeValues": {":p": {"S": partition}},
    }


def with_values(request, **values):
    return {
        **request,
        "ExpressionAttributeValues": {
            **request["ExpressionAttributeValues"],
            **{f":{name}": value for name, value in values.items()},
        },
    }


def test_counts_before_and_after_a_filter(client, filled):
    request = with_values(filled, low={"N": "3"}, high={"N": "5"})
    answer = client.query(**request, FilterExpression="n BETWEEN :low AND :high")
    assert [item["n"]["N"] for item in answer["Items"]] == ["3", "4", "5"]
    assert (answer["Count"], answer["ScannedCount"]) == (3, 10)
    answer = client.query(**request, FilterExpression="n BETWEEN :low AND :high", Limit=4)
    assert [item["n"]["N"] for item in answer["Items"]] == ["3"]
    assert (answer["Count"], answer["ScannedCount"]) == (1, 4)
    assert answer["LastEvaluatedKey"]["sk"] == {"S": "s3"}
    answer = client.query(**request, FilterExpression="n BETWEEN :low AND :high", Limit=2)
    assert (answer["Items"], answer["Count"], answer["ScannedCount"]) == ([], 0, 2)


def test_count_has_no_items(client, filled):
    answer = client.query(**filled, Select="COUNT")
    assert "Items" not in answer
    assert (answer["Count"], answer["ScannedCount"]) == (10, 10)
    answer = client.query(**with_values(filled, a={"N": "7"}), Select="COUNT", FilterExpression="n >= :a")
    assert "Items" not in answer
    assert (answer["Count"], answer["ScannedCount"]) == (3, 10)


def test_an_empty_result(client, shared_table):
    answer = client.query(
        TableName=shared_table,
        KeyConditionExpression="pk = :p",
        ExpressionAttributeValues={":p": {"S": new_name()}},
    )
    assert (answer["Items"], answer["Count"], answer["ScannedCount"]) == ([], 0, 0)
    assert "LastEvaluatedKey" not in answer


def test_projection_and_filter_together(client, filled):
    answer = client.query(
        **with_values(filled, a={"N": "8"}), ProjectionExpression="m.x, nothing", FilterExpression="n >= :a"
    )
    assert answer["Items"] == [{"m": {"M": {"x": {"N": "8"}}}}, {"m": {"M": {"x": {"N": "9"}}}}]
    answer = client.query(**filled, ProjectionExpression="nothing", Limit=2)
    assert answer["Items"] == [{}, {}]
    answer = client.query(**filled, Select="SPECIFIC_ATTRIBUTES", ProjectionExpression="sk", Limit=1)
    assert answer["Items"] == [{"sk": {"S": "s0"}}]
    assert answer["LastEvaluatedKey"].keys() == {"pk", "sk"}


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (
            {"ProjectionExpression": "a", "Select": "ALL_ATTRIBUTES"},
            "Cannot specify the ProjectionExpression when choosing to get ALL_ATTRIBUTES",
        ),
        (
            {"ProjectionExpression": "a", "Select": "COUNT"},
            "Cannot specify the ProjectionExpression when choosing to get only the Count",
        ),
        (
            {"ProjectionExpression": "a", "Select": "ALL_PROJECTED_ATTRIBUTES"},
            "Cannot specify the ProjectionExpression when choosing to get ALL_PROJECTED_ATTRIBUTES",
        ),
        (
            {"Select": "SPECIFIC_ATTRIBUTES"},
            "Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES",
        ),
        (
            {"Select": "ALL_PROJECTED_ATTRIBUTES"},
            "ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName",
        ),
    ],
)
def test_select_rules(refused, filled, request_, message):
    assert refused("query", **{**filled, "TableName": "missing"}, **request_) == ("ValidationException", ONE + message)


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (
            {"Select": "EVERYTHING"},
            ONE + "Value 'EVERYTHING' at 'select' failed to satisfy constraint: Member must satisfy enum value set: "
            "[SPECIFIC_ATTRIBUTES, COUNT, ALL_ATTRIBUTES, ALL_PROJECTED_ATTRIBUTES]",
        ),
        (
            {"Limit": 0},
            ONE + "Value at 'Limit' failed to satisfy constraint: Member must have value greater than or equal to 1",
        ),
        (
            {"IndexName": "no"},
            ONE + "Value 'no' at 'indexName' failed to satisfy constraint: "
            "Member must have length greater than or equal to 3",
        ),
        (
            {"ConditionalOperator": "XOR", "Select": "EVERYTHING"},
            "Failed to satisfy constraint: Member must satisfy enum value set: [ALL, OR]",
        ),
    ],
)
def test_member_constraints(refused, request_, message):
    assert refused("query", TableName="missing", **request_) == ("ValidationException", message)


@pytest.mark.parametrize(
    ("expression", "name"),
    [
        ("sk = :p", "sk"),
        ("n > :p AND pk <> :p", "pk"),
        ("attribute_exists(sk) AND pk = :p", "pk"),
        ("size(pk) > :p", "pk"),
    ],
)
def test_a_filter_refuses_key_attributes(refused, filled, expression, name):
    assert refused("query", **filled, FilterExpression=expression) == (
        "ValidationException",
        f"Filter Expression can only contain non-primary key attributes: Primary key attribute: {name}",
    )


def test_an_unknown_index(refused, filled):
    assert refused("query", **filled, IndexName="nowhere") == (
        "ValidationException",
        "The table does not have the specified index: nowhere",
    )


# --- start keys -----------------------------------------------------------------------------------

START = "The provided starting key is invalid"
MISMATCH = "The provided key element does not match the schema"
OUTSIDE = "The provided starting key is outside query boundaries based on provided conditions"
PREDICATE = "The provided starting key does not match the range key predicate"
P, Q = {"S": "p"}, {"S": "q"}


@pytest.mark.parametrize(
    ("start", "message"),
    [
        ({}, START),
        ({"pk": P}, START),
        ({"pk": P, "sk": P, "other": P}, START),
        ({"pk": P, "other": P}, START),
        ({"pk": P, "sk": {"N": "1"}}, MISMATCH),  # behaviour 6.1
        ({"pk": {"BOOL": True}, "sk": P}, MISMATCH),
        (
            {"pk": P, "sk": {"S": ""}},
            START + ": One or more parameter values are not valid. "
            "The AttributeValue for a key attribute cannot contain an empty string value. Key: sk",
        ),
        (
            {"pk": P, "sk": {"S": "x" * 1025}},
            START + ": " + INVALID + "Aggregated size of all range keys has exceeded the size limit of 1024 bytes",
        ),
        ({"pk": P, "sk": {"N": "x"}}, "The parameter cannot be converted to a numeric value: x"),
        ({"pk": P, "sk": {"NS": ["1", "1.0"]}}, INVALID + "Input collection contains duplicates."),
        ({"pk": Q, "sk": {"S": "m"}}, OUTSIDE),
        ({"pk": Q, "sk": {"S": "a"}}, PREDICATE),  # behaviour 6.1
        ({"pk": Q, "sk": {"S": "z"}}, PREDICATE),
        ({"pk": P, "sk": {"S": "a"}}, PREDICATE),
        ({"pk": P, "sk": {"S": "z"}}, PREDICATE),
    ],
)
def test_refuses_start_keys(refused, shared_table, start, message):
    answer = refused(
        "query",
        TableName=shared_table,
        KeyConditionExpression="pk = :p AND sk BETWEEN :b AND :y",
        ExpressionAttributeValues={":p": P, ":b": {"S": "b"}, ":y": {"S": "y"}},
        ExclusiveStartKey=start,
    )
    assert answer == ("ValidationException", message)


def test_a_query_of_one_item_refuses_a_start_key(refused, shared_table):
    answer = refused(
        "query",
        TableName=shared_table,
        KeyConditionExpression="pk = :p AND sk = :p",
        ExpressionAttributeValues={":p": P},
        ExclusiveStartKey={"pk": P, "sk": P},
    )
    assert answer == ("ValidationException", "The query can return at most one row and cannot be restarted")


def test_a_start_key_need_not_exist(client, filled):
    partition = filled["ExpressionAttributeValues"][":p"]
    for forward, wanted in ((True, ["5", "6"]), (False, ["4", "3"])):
        answer = client.query(
            **filled, ExclusiveStartKey={"pk": partition, "sk": {"S": "s4x"}}, ScanIndexForward=forward, Limit=2
        )
        assert [item["n"]["N"] for item in answer["Items"]] == wanted
