"""Deleting all keys with a prefix, in slices of background work.

The transaction that removes the owner of the keys (a table, for example) also records the prefix.
So after a crash, the next start can finish the deletion.
"""

from functools import partial
from typing import Final

from emulator.clock import Background
from emulator.database.store import keyspace
from emulator.slices import portion
from storage import Engine, WriteTxn
from storage.keycode import prefix_end

SLICE: Final = 1000  # rows that one slice deletes: about 2 ms; see also slices.COPIED_IN_STEP
AT_ONCE: Final = 100  # the most rows that `drop` deletes in the transaction of its caller

BEGUN: Final = b"\1"
"""The value of a deletion's record once some of its rows are deleted."""


class Deletions:
    """The prefixes in an engine's store that are being deleted."""

    def __init__(self, engine: Engine, background: Background) -> None:
        self._engine = engine
        self._background = background

    def begin(self, txn: WriteTxn, prefix: bytes) -> None:
        """Delete all keys with this prefix, once the transaction has committed."""
        record = keyspace.deletion(prefix)
        txn.put(record, b"")
        self._background.add(record, partial(self._slice, record))

    def drop(self, txn: WriteTxn, prefix: bytes) -> None:
        """Delete all keys with this prefix: up to AT_ONCE now, and the others as `begin` does."""
        if _drop_some(txn, prefix, prefix_end(prefix), AT_ONCE):
            self.begin(txn, prefix)

    def reserve(self, txn: WriteTxn, prefix: bytes) -> None:
        """Let the next start delete all keys with this prefix, unless `release` is called earlier.

        This is for data that several transactions write before a definition refers to them.
        """
        txn.put(keyspace.deletion(prefix), b"")

    def is_reserved(self, txn: WriteTxn, prefix: bytes) -> bool:
        """Return whether a prefix is reserved and its deletion has not begun."""
        return txn.get(keyspace.deletion(prefix)) == b""

    def release(self, txn: WriteTxn, prefix: bytes) -> None:
        """Cancel the reservation of a prefix: its keys stay."""
        txn.delete(keyspace.deletion(prefix))

    def resume(self) -> None:
        """Queue the deletions that an earlier process left unfinished."""
        with self._engine.read() as txn:
            records = [record for record, _ in txn.scan(*keyspace.deletions())]
        for record in records:
            self._background.add(record, partial(self._slice, record))

    def _slice(self, record: bytes) -> bool:
        with self._engine.write() as txn:
            txn.urgent = True
            stored = txn.get(record)
            if stored is None:  # cancelled, or the transaction of `begin` did not commit
                return False
            if _drop_some(txn, *keyspace.deleted_range(record), SLICE):
                if stored != BEGUN:
                    txn.put(record, BEGUN)
                return True
            txn.delete(record)
        return False


def _drop_some(txn: WriteTxn, start: bytes, stop: bytes, limit: int) -> bool:
    """Delete the first keys of a range: `limit` keys, or fewer large ones.

    Return whether keys remain. While a frozen view is open, the transaction also stores originals
    of the deleted values.
    """
    first, more = portion(txn.scan(start, stop), limit)
    txn.drop_range(start, stop, len(first))
    return more
