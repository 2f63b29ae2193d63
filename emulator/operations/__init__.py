"""The operations, one file per family.

Importing the package registers the families of most programs.

The other families are in `registry.LATER`: each is imported at the first call of one of its
operations.
"""

from emulator.operations import get_item, query, write_item

__all__ = ["get_item", "query", "write_item"]
