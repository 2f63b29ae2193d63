"""A table that was imported from an export has the same items as the exported table."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import boto3
import pytest

from emulator.transfer.endpoints import connecting
from tests.support.buckets import Bucket
from tests.support.http_clients import boto_options
from tests.support.servers import Server, running

KEYS = [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}]
DEFINITIONS = [{"AttributeName": "pk", "AttributeType": "S"}, {"AttributeName": "sk", "AttributeType": "N"}]


def item(number: int) -> dict[str, Any]:
    """Return an item of about 200 bytes, with values of several types."""
    return {
        "pk": {"S": f"customer-{number // 10:08}"},
        "sk": {"N": str(number % 10 - 5)},
        "name": {"S": f"item {number} " + "x" * (number % 90)},
        "price": {"N": f"{number}.25"},
        "tags": {"SS": sorted({f"t{number % 7}", f"u{number % 5}"})},
        "data": {"B": "AAECAwQF"},
        "map": {"M": {"a": {"BOOL": number % 2 == 0}, "b": {"NULL": True}, "c": {"L": [{"N": "1"}, {"S": "y"}]}}},
    }


def imported(client: Any, bucket: Bucket, table: str, prefix: str, input_format: str, compression: str) -> None:
    creation = {"TableName": table, "AttributeDefinitions": DEFINITIONS, "KeySchema": KEYS}
    arn = client.import_table(
        S3BucketSource={"S3Bucket": bucket.name, "S3KeyPrefix": prefix},
        InputFormat=input_format,
        InputCompressionType=compression,
        TableCreationParameters={**creation, "BillingMode": "PAY_PER_REQUEST"},
    )["ImportTableDescription"]["ImportArn"]
    client.get_waiter("import_completed").wait(ImportArn=arn, WaiterConfig={"Delay": 0, "MaxAttempts": 10_000})


def exported(client: Any, bucket: Bucket, table: str, export_format: str) -> str:
    """Export a table; return the prefix of its data files."""
    enabled = {"PointInTimeRecoveryEnabled": True}
    client.update_continuous_backups(TableName=table, PointInTimeRecoverySpecification=enabled)
    table_arn = client.describe_table(TableName=table)["Table"]["TableArn"]
    arn = client.export_table_to_point_in_time(
        TableArn=table_arn, S3Bucket=bucket.name, S3Prefix=table, ExportFormat=export_format
    )["ExportDescription"]["ExportArn"]
    client.get_waiter("export_completed").wait(ExportArn=arn, WaiterConfig={"Delay": 0, "MaxAttempts": 10_000})
    found = client.describe_export(ExportArn=arn)["ExportDescription"]["ExportManifest"]
    return str(found).removesuffix("manifest-summary.json") + "data/"


def scanned(server: Server, table: str) -> Iterator[dict[str, Any]]:
    """Yield the items of a table. Two tables with the same keys yield them in the same order.

    The client is ours, because boto3 would take ten times as long.
    """
    request: dict[str, Any] = {"TableName": table}
    with closing(connecting(server.url, "test", "us-east-1")()) as endpoint:
        while True:
            answer = endpoint.call("Scan", request)
            yield from answer["Items"]
            if "LastEvaluatedKey" not in answer:
                return
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


@pytest.mark.parametrize(
    ("count", "export_format"),
    [
        (20_000, "DYNAMODB_JSON"),
        (20_000, "ION"),
        pytest.param(1_000_000, "DYNAMODB_JSON", marks=pytest.mark.nightly),
    ],
)
def test_an_exported_and_imported_table_is_equal(tmp_path: Path, count: int, export_format: str) -> None:
    bucket = Bucket(tmp_path / "s3" / "bucket")
    for begin in range(0, count, 100_000):
        bucket.put_items(f"seed/{begin:08}", map(item, range(begin, min(count, begin + 100_000))))
    with running("--data-dir", str(tmp_path / "data"), "--s3-dir", str(tmp_path / "s3")) as server:
        client = boto3.client("dynamodb", **boto_options(server.url))
        imported(client, bucket, "first", "seed/", "DYNAMODB_JSON", "NONE")
        prefix = exported(client, bucket, "first", export_format)
        imported(client, bucket, "second", prefix, export_format, "GZIP")
        compared = 0
        for one, other in zip(scanned(server, "first"), scanned(server, "second"), strict=True):
            assert one == other
            compared += 1
        assert compared == count
