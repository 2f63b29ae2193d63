"""A small data folder with all kinds of data that contain account numbers.

The archive `old_account.tar.xz` has such a folder. Commit 69094b4 wrote it. That was the last
version in which an access key that is not a number of twelve digits belonged to account
000000000000. At that commit, this module ran as a program:

    python -m tests.support.old_account tests/robustness/old_account.tar.xz

Never write the archive again. Tests unpack it (`unpack`), or write such a folder with the present
code (`write`).
"""

import sys
from pathlib import Path
from typing import Any

from emulator.kinesis.feed import KinesisFeed
from tests.support import archives
from tests.support.servers import ROOT
from tests.support.stages import DONE, Stage, configured
from tests.support.stream_reading import iterator, shards_of
from tests.support.tables import index_request, table_request

ARCHIVE = ROOT / "tests" / "robustness" / "old_account.tar.xz"

LOCAL = ("local", "us-east-1")
EUROPE = ("local", "eu-west-1")
ACCOUNT = ("111122223333", "us-east-1")
ZEROS = ("000000000000", "us-east-1")
"""An access key of twelve digits: its account is always 000000000000."""

KINESIS = "arn:aws:kinesis:us-east-1:000000000000:stream/orders"
QUEUE = "arn:aws:sqs:us-east-1:000000000000:dead"
"""ARNs of resources outside the emulator, which keep the account that the user wrote."""

STREAM = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
TAGS = [{"Key": "team", "Value": "a"}]
ORDERS = {
    **table_request(
        "pk:S sk:S",
        define="l:S g:S",
        LocalSecondaryIndexes=[index_request("local", "pk l")],
        GlobalSecondaryIndexes=[index_request("global", "g")],
        StreamSpecification=STREAM,
        SSESpecification={"Enabled": True},
        Tags=TAGS,
    ),
    "TableName": "orders",
}
ARCHIVED = {
    **table_request(
        "pk:S",
        StreamSpecification=STREAM,
        SSESpecification={"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": "alias/a"},
    ),
    "TableName": "archived",
}
"""A table with a disabled stream that can still be read, and with a named KMS key."""


def item(number: int) -> dict[str, Any]:
    return {
        "pk": {"S": f"p{number}"},
        "sk": {"S": "s"},
        "l": {"S": "l"},
        "g": {"S": "g"},
        "ttl": {"N": str(1_700_000_060 + number)},
    }


ITEMS = [item(number) for number in range(4)]
"""The items of `orders`.

The function and Kinesis have received the first two items. The shard iterator is after the first
item.
"""


def opened(folder: Path, **settings: Any) -> Stage:
    """Open a folder, with configured functions and a Kinesis endpoint that no test calls."""
    given = {"kinesis_endpoint": "http://127.0.0.1:9", **settings}
    return Stage(configured(folder.parent, data_dir=folder, **given))


def as_(stage: Stage, caller: tuple[str, str]) -> Stage:
    """Let the next calls have this access key and region; return the stage."""
    stage.caller = stage.emulator.caller(*caller)
    return stage


def write(folder: Path, **settings: Any) -> dict[str, str]:
    """Write the folder; return a shard iterator and the UUID of a mapping, by name."""
    stage = opened(folder, **settings)
    feed = KinesisFeed(stage.emulator.database)
    stream = as_(stage, LOCAL)("CreateTable", ORDERS)["TableDescription"]["LatestStreamArn"]
    stage("EnableKinesisStreamingDestination", TableName="orders", StreamArn=KINESIS)
    stage("UpdateTimeToLive", TableName="orders", TimeToLiveSpecification={"Enabled": True, "AttributeName": "ttl"})
    on_failure = {"OnFailure": {"Destination": QUEUE}}
    held = {"mapping": stage.mapping(stream, DestinationConfig=on_failure, BatchSize=1)}
    for each in ITEMS[:2]:
        stage("PutItem", TableName="orders", Item=each)
    stage.deliver(lambda _: DONE)
    while batches := feed.due():
        for batch in batches:
            feed.put(batch)
    for each in ITEMS[2:]:
        stage("PutItem", TableName="orders", Item=each)
    (shard,) = shards_of(stage, stream)
    held["iterator"] = stage("GetRecords", ShardIterator=iterator(stage, stream, shard["ShardId"]), Limit=1)[
        "NextShardIterator"
    ]
    stage("CreateTable", ARCHIVED)
    stage("PutItem", TableName="archived", Item={"pk": {"S": "a"}})
    stage("UpdateTable", TableName="archived", StreamSpecification={"StreamEnabled": False})
    for caller in (EUROPE, ACCOUNT, ZEROS):
        stream = as_(stage, caller)("CreateTable", ORDERS)["TableDescription"]["LatestStreamArn"]
        stage.mapping(stream)
        stage("PutItem", TableName="orders", Item=ITEMS[0])
    stage.emulator.close()
    write_shared(folder, **settings)
    return held


def write_shared(folder: Path, **settings: Any) -> None:
    """Add two tables to a folder that is opened with --shared-db, each with a mapping.

    LOCAL creates the first table, and ACCOUNT its mapping. ACCOUNT creates the second table, and
    LOCAL its mapping.
    """
    stage = opened(folder, shared_db=True, **settings)
    for maker, mapper in ((LOCAL, ACCOUNT), (ACCOUNT, LOCAL)):
        request = {**ORDERS, "TableName": f"shared.{maker[0]}"}
        stream = as_(stage, maker)("CreateTable", request)["TableDescription"]["LatestStreamArn"]
        as_(stage, mapper).mapping(stream)
        stage("PutItem", TableName=request["TableName"], Item=ITEMS[0])
    stage.emulator.close()


def unpack(folder: Path) -> dict[str, str]:
    """Unpack the archive into a new folder; return the same values as `write`."""
    return archives.unpack(ARCHIVE, folder)


if __name__ == "__main__":
    archives.pack(Path(sys.argv[1]), write)
