"""The log of a replica, with the writes that other regions do not have yet: stored bytes, its
limit, and when versions of items are deleted.
"""

from typing import Any

import pytest

from emulator.controls import registry
from emulator.database.changes import replicas
from emulator.database.jobs import replication
from emulator.database.store import keyspace
from tests.support.invariants import check_store
from tests.support.regions import REGIONS, TABLE, Regions

EAST, WEST, SOUTH = REGIONS


@pytest.fixture
def regions() -> Regions:
    """Return three regions with replicas of one table."""
    made = Regions()
    made(EAST, "CreateTable", **TABLE)
    made.replicate(WEST, SOUTH)
    return made


def steer(regions: Regions, **body: object) -> None:
    registry.call(regions.inside.emulator, "replication", {"TableName": "music", **body})


def put(regions: Regions, region: str, key: str, value: str = "") -> None:
    regions(region, "PutItem", TableName="music", Item=item(key, value))


def delete(regions: Regions, region: str, key: str) -> None:
    regions(region, "DeleteItem", TableName="music", Key={"k": {"S": key}})


def item(key: str, value: str = "") -> dict[str, Any]:
    return {"k": {"S": key}, "v": {"S": value}}


def stored(regions: Regions, kind: bytes = b"") -> dict[bytes, bytes]:
    """Return the stored keys and values of replication: all of them, or those of one kind."""
    with regions.database.read() as txn:
        return {key: value for key, value in txn.scan(b"\x18", b"\x19") if key[5:6].startswith(kind)}


def records(regions: Regions) -> dict[bytes, bytes]:
    return stored(regions, b"\2")


def versions(regions: Regions) -> dict[bytes, bytes]:
    return stored(regions, b"\3")


def events(regions: Regions, region: str) -> list[tuple[str, str]]:
    """Return (event, value of attribute v) of each stream record, in the order of the writes."""
    arn = regions.described(region)["LatestStreamArn"]
    found: list[Any] = []
    for shard in regions(region, "DescribeStream", StreamArn=arn)["StreamDescription"]["Shards"]:
        place = {"StreamArn": arn, "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
        iterator = regions(region, "GetShardIterator", **place)["ShardIterator"]
        found += regions(region, "GetRecords", ShardIterator=iterator)["Records"]
    found.sort(key=lambda each: int(each["dynamodb"]["SequenceNumber"]))
    return [(each["eventName"], each["dynamodb"].get("NewImage", {}).get("v", {}).get("S")) for each in found]


# --- what is stored -------------------------------------------------------------------------------


def test_stored_bytes():
    """Later versions must read the folders of this version, so these bytes must not change."""
    regions = Regions()
    regions(EAST, "CreateTable", **TABLE)
    regions.replicate(WEST)
    steer(regions, From=EAST, To=WEST, Paused=True)
    put(regions, EAST, "a", "1")
    delete(regions, EAST, "a")
    put(regions, EAST, "b", "1")
    membership = regions.database.catalog.named("music")[0].definition.membership
    assert membership is not None
    prefix = keyspace.replica(membership.log)
    micros = round(regions.clock.now() * 1_000_000)
    first, second = (each.to_bytes(8, "big") + b"us-east-1" for each in (micros, micros + 1))
    a, b = (keyspace.digest(each) for each in (b"a", b"b"))
    found = stored(regions)
    row = found.pop(prefix + b"\2" + (1).to_bytes(8, "big")).removeprefix(b"\0\x11\0\0\0\x10" + first + a)
    assert row.endswith(b'{"k":{"S":"a"},"v":{"S":"1"}}')
    assert found == {
        prefix + b"\0": (3).to_bytes(8, "big"),
        prefix + b"\1eu-west-1": bytes(8),
        prefix + b"\2" + (2).to_bytes(8, "big"): b"\0\x11\0\0\0\x10" + second + a,
        prefix + b"\2" + (3).to_bytes(8, "big"): b"\x80\x11\0\0\0\x10" + first + b,
        prefix + b"\3" + a: second + b"\0" + (2).to_bytes(8, "big"),
        prefix + b"\3" + b: first + b"\0" + (3).to_bytes(8, "big"),
    }


def test_a_waiting_write_stores_no_image_twice(regions):
    steer(regions, Paused=True)
    put(regions, EAST, "a", "x" * 1000)
    assert sum(map(len, records(regions).values())) < 100
    put(regions, EAST, "a", "y" * 1000)  # the table no longer has the first image, so the log stores it
    assert 1000 < sum(map(len, records(regions).values())) < 1200
    steer(regions, Paused=False)
    regions.drain()
    assert records(regions) == {}
    for region in REGIONS:
        assert events(regions, region) == [("INSERT", "x" * 1000), ("MODIFY", "y" * 1000)]


def test_a_replicated_write_that_replaces_a_waiting_one_keeps_its_image(regions):
    steer(regions, From=EAST, Paused=True)
    put(regions, EAST, "a", "east")
    regions.clock.advance(1)
    put(regions, WEST, "a", "west")
    regions.drain()
    assert regions.items(EAST) == [item("a", "west")]
    steer(regions, Paused=False)
    regions.drain()
    assert [regions.items(region) for region in REGIONS] == [[item("a", "west")]] * 3
    check_store(regions.database)


def test_a_replicated_write_of_the_same_item_keeps_a_waiting_image(regions):
    """WEST writes an item equal to EAST's, so the row in EAST stays the same, but its version
    changes.
    """
    steer(regions, Paused=True)
    put(regions, EAST, "a", "1")
    regions.clock.advance(1)
    put(regions, WEST, "a", "1")
    steer(regions, From=WEST, To=EAST, Paused=False)
    regions.drain()
    put(regions, EAST, "a", "2")
    steer(regions, From=EAST, To=SOUTH, Paused=False)
    regions.drain()
    assert events(regions, SOUTH) == [("INSERT", "1"), ("MODIFY", "2")]
    steer(regions, Paused=False)
    regions.drain()
    assert [regions.items(region) for region in REGIONS] == [[item("a", "2")]] * 3
    check_store(regions.database)


def test_records_of_the_first_layout_are_read(regions):
    """In the first layout, a record always had its row, and a version had no record number."""
    steer(regions, From=EAST, Paused=True)
    put(regions, EAST, "a", "1")
    with regions.database.write() as txn:
        [(key, record)] = [pair for pair in txn.scan(b"\x18", b"\x19") if pair[0][5:6] == b"\2"]
        [(version_key, version)] = [pair for pair in txn.scan(b"\x18", b"\x19") if pair[0][5:6] == b"\3"]
        table = regions.database.catalog.sibling(regions.database.catalog.named("music")[0].definition, EAST)
        assert table is not None
        row = txn.get(table.prefix + keyspace.digest(b"a"))
        assert row is not None
        txn.put(key, bytes([record[0] & 0x7F]) + record[1:] + row)
        txn.put(version_key, version[:-9])
    put(regions, EAST, "a", "2")
    steer(regions, Paused=False)
    regions.drain()
    assert events(regions, WEST) == [("INSERT", "1"), ("MODIFY", "2")]


# --- the limit ------------------------------------------------------------------------------------


def test_the_log_of_a_long_pause_is_limited(regions, monkeypatch):
    monkeypatch.setattr(replicas, "KEPT", 4)
    steer(regions, Paused=True)
    for number in range(100):
        put(regions, EAST, "a", str(number))
        put(regions, EAST, "b", str(number))
        delete(regions, EAST, "b")
    for key in "cd":
        put(regions, EAST, key)
    assert len(records(regions)) <= 4 + 4
    steer(regions, Paused=False)
    regions.drain()
    expected = [item("a", "99"), item("c"), item("d")]
    assert [regions.items(region) for region in REGIONS] == [expected] * 3
    assert events(regions, WEST)[-3:] == [("MODIFY", "99"), ("INSERT", ""), ("INSERT", "")]
    assert records(regions) == {}
    check_store(regions.database)


def test_writes_behind_a_slow_region_do_not_wait_for_it(regions, monkeypatch):
    monkeypatch.setattr(replicas, "KEPT", 4)
    steer(regions, To=SOUTH, Paused=True)
    for number in range(20):
        put(regions, EAST, "a", str(number))
        regions.drain()
    assert len(events(regions, WEST)) == 20
    assert len(records(regions)) <= 5
    steer(regions, Paused=False)
    regions.drain()
    assert regions.items(SOUTH) == [item("a", "19")]


# --- versions that nothing needs ------------------------------------------------------------------


def forget(regions: Regions) -> None:
    replication.begin_forgetting(regions.database)
    regions.drain()


def test_versions_are_forgotten_when_no_write_waits(regions):
    for key in "abc":
        put(regions, EAST, key)
    delete(regions, WEST, "a")
    regions.drain()
    delete(regions, SOUTH, "b")
    regions.drain()
    assert len(versions(regions)) == 9
    forget(regions)
    assert versions(regions) == {}
    put(regions, WEST, "c", "later")
    regions.drain()
    assert [regions.items(region) for region in REGIONS] == [[item("c", "later")]] * 3
    check_store(regions.database)


def test_the_scheduler_forgets_versions(regions):
    put(regions, EAST, "a")
    regions.drain()
    regions.clock.advance(61)
    regions.database.scheduler.run_due()
    regions.drain()
    assert versions(regions) == {}


@pytest.mark.parametrize("paused", [(EAST, WEST), (WEST, SOUTH)])
def test_a_version_stays_while_an_older_write_waits(regions, paused):
    put(regions, EAST, "a", "0")
    put(regions, WEST, "a", "0")
    regions.drain()
    steer(regions, From=paused[0], To=paused[1], Paused=True)
    put(regions, paused[0], "a", "older")
    regions.clock.advance(1)
    delete(regions, SOUTH, "a")
    regions.drain()
    forget(regions)
    assert versions(regions) != {}
    steer(regions, Paused=False)
    regions.drain()
    assert [regions.items(region) for region in REGIONS] == [[]] * 3
    forget(regions)
    assert versions(regions) == {}


def test_versions_are_forgotten_in_slices_in_all_regions_at_once(regions, monkeypatch):
    monkeypatch.setattr(replication, "FORGOTTEN", 10)
    for number in range(35):
        put(regions, REGIONS[number % 3], str(number))
    regions.drain()
    replication.begin_forgetting(regions.database)
    seen = [len(versions(regions))]
    while seen[-1]:
        assert regions.database.run_slice()
        items = [key[6:] for key in versions(regions)]
        assert all(items.count(each) == 3 for each in items)
        seen.append(len(items))
    assert len(seen) > 3
    check_store(regions.database)


def test_marks_of_writes_in_flight_are_forgotten_after_the_declaration():
    regions = Regions()
    regions(EAST, "CreateTable", **TABLE)
    create = [{"Create": {"RegionName": region}} for region in ("us-west-2", "us-east-2")]
    regions(EAST, "UpdateTable", TableName="music", ReplicaUpdates=create, MultiRegionConsistency="STRONG")
    put(regions, EAST, "a")
    assert stored(regions) == {}
    steer(regions, Delay=5)
    put(regions, EAST, "a", "1")
    forget(regions)
    assert len(versions(regions)) == 2
    steer(regions, Delay=0)
    forget(regions)
    assert stored(regions) == {}
