"""The legacy parameters of Query and Scan, such as KeyConditions (behaviour 18)."""

import pytest

from tests.support.tables import index_request

INVALID = "One or more parameter values were invalid: "
ONE = "1 validation error detected: "
MIXED = (
    "Can not use both expression and non-expression parameters in the same request: "
    "Non-expression parameters: {%s} Expression parameters: {%s}"
)
S = {"S": "p"}


def condition(operator, *values):
    return {"ComparisonOperator": operator} | ({"AttributeValueList": list(values)} if values else {})


def n(value):
    return {"N": str(value)}


PARTITION = {"pk": condition("EQ", S)}


@pytest.fixture(scope="module")
def numbers(client, make_shared_table):
    """A table with ten items in one partition: sk 0..9, a text t, and if sk is even, a set ss."""
    name = make_shared_table("pk:S sk:N", define="t:S", LocalSecondaryIndexes=[index_request("local", "pk t")])
    for number in range(10):
        item = {"pk": S, "sk": n(number), "t": {"S": f"t{number:02}"}, "flag": {"BOOL": number > 4}}
        if number % 2 == 0:
            item["ss"] = {"SS": [str(number), "even"]}
        client.put_item(TableName=name, Item=item)
    return name


def sorts(answer):
    return [int(item["sk"]["N"]) for item in answer["Items"]]


@pytest.mark.parametrize(
    ("operator", "operands", "wanted"),
    [
        ("EQ", [3], [3]),
        ("LT", [3], [0, 1, 2]),
        ("LE", [3], [0, 1, 2, 3]),
        ("GT", [7], [8, 9]),
        ("GE", [7], [7, 8, 9]),
        ("BETWEEN", [4, 6], [4, 5, 6]),
        ("EQ", [11], []),
    ],
)
def test_key_conditions(client, numbers, operator, operands, wanted):
    conditions = PARTITION | {"sk": condition(operator, *map(n, operands))}
    assert sorts(client.query(TableName=numbers, KeyConditions=conditions)) == wanted
    backward = client.query(TableName=numbers, KeyConditions=conditions, ScanIndexForward=False)
    assert sorts(backward) == wanted[::-1]


def test_key_conditions_of_an_index(client, numbers):
    conditions = PARTITION | {"t": condition("BEGINS_WITH", {"S": "t0"})}
    request = {"TableName": numbers, "IndexName": "local", "KeyConditions": conditions}
    assert sorts(client.query(**request)) == list(range(10))
    conditions["t"] = condition("BEGINS_WITH", {"S": "t05"})
    assert sorts(client.query(**request)) == [5]


EVEN, ODD = [0, 2, 4, 6, 8], [1, 3, 5, 7, 9]


@pytest.mark.parametrize(
    ("filters", "wanted"),
    [
        ({"flag": condition("EQ", {"BOOL": True})}, [5, 6, 7, 8, 9]),
        ({"flag": condition("NE", {"BOOL": True})}, [0, 1, 2, 3, 4]),
        ({"ss": condition("NULL")}, ODD),
        ({"ss": condition("NOT_NULL")}, EVEN),
        ({"ss": condition("CONTAINS", {"S": "4"})}, [4]),
        ({"ss": condition("NE", {"SS": ["even", "4"]})}, [0, 1, 2, 3, 5, 6, 7, 8, 9]),
        ({"ss": condition("EQ", {"SS": ["even", "4"]})}, [4]),
        ({"t": condition("IN", {"S": "t01"}, {"S": "t09"}, {"S": "none"})}, [1, 9]),
        ({"t": condition("CONTAINS", {"S": "3"})}, [3]),
        ({"t": condition("NOT_CONTAINS", {"S": "0"})}, []),
        ({"t": condition("BEGINS_WITH", {"S": "t0"})}, list(range(10))),
        ({"t": condition("BETWEEN", {"S": "t03"}, {"S": "t05"})}, [3, 4, 5]),
        ({"t": condition("LT", {"S": "t02"})}, [0, 1]),
        ({"t": condition("GE", {"S": "t08"}), "ss": condition("NOT_NULL")}, [8]),
    ],
)
def test_filters(client, numbers, filters, wanted):
    answer = client.query(TableName=numbers, KeyConditions=PARTITION, QueryFilter=filters)
    assert (sorts(answer), answer["Count"], answer["ScannedCount"]) == (wanted, len(wanted), 10)
    answer = client.scan(TableName=numbers, ScanFilter=filters)
    assert (sorts(answer), answer["ScannedCount"]) == (wanted, 10)


def test_conditional_operator(client, numbers):
    filters = {"t": condition("LT", {"S": "t02"}), "flag": condition("EQ", {"BOOL": True})}
    for operator, wanted in (("AND", []), ("OR", [0, 1, 5, 6, 7, 8, 9])):
        answer = client.query(
            TableName=numbers, KeyConditions=PARTITION, QueryFilter=filters, ConditionalOperator=operator
        )
        assert sorts(answer) == wanted
        assert sorts(client.scan(TableName=numbers, ScanFilter=filters, ConditionalOperator=operator)) == wanted


def test_a_scan_filter_may_name_keys(client, numbers):
    assert sorts(client.scan(TableName=numbers, ScanFilter={"sk": condition("GT", n(7))})) == [8, 9]


def test_attributes_to_get(client, numbers):
    request = {"TableName": numbers, "AttributesToGet": ["t", "nothing"], "Limit": 1}
    assert client.query(KeyConditions=PARTITION, **request)["Items"] == [{"t": {"S": "t00"}}]
    assert client.scan(**request)["Items"] == [{"t": {"S": "t00"}}]
    answer = client.query(KeyConditions=PARTITION, Select="SPECIFIC_ATTRIBUTES", **request)
    assert answer["Items"] == [{"t": {"S": "t00"}}]


ARGUMENTS = "Invalid number of argument(s) for the {} ComparisonOperator"


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"KeyConditions": {}}, "Conditions can be of length 1 or 2 only"),
        (
            {"KeyConditions": PARTITION | {"sk": condition("EQ", n(1)), "t": condition("EQ", S)}},
            "Conditions can be of length 1 or 2 only",
        ),
        ({"KeyConditions": {"pk": condition("EQ")}}, INVALID + ARGUMENTS.format("EQ")),
        ({"KeyConditions": {"pk": condition("EQ", S, S)}}, INVALID + ARGUMENTS.format("EQ")),
        ({"KeyConditions": PARTITION | {"sk": condition("BETWEEN", S)}}, INVALID + ARGUMENTS.format("BETWEEN")),
        (
            {"KeyConditions": PARTITION | {"sk": condition("LT", {"BOOL": True})}},
            INVALID + "ComparisonOperator LT is not valid for BOOL AttributeValue type",
        ),
        (
            {"KeyConditions": PARTITION | {"sk": condition("BEGINS_WITH", n(1))}},
            INVALID + "ComparisonOperator BEGINS_WITH is not valid for N AttributeValue type",
        ),
        (
            {"KeyConditions": PARTITION | {"sk": condition("BETWEEN", n(1), S)}},
            INVALID + "AttributeValues inside AttributeValueList must be of same type",
        ),
        (
            {"KeyConditions": PARTITION | {"sk": condition("BETWEEN", n(2), n(1))}},
            "The BETWEEN condition was provided a range where the lower bound is greater than the upper bound",
        ),
        (
            {"KeyConditions": PARTITION, "QueryFilter": {"a": condition("IN")}},
            INVALID + ARGUMENTS.format("IN"),
        ),
        (
            {"KeyConditions": PARTITION, "QueryFilter": {"a": condition("NULL", S)}},
            INVALID + ARGUMENTS.format("NULL"),
        ),
        (
            {"KeyConditions": PARTITION, "AttributesToGet": ["a", "b", "a"]},
            INVALID + "Duplicate value in attribute name: a",
        ),
        (
            {"KeyConditions": PARTITION, "QueryFilter": {"a": condition("NULL")}, "ConditionalOperator": "OR"},
            "ConditionalOperator can only be used when Filter or Expected has two or more elements",
        ),
        (
            {"KeyConditions": PARTITION, "AttributesToGet": ["a"], "Select": "ALL_ATTRIBUTES"},
            ONE + "Cannot specify the AttributesToGet when choosing to get ALL_ATTRIBUTES",
        ),
        # A request must not mix legacy parameters and expressions (behaviour 3.6).
        (
            {"KeyConditions": PARTITION, "QueryFilter": {}, "ProjectionExpression": "a"},
            ONE + MIXED % ("QueryFilter", "ProjectionExpression"),
        ),
        (
            {"KeyConditions": PARTITION, "ConditionalOperator": "OR", "FilterExpression": "a"},
            ONE + MIXED % ("ConditionalOperator", "FilterExpression"),
        ),
        (
            {"KeyConditions": PARTITION, "KeyConditionExpression": "pk = :a"},
            ONE + MIXED % ("KeyConditions", "KeyConditionExpression"),
        ),
        (
            {
                "KeyConditions": PARTITION,
                "ConditionalOperator": "OR",
                "QueryFilter": {},
                "AttributesToGet": ["a"],
                "KeyConditionExpression": "pk = :a",
                "FilterExpression": "a",
            },
            ONE
            + MIXED
            % (
                "AttributesToGet, QueryFilter, ConditionalOperator, KeyConditions",
                "FilterExpression, KeyConditionExpression",
            ),
        ),
        # Wrong legacy parameters are reported before a bad value of the start key (behaviour 6.1).
        (
            {"KeyConditions": PARTITION, "QueryFilter": {"a": condition("EQ")}, "ExclusiveStartKey": {"pk": {}}},
            INVALID + ARGUMENTS.format("EQ"),
        ),
        (
            {"KeyConditions": PARTITION, "AttributesToGet": ["a", "a"], "ExclusiveStartKey": {"pk": {"N": "x"}}},
            INVALID + "Duplicate value in attribute name: a",
        ),
        (
            {"KeyConditions": PARTITION, "QueryFilter": {"a": condition("EQ", S)}, "ExclusiveStartKey": {"pk": {}}},
            (
                "The provided starting key is invalid: "
                "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"
            ),
        ),
        # Names or values without an expression are reported before any bad value (behaviour 3.1).
        (
            {"KeyConditions": {"pk": condition("EQ", {})}, "ExpressionAttributeNames": {"#a": "a"}},
            "ExpressionAttributeNames can only be specified when using expressions",
        ),
        (
            {"KeyConditions": PARTITION, "ExpressionAttributeValues": {":a": {}}},
            ONE + "ExpressionAttributeValues can only be specified when using expressions",
        ),
        (
            {"KeyConditions": PARTITION, "ExpressionAttributeValues": {":a": S}, "ProjectionExpression": "a"},
            ONE + "ExpressionAttributeValues can only be specified when using expressions",
        ),
        # A bad expression is reported before bad key conditions (behaviour 4.2).
        (
            {"KeyConditions": {"pk": condition("EQ")}, "FilterExpression": ""},
            "Invalid FilterExpression: The expression can not be empty;",
        ),
    ],
)
def test_refuses_before_the_table_is_looked_up(refused, request_, message):
    assert refused("query", TableName="missing", **request_) == ("ValidationException", message)


def test_key_conditions_beside_expressions(client, numbers):
    """A query with KeyConditions may have a filter and a projection expression (behaviour 3.6)."""
    conditions = PARTITION | {"sk": condition("GE", n(4))}
    answer = client.query(
        TableName=numbers,
        KeyConditions=conditions,
        FilterExpression="flag = :true",
        ProjectionExpression="sk",
        ExpressionAttributeValues={":true": {"BOOL": True}},
        ScanIndexForward=False,
    )
    assert (answer["Items"], answer["ScannedCount"]) == ([{"sk": n(number)} for number in (9, 8, 7, 6, 5)], 6)
    answer = client.query(
        TableName=numbers,
        KeyConditions=conditions,
        ProjectionExpression="#f",
        Limit=1,
        ExpressionAttributeNames={"#f": "flag"},
    )
    assert answer["Items"] == [{"flag": {"BOOL": False}}]


NOT_INDEXABLE = "Attempted conditional constraint is not an indexable operation"
UNINDEXABLE = {
    "NE": [S],
    "IN": [S],
    "NULL": [],
    "NOT_NULL": [],
    "CONTAINS": [S],
    "NOT_CONTAINS": [S],
}


@pytest.mark.parametrize("operator", UNINDEXABLE)
def test_operators_that_keys_do_not_support(refused, numbers, operator):
    """The error for such an operator is reported after all other errors (behaviour 18)."""
    wrong = condition(operator, *UNINDEXABLE[operator])

    def answer(conditions, table=numbers, **more):
        return refused("query", TableName=table, KeyConditions=conditions, **more)

    start = {"ExclusiveStartKey": {"pk": S}}
    assert answer({"z": wrong}, table="missing") == ("ResourceNotFoundException", "Requested resource not found")
    unknown = ("ValidationException", "The table does not have the specified index: nowhere")
    assert answer({"z": wrong}, IndexName="nowhere", **start) == unknown
    assert answer({"z": wrong}, **start) == ("ValidationException", "The provided starting key is invalid")
    for name in ("z", "sk"):
        missed = ("ValidationException", "Query condition missed key schema element: pk")
        assert answer({name: wrong}) == missed
    missed = ("ValidationException", "Query condition missed key schema element: sk")
    assert answer(PARTITION | {"z": wrong}) == missed
    assert answer(PARTITION | {"sk": wrong}) == ("ValidationException", NOT_INDEXABLE)
    assert answer({"pk": wrong}) == ("ValidationException", NOT_INDEXABLE)


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"KeyConditions": {"sk": condition("EQ", n(1))}}, "Query condition missed key schema element: pk"),
        (
            {"KeyConditions": PARTITION | {"t": condition("EQ", S)}},
            "Query condition missed key schema element: sk",
        ),
        ({"KeyConditions": {"pk": condition("GT", S)}}, "Query key condition not supported"),
        (  # behaviour 4.3
            {"KeyConditions": {"pk": condition("GT", n(1))}},
            INVALID + "Condition parameter type does not match schema type",
        ),
        (
            {"KeyConditions": PARTITION | {"sk": condition("EQ", S)}},
            INVALID + "Condition parameter type does not match schema type",
        ),
        (
            {"KeyConditions": PARTITION, "QueryFilter": {"sk": condition("EQ", n(1))}},
            "QueryFilter can only contain non-primary key attributes: Primary key attribute: sk",
        ),
    ],
)
def test_refuses_by_the_schema(refused, numbers, request_, message):
    assert refused("query", TableName=numbers, **request_) == ("ValidationException", message)
