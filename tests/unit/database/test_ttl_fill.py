"""Switching TTL on for a table with items: its queue is filled in slices, while items change."""

import random

import pytest

from emulator.settings import Settings
from tests.support.expiring_tables import HOUR, NOW, background, create, names, put, sweep, switch, wait
from tests.support.in_process import InProcess
from tests.support.invariants import check_store
from tests.support.tables import index_request

ITEMS = 60


@pytest.fixture(autouse=True)
def _small_slices(monkeypatch):
    for name in ("ttl_fill.SLICE", "ttl_sweep.SLICE", "backfill.SLICE"):
        monkeypatch.setattr(f"emulator.database.jobs.{name}", 3)
    monkeypatch.setattr("emulator.database.store.deletions.SLICE", 7)


def write(db, table, choose):
    """Make one random write: add or delete an item, or set, change or remove its time of expiry."""
    pk = str(choose.randrange(ITEMS * 2))
    key = {"pk": {"S": pk}}
    match choose.randrange(4):
        case 0:
            put(db, table, pk, choose.choice((None, NOW - 1, NOW + HOUR * 9, {"S": "no time"})))
        case 1:
            db("DeleteItem", TableName=table, Key=key)
        case 2:
            remove = {"UpdateExpression": "REMOVE #t", "ExpressionAttributeNames": {"#t": "ttl"}}
            db("UpdateItem", TableName=table, Key=key, **remove)
        case _:
            move = {"UpdateExpression": "SET #t = :v", "ExpressionAttributeNames": {"#t": "ttl"}}
            value = {":v": {"N": str(choose.choice((NOW - 2, NOW + HOUR * 9)))}}
            db("UpdateItem", TableName=table, Key=key, **move, ExpressionAttributeValues=value)


def filled(db, choose):
    table = create(db, ttl=None)
    for _ in range(ITEMS):
        write(db, table, choose)
    for number in range(ITEMS):
        put(db, table, str(number), NOW - 1)
    return table


def expired(db, table):
    """Return the names of the items whose time in the attribute `ttl` is over."""
    items = db("Scan", TableName=table)["Items"]
    return sorted(item["pk"]["S"] for item in items if "N" in item.get("ttl", {}) and int(item["ttl"]["N"]) < NOW)


def check_swept(db, table):
    """Assert that a sweep deletes all expired items and nothing else."""
    background(db).run_all()
    check_store(db.emulator.database)
    before, gone = names(db, table), expired(db, table)
    assert len(gone) > ITEMS / 4
    assert sweep(db).total() == len(gone)
    assert names(db, table) == sorted(set(before) - set(gone))
    check_store(db.emulator.database)


@pytest.mark.parametrize("seed", range(3))
def test_writes_on_both_sides_of_the_walk(db, seed):
    choose = random.Random(seed)
    table = filled(db, choose)
    switch(db, table)
    slices = 0
    while background(db).slices:
        if slices % 2:
            background(db).run_slice()
        write(db, table, choose)  # every request also runs a slice
        check_store(db.emulator.database)
        slices += 1
    assert slices > ITEMS / 9
    check_swept(db, table)


def test_reopening_half_way(tmp_path):
    settings = Settings(data_dir=tmp_path / "data")
    db = InProcess(settings)
    choose = random.Random(7)
    table = filled(db, choose)
    switch(db, table)
    reopened = 0
    while background(db).slices:
        write(db, table, choose)
        db.emulator.close()
        db = InProcess(settings)
        check_store(db.emulator.database)
        reopened += 1
    assert reopened > 10
    check_swept(db, table)
    db.emulator.close()


def test_sweeps_go_on_while_the_queue_is_filled(db):
    table = filled(db, random.Random(8))
    switch(db, table)
    background(db).run_slice()
    db.clock.advance(60)
    db.emulator.run_due()
    background(db).run_all()
    wait(db)
    assert expired(db, table) == []
    check_store(db.emulator.database)


def test_switched_off_half_way(db):
    table = filled(db, random.Random(9))
    switch(db, table)
    db.clock.advance(HOUR)
    background(db).run_slice()
    before = names(db, table)
    switch(db, table, enabled=False)
    background(db).run_all()
    check_store(db.emulator.database)
    db.clock.advance(HOUR)
    switch(db, table, attribute="other")
    background(db).run_all()
    check_store(db.emulator.database)
    assert sweep(db) == {}
    assert names(db, table) == before


def test_deleted_half_way(db):
    table = filled(db, random.Random(10))
    switch(db, table)
    background(db).run_slice()
    db("DeleteTable", TableName=table)
    assert db("ListTables")["TableNames"] == []
    background(db).run_all()
    check_store(db.emulator.database)


def test_an_index_that_is_filled_at_the_same_time(db):
    table = filled(db, random.Random(11))
    switch(db, table)
    create_index = {
        "AttributeDefinitions": [{"AttributeName": "ttl", "AttributeType": "N"}],
        "GlobalSecondaryIndexUpdates": [{"Create": index_request("late", "ttl")}],
    }
    db("UpdateTable", TableName=table, **create_index)
    db.clock.advance(60)
    db.emulator.run_due()
    while background(db).run_slice():
        check_store(db.emulator.database)
    wait(db)
    assert expired(db, table) == []
    check_store(db.emulator.database)


def test_an_empty_table(db):
    table = create(db)
    assert not background(db).slices
    put(db, table, "item", NOW - 1)
    assert sweep(db).total() == 1
