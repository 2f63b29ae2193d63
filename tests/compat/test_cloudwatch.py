"""Metrics of the last hour by CloudWatch's names (control-plane 19), of all processes together."""

import pytest

from emulator.client.endpoint import HttpEndpoint, Refused
from tests.support.http_clients import declaring
from tests.support.servers import SERVERS, running
from tests.support.tables import index_request, table_request

UNITS = {"ReadCapacityUnits": 100, "WriteCapacityUnits": 100}
FROZEN = 1_700_000_040


@pytest.fixture(params=["memory", "lmdb", "workers", "asgi"])
def server(request, tmp_path):
    kind = SERVERS[request.param]
    with running(*kind.arguments(tmp_path), "--metrics", "--enforce-throughput", module=kind.module) as started:
        yield started.url


def test_metrics_of_the_last_hour(server):
    declare = declaring(server)
    declare("clock", {"Freeze": FROZEN})
    index = {**index_request("global", "g"), "ProvisionedThroughput": UNITS}
    request = table_request("pk:S", define="g:S", BillingMode="PROVISIONED", ProvisionedThroughput=UNITS)
    key = {"pk": {"S": "a"}}
    condition = {"ConditionExpression": "attribute_not_exists(pk)"}
    query = {
        "KeyConditionExpression": "pk = :p",
        "ExpressionAttributeValues": {":p": {"S": "a"}},
        "ConsistentRead": True,
    }
    with HttpEndpoint(server, "test") as client:
        client.call("CreateTable", {**request, "TableName": "Orders", "GlobalSecondaryIndexes": [index]})
    for number in range(4):  # new connections, so that both workers get requests
        with HttpEndpoint(server, "test") as client:
            client.call("PutItem", {"TableName": "Orders", "Item": {**key, "g": {"S": str(number)}}})
            client.call("GetItem", {"TableName": "Orders", "Key": key})
            client.call("Query", {"TableName": "Orders", **query})
            with pytest.raises(Refused):
                client.call("PutItem", {"TableName": "Orders", "Item": key, **condition})
            with pytest.raises(Refused):
                client.call("GetItem", {"TableName": "missing", "Key": key})
    declare("clock", {"Advance": 60})
    with HttpEndpoint(server, "test") as client:
        throttled = 0
        while not throttled:
            try:
                client.call("GetItem", {"TableName": "Orders", "Key": key, "ConsistentRead": True})
            except Refused:
                throttled += 1
    status, found = declare("cloudwatch", {}, method="GET")
    assert (status, found["Namespace"]) == (200, "AWS/DynamoDB")

    def points(name, **dimensions):
        (metric,) = (
            each for each in found["Metrics"] if (each["MetricName"], each["Dimensions"]) == (name, dimensions)
        )
        return metric["Datapoints"]

    first = points("ConsumedReadCapacityUnits", TableName="Orders")[0]
    assert first == {"Timestamp": "2023-11-14T22:14:00Z", "Sum": 6.0, "SampleCount": 8, "Minimum": 0.5, "Maximum": 1.0}
    assert points("ConsumedWriteCapacityUnits", TableName="Orders")[0]["Sum"] == 8.0
    index = {"TableName": "Orders", "GlobalSecondaryIndexName": "global"}
    assert points("ConsumedWriteCapacityUnits", **index)[0]["Sum"] == 1 + 3 * 2.0
    assert points("ProvisionedReadCapacityUnits", **index)[0]["Sum"] == 100
    assert points("ConditionalCheckFailedRequests", TableName="Orders")[0]["Sum"] == 4
    assert points("UserErrors")[0]["Sum"] == 4
    assert points("SuccessfulRequestLatency", Operation="Query")[0]["SampleCount"] == 4
    (point,) = points("ReadThrottleEvents", TableName="Orders")
    assert (point["Timestamp"], point["Sum"]) == ("2023-11-14T22:15:00Z", 1.0)
    assert points("ThrottledRequests", TableName="Orders", Operation="GetItem")[0]["Sum"] == 1
    declare("clock", {"Advance": 3600})
    _, found = declare("cloudwatch", {}, method="GET")
    assert {each["MetricName"] for each in found["Metrics"]} == {
        "ProvisionedReadCapacityUnits",
        "ProvisionedWriteCapacityUnits",
    }


def test_a_server_without_metrics(declare):
    status, answer = declare("cloudwatch", {}, method="GET")
    assert (status, answer) == (
        400,
        {"message": "this server does not count requests: start it with --metrics, or call count_requests"},
    )


@pytest.mark.parametrize("name", ["memory", "workers"])
def test_counting_begins_and_ends_with_a_call(name, tmp_path):
    kind = SERVERS[name]
    with running(*kind.arguments(tmp_path), module=kind.module) as server:
        declare = declaring(server.url)
        with HttpEndpoint(server.url, "test") as client:
            client.call("CreateTable", {**table_request("pk:S"), "TableName": "Orders"})
        assert declare("count_requests", {"Enabled": True}) == (200, {"Counting": True})
        for _ in range(12):  # new connections, so that both workers get requests
            with HttpEndpoint(server.url, "test") as client:
                client.call("GetItem", {"TableName": "Orders", "Key": {"pk": {"S": "a"}}})
        _, found = declare("cloudwatch", {}, method="GET")
        sums = {
            each["MetricName"]: sum(point["SampleCount"] for point in each["Datapoints"]) for each in found["Metrics"]
        }
        assert sums == {"ConsumedReadCapacityUnits": 12, "SuccessfulRequestLatency": 12}
        for body, shown in (({"TableName": "Orders", "AccessKey": "test"}, True), ({"Region": "eu-west-1"}, False)):
            names = {each["MetricName"] for each in declare("cloudwatch", body)[1]["Metrics"]}
            assert ("ConsumedReadCapacityUnits" in names, "SuccessfulRequestLatency" in names) == (shown, True)
        assert declare("count_requests", {"Enabled": False}) == (200, {"Counting": False})
        for _ in range(12):
            assert declare("cloudwatch", {}, method="GET")[0] == 400
