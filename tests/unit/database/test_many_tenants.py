"""Many access keys: memory, the time of a request and the log do not grow with their number."""

import gc
import logging
import sys
from collections import Counter

import pytest

from emulator.database.catalog.catalog import Caller
from emulator.database.catalog.tenants import Tenants
from emulator.log_limits import LogLimit
from emulator.settings import Settings
from tests.support.in_process import InProcess
from tests.support.tables import table_request

KEY = {"pk": {"S": "p"}}


@pytest.fixture
def inside():
    inside = InProcess(Settings(in_memory=True))
    yield inside
    inside.emulator.close()


def as_(db, access_key, region="us-east-1"):
    db.caller = db.emulator.caller(access_key, region)
    return db


def create(db, *names):
    for name in names:
        db("CreateTable", {**table_request("pk:S"), "TableName": name})
        db("DescribeTable", TableName=name)


def calls(work):
    """Return the number of calls of Python functions during `work`, without garbage collection."""
    count = Counter()
    gc.collect()
    gc.disable()
    sys.setprofile(lambda _frame, event, _argument: count.update([event]))
    try:
        work()
    finally:
        sys.setprofile(None)
        gc.enable()
    return count["call"]


def objects():
    """Return type -> number of objects in memory."""
    gc.collect()
    return Counter(map(type, gc.get_objects()))


def test_a_hundred_thousand_keys_leave_nothing_behind(inside, caplog):
    caplog.set_level(logging.CRITICAL, logger="emulator")  # otherwise caplog would keep 100,000 lines
    create(as_(inside, "owner"), "tab")
    as_(inside, "nobody").error("GetItem", TableName="tab", Key=KEY)
    before = objects()
    database = inside.emulator.database
    for number in range(100_000):
        caller = inside.emulator.caller(f"key{number}", "us-east-1")
        assert database.catalog.find(caller, "tab") is None
    del caller
    more = objects() - before
    assert more[Caller] == 0
    assert more.total() < 5_000  # the log remembers the last minute, up to a maximum


def test_a_miss_costs_the_same_however_many_tenants_have_the_table(inside, caplog):
    """A miss is a request for a table that the caller does not have.

    The log is on, so its cost counts too: the first miss of an access key writes a line.
    """
    costs = []
    create(as_(inside, "owner", "region"), "tab")
    as_(inside, "first").error("GetItem", TableName="tab", Key=KEY)  # has costs that come only once
    for tenants in (10, 300):
        for number in range(tenants):
            create(as_(inside, f"key{number}", f"region-{tenants}"), "tab")
        miss = as_(inside, f"nobody{tenants}")
        costs.append(calls(lambda miss=miss: miss.error("GetItem", TableName="tab", Key=KEY)))
    assert len(caplog.messages) == 3
    assert costs[0] == costs[1]


def test_a_page_of_tables_costs_the_same_however_many_there_are(inside):
    costs = []
    inside("ListTables")  # the first call compiles the request's model
    for tables in (10, 300):
        create(as_(inside, f"key{tables}"), *(f"tab{number:03}" for number in range(tables)))
        costs.append(calls(lambda: inside("ListTables", Limit=5, ExclusiveStartTableName="tab002")))
        assert inside("ListTables", Limit=2, ExclusiveStartTableName="tab002")["TableNames"] == ["tab003", "tab004"]
    assert costs[0] == costs[1]


def test_pages_of_tables(inside):
    """Tables come in the order of their names, whenever they were created.

    A deleted table is not in a page, and the pages skip no other table.
    """
    names = [f"tab{number}" for number in (5, 1, 4, 2, 3)]
    create(as_(inside, "key"), *names)
    inside("DeleteTable", TableName="tab3")
    assert inside("ListTables", Limit=2) == {"TableNames": ["tab1", "tab2"], "LastEvaluatedTableName": "tab2"}
    assert inside("ListTables", Limit=2, ExclusiveStartTableName="tab2") == {"TableNames": ["tab4", "tab5"]}
    assert inside("ListTables", ExclusiveStartTableName="tab3")["TableNames"] == ["tab4", "tab5"]
    assert inside("ListTables", ExclusiveStartTableName="tab5") == {"TableNames": []}
    assert inside("ListTables", Limit=4) == {"TableNames": ["tab1", "tab2", "tab4", "tab5"]}


def test_a_caller_sees_the_tables_that_come_later(inside):
    """All callers of a tenant see its tables, even if the tenant had none when they were made."""
    early, second = (inside.emulator.caller("key", "us-east-1", host) for host in ("a", "b"))
    other = inside.emulator.caller("key", "eu-west-1")
    create(as_(inside, "key"), "tab")
    for _ in range(2):
        assert list(early.tables) == list(second.tables) == ["tab"]
        assert list(other.tables) == []
        inside("DeleteTable", TableName="tab")
        inside("ListTables")
        assert list(early.tables) == list(second.tables) == []
        create(inside, "tab")


def test_tenants_without_tables_are_forgotten(inside):
    create(as_(inside, "key"), "tab")
    tenants = inside.emulator.database.catalog._tenants
    assert [tenant for tenant, _ in tenants] == [("key", "us-east-1")]
    assert list(tenants.tenants_with("tab")) == [("key", "us-east-1")]
    inside("DeleteTable", TableName="tab")
    inside("ListTables")
    assert list(tenants) == []
    assert list(tenants.tenants_with("tab")) == []
    tenants.remove(("key", "us-east-1"), "tab")
    assert Tenants().get(("key", "us-east-1"), "tab") is None


# --- the log --------------------------------------------------------------------------------------


@pytest.fixture
def minutes(inside):
    """Give the log a clock; return a list whose only element is its time in minutes."""
    now = [0.0]
    inside.emulator.database.catalog._misses._limit = LogLimit(now=lambda: now[0] * 60)
    return now


def test_the_log_names_at_most_three_places(inside, caplog):
    for number in range(400):
        create(as_(inside, f"key{number}"), "tab")
    with caplog.at_level(logging.WARNING, logger="emulator"):
        as_(inside, "nobody").error("GetItem", TableName="tab", Key=KEY)
    (line,) = caplog.messages
    assert line == (
        "a request named table tab with access key nobody, region us-east-1; the table exists under "
        "access key key0, region us-east-1 and access key key1, region us-east-1 and access key key2, region us-east-1 "
        "and for 397 other access keys or regions"
    )


def test_the_log_tells_it_once_a_minute_for_each_table_and_key(inside, caplog, minutes):
    create(as_(inside, "owner"), "tab", "other")
    asked = [("one", "tab"), ("one", "other"), ("two", "tab")]
    with caplog.at_level(logging.WARNING, logger="emulator"):
        for minute, lines in ((0, 3), (0.9, 3), (1.1, 6)):
            minutes[0] = minute
            for key, table in asked * 2:
                as_(inside, key).error("GetItem", TableName=table, Key=KEY)
                arn = f"arn:aws:dynamodb:us-east-1:123456789012:table/{table}"
                inside.error("DescribeTable", TableName=arn)
            assert len(caplog.messages) == lines


def test_an_empty_list_of_tables_is_explained(inside, caplog, minutes):
    with caplog.at_level(logging.WARNING, logger="emulator"):
        inside("ListTables")
        assert caplog.messages == []  # no tenant has a table
        create(as_(inside, "owner"), "tab")
        create(as_(inside, "test", "eu-west-1"), "tab")
        as_(inside, "owner")("ListTables", ExclusiveStartTableName="tab")
        assert caplog.messages == []
        for minute in (0, 0.9, 1.1):
            minutes[0] = minute
            as_(inside, "test")("ListTables")
            as_(inside, "another\nkey")("ListTables")
    where = "tables exist under access key owner, region us-east-1 and access key test, region eu-west-1"
    assert (
        caplog.messages
        == [f"a request listed tables with access key test, region us-east-1 and found none; {where}"] * 2
    )


def test_the_log_cannot_be_forged(inside, caplog):
    create(as_(inside, "a\nCRITICAL forged", "\x1b[31m"), "tab")
    with caplog.at_level(logging.WARNING, logger="emulator"):
        as_(inside, "b\r\nERROR", "é").error("GetItem", TableName="tab", Key=KEY)
    (line,) = caplog.messages
    assert line == (
        "a request named table tab with access key b\\r\\nERROR, region \\xe9; the table exists under "
        "access key a\\nCRITICAL forged, region \\x1b[31m"
    )


@pytest.mark.parametrize("shared", [True, False])
def test_the_log_says_that_a_folder_is_divided_the_other_way(tmp_path, caplog, shared):
    ours, other = (Settings(data_dir=tmp_path / "data", shared_db=each) for each in (shared, not shared))
    made = InProcess(other)
    create(made, "tab")
    made.emulator.close()
    opened = InProcess(ours)
    with caplog.at_level(logging.WARNING, logger="emulator"):
        opened.error("GetItem", TableName="tab", Key=KEY)
    opened.emulator.close()
    assert caplog.messages == [
        "a request named table tab with --shared-db; the table exists under access key test, region us-east-1"
        if shared
        else "a request named table tab with access key test, region us-east-1; the table exists in the shared database"
        " (--shared-db)"
    ]
