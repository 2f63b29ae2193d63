"""The first layer of validation, the types of JSON values: every row of behaviour 1.6, and the
results of conversions.
"""

import orjson
import pytest

from emulator.errors import ApiError
from emulator.model.service import request_model

PACKAGE = "com.amazonaws.dynamodb.v20120810."
VALUE = PACKAGE + "AttributeValue"
SHAPE = "class " + PACKAGE
OBJECT = "Start of structure or map found where not expected"
FIELD = "Unexpected field type"
PAYLOAD = "Unexpected value type in payload"


def throughput(value):
    return {"TableName": "abc", "ProvisionedThroughput": {"ReadCapacityUnits": value}}


def target(value):
    policy = {"TargetTrackingScalingPolicyConfiguration": {"TargetValue": value}}
    return {
        "GlobalTableName": "abc",
        "GlobalTableProvisionedWriteCapacityAutoScalingSettingsUpdate": {"ScalingPolicyUpdate": policy},
    }


def refusal(operation, raw):
    with pytest.raises(ApiError) as caught:
        request_model(operation).parse(raw)
    assert caught.value.body()["__type"] == "com.amazon.coral.service#SerializationException"
    return caught.value.body()["Message"]


@pytest.mark.parametrize(
    ("operation", "raw", "message"),
    [
        # true and false
        ("GetItem", {"TableName": True}, "TRUE_VALUE cannot be converted to String"),
        ("GetItem", {"TableName": False}, "FALSE_VALUE cannot be converted to String"),
        ("Query", {"Limit": True}, "TRUE_VALUE cannot be converted to Integer"),
        ("UpdateTable", throughput(False), "FALSE_VALUE cannot be converted to Long"),
        ("UpdateGlobalTableSettings", target(True), "TRUE_VALUE cannot be converted to Double"),
        # numbers
        ("GetItem", {"TableName": 23}, "NUMBER_VALUE cannot be converted to String"),
        ("GetItem", {"TableName": 2.5}, "DECIMAL_VALUE cannot be converted to String"),
        # orjson writes such a float as an integer
        ("GetItem", {"TableName": 1e22}, "NUMBER_VALUE cannot be converted to String"),
        ("GetItem", {"TableName": -(2.0**63)}, "NUMBER_VALUE cannot be converted to String"),
        ("GetItem", {"ConsistentRead": 1}, "NUMBER_VALUE cannot be converted to Boolean"),
        ("GetItem", {"ConsistentRead": 0.5}, "DECIMAL_VALUE cannot be converted to Boolean"),
        # strings
        ("Query", {"Limit": "1"}, "STRING_VALUE cannot be converted to Integer"),
        ("UpdateTable", throughput("1"), "STRING_VALUE cannot be converted to Long"),
        ("UpdateGlobalTableSettings", target("1"), "STRING_VALUE cannot be converted to Double"),
        ("GetShardIterator", {"Timestamp": "1"}, "STRING_VALUE cannot be converted to Date"),
        ("GetItem", {"ConsistentRead": "maybe"}, "Unexpected token received from parser"),
        ("GetItem", {"ConsistentRead": ""}, "Unexpected token received from parser"),
        # arrays
        ("GetItem", {"TableName": []}, "Unrecognized collection type class java.lang.String"),
        ("Query", {"Limit": []}, "Unrecognized collection type class java.lang.Integer"),
        ("UpdateTable", throughput([]), "Unrecognized collection type class java.lang.Long"),
        ("GetItem", {"ConsistentRead": []}, "Unrecognized collection type class java.lang.Boolean"),
        ("GetItem", {"Key": []}, f"Unrecognized collection type java.util.Map<java.lang.String, {VALUE}>"),
        ("PutItem", {"Item": []}, f"Unrecognized collection type java.util.Map<java.lang.String, {VALUE}>"),
        (
            "BatchGetItem",
            {"RequestItems": {"t": {"Keys": [[]]}}},
            f"Unrecognized collection type java.util.Map<java.lang.String, {VALUE}>",
        ),
        (
            "GetItem",
            {"ExpressionAttributeNames": []},
            "Unrecognized collection type java.util.Map<java.lang.String, java.lang.String>",
        ),
        (
            "BatchWriteItem",
            {"RequestItems": []},
            f"Unrecognized collection type java.util.Map<java.lang.String, java.util.List<{PACKAGE}WriteRequest>>",
        ),
        (
            "UpdateTable",
            {"ProvisionedThroughput": []},
            f"Unrecognized collection type {SHAPE}ProvisionedThroughput",
        ),
        ("CreateTable", {"KeySchema": [[]]}, f"Unrecognized collection type {SHAPE}KeySchemaElement"),
        ("PutItem", {"Expected": {"a": {"Value": []}}}, f"Unrecognized collection type class {VALUE}"),
        ("ListTables", [], f"Unrecognized collection type {SHAPE}ListTablesInput"),
        # objects
        ("GetItem", {"TableName": {}}, OBJECT),
        ("Query", {"Limit": {}}, OBJECT),
        ("GetItem", {"ConsistentRead": {}}, OBJECT),
        ("CreateTable", {"KeySchema": {}}, OBJECT),
        ("GetItem", {"AttributesToGet": {}}, OBJECT),
        ("ExecuteStatement", {"Parameters": {}}, OBJECT),
        # scalars instead of a collection inside a structure
        ("CreateTable", {"KeySchema": "x"}, FIELD),
        ("GetItem", {"Key": 1}, FIELD),
        ("PutItem", {"Item": "x"}, FIELD),
        ("PutItem", {"ExpressionAttributeValues": True}, FIELD),
        ("BatchGetItem", {"RequestItems": "x"}, FIELD),
        ("UpdateTable", {"ProvisionedThroughput": 1.5}, FIELD),
        ("ExecuteStatement", {"Parameters": "x"}, FIELD),
        ("PutItem", {"Expected": {"a": {"Value": "x"}}}, FIELD),
        # scalars instead of a collection inside a list or map
        ("CreateTable", {"KeySchema": ["x"]}, PAYLOAD),
        ("BatchGetItem", {"RequestItems": {"t": 1}}, PAYLOAD),
        ("BatchGetItem", {"RequestItems": {"t": {"Keys": ["x"]}}}, PAYLOAD),
        ("PutItem", {"Item": {"a": "x"}}, PAYLOAD),
        ("ExecuteStatement", {"Parameters": [1]}, PAYLOAD),
        ("ListTables", "x", PAYLOAD),
        ("ListTables", None, PAYLOAD),
        # inside attribute values
        ("PutItem", {"Item": {"a": {"S": 1}}}, "NUMBER_VALUE cannot be converted to String"),
        ("PutItem", {"Item": {"a": {"S": 1e23}}}, "NUMBER_VALUE cannot be converted to String"),
        ("ExecuteStatement", {"Parameters": [{"S": 1}]}, "NUMBER_VALUE cannot be converted to String"),
        ("PutItem", {"Expected": {"a": {"Value": {"S": 1}}}}, "NUMBER_VALUE cannot be converted to String"),
    ],
)
def test_type_errors(operation, raw, message):
    assert refusal(operation, raw) == message


def test_the_first_error_in_document_order_is_reported():
    assert refusal("Query", {"Limit": "1", "TableName": 1}) == "STRING_VALUE cannot be converted to Integer"
    assert refusal("Query", {"TableName": 1, "Limit": "1"}) == "NUMBER_VALUE cannot be converted to String"


@pytest.mark.parametrize(
    ("operation", "raw", "parsed"),
    [
        ("GetItem", {"TableName": None, "Key": None, "Unknown": {"a": 1}}, {}),
        ("GetItem", {"tablename": "x"}, {}),
        ("UpdateTable", {"ProvisionedThroughput": {"ReadCapacityUnits": None, "X": 1}}, {"ProvisionedThroughput": {}}),
        ("Query", {"Limit": 2.9}, {"Limit": 2}),
        ("Query", {"Limit": -0.5}, {"Limit": -1}),
        ("Query", {"Limit": 2**40}, {"Limit": 2**31 - 1}),
        ("Query", {"Limit": -1e300}, {"Limit": -(2**31)}),
        ("UpdateTable", throughput(1e300), throughput(2**63 - 1)),
        ("UpdateGlobalTableSettings", target(70), target(70)),
        ("UpdateGlobalTableSettings", target(70.5), target(70.5)),
        ("GetShardIterator", {"Timestamp": 1.7e9}, {"Timestamp": 1.7e9}),
        *[("GetItem", {"ConsistentRead": text}, {"ConsistentRead": True}) for text in ("true", "TRUE", "1", "Yes")],
        *[("GetItem", {"ConsistentRead": text}, {"ConsistentRead": False}) for text in ("false", "False", "0", "NO")],
        ("GetItem", {"ConsistentRead": False}, {"ConsistentRead": False}),
        ("CreateTable", {"KeySchema": [None, {"KeyType": "x"}]}, {"KeySchema": [None, {"KeyType": "x"}]}),
        ("BatchGetItem", {"RequestItems": {"t": None}}, {"RequestItems": {"t": None}}),
        ("PutItem", {"Item": {"a": {"N": "1.0"}}}, {"Item": {"a": {"N": "1"}}}),
        ("GetItem", {"Key": {"a": {"N": "1.0"}}}, {"Key": {"a": {"N": "1"}}}),
        ("Query", {"ExclusiveStartKey": {"a": {"N": "01"}}}, {"ExclusiveStartKey": {"a": {"N": "1"}}}),
        ("ExecuteStatement", {"Parameters": [{"N": "+1"}, None]}, {"Parameters": [{"N": "1"}, {}]}),
        (
            "UpdateItem",
            {"AttributeUpdates": {"a": {"Value": {"N": "1e1"}, "Action": "PUT"}}},
            {"AttributeUpdates": {"a": {"Value": {"N": "10"}, "Action": "PUT"}}},
        ),
    ],
)
def test_conversions(operation, raw, parsed):
    assert request_model(operation).parse(raw) == parsed


def test_a_parsed_item_has_its_size():
    assert request_model("PutItem").parse({"Item": {"ab": {"S": "cde"}}})["Item"].size == 5


def test_problems_of_values_are_collected_in_document_order():
    raw = {
        "ExpressionAttributeValues": {":a": {"S": "x"}, ":b": {"N": "x"}},
        "Key": {"pk": {}},
        "Expected": {"a": {"Value": {"NULL": False}}},
    }
    problems = request_model("UpdateItem").parse(raw).problems
    assert [(problem.kind, problem.placeholder) for problem in problems] == [
        ("not_numeric", ":b"),
        ("empty", None),
        ("null_false", None),
    ]


def test_null_in_a_list_of_values_is_a_value_without_a_type():
    assert [problem.kind for problem in request_model("ExecuteStatement").parse({"Parameters": [None]}).problems] == [
        "empty"
    ]


def test_the_deepest_json_is_parsed():
    """orjson reads at most 1024 levels."""
    value = b'{"L":[' * 500 + b'{"S":"x"}' + b"]}" * 500
    raw = b'{"TableName":"t","Item":{"a":%b},"Key":{"a":%b},"Unknown":%b}' % (value, value, value)
    request = request_model("PutItem").parse(orjson.loads(raw))
    assert [problem.kind for problem in request.problems] == ["nesting"]
