"""The service model: all operations, read without importing botocore."""

import subprocess
import sys
from pathlib import Path

import pytest

from emulator.model.service import operations, request_model

# recent-features.md 11
DATA_AND_CONTROL_PLANE = """
BatchExecuteStatement BatchGetItem BatchWriteItem CancelBulkOperation CreateBackup CreateGlobalTable CreateTable
DeleteBackup DeleteItem DeleteResourcePolicy DeleteTable DescribeBackup DescribeBulkOperation DescribeContinuousBackups
DescribeContributorInsights DescribeEndpoints DescribeExport DescribeGlobalTable DescribeGlobalTableSettings
DescribeImport DescribeKinesisStreamingDestination DescribeLimits DescribeTable DescribeTableReplicaAutoScaling
DescribeTimeToLive DisableKinesisStreamingDestination EnableKinesisStreamingDestination ExecuteStatement
ExecuteTransaction ExportTableToPointInTime GetItem GetResourcePolicy ImportTable ListBackups ListBulkOperations
ListContributorInsights ListExports ListGlobalTables ListImports ListTables ListTagsOfResource PutItem
PutResourcePolicy Query RestoreTableFromBackup RestoreTableToPointInTime Scan SearchVectors StartBulkPutItems
TagResource TransactGetItems TransactWriteItems UntagResource UpdateContinuousBackups UpdateContributorInsights
UpdateGlobalTable UpdateGlobalTableSettings UpdateItem UpdateKinesisStreamingDestination UpdateTable
UpdateTableReplicaAutoScaling UpdateTimeToLive
"""
STREAMS = "ListStreams DescribeStream GetShardIterator GetRecords"


@pytest.mark.parametrize(
    ("prefix", "names"),
    [("DynamoDB_20120810", DATA_AND_CONTROL_PLANE), ("DynamoDBStreams_20120810", STREAMS)],
)
def test_operations_and_targets(prefix, names):
    found = {model.target for model in operations().values() if model.prefix == prefix}
    assert found >= {f"{prefix}.{name}" for name in names.split()}


def test_every_operation_compiles_and_is_compiled_once():
    for name in operations():
        assert request_model(name) is request_model(name)


def test_unknown_operation():
    with pytest.raises(KeyError):
        request_model("GetItems")


def test_shapes_keep_order_and_constraints():
    shapes = operations()["CreateTable"].shapes
    element = shapes["KeySchemaElement"]
    assert list(element.members) == ["AttributeName", "KeyType"]
    assert element.required == ("AttributeName", "KeyType")
    name = shapes[element.members["AttributeName"]]
    assert (name.type, name.minimum, name.maximum) == ("string", 1, 255)
    assert shapes["KeyList"].value == "Key"
    assert shapes["Key"].key == "AttributeName"
    assert shapes["IndexName"].pattern == "[a-zA-Z0-9_.-]+"


def test_botocore_is_not_imported():
    code = (
        "import sys; from emulator.model.service import operations, request_model; request_model('GetItem'); "
        "assert not any(name.partition('.')[0] == 'botocore' for name in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[3])
