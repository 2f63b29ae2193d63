"""StartBulkPutItems and the other bulk operations (control-plane 14, features 2)."""

import gzip
import re

import boto3
import pytest

from emulator.formats.ion import ion_line
from tests.support.http_clients import boto_options
from tests.support.tables import index_request, new_name, vector, vector_index_request

ITEMS = [{"pk": {"S": f"p{number}"}, "sk": {"S": "s"}, "v": {"N": str(number)}} for number in range(250)]

FIRST = {"Delay": 0, "MaxAttempts": 2}
"""For waiters: describing a job waits for its end, so the first or second answer shows it."""


@pytest.fixture
def start(client, bucket):
    """start(table, ...) starts a bulk operation from the bucket, and returns its description."""

    def start(table, output=("ERROR", "CONDITION_CHECK_FAILURE"), source=None, **members):
        request = {
            "InputS3Configuration": {
                "S3Bucket": bucket.name,
                "InputFormat": "DYNAMODB_JSON",
                "S3KeyPrefix": "in/",
                **(source or {}),
            },
            "OutputS3Configuration": {"S3Bucket": bucket.name, "S3KeyPrefix": "out", "OutputType": list(output)},
            "TableName": table,
            **members,
        }
        return client.start_bulk_put_items(**request)["BulkOperationDescription"]

    return start


def ended(client, begun):
    while True:
        found = client.describe_bulk_operation(BulkOperationArn=begun["BulkOperationArn"])["BulkOperationDescription"]
        if found["BulkOperationStatus"] not in ("IN_PROGRESS", "CANCELLING"):
            return found


def items_of(client, table):
    pages = client.get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
    return sorted((item for page in pages for item in page["Items"]), key=lambda item: item["pk"]["S"])


def test_vectors_are_counted_for_themselves(client, bucket, start, make_table):
    table = make_table(VectorIndexes=[vector_index_request("near", "vector", 2, "COSINE")])
    bucket.put_items("in/1", [*ITEMS[:9], {**ITEMS[9], "vector": vector(1, 2)}, {**ITEMS[10], "vector": vector(1)}])
    found = ended(client, start(table))
    assert (found["ProcessedItemCount"], found["FailedItemCount"]) == (11, 1)
    [usage] = found["BulkOperationUsage"]
    assert usage["BulkPutBytes"] == usage["Table"]["BulkPutBytes"]
    assert usage["VectorIndexes"] == {"near": {"BulkPutVectorBytes": 1024}}
    answer = client.search_vectors(TableName=table, IndexName="near", SearchVector=vector(1, 2)["L"], TopK=1)
    assert answer["SearchResults"][0]["Item"]["pk"] == ITEMS[9]["pk"]


@pytest.mark.parametrize("input_format", ["DYNAMODB_JSON", "ION"])
def test_items_are_put_into_a_table_in_use(client, bucket, start, make_table, input_format):
    table = make_table(define="g:S", GlobalSecondaryIndexes=[index_request("global", "g", "KEYS_ONLY")])
    client.put_item(TableName=table, Item={"pk": {"S": "p0"}, "sk": {"S": "s"}, "old": {"S": "x"}})
    client.put_item(TableName=table, Item={"pk": {"S": "zzz"}, "sk": {"S": "s"}})
    items = [{**item, "g": {"S": "g"}} for item in ITEMS]
    if input_format == "ION":
        content = gzip.compress(b"".join(map(ion_line, items)))
    else:
        bucket.put_items("x", items)
        content = gzip.compress(bucket.get("x"))
    bucket.put("in/1", content)
    source = {"InputFormat": input_format, "InputCompressionType": "GZIP"}
    begun = start(table, source=source, MaxWriteRequestUnits=100_000, PerformanceTier="ACCELERATED")
    arn = client.describe_table(TableName=table)["Table"]
    assert re.fullmatch(
        re.escape(arn["TableArn"]) + r"/bulk-operation/[0-9]{14}-[0-9a-f]{8}", begun["BulkOperationArn"]
    )
    assert begun["BulkOperationStatus"] == "IN_PROGRESS"
    found = ended(client, begun)
    assert found == {
        "BulkOperationArn": begun["BulkOperationArn"],
        "BulkOperationStatus": "COMPLETED",
        "TableDetails": [{"TableName": table, "TableId": arn["TableId"]}],
        "ClientToken": begun["ClientToken"],
        "StartTime": begun["StartTime"],
        "EndTime": found["EndTime"],
        "InputS3Configuration": {"S3Bucket": bucket.name, "S3KeyPrefix": "in/", **source},
        "OutputS3Configuration": {
            "S3Bucket": bucket.name,
            "S3KeyPrefix": "out",
            "OutputType": ["ERROR", "CONDITION_CHECK_FAILURE"],
        },
        "MaxWriteRequestUnits": 100_000,
        "PerformanceTier": "ACCELERATED",
        "ProcessedItemCount": 250,
        "ProcessedInputBytes": len(content),
        "TotalInputBytes": len(content),
        "FailedItemCount": 0,
        "BulkOperationUsage": found["BulkOperationUsage"],
    }
    [usage] = found["BulkOperationUsage"]
    after = client.describe_table(TableName=table)["Table"]
    size, index = after["TableSizeBytes"] - len("pkzzzsks"), after["GlobalSecondaryIndexes"][0]["IndexSizeBytes"]
    assert usage == {
        "TableName": table,
        "BulkPutBytes": size + index,
        "Table": {"BulkPutBytes": size},
        "GlobalSecondaryIndexes": {"global": {"BulkPutBytes": index}},
    }
    assert items_of(client, table) == sorted(
        [*items, {"pk": {"S": "zzz"}, "sk": {"S": "s"}}], key=lambda item: item["pk"]["S"]
    )
    query = {"TableName": table, "IndexName": "global", "KeyConditionExpression": "g = :g", "Select": "COUNT"}
    assert client.query(**query, ExpressionAttributeValues={":g": {"S": "g"}})["Count"] == 250
    assert client.describe_table(TableName=table)["Table"]["ItemCount"] == 251
    folder = "out/AWSDynamoDB/" + begun["BulkOperationArn"].rpartition("/")[2]
    manifests = ["manifest-files.json", "manifest-files.md5", "manifest-summary.json", "manifest-summary.md5"]
    assert [key for key in bucket.all_keys() if key.startswith("out/")] == [f"{folder}/{name}" for name in manifests]


def test_errors_and_failed_conditions_go_to_the_output(client, bucket, start, make_table):
    table = make_table()
    client.put_item(TableName=table, Item={"pk": {"S": "a"}, "sk": {"S": "s"}, "v": {"N": "1"}})
    item = '{"Item":{"pk":{"S":"%s"},"sk":{"S":"s"},"v":{"N":"5"}}%s}\n'
    condition = ',"ConditionExpression":"#v > :v","ExpressionAttributeNames":{"#v":"v"},'
    condition += '"ExpressionAttributeValues":{":v":{"N":"%s"}}'
    bucket.put(
        "in/1",
        item % ("a", condition % 3)
        + item % ("b", ',"ConditionExpression":"attribute_not_exists(pk)"')
        + item % ("c", ',"ConditionExpression":"attribute_exists(pk)"')
        + '{"Item":{"pk":{"S":"d"}}}\n'
        + item % ("e", ',"ConditionExpression":"nonsense("')
        + item % ("f", ',"ConditionExpression":5'),
    )
    found = ended(client, start(table))
    assert found["BulkOperationStatus"] == "COMPLETED_WITH_ERRORS"
    assert (found["ProcessedItemCount"], found["FailedItemCount"]) == (6, 3)
    assert [(each["pk"]["S"], each["v"]["N"]) for each in items_of(client, table)] == [("a", "1"), ("b", "5")]
    folder = "out/AWSDynamoDB/" + found["BulkOperationArn"].rpartition("/")[2]
    entries = {entry["outputType"]: entry for entry in bucket.lines(f"{folder}/manifest-files.json")}
    assert {kind: entry["itemCount"] for kind, entry in entries.items()} == {"ERROR": 3, "CONDITION_CHECK_FAILURE": 2}
    new = {"sk": {"S": "s"}, "v": {"N": "5"}}
    assert bucket.lines(entries["CONDITION_CHECK_FAILURE"]["dataFileS3Key"]) == [
        {"Item": {"pk": {"S": "a"}, **new}, "ExistingItem": {"pk": {"S": "a"}, "sk": {"S": "s"}, "v": {"N": "1"}}},
        {"Item": {"pk": {"S": "c"}, **new}},
    ]
    missing, syntax, kind = bucket.lines(entries["ERROR"]["dataFileS3Key"])
    assert missing == {
        "itemS3Pointer": {"bucket": bucket.name, "key": "in/1", "itemIndex": 3},
        "errorMessages": ["One or more parameter values were invalid: Missing the key sk in the item"],
    }
    assert syntax["errorMessages"][0].startswith("Invalid ConditionExpression: ")
    assert kind["itemS3Pointer"]["itemIndex"] == 5
    summary = bucket.json(f"{folder}/manifest-summary.json")
    assert (summary["itemCount"], summary["processedItemCount"], summary["failedItemCount"]) == (5, 6, 3)
    assert summary["manifestFilesS3Key"] == f"{folder}/manifest-files.json"


def test_vectors_are_put_and_imported(client, bucket, start, make_table):
    index = vector_index_request("near", "v", 2, "EUCLIDEAN")
    table = make_table("pk:S", VectorIndexes=[index])
    for number in range(120):
        bucket.put(
            f"in/{number}", f'{{"Item":{{"pk":{{"S":"{number}"}},"v":{{"L":[{{"N":"{number}"}},{{"N":"0"}}]}}}}}}'
        )
    bucket.put("in/x", '{"Item":{"pk":{"S":"x"},"v":{"L":[{"N":"1"}]}}}')
    found = ended(client, start(table))
    assert (found["ProcessedItemCount"], found["FailedItemCount"]) == (121, 1)
    [usage] = found["BulkOperationUsage"]
    assert usage["VectorIndexes"] == {"near": {"BulkPutVectorBytes": 120 * 1024}}
    assert usage["BulkPutBytes"] == usage["Table"]["BulkPutBytes"]
    imported = new_name("t")
    creation = {"TableName": imported, "BillingMode": "PAY_PER_REQUEST", "VectorIndexes": [index]}
    creation["AttributeDefinitions"] = [{"AttributeName": "pk", "AttributeType": "S"}]
    creation["KeySchema"] = [{"AttributeName": "pk", "KeyType": "HASH"}]
    arn = client.import_table(
        S3BucketSource={"S3Bucket": bucket.name, "S3KeyPrefix": "in/"},
        InputFormat="DYNAMODB_JSON",
        TableCreationParameters=creation,
    )["ImportTableDescription"]["ImportArn"]
    while (ending := client.describe_import(ImportArn=arn)["ImportTableDescription"])["ImportStatus"] == "IN_PROGRESS":
        pass
    assert (ending["ImportedItemCount"], ending["ErrorCount"]) == (120, 1)
    for name in (table, imported):
        answer = client.search_vectors(TableName=name, IndexName="near", SearchVector=[{"N": "7"}, {"N": "0"}], TopK=1)
        assert answer["SearchResults"][0]["Item"]["pk"] == {"S": "7"}
    client.delete_table(TableName=imported)


def test_only_the_requested_output_is_written_and_conditions_alone_are_no_errors(client, bucket, start, make_table):
    table = make_table()
    bucket.put("in/1", '{"Item":{"pk":{"S":"a"},"sk":{"S":"s"}},"ConditionExpression":"attribute_exists(pk)"}')
    found = ended(client, start(table, output=["ERROR"]))
    assert (found["BulkOperationStatus"], found["ProcessedItemCount"], found["FailedItemCount"]) == ("COMPLETED", 1, 0)
    assert not any("CONDITION" in key or "ERROR" in key for key in bucket.all_keys())
    assert items_of(client, table) == []


def test_the_stream_has_ordinary_records(client, bucket, start, make_table):
    view = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
    table = make_table(StreamSpecification=view)
    client.put_item(TableName=table, Item={"pk": {"S": "p0"}, "sk": {"S": "s"}})
    bucket.put_items("in/1", ITEMS[:2])
    ended(client, start(table))
    streams = boto3.client("dynamodbstreams", **boto_options(client.meta.endpoint_url))
    arn = client.describe_table(TableName=table)["Table"]["LatestStreamArn"]
    names = []
    for shard in streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]:
        iterator = streams.get_shard_iterator(StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON")
        records = streams.get_records(ShardIterator=iterator["ShardIterator"])["Records"]
        names += [record["eventName"] for record in records if "userIdentity" not in record]
    assert sorted(names) == ["INSERT", "INSERT", "MODIFY"]


MISSING = [
    {"InputS3Configuration": {"S3Bucket": "no-such-bucket", "InputFormat": "DYNAMODB_JSON"}},
    {"OutputS3Configuration": {"S3Bucket": "no-such-bucket", "OutputType": ["ERROR"]}},
]


@pytest.mark.parametrize("members", MISSING)
def test_a_missing_bucket(client, bucket, start, make_table, members):
    found = ended(client, start(make_table(), **members))
    assert (found["BulkOperationStatus"], found["FailureCode"]) == ("FAILED", "S3NoSuchBucket")


def test_the_waiter_and_the_paginator(client, bucket, start, make_table):
    table = make_table()
    bucket.put_items("in/1", ITEMS)
    begun = [start(table)["BulkOperationArn"] for _ in range(3)]
    for arn in begun:
        waiter = client.get_waiter("bulk_operation_completed")
        waiter.wait(BulkOperationArn=arn, WaiterConfig=FIRST)
    pages = client.get_paginator("list_bulk_operations").paginate(PaginationConfig={"PageSize": 2})
    listed = [each for page in pages for each in page["BulkOperationsSummaryList"]]
    assert [each["BulkOperationArn"] for each in listed if each["BulkOperationArn"] in begun] == begun[::-1]
    first = client.list_bulk_operations(MaxResults=1)
    assert (len(first["BulkOperationsSummaryList"]), len(first["NextToken"]) % 16) == (1, 0)
    assert set(listed[0]) == {"BulkOperationArn", "BulkOperationStatus", "StartTime", "EndTime"}


def test_a_token_makes_a_request_once(client, bucket, start, make_table):
    table, token = make_table(), new_name("token")
    begun = start(table, ClientToken=token)
    assert start(table, ClientToken=token)["BulkOperationArn"] == begun["BulkOperationArn"]
    ended(client, begun)
    assert start(table, ClientToken=token)["BulkOperationArn"] == begun["BulkOperationArn"]
    with pytest.raises(client.exceptions.IdempotentParameterMismatchException):
        start(table, ClientToken=token, MaxWriteRequestUnits=5000)


def test_a_table_that_does_not_exist(client, bucket, start):
    with pytest.raises(client.exceptions.ResourceNotFoundException) as caught:
        start("missing")
    assert caught.value.response["Error"]["Message"] == "Requested resource not found: Table: missing not found"


def test_cancelling_what_has_ended(client, bucket, start, make_table):
    found = ended(client, start(make_table()))
    with pytest.raises(client.exceptions.ClientError) as caught:
        client.cancel_bulk_operation(BulkOperationArn=found["BulkOperationArn"])
    assert caught.value.response["Error"]["Code"] == "ValidationException"
