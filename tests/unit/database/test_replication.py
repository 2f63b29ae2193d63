"""Replication between regions: the last writer of each item wins (control-plane 6.5)."""

from pathlib import Path

import pytest

from emulator.database import soundness
from emulator.database.jobs import replication
from emulator.settings import Settings
from storage import Corrupted
from tests.support.engines import ENGINE_KINDS, ENGINES, settings_of_engine
from tests.support.invariants import check_store
from tests.support.regions import REGIONS, TABLE, Regions

EAST, WEST, SOUTH = REGIONS


def put(regions: Regions, region: str, key: str, value: str) -> None:
    regions(region, "PutItem", TableName="music", Item=item(key, value))


def delete(regions: Regions, region: str, key: str) -> None:
    regions(region, "DeleteItem", TableName="music", Key={"k": {"S": key}})


def item(key: str, value: str) -> dict[str, dict[str, str]]:
    return {"k": {"S": key}, "v": {"S": value}}


@pytest.fixture
def regions() -> Regions:
    """Return three regions with replicas of one table."""
    made = Regions()
    made(EAST, "CreateTable", **TABLE)
    made.replicate(WEST, SOUTH)
    return made


def later(regions: Regions) -> None:
    regions.clock.advance(1)


def test_a_new_replica_has_the_items_of_its_source():
    regions = Regions()
    regions(EAST, "CreateTable", **TABLE)
    for number in range(700):
        put(regions, EAST, str(number), "v")
    regions.replicate(WEST)
    assert regions.items(WEST) == regions.items(EAST)
    check_store(regions.database)


def test_writes_during_the_filling_arrive():
    regions = Regions()
    regions(EAST, "CreateTable", **TABLE)
    for number in range(700):
        put(regions, EAST, str(number), "v")
    regions(EAST, "UpdateTable", TableName="music", ReplicaUpdates=[{"Create": {"RegionName": WEST}}])
    put(regions, EAST, "0", "new")
    delete(regions, EAST, "1")
    put(regions, EAST, "700", "v")
    regions.drain()
    assert regions.items(WEST) == regions.items(EAST)
    assert len(regions.items(WEST)) == 700
    check_store(regions.database)


@pytest.mark.parametrize("origin", REGIONS)
def test_writes_reach_all_regions(regions, origin):
    put(regions, origin, "a", "1")
    put(regions, origin, "b", "1")
    put(regions, origin, "a", "2")
    delete(regions, origin, "b")
    regions.drain()
    assert [regions.items(region) for region in REGIONS] == [[item("a", "2")]] * 3
    check_store(regions.database)


@pytest.mark.parametrize("first", [EAST, WEST])
def test_the_later_write_wins(regions, first):
    second = WEST if first == EAST else EAST
    regions.database.background.slices.clear()
    with Held(regions):
        put(regions, first, "a", "1")
        later(regions)
        put(regions, second, "a", "2")
    regions.drain()
    assert [regions.items(region) for region in REGIONS] == [[item("a", "2")]] * 3


def test_a_later_deletion_wins(regions):
    put(regions, EAST, "a", "0")
    regions.drain()
    with Held(regions):
        put(regions, EAST, "a", "1")
        later(regions)
        delete(regions, WEST, "a")
    regions.drain()
    assert [regions.items(region) for region in REGIONS] == [[]] * 3


def test_a_later_write_wins_over_a_deletion(regions):
    put(regions, EAST, "a", "0")
    regions.drain()
    with Held(regions):
        delete(regions, WEST, "a")
        later(regions)
        put(regions, EAST, "a", "1")
    regions.drain()
    assert [regions.items(region) for region in REGIONS] == [[item("a", "1")]] * 3


def test_a_later_write_that_changes_nothing_here_wins(regions):
    put(regions, EAST, "a", "0")
    regions.drain()
    with Held(regions):
        put(regions, WEST, "a", "1")
        later(regions)
        put(regions, EAST, "a", "0")
    regions.drain()
    assert [regions.items(region) for region in REGIONS] == [[item("a", "0")]] * 3


def test_of_writes_at_the_same_time_one_wins_everywhere(regions):
    with Held(regions):
        for region in REGIONS:
            put(regions, region, "a", region)
    regions.drain()
    assert [regions.items(region) for region in REGIONS] == [[item("a", max(REGIONS))]] * 3


def test_each_region_has_a_stream_of_all_applied_changes(regions):
    put(regions, EAST, "a", "1")
    put(regions, EAST, "a", "2")
    regions.drain()
    delete(regions, WEST, "a")
    regions.drain()
    for region in REGIONS:
        assert [record["eventName"] for record in records(regions, region)] == ["INSERT", "MODIFY", "REMOVE"]
    arns = {regions.described(region)["LatestStreamArn"] for region in REGIONS}
    assert len(arns) == 3


def test_a_new_replica_has_no_stream_records_of_old_items():
    regions = Regions()
    regions(EAST, "CreateTable", **TABLE)
    put(regions, EAST, "a", "1")
    regions.replicate(WEST)
    assert records(regions, WEST) == []


def test_one_region_deletes_expired_items():
    regions = Regions()
    regions(EAST, "CreateTable", **TABLE)
    specification = {"AttributeName": "t", "Enabled": True}
    regions(EAST, "UpdateTimeToLive", TableName="music", TimeToLiveSpecification=specification)
    regions(EAST, "PutItem", TableName="music", Item={"k": {"S": "a"}, "t": {"N": str(int(regions.clock.now()) + 10)}})
    regions.replicate(WEST)
    regions.clock.advance(3600)
    for _ in range(3):
        regions.database.scheduler.run_due()
        regions.drain()
    assert [regions.items(region) for region in (EAST, WEST)] == [[], []]
    assert ["userIdentity" in records(regions, region)[-1] for region in (EAST, WEST)] == [True, False]
    check_store(regions.database)


def records(regions: Regions, region: str) -> list[dict[str, object]]:
    arn = regions.described(region)["LatestStreamArn"]
    found = []
    for shard in regions(region, "DescribeStream", StreamArn=arn)["StreamDescription"]["Shards"]:
        iterator = regions(
            region, "GetShardIterator", StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )
        found += regions(region, "GetRecords", ShardIterator=iterator["ShardIterator"])["Records"]
    return found


class Held:
    """Keep writes in the logs during the block, so that regions can make conflicting changes."""

    def __init__(self, regions: Regions) -> None:
        self._database = regions.database

    def __enter__(self) -> None:
        self._replicate = self._database.catalog.attachments.replicate
        self._database.catalog.attachments.replicate = lambda _definition: None

    def __exit__(self, *_: object) -> None:
        self._database.catalog.attachments.replicate = self._replicate
        replication.begin_all(self._database)


@pytest.mark.parametrize("kind", [kind for kind in ENGINES if ENGINE_KINDS[kind].persistent])
def test_a_restart_loses_and_repeats_nothing(kind: str, tmp_path: Path) -> None:
    settings = settings_of_engine(kind, tmp_path)
    regions = Regions(settings)
    regions(EAST, "CreateTable", **TABLE)
    regions.replicate(WEST)
    with Held(regions):
        put(regions, EAST, "a", "1")
        put(regions, WEST, "b", "1")
    regions.inside.emulator.close()
    regions = Regions(settings)
    regions.drain()
    assert [regions.items(region) for region in (EAST, WEST)] == [[item("a", "1"), item("b", "1")]] * 2
    assert [len(records(regions, region)) for region in (EAST, WEST)] == [2, 2]
    check_store(regions.database)
    regions.inside.emulator.close()


def test_settings_without_replicas_write_no_versions():
    regions = Regions()
    regions(EAST, "CreateTable", **TABLE)
    put(regions, EAST, "a", "1")
    with regions.database.read() as txn:
        assert list(txn.scan(b"\x18", b"\x19")) == []


def test_a_copy_with_waiting_writes_is_sound():
    regions = Regions()
    regions(EAST, "CreateTable", **TABLE)
    regions.replicate(WEST)
    with Held(regions):
        put(regions, EAST, "a", "1")
        put(regions, EAST, "a", "2")  # the table no longer has the first row, so the log stores it
        with regions.database.read() as txn:
            soundness.check(txn)
        with regions.database.write() as change:
            key = next(key for key, _ in change.scan(b"\x18", b"\x19") if key[5:6] == b"\2")
            change.put(key, change.get(key).replace(b"eu", b"ue")[:-1] + b"x")
        with regions.database.read() as txn, pytest.raises(Corrupted):
            soundness.check(txn)


def test_shared_databases_have_no_replicas():
    regions = Regions(Settings(in_memory=True, shared_db=True))
    regions(EAST, "CreateTable", **TABLE)
    create = [{"Create": {"RegionName": WEST}}]
    assert regions.error(EAST, "UpdateTable", TableName="music", ReplicaUpdates=create) == (
        "ValidationException",
        "ReplicaUpdates: with --shared-db, all regions have the same tables, and no replicas",
    )
