"""Dropping everything that stands under a prefix, in slices of background work.

What is to go is recorded in the transaction that makes it unreachable, so a crash in the middle loses nothing: the next
start goes on.
"""

from functools import partial
from typing import Final

from emulator.clock import Background
from emulator.database.store import keyspace
from storage import Engine, WriteTxn

DROP_SLICE: Final = 1000  # rows deleted in one slice: about 2 ms


class Drops:
    """The ranges of an engine that are being dropped."""

    def __init__(self, engine: Engine, background: Background) -> None:
        self._engine = engine
        self._background = background

    def begin(self, txn: WriteTxn, prefix: bytes) -> None:
        """Drop what has this prefix, once the transaction has committed."""
        record = keyspace.drop(prefix)
        txn.put(record, b"")
        self._background.add(record, partial(self._slice, record))

    def resume(self) -> None:
        """Go on with what an earlier process left unfinished."""
        with self._engine.read() as txn:
            records = [record for record, _ in txn.scan(*keyspace.drops())]
        for record in records:
            self._background.add(record, partial(self._slice, record))

    def _slice(self, record: bytes) -> bool:
        with self._engine.write() as txn:
            txn.urgent = True
            if txn.get(record) is None:  # the transaction that asked for it did not commit
                return False
            if txn.drop_range(*keyspace.dropped_range(record), DROP_SLICE) == DROP_SLICE:
                return True
            txn.delete(record)
        return False
