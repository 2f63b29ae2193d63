"""Checks ReplicaUpdates and witnesses by the rules that need no table (control-plane 6.1, 7)."""

from collections.abc import Mapping
from typing import Any, Final

import orjson

from emulator import errors
from emulator.model.request import Request
from emulator.operations.replicas import regions

_OTHERS: Final = 2
"""The number of regions that join a table's region to make a group with strong consistency."""


def check(request: Request) -> None:
    """Raise ApiError for the first problem of ReplicaUpdates that does not depend on the table."""
    kinds: set[str] = set()
    actions: set[bytes] = set()
    for update in request["ReplicaUpdates"]:
        if len(update) > 1:
            raise errors.several_kinds_of_replica_actions()
        if not update:
            raise errors.no_replica_action()
        ((kind, body),) = update.items()
        if kind == "Update" and body.keys() <= {"RegionName"}:
            raise errors.no_replica_action()
        kinds.add(kind)
        actions.add(orjson.dumps(update, option=orjson.OPT_SORT_KEYS))
    if "MultiRegionConsistency" in request and kinds != {"Create"}:
        raise errors.consistency_with_other_actions()
    if len(kinds) > 1:
        raise errors.several_kinds_of_replica_actions()
    _check_witness(request)
    if request.get("MultiRegionConsistency") == "STRONG":
        _check_strong(request)
    # Only a group with strong consistency allows several Delete actions in one request. updates.py
    # checks that, because it needs the table.
    elif len(actions) > 1 and kinds != {"Delete"}:
        raise errors.several_replica_actions()


def bodies(request: Request) -> list[Mapping[str, Any]]:
    """Return the bodies of the actions in ReplicaUpdates, without repeated ones."""
    distinct: list[Mapping[str, Any]] = []
    for update in request["ReplicaUpdates"]:
        ((_, body),) = update.items()
        if body not in distinct:
            distinct.append(body)
    return distinct


def witness(request: Request, action: str) -> str | None:
    """Return the region of the witness that a request creates or deletes; None without a witness.

    action: "Create" or "Delete".
    """
    for update in request.get("GlobalTableWitnessUpdates", ()):
        if action in update:
            region: str = update[action]["RegionName"]
            return region
    return None


def _check_witness(request: Request) -> None:
    if witness(request, "Create") is not None and request.get("MultiRegionConsistency") != "STRONG":
        raise errors.witness_without_strong()


def _check_strong(request: Request) -> None:
    """Raise ApiError for wrong regions of a new group with strong consistency.

    Such a group has three regions. They have three replicas, or two replicas and a witness (finding
    DDB-TABLE-257).
    """
    created = [body["RegionName"] for body in bodies(request)]
    new_witness = witness(request, "Create")
    joining = [*created, *([] if new_witness is None else [new_witness])]
    if len(joining) != _OTHERS:
        raise errors.strong_replica_count()
    refused = [region for region in dict.fromkeys(joining) if region not in regions.STRONG]
    if refused:
        raise errors.strong_regions(refused)
    if new_witness in created:
        raise errors.witness_of_replica()
