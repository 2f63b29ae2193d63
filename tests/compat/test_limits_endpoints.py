"""DescribeLimits and DescribeEndpoints (behaviour 10.6, 1.7)."""

from urllib.parse import urlsplit


def test_describe_limits(client):
    answer = client.describe_limits()
    del answer["ResponseMetadata"]
    assert answer == {
        "AccountMaxReadCapacityUnits": 80000,
        "AccountMaxWriteCapacityUnits": 80000,
        "TableMaxReadCapacityUnits": 40000,
        "TableMaxWriteCapacityUnits": 40000,
    }


def test_describe_endpoints(client, endpoint):
    """The answer has the address to which the client sent its request."""
    assert client.describe_endpoints()["Endpoints"] == [
        {"Address": urlsplit(endpoint).netloc, "CachePeriodInMinutes": 1440}
    ]
