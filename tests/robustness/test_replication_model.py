"""The tables of a group in three regions converge: the last write of each item wins.

Random puts, updates and deletions run in three regions, on every engine. Between them, replication
from one region to another is paused or delayed, the clock moves, and the server restarts. Old
versions are forgotten, and the log keeps few replaced writes. One region joins the group later; it
may leave and come back. At the end all writes are replicated, and all regions must have the items
of the model.

In a group with strong consistency, all regions have the model's items after each write. The model
also says which writes must fail because another write of the item is in flight.

EXAMPLES=100 makes the runs a hundred times as long, and different each time.
"""

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.controls import registry
from emulator.database.changes import replicas
from emulator.database.jobs import filling, replication
from tests.support.engines import ENGINE_KINDS, ENGINES, settings_of_engine
from tests.support.invariants import check_store
from tests.support.profile import profile
from tests.support.regions import REGIONS, Regions
from tests.support.tables import index_request, table_request

TABLE = {
    **table_request(
        "k:S",
        define="g:S",
        GlobalSecondaryIndexes=[index_request("global", "g", "ALL")],
    ),
    "TableName": "music",
}
KEYS = st.sampled_from("abcd")
REGION = st.integers(0, 2)
VALUES = st.sampled_from("xyz")
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), REGION, KEYS, VALUES),
        st.tuples(st.just("put"), REGION, KEYS, VALUES),
        st.tuples(st.just("update"), REGION, KEYS, VALUES),
        st.tuples(st.just("delete"), REGION, KEYS),
        st.tuples(st.just("work"), st.integers(1, 4)),
        st.tuples(st.just("pause"), REGION, REGION, st.booleans()),
        st.tuples(st.just("delay"), REGION, REGION, st.sampled_from([0, 0.003, 60])),
        st.tuples(st.just("restart")),
        st.tuples(st.just("join")),
        st.tuples(st.just("leave"), st.booleans()),
        st.tuples(st.just("forget")),
    ),
    min_size=10,
    max_size=60,
)


class Run:
    """Runs a sequence of steps. items: the model, key -> item after the last write."""

    def __init__(self, kind: str, folder: Path) -> None:
        self.kind = kind
        self.settings = settings_of_engine(kind, folder)
        self.regions = Regions(self.settings)
        self.items: dict[str, Any] = {}
        self.joined = list(REGIONS[:2])
        self.regions(REGIONS[0], "CreateTable", **TABLE)
        self.regions.replicate(REGIONS[1])

    def region(self, number: int) -> str:
        """Return a region that has joined; advance the clock, so each write has another version."""
        self.regions.clock.advance(0.001)
        return self.joined[number % len(self.joined)]

    def put(self, number: int, key: str, value: str) -> None:
        item = {"k": {"S": key}, "g": {"S": value}}
        self.regions(self.region(number), "PutItem", TableName="music", Item=item)
        self.items[key] = item

    def update(self, number: int, key: str, value: str) -> None:
        answer = self.regions(
            self.region(number),
            "UpdateItem",
            TableName="music",
            Key={"k": {"S": key}},
            UpdateExpression="SET g = :v ADD n :one",
            ExpressionAttributeValues={":v": {"S": value}, ":one": {"N": "1"}},
            ReturnValues="ALL_NEW",
        )
        self.items[key] = answer["Attributes"]

    def delete(self, number: int, key: str) -> None:
        self.regions(self.region(number), "DeleteItem", TableName="music", Key={"k": {"S": key}})
        self.items.pop(key, None)

    def work(self, slices: int) -> None:
        for _ in range(slices):
            self.regions.database.run_slice()

    def pause(self, source: int, target: int, paused: bool) -> None:
        self._steer(source, target, Paused=paused)

    def delay(self, source: int, target: int, seconds: float) -> None:
        self._steer(source, target, Delay=seconds)

    def _steer(self, source: int, target: int, **change: object) -> None:
        body = {"TableName": "music", "From": self.region(source), "To": self.region(target), **change}
        if body["From"] != body["To"]:
            registry.call(self.regions.inside.emulator, "replication", body)

    def restart(self) -> None:
        if not ENGINE_KINDS[self.kind].persistent:
            return
        now = self.regions.clock.now()
        self.regions.inside.emulator.close()
        self.regions = Regions(self.settings)
        self.regions.clock.freeze(now)

    def join(self) -> None:
        """Let the second region add the third one; fill the new table."""
        if len(self.joined) == len(REGIONS):
            return
        create = [{"Create": {"RegionName": REGIONS[2]}}]
        self.regions(REGIONS[1], "UpdateTable", TableName="music", ReplicaUpdates=create)
        while any(table.definition.filling for table in self.regions.database.catalog.everything()):
            self.regions.database.run_slice()
        self.joined.append(REGIONS[2])

    def leave(self, by_table: bool) -> None:
        """Remove the third region. Its writes that are not replicated yet must reach the others.

        by_table: delete the table in the third region, instead of the replica from the first.
        """
        if len(self.joined) < len(REGIONS):
            return
        last = self.joined.pop()
        if by_table:
            self.regions(last, "DeleteTable", TableName="music")
        else:
            delete = [{"Delete": {"RegionName": last}}]
            self.regions(REGIONS[0], "UpdateTable", TableName="music", ReplicaUpdates=delete)
        while any(table.definition.region == last for table in self.regions.database.catalog.everything()):
            self.regions.database.run_slice()
            self.regions.described(REGIONS[0])

    def forget(self) -> None:
        replication.begin_forgetting(self.regions.database)

    def check(self) -> None:
        registry.call(self.regions.inside.emulator, "replication", {"TableName": "music", "Paused": False})
        self.regions.clock.advance(60)
        self.regions.database.scheduler.run_due()
        self.regions.drain()
        expected = sorted(self.items.values(), key=lambda item: item["k"]["S"])
        for region in self.joined:
            found = self.regions(region, "Scan", TableName="music")["Items"]
            assert sorted(found, key=lambda item: item["k"]["S"]) == expected
        check_store(self.regions.database)
        with self.regions.database.read() as txn:
            assert [key for key, _ in txn.scan(b"\x18", b"\x19") if key[5:6] == b"\x02"] == []


@pytest.mark.parametrize("kind", ENGINES)
@given(steps=STEPS)
@profile(60)
def test_regions_converge_to_the_last_writes(kind, steps):
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(filling, "SLICE", 2)
        patch.setattr(replication, "SLICE", 2)
        patch.setattr(replication, "FORGOTTEN", 2)
        patch.setattr(replicas, "KEPT", 3)
        run = Run(kind, Path(folder))
        try:
            for name, *arguments in steps:
                getattr(run, name)(*arguments)
            run.check()
        finally:
            run.regions.inside.emulator.close()


# --- strong consistency ---------------------------------------------------------------------------

STRONG = ("us-east-1", "us-west-2", "us-east-2")
STRONG_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), REGION, KEYS, VALUES),
        st.tuples(st.just("put"), REGION, KEYS, VALUES),
        st.tuples(st.just("delete"), REGION, KEYS),
        st.tuples(st.just("steer"), REGION, REGION, st.sampled_from([{"Paused": True}, {"Paused": False}])),
        st.tuples(st.just("steer"), REGION, REGION, st.sampled_from([{"Delay": 0}, {"Delay": 2}, {"Delay": 60}])),
        st.tuples(st.just("advance"), st.sampled_from([0.5, 2, 100])),
        st.tuples(st.just("forget")),
        st.tuples(st.just("restart")),
    ),
    min_size=10,
    max_size=60,
)


class StrongRun:
    """Runs a sequence of steps in a group with strong consistency.

    items: the model. directions: (from, to) -> (delay, time at which the pause began, or None).
    marks: (to, key) -> (from, time) of the last write of this key that was in flight to a region.
    """

    def __init__(self, kind: str, folder: Path) -> None:
        self.kind = kind
        self.settings = settings_of_engine(kind, folder)
        self.regions = Regions(self.settings)
        self.items: dict[str, Any] = {}
        self.directions: dict[tuple[str, str], tuple[float, float | None]] = {}
        self.marks: dict[tuple[str, str], tuple[str, float]] = {}
        self.regions(STRONG[0], "CreateTable", **TABLE)
        create = [{"Create": {"RegionName": region}} for region in STRONG[1:]]
        members = {"MultiRegionConsistency": "STRONG", "ReplicaUpdates": create}
        self.regions(STRONG[0], "UpdateTable", TableName="music", **members)

    def put(self, number: int, key: str, value: str) -> None:
        item = {"k": {"S": key}, "g": {"S": value}}
        self._write(STRONG[number], key, item, "PutItem", {"Item": item})

    def delete(self, number: int, key: str) -> None:
        self._write(STRONG[number], key, None, "DeleteItem", {"Key": {"k": {"S": key}}})

    def _write(self, region: str, key: str, item: Any, operation: str, members: dict[str, Any]) -> None:
        now = self.regions.clock.now()
        if self._is_refused(region, key, now):
            code, _ = self.regions.error(region, operation, TableName="music", **members)
            assert code == "ReplicatedWriteConflictException"
        else:
            self.regions(region, operation, TableName="music", **members)
            if item != self.items.get(key):
                for other in STRONG:
                    if other != region and self.directions.get((region, other), (0, None)) != (0, None):
                        self.marks[other, key] = (region, now)
            self.items.pop(key, None)
            if item is not None:
                self.items[key] = item
        for each in STRONG:
            found = self.regions(each, "GetItem", TableName="music", Key={"k": {"S": key}}, ConsistentRead=True)
            assert found.get("Item") == self.items.get(key)

    def _is_refused(self, region: str, key: str, now: float) -> bool:
        if (region, key) not in self.marks:
            return False
        origin, at = self.marks[region, key]
        delay, since = self.directions.get((origin, region), (0, None))
        return (since is not None and at >= since) or now < at + delay

    def steer(self, source: int, target: int, change: dict[str, Any]) -> None:
        if source == target:
            return
        pair = STRONG[source], STRONG[target]
        registry.call(
            self.regions.inside.emulator,
            "replication",
            {"TableName": "music", "From": pair[0], "To": pair[1], **change},
        )
        delay, since = self.directions.get(pair, (0, None))
        if "Paused" in change:
            since = (since if since is not None else self.regions.clock.now()) if change["Paused"] else None
        self.directions[pair] = change.get("Delay", delay), since

    def advance(self, seconds: float) -> None:
        self.regions.clock.advance(seconds)

    def forget(self) -> None:
        replication.begin_forgetting(self.regions.database)
        self.regions.drain()

    def restart(self) -> None:
        if not ENGINE_KINDS[self.kind].persistent:
            return
        now = self.regions.clock.now()
        self.regions.inside.emulator.close()
        self.regions = Regions(self.settings)
        self.regions.clock.freeze(now)

    def check(self) -> None:
        expected = sorted(self.items.values(), key=lambda item: item["k"]["S"])
        for region in STRONG:
            for index in ({}, {"IndexName": "global"}):
                found = self.regions(region, "Scan", TableName="music", **index)["Items"]
                assert sorted(found, key=lambda item: item["k"]["S"]) == expected
        check_store(self.regions.database)


@pytest.mark.parametrize("kind", ENGINES)
@given(steps=STRONG_STEPS)
@profile(40)
def test_regions_with_strong_consistency_are_always_equal(kind, steps):
    with tempfile.TemporaryDirectory() as folder:
        run = StrongRun(kind, Path(folder))
        try:
            for name, *arguments in steps:
                getattr(run, name)(*arguments)
            run.check()
        finally:
            run.regions.inside.emulator.close()
