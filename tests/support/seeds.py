"""Tables with a few items, and a valid request of each operation.

Tests break these requests, to see that each wrong request gets an error and no 500.
"""

import json
from typing import Any

from emulator.clock import ManualClock
from emulator.database.definitions.streams import StreamDefinition, opened, sequence_text
from emulator.operations.streams import _iterator
from tests.support.tables import index_request, table_request, vector, vector_index_request

ARN = "arn:aws:dynamodb:us-east-1:123456789012:table/plain"

POLICY = (
    '{"Version":"2012-10-17","Id":"i","Statement":[{"Sid":"s","Effect":"Allow","Principal":{"AWS":["123456789012"]},'
    '"Action":["dynamodb:Get*","dynamodb:Query"],"Resource":"'
    + ARN
    + '","Condition":{"Bool":{"aws:SecureTransport":true}}}]}'
)
"""The resource policy of table `plain`."""

TABLES: list[dict[str, Any]] = [
    {
        **table_request(
            "pk:S sk:N",
            define="l:S g:S h:N m1:S m2:S r1:N r2:B",
            LocalSecondaryIndexes=[index_request("local", "pk l", "INCLUDE", ["x"])],
            GlobalSecondaryIndexes=[
                index_request("global", "g h"),
                index_request("multi", "m1+m2 r1+r2", "KEYS_ONLY"),
            ],
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        ),
        "TableName": "music",
    },
    {
        **table_request(
            "k:B",
            define="g:S",
            BillingMode="PROVISIONED",
            ProvisionedThroughput={"ReadCapacityUnits": 5, "WriteCapacityUnits": 5},
            Tags=[{"Key": "team", "Value": "a"}],
            ResourcePolicy=POLICY,
            GlobalSecondaryIndexes=[
                {
                    **index_request("thin", "g", "KEYS_ONLY"),
                    "ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1},
                }
            ],
        ),
        "TableName": "plain",
    },
]

VECTORS: dict[str, Any] = {
    **table_request(
        "pk:S",
        define="tenant:S color:N",
        VectorIndexes=[
            vector_index_request("near", "v", 2, "EUCLIDEAN", search="tenant:HASH color:INLINE_FILTER"),
            vector_index_request("same", "v", 2, "COSINE", "KEYS_ONLY"),
        ],
    ),
    "TableName": "vectors",
}
TABLES.append(VECTORS)
_UNITS = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5}
TABLES += [
    {
        **table_request(
            "k:S",
            define="g:S",
            BillingMode="PROVISIONED",
            ProvisionedThroughput=_UNITS,
            GlobalSecondaryIndexes=[{**index_request("multi", "g", "KEYS_ONLY"), "ProvisionedThroughput": _UNITS}],
        ),
        "TableName": "grouped",
    },
    {**table_request("k:S"), "TableName": "strict"},
    {**table_request("k:S"), "TableName": "empty"},
]

STRICT: dict[str, Any] = {
    "MultiRegionConsistency": "STRONG",
    "ReplicaUpdates": [{"Create": {"RegionName": "us-west-2"}}],
    "GlobalTableWitnessUpdates": [{"Create": {"RegionName": "us-east-2"}}],
}
GROUPS: list[dict[str, Any]] = [
    {"TableName": "grouped", "ReplicaUpdates": [{"Create": {"RegionName": "us-west-2"}}]},
    {"TableName": "grouped", "DisassociationProtectionEnabled": False},
    {"TableName": "strict", **STRICT},
]
"""The requests that make global tables of the tables `grouped` and `strict`."""

OTHER_ACCOUNT = "222222222222"


def replication_policy(arn: str) -> str:
    """Return a resource policy that permits the replication of a table."""
    actions = ("ReadDataForReplication", "WriteDataForReplication", "ReplicateSettings")
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "replication.dynamodb.amazonaws.com"},
        "Action": [f"dynamodb:{action}" for action in actions],
        "Resource": arn,
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


SOURCE_ARN = f"arn:aws:dynamodb:eu-west-1:{OTHER_ACCOUNT}:table/joint"
SOURCE: list[tuple[str, dict[str, Any]]] = [
    ("CreateTable", {**table_request("k:S"), "TableName": "joint"}),
    ("UpdateTable", {"TableName": "joint", "GlobalTableSettingsReplicationMode": "ENABLED"}),
    ("PutResourcePolicy", {"ResourceArn": SOURCE_ARN, "Policy": replication_policy(SOURCE_ARN)}),
]
"""Requests with which another account creates a table and permits replicas of it."""
JOINT: dict[str, Any] = {
    "TableName": "joint",
    "GlobalTableSourceArn": SOURCE_ARN,
    "GlobalTableSettingsReplicationMode": "ENABLED",
    "ResourcePolicy": replication_policy(ARN.replace("plain", "joint")),
    "Tags": [{"Key": "team", "Value": "a"}],
    "DeletionProtectionEnabled": False,
}
"""The request that creates a replica of the table of `SOURCE`."""

SCALED: dict[str, Any] = {
    "MinimumUnits": 1,
    "MaximumUnits": 10,
    "ScalingPolicyUpdate": {"TargetTrackingScalingPolicyConfiguration": {"TargetValue": 50}},
}

BACKUP = f"{ARN}/backup/01700000000000-00000001"
"""A backup of the table `plain`, which is made before the tests."""
INSIGHTS = {"TableName": "plain", "IndexName": "thin", "ContributorInsightsAction": "ENABLE"}
"""Contributor Insights of an index, which are enabled before the items are put."""


DESTINATION = {"TableName": "plain", "StreamArn": "arn:aws:kinesis:us-east-1:000000000000:stream/plain"}
"""A Kinesis destination, which is enabled before the items are put."""

STREAM_SEED = "0123456789abcdef"
"""A part of the ids of shards. It is usually random, but the seeds must know the ids."""

_NOW = ManualClock().now()
_STREAM = opened(
    StreamDefinition(
        id=0,
        seed=STREAM_SEED,
        access_key="test",
        account="123456789012",
        region="us-east-1",
        table="music",
        label="2023-11-14T22:13:20.000",
        view="NEW_AND_OLD_IMAGES",
        hash="pk",
        range="sk",
        created=_NOW,
        slots=4,
        shards=(),
    ),
    first=1,
    moment=_NOW,
)
_SHARD = {"StreamArn": _STREAM.arn, "ShardId": _STREAM.shards[0].id}

JOB_ID = "01700000000000-0abcdef0"
"""The id of each S3 job that begins before the items are put. Its random part is fixed."""

IMPORT = {
    "S3BucketSource": {"S3Bucket": "bucket", "S3KeyPrefix": "data/"},
    "InputFormat": "CSV",
    "InputFormatOptions": {"Csv": {"Delimiter": ";", "HeaderList": ["k", "g"]}},
    "InputCompressionType": "GZIP",
    "TableCreationParameters": {**table_request("k:S"), "TableName": "imported"},
    "ClientToken": "token",
}

ITEMS: list[tuple[str, dict[str, Any]]] = [
    (
        "music",
        {
            "pk": {"S": f"p{number % 2}"},
            "sk": {"N": str(number)},
            "n": {"N": "7"},
            "many": {"L": [{"S": "a"}, {"N": "1"}, {"M": {"deep": {"SS": ["x", "y"]}}}]},
            "tree": {"M": {"a": {"N": "1.5"}, "b": {"L": [{"BOOL": True}, {"NULL": True}]}}},
            "words": {"SS": ["a", "b"]},
            "sizes": {"NS": ["1", "2"]},
            **({"l": {"S": "l"}, "x": {"B": "AAE="}} if number != 1 else {}),
            **({"g": {"S": "g"}, "h": {"N": str(-number)}} if number != 2 else {}),
            **({"m1": {"S": "1"}, "m2": {"S": "2"}, "r1": {"N": "3"}, "r2": {"B": "AA=="}} if number else {}),
        },
    )
    for number in range(4)
] + [("plain", {"k": {"B": data}, "g": {"S": "g"}}) for data in ("AA==", "AQ==", "AgI=")]
ITEMS += [
    ("vectors", {"pk": {"S": name}, "v": vector(*numbers), "tenant": {"S": "a"}, "color": {"N": "1"}})
    for name, numbers in (("one", (1, 0)), ("two", (0, 1.5)))
]

_KEY = {"pk": {"S": "p0"}, "sk": {"N": "0"}}
_ITEM = {**_KEY, "n": {"N": "1"}, "l": {"S": "z"}, "g": {"S": "y"}, "h": {"N": "1e3"}, "b": {"BS": ["AA==", "AQ=="]}}
_ASKED = {"ReturnConsumedCapacity": "INDEXES", "ReturnItemCollectionMetrics": "SIZE"}

BULK = {
    "InputS3Configuration": {"S3Bucket": "bucket", "S3KeyPrefix": "data/", "InputFormat": "ION"},
    "OutputS3Configuration": {"S3Bucket": "bucket", "OutputType": ["ERROR"], "S3SseAlgorithm": "AES256"},
    "TableName": "plain",
    "MaxWriteRequestUnits": 2000,
    "PerformanceTier": "STANDARD",
    "ClientToken": "token",
}

_BULK_ARN = f"{ARN}/bulk-operation/{JOB_ID}"

RECOVERY = {"TableName": "plain", "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True}}

EXPORT = {
    "TableArn": ARN,
    "S3Bucket": "bucket",
    "S3Prefix": "prefix/",
    "S3BucketOwner": "123456789012",
    "ExportTime": _NOW,
    "ExportFormat": "ION",
    "ExportType": "FULL_EXPORT",
    "S3SseAlgorithm": "KMS",
    "S3SseKmsKeyId": "key",
    "ClientToken": "token",
    "FilterSpecification": {
        "FilterExpression": "#g = :g AND size(k) > :n",
        "ProjectionExpression": "k, #g",
        "ExpressionAttributeNames": {"#g": "g"},
        "ExpressionAttributeValues": {":g": {"S": "g"}, ":n": {"N": "0"}},
    },
}
"""An export as of the moment at which recovery of its table was enabled."""

SEEDS: dict[str, list[dict[str, Any]]] = {
    "ExportTableToPointInTime": [EXPORT, {"TableArn": ARN, "S3Bucket": "bucket"}],
    "DescribeExport": [{"ExportArn": f"{ARN}/export/{JOB_ID}"}],
    "ListExports": [{}, {"TableArn": ARN, "MaxResults": 3}],
    "StartBulkPutItems": [BULK, {**BULK, "ClientToken": "other"}],
    "DescribeBulkOperation": [{"BulkOperationArn": _BULK_ARN}],
    "CancelBulkOperation": [{"BulkOperationArn": _BULK_ARN}],
    "ListBulkOperations": [{}, {"MaxResults": 3}],
    "ImportTable": [IMPORT, {**IMPORT, "ClientToken": "other"}],
    "DescribeImport": [{"ImportArn": f"{ARN.replace('plain', 'imported')}/import/{JOB_ID}"}],
    "ListImports": [{}, {"TableArn": ARN, "PageSize": 3}],
    "UpdateContinuousBackups": [
        {
            "TableName": "music",
            "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True, "RecoveryPeriodInDays": 7},
        },
        {"TableName": ARN, "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": False}},
    ],
    "CreateBackup": [{"TableName": "music", "BackupName": "backup"}, {"TableName": ARN, "BackupName": "a.b-c_d"}],
    "DescribeBackup": [{"BackupArn": BACKUP}],
    "DeleteBackup": [{"BackupArn": BACKUP}],
    "ListBackups": [
        {},
        {
            "TableName": "music",
            "BackupType": "ALL",
            "Limit": 1,
            "TimeRangeLowerBound": 1.5,
            "TimeRangeUpperBound": 1_800_000_000,
            "ExclusiveStartBackupArn": BACKUP,
        },
    ],
    "RestoreTableFromBackup": [
        {"TargetTableName": "restored", "BackupArn": BACKUP},
        {
            "TargetTableName": "restored",
            "BackupArn": BACKUP,
            "BillingModeOverride": "PROVISIONED",
            "ProvisionedThroughputOverride": {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5},
            "GlobalSecondaryIndexOverride": [
                {
                    **index_request("thin", "g", "KEYS_ONLY"),
                    "ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1},
                }
            ],
            "LocalSecondaryIndexOverride": [],
            "SSESpecificationOverride": {"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": "alias/aws/dynamodb"},
        },
        {
            "TargetTableName": "restored",
            "BackupArn": BACKUP,
            "BillingModeOverride": "PAY_PER_REQUEST",
            "OnDemandThroughputOverride": {"MaxReadRequestUnits": 5, "MaxWriteRequestUnits": -1},
        },
    ],
    "RestoreTableToPointInTime": [
        {"SourceTableName": "plain", "TargetTableName": "restored", "UseLatestRestorableTime": True},
        {
            "SourceTableArn": ARN,
            "TargetTableName": "restored",
            "RestoreDateTime": ManualClock().now(),
            "GlobalSecondaryIndexOverride": [],
        },
    ],
    "DescribeContinuousBackups": [{"TableName": "music"}, {"TableName": ARN}],
    "GetItem": [
        {"TableName": "music", "Key": _KEY, "ReturnConsumedCapacity": "TOTAL", "ConsistentRead": True},
        {
            "TableName": "music",
            "Key": _KEY,
            "ProjectionExpression": "#l[2].deep, tree.b[0], n, many[0]",
            "ExpressionAttributeNames": {"#l": "many"},
        },
        {"TableName": "plain", "Key": {"k": {"B": "AA=="}}, "AttributesToGet": ["g", "k"]},
    ],
    "PutItem": [
        {"TableName": "music", "Item": _ITEM},
        {"TableName": "vectors", "Item": {"pk": {"S": "new"}, "v": vector(1, -0.5), "tenant": {"S": "a"}}, **_ASKED},
        {
            "TableName": "music",
            "Item": _ITEM,
            "ReturnValues": "ALL_OLD",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            "ConditionExpression": "attribute_exists(#n) AND (n = :n OR size(tree.a) > :n) AND NOT contains(words, :s)",
            "ExpressionAttributeNames": {"#n": "words"},
            "ExpressionAttributeValues": {":n": {"N": "7"}, ":s": {"S": "c"}},
            **_ASKED,
        },
        {
            "TableName": "music",
            "Item": _ITEM,
            "Expected": {
                "n": {"ComparisonOperator": "BETWEEN", "AttributeValueList": [{"N": "1"}, {"N": "9"}]},
                "zzz": {"Exists": False},
            },
            "ConditionalOperator": "OR",
        },
    ],
    "UpdateItem": [
        {
            "TableName": "music",
            "Key": _KEY,
            "UpdateExpression": "SET n = n + :one, tree.c = if_not_exists(tree.a, :one), #l[1] = :s, h = :one "
            "REMOVE x, tree.b[1] ADD sizes :ns DELETE words :ss",
            "ConditionExpression": "n IN (:one, :seven) AND sk BETWEEN :zero AND :one AND begins_with(pk, :s)",
            "ExpressionAttributeNames": {"#l": "many"},
            "ExpressionAttributeValues": {
                ":one": {"N": "1"},
                ":seven": {"N": "7"},
                ":zero": {"N": "0"},
                ":s": {"S": "p"},
                ":ns": {"NS": ["5"]},
                ":ss": {"SS": ["a"]},
            },
            "ReturnValues": "UPDATED_NEW",
            **_ASKED,
        },
        {
            "TableName": "music",
            "Key": {"pk": {"S": "new"}, "sk": {"N": "-1.5e3"}},
            "UpdateExpression": "SET many = list_append(:l, :l), g = :s",
            "ExpressionAttributeValues": {":l": {"L": [{"M": {}}]}, ":s": {"S": "s"}},
            "ReturnValues": "ALL_NEW",
        },
        {
            "TableName": "vectors",
            "Key": {"pk": {"S": "one"}},
            "UpdateExpression": "SET v[1] = :n, color = :n",
            "ExpressionAttributeValues": {":n": {"N": "2"}},
            **_ASKED,
        },
        {
            "TableName": "music",
            "Key": _KEY,
            "AttributeUpdates": {
                "n": {"Action": "ADD", "Value": {"N": "3"}},
                "x": {"Action": "DELETE"},
                "l": {"Action": "PUT", "Value": {"S": "new"}},
            },
            "Expected": {"n": {"Value": {"N": "7"}, "Exists": True}},
            "ReturnValues": "ALL_OLD",
        },
    ],
    "DeleteItem": [
        {"TableName": "music", "Key": _KEY, "ReturnValues": "ALL_OLD", **_ASKED},
        {
            "TableName": "music",
            "Key": _KEY,
            "ConditionExpression": "attribute_type(tree, :t) AND attribute_not_exists(tree.z[3].y) AND many[1] <> :s",
            "ExpressionAttributeValues": {":t": {"S": "M"}, ":s": {"S": "s"}},
        },
        {"TableName": "plain", "Key": {"k": {"B": "AQ=="}}, "Expected": {"g": {"Value": {"S": "g"}}}},
    ],
    "Query": [
        {
            "TableName": "music",
            "KeyConditionExpression": "pk = :p AND sk BETWEEN :a AND :b",
            "FilterExpression": "attribute_exists(n) AND contains(words, :p) OR n >= :a",
            "ProjectionExpression": "pk, tree.a",
            "ExpressionAttributeValues": {":p": {"S": "p0"}, ":a": {"N": "-1"}, ":b": {"N": "1e3"}},
            "ExclusiveStartKey": _KEY,
            "Limit": 1,
            "ScanIndexForward": True,
            "Select": "SPECIFIC_ATTRIBUTES",
            "ReturnConsumedCapacity": "INDEXES",
        },
        {
            "TableName": "music",
            "IndexName": "global",
            "KeyConditionExpression": "g = :g AND h < :h",
            "ExpressionAttributeValues": {":g": {"S": "g"}, ":h": {"N": "9"}},
            "ExclusiveStartKey": {"pk": {"S": "p1"}, "sk": {"N": "1"}, "g": {"S": "g"}, "h": {"N": "-1"}},
            "ScanIndexForward": False,
        },
        {
            "TableName": "music",
            "IndexName": "local",
            "KeyConditionExpression": "pk = :p AND begins_with(l, :l)",
            "ExpressionAttributeValues": {":p": {"S": "p0"}, ":l": {"S": "l"}, ":n": {"N": "7"}},
            "FilterExpression": "n = :n",
            "Select": "COUNT",
        },
        {
            "TableName": "music",
            "IndexName": "multi",
            "KeyConditionExpression": "m1 = :1 AND m2 = :2 AND r1 = :3 AND r2 >= :4",
            "ExpressionAttributeValues": {":1": {"S": "1"}, ":2": {"S": "2"}, ":3": {"N": "3"}, ":4": {"B": "AA=="}},
        },
        {
            "TableName": "music",
            "KeyConditions": {
                "pk": {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": "p0"}]},
                "sk": {"ComparisonOperator": "GT", "AttributeValueList": [{"N": "0"}]},
            },
            "QueryFilter": {
                "words": {"ComparisonOperator": "CONTAINS", "AttributeValueList": [{"S": "a"}]},
                "n": {"ComparisonOperator": "NE", "AttributeValueList": [{"N": "8"}]},
            },
            "ConditionalOperator": "AND",
            "AttributesToGet": ["n"],
        },
    ],
    "Scan": [
        {"TableName": "music", "Segment": 1, "TotalSegments": 3, "ConsistentRead": True, "Limit": 2},
        {
            "TableName": "music",
            "IndexName": "multi",
            "FilterExpression": "size(pk) < :n",
            "ExpressionAttributeValues": {":n": {"N": "5"}},
            "ExclusiveStartKey": {
                "pk": {"S": "p1"},
                "sk": {"N": "1"},
                "m1": {"S": "1"},
                "m2": {"S": "2"},
                "r1": {"N": "3"},
                "r2": {"B": "AA=="},
            },
            "ReturnConsumedCapacity": "TOTAL",
        },
        {
            "TableName": "plain",
            "ScanFilter": {
                "g": {"ComparisonOperator": "IN", "AttributeValueList": [{"S": "g"}, {"S": "h"}]},
                "z": {"ComparisonOperator": "NULL"},
            },
            "ConditionalOperator": "OR",
            "ExclusiveStartKey": {"k": {"B": "AA=="}},
        },
    ],
    "SearchVectors": [
        {"TableName": "vectors", "IndexName": "same", "SearchVector": [{"N": "1"}, {"N": "1e-3"}], "TopK": 1},
        {
            "TableName": "vectors",
            "IndexName": "near",
            "SearchVector": [{"N": "1"}, {"N": "2"}],
            "TopK": 10,
            "SearchConditionExpression": "tenant = :t AND #c = :c",
            "ProjectionExpression": "pk, v",
            "ExpressionAttributeNames": {"#c": "color"},
            "ExpressionAttributeValues": {":t": {"S": "a"}, ":c": {"N": "1"}},
            "ReturnConsumedCapacity": "TOTAL",
        },
    ],
    "BatchGetItem": [
        {
            "RequestItems": {
                "music": {"Keys": [_KEY, {"pk": {"S": "p1"}, "sk": {"N": "1"}}], "ProjectionExpression": "n, tree.a"},
                "plain": {"Keys": [{"k": {"B": "AA=="}}], "ConsistentRead": True},
            },
            "ReturnConsumedCapacity": "TOTAL",
        }
    ],
    "BatchWriteItem": [
        {
            "RequestItems": {
                "music": [{"PutRequest": {"Item": {**_ITEM, "sk": {"N": "5"}}}}, {"DeleteRequest": {"Key": _KEY}}],
                "plain": [{"PutRequest": {"Item": {"k": {"B": "AAAA"}}}}],
            },
            **_ASKED,
        }
    ],
    "TransactWriteItems": [
        {
            "TransactItems": [
                {"Put": {"TableName": "music", "Item": {**_ITEM, "sk": {"N": "6"}}}},
                {
                    "Update": {
                        "TableName": "music",
                        "Key": _KEY,
                        "UpdateExpression": "SET #n = #n + :one, tree.c = :one",
                        "ConditionExpression": "#n < :ten",
                        "ExpressionAttributeNames": {"#n": "n"},
                        "ExpressionAttributeValues": {":one": {"N": "1"}, ":ten": {"N": "10"}},
                        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
                    }
                },
                {"Delete": {"TableName": "plain", "Key": {"k": {"B": "AA=="}}}},
                {
                    "ConditionCheck": {
                        "TableName": "plain",
                        "Key": {"k": {"B": "AQ=="}},
                        "ConditionExpression": "attribute_exists(g)",
                    }
                },
            ],
            "ClientRequestToken": "token",
            **_ASKED,
        }
    ],
    "TransactGetItems": [
        {
            "TransactItems": [
                {"Get": {"TableName": "music", "Key": _KEY, "ProjectionExpression": "n, tree.a"}},
                {"Get": {"TableName": "plain", "Key": {"k": {"B": "/w=="}}}},
            ],
            "ReturnConsumedCapacity": "TOTAL",
        }
    ],
    "ExecuteStatement": [
        {
            "Statement": 'SELECT n, tree.a, many[0] FROM "music" WHERE pk = ? AND sk >= 0 AND (n <> ? OR g IS MISSING)',
            "Parameters": [{"S": "p0"}, {"N": "8"}],
            "ConsistentRead": True,
            "Limit": 1,
            "ReturnConsumedCapacity": "TOTAL",
        },
        {"Statement": """INSERT INTO "music" VALUE {'pk': 'new', 'sk': 1, 'g': 'x', 'all': [1, {'a': <<1, 2>>}, ?]}"""}
        | {"Parameters": [{"L": []}]},
        {"Statement": """UPDATE "music" SET n = n + ? REMOVE x WHERE pk = 'p0' AND sk = 0 RETURNING ALL NEW *"""}
        | {"Parameters": [{"N": "1"}]},
        {"Statement": 'DELETE FROM "plain" WHERE k = ?', "Parameters": [{"B": "AA=="}]},
        {"Statement": """SELECT * FROM "music"."global" WHERE g IN ['g', 'h'] AND contains(words, 'a')"""},
    ],
    "BatchExecuteStatement": [
        {
            "Statements": [
                {"Statement": 'SELECT * FROM "plain" WHERE k = ?', "Parameters": [{"B": "AA=="}]},
                {"Statement": """SELECT n FROM "music" WHERE pk = 'p1' AND sk = 1""", "ConsistentRead": True},
            ],
            "ReturnConsumedCapacity": "TOTAL",
        },
        {
            "Statements": [
                {"Statement": """INSERT INTO "music" VALUE {'pk': 'new', 'sk': 1}"""},
                {"Statement": """UPDATE "music" SET n = 1 WHERE pk = 'p1' AND sk = 1"""},
            ]
        },
    ],
    "ExecuteTransaction": [
        {
            "TransactStatements": [
                {"Statement": """INSERT INTO "music" VALUE {'pk': 'new', 'sk': ?}""", "Parameters": [{"N": "2"}]},
                {"Statement": """UPDATE "music" SET n = n + 1 WHERE pk = 'p1' AND sk = 1 AND n < 10"""},
                {"Statement": """EXISTS(SELECT * FROM "music" WHERE pk = 'p0' AND sk = 0 AND n = 7)"""},
            ],
            "ClientRequestToken": "token",
            "ReturnConsumedCapacity": "TOTAL",
        }
    ],
    "CreateTable": [
        JOINT,
        {**TABLES[0], "TableName": "third"},
        {**VECTORS, "TableName": "sixth"},
        {
            **TABLES[1],
            "TableName": "fourth",
            "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"},
        },
        {
            **table_request("k:N"),
            "TableName": "fifth",
            "OnDemandThroughput": {"MaxReadRequestUnits": 5, "MaxWriteRequestUnits": 1},
            "TableClass": "STANDARD_INFREQUENT_ACCESS",
            "DeletionProtectionEnabled": True,
            "SSESpecification": {"Enabled": True, "SSEType": "KMS"},
        },
    ],
    "UpdateTable": [
        {
            "TableName": "plain",
            "ProvisionedThroughput": {"ReadCapacityUnits": 6, "WriteCapacityUnits": 6},
            "GlobalSecondaryIndexUpdates": [
                {
                    "Update": {
                        "IndexName": "thin",
                        "ProvisionedThroughput": {"ReadCapacityUnits": 2, "WriteCapacityUnits": 2},
                    }
                }
            ],
        },
        {
            "TableName": "music",
            "AttributeDefinitions": [{"AttributeName": "new", "AttributeType": "S"}],
            "GlobalSecondaryIndexUpdates": [{"Create": index_request("newer", "new", "INCLUDE", ["x"])}],
        },
        {"TableName": "music", "GlobalSecondaryIndexUpdates": [{"Delete": {"IndexName": "multi"}}]},
        {
            "TableName": "vectors",
            "AttributeDefinitions": [{"AttributeName": "tenant", "AttributeType": "S"}],
            "VectorIndexUpdates": [
                {"Create": vector_index_request("dot", "v", 2, "DOT_PRODUCT", "INCLUDE", ["x"], "tenant:INLINE_FILTER")}
            ],
        },
        {"TableName": "vectors", "VectorIndexUpdates": [{"Delete": {"IndexName": "same"}}]},
        {
            "TableName": ARN,
            "BillingMode": "PAY_PER_REQUEST",
            "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
        },
        {"TableName": ARN, "DeletionProtectionEnabled": True},
        {
            "TableName": "music",
            "ReplicaUpdates": [
                {
                    "Create": {
                        "RegionName": "eu-west-1",
                        "OnDemandThroughputOverride": {"MaxReadRequestUnits": 5},
                        "GlobalSecondaryIndexes": [
                            {"IndexName": "multi", "OnDemandThroughputOverride": {"MaxReadRequestUnits": 5}}
                        ],
                    }
                }
            ],
        },
        {"TableName": "music", "TableClass": "STANDARD"},
        {"TableName": "plain", "TableThroughputMode": "PAY_PER_REQUEST"},
        {"TableName": "empty", **STRICT},
        {
            "TableName": "strict",
            "ReplicaUpdates": [{"Delete": {"RegionName": "us-west-2"}}],
            "GlobalTableWitnessUpdates": [{"Delete": {"RegionName": "us-east-2"}}],
        },
        {"TableName": "grouped", "DisassociationProtectionEnabled": True},
        {
            "TableName": "grouped",
            "ReplicaUpdates": [
                {"Disassociate": {"RegionName": "us-east-1", "DisassociationMode": "WAIT_FOR_REPLICATION"}}
            ],
        },
        {"TableName": "grouped", "ReplicaUpdates": [{"Delete": {"RegionName": "us-west-2"}}]},
        {"TableName": "plain", "GlobalTableSettingsReplicationMode": "ENABLED"},
    ],
    "DescribeTable": [{"TableName": "music"}, {"TableName": ARN}],
    "DeleteTable": [{"TableName": "music"}],
    "ListTables": [{"Limit": 1, "ExclusiveStartTableName": "aaa"}, {}],
    "ListStreams": [
        {"TableName": "music", "Limit": 1},
        {"ExclusiveStartStreamArn": _STREAM.arn.replace("music", "aaa")},
    ],
    "DescribeStream": [
        {"StreamArn": _STREAM.arn, "Limit": 2, "ExclusiveStartShardId": _SHARD["ShardId"]},
        {"StreamArn": _STREAM.arn, "ShardFilter": {"Type": "CHILD_SHARDS", "ShardId": _SHARD["ShardId"]}},
    ],
    "GetShardIterator": [
        {**_SHARD, "ShardIteratorType": "LATEST"},
        {**_SHARD, "ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": sequence_text(1)},
        {**_SHARD, "ShardIteratorType": "AT_TIMESTAMP", "Timestamp": _NOW},
    ],
    "GetRecords": [
        {"ShardIterator": _iterator(_STREAM, shard, position, _NOW), "Limit": 3}
        for shard in _STREAM.shards
        for position in (0, 2)
    ],
    "DescribeLimits": [{}],
    "DescribeEndpoints": [{}],
    "TagResource": [{"ResourceArn": ARN, "Tags": [{"Key": "a", "Value": "b"}, {"Key": "team", "Value": ""}]}],
    "UntagResource": [{"ResourceArn": ARN, "TagKeys": ["team", "nothing"]}],
    "ListTagsOfResource": [{"ResourceArn": ARN, "NextToken": "YQ=="}],
    "PutResourcePolicy": [
        {"ResourceArn": ARN, "Policy": POLICY.replace("Allow", "Deny"), "ConfirmRemoveSelfResourceAccess": True},
        {"ResourceArn": _STREAM.arn, "Policy": POLICY.replace("Get*", "GetRecords").replace("Query", "*")},
        {"ResourceArn": ARN, "Policy": POLICY, "ExpectedRevisionId": str(int(_NOW * 1000))},
    ],
    "GetResourcePolicy": [{"ResourceArn": ARN}],
    "DeleteResourcePolicy": [{"ResourceArn": ARN, "ExpectedRevisionId": str(int(_NOW * 1000))}],
    "UpdateContributorInsights": [
        {"TableName": "music", "ContributorInsightsAction": "ENABLE", "ContributorInsightsMode": "THROTTLED_KEYS"},
        {"TableName": ARN, "IndexName": "thin", "ContributorInsightsAction": "DISABLE"},
    ],
    "DescribeContributorInsights": [{"TableName": "plain", "IndexName": "thin"}, {"TableName": ARN}],
    "ListContributorInsights": [{"MaxResults": 1}, {"TableName": ARN, "NextToken": "YS8="}],
    "ListGlobalTables": [{"Limit": 1, "RegionName": "us-east-1"}],
    "UpdateTimeToLive": [{"TableName": "music", "TimeToLiveSpecification": {"Enabled": True, "AttributeName": "ttl"}}],
    "DescribeTimeToLive": [{"TableName": "music"}],
    "EnableKinesisStreamingDestination": [
        {
            "TableName": "music",
            "StreamArn": DESTINATION["StreamArn"],
            "EnableKinesisStreamingConfiguration": {"ApproximateCreationDateTimePrecision": "MILLISECOND"},
        }
    ],
    "DisableKinesisStreamingDestination": [DESTINATION],
    "UpdateKinesisStreamingDestination": [
        {
            **DESTINATION,
            "UpdateKinesisStreamingConfiguration": {"ApproximateCreationDateTimePrecision": "MICROSECOND"},
        }
    ],
    "DescribeKinesisStreamingDestination": [{"TableName": "plain"}, {"TableName": ARN}],
    "DescribeTableReplicaAutoScaling": [{"TableName": "grouped"}],
    "UpdateTableReplicaAutoScaling": [
        {
            "TableName": "grouped",
            "ProvisionedWriteCapacityAutoScalingUpdate": SCALED,
            "GlobalSecondaryIndexUpdates": [
                {"IndexName": "multi", "ProvisionedWriteCapacityAutoScalingUpdate": SCALED}
            ],
            "ReplicaUpdates": [
                {
                    "RegionName": "us-east-1",
                    "ReplicaProvisionedReadCapacityAutoScalingUpdate": {"AutoScalingDisabled": True},
                    "ReplicaGlobalSecondaryIndexUpdates": [
                        {"IndexName": "multi", "ProvisionedReadCapacityAutoScalingUpdate": SCALED}
                    ],
                }
            ],
        }
    ],
}

REFUSED: dict[str, list[dict[str, Any]]] = {
    "CreateGlobalTable": [{"GlobalTableName": "music", "ReplicationGroup": [{"RegionName": "us-east-1"}]}],
    "UpdateGlobalTable": [{"GlobalTableName": "music", "ReplicaUpdates": [{"Delete": {"RegionName": "us-east-1"}}]}],
    "DescribeGlobalTable": [{"GlobalTableName": "music"}],
    "DescribeGlobalTableSettings": [{"GlobalTableName": "music"}],
    "UpdateGlobalTableSettings": [{"GlobalTableName": "music", "GlobalTableProvisionedWriteCapacityUnits": 5}],
}
"""Well-formed requests of operations that refuse every request."""

SEEDS |= REFUSED

READS = frozenset(
    name
    for name in SEEDS
    if name.startswith(("Describe", "Get", "List", "BatchGet", "TransactGet"))
    or name in ("Query", "Scan", "SearchVectors")
)
