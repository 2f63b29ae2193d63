"""Sweeps as background work: when they run, what they cost, and tables that change
between two slices.
"""

from types import SimpleNamespace

import pytest

from emulator.database.changes.ttl_queue import queue_of
from emulator.database.jobs import ttl_sweep
from emulator.settings import Settings
from emulator.slices import finish
from emulator.values.rows import decode_row
from tests.support.engines import settings_of_engine
from tests.support.expiring_tables import HOUR, NOW, background, create, names, put, sweep, switch, wait
from tests.support.in_process import InProcess
from tests.support.invariants import check_store
from tests.support.tables import table_request


def tick(db, seconds):
    """Move the clock, run the jobs that are due, and finish their work."""
    db.clock.advance(seconds)
    while db.emulator.tick():
        pass


# --- when -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "seconds"), [({}, 60), ({"ttl_sweep_interval": 5}, 5), ({"ttl_sweep_interval": 0.5}, 0.5)]
)
def test_the_interval(options, seconds):
    db = InProcess(Settings(in_memory=True, **options))
    table = create(db)
    put(db, table, "item", NOW - 1)
    tick(db, seconds - 0.1)
    assert names(db, table) == ["item"]
    tick(db, 0.1)
    assert names(db, table) == []
    put(db, table, "item", NOW - 1)
    tick(db, seconds)
    assert names(db, table) == []


def test_a_sweep_that_has_not_ended_is_not_begun_again(db):
    table = create(db)
    put(db, table, "item", NOW - 1)
    for _ in range(3):
        db.clock.advance(60)
        db.emulator.run_due()
    slices = 0
    while background(db).run_slice():
        slices += 1
    assert slices == 1
    assert names(db, table) == []


def test_slices(db, monkeypatch):
    monkeypatch.setattr("emulator.database.jobs.ttl_sweep.SLICE", 3)
    table = create(db)
    for number in range(10):
        put(db, table, str(number), NOW - number)
    db.clock.advance(60)
    db.emulator.run_due()
    left = [10]
    while background(db).run_slice():
        with db.emulator.database.read() as txn:
            left.append(len(txn.page(*span(db, table), 100)[0]))
        check_store(db.emulator.database)
    assert left == [10, 7, 4, 1, 0]


def span(db, table):
    prefix = db.emulator.database.table(db.caller, table).prefix
    return prefix, prefix + b"\xff" * 32


def test_requests_advance_a_sweep(db, monkeypatch):
    monkeypatch.setattr("emulator.database.jobs.ttl_sweep.SLICE", 1)
    table = create(db)
    for number in range(3):
        put(db, table, str(number), NOW - number)
    db.clock.advance(60)
    db.emulator.run_due()
    assert [len(names(db, table)) for _ in range(4)] == [2, 1, 0, 0]


# --- what it costs --------------------------------------------------------------------------------


def test_only_what_has_expired_is_looked_at(db, monkeypatch):
    seen = []
    monkeypatch.setattr("emulator.database.jobs.ttl_sweep.decode_row", lambda row: seen.append(row) or decode_row(row))
    table = create(db)
    create(db)
    for number in range(100):
        put(db, table, str(number), NOW + HOUR if number % 50 else NOW - 1)
        put(db, table, f"never{number}")
    wait(db)
    assert len(seen) == 2
    assert len(names(db, table)) == 198


def test_nothing_expired_makes_no_work(db):
    table = create(db)
    put(db, table, "item", NOW + HOUR)
    db.clock.advance(60)
    db.emulator.run_due()
    assert not background(db).slices


# --- at once --------------------------------------------------------------------------------------


def test_a_sweep_on_request(db, monkeypatch):
    monkeypatch.setattr("emulator.database.jobs.ttl_sweep.SLICE", 2)
    first, second, third = (create(db) for _ in range(3))
    for number in range(5):
        put(db, first, str(number), NOW - 1)
        put(db, second, str(number), NOW - 1 if number < 3 else NOW + HOUR)
        put(db, third, str(number), NOW + HOUR)
    arns = {name: db("DescribeTable", TableName=name)["Table"]["TableArn"] for name in (first, second)}
    assert sweep(db) == {arns[first]: 5, arns[second]: 3}
    assert sweep(db) == {}
    check_store(db.emulator.database)


def test_a_sweep_on_request_fills_the_queue_first(db, monkeypatch):
    monkeypatch.setattr("emulator.database.jobs.ttl_fill.SLICE", 2)
    table = create(db, ttl=None)
    for number in range(9):
        put(db, table, str(number), NOW - 1)
    switch(db, table)
    assert sweep(db).total() == 9
    check_store(db.emulator.database)
    background(db).run_all()
    check_store(db.emulator.database)


# --- tables that change meanwhile -----------------------------------------------------------------


@pytest.fixture
def half_swept(db, monkeypatch):
    """Return the name of a table with six expired items, two of which a sweep has deleted. Its next
    slice continues with the others.
    """
    monkeypatch.setattr("emulator.database.jobs.ttl_sweep.SLICE", 2)
    table = create(db)
    for number in range(6):
        put(db, table, str(number), NOW - number)
    db.clock.advance(HOUR)
    db.emulator.run_due()
    background(db).run_slice()
    return table


def test_switching_ttl_off_ends_the_sweep_at_once(db, half_swept, monkeypatch):
    monkeypatch.setattr(db.emulator, "_background", SimpleNamespace(slices=[]))  # requests run no slices
    switch(db, half_swept, enabled=False)
    assert len(names(db, half_swept)) == 4
    monkeypatch.undo()
    wait(db, HOUR)
    assert len(names(db, half_swept)) == 4
    check_store(db.emulator.database)
    switch(db, half_swept)
    background(db).run_all()
    wait(db)
    assert names(db, half_swept) == []


def test_another_attribute(db):
    table = create(db)
    put(db, table, "old", NOW - 1)
    put(db, table, "new", end={"N": str(NOW - 1)})
    db.clock.advance(HOUR)
    switch(db, table, enabled=False)
    db.clock.advance(HOUR)
    switch(db, table, attribute="end")
    background(db).run_all()
    check_store(db.emulator.database)
    assert sweep(db).total() == 1
    assert names(db, table) == ["old"]


def test_a_table_that_goes_meanwhile(db, half_swept):
    db("DeleteTable", TableName=half_swept)
    db("CreateTable", table_request("pk:S") | {"TableName": half_swept})
    put(db, half_swept, "new", NOW - 1)
    wait(db, HOUR)
    assert names(db, half_swept) == ["new"]
    check_store(db.emulator.database)


def test_a_table_that_is_being_deleted_is_left_alone():
    db = InProcess(Settings(in_memory=True, delay_transient_statuses=True))
    request = table_request("pk:S")
    db("CreateTable", request)
    db.clock.advance(3)
    table = request["TableName"]
    switch(db, table)
    put(db, table, "item", NOW - 1)
    db("DeleteTable", TableName=table)
    assert sweep(db) == {}


def test_a_new_process_sweeps_what_the_old_one_left(tmp_path):
    settings = Settings(data_dir=tmp_path / "data")
    db = InProcess(settings)
    table = create(db)
    for number in range(5):
        put(db, table, str(number), NOW - 1 if number else NOW + HOUR)
    db.emulator.close()
    db = InProcess(settings)
    wait(db)
    assert names(db, table) == ["0"]
    check_store(db.emulator.database)
    db.emulator.close()


def test_a_wrong_ticket_is_deleted_without_an_item(db):
    """The ticket has another time than its item, or no item. The sweep must not delete an item that
    has not expired.
    """
    table = create(db)
    put(db, table, "item", NOW + HOUR)
    database = db.emulator.database
    compiled = database.table(db.caller, table)
    (key,) = keys_of(db, table)
    wrong = queue_of(compiled.definition).ticket({"ttl": {"N": str(NOW - 1)}}, key)
    gone = queue_of(compiled.definition).ticket({"ttl": {"N": str(NOW - 1)}}, key + b"gone")
    with database.write() as txn:
        txn.put(wrong, b"")
        txn.put(gone, b"")
    assert finish(ttl_sweep.sweep(database, [compiled])) == {}
    assert names(db, table) == ["item"]
    check_store(database)


def keys_of(db, table):
    with db.emulator.database.read() as txn:
        return [key for key, _ in txn.scan(*span(db, table))]


def test_accounts_and_regions(engine_name, tmp_path):
    db = InProcess(settings_of_engine(engine_name, tmp_path / "data"))
    callers = [db.caller, db.emulator.caller("111122223333", "eu-west-1")]
    tables = []
    for caller in callers:
        db.caller = caller
        tables.append(create(db))
        put(db, tables[-1], "item", NOW - 1)
    assert sweep(db) == {
        f"arn:aws:dynamodb:us-east-1:123456789012:table/{tables[0]}": 1,
        f"arn:aws:dynamodb:eu-west-1:111122223333:table/{tables[1]}": 1,
    }
    db.emulator.close()
