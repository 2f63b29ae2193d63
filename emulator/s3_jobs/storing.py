"""Converts a record to an item of a table, or to the error that the service reports for it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from emulator import errors
from emulator.database.items.requested import Put
from emulator.database.schema.table import Table
from emulator.operations.registry import find
from emulator.s3_jobs.reading import Bad, Record
from emulator.values.problems import Layer, first_problem
from emulator.values.wire import parse_item

_LAYER: Layer = "new"
_CONDITION = ("ConditionExpression", "ExpressionAttributeNames", "ExpressionAttributeValues")
"""The members that a record may have in addition to Item."""


def content_of(record: Record | Bad) -> dict[str, Any]:
    """Return the JSON object of a record. Raises ApiError if the record could not be read."""
    if isinstance(record, Bad):
        raise errors.record_unreadable(record.text)
    return record.content


def put_of(table: Table, item: Mapping[str, Any]) -> Put:
    """Return the put of a record that has only Item. Raises ApiError."""
    problems: list[Any] = []
    parsed = parse_item(item, problems)
    if problems:
        raise first_problem(problems).error(_LAYER)
    put = Put(parsed, None, parsed.size)
    put.check_size()
    put.locate(table)
    return put


def conditional_put(table: Table, record: Mapping[str, Any]) -> Put:
    """Return the put of a record that has further members of PutItem. Raises ApiError."""
    operation = find("PutItem")
    assert operation is not None, "the service has PutItem"
    operation.load()
    assert operation.model is not None, "`load` compiles it"
    assert operation.check is not None, "PutItem checks its requests"
    members = {name: record[name] for name in _CONDITION if name in record}
    request = operation.model.parse({"TableName": table.name, "Item": record["Item"], **members})
    operation.model.validate(request)
    put: Put = operation.check(request)
    put.locate(table)
    put.check()
    return put


@contextmanager
def unthrottled(table: Table) -> Iterator[None]:
    """Do not throttle a table inside a `with` block: bulk operations have their own capacity."""
    enforcement, table.enforcement = table.enforcement, None
    try:
        yield
    finally:
        table.enforcement = enforcement
