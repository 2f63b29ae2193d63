"""Makes the requests that create a copy of a table, without its items.

CreateTable cannot make all settings. The other settings need further requests, such as
UpdateTimeToLive.
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
    """Return the requests that create a copy of `table`, in the order in which to send them.

    table: the `Table` of an answer of DescribeTable.
    ttl: the name of the attribute for time to live; None if time to live is off.
    recovery_days: the window of point-in-time recovery, in days; None if recovery is off.
    region: the region of `table`; no replica is created there.
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
    """Return UpdateTable requests that create the replicas.

    Each request creates one replica. But with strong consistency, a single request creates all
    replicas and the witness.
    """
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
