"""The ids of tables, indexes, streams and so on.

Ids are numbers in storage keys. An id is never used again.
"""

from typing import Final

from emulator.database.store import keyspace
from storage import WriteTxn

_NEXT: Final = keyspace.counter("id")


def next_id(txn: WriteTxn) -> int:
    """Return an id that was never used before for anything in this store."""
    stored = txn.get(_NEXT)
    number = 1 if stored is None else int.from_bytes(stored, "big")
    txn.put(_NEXT, (number + 1).to_bytes(8, "big"))
    return number
