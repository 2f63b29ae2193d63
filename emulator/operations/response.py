"""Members of responses that several operations use, as JSON: `"Name":value`."""

from collections.abc import Iterable, Mapping
from typing import Any, Literal

import orjson

from emulator.database.database import Database
from emulator.database.items import collections
from emulator.database.items.requested import Write
from emulator.database.throughput import capacity
from emulator.database.throughput.capacity import Consumed


def response_of(members: list[bytes]) -> bytes:
    """Return a JSON object with these members. Each one is `"name":value`, as `member` returns."""
    return b"".join((b"{", b",".join(members), b"}"))


def member(name: bytes, value: object) -> bytes:
    """Return one member of a JSON object: `"name":value`."""
    return b'"%b":%b' % (name, orjson.dumps(value))


def consumed_member(request: Mapping[str, Any], table_name: str, consumed: Consumed) -> list[bytes]:
    """Return a list whose only element is the member ConsumedCapacity for one table.

    If the request does not ask for ConsumedCapacity, the list is empty.
    """
    mode = capacity.report_mode(request)
    if mode is None:
        return []
    return [member(b"ConsumedCapacity", capacity.report(mode, table_name, consumed))]


def consumed_members(
    request: Mapping[str, Any],
    consumed: Iterable[tuple[str, Consumed]],
    kind: Literal["Read", "Write"] | None = None,
) -> list[bytes]:
    """Return a list whose only element is the member ConsumedCapacity for several tables.

    If the request does not ask for ConsumedCapacity, the list is empty.

    consumed: pairs of a table name and consumed units. Units of the same table are added up.
    kind: "Read" or "Write" for transactions, which also report ReadCapacityUnits or
    WriteCapacityUnits. Otherwise None.
    """
    mode = capacity.report_mode(request)
    if mode is None:
        return []
    tables: dict[str, Consumed] = {}
    for name, units in consumed:
        tables.setdefault(name, Consumed()).add(units)
    return [member(b"ConsumedCapacity", [capacity.report(mode, name, units, kind) for name, units in tables.items()])]


def collection_member(database: Database, request: Mapping[str, Any], write: Write) -> list[bytes]:
    """Return a list whose only element is the member ItemCollectionMetrics for one write.

    If the request does not ask for ItemCollectionMetrics, or the table has no local index, the list
    is empty.
    """
    if request.get("ReturnItemCollectionMetrics") != "SIZE" or not write.table.local_indexes:
        return []
    with database.read() as txn:
        return [member(b"ItemCollectionMetrics", collections.metrics(txn, write))]


def collections_member(
    database: Database, request: Mapping[str, Any], writes: Iterable[tuple[str, Write]]
) -> list[bytes]:
    """Return a list whose only element is the member ItemCollectionMetrics for several writes.

    The member's value maps table names to metrics.

    If the request does not ask for ItemCollectionMetrics, or there are no metrics, the list is
    empty.
    """
    if request.get("ReturnItemCollectionMetrics") != "SIZE":
        return []
    with database.read() as txn:
        metrics = collections.metrics_by_table(txn, writes)
    return [member(b"ItemCollectionMetrics", metrics)] if metrics else []
