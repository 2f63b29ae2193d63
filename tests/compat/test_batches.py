"""BatchGetItem and BatchWriteItem: results, limits, duplicates, unprocessed parts (behaviour 7)."""

import pytest

from tests.support.http_clients import without_metadata
from tests.support.tables import new_name

ENVELOPE = "1 validation error detected: "
DUPLICATES = "Provided list of item keys contains duplicates"
NO_TABLE = ("ResourceNotFoundException", "Requested resource not found")
MIXED = (
    "Can not use both expression and non-expression parameters in the same request: "
    "Non-expression parameters: {AttributesToGet} Expression parameters: {ProjectionExpression}"
)


def keys_of(count, pk):
    return [{"pk": {"S": pk}, "sk": {"S": f"{position:03}"}} for position in range(count)]


def put(item):
    return {"PutRequest": {"Item": item}}


def delete(key):
    return {"DeleteRequest": {"Key": key}}


def by_sort_key(items):
    return sorted(items, key=lambda item: item["sk"]["S"])


@pytest.fixture(scope="module")
def other_table(make_shared_table):
    return make_shared_table("id:N")


@pytest.mark.parametrize("operation", ["BatchGetItem", "BatchWriteItem"])
def test_no_request_items(post, operation):
    answer = post(operation, {})
    assert answer.json == {
        "__type": "com.amazon.coral.validate#ValidationException",
        "message": ENVELOPE + "Value null at 'requestItems' failed to satisfy constraint: Member must not be null",
    }


# --- BatchWriteItem -------------------------------------------------------------------------------


def test_puts_and_deletes_on_two_tables(client, shared_table, other_table):
    first, second, third = keys_of(3, new_name("k"))
    client.put_item(TableName=shared_table, Item={**first, "old": {"N": "1"}})
    client.put_item(TableName=shared_table, Item=second)
    number = {"id": {"N": "1"}}
    answer = client.batch_write_item(
        RequestItems={
            shared_table: [put({**first, "a": {"N": "2"}}), delete(second), put(third)],
            other_table: [put(number), delete({"id": {"N": "2"}})],
        }
    )
    assert without_metadata(answer) == {"UnprocessedItems": {}}
    answer = client.batch_get_item(
        RequestItems={
            shared_table: {"Keys": [first, second, third], "ConsistentRead": True},
            other_table: {"Keys": [number], "ConsistentRead": True},
        }
    )
    assert by_sort_key(answer["Responses"][shared_table]) == [{**first, "a": {"N": "2"}}, third]
    assert answer["Responses"][other_table] == [number]


def test_twenty_five_writes(client, shared_table):
    keys = keys_of(25, new_name("k"))
    client.batch_write_item(RequestItems={shared_table: [put(key) for key in keys]})
    answer = client.batch_get_item(RequestItems={shared_table: {"Keys": keys, "ConsistentRead": True}})
    assert by_sort_key(answer["Responses"][shared_table]) == keys


def test_twenty_six_writes(refused, shared_table):
    keys = keys_of(26, new_name("k"))
    code, text = refused("batch_write_item", RequestItems={shared_table: [delete(key) for key in keys]})
    assert code == "ValidationException"
    assert text.startswith(f"{ENVELOPE}Value '{{{shared_table}=[WriteRequest(")
    assert text.endswith(
        "]}' at 'requestItems' failed to satisfy constraint: Map value must satisfy constraint: "
        "[Member must have length less than or equal to 25, Member must have length greater than or equal to 1]"
    )


def test_twenty_six_writes_on_two_tables(client, refused, shared_table, other_table):
    keys = keys_of(13, new_name("k"))
    numbers = [{"id": {"N": str(number)}} for number in range(100, 113)]
    answer = refused(
        "batch_write_item",
        RequestItems={shared_table: [put(key) for key in keys], other_table: [put(number) for number in numbers]},
    )
    assert answer == ("ValidationException", "Too many items requested for the BatchWriteItem call")
    answer = client.batch_get_item(RequestItems={shared_table: {"Keys": keys, "ConsistentRead": True}})
    assert answer["Responses"] == {shared_table: []}


@pytest.mark.parametrize("writes", [(put, put), (delete, delete), (put, delete), (delete, put)])
def test_one_key_twice(client, refused, shared_table, key, writes):
    other = {**key, "sk": {"S": "other"}}
    answer = refused("batch_write_item", RequestItems={shared_table: [put(other), *[write(key) for write in writes]]})
    assert answer == ("ValidationException", DUPLICATES)
    assert "Item" not in client.get_item(TableName=shared_table, Key=other, ConsistentRead=True)


def test_equal_numbers_are_one_key(refused, other_table):
    writes = [put({"id": {"N": "1"}, "a": {"N": "1"}}), put({"id": {"N": "1.0"}, "a": {"N": "2"}})]
    assert refused("batch_write_item", RequestItems={other_table: writes}) == ("ValidationException", DUPLICATES)


WRITE_REFUSALS = {
    "empty map": ({"RequestItems": {}}, "The requestItems parameter is required for BatchWriteItem"),
    "neither": (
        {"RequestItems": {"TABLE": [{}]}},
        # behaviour 7.2: one text for both faults
        "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes",
    ),
    "both": (
        {"RequestItems": {"TABLE": [{**put({"pk": {"S": "a"}}), **delete({"pk": {"S": "a"}})}]}},
        "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes",
    ),
    "bad enum": (
        {"RequestItems": {"TABLE": [put({})]}, "ReturnConsumedCapacity": "X", "ReturnItemCollectionMetrics": "Y"},
        (
            "2 validation errors detected: Value 'X' at 'returnConsumedCapacity' failed to satisfy constraint: "
            "Member must satisfy enum value set: [INDEXES, TOTAL, NONE]; "
            "Value 'Y' at 'returnItemCollectionMetrics' failed to satisfy constraint: "
            "Member must satisfy enum value set: [SIZE, NONE]"
        ),
    ),
}


def with_table(request, name):
    blocks = {table.replace("TABLE", name): block for table, block in request["RequestItems"].items()}
    return {**request, "RequestItems": blocks}


@pytest.mark.parametrize("case", WRITE_REFUSALS)
def test_write_refusals(refused, shared_table, case):
    request, text = WRITE_REFUSALS[case]
    assert refused("batch_write_item", **with_table(request, shared_table)) == ("ValidationException", text)


def test_no_write_at_all(refused, shared_table):
    assert refused("batch_write_item", RequestItems={shared_table: []}) == (
        "ValidationException",
        (
            f"{ENVELOPE}Value '{{{shared_table}=[]}}' at 'requestItems' failed to satisfy constraint: "
            "Map value must satisfy constraint: "
            "[Member must have length less than or equal to 25, Member must have length greater than or equal to 1]"
        ),
    )


def test_write_to_a_missing_table_writes_nothing(client, refused, shared_table, key):
    answer = refused("batch_write_item", RequestItems={shared_table: [put(key)], new_name(): [put(key)]})
    assert answer == NO_TABLE
    assert "Item" not in client.get_item(TableName=shared_table, Key=key, ConsistentRead=True)


def test_batch_writer_of_the_resource(resource, shared_table):
    table = resource.Table(shared_table)
    pk = new_name("k")
    with table.batch_writer(overwrite_by_pkeys=["pk", "sk"]) as writer:
        for number in range(60):
            writer.put_item(Item={"pk": pk, "sk": f"{number % 40:03}", "n": number})
        writer.delete_item(Key={"pk": pk, "sk": "000"})
    found = table.query(KeyConditionExpression="pk = :pk", ExpressionAttributeValues={":pk": pk}, ConsistentRead=True)[
        "Items"
    ]
    assert [(item["sk"], item["n"]) for item in found] == [
        (f"{number:03}", number + 40 if number < 20 else number) for number in range(1, 40)
    ]


# --- BatchGetItem ---------------------------------------------------------------------------------


def test_missing_items_are_left_out(client, shared_table, other_table):
    first, second = keys_of(2, new_name("k"))
    client.put_item(TableName=shared_table, Item={**second, "a": {"S": ""}})
    answer = client.batch_get_item(
        RequestItems={
            shared_table: {"Keys": [first, second], "ConsistentRead": True},
            other_table: {"Keys": [{"id": {"N": "404"}}]},
        }
    )
    assert without_metadata(answer) == {
        "Responses": {shared_table: [{**second, "a": {"S": ""}}], other_table: []},
        "UnprocessedKeys": {},
    }


def test_each_table_has_its_projection(client, shared_table, other_table, key):
    client.put_item(TableName=shared_table, Item={**key, "a": {"N": "1"}, "b": {"M": {"c": {"N": "2"}}}})
    client.put_item(TableName=other_table, Item={"id": {"N": "3"}, "a": {"N": "1"}})
    answer = client.batch_get_item(
        RequestItems={
            shared_table: {
                "Keys": [key],
                "ConsistentRead": True,
                "ProjectionExpression": "#b.c",
                "ExpressionAttributeNames": {"#b": "b"},
            },
            other_table: {"Keys": [{"id": {"N": "3.0"}}], "ConsistentRead": True},
        }
    )
    assert answer["Responses"] == {
        shared_table: [{"b": {"M": {"c": {"N": "2"}}}}],
        other_table: [{"id": {"N": "3"}, "a": {"N": "1"}}],
    }


def test_table_arns(client, shared_table, key):
    arn = client.describe_table(TableName=shared_table)["Table"]["TableArn"]
    answer = client.batch_write_item(RequestItems={arn: [put(key)]}, ReturnConsumedCapacity="TOTAL")
    assert answer["ConsumedCapacity"] == [{"TableName": arn, "CapacityUnits": 1.0}]
    answer = client.batch_get_item(RequestItems={arn: {"Keys": [key], "ConsistentRead": True}})
    assert answer["Responses"] == {arn: [key]}


def test_one_hundred_keys(client, refused, shared_table, other_table):
    keys = keys_of(101, new_name("k"))
    answer = client.batch_get_item(RequestItems={shared_table: {"Keys": keys[:100]}})
    assert answer["Responses"] == {shared_table: []}
    assert refused("batch_get_item", RequestItems={shared_table: {"Keys": keys}}) == (
        "ValidationException",
        (
            f"{ENVELOPE}Value at 'RequestItems.{shared_table}.member.Keys' failed to satisfy constraint: "
            "Member must have length less than or equal to 100"
        ),
    )
    blocks = {shared_table: {"Keys": keys[:100]}, other_table: {"Keys": [{"id": {"N": "1"}}]}}
    assert refused("batch_get_item", RequestItems=blocks) == (
        "ValidationException",
        "Too many items requested for the BatchGetItem call",
    )


GET_REFUSALS = {
    "empty map": (
        {"RequestItems": {}},
        ENVELOPE
        + "Value at 'RequestItems' failed to satisfy constraint: Member must have length greater than or equal to 1",
    ),
    "no keys": (
        {"RequestItems": {"TABLE": {"Keys": []}}},
        # behaviour 7.1
        ENVELOPE + "Value at 'RequestItems.TABLE.member.Keys' failed to satisfy constraint: "
        "Member must have length greater than or equal to 1",
    ),
    "keys missing": (
        {"RequestItems": {"TABLE": {}}},
        ENVELOPE
        + "Value null at 'requestItems.TABLE.member.keys' failed to satisfy constraint: Member must not be null",
    ),
    "duplicates": ({"RequestItems": {"TABLE": {"Keys": [keys_of(2, "a")[0], *keys_of(2, "a")]}}}, DUPLICATES),
    "bad projection": (
        {"RequestItems": {"TABLE": {"Keys": keys_of(1, "a"), "ProjectionExpression": "a,"}}},
        'Invalid ProjectionExpression: Syntax error; token: "<EOF>", near: ","',
    ),
    "names without projection": (
        {"RequestItems": {"TABLE": {"Keys": keys_of(1, "a"), "ExpressionAttributeNames": {"#a": "a"}}}},
        "ExpressionAttributeNames can only be specified when using expressions",
    ),
    "unused name": (
        {
            "RequestItems": {
                "TABLE": {
                    "Keys": keys_of(1, "a"),
                    "ProjectionExpression": "b",
                    "ExpressionAttributeNames": {"#a": "a"},
                }
            }
        },
        "Value provided in ExpressionAttributeNames unused in expressions: keys: {#a}",
    ),
    "legacy and expression": (
        {"RequestItems": {"TABLE": {"Keys": keys_of(1, "a"), "ProjectionExpression": "b", "AttributesToGet": ["c"]}}},
        MIXED,
    ),
    "legacy here, expression there": (
        {
            "RequestItems": {
                "TABLE": {"Keys": keys_of(1, "a"), "ProjectionExpression": "b"},
                "absent": {"Keys": keys_of(1, "a"), "AttributesToGet": ["c"]},
            }
        },
        MIXED,
    ),
    "duplicate attribute": (
        {"RequestItems": {"TABLE": {"Keys": keys_of(1, "a"), "AttributesToGet": ["c", "c"]}}},
        "One or more parameter values were invalid: Duplicate value in attribute name: c",
    ),
}


@pytest.mark.parametrize("case", GET_REFUSALS)
def test_get_refusals(refused, shared_table, case):
    request, text = GET_REFUSALS[case]
    answer = refused("batch_get_item", **with_table(request, shared_table))
    assert answer == ("ValidationException", text.replace("TABLE", shared_table))


def test_equal_number_keys_are_duplicates(refused, other_table):
    blocks = {other_table: {"Keys": [{"id": {"N": "1"}}, {"id": {"N": "1e0"}}]}}
    assert refused("batch_get_item", RequestItems=blocks) == ("ValidationException", DUPLICATES)


def test_malformed_table_name_is_joined_with_the_enum(refused, key):
    key_json = f'{{"pk":{{"S":"{key["pk"]["S"]}"}},"sk":{{"S":"s"}}}}'
    code, text = refused("batch_get_item", RequestItems={"a!": {"Keys": [key]}}, ReturnConsumedCapacity="X")
    assert code == "ValidationException"
    assert set(text.removeprefix("2 validation errors detected: ").split("; ")) == {
        (
            "Value 'X' at 'returnConsumedCapacity' failed to satisfy constraint: "
            "Member must satisfy enum value set: [INDEXES, TOTAL, NONE]"
        ),
        (
            f"Value '{{\"a!\":{{\"Keys\":[{key_json}]}}}}' at 'requestItems' failed to satisfy constraint: "
            "Map keys must satisfy constraint: [Member must have length less than or equal to 255, "
            "Member must have length greater than or equal to 3, "
            "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+]"
        ),
    }


def test_malformed_table_name_of_a_write_is_reported_after_the_enum(refused, key):
    request = {"RequestItems": {"a!": [put(key)]}, "ReturnConsumedCapacity": "X"}
    assert refused("batch_write_item", **request) == (
        "ValidationException",
        ENVELOPE + "Value 'X' at 'returnConsumedCapacity' failed to satisfy constraint: "
        "Member must satisfy enum value set: [INDEXES, TOTAL, NONE]",
    )


def test_duplicates_are_reported_before_a_missing_table(refused, shared_table, key):
    blocks = {new_name(): {"Keys": [key]}, shared_table: {"Keys": [key, key]}}
    assert refused("batch_get_item", RequestItems=blocks) == ("ValidationException", DUPLICATES)


@pytest.mark.parametrize("arn_first", [True, False])
def test_a_table_by_name_and_by_arn_is_one(client, refused, shared_table, key, arn_first):
    """The two blocks are merged, and an item in both is returned once (behaviour 7.1)."""
    arn = client.describe_table(TableName=shared_table)["Table"]["TableArn"]
    names = [arn, shared_table] if arn_first else [shared_table, arn]
    others = [{**key, "sk": {"S": sort}} for sort in "xyz"]
    for item in (key, *others):
        client.put_item(TableName=shared_table, Item={**item, "a": {"N": "1"}})
    blocks = ({"Keys": [others[0], key]}, {"Keys": [key, others[1]], "ProjectionExpression": "sk"})
    answer = client.batch_get_item(RequestItems=dict(zip(names, blocks, strict=True)), ReturnConsumedCapacity="TOTAL")
    ((name, items),) = answer["Responses"].items()
    assert name == names[0]
    assert by_sort_key(items) == by_sort_key(
        [{**key, "a": {"N": "1"}}, {**others[0], "a": {"N": "1"}}, {"sk": {"S": "y"}}]
    )
    assert answer["UnprocessedKeys"] == {}
    assert answer["ConsumedCapacity"] == [{"TableName": name, "CapacityUnits": 1.5}]
    only = client.batch_get_item(RequestItems={each: {"Keys": [key]} for each in names})
    assert only["Responses"] == {names[0]: [{**key, "a": {"N": "1"}}]}
    for twice in names:  # a block that has the same key twice is refused
        reads = {each: {"Keys": [key, key] if each == twice else [key]} for each in names}
        assert refused("batch_get_item", RequestItems=reads) == ("ValidationException", DUPLICATES)
    writes = {shared_table: [put(key)], arn: [delete(key)]}
    assert refused("batch_write_item", RequestItems=writes) == ("ValidationException", DUPLICATES)


def test_one_missing_table_fails_the_call(refused, client, shared_table, key):
    client.put_item(TableName=shared_table, Item=key)
    assert (
        refused("batch_get_item", RequestItems={shared_table: {"Keys": [key]}, new_name(): {"Keys": [key]}}) == NO_TABLE
    )


def test_an_answer_over_16_mb_leaves_keys_unprocessed(client, make_table):
    table = make_table()
    keys = keys_of(100, "k")
    filling = 409_600 - len("pk" + "k" + "sk" + "000" + "a")
    for start in range(0, 100, 25):
        writes = [put({**key, "a": {"S": "x" * filling}}) for key in keys[start : start + 25]]
        assert client.batch_write_item(RequestItems={table: writes})["UnprocessedItems"] == {}
    settings = {"ConsistentRead": True, "ProjectionExpression": "#s", "ExpressionAttributeNames": {"#s": "sk"}}
    pending = {table: {"Keys": keys, **settings}}
    pages = []
    while pending:
        answer = client.batch_get_item(RequestItems=pending, ReturnConsumedCapacity="TOTAL")
        found = answer["Responses"][table]
        assert answer["ConsumedCapacity"] == [{"TableName": table, "CapacityUnits": 100.0 * len(found)}]
        pages.append(found)
        pending = answer["UnprocessedKeys"]
        if pending:
            assert {name: value for name, value in pending[table].items() if name != "Keys"} == settings
            assert len(pending[table]["Keys"]) == 100 - sum(map(len, pages))
    assert [len(page) for page in pages] == [40, 40, 20]
    assert by_sort_key(item for page in pages for item in page) == [{"sk": key["sk"]} for key in keys]
