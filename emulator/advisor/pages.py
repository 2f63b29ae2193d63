"""Computes the size and the capacity units of the pages of a Query, a Scan or a SELECT.

The units are exact if the answer shows all items that were read. Otherwise they are estimated. If
an answer has more than 64 KB, the advisor gets only its first items (http/observing/evidence.py).
"""

from collections import Counter
from collections.abc import Mapping
from math import ceil
from typing import Any, Final

from emulator.advisor.calls import Access, Item
from emulator.advisor.tables import TableFacts
from emulator.advisor.units import mean_of, size_of
from emulator.database.store import keyspace
from emulator.database.throughput import capacity
from emulator.limits import PAGE, READ_UNIT
from emulator.values.number import canonical
from emulator.values.types import Value

Json = Mapping[str, Any]

CUT: Final = "CutBytes"
"""The member that replaces the items of a long answer. It is the length of their JSON in bytes."""

SAMPLE: Final = "CutItems"
"""The member with the first items of a long answer. Only an answer with CUT can have SAMPLE."""

SAMPLE_BYTES: Final = "CutItemsBytes"
"""The member that says how many bytes the JSON of the items in SAMPLE has."""

# The size of an item divided by the length of its JSON: the usual ratio, then the lowest and the
# highest. Items with many numbers of one digit have the lowest ratio.
_TEXT_OVERHEAD: Final = 0.8
_TEXT_OVERHEADS: Final = (0.2, 1.0)


def pay_page(access: Access, request: Json, answer: Json) -> None:
    """Set the size and the units of a page, and note the mean size of its items for their table."""
    sizes = [size_of(item) for item in access.items]
    size = _size_of_cut(access, answer) if CUT in answer else sum(sizes)
    shown = access.whole and request.get("Select") != "COUNT" and bool(access.returned)
    mean = size / access.returned if shown else mean_of(access)
    if shown and access.facts is not None and not access.index and (CUT not in answer or SAMPLE in answer):
        access.facts.note_size(mean)
    all_shown = access.scanned == 0 or (shown and access.scanned == access.returned and CUT not in answer)
    access.size = int(size if all_shown else mean * access.scanned)
    access.returned_size = int(size)
    # With ALL_ATTRIBUTES, a read of a local index may also read items of the table. The answer does
    # not show how many.
    access.exact = all_shown and not (access.index and request.get("Select") == "ALL_ATTRIBUTES")
    if access.action == "Scan" and access.facts is not None:
        access.read = _scan_units(access, access.facts, request, answer, sizes if all_shown else None)
    else:
        access.read = capacity.read_units(access.size, consistent=access.consistent)


def scanned_by_statement(access: Access, request: Json) -> int:
    """Estimate how many items a SELECT has read, because its answer does not contain the number.

    For the first page of a filtered scan, the estimate is the number of items in the table or
    index. If more pages follow, the estimate is at most the request's Limit. Without a Limit, the
    estimate is at most the number of items that fit into a page. For all other reads, the estimate
    is the number of returned items.
    """
    if access.action != "Scan" or not access.filtered or access.facts is None or access.start:
        return access.returned
    items, size = access.facts.count(access.index) or (0, 0)
    if items and access.last:
        items = min(items, request.get("Limit") or ceil(PAGE * items / max(size, 1)))
    return max(items, access.returned)


def _size_of_cut(access: Access, answer: Json) -> float:
    """Estimate the size of all items of a long answer.

    The advisor has only the first items of such an answer, or none.
    """
    if SAMPLE in answer:
        return float(answer[CUT] * sum(map(size_of, answer[SAMPLE])) / answer[SAMPLE_BYTES])
    if access.whole and access.returned and access.facts is not None:
        least, most = (answer[CUT] * part for part in _TEXT_OVERHEADS)
        return float(min(most, max(least, mean_of(access) * access.returned)))
    return float(answer[CUT] * _TEXT_OVERHEAD)


def _scan_units(access: Access, facts: TableFacts, request: Json, answer: Json, sizes: list[int] | None) -> float:
    """Return the units of a Scan. The units of each partition are rounded up (behaviour 9.1).

    sizes: the sizes of all items that the Scan has read, None if the answer does not show them all.
    """
    total = facts.partitions_of(access.index)
    names = facts.hash_of(access.index)
    first, last = 0, total - 1
    if request.get("TotalSegments"):
        segment, segments = request["Segment"], request["TotalSegments"]
        first, last = segment * total // segments, ceil((segment + 1) * total / segments) - 1
    if request.get("ExclusiveStartKey"):
        first = _partition(request["ExclusiveStartKey"], names, facts, total)
    if answer.get("LastEvaluatedKey"):
        last = _partition(answer["LastEvaluatedKey"], names, facts, total)
    if sizes is not None:
        filled: Counter[int] = Counter()
        for item, size in zip(access.items, sizes, strict=True):
            filled[_partition(item, names, facts, total)] += size
        read = {*range(first, last + 1), *filled}
        return sum(capacity.read_units(filled[number], consistent=access.consistent) for number in read)
    count = max(last + 1 - first, 1)
    each = max(1.0, access.size / count / READ_UNIT + 0.5)  # + 0.5: rounding up adds half a unit on average
    return count * each if access.consistent else count * each / 2


def _partition(item: Item, names: tuple[str, ...], facts: TableFacts, total: int) -> int:
    """Return the number of an item's partition, from 0. total: the number of partitions."""
    if total == 1:
        return 0
    pieces = [keyspace.KEY_BYTES[facts.types[name]](_canonical(item[name])) for name in names]
    return int.from_bytes(keyspace.joined_digest(pieces), "big") * total >> (8 * keyspace.DIGEST)


def _canonical(value: Value) -> Value:
    """Return a key value in the form of the store. A request may write a number as 1.0 or 1e0."""
    return {"N": canonical(value["N"])} if "N" in value else value
