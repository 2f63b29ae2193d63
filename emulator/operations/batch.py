"""BatchGetItem and BatchWriteItem (behaviour 7)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from emulator import errors, limits
from emulator.database.catalog.catalog import Caller
from emulator.database.database import Database
from emulator.database.items import collections, write
from emulator.database.schema.table import Table
from emulator.database.throughput import capacity
from emulator.database.throughput.capacity import Consumed, read_units
from emulator.errors import ApiError
from emulator.expressions import legacy
from emulator.expressions.bind import check_members_used
from emulator.expressions.program import Projection
from emulator.model.request import Request
from emulator.operations.checks import answer, charge_read, check_values, member, text_length
from emulator.operations.get_item import projection_of
from emulator.operations.registry import Response, operation
from emulator.slices import DECODED_IN_STEP, PARSED_IN_STEP, Steps, in_slices
from emulator.values.rows import decode_row, row_json, row_size
from emulator.values.types import Item
from emulator.values.wire import ParsedItem
from storage import ReadTxn, WriteTxn


def _check_get(request: Request) -> Steps[dict[str, Projection | None]]:
    parts: dict[str, dict[str, Any]] = request["RequestItems"]
    # One block with AttributesToGet and another with an expression are as mixed as one block with both.
    legacy.check_mixing({name: value for part in parts.values() for name, value in part.items()})
    if request.problems:
        for part in parts.values():
            check_members_used(part)
    check_values(request, "new", numbers_first=True)
    projections = {}
    characters = 0
    for name, part in parts.items():
        projections[name] = projection_of(part)
        characters += text_length(part)
        if characters >= PARSED_IN_STEP:
            characters = 0
            yield None
    return projections


@operation("BatchGetItem", check=_check_get)
def batch_get_item(
    database: Database, caller: Caller, request: Request, projections: Mapping[str, Projection | None]
) -> Response:
    """Read up to 100 items of any tables; what would pass 16 MB, or is throttled, comes back unprocessed."""
    parts: dict[str, dict[str, Any]] = request["RequestItems"]
    try:
        reads = [_reads_of(database.table(caller, name), name, part, projections) for name, part in parts.items()]
    except ApiError:
        for part in parts.values():  # a repeated key is told before what only the table tells
            _refuse_duplicates(orjson.dumps(key, option=orjson.OPT_SORT_KEYS) for key in part["Keys"])
        raise
    for each in reads:
        _refuse_duplicates(each.keys)
    _leave_out_repeats(reads)
    room = limits.BATCH_GET_RESPONSE
    with database.read() as txn:
        for each in reads:
            room = _read_table(txn, each, room)
    _refuse_if_nothing_done(sum(each.done for each in reads), [each.throttled for each in reads])
    return in_slices(_answer_get(request, reads), sliced=database.sliced)


def _answer_get(request: Request, reads: Sequence["_Reads"]) -> Steps[bytes]:
    """Project the rows that the transaction saw, some in each step, and return the answer."""
    decoded = 0
    for each in reads:
        if each.project is None:
            continue
        for position, row in enumerate(each.items):
            each.items[position] = orjson.dumps(each.project.project(decode_row(row)))
            decoded += len(row)
            if decoded >= DECODED_IN_STEP:
                decoded = 0
                yield None
    answered = _by_table(reads)
    responses = [b"%b:[%b]" % (orjson.dumps(each.name), b",".join(each.items)) for each in answered]
    unprocessed = {each.name: {**each.part, "Keys": each.left} for each in reads if each.left}
    members = [b'"Responses":{%b}' % b",".join(responses), member(b"UnprocessedKeys", unprocessed)]
    mode = capacity.wanted(request)
    if mode:
        told = [capacity.shape(mode, each.name, each.units) for each in answered]
        members.append(member(b"ConsumedCapacity", told))
    return answer(members)


@dataclass(slots=True)
class _Reads:
    """The reads of one block: what it asks for, and what has come of it. The name is the table's name or ARN, as sent.

    items: JSON texts; with a projection first the rows, of which `_answer_get` makes the texts.
    """

    table: Table
    name: str
    part: dict[str, Any]
    key_items: list[Item]
    keys: list[bytes]
    project: Projection | None
    items: list[bytes] = field(default_factory=list)
    left: list[Item] = field(default_factory=list)
    units: Consumed = field(default_factory=Consumed)
    done: int = 0
    throttled: ApiError | None = None


def _reads_of(table: Table, name: str, part: dict[str, Any], projections: Mapping[str, Projection | None]) -> _Reads:
    keys = [table.item_key(key) for key in part["Keys"]]
    projection = projections[name]
    if projection is not None:
        table.check_paths(projection.inner)
    return _Reads(table, name, part, part["Keys"], keys, projection)


def _leave_out_repeats(reads: Sequence[_Reads]) -> None:
    """Read an item once that two blocks name, one by the table's name and one by its ARN (behaviour 7.1)."""
    known: set[bytes] = set()
    for each in reads:
        if not known.isdisjoint(each.keys):
            new = [pair for pair in zip(each.key_items, each.keys, strict=True) if pair[1] not in known]
            each.key_items = [key_item for key_item, _ in new]
            each.keys = [key for _, key in new]
        known.update(each.keys)


def _by_table(reads: Sequence[_Reads]) -> list[_Reads]:
    """Return the reads with those of one table together, under the name that comes first."""
    tables: dict[int, _Reads] = {}
    for each in reads:
        first = tables.setdefault(each.table.id, each)
        if first is not each:
            first.items += each.items
            first.units.add(each.units)
    return list(tables.values())


def _read_table(txn: ReadTxn, reads: _Reads, room: int) -> int:
    """Read one block's items while there is room, in bytes of items; return what room is left, 0 after a refusal."""
    consistent = reads.part.get("ConsistentRead", False)
    for key, key_item in zip(reads.keys, reads.key_items, strict=True):
        row = txn.get(key)
        size = 0 if row is None else row_size(row)
        if size > room or room == 0:
            room = 0
            reads.left.append(key_item)
            continue
        units = read_units(size, consistent=consistent)
        try:
            charge_read(reads.table, key, units)
        except ApiError as error:
            reads.throttled = error
            reads.left.append(key_item)
            continue
        room -= size
        reads.done += 1
        reads.units.table += units
        if row is not None:
            reads.items.append(row_json(row) if reads.project is None else row)
    return room


def _refuse_if_nothing_done(done: int, refusals: Iterable[ApiError | None]) -> None:
    """Raise the first refusal if nothing was done: only then does the call fail as a whole (behaviour 16)."""
    for error in refusals:
        if error is not None and not done:
            raise error


@dataclass(slots=True)
class _Write:
    """One member of a batch: an item to put, or (item None) a key to delete."""

    table: Table
    key: bytes
    item: ParsedItem | None
    key_item: Item


def _check_write(request: Request) -> None:
    parts: dict[str, list[dict[str, Any]]] = request["RequestItems"]
    for writes in parts.values():
        for each in writes:
            if len(each) != 1:
                raise errors.value_ambiguous()  # also for neither of both (behaviour 7.2)
    check_values(request, "old", numbers_first=True)
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
    _refuse_duplicates(one.key for part in writes.values() for one in part)
    consumed = {name: Consumed() for name in parts}
    unprocessed: dict[str, list[dict[str, Any]]] = {}
    written: dict[str, list[_Write]] = {}
    refusals: list[ApiError | None] = []
    only_deletes = all(one.item is None for part in writes.values() for one in part)
    with database.write() as txn:
        txn.urgent = only_deletes
        for name, part in writes.items():
            for one, sent in zip(part, parts[name], strict=True):
                try:
                    consumed[name].add(_store(txn, one))
                except ApiError as error:
                    if error.about != "capacity":
                        raise
                    refusals.append(error)
                    unprocessed.setdefault(name, []).append(sent)
                else:
                    written.setdefault(name, []).append(one)
    _refuse_if_nothing_done(len(written), refusals)
    members = [member(b"UnprocessedItems", unprocessed)]
    mode = capacity.wanted(request)
    if mode:
        members.append(
            member(b"ConsumedCapacity", [capacity.shape(mode, name, units) for name, units in consumed.items()])
        )
    if request.get("ReturnItemCollectionMetrics") == "SIZE":
        with database.read() as reading:
            metrics = {name: _metrics(reading, part) for name, part in written.items() if tables[name].local_indexes}
        if metrics:
            members.append(member(b"ItemCollectionMetrics", metrics))
    return answer(members)


def _store(txn: WriteTxn, one: _Write) -> Consumed:
    if one.item is None:
        return write.store(txn, one.table, write.prepare_delete(txn, one.table, one.key, None, one.key_item))
    return write.store(txn, one.table, write.prepare_put(txn, one.table, one.key, one.item, one.item.size, None))


def _write_of(table: Table, each: dict[str, Any]) -> _Write:
    """Check one member against its table (behaviour 3.8: a wrong or missing key has the text of Key here)."""
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


def _metrics(txn: ReadTxn, writes: list[_Write]) -> list[dict[str, Any]]:
    """Return the metrics of each item collection that the batch touched, once each."""
    one_each = {one.key[: len(one.table.prefix) + 16]: one for one in writes}
    return [collections.metrics(txn, one.table, one.key_item) for one in one_each.values()]
