"""Exports, imports and bulk operations survive kills; they use a folder or an S3 endpoint."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import WaiterError

from tests.support.buckets import Bucket
from tests.support.http_clients import boto_options
from tests.support.s3 import fake_s3, moto_s3
from tests.support.servers import Server, running

CREATION: dict[str, Any] = {
    "TableName": "tab",
    "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
    "BillingMode": "PAY_PER_REQUEST",
}
COUNT = 30_000
DELAYED = {"Delay": 0, "MaxAttempts": 10_000}


@pytest.fixture
def bucket(tmp_path: Path) -> Bucket:
    made = Bucket(tmp_path / "s3" / "bucket")
    for part in range(3):
        items = ({"pk": {"S": f"{part}-{number}"}, "v": {"S": "x" * 50}} for number in range(COUNT // 3))
        made.put_items(f"in/{part}", items)
    return made


def client_of(server: Server) -> Any:
    return boto3.client("dynamodb", **boto_options(server.url))


def begin_import(client: Any) -> str:
    source = {"S3Bucket": "bucket", "S3KeyPrefix": "in/"}
    begun = client.import_table(S3BucketSource=source, InputFormat="DYNAMODB_JSON", TableCreationParameters=CREATION)
    return str(begun["ImportTableDescription"]["ImportArn"])


def begin_bulk(client: Any) -> str:
    begun = client.start_bulk_put_items(
        InputS3Configuration={"S3Bucket": "bucket", "S3KeyPrefix": "in/", "InputFormat": "DYNAMODB_JSON"},
        OutputS3Configuration={"OutputType": ["ERROR"], "S3KeyPrefix": "out"},
        TableName="tab",
    )
    return str(begun["BulkOperationDescription"]["BulkOperationArn"])


def begin_export(client: Any) -> str:
    arn = client.describe_table(TableName="tab")["Table"]["TableArn"]
    return str(client.export_table_to_point_in_time(TableArn=arn, S3Bucket="bucket")["ExportDescription"]["ExportArn"])


def recover(client: Any) -> None:
    enabled = {"PointInTimeRecoveryEnabled": True}
    client.update_continuous_backups(TableName="tab", PointInTimeRecoverySpecification=enabled)


def processed(client: Any, arn: str) -> int:
    """Return the number of items that an import or bulk operation has processed."""
    if "/import/" in arn:
        count: int = client.describe_import(ImportArn=arn)["ImportTableDescription"]["ProcessedItemCount"]
        return count
    found = client.describe_bulk_operation(BulkOperationArn=arn)["BulkOperationDescription"]
    return int(found["ProcessedItemCount"])


def scanned(client: Any) -> int:
    pages = client.get_paginator("scan").paginate(TableName="tab", Select="COUNT")
    return sum(page["Count"] for page in pages)


@pytest.mark.crash
@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("after", [1, 5_000, 20_000])
def test_an_import_goes_on_after_a_kill(tmp_path: Path, bucket: Bucket, workers: int, after: int) -> None:
    arguments = ("--data-dir", str(tmp_path / "data"), "--s3-dir", str(tmp_path / "s3"), "--workers", str(workers))
    # With this flag DescribeImport does not wait for the end of the import.
    with running(*arguments, "--delay-transient-statuses") as server:
        client = client_of(server)
        arn = begin_import(client)
        while processed(client, arn) < after:
            pass
        server.kill()
    with running(*arguments) as server:
        client = client_of(server)
        client.get_waiter("import_completed").wait(ImportArn=arn, WaiterConfig=DELAYED)
        found = client.describe_import(ImportArn=arn)["ImportTableDescription"]
        counts = [found[name] for name in ("ProcessedItemCount", "ImportedItemCount", "ErrorCount")]
        assert counts == [COUNT, COUNT, 0]
        assert scanned(client) == COUNT
        assert client.describe_table(TableName="tab")["Table"]["ItemCount"] == COUNT


@pytest.mark.crash
def test_the_work_goes_on_in_another_process_when_a_worker_is_killed(tmp_path: Path, bucket: Bucket) -> None:
    """The first worker, which did the work, is killed; the supervisor starts its successor."""
    arguments = ("--data-dir", str(tmp_path / "data"), "--s3-dir", str(tmp_path / "s3"), "--workers", "2")
    with running(*arguments) as server:
        client = client_of(server)
        client.create_table(**CREATION)
        arn = begin_bulk(client)
        os.kill(server.workers()[0], signal.SIGKILL)
        client = boto3.client("dynamodb", **{**boto_options(server.url), "config": None})  # this client retries
        waiter = client.get_waiter("bulk_operation_completed")
        waiter.wait(BulkOperationArn=arn, WaiterConfig=DELAYED)
        assert processed(client, arn) == COUNT == scanned(client)


@pytest.mark.crash
def test_an_export_goes_on_after_a_kill(tmp_path: Path, bucket: Bucket) -> None:
    arguments = ("--data-dir", str(tmp_path / "data"), "--s3-dir", str(tmp_path / "s3"))
    with running(*arguments) as server:
        client = client_of(server)
        imported = begin_import(client)
        client.get_waiter("import_completed").wait(ImportArn=imported, WaiterConfig=DELAYED)
        recover(client)
        arn = begin_export(client)
        server.kill()
    with running(*arguments) as server:
        client = client_of(server)
        client.put_item(TableName="tab", Item={"pk": {"S": "later"}})
        client.get_waiter("export_completed").wait(ExportArn=arn, WaiterConfig=DELAYED)
        found = client.describe_export(ExportArn=arn)["ExportDescription"]
        assert found["ItemCount"] == COUNT
        manifest = bucket.json(found["ExportManifest"])["manifestFilesS3Key"]
        keys = {
            line["Item"]["pk"]["S"] for entry in bucket.lines(manifest) for line in bucket.lines(entry["dataFileS3Key"])
        }
        assert len(keys) == COUNT
        assert "later" not in keys


@pytest.fixture(params=["small", pytest.param("moto", marks=pytest.mark.nightly)])
def s3_url(request: pytest.FixtureRequest, bucket: Bucket) -> Iterator[str]:
    """Yield the URL of a simulated S3 that has the objects of the bucket."""
    if request.param == "small":
        with fake_s3() as fake:
            fake.buckets["bucket"] = {key: bucket.get(key) for key in bucket.all_keys()}
            yield fake.url
        return
    with moto_s3() as url:
        s3 = s3_client(url)
        s3.create_bucket(Bucket="bucket")
        for key in bucket.all_keys():
            s3.put_object(Bucket="bucket", Key=key, Body=bucket.get(key))
        yield url


def s3_client(url: str) -> Any:
    return boto3.client("s3", **{**boto_options(url), "config": None})


def test_an_s3_endpoint(tmp_path: Path, s3_url: str) -> None:
    with running("--data-dir", str(tmp_path / "data"), "--s3-endpoint", s3_url) as server:
        client = client_of(server)
        imported = begin_import(client)
        client.get_waiter("import_completed").wait(ImportArn=imported, WaiterConfig=DELAYED)
        assert scanned(client) == COUNT
        recover(client)
        exported = begin_export(client)
        client.get_waiter("export_completed").wait(ExportArn=exported, WaiterConfig=DELAYED)
        bulk = begin_bulk(client)
        client.get_waiter("bulk_operation_completed").wait(BulkOperationArn=bulk, WaiterConfig=DELAYED)
        assert processed(client, bulk) == COUNT
        found = client.describe_export(ExportArn=exported)["ExportDescription"]
        manifest = s3_client(s3_url).get_object(Bucket="bucket", Key=found["ExportManifest"])["Body"].read()
        assert json.loads(manifest)["itemCount"] == COUNT
        missing = client.import_table(
            S3BucketSource={"S3Bucket": "missing"},
            InputFormat="DYNAMODB_JSON",
            TableCreationParameters={**CREATION, "TableName": "other"},
        )["ImportTableDescription"]["ImportArn"]
        with pytest.raises(WaiterError, match="FAILED"):
            client.get_waiter("import_completed").wait(ImportArn=missing, WaiterConfig=DELAYED)
        found = client.describe_import(ImportArn=missing)["ImportTableDescription"]
        assert (found["ImportStatus"], found["FailureCode"]) == ("FAILED", "S3NoSuchBucket")
    assert not (tmp_path / "data" / "s3").exists()


def test_a_server_stops_while_an_endpoint_does_not_answer(tmp_path: Path) -> None:
    with fake_s3() as fake:
        fake.silent.set()
        with running("--data-dir", str(tmp_path / "data"), "--s3-endpoint", fake.url) as server:
            client = client_of(server)
            arn = begin_import(client)
            while not fake.heads:
                pass
            assert server.stop(patience=20) == 0
        fake.silent.clear()
        with running("--data-dir", str(tmp_path / "data"), "--s3-endpoint", fake.url) as server:
            client = client_of(server)
            with pytest.raises(WaiterError, match="FAILED"):
                client.get_waiter("import_completed").wait(ImportArn=arn, WaiterConfig=DELAYED)


def test_a_server_in_memory_leaves_no_folder(tmp_path: Path, bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    bucket.put("in/3", "nonsense")
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    with running("--in-memory", "--s3-dir", str(tmp_path / "s3")) as server:
        client = client_of(server)
        arn = begin_import(client)
        with pytest.raises(WaiterError, match="FAILED"):
            client.get_waiter("import_completed").wait(ImportArn=arn, WaiterConfig=DELAYED)
        assert len(list((tmp_path / "temporary").glob("*/logs/aws-dynamodb/imports/*/error"))) == 1
    assert list((tmp_path / "temporary").glob("dynamodb-emulator-*")) == []
