"""ImportTable, DescribeImport, ListImports (control-plane 5)."""

import gzip
import re
from contextlib import suppress
from datetime import UTC, datetime

import boto3
import pytest
import zstandard

from emulator.formats.ion import ion_line
from tests.support.http_clients import boto_options
from tests.support.tables import new_name, vector, vector_index_request

ITEMS = [
    {
        "pk": {"S": f"p{number}"},
        "sk": {"N": str(number)},
        "v": {"L": [{"BOOL": True}, {"NULL": True}]},
        "s": {"SS": ["a"]},
    }
    for number in range(250)
]
ID = r"[0-9]{14}-[0-9a-f]{8}"

FIRST = {"Delay": 0, "MaxAttempts": 2}
"""For waiters: describing a job waits for its end, so the first or second answer shows it."""


def creation(name, **members):
    return {
        "TableName": name,
        "AttributeDefinitions": [
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "N"},
        ],
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        "BillingMode": "PAY_PER_REQUEST",
        **members,
    }


@pytest.fixture
def begin(client, bucket):
    """begin(prefix, format) starts an import from the bucket, and returns its description."""
    names = []

    def begin(prefix=None, input_format="DYNAMODB_JSON", name=None, table=None, **members):
        name = name or new_name("t")
        names.append(name)
        source = {"S3Bucket": bucket.name} | ({} if prefix is None else {"S3KeyPrefix": prefix})
        request = {
            "S3BucketSource": source,
            "InputFormat": input_format,
            "TableCreationParameters": creation(name, **(table or {})),
            **members,
        }
        return client.import_table(**request)["ImportTableDescription"]

    yield begin
    for name in names:
        with suppress(client.exceptions.ResourceNotFoundException):
            client.delete_table(TableName=name)


def ended(client, begun):
    """Wait until an import has ended, and return its description."""
    while True:
        found = client.describe_import(ImportArn=begun["ImportArn"])["ImportTableDescription"]
        if found["ImportStatus"] != "IN_PROGRESS":
            return found


def items_of(client, begun):
    table = begun["TableCreationParameters"]["TableName"]
    pages = client.get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
    return sorted((item for page in pages for item in page["Items"]), key=lambda item: float(item["sk"]["N"]))


def lines(items):
    return b"".join(ion_line(item).replace(b"$ion_1_0 ", b"") for item in items)


@pytest.mark.parametrize(
    ("input_format", "compression", "pack"),
    [
        ("DYNAMODB_JSON", "NONE", bytes),
        ("DYNAMODB_JSON", "GZIP", gzip.compress),
        ("DYNAMODB_JSON", "ZSTD", zstandard.compress),
        ("ION", "NONE", bytes),
        ("ION", "GZIP", gzip.compress),
        ("ION", "ZSTD", zstandard.compress),
    ],
)
def test_items_of_several_objects(client, bucket, begin, input_format, compression, pack):
    for number, part in enumerate((ITEMS[:120], ITEMS[120:])):
        if input_format == "ION":
            content = lines(part)
        else:
            bucket.put_items("x", part)
            content = bucket.get("x")
        bucket.put(f"data/{number}", pack(content))
    begun = begin("data/", input_format, InputCompressionType=compression)
    assert begun["ImportStatus"] == "IN_PROGRESS"
    found = ended(client, begun)
    assert found["ImportStatus"] == "COMPLETED"
    counts = ("ProcessedItemCount", "ImportedItemCount", "ErrorCount")
    assert [found[name] for name in counts] == [250, 250, 0]
    assert items_of(client, begun) == ITEMS
    table = client.describe_table(TableName=found["TableCreationParameters"]["TableName"])["Table"]
    assert (table["TableStatus"], table["ItemCount"]) == ("ACTIVE", 250)
    assert (table["TableArn"], table["TableId"]) == (found["TableArn"], found["TableId"])
    assert "LatestStreamArn" not in table


def test_vectors_are_indexed_and_wrong_ones_refused(client, bucket, begin):
    good = [{**item, "vector": vector(number, 0)} for number, item in enumerate(ITEMS[:5])]
    bucket.put_items("data", [*good, {**ITEMS[5], "vector": vector(1)}])
    begun = begin("data", table={"VectorIndexes": [vector_index_request("near", "vector", 2, "EUCLIDEAN")]})
    found = ended(client, begun)
    assert (found["ImportedItemCount"], found["ErrorCount"]) == (5, 1)
    assert items_of(client, begun) == good
    table = found["TableCreationParameters"]["TableName"]
    (index,) = client.describe_table(TableName=table)["Table"]["VectorIndexes"]
    assert (index["IndexStatus"], index["ItemCount"]) == ("ACTIVE", 5)
    answer = client.search_vectors(TableName=table, IndexName="near", SearchVector=vector(3.2, 0)["L"], TopK=2)
    assert [each["Item"]["pk"]["S"] for each in answer["SearchResults"]] == ["p3", "p4"]


def test_the_waiter(client, bucket, begin):
    bucket.put_items("a", ITEMS)
    begun = begin()
    waiter = client.get_waiter("import_completed")
    waiter.wait(ImportArn=begun["ImportArn"], WaiterConfig=FIRST)


def test_a_description(client, bucket, begin):
    bucket.put("a.csv", "pk;sk;v\na;1;x\n")
    options = {"Csv": {"Delimiter": ";", "HeaderList": ["pk", "sk", "v"]}}
    token = new_name("token")
    begun = begin("a", "CSV", InputFormatOptions=options, ClientToken=token)
    account = begun["TableArn"].split(":")[4]
    table = begun["TableCreationParameters"]["TableName"]
    arn = f"arn:aws:dynamodb:us-east-1:{account}:table/{table}"
    assert re.fullmatch(re.escape(arn) + "/import/" + ID, begun["ImportArn"])
    same = {
        "TableArn": arn,
        "ClientToken": token,
        "S3BucketSource": {"S3BucketOwner": account, "S3Bucket": bucket.name, "S3KeyPrefix": "a"},
        "CloudWatchLogGroupArn": f"arn:aws:logs:us-east-1:{account}:log-group:/aws-dynamodb/imports:*",
        "InputFormat": "CSV",
        "InputFormatOptions": options,
        "InputCompressionType": "NONE",
        "TableCreationParameters": creation(table),
    }
    counts = {"ErrorCount": 0, "ProcessedSizeBytes": 0, "ProcessedItemCount": 0, "ImportedItemCount": 0}
    expected = {"ImportArn": begun["ImportArn"], "TableId": begun["TableId"], "StartTime": begun["StartTime"], **same}
    assert begun == {**expected, "ImportStatus": "IN_PROGRESS", **counts}
    found = ended(client, begun)
    assert begun["StartTime"] <= found["EndTime"] <= datetime.now(UTC)
    failure = (
        "Some of the items failed validation checks and were not imported. Please check CloudWatch error logs for "
    )
    assert found == {
        **expected,
        "ImportStatus": "FAILED",
        "EndTime": found["EndTime"],
        "ErrorCount": 1,
        "ProcessedSizeBytes": 14,
        "ProcessedItemCount": 2,
        "ImportedItemCount": 1,
        "FailureCode": "ItemValidationError",
        "FailureMessage": failure + "more details.",
    }


def test_a_missing_bucket_makes_no_table(client, bucket, begin):
    bucket.remove()
    found = ended(client, begin())
    assert (found["ImportStatus"], found["FailureCode"]) == ("FAILED", "S3NoSuchBucket")
    assert found["FailureMessage"].startswith(
        "The specified bucket does not exist (Service: Amazon S3; Status Code: 404; Error Code: NoSuchBucket; "
    )
    assert found["TableArn"].endswith(found["TableCreationParameters"]["TableName"])
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.describe_table(TableName=found["TableCreationParameters"]["TableName"])


def test_no_object_makes_an_empty_table(client, bucket, begin):
    bucket.put_items("other", ITEMS)
    found = ended(client, begin("nothing"))
    assert (found["ImportStatus"], found["ProcessedItemCount"], found["ProcessedSizeBytes"]) == ("COMPLETED", 0, 0)
    assert client.describe_table(TableName=found["TableCreationParameters"]["TableName"])["Table"]["ItemCount"] == 0


def test_indexes_are_filled(client, bucket, begin):
    bucket.put_items("a", [{**item, "g": {"S": "g"}} for item in ITEMS])
    index = {
        "IndexName": "index",
        "KeySchema": [{"AttributeName": "g", "KeyType": "HASH"}],
        "Projection": {"ProjectionType": "KEYS_ONLY"},
    }
    definitions = [*creation("t")["AttributeDefinitions"], {"AttributeName": "g", "AttributeType": "S"}]
    begun = begin(table={"GlobalSecondaryIndexes": [index], "AttributeDefinitions": definitions})
    assert ended(client, begun)["ImportStatus"] == "COMPLETED"
    table = begun["TableCreationParameters"]["TableName"]
    asked = {"TableName": table, "IndexName": "index", "Select": "COUNT", "KeyConditionExpression": "g = :g"}
    assert client.query(**asked, ExpressionAttributeValues={":g": {"S": "g"}})["Count"] == 250


def test_lists_and_their_pages(client, bucket):
    """The imports are in a region that no other test uses, because others would change the list."""
    region = "eu-south-1"
    elsewhere = boto3.client("dynamodb", **{**boto_options(client.meta.endpoint_url), "region_name": region})
    begun = []
    for number in range(3):
        request = {
            "S3BucketSource": {"S3Bucket": bucket.name},
            "InputFormat": "DYNAMODB_JSON",
            "TableCreationParameters": creation(f"{bucket.name}{number}"),
        }
        begun.append(elsewhere.import_table(**request)["ImportTableDescription"])
        ended(elsewhere, begun[-1])
    mine = [each["ImportArn"] for each in reversed(begun)]
    first = elsewhere.list_imports(PageSize=2)
    rest = elsewhere.list_imports(PageSize=25, NextToken=first["NextToken"])
    listed = [each["ImportArn"] for each in first["ImportSummaryList"] + rest["ImportSummaryList"]]
    assert listed[:3] == mine
    assert set(first["ImportSummaryList"][0]) == {
        "ImportArn",
        "ImportStatus",
        "TableArn",
        "S3BucketSource",
        "CloudWatchLogGroupArn",
        "InputFormat",
        "StartTime",
        "EndTime",
    }
    elsewhere.delete_table(TableName=f"{bucket.name}1")
    [one] = elsewhere.list_imports(TableArn=begun[1]["TableArn"])["ImportSummaryList"]
    assert one["ImportArn"] == begun[1]["ImportArn"]
    assert elsewhere.list_imports(TableArn=begun[1]["TableArn"] + "x")["ImportSummaryList"] == []
    with pytest.raises(elsewhere.exceptions.ClientError) as caught:
        elsewhere.list_imports(TableArn=begun[1]["TableArn"], NextToken=first["NextToken"])
    text = f"Invalid Request: Provided nextToken is invalid: {first['NextToken']}"
    assert caught.value.response["Error"] == {"Code": "ValidationException", "Message": text}


def test_a_token_makes_a_request_once(client, bucket, begin):
    """Here the import has ended. Unit tests use a token while an import is IN_PROGRESS."""
    token = new_name("token")
    begun = begin(ClientToken=token)
    ended(client, begun)
    with pytest.raises(client.exceptions.ResourceInUseException, match="Table already exists: "):
        begin(ClientToken=token, name=begun["TableCreationParameters"]["TableName"])
    with pytest.raises(client.exceptions.ImportConflictException) as caught:
        begin(ClientToken=token)
    text = "Import conflict: Duplicate request detected with conflicting parameters"
    assert caught.value.response["Error"]["Message"] == text
