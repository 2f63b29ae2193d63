"""A slice of work on snapshots ends after some megabytes, however many keys these are."""

from itertools import pairwise

import pytest

from emulator.controls import registry
from emulator.database.snapshots import branching, restoring, saving
from emulator.database.snapshots.scope import Scope
from emulator.database.store import keyspace
from emulator.slices import COPIED_IN_STEP, first_pairs
from storage.keycode import prefix_end
from tests.support.tables import table_request

SIZE = 380_000
ITEMS = 3 * COPIED_IN_STEP // SIZE
MOST = COPIED_IN_STEP + SIZE + 1_000


@pytest.fixture
def database(db):
    """Return a database with a table of large items, and a snapshot of it."""
    db("CreateTable", {**table_request("id:S"), "TableName": "tab"})
    fill(db, "a")
    saving.save(db.emulator.database, "s", Scope())
    return db.emulator.database


def fill(db, letter):
    for number in range(ITEMS):
        db("PutItem", TableName="tab", Item={"id": {"S": str(number)}, "v": {"S": letter * SIZE}})


def stored(database, prefix):
    """Return the number of bytes of all values under a prefix."""
    with database.read() as txn:
        return sum(len(value) for _, value in txn.scan(prefix, prefix_end(prefix)))


def sizes_after(slices, database, prefix):
    """Return the number of bytes under a prefix before the first slice, after each slice, and at
    the end.
    """
    sizes = [stored(database, prefix)]
    for _ in slices:
        sizes.append(stored(database, prefix))
    sizes.append(stored(database, prefix))
    return sizes


def background(database):
    while database.background.run_slice():
        yield None


def check(sizes):
    moved = [abs(after - before) for before, after in pairwise(sizes)]
    assert sum(moved) > 2 * COPIED_IN_STEP, "all slices together have much to do"
    assert max(moved) <= MOST


def originals(database, name="s"):
    with database.read() as txn:
        return keyspace.originals(restoring.find(txn, name).view)


def test_a_restore(db, database):
    fill(db, "b")
    check(sizes_after(restoring.restore(database, "s"), database, originals(database)))
    assert db("GetItem", TableName="tab", Key={"id": {"S": "0"}})["Item"]["v"]["S"][0] == "a"


def test_a_branch(db, database):
    before = {key for key, _ in rows(database)}
    sizes = []
    for _ in branching.branch(database, "s", "other", None):
        sizes.append(sum(len(value) for key, value in rows(database) if key not in before))
    sizes.append(sum(len(value) for key, value in rows(database) if key not in before))
    check([0, *sizes])


def rows(database):
    with database.read() as txn:
        return list(txn.scan(*keyspace.COVERED))


def test_the_images_of_a_deleted_snapshot_that_an_older_one_needs(db, database):
    saving.save(database, "newer", Scope())
    fill(db, "b")
    newer = originals(database, "newer")
    saving.delete(database, "newer")
    check(sizes_after(background(database), database, newer))


def test_what_a_snapshot_has_to_keep_when_everything_is_deleted(db, database):
    prefix = originals(database)
    before = stored(database, prefix)
    registry.call(db.emulator, "reset", {})
    check([before, *sizes_after(background(database), database, prefix)])


def test_a_portion_ends_with_the_limit_or_with_the_room():
    pairs = [(b"a", b"12"), (b"b", b"34"), (b"c", b"56")]
    assert first_pairs(pairs, 2, 100) == (pairs[:2], True)
    assert first_pairs(pairs, 9, 3) == (pairs[:2], True)
    assert first_pairs(pairs, 9, 1) == (pairs[:1], True)
    assert first_pairs(pairs, 9, 100) == (pairs, False)
    assert first_pairs([], 9, 100) == ([], False)
