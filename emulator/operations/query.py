"""Query and Scan (behaviour 6)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from emulator import errors
from emulator.database.catalog.catalog import Caller
from emulator.database.database import Database
from emulator.database.items import ranges, read
from emulator.database.items.read import UNLIMITED, Page, PageRequest
from emulator.database.schema.index import Index
from emulator.database.schema.table import Table
from emulator.database.store import keyspace
from emulator.database.throughput import capacity
from emulator.expressions import key_range, legacy
from emulator.expressions.bind import unusable_member
from emulator.expressions.program import Condition, KeyCondition, Projection
from emulator.model.request import Request
from emulator.operations.parameters import NO_VALUES, bound_of, check_problems
from emulator.operations.registry import Response, operation
from emulator.operations.response import consumed_member, member, response_of
from emulator.slices import Sliced, Steps
from emulator.values.problems import Layer
from emulator.values.types import Item
from storage.keycode import prefix_end


@dataclass(slots=True, eq=False)
class _Checked:
    """The parts of a Query or Scan that its check compiles from the request, without the table."""

    filter: Condition | None
    projection: Projection | None
    key_condition: KeyCondition | None = None


def _check_select(request: Request) -> None:
    """Raise ApiError if Select contradicts the other parameters of the request (behaviour 6.1)."""
    select = request["Select"]
    for name in ("ProjectionExpression", "AttributesToGet"):
        if name in request and select != "SPECIFIC_ATTRIBUTES":
            raise errors.projection_with_select(name, select)
    if select == "SPECIFIC_ATTRIBUTES" and "ProjectionExpression" not in request and "AttributesToGet" not in request:
        raise errors.specific_attributes_without_projection()
    if select == "ALL_PROJECTED_ATTRIBUTES" and "IndexName" not in request:
        raise errors.projected_attributes_without_index()


def _check_query(request: Request) -> _Checked:
    try:
        legacy.check_mixing(request)
    except errors.ApiError as error:
        raise errors.enveloped(error) from None
    if "KeyConditionExpression" not in request:
        unusable = unusable_member(request)
        if unusable == "ExpressionAttributeNames":
            raise errors.only_with_expressions(unusable)
        if unusable is not None:
            # The NEW validation layer checks a Query, so this error has the envelope (behaviour
            # 3.6).
            raise errors.enveloped(errors.only_with_expressions(unusable))
    if "Select" in request:
        try:
            _check_select(request)
        except errors.ApiError as error:
            raise errors.enveloped(error) from None
    checked = _check_legacy(request, "new", "QueryFilter")
    _bind(request, checked)
    if "KeyConditions" in request:
        checked.key_condition = legacy.key_conditions(request)
    if checked.key_condition is None:
        raise errors.no_query_condition()
    return checked


def _check_scan(request: Request) -> _Checked:
    legacy.check_mixing(request)
    if "FilterExpression" not in request:
        unusable = unusable_member(request)
        # The OLD validation layer checks a Scan, so its error names the missing expression
        # (behaviour 3.6).
        if unusable is not None:
            absent = "FilterExpression" if unusable == "ExpressionAttributeValues" else None
            raise errors.only_with_expressions(unusable, absent)
    if "Select" in request:
        _check_select(request)
    checked = _check_legacy(request, "old", "ScanFilter")
    _check_segment(request.get("Segment"), request.get("TotalSegments"))
    _bind(request, checked)
    return checked


def _check_segment(segment: int | None, total: int | None) -> None:
    if segment is None and total is None:
        return
    if total is None:
        raise errors.total_segments_required()
    if segment is None:
        raise errors.segment_required()
    if segment >= total:
        raise errors.segment_out_of_range(segment, total)


def _check_legacy(request: Request, layer: Layer, filter_member: Literal["QueryFilter", "ScanFilter"]) -> _Checked:
    """Check attribute values. Compile AttributesToGet and the filter (QueryFilter or ScanFilter).

    The service reports a bad value in ExclusiveStartKey after errors in these parameters (behaviour
    6.1).
    """
    problems = request.problems
    if problems:
        others = [problem for problem in problems if problem.parameter != "ExclusiveStartKey"]
        check_problems(others, layer, numbers_first=True)
    checked = _Checked(None, None)
    if filter_member in request or "ConditionalOperator" in request:
        checked.filter = legacy.filter_condition(request, filter_member)
    if "AttributesToGet" in request:
        checked.projection = legacy.attributes_to_get(request["AttributesToGet"])
    if problems:
        check_problems(problems, layer, numbers_first=True)
    return checked


def _bind(request: Request, checked: _Checked) -> None:
    """Compile the request's expressions, and set them in `checked`."""
    bound = bound_of(request)
    if bound is None:
        return
    checked.key_condition = bound.key_condition
    checked.filter = checked.filter or bound.filter
    checked.projection = checked.projection or bound.projection


@operation("Query", check=_check_query)
def query(database: Database, caller: Caller, request: Request, checked: _Checked) -> Response:
    """Read one page of the items of one partition, in the order of their sort keys."""
    table = database.table(caller, request["TableName"])
    relation = _relation(table, request)
    start = request.get("ExclusiveStartKey")
    last_key = None if start is None else ranges.start_key(table, relation, start)
    assert checked.key_condition is not None, "a checked Query must have a key condition"
    values = request.get("ExpressionAttributeValues", NO_VALUES)
    wanted = key_range.resolve(checked.key_condition, relation.key_schema, values)
    _check_filter(table, relation, checked.filter, request)
    limits = ranges.query_range(relation, wanted)
    partition = keyspace.partition_of(limits[0])
    reverse = not request.get("ScanIndexForward", True)
    limit = request.get("Limit", UNLIMITED)
    if isinstance(relation, Table) and len(wanted.equal) == len(relation.key_names) - 1:
        if start is not None:
            raise _cannot_restart(table, start, wanted)
        # A query for a whole primary key returns at most one item and never a LastEvaluatedKey
        # (behaviour 6.2). So ignore its Limit.
        limit = UNLIMITED
    if last_key is not None:
        _check_start(limits, last_key)
        limits = ranges.resume(limits, last_key, reverse=reverse)
    return _page(database, table, relation, request, checked, limits, limit, reverse=reverse, partition=partition)


@operation("Scan", check=_check_scan)
def scan(database: Database, caller: Caller, request: Request, checked: _Checked) -> Response:
    """Read one page of a table or index, or of one segment of a parallel scan.

    Items are in the order of the hashes of their partition keys.
    """
    table = database.table(caller, request["TableName"])
    relation = _relation(table, request)
    segment = request.get("Segment")
    if segment is None:
        limits = relation.prefix, prefix_end(relation.prefix)
    else:
        limits = keyspace.segment(relation.prefix, segment, request["TotalSegments"])
    start = request.get("ExclusiveStartKey")
    if start is not None:
        last_key = ranges.scan_start_key(table, relation, start)
        if not limits[0] <= last_key < limits[1]:
            raise errors.starting_key_wrong_segment(request["TotalSegments"], request["Segment"])
        limits = ranges.resume(limits, last_key, reverse=False)
    limit = request.get("Limit", UNLIMITED)
    return _page(database, table, relation, request, checked, limits, limit, reverse=False)


def _relation(table: Table, request: Mapping[str, Any]) -> Table | Index:
    """Return the table or the index that the request reads.

    Raises ApiError if the index does not exist or is CREATING, or for a consistent read of a global
    index.
    """
    name = request.get("IndexName")
    if name is None:
        return table
    index = table.indexes_by_name.get(name)
    if index is None:
        raise errors.unknown_index(name)
    if index.is_global and request.get("ConsistentRead"):
        raise errors.consistent_read_on_gsi()
    index.check_filled()
    return index


def _check_filter(table: Table, relation: Table | Index, condition: Condition | None, request: Request) -> None:
    """Raise ApiError if a filter uses a key attribute of the table or index that the query reads.

    If the filter has a path into a key attribute, such as `key.member`, another error comes first
    (behaviour 3.8, 4.3).
    """
    if condition is None:
        return
    for name in relation.key_names:
        if name in condition.attributes:
            table.check_paths(condition.inner)
            raise errors.filter_on_key("QueryFilter" if "QueryFilter" in request else "Filter Expression", name)


def _cannot_restart(table: Table, start: Item, wanted: key_range.KeyRange) -> errors.ApiError:
    """Return the error for ExclusiveStartKey in a query for one whole primary key."""
    if table.range is not None:
        return errors.query_cannot_restart()
    if start[table.hash] != wanted.partition[0]:
        return errors.starting_key_outside_query()
    return errors.exclusive_start_key_invalid(start)


def _check_start(limits: ranges.Range, last_key: bytes) -> None:
    """Raise ApiError if the start key `last_key` is outside of the query's range of keys.

    If both the sort key and the partition key are wrong, the error is about the sort key
    (behaviour 6.1).
    """
    if limits[0] <= last_key < limits[1]:
        return
    prefix = keyspace.ITEM_PREFIX + keyspace.DIGEST
    same_partition = limits[0][:prefix] + last_key[prefix:]
    if not limits[0] <= same_partition < limits[1]:
        raise errors.starting_key_misses_predicate()
    raise errors.starting_key_outside_query()


def _page(
    database: Database,
    table: Table,
    relation: Table | Index,
    request: Request,
    checked: _Checked,
    limits: ranges.Range,
    limit: int,
    *,
    reverse: bool,
    partition: bytes | None = None,
) -> bytes:
    """Read a page of a Query or Scan; return the response.

    limits: the range of the store's keys to read. limit: the maximum number of items to evaluate.
    partition: the digest of a Query's partition key, as in the store's keys; None for a Scan.
    """
    if checked.filter is not None:
        table.check_paths(checked.filter.inner)
    if checked.projection is not None:
        table.check_paths(checked.projection.inner)
    wanted = PageRequest(table, relation, limits, reverse, limit, request.get("ConsistentRead", False))
    # These fields are assigned, because as keyword arguments they took 0.7 % of a Query's time.
    wanted.count_only = request.get("Select") == "COUNT"
    wanted.measured = capacity.report_mode(request) is not None
    wanted.partition = partition
    wanted.scan = partition is None
    wanted.fetch = not isinstance(relation, Table) and _fetches(relation, request, checked)
    wanted.sliced = database.sliced
    if checked.filter is not None:
        test = checked.filter.test
        values = request.get("ExpressionAttributeValues", NO_VALUES)
        wanted.test = lambda item: test(item, values)
        wanted.weight = checked.filter.weight
    if checked.projection is not None:
        wanted.project = checked.projection.project
        wanted.weight += read.PROJECTION_WORK
    elif wanted.fetch and not isinstance(relation, Table) and request.get("Select") != "ALL_ATTRIBUTES":
        # The filter needs whole items, so they are read from the table. The response has only the
        # attributes that the index projects.
        wanted.project = relation.project
    with database.read() as txn:
        page = read.read_page(txn, wanted)
    if page.rest:
        raise Sliced(_response_later(request, wanted, page))
    return _response(request, page, count_only=wanted.count_only)


def _response_later(request: Request, wanted: PageRequest, page: Page) -> Steps[bytes]:
    yield from read.complete(wanted, page)
    return _response(request, page, count_only=wanted.count_only)


def _response(request: Request, page: Page, *, count_only: bool) -> bytes:
    members = [b'"Count":%d,"ScannedCount":%d' % (page.count, page.scanned)]
    if page.last is not None:
        members.append(member(b"LastEvaluatedKey", page.last))
    members += consumed_member(request, request["TableName"], page.consumed)
    if count_only:
        return response_of(members)
    items = page.items
    if not items:
        return response_of([b'"Items":[]', *members])
    # Make the whole response with one join, which copies a megabyte of items only once.
    items[0] = b'{"Items":[' + items[0]
    items[-1] += b"],%b}" % b",".join(members)
    return b",".join(items)


def _fetches(index: Index, request: Request, checked: _Checked) -> bool:
    """Return True if a read of an index must also read the items of the table (behaviour 6.1).

    Raises ApiError if a global index lacks an attribute that Select or the filter needs.
    """
    if index.projects_all:
        return False
    if request.get("Select") == "ALL_ATTRIBUTES":
        if index.is_global:
            raise errors.all_attributes_on_gsi(index.name)
        return True
    projected = frozenset() if checked.projection is None else checked.projection.attributes
    fetches = index.lacks(projected)
    if checked.filter is not None and not checked.filter.attributes <= index.attributes:
        if index.is_global:
            tested = dict.fromkeys(str(path[0]) for path in checked.filter.paths)
            raise errors.filter_not_projected(index.name, [name for name in tested if name not in index.attributes])
        return True
    return fetches
