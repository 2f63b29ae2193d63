"""Disassociation: a replica leaves its group and keeps its data (control-plane 6.6)."""

from typing import Any

import pytest

from emulator.controls import registry
from emulator.settings import Settings
from tests.support.engines import ENGINE_KINDS, ENGINES, settings_of_engine
from tests.support.invariants import check_store
from tests.support.regions import REGIONS, TABLE, Regions

EAST, WEST, SOUTH = REGIONS
ITEM = {"k": {"S": "a"}}


@pytest.fixture
def regions() -> Regions:
    """Return an emulator with a table in EAST and its replicas in WEST and SOUTH."""
    made = Regions()
    made(EAST, "CreateTable", **TABLE)
    made.replicate(WEST, SOUTH)
    return made


def disassociate(region: str, other: str | None = None) -> dict[str, Any]:
    action = {"RegionName": other or region, "DisassociationMode": "WAIT_FOR_REPLICATION"}
    return {"TableName": "music", "ReplicaUpdates": [{"Disassociate": action}]}


def leave(regions: Regions, region: str) -> Any:
    regions(region, "UpdateTable", TableName="music", DisassociationProtectionEnabled=False)
    return regions(region, "UpdateTable", **disassociate(region))["TableDescription"]


def put(regions: Regions, region: str, key: str) -> None:
    regions(region, "PutItem", TableName="music", Item={"k": {"S": key}})


def steer(regions: Regions, **body: object) -> None:
    registry.call(regions.inside.emulator, "replication", {"TableName": "music", **body})


def keys(regions: Regions, region: str) -> str:
    return "".join(sorted(item["k"]["S"] for item in regions.items(region)))


@pytest.mark.parametrize("kind", ENGINES)
def test_a_replica_becomes_a_regional_table(kind, tmp_path):
    regions = Regions(settings_of_engine(kind, tmp_path))
    regions(EAST, "CreateTable", **TABLE)
    regions.replicate(WEST, SOUTH)
    put(regions, EAST, "a")
    before = regions.described(WEST)
    assert before["DisassociationProtectionEnabled"] is True
    assert leave(regions, WEST)["TableStatus"] == "UPDATING"
    regions.drain()
    after = regions.described(WEST)
    assert after["TableStatus"] == "ACTIVE"
    assert not {"Replicas", "GlobalTableVersion", "DisassociationProtectionEnabled"} & after.keys()
    for member in ("TableId", "TableArn", "LatestStreamArn", "CreationDateTime"):
        assert after[member] == before[member]
    assert (regions.replicas(EAST), regions.replicas(SOUTH)) == ({SOUTH: "ACTIVE"}, {EAST: "ACTIVE"})
    put(regions, EAST, "b")
    put(regions, WEST, "c")
    regions.drain()
    assert [keys(regions, region) for region in REGIONS] == ["ab", "ac", "ab"]
    check_store(regions.database)
    regions.inside.emulator.close()


def test_a_replica_waits_for_the_writes_of_both_directions(regions):
    steer(regions, From=EAST, To=WEST, Paused=True)
    put(regions, EAST, "a")
    leave(regions, WEST)
    regions.drain()
    assert regions.described(WEST)["TableStatus"] == "UPDATING"
    put(regions, WEST, "b")  # clients can use the table while it is UPDATING
    steer(regions, From=WEST, To=SOUTH, Paused=True)
    put(regions, WEST, "c")
    steer(regions, From=EAST, To=WEST, Paused=False)
    regions.drain()
    assert regions.described(WEST)["TableStatus"] == "UPDATING"
    steer(regions, Paused=False)
    regions.drain()
    assert regions.described(WEST)["TableStatus"] == "ACTIVE"
    assert [keys(regions, region) for region in REGIONS] == ["abc"] * 3
    assert regions.replicas(WEST) == {}
    check_store(regions.database)


def test_if_one_of_two_members_leaves_both_become_regional():
    regions = Regions()
    regions(EAST, "CreateTable", **TABLE)
    regions.replicate(WEST)
    leave(regions, EAST)  # the region from which the replica was created may leave too
    regions.drain()
    assert regions.replicas(EAST) == regions.replicas(WEST) == {}
    assert all(table.definition.membership is None for table in regions.database.catalog.everything())
    assert list(regions.database.read().__enter__().scan(b"\x18", b"\x19")) == []
    regions(EAST, "DeleteTable", TableName="music")
    check_store(regions.database)


def test_the_status_lasts_with_delayed_statuses():
    slow = Regions(Settings(in_memory=True, delay_transient_statuses=True))
    slow(EAST, "CreateTable", **TABLE)
    slow.clock.advance(4)
    slow.replicate(WEST)
    slow.clock.advance(4)
    slow.drain()
    leave(slow, WEST)
    slow.drain()
    assert (slow.described(WEST)["TableStatus"], slow.replicas(EAST)) == ("UPDATING", {WEST: "UPDATING"})
    slow.clock.advance(4)
    slow.database.scheduler.run_due()
    slow.drain()
    assert (slow.described(WEST)["TableStatus"], slow.replicas(EAST)) == ("ACTIVE", {})


PROTECTION = {"TableName": "music", "DisassociationProtectionEnabled": False}
OWN = disassociate(EAST)["ReplicaUpdates"]
REFUSED = [
    (
        disassociate(EAST),
        (f"Cannot disassociate table music in region {EAST} because it has disassociation protection enabled. Disable "
        "disassociation protection first."),
    ),
    (
        disassociate(EAST, WEST),
        f"A replica can be disassociated only by a request in its own region: {WEST}.",
    ),
    (
        {"TableName": "music", "ReplicaUpdates": [*OWN, {"Delete": {"RegionName": WEST}}]},
        "Update table operation with more than one type of replica actions not allowed.",
    ),
    (
        {"TableName": "music", "ReplicaUpdates": [*OWN, *disassociate(WEST)["ReplicaUpdates"]]},
        "Update table operation with more than one create or delete replica actions not allowed",
    ),
    (
        {**disassociate(EAST), "DeletionProtectionEnabled": True},
        ("One or more parameter values were invalid: DeletionProtection modification must be the only operation in the "
        "request"),
    ),
    (
        {**PROTECTION, "BillingMode": "PAY_PER_REQUEST"},
        ("One or more parameter values were invalid: DisassociationProtection modification must be the only operation "
        "in the request"),
    ),
    (
        {**disassociate(EAST), "DisassociationProtectionEnabled": False},
        "One or more parameter values were invalid: Replica modification must be the only operation in the request",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("request_", "message"), REFUSED)
def test_refused(regions, request_, message):
    assert regions.error(EAST, "UpdateTable", **request_) == ("ValidationException", message)
    assert regions.described(EAST)["DisassociationProtectionEnabled"] is True
    assert set(regions.replicas(EAST)) == {WEST, SOUTH}


def test_refused_for_regional_tables():
    regions = Regions()
    regions(EAST, "CreateTable", **TABLE)
    found = "Replica specified in the Replica Update or Replica Delete action of the request was not found."
    assert regions.error(EAST, "UpdateTable", **disassociate(EAST)) == ("ValidationException", found)
    text = "DisassociationProtectionEnabled can be specified only for a replica, and table music is none."
    assert regions.error(EAST, "UpdateTable", **PROTECTION) == ("ValidationException", text)


def test_refused_for_groups_with_strong_consistency():
    regions = Regions()
    regions(EAST, "CreateTable", **TABLE)
    create = [{"Create": {"RegionName": WEST}}]
    witness = [{"Create": {"RegionName": "us-east-2"}}]
    strong = {"MultiRegionConsistency": "STRONG", "GlobalTableWitnessUpdates": witness}
    regions(EAST, "UpdateTable", TableName="music", ReplicaUpdates=create, **strong)
    regions.drain()
    text = "Disassociation is not supported for global tables with MultiRegionConsistency set to STRONG."
    for request in (disassociate(EAST), PROTECTION):
        assert regions.error(EAST, "UpdateTable", **request) == ("ValidationException", text)


def test_protection_is_regional_and_can_be_switched_on_again(regions):
    for enabled in (False, True):
        regions(WEST, "UpdateTable", TableName="music", DisassociationProtectionEnabled=enabled)
        found = [regions.described(region)["DisassociationProtectionEnabled"] for region in REGIONS]
        assert found == [True, enabled, True]


@pytest.mark.parametrize("kind", [kind for kind in ENGINES if ENGINE_KINDS[kind].persistent])
def test_a_restart_continues_a_disassociation(kind, tmp_path):
    settings = settings_of_engine(kind, tmp_path)
    before = Regions(settings)
    before(EAST, "CreateTable", **TABLE)
    before.replicate(WEST)
    steer(before, Paused=True)
    put(before, EAST, "a")
    leave(before, WEST)
    before.inside.emulator.close()
    after = Regions(settings)
    after.drain()
    assert (after.described(WEST)["TableStatus"], keys(after, WEST)) == ("UPDATING", "")
    steer(after, Paused=False)
    after.drain()
    assert (after.described(WEST)["TableStatus"], keys(after, WEST)) == ("ACTIVE", "a")
    assert after.replicas(EAST) == after.replicas(WEST) == {}
    check_store(after.database)
    after.inside.emulator.close()
