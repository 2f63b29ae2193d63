"""TransactGetItems: items of one snapshot (behaviour 8.5)."""

import pytest

from tests.support.http_clients import without_metadata
from tests.support.tables import new_name, table_request

MISMATCH = {"Code": "ValidationError", "Message": "The provided key element does not match the schema"}
NONE = {"Code": "None"}
DUPLICATES = ("ValidationException", "Transaction request cannot include multiple operations on one item")


def key_of(partition, sort):
    return {"pk": {"S": partition}, "sk": {"S": sort}}


def get(table, key, **extra):
    return {"Get": {"TableName": table, "Key": key, **extra}}


@pytest.fixture
def items(client, shared_table):
    """Three items in a partition that only this test uses."""
    partition = new_name("p")
    made = [
        {**key_of(partition, sort), "n": {"N": str(n)}, "m": {"M": {"x": {"L": [{"N": "1"}, {"S": "two"}]}}}}
        for n, sort in enumerate("abc")
    ]
    client.batch_write_item(RequestItems={shared_table: [{"PutRequest": {"Item": item}} for item in made]})
    return made


def keys(items):
    return [{name: item[name] for name in ("pk", "sk")} for item in items]


def test_items_come_in_request_order(client, shared_table, items):
    a, b, c = keys(items)
    missing = key_of("missing", new_name())
    reads = [get(shared_table, key) for key in (c, missing, a, b)]
    answer = without_metadata(client.transact_get_items(TransactItems=reads))
    assert answer == {"Responses": [{"Item": items[2]}, {}, {"Item": items[0]}, {"Item": items[1]}]}


PROJECTIONS = [
    ({"ProjectionExpression": "n"}, {"Item": {"n": {"N": "0"}}}),
    (
        {"ProjectionExpression": "#m.x[1], sk", "ExpressionAttributeNames": {"#m": "m"}},
        {"Item": {"m": {"M": {"x": {"L": [{"S": "two"}]}}}, "sk": {"S": "a"}}},
    ),
    ({"ProjectionExpression": "absent, m.y"}, {}),
]


@pytest.mark.parametrize(
    ("extra", "response"), PROJECTIONS, ids=[row[0]["ProjectionExpression"] for row in PROJECTIONS]
)
def test_each_read_has_its_own_projection(client, shared_table, items, extra, response):
    first, second, _ = keys(items)
    reads = [
        get(shared_table, first, **extra),
        get(shared_table, second),
        get(shared_table, key_of("no", "no"), **extra),
    ]
    answer = client.transact_get_items(TransactItems=reads)
    assert answer["Responses"] == [response, {"Item": items[1]}, {}]


def test_several_tables(client, shared_table, make_table, items):
    other = make_table("id:N")
    client.put_item(TableName=other, Item={"id": {"N": "1"}})
    reads = [get(other, {"id": {"N": "1.0"}}), get(shared_table, keys(items)[0]), get(other, {"id": {"N": "2"}})]
    answer = client.transact_get_items(TransactItems=reads)
    assert answer["Responses"] == [{"Item": {"id": {"N": "1"}}}, {"Item": items[0]}, {}]


def test_a_hundred_reads(client, shared_table, items):
    reads = [get(shared_table, key) for key in keys(items)] + [
        get(shared_table, key_of("missing", str(number))) for number in range(97)
    ]
    answer = client.transact_get_items(TransactItems=reads)
    assert answer["Responses"] == [{"Item": item} for item in items] + [{}] * 97


def test_four_megabytes(client, make_table, refused):
    """A transaction reads at most 4 MB. Whole items count, even if few attributes are returned."""
    table = make_table("id:N")
    size = 400 * 1024
    for number in range(11):
        client.put_item(TableName=table, Item={"id": {"N": str(number)}, "a": {"S": "x" * (size - 6)}})
    reads = [get(table, {"id": {"N": str(number)}}, ProjectionExpression="id") for number in range(11)]
    assert len(client.transact_get_items(TransactItems=reads[:10])["Responses"]) == 10
    code, message = refused("transact_get_items", TransactItems=reads)
    assert code == "ValidationException"
    assert "size cannot exceed" in message


# --- refused requests -----------------------------------------------------------------------------

WRONG_KEYS = {
    "nothing": {},
    "no sort key": {"pk": {"S": "a"}},
    "one more": {**key_of("a", "a"), "x": {"S": "a"}},
    "another type": {"pk": {"N": "1"}, "sk": {"S": "a"}},
    "no scalar": {"pk": {"S": "a"}, "sk": {"M": {}}},
}


@pytest.mark.parametrize("case", WRONG_KEYS)
def test_wrong_key_cancels(canceled, shared_table, case):
    good = [get(shared_table, key_of("a", sort)) for sort in "ab"]
    reads = [good[0], get(shared_table, WRONG_KEYS[case]), good[1], get(shared_table, {})]
    assert canceled("transact_get_items", TransactItems=reads) == [NONE, MISMATCH, NONE, NONE]


@pytest.mark.parametrize("name", ["pk", "sk"])
def test_empty_key_value_is_refused(refused, shared_table, name):
    key = key_of("a", "a") | {name: {"S": ""}}
    message = (
        "One or more parameter values are not valid. "
        f"The AttributeValue for a key attribute cannot contain an empty string value. Key: {name}"
    )
    answer = refused("transact_get_items", TransactItems=[get(shared_table, {}), get(shared_table, key)])
    assert answer == ("ValidationException", message)


def test_one_item_twice(refused, shared_table):
    reads = [get(shared_table, key_of("a", "a")), get(shared_table, key_of("a", "a"), ProjectionExpression="n")]
    assert refused("transact_get_items", TransactItems=reads) == DUPLICATES


def test_missing_table(refused, shared_table):
    reads = [get(shared_table, key_of("a", "a")), get(new_name(), key_of("a", "a"))]
    answer = refused("transact_get_items", TransactItems=reads)
    assert answer == ("ResourceNotFoundException", "Requested resource not found")


REFUSED = {
    "syntax": (
        {"ProjectionExpression": "n,"},
        'Invalid ProjectionExpression: Syntax error; token: "<EOF>", near: ","',
    ),
    "overlap": (
        {"ProjectionExpression": "m, m.x"},
        (
            "Invalid ProjectionExpression: Two document paths overlap with each other; "
            "must remove or rewrite one of these paths; path one: [m], path two: [m, x]"
        ),
    ),
    "undefined name": (
        {"ProjectionExpression": "#a"},
        (
            "Invalid ProjectionExpression: An expression attribute name used in the document path is not defined; "
            "attribute name: #a"
        ),
    ),
    "unused name": (
        {"ProjectionExpression": "a", "ExpressionAttributeNames": {"#a": "a"}},
        "Value provided in ExpressionAttributeNames unused in expressions: keys: {#a}",
    ),
    "number": (
        {"Key": {"pk": {"N": "one"}, "sk": {"S": "a"}}},
        "The parameter cannot be converted to a numeric value: one",
    ),
    "empty number": (
        {"Key": {"pk": {"N": ""}, "sk": {"S": "a"}}},
        "The parameter cannot be converted to a numeric value",
    ),
    "set": (
        {"Key": {"pk": {"SS": ["b", "a", "b"]}, "sk": {"S": "a"}}},
        "One or more parameter values were invalid: Input collection [b, a, b] contains duplicates.",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_errors_in_a_request_are_refused(refused, shared_table, case):
    """The error of the wrong Get is reported first.

    Other reads have a missing table, the same item, or a wrong key.
    """
    extra, message = REFUSED[case]
    same = get(shared_table, key_of("a", "a"))
    reads = [get(new_name(), key_of("a", "a")), same, same, get(shared_table, {}), get(shared_table, key_of("a", "b"))]
    reads[-1]["Get"].update(extra)
    assert refused("transact_get_items", TransactItems=reads) == ("ValidationException", message)


def test_number_of_reads(refused, shared_table):
    least = (
        "Value '[]' at 'transactItems' failed to satisfy constraint: Member must have length greater than or equal to 1"
    )
    answer = refused("transact_get_items", TransactItems=[])
    assert answer == ("ValidationException", "1 validation error detected: " + least)
    code, message = refused("transact_get_items", TransactItems=[get(shared_table, key_of("a", "a"))] * 101)
    assert code == "ValidationException"
    assert message.startswith("1 validation error detected: Value '[TransactGetItem(")
    assert message.endswith(
        "]' at 'transactItems' failed to satisfy constraint: Member must have length less than or equal to 100"
    )


def test_deleted_table(client, refused):
    """A Get from a deleted table is refused, as from a table that never existed."""
    request = table_request("id:N")
    client.create_table(**request)
    client.get_waiter("table_exists").wait(TableName=request["TableName"], WaiterConfig={"Delay": 1})
    client.delete_table(TableName=request["TableName"])
    client.get_waiter("table_not_exists").wait(TableName=request["TableName"], WaiterConfig={"Delay": 1})
    answer = refused("transact_get_items", TransactItems=[get(request["TableName"], {"id": {"N": "1"}})])
    assert answer == ("ResourceNotFoundException", "Requested resource not found")
