"""The operations, one file per family; importing this package registers them all."""

from emulator.operations import (
    account,
    batch,
    execute_transaction,
    get_item,
    query,
    statements,
    streams,
    tables,
    tags,
    transact,
    ttl,
    write_item,
)

__all__ = [
    "account",
    "batch",
    "execute_transaction",
    "get_item",
    "query",
    "statements",
    "streams",
    "tables",
    "tags",
    "transact",
    "ttl",
    "write_item",
]
