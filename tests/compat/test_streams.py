"""ListStreams, DescribeStream, GetShardIterator and GetRecords (behaviour 11).

test_stream_records.py tests the contents of records, and tests/unit/database/test_stream_*.py
what takes hours, such as closing a shard. A stream may have several shards, so these tests read all
of them.
"""

import json
import re
import time
from datetime import UTC, datetime, timedelta

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.support.http_clients import boto_options
from tests.support.stream_reading import (
    Watch,
    api,
    by_sequence,
    iterator,
    pages,
    read_shard,
    sequence,
    shards_of,
    stream_of,
)
from tests.support.tables import new_name, table_request

IMAGES = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
OFF = {"StreamEnabled": False}
ONE = "1 validation error detected: "
VALIDATION = "ValidationException"
MISSING = "ResourceNotFoundException"


@pytest.fixture(scope="module")
def streams(endpoint):
    return boto3.client("dynamodbstreams", **boto_options(endpoint))


@pytest.fixture(scope="module")
def table(make_shared_table):
    """A table with a stream. All tests share it; each test uses its own partition keys."""
    return make_shared_table(StreamSpecification=IMAGES)


@pytest.fixture(scope="module")
def arn(client, table):
    return stream_of(api(client), table)


@pytest.fixture(scope="module")
def shard(streams, arn):
    return shards_of(api(streams), arn)[0]["ShardId"]


@pytest.fixture(scope="module")
def refuses(streams):
    """refuses("list_streams", **request) returns the code and message of an error."""

    def send(method, /, **request):
        with pytest.raises(ClientError) as caught:
            getattr(streams, method)(**request)
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
        error = caught.value.response["Error"]
        return error["Code"], error.get("Message")

    return send


def put_all(client, table, count, **attributes):
    """Put `count` items with different partition keys; return these keys, as texts."""
    names = [new_name() for _ in range(count)]
    for name in names:
        client.put_item(TableName=table, Item={"pk": {"S": name}, "sk": {"S": "s"}, **attributes})
    return names


def update(client, name, specification):
    """Change a table's stream; return the table's description once it is ACTIVE again."""
    client.update_table(TableName=name, StreamSpecification=specification)
    client.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1})
    return client.describe_table(TableName=name)["Table"]


# --- the objects ----------------------------------------------------------------------------------


def test_description(client, streams, table, arn):
    reported = streams.describe_stream(StreamArn=arn)["StreamDescription"]
    described = client.describe_table(TableName=table)["Table"]
    assert described["StreamSpecification"] == IMAGES
    assert described["LatestStreamArn"] == arn
    created = reported.pop("CreationRequestDateTime")
    assert abs(created.timestamp() - described["CreationDateTime"].timestamp()) < 60
    for shard in reported.pop("Shards"):
        assert re.fullmatch("shardId-[0-9]{20}-[0-9a-f]{8}", shard["ShardId"])
        assert re.fullmatch("[0-9]{21,40}", shard["SequenceNumberRange"]["StartingSequenceNumber"])
    assert reported == {
        "StreamArn": f"{described['TableArn']}/stream/{described['LatestStreamLabel']}",
        "StreamLabel": described["LatestStreamLabel"],
        "StreamStatus": "ENABLED",
        "StreamViewType": "NEW_AND_OLD_IMAGES",
        "TableName": table,
        "KeySchema": described["KeySchema"],
    }
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}", described["LatestStreamLabel"])


def test_shards_of_a_new_stream(streams, client, make_table):
    """A new stream's shards are open (they have no end), and none has a parent."""
    arn = stream_of(api(client), make_table("pk:S", StreamSpecification=IMAGES))
    shards = shards_of(api(streams), arn)
    assert shards
    assert len({shard["ShardId"] for shard in shards}) == len(shards)
    for shard in shards:
        assert shard.keys() == {"ShardId", "SequenceNumberRange"}
        assert shard["SequenceNumberRange"].keys() == {"StartingSequenceNumber"}


def test_key_schema_of_a_hash_key(client, streams, make_table):
    arn = stream_of(api(client), make_table("id:N", StreamSpecification=IMAGES))
    reported = streams.describe_stream(StreamArn=arn)["StreamDescription"]
    assert reported["KeySchema"] == [{"AttributeName": "id", "KeyType": "HASH"}]


def test_tables_without_a_stream(client, streams, make_table):
    name = make_table("pk:S", StreamSpecification=OFF)
    assert "LatestStreamArn" not in client.describe_table(TableName=name)["Table"]
    assert streams.list_streams(TableName=name)["Streams"] == []


# --- enabling, disabling, deleting ----------------------------------------------------------------


def test_the_life_of_a_stream(client, streams, make_table):
    """A stream has only the changes after it was enabled, and keeps them when it is disabled.

    Enabling again creates another stream.
    """
    name = make_table()
    first, second, third = ({"pk": {"S": new_name()}, "sk": {"S": "s"}} for _ in range(3))
    client.put_item(TableName=name, Item=first)
    enabled = update(client, name, {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"})
    old = enabled["LatestStreamArn"]
    watch = Watch(api(streams), old, second["pk"])
    client.put_item(TableName=name, Item=second)
    (record,) = watch.until(lambda record: True)
    assert record["dynamodb"]["StreamViewType"] == "NEW_IMAGE"

    disabled = update(client, name, OFF)
    assert "StreamSpecification" not in disabled
    assert disabled["LatestStreamArn"] == old
    client.put_item(TableName=name, Item=third)
    reported = streams.describe_stream(StreamArn=old)["StreamDescription"]
    assert reported["StreamStatus"] in ("DISABLING", "DISABLED")
    found = []
    for shard in reported["Shards"]:
        range_ = shard["SequenceNumberRange"]
        assert int(range_["EndingSequenceNumber"]) >= int(range_["StartingSequenceNumber"])
        start = iterator(api(streams), old, shard["ShardId"])
        while start is not None:  # the last page of a closed shard has no next iterator
            answer = streams.get_records(ShardIterator=start)
            found += answer["Records"]
            start = answer.get("NextShardIterator")
    assert [record["dynamodb"]["Keys"] for record in found] == [second]

    again = update(client, name, {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"})
    new = again["LatestStreamArn"]
    assert new != old
    assert again["LatestStreamLabel"] > enabled["LatestStreamLabel"]
    watch = Watch(api(streams), new, third["pk"])
    client.delete_item(TableName=name, Key=third)
    (record,) = watch.until(lambda record: True)
    assert record["eventName"] == "REMOVE"
    assert record["dynamodb"]["StreamViewType"] == "KEYS_ONLY"
    listed = streams.list_streams(TableName=name)["Streams"]
    assert sorted(stream["StreamArn"] for stream in listed) == sorted([old, new])
    assert all(stream["TableName"] == name for stream in listed)
    assert [stream["StreamLabel"] for stream in listed] == [stream["StreamArn"].split("/")[-1] for stream in listed]
    client.delete_item(TableName=name, Key=first)
    assert (
        len([record for each in reported["Shards"] for record in read_shard(api(streams), old, each["ShardId"])]) == 1
    )


def test_stream_of_a_deleted_table(client, streams):
    """The stream stays readable, with closed shards. A new table of this name gets another one."""
    request = table_request(StreamSpecification=IMAGES)
    name = request["TableName"]
    arns = []
    for number in "12":
        client.create_table(**request)
        client.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1})
        arns.append(stream_of(api(client), name))
        partition = {"S": new_name()}
        watch = Watch(api(streams), arns[-1], partition)
        client.put_item(TableName=name, Item={"pk": partition, "sk": {"S": number}})
        watch.until(lambda record: True)
        client.delete_table(TableName=name)
        client.get_waiter("table_not_exists").wait(TableName=name, WaiterConfig={"Delay": 1})
    assert arns[0] != arns[1]
    for number, arn in zip("12", arns, strict=True):
        reported = streams.describe_stream(StreamArn=arn)["StreamDescription"]
        assert reported["StreamStatus"] in ("DISABLING", "DISABLED")
        assert all("EndingSequenceNumber" in shard["SequenceNumberRange"] for shard in reported["Shards"])
        records = [record for shard in reported["Shards"] for record in read_shard(api(streams), arn, shard["ShardId"])]
        assert [record["dynamodb"]["Keys"]["sk"]["S"] for record in records] == [number]
    listed = streams.list_streams(TableName=name)["Streams"]
    assert sorted(stream["StreamArn"] for stream in listed) == sorted(arns)


# --- paging ---------------------------------------------------------------------------------------


def test_pages_of_streams(client, streams, make_table):
    """Each stream is on one page. Only the last page may have fewer streams than the limit."""
    names = [make_table("pk:S", StreamSpecification=IMAGES) for _ in range(3)]
    update(client, names[0], OFF)
    update(client, names[0], IMAGES)
    wanted = {stream["StreamArn"] for name in names for stream in streams.list_streams(TableName=name)["Streams"]}
    assert len(wanted) == 4
    found, start = [], {}
    while True:
        answer = streams.list_streams(Limit=2, **start)
        found += [stream["StreamArn"] for stream in answer["Streams"]]
        if "LastEvaluatedStreamArn" not in answer:
            break
        assert len(answer["Streams"]) == 2
        assert answer["LastEvaluatedStreamArn"] == found[-1]
        start = {"ExclusiveStartStreamArn": answer["LastEvaluatedStreamArn"]}
    assert len(found) == len(set(found))
    assert wanted <= set(found)


def test_pages_of_one_tables_streams(client, streams, make_table):
    name = make_table("pk:S", StreamSpecification=IMAGES)
    update(client, name, OFF)
    update(client, name, IMAGES)
    first = streams.list_streams(TableName=name, Limit=1)
    assert first["LastEvaluatedStreamArn"] == first["Streams"][0]["StreamArn"]
    second = streams.list_streams(TableName=name, ExclusiveStartStreamArn=first["LastEvaluatedStreamArn"])
    assert "LastEvaluatedStreamArn" not in second
    assert len(second["Streams"]) == 1
    assert first["Streams"] != second["Streams"]


def test_a_page_after_a_stream_that_does_not_exist(streams, arn):
    """ExclusiveStartStreamArn is a position in the order of ARNs; its stream need not exist."""
    place = arn[:-23] + "2001-01-01T00:00:00.000"
    listed = streams.list_streams(ExclusiveStartStreamArn=place, TableName=arn.split("/")[1])["Streams"]
    assert [stream["StreamArn"] for stream in listed] == [arn]


def test_streams_of_a_missing_table(streams):
    assert streams.list_streams(TableName=new_name())["Streams"] == []


def test_pages_of_shards(streams, client, arn):
    shards = shards_of(api(streams), arn)
    assert shards_of(api(streams), arn, limit=1) == shards
    for position, shard in enumerate(shards):
        reported = streams.describe_stream(StreamArn=arn, ExclusiveStartShardId=shard["ShardId"])["StreamDescription"]
        assert reported["Shards"] == shards[position + 1 :]
        assert "LastEvaluatedShardId" not in reported


def test_a_page_after_a_shard_that_does_not_exist(streams, arn):
    """An unknown ExclusiveStartShardId is not an error: it is only a position (behaviour 11.2)."""
    unknown = "shardId-00000000000000000000-00000000"
    reported = streams.describe_stream(StreamArn=arn, ExclusiveStartShardId=unknown)["StreamDescription"]
    assert reported["Shards"] == shards_of(api(streams), arn)


def test_children_of_an_open_shard(streams, arn, shard):
    reported = streams.describe_stream(StreamArn=arn, ShardFilter={"Type": "CHILD_SHARDS", "ShardId": shard})
    assert reported["StreamDescription"]["Shards"] == []


# --- iterators ------------------------------------------------------------------------------------


def test_positions(client, streams, make_table):
    """At each record of each shard, every type of iterator returns the right rest of the shard."""
    name = make_table("pk:S sk:S", StreamSpecification=IMAGES)
    call, arn = api(streams), stream_of(api(client), name)
    partition = {"S": new_name()}
    watches = [Watch(call, arn, partition)]
    put_all(client, name, 20)
    for number in range(10):
        client.put_item(TableName=name, Item={"pk": partition, "sk": {"S": str(number)}})
    watches[0].until(lambda record: record["dynamodb"]["Keys"]["sk"] == {"S": "9"})
    for shard in shards_of(call, arn):
        number = shard["ShardId"]
        records = read_shard(call, arn, number)
        assert records == by_sequence(records)
        start = shard["SequenceNumberRange"]["StartingSequenceNumber"]
        assert all(sequence(record) >= int(start) for record in records)
        assert read_shard(call, arn, number, "LATEST") == []
        for position, record in enumerate(records):
            place = {"SequenceNumber": record["dynamodb"]["SequenceNumber"]}
            assert read_shard(call, arn, number, "AT_SEQUENCE_NUMBER", **place) == records[position:]
            assert read_shard(call, arn, number, "AFTER_SEQUENCE_NUMBER", **place) == records[position + 1 :]
        for time_, expected in ((datetime(2020, 1, 1, tzinfo=UTC), records), (far(days=1), [])):
            assert read_shard(call, arn, number, "AT_TIMESTAMP", Timestamp=time_) == expected


def far(**delta):
    return datetime.now(UTC) + timedelta(**delta)


def test_latest_returns_later_records(client, streams, table, arn):
    """`Watch` starts with LATEST iterators, and goes on with those that GetRecords returns."""
    call = api(streams)
    partition = {"S": new_name()}
    watch = Watch(call, arn, partition)
    for number in "123":
        client.put_item(TableName=table, Item={"pk": partition, "sk": {"S": number}})
        (record,) = watch.until(lambda record: True)
        assert record["dynamodb"]["Keys"]["sk"]["S"] == number


def test_iterators_are_opaque_text(streams, arn, shard):
    for kind in ("TRIM_HORIZON", "LATEST"):
        text = iterator(api(streams), arn, shard, kind)
        assert 1 <= len(text) <= 2048
        answer = streams.get_records(ShardIterator=text)
        assert answer["NextShardIterator"]


def test_iterator_can_be_used_again(client, streams, table, arn):
    call = api(streams)
    put_all(client, table, 3)
    starts = [iterator(call, arn, shard["ShardId"]) for shard in shards_of(call, arn)]
    first, second = ([streams.get_records(ShardIterator=start)["Records"] for start in starts] for _ in range(2))
    assert [len(records) for records in first] <= [len(records) for records in second]
    assert all(a == b[: len(a)] for a, b in zip(first, second, strict=True))


# --- pages of records -----------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [1, 3, 1000])
def test_limit_of_records(client, streams, make_table, limit):
    """No page has more records than the limit, and all pages together have every record."""
    name = make_table(StreamSpecification=IMAGES)
    call, arn = api(streams), stream_of(api(client), name)
    partition = {"S": new_name()}
    watch = Watch(call, arn, partition)
    for number in range(10):
        client.put_item(TableName=name, Item={"pk": partition, "sk": {"S": str(number)}})
    expected = watch.until(lambda record: record["dynamodb"]["Keys"]["sk"] == {"S": "9"})
    found = []
    for shard in shards_of(call, arn):
        for page in pages(call, iterator(call, arn, shard["ShardId"]), Limit=limit):
            assert len(page) <= limit
            found += page
    assert found == expected


def test_megabyte_of_records(client, streams, make_table):
    """A page has at most 1 MB of records, and all pages together have every record."""
    name = make_table(StreamSpecification=IMAGES)
    call, arn = api(streams), stream_of(api(client), name)
    partition = {"S": new_name()}
    watch = Watch(call, arn, partition)
    for letter in "abcdefg":
        client.put_item(TableName=name, Item={"pk": partition, "sk": {"S": "s"}, "d": {"S": letter * 350_000}})
    expected = watch.until(lambda record: record["dynamodb"]["NewImage"]["d"]["S"][0] == "g")
    found = []
    for shard in shards_of(call, arn):
        for page in pages(call, iterator(call, arn, shard["ShardId"])):
            assert len(page) <= 2, "an insertion has 350 KB, a modification 700 KB"
            found += page
    assert found == expected


# --- refused requests -----------------------------------------------------------------------------

LONG_SHARD = "shardId-" + "0" * 58
SEQUENCE = "1" * 21
GOOD_SHARD = "shardId-00000001732000000000-1a2b3c4d"
GOOD_ARN = "arn:aws:dynamodb:us-east-1:123456789012:table/missing/stream/2026-10-08T12:34:56.789"


def null(member):
    return f"Value null at '{member}' failed to satisfy constraint: Member must not be null"


def broken(value, member, rule):
    return f"Value '{value}' at '{member}' failed to satisfy constraint: Member must {rule}"


@pytest.mark.parametrize(
    ("method", "request_", "parts"),
    [
        ("list_streams", {"Limit": 0}, [broken(0, "limit", "have value greater than or equal to 1")]),
        ("list_streams", {"Limit": 101}, [broken(101, "limit", "have value less than or equal to 100")]),
        ("list_streams", {"TableName": "ab"}, [broken("ab", "tableName", "have length greater than or equal to 3")]),
        (
            "list_streams",
            {"TableName": "a" * 256},
            [broken("a" * 256, "tableName", "have length less than or equal to 255")],
        ),
        (
            "list_streams",
            {"TableName": "a b!"},
            [broken("a b!", "tableName", "satisfy regular expression pattern: [a-zA-Z0-9_.-]+")],
        ),
        (
            "list_streams",
            {"ExclusiveStartStreamArn": "arn"},
            [broken("arn", "exclusiveStartStreamArn", "have length greater than or equal to 37")],
        ),
        ("describe_stream", {}, [null("streamArn")]),
        ("describe_stream", {"StreamArn": "a"}, [broken("a", "streamArn", "have length greater than or equal to 37")]),
        (
            "describe_stream",
            {"StreamArn": "a" * 1025},
            [broken("a" * 1025, "streamArn", "have length less than or equal to 1024")],
        ),
        (
            "describe_stream",
            {"StreamArn": GOOD_ARN, "Limit": 101},
            [broken(101, "limit", "have value less than or equal to 100")],
        ),
        (
            "describe_stream",
            {"StreamArn": GOOD_ARN, "ExclusiveStartShardId": "short"},
            [broken("short", "exclusiveStartShardId", "have length greater than or equal to 28")],
        ),
        (
            "describe_stream",
            {"StreamArn": GOOD_ARN, "ShardFilter": {"Type": "PARENTS", "ShardId": GOOD_SHARD}},
            [broken("PARENTS", "shardFilter.type", "satisfy enum value set: [CHILD_SHARDS]")],
        ),
        (
            "describe_stream",
            {"StreamArn": GOOD_ARN, "ShardFilter": {"Type": "CHILD_SHARDS", "ShardId": "short"}},
            [broken("short", "shardFilter.shardId", "have length greater than or equal to 28")],
        ),
        ("get_shard_iterator", {}, [null("streamArn"), null("shardId"), null("shardIteratorType")]),
        (
            "get_shard_iterator",
            {"StreamArn": GOOD_ARN, "ShardId": LONG_SHARD, "ShardIteratorType": "LATEST"},
            [broken(LONG_SHARD, "shardId", "have length less than or equal to 65")],
        ),
        (
            "get_shard_iterator",
            {"StreamArn": GOOD_ARN, "ShardId": GOOD_SHARD, "ShardIteratorType": "FIRST"},
            [
                broken(
                    "FIRST",
                    "shardIteratorType",
                    "satisfy enum value set: "
                    "[TRIM_HORIZON, LATEST, AT_SEQUENCE_NUMBER, AFTER_SEQUENCE_NUMBER, AT_TIMESTAMP]",
                )
            ],
        ),
        (
            "get_shard_iterator",
            {
                "StreamArn": GOOD_ARN,
                "ShardId": GOOD_SHARD,
                "ShardIteratorType": "AT_SEQUENCE_NUMBER",
                "SequenceNumber": "1",
            },
            [broken("1", "sequenceNumber", "have length greater than or equal to 21")],
        ),
        (
            "get_shard_iterator",
            {
                "StreamArn": GOOD_ARN,
                "ShardId": GOOD_SHARD,
                "ShardIteratorType": "AT_SEQUENCE_NUMBER",
                "SequenceNumber": "1" * 41,
            },
            [broken("1" * 41, "sequenceNumber", "have length less than or equal to 40")],
        ),
        ("get_records", {}, [null("shardIterator")]),
        ("get_records", {"ShardIterator": ""}, [broken("", "shardIterator", "have length greater than or equal to 1")]),
        (
            "get_records",
            {"ShardIterator": "i" * 2049},
            [broken("i" * 2049, "shardIterator", "have length less than or equal to 2048")],
        ),
        (
            "get_records",
            {"ShardIterator": "i", "Limit": 0},
            [broken(0, "limit", "have value greater than or equal to 1")],
        ),
        (
            "get_records",
            {"ShardIterator": "i", "Limit": 1001},
            [broken(1001, "limit", "have value less than or equal to 1000")],
        ),
    ],
)
def test_member_constraints(refuses, method, request_, parts):
    """One message names all wrong members. AWS's order is not known, so the test accepts any."""
    code, message = refuses(method, **request_)
    assert code == VALIDATION
    head, _, rest = message.partition(": ")
    assert head == f"{len(parts)} validation error{'s' * (len(parts) > 1)} detected"
    assert sorted(rest.split("; ")) == sorted(parts)


MALFORMED_ARNS = [
    "not an arn but long enough to be one, is it",
    "arn:aws:dynamodb:us-east-1:123456789012:table/a-table-without-a-stream",
    "arn:aws:dynamodb:us-east-1:123456789012:table/with-an-index/index/byname",
    "arn:aws:kinesis:us-east-1:000000000000:stream/not-of-dynamodb/stream/2026",
    "arn:other:dynamodb:us-east-1:123456789012:table/of-another-kind/stream/2026",
    "arn:aws:dynamodb:us-east-1:123456789012:table/a table/stream/2026-10-08T12:34:56.789",
    "arn:aws:dynamodb:us-east-1:123456789012:table/without-a-label/stream/",
]


@pytest.mark.parametrize("bad", MALFORMED_ARNS)
def test_malformed_arns(refuses, bad):
    """Each is a ValidationException. AWS's texts are not known."""
    assert refuses("list_streams", ExclusiveStartStreamArn=bad)[0] == VALIDATION
    assert refuses("describe_stream", StreamArn=bad)[0] == VALIDATION
    code, _ = refuses("get_shard_iterator", StreamArn=bad, ShardId=GOOD_SHARD, ShardIteratorType="LATEST")
    assert code == VALIDATION


def test_unknown_streams(refuses, arn):
    """The error is the same whether the table is missing or only the stream."""
    other = arn[:-23] + "2001-01-01T00:00:00.000"
    for unknown in (other, other.replace(arn.split("/")[1], new_name())):
        expected = (MISSING, f"Requested resource not found: Stream: {unknown} not found")
        assert refuses("describe_stream", StreamArn=unknown) == expected
        request = {"StreamArn": unknown, "ShardId": GOOD_SHARD, "ShardIteratorType": "LATEST"}
        assert refuses("get_shard_iterator", **request) == expected


@pytest.mark.parametrize("unknown", [GOOD_SHARD, "shardId-something-else-altogether", "x" * 28])
def test_unknown_shards(refuses, arn, unknown):
    for kind in ("TRIM_HORIZON", "LATEST"):
        code, _ = refuses("get_shard_iterator", StreamArn=arn, ShardId=unknown, ShardIteratorType=kind)
        assert code == MISSING
    code, _ = refuses("describe_stream", StreamArn=arn, ShardFilter={"Type": "CHILD_SHARDS", "ShardId": unknown})
    assert code == MISSING


@pytest.mark.parametrize(
    ("kind", "position"),
    [
        ("AT_SEQUENCE_NUMBER", {}),
        ("AFTER_SEQUENCE_NUMBER", {}),
        ("AT_TIMESTAMP", {}),
        ("TRIM_HORIZON", {"SequenceNumber": SEQUENCE}),
        ("LATEST", {"SequenceNumber": SEQUENCE}),
        ("AT_SEQUENCE_NUMBER", {"SequenceNumber": "abcdefghijklmnopqrstuvwxyz"}),
        ("AT_SEQUENCE_NUMBER", {"SequenceNumber": "-" + SEQUENCE}),
        ("AFTER_SEQUENCE_NUMBER", {"SequenceNumber": "1.5" + SEQUENCE}),
        ("AT_SEQUENCE_NUMBER", {"SequenceNumber": "٣" * 21}),
        ("AT_SEQUENCE_NUMBER", {"SequenceNumber": "9" * 40}),
    ],
)
def test_invalid_positions(refuses, arn, shard, kind, position):
    """The position is missing, not allowed, malformed, or outside the shard.

    AWS's texts are not known.
    """
    code, _ = refuses("get_shard_iterator", StreamArn=arn, ShardId=shard, ShardIteratorType=kind, **position)
    assert code == VALIDATION


@pytest.mark.parametrize("change", [lambda text: "x", lambda text: text[:-4], lambda text: text.replace("a", "b", 1)])
def test_malformed_iterators(refuses, streams, arn, shard, change):
    text = iterator(api(streams), arn, shard)
    assert refuses("get_records", ShardIterator=change(text))[0] == VALIDATION


def test_the_order_of_checks(refuses, arn):
    """Member constraints are checked first, then combinations of members, then the stream.

    The shard is checked last.
    """
    missing = arn[:-23] + "2001-01-01T00:00:00.000"
    requests = [
        ({"ShardIteratorType": "NONE", "StreamArn": MALFORMED_ARNS[0]}, VALIDATION),
        ({"ShardIteratorType": "AT_SEQUENCE_NUMBER", "StreamArn": missing}, VALIDATION),
        ({"ShardIteratorType": "LATEST", "StreamArn": missing}, MISSING),
    ]
    for request, expected in requests:
        assert refuses("get_shard_iterator", ShardId=GOOD_SHARD, **request)[0] == expected


OPERATIONS = {
    "ListStreams": {},
    "DescribeStream": {"StreamArn": GOOD_ARN},
    "GetShardIterator": {"StreamArn": GOOD_ARN, "ShardId": GOOD_SHARD, "ShardIteratorType": "LATEST"},
    "GetRecords": {"ShardIterator": "x"},
}


@pytest.mark.parametrize("operation", OPERATIONS)
def test_targets(post, operation):
    """X-Amz-Target must name the streams service for these operations, and for no others."""
    unknown = {"__type": "com.amazon.coral.service#UnknownOperationException"}
    answer = post(operation, OPERATIONS[operation])
    assert (answer.status, answer.json) == (400, unknown)
    answer = post(operation, OPERATIONS[operation], {"X-Amz-Target": f"DynamoDBStreams_20120810.{operation}"})
    assert answer.json.get("__type") != unknown["__type"]
    answer = post("GetItem", {}, {"X-Amz-Target": "DynamoDBStreams_20120810.GetItem"})
    assert (answer.status, answer.json) == (400, unknown)


@pytest.mark.parametrize(
    ("operation", "body", "message"),
    [
        ("ListStreams", {"Limit": "1"}, "STRING_VALUE cannot be converted to Integer"),
        ("ListStreams", {"TableName": 1}, "NUMBER_VALUE cannot be converted to String"),
        ("DescribeStream", {"StreamArn": []}, "Unrecognized collection type class java.lang.String"),
        ("DescribeStream", {"StreamArn": GOOD_ARN, "ShardFilter": "x"}, "Unexpected field type"),
        ("GetShardIterator", {"ShardId": True}, "TRUE_VALUE cannot be converted to String"),
        ("GetRecords", {"ShardIterator": {}}, "Start of structure or map found where not expected"),
    ],
)
def test_types_of_members(post, operation, body, message):
    answer = post(operation, body, {"X-Amz-Target": f"DynamoDBStreams_20120810.{operation}"})
    assert (answer.status, answer.json) == (
        400,
        {"__type": "com.amazon.coral.service#SerializationException", "Message": message},
    )


def test_wire_form(client, post, make_table):
    """In JSON, times are seconds, binary values base64, and an empty Records is not left out."""
    name = make_table("pk:S", StreamSpecification=IMAGES)
    arn = stream_of(api(client), name)
    client.put_item(TableName=name, Item={"pk": {"S": "a"}, "b": {"B": b"\x00"}})

    def ask(operation, **body):
        answer = post(operation, body, {"X-Amz-Target": f"DynamoDBStreams_20120810.{operation}"})
        assert answer.status == 200, answer.body
        return answer.json

    reported = ask("DescribeStream", StreamArn=arn)["StreamDescription"]
    assert abs(reported["CreationRequestDateTime"] - time.time()) < 60
    pages_ = [
        ask("GetRecords", ShardIterator=iterator(ask, arn, shard["ShardId"]))["Records"] for shard in reported["Shards"]
    ]
    (record,) = [record for page in pages_ for record in page]
    assert isinstance(record["dynamodb"]["ApproximateCreationDateTime"], int | float)
    assert record["dynamodb"]["NewImage"] == {"b": {"B": "AA=="}, "pk": {"S": "a"}}
    assert json.dumps(pages_).count("eventID") == 1
    assert "userIdentity" not in record
