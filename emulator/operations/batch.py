"""BatchGetItem and BatchWriteItem (behaviour 7)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import orjson

from emulator import errors, limits
from emulator.database.catalog.catalog import Caller
from emulator.database.database import Database
from emulator.database.items import read
from emulator.database.items.requested import Delete, Get, Put, has_repeats
from emulator.database.items.write import store
from emulator.database.schema.table import Table
from emulator.database.throughput.capacity import Consumed, read_units
from emulator.errors import ApiError
from emulator.expressions import legacy
from emulator.expressions.bind import check_members_used
from emulator.expressions.program import Projection
from emulator.model.request import Request
from emulator.operations.parameters import check_values, projection_of, text_length
from emulator.operations.registry import Response, operation
from emulator.operations.response import collections_member, consumed_members, member, response_of
from emulator.slices import DECODED_IN_STEP, PARSED_IN_STEP, Steps, in_slices
from emulator.values.rows import decode_row, row_json, row_size
from emulator.values.types import Item
from emulator.values.wire import ParsedItem
from storage import ReadTxn


def _check_get(request: Request) -> Steps[dict[str, Projection | None]]:
    parts: dict[str, dict[str, Any]] = request["RequestItems"]
    # The service checks all tables together: it refuses a request with AttributesToGet for one
    # table and an expression for another.
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
    """Read up to 100 items of one or more tables.

    UnprocessedKeys has the keys whose read was throttled. If an item did not fit into the response
    of 16 MB, UnprocessedKeys also has the key of this item and all later keys.
    """
    parts: dict[str, dict[str, Any]] = request["RequestItems"]
    try:
        reads = [_reads_of(database.table(caller, name), name, part, projections) for name, part in parts.items()]
    except ApiError:
        # The service reports a repeated key before any error that depends on a table.
        for part in parts.values():
            if has_repeats(orjson.dumps(key, option=orjson.OPT_SORT_KEYS) for key in part["Keys"]):
                raise errors.duplicate_keys() from None
        raise
    if any(has_repeats(get.key for get in each.gets) for each in reads):
        raise errors.duplicate_keys()
    _leave_out_repeats(reads)
    room = limits.BATCH_GET_RESPONSE
    with database.read() as txn:
        for each in reads:
            room = _read_table(txn, each, room)
    _refuse_if_nothing_done(sum(each.done for each in reads), [each.throttled for each in reads])
    return in_slices(_responses(request, reads), sliced=database.sliced)


def _responses(request: Request, reads: Sequence["_Reads"]) -> Steps[bytes]:
    """Apply the projections to the rows, some rows in each step; return the response."""
    decoded = 0
    for each in reads:
        if each.projection is None:
            continue
        for position, row in enumerate(each.items):
            each.items[position] = orjson.dumps(each.projection.project(decode_row(row)))
            decoded += len(row)
            if decoded >= DECODED_IN_STEP:
                decoded = 0
                yield None
    merged = _by_table(reads)
    responses = [b"%b:[%b]" % (orjson.dumps(each.name), b",".join(each.items)) for each in merged]
    unprocessed = {each.name: {**each.part, "Keys": each.left} for each in reads if each.left}
    members = [b'"Responses":{%b}' % b",".join(responses), member(b"UnprocessedKeys", unprocessed)]
    members += consumed_members(request, [(each.name, each.units) for each in merged])
    return response_of(members)


@dataclass(slots=True)
class _Reads:
    """The reads of one table in a request, and their results.

    name: the table's name or ARN, as the client sent it.
    part: the member of RequestItems for this name.
    items: the items as JSON. With a projection, these are rows until `_responses` projects them.
    left: the keys that were not read.
    done: the number of keys that were read.
    throttled: the last throttling error; None if no read was throttled.
    """

    table: Table
    name: str
    part: dict[str, Any]
    gets: list[Get]
    projection: Projection | None
    items: list[bytes] = field(default_factory=list)
    left: list[Item] = field(default_factory=list)
    units: Consumed = field(default_factory=Consumed)
    done: int = 0
    throttled: ApiError | None = None


def _reads_of(table: Table, name: str, part: dict[str, Any], projections: Mapping[str, Projection | None]) -> _Reads:
    gets = [Get(key) for key in part["Keys"]]
    for get in gets:
        get.locate(table)
    projection = projections[name]
    if projection is not None:
        table.check_paths(projection.inner)
    return _Reads(table, name, part, gets, projection)


def _leave_out_repeats(reads: Sequence[_Reads]) -> None:
    """Remove the repeated reads of an item.

    A request may have the same table twice, by its name and by its ARN (behaviour 7.1). If a key is
    requested both ways, the item is read and returned once.
    """
    known: set[bytes] = set()
    for each in reads:
        each.gets = [get for get in each.gets if get.key not in known]
        known.update(get.key for get in each.gets)


def _by_table(reads: Sequence[_Reads]) -> list[_Reads]:
    """Return one _Reads for each table, with all results from the table.

    A request may have the same table twice, by its name and by its ARN. Then `name` of the result
    is the name or the ARN, whichever comes first in the request.
    """
    tables: dict[int, _Reads] = {}
    for each in reads:
        first = tables.setdefault(each.table.id, each)
        if first is not each:
            first.items += each.items
            first.units.add(each.units)
    return list(tables.values())


def _read_table(txn: ReadTxn, reads: _Reads, room: int) -> int:
    """Read items of one table until an item does not fit into the response; return the room left.

    room: the number of bytes that still fit into the response; 0 after an item did not fit.
    """
    consistent = reads.part.get("ConsistentRead", False)
    txn = read.seen(txn, reads.table, consistent=consistent)
    for get in reads.gets:
        row = txn.get(get.key)
        size = 0 if row is None else row_size(row)
        if size > room or room == 0:
            room = 0
            reads.left.append(get.key_item)
            continue
        units = read_units(size, consistent=consistent)
        try:
            read.charge(reads.table, get.key, get.key_item, units)
        except ApiError as error:
            reads.throttled = error
            reads.left.append(get.key_item)
            continue
        room -= size
        reads.done += 1
        reads.units.table += units
        if row is not None:
            reads.items.append(row_json(row) if reads.projection is None else row)
    return room


def _refuse_if_nothing_done(done: int, refusals: Iterable[ApiError | None]) -> None:
    """Raise the first throttling error if a batch read or wrote no item (behaviour 16).

    done: the number of items that were read or written.
    refusals: the throttling errors. None stands for a table without a throttling error.
    """
    for error in refusals:
        if error is not None and not done:
            raise error


_Named = list[tuple[str, Put | Delete]]
"""Pairs of a table's name or ARN, as the client sent it, and a write to the table."""


def _check_write(request: Request) -> _Named:
    parts: dict[str, list[dict[str, Any]]] = request["RequestItems"]
    sent = [(name, each) for name, part in parts.items() for each in part]
    if any(len(each) != 1 for _, each in sent):
        # The service has the same error for an element with neither PutRequest nor DeleteRequest,
        # and for one with both (behaviour 7.2).
        raise errors.value_ambiguous()
    check_values(request, "old", numbers_first=True)
    return [(name, _write_of(each)) for name, each in sent]


def _write_of(sent: dict[str, Any]) -> Put | Delete:
    if "DeleteRequest" in sent:
        return Delete(sent["DeleteRequest"]["Key"], None)
    item: ParsedItem = sent["PutRequest"]["Item"]
    put = Put(item, None, item.size)
    put.check_size()
    return put


@operation("BatchWriteItem", check=_check_write)
def batch_write_item(database: Database, caller: Caller, request: Request, writes: _Named) -> Response:
    """Put and delete up to 25 items of one or more tables.

    All writes are checked before the first one is done.
    """
    parts: dict[str, list[dict[str, Any]]] = request["RequestItems"]
    tables = {name: database.table(caller, name) for name in parts}
    for name, write in writes:
        _locate(write, tables[name])
    if has_repeats(write.key for _, write in writes):
        raise errors.duplicate_keys()
    consumed = {name: Consumed() for name in parts}
    unprocessed: dict[str, list[dict[str, Any]]] = {}
    written: _Named = []
    refusals: list[ApiError] = []
    with database.write() as txn:
        txn.urgent = all(write.urgent for _, write in writes)
        sent = chain.from_iterable(parts.values())
        for (name, write), each in zip(writes, sent, strict=True):
            try:
                consumed[name].add(store(txn, write.table, write.prepare(txn)))
            except ApiError as error:
                if error.about != "capacity":
                    raise
                refusals.append(error)
                unprocessed.setdefault(name, []).append(each)
            else:
                written.append((name, write))
    _refuse_if_nothing_done(len(written), refusals)
    members = [member(b"UnprocessedItems", unprocessed)]
    members += consumed_members(request, consumed.items())
    members += collections_member(database, request, written)
    return response_of(members)


def _locate(write: Put | Delete, table: Table) -> None:
    """Compute the store's key of the item that is written. Raises ApiError for a wrong primary key.

    For wrong key attributes in the item of a Put, the service reports the same error as for a wrong
    Key of a Delete (behaviour 3.8).
    """
    if isinstance(write, Put):
        types = table.definition.types
        if any(types[name] not in write.key_item.get(name, ()) for name in table.key_names):
            raise errors.key_does_not_match_schema()
    write.locate(table)
