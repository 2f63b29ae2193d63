"""Reads the stream of a table over the API of DynamoDB Streams.

A shard is read after its parent, so the records of an item are in order. At the end of a shard, the
reader searches for its children (shard rollover, behaviour 11). At the end of the whole stream, it
searches for the table's next stream.

An iterator is valid for 15 minutes of the server's clock, which a test may move. When an iterator
is no longer valid, the reader gets a new one. The new one starts after the last record that was
read. If no record was read, it starts where the first iterator started.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from emulator.client.endpoint import HttpEndpoint, Refused, Response, Unreachable

Record = Mapping[str, Any]

VIEW_TYPES: Final = ("KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES")

_GONE: Final = "ResourceNotFoundException"
_EXPIRED: Final = "ExpiredIteratorException"
_TRIMMED: Final = "TrimmedDataAccessException"


class Start(Enum):
    """Where a reader starts: with the oldest record or with the next new one."""

    OLDEST = "TRIM_HORIZON"
    NEXT = "LATEST"


class NoStream(Exception):
    """The table has no enabled stream."""


@dataclass
class _Shard:
    id: str
    iterator: str | None
    last: str | None = None
    """The sequence number of the last record that was read."""


class StreamReader:
    """Reads the records of a table's streams, one stream after another.

    arn: the ARN of the stream that it reads now.

    The constructor finds the stream. It raises NoStream if the table has no enabled stream.
    """

    def __init__(self, endpoint: HttpEndpoint, table: str, start: Start) -> None:
        self._endpoint = endpoint
        self.table = table
        self.arn = self._newest_stream()
        self._shards: dict[str, _Shard] = {}
        self._done: set[str] = set()
        self._since: float | None = None
        shards = self._described()
        if start is Start.NEXT:
            self._since = self._time()
            self._done = {shard["ShardId"] for shard in shards if _has_ended(shard)}
        self._add(shards, start.value)

    def read(self) -> list[list[Record]]:
        """Return the next records: a list for each shard, empty if the shard has no new records.

        Raises NoStream if the stream has ended and the table has no newer stream.
        """
        found = [self._read_shard(shard, shard.iterator) for shard in self._shards.values() if shard.iterator]
        if any(shard.iterator is None for shard in self._shards.values()):
            self._follow()
        return found

    def _read_shard(self, shard: _Shard, iterator: str) -> list[Record]:
        try:
            answer = self._endpoint.call("GetRecords", {"ShardIterator": iterator})
        except Refused as error:
            if error.code == _GONE:  # AWS and this server delete a stream a day after its end
                shard.iterator = None
            elif error.code in (_EXPIRED, _TRIMMED):
                shard.iterator = self._again(shard, trimmed=error.code == _TRIMMED)
            else:
                raise
            return []
        records: list[Record] = answer["Records"]
        if records:
            shard.last = records[-1]["dynamodb"]["SequenceNumber"]
        shard.iterator = answer.get("NextShardIterator")
        return records

    def _again(self, shard: _Shard, *, trimmed: bool) -> str | None:
        """Return a new iterator for a shard whose iterator is no longer valid.

        trimmed: whether the server has deleted the records at the iterator.
        """
        if trimmed:
            return self._iterator(shard.id, Start.OLDEST.value)
        if shard.last is not None:
            return self._iterator(shard.id, "AFTER_SEQUENCE_NUMBER", SequenceNumber=shard.last)
        if self._since is not None:
            return self._iterator(shard.id, "AT_TIMESTAMP", Timestamp=self._since)
        return self._iterator(shard.id, Start.OLDEST.value)

    def _follow(self) -> None:
        """Replace finished shards by their children, or a finished stream by the next one."""
        for shard in [each for each in self._shards.values() if each.iterator is None]:
            self._done.add(shard.id)
            del self._shards[shard.id]
        try:
            self._add(self._described(), Start.OLDEST.value)
        except Refused as error:
            if error.code != _GONE:
                raise
        if not self._shards and (newest := self._newest_stream()) != self.arn:
            self.arn = newest
            self._since = None
            self._add(self._described(), Start.OLDEST.value)

    def _add(self, described: list[Response], kind: str) -> None:
        """Start to read each new shard that need not wait for its parent.

        A shard waits as long as its parent exists and was not read to the end. described: all
        shards, as DescribeStream describes them. kind: the ShardIteratorType to start with.
        """
        exist = {shard["ShardId"] for shard in described}
        for shard in described:
            name, parent = shard["ShardId"], shard.get("ParentShardId")
            waits = parent in exist and parent not in self._done
            if not waits and name not in self._done and name not in self._shards:
                self._shards[name] = _Shard(name, self._iterator(name, kind))

    def _described(self) -> list[Response]:
        """Return all shards of the stream, oldest first."""
        shards: list[Response] = []
        request = {"StreamArn": self.arn}
        while True:
            page = self._endpoint.call("DescribeStream", request)["StreamDescription"]
            shards += page["Shards"]
            if "LastEvaluatedShardId" not in page:
                return shards
            request["ExclusiveStartShardId"] = page["LastEvaluatedShardId"]

    def _iterator(self, shard: str, kind: str, **position: str | float) -> str | None:
        """Return an iterator of a shard, None if the shard was deleted."""
        request = {"StreamArn": self.arn, "ShardId": shard, "ShardIteratorType": kind, **position}
        try:
            text: str = self._endpoint.call("GetShardIterator", request)["ShardIterator"]
        except Refused as error:
            if error.code == _GONE:
                return None
            if error.code == _TRIMMED:
                return self._iterator(shard, Start.OLDEST.value)
            raise
        return text

    def _newest_stream(self) -> str:
        """Return the ARN of the table's enabled stream. Raises NoStream."""
        table = self._endpoint.call("DescribeTable", {"TableName": self.table})["Table"]
        arn: str | None = table.get("LatestStreamArn")
        if arn is None or not table.get("StreamSpecification", {}).get("StreamEnabled"):
            raise NoStream(self.table)
        return arn

    def _time(self) -> float:
        """Return the time of the server's clock.

        If the control `clock` fails, return the time of this machine's clock.
        """
        try:
            now: float = self._endpoint.control("GET", "clock", {})["Now"]
        except (Refused, Unreachable):
            return time.time()
        return now


def enable_stream(endpoint: HttpEndpoint, table: str, view_type: str) -> None:
    """Enable the stream of a table. view_type: its StreamViewType. Raises Refused."""
    specification = {"StreamEnabled": True, "StreamViewType": view_type}
    endpoint.call("UpdateTable", {"TableName": table, "StreamSpecification": specification})


def _has_ended(shard: Response) -> bool:
    return "EndingSequenceNumber" in shard["SequenceNumberRange"]
