"""The operations, one file per family.

Importing the package registers the families that most client programs use. Each of the other
families is imported at the first call of one of its operations (`registry.LATER`).
"""

from emulator.operations import get_item, query, write_item

__all__ = ["get_item", "query", "write_item"]
