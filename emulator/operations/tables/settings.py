"""Makes definitions of tables and indexes from requests (behaviour 10.3).

The requests are CreateTable and UpdateTable.
"""

import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from emulator.database.catalog.catalog import Caller
from emulator.database.definitions.arns import default_key
from emulator.database.definitions.tables import DELETING, IndexDefinition, TableDefinition
from emulator.model.request import Request
from emulator.operations.tables import common_rules, throughput, vector_rules

if TYPE_CHECKING:
    from emulator.database.definitions.policies import AttachedPolicy


def definition_of(request: Request, caller: Caller, number: int, now: float, until: float) -> TableDefinition:
    """Return the definition of a new table. Its indexes do not have ids and times yet.

    number: the id of the table in the store. until: the time at which CREATING ends.
    """
    hash_name, *range_name = common_rules.names_of(request["KeySchema"])
    mode = request.get("BillingMode", throughput.PROVISIONED)
    definition = TableDefinition(
        id=number,
        uuid=str(uuid.uuid4()),
        name=_plain_name(request["TableName"]),
        access_key=caller.access_key,
        account=caller.account,
        region=caller.region,
        created=now,
        hash=hash_name,
        range=range_name[0] if range_name else None,
        types=common_rules.types_of(request["AttributeDefinitions"]),
        indexes=(
            *(index_of(index, local=True) for index in request.get("LocalSecondaryIndexes", ())),
            *(index_of(index, local=False) for index in request.get("GlobalSecondaryIndexes", ())),
        ),
        billing_mode=mode,
        pay_per_request_since=now if mode == throughput.ON_DEMAND else None,
        tags={tag["Key"]: tag["Value"] for tag in request.get("Tags", ())},
        until=until,
        vectors=tuple(map(vector_rules.definition_of, request.get("VectorIndexes", ()))),
    )
    if "ResourcePolicy" in request:
        definition = replace(definition, policy=_policy(request["ResourcePolicy"], now, until))
    return replace(definition, **changes_of(definition, request))


def _policy(text: str, now: float, until: float) -> "AttachedPolicy":
    from emulator.database.definitions.policies import changed  # noqa: PLC0415 - few tables have a policy
    from emulator.policies import canonical, parsing  # noqa: PLC0415 - few tables have a policy

    return changed(None, canonical.text_of(parsing.parsed(text, "table")), now, until)


def _plain_name(name: str) -> str:
    """Return the name of a table, given its name or ARN."""
    return name.rsplit("/", 1)[-1]


def deleting(definition: TableDefinition, until: float) -> TableDefinition:
    """Return the definition of a table whose deletion begins.

    until: the time at which DELETING ends.
    """
    disabled = tuple(replace(destination, status="DISABLED") for destination in definition.kinesis)
    return replace(definition, status=DELETING, until=until, stream_view=None, kinesis=disabled)


def units_of(members: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a definition that the member ProvisionedThroughput sets.

    Return an empty dictionary if `members` has no ProvisionedThroughput.
    """
    units = members.get("ProvisionedThroughput")
    if units is None:
        return {}
    return {"read_units": units["ReadCapacityUnits"], "write_units": units["WriteCapacityUnits"]}


def index_of(index: Mapping[str, Any], *, local: bool) -> IndexDefinition:
    """Return the definition of a new index, which does not have its id and times yet."""
    schema = index["KeySchema"]
    return IndexDefinition(
        id=0,
        name=index["IndexName"],
        local=local,
        hash=tuple(element["AttributeName"] for element in schema if element["KeyType"] == "HASH"),
        range=tuple(element["AttributeName"] for element in schema if element["KeyType"] == "RANGE"),
        projection=index["Projection"]["ProjectionType"],
        non_key=tuple(index["Projection"].get("NonKeyAttributes", ())),
        on_demand=maximums({}, index),
        warm=dict(index.get("WarmThroughput", {})),
        **units_of(index),
    )


def maximums(current: Mapping[str, int], members: Mapping[str, Any]) -> dict[str, int]:
    """Return the maximum on-demand units after a change of OnDemandThroughput (features 4).

    current: the maximums before the change.
    members: a request, or the part of a request for one index. The maximums in its
    OnDemandThroughput replace current maximums. A missing maximum changes nothing, -1 removes one.
    """
    merged = {**current, **members.get("OnDemandThroughput", {})}
    return {name: units for name, units in merged.items() if units != throughput.NO_MAXIMUM}


def changes_of(definition: TableDefinition, request: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a definition that a request sets, with their new values.

    Fields that CreateTable and UpdateTable set in different ways are not included.
    """
    changes: dict[str, Any] = units_of(request)
    stream = request.get("StreamSpecification")
    if stream is not None:
        changes["stream_view"] = stream["StreamViewType"] if stream["StreamEnabled"] else None
    if "SSESpecification" in request:
        changes["sse"] = _encryption(definition, request["SSESpecification"])
    if "TableClass" in request:
        changes["table_class"] = request["TableClass"]
    if "DeletionProtectionEnabled" in request:
        changes["deletion_protection"] = request["DeletionProtectionEnabled"]
    if "OnDemandThroughput" in request:
        changes["on_demand"] = maximums(definition.on_demand, request)
    if "WarmThroughput" in request:
        changes["warm"] = {**definition.warm, **request["WarmThroughput"]}
    return changes


def _encryption(definition: TableDefinition, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return the SSEDescription that an SSESpecification sets.

    Return an empty dictionary if the SSESpecification does not enable encryption: the service then
    encrypts with its own key, and descriptions have no SSEDescription (behaviour 10.3).
    """
    if not is_encrypting(wanted):
        return {}
    key = wanted.get("KMSMasterKeyId", default_key(definition.account))
    arn = key if key.startswith("arn:") else f"arn:aws:kms:{definition.region}:{definition.account}:{_key_path(key)}"
    return {"Status": "ENABLED", "SSEType": wanted.get("SSEType", "KMS"), "KMSMasterKeyArn": arn}


def is_encrypting(wanted: Mapping[str, Any]) -> bool:
    """Return True if an SSESpecification enables encryption.

    An SSESpecification with SSEType and without Enabled also enables encryption (findings
    ack-api-quirks, DDB-TABLE-044).
    """
    enabled: bool = wanted.get("Enabled", "SSEType" in wanted)
    return enabled


def class_of(definition: TableDefinition) -> str:
    """Return the TableClass of a table. The default is STANDARD."""
    return definition.table_class or "STANDARD"


def _key_path(key: str) -> str:
    return key if key.startswith(("key/", "alias/")) else f"key/{key}"
