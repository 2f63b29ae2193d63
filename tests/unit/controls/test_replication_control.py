"""The control `replication`: delays and pauses for each direction."""

import pytest

from emulator.controls import registry, replication
from emulator.controls.body import BadDeclaration
from tests.support.invariants import check_store
from tests.support.regions import REGIONS, TABLE, Regions

EAST, WEST, SOUTH = REGIONS
ITEM = {"k": {"S": "a"}}


@pytest.fixture
def regions() -> Regions:
    made = Regions()
    made(EAST, "CreateTable", **TABLE)
    made.replicate(WEST, SOUTH)
    return made


def steer(regions: Regions, **body: object) -> object:
    return registry.call(regions.inside.emulator, "replication", {"TableName": "music", **body})


def put(regions: Regions, region: str) -> None:
    regions(region, "PutItem", TableName="music", Item=ITEM)
    regions.drain()


def counts(regions: Regions) -> list[int]:
    regions.drain()
    return [len(regions.items(region)) for region in REGIONS]


def waiting(regions: Regions) -> dict[tuple[str, str], int]:
    found = registry.call(regions.inside.emulator, "show_replication", {})["Directions"]
    return {(each["From"], each["To"]): each["Waiting"] for each in found if each["Waiting"]}


def test_many_tables_are_shown_in_steps(regions, monkeypatch):
    monkeypatch.setattr(replication, "_IN_STEP", 1)
    steps = replication.show(regions.inside.emulator, {})
    assert len(list(steps)) == len(REGIONS)


def test_a_direction_is_paused(regions):
    [direction] = steer(regions, From=EAST, To=WEST, Paused=True)["Directions"]
    assert direction == {
        "AccessKey": "test",
        "TableName": "music",
        "From": EAST,
        "To": WEST,
        "Delay": 0.0,
        "Paused": True,
        "Waiting": 0,
    }
    put(regions, EAST)
    assert counts(regions) == [1, 0, 1]
    assert waiting(regions) == {(EAST, WEST): 1}
    steer(regions, Paused=False)
    assert counts(regions) == [1, 1, 1]
    assert waiting(regions) == {}
    assert all(table.definition.membership.directions == {} for table in regions.database.catalog.named("music"))
    check_store(regions.database)


def test_a_body_without_regions_means_all_directions(regions):
    assert len(steer(regions, Paused=True)["Directions"]) == 6
    assert len(steer(regions, Paused=True, From=WEST)["Directions"]) == 2
    assert len(steer(regions, Paused=True, To=WEST)["Directions"]) == 2


def test_a_delay_follows_the_clock(regions):
    steer(regions, To=WEST, Delay=5)
    put(regions, EAST)
    assert counts(regions) == [1, 0, 1]
    regions.clock.advance(4)
    regions.database.scheduler.run_due()
    assert counts(regions) == [1, 0, 1]
    regions.clock.advance(1)
    regions.database.scheduler.run_due()
    assert counts(regions) == [1, 1, 1]


def test_the_clock_moves_to_the_next_arrival(regions):
    steer(regions, To=WEST, Delay=5)
    steer(regions, To=SOUTH, Delay=7)
    put(regions, EAST)
    before = regions.clock.now()
    for seconds, region, expected in ((5, WEST, [1, 1, 0]), (7, SOUTH, [1, 1, 1])):
        answer = registry.call(regions.inside.emulator, "move_clock", {"Next": True})
        assert answer["Now"] == pytest.approx(before + seconds)
        [event] = answer["Events"]
        assert (event["Kind"], event["Resource"].split(":")[3]) == ("Replication", region)
        assert [len(regions.items(each)) for each in REGIONS] == expected


def test_conflicts_are_resolved_when_a_pause_ends(regions):
    steer(regions, Paused=True)
    put(regions, EAST)
    regions.clock.advance(1)
    regions(WEST, "DeleteItem", TableName="music", Key=ITEM)
    regions.clock.advance(1)
    regions(SOUTH, "PutItem", TableName="music", Item={**ITEM, "v": {"S": "last"}})
    assert counts(regions) == [1, 0, 1]
    steer(regions, Paused=False)
    regions.drain()
    assert [regions.items(region) for region in REGIONS] == [[{**ITEM, "v": {"S": "last"}}]] * 3


def test_a_direction_must_exist(regions):
    with pytest.raises(BadDeclaration, match="has no replica in a direction that From and To select"):
        steer(regions, To="us-west-2", Paused=True)
