"""The operations, one file per family.

Importing this package registers the families that most client programs use. The other families are
imported at the first call of one of their operations (`registry.LATER`).
"""

from emulator.operations import get_item, query, write_item

__all__ = ["get_item", "query", "write_item"]
