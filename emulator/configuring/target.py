"""Describes the server for which `configure` makes settings."""

from collections.abc import Mapping
from typing import Final, NamedTuple

SERVICES: Final[Mapping[str, str]] = {
    "dynamodb": "DynamoDB",
    "dynamodb_streams": "DynamoDB Streams",
    "lambda": "Lambda",
}
"""The services that this server has: identifier in AWS's settings -> name of the service.

Source: AWS SDKs and Tools Reference Guide, "Identifiers for service-specific endpoints".
"""

SECRET: Final = "local"  # noqa: S105 - any secret works: the server checks no signatures


class Target(NamedTuple):
    """The server, and the access key and region that select tables on it.

    whole: whether requests for all services go to the server, or only requests for SERVICES.
    """

    url: str
    access_key: str
    region: str
    whole: bool = True
