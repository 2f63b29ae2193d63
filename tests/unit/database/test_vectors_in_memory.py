"""Vector indexes in memory: what a search sees while others write, and when memory is freed."""

import json
import random

import pytest

from emulator.clock import Stopwatch
from emulator.controls import registry
from emulator.database.store import keyspace
from emulator.database.vectors import held, library, matrix
from emulator.database.vectors.search import search as search_steps
from emulator.settings import Settings
from emulator.slices import Sliced, finish
from tests.support.in_process import InProcess
from tests.support.invariants import check_store
from tests.support.slices import sliced
from tests.support.tables import table_request, vector, vector_index_request

INDEX = vector_index_request("near", "v", 2, "EUCLIDEAN", "KEYS_ONLY")
SEARCH = {"TableName": "tab", "IndexName": "near", "SearchVector": vector(0, 0)["L"], "TopK": 3}
KEEP = 7
"""The number of changes of an index that the store keeps, in these tests."""


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch):
    monkeypatch.setattr(keyspace, "KEPT_CHANGES", KEEP)
    monkeypatch.setattr(matrix, "_MOST_ROWS", 4)
    monkeypatch.setattr(matrix, "_MOST_READ", 3)
    monkeypatch.setattr(matrix, "_FOLLOWED", 2)


@pytest.fixture
def points(db):
    """Return an emulator with ten items, whose vectors have the distances 1 to 10 from SEARCH."""
    db("CreateTable", {**table_request("pk:S", VectorIndexes=[INDEX]), "TableName": "tab"})
    db("ListTables")
    for number in range(1, 11):
        put(db, str(number), number)
    return db


def put(db, key, x):
    db("PutItem", TableName="tab", Item={"pk": {"S": key}, "v": vector(x, 0)})


def delete(db, key):
    db("DeleteItem", TableName="tab", Key={"pk": {"S": key}})


def keys(answer):
    return [each["Item"]["pk"]["S"] for each in answer["SearchResults"]]


def search(db, **changes):
    return keys(db("SearchVectors", {**SEARCH, **changes}))


def test_a_search_is_done_in_slices(points):
    answer, slices = sliced(points, "SearchVectors", SEARCH)
    assert keys(answer) == ["1", "2", "3"]
    assert slices > 3  # it reads four pages and compares three blocks
    answer, slices = sliced(points, "SearchVectors", SEARCH)
    assert (keys(answer), slices) == (["1", "2", "3"], 1)  # it only compares: the vectors are in memory


def test_other_requests_are_answered_while_numpy_is_imported(points, monkeypatch):
    """Two searches wait for one thread that imports NumPy. Without threads, a search imports it
    itself.
    """
    begun, ended, imports = [], [], []

    def in_thread(work):
        begun.append(work)
        return lambda: bool(ended)

    monkeypatch.setattr(library, "_has_ended", {})
    monkeypatch.setattr(library, "_NUMPY", "a_module_that_nothing_imports")
    monkeypatch.setattr(library, "find_spec", lambda _name: True)
    monkeypatch.setattr(library, "load_numpy", lambda: imports.append(1))
    first, second = library.loaded(in_thread), library.loaded(in_thread)
    assert next(first) == next(second) == next(first) > 0
    put(points, "0", 0)
    assert (len(begun), imports) == (1, [])
    ended.append(1)
    assert (list(first), list(second), imports) == ([], [], [1, 1])
    assert (list(library.loaded(None)), len(begun), len(imports)) == ([], 1, 3)


def test_a_missing_numpy_is_noticed_before_a_thread_begins(monkeypatch):
    monkeypatch.setattr(library, "_NUMPY", "a_module_that_nobody_has")
    with pytest.raises(ModuleNotFoundError):
        next(library.loaded(lambda _work: bool))


@pytest.mark.parametrize("seed", range(20))
def test_what_is_written_while_vectors_are_read_and_compared_is_found_once(points, seed):
    """The writes run between the slices of the first search, which reads all vectors, and of later
    searches, which read the changes.
    """
    chance = random.Random(seed)

    def write():
        if chance.random() < 0.5:
            return
        key = str(chance.randint(1, 14))
        if chance.random() < 0.3:
            delete(points, key)
        else:
            put(points, key, chance.randint(1, 20))

    for _ in range(3):
        answer, _ = sliced(points, "SearchVectors", {**SEARCH, "TopK": 20}, between=write)
        assert len(set(keys(answer))) == len(keys(answer))
        items = {each["pk"]["S"]: float(each["v"]["L"][0]["N"]) for each in points("Scan", TableName="tab")["Items"]}
        found = points("SearchVectors", {**SEARCH, "TopK": 20})["SearchResults"]
        assert {each["Item"]["pk"]["S"]: each["Score"] for each in found} == items
        assert [each["Score"] for each in found] == sorted(items.values())
    check_store(points.emulator.database)


def test_a_search_waits_for_another_search_of_the_index(points):
    database = points.emulator.database
    database.sliced = True
    with pytest.raises(Sliced) as first:
        points.emulator.call("SearchVectors", SEARCH, points.caller)
    with pytest.raises(Sliced) as second:
        points.emulator.call("SearchVectors", SEARCH, points.caller)
    assert next(second.value.steps) > 0  # seconds to wait
    put(points, "0", 0)
    assert keys(json.loads(finish(first.value.steps))) == ["0", "1", "2"]
    delete(points, "1")
    assert keys(json.loads(finish(second.value.steps))) == ["0", "2", "3"]


def test_a_search_that_cannot_wait_reads_the_store(points):
    """For example, a search that runs again in one piece after another process interrupted it
    cannot wait.
    """
    database = points.emulator.database
    database.sliced = True
    with pytest.raises(Sliced) as other:
        points.emulator.call("SearchVectors", SEARCH, points.caller)
    database.sliced = False
    assert search(points) == ["1", "2", "3"]
    assert keys(json.loads(finish(other.value.steps))) == ["1", "2", "3"]


def test_a_search_that_is_abandoned_stops_no_other(points):
    database = points.emulator.database
    database.sliced = True
    with pytest.raises(Sliced) as abandoned:  # its steps are neither run nor closed
        points.emulator.call("SearchVectors", SEARCH, points.caller)
    answer, slices = sliced(points, "SearchVectors", SEARCH)
    assert (keys(answer), slices > 100) == (["1", "2", "3"], True)
    answer, slices = sliced(points, "SearchVectors", SEARCH)
    assert (keys(answer), slices) == (["1", "2", "3"], 1)
    assert keys(json.loads(finish(abandoned.value.steps))) == ["1", "2", "3"]


@pytest.mark.parametrize("changes", [1, KEEP, KEEP + 1, 3 * KEEP])
def test_changes_are_followed_also_if_there_were_too_many(points, changes):
    assert search(points) == ["1", "2", "3"]
    put(points, "1", 20)
    for number in range(changes - 1):
        put(points, "2", 30 + number)
    assert search(points)[:2] == (["2", "3"] if changes == 1 else ["3", "4"])


def test_a_restored_snapshot_is_noticed_when_the_numbers_of_changes_are_equal(points):
    def control(name):
        registry.call(points.emulator, name, {"Name": "snap"})

    control("snapshots/save")
    for key in ("a", "b"):
        put(points, key, 0.5)
        assert search(points)[0] == key
        control("snapshots/restore")
        put(points, "c", 0.25)  # the table now has as many changes as before the restore
        assert search(points)[:2] == ["c", "1"]
        control("snapshots/restore")


def test_emptied_tables_have_no_vectors(points):
    assert search(points) != []
    registry.call(points.emulator, "reset", {"TableName": "tab"})
    assert search(points) == []
    put(points, "1", 1)
    assert search(points) == ["1"]


def test_vectors_are_dropped_when_they_are_not_searched_or_gone(points, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(Stopwatch, "seconds", lambda _: now[0])
    database = points.emulator.database
    assert search(points) == ["1", "2", "3"]
    now[0] = held.IDLE
    database.drop_vectors()
    assert len(database.held_vectors) == 1
    now[0] += 1
    database.drop_vectors()
    assert len(database.held_vectors) == 0
    assert search(points) == ["1", "2", "3"]
    points("DeleteTable", TableName="tab")
    points("ListTables")
    database.drop_vectors()
    assert len(database.held_vectors) == 0


def test_memory_is_bounded(points):
    database = points.emulator.database
    one = 10 * matrix.row_bytes(database.table(points.caller, "tab").vectors[0])
    for name in ("two", "three"):
        points("CreateTable", {**table_request("pk:S", VectorIndexes=[INDEX]), "TableName": name})
        points("ListTables")
        for number in range(10):
            item = {"pk": {"S": str(number)}, "v": vector(number, 0)}
            points("PutItem", TableName=name, Item=item)
    database._held_vectors = kept = held.HeldVectors(most=2 * one)
    for name in ("tab", "two", "three", "tab", "three"):
        assert len(search(points, TableName=name)) == 3
        assert kept.size <= 2 * one
    assert len(kept) == 2
    database._held_vectors = kept = held.HeldVectors(most=one - 1)
    assert search(points) == ["1", "2", "3"]
    assert kept.size == 0


def test_pending_writes_are_found_once_they_are_committed(tmp_path):
    """Before the commit, the writes may be lost, and other writes may get their change numbers."""
    inside = InProcess(Settings(data_dir=tmp_path / "data", durable=True))
    database = inside.emulator.database
    inside("CreateTable", {**table_request("pk:S", VectorIndexes=[INDEX]), "TableName": "tab"})
    inside("ListTables")
    put(inside, "1", 1)
    database.group_commit.group_writes(lambda: None)
    put(inside, "2", 0.5)
    assert search(inside) == ["1"]
    database.commit()
    assert search(inside) == ["2", "1"]
    inside.emulator.close()


def test_a_filling_that_was_interrupted_goes_on_after_a_start(tmp_path, monkeypatch):
    monkeypatch.setattr("emulator.database.jobs.vector_fill.SLICE", 2)
    inside = InProcess(Settings(data_dir=tmp_path / "data"))
    inside("CreateTable", {**table_request("pk:S"), "TableName": "tab"})
    inside("ListTables")
    for number in range(10):
        put(inside, str(number), number)
    inside("UpdateTable", TableName="tab", VectorIndexUpdates=[{"Create": INDEX}])
    inside("ListTables")
    (index,) = inside("DescribeTable", TableName="tab")["Table"]["VectorIndexes"]
    assert (index["IndexStatus"], index["Backfilling"]) == ("CREATING", True)
    assert inside.error("SearchVectors", SEARCH) == (
        "ValidationException",
        "Cannot search backfilling vector index: near",
    )
    put(inside, "0", -1)
    inside.emulator.close()
    inside = InProcess(Settings(data_dir=tmp_path / "data"))
    inside.emulator.database.background.run_all()
    assert search(inside) == ["0", "1", "2"] or search(inside) == ["1", "0", "2"]
    (index,) = inside("DescribeTable", TableName="tab")["Table"]["VectorIndexes"]
    assert ("Backfilling" in index, index["ItemCount"]) == (False, 10)
    check_store(inside.emulator.database)
    inside.emulator.close()


def test_a_delete_cancels_a_filling(db, monkeypatch):
    monkeypatch.setattr("emulator.database.jobs.vector_fill.SLICE", 2)
    db("CreateTable", {**table_request("pk:S"), "TableName": "tab"})
    db("ListTables")
    for number in range(10):
        put(db, str(number), number)
    db("UpdateTable", TableName="tab", VectorIndexUpdates=[{"Create": INDEX}])
    db("ListTables")
    db("UpdateTable", TableName="tab", VectorIndexUpdates=[{"Delete": {"IndexName": "near"}}])
    table = db("DescribeTable", TableName="tab")["Table"]
    assert (table["TableStatus"], table.get("VectorIndexes")) == ("ACTIVE", None)
    db.emulator.database.background.run_all()
    check_store(db.emulator.database)


def test_items_that_go_before_they_are_returned_are_left_out(points):
    index = points.emulator.database.table(points.caller, "tab").vectors[0]
    assert index.name == "near"
    answer, _ = sliced(points, "SearchVectors", SEARCH, between=lambda: delete(points, "1"))
    assert "1" not in keys(answer)


def test_search_steps_release_the_vectors_when_they_fail(points):
    database = points.emulator.database
    assert search(points) == ["1", "2", "3"]
    index = database.table(points.caller, "tab").vectors[0]

    class Broken:
        conditions = ()

        def restart(self):
            raise RuntimeError

    with pytest.raises(RuntimeError):
        finish(search_steps(database.read_committed, database.held_vectors, index, Broken(), waits=False))
    assert not database.held_vectors.find(index, 10).busy
