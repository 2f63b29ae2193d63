"""The capacity that replicated writes consume in the other regions (control-plane 6.5, 19)."""

from typing import Any

import pytest

from emulator.controls import cloudwatch, registry
from emulator.settings import Settings
from tests.support.invariants import check_store
from tests.support.regions import REGIONS, TABLE, Regions
from tests.support.tables import index_request, table_request

EAST, WEST, _ = REGIONS
CENTRAL = "us-east-2"
TABLE_OF_ONE_UNIT = {
    **table_request(
        "k:S",
        define="g:S",
        BillingMode="PAY_PER_REQUEST",
        OnDemandThroughput={"MaxWriteRequestUnits": 1},
        GlobalSecondaryIndexes=[index_request("global", "g", "ALL")],
    ),
    "TableName": "music",
}
THROTTLED = "ThrottlingException"


def put(regions: Regions, region: str, key: str, **more: Any) -> None:
    regions(region, "PutItem", TableName="music", Item={"k": {"S": key}, **more})


def enforce(regions: Regions) -> None:
    registry.call(regions.inside.emulator, "throttling", {"Enforced": True})


def steer(regions: Regions, **body: object) -> None:
    registry.call(regions.inside.emulator, "replication", {"TableName": "music", **body})


def metrics(regions: Regions) -> dict[tuple[str, str, str], tuple[float, int]]:
    """Return the (sum, count) of each metric by (region, metric's name, dimensions except the
    table).
    """
    database = regions.database
    shown = cloudwatch._together(
        {},
        [
            {
                "Metrics": [
                    row for table in database.catalog.everything() for row in cloudwatch._of_table(database, table)
                ]
            }
        ],
    )
    found = {}
    for each in shown["Metrics"]:
        [point] = each["Datapoints"]
        dimensions = " ".join(value for name, value in each["Dimensions"].items() if name != "TableName")
        found[each["Region"], each["MetricName"], dimensions] = (point["Sum"], point["SampleCount"])
    return found


def test_replicated_writes_are_counted_with_their_source():
    regions = Regions(Settings(in_memory=True, metrics=True))
    regions(EAST, "CreateTable", **{**TABLE_OF_ONE_UNIT, "OnDemandThroughput": {"MaxWriteRequestUnits": 100}})
    regions.replicate(WEST)
    put(regions, EAST, "a", g={"S": "g"}, v={"S": "x" * 1500})
    regions.clock.advance(0.25)
    regions.drain()
    written = "ConsumedWriteCapacityUnits"
    assert metrics(regions) == {
        (EAST, written, ""): (2.0, 1),
        (EAST, written, "global"): (2.0, 1),
        (EAST, written, "Customer"): (2.0, 1),
        (EAST, written, "global Customer"): (2.0, 1),
        (EAST, "ReplicationLatency", WEST): (250.0, 1),
        (WEST, written, ""): (2.0, 1),
        (WEST, written, "global"): (2.0, 1),
        (WEST, written, "GlobalTable"): (2.0, 1),
        (WEST, written, "global GlobalTable"): (2.0, 1),
    }
    put(regions, WEST, "a")
    assert metrics(regions)[WEST, written, ""] == (4.0, 2)


def test_a_write_waits_for_the_throughput_of_the_replica():
    regions = Regions()
    regions(EAST, "CreateTable", **TABLE_OF_ONE_UNIT)
    regions.replicate(WEST)
    steer(regions, Paused=True)
    for key in "abc":
        put(regions, EAST, key)
    enforce(regions)
    put(regions, WEST, "own")  # consumes the one unit that WEST has in this second
    steer(regions, Paused=False)
    seen = []
    for _ in range(5):
        regions.drain()
        seen.append(len(regions.items(WEST)))
        regions.clock.advance(1)
        regions.database.scheduler.run_due()
    assert seen == [1, 2, 3, 4, 4]
    assert len(regions.items(EAST)) == 4
    check_store(regions.database)


def test_replicated_writes_leave_less_for_writes_of_the_region():
    regions = Regions()
    regions(EAST, "CreateTable", **TABLE_OF_ONE_UNIT)
    regions.replicate(WEST)
    enforce(regions)
    put(regions, EAST, "a")
    regions.drain()
    assert len(regions.items(WEST)) == 1
    error = regions.error(WEST, "PutItem", TableName="music", Item={"k": {"S": "b"}})
    assert error[0] == THROTTLED
    regions.clock.advance(1)
    put(regions, WEST, "b")


def test_strong_consistency_never_waits_but_charges():
    regions = Regions()
    regions(EAST, "CreateTable", **{**TABLE_OF_ONE_UNIT, "OnDemandThroughput": {"MaxWriteRequestUnits": 2}})
    create = [{"Create": {"RegionName": region}} for region in ("us-west-2", CENTRAL)]
    regions(EAST, "UpdateTable", TableName="music", ReplicaUpdates=create, MultiRegionConsistency="STRONG")
    regions.drain()
    enforce(regions)
    put(regions, EAST, "a")
    put(regions, EAST, "b")
    assert len(regions.items(CENTRAL)) == 2
    assert regions.error(CENTRAL, "PutItem", TableName="music", Item={"k": {"S": "c"}})[0] == THROTTLED
    check_store(regions.database)


@pytest.mark.parametrize(("strong", "expected"), [(False, 2.0), (True, 1.0)])
def test_contributor_insights_count_replicated_writes_only_without_strong_consistency(strong, expected):
    regions = Regions()
    regions(EAST, "CreateTable", **TABLE)
    other = "us-west-2"
    create = [{"Create": {"RegionName": other}}]
    witness = [{"Create": {"RegionName": CENTRAL}}]
    members = {"MultiRegionConsistency": "STRONG", "GlobalTableWitnessUpdates": witness} if strong else {}
    regions(EAST, "UpdateTable", TableName="music", ReplicaUpdates=create, **members)
    regions.drain()
    regions(other, "UpdateContributorInsights", TableName="music", ContributorInsightsAction="ENABLE")
    put(regions, EAST, "a")
    put(regions, other, "b")
    regions.drain()
    [entry] = registry.call(regions.inside.emulator, "insights", {})["Insights"]
    assert sum(each["Count"] for each in entry["PartitionKeys"]["MostAccessed"]) == expected
