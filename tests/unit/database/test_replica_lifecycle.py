"""Statuses of replicas with delay_transient_statuses, and what other parts know of replicas."""

import pytest

from emulator.controls.reset import reset
from emulator.database.snapshots import branching, restoring, saving
from emulator.database.snapshots.scope import Scope
from emulator.settings import Settings
from emulator.slices import finish
from tests.support.invariants import check_store
from tests.support.regions import REGIONS, TABLE, Regions

EAST, WEST, SOUTH = REGIONS
BUSY = ("ResourceInUseException", "The resource which you are attempting to change is in use.")
ITEM = {"k": {"S": "a"}}


@pytest.fixture
def slow() -> Regions:
    """Return regions with one table. Their transient statuses last three seconds."""
    made = Regions(Settings(in_memory=True, delay_transient_statuses=True))
    made(EAST, "CreateTable", **TABLE)
    made.clock.advance(4)
    return made


def update(regions: Regions, region: str, **action: object) -> None:
    regions(region, "UpdateTable", TableName="music", ReplicaUpdates=[action])


def create(region: str) -> dict[str, object]:
    return {"TableName": "music", "ReplicaUpdates": [{"Create": {"RegionName": region}}]}


def test_statuses_of_creation_and_deletion(slow):
    update(slow, EAST, Create={"RegionName": WEST})
    assert slow.described(EAST)["TableStatus"] == "UPDATING"
    assert slow.replicas(EAST) == {WEST: "CREATING"}
    assert (slow.described(WEST)["TableStatus"], slow.replicas(WEST)) == ("CREATING", {EAST: "UPDATING"})
    slow.clock.advance(4)
    assert slow.described(EAST)["TableStatus"] == slow.described(WEST)["TableStatus"] == "ACTIVE"
    assert (slow.replicas(EAST), slow.replicas(WEST)) == ({WEST: "ACTIVE"}, {EAST: "ACTIVE"})
    update(slow, EAST, Delete={"RegionName": WEST})
    assert slow.replicas(EAST) == {WEST: "DELETING"}
    slow.clock.advance(4)
    assert slow.replicas(EAST) == {}
    assert slow.error(WEST, "DescribeTable", TableName="music")[0] == "ResourceNotFoundException"
    slow.database.scheduler.run_due()
    slow.drain()
    assert all(table.definition.membership is None for table in slow.database.catalog.everything())
    check_store(slow.database)


def test_members_are_busy_while_a_replica_is_created(slow):
    update(slow, EAST, Create={"RegionName": WEST})
    again = f"Global table with name: 'music' already exists with replicas in regions: '{EAST}, {WEST}'."
    assert slow.error(EAST, "UpdateTable", **create(WEST)) == ("ResourceInUseException", again)
    assert slow.error(EAST, "UpdateTable", **create(SOUTH)) == BUSY
    assert slow.error(EAST, "UpdateTable", TableName="music", DeletionProtectionEnabled=True) == BUSY
    assert slow.error(WEST, "DeleteTable", TableName="music") == BUSY
    specification = {"AttributeName": "t", "Enabled": True}
    message = (
        "Create/Update/Delete of replica is not allowed while the replica is being added to table with name: "
        f"\u2018music\u2019 in region: \u2018{WEST}\u2019."
    )
    error = slow.error(EAST, "UpdateTimeToLive", TableName="music", TimeToLiveSpecification=specification)
    assert error == ("ValidationException", message)


def test_items_written_during_creation_arrive(slow):
    update(slow, EAST, Create={"RegionName": WEST})
    slow(EAST, "PutItem", TableName="music", Item=ITEM)
    slow.clock.advance(4)
    slow.drain()
    assert slow.items(WEST) == [ITEM]


def test_a_source_may_be_deleted_after_a_day():
    regions = Regions()
    regions(EAST, "CreateTable", **TABLE)
    regions.replicate(WEST)
    assert regions.error(EAST, "DeleteTable", TableName="music")[0] == "ValidationException"
    assert regions.error(WEST, "UpdateTable", TableName="music", ReplicaUpdates=[{"Delete": {"RegionName": EAST}}])[
        0
    ] == ("ValidationException")
    regions.clock.advance(86_400)
    update(regions, WEST, Delete={"RegionName": EAST})
    assert regions.replicas(WEST) == {}
    regions.drain()
    check_store(regions.database)


def test_a_replica_can_be_created_again():
    regions = Regions()
    regions(EAST, "CreateTable", **TABLE)
    regions.replicate(WEST)
    regions(EAST, "PutItem", TableName="music", Item=ITEM)
    update(regions, EAST, Delete={"RegionName": WEST})
    regions(EAST, "DeleteItem", TableName="music", Key=ITEM)
    regions.replicate(WEST)
    regions(WEST, "PutItem", TableName="music", Item=ITEM)
    regions.drain()
    assert regions.items(EAST) == regions.items(WEST) == [ITEM]
    check_store(regions.database)


def test_a_replica_that_is_deleted_while_it_is_filled_leaves_nothing():
    regions = Regions()
    regions(EAST, "CreateTable", **TABLE)
    for number in range(700):
        regions(EAST, "PutItem", TableName="music", Item={"k": {"S": str(number)}})
    update(regions, EAST, Create={"RegionName": WEST})
    reset(regions.inside.emulator, {"AccessKey": "test", "Region": WEST})
    regions.drain()
    assert regions.replicas(EAST) == {}
    assert list(regions.database.views._registry) == []
    check_store(regions.database)


def test_reset_of_the_items_empties_all_regions():
    regions = Regions()
    regions(EAST, "CreateTable", **TABLE)
    regions.replicate(WEST)
    regions(EAST, "PutItem", TableName="music", Item=ITEM)
    reset(regions.inside.emulator, {"TableName": "music"})
    regions.drain()
    assert regions.items(EAST) == regions.items(WEST) == []
    regions(WEST, "PutItem", TableName="music", Item=ITEM)
    regions.drain()
    assert regions.items(EAST) == [ITEM]
    check_store(regions.database)


def test_snapshots_and_branches():
    regions = Regions()
    regions(EAST, "CreateTable", **TABLE)
    regions.replicate(WEST)
    regions(EAST, "PutItem", TableName="music", Item=ITEM)
    regions.drain()
    saving.save(regions.database, "s", Scope.of("test", None, shared=False))
    regions(WEST, "DeleteItem", TableName="music", Key=ITEM)
    regions.drain()
    finish(restoring.restore(regions.database, "s"))
    assert regions.items(EAST) == regions.items(WEST) == [ITEM]
    regions(WEST, "DeleteItem", TableName="music", Key=ITEM)
    regions.drain()
    assert regions.items(EAST) == regions.items(WEST) == []
    finish(branching.branch(regions.database, "s", "other", None))
    copies = [table for table in regions.database.catalog.everything() if table.definition.access_key == "other"]
    assert [table.definition.membership for table in copies] == [None, None]
    check_store(regions.database)
