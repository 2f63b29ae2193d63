"""ExportTableToPointInTime, DescribeExport, ListExports (control-plane 4)."""

import base64
import gzip
import hashlib
import re
import time
from io import BytesIO

import boto3
import pytest

from emulator.formats import ion
from tests.support.http_clients import boto_options, without_metadata
from tests.support.tables import new_name

ITEMS = [
    {
        "pk": {"S": f"p{number}"},
        "sk": {"S": "s"},
        "v": {"N": str(number)},
        "l": {"L": [{"NULL": True}]},
        "b": {"B": b"x"},
    }
    for number in range(120)
]
STORED = [{**item, "b": {"B": "eA=="}} for item in ITEMS]

FIRST = {"Delay": 0, "MaxAttempts": 2}
"""Settings of waiters: DescribeExport waits for the end of a job, so one or two calls suffice."""


@pytest.fixture
def table(client, make_table):
    """A table with all ITEMS, and with point-in-time recovery enabled."""
    name = make_table()
    recover(client, name)
    for begin in range(0, len(ITEMS), 25):
        puts = [{"PutRequest": {"Item": item}} for item in ITEMS[begin : begin + 25]]
        client.batch_write_item(RequestItems={name: puts})
    return name


def recover(client, table):
    client.update_continuous_backups(
        TableName=table, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )


def arn_of(client, table):
    return client.describe_table(TableName=table)["Table"]["TableArn"]


def export(client, bucket, table, **members):
    request = {"TableArn": arn_of(client, table), "S3Bucket": bucket.name, **members}
    return client.export_table_to_point_in_time(**request)["ExportDescription"]


def ended(client, begun):
    while True:
        found = client.describe_export(ExportArn=begun["ExportArn"])["ExportDescription"]
        if found["ExportStatus"] != "IN_PROGRESS":
            return found


def data_of(bucket, description):
    """Return the records of an export. Follow its manifests, and check all checksums and counts."""
    summary = bucket.json(description["ExportManifest"])
    for key in (description["ExportManifest"], summary["manifestFilesS3Key"]):
        digest = base64.b64encode(hashlib.md5(bucket.get(key)).digest())
        assert bucket.get(key.replace(".json", ".md5")) == digest
    records = []
    for entry in bucket.lines(summary["manifestFilesS3Key"]):
        content = bucket.get(entry["dataFileS3Key"])
        digest = hashlib.md5(content)
        assert (entry["md5Checksum"], entry["etag"]) == (
            base64.b64encode(digest.digest()).decode(),
            digest.hexdigest() + "-1",
        )
        if entry["dataFileS3Key"].endswith(".ion.gz"):
            lines = gzip.decompress(content)
            assert lines.startswith(b"$ion_1_0 {") or not lines
            found = [ion.wrapped(value) for value in ion.structs(BytesIO(lines), "f")]
        else:
            found = bucket.lines(entry["dataFileS3Key"])
        assert len(found) == entry["itemCount"]
        records += found
    assert len(records) == summary["itemCount"] == description["ItemCount"]
    return records


def by_key(items):
    return sorted(items, key=lambda item: item["pk"]["S"])


@pytest.mark.parametrize("export_format", ["DYNAMODB_JSON", "ION"])
def test_a_full_export(client, bucket, table, export_format):
    begun = export(client, bucket, table, S3Prefix="a/b/", ExportFormat=export_format)
    description = client.describe_table(TableName=table)["Table"]
    assert re.fullmatch(re.escape(description["TableArn"]) + r"/export/[0-9]{14}-[0-9a-f]{8}", begun["ExportArn"])
    same = {
        "ExportArn": begun["ExportArn"],
        "StartTime": begun["StartTime"],
        "ExportTime": begun["StartTime"],
        "TableArn": description["TableArn"],
        "TableId": description["TableId"],
        "ClientToken": begun["ClientToken"],
        "S3Bucket": bucket.name,
        "S3Prefix": "a/b/",
        "S3SseAlgorithm": "AES256",
        "ExportFormat": export_format,
    }
    assert begun == {**same, "ExportStatus": "IN_PROGRESS"}
    found = ended(client, begun)
    folder = "a/b/AWSDynamoDB/" + begun["ExportArn"].rpartition("/")[2]
    assert found == {
        **same,
        "ExportStatus": "COMPLETED",
        "EndTime": found["EndTime"],
        "ExportManifest": f"{folder}/manifest-summary.json",
        "ItemCount": 120,
        "BilledSizeBytes": 0,
    }
    records = data_of(bucket, found)
    assert [record.keys() for record in records] == [{"Item"}] * 120
    assert by_key(record["Item"] for record in records) == by_key(STORED)
    data = [key for key in bucket.all_keys() if "/data/" in key]
    ending = "ion" if export_format == "ION" else "json"
    assert all(re.fullmatch(re.escape(folder) + rf"/data/[a-z2-7]{{26}}\.{ending}\.gz", key) for key in data)
    others = ["_started", "manifest-files.json", "manifest-files.md5", "manifest-summary.json", "manifest-summary.md5"]
    assert [key for key in bucket.all_keys() if key not in data] == [f"{folder}/{name}" for name in others]
    assert bucket.get(f"{folder}/_started") == b""


def test_the_manifests(client, bucket, table):
    found = ended(client, export(client, bucket, table))
    summary = bucket.json(found["ExportManifest"])
    times = {name: summary.pop(name) for name in ("startTime", "endTime", "exportTime")}
    assert all(re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", text) for text in times.values())
    folder = "AWSDynamoDB/" + found["ExportArn"].rpartition("/")[2]
    assert summary == {
        "version": "2020-06-30",
        "exportArn": found["ExportArn"],
        "tableArn": found["TableArn"],
        "tableId": found["TableId"],
        "s3Bucket": bucket.name,
        "s3Prefix": None,
        "s3SseAlgorithm": "AES256",
        "s3SseKmsKeyId": None,
        "manifestFilesS3Key": f"{folder}/manifest-files.json",
        "billedSizeBytes": 0,
        "itemCount": 120,
        "outputFormat": "DYNAMODB_JSON",
        "exportType": "FULL_EXPORT",
    }


def test_an_empty_table_has_one_data_file(client, bucket, make_table):
    table = make_table()
    recover(client, table)
    found = ended(client, export(client, bucket, table))
    assert data_of(bucket, found) == []
    assert len([key for key in bucket.all_keys() if "/data/" in key]) == 1


def test_the_waiter(client, bucket, table):
    begun = export(client, bucket, table)
    waiter = client.get_waiter("export_completed")
    waiter.wait(ExportArn=begun["ExportArn"], WaiterConfig=FIRST)


@pytest.mark.parametrize(("export_format", "input_format"), [("DYNAMODB_JSON", "DYNAMODB_JSON"), ("ION", "ION")])
def test_an_export_is_imported_again(client, bucket, table, export_format, input_format):
    found = ended(client, export(client, bucket, table, ExportFormat=export_format))
    prefix = found["ExportManifest"].removesuffix("manifest-summary.json") + "data/"
    copy = new_name("copy")
    definitions = [{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")]
    keys = [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}]
    creation = {
        "TableName": copy,
        "AttributeDefinitions": definitions,
        "KeySchema": keys,
        "BillingMode": "PAY_PER_REQUEST",
    }
    arn = client.import_table(
        S3BucketSource={"S3Bucket": bucket.name, "S3KeyPrefix": prefix},
        InputFormat=input_format,
        InputCompressionType="GZIP",
        TableCreationParameters=creation,
    )["ImportTableDescription"]["ImportArn"]
    client.get_waiter("import_completed").wait(ImportArn=arn, WaiterConfig=FIRST)
    assert by_key(client.scan(TableName=copy)["Items"]) == by_key(ITEMS)
    client.delete_table(TableName=copy)


def test_a_missing_bucket(client, bucket, table):
    begun = export(client, bucket, table, S3Bucket="no-such-bucket")
    found = ended(client, begun)
    assert (found["ExportStatus"], found["FailureCode"]) == ("FAILED", "S3NoSuchBucket")
    assert found["FailureMessage"].startswith(
        "The specified bucket does not exist (Service: Amazon S3; Status Code: 404; Error Code: NoSuchBucket; "
    )
    assert "ExportManifest" not in found


def test_the_same_token(client, bucket, table):
    token = new_name("token")
    begun = export(client, bucket, table, ClientToken=token)
    assert export(client, bucket, table, ClientToken=token)["ExportArn"] == begun["ExportArn"]
    ended(client, begun)
    assert export(client, bucket, table, ClientToken=token)["ExportArn"] == begun["ExportArn"]
    with pytest.raises(client.exceptions.ExportConflictException) as caught:
        export(client, bucket, table, ClientToken=token, S3Prefix="other")
    text = "Export conflict: Duplicate request detected with conflicting parameters"
    assert caught.value.response["Error"]["Message"] == text
    assert export(client, bucket, table)["ExportArn"] != export(client, bucket, table)["ExportArn"]


FILTERS = [
    ({"FilterExpression": "v < :n", "ExpressionAttributeValues": {":n": {"N": "7"}}}, [0, 1, 2, 3, 4, 5, 6], None),
    ({"FilterExpression": "pk = :p", "ExpressionAttributeValues": {":p": {"S": "p5"}}}, [5], None),
    ({"KeyConditionExpression": "pk = :p", "ExpressionAttributeValues": {":p": {"S": "p5"}}}, [5], None),
    (
        {
            "KeyConditionExpression": "pk = :p AND begins_with(sk, :s)",
            "FilterExpression": "#v = :n",
            "ExpressionAttributeNames": {"#v": "v"},
            "ExpressionAttributeValues": {":p": {"S": "p5"}, ":s": {"S": "s"}, ":n": {"N": "5"}},
        },
        [5],
        None,
    ),
    (
        {
            "FilterExpression": "v = :n",
            "ProjectionExpression": "pk, l[0]",
            "ExpressionAttributeValues": {":n": {"N": "9"}},
        },
        [9],
        {"pk": {"S": "p9"}, "l": {"L": [{"NULL": True}]}},
    ),
]


@pytest.mark.parametrize("export_format", ["DYNAMODB_JSON", "ION"])
@pytest.mark.parametrize(("specification", "numbers", "projected"), FILTERS)
def test_filters(client, bucket, table, export_format, specification, numbers, projected):
    begun = export(client, bucket, table, FilterSpecification=specification, ExportFormat=export_format)
    assert begun["FilterSpecification"] == specification
    found = ended(client, begun)
    assert found["ItemCount"] == len(numbers)
    records = by_key(record["Item"] for record in data_of(bucket, found))
    assert records == ([projected] if projected else by_key(STORED[number] for number in numbers))


def test_lists_and_their_pages(client, bucket, table):
    begun = [export(client, bucket, table)["ExportArn"] for _ in range(3)]
    arn = arn_of(client, table)
    first = client.list_exports(TableArn=arn, MaxResults=2)
    rest = client.list_exports(TableArn=arn, MaxResults=2, NextToken=first["NextToken"])
    assert "NextToken" not in rest
    listed = first["ExportSummaries"] + rest["ExportSummaries"]
    assert [each["ExportArn"] for each in listed] == begun[::-1]
    assert all(each["ExportType"] == "FULL_EXPORT" for each in listed)
    assert begun[-1] in [each["ExportArn"] for each in client.list_exports(MaxResults=25)["ExportSummaries"]]
    with pytest.raises(client.exceptions.ClientError) as caught:
        client.list_imports(NextToken=first["NextToken"])
    text = f"Invalid Request: Provided nextToken is invalid: {first['NextToken']}"
    assert caught.value.response["Error"] == {"Code": "ValidationException", "Message": text}
    assert without_metadata(client.list_exports(TableArn=arn + "x")) == {"ExportSummaries": []}


def test_another_account_does_not_see_an_export(client, bucket, table):
    begun = export(client, bucket, table)
    other = boto3.client("dynamodb", **boto_options(client.meta.endpoint_url, key="other"))
    assert begun["ExportArn"] not in [each["ExportArn"] for each in other.list_exports()["ExportSummaries"]]
    with pytest.raises(other.exceptions.ExportNotFoundException):
        other.describe_export(ExportArn=begun["ExportArn"])


def test_writes_after_the_request_are_not_exported(client, bucket, table):
    begun = export(client, bucket, table)
    client.put_item(TableName=table, Item={"pk": {"S": "new"}, "sk": {"S": "s"}})
    client.delete_item(TableName=table, Key={"pk": {"S": "p1"}, "sk": {"S": "s"}})
    assert by_key(record["Item"] for record in data_of(bucket, ended(client, begun))) == by_key(STORED)


def test_recovery_is_needed(client, bucket, make_table):
    table = make_table()
    with pytest.raises(client.exceptions.PointInTimeRecoveryUnavailableException) as caught:
        export(client, bucket, table)
    text = f"Point in time recovery is not enabled for table '{table}'"
    assert caught.value.response["Error"]["Message"] == text


def test_a_time_in_the_future(client, bucket, table):
    with pytest.raises(client.exceptions.InvalidExportTimeException, match="Export Time is invalid"):
        export(client, bucket, table, ExportTime=time.time() + 1000)
