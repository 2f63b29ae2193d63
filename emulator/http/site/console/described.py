"""Short texts about tables and indexes, made from the answer of DescribeTable by pure functions."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

Description = Mapping[str, Any]

TYPES: Final = (("S", "String"), ("N", "Number"), ("B", "Binary"))
VIEWS: Final = ("NEW_AND_OLD_IMAGES", "NEW_IMAGE", "OLD_IMAGE", "KEYS_ONLY")
CLASSES: Final = ("STANDARD", "STANDARD_INFREQUENT_ACCESS")
KINDS: Final = (
    ("GlobalSecondaryIndexes", "global"),
    ("LocalSecondaryIndexes", "local"),
    ("VectorIndexes", "vector"),
)


class Key(NamedTuple):
    """A key attribute. kind: HASH or RANGE."""

    name: str
    type: str
    kind: str


class Index(NamedTuple):
    """An index as pages show it.

    kind: global, local or vector.
    size: the size in bytes.
    mode: the capacity in words, such as `on demand`.
    """

    name: str
    kind: str
    keys: Sequence[Key]
    projection: str
    status: str
    items: int
    size: int
    mode: str


def keys(owner: Description, table: Description) -> list[Key]:
    """Return the key attributes of a table or index, the partition key first.

    owner: the description of the table or index whose keys to return.
    table: the description of the table, which has the types of all key attributes.
    """
    types = {each["AttributeName"]: each["AttributeType"] for each in table.get("AttributeDefinitions", ())}
    schema = owner.get("KeySchema", ())
    found = [Key(each["AttributeName"], types.get(each["AttributeName"], ""), each["KeyType"]) for each in schema]
    return sorted(found, key=lambda each: each.kind)


def key_names(table: Description) -> list[str]:
    """Return the names of a table's key attributes, the partition key first."""
    return [each.name for each in keys(table, table)]


def is_on_demand(table: Description) -> bool:
    """Return True if the billing mode of a table is on-demand."""
    return bool(table.get("BillingModeSummary", {}).get("BillingMode") == "PAY_PER_REQUEST")


def mode(owner: Description, *, on_demand: bool) -> str:
    """Return the capacity of a table or global index in words, such as `on demand`."""
    if on_demand:
        limits = owner.get("OnDemandThroughput")
        if not limits:
            return "on demand"
        most = (limits.get("MaxReadRequestUnits", -1), limits.get("MaxWriteRequestUnits", -1))
        return "on demand, at most {} read and {} write units".format(*("any" if each < 0 else each for each in most))
    units = owner.get("ProvisionedThroughput", {})
    return f"{units.get('ReadCapacityUnits', 0):,} read and {units.get('WriteCapacityUnits', 0):,} write units"


def projection(index: Description) -> str:
    """Return the projection of an index in words, such as `all attributes`."""
    given = index.get("Projection", {})
    kind = given.get("ProjectionType", "")
    return {"ALL": "all attributes", "KEYS_ONLY": "keys"}.get(
        kind, "keys and " + ", ".join(given.get("NonKeyAttributes", ()))
    )


def indexes(table: Description) -> Iterator[Index]:
    """Yield the indexes of a table."""
    on_demand = is_on_demand(table)
    for member, kind in KINDS:
        for each in table.get(member, ()):
            yield Index(
                each["IndexName"],
                kind,
                keys(each, table),
                projection(each),
                each.get("IndexStatus", "ACTIVE"),
                each.get("ItemCount", 0),
                each.get("IndexSizeBytes", 0),
                mode(each, on_demand=on_demand) if kind == "global" else "",
            )


def stream(table: Description) -> str:
    """Return the view type of a table's stream, or `off` without a stream."""
    given = table.get("StreamSpecification", {})
    return given.get("StreamViewType", "off") if given.get("StreamEnabled") else "off"


def replicas(table: Description) -> list[str]:
    """Return the regions of the replicas of a table."""
    return [each["RegionName"] for each in table.get("Replicas", ())]
