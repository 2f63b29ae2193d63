"""Groups with strong consistency: error texts, conflicts, indexes, streams (control-plane 7)."""

from typing import Any

import pytest

from emulator.controls import registry
from emulator.settings import Settings
from tests.support.engines import ENGINE_KINDS, ENGINES, settings_of_engine
from tests.support.invariants import check_store
from tests.support.regions import TABLE, Regions
from tests.support.tables import index_request, table_request

EAST, WEST, CENTRAL, IRELAND = "us-east-1", "us-west-2", "us-east-2", "eu-west-1"
GROUP = (EAST, WEST, CENTRAL)
INDEXED = {
    **table_request("k:S", define="g:S", GlobalSecondaryIndexes=[index_request("global", "g", "ALL")]),
    "TableName": "music",
}
ITEM = {"k": {"S": "a"}, "g": {"S": "g"}}
OTHER = {"k": {"S": "b"}}
CONFLICT = (
    "ReplicatedWriteConflictException",
    (
        "The request was rejected because one or more items in the request are being modified by a request in another "
        "Region."
    ),
)


def creates(*regions: str) -> list[dict[str, Any]]:
    return [{"Create": {"RegionName": region}} for region in regions]


def deletes(*regions: str) -> list[dict[str, Any]]:
    return [{"Delete": {"RegionName": region}} for region in regions]


def strong(*regions: str, witness: str | None = None) -> dict[str, Any]:
    """Return the members of the UpdateTable request that makes a group with strong consistency."""
    request: dict[str, Any] = {"MultiRegionConsistency": "STRONG", "ReplicaUpdates": creates(*regions)}
    if witness is not None:
        request["GlobalTableWitnessUpdates"] = creates(witness)
    return request


def make_group(regions: Regions, **members: Any) -> None:
    regions(EAST, "UpdateTable", TableName="music", **members)
    regions.drain()


@pytest.fixture(params=ENGINES)
def regions(request, tmp_path):
    """Yield three regions with a group of strong consistency, whose table has an index; on each
    engine.
    """
    made = Regions(settings_of_engine(request.param, tmp_path))
    made(EAST, "CreateTable", **INDEXED)
    make_group(made, **strong(WEST, CENTRAL))
    yield made
    made.inside.emulator.close()


@pytest.fixture
def group() -> Regions:
    """Return regions with the group of the fixture `regions`, only in memory."""
    made = Regions()
    made(EAST, "CreateTable", **INDEXED)
    make_group(made, **strong(WEST, CENTRAL))
    return made


def steer(regions: Regions, **body: object) -> None:
    registry.call(regions.inside.emulator, "replication", {"TableName": "music", **body})


def put(regions: Regions, region: str, item: object = ITEM) -> None:
    regions(region, "PutItem", TableName="music", Item=item)


# --- writes ---------------------------------------------------------------------------------------


def test_writes_and_their_indexes_are_in_all_regions_at_once(regions):
    put(regions, EAST)
    regions(
        WEST,
        "UpdateItem",
        TableName="music",
        Key={"k": {"S": "a"}},
        UpdateExpression="SET n = :n",
        ExpressionAttributeValues={":n": {"N": "1"}},
    )
    regions(CENTRAL, "BatchWriteItem", RequestItems={"music": [{"PutRequest": {"Item": OTHER}}]})
    expected = [{**ITEM, "n": {"N": "1"}}, OTHER]
    values = {":g": {"S": "g"}}
    for region in GROUP:
        assert regions.items(region) == expected
        query = {"IndexName": "global", "KeyConditionExpression": "g = :g", "ExpressionAttributeValues": values}
        assert regions(region, "Query", TableName="music", **query)["Items"] == expected[:1]
    regions(WEST, "DeleteItem", TableName="music", Key={"k": {"S": "a"}})
    assert [regions.items(region) for region in GROUP] == [[OTHER]] * 3
    check_store(regions.database)


def test_statements_write_to_all_regions(group):
    group(WEST, "ExecuteStatement", Statement="INSERT INTO music VALUE {'k': 'a'}")
    group(CENTRAL, "BatchExecuteStatement", Statements=[{"Statement": "INSERT INTO music VALUE {'k': 'b'}"}])
    assert [group.items(region) for region in GROUP] == [[{"k": {"S": "a"}}, OTHER]] * 3


def test_large_writes_that_are_prepared_ahead_arrive_whole(group):
    item = {**ITEM, "large": {"S": "x" * 100_000}}
    put(group, EAST, item)
    assert [group.items(region) for region in GROUP] == [[item]] * 3
    check_store(group.database)


def test_streams_of_all_regions_are_identical(group):
    put(group, EAST)
    put(group, WEST, {**ITEM, "v": {"S": "1"}})
    group(CENTRAL, "DeleteItem", TableName="music", Key={"k": {"S": "a"}})
    found = [[(each["eventName"], each["dynamodb"].get("NewImage")) for each in records(group, r)] for r in GROUP]
    assert found == [[("INSERT", ITEM), ("MODIFY", {**ITEM, "v": {"S": "1"}}), ("REMOVE", None)]] * 3


def records(regions: Regions, region: str) -> list[dict[str, Any]]:
    arn = regions.described(region)["LatestStreamArn"]
    found: list[dict[str, Any]] = []
    for shard in regions(region, "DescribeStream", StreamArn=arn)["StreamDescription"]["Shards"]:
        place = {"StreamArn": arn, "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
        iterator = regions(region, "GetShardIterator", **place)["ShardIterator"]
        found += regions(region, "GetRecords", ShardIterator=iterator)["Records"]
    return found


def test_an_index_is_added_in_all_regions(group):
    put(group, EAST, {**ITEM, "h": {"S": "h"}})
    group(
        WEST,
        "UpdateTable",
        TableName="music",
        AttributeDefinitions=[{"AttributeName": "h", "AttributeType": "S"}],
        GlobalSecondaryIndexUpdates=[{"Create": index_request("later", "h", "KEYS_ONLY")}],
    )
    group.drain()
    put(group, CENTRAL, {"k": {"S": "b"}, "h": {"S": "h"}})
    for region in GROUP:
        assert group(region, "Scan", TableName="music", IndexName="later")["Count"] == 2
    check_store(group.database)


def test_writes_during_the_creation_arrive():
    slow = Regions(Settings(in_memory=True, delay_transient_statuses=True))
    slow(EAST, "CreateTable", **TABLE)
    slow.clock.advance(4)
    slow(EAST, "UpdateTable", TableName="music", **strong(WEST, witness=CENTRAL))
    assert slow.described(EAST)["GlobalTableWitnesses"] == [{"RegionName": CENTRAL, "WitnessStatus": "CREATING"}]
    put(slow, EAST, OTHER)
    slow.clock.advance(4)
    assert slow.items(WEST) == [OTHER]
    delete = {"ReplicaUpdates": deletes(WEST), "GlobalTableWitnessUpdates": deletes(CENTRAL)}
    slow(EAST, "UpdateTable", TableName="music", **delete)
    found = slow.described(EAST)
    assert (found["GlobalTableWitnesses"][0]["WitnessStatus"], slow.replicas(EAST)) == ("DELETING", {WEST: "DELETING"})
    put(slow, EAST, {"k": {"S": "c"}})
    slow.clock.advance(4)
    assert slow.replicas(EAST) == {}
    slow.drain()
    assert all(table.definition.membership is None for table in slow.database.catalog.everything())
    check_store(slow.database)


@pytest.mark.parametrize("kind", [kind for kind in ENGINES if ENGINE_KINDS[kind].persistent])
def test_a_group_survives_a_restart(kind, tmp_path):
    settings = settings_of_engine(kind, tmp_path)
    before = Regions(settings)
    before(EAST, "CreateTable", **INDEXED)
    make_group(before, **strong(WEST, witness=CENTRAL))
    put(before, EAST)
    before.inside.emulator.close()
    after = Regions(settings)
    put(after, WEST, OTHER)
    assert after.items(EAST) == after.items(WEST) == [ITEM, OTHER]
    assert after.described(WEST)["GlobalTableWitnesses"] == [{"RegionName": CENTRAL, "WitnessStatus": "ACTIVE"}]
    check_store(after.database)
    after.inside.emulator.close()


def test_a_table_has_all_features_again_when_its_group_has_ended(group):
    group(EAST, "UpdateTable", TableName="music", ReplicaUpdates=deletes(WEST, CENTRAL))
    specification = {"AttributeName": "t", "Enabled": True}
    group(EAST, "UpdateTimeToLive", TableName="music", TimeToLiveSpecification=specification)
    group(EAST, "TransactWriteItems", TransactItems=[{"Put": {"TableName": "music", "Item": ITEM}}])
    assert group.items(EAST) == [ITEM]
    check_store(group.database)


def test_a_group_that_has_ended_may_become_one_of_eventual_consistency(group):
    put(group, EAST)
    group(EAST, "UpdateTable", TableName="music", ReplicaUpdates=deletes(WEST, CENTRAL))
    assert group.replicas(EAST) == {}
    group(EAST, "UpdateTable", TableName="music", ReplicaUpdates=creates("ap-south-1"))
    group.drain()
    assert "MultiRegionConsistency" not in group.described("ap-south-1")
    put(group, "ap-south-1", OTHER)
    group.drain()
    assert group.items(EAST) == group.items("ap-south-1") == [ITEM, OTHER]
    check_store(group.database)


# --- conflicts ------------------------------------------------------------------------------------

KEY = {"Key": {"k": {"S": "a"}}}
CONFLICTING = [
    ("PutItem", {"TableName": "music", "Item": {**ITEM, "v": {"S": "v"}}}),
    ("PutItem", {"TableName": "music", "Item": ITEM}),
    ("UpdateItem", {"TableName": "music", **KEY}),
    ("DeleteItem", {"TableName": "music", **KEY}),
    ("BatchWriteItem", {"RequestItems": {"music": [{"PutRequest": {"Item": OTHER}}, {"DeleteRequest": KEY}]}}),
    ("ExecuteStatement", {"Statement": "DELETE FROM music WHERE k = 'a'"}),
]


@pytest.mark.parametrize(("operation", "members"), CONFLICTING)
def test_a_write_in_flight_refuses_writes_of_its_item(group, operation, members):
    steer(group, From=EAST, To=WEST, Paused=True)
    put(group, EAST)
    assert group.error(WEST, operation, **members) == CONFLICT
    assert [group.items(region) for region in GROUP] == [[ITEM]] * 3
    put(group, WEST, OTHER)
    put(group, CENTRAL, {**ITEM, "v": {"S": "other"}})  # replication from EAST to CENTRAL is not paused
    steer(group, From=EAST, To=WEST, Paused=False)
    group(WEST, operation, **members)
    check_store(group.database)


def test_of_several_statements_only_the_conflicting_one_fails(group):
    steer(group, From=EAST, Paused=True)
    put(group, EAST)
    statements = [{"Statement": f"INSERT INTO music VALUE {{'k': '{key}'}}"} for key in "ab"]
    found = group(WEST, "BatchExecuteStatement", Statements=statements)["Responses"]
    assert found == [
        {"Error": {"Code": "TransactionConflict", "Message": CONFLICT[1]}, "TableName": "music"},
        {"TableName": "music"},
    ]


def test_the_region_of_a_write_in_flight_may_write_again(group):
    steer(group, Paused=True)
    put(group, EAST)
    put(group, EAST, {**ITEM, "v": {"S": "again"}})
    assert group.error(WEST, "DeleteItem", TableName="music", Key={"k": {"S": "a"}}) == CONFLICT
    put(group, WEST, OTHER)
    assert group.error(EAST, "PutItem", TableName="music", Item=OTHER) == CONFLICT


def test_writes_from_before_a_pause_are_not_in_flight(group):
    put(group, EAST)
    group.clock.advance(1)
    steer(group, Paused=True)
    put(group, WEST, {**ITEM, "v": {"S": "v"}})


def test_writes_are_in_flight_for_the_time_of_a_delay(group):
    steer(group, To=WEST, Delay=5)
    put(group, EAST)
    group.clock.advance(4.9)
    assert group.error(WEST, "DeleteItem", TableName="music", Key={"k": {"S": "a"}}) == CONFLICT
    group.clock.advance(0.2)
    group(WEST, "DeleteItem", TableName="music", Key={"k": {"S": "a"}})
    assert [group.items(region) for region in GROUP] == [[]] * 3
    check_store(group.database)


# --- errors ---------------------------------------------------------------------------------------

ENVELOPE = "1 validation error detected: "
NOTHING = (
    "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates, "
    "SSESpecification, ReplicaUpdates, MultiAccountReplicaReady, ReplicaTransitRoleArn, {}DeletionProtectionEnabled, "
    "OnDemandThroughput, WarmThroughput or TableClass is required"
)
COUNT = "Unsupported replica count for global tables with MultiRegionConsistency set to STRONG."
REGION = "Unsupported Region(s) specified for global tables with MultiRegionConsistency set to STRONG: [us-west-1]."
WITNESS = "MultiRegionConsistency must be set as STRONG when GlobalTableWitnessUpdates parameter is present."
ALONE = (
    "One or more parameter values were invalid: Requests that modify replicas or witnesses must not also modify other "
    "fields"
)
ONLY_CREATE = "Only Replica Create actions are supported when MultiRegionConsistency parameter is provided."

REFUSED_FOR_A_TABLE = [
    (strong(WEST), COUNT),
    (strong(WEST, CENTRAL, IRELAND), COUNT),
    (strong(WEST, CENTRAL, witness=IRELAND), COUNT),
    (strong("us-west-1", witness="us-west-1"), REGION),
    (strong(WEST, "us-west-1"), REGION),
    (strong(WEST, witness=WEST), "Cannot target multiple regions with the same action"),
    (
        strong(WEST, witness=EAST),
        (
            "Cannot add a witness in the same region as an existing replica when creating a global table with "
            "MultiRegionConsistency set to STRONG."
        ),
    ),
    ({"ReplicaUpdates": creates(WEST), "GlobalTableWitnessUpdates": creates(CENTRAL)}, WITNESS),
    ({**strong(WEST, witness=CENTRAL), "MultiRegionConsistency": "EVENTUAL"}, WITNESS),
    ({**strong(WEST, CENTRAL), "DeletionProtectionEnabled": True}, ALONE),
    ({**strong(WEST, witness=CENTRAL), "DeletionProtectionEnabled": True}, ALONE),
    ({"MultiRegionConsistency": "STRONG"}, NOTHING.format("")),
    ({"GlobalTableWitnessUpdates": creates(WEST)}, NOTHING.format("MultiRegionConsistency, ")),
    ({"MultiRegionConsistency": "STRONG", "GlobalTableWitnessUpdates": creates(WEST)}, NOTHING.format("")),
    ({"ReplicaUpdates": deletes(WEST), "MultiRegionConsistency": "STRONG"}, ONLY_CREATE),
    (
        {"ReplicaUpdates": creates(WEST, CENTRAL)},
        "Update table operation with more than one create or delete replica actions not allowed",
    ),
    (
        {"ReplicaUpdates": deletes(WEST, CENTRAL)},
        "Update table operation with more than one create or delete replica actions not allowed",
    ),
]


@pytest.mark.parametrize(("members", "message"), REFUSED_FOR_A_TABLE)
def test_refused_for_a_table(members, message):
    regions = Regions()
    regions(EAST, "CreateTable", **TABLE)
    error = regions.error(EAST, "UpdateTable", TableName="music", **members)
    assert error == ("ValidationException", message)
    assert "Replicas" not in regions.described(EAST)


def test_two_witnesses_are_refused():
    regions = Regions()
    regions(EAST, "CreateTable", **TABLE)
    request = {**strong(WEST), "GlobalTableWitnessUpdates": creates(CENTRAL, IRELAND)}
    code, message = regions.error(EAST, "UpdateTable", TableName="music", **request)
    assert code == "ValidationException"
    assert message is not None
    assert message.startswith(ENVELOPE + "Value '[GlobalTableWitnessGroupUpdate(")
    assert message.endswith(
        "at 'globalTableWitnessUpdates' failed to satisfy constraint: Member must have length less than or equal to 1"
    )


LEFT = (
    "Deletion of only one table replica is not supported for global tables with MultiRegionConsistency set to STRONG."
)
NOT_WITNESS = (
    "Update global table operation failed because one or more witnesses were not part of the global table. Please "
    f"retry the request without these witnesses: [{IRELAND}]."
)
FIXED = "MultiRegionConsistency parameter is unsupported on existing global table"
COMPLETE = "Cannot add replicas to a global table with strong MultiRegionConsistency"

REFUSED_FOR_A_GROUP = [
    ({"ReplicaUpdates": creates(IRELAND)}, COMPLETE),
    ({**strong(IRELAND), "MultiRegionConsistency": "EVENTUAL"}, FIXED),
    (strong(IRELAND), COUNT),
    (strong(IRELAND, "eu-west-2"), FIXED),
    ({"ReplicaUpdates": deletes(WEST)}, LEFT),
    ({"ReplicaUpdates": deletes(WEST, CENTRAL), "MultiRegionConsistency": "STRONG"}, ONLY_CREATE),
    ({"ReplicaUpdates": deletes(WEST, CENTRAL), "GlobalTableWitnessUpdates": deletes(IRELAND)}, NOT_WITNESS),
]


@pytest.mark.parametrize(("members", "message"), REFUSED_FOR_A_GROUP)
def test_refused_for_a_group(group, members, message):
    assert group.error(EAST, "UpdateTable", TableName="music", **members) == ("ValidationException", message)
    assert group.replicas(EAST) == {WEST: "ACTIVE", CENTRAL: "ACTIVE"}


REFUSED_WITH_A_WITNESS = [
    ({"ReplicaUpdates": deletes(WEST)}, "Update table delete operation does not include all witnesses."),
    ({"ReplicaUpdates": deletes(WEST), "GlobalTableWitnessUpdates": deletes(IRELAND)}, NOT_WITNESS),
    ({"GlobalTableWitnessUpdates": deletes(CENTRAL)}, NOTHING.format("MultiRegionConsistency, ")),
]


@pytest.mark.parametrize(("members", "message"), REFUSED_WITH_A_WITNESS)
def test_refused_with_a_witness(members, message):
    regions = Regions()
    regions(EAST, "CreateTable", **TABLE)
    make_group(regions, **strong(WEST, witness=CENTRAL))
    assert regions.error(EAST, "UpdateTable", TableName="music", **members) == ("ValidationException", message)
    assert regions.replicas(EAST) == {WEST: "ACTIVE"}


@pytest.mark.parametrize("region", GROUP)
def test_no_table_of_a_group_can_be_deleted_alone(group, region):
    assert group.error(region, "DeleteTable", TableName="music") == ("ValidationException", LEFT)


PUT = {"Put": {"TableName": "music", "Item": ITEM}}
GET = {"Get": {"TableName": "music", "Key": {"k": {"S": "a"}}}}
LACKS = "{} not supported for global tables with MultiRegionConsistency set to STRONG."
MISSING_FEATURES = [
    ("TransactWriteItems", {"TransactItems": [PUT]}, "Transactions are"),
    ("TransactGetItems", {"TransactItems": [GET]}, "Transactions are"),
    (
        "ExecuteTransaction",
        {"TransactStatements": [{"Statement": "INSERT INTO music VALUE {'k': 'a'}"}]},
        "Transactions are",
    ),
    (
        "UpdateTimeToLive",
        {"TableName": "music", "TimeToLiveSpecification": {"AttributeName": "t", "Enabled": True}},
        "Time to live is",
    ),
]


@pytest.mark.parametrize(("operation", "members", "feature"), MISSING_FEATURES)
def test_features_that_a_group_lacks(group, operation, members, feature):
    assert group.error(WEST, operation, **members) == ("ValidationException", LACKS.format(feature))


def test_a_table_with_items_cannot_become_a_group():
    regions = Regions()
    regions(EAST, "CreateTable", **TABLE)
    put(regions, EAST)
    error = regions.error(EAST, "UpdateTable", TableName="music", **strong(WEST, CENTRAL))
    text = "A table must be empty to become a global table with MultiRegionConsistency set to STRONG."
    assert error == ("ValidationException", text)


def test_a_table_with_a_feature_that_a_group_lacks_cannot_become_one():
    regions = Regions()
    local = table_request("k:S s:S", define="l:S", LocalSecondaryIndexes=[index_request("local", "k l", "ALL")])
    regions(EAST, "CreateTable", **{**local, "TableName": "local"})
    regions(EAST, "CreateTable", **TABLE)
    specification = {"AttributeName": "t", "Enabled": True}
    regions(EAST, "UpdateTimeToLive", TableName="music", TimeToLiveSpecification=specification)
    for table, feature in (("local", "Local secondary indexes are"), ("music", "Time to live is")):
        error = regions.error(EAST, "UpdateTable", TableName=table, **strong(WEST, CENTRAL))
        assert error == ("ValidationException", LACKS.format(feature))


def test_a_foreign_table_is_in_the_way_but_not_in_the_region_of_a_witness():
    regions = Regions()
    for region in (EAST, CENTRAL):
        regions(region, "CreateTable", **TABLE)
    error = regions.error(EAST, "UpdateTable", TableName="music", **strong(WEST, CENTRAL))
    assert error[1] is not None
    assert "already existed as tables" in error[1]
    make_group(regions, **strong(WEST, witness=CENTRAL))
    put(regions, CENTRAL)
    assert (regions.items(EAST), regions.items(WEST)) == ([], [])
