"""Describes the plan of a statement as the native operation that it corresponds to.

| statement      | operation                                        |
|----------------|--------------------------------------------------|
| SELECT         | GetItem, Query (one or several), or Scan         |
| INSERT         | PutItem                                          |
| UPDATE, DELETE | UpdateItem, DeleteItem                           |
| EXISTS         | ConditionCheck                                   |
"""

from dataclasses import dataclass
from typing import Final

from emulator.database.items import ranges
from emulator.database.items.ranges import Range
from emulator.database.items.requested import Put, Update, Write
from emulator.database.schema.index import Index
from emulator.database.schema.table import Table
from emulator.explaining import texts
from emulator.expressions import ast, key_range
from emulator.expressions.key_range import KeyRange
from emulator.partiql import plan, where
from emulator.partiql.ast import DeleteStatement, Exists, Insert, Select, UpdateStatement
from emulator.partiql.plan import Plan
from emulator.partiql.prepare import PreparedStatement
from emulator.partiql.select import Pages, Read
from emulator.values.types import Item

GET: Final = "GetItem"
QUERY: Final = "Query"
SCAN: Final = "Scan"
PUT: Final = "PutItem"
UPDATE: Final = "UpdateItem"
DELETE: Final = "DeleteItem"
CHECK: Final = "ConditionCheck"


@dataclass(frozen=True, slots=True)
class RangeRead:
    """One read of a Query or Scan.

    limits: a pair of storage keys: the first key to read, and the key before which the read stops.
    key_condition: the text of the key condition, None for a Scan.
    sorted: True if the key condition limits the sort key.
    filter: the text of the conditions that an item must meet after it was read, None if there are
    no such conditions.
    """

    limits: Range
    key_condition: str | None
    filter: str | None
    sorted: bool = False


@dataclass(frozen=True, slots=True)
class Access:
    """The native operation that a statement corresponds to.

    relation: the table or index that the operation reads or writes.
    reads: the reads of a Query or Scan, in the order in which they run.
    key: the primary key, for an operation on one item.
    condition: for an operation on one item, the text of the conditions besides the item's key.
    projection: the document paths to return, None for all attributes.
    """

    operation: str
    table: Table
    relation: Table | Index
    plan: Plan
    reads: tuple[RangeRead, ...] = ()
    key: Item | None = None
    condition: str | None = None
    projection: tuple[str, ...] | None = None

    @property
    def index(self) -> Index | None:
        """Return the index that the statement reads, None for the table itself."""
        return self.relation if isinstance(self.relation, Index) else None

    @property
    def filtered(self) -> bool:
        """Return True if a filter may drop items that the statement reads and pays for."""
        return any(read.filter is not None for read in self.reads)


def access_of(prepared: PreparedStatement, table: Table, *, consistent: bool = False) -> Access:
    """Return the native operation of a statement.

    Raises the ApiErrors with which ExecuteStatement refuses a wrong statement. consistent: True for
    a strongly consistent read.
    """
    planned = plan.bind(prepared, table, consistent=consistent)
    statement = prepared.statement
    if isinstance(planned, Pages):
        assert isinstance(statement, Select), "only a SELECT reads pages"
        reads = _queries(prepared, planned) if planned.query else _scan(prepared, planned)
        operation = QUERY if planned.query else SCAN
        return Access(operation, table, planned.relation, planned, reads, projection=_projection(statement))
    if isinstance(planned, Write):
        planned.check()
    key = table.key_attributes(planned.key_item)
    condition = None
    if not isinstance(statement, Insert):
        _, others = where.key_parts(prepared.program.where, table.key_names)
        condition = texts.conditions(others, prepared.values)
    operation = _operation(prepared, planned)
    projection = _projection(statement) if isinstance(statement, Select) else None
    return Access(operation, table, table, planned, key=key, condition=condition, projection=projection)


def _operation(prepared: PreparedStatement, planned: Read | Write) -> str:
    if isinstance(planned, Read):
        return GET
    if isinstance(planned, Put):
        return PUT
    if isinstance(planned, Update):
        return UPDATE
    return DELETE if isinstance(prepared.statement, DeleteStatement) else CHECK


def _projection(statement: Select) -> tuple[str, ...] | None:
    return None if statement.paths is None else tuple(map(texts.path, statement.paths))


def _scan(prepared: PreparedStatement, planned: Pages) -> tuple[RangeRead, ...]:
    return (RangeRead(planned.ranges[0][0], None, _whole(prepared)),)


def _whole(prepared: PreparedStatement) -> str | None:
    tree = prepared.program.where
    return None if tree is None else texts.condition(tree, prepared.values)


def _queries(prepared: PreparedStatement, planned: Pages) -> tuple[RangeRead, ...]:
    """Return the reads of a plan that runs queries, in the order of the plan.

    The plan has a range of storage keys for each query, but not the text of the query's conditions.
    So this function makes all queries into which the WHERE can be split, and selects those whose
    ranges are in the plan.
    """
    names, relation = planned.relation.key_schema, planned.relation
    partitions: dict[str, list[tuple[KeyRange, list[ast.ConditionTree]]]] = {}
    assert prepared.program.where is not None, "a Query has a key condition"
    for branch in ast.chain(prepared.program.where, ast.Or):
        parts = where.branch_parts(branch, names)
        assert parts is not None, "each side of an OR must fix the partition key, otherwise the plan is a Scan"
        queries, others = parts
        for query in queries:
            wanted = key_range.resolve(query, names, prepared.values)
            partitions.setdefault(str(wanted.partition), []).append((wanted, others))
    known: dict[Range, RangeRead] = {}

    def add(wanted: KeyRange, rest: str | None) -> None:
        limits = ranges.query_range(relation, wanted)
        known[limits] = RangeRead(limits, texts.key_condition(wanted, names), rest, _limits_sort_key(wanted))

    for reads in partitions.values():
        add(KeyRange(reads[0][0].partition, (), None, ()), _whole(prepared))
    for reads in partitions.values():
        if len({id(others) for _, others in reads}) > 1 and not all(_limits_sort_key(wanted) for wanted, _ in reads):
            continue  # the plan reads the whole partition; the loop above has added this read
        for wanted, others in reads:
            add(wanted, texts.conditions(others, prepared.values))
    return tuple(known[limits] for limits, _ in planned.ranges)


def _limits_sort_key(wanted: KeyRange) -> bool:
    return bool(wanted.equal) or wanted.operator is not None


def kind_of(prepared: PreparedStatement) -> str:
    """Return the kind of a statement, such as SELECT."""
    return _KINDS[type(prepared.statement)]


_KINDS: Final = {
    Select: "SELECT",
    Insert: "INSERT",
    UpdateStatement: "UPDATE",
    DeleteStatement: "DELETE",
    Exists: "EXISTS",
}
