"""Time to live: a queue of expiry times for each table that has it, kept by the write path (behaviour 12).

An entry of the queue is a key of milliseconds of expiry and item, so what has expired stands together, in order, and
finding it costs nothing for the items that have not. Items that were there before TTL was switched on enter the queue by
a walk (ttl_fill.py); what has expired is deleted by sweeps (ttl_sweep.py).
"""

from typing import Final

from emulator.database.definitions.tables import TableDefinition
from emulator.database.schema.followers import Change
from emulator.database.store import keyspace
from emulator.values.types import Item
from storage import WriteTxn

_LATEST: Final = (1 << 63) - 1  # milliseconds; what expires later than in 292 million years does not expire
_TOO_OLD: Final = 5 * 365 * 86_400_000  # milliseconds; what expired longer ago than five years stays (behaviour 12)


def queue_of(definition: TableDefinition) -> "TtlQueue | None":
    """Return the queue of a table, None while TTL is off."""
    if definition.ttl_queue is None:
        return None
    assert definition.ttl_attribute is not None, "there is a queue only while TTL is on"
    return TtlQueue(definition.ttl_queue, definition.ttl_attribute)


class TtlQueue:
    """A table's queue; follows its writes. attribute: the name of the TTL attribute."""

    __slots__ = ("attribute", "prefix")

    def __init__(self, queue: int, attribute: str) -> None:
        self.attribute = attribute
        self.prefix = keyspace.expiries(queue)

    def follow(self, txn: WriteTxn, change: Change) -> None:
        """Remove the expiry that the item had, and enter the one that it has now."""
        before, after = self.expiry(change.old_item()), self.expiry(change.new)
        if before != after:
            if before is not None:
                txn.delete(keyspace.expiry(self.prefix, before, change.key))
            if after is not None:
                txn.put(keyspace.expiry(self.prefix, after, change.key), b"")

    def expired(self, now: float) -> tuple[bytes, bytes]:
        """Return the range of the entries to be swept: less than now (seconds), not more than five years ago.

        Less, because an item expires once its time is less than the current one (AWS API Reference: UpdateTimeToLive).
        """
        milliseconds = int(now * 1000)
        oldest = max(0, milliseconds - _TOO_OLD)
        return keyspace.expiry(self.prefix, oldest, b""), keyspace.expiry(self.prefix, milliseconds, b"")

    def entry(self, item: Item, item_key: bytes) -> bytes | None:
        """Return the entry that an item must have, None where it never expires."""
        expiry = self.expiry(item)
        return None if expiry is None else keyspace.expiry(self.prefix, expiry, item_key)

    def expiry(self, item: Item | None) -> int | None:
        """Return when an item expires, in whole milliseconds since the epoch; None for never: only a Number says when."""
        value = None if item is None else item.get(self.attribute)
        if value is None or "N" not in value:
            return None
        text: str = value["N"]
        if text.isdigit():
            milliseconds = int(text) * 1000
        elif text[0] == "-":
            return None
        else:
            whole, _, fraction = text.partition(".")
            milliseconds = int(whole + fraction[:3].ljust(3, "0"))
        return milliseconds if milliseconds <= _LATEST else None
