"""Makes TableDescription, with which responses describe a table (behaviour 10.3).

A description lists attributes in the order of their names, and indexes in the order in which they
were added (findings ack-api-quirks, DDB-TABLE-125).
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from emulator.database.definitions.tables import (
    ACTIVE,
    CREATING,
    DELETING,
    UPDATING,
    IndexDefinition,
    TableDefinition,
    coming,
    decreases_today,
)

if TYPE_CHECKING:
    from emulator.database.definitions.vectors import VectorDefinition

Counts = Sequence[tuple[int, int]]
"""Pairs (number of items, bytes): of the table, of each of its indexes, of each vector index."""

ON_DEMAND_WARM: Final = {"ReadUnitsPerSecond": 12_000, "WriteUnitsPerSecond": 4_000}
"""The minimum warm throughput of an on-demand table or index (features 4)."""


def created(definition: TableDefinition) -> dict[str, Any]:
    """Return the description in the response of CreateTable.

    The counts of items and bytes are 0. WarmThroughput is shown for a table or an index only if the
    request has set it.
    """
    description = described(definition, [(0, 0)] * (len(definition.every_index) + 1), definition.created)
    relations: list[TableDefinition | IndexDefinition] = [definition]
    relations += [index for index in definition.indexes if not index.local]
    members = [description, *description.get("GlobalSecondaryIndexes", ())]
    for relation, member in zip(relations, members, strict=True):
        if not relation.warm:
            del member["WarmThroughput"]
    return description


def deleted(definition: TableDefinition, counts: tuple[int, int], now: float) -> dict[str, Any]:
    """Return the short description of a table in the response of DeleteTable.

    counts: the pair (number of the table's items, their size in bytes). now: in seconds since the
    epoch. The billing mode is shown only if it is on-demand (behaviour 10.2).
    """
    items, size = counts
    description = {
        "TableName": definition.name,
        "TableStatus": DELETING,
        "ProvisionedThroughput": _throughput(definition, now),
        "TableSizeBytes": size,
        "ItemCount": items,
        "TableArn": definition.arn,
        "TableId": definition.uuid,
        "DeletionProtectionEnabled": definition.deletion_protection,
    }
    if definition.billing_mode == "PAY_PER_REQUEST":
        _add_billing(description, definition)
    return description


def described(definition: TableDefinition, counts: Counts, now: float) -> dict[str, Any]:
    """Return a table's full description, as in the responses of DescribeTable and UpdateTable."""
    items, size = counts[0]
    description: dict[str, Any] = {
        "AttributeDefinitions": [
            {"AttributeName": name, "AttributeType": kind} for name, kind in sorted(definition.types.items())
        ],
        "TableName": definition.name,
        "KeySchema": _key_schema((definition.hash,), () if definition.range is None else (definition.range,)),
        "TableStatus": definition.status,
        "CreationDateTime": round(definition.created, 3),
        "ProvisionedThroughput": _throughput(definition, now),
        "TableSizeBytes": size,
        "ItemCount": items,
        "TableArn": definition.arn,
        "TableId": definition.uuid,
        "DeletionProtectionEnabled": definition.deletion_protection,
        "WarmThroughput": warm(definition, definition.billing_mode),
    }
    _add_billing(description, definition)
    _add_settings(description, definition)
    first = len(definition.indexes) + 1  # the position of the first vector index in `counts`
    indexes = list(zip(definition.indexes, counts[1:first], strict=True))
    for member, local in (("LocalSecondaryIndexes", True), ("GlobalSecondaryIndexes", False)):
        described_indexes = [_index(definition, index, count, now) for index, count in indexes if index.local is local]
        if described_indexes:
            description[member] = described_indexes
    vectors = zip(definition.vectors, counts[first:], strict=True)
    if definition.vectors:
        description["VectorIndexes"] = [_vector_index(definition, index, count) for index, count in vectors]
    return description


def _add_billing(description: dict[str, Any], definition: TableDefinition) -> None:
    if not definition.billing_explicit and definition.billing_mode == "PROVISIONED":
        return
    since: dict[str, Any] = {}
    if definition.pay_per_request_since is not None and definition.status != CREATING:
        since["LastUpdateToPayPerRequestDateTime"] = round(definition.pay_per_request_since, 3)
    # The service shows the billing mode under two names (behaviour 10.1, 10.3).
    for member in ("BillingMode", "TableThroughputMode"):
        description[f"{member}Summary"] = {member: definition.billing_mode, **since}


def _add_settings(description: dict[str, Any], definition: TableDefinition) -> None:
    if definition.stream_view is not None:
        description["StreamSpecification"] = {"StreamEnabled": True, "StreamViewType": definition.stream_view}
    if definition.stream_label is not None:
        description["LatestStreamLabel"] = definition.stream_label
        description["LatestStreamArn"] = f"{definition.arn}/stream/{definition.stream_label}"
    if coming(definition, "sse") is not None:
        # While a change of the encryption key is pending, the service shows the old key (finding
        # DDB-TABLE-140).
        description["SSEDescription"] = {**definition.sse, "Status": UPDATING}
    elif definition.sse:
        description["SSEDescription"] = dict(definition.sse)
    if definition.table_class is not None:
        description["TableClassSummary"] = {"TableClass": definition.table_class}
        if definition.table_class_updated is not None:
            description["TableClassSummary"]["LastUpdateDateTime"] = round(definition.table_class_updated, 3)
    if definition.settings_replication is not None:
        description["GlobalTableSettingsReplicationMode"] = definition.settings_replication
    if definition.on_demand:
        description["OnDemandThroughput"] = dict(definition.on_demand)
    if definition.is_restored and definition.filling is not None:
        description["RestoreSummary"] = dict(definition.filling.summary)


def _throughput(relation: TableDefinition | IndexDefinition, now: float) -> dict[str, Any]:
    throughput: dict[str, Any] = {
        "NumberOfDecreasesToday": decreases_today(relation, now),
        "ReadCapacityUnits": relation.read_units,
        "WriteCapacityUnits": relation.write_units,
    }
    if relation.throughput_increased is not None:
        throughput["LastIncreaseDateTime"] = round(relation.throughput_increased, 3)
    if relation.throughput_decreased is not None:
        throughput["LastDecreaseDateTime"] = round(relation.throughput_decreased, 3)
    return throughput


def warm(relation: TableDefinition | IndexDefinition, billing_mode: str) -> dict[str, Any]:
    """Return the WarmThroughput member of the description of a table or index.

    Each of its two numbers is the highest throughput that requests ever set for the table or index,
    as warm or as provisioned throughput. With on-demand billing, neither is less
    than ON_DEMAND_WARM.
    """
    if billing_mode == "PAY_PER_REQUEST":
        units = dict(ON_DEMAND_WARM)
    else:
        units = {"ReadUnitsPerSecond": relation.read_units, "WriteUnitsPerSecond": relation.write_units}
    described: dict[str, Any] = {name: max(least, relation.warm.get(name, 0)) for name, least in units.items()}
    rising = coming(relation, "warm") is not None or (relation.warm and relation.status == CREATING)
    described["Status"] = UPDATING if rising else ACTIVE
    return described


def warm_units(relation: TableDefinition | IndexDefinition, billing_mode: str) -> dict[str, int]:
    """Return the warm throughput of a table or index, without its status.

    The keys are ReadUnitsPerSecond and WriteUnitsPerSecond.
    """
    described = warm(relation, billing_mode)
    return {name: described[name] for name in ("ReadUnitsPerSecond", "WriteUnitsPerSecond")}


def _index(definition: TableDefinition, index: IndexDefinition, counts: tuple[int, int], now: float) -> dict[str, Any]:
    items, size = counts
    description: dict[str, Any] = {
        "IndexName": index.name,
        "KeySchema": _key_schema(index.hash, index.range),
        "Projection": _projection(index),
        "IndexSizeBytes": size,
        "ItemCount": items,
        "IndexArn": f"{definition.arn}/index/{index.name}",
    }
    if index.local:
        return description
    description["IndexStatus"] = index.status
    if index.status == CREATING and index.filled_to is not None:
        description["Backfilling"] = not is_allocating(definition, index)
    description["ProvisionedThroughput"] = _throughput(index, now)
    description["WarmThroughput"] = warm(index, definition.billing_mode)
    if index.on_demand:
        description["OnDemandThroughput"] = dict(index.on_demand)
    return description


def _vector_index(definition: TableDefinition, index: "VectorDefinition", counts: tuple[int, int]) -> dict[str, Any]:
    """Return the description of a vector index (features 1.2)."""
    items, size = counts
    description = {
        **vector_index_settings(index),
        "IndexStatus": index.status,
        "IndexSizeBytes": size,
        "ItemCount": items,
        "IndexArn": f"{definition.arn}/index/{index.name}",
    }
    if index.status == CREATING and index.filled_to is not None:
        description["Backfilling"] = not is_allocating(definition, index)
    return description


def vector_index_settings(index: "VectorDefinition") -> dict[str, Any]:
    """Return a vector index's description with only the settings: no status, counts or ARN."""
    described: dict[str, Any] = {
        "IndexName": index.name,
        "VectorAttribute": {"AttributeName": index.attribute},
        "Dimensions": index.dimensions,
        "DistanceFunction": index.distance,
        "Projection": _projection(index),
    }
    if index.search:
        described["SearchSchema"] = [
            {"AttributeName": name, "SearchSchemaElementType": kind} for name, kind in index.search
        ]
    return described


def _projection(index: "IndexDefinition | VectorDefinition") -> dict[str, Any]:
    projection: dict[str, Any] = {"ProjectionType": index.projection}
    if index.non_key:
        projection["NonKeyAttributes"] = sorted(index.non_key)
    return projection


def is_allocating(definition: TableDefinition, index: "IndexDefinition | VectorDefinition") -> bool:
    """Return True if the table is UPDATING because it still allocates resources for this index.

    The backfill of the index begins when the table is no longer UPDATING (finding DDB-TABLE-148).
    """
    return definition.status == UPDATING and definition.until == index.until


def _key_schema(hashes: Sequence[str], ranges: Sequence[str]) -> list[dict[str, str]]:
    return [
        *({"AttributeName": name, "KeyType": "HASH"} for name in hashes),
        *({"AttributeName": name, "KeyType": "RANGE"} for name in ranges),
    ]
