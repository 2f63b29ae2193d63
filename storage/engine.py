"""The storage contract: the classes and rules that every engine must implement.

A store is an ordered map from byte keys to byte values, with transactions. It knows nothing of
DynamoDB, HTTP or time. host.py has the optional services of an engine.

Rules for every engine:

* A key is a byte string of at least one byte, and a value is any byte string. Keys sort as unsigned
  bytes.
* `read()` opens a snapshot: it never sees a write that commits later.
* There is one write transaction at a time. Opening a second one raises AssertionError with the text
  ONE_WRITER.
* A write transaction sees its own writes, and is atomic. If its `with` block ends normally, it
  commits. After an exception or `abort()`, none of its writes remain.
* `scan` yields the keys `start <= key < stop` in ascending or descending order. The caller must not
  continue the iterator after its transaction has ended or, in a write transaction, after a put or
  delete.
* An engine may lose an open snapshot, for example when a file has to grow. The next use of that
  snapshot raises Interrupted.
* If a write transaction raises Interrupted, none of its writes were kept, and it can be run again.
* If `put` or `delete` raises an error, the transaction is over.
* Using a transaction after its end raises Closed with the text TRANSACTION_ENDED. Opening a
  transaction after `close()` raises Closed with the text STORE_CLOSED.
* An engine may reuse a transaction object after its `with` block has ended.
* Only one thread uses the transactions of an engine.
"""

from collections.abc import Iterator
from itertools import islice
from types import TracebackType
from typing import Final, Protocol, Self

TRANSACTION_ENDED: Final = "The transaction has ended."
STORE_CLOSED: Final = "The store is closed."
ONE_WRITER: Final = "one write transaction at a time"

Page = tuple[list[bytes], bytes]
"""Values in the order of a scan, and the key of the last value; b"" if there are no values."""


class ReadTxn(Protocol):
    """A read transaction: a snapshot of the store. A subclass may inherit `page`."""

    def get(self, key: bytes) -> bytes | None:
        """Return the value of a key, or None if the store does not have the key."""
        ...

    def scan(self, start: bytes, stop: bytes, *, reverse: bool = False) -> Iterator[tuple[bytes, bytes]]:
        """Yield (key, value) for start <= key < stop, in the order of the keys or in reverse."""
        ...

    def page(self, start: bytes, stop: bytes, limit: int, *, reverse: bool = False) -> Page:
        """Return the first `limit` values that `scan` yields, and the key of the last value."""
        return first_page(self.scan(start, stop, reverse=reverse), limit)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class WriteTxn(ReadTxn, Protocol):
    """The write transaction. A subclass may inherit `drop_range`.

    urgent: True if this write frees room or ends a status. The caller sets it before the first put
    or delete. On a full disk, an engine may keep a reserve of room for urgent writes.
    """

    urgent: bool

    def put(self, key: bytes, value: bytes) -> None:
        """Set the value of a key.

        Raises Full if there is no room, or Interrupted if the transaction must be run again.
        """
        ...

    def delete(self, key: bytes) -> bool:
        """Delete a key. Return False if the store did not have it.

        Raises Full if there is no room, or Interrupted if the transaction must be run again.
        """
        ...

    def drop_range(self, start: bytes, stop: bytes, limit: int) -> int:
        """Delete the first `limit` keys with start <= key < stop, and return their number.

        A caller can empty a large range in several transactions, with one call in each.
        """
        doomed = [key for key, _ in islice(self.scan(start, stop), limit)]
        for key in doomed:
            self.delete(key)
        return len(doomed)

    def abort(self) -> None:
        """Undo all writes of this transaction. The end of its `with` block then commits nothing."""
        ...


class Engine(Protocol):
    """An open store.

    description: tells the user where the data are, for example "in memory, lost at exit".
    """

    description: str

    def read(self) -> ReadTxn:
        """Open a snapshot. Raises Closed after close()."""
        ...

    def write(self) -> WriteTxn:
        """Begin the write transaction. Raises Full or Interrupted, and Closed after close()."""
        ...

    def close(self) -> None:
        """Make all commits durable and close the store. A second call does nothing."""
        ...


def first_page(scanned: Iterator[tuple[bytes, bytes]], limit: int) -> Page:
    """Return the next `limit` values of the scan `scanned`, and the key of the last value."""
    pairs = list(islice(scanned, limit))
    return [value for _, value in pairs], pairs[-1][0] if pairs else b""
