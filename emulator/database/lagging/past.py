"""A read transaction that shows a table and its indexes as they were at an earlier time."""

from collections.abc import Iterator
from types import TracebackType

from emulator.clock import Clock
from emulator.database.lagging.log import POSITION, position
from emulator.database.lagging.setting import LagSetting, Reader
from emulator.database.store import keyspace
from emulator.database.views.recording import original_of, value_of
from storage import ReadTxn
from storage.keycode import escape, prefix_end, unescape

_Pair = tuple[bytes, bytes]


class Lag:
    """Makes the transactions in which lagging reads of one table see an earlier state.

    log: the id of the table's lag log.
    """

    __slots__ = ("_originals", "_reader")

    def __init__(self, setting: LagSetting, log: int, clock: Clock) -> None:
        self._originals = keyspace.lag_originals(log)
        self._reader = Reader(setting, clock)

    def past(self, txn: ReadTxn) -> ReadTxn:
        """Return a transaction in which the next read of the table sees an earlier state."""
        return PastTxn(txn, self._originals, position(self._reader.micros() + 1))


class PastTxn(ReadTxn):
    """A read transaction that shows each key of a table as it was at an earlier time.

    txn: the transaction that shows the current state. The code that opened it closes it.
    originals: the prefix of the keys under which the table's lag log stores originals.
    since: the first position in the lag log after the earlier time, as bytes. A position is the
    time and the number of a record (log.py).
    """

    __slots__ = ("_originals", "_since", "_txn")

    def __init__(self, txn: ReadTxn, originals: bytes, since: bytes) -> None:
        self._txn = txn
        self._originals = originals
        self._since = since

    def get(self, key: bytes) -> bytes | None:
        """Return the value that a key had at the earlier time, or None if the key was absent."""
        records = self._originals + escape(key)
        found, _ = self._txn.page(records + self._since, prefix_end(records), 1)
        return value_of(found[0]) if found else self._txn.get(key)

    def scan(self, start: bytes, stop: bytes, *, reverse: bool = False) -> Iterator[_Pair]:
        """Yield the pairs (key, value) that existed at the earlier time with start <= key < stop.

        The pairs are in the order of their keys. reverse: whether this order is descending.
        """
        past = self._past(start, stop, reverse=reverse)
        for key, original in _merged(past, self._txn.scan(start, stop, reverse=reverse), reverse=reverse):
            value = value_of(original)
            if value is not None:
                yield key, value

    def _past(self, start: bytes, stop: bytes, *, reverse: bool) -> Iterator[_Pair]:
        """Yield each key of the range that was changed after the earlier time, with its old value.

        The old value has the form of an original: 00 if the key was absent at the earlier time,
        else 01 and the value.
        """
        prefix = self._originals
        current: bytes | None = None
        original = b""
        for record, stored in self._txn.scan(prefix + escape(start), prefix + escape(stop), reverse=reverse):
            if record[-POSITION:] < self._since:
                continue
            key, _ = unescape(record, len(prefix))
            if key != current:
                if current is not None:
                    yield current, original
                current, original = key, stored
            elif reverse:
                # Of the key's records after the earlier time, the oldest has the value that the key
                # had at this time. A descending scan reaches the oldest record last.
                original = stored
        if current is not None:
            yield current, original

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Do nothing: the code that opened `txn` closes it."""


def _merged(past: Iterator[_Pair], live: Iterator[_Pair], *, reverse: bool) -> Iterator[_Pair]:
    """Merge two iterators of keys in order, and yield each key with its original.

    past: pairs (key, original). An original is an earlier value, or a mark that the key was absent.
    live: pairs (key, current value); the value becomes the original. If a key is in both, the pair
    from `past` is used.
    """
    ours, theirs = next(past, None), next(live, None)
    while ours is not None or theirs is not None:
        if ours is None or (theirs is not None and (theirs[0] > ours[0] if reverse else theirs[0] < ours[0])):
            assert theirs is not None, "at least one of the two iterators must have a pair here"
            yield theirs[0], original_of(theirs[1])
            theirs = next(live, None)
            continue
        if theirs is not None and theirs[0] == ours[0]:
            theirs = next(live, None)
        yield ours
        ours = next(past, None)
