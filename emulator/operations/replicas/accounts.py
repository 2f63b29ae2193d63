"""Global tables of several accounts (control-plane 6.7).

Each table of such a group is in a different account and a different region. The owner of a table
permits replication with a resource policy. Then another account creates a replica with CreateTable.
The tables share their settings. Writes are replicated as in a group of one account. In the
emulator, each access key is an account (database/definitions/arns.py).

If the policy of a table no longer permits replication, the table has the status
REPLICATION_NOT_AUTHORIZED. It neither sends nor receives writes; the writes wait. The emulator does
not evaluate the conditions of policies.

We do not know the service's texts for most errors of this file.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from emulator import errors
from emulator.database.catalog.catalog import Caller
from emulator.database.database import Database
from emulator.database.definitions import arns
from emulator.database.definitions.policies import AttachedPolicy, changed
from emulator.database.definitions.tables import ACTIVE, DELETING, TableDefinition
from emulator.database.jobs import replication
from emulator.database.schema.table import Table
from emulator.model.request import Request
from emulator.operations.replicas import creation
from emulator.operations.replicas.members import refuse_busy
from emulator.policies import canonical, parsing
from emulator.policies.document import Policy
from emulator.regions import COMMERCIAL

ENABLED: Final = "ENABLED"
DISABLED: Final = "DISABLED"

SERVICE: Final = "replication.dynamodb.amazonaws.com"
"""The principal to which the policy of a table must allow ACTIONS."""

ACTIONS: Final = (
    "dynamodb:ReadDataForReplication",
    "dynamodb:WriteDataForReplication",
    "dynamodb:ReplicateSettings",
)

_OWN: Final = frozenset(
    {
        "TableName",
        "GlobalTableSourceArn",
        "GlobalTableSettingsReplicationMode",
        "ResourcePolicy",
        "Tags",
        "DeletionProtectionEnabled",
    }
)
"""The members that CreateTable may have for a replica. Other settings come from the source."""


# --- CreateTable ----------------------------------------------------------------------------------


def check(request: Request) -> None:
    """Raise ApiError for the first problem in a CreateTable request for a replica.

    This checks only the request, and reads no tables.
    """
    mode = request.get("GlobalTableSettingsReplicationMode")
    if "GlobalTableSourceArn" not in request:
        raise errors.replication_mode_without_source()
    others = sorted(request.keys() - _OWN)
    if others:
        raise errors.setting_of_source(others[0])
    if mode != ENABLED:
        raise errors.replication_mode_of_replica()


def create(database: Database, caller: Caller, request: Request) -> TableDefinition:
    """Create a replica of a table in another account; return its definition."""
    if caller.shared:
        raise errors.replicas_need_regions()
    source, members = _source(database, caller, request)
    policy = parsing.parsed(request["ResourcePolicy"], "table") if "ResourcePolicy" in request else None
    arn = f"arn:aws:dynamodb:{caller.region}:{caller.account}:table/{source.name}"
    if policy is None or not _permits(policy, arn):
        raise errors.replication_not_permitted(arn)
    if not is_authorized(source, source.policy):
        raise errors.replication_not_permitted(source.arn)
    now, until = database.clock.now(), database.catalog.until()
    owner = creation.Owner(
        caller.access_key,
        caller.account,
        {
            "policy": changed(None, canonical.text_of(policy), now, until),
            "tags": {tag["Key"]: tag["Value"] for tag in request.get("Tags", ())},
            "deletion_protection": request.get("DeletionProtectionEnabled", False),
        },
    )
    region = caller.region
    creation.create(database, source, members, {"RegionName": region}, owner)
    return database.catalog.published(replace(source, access_key=caller.access_key, region=region)).definition


def _source(database: Database, caller: Caller, request: Request) -> tuple[TableDefinition, Sequence[Table]]:
    """Return the source table of a new replica, and the other tables of the source's group.

    Raises ApiError if the source table does not exist, or cannot get a replica for this caller.
    """
    text = request["GlobalTableSourceArn"]
    arn = arns.parsed(text)
    if arn is None or arn.kind != "table" or arn.region not in COMMERCIAL:
        raise errors.replica_source_invalid(text)
    if arn.table != request["TableName"].rpartition("/")[2]:
        raise errors.source_name_differs(arn.table)
    if arn.account == caller.account or arn.region == caller.region:
        raise errors.source_not_elsewhere()
    settled = map(database.catalog.settle, database.catalog.named(text))
    tables = [table.definition for table in settled if table is not None and table.definition.status != DELETING]
    if not tables:
        raise errors.table_not_found(text)
    found = [table for table in tables if table.settings_replication == ENABLED]
    if not found:
        raise errors.source_mode_missing(text)
    definition = found[0]
    members = replication.others(database, definition)
    group = [definition, *(table.definition for table in members)]
    if members and (definition.membership is None or not definition.membership.accounts):
        raise errors.source_mode_missing(text)
    if any(caller.account == each.account or caller.region == each.region for each in group):
        raise errors.one_replica_per_account()
    refuse_busy(database, definition)
    if definition.status != ACTIVE:
        raise errors.being_changed(definition.name, definition.status)
    return definition, members


# --- UpdateTable ----------------------------------------------------------------------------------


def with_mode(database: Database, definition: TableDefinition, mode: str) -> TableDefinition:
    """Return a regional table's definition with a changed GlobalTableSettingsReplicationMode.

    mode: "ENABLED" or "DISABLED".
    """
    if definition.membership is not None and replication.others(database, definition):
        raise errors.replication_mode_of_member()
    if mode not in (ENABLED, DISABLED):
        raise errors.replication_mode_of_regional_table(mode)
    return replace(definition, settings_replication=mode)


def refuse_updates(definition: TableDefinition) -> None:
    """Raise ApiError if a table is in a group of several accounts.

    UpdateTable cannot create, change or delete the replicas of such a group.
    """
    if definition.membership is not None and definition.membership.accounts:
        raise errors.replicas_of_other_accounts()


# --- permission of replication --------------------------------------------------------------------


def is_authorized(definition: TableDefinition, policy: AttachedPolicy | None) -> bool:
    """Return True if a policy permits the replication of a table."""
    text = None if policy is None else policy.text
    return text is not None and _permits(parsing.parsed(text, "table"), definition.arn)


def with_policy(definition: TableDefinition, policy: AttachedPolicy) -> TableDefinition:
    """Return a table's definition with a changed policy.

    In a group of several accounts, this also updates whether the policy permits replication.
    """
    membership = definition.membership
    if membership is not None and membership.accounts:
        membership = replace(membership, authorized=is_authorized(definition, policy))
    return replace(definition, policy=policy, membership=membership)


def _permits(policy: Policy, arn: str) -> bool:
    return all(policy.allows_service(action, arn, SERVICE) for action in ACTIONS)
