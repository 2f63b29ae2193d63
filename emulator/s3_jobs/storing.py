"""Turns a record into the put of an item, or raises the error that the service reports for it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from emulator import errors
from emulator.database.items.requested import Put
from emulator.database.schema.table import Table
from emulator.operations.registry import find
from emulator.s3_jobs.reading import CONDITION, Bad, Record, parsed_item


def readable(record: Record | Bad) -> Record:
    """Return the record. Raises ApiError for a `Bad`: a part of an object that is no record."""
    if isinstance(record, Bad):
        raise errors.record_unreadable(record.text)
    return record


def put_of(table: Table, record: Record) -> Put:
    """Return the put of a record's item, without a condition.

    Raises ApiError if the item is not valid or does not fit the table's keys.
    """
    item = parsed_item(record.content["Item"]) if record.item is None else record.item
    if isinstance(item, errors.ApiError):
        raise item
    put = Put(item, None, item.size)
    put.check_size()
    put.locate(table)
    return put


def conditional_put(table: Table, record: Mapping[str, Any]) -> Put:
    """Return the put of a record's item, with the record's condition, after PutItem's checks.

    record: the JSON object of the record (`Record.content`). Raises ApiError if a check fails.
    """
    operation = find("PutItem")
    assert operation is not None, "the server must implement PutItem"
    operation.load()
    assert operation.model is not None, "`load` sets the model"
    assert operation.check is not None, "PutItem has a check"
    members = {name: record[name] for name in CONDITION if name in record}
    request = operation.model.parse({"TableName": table.name, "Item": record["Item"], **members})
    operation.model.validate(request)
    put: Put = operation.check(request)
    put.locate(table)
    put.check()
    return put


@contextmanager
def unthrottled(table: Table) -> Iterator[None]:
    """Turn off the throttling of a table inside a `with` block.

    Bulk operations need this, because their capacity is separate from the table's.
    """
    enforcement, table.enforcement = table.enforcement, None
    try:
        yield
    finally:
        table.enforcement = enforcement
