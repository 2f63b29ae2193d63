"""The operations, one file per family; importing the package registers those that most programs begin with.

The other families are in `registry.LATER`: each is imported when one of its operations is called for the first time.
"""

from emulator.operations import batch, get_item, query, write_item
from emulator.operations.tables import operations as tables

__all__ = ["batch", "get_item", "query", "tables", "write_item"]
