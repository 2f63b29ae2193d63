"""Functions that look up facts about a table. Several pages use them."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from emulator.http.site.console.visit import Visit
from emulator.snippets.requests import Target

_ON = ("ENABLED", "ENABLING")


class Settings(NamedTuple):
    """Settings of a table that DescribeTable does not return.

    ttl: the attribute for time to live, None if TTL is off.
    recovery: the days of the recovery period, None if point-in-time recovery is off.
    """

    ttl: str | None
    recovery: int | None


async def described(visit: Visit, name: str) -> dict[str, Any]:
    """Return the description of a table from DescribeTable. Raises ApiError."""
    table: dict[str, Any] = (await visit.call("DescribeTable", {"TableName": name}))["Table"]
    return table


async def settings(visit: Visit, name: str) -> Settings:
    """Return the TTL and recovery settings of a table. Raises ApiError."""
    ttl: Mapping[str, Any] = (await visit.call("DescribeTimeToLive", {"TableName": name}))["TimeToLiveDescription"]
    answer = await visit.call("DescribeContinuousBackups", {"TableName": name})
    recovery = answer["ContinuousBackupsDescription"].get("PointInTimeRecoveryDescription", {})
    return Settings(
        ttl["AttributeName"] if ttl.get("TimeToLiveStatus") in _ON else None,
        recovery.get("RecoveryPeriodInDays", 35) if recovery.get("PointInTimeRecoveryStatus") in _ON else None,
    )


def target(visit: Visit) -> Target:
    """Return the endpoint, region and access key that generated programs use.

    The endpoint is the address with which the browser has called the server.
    """
    host = visit.request.headers.get("host", "127.0.0.1:8000")
    return Target(f"http://{host}", visit.region, visit.access_key)
