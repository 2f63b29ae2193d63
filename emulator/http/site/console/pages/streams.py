"""Streams: the shards of a stream, and its records with old and new image side by side.

An open page also shows new records as they are written (live records).
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

from starlette.responses import Response

from emulator.errors import ApiError
from emulator.http.site.console.forms import BadForm
from emulator.http.site.console.registry import action, page
from emulator.http.site.console.visit import Visit

_VIEWS: Final = ("NEW_AND_OLD_IMAGES", "NEW_IMAGE", "OLD_IMAGE", "KEYS_ONLY")
_STREAMS: Final = 50  # the maximum number of streams on one page
_RECORDS: Final = 50  # the maximum number of records on one page

_PAUSE: Final = 0.25  # seconds between two reads of the open shards
_DESCRIBED_EACH: Final = 8  # the number of reads after which the page looks for new shards
_LONGEST: Final = 4 * 3600  # the maximum number of seconds for which a page gets live records
_MOST_LIVE: Final = 50  # the maximum number of pages with live records in one process
_BATCH: Final = 100  # the maximum number of live records that one read of a shard returns

_live = 0  # the number of pages that show live records now


@page("streams", title="Streams", group="Events", order=10)
async def streams(visit: Visit) -> Response:
    """Show one page of the streams of the account and region."""
    request: dict[str, Any] = {"Limit": _STREAMS}
    if visit.query.text("after"):
        request["ExclusiveStartStreamArn"] = visit.query.text("after")
    answer = await visit.call("ListStreams", request)
    found = [
        (await visit.call("DescribeStream", {"StreamArn": each["StreamArn"], "Limit": 1}))["StreamDescription"]
        for each in answer["Streams"]
    ]
    following = answer.get("LastEvaluatedStreamArn")
    return visit.show("streams/list.html", streams=found, following=following, views=_VIEWS)


@action("streams/enable", title="Streams", parent="streams")
async def enable(visit: Visit) -> Response:
    """Turn on the stream of a table."""
    name = visit.form.required("table", "Table")
    view = visit.form.chosen("view", _VIEWS)
    await visit.call(
        "UpdateTable",
        {"TableName": name, "StreamSpecification": {"StreamEnabled": True, "StreamViewType": view}},
    )
    return visit.done("streams", f"Table {name} has a stream.")


@action("streams/disable", title="Streams", parent="streams")
async def disable(visit: Visit) -> Response:
    """Turn off the stream of a table. Its records can still be read for a day."""
    name = visit.form.required("table", "Table")
    await visit.call("UpdateTable", {"TableName": name, "StreamSpecification": {"StreamEnabled": False}})
    return visit.done("streams", f"The stream of table {name} is disabled. Its records can be read for a day.")


@page("streams/stream", title="Stream", parent="streams")
async def stream(visit: Visit) -> Response:
    """Show a stream with its shards. While the page is open, its script adds live records."""
    return visit.show("streams/stream.html", stream=await _described(visit, visit.query.required("arn", "Stream")))


async def _described(visit: Visit, arn: str) -> dict[str, Any]:
    """Return the description of a stream with all shards, from several calls if necessary."""
    found: dict[str, Any] = (await visit.call("DescribeStream", {"StreamArn": arn}))["StreamDescription"]
    part = found
    while "LastEvaluatedShardId" in part:
        request = {"StreamArn": arn, "ExclusiveStartShardId": part["LastEvaluatedShardId"]}
        part = (await visit.call("DescribeStream", request))["StreamDescription"]
        found["Shards"] += part["Shards"]
    return found


@page("streams/records", title="Records", parent="streams")
async def records(visit: Visit) -> Response:
    """Show one page of the records of a shard, from its beginning or after a sequence number."""
    arn, shard = visit.query.required("arn", "Stream"), visit.query.required("shard", "Shard")
    after = visit.query.text("after")
    place = (
        {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": after}
        if after
        else {"ShardIteratorType": "TRIM_HORIZON"}
    )
    iterator = (await visit.call("GetShardIterator", {"StreamArn": arn, "ShardId": shard, **place}))["ShardIterator"]
    answer = await visit.call("GetRecords", {"ShardIterator": iterator, "Limit": _RECORDS})
    found = answer["Records"]
    last = found[-1]["dynamodb"]["SequenceNumber"] if len(found) == _RECORDS else None
    return visit.show(
        "streams/records.html",
        arn=arn,
        shard=shard,
        after=after,
        last=last,
        records=[shown_record(each) for each in found],
    )


def shown_record(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the variables with which the templates show a record."""
    change = record["dynamodb"]
    before, after = change.get("OldImage"), change.get("NewImage")
    names = dict.fromkeys((*change["Keys"], *(before or {}), *(after or {})))
    rows = [
        {
            "name": name,
            "before": (before or {}).get(name),
            "after": (after or {}).get(name),
            "changed": before is not None and after is not None and before.get(name) != after.get(name),
        }
        for name in names
    ]
    identity = record.get("userIdentity")
    return {
        "event": record["eventName"],
        "time": change["ApproximateCreationDateTime"],
        "sequence": change["SequenceNumber"],
        "keys": change["Keys"],
        "has_images": before is not None or after is not None,
        "rows": rows,
        "expired": identity is not None,
    }


@page("streams/live", title="Live records", parent="streams")
async def live(visit: Visit) -> Response:
    """Send new records of a stream to the browser, as server-sent events."""
    arn = visit.query.required("arn", "Stream")
    if _live >= _MOST_LIVE:
        raise BadForm(f"{_MOST_LIVE} pages show live records already")
    tail = Tail(visit, arn)
    await tail.begin()
    return visit.events(_live_records(visit, tail))


async def _live_records(visit: Visit, tail: "Tail") -> AsyncIterator[str]:
    """Yield the HTML of each new record, until the stream ends or four hours have passed."""
    global _live  # noqa: PLW0603 - it counts the pages of the process
    _live += 1
    try:
        reads = 0
        while reads * _PAUSE < _LONGEST:
            reads += 1
            for record in await tail.read(look=reads % _DESCRIBED_EACH == 0):
                yield visit.render("streams/record.html", record=shown_record(record), live=True)
            if not tail.open:
                yield visit.render("streams/ended.html")
                return
            await asyncio.sleep(_PAUSE)
    except ApiError:  # the stream is gone, for example after a reset
        yield visit.render("streams/ended.html")
    finally:
        _live -= 1


class Tail:
    """Reads the records that a stream gets after the call of `begin`."""

    def __init__(self, visit: Visit, arn: str) -> None:
        self._visit = visit
        self._arn = arn
        self._iterators: dict[str, str | None] = {}  # shard id -> shard iterator, None after the shard's end

    @property
    def open(self) -> bool:
        """True if the stream may get more records, because it has an open shard."""
        return any(each is not None for each in self._iterators.values())

    async def begin(self) -> None:
        """Get an iterator at the current end of each open shard."""
        for shard in (await _described(self._visit, self._arn))["Shards"]:
            ended = "EndingSequenceNumber" in shard["SequenceNumberRange"]
            self._iterators[shard["ShardId"]] = None if ended else await self._iterator(shard["ShardId"], "LATEST")

    async def read(self, *, look: bool) -> list[dict[str, Any]]:
        """Return the records that the stream got since the last call.

        look: True to look for new shards too. If a shard has ended, `read` always looks for new
        shards, because the shard's child may be open.
        """
        found: list[dict[str, Any]] = []
        ended = False
        for shard, iterator in list(self._iterators.items()):
            if iterator is None:
                continue
            try:
                answer = await self._visit.call("GetRecords", {"ShardIterator": iterator, "Limit": _BATCH})
            except ApiError as error:
                if error.code != "ExpiredIteratorException":  # an iterator expires if a test moves the clock
                    raise
                self._iterators[shard] = await self._iterator(shard, "LATEST")
                continue
            found += answer["Records"]
            self._iterators[shard] = answer.get("NextShardIterator")
            ended = ended or self._iterators[shard] is None
        if look or ended:
            for shard in (await _described(self._visit, self._arn))["Shards"]:
                if shard["ShardId"] not in self._iterators:
                    self._iterators[shard["ShardId"]] = await self._iterator(shard["ShardId"], "TRIM_HORIZON")
        found.sort(key=lambda each: each["dynamodb"]["SequenceNumber"])
        return found

    async def _iterator(self, shard: str, kind: str) -> str:
        request = {"StreamArn": self._arn, "ShardId": shard, "ShardIteratorType": kind}
        iterator: str = (await self._visit.call("GetShardIterator", request))["ShardIterator"]
        return iterator
