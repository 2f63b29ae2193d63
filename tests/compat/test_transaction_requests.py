"""Errors that TransactWriteItems reports before it reads an item, and their order.

See behaviour 2.1, 3.7 and 8.1. None of these errors is a cancellation; test_transactions.py tests
cancellations.
"""

import json

import pytest

from tests.support.tables import index_request, new_name

ENVELOPE = "1 validation error detected: "
INVALID = "One or more parameter values were invalid: "
NOT_VALID = "One or more parameter values are not valid. "
NESTING = (
    "Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit"
)
EMPTY_NAME = "Empty attribute name"
SYNTAX = 'Syntax error; token: "<EOF>", near: "="'
TOO_LARGE = "Item size has exceeded the maximum allowed size"
DUPLICATES = "Transaction request cannot include multiple operations on one item"
NO_TABLE = ("ResourceNotFoundException", "Requested resource not found")
NO_ACTION = "Invalid Request: TransactWriteRequest should contain Delete or Put or Update request"
KINDS = ("Put", "Update", "Delete", "ConditionCheck")


def empty_key(kind, name):
    return f"{NOT_VALID}The AttributeValue for a key attribute cannot contain an empty {kind} value. Key: {name}"


def deep(levels):
    value = {"S": "x"}
    for _ in range(levels):
        value = {"M": {"m": value}}
    return value


def action(kind, table, key, **extra):
    """Return an action of this kind, which is valid unless `extra` adds or replaces members."""
    body = {"TableName": table, "Item" if kind == "Put" else "Key": key}
    if kind == "Update":
        body["UpdateExpression"] = "REMOVE a"
    if kind == "ConditionCheck":
        body["ConditionExpression"] = "attribute_not_exists(pk)"
    return {kind: body | extra}


@pytest.fixture
def refuse(refused):
    """refuse(*actions, **members) returns the message of a ValidationException."""

    def send(*actions, **members):
        code, message = refused("transact_write_items", TransactItems=list(actions), **members)
        assert code == "ValidationException", message
        return message

    return send


# --- errors in one action -------------------------------------------------------------------------

EXPRESSIONS = {
    "empty condition": ({"ConditionExpression": ""}, "Invalid ConditionExpression: The expression can not be empty;"),
    "syntax": ({"ConditionExpression": "a ="}, f"Invalid ConditionExpression: {SYNTAX}"),
    "size": (
        {"ConditionExpression": "attribute_exists(" + "a" * 4079 + ")"},
        ("Invalid ConditionExpression: Expression size has exceeded the maximum allowed size; expression size: 4097"),
    ),
    "reserved word": (
        {"ConditionExpression": "attribute_exists(name)"},
        "Invalid ConditionExpression: Attribute name is a reserved keyword; reserved keyword: name",
    ),
    "undefined name": (
        {"ConditionExpression": "attribute_exists(#a)"},
        (
            "Invalid ConditionExpression: An expression attribute name used in the document path is not defined; "
            "attribute name: #a"
        ),
    ),
    "undefined value": (
        {"ConditionExpression": "a = :a"},
        (
            "Invalid ConditionExpression: An expression attribute value used in expression is not defined; "
            "attribute value: :a"
        ),
    ),
    "unused name": (
        {"ConditionExpression": "attribute_exists(a)", "ExpressionAttributeNames": {"#a": "a"}},
        "Value provided in ExpressionAttributeNames unused in expressions: keys: {#a}",
    ),
    "unused value": (
        {"ConditionExpression": "attribute_exists(a)", "ExpressionAttributeValues": {":a": {"S": "x"}}},
        "Value provided in ExpressionAttributeValues unused in expressions: keys: {:a}",
    ),
    "empty names": (
        {"ConditionExpression": "attribute_exists(a)", "ExpressionAttributeNames": {}},
        "ExpressionAttributeNames must not be empty",
    ),
    "malformed name": (
        {"ConditionExpression": "attribute_exists(a)", "ExpressionAttributeNames": {"a": "a"}},
        'ExpressionAttributeNames contains invalid key: Syntax error; key: "a"',
    ),
    "operand type": (
        {"ConditionExpression": "begins_with(a, :n)", "ExpressionAttributeValues": {":n": {"N": "1"}}},
        (
            "Invalid ConditionExpression: Incorrect operand type for operator or function; "
            "operator or function: begins_with, operand type: N"
        ),
    ),
}
VALUES = {
    "no type": ({}, "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"),
    "two types": (
        {"S": "a", "N": "1"},
        "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes",
    ),
    "false null": ({"NULL": False}, INVALID + "Null attribute value types must have the value of true"),
    "no number": ({"N": "one"}, "The parameter cannot be converted to a numeric value: one"),
    "empty number": ({"N": ""}, "The parameter cannot be converted to a numeric value"),
    "large number": (
        {"N": "1e126"},
        "Number overflow. Attempting to store a number with magnitude larger than supported range",
    ),
    "small number": (
        {"N": "1e-131"},
        "Number underflow. Attempting to store a number with magnitude smaller than supported range",
    ),
    "wrapping exponent": (
        {"N": "1e2147483647"},
        "Number underflow. Attempting to store a number with magnitude smaller than supported range",
    ),
    "long number": ({"N": "1" * 39}, "Attempting to store more than 38 significant digits in a Number"),
    "nested number": ({"L": [{"N": "x"}]}, "The parameter cannot be converted to a numeric value: x"),
    "number in a set": ({"NS": ["1", "y"]}, "The parameter cannot be converted to a numeric value: y"),
    "empty string set": ({"SS": []}, INVALID + "An string set  may not be empty"),
    "empty number set": ({"NS": []}, INVALID + "An number set  may not be empty"),
    "empty binary set": ({"BS": []}, INVALID + "Binary sets should not be empty"),
    "repeated string": ({"SS": ["b", "a", "b"]}, INVALID + "Input collection [b, a, b] contains duplicates."),
    "repeated number": ({"NS": ["1", "1.0"]}, "Input collection contains duplicates"),
    "repeated bytes": (
        {"BS": [b"\xff", b"\x00", b"\x00"]},
        INVALID + "Input collection [/w==, AA==, AA==]of type BS contains duplicates.",
    ),
}
ITEMS = {
    "too deep": ({"a": deep(32)}, NESTING),
    "empty name": ({"": {"S": "x"}}, EMPTY_NAME),
    "empty name of an entry": ({"a": {"M": {"": {"S": "x"}}}}, EMPTY_NAME),
    "empty name beats depth": ({"a": deep(32), "": {"S": "x"}}, EMPTY_NAME),
    "depth beats empty entry": ({"a": {"M": {"": {"S": "x"}}}, "b": deep(32)}, NESTING),
    "long name": ({"x" * 65_536: {"S": ""}}, "65535"),
}


def with_condition(kind, extra):
    """Return a function that makes an action with these members, such as an expression."""
    return lambda table, key: action(kind, table, key, **extra)


CASES = {
    **{
        f"{kind} {name}": (with_condition(kind, extra), message)
        for kind in KINDS
        for name, (extra, message) in EXPRESSIONS.items()
    },
    **{
        f"Put {name}": (lambda table, key, value=value: action("Put", table, {**key, "a": value}), message)
        for name, (value, message) in VALUES.items()
    },
    **{
        f"Delete key {name}": (lambda table, key, value=value: action("Delete", table, key | {"sk": value}), message)
        for name, (value, message) in VALUES.items()
    },
    **{
        f"{kind} value {name}": (
            with_condition(kind, {"ConditionExpression": "a = :v", "ExpressionAttributeValues": {":v": value}}),
            f"ExpressionAttributeValues contains invalid value: {message} for key :v",
        )
        for kind in ("Put", "Update")
        for name, (value, message) in VALUES.items()
    },
    **{
        f"Put {name}": (lambda table, key, extra=extra: action("Put", table, {**key, **extra}), message)
        for name, (extra, message) in ITEMS.items()
    },
    "Update syntax": (
        with_condition("Update", {"UpdateExpression": "SET a ="}),
        f"Invalid UpdateExpression: {SYNTAX}",
    ),
    "Update size": (
        with_condition("Update", {"UpdateExpression": "REMOVE " + "a" * 4090}),
        "Invalid UpdateExpression: Expression size has exceeded the maximum allowed size;",
    ),
    "Update overlap": (
        with_condition("Update", {"UpdateExpression": "REMOVE a, a.b"}),
        (
            "Invalid UpdateExpression: Two document paths overlap with each other; "
            "must remove or rewrite one of these paths; path one: [a], path two: [a, b]"
        ),
    ),
    "Update operand": (
        with_condition("Update", {"UpdateExpression": "ADD a :v", "ExpressionAttributeValues": {":v": {"S": "x"}}}),
        (
            "Invalid UpdateExpression: Incorrect operand type for operator or function; "
            "operator: ADD, operand type: STRING"
        ),
    ),
    "Update before condition": (
        with_condition("Update", {"UpdateExpression": "SET a =", "ConditionExpression": ""}),
        f"Invalid UpdateExpression: {SYNTAX}",
    ),
    "Put too large": (lambda table, key: action("Put", table, {**key, "a": {"S": "x" * 409_600}}), TOO_LARGE),
    "Update values too large": (
        with_condition(
            "Update",
            {
                "UpdateExpression": "SET a = :a, b = :b",
                "ExpressionAttributeValues": {":a": {"S": "x" * 1_048_577}, ":b": {"S": "x" * 1_048_576}},
            },
        ),
        "ExpressionAttributeValues size has exceeded the maximum allowed size",
    ),
    "two kinds": (
        lambda table, key: action("Put", table, key) | action("Delete", table, key),
        "TransactItems can only contain one of Check, Put, Update or Delete",
    ),
    "no kind": (lambda _table, _key: {}, NO_ACTION),
    **{
        f"too deep: {kind} {levels}": (
            with_condition(
                kind, {"ConditionExpression": "NOT a = :v", "ExpressionAttributeValues": {":v": deep(levels)}}
            ),
            f"ExpressionAttributeValues contains invalid value: {NESTING} for key :v",
        )
        for kind in KINDS
        for levels in (33, 40, 100)
    },
    "too deep: written": (
        with_condition("Update", {"UpdateExpression": "SET a = :v", "ExpressionAttributeValues": {":v": deep(40)}}),
        f"ExpressionAttributeValues contains invalid value: {NESTING} for key :v",
    ),
    "too deep: list": (
        with_condition(
            "Update", {"UpdateExpression": "SET a = :v", "ExpressionAttributeValues": {":v": {"L": [deep(39)]}}}
        ),
        f"ExpressionAttributeValues contains invalid value: {NESTING} for key :v",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_errors_in_an_action_are_refused(client, refuse, shared_table, key, case):
    """The error of the wrong action is reported first.

    Other actions have a missing table, a wrong key, a failing condition, or the same item.
    """
    make, message = CASES[case]
    same = action("Put", shared_table, {**key, "sk": {"S": "same"}})
    others = [
        action("ConditionCheck", shared_table, key, ConditionExpression="attribute_exists(pk)"),
        action("Delete", new_name(), key),
        action("Delete", shared_table, {"pk": {"S": "no sort key"}}),
        same,
        same,
    ]
    reported = refuse(*others, make(shared_table, {**key, "sk": {"S": "wrong"}}))
    assert (message in reported) if message == "65535" else (reported == message)
    assert "Item" not in client.get_item(TableName=shared_table, Key=same["Put"]["Item"], ConsistentRead=True)


def test_names_and_values_may_come_without_an_expression(client, shared_table, key):
    names, values = {"#a": "a"}, {":a": {"S": "x"}}
    extra = {"ExpressionAttributeNames": names, "ExpressionAttributeValues": values}
    actions = [
        action("Put", shared_table, {**key, "sk": {"S": "put"}}, **extra),
        action("Delete", shared_table, {**key, "sk": {"S": "deleted"}}, **extra),
    ]
    client.transact_write_items(TransactItems=actions)
    read = {"TableName": shared_table, "Key": {**key, "sk": {"S": "put"}}, "ExpressionAttributeNames": names}
    answer = client.transact_get_items(TransactItems=[{"Get": read}])
    assert answer["Responses"] == [{"Item": {**key, "sk": {"S": "put"}}}]


def test_actions_are_checked_in_request_order(refuse, shared_table, key):
    wrong = {
        NESTING: action("Put", shared_table, {**key, "a": deep(32)}),
        f"Invalid ConditionExpression: {SYNTAX}": action("Delete", shared_table, key, ConditionExpression="a ="),
        TOO_LARGE: action("Put", shared_table, {**key, "a": {"S": "x" * 409_600}}),
        NO_ACTION: {},
        f"ExpressionAttributeValues contains invalid value: {NESTING} for key :d": action(
            "ConditionCheck",
            new_name(),
            key,
            ConditionExpression="NOT a = :d",
            ExpressionAttributeValues={":d": deep(40)},
        ),
        "ExpressionAttributeValues contains invalid value: Input collection contains duplicates for key :v": action(
            "Update",
            shared_table,
            key,
            UpdateExpression="SET a = :v",
            ExpressionAttributeValues={":v": {"NS": ["1", "1"]}},
        ),
        "The parameter cannot be converted to a numeric value: x": action("Delete", shared_table, {"pk": {"N": "x"}}),
        empty_key("string", "pk"): action("Delete", shared_table, key | {"pk": {"S": ""}}),
    }
    messages = list(wrong)
    for first, message in enumerate(messages):
        rotated = messages[first:] + messages[:first]
        assert refuse(*(wrong[each] for each in rotated)) == message


def test_an_expression_is_reported_before_a_deep_key(refuse, shared_table, key):
    """If one action has both errors, that of the expression is reported (behaviour 3.7)."""
    wrong = key | {"sk": deep(32)}
    assert refuse(action("Delete", shared_table, wrong)) == NESTING
    reported = refuse(action("Delete", shared_table, wrong, ConditionExpression="a ="))
    assert reported == f"Invalid ConditionExpression: {SYNTAX}"
    reported = refuse(action("Update", shared_table, wrong, UpdateExpression="REMOVE " + "a" * 4090))
    assert reported == "Invalid UpdateExpression: Expression size has exceeded the maximum allowed size;"


@pytest.mark.parametrize("kind", KINDS)
def test_values_that_are_compared_may_be_deep(client, shared_table, key, kind):
    """A condition may have a value that is too deep to be stored (behaviour 3.7)."""
    extra = {"ConditionExpression": "NOT a = :v", "ExpressionAttributeValues": {":v": deep(32)}}
    client.transact_write_items(TransactItems=[action(kind, shared_table, key, **extra)])


# --- keys -----------------------------------------------------------------------------------------

EMPTY = {
    "pk": ({"pk": {"S": ""}}, empty_key("string", "pk")),
    "sk": ({"sk": {"S": ""}}, empty_key("string", "sk")),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("case", EMPTY)
def test_empty_key_value_is_refused(refuse, shared_table, key, case, kind):
    """An empty key value is reported before two actions on one item and before other wrong keys."""
    wrong, message = EMPTY[case]
    same = action("Delete", shared_table, {**key, "sk": {"S": "same"}})
    wrong_key = action("Delete", shared_table, {"pk": {"N": "1"}})
    assert refuse(same, wrong_key, same, action(kind, shared_table, key | wrong)) == message


def test_empty_binary_key_value_is_refused(refuse, make_table):
    table = make_table("b:B")
    assert refuse(action("Delete", table, {"b": {"B": b""}})) == empty_key("binary", "b")
    assert refuse(action("Put", table, {"b": {"B": b""}})) == empty_key("binary", "b")


@pytest.mark.parametrize("kind", KINDS[1:])
def test_empty_key_value_comes_before_the_table(refuse, key, kind):
    assert refuse(action(kind, new_name(), key | {"sk": {"S": ""}})) == empty_key("string", "sk")


def test_empty_index_key_value_is_refused(refuse, make_table):
    table = make_table("id:S", define="g:S", GlobalSecondaryIndexes=[index_request("global", "g")])
    message = (
        f"{NOT_VALID}A value specified for a secondary index key is not supported. "
        "The AttributeValue for a key attribute cannot contain an empty string value. IndexName: global, IndexKey: g"
    )
    assert refuse(action("Put", table, {"id": {"S": "1"}, "g": {"S": ""}})) == message


UPDATES_TO_EMPTY = {
    "value": ("SET g = :s", "string"),
    "among others": ("SET a = :x, g = :s REMOVE c", "string"),
    "binary": ("SET b = :b", "binary"),
    "default": ("SET g = if_not_exists(absent, :s)", "string"),
    "found in the item": ("SET g = blank", "string"),
    "local": ("SET l = :s", "string"),
}


@pytest.fixture(scope="module")
def indexed(make_shared_table):
    return make_shared_table(
        define="g:S b:B l:S",
        GlobalSecondaryIndexes=[index_request("global", "g"), index_request("binary", "b")],
        LocalSecondaryIndexes=[index_request("local", "pk l")],
    )


@pytest.mark.parametrize("case", UPDATES_TO_EMPTY)
def test_an_update_of_an_index_key_to_an_empty_value_is_refused(client, refused, refuse, indexed, key, case):
    """The error is not a cancellation, even if other actions would cancel (behaviour 8.1)."""
    expression, kind = UPDATES_TO_EMPTY[case]
    message = (
        f"{NOT_VALID}The update expression attempted to update a secondary index key to a value that is not supported. "
        f"The AttributeValue for a key attribute cannot contain an empty {kind} value."
    )
    item = {**key, "blank": {"S": ""}, "g": {"S": "g"}}
    client.put_item(TableName=indexed, Item=item)
    values = {":s": {"S": ""}, ":b": {"B": b""}, ":x": {"S": "x"}}
    used = {name: value for name, value in values.items() if name in expression}
    members = {"UpdateExpression": expression} | ({"ExpressionAttributeValues": used} if used else {})
    update = action("Update", indexed, key, **members)
    other = {**key, "sk": {"S": "other"}}
    failing = action("ConditionCheck", indexed, other, ConditionExpression="attribute_exists(pk)")
    incapable = action("Update", indexed, {**key, "sk": {"S": "third"}}, UpdateExpression="SET a = absent")
    assert refuse(update) == message
    assert refuse(failing, incapable, update) == message
    assert refuse(update, incapable, failing) == message
    # In all other cases the error does not depend on the item, so it is reported before wrong keys
    # and failing conditions.
    if case not in ("default", "found in the item"):
        wrong = action("Delete", indexed, {"pk": {"N": "1"}})
        assert refuse(failing, wrong, update, failing) == message
        guarded = action("Update", indexed, key, **members, ConditionExpression="attribute_not_exists(pk)")
        assert refuse(guarded) == message
        single = {"TableName": indexed, "Key": key, **members, "ConditionExpression": "attribute_not_exists(pk)"}
        assert refused("update_item", **single) == ("ValidationException", message)
    assert client.get_item(TableName=indexed, Key=key, ConsistentRead=True)["Item"] == item


def test_a_statement_that_updates_an_index_key_to_an_empty_value(client, refused, indexed, key):
    client.put_item(TableName=indexed, Item=key)
    text = f"UPDATE \"{indexed}\" SET g = '' WHERE pk = '{key['pk']['S']}' AND sk = 's'"
    code, message = refused("execute_transaction", TransactStatements=[{"Statement": text}])
    assert (code, message.endswith("cannot contain an empty string value.")) == ("ValidationException", True)


# --- tables, duplicates ---------------------------------------------------------------------------


def test_missing_table(refused, shared_table, key):
    """A missing table is reported before repeated items, wrong keys and failing conditions."""
    same = action("Put", shared_table, key)
    failing = action(
        "ConditionCheck", shared_table, key | {"sk": {"S": "b"}}, ConditionExpression="attribute_exists(pk)"
    )
    actions = [failing, same, same, action("Delete", shared_table, {}), action("Delete", new_name(), key)]
    assert refused("transact_write_items", TransactItems=actions) == NO_TABLE


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("other", KINDS)
def test_two_actions_on_one_item(refuse, shared_table, key, kind, other):
    """Two actions on one item are reported before wrong keys and failing conditions."""
    failing = action(
        "ConditionCheck", shared_table, key | {"sk": {"S": "b"}}, ConditionExpression="attribute_exists(pk)"
    )
    wrong = action("Delete", shared_table, {"pk": {"N": "1"}})
    first, second = action(kind, shared_table, key), action(other, shared_table, key)
    assert refuse(wrong, first, failing, second) == DUPLICATES


def test_equal_keys_that_are_written_differently(client, refuse, make_table):
    """Two actions on one item are found even if they write its number or table differently."""
    table = make_table("id:N")
    arn = client.describe_table(TableName=table)["Table"]["TableArn"]
    first = action("Put", table, {"id": {"N": "10"}})
    assert refuse(first, action("Delete", table, {"id": {"N": "1e1"}})) == DUPLICATES
    assert refuse(first, action("Delete", arn, {"id": {"N": "10.0"}})) == DUPLICATES


def test_the_same_key_in_two_tables(client, make_table):
    tables = [make_table("id:N"), make_table("id:N")]
    client.transact_write_items(TransactItems=[action("Put", table, {"id": {"N": "1"}}) for table in tables])
    assert all(client.scan(TableName=table, ConsistentRead=True)["Count"] == 1 for table in tables)


# --- sizes ----------------------------------------------------------------------------------------


def put_of(table, number, size):
    """Return a Put of an item with this number as id and this size in bytes."""
    return action("Put", table, {"id": {"S": f"{number:02}"}, "a": {"S": "x" * (size - 5)}})


@pytest.fixture
def ids(make_table):
    return make_table("id:S")


def test_largest_items(client, refuse, ids):
    """Each item may have 409,600 bytes, and all items of a transaction 4 MB together."""
    rest = (4 << 20) - 10 * 409_600
    actions = [put_of(ids, number, 409_600) for number in range(10)]
    assert "size cannot exceed" in refuse(*actions, put_of(ids, 10, rest + 1))
    client.transact_write_items(TransactItems=[*actions, put_of(ids, 10, rest)])
    found = client.get_item(TableName=ids, Key={"id": {"S": "09"}}, ConsistentRead=True)["Item"]
    assert found == actions[9]["Put"]["Item"]


def test_more_than_four_megabytes(client, refuse, ids):
    actions = [put_of(ids, number, 409_600) for number in range(11)]
    assert "size cannot exceed" in refuse(*actions)
    assert client.scan(TableName=ids, ConsistentRead=True)["Count"] == 0


def test_stored_items_do_not_count_towards_four_megabytes(client, ids):
    for number in range(11):
        client.put_item(TableName=ids, Item=put_of(ids, number, 409_600)["Put"]["Item"])
    keys = [{"id": {"S": f"{number:02}"}} for number in range(11)]
    updates = [action("Update", ids, key, UpdateExpression="REMOVE b") for key in keys]
    client.transact_write_items(TransactItems=updates)
    client.transact_write_items(TransactItems=[action("Delete", ids, key) for key in keys])
    assert client.scan(TableName=ids, ConsistentRead=True)["Count"] == 0


# --- members --------------------------------------------------------------------------------------


def test_number_of_actions(refuse, shared_table, key):
    least = "Member must have length greater than or equal to 1"
    assert refuse() == f"{ENVELOPE}Value '[]' at 'transactItems' failed to satisfy constraint: {least}"
    reported = refuse(*([action("Delete", shared_table, key)] * 101))
    most = "Member must have length less than or equal to 100"
    assert reported.startswith(f"{ENVELOPE}Value '[TransactWriteItem(")
    assert reported.endswith(f"]' at 'transactItems' failed to satisfy constraint: {most}")


@pytest.mark.parametrize("kind", KINDS)
def test_mode_of_failed_conditions(refuse, shared_table, key, kind):
    """A wrong ReturnValuesOnConditionCheckFailure is reported before errors of other actions."""
    wrong = action(kind, shared_table, key, ReturnValuesOnConditionCheckFailure="ALL_NEW")
    path = f"transactItems.2.member.{kind[0].lower()}{kind[1:]}.returnValuesOnConditionCheckFailure"
    reported = refuse(action("Delete", new_name(), key), wrong, action("Delete", shared_table, key))
    assert reported == (
        f"{ENVELOPE}Value 'ALL_NEW' at '{path}' failed to satisfy constraint: "
        "Member must satisfy enum value set: [ALL_OLD, NONE]"
    )


MISSING = {
    "Put": ("item", "Item"),
    "Update": ("updateExpression", "UpdateExpression"),
    "Delete": ("key", "Key"),
    "ConditionCheck": ("conditionExpression", "ConditionExpression"),
}


@pytest.mark.parametrize("kind", MISSING)
def test_required_members_of_an_action(refuse, shared_table, key, kind):
    path, member = MISSING[kind]
    wrong = action(kind, shared_table, key)
    del wrong[kind][member]
    reported = refuse(action("Put", shared_table, key), wrong)
    where = f"transactItems.2.member.{kind[0].lower()}{kind[1:]}.{path}"
    assert reported == f"{ENVELOPE}Value null at '{where}' failed to satisfy constraint: Member must not be null"


def test_members_are_reported_together(refuse, shared_table, key):
    reported = refuse(
        action("Put", shared_table, key),
        ReturnConsumedCapacity="SOME",
        ReturnItemCollectionMetrics="ALL",
    )
    assert reported == (
        "2 validation errors detected: Value 'SOME' at 'returnConsumedCapacity' failed to satisfy constraint: "
        "Member must satisfy enum value set: [INDEXES, TOTAL, NONE]; "
        "Value 'ALL' at 'returnItemCollectionMetrics' failed to satisfy constraint: "
        "Member must satisfy enum value set: [SIZE, NONE]"
    )


def test_long_token_comes_first(refuse, key):
    """A too long token is reported first. Only the OLD layer also reports other wrong members."""
    token = "t" * 37
    most = "failed to satisfy constraint: Member must have length less than or equal to 36"
    older, newer = f"Value '{token}' at 'clientRequestToken' {most}", f"Value at 'ClientRequestToken' {most}"
    assert refuse({}, ClientRequestToken=token) in (ENVELOPE + older, ENVELOPE + newer)
    reported = refuse(action("Delete", new_name(), key), ClientRequestToken=token, ReturnConsumedCapacity="SOME")
    assert reported == ENVELOPE + newer or reported.startswith(f"2 validation errors detected: {older}; ")


def test_empty_token(refuse, shared_table, key):
    reported = refuse(action("Delete", shared_table, key), ClientRequestToken="")
    least = "failed to satisfy constraint: Member must have length greater than or equal to 1"
    assert reported in (
        f"{ENVELOPE}Value '' at 'clientRequestToken' {least}",
        f"{ENVELOPE}Value at 'ClientRequestToken' {least}",
    )


@pytest.mark.parametrize("kind", KINDS)
def test_depth_without_a_limit(post, shared_table, key, kind):
    """Even values of 300 levels get the usual nesting error, with and without a token."""
    value = '{"L":[' * 300 + '{"N":"1"}' + "]}" * 300
    extra = {"ConditionExpression": "NOT a = :v", "ExpressionAttributeValues": {":v": "DEEP"}}
    body = json.dumps({"TransactItems": [action(kind, shared_table, key, **extra)], "ClientRequestToken": new_name()})
    answer = post("TransactWriteItems", body.replace('"DEEP"', value).encode())
    wrapped = f"ExpressionAttributeValues contains invalid value: {NESTING} for key :v"
    assert (answer.status, answer.json["message"]) == (400, wrapped)
    wrong = action(kind, shared_table, key | {"sk": "DEEP"})
    answer = post("TransactWriteItems", json.dumps({"TransactItems": [wrong]}).replace('"DEEP"', value).encode())
    assert (answer.status, answer.json["message"]) == (400, NESTING)
