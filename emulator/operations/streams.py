"""ListStreams, DescribeStream, GetShardIterator, GetRecords (behaviour 11).

A shard iterator is a text that contains everything that GetRecords needs: stream, shard, position
and time of issue. So the server stores no iterators. The position is the sequence number of the
next record to read. Position 0 means the oldest record that exists when GetRecords is called.
"""

import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any, Final
from zlib import crc32

from emulator import errors, limits
from emulator.database.catalog.catalog import Caller
from emulator.database.changes import reader
from emulator.database.changes.log import last_sequence
from emulator.database.changes.record import milliseconds, record_json
from emulator.database.database import Database
from emulator.database.definitions import arns
from emulator.database.definitions.streams import Shard, StreamDefinition, sequence_of, sequence_text
from emulator.model.request import Request
from emulator.operations.registry import Response, operation
from emulator.operations.response import member, response_of
from storage import ReadTxn

_OLDEST: Final = 0


def _check_arn(arn: str) -> None:
    if not arns.is_stream(arn):
        raise errors.invalid_stream_arn(arn)


def _stream(database: Database, caller: Caller, arn: str) -> StreamDefinition:
    """Return the stream with an ARN. Raises ResourceNotFoundException.

    A disabled stream whose records have all expired counts as missing.
    """
    stream = database.streams.find(caller.tenant, arn)
    if stream.gone(database.clock.now()):
        raise errors.stream_not_found(arn)
    return stream


def _stream_of_iterator(database: Database, caller: Caller, arn: str) -> StreamDefinition:
    """Return the stream whose ARN is in an iterator. Raises ResourceNotFoundException.

    The account in the ARN is not compared with the caller's account, because the setting for the
    account may change after the iterator was issued.
    """
    stream = database.streams.of_resource(caller.tenant, arns.resource(arn))
    if stream is None or stream.gone(database.clock.now()):
        raise errors.stream_not_found(arn)
    return stream


def _shard(stream: StreamDefinition, shard_id: str, now: float) -> Shard:
    for shard in stream.readable(now):
        if shard.id == shard_id:
            return shard
    raise errors.shard_not_found(shard_id, stream.arn)


# --- ListStreams and DescribeStream ---------------------------------------------------------------


def _check_list(request: Request) -> None:
    if "ExclusiveStartStreamArn" in request:
        _check_arn(request["ExclusiveStartStreamArn"])


@operation("ListStreams", check=_check_list)
def list_streams(database: Database, caller: Caller, request: Request, _: None) -> Response:
    """Return a page of the caller's streams, in the order of their ARNs.

    If the request has TableName, the page has only the streams of this table.
    """
    table, after = request.get("TableName"), request.get("ExclusiveStartStreamArn", "")
    now = database.clock.now()
    streams = [
        stream
        for stream in sorted(database.streams.of(caller.tenant), key=lambda stream: stream.arn)
        if stream.arn > after and (table is None or stream.table == table) and not stream.gone(now)
    ]
    page = streams[: request.get("Limit", limits.STREAMS_PAGE)]
    response: dict[str, Any] = {
        "Streams": [
            {"StreamArn": stream.arn, "TableName": stream.table, "StreamLabel": stream.label} for stream in page
        ]
    }
    if len(streams) > len(page):
        response["LastEvaluatedStreamArn"] = page[-1].arn
    return response


def _check_describe(request: Request) -> None:
    _check_arn(request["StreamArn"])
    shard_filter = request.get("ShardFilter")
    if shard_filter is not None:
        for name in ("Type", "ShardId"):
            if name not in shard_filter:
                raise errors.shard_filter_member_required(name)


@operation("DescribeStream", check=_check_describe)
def describe_stream(database: Database, caller: Caller, request: Request, _: None) -> Response:
    """Describe a stream, with a page of its shards, oldest first.

    With a ShardFilter, the page has only the child shards of one shard. They are listed even if the
    parent shard no longer exists, because a reader may just have finished reading the parent.
    """
    stream = _stream(database, caller, request["StreamArn"])
    now = database.clock.now()
    shards = list(stream.readable(now))
    if "ShardFilter" in request:
        parent = request["ShardFilter"]["ShardId"]
        shards = [shard for shard in shards if shard.parent == parent]
        if not shards:
            _shard(stream, parent, now)
    after = request.get("ExclusiveStartShardId", "")
    shards = [shard for shard in shards if shard.id > after]
    page = shards[: request.get("Limit", limits.STREAMS_PAGE)]
    names = [("HASH", stream.hash), ("RANGE", stream.range)]
    description: dict[str, Any] = {
        "StreamArn": stream.arn,
        "StreamLabel": stream.label,
        "StreamStatus": stream.status(settled=database.catalog.has_passed(stream.until)),
        "StreamViewType": stream.view,
        "CreationRequestDateTime": round(stream.created, 3),
        "TableName": stream.table,
        "KeySchema": [{"AttributeName": name, "KeyType": kind} for kind, name in names if name is not None],
        "Shards": [_described(shard) for shard in page],
    }
    if len(shards) > len(page):
        description["LastEvaluatedShardId"] = page[-1].id
    return {"StreamDescription": description}


def _described(shard: Shard) -> dict[str, Any]:
    numbers = {"StartingSequenceNumber": sequence_text(shard.start)}
    if shard.end is not None:
        numbers["EndingSequenceNumber"] = sequence_text(shard.end)
    description: dict[str, Any] = {"ShardId": shard.id, "SequenceNumberRange": numbers}
    if shard.parent is not None:
        description["ParentShardId"] = shard.parent
    return description


# --- GetShardIterator -----------------------------------------------------------------------------

# The format of the numbers in an iterator: the shard's number, the position, the time of issue in
# milliseconds, and a CRC of the ARN and these three numbers.
_POSITION: Final = struct.Struct(">IQQI")
_NEEDS: Final = {
    "AT_SEQUENCE_NUMBER": "SequenceNumber",
    "AFTER_SEQUENCE_NUMBER": "SequenceNumber",
    "AT_TIMESTAMP": "Timestamp",
}


def _check_get_iterator(request: Request) -> None:
    _check_arn(request["StreamArn"])
    kind = request["ShardIteratorType"]
    needed = _NEEDS.get(kind)
    for name in ("SequenceNumber", "Timestamp"):
        if name == needed and name not in request:
            raise errors.iterator_parameter_required(name, kind)
        if name != needed and name in request:
            raise errors.iterator_parameter_forbidden(name, kind)
    if needed == "SequenceNumber" and sequence_of(request[needed]) is None:
        raise errors.invalid_sequence_number(request[needed])


@operation("GetShardIterator", check=_check_get_iterator)
def get_shard_iterator(database: Database, caller: Caller, request: Request, _: None) -> Response:
    """Return an iterator for reading a shard from a position on. It is valid for 15 minutes."""
    stream = _stream(database, caller, request["StreamArn"])
    now = database.clock.now()
    shard = _shard(stream, request["ShardId"], now)
    with database.read() as txn:
        match request["ShardIteratorType"]:
            case "TRIM_HORIZON":
                position = _OLDEST
            case "LATEST":
                position = last_sequence(txn, stream.id) + 1
            case "AT_TIMESTAMP":
                # No record is newer than now. So any time in the future means the end of the shard.
                since = min(request["Timestamp"], now + 1)
                old = since <= stream.oldest(now)
                position = _OLDEST if old else reader.first_since(txn, stream, shard, since)
            case kind:
                position = _numbered(txn, stream, shard, request["SequenceNumber"], now)
                position += kind == "AFTER_SEQUENCE_NUMBER"
    return {"ShardIterator": _iterator(stream, shard, position, now)}


def _numbered(txn: ReadTxn, stream: StreamDefinition, shard: Shard, text: str, now: float) -> int:
    """Convert a sequence number that a client has sent to an integer.

    Raises ApiError if the number does not belong to this shard, or if its record was trimmed.
    """
    position = sequence_of(text)
    last = last_sequence(txn, stream.id) if shard.end is None else shard.end
    if position is None or not shard.start <= position <= max(last, shard.start):
        raise errors.invalid_sequence_number(text)
    if position <= reader.trimmed_to(txn, stream, shard, stream.oldest(now)):
        raise errors.trimmed_data_access()
    return position


def _iterator(stream: StreamDefinition, shard: Shard, position: int, now: float) -> str:
    arn = stream.arn
    content = (shard.number, position, milliseconds(now))
    packed = _POSITION.pack(*content, crc32(repr((arn, content)).encode()))
    return f"{arn}|1|{urlsafe_b64encode(packed).decode()}"


def _parsed_iterator(text: str) -> tuple[str, int, int, float]:
    """Parse an iterator. Raises ApiError if it is damaged.

    Return the stream's ARN, the shard's number, the position and the time of issue in seconds.
    """
    # Split at the last `|`, because the region in the ARN may contain any character, also `|`.
    prefix, _, encoded = text.rpartition("|")
    arn, _, version = prefix.rpartition("|")
    try:
        *content, check = _POSITION.unpack(urlsafe_b64decode(encoded.encode()))
    except (ValueError, struct.error):
        raise errors.invalid_shard_iterator() from None
    if version != "1" or check != crc32(repr((arn, tuple(content))).encode()):
        raise errors.invalid_shard_iterator()
    number, position, issued = content
    return arn, number, position, issued / 1000


# --- GetRecords -----------------------------------------------------------------------------------


def _check_get_records(request: Request) -> tuple[str, int, int, float]:
    return _parsed_iterator(request["ShardIterator"])


@operation("GetRecords", check=_check_get_records)
def get_records(database: Database, caller: Caller, request: Request, parsed: tuple[str, int, int, float]) -> Response:
    """Read the records of a shard from the position of an iterator on.

    After the last record of a closed shard, the response has no NextShardIterator.
    """
    arn, number, position, issued = parsed
    now = database.clock.now()
    if now - issued > limits.ITERATOR_SECONDS:
        raise errors.expired_iterator()
    stream = _stream_of_iterator(database, caller, arn)
    shard = next((shard for shard in stream.readable(now) if shard.number == number), None)
    if shard is None:
        raise errors.trimmed_data_access()
    limit = request.get("Limit", reader.RECORDS)
    with database.read() as txn:
        trimmed = reader.trimmed_to(txn, stream, shard, stream.oldest(now))
        if position == _OLDEST:
            position = max(trimmed + 1, shard.start)
        elif position <= trimmed:
            raise errors.trimmed_data_access()
        rows, following = reader.read(txn, stream.id, shard.number, position, limit=limit)
        drained = shard.end is not None and not reader.read(txn, stream.id, shard.number, following, limit=1)[0]
    members = [b'"Records":[%b]' % b",".join(map(record_json, rows))]
    if not drained:
        members.append(member(b"NextShardIterator", _iterator(stream, shard, following, now)))
    return response_of(members)
