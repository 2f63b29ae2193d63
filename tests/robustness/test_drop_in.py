"""With DynamoDB Local's command line, the server does what scripts expect of DynamoDB Local."""

import http.client
from contextlib import closing
from urllib.parse import urlsplit

import pytest

from tests.support.http_clients import Client
from tests.support.servers import running
from tests.support.tables import table_request


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_server_in_place_of_dynamodb_local(workers, tmp_path):
    line = ["-Djava.library.path=./DynamoDBLocal_lib", "-Xmx256m", "-jar", "DynamoDBLocal.jar", "-sharedDb", "-dbPath"]
    (tmp_path / "shared-local-instance.db").touch()
    with running(*line, str(tmp_path), "--workers", workers) as server:
        lines = [line for line in server.printed if "\t" in line]
        assert server.printed[0] == "Initializing DynamoDB Local with the following configuration:\n"
        assert lines == [
            f"Port:\t{urlsplit(server.url).port}\n",
            "InMemory:\tfalse\n",
            f"DbPath:\t{tmp_path}\n",
            "SharedDb:\ttrue\n",
            "shouldDelayTransientStatuses:\tfalse\n",
            "CorsParams:\tnull\n",
        ]
        with closing(http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=20)) as connection:
            for method in ("GET", "HEAD"):
                connection.request(method, "/")
                response = connection.getresponse()
                assert (response.status, bool(response.read())) == (400, method == "GET")
        with closing(Client(server.url)) as client:
            client("CreateTable", **{**table_request("pk:S"), "TableName": "orders"})
            arn = client("DescribeTable", TableName="orders")["Table"]["TableArn"]
            assert arn.split(":")[4:] == ["000000000000", "table/orders"]
    assert sorted(each.name for each in tmp_path.iterdir()) == ["dynamodb-emulator", "shared-local-instance.db"]
