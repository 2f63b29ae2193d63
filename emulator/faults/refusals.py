"""The effects inside an operation: throttles, unprocessed items, conflicts.

These effects act through the gate (database/throughput/gate.py), at the point where real throttles
act. So all checks of the request come first, and a write that is refused is not stored.
"""

from collections.abc import Callable, Sequence
from typing import Final

from emulator import errors
from emulator.database.catalog.catalog import Caller
from emulator.database.definitions.tables import TableDefinition
from emulator.database.store import keyspace
from emulator.database.throughput.gate import Kind
from emulator.database.throughput.throttles import ThrottleLog
from emulator.errors import ApiError
from emulator.faults.effects import Conflict, Throttle, Unprocessed
from emulator.faults.rules import Rule, Touch
from emulator.values.types import Item

_CANCELED_BY: Final[dict[str, Callable[[], ApiError]]] = {
    "ConditionalCheckFailed": lambda: errors.conditional_check_failed(None),
    "TransactionConflict": errors.transaction_conflict,
}


class Refusals:
    """An `Injection` for the gate: the effects of the rules that hit one request, on its parts.

    hits: a triple for each rule that hits the request: the rule, the number of this request among
    all requests that the rule has matched, and the tables and items that the request names.
    throttles: the log of throttles, which notes the name of the rule.
    """

    def __init__(
        self, caller: Caller, hits: Sequence[tuple[Rule, int, Sequence[Touch]]], throttles: ThrottleLog
    ) -> None:
        self._caller = caller
        self._throttles = throttles
        self._hits = hits
        self._left: dict[int, set[int]] = {}
        self._seen: dict[int, int] = {}
        for rule, number, touches in hits:
            if isinstance(rule.effect, Unprocessed):
                self._left[rule.number] = _left_out(rule, rule.effect, number, len(touches))
                self._seen[rule.number] = 0

    def refusal(
        self, table: TableDefinition, kind: Kind, index: str | None, partition: bytes | None, item: Item | None
    ) -> ApiError | None:
        """Return the error for a read or write of a table, None if no rule refuses the access.

        The parameters are those of `Injection.refusal` (database/throughput/gate.py).
        """
        for rule, _, _ in self._hits:
            effect = rule.effect
            if not isinstance(effect, Throttle | Unprocessed) or not self._is_about(rule, table, partition, item):
                continue
            self._throttles.fault = rule.id
            if isinstance(effect, Unprocessed):
                position = self._seen[rule.number]
                self._seen[rule.number] = position + 1
                if position in self._left[rule.number]:
                    return throttled(Throttle(None, None), table, kind, index)
            else:
                return throttled(effect, table, kind, index)
        return None

    def conflict(self, table: TableDefinition, key: bytes) -> ApiError | None:
        """Return the error for a write of an item, None if no rule refuses the write.

        key: the storage key of the item.
        """
        for rule, _, _ in self._hits:
            effect = rule.effect
            if isinstance(effect, Conflict) and self._is_about_key(rule, table, key):
                made = _CANCELED_BY.get(effect.code)
                if made is not None:
                    return made()
                on_demand = effect.code == "ThrottlingError"
                return errors.throughput_exceeded(
                    table.arn, "Write", index=False, on_demand=on_demand, maximum=False, key_range=on_demand
                )
        return None

    def _is_about(self, rule: Rule, table: TableDefinition, partition: bytes | None, item: Item | None) -> bool:
        if not names(rule, table.name, self._caller):
            return False
        if rule.key is None:
            return True
        if item is not None:
            return rule.has_key(item)
        return partition is not None and partition == partition_of(rule, table.name, self._caller)

    def _is_about_key(self, rule: Rule, table: TableDefinition, key: bytes) -> bool:
        if not names(rule, table.name, self._caller):
            return False
        if rule.key is None:
            return True
        compiled = self._caller.tables.get(table.name)
        if compiled is None:
            return False
        if rule.key.keys() == set(compiled.key_names):
            try:
                return compiled.item_key(rule.key) == key
            except ApiError:  # the values in `Key` have wrong types, so no item has this key
                return False
        return keyspace.partition_of(key) == partition_of(rule, table.name, self._caller)


def names(rule: Rule, table: str, caller: Caller) -> bool:
    """Return True if a rule is about a table of the caller.

    table: the name of the table, or an ARN.
    """
    wanted = rule.table
    if wanted is None or wanted == table:
        return True
    bare = table.rpartition("/")[2]
    if not wanted.startswith("arn:"):
        return wanted == bare
    if table.startswith("arn:"):
        return False
    found = caller.tables.get(table)
    return found is not None and found.arn == wanted


def throttled(effect: Throttle, table: TableDefinition, kind: Kind, index: str | None) -> ApiError:
    """Return the error of a throttle.

    index: the name of the global index that the request reads, None for the table.
    """
    named = effect.index or index
    on_demand = table.billing_mode == "PAY_PER_REQUEST"
    limit = effect.limit or ("KeyRange" if on_demand else "Provisioned")
    arn = table.arn if named is None else f"{table.arn}/index/{named}"
    if limit == "Account":
        return errors.account_limit_exceeded(arn, kind, index=named is not None)
    return errors.throughput_exceeded(
        arn,
        kind,
        index=named is not None,
        on_demand=limit == "MaxOnDemand" or (on_demand and limit != "Provisioned"),
        maximum=limit == "MaxOnDemand",
        key_range=limit == "KeyRange",
    )


def _left_out(rule: Rule, effect: Unprocessed, number: int, count: int) -> set[int]:
    """Return the positions of the items of a batch that stay unprocessed.

    count: the number of items in the batch. With a share between 0 and 1, at least one item is
    processed. If the batch has two items or more, at least one item stays unprocessed.
    """
    if effect.share in (0.0, 1.0):
        return set(range(count)) if effect.share else set()
    left = min(max(round(effect.share * count), 1), count - 1)
    return set(rule.random(number, "unprocessed").sample(range(count), max(left, 0)))


def partition_of(rule: Rule, name: str, caller: Caller) -> bytes | None:
    """Return the digest of the partition key that is in a rule's `Key`.

    None means that the table does not exist, or that `Key` has no valid partition key of the table.
    name: the name or ARN of the table.
    """
    table = caller.tables.get(name.rpartition("/")[2])
    if table is None or rule.key is None or table.hash not in rule.key:
        return None
    try:
        return keyspace.digest(table.hash_encode(rule.key[table.hash]))
    except KeyError:  # the value in `Key` does not have the type of the table's partition key
        return None
