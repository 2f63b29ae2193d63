"""The storage contract: what every engine must do.

A store is an ordered map from byte keys to byte values, with transactions. It knows nothing of
DynamoDB, HTTP or time. host.py lists the optional services of an engine.

Rules for every engine:

* Keys are non-empty bytes of any length; values are bytes. Keys sort as unsigned bytes.
* `read()` opens a snapshot: it never sees a write that commits later.
* There is one write transaction at a time. Opening a second one raises AssertionError with the text
  ONE_WRITER.
* A write transaction sees its own writes, and is atomic. If its `with` block ends normally, it
  commits. After an exception or `abort()`, none of its writes remain.
* `scan` walks the keys `start <= key < stop`, ascending or descending. A walk must not be continued
  after its transaction has ended or, in a write transaction, after a put or delete.
* An engine may lose an open snapshot, for example when a file has to grow. The next use of that
  snapshot raises Interrupted.
* A write transaction that raises Interrupted has changed nothing and can be run again.
* After an error of `put` or `delete` the transaction is over.
* Using a transaction after its end raises Closed with the text TRANSACTION_ENDED. Opening one after
  `close()` raises Closed with the text STORE_CLOSED.
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
"""Values in the order of a walk, and the key of the last value (b"" without values)."""


class ReadTxn(Protocol):
    """A snapshot of the store. A class that inherits from this gets a `page` that uses `scan`."""

    def get(self, key: bytes) -> bytes | None:
        """Return the value of a key, or None."""
        ...

    def scan(self, start: bytes, stop: bytes, *, reverse: bool = False) -> Iterator[tuple[bytes, bytes]]:
        """Yield the pairs with start <= key < stop in key order, or backwards."""
        ...

    def page(self, start: bytes, stop: bytes, limit: int, *, reverse: bool = False) -> Page:
        """Return the first `limit` values that `scan` would yield, and the last one's key."""
        return first_page(self.scan(start, stop, reverse=reverse), limit)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class WriteTxn(ReadTxn, Protocol):
    """The write transaction.

    A class that inherits from this gets a `drop_range` that uses `delete`.

    urgent: whether this write frees room or ends a status. The caller sets it before the first put
    or delete. On a full disk, an engine with a reserve gives it to urgent writes.
    """

    urgent: bool

    def put(self, key: bytes, value: bytes) -> None:
        """Set the value of a key. Raises Full, Interrupted."""
        ...

    def delete(self, key: bytes) -> bool:
        """Remove a key; return whether it was there. Raises Full, Interrupted."""
        ...

    def drop_range(self, start: bytes, stop: bytes, limit: int) -> int:
        """Delete up to `limit` keys with start <= key < stop, lowest first; return their number.

        With this, a caller can empty a large range in several transactions.
        """
        doomed = [key for key, _ in islice(self.scan(start, stop), limit)]
        for key in doomed:
            self.delete(key)
        return len(doomed)

    def abort(self) -> None:
        """Undo every write of this transaction; its `with` block then ends without a commit."""
        ...


class Engine(Protocol):
    """An open store.

    description: a text for the user about where the data are: "in memory, lost at exit".
    """

    description: str

    def read(self) -> ReadTxn:
        """Open a snapshot. Raises Closed after close()."""
        ...

    def write(self) -> WriteTxn:
        """Open the write transaction. Raises Closed after close(), Full, Interrupted."""
        ...

    def close(self) -> None:
        """Make all commits durable and release the store. Closing twice is harmless."""
        ...


def first_page(walk: Iterator[tuple[bytes, bytes]], limit: int) -> Page:
    """Return the first `limit` values of a walk, and the key of the last of them."""
    pairs = list(islice(walk, limit))
    return [value for _, value in pairs], pairs[-1][0] if pairs else b""
