"""Time to live: a queue of expiry times for each table with TTL (behaviour 12).

A *ticket* of the queue is a storage key with an empty value. The key consists of the queue's
prefix, the item's time of expiry in milliseconds, and the item's key. So the tickets are in the
order of expiry, and a sweep reads only the tickets of expired items. When TTL is enabled, a walk
(jobs/ttl_fill.py) adds tickets of the items that exist already. Sweeps (jobs/ttl_sweep.py) delete
the items that have expired.
"""

from typing import Final

from emulator.database.definitions.tables import TableDefinition
from emulator.database.schema.followers import Change
from emulator.database.store import keyspace
from emulator.values.types import Item
from storage import WriteTxn

_LATEST: Final = (1 << 63) - 1
"""Milliseconds: about 292 million years. An item with a later expiry never expires."""

_TOO_OLD: Final = 5 * 365 * 86_400_000
"""Milliseconds. An item that expired more than five years ago stays (behaviour 12)."""


def queue_of(definition: TableDefinition) -> "TtlQueue | None":
    """Return the queue of a table, None while TTL is off."""
    if definition.ttl_queue is None:
        return None
    assert definition.ttl_attribute is not None, "a table with a TTL queue needs a TTL attribute"
    return TtlQueue(definition.ttl_queue, definition.ttl_attribute)


class TtlQueue:
    """The TTL queue of a table: a follower that updates the tickets with each write of an item.

    attribute: the name of the TTL attribute.
    """

    __slots__ = ("attribute", "prefix")

    def __init__(self, queue: int, attribute: str) -> None:
        self.attribute = attribute
        self.prefix = keyspace.expiries(queue)

    def follow(self, txn: WriteTxn, change: Change) -> None:
        """Replace the ticket of a changed item, if its time of expiry has changed."""
        before, after = self.expiry(change.old_item()), self.expiry(change.new)
        if before != after:
            if before is not None:
                txn.delete(keyspace.ticket(self.prefix, before, change.key))
            if after is not None:
                txn.put(keyspace.ticket(self.prefix, after, change.key), b"")

    def expired(self, now: float) -> tuple[bytes, bytes]:
        """Return the range of tickets whose items a sweep at the time `now` deletes.

        The result is a pair of storage keys: the start of the range, and its end, which is not in
        the range. The items have expired within the last five years. An item expires as soon as the
        time in its TTL attribute is earlier than the current time (AWS API Reference:
        UpdateTimeToLive).

        now: seconds since the epoch.
        """
        milliseconds = int(now * 1000)
        oldest = max(0, milliseconds - _TOO_OLD)
        return keyspace.ticket(self.prefix, oldest, b""), keyspace.ticket(self.prefix, milliseconds, b"")

    def ticket(self, item: Item, item_key: bytes) -> bytes | None:
        """Return the ticket of an item (its storage key in the queue).

        Return None if the item never expires.
        """
        expiry = self.expiry(item)
        return None if expiry is None else keyspace.ticket(self.prefix, expiry, item_key)

    def expiry(self, item: Item | None) -> int | None:
        """Return the time at which an item expires, in milliseconds since the epoch.

        Return None if the item never expires: its TTL attribute is missing, not a Number, negative
        or too large.
        """
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
