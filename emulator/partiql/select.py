"""SELECT: GetItem for a whole key of the table, Query where every branch states partitions, else Scan (behaviour 14.2)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from emulator import errors
from emulator.database.items import ranges
from emulator.database.items.ranges import Range
from emulator.database.items.read import PROJECTION_WORK
from emulator.database.items.requested import ItemRequest
from emulator.database.schema.index import Index
from emulator.database.schema.table import Table
from emulator.database.store import keyspace
from emulator.expressions import ast, key_range, program
from emulator.expressions import compile as compiler
from emulator.partiql import where
from emulator.partiql.ast import OrderKey, Select
from emulator.partiql.prepare import Program
from emulator.values import paths
from emulator.values.paths import Path
from emulator.values.types import Item, Value, Values
from storage.keycode import prefix_end

Test = Callable[[Item], bool]
Project = Callable[[Item], Item]
_Filtered = tuple[Range, Test | None]


@dataclass(slots=True)
class Read(ItemRequest):
    """A SELECT of one item by its key: GetItem, then `test`, then `project` (None: all of the item)."""

    test: Test | None
    project: Project | None


@dataclass(slots=True)
class Pages:
    """A SELECT of several items: ranges to be read one after another, each with its filter.

    query: each range is in one partition, else the only one is all of the table or index, for a Scan. merged: the ranges
    are to be read as one, in the order of the sort key. fetch, weight: as in read.PageRequest.
    """

    table: Table
    source: Table | Index
    ranges: list[_Filtered]
    reverse: bool
    project: Project | None
    fetch: bool
    query: bool
    merged: bool = False
    weight: int = 0


@dataclass(frozen=True, slots=True)
class Layout:
    """What a table's key schema makes of a SELECT.

    key: where the WHERE states the table's whole key; filter: of the whole WHERE, with a key of the rest; branches: None
    for a Scan; names: the key attributes of what is read.
    """

    index: str | None
    key: where.Key | None
    branches: tuple[where.Branch, ...] | None
    names: key_range.KeyNames
    filter: program.Condition | None
    project: Project | None
    fetch: bool
    order: tuple[OrderKey, ...]


def layout(found: Program, statement: Select, table: Table) -> Layout:
    """Return the layout of a SELECT; raises ApiError."""
    name = statement.source.index
    source = table if name is None else _index(table, name)
    names = source.key_schema
    filter_ = None if found.where is None else compiler.condition(found.where)
    table.check_paths((*(statement.paths or ()), *(() if filter_ is None else filter_.inner)))
    branches = where.branches(found.where, names)
    _check_order(statement, source, planned=branches is not None)
    project, asked = _projection(statement.paths)
    fetch = False
    if isinstance(source, Index) and not source.projects_all:
        fetch = source.lacks(asked)
        if branches is not None and len(branches) == 1:
            _check_filter(source, branches[0].rest)
        if fetch:
            filter_ = _of_entries(filter_, source)
            branches = branches and tuple(replace(each, rest=_of_entries(each.rest, source)) for each in branches)
    key, rest = where.key_of(found.where, table.key_names)
    if isinstance(source, Table) and len(key) == table.key_count:
        for attribute, placeholder in key:
            if found.types[placeholder] != table.definition.types[attribute]:
                raise errors.key_condition_type()
        return Layout(None, key, None, names, rest, project, fetch=False, order=())
    return Layout(name, None, branches, names, filter_, project, fetch, statement.order)


def _index(table: Table, name: str) -> Index:
    index = table.indexes_by_name.get(name)
    if index is None:
        raise errors.statement_unknown_index()
    check_index(table, name)
    index.check_filled()
    return index


def check_index(table: Table, name: str | None) -> None:
    """Raise if a SELECT names an index with several attributes of one key type (behaviour 14.2)."""
    index = table.indexes_by_name.get(name or "")
    if index is not None and max(len(index.key_schema.hash), len(index.key_schema.range)) > 1:
        raise errors.statement_of_multi_attribute_index()


def _check_order(statement: Select, source: Table | Index, *, planned: bool) -> None:
    if not statement.order:
        return
    if statement.where is None:
        raise errors.order_without_where()
    if not planned:
        raise errors.order_without_key()
    for key in statement.order:
        if len(key.path) > 1 or key.path[0] not in source.key_names:
            raise errors.order_by_non_key(".".join(map(str, key.path)))


def _projection(wanted: tuple[Path, ...] | None) -> tuple[Project | None, frozenset[str]]:
    """Return the function of a projection and the top-level attributes it reads.

    A nested path gives its leaf under the path's last name (behaviour 14.2), that of a list's element under the list's.
    Attributes come in the order in which the whole item has them.
    """
    if wanted is None:
        return None, frozenset()
    asked = frozenset(str(path[0]) for path in wanted)
    if all(len(path) == 1 for path in wanted):
        return compiler.projection(ast.Projection(tuple(map(ast.Path, wanted)))).project, asked
    leaves = tuple((next(step for step in reversed(path) if isinstance(step, str)), path) for path in wanted)

    def project(item: Item) -> Item:
        found = {}
        for name, path in leaves:
            value = paths.get(item, path)
            if value is not None:
                found[name] = (paths.place(item, path), value)
        return {name: value for name, (_, value) in sorted(found.items(), key=lambda entry: entry[1][0])}

    return project, asked


def _check_filter(index: Index, condition: program.Condition | None) -> None:
    """Raise if a SELECT by partition key filters on attributes that the index does not project (behaviour 14.2)."""
    missing = frozenset[str]() if condition is None else condition.attributes - index.attributes
    if missing:
        raise errors.filter_not_projected(index.name, sorted(missing))


def _of_entries(condition: program.Condition | None, index: Index) -> program.Condition | None:
    """Return the condition as it holds for the entries of an index, when pages fetch whole items (behaviour 14.2)."""
    if condition is None:
        return None
    test = condition.test
    return replace(condition, test=lambda item, values: test(index.project(item), values))


def plan(found: Layout, table: Table, values: Values, *, consistent: bool) -> Read | Pages:
    """Return the plan of a SELECT; raises ApiError."""
    test = _bound(found.filter, values)
    if found.key is not None:
        key_item = {name: values[placeholder] for name, placeholder in found.key}
        read = Read(key_item, test, found.project)
        read.locate(table)
        return read
    source: Table | Index = table
    if found.index is not None:
        index = table.indexes_by_name[found.index]
        if consistent and index.is_global:
            raise errors.statement_consistent_read_on_gsi()
        source = index
    weight = 0 if found.filter is None else found.filter.weight
    if found.project is not None:
        weight += PROJECTION_WORK
    if found.branches is None:
        everything = [((source.prefix, prefix_end(source.prefix)), test)]
        return Pages(
            table,
            source,
            everything,
            reverse=False,
            project=found.project,
            fetch=found.fetch,
            query=False,
            weight=weight,
        )
    reverse = any(key.descending for key in found.order if key.path[0] in found.names.range)
    pages = Pages(table, source, [], reverse, found.project, found.fetch, query=True, weight=weight)
    first = found.branches[0]
    if len(found.branches) == len(first.queries) == 1:
        wanted = key_range.resolve(first.queries[0], found.names, values)
        pages.ranges = [(ranges.query_range(source, wanted), _bound(first.rest, values))]
        return pages
    partitions = _partitions(source, found, test, values)
    if found.order and found.order[0].path[0] in found.names.range:
        pages.merged = True
        pages.ranges = [(limits, test) for _, group in partitions for limits, _ in group]
        return pages
    [hash_name] = found.names.hash
    descending = next((key.descending for key in found.order if key.path[0] == hash_name), None)
    if descending is not None:
        encode = keyspace.KEY_BYTES[found.names.types[hash_name]]
        partitions.sort(key=lambda pair: encode(pair[0]), reverse=descending)
    pages.ranges = [read for _, group in partitions for read in (group[::-1] if reverse else group)]
    return pages


def _bound(condition: program.Condition | None, values: Values) -> Test | None:
    if condition is None:
        return None
    test = condition.test
    return lambda item: test(item, values)


def _partitions(
    source: Table | Index, found: Layout, test: Test | None, values: Values
) -> list[tuple[Value, list[_Filtered]]]:
    """Return each partition's key value and its ranges, which do not overlap, in sort key order.

    Partitions come in written order. Branches of one partition are read apart where all of them limit the sort key, and
    together, with the whole WHERE as filter, where one does not.
    """
    assert found.branches is not None, "a Scan has no partitions"
    grouped: dict[str, list[tuple[key_range.KeyRange, where.Branch]]] = {}
    for branch in found.branches:
        for query in branch.queries:
            wanted = key_range.resolve(query, found.names, values)
            [content] = wanted.partition[0].values()
            reads = grouped.setdefault(content, [])
            if not any(other is branch for _, other in reads):  # IN may name a value twice
                reads.append((wanted, branch))
    partitions = []
    for reads in grouped.values():
        if len(reads) > 1 and not all(branch.sorted for _, branch in reads):
            whole = key_range.KeyRange(reads[0][0].partition, (), None, ())
            group: list[_Filtered] = [(ranges.query_range(source, whole), test)]
        else:
            group = _apart(source, reads, values)
        partitions.append((reads[0][0].partition[0], group))
    return partitions


def _apart(
    source: Table | Index, reads: Sequence[tuple[key_range.KeyRange, where.Branch]], values: Values
) -> list[_Filtered]:
    group = [(ranges.query_range(source, wanted), _bound(branch.rest, values)) for wanted, branch in reads]
    group.sort(key=lambda read: read[0])
    for (before, _), (after, _) in pairwise(group):
        if after[0] < before[1]:
            raise errors.overlapping_conditions()
    return group
