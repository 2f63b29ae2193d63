"""The second layer of validation: the constraints of members, with their whole error texts.

See behaviour 3.2 to 3.5, 6.1, 7, 8, 10.1, 12, 13 and 14.4.
"""

import re

import pytest

from emulator.errors import ApiError
from emulator.model.service import request_model

NULL = "Member must not be null"
NAME = "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+"
CAPACITY = "Member must satisfy enum value set: [INDEXES, TOTAL, NONE]"
METRICS = "Member must satisfy enum value set: [SIZE, NONE]"
NEW_RETURN_VALUES = (
    "Failed to satisfy constraint: Member must satisfy enum value set: "
    "[ALL_OLD, UPDATED_OLD, ALL_NEW, UPDATE_NEW, NONE]"
)
NAME_KEYS = (
    "Map keys must satisfy constraint: [Member must have length less than or equal to 255, "
    "Member must have length greater than or equal to 3, " + NAME + "]"
)
GET = "TransactGetItem(get=Get(key={}, tableName=abc, projectionExpression=null, expressionAttributeNames=null))"
BATCH_LENGTH = (
    "Map value must satisfy constraint: [Member must have length less than or equal to 25, "
    "Member must have length greater than or equal to 1]"
)
ARN = "arn:aws:dynamodb:us-east-1:123456789012:table/abc"


def old(value, path, constraint):
    reported = "null" if value is None else f"'{value}'"
    return f"Value {reported} at '{path}' failed to satisfy constraint: {constraint}"


def new(path, constraint):
    return f"Value at '{path}' failed to satisfy constraint: {constraint}"


def shortest(bound):
    return f"Member must have length greater than or equal to {bound}"


def longest(bound):
    return f"Member must have length less than or equal to {bound}"


def least(bound):
    return f"Member must have value greater than or equal to {bound}"


def most(bound):
    return f"Member must have value less than or equal to {bound}"


def one_of(*values):
    return f"Member must satisfy enum value set: [{', '.join(values)}]"


def reported(*parts):
    return f"{len(parts)} validation error{'s' if len(parts) > 1 else ''} detected: " + "; ".join(parts)


def refusal(operation, raw):
    model = request_model(operation)
    request = model.parse(raw)
    try:
        model.validate(request)
    except ApiError as error:
        refused = error
    else:
        return None
    assert refused.body()["__type"] == "com.amazon.coral.validate#ValidationException"
    return refused.message


def named(**members):
    return {"TableName": "abc", **members}


KEY = {"pk": {"S": "x"}}
ELEMENT = {"AttributeName": "pk", "KeyType": "HASH"}
DEFINITION = {"AttributeName": "pk", "AttributeType": "S"}
PROJECTION = {"ProjectionType": "ALL"}
EXPECTED_OPERATORS = one_of(
    "EQ", "NE", "IN", "LE", "LT", "GE", "GT", "BETWEEN", "NOT_NULL", "NULL", "CONTAINS", "NOT_CONTAINS", "BEGINS_WITH"
)


def table(**members):
    return named(**{"KeySchema": [ELEMENT], "AttributeDefinitions": [DEFINITION], **members})


def index(**members):
    return {"IndexName": "idx", "KeySchema": [ELEMENT], "Projection": PROJECTION, **members}


def vector_index(**members):
    return {
        "IndexName": "idx",
        "VectorAttribute": {"AttributeName": "v"},
        "Projection": PROJECTION,
        "Dimensions": 1,
        "DistanceFunction": "COSINE",
        **members,
    }


def scaling(**members):
    return {
        "GlobalTableName": "abc",
        "GlobalTableProvisionedWriteCapacityAutoScalingSettingsUpdate": members,
    }


SCALING = "globalTableProvisionedWriteCapacityAutoScalingSettingsUpdate"


def elements(count):
    return f"[{', '.join(['KeySchemaElement(attributeName=pk, keyType=HASH)'] * count)}]"


VALID = [
    ("GetItem", named(Key=KEY)),
    ("GetItem", {"TableName": ARN, "Key": KEY}),
    ("GetItem", {"TableName": "t", "Key": {}}),
    ("GetItem", {"TableName": "t" * 255, "Key": KEY}),
    ("GetItem", {"TableName": "arn:" + "x" * 1020, "Key": KEY}),
    ("PutItem", named(Item={}, ReturnValues="UPDATED_NEW", ReturnConsumedCapacity="TOTAL", ConditionalOperator="AND")),
    ("Query", named(Limit=1, Select="COUNT", IndexName="a.b_c-1")),
    ("Scan", named(Segment=999_999, TotalSegments=1_000_000)),
    ("BatchGetItem", {"RequestItems": {"abc": {"Keys": [KEY]}}}),
    ("BatchGetItem", {"RequestItems": {ARN: {"Keys": [KEY] * 100}}}),
    ("BatchWriteItem", {"RequestItems": {"abc": [{}] * 25}}),
    ("TransactWriteItems", {"TransactItems": [{}] * 100, "ClientRequestToken": "x" * 36}),
    ("CreateTable", table()),
    ("CreateTable", table(GlobalSecondaryIndexes=[index(KeySchema=[ELEMENT] * 8)], LocalSecondaryIndexes=[])),
    ("CreateTable", named(GlobalTableSourceArn=ARN)),
    ("UpdateTable", {"TableName": "abc"}),
    ("UpdateTable", {"TableName": ARN}),
    ("UpdateTable", {"TableName": "abc", "TableClass": "x", "TableThroughputMode": "PROVISIONED"}),
    ("DeleteTable", {"TableName": "t"}),
    ("TagResource", {"ResourceArn": "x", "Tags": [{"Key": "a", "Value": ""}]}),
    ("TagResource", {"ResourceArn": "x", "Tags": []}),
    # valid in this layer: operations/tag_rules.py reports problems of tags
    ("TagResource", {"ResourceArn": "x", "Tags": [{"Key": ""}, {"Value": "v" * 257}]}),
    ("UntagResource", {"ResourceArn": "x", "TagKeys": ["", "k" * 129]}),
    ("CreateTable", table(Tags=[{}])),
    ("ListTables", {"Limit": 100}),
    ("GetRecords", {"ShardIterator": "x", "Limit": 1000}),
    ("DescribeLimits", {}),
]


@pytest.mark.parametrize(("operation", "raw"), VALID)
def test_valid(operation, raw):
    assert refusal(operation, raw) is None


TABLE_NAMES = [
    *[
        (operation, {"Key": KEY, "Item": KEY}, old(None, "tableName", NULL))
        for operation in ("GetItem", "PutItem", "UpdateItem", "DeleteItem")
    ],
    *[(operation, {}, old(None, "tableName", NULL)) for operation in ("Query", "Scan", "DescribeTable")],
    *[
        (operation, {"TableName": "", "Key": KEY, "Item": KEY}, new("TableName", shortest(1)))
        for operation in ("GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query")
    ],
    *[
        (operation, {"TableName": ""}, old("", "tableName", shortest(1)))
        for operation in ("Scan", "DescribeTable", "DeleteTable", "DescribeTimeToLive")
    ],
    *[  # behaviour 2.5, 3.4
        ("UpdateTable", {"TableName": name}, old(name, "tableName", shortest(3))) for name in ("", "a", "ab")
    ],
    ("PutItem", {"TableName": "t" * 256, "Item": {}}, old("t" * 256, "tableName", longest(255))),
    ("DescribeTable", {"TableName": "t" * 256}, old("t" * 256, "tableName", longest(255))),
    ("PutItem", {"TableName": "bad table!@#", "Item": {}}, old("bad table!@#", "tableName", NAME)),
    ("Query", {"TableName": "a/b"}, old("a/b", "tableName", NAME)),
    ("DescribeTable", {"TableName": "abc\n"}, old("abc\n", "tableName", NAME)),
    ("DescribeTable", {"TableName": "\u0661bc"}, old("\u0661bc", "tableName", NAME)),
    ("GetItem", {"TableName": "arn:" + "x" * 1021, "Key": {}}, old("arn:" + "x" * 1021, "tableName", longest(1024))),
    ("CreateTable", table() | {"TableName": "ab"}, old("ab", "tableName", shortest(3))),
    ("CreateTable", table() | {"TableName": ""}, old("", "tableName", shortest(3))),
    ("CreateTable", table() | {"TableName": "t" * 256}, old("t" * 256, "tableName", longest(255))),
    ("CreateTable", table() | {"TableName": ARN}, old(ARN, "tableName", NAME)),
    (
        "TransactGetItems",
        {"TransactItems": [{"Get": named(Key=KEY)}, {"Get": {"TableName": "", "Key": KEY}}]},
        old("", "transactItems.2.member.get.tableName", shortest(1)),
    ),
    (
        "ListGlobalTables",
        {"ExclusiveStartGlobalTableName": "ab"},
        old("ab", "exclusiveStartGlobalTableName", shortest(3)),
    ),
]

SINGLE = [
    ("GetItem", named(), old(None, "key", NULL)),
    ("PutItem", named(), old(None, "item", NULL)),
    ("GetItem", named(Key=None), old(None, "key", NULL)),
    ("GetItem", named(Key=KEY, ReturnConsumedCapacity="x"), old("x", "returnConsumedCapacity", CAPACITY)),
    ("GetItem", named(Key=KEY, AttributesToGet=[]), old("[]", "attributesToGet", shortest(1))),
    ("GetItem", named(Key=KEY, AttributesToGet=["a", None]), old(None, "attributesToGet.2.member", NULL)),
    (
        "GetItem",
        named(Key=KEY, AttributesToGet=["a", "b" * 65_536]),
        old(f"[a, {'b' * 65_536}]", "attributesToGet", f"Member must satisfy constraint: [{longest(65_535)}]"),
    ),
    (
        "GetItem",
        named(Key=KEY, ExpressionAttributeNames={"#a": "b" * 65_536}),
        old(
            f"{{#a={'b' * 65_536}}}",
            "expressionAttributeNames",
            f"Map value must satisfy constraint: [{longest(65_535)}]",
        ),
    ),
    (
        "PutItem",
        named(Item={}, Expected={"a": {"ComparisonOperator": "x"}}),
        old("x", "expected.a.member.comparisonOperator", EXPECTED_OPERATORS),
    ),
    ("PutItem", named(Item={}, ReturnItemCollectionMetrics="x"), old("x", "returnItemCollectionMetrics", METRICS)),
    *[
        (operation, named(Key={}, Item={}, ReturnValues="x"), NEW_RETURN_VALUES)
        for operation in ("PutItem", "UpdateItem", "DeleteItem")
    ],
    ("DeleteItem", named(Key={}, ConditionalOperator="x"), old("x", "conditionalOperator", one_of("OR", "AND"))),
    (
        "DeleteItem",
        named(Key={}, ReturnValuesOnConditionCheckFailure="x"),
        old("x", "returnValuesOnConditionCheckFailure", one_of("ALL_OLD", "NONE")),
    ),
    (
        "UpdateItem",
        named(Key={}, AttributeUpdates={"a": {"Action": "x"}}),
        old("x", "attributeUpdates.a.member.action", one_of("ADD", "PUT", "DELETE")),
    ),
    # behaviour 6.1
    (
        "Query",
        named(Select="x"),
        old("x", "select", one_of("SPECIFIC_ATTRIBUTES", "COUNT", "ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES")),
    ),
    ("Query", named(Limit=0), new("Limit", least(1))),
    ("Scan", named(Limit=0), old("0", "limit", least(1))),  # behaviour 6.1
    ("Scan", named(Limit=-0.5), old("-1", "limit", least(1))),
    ("Scan", named(Segment=-1, TotalSegments=1), old("-1", "segment", least(0))),  # behaviour 6.1
    ("Scan", named(Segment=1_000_000, TotalSegments=1), old("1000000", "segment", most(999_999))),
    ("Scan", named(TotalSegments=0), old("0", "totalSegments", least(1))),
    ("Scan", named(TotalSegments=1_000_001), old("1000001", "totalSegments", most(1_000_000))),
    ("Scan", named(ConditionalOperator="x"), old("x", "conditionalOperator", one_of("OR", "AND"))),
    ("Query", named(IndexName="ab"), old("ab", "indexName", shortest(3))),
    ("Query", named(IndexName="i" * 256), old("i" * 256, "indexName", longest(255))),
    ("Query", named(IndexName="a b"), old("a b", "indexName", NAME)),
    ("Query", named(KeyConditions={"a": {}}), old(None, "keyConditions.a.member.comparisonOperator", NULL)),
    # behaviour 7.1
    ("BatchGetItem", {}, old(None, "requestItems", NULL)),
    ("BatchGetItem", {"RequestItems": {}}, new("RequestItems", shortest(1))),
    (
        "BatchGetItem",
        {"RequestItems": {f"table{number}": {"Keys": [{}]} for number in range(101)}},
        new("RequestItems", longest(100)),
    ),
    ("BatchGetItem", {"RequestItems": {"abc": {}}}, old(None, "requestItems.abc.member.keys", NULL)),
    ("BatchGetItem", {"RequestItems": {"abc": {"Keys": []}}}, new("RequestItems.abc.member.Keys", shortest(1))),
    (
        "BatchGetItem",
        {"RequestItems": {"abc": {"Keys": [KEY] * 101}}},
        new("RequestItems.abc.member.Keys", longest(100)),
    ),
    (
        "BatchGetItem",
        {"RequestItems": {"a b": {"Keys": [KEY], "ConsistentRead": True}}},
        old('{"a b":{"Keys":[{"pk":{"S":"x"}}],"ConsistentRead":true}}', "requestItems", NAME_KEYS),
    ),
    # behaviour 7.2
    ("BatchWriteItem", {}, old(None, "requestItems", NULL)),
    ("BatchWriteItem", {"RequestItems": {"abc": []}}, old("{abc=[]}", "requestItems", BATCH_LENGTH)),
    (
        "BatchWriteItem",
        {"RequestItems": {"abc": [{}] * 26}},
        old(
            f"{{abc=[{', '.join(['WriteRequest(putRequest=null, deleteRequest=null)'] * 26)}]}}",
            "requestItems",
            BATCH_LENGTH,
        ),
    ),
    (
        "BatchWriteItem",
        {"RequestItems": {"ab": [{}]}},
        old("{ab=[WriteRequest(putRequest=null, deleteRequest=null)]}", "requestItems", NAME_KEYS),
    ),
    (
        "BatchWriteItem",
        {"RequestItems": {"abc": [{}, {"PutRequest": {}}]}},
        old(None, "requestItems.abc.member.2.member.putRequest.item", NULL),
    ),
    # behaviour 8
    ("TransactWriteItems", {}, old(None, "transactItems", NULL)),
    ("TransactWriteItems", {"TransactItems": []}, old("[]", "transactItems", shortest(1))),
    ("TransactGetItems", {"TransactItems": []}, old("[]", "transactItems", shortest(1))),
    (
        "TransactGetItems",
        {"TransactItems": [{"Get": named(Key={})}] * 101},
        old(
            f"[{', '.join([GET] * 101)}]",
            "transactItems",
            longest(100),
        ),
    ),
    ("TransactGetItems", {"TransactItems": [{}]}, old(None, "transactItems.1.member.get", NULL)),
    ("TransactGetItems", {"TransactItems": [None]}, old(None, "transactItems.1.member", NULL)),
    (
        "TransactWriteItems",
        {"TransactItems": [{}, {"Update": named(Key={})}]},
        old(None, "transactItems.2.member.update.updateExpression", NULL),
    ),
    (
        "TransactWriteItems",
        {"TransactItems": [{}], "ClientRequestToken": "x" * 37},
        old("x" * 37, "clientRequestToken", longest(36)),
    ),
    (
        "TransactWriteItems",
        {"TransactItems": [{}], "ClientRequestToken": ""},
        old("", "clientRequestToken", shortest(1)),
    ),
    # behaviour 10.1, 10.5
    ("CreateTable", table(KeySchema=[ELEMENT] * 3), old(elements(3), "keySchema", longest(2))),
    ("CreateTable", table(KeySchema=[]), old("[]", "keySchema", shortest(1))),
    (
        "CreateTable",
        table(KeySchema=[{"AttributeName": "pk"}]),
        old(None, "keySchema.1.member.keyType", NULL),
    ),
    (
        "CreateTable",
        table(KeySchema=[ELEMENT, {"AttributeName": "sk", "KeyType": "SORT"}]),
        old("SORT", "keySchema.2.member.keyType", one_of("HASH", "RANGE")),
    ),
    (
        "CreateTable",
        table(AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "M"}]),
        old("M", "attributeDefinitions.1.member.attributeType", one_of("B", "N", "S")),
    ),
    (
        "CreateTable",
        table(AttributeDefinitions=[{"AttributeName": "a" * 256, "AttributeType": "S"}]),
        old("a" * 256, "attributeDefinitions.1.member.attributeName", longest(255)),
    ),
    ("CreateTable", table(AttributeDefinitions=None), old(None, "attributeDefinitions", NULL)),
    (
        "CreateTable",
        table(BillingMode="FREE"),
        old("FREE", "billingMode", one_of("PROVISIONED", "PAY_PER_REQUEST")),
    ),
    (
        "CreateTable",
        table(GlobalSecondaryIndexes=[index(KeySchema=[ELEMENT] * 9)]),
        old(elements(9), "globalSecondaryIndexes.1.member.keySchema", longest(8)),
    ),
    (
        "CreateTable",
        table(LocalSecondaryIndexes=[index(KeySchema=[ELEMENT] * 3)]),
        old(elements(3), "localSecondaryIndexes.1.member.keySchema", longest(2)),
    ),
    (
        "CreateTable",
        table(GlobalSecondaryIndexes=[index(Projection={"ProjectionType": "SOME"})]),
        old(
            "SOME",
            "globalSecondaryIndexes.1.member.projection.projectionType",
            one_of("ALL", "INCLUDE", "KEYS_ONLY"),
        ),
    ),
    (
        "CreateTable",
        table(GlobalSecondaryIndexes=[index(Projection={"NonKeyAttributes": []})]),
        old("[]", "globalSecondaryIndexes.1.member.projection.nonKeyAttributes", shortest(1)),
    ),
    (
        "CreateTable",
        table(ProvisionedThroughput={"ReadCapacityUnits": 0, "WriteCapacityUnits": 1}),
        old("0", "provisionedThroughput.readCapacityUnits", least(1)),
    ),
    (
        "CreateTable",
        table(SSESpecification={"SSEType": "x"}),
        old("x", "sSESpecification.sSEType", one_of("AES256", "KMS")),
    ),
    ("CreateTable", table(StreamSpecification={}), old(None, "streamSpecification.streamEnabled", NULL)),
    (
        "CreateTable",
        table(VectorIndexes=[vector_index(Dimensions=0)]),
        old("0", "vectorIndexes.1.member.dimensions", least(1)),
    ),
    (
        "UpdateTable",
        named(GlobalSecondaryIndexUpdates=[{"Create": index(KeySchema=[ELEMENT] * 9)}]),
        old(elements(9), "globalSecondaryIndexUpdates.1.member.create.keySchema", longest(8)),
    ),
    (
        "ImportTable",
        {
            "S3BucketSource": {"S3Bucket": "abc"},
            "InputFormat": "CSV",
            "TableCreationParameters": table(KeySchema=[ELEMENT] * 3),
        },
        old(elements(3), "tableCreationParameters.keySchema", longest(2)),
    ),
    ("ListTables", {"Limit": 0}, old("0", "limit", least(1))),
    ("ListTables", {"Limit": 101}, old("101", "limit", most(100))),
    # behaviour 11, 12, 13
    ("ListStreams", {"Limit": 101}, old("101", "limit", most(100))),
    ("GetRecords", {"ShardIterator": "x", "Limit": 1001}, old("1001", "limit", most(1000))),
    ("DescribeStream", {"StreamArn": "x" * 37, "Limit": 101}, old("101", "limit", most(100))),
    (
        "EnableKinesisStreamingDestination",
        named(
            StreamArn="x" * 37, EnableKinesisStreamingConfiguration={"ApproximateCreationDateTimePrecision": "SECOND"}
        ),
        old(
            "SECOND",
            "enableKinesisStreamingConfiguration.approximateCreationDateTimePrecision",
            one_of("MILLISECOND", "MICROSECOND"),
        ),
    ),
    (
        "UpdateTimeToLive",
        named(TimeToLiveSpecification={"Enabled": True, "AttributeName": ""}),
        old("", "timeToLiveSpecification.attributeName", shortest(1)),
    ),
    (
        "UpdateTimeToLive",
        named(TimeToLiveSpecification={"Enabled": True, "AttributeName": "a" * 256}),
        old("a" * 256, "timeToLiveSpecification.attributeName", longest(255)),
    ),
    ("TagResource", {"ResourceArn": "x"}, old(None, "tags", NULL)),
    ("UntagResource", {"ResourceArn": "x"}, old(None, "tagKeys", NULL)),
    (
        "CreateTable",
        table(GlobalSecondaryIndexes=[index(Projection={"NonKeyAttributes": ["a", ""]})]),
        old(
            "[a, ]",
            "globalSecondaryIndexes.1.member.projection.nonKeyAttributes",
            f"Member must satisfy constraint: [{longest(255)}, {shortest(1)}]",
        ),
    ),
    # behaviour 14.4, 14.5
    ("ExecuteStatement", {"Statement": "x", "Parameters": []}, old("[]", "parameters", shortest(1))),
    ("ExecuteStatement", {"Statement": ""}, old("", "statement", shortest(1))),
    (
        "BatchExecuteStatement",
        {"Statements": [{"Statement": "x"}, {"Statement": "x", "Parameters": []}]},
        old("[]", "statements.2.member.parameters", shortest(1)),
    ),
    # patterns in Java's syntax, matched in Python
    (
        "UpdateGlobalTableSettings",
        scaling(
            ScalingPolicyUpdate={
                "PolicyName": "a\x7f",
                "TargetTrackingScalingPolicyConfiguration": {"TargetValue": 1},
            }
        ),
        old(
            "a\x7f",
            f"{SCALING}.scalingPolicyUpdate.policyName",
            r"Member must satisfy regular expression pattern: \p{Print}+",
        ),
    ),
    (
        "UpdateGlobalTableSettings",
        scaling(AutoScalingRoleArn="\U0001f600\x01"),
        old(
            "\U0001f600\x01",
            f"{SCALING}.autoScalingRoleArn",
            r"Member must satisfy regular expression pattern: "
            r"[\u0020-\uD7FF\uE000-\uFFFD\uD800\uDC00-\uDBFF\uDFFF\r\n\t]*",
        ),
    ),
    (
        "ExportTableToPointInTime",
        {"TableArn": ARN, "S3Bucket": "abc", "S3BucketOwner": "12"},
        old("12", "s3BucketOwner", "Member must satisfy regular expression pattern: [0-9]{12}"),
    ),
]


@pytest.mark.parametrize(("operation", "raw", "part"), TABLE_NAMES + SINGLE)
def test_one_failure(operation, raw, part):
    assert refusal(operation, raw) == reported(part)


BAD_ENUMS = {"ReturnValues": "r", "ReturnItemCollectionMetrics": "m", "ReturnConsumedCapacity": "c"}
BAD_CAPACITY = old("c", "returnConsumedCapacity", CAPACITY)
BAD_METRICS = old("m", "returnItemCollectionMetrics", METRICS)

SEVERAL = [
    ("PutItem", named(Item={}, **BAD_ENUMS), reported(BAD_CAPACITY, NEW_RETURN_VALUES, BAD_METRICS)),
    ("PutItem", {"TableName": "", **BAD_ENUMS}, reported(new("TableName", shortest(1)))),
    ("PutItem", {}, reported(old(None, "tableName", NULL), old(None, "item", NULL))),
    (
        "DeleteItem",
        named(Key={}, ReturnValues="r", ReturnConsumedCapacity="c"),
        reported(BAD_CAPACITY, NEW_RETURN_VALUES),
    ),
    ("UpdateItem", named(Key={}, **BAD_ENUMS), reported(NEW_RETURN_VALUES)),
    ("UpdateItem", named(Key={}, ReturnConsumedCapacity="c", ReturnItemCollectionMetrics="m"), reported(BAD_CAPACITY)),
    ("UpdateItem", {"TableName": ""}, reported(old("", "tableName", shortest(1)), old(None, "key", NULL))),
    (
        "UpdateItem",
        {"TableName": "", "ReturnValues": "r", "ReturnConsumedCapacity": "c"},
        reported(
            BAD_CAPACITY,
            old("", "tableName", shortest(1)),
            old("r", "returnValues", one_of("ALL_NEW", "UPDATED_OLD", "ALL_OLD", "NONE", "UPDATED_NEW")),
            old(None, "key", NULL),
        ),
    ),
    (
        "GetItem",
        {"ReturnConsumedCapacity": "c"},
        reported(BAD_CAPACITY, old(None, "tableName", NULL), old(None, "key", NULL)),
    ),
    (
        "ExecuteTransaction",
        {"ClientRequestToken": "", "TransactStatements": []},
        reported(old("", "clientRequestToken", shortest(1)), old("[]", "transactStatements", shortest(1))),
    ),
    (  # behaviour 3.3
        "Query",
        named(Select="x", ConditionalOperator="y"),
        "Failed to satisfy constraint: " + one_of("ALL", "OR"),
    ),
    ("Query", {"TableName": "a b", "Limit": 0}, reported(old("a b", "tableName", NAME), new("Limit", least(1)))),
    ("Query", named(IndexName=""), reported(old("", "indexName", shortest(3)), old("", "indexName", NAME))),
    (
        "BatchGetItem",
        {"RequestItems": {"a b": {"Keys": [{}]}}, "ReturnConsumedCapacity": "c"},
        reported(old('{"a b":{"Keys":[{}]}}', "requestItems", NAME_KEYS), BAD_CAPACITY),
    ),
    ("BatchWriteItem", {"RequestItems": {"a b": [{}]}, "ReturnConsumedCapacity": "c"}, reported(BAD_CAPACITY)),
    (
        "BatchWriteItem",
        {"RequestItems": {}, "ReturnConsumedCapacity": "c", "ReturnItemCollectionMetrics": "m"},
        reported(BAD_CAPACITY, BAD_METRICS),
    ),
    (
        "TransactWriteItems",
        {
            "ReturnItemCollectionMetrics": "m",
            "ReturnConsumedCapacity": "c",
            "ClientRequestToken": "x" * 37,
            "TransactItems": [],
        },
        reported(
            old("x" * 37, "clientRequestToken", longest(36)),
            old("[]", "transactItems", shortest(1)),
            BAD_CAPACITY,
            BAD_METRICS,
        ),
    ),
    (
        "CreateTable",
        table(LocalSecondaryIndexes=[index(IndexName="l")], GlobalSecondaryIndexes=[index(IndexName="g")]),
        reported(
            old("g", "globalSecondaryIndexes.1.member.indexName", shortest(3)),
            old("l", "localSecondaryIndexes.1.member.indexName", shortest(3)),
        ),
    ),
    (
        "CreateTable",
        {"TableName": "abc"},
        reported(old(None, "attributeDefinitions", NULL), old(None, "keySchema", NULL)),
    ),
    (
        "UpdateTable",
        named(ProvisionedThroughput={"ReadCapacityUnits": 0, "WriteCapacityUnits": -1}),
        reported(
            old("-1", "provisionedThroughput.writeCapacityUnits", least(1)),
            old("0", "provisionedThroughput.readCapacityUnits", least(1)),
        ),
    ),
    (
        "UntagResource",
        {"TagKeys": None},
        reported(old(None, "resourceArn", NULL), old(None, "tagKeys", NULL)),
    ),
    (
        "TransactGetItems",
        {"TransactItems": [{}] * 12},
        reported(*[old(None, f"transactItems.{number}.member.get", NULL) for number in range(1, 11)]),
    ),
    # messages without the usual beginning
    *[
        (operation, {"BillingMode": "x"}, "The parameter 'TableName' is required but was not present in the request")
        for operation in ("CreateTable", "UpdateTable", "DeleteTable")
    ],
    ("BatchWriteItem", {"RequestItems": {}}, "The requestItems parameter is required for BatchWriteItem"),
    (
        "BatchWriteItem",
        {"RequestItems": {"abc": [{}] * 13, "abd": [{}] * 13}},
        "Too many items requested for the BatchWriteItem call",
    ),
    (
        "BatchGetItem",
        {"RequestItems": {"abc": {"Keys": [{}] * 51}, "abd": {"Keys": [{}] * 50}}},
        "Too many items requested for the BatchGetItem call",
    ),
]


@pytest.mark.parametrize(("operation", "raw", "message"), SEVERAL)
def test_several_failures(operation, raw, message):
    assert refusal(operation, raw) == message


def test_a_batch_over_its_limit_prints_its_items_as_the_service_does():
    """The message has the form quoted in github.com/risingwavelabs/risingwave/issues/17572."""
    put = {"PutRequest": {"Item": {"v1": {"S": "x"}, "v2": {"N": "1"}}}}
    message = refusal("BatchWriteItem", {"RequestItems": {"test_bench": [put] * 26}})
    value = r"com\.amazonaws\.dynamodb\.v20120810\.AttributeValue@[0-9a-f]{1,8}"
    request = (
        rf"WriteRequest\(putRequest=PutRequest\(item={{v1={value}, v2={value}}}, workloadProfileName=null\), "
        r"deleteRequest=null\)"
    )
    printed = rf"{{test_bench=\[{request}(, {request}){{25}}\]}}"
    assert re.fullmatch(rf"1 validation error detected: Value '{printed}' at 'requestItems' .*", message)


def test_values_too_deep_for_json_are_left_out_of_messages():
    value = {"S": "x"}
    for _ in range(300):
        value = {"L": [value]}
    message = refusal("BatchGetItem", {"RequestItems": {"a b": {"Keys": [{"pk": value}]}}})
    assert message == reported(old("...", "requestItems", NAME_KEYS))
