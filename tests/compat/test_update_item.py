"""UpdateItem: the effects of each clause, the answer for each ReturnValues, and errors.

See behaviour 3.5, 3.6, 4.5 and 4.6."""

import pytest

from tests.support.http_clients import without_metadata
from tests.support.tables import new_name

ENVELOPE = "1 validation error detected: "
PATH = "The document path provided in the update expression is invalid for update"
MISSING = "The provided expression refers to an attribute that does not exist in the item"
TYPE = "An operand in the update expression has an incorrect data type"
OVERFLOW = "Number overflow. Attempting to store a number with magnitude larger than supported range"
UNDERFLOW = "Number underflow. Attempting to store a number with magnitude smaller than supported range"


def number(text):
    return {"N": text}


def string(text):
    return {"S": text}


def numbers(*texts):
    return {"L": [{"N": text} for text in texts]}


def update(client, table, key, expression, values=None, names=None, **more):
    request = {"TableName": table, "Key": key, **more}
    if expression is not None:
        request["UpdateExpression"] = expression
    if values is not None:
        request["ExpressionAttributeValues"] = values
    if names is not None:
        request["ExpressionAttributeNames"] = names
    return without_metadata(client.update_item(**request))


def read(client, table, key):
    return client.get_item(TableName=table, Key=key, ConsistentRead=True).get("Item")


ITEM = {
    "n": number("5"),
    "s": string("text"),
    "l": numbers("0", "1", "2", "3"),
    "m": {"M": {"x": number("1"), "in": {"M": {"y": string("deep")}}}},
    "ss": {"SS": ["a", "b"]},
    "ns": {"NS": ["1", "2"]},
    "bs": {"BS": [b"\x01", b"\x02"]},
}
GONE = None

# case: (expression, values, new values of the attributes that change; GONE: it is removed)
CHANGES = {
    "set": ("SET a = :v", {":v": string("new")}, {"a": string("new")}),
    "set replaces another type": ("SET n = :v", {":v": {"L": []}}, {"n": {"L": []}}),
    "set copies": ("SET a = m.x", None, {"a": number("1")}),
    "set sees the old values": ("SET n = s, s = n", None, {"n": string("text"), "s": number("5")}),
    "set of old value removed beside": ("SET a = n REMOVE n", None, {"a": number("5"), "n": GONE}),
    "set plus": ("SET n = n + :v", {":v": number("0.5")}, {"n": number("5.5")}),
    "set minus": ("SET n = :v - n", {":v": number("1")}, {"n": number("-4")}),
    "set plus of two values": ("SET a = :v + :w", {":v": number("1"), ":w": number("2")}, {"a": number("3")}),
    "set 38 digits": ("SET a = n + :v", {":v": number("1e37")}, {"a": number("1" + "0" * 36 + "5")}),
    "if_not_exists, there": ("SET n = if_not_exists(n, :v)", {":v": number("9")}, {"n": number("5")}),
    "if_not_exists, not there": ("SET a = if_not_exists(a, :v)", {":v": number("9")}, {"a": number("9")}),
    "counter from nothing": (
        "SET a = if_not_exists(a, :zero) + :one",
        {":zero": number("0"), ":one": number("1")},
        {"a": number("1")},
    ),
    "list_append": ("SET l = list_append(l, :v)", {":v": numbers("9")}, {"l": numbers("0", "1", "2", "3", "9")}),
    "list_append in front": (
        "SET l = list_append(:v, l)",
        {":v": numbers("9")},
        {"l": numbers("9", "0", "1", "2", "3")},
    ),
    "list_append to nothing": (
        "SET a = list_append(if_not_exists(a, :none), :v)",
        {":none": {"L": []}, ":v": numbers("9")},
        {"a": numbers("9")},
    ),
    "nested set": (
        "SET m.#in.y = :v",
        {":v": number("2")},
        {"m": {"M": {"x": number("1"), "in": {"M": {"y": number("2")}}}}},
    ),
    "new entry": ("SET m.z = :v", {":v": number("2")}, {"m": {"M": {**ITEM["m"]["M"], "z": number("2")}}}),
    "element": ("SET l[1] = :v", {":v": number("9")}, {"l": numbers("0", "9", "2", "3")}),
    "elements past the end are appended in order": (
        "SET l[20] = :v, l[10] = :w",
        {":v": number("20"), ":w": number("10")},
        {"l": numbers("0", "1", "2", "3", "10", "20")},
    ),
    "remove": ("REMOVE n, s", None, {"n": GONE, "s": GONE}),
    "remove nothing": ("REMOVE a, m.a, l[9]", None, {}),
    "remove entry": ("REMOVE m.x", None, {"m": {"M": {"in": ITEM["m"]["M"]["in"]}}}),
    "remove the last entry": ("REMOVE m.#in.y", None, {"m": {"M": {"x": number("1"), "in": {"M": {}}}}}),
    "remove elements by their old places": ("REMOVE l[0], l[2]", None, {"l": numbers("1", "3")}),
    "remove and set elements": (
        "REMOVE l[0] SET l[1] = :v, l[7] = :w",
        {":v": number("9"), ":w": number("7")},
        {"l": numbers("9", "2", "3", "7")},
    ),
    "add number": ("ADD n :v", {":v": number("-7")}, {"n": number("-2")}),
    "add number to nothing": ("ADD a :v", {":v": number("3")}, {"a": number("3")}),
    "add nested": (
        "ADD m.x :v, m.z :v",
        {":v": number("3")},
        {"m": {"M": {**ITEM["m"]["M"], "x": number("4"), "z": number("3")}}},
    ),
    "add to an element": ("ADD l[1] :v", {":v": number("3")}, {"l": numbers("0", "4", "2", "3")}),
    "add strings": ("ADD ss :v", {":v": {"SS": ["b", "c"]}}, {"ss": {"SS": ["a", "b", "c"]}}),
    "add numbers": ("ADD ns :v", {":v": {"NS": ["1.0", "3"]}}, {"ns": {"NS": ["1", "2", "3"]}}),
    "add binaries": ("ADD bs :v", {":v": {"BS": [b"\x03"]}}, {"bs": {"BS": [b"\x01", b"\x02", b"\x03"]}}),
    "add set to nothing": ("ADD a :v", {":v": {"SS": ["z"]}}, {"a": {"SS": ["z"]}}),
    "delete members": ("DELETE ss :v", {":v": {"SS": ["b", "z"]}}, {"ss": {"SS": ["a"]}}),
    "delete numbers": ("DELETE ns :v", {":v": {"NS": ["1.00"]}}, {"ns": {"NS": ["2"]}}),
    "delete all members": ("DELETE bs :v", {":v": {"BS": [b"\x01", b"\x02"]}}, {"bs": GONE}),
    "delete from nothing": ("DELETE a :v", {":v": {"SS": ["b"]}}, {}),
    "all sections, any case, any order": (
        "delete ss :b add n :one remove s set a = :one",
        {":b": {"SS": ["b"]}, ":one": number("1")},
        {"ss": {"SS": ["a"]}, "n": number("6"), "s": GONE, "a": number("1")},
    ),
    "parentheses": ("SET a = (n) + (:v)", {":v": number("1")}, {"a": number("6")}),
}


def in_order(item):
    return {
        name: {tag: sorted(content) if tag in ("SS", "NS", "BS") else content for tag, content in value.items()}
        for name, value in item.items()
    }


@pytest.mark.parametrize("case", CHANGES)
def test_changes(client, shared_table, key, case):
    expression, values, changed = CHANGES[case]
    client.put_item(TableName=shared_table, Item={**key, **ITEM})
    names = {"#in": "in"} if "#in" in expression else None
    assert update(client, shared_table, key, expression, values, names) == {}
    expected = {**key, **ITEM, **changed}
    assert in_order(read(client, shared_table, key)) == {
        name: value for name, value in expected.items() if value is not GONE
    }


# case: (expression, values if any, error text). These errors depend on the item, so their texts
# have no envelope.
FAILURES = {
    "parent missing": ("SET a.b = :n", PATH),
    "grandparent missing": ("SET m.a.b = :n", PATH),
    "parent is no map": ("SET n.b = :n", PATH),
    "map step into a list": ("SET l.b = :n", PATH),
    "list step into a map": ("SET m[0] = :n", PATH),
    "element of nothing": ("SET a[0] = :n", PATH),
    "below an element past the end": ("SET l[9].a = :n", PATH),
    "remove below nothing": ("REMOVE a.b", PATH),
    "remove below a scalar": ("REMOVE n.b", PATH),
    "remove an element of a map": ("REMOVE m[0]", PATH),
    "add below nothing": ("ADD a.b :n", PATH),
    "operand missing": ("SET a = b", MISSING),
    "element past the end": ("SET a = l[4]", MISSING),
    "sum with nothing": ("SET a = a + :n", MISSING),
    "append to nothing": ("SET a = list_append(a, :l)", MISSING),
    "default missing too": ("SET a = if_not_exists(a, b)", MISSING),
    "sum with a string": ("SET a = s + :n", TYPE),
    "difference from a list": ("SET a = :n - l", TYPE),
    "append to a string": ("SET a = list_append(s, :l)", TYPE),
    "add a number to a string": ("ADD s :n", TYPE),
    "add a set to a number": ("ADD n :ss", TYPE),
    "add a set to a set of another type": ("ADD ns :ss", TYPE),
    "delete from a set of another type": ("DELETE ns :ss", TYPE),
    "delete from a number": ("DELETE n :ss", TYPE),
    "sum overflows": ("SET a = :big + :big", OVERFLOW),
    "sum too precise": ("SET a = n + :fine", OVERFLOW),
    "difference too precise": ("SET a = :fine - n", OVERFLOW),
    "addition too precise": ("ADD n :fine", OVERFLOW),
    "difference underflows": ("SET a = :tiny - :tiny2", UNDERFLOW),
}
OPERANDS = {
    ":n": number("1"),
    ":l": numbers("1"),
    ":ss": {"SS": ["x"]},
    ":big": number("9e125"),
    ":fine": number("1e-38"),
    ":tiny": number("1.1e-130"),
    ":tiny2": number("1e-130"),
}


@pytest.mark.parametrize("case", FAILURES)
def test_failures_that_depend_on_the_item(client, refused, shared_table, key, case):
    expression, text = FAILURES[case]
    before = {**key, **ITEM}
    client.put_item(TableName=shared_table, Item=before)
    values = {
        name: value
        for name, value in OPERANDS.items()
        if name in expression.replace(",", " ").replace(")", " ").split()
    }
    request = {"TableName": shared_table, "Key": key, "UpdateExpression": expression}
    if values:
        request["ExpressionAttributeValues"] = values
    assert refused("update_item", **request) == ("ValidationException", text)
    assert in_order(read(client, shared_table, key)) == before


# --- items that do not exist ----------------------------------------------------------------------

# case: (expression, values, attributes that the created item has beside its key)
CREATIONS = {
    "no expression": (None, None, {}),
    "set": ("SET a = :v", {":v": number("1")}, {"a": number("1")}),
    "add": ("ADD a :v", {":v": number("1")}, {"a": number("1")}),
    "set beside remove": ("REMOVE b SET a = :v", {":v": number("1")}, {"a": number("1")}),
    "add beside delete": ("DELETE b :s ADD a :v", {":s": {"SS": ["x"]}, ":v": number("1")}, {"a": number("1")}),
    "key as operand": ("SET a = if_not_exists(b, pk)", None, "pk"),
}


@pytest.mark.parametrize("case", CREATIONS)
def test_creates_the_item(client, shared_table, key, case):
    expression, values, attributes = CREATIONS[case]
    assert update(client, shared_table, key, expression, values) == {}
    assert read(client, shared_table, key) == {**key, **({"a": key["pk"]} if attributes == "pk" else attributes)}


# case: (expression, values). An update that writes nothing creates no item (behaviour 4.5).
NO_CREATIONS = {
    "remove": ("REMOVE a", None),
    "remove a nested path": ("REMOVE a.b, l[3]", None),
    "delete": ("DELETE a :v", {":v": {"SS": ["x"]}}),
    "remove and delete": ("REMOVE b DELETE a :v", {":v": {"SS": ["x"]}}),
}


@pytest.mark.parametrize("case", NO_CREATIONS)
@pytest.mark.parametrize("mode", ["NONE", "ALL_OLD", "ALL_NEW", "UPDATED_OLD", "UPDATED_NEW"])
def test_creates_no_item(client, shared_table, key, case, mode):
    expression, values = NO_CREATIONS[case]
    answer = update(client, shared_table, key, expression, values, ReturnValues=mode, ReturnConsumedCapacity="TOTAL")
    assert answer == {"ConsumedCapacity": {"TableName": shared_table, "CapacityUnits": 1.0}}
    assert read(client, shared_table, key) is None
    answer = update(client, shared_table, key, expression, values, ConditionExpression="attribute_not_exists(pk)")
    assert answer == {}
    assert read(client, shared_table, key) is None


def test_a_failed_condition_creates_no_item(refused, shared_table, key):
    request = {"UpdateExpression": "REMOVE a", "ConditionExpression": "attribute_exists(pk)"}
    assert refused("update_item", TableName=shared_table, Key=key, **request) == (
        "ConditionalCheckFailedException",
        "The conditional request failed",
    )


def test_no_expression_leaves_an_item_as_it_is(client, shared_table, key):
    client.put_item(TableName=shared_table, Item={**key, "a": number("1")})
    assert update(client, shared_table, key, None) == {}
    assert read(client, shared_table, key) == {**key, "a": number("1")}


@pytest.mark.parametrize(
    ("expression", "text"),
    [("SET a.b = :n", PATH), ("SET a = b", MISSING), ("SET a[0] = :n", PATH), ("ADD a.b :n", PATH)],
)
def test_a_failing_update_creates_nothing(client, refused, shared_table, key, expression, text):
    values = {"ExpressionAttributeValues": {":n": number("1")}} if ":n" in expression else {}
    answer = refused("update_item", TableName=shared_table, Key=key, UpdateExpression=expression, **values)
    assert answer == ("ValidationException", text)
    assert read(client, shared_table, key) is None


# --- ReturnValues ---------------------------------------------------------------------------------

OLD = {
    "a": number("1"),
    "b": string("b"),
    "l": numbers("0", "1", "2"),
    "m": {"M": {"x": number("1"), "y": number("2")}},
    "s": {"SS": ["p", "q"]},
    "d": {"M": {"l": numbers("0", "1"), "x": string("x")}},
    "k": {"L": [{"M": {"a": number("0")}}, number("1")]},
}
V = {":v": number("9")}

# case: (expression, values, Attributes for UPDATED_OLD, and for UPDATED_NEW; None: no Attributes)
FRAGMENTS = {
    "top level": ("SET a = :v", V, {"a": number("1")}, {"a": number("9")}),
    "same value": ("SET a = :v", {":v": number("1.0")}, {"a": number("1")}, {"a": number("1")}),
    "new attribute": ("SET z = :v", V, None, {"z": number("9")}),
    "new and old": ("SET z = :v, a = :v", V, {"a": number("1")}, {"a": number("9"), "z": number("9")}),
    "remove": ("REMOVE a", None, {"a": number("1")}, None),
    "remove and set": ("REMOVE a SET b = :v", V, {"a": number("1"), "b": string("b")}, {"b": number("9")}),
    "remove nothing": ("REMOVE z", None, None, None),
    "entry": ("SET m.x = :v", V, {"m": {"M": {"x": number("1")}}}, {"m": {"M": {"x": number("9")}}}),
    "new entry": ("SET m.z = :v", V, None, {"m": {"M": {"z": number("9")}}}),
    "entry removed": ("REMOVE m.x", None, {"m": {"M": {"x": number("1")}}}, None),
    "two entries": (
        "SET m.x = :v, m.y = :v",
        V,
        {"m": {"M": {"x": number("1"), "y": number("2")}}},
        {"m": {"M": {"x": number("9"), "y": number("9")}}},
    ),
    "element": ("SET l[2] = :v", V, {"l": numbers("2")}, {"l": numbers("9")}),
    "elements are packed": (
        "SET l[2] = :v, l[0] = :w",
        {**V, ":w": number("8")},
        {"l": numbers("0", "2")},
        {"l": numbers("8", "9")},
    ),
    "element appended": ("SET l[3] = :v", V, None, {"l": numbers("9")}),
    "element past the end": ("SET l[7] = :v", V, None, None),
    "element at the end of a shorter list": (
        "SET l[2] = :v REMOVE l[0]",
        V,
        {"l": numbers("0", "2")},
        {"l": numbers("1")},
    ),
    # UPDATED_NEW has the values at the updated paths of the new item (behaviour 4.6). If an element
    # was removed from a list, that is the element that has moved to its index.
    "element removed": ("REMOVE l[1]", None, {"l": numbers("1")}, {"l": numbers("2")}),
    "last element removed": ("REMOVE l[2]", None, {"l": numbers("2")}, None),
    "two elements removed": ("REMOVE l[0], l[1]", None, {"l": numbers("0", "1")}, {"l": numbers("2")}),
    "all elements removed": ("REMOVE l[0], l[1], l[2]", None, {"l": numbers("0", "1", "2")}, None),
    "element below a map removed": (
        "REMOVE d.l[0] SET d.x = :v",
        V,
        {"d": {"M": {"l": numbers("0"), "x": string("x")}}},
        {"d": {"M": {"l": numbers("1"), "x": number("9")}}},
    ),
    "element removed and another set": (
        "REMOVE l[0] SET l[1] = :v",
        V,
        {"l": numbers("0", "1")},
        {"l": numbers("9", "2")},
    ),
    "element removed and one appended": ("REMOVE l[0] SET l[9] = :v", V, {"l": numbers("0")}, {"l": numbers("1")}),
    "map in a list removed": ("REMOVE k[0]", None, {"k": {"L": [{"M": {"a": number("0")}}]}}, {"k": numbers("1")}),
    "path of a removed map": (
        "REMOVE k[0].a",
        None,
        {"k": {"L": [{"M": {"a": number("0")}}]}},
        None,
    ),
    "add": ("ADD a :v", V, {"a": number("1")}, {"a": number("10")}),
    "delete members": ("DELETE s :v", {":v": {"SS": ["p"]}}, {"s": {"SS": ["p", "q"]}}, {"s": {"SS": ["q"]}}),
    "delete all members": ("DELETE s :v", {":v": {"SS": ["p", "q"]}}, {"s": {"SS": ["p", "q"]}}, None),
    "no expression": (None, None, None, None),
}


@pytest.mark.parametrize("mode", ["UPDATED_OLD", "UPDATED_NEW"])
@pytest.mark.parametrize("case", FRAGMENTS)
def test_updated_fragments(client, shared_table, key, case, mode):
    expression, values, old, new = FRAGMENTS[case]
    expected = old if mode == "UPDATED_OLD" else new
    client.put_item(TableName=shared_table, Item={**key, **OLD})
    answer = update(client, shared_table, key, expression, values, ReturnValues=mode)
    if expected is None:
        assert answer == {}
    else:
        assert answer.keys() == {"Attributes"}
        assert in_order(answer["Attributes"]) == expected


def test_all_old_and_all_new_return_the_whole_item(client, shared_table, key):
    client.put_item(TableName=shared_table, Item={**key, "a": number("1"), "b": number("2")})
    answer = update(client, shared_table, key, "SET a = :v", V, ReturnValues="ALL_OLD")
    assert answer == {"Attributes": {**key, "a": number("1"), "b": number("2")}}
    answer = update(client, shared_table, key, "REMOVE b", ReturnValues="ALL_NEW")
    assert answer == {"Attributes": {**key, "a": number("9")}}


@pytest.mark.parametrize(
    ("mode", "reported"),
    [("NONE", None), ("ALL_OLD", None), ("UPDATED_OLD", None), ("UPDATED_NEW", ()), ("ALL_NEW", ("pk", "sk"))],
)
def test_return_values_of_a_created_item(client, shared_table, key, mode, reported):
    answer = update(client, shared_table, key, "SET a = :v", V, ReturnValues=mode)
    expected = {} if reported is None else {"Attributes": {"a": number("9"), **{name: key[name] for name in reported}}}
    assert answer == expected


def test_all_new_of_an_item_created_from_its_key(client, shared_table, key):
    assert update(client, shared_table, key, None, ReturnValues="ALL_NEW") == {"Attributes": key}


# --- refusals of the request ----------------------------------------------------------------------

CAPACITY = (
    "Value 'X' at 'returnConsumedCapacity' failed to satisfy constraint: "
    "Member must satisfy enum value set: [INDEXES, TOTAL, NONE]"
)
NULL_KEY = "Value null at 'key' failed to satisfy constraint: Member must not be null"
RETURN_VALUES = (
    "Failed to satisfy constraint: Member must satisfy enum value set: "
    "[ALL_OLD, UPDATED_OLD, ALL_NEW, UPDATE_NEW, NONE]"
)
OLD_RETURN_VALUES = (
    "Value 'X' at 'returnValues' failed to satisfy constraint: "
    "Member must satisfy enum value set: [ALL_NEW, UPDATED_OLD, ALL_OLD, NONE, UPDATED_NEW]"
)
OLD_OPERATOR = (
    "Value 'XOR' at 'conditionalOperator' failed to satisfy constraint: Member must satisfy enum value set: [OR, AND]"
)
OLD_NAME = "Value '' at 'tableName' failed to satisfy constraint: Member must have length greater than or equal to 1"
UNIT = {":n": number("1"), ":s": string("x"), ":l": numbers("1"), ":m": {"M": {}}, ":b": {"BOOL": True}}


def invalid(detail):
    return ENVELOPE + "Invalid UpdateExpression: " + detail


REFUSALS = {
    "first bad enum alone": ({"ReturnConsumedCapacity": "X", "ReturnValues": "X"}, ENVELOPE + RETURN_VALUES),
    "other bad enum": ({"ReturnConsumedCapacity": "X"}, ENVELOPE + CAPACITY),
    "no key": ({"Key": None}, ENVELOPE + NULL_KEY),
    "no key, empty name": ({"Key": None, "TableName": ""}, f"2 validation errors detected: {OLD_NAME}; {NULL_KEY}"),
    # Without a key, all wrong members are reported together (behaviour 3.5).
    "no key, bad operator": (
        {"Key": None, "Expected": {"a": {"Exists": False}, "b": {"Exists": False}}, "ConditionalOperator": "XOR"},
        f"2 validation errors detected: {OLD_OPERATOR}; {NULL_KEY}",
    ),
    "no key, all that is bad": (
        {"Key": None, "ConditionalOperator": "XOR", "ReturnValues": "X", "ReturnConsumedCapacity": "X"},
        f"4 validation errors detected: {CAPACITY}; {OLD_RETURN_VALUES}; {OLD_OPERATOR}; {NULL_KEY}",
    ),
    "no key, all bad": (
        {"Key": None, "TableName": "", "ReturnValues": "X", "ReturnConsumedCapacity": "X"},
        f"4 validation errors detected: {CAPACITY}; {OLD_NAME}; {OLD_RETURN_VALUES}; {NULL_KEY}",
    ),
    "empty": ({"UpdateExpression": ""}, invalid("The expression can not be empty;")),
    "too long": (
        {"UpdateExpression": "REMOVE " + "a" * 4090},
        invalid("Expression size has exceeded the maximum allowed size;"),
    ),
    "syntax": (
        {"UpdateExpression": "INVALID SYNTAX"},
        invalid('Syntax error; token: "INVALID", near: "INVALID SYNTAX"'),
    ),
    "section twice": (
        {"UpdateExpression": "REMOVE a REMOVE b"},
        invalid('The "REMOVE" section can only be used once in an update expression;'),
    ),
    "reserved word": (
        {"UpdateExpression": "REMOVE size"},
        invalid("Attribute name is a reserved keyword; reserved keyword: size"),
    ),
    "unknown function": ({"UpdateExpression": "SET a = now(b)"}, invalid("Invalid function name; function: now")),
    "function of conditions": (
        {"UpdateExpression": "SET a = attribute_exists(b)"},
        invalid("The function is not allowed to be used this way in an expression; function: attribute_exists"),
    ),
    "undefined value": (
        {"UpdateExpression": "SET a = :x"},
        invalid("An expression attribute value used in expression is not defined; attribute value: :x"),
    ),
    "undefined name": (
        {"UpdateExpression": "SET #x = :n", "ExpressionAttributeValues": {":n": number("1")}},
        invalid("An expression attribute name used in the document path is not defined; attribute name: #x"),
    ),
    "overlap": (
        {"UpdateExpression": "REMOVE a, a.b"},
        invalid(
            "Two document paths overlap with each other; must remove or rewrite one of these paths; "
            "path one: [a], path two: [a, b]"
        ),
    ),
    "conflict": (
        {"UpdateExpression": "REMOVE a.b, a[0]"},
        invalid(
            "Two document paths conflict with each other; must remove or rewrite one of these paths; "
            "path one: [a, b], path two: [a, [0]]"
        ),
    ),
    "add a string": (
        {"UpdateExpression": "ADD a :s", "ExpressionAttributeValues": {":s": string("x")}},
        invalid("Incorrect operand type for operator or function; operator: ADD, operand type: STRING"),
    ),
    "delete a number": (
        {"UpdateExpression": "DELETE a :n", "ExpressionAttributeValues": {":n": number("1")}},
        invalid("Incorrect operand type for operator or function; operator: DELETE, operand type: NUMBER"),
    ),
    "add a boolean": (
        {"UpdateExpression": "ADD a :b", "ExpressionAttributeValues": {":b": {"BOOL": True}}},
        invalid("Incorrect operand type for operator or function; operator: ADD, operand type: BOOLEAN"),
    ),
    "sum of a string": (
        {"UpdateExpression": "SET a = b + :s", "ExpressionAttributeValues": {":s": string("x")}},
        invalid("Incorrect operand type for operator or function; operator or function: +, operand type: S"),
    ),
    "append a number": (
        {"UpdateExpression": "SET a = list_append(a, :n)", "ExpressionAttributeValues": {":n": number("1")}},
        invalid("Incorrect operand type for operator or function; operator or function: list_append, operand type: N"),
    ),
    "if_not_exists of a value": (
        {"UpdateExpression": "SET a = if_not_exists(:n, :n)", "ExpressionAttributeValues": {":n": number("1")}},
        invalid(
            "Operator or function requires a document path; operator or function: if_not_exists",
        ),
    ),
    "one operand": (
        {"UpdateExpression": "SET a = list_append(a)"},
        invalid(
            "Incorrect number of operands for operator or function; "
            "operator or function: list_append, number of operands: 1"
        ),
    ),
    "update before condition": (
        {"UpdateExpression": "SET a = :x", "ConditionExpression": "a = = b"},
        invalid("An expression attribute value used in expression is not defined; attribute value: :x"),
    ),
    "condition": (
        {"UpdateExpression": "REMOVE a", "ConditionExpression": "a = = b"},
        ENVELOPE + 'Invalid ConditionExpression: Syntax error; token: "=", near: "= = b"',
    ),
    "unused name before unused value": (
        {
            "UpdateExpression": "REMOVE a",
            "ExpressionAttributeNames": {"#n": "b"},
            "ExpressionAttributeValues": {":n": number("1")},
        },
        ENVELOPE + "Value provided in ExpressionAttributeNames unused in expressions: keys: {#n}",
    ),
    "unused value": (
        {"UpdateExpression": "REMOVE a", "ExpressionAttributeValues": {":n": number("1"), ":m": number("1")}},
        ENVELOPE + "Value provided in ExpressionAttributeValues unused in expressions: keys: {:n, :m}",
    ),
    "values without expression": (
        {"ExpressionAttributeValues": {":n": number("1")}},
        ENVELOPE + "ExpressionAttributeValues can only be specified when using expressions",
    ),
    "legacy and expression": (
        {"UpdateExpression": "REMOVE a", "AttributeUpdates": {"b": {"Action": "DELETE"}}},
        ENVELOPE + "Can not use both expression and non-expression parameters in the same request: "
        "Non-expression parameters: {AttributeUpdates} Expression parameters: {UpdateExpression}",
    ),
    "partition key": (
        {"UpdateExpression": "SET pk = :s", "ExpressionAttributeValues": {":s": string("x")}},
        "One or more parameter values were invalid: Cannot update attribute pk. This attribute is part of the key",
    ),
    "sort key": (
        {"UpdateExpression": "REMOVE sk"},
        "One or more parameter values were invalid: Cannot update attribute sk. This attribute is part of the key",
    ),
    "below a key": (
        {"UpdateExpression": "SET pk.a = :s", "ExpressionAttributeValues": {":s": string("x")}},
        "One or more parameter values were invalid: Cannot update attribute pk. This attribute is part of the key",
    ),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_refusals(client, refused, shared_table, key, case):
    changes, text = REFUSALS[case]
    request = {"TableName": shared_table, "Key": key, **changes}
    request = {name: value for name, value in request.items() if value is not None}
    assert refused("update_item", **request) == ("ValidationException", text)
    assert read(client, shared_table, key) is None


def test_missing_table(refused, key):
    assert refused("update_item", TableName=new_name(), Key=key) == (
        "ResourceNotFoundException",
        "Requested resource not found",
    )
