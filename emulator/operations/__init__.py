"""The operations of the service. Each file has a family of related operations.

Importing this package registers the operations that most client programs use. The other files are
imported at the first call of one of their operations (`registry.LATER`).

Begin with `registry`, which explains what an operation is. These files have no operations, but code
that several families use: `parameters` (of requests), `response`, `tag_rules`, `restored_tables`,
`export_filter` and `s3_jobs`.
"""

from emulator.operations import get_item, query, write_item

__all__ = ["get_item", "query", "write_item"]
