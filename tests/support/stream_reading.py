"""Reads streams as a client does, from an emulator in process or from a server.

The argument `call` is a function call(operation, **request): an `InProcess`, or what the function
`api` returns for a boto3 client.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

Call = Callable[..., Any]
Record = dict[str, Any]

ROUNDS = 1000  # reads of all shards after which a record counts as missing; on AWS, records come late


def api(client: Any) -> Call:
    """Return a function call(operation, **request) that uses a boto3 client."""

    def call(operation: str, **request: Any) -> Any:
        return getattr(client, re.sub("(?<!^)(?=[A-Z])", "_", operation).lower())(**request)

    return call


def stream_of(call: Call, table: str) -> str:
    """Return the ARN of a table's newest stream."""
    arn: str = call("DescribeTable", TableName=table)["Table"]["LatestStreamArn"]
    return arn


def shards_of(call: Call, arn: str, limit: int = 100) -> list[dict[str, Any]]:
    """Return all shards of a stream, read in pages of `limit` shards."""
    shards: list[dict[str, Any]] = []
    start: dict[str, Any] = {}
    while True:
        reported = call("DescribeStream", StreamArn=arn, Limit=limit, **start)["StreamDescription"]
        shards += reported["Shards"]
        if "LastEvaluatedShardId" not in reported:
            return shards
        start = {"ExclusiveStartShardId": reported["LastEvaluatedShardId"]}


def parents_first(shards: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return shards in an order in which each shard comes after its parent."""
    left = {shard["ShardId"]: shard for shard in shards}
    order = []
    while left:
        ready = [shard for shard in left.values() if shard.get("ParentShardId") not in left]
        assert ready, "shards are each other's parents"
        order += ready
        for shard in ready:
            del left[shard["ShardId"]]
    return order


def iterator(call: Call, arn: str, shard: str, kind: str = "TRIM_HORIZON", **position: Any) -> str:
    """Return a shard iterator.

    kind: its ShardIteratorType. position: the SequenceNumber, if this type needs it.
    """
    answer = call("GetShardIterator", StreamArn=arn, ShardId=shard, ShardIteratorType=kind, **position)
    reported: str = answer["ShardIterator"]
    return reported


def pages(call: Call, start: str | None, **request: Any) -> Iterator[list[Record]]:
    """Yield pages of records, from an iterator to the shard's end or to an empty page."""
    while start is not None:
        answer = call("GetRecords", ShardIterator=start, **request)
        yield answer["Records"]
        start = answer.get("NextShardIterator") if answer["Records"] else None


def read_shard(call: Call, arn: str, shard: str, kind: str = "TRIM_HORIZON", **position: Any) -> list[Record]:
    """Return the records that a shard has now, from a start that `iterator` accepts."""
    return [record for page in pages(call, iterator(call, arn, shard, kind, **position)) for record in page]


def read_all(call: Call, arn: str) -> list[Record]:
    """Return the records that a stream has now, shard by shard, parents first."""
    return [
        record for shard in parents_first(shards_of(call, arn)) for record in read_shard(call, arn, shard["ShardId"])
    ]


def sequence(record: Record) -> int:
    """Return a record's sequence number."""
    return int(record["dynamodb"]["SequenceNumber"])


def by_sequence(records: list[Record]) -> list[Record]:
    """Return records sorted by sequence number, which is the order of the writes in all shards."""
    return sorted(records, key=sequence)


def replay(records: list[Record], names: tuple[str, ...]) -> dict[tuple[str, ...], Any]:
    """Apply stream records to an empty table; return key -> item.

    Assert that each old image is the item before the change. Records must have both images, and the
    records of each item must be in order. names: the names of the key attributes.
    """
    items: dict[tuple[str, ...], Any] = {}
    for record in records:
        change = record["dynamodb"]
        new, old = change.get("NewImage"), change.get("OldImage")
        assert (
            record["eventName"]
            == {(True, False): "INSERT", (True, True): "MODIFY", (False, True): "REMOVE"}[
                new is not None, old is not None
            ]
        )
        assert new != old, "a record does not change its item"
        assert all({name: image[name] for name in names} == change["Keys"] for image in (new, old) if image is not None)
        key = tuple(str(change["Keys"][name]) for name in names)
        assert items.pop(key, None) == old
        if new is not None:
            items[key] = new
    return items


class Watch:
    """Reads the records of one partition key from all shards, from now on.

    partition: the value of the key attribute `name`.
    """

    def __init__(self, call: Call, arn: str, partition: dict[str, Any], name: str = "pk") -> None:
        self._call = call
        self._arn = arn
        self._partition = partition
        self._name = name
        self._iterators: dict[str, str | None] = {}
        self._seen: set[str] = set()
        self._find_shards("LATEST")

    def _find_shards(self, kind: str) -> None:
        for shard in shards_of(self._call, self._arn):
            if shard["ShardId"] not in self._iterators:
                self._iterators[shard["ShardId"]] = iterator(self._call, self._arn, shard["ShardId"], kind)

    def _round(self) -> list[Record]:
        found = []
        for shard, start in list(self._iterators.items()):
            if start is not None:
                answer = self._call("GetRecords", ShardIterator=start)
                self._iterators[shard] = answer.get("NextShardIterator")
                found += answer["Records"]
        self._find_shards("TRIM_HORIZON")
        return [record for record in found if record["dynamodb"]["Keys"][self._name] == self._partition]

    def until(self, last: Callable[[Record], bool]) -> list[Record]:
        """Read until `last(record)` is true for a record, which must be the newest one.

        Return all records that were read.
        """
        records: list[Record] = []
        for _ in range(ROUNDS):
            records += self._round()
            for position, record in enumerate(records, start=1):
                if last(record):
                    assert position == len(records), "there are records after the last one"
                    return records
        raise AssertionError(f"the record did not arrive, only these: {records}")
