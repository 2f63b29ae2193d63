"""BatchGetItem and BatchWriteItem (service-behaviour.md 7)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from emulator import errors, limits
from emulator.database import capacity, collections, write
from emulator.database.capacity import Consumed, read_units
from emulator.database.catalog import Caller
from emulator.database.database import Database
from emulator.database.schema import Table
from emulator.expressions import legacy
from emulator.expressions.program import Projection
from emulator.model.request import Request
from emulator.operations.checks import answer, check_values, member
from emulator.operations.get_item import projection_of
from emulator.operations.registry import Response, operation
from emulator.values.types import Item
from emulator.values.wire import ParsedItem, decode_row, row_json, row_size


def _check_get(request: Request) -> dict[str, Projection | None]:
    parts: dict[str, dict[str, Any]] = request["RequestItems"]
    if sum(len(part["Keys"]) for part in parts.values()) > limits.BATCH_GET_KEYS:
        raise errors.too_many_items("BatchGetItem")
    # One block with AttributesToGet and another with an expression are as mixed as one block with both.
    legacy.check_mixing({name: value for part in parts.values() for name, value in part.items()})
    check_values(request, "current")
    return {name: projection_of(part) for name, part in parts.items()}


@operation("BatchGetItem", check=_check_get)
def batch_get_item(
    database: Database, caller: Caller, request: Request, projections: Mapping[str, Projection | None]
) -> Response:
    """Read up to 100 items of any tables; what would pass 16 MB comes back unprocessed."""
    parts: dict[str, dict[str, Any]] = request["RequestItems"]
    reads = []
    for name, part in parts.items():
        table = database.table(caller, name)
        keys = [table.item_key(key) for key in part["Keys"]]
        _refuse_duplicates(keys)
        reads.append((name, part, keys))
    responses, unprocessed, consumed = [], {}, []
    mode = capacity.wanted(request)
    room = limits.BATCH_GET_RESPONSE
    with database.read() as txn:
        for name, part, keys in reads:
            project = projections[name]
            units = Consumed()
            items: list[bytes] = []
            for position, key in enumerate(keys):
                row = txn.get(key)
                size = 0 if row is None else row_size(row)
                if size > room:
                    room = 0
                    unprocessed[name] = {**part, "Keys": part["Keys"][position:]}
                    break
                room -= size
                units.table += read_units(size, consistent=part.get("ConsistentRead", False))
                if row is not None:
                    items.append(row_json(row) if project is None else orjson.dumps(project.project(decode_row(row))))
            responses.append(b"%b:[%b]" % (orjson.dumps(name), b",".join(items)))
            if mode:
                consumed.append(capacity.shape(mode, name, units))
    members = [b'"Responses":{%b}' % b",".join(responses), member(b"UnprocessedKeys", unprocessed)]
    return answer(members + ([member(b"ConsumedCapacity", consumed)] if mode else []))


@dataclass(slots=True)
class _Write:
    """One member of a batch: an item to put, or (item None) a key to delete."""

    table: Table
    key: bytes
    item: ParsedItem | None
    key_item: Item


def _check_write(request: Request) -> None:
    parts: dict[str, list[dict[str, Any]]] = request["RequestItems"]
    if sum(map(len, parts.values())) > limits.BATCH_WRITE_ITEMS:
        raise errors.too_many_items("BatchWriteItem")
    for writes in parts.values():
        for each in writes:
            if len(each) != 1:
                raise errors.validation(errors.VALUE_AMBIGUOUS if each else errors.VALUE_EMPTY)
    check_values(request, "older")
    for writes in parts.values():
        for each in writes:
            if "PutRequest" in each and each["PutRequest"]["Item"].size > limits.ITEM_SIZE:
                raise errors.item_too_large()


@operation("BatchWriteItem", check=_check_write)
def batch_write_item(database: Database, caller: Caller, request: Request, _: None) -> Response:
    """Put and delete up to 25 items of any tables; all are checked before the first is written."""
    parts: dict[str, list[dict[str, Any]]] = request["RequestItems"]
    tables = {name: database.table(caller, name) for name in parts}
    writes = {name: [_write_of(tables[name], each) for each in part] for name, part in parts.items()}
    for each in writes.values():
        _refuse_duplicates(one.key for one in each)
    consumed = {}
    with database.write() as txn:
        for name, part in writes.items():
            units = consumed[name] = Consumed()
            for one in part:
                if one.item is None:
                    prepared = write.prepare_delete(txn, one.table, one.key, None)
                else:
                    prepared = write.prepare_put(txn, one.table, one.key, one.item, one.item.size, None)
                units.add(write.store(txn, prepared))
    members = [b'"UnprocessedItems":{}']
    mode = capacity.wanted(request)
    if mode:
        members.append(
            member(b"ConsumedCapacity", [capacity.shape(mode, name, units) for name, units in consumed.items()])
        )
    if request.get("ReturnItemCollectionMetrics") == "SIZE":
        metrics = {name: _metrics(database, part) for name, part in writes.items() if tables[name].local_indexes}
        if metrics:
            members.append(member(b"ItemCollectionMetrics", metrics))
    return answer(members)


def _write_of(table: Table, each: dict[str, Any]) -> _Write:
    """Check one member against its table (reference 3.8: a wrong or missing key has the text of Key here)."""
    if "DeleteRequest" in each:
        key = each["DeleteRequest"]["Key"]
        return _Write(table, table.item_key(key), None, key)
    item: ParsedItem = each["PutRequest"]["Item"]
    if any(table.definition.types[name] not in item.get(name, ()) for name in table.key_names):
        raise errors.key_does_not_match_schema()
    key = table.key_of_item(item)
    write.check_index_keys(table, item)
    return _Write(table, key, item, item)


def _refuse_duplicates(keys: Iterable[bytes]) -> None:
    keys = list(keys)
    if len(set(keys)) != len(keys):
        raise errors.duplicate_keys()


def _metrics(database: Database, writes: list[_Write]) -> list[dict[str, Any]]:
    """Return the metrics of each item collection that the batch touched, once each."""
    one_each = {one.key[: len(one.table.prefix) + 16]: one for one in writes}
    return [collections.metrics(database, one.table, one.key_item) for one in one_each.values()]
