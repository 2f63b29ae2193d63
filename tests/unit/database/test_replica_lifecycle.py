"""Statuses of replicas with delay_transient_statuses, and how restarts, resets and snapshots treat
replicas.
"""

import pytest

from emulator.controls import registry
from emulator.controls.reset import reset
from emulator.database.snapshots import branching, restoring, saving
from emulator.database.snapshots.scope import Scope
from emulator.settings import Settings
from emulator.slices import finish
from tests.support.invariants import check_store
from tests.support.regions import REGIONS, TABLE, Regions
from tests.support.tables import index_request, table_request

EAST, WEST, SOUTH = REGIONS
BUSY = ("ResourceInUseException", "The resource which you are attempting to change is in use.")
ITEM = {"k": {"S": "a"}}


@pytest.fixture
def slow() -> Regions:
    """Return regions of which EAST has a table. Transient statuses last three seconds."""
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


@pytest.mark.parametrize("by_table", [False, True])
def test_the_last_writes_of_a_deleted_replica_reach_all_regions(by_table):
    regions = Regions()
    regions(EAST, "CreateTable", **TABLE)
    regions.replicate(WEST, SOUTH)
    registry.call(regions.inside.emulator, "replication", {"TableName": "music", "From": WEST, "Delay": 60})
    registry.call(
        regions.inside.emulator, "replication", {"TableName": "music", "From": WEST, "To": SOUTH, "Paused": True}
    )
    for number in range(300):
        regions(WEST, "PutItem", TableName="music", Item={"k": {"S": str(number)}})
    if by_table:
        regions(WEST, "DeleteTable", TableName="music")
    else:
        update(regions, EAST, Delete={"RegionName": WEST})
    assert regions.described(WEST)["TableStatus"] == "DELETING"
    assert regions.error(WEST, "PutItem", TableName="music", Item=ITEM)[0] == "ResourceNotFoundException"
    regions.drain()
    assert regions.error(WEST, "DescribeTable", TableName="music")[0] == "ResourceNotFoundException"
    assert len(regions.items(EAST)) == len(regions.items(SOUTH)) == 300
    assert regions.replicas(EAST) == {SOUTH: "ACTIVE"}
    check_store(regions.database)


def test_a_restart_sends_the_last_writes_of_a_deleted_replica(tmp_path):
    settings = Settings(data_dir=tmp_path)
    before = Regions(settings)
    before(EAST, "CreateTable", **TABLE)
    before.replicate(WEST)
    registry.call(before.inside.emulator, "replication", {"TableName": "music", "Paused": True})
    before(WEST, "PutItem", TableName="music", Item=ITEM)
    before(WEST, "DeleteTable", TableName="music")
    before.inside.emulator.close()
    after = Regions(settings)
    after.drain()
    assert (after.items(EAST), after.replicas(EAST)) == ([ITEM], {})
    check_store(after.database)
    after.inside.emulator.close()


def test_a_region_that_comes_back_is_one_member():
    regions = Regions()
    regions(EAST, "CreateTable", **TABLE)
    regions.replicate(WEST, SOUTH)
    update(regions, EAST, Delete={"RegionName": SOUTH})
    regions.replicate(SOUTH)
    regions(WEST, "PutItem", TableName="music", Item=ITEM)
    regions.drain()
    for region in REGIONS:
        found = [each["RegionName"] for each in regions.described(region)["Replicas"]]
        assert sorted(found) == sorted(set(REGIONS) - {region})
        assert regions.items(region) == [ITEM]
    check_store(regions.database)


def test_a_replica_that_is_deleted_while_it_is_filled_leaves_nothing():
    regions = Regions()
    regions(EAST, "CreateTable", **TABLE)
    for number in range(700):
        regions(EAST, "PutItem", TableName="music", Item={"k": {"S": str(number)}})
    update(regions, EAST, Create={"RegionName": WEST})
    finish(reset(regions.inside.emulator, {"AccessKey": "test", "Region": WEST}))
    regions.drain()
    assert regions.replicas(EAST) == {}
    assert list(regions.database.views._registry) == []
    check_store(regions.database)


def test_reset_of_the_items_empties_all_regions():
    regions = Regions()
    regions(EAST, "CreateTable", **TABLE)
    regions.replicate(WEST)
    regions(EAST, "PutItem", TableName="music", Item=ITEM)
    finish(reset(regions.inside.emulator, {"TableName": "music"}))
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


# --- one region alone -----------------------------------------------------------------------------


def test_a_region_that_is_restored_alone_leaves_its_group():
    regions = Regions()
    regions(EAST, "CreateTable", **TABLE)
    regions.replicate(WEST, SOUTH)
    regions(EAST, "PutItem", TableName="music", Item=ITEM)
    regions.drain()
    saving.save(regions.database, "s", Scope.of("test", WEST, shared=False))
    regions(EAST, "DeleteItem", TableName="music", Key=ITEM)
    regions.drain()
    finish(restoring.restore(regions.database, "s"))
    regions.database.scheduler.run_due()
    regions.drain()
    assert regions.items(WEST) == [ITEM]
    assert [regions.replicas(region) for region in REGIONS] == [{SOUTH: "ACTIVE"}, {}, {EAST: "ACTIVE"}]
    regions(WEST, "PutItem", TableName="music", Item={"k": {"S": "b"}})
    regions(EAST, "PutItem", TableName="music", Item={"k": {"S": "c"}})
    regions.drain()
    assert [regions.items(region) for region in (EAST, SOUTH)] == [[{"k": {"S": "c"}}]] * 2
    assert regions.items(WEST) == [ITEM, {"k": {"S": "b"}}]
    check_store(regions.database)


def test_a_region_that_joined_after_the_snapshot_leaves_the_restored_group():
    regions = Regions()
    regions(EAST, "CreateTable", **TABLE)
    regions.replicate(WEST)
    saving.save(regions.database, "s", Scope(tables=tuple(("test", region, "music") for region in (EAST, WEST))))
    regions.replicate(SOUTH)
    regions(EAST, "PutItem", TableName="music", Item=ITEM)
    regions.drain()
    finish(restoring.restore(regions.database, "s"))
    regions.database.scheduler.run_due()
    regions.drain()
    assert [regions.replicas(region) for region in REGIONS] == [{WEST: "ACTIVE"}, {EAST: "ACTIVE"}, {}]
    assert [len(regions.items(region)) for region in REGIONS] == [0, 0, 1]
    regions(WEST, "PutItem", TableName="music", Item=ITEM)
    regions.drain()
    assert regions.items(EAST) == [ITEM]
    check_store(regions.database)


@pytest.mark.parametrize("strong", [False, True])
def test_reset_of_the_items_of_one_region_empties_its_group(strong):
    regions = Regions()
    regions(EAST, "CreateTable", **TABLE)
    names = ("us-east-2", "us-west-2")
    creates = [{"Create": {"RegionName": region}} for region in names]
    if strong:
        regions(EAST, "UpdateTable", TableName="music", ReplicaUpdates=creates, MultiRegionConsistency="STRONG")
    else:
        regions.replicate(*names)
    regions(EAST, "PutItem", TableName="music", Item=ITEM)
    regions.drain()
    answer = finish(reset(regions.inside.emulator, {"TableName": "music", "AccessKey": "test", "Region": names[0]}))
    assert answer == {"Tables": 3}
    regions.drain()
    assert [regions.items(region) for region in (EAST, *names)] == [[]] * 3
    regions(names[1], "PutItem", TableName="music", Item=ITEM)
    regions.drain()
    assert [regions.items(region) for region in (EAST, *names)] == [[ITEM]] * 3
    check_store(regions.database)


# --- overrides of indexes -------------------------------------------------------------------------


def units(read: int, write: int) -> dict[str, int]:
    return {"ReadCapacityUnits": read, "WriteCapacityUnits": write}


INDEXED = {
    **table_request(
        "k:S",
        define="g:S",
        GlobalSecondaryIndexes=[index_request("global", "g")],
        OnDemandThroughput={"MaxReadRequestUnits": 50, "MaxWriteRequestUnits": 50},
    ),
    "TableName": "music",
}


def capacity(regions: Regions, region: str, member: str) -> list[object]:
    """Return the setting `member` of a table and of its index, for example OnDemandThroughput."""
    found = regions.described(region)
    return [found.get(member), *(index.get(member) for index in found["GlobalSecondaryIndexes"])]


def test_an_index_keeps_its_override_of_reads():
    regions = Regions()
    regions(EAST, "CreateTable", **INDEXED)
    regions.replicate(WEST)
    ceiling = {"MaxReadRequestUnits": 7}
    own = [{"IndexName": "global", "OnDemandThroughputOverride": ceiling}]
    update(
        regions, EAST, Update={"RegionName": WEST, "OnDemandThroughputOverride": ceiling, "GlobalSecondaryIndexes": own}
    )
    wanted = {"MaxReadRequestUnits": 20, "MaxWriteRequestUnits": 30}
    updates = [{"Update": {"IndexName": "global", "OnDemandThroughput": wanted}}]
    regions(EAST, "UpdateTable", TableName="music", GlobalSecondaryIndexUpdates=updates)
    regions(EAST, "UpdateTable", TableName="music", OnDemandThroughput=wanted)
    assert capacity(regions, EAST, "OnDemandThroughput") == [wanted, wanted]
    assert capacity(regions, WEST, "OnDemandThroughput") == [{**wanted, **ceiling}] * 2


def test_provisioned_reads_of_an_index_are_overridden_until_the_mode_changes():
    regions = Regions()
    regions(EAST, "CreateTable", **INDEXED)
    regions.replicate(WEST)
    both = [{"Update": {"IndexName": "global", "ProvisionedThroughput": units(5, 5)}}]
    provisioned = {"BillingMode": "PROVISIONED", "ProvisionedThroughput": units(5, 5)}
    regions(EAST, "UpdateTable", TableName="music", GlobalSecondaryIndexUpdates=both, **provisioned)
    own = [{"IndexName": "global", "ProvisionedThroughputOverride": {"ReadCapacityUnits": 9}}]
    update(regions, EAST, Update={"RegionName": WEST, "GlobalSecondaryIndexes": own})
    more = [{"Update": {"IndexName": "global", "ProvisionedThroughput": units(6, 7)}}]
    regions(EAST, "UpdateTable", TableName="music", GlobalSecondaryIndexUpdates=more)
    found = [
        [each["ReadCapacityUnits"] for each in capacity(regions, r, "ProvisionedThroughput")] for r in (EAST, WEST)
    ]
    assert found == [[5, 6], [5, 9]]
    assert [each["WriteCapacityUnits"] for each in capacity(regions, WEST, "ProvisionedThroughput")] == [5, 7]
    regions(WEST, "UpdateTable", TableName="music", ProvisionedThroughput=units(5, 8))
    assert [each["ReadCapacityUnits"] for each in capacity(regions, WEST, "ProvisionedThroughput")] == [5, 9]
    regions(EAST, "UpdateTable", TableName="music", BillingMode="PAY_PER_REQUEST")
    [replica] = regions.described(EAST)["Replicas"]
    assert "ProvisionedThroughputOverride" not in replica["GlobalSecondaryIndexes"][0]
