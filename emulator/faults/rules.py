"""A rule: which requests it matches, which of the matching requests it hits, and its effect.

`emulator/controls/faults.py` lists the members of a rule's JSON.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any, Final

import orjson

from emulator.errors import ApiError
from emulator.faults.effects import Effect, WrongEffect, effect_of
from emulator.model.service import operations
from emulator.values.types import Item
from emulator.values.wire import Problem, parse_map

READS: Final = frozenset(("GetItem", "BatchGetItem", "Query", "Scan", "TransactGetItems", "SearchVectors"))
WRITES: Final = frozenset(("PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"))
STATEMENTS: Final = frozenset(("ExecuteStatement", "BatchExecuteStatement", "ExecuteTransaction"))
"""Operations of PartiQL. Such a request is a read if each statement is a SELECT, else a write."""

STREAMS: Final = frozenset(("ListStreams", "DescribeStream", "GetShardIterator", "GetRecords"))

_MEMBERS: Final = ("Match", "Effect", "Seed")
_MATCH: Final = ("Operation", "TableName", "AccessKey", "Region", "Key", "Every", "Share", "Next")
_CHOICES: Final = ("Every", "Share", "Next")
_GROUPS: Final = ("Read", "Write")


class WrongRule(Exception):
    """The JSON of a rule is wrong. The message says why."""


@dataclass(frozen=True, slots=True)
class Touch:
    """A table that a request names, and perhaps an item or a partition of this table.

    table: the name or ARN in the request.
    item: attributes of the item, including its key. For a Query, the attributes that its key
    condition compares with `=`. None if the request names no item.
    partition: the digest of the partition key that a SELECT statement reads, or None.
    """

    table: str
    item: Mapping[str, Any] | None = None
    partition: bytes | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule in force.

    number: rules are numbered from 1 on.
    slot: the place of the rule's counts in the rule store.
    body: the JSON of the rule. The other fields are members of this JSON, after parsing.
    operations, groups: the member `Operation`. A group is "Read" or "Write". The rule is about all
    operations if `operations` is None and `groups` is empty.
    key: the attributes of `Key`, with canonical values.
    """

    number: int
    slot: int
    body: Mapping[str, Any]
    effect: Effect
    seed: int
    operations: frozenset[str] | None
    groups: frozenset[str]
    table: str | None
    access_key: str | None
    region: str | None
    key: Item | None
    every: int | None = None
    share: float | None = None
    next: int | None = None

    @property
    def id(self) -> str:
        """The name of the rule in controls, such as "f-1"."""
        return f"f-{self.number}"

    def takes(self, operation: str, *, writes: bool | None) -> bool:
        """Return True if the rule is about an operation.

        writes: True if the operation writes items, False if it reads items, None if it does
        neither.
        """
        if self.operations is None and not self.groups:
            return True
        group = None if writes is None else "Write" if writes else "Read"
        return group in self.groups or (self.operations is not None and operation in self.operations)

    def hits(self, number: int) -> bool:
        """Return True if the rule hits a request that matches.

        number: the number of the request among all requests that match the rule, from 1 on.
        """
        if self.every is not None:
            return number % self.every == 0
        if self.next is not None:
            return number <= self.next
        return self.share is None or self.random(number, "share").random() < self.share

    def random(self, number: int, purpose: str) -> Random:
        """Return a source of random numbers.

        The same seed, number and purpose give the same random numbers in every process.
        number: the number of the request among all requests that match the rule, from 1 on.
        purpose: what the random numbers are for, such as "latency".
        """
        return Random(f"{self.seed} {number} {purpose}")  # noqa: S311 - must be repeatable, not secret

    def has_key(self, item: Mapping[str, Any] | None) -> bool:
        """Return True if an item has all attributes of `Key`, or if the rule has no `Key`."""
        if self.key is None:
            return True
        return item is not None and all(_same(value, item.get(name)) for name, value in self.key.items())


def _same(wanted: Any, given: Any) -> bool:  # noqa: ANN401 - attribute values
    """Return True if two attribute values are equal.

    wanted: a canonical value.
    given: a value from a request, which may be in another form or not valid.
    """
    if given == wanted:
        return True
    if not isinstance(given, dict) or given.keys() != wanted.keys():
        return False
    return _parsed({"v": given}) == {"v": wanted}


def _parsed(attributes: Mapping[str, Any]) -> Item | None:
    """Return attributes in their canonical form, None if they are not valid."""
    problems: list[Problem] = []
    try:
        item: Item = parse_map(dict(attributes), problems)
    except ApiError:
        return None
    return None if problems else item


def check(body: Mapping[str, Any]) -> None:
    """Raise WrongRule if `body` is not a valid rule, or cannot be written as JSON."""
    try:
        orjson.dumps(body)
    except TypeError as error:  # the body has half of a surrogate pair, or a number of more than 64 bits
        raise WrongRule(f"the rule cannot be written as JSON: {error}") from None
    rule_of(body, 1, 0)


def rule_of(body: Mapping[str, Any], number: int, slot: int) -> Rule:
    """Return the rule that `body` describes. Raises WrongRule if `body` is not a valid rule.

    body: the JSON of the rule. number, slot: the rule's number and slot in the rule store.
    """
    _refuse_unknown(body, _MEMBERS, "there is no member")
    match = body.get("Match", {})
    if not isinstance(match, dict):
        raise WrongRule("the member Match must be a JSON object")
    _refuse_unknown(match, _MATCH, "Match has no member")
    if not isinstance(body.get("Effect"), dict):
        raise WrongRule("the member Effect is missing or not a JSON object")
    try:
        effect = effect_of(body["Effect"])
    except WrongEffect as error:
        raise WrongRule(str(error)) from None
    seed = body.get("Seed", 0)
    if not isinstance(seed, int) or isinstance(seed, bool):
        raise WrongRule("the member Seed must be a whole number")
    if sum(name in match for name in _CHOICES) > 1:
        raise WrongRule("Match may have only one of the members Every, Share and Next")
    names, groups = _operations(match.get("Operation"))
    texts = {name: _text(match, name) for name in ("TableName", "AccessKey", "Region")}
    return Rule(
        number,
        slot,
        body,
        effect,
        seed,
        names,
        groups,
        texts["TableName"],
        texts["AccessKey"],
        texts["Region"],
        _key(match.get("Key")),
        every=_count(match, "Every"),
        share=_share(match),
        next=_count(match, "Next"),
    )


def _refuse_unknown(body: Mapping[str, Any], names: Iterable[str], text: str) -> None:
    unknown = sorted(body.keys() - set(names))
    if unknown:
        raise WrongRule(f"{text} {unknown[0]}; there are: {', '.join(names)}")


def _operations(given: object) -> tuple[frozenset[str] | None, frozenset[str]]:
    """Return a pair: the operations and the groups (Read, Write) that a member Operation names.

    Without this member, the pair is None and an empty set, which means all operations.
    """
    if given is None:
        return None, frozenset()
    names = [given] if isinstance(given, str) else given
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        raise WrongRule("the member Operation of Match must be the name of an operation, or a list of names")
    known = {*operations(), *STREAMS, *_GROUPS}
    for name in names:
        if name not in known:
            raise WrongRule(f"there is no operation {name}; Operation can be the name of an operation, Read or Write")
    return frozenset(name for name in names if name not in _GROUPS), frozenset(
        name for name in names if name in _GROUPS
    )


def _text(match: Mapping[str, Any], name: str) -> str | None:
    value = match.get(name)
    if name in match and (not isinstance(value, str) or not value):
        raise WrongRule(f"the member {name} of Match must be a string that is not empty")
    return value


def _key(given: object) -> Item | None:
    if given is None:
        return None
    key = _parsed(given) if isinstance(given, dict) and given else None
    if key is None:
        raise WrongRule('the member Key of Match must have key attributes, such as {"id": {"S": "o-1"}}')
    return key


def _count(match: Mapping[str, Any], name: str) -> int | None:
    value = match.get(name)
    if name in match and (not isinstance(value, int) or isinstance(value, bool) or value < 1):
        raise WrongRule(f"the member {name} of Match must be a whole number of at least 1")
    return value


def _share(match: Mapping[str, Any]) -> float | None:
    value = match.get("Share")
    if "Share" not in match:
        return None
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= 1:
        raise WrongRule("the member Share of Match must be a number from 0 to 1")
    return float(value)
