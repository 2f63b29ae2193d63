"""Says in sentences why a statement gets its plan, and what would cost less."""

from collections.abc import Iterator

from emulator.database.schema.index import Index
from emulator.database.schema.table import Table
from emulator.errors import ApiError
from emulator.explaining.accesses import CHECK, GET, PUT, QUERY, SCAN, Access
from emulator.expressions import ast
from emulator.expressions import compile as compiler
from emulator.expressions.key_range import KeyNames
from emulator.partiql import where
from emulator.partiql.ast import Select
from emulator.partiql.prepare import PreparedStatement
from emulator.partiql.select import Pages


def reasons_of(access: Access, prepared: PreparedStatement) -> Iterator[str]:
    """Yield sentences that say why a statement gets its plan."""
    if access.operation == QUERY:
        yield from _of_query(access)
    elif access.operation == SCAN:
        yield _of_scan(access, prepared)
    elif access.operation == PUT:
        yield "An INSERT writes one item. It succeeds only if there is no item with this key."
    elif access.operation == CHECK:
        yield "EXISTS checks one item by its whole primary key. A check costs as much as a write of the item."
    else:
        verb = "reads" if access.operation == GET else "writes"
        names = " and ".join(access.table.key_names)
        yield f"The WHERE has an equality for the whole primary key ({names}). So the statement {verb} one item."
    if access.filtered:
        yield "The filter does not reduce the cost: the items that it drops have been read too."


def _of_query(access: Access) -> Iterator[str]:
    names = access.relation.key_schema
    [hash_name] = names.hash
    count = len(access.reads)
    if count == 1:
        yield f"The WHERE has an equality for the partition key {hash_name}. So a Query reads only this partition."
    else:
        yield f"The WHERE names several values of the partition key {hash_name}. So {count} queries run."
    if names.range and not any(read.sorted for read in access.reads):
        yield f"No condition on the sort key {names.range[0]} limits the query. So it reads the whole partition."
    assert isinstance(access.plan, Pages), "a Query reads pages"
    if access.plan.merged:
        yield "The ORDER BY is on the sort key. So the items of all partitions are merged in the order of the sort key."


def _of_scan(access: Access, prepared: PreparedStatement) -> str:
    what = "table" if isinstance(access.relation, Table) else f"index {access.relation.name}"
    if prepared.program.where is None:
        return f"The statement has no WHERE. So a Scan reads the whole {what}."
    key = " and ".join(access.relation.key_schema.hash)
    where = "One side of an OR" if isinstance(prepared.program.where, ast.Or) else "The WHERE"
    return f"{where} has no equality and no IN for the partition key {key}. So a Scan reads the whole {what}."


def better_ways(access: Access, prepared: PreparedStatement) -> Iterator[str]:
    """Yield sentences that say how the same items could be read for fewer units."""
    statement = prepared.statement
    if access.operation != SCAN or not isinstance(statement, Select) or prepared.program.where is None:
        return
    found = False
    others: list[Table | Index] = [access.table, *access.table.indexes]
    for relation in others:
        if relation is not access.relation and _serves(prepared, relation.key_schema):
            found = True
            yield _named(access.table, relation, statement)
    if found:
        return
    attributes = compiler.condition(prepared.program.where).attributes
    key, _ = where.key_parts(prepared.program.where, sorted(attributes))
    if key:
        yield f"A global secondary index with the partition key {key[0][0]} would make this a Query."


def _serves(prepared: PreparedStatement, names: KeyNames) -> bool:
    """Return True if the statement would be a Query on a table or index with these keys."""
    if len(names.hash) > 1 or len(names.range) > 1:
        return False  # SELECT refuses an index with several HASH or RANGE attributes
    try:
        return where.branches(prepared.program.where, names) is not None
    except ApiError:
        return False


def _named(table: Table, relation: Table | Index, statement: Select) -> str:
    if isinstance(relation, Table):
        return f'The same WHERE on the table itself would be a Query: FROM "{table.name}".'
    text = f'The same WHERE on the index {relation.name} would be a Query: FROM "{table.name}"."{relation.name}".'
    if not relation.projects_all and (
        statement.paths is None or not {str(path[0]) for path in statement.paths} <= relation.attributes
    ):
        text += " But this index does not project all attributes that the statement returns."
    return text
