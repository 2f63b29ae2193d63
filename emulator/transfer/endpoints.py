"""The interface of an endpoint, and a function that opens an endpoint at a URL or at AWS.

An endpoint belongs to one thread. So each thread opens its own endpoint, with a function of the
type `Connect`.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from emulator.client.endpoint import HttpEndpoint, Refused, Unreachable

AWS: Final = "aws"
"""The text that users type in place of a URL to mean AWS itself."""

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
    """A connection to a server with DynamoDB's operations, for use in one thread."""

    def call(self, operation: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Call an operation and return its answer.

        Raises Refused if the answer is an error, or Unreachable if there is no answer.
        """
        ...

    def close(self) -> None:
        """Close the connection."""
        ...


Connect = Callable[[], Endpoint]
"""A function that opens an endpoint. Raises Unreachable for a wrong URL or without credentials."""


def connecting(url: str, access_key: str, region: str, profile: str | None = None) -> Connect:
    """Return a function that opens an endpoint. Raises Unreachable if botocore is missing.

    url: the server's URL, or `aws` (AWS). profile: the AWS profile, only for AWS.
    """
    if url != AWS:
        return lambda: HttpEndpoint(url, access_key, region)
    try:
        from emulator.transfer.aws import AwsEndpoint  # noqa: PLC0415 - botocore is optional
    except ImportError:
        raise Unreachable("requests to AWS need botocore: pip install 'dynamodb-emulator[aws]'") from None
    return lambda: AwsEndpoint(region, profile)


__all__ = ["AWS", "RETRIED", "Connect", "Endpoint", "Refused", "Unreachable", "connecting"]
