"""All storage keys. Every key is made here, and nowhere else.

This file has more than 400 lines, because it is one table of keys, with functions for each row. In
the table, u32 and u64 are big-endian integers of 4 and 8 bytes. `escape` (storage/keycode.py)
encodes a text so that other parts can follow it in the key. `[5:]` means without the first 5 bytes.

| first byte | rest of the key                                      | value                        |
|------------|------------------------------------------------------|------------------------------|
| 01         | name of a counter                                    | the counter                  |
| 02         | escape(access key) escape(region) table name         | table definition, JSON       |
| 03         | u32 table, digest16 of the partition key, sort key   | item row                     |
| 04         | u32 index, digest16 of its partition key,            | projected item row           |
|            | escape(range key)..., item key [5:]                  |                              |
| 05         | u32 table                                            | u64 pairs: count, bytes      |
| 06         | prefix of the keys that are being deleted: a first   | 01 if some of these keys are |
|            | byte (03, 04, 09, 0B, 0C, 0F, 12, 13, 18, 1B, 20)    | deleted, empty before that   |
|            | and a u32; for a shard 0B, u32, u32; checkpoints 0E, |                              |
|            | escape(consumer)                                     |                              |
| 07         | escape(access key) escape(region) escape(operation)  | u64 ms of expiry, sha256     |
|            | client request token                                 |                              |
| 08         | u64 ms of expiry, the token's key                    | empty                        |
| 09         | u32 table with local indexes, digest16 of the        | u64 bytes of the item        |
|            | partition key                                        | collection                   |
| 0A         | u32 stream                                           | stream definition, JSON      |
| 0B         | u32 stream, u32 shard, u64 sequence number           | stream record                |
| 0C         | u32 TTL queue of a table, u64 ms of expiry,          | empty                        |
|            | item key [5:]                                        |                              |
| 0D         | escape(access key) escape(region) UUID of an event   | mapping, JSON                |
|            | source mapping                                       |                              |
| 0E         | escape(consumer of a stream) u32 shard               | u64 sequence number of the   |
|            |                                                      | next record to read          |
| 0F         | u32 frozen view, another key                         | 00 if the key was absent,    |
|            |                                                      | 01 and its value if not      |
| 10         | u32 frozen view                                      | view definition, JSON        |
| 11         | name of a snapshot                                   | snapshot definition, JSON    |
| 12         | u32 history of a table, u64 microseconds of a        | history record               |
|            | change, u32 number                                   |                              |
| 13         | u32 history, escape(item key [5:]), u64 and u32 of   | empty                        |
|            | the record                                           |                              |
| 14         | u32 history                                          | history definition, JSON     |
| 15         | escape(access key) escape(region) escape(id of a     | backup, JSON                 |
|            | backup) table name                                   |                              |
| 16         | escape(access key) escape(region) kind and id of an  | job, JSON                    |
|            | S3 job                                               |                              |
| 17         | the key of an S3 job [1:]                            | its progress, JSON           |
| 18         | u32 log of a replica, 00                             | u64 number of the last write |
| 18         | u32 log of a replica, 01, region                     | u64 number of the last write |
|            |                                                      | that the region has          |
| 18         | u32 log of a replica, 02, u64 number                 | write to send (replicas.py)  |
| 18         | u32 log of a replica, 03, item key [5:]              | version of the item          |
| 1A         | escape(access key) escape(region) escape(resource    | scalable target, JSON        |
|            | id) scalable dimension                               |                              |
| 1B         | u32 lag log of a table, 01, escape(key), u64         | value of the key before the  |
|            | microseconds of a change, u32 number                 | change, in the form of 0F    |
| 1B         | u32 lag log, 02, u64 microseconds, u32 number        | the changed key              |
| 20         | u32 vector index                                     | u64 numbers: changes of      |
|            |                                                      | entries, entries, their      |
|            |                                                      | bytes, bytes of all vectors  |
|            |                                                      | as vectors and as lists      |
| 20         | u32 vector index, 01, item key [5:]                  | entry (vector_index.py)      |
| 20         | u32 vector index, 02, u32 number of a change modulo  | item key [5:] of the changed |
|            | KEPT_CHANGES                                         | entry                        |

A digest is the MD5 of the ASCII bytes `Outliers` and the bytes of the partition key. So a Scan has
the same order as on AWS: ascending digests (behaviour 6.2). A digest has 16 bytes, however long the
partition key is. The bytes of a key attribute are UTF-8 for S, the bytes themselves for B, and the
order-preserving bytes of values/number.py for N. A sort key is the end of an item key, so it is not
escaped. In an index key, the item key follows the range keys, so each range key is escaped. Keys
with escaped parts are sorted by their first parts, then by their second parts, and so on.
"""

from base64 import b64decode
from collections.abc import Callable, Sequence
from typing import Final

from emulator.values.number import sort_bytes
from emulator.values.types import Value
from storage import keycode

try:
    # For short texts, the MD5 of the module `_md5` is twice as fast as that of hashlib, which uses
    # OpenSSL.
    from _md5 import md5  # type: ignore[import-not-found]
except ImportError:
    from functools import partial
    from hashlib import md5 as _md5

    md5 = partial(_md5, usedforsecurity=False)

_COUNTER: Final = b"\x01"
_TABLE: Final = b"\x02"
_ITEM: Final = b"\x03"
_INDEX: Final = b"\x04"
_STATISTICS: Final = b"\x05"
_DELETION: Final = b"\x06"
_TOKEN: Final = b"\x07"
_TOKEN_EXPIRY: Final = b"\x08"
_COLLECTION: Final = b"\x09"
_STREAM: Final = b"\x0a"
_RECORD: Final = b"\x0b"
_EXPIRY: Final = b"\x0c"
_MAPPING: Final = b"\x0d"
_CHECKPOINT: Final = b"\x0e"
_ORIGINAL: Final = b"\x0f"
_VIEW: Final = b"\x10"
_SNAPSHOT: Final = b"\x11"
_HISTORY_RECORD: Final = b"\x12"
_HISTORY_KEY: Final = b"\x13"
_HISTORY: Final = b"\x14"
_BACKUP: Final = b"\x15"
_S3_JOB: Final = b"\x16"
_S3_PROGRESS: Final = b"\x17"
_REPLICA: Final = b"\x18"
_VECTOR: Final = b"\x20"

_SCALABLE_TARGET: Final = b"\x1a"
_LAG: Final = b"\x1b"
_LAG_ORIGINALS: Final = b"\x01"
_LAG_TIMES: Final = b"\x02"

Owned = Callable[[bytes], bytes]
"""A function of this module that returns the key prefix of an owner's resources of one kind.

The argument of the function is a result of `owner`.
"""

DIGEST: Final = 16
ITEM_PREFIX: Final = 5  # how many bytes come before the digest in keys of items and index entries

KEPT_CHANGES: Final = 10_000
"""The maximum number of changes of one vector index of which the store keeps records.

A record has 60 to 100 bytes. A process that has the index in memory reads all of them in 60 ms.
"""

COVERED: Final = _ITEM, b"\xff"
"""The range of all keys that a frozen view may cover."""

_SEED: Final = b"Outliers"

KEY_BYTES: Final[dict[str, Callable[[Value], bytes]]] = {
    "S": lambda value: value["S"].encode(),
    "N": lambda value: sort_bytes(value["N"]),
    "B": lambda value: b64decode(value["B"]),
}
"""Type of a key attribute -> function that encodes a value. The bytes sort as the values do."""


def digest(partition: bytes) -> bytes:
    """Return the digest of a partition key. In storage keys, it stands for the partition key.

    partition: the encoded partition key.
    """
    return md5(_SEED + partition).digest()  # type: ignore[no-any-return]


def joined_digest(pieces: Sequence[bytes]) -> bytes:
    """Return the digest of a partition key that may have several attributes.

    Only partition keys of indexes can have several. pieces: the encoded values of the attributes.
    """
    return digest(pieces[0] if len(pieces) == 1 else b"".join(map(keycode.escape, pieces)))


def _escaped(*parts: str) -> bytes:
    return b"".join(keycode.escape(part.encode()) for part in parts)


def _after_owner(key: bytes) -> int:
    """Return the offset of the part that follows the access key and region in a key."""
    return keycode.unescape(key, keycode.unescape(key, 1)[1])[1]


def counter(name: str) -> bytes:
    """Return the key under which the counter with this name is stored."""
    return _COUNTER + name.encode()


def table(access_key: str, region: str, name: str) -> bytes:
    """Return the key of a table's definition."""
    return _TABLE + _escaped(access_key, region) + name.encode()


def counters() -> tuple[bytes, bytes]:
    """Return the range of the keys of all counters."""
    return _COUNTER, _TABLE


def partition_of(key: bytes) -> bytes:
    """Return the digest of the partition key, from the key of an item or of an index entry."""
    return key[ITEM_PREFIX : ITEM_PREFIX + DIGEST]


def tables() -> tuple[bytes, bytes]:
    """Return the range of the keys of all table definitions."""
    return _TABLE, keycode.prefix_end(_TABLE)


def owned_tables(owner: bytes) -> bytes:
    """Return the key prefix of an owner's table definitions. owner: a result of `owner`."""
    return _TABLE + owner


def owned_mappings(owner: bytes) -> bytes:
    """Return the key prefix of an owner's event source mappings. owner: a result of `owner`."""
    return _MAPPING + owner


def owned_tokens(owner: bytes) -> bytes:
    """Return the key prefix of an owner's ClientRequestTokens. owner: a result of `owner`."""
    return _TOKEN + owner


def owner(access_key: str, region: str | None = None) -> bytes:
    """Return the part of keys that names the owner of a resource, after the first byte of the key.

    If region is None, the result is the beginning of this part for all regions of the access key.
    """
    return _escaped(access_key) if region is None else _escaped(access_key, region)


def table_of(key: bytes) -> tuple[str, str, str]:
    """Return the parts of a table definition's key: access key, region, table name."""
    access_key, offset = keycode.unescape(key, 1)
    region, offset = keycode.unescape(key, offset)
    return access_key.decode(), region.decode(), key[offset:].decode()


def owned_scalable_targets(owner: bytes) -> bytes:
    """Return the key prefix of an owner's scalable targets. owner: a result of `owner`."""
    return _SCALABLE_TARGET + owner


def scalable_target(access_key: str, region: str, resource_id: str, dimension: str) -> bytes:
    """Return the key of a scalable target of Application Auto Scaling."""
    return _SCALABLE_TARGET + _escaped(access_key, region, resource_id) + dimension.encode()


def scalable_targets() -> tuple[bytes, bytes]:
    """Return the range of the keys of all scalable targets."""
    return _SCALABLE_TARGET, keycode.prefix_end(_SCALABLE_TARGET)


def items(table_id: int) -> bytes:
    """Return the key prefix of a table's items."""
    return _ITEM + keycode.u32(table_id)


def entries(index_id: int) -> bytes:
    """Return the key prefix of a secondary index's entries."""
    return _INDEX + keycode.u32(index_id)


def statistics(table_id: int) -> bytes:
    """Return the key of the record that has the counts and sizes of a table and its indexes."""
    return _STATISTICS + keycode.u32(table_id)


def deletion(prefix: bytes) -> bytes:
    """Return the key of the record that says that all keys with this prefix are being deleted."""
    return _DELETION + prefix


def deletions() -> tuple[bytes, bytes]:
    """Return the range of the keys of all deletions' records."""
    return _DELETION, keycode.prefix_end(_DELETION)


def deleted_range(record: bytes) -> tuple[bytes, bytes]:
    """Return the range of keys that a deletion must delete: all keys with its prefix.

    record: the key of the deletion's record, a result of `deletion`.
    """
    return record[1:], keycode.prefix_end(record[1:])


def collections(table_id: int) -> bytes:
    """Return the key prefix of the sizes of a table's item collections."""
    return _COLLECTION + keycode.u32(table_id)


def collection(item_key: bytes) -> bytes:
    """Return the key under which the size of an item collection is stored.

    item_key: the storage key of an item in the collection.
    """
    return _COLLECTION + item_key[1 : ITEM_PREFIX + DIGEST]


def token(access_key: str, region: str, operation: str, text: str) -> bytes:
    """Return the key of the ClientRequestToken `text`. The key is different for each operation."""
    return _TOKEN + _escaped(access_key, region, operation) + text.encode()


def tokens() -> tuple[tuple[bytes, bytes], tuple[bytes, bytes]]:
    """Return two key ranges of ClientRequestTokens: their first keys, and their second keys.

    `token` makes the first key of a token, and `token_expiry` the second key.
    """
    return (_TOKEN, _TOKEN_EXPIRY), (_TOKEN_EXPIRY, _COLLECTION)


def token_expiry(expiry: bytes, key: bytes) -> bytes:
    """Return a ClientRequestToken's second key. Second keys are in the order of expiry.

    expiry: the time of expiry in milliseconds, as eight bytes; b"" for the prefix of all second
    keys. key: the token's first key, a result of `token`.
    """
    return _TOKEN_EXPIRY + expiry + key


def token_of_expiry(expiry: bytes) -> bytes:
    """Return the first key of a token (see `token`). expiry: the second key of the token."""
    return expiry[9:]


def stream(stream_id: int) -> bytes:
    """Return the key of a stream's definition."""
    return _STREAM + keycode.u32(stream_id)


def stream_of(key: bytes) -> int:
    """Return the id of a stream. key: the storage key of the stream's definition."""
    return int.from_bytes(key[1:], "big")


def streams() -> tuple[bytes, bytes]:
    """Return the range of the keys of all stream definitions."""
    return _STREAM, keycode.prefix_end(_STREAM)


def stream_records(stream_id: int) -> bytes:
    """Return the key prefix of a stream's records."""
    return _RECORD + keycode.u32(stream_id)


def shard_records(stream_id: int, shard: int) -> bytes:
    """Return the key prefix of the records of a stream's shard.

    In the key of a record, the sequence number follows as a u64.
    """
    return _RECORD + keycode.u32(stream_id) + keycode.u32(shard)


def lag(log: int) -> bytes:
    """Return the prefix of all keys of a table's lag log. log: the id of the lag log."""
    return _LAG + keycode.u32(log)


def lag_originals(log: int) -> bytes:
    """Return the prefix of the keys of the originals (earlier values of keys) in a lag log."""
    return lag(log) + _LAG_ORIGINALS


def lag_times(log: int) -> bytes:
    """Return the prefix of the keys that list a lag log's records in the order of their times."""
    return lag(log) + _LAG_TIMES


def expiries(queue: int) -> bytes:
    """Return the prefix of the keys in a table's TTL queue. queue: the id of the queue.

    In the key, the time of expiry in milliseconds follows as a u64.
    """
    return _EXPIRY + keycode.u32(queue)


def ticket(prefix: bytes, milliseconds: int, item_key: bytes) -> bytes:
    """Return an item's ticket, its key in a TTL queue. prefix: the prefix of the queue's keys."""
    return prefix + keycode.u64(milliseconds) + item_key[ITEM_PREFIX:]


def time_of_ticket(ticket: bytes) -> int:
    """Return the time at which an item expires, in milliseconds since the epoch.

    ticket: the key of the item in the TTL queue.
    """
    return int.from_bytes(ticket[ITEM_PREFIX : ITEM_PREFIX + 8], "big")


def expiring_item(table_prefix: bytes, ticket: bytes) -> bytes:
    """Return the storage key of the item to which a ticket (a key in a TTL queue) belongs."""
    return table_prefix + ticket[ITEM_PREFIX + 8 :]


def mapping(access_key: str, region: str, uuid: str) -> bytes:
    """Return the key of an event source mapping."""
    return _MAPPING + _escaped(access_key, region) + uuid.encode()


def uuid_of_mapping(key: bytes) -> str:
    """Return the UUID of an event source mapping. key: the mapping's storage key."""
    return key[_after_owner(key) :].decode()


def mappings() -> tuple[bytes, bytes]:
    """Return the range of the keys of all event source mappings."""
    return _MAPPING, keycode.prefix_end(_MAPPING)


def checkpoints(consumer: str) -> bytes:
    """Return the key prefix of the checkpoints of a stream's consumer.

    In the key of a checkpoint, the number of the shard follows as a u32.
    """
    return _CHECKPOINT + keycode.escape(consumer.encode())


def checkpoint(consumer: str, shard: int) -> bytes:
    """Return the key of the checkpoint of a stream's consumer in one shard."""
    return checkpoints(consumer) + keycode.u32(shard)


def all_checkpoints() -> tuple[bytes, bytes]:
    """Return the range of the keys of the checkpoints of all consumers."""
    return _CHECKPOINT, keycode.prefix_end(_CHECKPOINT)


def originals(view: int) -> bytes:
    """Return the key prefix of a frozen view's originals, the earlier values of changed keys.

    In the key of an original, the changed key follows the prefix.
    """
    return _ORIGINAL + keycode.u32(view)


def changed_key(key: bytes) -> bytes:
    """Return the key whose earlier value is stored as an original of a frozen view.

    key: the storage key of the original, which contains the returned key.
    """
    return key[ITEM_PREFIX:]


def view(number: int) -> bytes:
    """Return the key of a frozen view's definition."""
    return _VIEW + keycode.u32(number)


def views() -> tuple[bytes, bytes]:
    """Return the range of the keys of all frozen views' definitions."""
    return _VIEW, keycode.prefix_end(_VIEW)


def snapshot(name: str) -> bytes:
    """Return the key of a snapshot's definition."""
    return _SNAPSHOT + name.encode()


def snapshots() -> tuple[bytes, bytes]:
    """Return the range of the keys of all snapshots' definitions."""
    return _SNAPSHOT, keycode.prefix_end(_SNAPSHOT)


def history(number: int) -> bytes:
    """Return the key of the definition of a table's history. number: the history's id."""
    return _HISTORY + keycode.u32(number)


def history_of(key: bytes) -> int:
    """Return the id of a history. key: the storage key of the history's definition."""
    return int.from_bytes(key[1:], "big")


def histories() -> tuple[bytes, bytes]:
    """Return the range of the keys of all histories' definitions."""
    return _HISTORY, keycode.prefix_end(_HISTORY)


def history_records(number: int) -> bytes:
    """Return the key prefix of a history's records. number: the history's id.

    In the key of a record, its position (time and number) follows.
    """
    return _HISTORY_RECORD + keycode.u32(number)


def history_pointers(number: int) -> bytes:
    """Return the prefix of a history's pointers: keys that list its records, sorted by item.

    In a pointer, a result of `history_item` and the position of a record follow the prefix.
    """
    return _HISTORY_KEY + keycode.u32(number)


def history_item(item: bytes) -> bytes:
    """Return the part of a history's pointer that names the item (see `history_pointers`).

    item: the item's key without the table's prefix.
    """
    return keycode.escape(item)


def history_pointer_of(pointer: bytes) -> tuple[bytes, bytes]:
    """Return the two parts that follow the prefix in a key that begins with `history_pointers`.

    They are the item's storage key without the table's prefix, and the position of the record.
    """
    item, end = keycode.unescape(pointer, ITEM_PREFIX)
    return item, pointer[end:]


def backup(access_key: str, region: str, number: str, table: str) -> bytes:
    """Return the key of a backup.

    number: the last part of the backup's ARN. Backups of one table have different numbers.
    """
    return _BACKUP + _escaped(access_key, region, number) + table.encode()


def backups() -> tuple[bytes, bytes]:
    """Return the range of the keys of all backups."""
    return _BACKUP, keycode.prefix_end(_BACKUP)


def s3_job(access_key: str, region: str, kind: str, number: str) -> bytes:
    """Return the key of an export, import or bulk operation.

    kind, number: the last two parts of its ARN.
    """
    return _S3_JOB + _escaped(access_key, region) + f"{kind}/{number}".encode()


def s3_jobs() -> tuple[bytes, bytes]:
    """Return the range of the keys of all exports, imports and bulk operations."""
    return _S3_JOB, keycode.prefix_end(_S3_JOB)


def progress_of_s3_job(key: bytes) -> bytes:
    """Return the key under which the progress of an S3 job is stored. key: the job's key."""
    return _S3_PROGRESS + key[1:]


def replica(log: int) -> bytes:
    """Return the prefix of all keys of a table's replication data. log: the id of these data."""
    return _REPLICA + keycode.u32(log)


def last_replicated(prefix: bytes) -> bytes:
    """Return the key for the number of the last write in a table's replication log.

    prefix: a result of `replica` for the table.
    """
    return prefix + b"\0"


def replicated_to(prefix: bytes, region: str) -> bytes:
    """Return the key for the number of the last write that a region has received from a table.

    prefix: a result of `replica` for the table.
    """
    return prefix + b"\1" + region.encode()


def replicated_writes(prefix: bytes) -> bytes:
    """Return the key prefix of a table's writes that must be sent to other regions.

    The number of a write follows as a u64. prefix: a result of `replica` for the table.
    """
    return prefix + b"\2"


def item_versions(prefix: bytes) -> bytes:
    """Return the key prefix of the versions of a table's items.

    After it comes the item's key without the table's prefix. prefix: a result of `replica`.
    """
    return prefix + b"\3"


def vectors(index_id: int) -> bytes:
    """Return the prefix of all keys of a vector index. It is also the key of the index's counts."""
    return _VECTOR + keycode.u32(index_id)


def vector_entries(prefix: bytes) -> bytes:
    """Return the key prefix of a vector index's entries. prefix: a result of `vectors`."""
    return prefix + b"\x01"


def vector_entry(prefix: bytes, tail: bytes) -> bytes:
    """Return the key of an item's entry in a vector index.

    prefix: a result of `vectors`. tail: a result of `tail_of`.
    """
    return prefix + b"\x01" + tail


def vector_change(prefix: bytes, number: int) -> bytes:
    """Return the key of the record that says which entry of a vector index was changed.

    The record replaces the record of the change whose number is lower by KEPT_CHANGES. prefix: a
    result of `vectors`. number: the number of the change, from 0.
    """
    return prefix + b"\x02" + keycode.u32(number % KEPT_CHANGES)


def tail_of(key: bytes) -> bytes:
    """Return an item's key without the table's prefix."""
    return key[ITEM_PREFIX:]


def segment(prefix: bytes, number: int, total: int) -> tuple[bytes, bytes]:
    """Return the range of keys in one segment of a parallel scan.

    The segments divide the range of digests equally. number: the segment's number, from zero.
    total: the number of all segments.
    """

    def bound(part: int) -> bytes:
        if part == total:
            return keycode.prefix_end(prefix)
        # Bounds are rounded up. A segment ends at the bound where the next segment begins, so each
        # digest is in exactly one segment.
        return prefix + (-(-(part << (8 * DIGEST)) // total)).to_bytes(DIGEST, "big")

    return bound(number), bound(number + 1)
