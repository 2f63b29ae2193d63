"""Which of several problems a request is told: types, members, combinations, values, expressions, table, keys, item.

The layers are those of reference 3.1; the order of an expression's own problems is that of 4.2.
"""

import pytest

from tests.conftest import new_name

ENVELOPE = "1 validation error detected: "
NO_TABLE = ("ResourceNotFoundException", "Requested resource not found")
FAILED = ("ConditionalCheckFailedException", "The conditional request failed")
VALIDATION = "ValidationException"

# Each layer's problem, from the first to the last. A request that has one has all the later ones as well: the problems of
# a layer are members that replace those of a request that is wrong only in the layers after it.
CAPACITY = (
    ENVELOPE + "Value 'X' at 'returnConsumedCapacity' failed to satisfy constraint: "
    "Member must satisfy enum value set: [INDEXES, TOTAL, NONE]"
)
MIXED = (
    "Can not use both expression and non-expression parameters in the same request: "
    "Non-expression parameters: {%s} Expression parameters: {%s}"
)
EMPTY_VALUE = "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"
SYNTAX = 'Syntax error; token: "<EOF>", near: "="'
UNUSED = "Value provided in ExpressionAttributeValues unused in expressions: keys: {:u}"
KEY = "The provided key element does not match the schema"
VALUES = {":v": {"N": "1"}}

UPDATE_LAYERS = [
    ({"ReturnConsumedCapacity": 1}, ("SerializationException", "NUMBER_VALUE cannot be converted to String")),
    ({"ReturnConsumedCapacity": "X"}, (VALIDATION, CAPACITY)),
    ({"Expected": {"a": {}}}, (VALIDATION, ENVELOPE + MIXED % ("Expected", "UpdateExpression, ConditionExpression"))),
    ({"ExpressionAttributeValues": {**VALUES, ":u": {}}}, (VALIDATION, ENVELOPE + EMPTY_VALUE)),
    ({"UpdateExpression": "SET a ="}, (VALIDATION, ENVELOPE + "Invalid UpdateExpression: " + SYNTAX)),
    ({"ConditionExpression": "a ="}, (VALIDATION, ENVELOPE + "Invalid ConditionExpression: " + SYNTAX)),
    ({"ExpressionAttributeValues": {**VALUES, ":u": {"N": "1"}}}, (VALIDATION, ENVELOPE + UNUSED)),
    ({"TableName": "missing-table-of-no-one"}, NO_TABLE),
    ({"Key": {"pk": {"S": "x"}}}, (VALIDATION, KEY)),
    ({"ConditionExpression": "attribute_exists(pk) AND a = :v"}, FAILED),
    (
        {"UpdateExpression": "SET a = b + :v"},
        (VALIDATION, "The provided expression refers to an attribute that does not exist in the item"),
    ),
]


@pytest.mark.parametrize("layer", range(len(UPDATE_LAYERS)))
def test_update_item(refused, shared_table, key, layer):
    request = {
        "TableName": shared_table,
        "Key": key,
        "UpdateExpression": "SET a = :v",
        "ConditionExpression": "attribute_not_exists(pk)",
        "ExpressionAttributeValues": VALUES,
    }
    for members, _ in reversed(UPDATE_LAYERS[layer:]):
        request.update(members)
    assert refused("update_item", **request) == UPDATE_LAYERS[layer][1]


PUT_LAYERS = [
    (
        {"ReturnValues": "X"},
        (
            VALIDATION,
            ENVELOPE + "Failed to satisfy constraint: Member must satisfy enum value set: "
            "[ALL_OLD, UPDATED_OLD, ALL_NEW, UPDATE_NEW, NONE]",
        ),
    ),
    ({"Expected": {"a": {}}}, (VALIDATION, ENVELOPE + MIXED % ("Expected", "ConditionExpression"))),
    ({"ReturnValues": "ALL_NEW"}, (VALIDATION, ENVELOPE + "ReturnValues can only be ALL_OLD or NONE")),
    ({"Item": {"a": {}}}, (VALIDATION, ENVELOPE + EMPTY_VALUE)),
    ({"ConditionExpression": "a ="}, (VALIDATION, ENVELOPE + "Invalid ConditionExpression: " + SYNTAX)),
    ({"TableName": "missing-table-of-no-one"}, NO_TABLE),
    (
        {"Item": {"a": {"N": "1"}}},
        (VALIDATION, "One or more parameter values were invalid: Missing the key pk in the item"),
    ),
    ({"ConditionExpression": "attribute_exists(pk)"}, FAILED),
]


@pytest.mark.parametrize("layer", range(len(PUT_LAYERS)))
def test_put_item(refused, shared_table, key, layer):
    request = {"TableName": shared_table, "Item": key}
    for members, _ in reversed(PUT_LAYERS[layer:]):
        request.update(members)
    assert refused("put_item", **request) == PUT_LAYERS[layer][1]


GET_LAYERS = [
    ({"ConsistentRead": "maybe"}, ("SerializationException", "Unexpected token received from parser")),
    ({"ReturnConsumedCapacity": "X"}, (VALIDATION, CAPACITY)),
    ({"AttributesToGet": ["a", "a"]}, (VALIDATION, MIXED % ("AttributesToGet", "ProjectionExpression"))),
    ({"Key": {"pk": {}}}, (VALIDATION, EMPTY_VALUE)),
    (
        {"ProjectionExpression": "a,"},
        (VALIDATION, 'Invalid ProjectionExpression: Syntax error; token: "<EOF>", near: ","'),
    ),
    ({"TableName": "missing-table-of-no-one"}, NO_TABLE),
    ({"Key": {"pk": {"N": "1"}}}, (VALIDATION, KEY)),
]


@pytest.mark.parametrize("layer", range(len(GET_LAYERS)))
def test_get_item(refused, shared_table, key, layer):
    request = {"TableName": shared_table, "Key": key}
    for members, _ in reversed(GET_LAYERS[layer:]):
        request.update(members)
    assert refused("get_item", **request) == GET_LAYERS[layer][1]


# --- batches --------------------------------------------------------------------------------------------------------

DUPLICATES = (VALIDATION, "Provided list of item keys contains duplicates")


@pytest.mark.parametrize("method", ["batch_get_item", "batch_write_item"])
def test_batches(refused, shared_table, key, method):
    def send(table, keys, **more):
        block = {"Keys": keys} if "get" in method else [{"DeleteRequest": {"Key": each}} for each in keys]
        return refused(method, RequestItems={table: block}, **more)

    missing, wrong = new_name(), {"pk": {"S": "x"}}
    assert send(missing, [key, key, wrong, {"pk": {}}], ReturnConsumedCapacity="X") == (VALIDATION, CAPACITY)
    assert send(missing, [key, key, wrong, {"pk": {}}]) == (VALIDATION, EMPTY_VALUE)
    assert send(missing, [key, wrong]) == NO_TABLE
    assert send(shared_table, [key, wrong]) == (VALIDATION, KEY)
    assert send(shared_table, [key, key]) == DUPLICATES


# --- one expression with several faults (4.2) -----------------------------------------------------------------------

# Conditions, each with a fault of every kind from its own on.
CONDITION_FAULTS = [
    (
        "size = #x AND ((a = :x)) AND now(a) AND size(a) AND attribute_exists(:n) AND a =",
        'Syntax error; token: "<EOF>", near: "="',
    ),
    (
        "size = #x AND ((a = :x)) AND now(a) AND size(a) AND attribute_exists(:n)",
        "The expression has redundant parentheses;",
    ),
    ("size = #x AND now(a) AND size(a) AND attribute_exists(:n)", "Invalid function name; function: now"),
    (
        "size = #x AND size(a) AND attribute_exists(:n)",
        "The function is not allowed to be used this way in an expression; function: size",
    ),
    (
        "a = #x AND attribute_exists(:n) AND status = :n",
        "Attribute name is a reserved keyword; reserved keyword: status",
    ),
    (
        "a = #x AND a = :x AND attribute_exists(:n)",
        "An expression attribute name used in the document path is not defined; attribute name: #x",
    ),
    (
        "a = :x AND a = #x AND attribute_exists(:n)",
        "An expression attribute value used in expression is not defined; attribute value: :x",
    ),
    (
        "contains(a) AND a = a AND begins_with(a, :n)",
        "Incorrect number of operands for operator or function; operator or function: contains, number of operands: 1",
    ),
    (
        "a = a AND begins_with(a, :n)",
        (
            "The first operand must be distinct from the remaining operands for this operator or function; "
            "operator: =, first operand: [a]"
        ),
    ),
    (
        "begins_with(a, :n)",
        "Incorrect operand type for operator or function; operator or function: begins_with, operand type: N",
    ),
]


@pytest.mark.parametrize(("expression", "detail"), CONDITION_FAULTS)
def test_faults_of_a_condition(refused, key, expression, detail):
    answer = refused(
        "delete_item",
        TableName=new_name(),
        Key=key,
        ConditionExpression=expression,
        ExpressionAttributeNames={"#unused": "a"},
        ExpressionAttributeValues={":n": {"N": "1"}, ":unused": {"N": "1"}},
    )
    assert answer == (VALIDATION, f"{ENVELOPE}Invalid ConditionExpression: {detail}")


UPDATE_FAULTS = [
    ("SET a = size(:n), status = :n, #x = :x SET a =", 'Syntax error; token: "<EOF>", near: "="'),
    (
        "SET a = now(b), status = :n SET #x = :x",
        "Attribute name is a reserved keyword; reserved keyword: status",
    ),
    ("SET a = now(b), #x = :x SET b = :x", "Invalid function name; function: now"),
    ("SET a = :x, #x = :n SET a = :n", 'The "SET" section can only be used once in an update expression;'),
    (
        "SET a = :x, #x = :n, a.b = :n",
        "An expression attribute name used in the document path is not defined; attribute name: #x",
    ),
    (
        "SET a = :x, a.b = :n ADD b :s",
        "An expression attribute value used in expression is not defined; attribute value: :x",
    ),
    (
        "SET c.d = :n, c[0] = :n, a = :n, a.b = :n ADD b :s",
        (
            "Two document paths overlap with each other; must remove or rewrite one of these paths; "
            "path one: [a], path two: [a, b]"
        ),
    ),
    (
        "SET c.d = :n, c[0] = :n ADD b :s",
        (
            "Two document paths conflict with each other; must remove or rewrite one of these paths; "
            "path one: [c, d], path two: [c, [0]]"
        ),
    ),
    (
        "SET a = list_append(b, :n) ADD b :s",
        "Incorrect operand type for operator or function; operator: ADD, operand type: STRING",
    ),
    (
        "SET a = list_append(b, :n)",
        "Incorrect operand type for operator or function; operator or function: list_append, operand type: N",
    ),
]


@pytest.mark.parametrize(("expression", "detail"), UPDATE_FAULTS)
def test_faults_of_an_update(refused, key, expression, detail):
    answer = refused(
        "update_item",
        TableName=new_name(),
        Key=key,
        UpdateExpression=expression,
        ExpressionAttributeNames={"#unused": "a"},
        ExpressionAttributeValues={":n": {"N": "1"}, ":s": {"S": "x"}, ":unused": {"N": "1"}},
    )
    assert answer == (VALIDATION, f"{ENVELOPE}Invalid UpdateExpression: {detail}")
