"""Deleting everything under a prefix, in slices of background work.

The transaction that makes the records unreachable also records the prefix. So after a crash,
the next start can finish the deletion.
"""

from functools import partial
from typing import Final

from emulator.clock import Background
from emulator.database.store import keyspace
from storage import Engine, WriteTxn
from storage.keycode import prefix_end

SLICE: Final = 1000  # rows deleted in one slice: about 2 ms
AT_ONCE: Final = 100  # rows that are deleted without a slice


class Deletions:
    """The ranges of an engine that are being deleted."""

    def __init__(self, engine: Engine, background: Background) -> None:
        self._engine = engine
        self._background = background

    def begin(self, txn: WriteTxn, prefix: bytes) -> None:
        """Delete everything with this prefix once the transaction has committed."""
        record = keyspace.deletion(prefix)
        txn.put(record, b"")
        self._background.add(record, partial(self._slice, record))

    def drop(self, txn: WriteTxn, prefix: bytes) -> None:
        """Delete everything with this prefix: now if there is little, else as `begin` does."""
        if txn.drop_range(prefix, prefix_end(prefix), AT_ONCE) == AT_ONCE:
            self.begin(txn, prefix)

    def resume(self) -> None:
        """Queue the deletions that an earlier process left unfinished."""
        with self._engine.read() as txn:
            records = [record for record, _ in txn.scan(*keyspace.deletions())]
        for record in records:
            self._background.add(record, partial(self._slice, record))

    def _slice(self, record: bytes) -> bool:
        with self._engine.write() as txn:
            txn.urgent = True
            if txn.get(record) is None:  # the transaction of `begin` did not commit
                return False
            if txn.drop_range(*keyspace.deleted_range(record), SLICE) == SLICE:
                return True
            txn.delete(record)
        return False
