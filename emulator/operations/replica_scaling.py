"""DescribeTableReplicaAutoScaling and UpdateTableReplicaAutoScaling (control-plane 9).

The emulator has no replicas yet, so no table has settings for their auto scaling.
"""

from emulator import errors
from emulator.database.catalog.catalog import Caller
from emulator.database.database import Database
from emulator.model.request import Request
from emulator.operations.registry import Response, operation


@operation("DescribeTableReplicaAutoScaling")
@operation("UpdateTableReplicaAutoScaling")
def replica_auto_scaling(database: Database, caller: Caller, request: Request, _: None) -> Response:
    """Report that the table has no replicas. Errors of wrong ARNs come first."""
    table = database.catalog.find(caller, request["TableName"], expected=False)
    name = request["TableName"] if table is None else table.name
    raise errors.replicas_not_found(name.rpartition("/")[2])
