"""The operations, one file per family.

Importing this package registers the families that most client programs use. The other families are
imported at the first call of one of their operations (`registry.LATER`).

`registry` explains what an operation is; begin there. Families share `parameters` (of requests),
`response`, `tag_rules`, `restored_tables`, `export_filter` and `s3_jobs`.
"""

from emulator.operations import get_item, query, write_item

__all__ = ["get_item", "query", "write_item"]
