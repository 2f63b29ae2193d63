"""Tables with TTL in process, for the tests of what expires."""

from emulator.database.jobs import ttl_sweep
from tests.conftest import table_request

NOW = 1_700_000_000  # where conftest's ManualClock stands at first
HOUR = 3600


def create(db, keys="pk:S", *, ttl="ttl", **extra):
    """Create a table, switch TTL on unless ttl is None, finish what that begins; return the table's name."""
    request = table_request(keys, **extra)
    db("CreateTable", request)
    if ttl is not None:
        switch(db, request["TableName"], attribute=ttl)
        background(db).run_all()
    return request["TableName"]


def switch(db, table, *, enabled=True, attribute="ttl"):
    setting = {"Enabled": enabled, "AttributeName": attribute}
    return db("UpdateTimeToLive", TableName=table, TimeToLiveSpecification=setting)


def put(db, table, pk, ttl=None, **attributes):
    """Put an item; ttl is seconds, or a whole attribute value."""
    item = {"pk": {"S": pk}, **attributes}
    if ttl is not None:
        item["ttl"] = ttl if isinstance(ttl, dict) else {"N": str(ttl)}
    db("PutItem", TableName=table, Item=item)


def names(db, table, **source):
    """Return the partition keys of a table's or index's items, sorted."""
    return sorted(item["pk"]["S"] for item in db("Scan", TableName=table, **source)["Items"])


def background(db):
    return db.emulator.database.background


def wait(db, seconds=60):
    """Let time pass and do what becomes due, to its end."""
    db.clock.advance(seconds)
    db.emulator.run_due()
    background(db).run_all()


def sweep(db):
    """Delete what has expired now, as the admin call does; return how many items by the ARNs of their tables."""
    database = db.emulator.database
    return ttl_sweep.sweep_now(database, ttl_sweep.tables(database))
