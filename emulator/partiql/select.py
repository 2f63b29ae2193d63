"""Plans a SELECT as a GetItem, as Queries or as a Scan (behaviour 14.2).

The plan depends on the WHERE. The branches of a WHERE are the conditions that OR joins.

- A GetItem: the SELECT is from a table, and the WHERE has an equality for each key attribute.
- One or more Queries: each branch of the WHERE has an equality or IN for the partition key.
- A Scan: all other SELECTs.
"""

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
    """The plan of a SELECT of one item by its primary key.

    test: the conditions of the WHERE that are not equalities for the key; None if there are none.
    project: a function that returns the selected attributes of an item; None for all attributes.
    """

    test: Test | None
    project: Project | None


@dataclass(slots=True)
class Pages:
    """The plan of a SELECT of several items.

    ranges: the ranges to read one after another, each with its filter or None.
    reverse: True to read each range backwards.
    query: True for Queries: each range is in one partition. False for a Scan: the only range is the
        whole table or index.
    merged: True if the items of all ranges are returned in the order of their sort keys.
    fetch: True to read each item from the table too, because the index lacks some attributes.
    weight: the units of work that filter and projection take for a tiny row, as in PageRequest.
    """

    table: Table
    relation: Table | Index
    ranges: list[_Filtered]
    reverse: bool
    project: Project | None
    fetch: bool
    query: bool
    merged: bool = False
    weight: int = 0


@dataclass(frozen=True, slots=True)
class Outline:
    """The outline of a SELECT: the part of its plan that does not depend on values.

    index: the name of the index, None for the table.
    key: for a GetItem, a pair for each key attribute: its name, and the name of its value's
        placeholder; otherwise None.
    filter: for a GetItem, the conditions of the WHERE that are not equalities for the key;
        otherwise the whole WHERE. None if there are no conditions.
    branches: for Queries, the branches of the WHERE; otherwise None.
    names: the key attributes of the table or index that is read.
    """

    index: str | None
    key: where.Key | None
    branches: tuple[where.Branch, ...] | None
    names: key_range.KeyNames
    filter: program.Condition | None
    project: Project | None
    fetch: bool
    order: tuple[OrderKey, ...]


def outline(prepared: Program, statement: Select, table: Table) -> Outline:
    """Return the outline of a SELECT: the part of its plan that needs no values.

    Raises ApiError.
    """
    name = statement.relation.index
    relation = table if name is None else _index(table, name)
    names = relation.key_schema
    filter_ = None if prepared.where is None else compiler.condition(prepared.where)
    table.check_paths((*(statement.paths or ()), *(() if filter_ is None else filter_.inner)))
    branches = where.branches(prepared.where, names)
    _check_order(statement, relation, planned=branches is not None)
    project, attributes = _projection(statement.paths)
    fetch = False
    if isinstance(relation, Index) and not relation.projects_all:
        fetch = relation.lacks(attributes)
        if branches is not None and len(branches) == 1:
            _check_filter(relation, branches[0].rest)
        if fetch:
            filter_ = _of_entries(filter_, relation)
            branches = branches and tuple(
                replace(branch, rest=_of_entries(branch.rest, relation)) for branch in branches
            )
    key, rest = where.key_of(prepared.where, table.key_names)
    if isinstance(relation, Table) and len(key) == table.key_count:
        for attribute, placeholder in key:
            if prepared.types[placeholder] != table.definition.types[attribute]:
                raise errors.key_condition_type()
        return Outline(None, key, None, names, rest, project, fetch=False, order=())
    return Outline(name, None, branches, names, filter_, project, fetch, statement.order)


def _index(table: Table, name: str) -> Index:
    index = table.indexes_by_name.get(name)
    if index is None:
        raise errors.statement_unknown_index()
    check_index(table, name)
    index.check_filled()
    return index


def check_index(table: Table, name: str | None) -> None:
    """Raise ApiError if an index has several HASH or RANGE attributes.

    PartiQL refuses every SELECT from such an index (behaviour 14.2).
    """
    index = table.indexes_by_name.get(name or "")
    if index is not None and max(len(index.key_schema.hash), len(index.key_schema.range)) > 1:
        raise errors.statement_of_multi_attribute_index()


def _check_order(statement: Select, relation: Table | Index, *, planned: bool) -> None:
    if not statement.order:
        return
    if statement.where is None:
        raise errors.order_without_where()
    if not planned:
        raise errors.order_without_key()
    for key in statement.order:
        if len(key.path) > 1 or key.path[0] not in relation.key_names:
            raise errors.order_by_non_key(".".join(map(str, key.path)))


def _projection(wanted: tuple[Path, ...] | None) -> tuple[Project | None, frozenset[str]]:
    """Return a pair: a function that selects the columns `wanted`, and the attributes it reads.

    For `*`, return None and an empty set.

    In the result of the function, the value of a nested path has the last name in the path. So an
    element of a list has the name of the list (behaviour 14.2). The values in the result have the
    same order as in the item.
    """
    if wanted is None:
        return None, frozenset()
    attributes = frozenset(str(path[0]) for path in wanted)
    if all(len(path) == 1 for path in wanted):
        return compiler.projection(ast.ProjectionTree(tuple(map(ast.DocumentPath, wanted)))).project, attributes
    leaves = tuple((next(step for step in reversed(path) if isinstance(step, str)), path) for path in wanted)

    def project(item: Item) -> Item:
        values = {}
        for name, path in leaves:
            value = paths.get(item, path)
            if value is not None:
                values[name] = (paths.position_of(item, path), value)
        return {name: value for name, (_, value) in sorted(values.items(), key=lambda pair: pair[1][0])}

    return project, attributes


def _check_filter(index: Index, condition: program.Condition | None) -> None:
    """Raise ApiError if a filter names an attribute that the index does not project.

    Call this only if the WHERE has a single branch, with an equality or IN for the partition key:
    the rule applies to no other SELECT (behaviour 14.2).
    """
    missing = frozenset[str]() if condition is None else condition.attributes - index.attributes
    if missing:
        raise errors.filter_not_projected(index.name, sorted(missing))


def _of_entries(condition: program.Condition | None, index: Index) -> program.Condition | None:
    """Return a condition that ignores the attributes that the index does not project.

    If the index lacks a selected column, the SELECT reads whole items from the table. Even then,
    the condition must see only the attributes that the index projects (behaviour 14.2).
    """
    if condition is None:
        return None
    test = condition.test
    return replace(condition, test=lambda item, values: test(index.project(item), values))


def plan(outline: Outline, table: Table, values: Values, *, consistent: bool) -> Read | Pages:
    """Return the plan of a SELECT with these values.

    Raises ApiError if a value does not fit its key attribute, if conditions for the same partition
    overlap, or for a consistent read of a global index.
    """
    test = _bound(outline.filter, values)
    if outline.key is not None:
        key_item = {name: values[placeholder] for name, placeholder in outline.key}
        read = Read(key_item, test, outline.project)
        read.locate(table)
        return read
    relation: Table | Index = table
    if outline.index is not None:
        index = table.indexes_by_name[outline.index]
        if consistent and index.is_global:
            raise errors.statement_consistent_read_on_gsi()
        relation = index
    weight = 0 if outline.filter is None else outline.filter.weight
    if outline.project is not None:
        weight += PROJECTION_WORK
    if outline.branches is None:
        everything = [((relation.prefix, prefix_end(relation.prefix)), test)]
        return Pages(
            table,
            relation,
            everything,
            reverse=False,
            project=outline.project,
            fetch=outline.fetch,
            query=False,
            weight=weight,
        )
    reverse = any(key.descending for key in outline.order if key.path[0] in outline.names.range)
    pages = Pages(table, relation, [], reverse, outline.project, outline.fetch, query=True, weight=weight)
    first = outline.branches[0]
    if len(outline.branches) == len(first.queries) == 1:
        wanted = key_range.resolve(first.queries[0], outline.names, values)
        pages.ranges = [(ranges.query_range(relation, wanted), _bound(first.rest, values))]
        return pages
    partitions = _partitions(relation, outline, test, values)
    if outline.order and outline.order[0].path[0] in outline.names.range:
        pages.merged = True
        pages.ranges = [(limits, test) for _, group in partitions for limits, _ in group]
        return pages
    [hash_name] = outline.names.hash
    descending = next((key.descending for key in outline.order if key.path[0] == hash_name), None)
    if descending is not None:
        encode = keyspace.KEY_BYTES[outline.names.types[hash_name]]
        partitions.sort(key=lambda pair: encode(pair[0]), reverse=descending)
    pages.ranges = [read for _, group in partitions for read in (group[::-1] if reverse else group)]
    return pages


def _bound(condition: program.Condition | None, values: Values) -> Test | None:
    if condition is None:
        return None
    test = condition.test
    return lambda item: test(item, values)


def _partitions(
    relation: Table | Index, outline: Outline, test: Test | None, values: Values
) -> list[tuple[Value, list[_Filtered]]]:
    """Return a pair for each partition: its key value, and pairs (range to read, filter).

    The partitions have the order in which the statement names them. The ranges of a partition have
    the order of the sort key. Each branch that names a partition gives it one range. But if several
    branches name it, and one of them does not limit the sort key, the only range is the whole
    partition, and its filter is `test`. Raises ApiError if two ranges overlap.

    test: the whole WHERE as a test of items, or None.
    """
    assert outline.branches is not None, "only Queries have partitions"
    grouped: dict[str, list[tuple[key_range.KeyRange, where.Branch]]] = {}
    for branch in outline.branches:
        for query in branch.queries:
            wanted = key_range.resolve(query, outline.names, values)
            [content] = wanted.partition[0].values()
            reads = grouped.setdefault(content, [])
            # An IN may repeat a value, but its partition is read only once.
            if not any(other is branch for _, other in reads):
                reads.append((wanted, branch))
    partitions = []
    for reads in grouped.values():
        if len(reads) > 1 and not all(branch.sorted for _, branch in reads):
            whole = key_range.KeyRange(reads[0][0].partition, (), None, ())
            group: list[_Filtered] = [(ranges.query_range(relation, whole), test)]
        else:
            group = _apart(relation, reads, values)
        partitions.append((reads[0][0].partition[0], group))
    return partitions


def _apart(
    relation: Table | Index, reads: Sequence[tuple[key_range.KeyRange, where.Branch]], values: Values
) -> list[_Filtered]:
    group = [(ranges.query_range(relation, wanted), _bound(branch.rest, values)) for wanted, branch in reads]
    group.sort(key=lambda read: read[0])
    for (earlier, _), (later, _) in pairwise(group):
        if later[0] < earlier[1]:
            raise errors.overlapping_conditions()
    return group
