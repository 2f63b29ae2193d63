"""A global table whose replicas belong to several accounts (control-plane 6.7)."""

import json
from typing import Any

import pytest

from emulator.controls import registry
from emulator.settings import Settings
from tests.support.engines import ENGINES, settings_of_engine
from tests.support.invariants import check_store
from tests.support.regions import REGIONS, TABLE, Regions

EAST, WEST, SOUTH = REGIONS
OWNERS = {EAST: "111111111111", WEST: "222222222222", SOUTH: "333333333333"}
"""The account of each region. The access key of an account is its number."""
ACTIONS = ["ReadDataForReplication", "WriteDataForReplication", "ReplicateSettings"]
ITEM = {"k": {"S": "a"}}


class Accounts(Regions):
    """An emulator in which each region's calls come from the account of that region (OWNERS)."""

    def _in(self, region: str) -> None:
        self.inside.caller = self.inside.emulator.caller(OWNERS[region], region)


def arn(region: str) -> str:
    return f"arn:aws:dynamodb:{region}:{OWNERS[region]}:table/music"


def policy(region: str, actions: Any = tuple(ACTIONS), **members: Any) -> str:
    """Return a resource policy, as JSON, that lets the service replicate a region's table."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "replication.dynamodb.amazonaws.com"},
        "Action": [f"dynamodb:{action}" for action in actions],
        "Resource": arn(region),
        **members,
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def make_source(made: Accounts) -> Accounts:
    made(EAST, "CreateTable", **TABLE)
    made(EAST, "UpdateTable", TableName="music", GlobalTableSettingsReplicationMode="ENABLED")
    made(EAST, "PutResourcePolicy", ResourceArn=arn(EAST), Policy=policy(EAST))
    return made


def replica(region: str, source: str = EAST, **members: Any) -> dict[str, Any]:
    """Return the CreateTable request that adds, in a region, a replica of the table in `source`."""
    return {
        "TableName": "music",
        "GlobalTableSourceArn": arn(source),
        "GlobalTableSettingsReplicationMode": "ENABLED",
        "ResourcePolicy": policy(region),
        **members,
    }


@pytest.fixture
def source() -> Accounts:
    """Return accounts. Only EAST's account has the table, whose settings permit replicas."""
    return make_source(Accounts())


@pytest.fixture
def group(source: Accounts) -> Accounts:
    """Return accounts in which EAST and WEST each have a replica of the table."""
    source(WEST, "CreateTable", **replica(WEST))
    source.drain()
    return source


def put(accounts: Accounts, region: str, key: str) -> None:
    accounts(region, "PutItem", TableName="music", Item={"k": {"S": key}})


def keys(accounts: Accounts, *regions: str) -> list[str]:
    accounts.drain()
    return ["".join(sorted(item["k"]["S"] for item in accounts.items(region))) for region in regions]


# --- life of a group ------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ENGINES)
def test_life_of_a_group(kind, tmp_path):
    accounts = make_source(Accounts(settings_of_engine(kind, tmp_path)))
    assert accounts.described(EAST)["GlobalTableSettingsReplicationMode"] == "ENABLED"
    put(accounts, EAST, "a")  # the source may have items before it has replicas
    tags = [{"Key": "team", "Value": "x"}]
    answer = accounts(WEST, "CreateTable", **replica(WEST, Tags=tags))["TableDescription"]
    assert (answer["TableStatus"], answer["TableArn"]) == ("CREATING", arn(WEST))
    assert answer["KeySchema"] == TABLE["KeySchema"]
    accounts.drain()
    for here, there in ((EAST, WEST), (WEST, EAST)):
        found = accounts.described(here)
        assert (found["TableStatus"], found["GlobalTableVersion"]) == ("ACTIVE", "2019.11.21")
        assert found["GlobalTableSettingsReplicationMode"] == "ENABLED"
        [entry] = found["Replicas"]
        assert (entry["RegionName"], entry["ReplicaArn"]) == (there, arn(there))
        assert entry["GlobalTableSettingsReplicationMode"] == "ENABLED"
    assert accounts(WEST, "ListTagsOfResource", ResourceArn=arn(WEST))["Tags"] == tags
    put(accounts, WEST, "b")
    assert keys(accounts, EAST, WEST) == ["ab", "ab"]
    accounts(SOUTH, "CreateTable", **replica(SOUTH, source=EAST))
    put(accounts, SOUTH, "c")
    assert keys(accounts, *REGIONS) == ["abc"] * 3
    accounts(WEST, "DeleteTable", TableName="music")
    assert accounts.replicas(EAST) == {SOUTH: "ACTIVE"}
    put(accounts, EAST, "d")
    assert keys(accounts, EAST, SOUTH) == ["abcd"] * 2
    check_store(accounts.database)
    accounts.inside.emulator.close()


def test_settings_are_shared(group):
    group(WEST, "UpdateTable", TableName="music", OnDemandThroughput={"MaxWriteRequestUnits": 9})
    assert group.described(EAST)["OnDemandThroughput"] == {"MaxWriteRequestUnits": 9}
    specification = {"AttributeName": "t", "Enabled": True}
    group(EAST, "UpdateTimeToLive", TableName="music", TimeToLiveSpecification=specification)
    answer = group(WEST, "DescribeTimeToLive", TableName="music")["TimeToLiveDescription"]
    assert answer == {"TimeToLiveStatus": "ENABLED", "AttributeName": "t"}


def test_a_replica_can_be_disassociated(group):
    put(group, EAST, "a")
    group(WEST, "UpdateTable", TableName="music", DisassociationProtectionEnabled=False)
    action = {"Disassociate": {"RegionName": WEST, "DisassociationMode": "WAIT_FOR_REPLICATION"}}
    group(WEST, "UpdateTable", TableName="music", ReplicaUpdates=[action])
    assert keys(group, WEST) == ["a"]
    assert group.replicas(WEST) == group.replicas(EAST) == {}
    check_store(group.database)


def test_pauses_know_the_accounts(group):
    registry.call(group.inside.emulator, "replication", {"TableName": arn(EAST), "Paused": True})
    put(group, EAST, "a")
    put(group, WEST, "b")
    assert keys(group, EAST, WEST) == ["ab", "b"]
    shown = registry.call(group.inside.emulator, "show_replication", {})["Directions"]
    assert {(each["AccessKey"], each["Waiting"]) for each in shown} == {(OWNERS[EAST], 1), (OWNERS[WEST], 0)}


def test_a_policy_that_forbids_replication_stops_it(group):
    group(WEST, "PutResourcePolicy", ResourceArn=arn(WEST), Policy=policy(WEST, ACTIONS[:2]))
    put(group, EAST, "a")
    put(group, WEST, "b")
    assert keys(group, EAST, WEST) == ["a", "b"]
    assert group.described(WEST)["TableStatus"] == "REPLICATION_NOT_AUTHORIZED"
    assert group.replicas(EAST) == {WEST: "REPLICATION_NOT_AUTHORIZED"}
    group(WEST, "PutResourcePolicy", ResourceArn=arn(WEST), Policy=policy(WEST))
    assert keys(group, EAST, WEST) == ["ab", "ab"]
    assert group.replicas(EAST) == {WEST: "ACTIVE"}
    group(EAST, "DeleteResourcePolicy", ResourceArn=arn(EAST))
    assert group.described(EAST)["TableStatus"] == "REPLICATION_NOT_AUTHORIZED"


def test_the_mode_of_a_regional_table():
    accounts = Accounts()
    accounts(EAST, "CreateTable", **TABLE)
    assert "GlobalTableSettingsReplicationMode" not in accounts.described(EAST)
    for mode in ("ENABLED", "ENABLED", "DISABLED", "DISABLED"):
        accounts(EAST, "UpdateTable", TableName="music", GlobalTableSettingsReplicationMode=mode)
        assert accounts.described(EAST)["GlobalTableSettingsReplicationMode"] == mode
    error = accounts.error(
        EAST, "UpdateTable", TableName="music", GlobalTableSettingsReplicationMode="ENABLED_WITH_OVERRIDES"
    )
    assert error == (
        "ValidationException",
        ("Value 'ENABLED_WITH_OVERRIDES' at 'GlobalTableSettingsReplicationMode' failed to satisfy constraint: Only "
        "ENABLED and DISABLED settings replication are supported for a Regional Table."),
    )  # fmt: skip


# --- errors ---------------------------------------------------------------------------------------

INVALID = "One or more parameter values were invalid: "
VALIDATION, DENIED = "ValidationException", "AccessDeniedException"
MODE = "GlobalTableSettingsReplicationMode must be ENABLED when GlobalTableSourceArn is specified."
NOT_PERMITTED = "The resource policy of {} does not allow replication.dynamodb.amazonaws.com to replicate the table."
ELSEWHERE = INVALID + "GlobalTableSourceArn must name a table of another account in another Region"
OTHER_REGION = arn(EAST).replace(OWNERS[EAST], OWNERS[WEST])
WITHOUT_POLICY = {name: value for name, value in replica(WEST).items() if name != "ResourcePolicy"}
DENYING = json.loads(policy(WEST))["Statement"] + json.loads(policy(WEST, ACTIONS[:1], Effect="Deny"))["Statement"]

REFUSED = [
    (replica(WEST, GlobalTableSettingsReplicationMode="DISABLED"), VALIDATION, MODE),
    (
        {"TableName": "music", "GlobalTableSettingsReplicationMode": "ENABLED", **TABLE},
        VALIDATION,
        "GlobalTableSettingsReplicationMode can be specified only together with GlobalTableSourceArn.",
    ),
    (
        replica(WEST, BillingMode="PAY_PER_REQUEST"),
        VALIDATION,
        INVALID + "BillingMode must not be specified together with GlobalTableSourceArn",
    ),
    (
        replica(WEST, GlobalTableSourceArn="arn:aws:s3:::bucket"),
        VALIDATION,
        INVALID + "GlobalTableSourceArn is not the ARN of a table: arn:aws:s3:::bucket",
    ),
    (replica(WEST, TableName="other"), VALIDATION, INVALID + "TableName must be the name of the source table: music"),
    (replica(WEST, GlobalTableSourceArn=OTHER_REGION), VALIDATION, ELSEWHERE),
    (replica(WEST, GlobalTableSourceArn=arn(WEST).replace(OWNERS[WEST], OWNERS[EAST])), VALIDATION, ELSEWHERE),
    (
        replica(WEST, GlobalTableSourceArn=arn(SOUTH)),
        "ResourceNotFoundException",
        "Requested resource not found: Table: music not found",
    ),
    (WITHOUT_POLICY, DENIED, NOT_PERMITTED.format(arn(WEST))),
    (replica(WEST, ResourcePolicy=policy(WEST, ACTIONS[1:])), DENIED, NOT_PERMITTED.format(arn(WEST))),
    (replica(WEST, ResourcePolicy=policy(EAST)), DENIED, NOT_PERMITTED.format(arn(WEST))),
    (replica(WEST, ResourcePolicy=json.dumps({"Statement": DENYING})), DENIED, NOT_PERMITTED.format(arn(WEST))),
]  # fmt: skip


@pytest.mark.parametrize(("members", "code", "message"), REFUSED)
def test_refused(source, members, code, message):
    assert source.error(WEST, "CreateTable", **members) == (code, message)
    assert source(WEST, "ListTables")["TableNames"] == []
    assert source.replicas(EAST) == {}


def test_the_policy_of_the_source_must_permit_replication(source):
    source(EAST, "DeleteResourcePolicy", ResourceArn=arn(EAST))
    assert source.error(WEST, "CreateTable", **replica(WEST)) == (DENIED, NOT_PERMITTED.format(arn(EAST)))


def test_the_source_must_replicate_settings(source):
    source(EAST, "UpdateTable", TableName="music", GlobalTableSettingsReplicationMode="DISABLED")
    text = f"GlobalTableSettingsReplicationMode is not ENABLED for the source table {arn(EAST)}, or it has replicas already."
    assert source.error(WEST, "CreateTable", **replica(WEST)) == (VALIDATION, text)


def test_one_replica_in_each_account_and_region(group, monkeypatch):
    monkeypatch.setitem(OWNERS, "us-west-2", OWNERS[WEST])
    text = "A global table can have only one replica in each account and in each Region."
    assert group.error("us-west-2", "CreateTable", **replica("us-west-2")) == (VALIDATION, text)
    monkeypatch.setitem(OWNERS, "us-west-2", "444444444444")
    group("us-west-2", "CreateTable", **replica("us-west-2"))


def test_members_of_a_group_are_changed_by_their_accounts(group):
    own = "Replicas of other accounts can be changed and deleted only by their accounts."
    for action in ({"Create": {"RegionName": SOUTH}}, {"Delete": {"RegionName": WEST}}):
        assert group.error(EAST, "UpdateTable", TableName="music", ReplicaUpdates=[action]) == (VALIDATION, own)
    error = group.error(EAST, "UpdateTable", TableName="music", GlobalTableSettingsReplicationMode="DISABLED")
    assert error == (VALIDATION, "GlobalTableSettingsReplicationMode can be changed only for a Regional Table.")


def test_a_table_of_this_name_is_in_the_way(source):
    source(WEST, "CreateTable", **TABLE)
    assert source.error(WEST, "CreateTable", **replica(WEST)) == (
        "ResourceInUseException",
        "Table already exists: music",
    )


def test_shared_databases_have_no_accounts():
    accounts = Accounts(Settings(in_memory=True, shared_db=True))
    text = "ReplicaUpdates: with --shared-db, all regions have the same tables, and no replicas"
    assert accounts.error(WEST, "CreateTable", **replica(WEST)) == (VALIDATION, text)


def test_a_source_that_is_being_changed():
    slow = Accounts(Settings(in_memory=True, delay_transient_statuses=True))
    slow(EAST, "CreateTable", **TABLE)
    slow.clock.advance(4)
    slow(EAST, "UpdateTable", TableName="music", GlobalTableSettingsReplicationMode="ENABLED")
    slow(EAST, "PutResourcePolicy", ResourceArn=arn(EAST), Policy=policy(EAST))
    slow.clock.advance(4)
    stream = {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}
    slow(EAST, "UpdateTable", TableName="music", StreamSpecification=stream)
    code, message = slow.error(WEST, "CreateTable", **replica(WEST))
    assert (code, message) == (
        "ResourceInUseException",
        "Attempt to change a resource which is still in use: Table is being updated: music",
    )
    slow.clock.advance(4)
    slow(WEST, "CreateTable", **replica(WEST))
