"""The protocol of endpoints, and the kinds of servers.

Each thread uses a separate endpoint, which `Connect` opens.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from emulator.client.endpoint import HttpEndpoint, Refused, Unreachable

AWS: Final = "aws"
"""The text for AWS itself instead of a URL."""

RETRIED: Final = frozenset(
    (
        "ProvisionedThroughputExceededException",
        "ThrottlingException",
        "RequestLimitExceeded",
        "InternalServerError",
        "ServiceUnavailable",
    )
)
"""Error codes after which the same request may succeed later."""


class Endpoint(Protocol):
    """A server with DynamoDB's operations. One thread uses it."""

    def call(self, operation: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Call an operation; return its answer. Raises Refused, Unreachable."""
        ...

    def close(self) -> None:
        """Close the connection."""
        ...


Connect = Callable[[], Endpoint]
"""A function that opens an endpoint. Raises Unreachable."""


def connecting(url: str, access_key: str, region: str, profile: str | None = None) -> Connect:
    """Return a function that opens an endpoint at a URL, or AWS. Raises Unreachable."""
    if url != AWS:
        return lambda: HttpEndpoint(url, access_key, region)
    try:
        from emulator.transfer.aws import AwsEndpoint  # noqa: PLC0415 - an extra
    except ImportError:
        raise Unreachable("AWS needs botocore: pip install 'dynamodb-emulator[aws]'") from None
    return lambda: AwsEndpoint(region, profile)


__all__ = ["AWS", "RETRIED", "Connect", "Endpoint", "Refused", "Unreachable", "connecting"]
