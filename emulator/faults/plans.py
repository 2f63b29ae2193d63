"""The plan of one request: the effects of all rules that hit it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from emulator.database.catalog.catalog import Caller
from emulator.faults.effects import Conflict, Effect, Failure, Latency, ShortPage, Silence, Throttle, Unprocessed
from emulator.faults.refusals import names, partition_of
from emulator.faults.rule_store import RuleStore
from emulator.faults.rules import Rule, Touch
from emulator.faults.touching import PAGED, touched, writes_of

_COMBINES = Latency | ShortPage | Unprocessed
_TRANSACTIONS: Final = frozenset(("TransactWriteItems", "TransactGetItems", "ExecuteTransaction"))
_BATCHES: Final = frozenset(("BatchGetItem", "BatchWriteItem", "BatchExecuteStatement"))


@dataclass(slots=True)
class Plan:
    """The effects on one request.

    before, after: seconds to wait before the request runs, and before its answer is sent.
    items: the maximum number of items on a page of a read, None for no maximum.
    inside: the rules whose effects act inside the operation, such as throttles, as triples: the
    rule; the number of requests that it has matched, up to and with this one; the tables and items
    of this request that the rule is about.
    end: the error or silence that takes the place of the answer, None to send the answer.
    """

    before: float = 0.0
    after: float = 0.0
    items: int | None = None
    inside: list[tuple[Rule, int, Sequence[Touch]]] = field(default_factory=list)
    end: Failure | Silence | None = None


def plan_of(rules: Iterable[Rule], store: RuleStore, operation: str, request: object, caller: Caller) -> Plan | None:
    """Count a request for each rule that matches it, and return the plan of the request.

    None means that no rule hits the request.
    """
    plan: Plan | None = None
    writes = writes_of(operation, request)
    found: dict[bool, list[Touch]] = {}
    for rule in rules:
        if not rule.takes(operation, writes=writes) or not _has_credentials(rule, caller):
            continue
        if not _applies(rule.effect, operation, writes=writes):
            continue
        keys = rule.key is not None
        if keys not in found:
            found[keys] = touched(operation, request, caller, keys=keys)
        touches = [each for each in found[keys] if _is_about(rule, each, caller)]
        if not touches and (rule.table is not None or keys):
            continue
        number, hit = store.count(rule.slot, rule.hits)
        if hit:
            plan = plan or Plan()
            _add(plan, rule, number, touches)
            if not isinstance(rule.effect, _COMBINES):
                break
    return plan


def _applies(effect: Effect, operation: str, *, writes: bool | None) -> bool:
    """Return True if an effect can change the result of an operation.

    writes: True if the operation writes items, False if it reads items, None if it does neither.
    """
    match effect:
        case ShortPage():
            return operation in PAGED and writes is not True
        case Unprocessed():
            return operation in _BATCHES
        case Conflict():
            return operation in _TRANSACTIONS or (writes is True and not effect.transactions_only)
        case _:
            return True


def _has_credentials(rule: Rule, caller: Caller) -> bool:
    return rule.access_key in (None, caller.access_key) and rule.region in (None, caller.region)


def _is_about(rule: Rule, touch: Touch, caller: Caller) -> bool:
    if not names(rule, touch.table, caller):
        return False
    if rule.key is None or rule.has_key(touch.item):
        return True
    # A Touch with a partition has no sort key. So it can match only a rule that has no sort key in
    # `Key`.
    one_key = len(rule.key) == 1
    return one_key and touch.partition is not None and touch.partition == partition_of(rule, touch.table, caller)


def _add(plan: Plan, rule: Rule, number: int, touches: Sequence[Touch]) -> None:
    effect = rule.effect
    match effect:
        case Latency():
            seconds = effect.draw(rule.random(number, "latency"))
            if effect.after:
                plan.after += seconds
            else:
                plan.before += seconds
        case ShortPage():
            plan.items = effect.items if plan.items is None else min(plan.items, effect.items)
        case Failure() | Silence():
            plan.end = effect
        case Throttle() | Unprocessed() | Conflict():
            plan.inside.append((rule, number, touches))
