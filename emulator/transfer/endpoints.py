"""What the work asks of a server, and the servers that there are.

Each thread has an endpoint of its own: `Connect` opens one.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from emulator.client.endpoint import HttpEndpoint, Refused, Unreachable

AWS: Final = "aws"
"""The name of AWS itself in the place of a URL."""

RETRIED: Final = frozenset(
    (
        "ProvisionedThroughputExceededException",
        "ThrottlingException",
        "RequestLimitExceeded",
        "InternalServerError",
        "ServiceUnavailable",
    )
)
"""Codes of refusals after which the same request may succeed later."""


class Endpoint(Protocol):
    """A server with DynamoDB's operations. One thread uses it."""

    def call(self, operation: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Call an operation; return its answer. Raises Refused, Unreachable."""
        ...

    def close(self) -> None:
        """Close the connection."""
        ...


Connect = Callable[[], Endpoint]
"""Opens an endpoint. Raises Unreachable."""


def connecting(url: str, access_key: str, region: str, profile: str | None = None) -> Connect:
    """Return a function that opens an endpoint of a URL, or of AWS. Raises Unreachable."""
    if url != AWS:
        return lambda: HttpEndpoint(url, access_key, region)
    try:
        from emulator.transfer.aws import AwsEndpoint  # noqa: PLC0415 - an extra
    except ImportError:
        raise Unreachable("AWS needs botocore: pip install 'dynamodb-emulator[aws]'") from None
    return lambda: AwsEndpoint(region, profile)


__all__ = ["AWS", "RETRIED", "Connect", "Endpoint", "Refused", "Unreachable", "connecting"]
