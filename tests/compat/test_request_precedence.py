"""A request with several problems gets the error of the check that comes first.

The checks are about, in this order: types, members, combinations of members, values, expressions,
table, keys, item (behaviour 3.1). Behaviour 4.2 has the order of problems in an expression.
"""

import pytest

from tests.support.tables import new_name

ENVELOPE = "1 validation error detected: "
NO_TABLE = ("ResourceNotFoundException", "Requested resource not found")
FAILED = ("ConditionalCheckFailedException", "The conditional request failed")
VALIDATION = "ValidationException"

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

# A row for each layer of checks, in their order: members that are wrong for it, and its error. The
# test puts the members into a request that has the wrong members of all later layers, too.
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


# --- names or values without an expression are reported before values (behaviour 3.1) -------------

NAMES_ALONE = (VALIDATION, "ExpressionAttributeNames can only be specified when using expressions")
VALUES_ALONE = (VALIDATION, "ExpressionAttributeValues can only be specified when using expressions")


@pytest.mark.parametrize(
    ("members", "answer"),
    [
        ({"ExpressionAttributeNames": {"#a": "a"}}, NAMES_ALONE),
        ({"ExpressionAttributeNames": {}}, NAMES_ALONE),
        ({"ExpressionAttributeValues": {":v": {}}}, VALUES_ALONE),
        ({"ExpressionAttributeNames": {"#a": "a"}, "ExpressionAttributeValues": {":v": {"N": "x"}}}, NAMES_ALONE),
    ],
)
@pytest.mark.parametrize("wrong", [{"pk": {}}, {"pk": {"N": "x"}}, {"pk": {"SS": []}}])
def test_members_without_an_expression_come_before_values(refused, key, members, answer, wrong):
    bare, enveloped = answer, (VALIDATION, ENVELOPE + answer[1])
    table = {"TableName": "missing-table-of-no-one"}
    if "ExpressionAttributeValues" not in members:
        assert refused("get_item", **table, Key=wrong, **members) == bare
        assert refused("batch_get_item", RequestItems={table["TableName"]: {"Keys": [wrong], **members}}) == bare
    of_scan = (VALIDATION, bare[1] + (": FilterExpression is null" if answer is VALUES_ALONE else ""))
    assert refused("scan", **table, ExclusiveStartKey=wrong, **members) == of_scan
    assert refused("delete_item", **table, Key=wrong, **members) == enveloped
    assert refused("update_item", **table, Key=wrong, **members) == enveloped
    assert refused("put_item", **table, Item=wrong, **members) == enveloped


def test_bad_names_come_before_missing_values(refused):
    """A bad name is reported before an empty ExpressionAttributeValues (behaviour 3.6)."""
    answer = refused(
        "scan",
        TableName="missing-table-of-no-one",
        FilterExpression="a = b",
        ExpressionAttributeNames={"a": "a"},
        ExpressionAttributeValues={},
    )
    assert answer == (VALIDATION, 'ExpressionAttributeNames contains invalid key: Syntax error; key: "a"')


# --- values of two types (behaviour 2.1) ----------------------------------------------------------

AMBIGUOUS = (
    "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes"
)
NOT_NUMERIC = "The parameter cannot be converted to a numeric value: abc"
TWO_TYPES = {"S": "a", "N": "abc"}
CONDITION = {"ConditionExpression": "a = :v", "ExpressionAttributeValues": {":v": TWO_TYPES}}
FILTER = {"FilterExpression": "a = :v", "ExpressionAttributeValues": {":v": TWO_TYPES}}
NO_ONES = "missing-table-of-no-one"

# Each row: method, request, error text. A value has two types, and its number is bad.
NUMBERS_FIRST = [
    ("get_item", {"TableName": NO_ONES, "Key": {"pk": TWO_TYPES}}, NOT_NUMERIC),
    ("delete_item", {"TableName": NO_ONES, "Key": {"pk": TWO_TYPES}}, ENVELOPE + NOT_NUMERIC),
    ("delete_item", {"TableName": NO_ONES, "Key": {"pk": {"S": "a"}}, **CONDITION}, ENVELOPE + NOT_NUMERIC),
    ("update_item", {"TableName": NO_ONES, "Key": {"pk": TWO_TYPES}}, ENVELOPE + NOT_NUMERIC),
    (
        "update_item",
        {"TableName": NO_ONES, "Key": {"pk": {"S": "a"}}, "AttributeUpdates": {"a": {"Value": {"L": [TWO_TYPES]}}}},
        ENVELOPE + NOT_NUMERIC,
    ),
    (
        "query",
        {"TableName": NO_ONES, "KeyConditionExpression": "pk = :v", "ExpressionAttributeValues": {":v": TWO_TYPES}},
        NOT_NUMERIC,
    ),
    (
        "scan",
        {"TableName": NO_ONES, **FILTER},
        f"ExpressionAttributeValues contains invalid value: {NOT_NUMERIC} for key :v",
    ),
    ("batch_get_item", {"RequestItems": {NO_ONES: {"Keys": [{"pk": TWO_TYPES}]}}}, NOT_NUMERIC),
    ("batch_write_item", {"RequestItems": {NO_ONES: [{"DeleteRequest": {"Key": {"pk": TWO_TYPES}}}]}}, NOT_NUMERIC),
    ("batch_write_item", {"RequestItems": {NO_ONES: [{"PutRequest": {"Item": {"pk": TWO_TYPES}}}]}}, NOT_NUMERIC),
    # PutItem and transactions report the two types, and not the bad number.
    ("put_item", {"TableName": NO_ONES, "Item": {"pk": TWO_TYPES}}, ENVELOPE + AMBIGUOUS),
    (
        "transact_write_items",
        {"TransactItems": [{"Delete": {"TableName": NO_ONES, "Key": {"pk": TWO_TYPES}}}]},
        AMBIGUOUS,
    ),
]


@pytest.mark.parametrize(("method", "request_", "text"), NUMBERS_FIRST)
def test_a_bad_number_of_two_types(refused, method, request_, text):
    assert refused(method, **request_) == (VALIDATION, text)


# --- the OLD layer checks deeply nested values (behaviour 3.5) ------------------------------------


def inside(maps):
    value = {"S": "leaf"}
    for level in range(maps):
        value = {"M": {"a": value}} if level % 2 else {"L": [value]}
    return value


DEEP_MEMBERS = {
    "values": lambda value: {
        "ConditionExpression": "#d = :x",
        "ExpressionAttributeNames": {"#d": "d"},
        "ExpressionAttributeValues": {":x": value},
    },
    "expected": lambda value: {"Expected": {"a": {"Value": value}}},
    "expected list": lambda value: {"Expected": {"a": {"ComparisonOperator": "EQ", "AttributeValueList": [value]}}},
    "key or item": lambda value: {"Key": {"pk": {"S": "a"}, "d": value}, "Item": {"pk": {"S": "a"}, "d": value}},
}
NEW_RETURN_VALUES = (
    ENVELOPE + "Failed to satisfy constraint: Member must satisfy enum value set: "
    "[ALL_OLD, UPDATED_OLD, ALL_NEW, UPDATE_NEW, NONE]"
)
OLD_RETURN_VALUES = (
    "Value 'BOGUS' at 'returnValues' failed to satisfy constraint: "
    "Member must satisfy enum value set: [ALL_NEW, UPDATED_OLD, ALL_OLD, NONE, UPDATED_NEW]"
)
NOT_ALLOWED = "ReturnValues can only be ALL_OLD or NONE"


@pytest.mark.parametrize("member", DEEP_MEMBERS)
@pytest.mark.parametrize("method", ["put_item", "update_item", "delete_item"])
def test_return_values_beside_deep_values(refused, method, member):
    def send(value, **members):
        own = "Item" if method == "put_item" else "Key"
        request = {"TableName": "missing-table-of-no-one", own: {"pk": {"S": "a"}}, **members}
        deep = DEEP_MEMBERS[member](value)
        return (
            refused(method, **request, **{name: deep[name] for name in deep if name not in ("Key", "Item")})
            if (member != "key or item")
            else refused(method, **{**request, own: deep[own]})
        )

    assert send(inside(40), ReturnValues="BOGUS") == (VALIDATION, NEW_RETURN_VALUES)
    assert send(inside(63), ReturnValues="BOGUS") == (VALIDATION, ENVELOPE + OLD_RETURN_VALUES)
    joined = f"2 validation errors detected: {CAPACITY.removeprefix(ENVELOPE)}; {OLD_RETURN_VALUES}"
    assert send(inside(63), ReturnValues="BOGUS", ReturnConsumedCapacity="X") == (VALIDATION, joined)
    if method != "update_item":
        assert send(inside(40), ReturnValues="ALL_NEW") == (VALIDATION, ENVELOPE + NOT_ALLOWED)
        assert send(inside(63), ReturnValues="ALL_NEW") == (VALIDATION, NOT_ALLOWED)


def test_return_values_beside_deep_attribute_updates(refused):
    request = {"TableName": "missing-table-of-no-one", "Key": {"pk": {"S": "a"}}, "ReturnValues": "BOGUS"}
    for maps, text in ((40, NEW_RETURN_VALUES), (63, ENVELOPE + OLD_RETURN_VALUES)):
        updates = {"a": {"Action": "PUT", "Value": inside(maps)}}
        assert refused("update_item", **request, AttributeUpdates=updates) == (VALIDATION, text)


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


# --- batches --------------------------------------------------------------------------------------

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


# --- one expression with several problems (behaviour 4.2) -----------------------------------------

# A row for each kind of problem, in the order of the checks: a condition, which also has problems
# of later rows, and the error of its first problem.
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
def test_problems_of_a_condition(refused, key, expression, detail):
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
def test_problems_of_an_update(refused, key, expression, detail):
    answer = refused(
        "update_item",
        TableName=new_name(),
        Key=key,
        UpdateExpression=expression,
        ExpressionAttributeNames={"#unused": "a"},
        ExpressionAttributeValues={":n": {"N": "1"}, ":s": {"S": "x"}, ":unused": {"N": "1"}},
    )
    assert answer == (VALIDATION, f"{ENVELOPE}Invalid UpdateExpression: {detail}")
