"""The service model has all operations and equals that of the pinned botocore, but does not need
botocore.
"""

import importlib.metadata
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from service_model import write_models

from emulator.model import service
from emulator.model.service import operations, request_model
from emulator.model.shapes import Shapes

ROOT = Path(__file__).parents[3]

# the operations of features 11
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
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Return a folder with the data files that a wheel has."""
    folder = tmp_path_factory.mktemp("data")
    write_models(folder)
    return folder


def pinned():
    (requirement,) = (
        text
        for text in tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"]
        if text.startswith("botocore")
    )
    return requirement.removeprefix("botocore==")


@pytest.mark.parametrize(
    "name",
    ["dynamodb/2012-08-10", "dynamodbstreams/2012-08-10", "lambda/2015-03-31"],
)
def test_a_build_describes_requests_as_botocore_does(built, name):
    """Compare all operations, their inputs, and every property of a shape that the server reads."""
    ours = json.loads((built / f"{name.partition('/')[0]}.json").read_text())
    theirs = json.loads(service._from_botocore(name))
    expected = theirs["operations"] if name.startswith("dynamodb") else ours["operations"]
    assert {n: raw["input"]["shape"] for n, raw in ours["operations"].items()} == {
        n: theirs["operations"][n]["input"]["shape"] for n in expected
    }
    assert ours["metadata"]["targetPrefix"] == theirs["metadata"].get("targetPrefix", "")
    made, original = Shapes(ours["shapes"]), Shapes(theirs["shapes"])
    todo = [raw["input"]["shape"] for raw in ours["operations"].values()]
    seen = set()
    while todo:
        shape = original[todo.pop()]
        if shape.name not in seen:
            seen.add(shape.name)
            assert made[shape.name] == shape
            assert list(made[shape.name].members) == list(shape.members)
            todo += [each for each in (*shape.members.values(), shape.value, shape.key) if each]
    assert seen == set(ours["shapes"])


def test_a_build_has_botocores_licence_and_names_it(built):
    assert "Apache License" in (built / "LICENSE.txt").read_text()
    assert "Amazon.com" in (built / "NOTICE").read_text()
    assert (
        f"botocore {importlib.metadata.version('botocore')}"
        in json.loads((built / "dynamodb.json").read_text())["source"]
    )
    assert sum(path.stat().st_size for path in built.iterdir()) < 80 << 10


def test_tests_and_builds_use_one_botocore():
    """The files that an editable install writes into this tree are also from the pinned
    botocore.
    """
    assert importlib.metadata.version("botocore") == pinned()
    for path in (ROOT / "emulator" / "model" / "data").glob("*.json"):
        assert re.match(r"botocore (\S+),", json.loads(path.read_text())["source"])[1] == pinned()


def test_an_error_explains_that_the_tree_was_never_built(tmp_path, monkeypatch):
    monkeypatch.setattr(service, "_DATA", tmp_path)
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(FileNotFoundError, match="pip install --editable"):
        service.read_model("dynamodb/2012-08-10")
