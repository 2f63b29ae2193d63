"""Tables with time to live (TTL) in an emulator in process, for the tests of expiry."""

from typing import Any

from emulator.clock import Background
from emulator.database.jobs import ttl_sweep
from emulator.slices import finish
from tests.support.in_process import InProcess
from tests.support.tables import table_request

NOW = 1_700_000_000  # the time at which ManualClock starts
HOUR = 3600


def create(db: InProcess, keys: str = "pk:S", *, ttl: str | None = "ttl", **extra: Any) -> str:
    """Create a table; return its name.

    ttl: the attribute with the time to live, for which TTL is turned on, or None.
    """
    request = table_request(keys, **extra)
    db("CreateTable", request)
    if ttl is not None:
        switch(db, request["TableName"], attribute=ttl)
        background(db).run_all()
    name: str = request["TableName"]
    return name


def switch(db: InProcess, table: str, *, enabled: bool = True, attribute: str = "ttl") -> Any:
    """Turn TTL on or off; return the answer."""
    setting = {"Enabled": enabled, "AttributeName": attribute}
    return db("UpdateTimeToLive", TableName=table, TimeToLiveSpecification=setting)


def put(db: InProcess, table: str, pk: str, ttl: float | dict[str, Any] | None = None, **attributes: Any) -> None:
    """Put an item. ttl: its time of expiry in seconds, or the whole attribute value."""
    item = {"pk": {"S": pk}, **attributes}
    if ttl is not None:
        item["ttl"] = ttl if isinstance(ttl, dict) else {"N": str(ttl)}
    db("PutItem", TableName=table, Item=item)


def names(db: InProcess, table: str, **source: Any) -> list[str]:
    """Return the sorted partition keys of the items that a Scan finds.

    source: further members of the Scan, such as IndexName.
    """
    return sorted(item["pk"]["S"] for item in db("Scan", TableName=table, **source)["Items"])


def background(db: InProcess) -> Background:
    """Return the emulator's background work."""
    return db.emulator.database.background


def wait(db: InProcess, seconds: float = 60) -> None:
    """Move the clock forward, and finish all background work that becomes due."""
    db.clock.advance(seconds)
    db.emulator.run_due()
    background(db).run_all()


def sweep(db: InProcess) -> Any:
    """Delete expired items now, as the control `ttl` does; return table ARN -> their number."""
    database = db.emulator.database
    return finish(ttl_sweep.sweep(database, ttl_sweep.tables(database)))
