"""Makes CreateTable requests and indexes from short texts such as "pk:S sk:N"."""

import uuid
from typing import Any


def new_name(prefix: str = "t") -> str:
    """Return a name that no other test uses."""
    return f"{prefix}_{uuid.uuid4().hex[:12]}"


def table_request(keys: str = "pk:S sk:S", **extra: Any) -> dict[str, Any]:
    """Return a CreateTable request for a table with a new name.

    keys: the key attributes with their types, such as "pk:S sk:N". define: further attributes with
    their types, such as those of indexes. extra: further members of the request.
    """
    definitions = [pair.split(":") for pair in (keys + " " + extra.pop("define", "")).split()]
    names = [pair.split(":")[0] for pair in keys.split()]
    return {
        "TableName": new_name(),
        "KeySchema": [
            {"AttributeName": name, "KeyType": kind} for name, kind in zip(names, ("HASH", "RANGE"), strict=False)
        ],
        "AttributeDefinitions": [{"AttributeName": name, "AttributeType": kind} for name, kind in definitions],
        "BillingMode": "PAY_PER_REQUEST",
        **extra,
    }


def index_request(name: str, keys: str, projection: str = "ALL", non_key: list[str] | None = None) -> dict[str, Any]:
    """Return a secondary index for a request.

    keys: its key attributes, such as "g h". In "a+b c", both a and b have the key type HASH.
    """
    kinds = [(part.split("+"), kind) for part, kind in zip(keys.split(), ("HASH", "RANGE"), strict=False)]
    return {
        "IndexName": name,
        "KeySchema": [{"AttributeName": attribute, "KeyType": kind} for names, kind in kinds for attribute in names],
        "Projection": {"ProjectionType": projection} | ({"NonKeyAttributes": non_key} if non_key else {}),
    }


def vector_index_request(
    name: str,
    attribute: str,
    dimensions: int,
    distance: str,
    projection: str = "ALL",
    non_key: list[str] | None = None,
    search: str = "",
) -> dict[str, Any]:
    """Return a vector index for a request.

    search: the elements of its SearchSchema, such as "tenant:HASH color:INLINE_FILTER".
    """
    schema = [element.split(":") for element in search.split()]
    return {
        "IndexName": name,
        "VectorAttribute": {"AttributeName": attribute},
        "Dimensions": dimensions,
        "DistanceFunction": distance,
        "Projection": {"ProjectionType": projection} | ({"NonKeyAttributes": non_key} if non_key else {}),
    } | (
        {"SearchSchema": [{"AttributeName": name, "SearchSchemaElementType": kind} for name, kind in schema]}
        if schema
        else {}
    )


def vector(*numbers: float) -> dict[str, Any]:
    """Return the attribute value of a vector."""
    return {"L": [{"N": str(number)} for number in numbers]}
