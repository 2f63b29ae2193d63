"""Makes the explanation of a statement, as JSON. controls/explain.py describes the members."""

from collections.abc import Callable, Sequence
from typing import Any

from emulator.database.catalog.catalog import require
from emulator.database.database import Database
from emulator.database.schema.table import Table
from emulator.explaining.accesses import Access, access_of, kind_of
from emulator.explaining.costs import Cost, Sizes, cost_of
from emulator.explaining.reasons import better_ways, reasons_of
from emulator.explaining.stored_sizes import StoredSizes
from emulator.partiql.prepare import PreparedStatement, prepare_statement
from emulator.values.wire import Problem, first_problem, parse_values_of_list


def explanation(
    database: Database,
    table_of: Callable[[str], Table | None],
    text: str,
    parameters: list[Any],
    *,
    consistent: bool = False,
) -> dict[str, Any]:
    """Return the explanation of a statement.

    Raises the ApiErrors with which ExecuteStatement refuses a wrong statement.

    table_of: a function that returns the table with a given name, or None if it does not exist.
    text: the statement.
    parameters: the values for `?` in the statement as a request has them, not checked yet.
    """
    problems: list[Problem] = []
    values = parse_values_of_list(parameters, problems)
    if problems:
        raise first_problem(problems).error("partiql")
    prepared = prepare_statement(text, values)
    table = require(table_of(prepared.relation.table))
    with database.read() as txn:
        return explain(prepared, table, StoredSizes(txn, table), consistent=consistent)


def explain(prepared: PreparedStatement, table: Table, sizes: Sizes, *, consistent: bool = False) -> dict[str, Any]:
    """Return the explanation of a prepared statement.

    Raises the ApiErrors with which ExecuteStatement refuses a wrong statement.
    """
    access = access_of(prepared, table, consistent=consistent)
    cost = cost_of(access, sizes, consistent=consistent)
    return {
        "Statement": kind_of(prepared),
        "Operation": access.operation,
        "TableName": table.name,
        **_parts(access),
        "Cost": _cost(cost),
        "Why": [*reasons_of(access, prepared), *cost.reasons],
        "Instead": list(better_ways(access, prepared)),
    }


def _parts(access: Access) -> dict[str, Any]:
    parts: dict[str, Any] = {}
    if access.index is not None:
        parts["IndexName"] = access.index.name
    if access.reads:
        parts["Reads"] = [_known({"KeyCondition": each.key_condition, "Filter": each.filter}) for each in access.reads]
    projection: Sequence[str] | None = access.projection
    one_item = {"Key": access.key, "Condition": access.condition, "Projection": projection and list(projection)}
    return {**parts, **_known(one_item)}


def _known(members: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


def _cost(cost: Cost) -> dict[str, Any]:
    shown: dict[str, Any] = {"ReadUnits": cost.read, "WriteUnits": cost.write, "Items": cost.items, "Bytes": cost.size}
    if cost.write == 0:
        shown |= {"Pages": cost.pages, "TotalReadUnits": cost.total}
    return shown
