"""Finds the differences between a recorded answer and a new one.

Two correct servers may give different answers. So these parts are not compared:

| part                                               | why it may differ                           |
|----------------------------------------------------|---------------------------------------------|
| the members in VOLATILE                            | they are dates, ids, tokens, delayed counts |
| accounts and dates in ARNs, also in messages       | the accounts and the times differ           |
| the order of most lists (see `_is_ordered`)        | it is not defined                           |

The order is compared if `_is_ordered` returns True, for example for a Query's items. Attribute
values are compared exactly. The pages of a Scan are compared too. If the two servers end a page at
different items, the pages are reported as different. A server may do so, for example, because it
hashes partition keys in another way.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

VOLATILE: Final = frozenset(
    (
        "ApproximateCreationDateTime",
        "BackupArn",
        "CreationDateTime",
        "CreationRequestDateTime",
        "EndingSequenceNumber",
        "IndexSizeBytes",
        "ItemCount",
        "LastDecreaseDateTime",
        "LastEvaluatedShardId",
        "LastEvaluatedStreamArn",
        "LastIncreaseDateTime",
        "LastUpdateDateTime",
        "LastUpdateToPayPerRequestDateTime",
        "LatestStreamLabel",
        "NextShardIterator",
        "NextToken",
        "ParentShardId",
        "SequenceNumber",
        "ShardId",
        "ShardIterator",
        "StartingSequenceNumber",
        "StreamLabel",
        "TableId",
        "TableSizeBytes",
        "eventID",
    )
)
ORDERED: Final = frozenset(
    ("CancellationReasons", "KeySchema", "L", "Records", "StatementResponses", "TableNames", "TransactResponses")
)
"""Members whose lists have an order. `Responses` also has an order in some operations' answers."""

_ORDERED_ITEMS: Final = frozenset(("Query", "ExecuteStatement"))
_ORDERED_RESPONSES: Final = frozenset(("TransactGetItems", "BatchExecuteStatement", "ExecuteTransaction"))
_MESSAGES: Final = frozenset(("message", "Message"))
_TYPES: Final = frozenset(("S", "N", "B", "SS", "NS", "BS", "M", "L", "NULL", "BOOL"))
_ARN: Final = re.compile(r"\b(arn:aws[\w-]*:\w+:[\w-]*:)\d{12}:")
_STREAM: Final = re.compile(r"(/stream/)\d{4}-[\d\-T:.]+")


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference: its path in the answers, and both values. None means a missing value."""

    path: str
    recorded: Any
    replayed: Any


class Comparison:
    """Compares the recorded and the new answer to one request.

    differences: the differences to report.
    ignored: reason -> the number of differences that are not reported for this reason. A reason is
    the name of a member in VOLATILE, or a text.
    """

    def __init__(self, operation: str, recorded: Any, replayed: Any) -> None:  # noqa: ANN401 - JSON
        self._operation = operation
        self.ignored: Counter[str] = Counter()
        self.differences = list(self._compared("", "", recorded, replayed))

    def _compared(self, path: str, name: str, one: Any, two: Any) -> Iterator[Difference]:  # noqa: ANN401 - JSON
        if isinstance(one, dict) and isinstance(two, dict):
            yield from self._objects(path, one, two)
        elif isinstance(one, list) and isinstance(two, list):
            yield from self._lists(path, name, one, two)
        elif one != two:
            if name in VOLATILE:
                self.ignored[name] += 1
            elif name not in _TYPES and portable(one) == portable(two):
                self.ignored["accounts and dates in ARNs"] += 1
            else:
                yield Difference(path or "answer", one, two)

    def _objects(self, path: str, one: Mapping[str, Any], two: Mapping[str, Any]) -> Iterator[Difference]:
        for name in [*one, *(each for each in two if each not in one)]:
            inner = f"{path}.{name}" if path else name
            if name in one and name in two:
                yield from self._compared(inner, name, one[name], two[name])
            elif name in VOLATILE and not isinstance(one.get(name, two.get(name)), dict):
                self.ignored[name] += 1
            else:
                yield Difference(inner, one.get(name), two.get(name))

    def _lists(self, path: str, name: str, one: Sequence[Any], two: Sequence[Any]) -> Iterator[Difference]:
        if not self._is_ordered(name):
            one, two = sorted(one, key=_order), sorted(two, key=_order)
        for position in range(max(len(one), len(two))):
            inner = f"{path}[{position}]"
            if position < len(one) and position < len(two):
                yield from self._compared(inner, name if name in _TYPES else "", one[position], two[position])
            else:
                yield Difference(inner, _at(one, position), _at(two, position))

    def _is_ordered(self, name: str) -> bool:
        if name == "Items":
            return self._operation in _ORDERED_ITEMS
        return name in ORDERED or (name == "Responses" and self._operation in _ORDERED_RESPONSES)


def portable(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return a text without the accounts and dates in its ARNs; return other JSON unchanged."""
    if not isinstance(value, str):
        return value
    return _STREAM.sub(r"\1*", _ARN.sub(r"\1*:", value))


def _order(value: Any) -> bytes:  # noqa: ANN401 - JSON
    """Return bytes by which to sort a list that has no order.

    The bytes contain neither members in VOLATILE, nor accounts and dates in ARNs. So the lists of
    both answers are sorted in the same way.
    """
    return orjson.dumps(_stable(value), option=orjson.OPT_SORT_KEYS)


def _stable(value: Any) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, dict):
        return {name: _stable(each) for name, each in value.items() if name not in VOLATILE or isinstance(each, dict)}
    return [_stable(each) for each in value] if isinstance(value, list) else portable(value)


def _at(values: Sequence[Any], position: int) -> Any:  # noqa: ANN401 - JSON
    return values[position] if position < len(values) else None
