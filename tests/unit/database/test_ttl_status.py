"""How the clock affects UpdateTimeToLive and DescribeTimeToLive.

test_table_lifecycle.py and the black-box tests check their error texts.
"""

import pytest

from emulator.settings import Settings
from tests.support.engines import settings_of_engine
from tests.support.expiring_tables import HOUR, NOW, create, switch
from tests.support.in_process import InProcess
from tests.support.tables import table_request

SOON = ("ValidationException", "Time to live has been modified multiple times within a fixed interval")


@pytest.fixture
def slow(engine_name, tmp_path):
    """Yield an emulator whose transient statuses last three seconds."""
    inside = InProcess(settings_of_engine(engine_name, tmp_path / "data", delay_transient_statuses=True))
    yield inside
    inside.emulator.close()


def described(db, table):
    return db("DescribeTimeToLive", TableName=table)["TimeToLiveDescription"]


def reported(status):
    return {"TimeToLiveStatus": status} | ({} if status == "DISABLED" else {"AttributeName": "ttl"})


def active(db):
    table = create(db, ttl=None)
    db.clock.advance(3)
    return table


def follow(db):
    """Turn TTL on and off, and check the status before and after each step."""
    table = active(db)
    assert described(db, table) == reported("DISABLED")
    switch(db, table)
    assert described(db, table) == reported("ENABLED")
    db.clock.advance(HOUR)
    switch(db, table, enabled=False)
    assert described(db, table) == reported("DISABLED")


def test_statuses(db):
    follow(db)


def test_statuses_with_delay(slow):
    """With the delay, too, TTL is never ENABLING or DISABLING, as in the service
    (control-plane 20.2).
    """
    follow(slow)


def test_set_back_the_clock_holds_up_nothing(slow):
    table = active(slow)
    switch(slow, table)
    slow.clock.freeze(NOW - 86_400)
    assert described(slow, table) == reported("ENABLED")
    switch(slow, table, enabled=False)
    assert slow.error("UpdateTimeToLive", setting(table, enabled=True)) == SOON
    slow.clock.advance(HOUR)
    switch(slow, table)


def setting(table, *, enabled, attribute="ttl"):
    return {"TableName": table, "TimeToLiveSpecification": {"Enabled": enabled, "AttributeName": attribute}}


def test_set_back_the_clock_ends_statuses_of_tables(slow):
    table = create(slow, ttl=None)
    slow.clock.freeze(NOW - 86_400)
    assert slow("DescribeTable", TableName=table)["Table"]["TableStatus"] == "ACTIVE"


@pytest.mark.parametrize(("status", "word"), [("CREATING", "created"), ("DELETING", "deleted")])
def test_a_table_that_comes_or_goes_is_not_changed(slow, status, word):
    request = table_request("pk:S")
    table = request["TableName"]
    slow("CreateTable", request)
    if status == "DELETING":
        slow.clock.advance(3)
        slow("DeleteTable", TableName=table)
    assert slow.error("UpdateTimeToLive", setting(table, enabled=True)) == (
        "ResourceInUseException",
        f"Attempt to change a resource which is still in use: Table {table} is being {word}",
    )
    assert slow.error("DescribeTimeToLive", TableName=table) == (  # the text is in behaviour 12
        "ValidationException",
        f"Cannot describe time to live while table is in {status} state: Current table state is {status}",
    )


def test_the_setting_survives_a_restart(tmp_path):
    settings = Settings(data_dir=tmp_path / "data")
    before = InProcess(settings)
    table = create(before)
    before.emulator.close()
    after = InProcess(settings)
    assert described(after, table) == reported("ENABLED")
    assert after.error("UpdateTimeToLive", setting(table, enabled=False)) == SOON
    after.emulator.close()
