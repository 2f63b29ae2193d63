"""The operations of legacy global tables, version 2017.11.29 (control-plane 8).

The service has closed this version. The operations still answer: none creates a global table, and
none finds one, also not a table with replicas of the present version. On the service,
ListGlobalTables fails with status 500 if it does not know the region. Here it answers as for every
region, because SDKs retry after a 500.
"""

from emulator import errors
from emulator.database.catalog.catalog import Caller
from emulator.database.database import Database
from emulator.model.request import Request
from emulator.operations.registry import Response, operation


@operation("CreateGlobalTable")
def create_global_table(_database: Database, _caller: Caller, _request: Request, _: None) -> Response:
    """Refuse to create a global table, whether or not its tables exist."""
    raise errors.legacy_global_tables()


@operation("UpdateGlobalTable")
def update_global_table(_database: Database, _caller: Caller, request: Request, _: None) -> Response:
    """Refuse to add a replica, and find none to remove."""
    updates = request["ReplicaUpdates"]
    if any("Create" in update for update in updates):
        raise errors.legacy_global_tables()
    if any("Delete" in update for update in updates):
        raise errors.global_table_not_found(request["GlobalTableName"])
    raise errors.no_replica_updates()


@operation("DescribeGlobalTable")
def describe_global_table(_database: Database, _caller: Caller, request: Request, _: None) -> Response:
    """Find no global table."""
    raise errors.global_table_not_found(request["GlobalTableName"])


@operation("DescribeGlobalTableSettings")
@operation("UpdateGlobalTableSettings")
def global_table_settings(_database: Database, _caller: Caller, request: Request, _: None) -> Response:
    """Find no settings of a global table."""
    raise errors.global_table_settings_not_found(request["GlobalTableName"])


@operation("ListGlobalTables")
def list_global_tables(_database: Database, _caller: Caller, _request: Request, _: None) -> Response:
    """List no global tables."""
    return {"GlobalTables": []}
