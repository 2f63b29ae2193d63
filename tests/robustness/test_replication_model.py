"""Tables of three regions converge to a model: the last write of each item wins.

Random puts, updates, deletions and moves of the clock in three regions, on every engine, with
pauses of replication and restarts in between. One region joins the group later. At the end all
writes are replicated: all regions are equal and have what the model has.

EXAMPLES=100 makes the runs a hundred times as long, and different each time.
"""

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
        st.tuples(st.just("pause")),
        st.tuples(st.just("resume")),
        st.tuples(st.just("restart")),
        st.tuples(st.just("join")),
    ),
    min_size=10,
    max_size=60,
)


class Run:
    """One sequence. items: the model, the item of the last write of each key."""

    def __init__(self, kind: str, folder: Path) -> None:
        self.kind = kind
        self.settings = settings_of_engine(kind, folder)
        self.regions = Regions(self.settings)
        self.items: dict[str, Any] = {}
        self.paused = False
        self.joined = list(REGIONS[:2])
        self.regions(REGIONS[0], "CreateTable", **TABLE)
        self.regions.replicate(REGIONS[1])

    def region(self, number: int) -> str:
        """Return a region that has a complete table; advance the clock, so versions differ."""
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

    def pause(self) -> None:
        """Let writes wait. A slice that is queued already still runs."""
        self.paused = True
        self.regions.database.catalog.attachments.replicate = lambda _definition: None

    def resume(self) -> None:
        self.paused = False
        self.regions.database.catalog.attachments.replicate = lambda definition: replication.begin(
            self.regions.database, definition
        )
        replication.begin_all(self.regions.database)

    def restart(self) -> None:
        if not ENGINE_KINDS[self.kind].persistent:
            return
        now = self.regions.clock.now()
        self.regions.inside.emulator.close()
        self.regions = Regions(self.settings)
        self.regions.clock.freeze(now)
        if self.paused:
            self.pause()

    def join(self) -> None:
        """Add the third region, filled from the second."""
        if len(self.joined) == len(REGIONS):
            return
        create = [{"Create": {"RegionName": REGIONS[2]}}]
        self.regions(REGIONS[1], "UpdateTable", TableName="music", ReplicaUpdates=create)
        while any(table.definition.filling for table in self.regions.database.catalog.everything()):
            self.regions.database.run_slice()
        self.joined.append(REGIONS[2])

    def check(self) -> None:
        self.resume()
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
        run = Run(kind, Path(folder))
        try:
            for name, *arguments in steps:
                getattr(run, name)(*arguments)
            run.check()
        finally:
            run.regions.inside.emulator.close()
