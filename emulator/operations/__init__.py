"""The operations, one file per family; importing this package registers them all."""

from emulator.operations import account, batch, get_item, query, tables, tags, transact, ttl, write_item

__all__ = ["account", "batch", "get_item", "query", "tables", "tags", "transact", "ttl", "write_item"]
