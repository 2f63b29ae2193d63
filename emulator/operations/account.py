"""DescribeLimits and DescribeEndpoints (behaviour 10.6, 1.7)."""

from emulator.database.catalog.catalog import Caller
from emulator.database.database import Database
from emulator.model.request import Request
from emulator.operations.registry import Response, operation


@operation("DescribeLimits")
def describe_limits(_database: Database, _caller: Caller, _request: Request, _: None) -> Response:
    """Return the account's default quotas."""
    return {
        "AccountMaxReadCapacityUnits": 80_000,
        "AccountMaxWriteCapacityUnits": 80_000,
        "TableMaxReadCapacityUnits": 40_000,
        "TableMaxWriteCapacityUnits": 40_000,
    }


@operation("DescribeEndpoints")
def describe_endpoints(_database: Database, caller: Caller, _request: Request, _: None) -> Response:
    """Return the host to which the client sent the request, as the only endpoint.

    So a client with endpoint discovery sends its next requests to the same host.
    """
    return {"Endpoints": [{"Address": caller.host, "CachePeriodInMinutes": 1440}]}
