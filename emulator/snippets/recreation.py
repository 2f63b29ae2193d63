"""The requests that create a table like a described one.

Some settings need requests of their own after CreateTable.
"""

from collections.abc import Mapping
from typing import Any

from emulator.formats.described import create_input
from emulator.snippets.requests import Call


def recreation(
    table: Mapping[str, Any],
    *,
    ttl: str | None = None,
    recovery_days: int | None = None,
    tags: list[dict[str, str]] | None = None,
    region: str | None = None,
) -> list[Call]:
    """Return the requests, in their order.

    table: the description in an answer of DescribeTable. ttl: the attribute for time to live.
    recovery_days: the window of point-in-time recovery; None if it is off. region: where the
    described table is. Replicas are created in the other regions.
    """
    name = table["TableName"]
    create = create_input(table)
    if tags:
        create["Tags"] = tags
    calls: list[Call] = [("CreateTable", create)]
    if ttl is not None:
        setting = {"Enabled": True, "AttributeName": ttl}
        calls.append(("UpdateTimeToLive", {"TableName": name, "TimeToLiveSpecification": setting}))
    if recovery_days is not None:
        recovery = {"PointInTimeRecoveryEnabled": True, "RecoveryPeriodInDays": recovery_days}
        calls.append(("UpdateContinuousBackups", {"TableName": name, "PointInTimeRecoverySpecification": recovery}))
    calls += _replicas(table, region)
    return calls


def _replicas(table: Mapping[str, Any], region: str | None) -> list[Call]:
    """Return the requests that create the replicas: one for each, or one for a strong group."""
    name = table["TableName"]
    regions = [each["RegionName"] for each in table.get("Replicas", ()) if each["RegionName"] != region]
    creates = [{"Create": {"RegionName": each}} for each in regions]
    if table.get("MultiRegionConsistency") != "STRONG":
        return [("UpdateTable", {"TableName": name, "ReplicaUpdates": [create]}) for create in creates]
    request: dict[str, Any] = {"TableName": name, "MultiRegionConsistency": "STRONG", "ReplicaUpdates": creates}
    if "GlobalTableWitnesses" in table:
        witnesses = [{"Create": {"RegionName": each["RegionName"]}} for each in table["GlobalTableWitnesses"]]
        request["GlobalTableWitnessUpdates"] = witnesses
    return [("UpdateTable", request)]
