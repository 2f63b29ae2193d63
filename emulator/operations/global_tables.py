"""The operations of legacy global tables, version 2017.11.29 (control-plane 8).

The service no longer allows new global tables of this version, so here no account has one. The
operations still respond, but they never create or find a global table. They do not find global
tables of the current version either.

If RegionName is not a region, the service's ListGlobalTables fails with status 500. Here it returns
an empty list, because SDKs would retry after a 500.
"""

from emulator import errors
from emulator.database.catalog.catalog import Caller
from emulator.database.database import Database
from emulator.model.request import Request
from emulator.operations.registry import Response, operation


@operation("CreateGlobalTable")
def create_global_table(_database: Database, _caller: Caller, _request: Request, _: None) -> Response:
    """Raise the service's error for a new global table of the legacy version."""
    raise errors.legacy_global_tables()


@operation("UpdateGlobalTable")
def update_global_table(_database: Database, _caller: Caller, request: Request, _: None) -> Response:
    """Raise the service's error for a request to add or remove a replica of a global table."""
    updates = request["ReplicaUpdates"]
    if any("Create" in update for update in updates):
        raise errors.legacy_global_tables()
    if any("Delete" in update for update in updates):
        raise errors.global_table_not_found(request["GlobalTableName"])
    raise errors.no_replica_updates()


@operation("DescribeGlobalTable")
def describe_global_table(_database: Database, _caller: Caller, request: Request, _: None) -> Response:
    """Raise the error for a global table that does not exist."""
    raise errors.global_table_not_found(request["GlobalTableName"])


@operation("DescribeGlobalTableSettings")
@operation("UpdateGlobalTableSettings")
def global_table_settings(_database: Database, _caller: Caller, request: Request, _: None) -> Response:
    """Raise the error for a global table that does not exist."""
    raise errors.global_table_settings_not_found(request["GlobalTableName"])


@operation("ListGlobalTables")
def list_global_tables(_database: Database, _caller: Caller, _request: Request, _: None) -> Response:
    """Return an empty list of global tables."""
    return {"GlobalTables": []}
