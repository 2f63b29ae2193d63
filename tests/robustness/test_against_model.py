"""Random operations run on a dict, on an emulator in memory and on one with LMDB.

Both emulators must return the same bytes for every request. The answers must agree with the dict:
items, order, pages, counts and sizes, of the table and of every index. During a sequence of
operations, one index is created, filled in small slices and deleted.

EXAMPLES=100 makes the runs a hundred times as long, and different each time.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.database.jobs import backfill
from emulator.database.store import deletions
from emulator.errors import ApiError
from emulator.settings import Settings
from tests.support.in_process import InProcess
from tests.support.invariants import check_store
from tests.support.profile import profile
from tests.support.tables import index_request, table_request

Item = dict[str, dict[str, str]]

KEYS = ("pk", "sk")
TYPES = {"pk": "S", "sk": "N", "l": "S", "g": "S", "h": "N", "n": "N", "x": "S", "big": "S"}


@dataclass(frozen=True)
class Source:
    """The table (name: None) or an index. The first `hashes` of its key attributes are HASH."""

    name: str | None
    keys: tuple[str, ...]
    hashes: int = 1
    projected: tuple[str, ...] | None = None  # None: all attributes

    @property
    def all_keys(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.keys, *KEYS)))

    def holds(self, item: Item) -> bool:
        return all(name in item for name in self.keys)

    @property
    def filters(self) -> bool:
        """True if a query may filter on n. A global index must project n for that."""
        return self.projected is None or "n" in self.projected or self.name == "local"

    def entry(self, item: Item) -> Item:
        if self.projected is None:
            return item
        return {name: value for name, value in item.items() if name in (*self.all_keys, *self.projected)}


TABLE = Source(None, KEYS)
LATE = Source("late", ("n",))
SOURCES = {
    "table": TABLE,
    "local": Source("local", ("pk", "l"), projected=("x",)),
    "global": Source("global", ("g", "h")),
    "thin": Source("thin", ("l",), projected=()),
    "multi": Source("multi", ("g", "l", "h"), hashes=2, projected=("n",)),
}
LATE_REQUEST = {
    "AttributeDefinitions": [{"AttributeName": "n", "AttributeType": "N"}],
    "GlobalSecondaryIndexUpdates": [{"Create": index_request("late", "n")}],
}


def create_request(name: str) -> dict[str, Any]:
    request = table_request(
        "pk:S sk:N",
        define="l:S g:S h:N",
        LocalSecondaryIndexes=[index_request("local", "pk l", "INCLUDE", ["x"])],
        GlobalSecondaryIndexes=[
            index_request("global", "g h"),
            index_request("thin", "l", "KEYS_ONLY"),
            index_request("multi", "g+l h", "INCLUDE", ["n"]),
        ],
    )
    return {**request, "TableName": name}


# --- the model ------------------------------------------------------------------------------------


def key_of(item: Item, names: tuple[str, ...] = KEYS) -> Item:
    return {name: item[name] for name in names}


def order(value: dict[str, str]) -> Any:
    """Return a Decimal or bytes that sort as the values of a key attribute do (behaviour 2.6)."""
    ((kind, content),) = value.items()
    return Decimal(content) if kind == "N" else content.encode()


def number_size(text: str) -> int:
    """Return the size in bytes of a number that is written without exponent (behaviour 2.3)."""
    whole, _, fraction = text.lstrip("-").partition(".")
    whole = whole.strip("0") if not fraction else whole.lstrip("0")
    fraction = fraction if whole else fraction.lstrip("0")
    if not whole and not fraction:
        return 1
    return 1 + -(-len(whole) // 2) + -(-len(fraction) // 2) + text.startswith("-")


def size(item: Item) -> int:
    return sum(
        len(name.encode())
        + sum(number_size(text) if kind == "N" else len(text.encode()) for kind, text in value.items())
        for name, value in item.items()
    )


@dataclass
class Model:
    """The expected items of a table, in a dict."""

    items: dict[tuple[Any, ...], Item] = field(default_factory=dict)

    def get(self, key: Item) -> Item | None:
        return self.items.get(self._identity(key))

    def put(self, item: Item) -> None:
        self.items[self._identity(item)] = item

    def delete(self, key: Item) -> None:
        self.items.pop(self._identity(key), None)

    def entries(self, source: Source) -> list[Item]:
        return [source.entry(item) for item in self.items.values() if source.holds(item)]

    @staticmethod
    def _identity(item: Item) -> tuple[Any, ...]:
        return tuple(order(item[name]) for name in KEYS)


TESTS = {
    "=": lambda value, low, high: value == low,
    "<": lambda value, low, high: value < low,
    "<=": lambda value, low, high: value <= low,
    ">": lambda value, low, high: value > low,
    ">=": lambda value, low, high: value >= low,
    "BETWEEN": lambda value, low, high: low <= value <= high,
    "begins_with": lambda value, low, high: value.startswith(low),
}


# --- two emulators --------------------------------------------------------------------------------


class Pair:
    """An emulator in memory and one with LMDB. Every request goes to both."""

    def __init__(self, emulators: list[InProcess]) -> None:
        self.emulators = emulators
        self.numbers = count()

    def __call__(self, operation: str, **request: Any) -> Any:
        """Check that both answer alike; return the parsed answer, or (code, message)."""
        first, second = (self._answer(emulator, operation, request) for emulator in self.emulators)
        if operation != "CreateTable":  # its answers differ: each table has another id
            assert without_ids(first) == without_ids(second)
        return json.loads(first) if isinstance(first, bytes) else first

    @staticmethod
    def _answer(inside: InProcess, operation: str, request: dict[str, Any]) -> bytes | tuple[str, str | None]:
        raw = json.loads(json.dumps(request))
        try:
            return inside.emulator.call(operation, raw, inside.caller)
        except ApiError as error:
            return error.code, error.message

    def new_table(self) -> str:
        name = f"table{next(self.numbers)}"
        self("CreateTable", **create_request(name))
        return name

    def finish(self) -> None:
        """Finish all background work, and check that both stores are consistent."""
        for inside in self.emulators:
            inside.emulator.database.background.run_all()
            check_store(inside.emulator.database)


def without_ids(answer: Any) -> Any:
    if not isinstance(answer, bytes) or b'"TableId"' not in answer:
        return answer
    parsed = json.loads(answer)
    for description in parsed.values():
        description.pop("TableId", None)
    return parsed


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(backfill, "SLICE", 2)
        patch.setattr(deletions, "SLICE", 3)
        folder = tmp_path_factory.mktemp("pair") / "data"
        emulators = [InProcess(Settings(in_memory=True)), InProcess(Settings(data_dir=folder))]
        yield Pair(emulators)
        for inside in emulators:
            inside.emulator.close()


# --- requests -------------------------------------------------------------------------------------

texts = st.sampled_from(["a", "aa", "b", "a\0", "\0", "é", "z" * 600])
numbers = st.sampled_from(["0", "1", "-1", "2", "10", "1.5", "-0.25", "100"])
pool = {"S": texts, "N": numbers}


def value_of(name: str) -> st.SearchStrategy[dict[str, str]]:
    kind = TYPES[name]
    return pool[kind].map(lambda content: {kind: content})


partitions = st.sampled_from(["a", "b", "é"]).map(lambda text: {"S": text})
keys = st.fixed_dictionaries({"pk": partitions, "sk": value_of("sk")})
others = {name: value_of(name) for name in ("l", "g", "h", "n", "x")}
items = st.fixed_dictionaries({"pk": partitions, "sk": value_of("sk")}, optional=others)
conditions = st.sampled_from([None, None, "attribute_exists(pk)", "attribute_not_exists(pk)"])
filters = st.one_of(st.none(), st.none(), numbers)
limits = st.sampled_from([None, 1, 2, 3, 100])
operations = st.one_of(
    st.tuples(st.just("put"), items, conditions),
    st.tuples(st.just("put"), items, st.none()),
    st.tuples(st.just("delete"), keys, conditions),
    st.tuples(
        st.just("update"),
        keys,
        st.fixed_dictionaries({}, optional=others),
        st.sets(st.sampled_from(["l", "g", "h", "x"])),
        conditions,
    ),
    st.tuples(
        st.just("batch"),
        st.lists(
            st.tuples(items, st.booleans()),
            min_size=1,
            max_size=6,
            unique_by=lambda pair: tuple(order(pair[0][name]) for name in KEYS),
        ),
    ),
    st.tuples(st.just("get"), keys),
    st.tuples(
        st.just("query"),
        st.sampled_from(sorted(SOURCES)),
        st.fixed_dictionaries({"pk": partitions, **{name: value_of(name) for name in ("sk", "l", "g", "h")}}),
        st.sampled_from([None, *TESTS]),
        st.booleans(),
        limits,
        filters,
    ),
    st.tuples(st.just("scan"), st.sampled_from(sorted(SOURCES)), st.sampled_from([1, 2, 7]), limits, filters),
    st.tuples(st.just("late")),
)


class Run:
    """Runs one sequence of operations on a new table, and on the model."""

    def __init__(self, pair: Pair) -> None:
        self.pair = pair
        self.name = pair.new_table()
        self.model = Model()
        self.late = False

    def call(self, operation: str, **request: Any) -> Any:
        return self.pair(operation, TableName=self.name, **request)

    def writes(self, operation: str, old: Item | None, condition: str | None, **request: Any) -> Any:
        """Call a write operation; return its answer, or None if its condition failed."""
        if condition is not None:
            request["ConditionExpression"] = condition
        answer = self.call(operation, **request)
        if condition is None or (old is not None) == (condition == "attribute_exists(pk)"):
            assert isinstance(answer, dict), answer
            return answer
        assert answer == ("ConditionalCheckFailedException", "The conditional request failed")
        return None

    def put(self, item: Item, condition: str | None) -> None:
        old = self.model.get(item)
        answer = self.writes("PutItem", old, condition, Item=item, ReturnValues="ALL_OLD")
        if answer is not None:
            assert answer.get("Attributes") == old
            self.model.put(item)

    def delete(self, key: Item, condition: str | None) -> None:
        old = self.model.get(key)
        answer = self.writes("DeleteItem", old, condition, Key=key, ReturnValues="ALL_OLD")
        if answer is not None:
            assert answer.get("Attributes") == old
            self.model.delete(key)

    def update(self, key: Item, changes: Item, gone: set[str], condition: str | None) -> None:
        sets = {name: value for name, value in changes.items() if name not in gone and name != "n"}
        clauses = []
        if sets:
            clauses.append("SET " + ", ".join(f"{name} = :{name}" for name in sets))
        if gone:
            clauses.append("REMOVE " + ", ".join(sorted(gone)))
        if "n" in changes:
            clauses.append("ADD n :n")
        values = {f":{name}": value for name, value in changes.items() if name not in gone}
        request: dict[str, Any] = {"UpdateExpression": " ".join(clauses)} if clauses else {}
        if values:
            request["ExpressionAttributeValues"] = values
        old = self.model.get(key)
        new = {**(old or key), **sets}
        if "n" in changes:
            added = Decimal((old or {}).get("n", {"N": "0"})["N"]) + Decimal(changes["n"]["N"])
            new["n"] = {"N": f"{added:f}".rstrip("0").rstrip(".") if added % 1 else f"{added:.0f}".replace("-0", "0")}
        for name in gone:
            new.pop(name, None)
        answer = self.writes("UpdateItem", old, condition, Key=key, ReturnValues="ALL_NEW", **request)
        if answer is not None and old is None and gone and not sets and "n" not in changes:
            assert answer == {}  # an update that only removes attributes creates no item
        elif answer is not None:
            assert answer["Attributes"] == new
            self.model.put(new)

    def batch(self, members: list[tuple[Item, bool]]) -> None:
        requests = [
            {"PutRequest": {"Item": item}} if puts else {"DeleteRequest": {"Key": key_of(item)}}
            for item, puts in members
        ]
        assert self.pair("BatchWriteItem", RequestItems={self.name: requests}) == {"UnprocessedItems": {}}
        for item, puts in members:
            if puts:
                self.model.put(item)
            else:
                self.model.delete(item)

    def get(self, key: Item) -> None:
        found = self.model.get(key)
        assert self.call("GetItem", Key=key) == ({} if found is None else {"Item": found})

    def query(
        self,
        where: str,
        values: Item,
        operator: str | None,
        reverse: bool,
        limit: int | None,
        least: str | None,
    ) -> None:
        source = SOURCES[where]
        least = least if source.filters else None
        used = {f":{name}": values[name] for name in source.keys[: source.hashes]}
        condition = " AND ".join(f"{name} = :{name}" for name in source.keys[: source.hashes])
        expected = [
            entry
            for entry in self.model.entries(source)
            if all(entry[name] == values[name] for name in source.keys[: source.hashes])
        ]
        if operator is not None and len(source.keys) > source.hashes:
            name = source.keys[source.hashes]
            if operator == "begins_with" and TYPES[name] == "N":
                operator = ">="
            low, high = values[name], values[name]
            condition += {
                "BETWEEN": f" AND {name} BETWEEN :low AND :high",
                "begins_with": f" AND begins_with({name}, :low)",
            }.get(operator, f" AND {name} {operator} :low")
            used |= {":low": low} | ({":high": high} if operator == "BETWEEN" else {})
            test = TESTS[operator]
            expected = [entry for entry in expected if test(order(entry[name]), order(low), order(high))]
        ranges = source.keys[source.hashes :]
        self.check_pages(
            source,
            expected,
            least,
            limit,
            lambda entry: [order(entry[name]) for name in ranges],
            reverse=reverse,
            operation="Query",
            KeyConditionExpression=condition,
            ScanIndexForward=not reverse,
            ExpressionAttributeValues=used,
        )

    def scan(self, where: str, segments: int, limit: int | None, least: str | None) -> None:
        source = SOURCES[where]
        least = least if source.filters else None
        whole = self.check_pages(source, self.model.entries(source), least, limit, None, operation="Scan")
        parts = [self.pages("Scan", source, least, limit, Segment=n, TotalSegments=segments) for n in range(segments)]
        assert [item for part in parts for page in part for item in page["Items"]] == whole

    def pages(self, operation: str, source: Source, least: str | None, limit: int | None, **request: Any) -> list[Any]:
        """Return all pages of a query or scan."""
        if source.name is not None:
            request["IndexName"] = source.name
        if limit is not None:
            request["Limit"] = limit
        if least is not None:
            request["FilterExpression"] = "n >= :least"
            request["ExpressionAttributeValues"] = {
                **request.get("ExpressionAttributeValues", {}),
                ":least": {"N": least},
            }
        found = []
        while True:
            found.append(self.call(operation, **request))
            assert isinstance(found[-1], dict), found[-1]
            if "LastEvaluatedKey" not in found[-1]:
                return found
            assert found[-1]["LastEvaluatedKey"].keys() == set(source.all_keys)
            request["ExclusiveStartKey"] = found[-1]["LastEvaluatedKey"]

    def check_pages(
        self,
        source: Source,
        expected: list[Item],
        least: str | None,
        limit: int | None,
        ordering: Any,
        *,
        reverse: bool = False,
        operation: str,
        **request: Any,
    ) -> list[Item]:
        """Read all pages and compare them with the model's entries; return the items."""
        pages = self.pages(operation, source, least, limit, **request)
        scanned = [page["ScannedCount"] for page in pages]
        if limit is None:
            assert scanned == [len(expected)]
        else:
            full, rest = divmod(len(expected), limit)
            assert scanned == [limit] * full + [rest]
        if least is not None:
            # On a local index, a filter sees all attributes, and not only the projected ones.
            whole = expected if source.name != "local" else [self.model.get(entry) or {} for entry in expected]
            kept = [entry for entry in whole if "n" in entry and Decimal(entry["n"]["N"]) >= Decimal(least)]
            expected = [source.entry(entry) for entry in kept]
        found = [item for page in pages for item in page["Items"]]
        assert [page["Count"] for page in pages] == [len(page["Items"]) for page in pages]
        assert sorted(found, key=json.dumps) == sorted(
            [dict(sorted(entry.items())) for entry in expected], key=json.dumps
        )
        if ordering is not None:
            ranks = [ordering(item) for item in found]
            assert ranks == sorted(ranks, reverse=reverse)
        return found

    def late_index(self) -> None:
        """Create the index `late`; or delete it if it exists and is filled."""
        if not self.late:
            answer = self.call("UpdateTable", **LATE_REQUEST)
            statuses = [index["IndexStatus"] for index in answer["TableDescription"]["GlobalSecondaryIndexes"]]
            assert statuses == ["ACTIVE"] * 3 + ["CREATING"]
            self.late = True
            return
        indexes = self.call("DescribeTable")["Table"]["GlobalSecondaryIndexes"]
        if all(index["IndexStatus"] == "ACTIVE" for index in indexes):
            self.call("UpdateTable", GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "late"}}])
            self.late = False

    def apply(self, operation: tuple[Any, ...]) -> None:
        name, *arguments = operation
        getattr(self, "late_index" if name == "late" else name)(*arguments)

    def finish(self) -> None:
        """Compare table, indexes, counts and sizes with the model; delete the table."""
        self.pair.finish()
        table = self.call("DescribeTable")["Table"]
        assert (table["ItemCount"], table["TableSizeBytes"]) == (
            len(self.model.items),
            sum(map(size, self.model.items.values())),
        )
        sources = {source.name: source for source in [*SOURCES.values(), *([LATE] if self.late else [])]}
        described = table["LocalSecondaryIndexes"] + table["GlobalSecondaryIndexes"]
        assert {index["IndexName"] for index in described} == sources.keys() - {None}
        for index in described:
            entries = self.model.entries(sources[index["IndexName"]])
            assert (index["ItemCount"], index["IndexSizeBytes"]) == (len(entries), sum(map(size, entries)))
        for source in sources.values():
            self.check_pages(source, self.model.entries(source), None, None, None, operation="Scan")
        self.call("DeleteTable")
        self.pair.finish()


def test_operations_against_a_dict(pair: Pair) -> None:
    @profile(60)
    @given(sequence=st.lists(operations, min_size=1, max_size=25))
    def sequences(sequence: list[tuple[Any, ...]]) -> None:
        run = Run(pair)
        for operation in sequence:
            run.apply(operation)
        run.finish()

    sequences()


MEGABYTE = 1 << 20


def megabytes(entries: list[Item]) -> list[int]:
    """Return the number of entries on each page. A page ends with the entry that makes it 1 MB."""
    pages, filled = [0], 0
    for entry in entries:
        pages[-1] += 1
        filled += size(entry)
        if filled >= MEGABYTE:
            pages.append(0)
            filled = 0
    return pages


def test_pages_of_a_megabyte(pair: Pair) -> None:
    @profile(8)
    @given(
        sizes=st.lists(st.sampled_from([1, 1000, 100_000, 349_525 - 12, 399_000]), max_size=12), reverse=st.booleans()
    )
    def pages(sizes: list[int], reverse: bool) -> None:
        run = Run(pair)
        for number, length in enumerate(sizes):
            item: Item = {"pk": {"S": "p"}, "sk": {"N": str(number)}, "g": {"S": "g"}, "h": {"N": str(-number)}}
            run.put({**item, "big": {"S": "x" * length}}, None)
        expected = sorted(run.model.items.values(), key=lambda item: order(item["sk"]), reverse=reverse)
        by_index = {
            "KeyConditionExpression": "g = :g",
            "ExpressionAttributeValues": {":g": {"S": "g"}},
            "ScanIndexForward": reverse,
        }
        by_key = {
            "KeyConditionExpression": "pk = :p",
            "ExpressionAttributeValues": {":p": {"S": "p"}},
            "ScanIndexForward": not reverse,
        }
        for source, request in ((TABLE, by_key), (SOURCES["global"], by_index)):
            found = run.pages("Query", source, None, None, Select="COUNT", **request)
            assert [page["Count"] for page in found] == megabytes(expected)
        run.call("DeleteTable")
        pair.finish()

    pages()
