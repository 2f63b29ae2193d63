"""Random writes go to a table with a stream and to a dict: the records are the dict's changes.

Between writes the clock moves forward, so shards roll over. The records, applied to an empty table,
must produce its items. All records of an item must be in one shard and its descendants.
EXAMPLES=100 makes the runs a hundred times as long, and different each time.
"""

import copy
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.engines import settings_of_engine
from tests.support.in_process import InProcess
from tests.support.invariants import check_store
from tests.support.profile import profile
from tests.support.stream_reading import by_sequence, parents_first, read_shard, replay, shards_of, stream_of
from tests.support.tables import index_request, table_request

Item = dict[str, Any]
Change = tuple[str, Item | None, Item | None]

HOUR = 3600
numbers = count()

keys = st.builds(lambda pk, sk: {"pk": {"S": pk}, "sk": {"S": sk}}, st.sampled_from("abcdé"), st.sampled_from("12"))
attributes: dict[str, st.SearchStrategy[Any]] = {
    "n": st.sampled_from(["0", "1", "-2.5"]).map(lambda text: {"N": text}),
    "g": st.sampled_from(["x", "y"]).map(lambda text: {"S": text}),
    "tags": st.lists(st.sampled_from("stu"), min_size=1, unique=True).map(lambda members: {"SS": members}),
    "m": st.dictionaries(st.sampled_from("kl"), st.sampled_from("12").map(lambda text: {"S": text})).map(
        lambda entries: {"M": entries}
    ),
}
contents = st.fixed_dictionaries({}, optional=attributes)
puts = st.tuples(st.just("put"), keys, contents)
updates = st.tuples(st.just("update"), keys, contents)
deletes = st.tuples(st.just("delete"), keys, st.just({}))
actions = st.one_of(puts, puts, updates, deletes)


def identity(key: Item) -> tuple[str, str]:
    return key["pk"]["S"], key["sk"]["S"]


def unique_items(kinds: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(kinds, min_size=1, max_size=6, unique_by=lambda action: identity(action[1]))


steps = st.one_of(
    st.tuples(st.just("one"), actions),
    st.tuples(st.just("one"), actions),
    st.tuples(st.just("refused"), actions),
    st.tuples(st.just("batch"), unique_items(st.one_of(puts, deletes))),
    st.tuples(st.just("transaction"), unique_items(actions)),
    st.tuples(st.just("canceled"), unique_items(actions)),
    st.tuples(st.just("statement"), keys, attributes["n"]),
    st.tuples(st.just("later"), st.sampled_from([1, HOUR, 4 * HOUR])),
)


class Run:
    """Runs a sequence of writes on a new table. changes: the expected records."""

    def __init__(self, db: InProcess) -> None:
        self.db = db
        db.clock.freeze(1_700_000_000.0)
        self.table = f"table{next(numbers)}"
        request = table_request(
            define="g:S",
            GlobalSecondaryIndexes=[index_request("global", "g")],
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        )
        db("CreateTable", {**request, "TableName": self.table})
        self.arn = stream_of(db, self.table)
        self.items: dict[tuple[str, str], Item] = {}
        self.changes: list[Change] = []
        self.waited = 0

    def changed(self, key: Item, new: Item | None) -> None:
        """Note the new item of a key (None: deleted), and the record that this change must make."""
        old = self.items.pop(identity(key), None)
        if new is not None:
            new = canonical(new)
            self.items[identity(key)] = new
        if old != new:
            event = "INSERT" if old is None else "REMOVE" if new is None else "MODIFY"
            self.changes.append((event, old, new))

    def apply(self, kind: str, key: Item, content: Item) -> None:
        match kind:
            case "put":
                self.changed(key, {**key, **content})
            case "update" if (
                content or identity(key) in self.items
            ):  # otherwise it only removes an attribute of a missing item, which changes nothing
                old = self.items.get(identity(key), key)
                self.changed(key, {**{name: value for name, value in old.items() if name != "g"}, **content})
            case "delete":
                self.changed(key, None)

    def request(self, kind: str, key: Item, content: Item) -> tuple[str, dict[str, Any]]:
        """Return the name and the members of a write, as in an action of a transaction."""
        if kind == "put":
            return "Put", {"TableName": self.table, "Item": {**key, **content}}
        if kind == "delete":
            return "Delete", {"TableName": self.table, "Key": key}
        sets = ", ".join(f"{name} = :{name}" for name in content)
        expression = (f"SET {sets} " if sets else "") + ("" if "g" in content else "REMOVE g")
        values = {f":{name}": value for name, value in content.items()}
        update: dict[str, Any] = {"TableName": self.table, "Key": key, "UpdateExpression": expression.strip()}
        return "Update", update | ({"ExpressionAttributeValues": values} if values else {})

    def one(self, action: tuple[str, Item, Item]) -> None:
        name, request = self.request(*action)
        self.db(f"{name}Item", request)
        self.apply(*action)

    def refused(self, action: tuple[str, Item, Item]) -> None:
        name, request = self.request(*action)
        self.db.error(f"{name}Item", {**request, "ConditionExpression": "attribute_exists(nothing)"})

    def batch(self, members: list[tuple[str, Item, Item]]) -> None:
        requests = []
        for member in members:
            name, request = self.request(*member)
            del request["TableName"]
            requests.append({f"{name}Request": request})
        self.db("BatchWriteItem", RequestItems={self.table: requests})
        for member in members:
            self.apply(*member)

    def transaction(self, members: list[tuple[str, Item, Item]]) -> None:
        requests = [self.request(*member) for member in members]
        self.db("TransactWriteItems", TransactItems=[{name: request} for name, request in requests])
        for member in members:
            self.apply(*member)

    def canceled(self, members: list[tuple[str, Item, Item]]) -> None:
        requests = [self.request(*member) for member in members]
        requests[-1][1]["ConditionExpression"] = "attribute_exists(nothing)"
        self.db.error("TransactWriteItems", TransactItems=[{name: request} for name, request in requests])

    def statement(self, key: Item, number: Item) -> None:
        pk, sk = identity(key)
        text = f"UPDATE {self.table} SET n = ? WHERE pk = ? AND sk = ?"
        request = {"Statement": text, "Parameters": [number, {"S": pk}, {"S": sk}]}
        if identity(key) in self.items:
            self.db("ExecuteStatement", request)
            self.changed(key, {**self.items[identity(key)], "n": number})
        else:
            self.db.error("ExecuteStatement", request)

    def later(self, seconds: int) -> None:
        """Advance the clock, but by less than a day in total, so that no record is trimmed."""
        if self.waited + seconds < 24 * HOUR:
            self.waited += seconds
            self.db.clock.advance(seconds)
            self.db.emulator.tick()

    def check(self) -> None:
        records: list[Any] = []
        lines: dict[str, str] = {}
        places: dict[str, str] = {}
        for shard in parents_first(shards_of(self.db, self.arn)):
            name = shard["ShardId"]
            line = lines[name] = lines.get(shard.get("ParentShardId", ""), name)
            found = read_shard(self.db, self.arn, name)
            assert found == by_sequence(found)
            for record in found:
                partition = record["dynamodb"]["Keys"]["pk"]["S"]
                assert places.setdefault(partition, line) == line
            records += found
        records = by_sequence(records)
        recorded = [
            (record["eventName"], record["dynamodb"].get("OldImage"), record["dynamodb"].get("NewImage"))
            for record in records
        ]
        assert recorded == self.changes
        items = self.db("Scan", TableName=self.table)["Items"]
        made = replay(records, ("pk", "sk"))
        assert sorted(made.values(), key=identity) == sorted(items, key=identity)
        check_store(self.db.emulator.database)


def canonical(item: Item) -> Item:
    """Return an item as the service returns it, with sets in the service's order."""
    ordered = copy.deepcopy(item)
    for value in ordered.values():
        if "SS" in value:
            value["SS"].sort()
    return ordered


@pytest.fixture(scope="module")
def inside(engine_name: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[InProcess]:
    folder = tmp_path_factory.mktemp("streams") / "data"
    made = InProcess(settings_of_engine(engine_name, folder))
    yield made
    made.emulator.close()


def test_the_records_are_all_changes(inside: InProcess) -> None:
    @profile(120)
    @given(sequence=st.lists(steps, max_size=30))
    def compare(sequence: list[Any]) -> None:
        run = Run(inside)
        for name, *arguments in sequence:
            getattr(run, name)(*arguments)
        run.check()
        inside("DeleteTable", TableName=run.table)
        inside("ListTables")
        inside.clock.advance(48 * HOUR)
        inside.emulator.tick()
        inside.emulator.database.background.run_all()
        assert inside("ListStreams")["Streams"] == []

    compare()
