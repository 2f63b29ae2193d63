"""Deleting all keys with a given prefix, in slices of background work.

The transaction that removes the owner of the keys (a table, for example) also stores a record of
the prefix. So if the process crashes, the next start can finish the deletion.
"""

from functools import partial
from typing import Final

from emulator.clock import Background
from emulator.database.store import keyspace
from emulator.slices import first_pairs
from storage import Engine, WriteTxn
from storage.keycode import prefix_end

# The maximum number of keys that one slice deletes, in about 2 ms. It deletes fewer if their values
# are large (slices.COPIED_IN_STEP).
SLICE: Final = 1000
MOST_IN_ONE: Final = 100  # the maximum number of keys that `drop` deletes in the transaction of its caller

BEGUN: Final = b"\1"
"""The value of a deletion's record after the first keys have been deleted. Before, it is b""."""


class Deletions:
    """Deletes all keys with a given prefix from an engine's store, in background work.

    Also reserves prefixes for data that several transactions write: if the process crashes before a
    prefix is released, the next start deletes its keys.
    """

    def __init__(self, engine: Engine, background: Background) -> None:
        self._engine = engine
        self._background = background

    def begin(self, txn: WriteTxn, prefix: bytes) -> None:
        """Delete all keys with this prefix in background work, after the commit of `txn`."""
        record = keyspace.deletion(prefix)
        txn.put(record, b"")
        self._background.add(record, partial(self._slice, record))

    def drop(self, txn: WriteTxn, prefix: bytes) -> None:
        """Delete keys with this prefix: up to MOST_IN_ONE now, the others in background work."""
        if _drop_some(txn, prefix, prefix_end(prefix), MOST_IN_ONE):
            self.begin(txn, prefix)

    def reserve(self, txn: WriteTxn, prefix: bytes) -> None:
        """Reserve a key prefix for new data that several transactions write.

        Call `release` in the transaction that stores the definition of the data. If the process
        crashes before that, the next start deletes all keys with this prefix.
        """
        txn.put(keyspace.deletion(prefix), b"")

    def is_reserved(self, txn: WriteTxn, prefix: bytes) -> bool:
        """Return True if a key prefix is reserved and no process has begun to delete its keys."""
        return txn.get(keyspace.deletion(prefix)) == b""

    def release(self, txn: WriteTxn, prefix: bytes) -> None:
        """End the reservation of a key prefix, so that the keys with this prefix stay."""
        txn.delete(keyspace.deletion(prefix))

    def resume(self) -> None:
        """Queue all unfinished deletions, and the deletion of all keys with a reserved prefix."""
        with self._engine.read() as txn:
            records = [record for record, _ in txn.scan(*keyspace.deletions())]
        for record in records:
            self._background.add(record, partial(self._slice, record))

    def _slice(self, record: bytes) -> bool:
        with self._engine.write() as txn:
            txn.urgent = True
            stored = txn.get(record)
            if stored is None:  # `release` was called, or the transaction of `begin` has failed
                return False
            if _drop_some(txn, *keyspace.deleted_range(record), SLICE):
                if stored != BEGUN:
                    txn.put(record, BEGUN)
                return True
            txn.delete(record)
        return False


def _drop_some(txn: WriteTxn, start: bytes, stop: bytes, limit: int) -> bool:
    """Delete the first keys of a range: up to `limit`, or fewer if their values are large.

    Return True if keys may remain. Deleting a large value takes long if an open frozen view shows
    the value, because the transaction then stores a copy of the value for the view.
    """
    first, more = first_pairs(txn.scan(start, stop), limit)
    txn.drop_range(start, stop, len(first))
    return more
