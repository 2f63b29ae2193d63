"""Statuses of vector indexes with delay_transient_statuses (features 1.3)."""

import pytest

from emulator.controls import registry
from emulator.controls.waits.statuses import status_condition
from emulator.settings import Settings
from emulator.slices import finish
from tests.support.in_process import InProcess
from tests.support.invariants import check_store
from tests.support.slices import sliced
from tests.support.tables import index_request, table_request, vector, vector_index_request

INDEX = vector_index_request("near", "v", 2, "EUCLIDEAN")
OTHER = vector_index_request("other", "v", 2, "COSINE")
TABLE = {**table_request("pk:S"), "TableName": "tab"}
SEARCH = {"TableName": "tab", "IndexName": "near", "SearchVector": vector(0, 0)["L"], "TopK": 3}
SECONDS = 3
ONLY_ONE = (
    "LimitExceededException",
    "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table",
)
IN_USE = "Attempt to change a resource which is still in use: "


@pytest.fixture
def inside(monkeypatch):
    monkeypatch.setattr("emulator.database.jobs.vector_fill.SLICE", 2)
    return InProcess(Settings(in_memory=True, delay_transient_statuses=True))


def seen(inside):
    """Return TableStatus, and (IndexStatus, Backfilling) of each vector index by its name."""
    table = inside("DescribeTable", TableName="tab")["Table"]
    indexes = {each["IndexName"]: each for each in table.get("VectorIndexes", ())}
    states = {name: (each["IndexStatus"], each.get("Backfilling")) for name, each in indexes.items()}
    return table["TableStatus"], states


def update(inside, action, index):
    return inside("UpdateTable", TableName="tab", VectorIndexUpdates=[{action: index}])["TableDescription"]


def refused(inside, action, index):
    return inside.error("UpdateTable", TableName="tab", VectorIndexUpdates=[{action: index}])


def test_an_index_is_created_with_its_table(inside):
    created = inside("CreateTable", {**TABLE, "VectorIndexes": [INDEX]})["TableDescription"]
    assert created["VectorIndexes"][0]["IndexStatus"] == "CREATING"
    assert seen(inside) == ("CREATING", {"near": ("CREATING", None)})
    assert inside.error("SearchVectors", SEARCH)[0] == "ResourceNotFoundException"
    inside.clock.advance(SECONDS)
    assert seen(inside) == ("ACTIVE", {"near": ("ACTIVE", None)})
    assert inside("SearchVectors", SEARCH) == {"SearchResults": []}


def test_an_index_is_created_and_deleted_on_a_table_with_items(inside):
    inside("CreateTable", TABLE)
    inside.clock.advance(SECONDS)
    for number in range(20):
        inside("PutItem", TableName="tab", Item={"pk": {"S": str(number)}, "v": vector(number, 0)})
    update(inside, "Create", INDEX)
    assert seen(inside) == ("UPDATING", {"near": ("CREATING", False)})
    text = "The table does not have the specified index: near"
    assert inside.error("SearchVectors", SEARCH) == ("ValidationException", text)
    allocating = (
        "Index creation is in resource allocation phase. Retry deletion during backfilling phase or when the index is "
        "active. Table: tab Index: near"
    )
    assert refused(inside, "Delete", {"IndexName": "near"}) == ("ResourceInUseException", IN_USE + allocating)
    inside.clock.advance(SECONDS)
    assert seen(inside) == ("ACTIVE", {"near": ("CREATING", True)})
    text = "Cannot search backfilling vector index: near"
    assert inside.error("SearchVectors", SEARCH) == ("ValidationException", text)
    assert refused(inside, "Create", OTHER) == ONLY_ONE
    in_use = f"{IN_USE}Cannot delete table while indexes are being created, updated, or deleted."
    assert inside.error("DeleteTable", TableName="tab") == ("ResourceInUseException", in_use)
    inside.emulator.database.background.run_all()
    assert seen(inside) == ("ACTIVE", {"near": ("ACTIVE", None)})
    assert len(inside("SearchVectors", SEARCH)["SearchResults"]) == 3
    update(inside, "Delete", {"IndexName": "near"})
    assert seen(inside)[1] == {"near": ("DELETING", None)}
    text = "The table does not have the specified index: near"
    assert inside.error("SearchVectors", SEARCH) == ("ValidationException", text)
    inside.clock.advance(SECONDS)
    assert seen(inside) == ("ACTIVE", {})
    check_store(inside.emulator.database)


def test_the_limit_of_one_index_is_shared_with_global_indexes(inside):
    inside("CreateTable", TABLE)
    inside.clock.advance(SECONDS)
    update(inside, "Create", INDEX)
    inside.clock.advance(SECONDS - 1)
    glob = {
        "AttributeDefinitions": [{"AttributeName": "g", "AttributeType": "S"}],
        "GlobalSecondaryIndexUpdates": [{"Create": index_request("global", "g")}],
    }
    assert inside.error("UpdateTable", TableName="tab", **glob) == ONLY_ONE
    inside.clock.advance(1)
    inside("UpdateTable", TableName="tab", **glob)
    assert refused(inside, "Create", OTHER) == ONLY_ONE
    assert refused(inside, "Delete", {"IndexName": "near"}) == ONLY_ONE


def test_events_and_waits_know_vector_indexes(inside):
    created = inside("CreateTable", {**TABLE, "VectorIndexes": [INDEX]})["TableDescription"]
    resources = {(event.kind, event.resource) for event in finish(inside.emulator.coming_events())}
    assert ("IndexStatus", f"{created['TableArn']}/index/near") in resources

    def status():
        condition = status_condition(inside.emulator, {"TableName": "tab", "IndexName": "near", "Status": "ACTIVE"})
        return condition.look().shown["Status"]

    assert status() == "CREATING"
    inside.clock.advance(SECONDS)
    assert status() == "ACTIVE"


@pytest.mark.parametrize("rows", [1, 5])
def test_a_copied_snapshot_has_vectors_of_its_own(inside, rows, monkeypatch):
    monkeypatch.setattr("emulator.database.snapshots.branching.SLICE", 2)
    inside("CreateTable", {**TABLE, "VectorIndexes": [INDEX]})
    inside.clock.advance(SECONDS)
    for number in range(rows):
        inside("PutItem", TableName="tab", Item={"pk": {"S": str(number)}, "v": vector(number, 0)})
    registry.call(inside.emulator, "snapshots/save", {"Name": "snap"})
    inside("DeleteItem", TableName="tab", Key={"pk": {"S": "0"}})
    registry.call(inside.emulator, "snapshots/branch", {"Name": "snap", "AccessKey": "branch"})
    mine = inside.caller
    inside.caller = inside.emulator.caller("branch", "us-east-1")
    answer, _ = sliced(inside, "SearchVectors", SEARCH)
    assert answer["SearchResults"][0]["Item"]["pk"] == {"S": "0"}
    inside.caller = mine
    check_store(inside.emulator.database)
