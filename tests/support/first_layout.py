"""A small data folder of layout 1, with streams that a function and a Kinesis destination read.

The archive `layout_1.tar.xz` has such a folder. Commit 3b033fa wrote it. That was the last commit
whose stored stream records do not contain their lengths. At that commit, this module ran as a
program:

    python -m tests.support.first_layout tests/robustness/layout_1.tar.xz

`held.json` in the archive has a shard iterator and the id of an event source mapping. It also has
the data that the code of this commit read from the folder: the records of every stream, the next
events of the function, and the next records for Kinesis.
"""

import sys
from pathlib import Path
from typing import Any

from emulator.kinesis.feed import KinesisFeed
from tests.support.archives import pack
from tests.support.servers import ROOT
from tests.support.stages import DONE, Stage, configured
from tests.support.stream_reading import iterator, read_all, shards_of
from tests.support.tables import table_request

ARCHIVE = ROOT / "tests" / "robustness" / "layout_1.tar.xz"
KINESIS = "arn:aws:kinesis:us-east-1:123456789012:stream/orders"
VIEWS = ("KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES")
"""The view types of streams. For each of them, the folder has a table with its name."""

HARD = {
    "pk": {"S": 'é"\\,"Keys":{'},
    ',"Keys":': {"M": {"NewImage": {"S": ',"OldImage":'}}},
    "100 %b%%": {"L": [{"N": "-1.5E-7"}, {"NULL": True}, {"B": "AP8="}, {"BOOL": False}]},
    "NewImage": {"SS": ["%d", "☃"]},
}
"""An item whose names and values look like the JSON around the items in a stream record."""

HOURS = 3600


def opened(folder: Path, **settings: Any) -> Stage:
    """Open a folder, with a configured function and a Kinesis endpoint that no test calls."""
    return Stage(configured(folder.parent, data_dir=folder, **{"kinesis_endpoint": "http://127.0.0.1:9", **settings}))


def write(folder: Path) -> dict[str, Any]:
    """Write the data folder; return the values for `held.json`."""
    stage = opened(folder)
    feed = KinesisFeed(stage.emulator.database)
    for view in VIEWS:
        write_table(stage, view)
    arn = stage("DescribeTable", TableName="NEW_AND_OLD_IMAGES")["Table"]["LatestStreamArn"]
    stage("EnableKinesisStreamingDestination", TableName="NEW_AND_OLD_IMAGES", StreamArn=KINESIS)
    mapping = stage.mapping(arn, BatchSize=2, MaximumRetryAttempts=1)
    ((invocation, _),) = stage.due()
    stage.service.finished(invocation, DONE)
    for number in range(4):
        stage.put(f"p{number}", number, "NEW_AND_OLD_IMAGES")
        stage.put("again", number, "NEW_AND_OLD_IMAGES")
    write_hard_items(stage, "NEW_AND_OLD_IMAGES")
    feed.put(feed.due()[0], failed={3})
    sweep(stage, HOURS)
    (shard, *_) = shards_of(stage, arn)
    first = stage("GetRecords", ShardIterator=iterator(stage, arn, shard["ShardId"]), Limit=1)
    held = {
        "mapping": mapping,
        "iterator": first["NextShardIterator"],
        "records": {view: read_all(stage, stream(stage, view)) for view in VIEWS},
        "event": [invocation.payload.decode() for invocation, _ in stage.due()],
        "kinesis": [record.data.decode() for record in waiting(stage)],
    }
    stage.emulator.close()
    return held


def write_table(stage: Stage, view: str) -> None:
    """Create a table whose stream has two shards, with records of every kind of change.

    They are inserts, modifications and removals, by requests and by TTL.
    """
    request = {**table_request("pk:S"), "TableName": view}
    stage("CreateTable", {**request, "StreamSpecification": {"StreamEnabled": True, "StreamViewType": view}})
    wanted = {"Enabled": True, "AttributeName": "ttl"}
    stage("UpdateTimeToLive", TableName=view, TimeToLiveSpecification=wanted)
    write_hard_items(stage, view)
    sweep(stage, 4 * HOURS)
    stage("DeleteItem", TableName=view, Key={"pk": HARD["pk"]})


def write_hard_items(stage: Stage, table: str) -> None:
    """Write the item `HARD` twice, and an item that expires in ten seconds."""
    stage("PutItem", TableName=table, Item=HARD)
    stage("PutItem", TableName=table, Item={**HARD, "n": {"N": "1"}})
    expiry = {"N": str(int(stage.clock.now()) + 10)}
    stage("PutItem", TableName=table, Item={"pk": {"S": "expires"}, "ttl": expiry})


def sweep(stage: Stage, seconds: float) -> None:
    """Move the clock, and finish the work that is due, such as deleting expired items."""
    stage.clock.advance(seconds)
    while stage.emulator.tick():
        pass


def stream(stage: Stage, table: str) -> str:
    """Return the ARN of a table's stream."""
    arn: str = stage("DescribeTable", TableName=table)["Table"]["LatestStreamArn"]
    return arn


def waiting(stage: Stage) -> list[Any]:
    """Return the records for Kinesis that a new feed would send next."""
    return [record for batch in KinesisFeed(stage.emulator.database).due() for record in batch.records]


if __name__ == "__main__":
    pack(Path(sys.argv[1]), write)
