"""Each kind of server reports the metrics of all workers, in Prometheus's text format."""

import re
import subprocess
import sys
import urllib.request

import pytest
from prometheus_client.parser import text_string_to_metric_families

from emulator.client.endpoint import HttpEndpoint, Refused
from tests.support.http_clients import answer_to
from tests.support.servers import SERVERS, running
from tests.support.tables import table_request, vector, vector_index_request

CONNECTIONS = 16
PREFIX = "dynamodb_emulator_"


def scraped(url):
    """Read the metrics; return {name of a sample: {labels: value}} and {family: its type}."""
    answer = answer_to(urllib.request.Request(f"{url}/_emulator/metrics"))
    assert answer.status == 200, answer.body
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    found, kinds = {}, {}
    for family in text_string_to_metric_families(answer.body.decode()):
        kinds[family.name] = family.type
        for sample in family.samples:
            labels = tuple(sorted(sample.labels.items()))
            found.setdefault(sample.name.removeprefix(PREFIX), {})[labels] = sample.value
    return found, kinds


def total(samples, **labels):
    return sum(value for key, value in samples.items() if labels.items() <= dict(key).items())


@pytest.fixture(params=["memory", "lmdb", "workers", "asgi"])
def server(request, tmp_path):
    kind = SERVERS[request.param]
    with running(*kind.arguments(tmp_path), "--metrics", "--enforce-throughput", module=kind.module) as started:
        yield started.url


def put_until_throttled(url):
    with HttpEndpoint(url, "test") as client:
        for number in range(2000):
            try:
                client.call("PutItem", {"TableName": "Orders", "Item": {"pk": {"S": str(number)}}})
            except Refused:
                return
    raise AssertionError("no request was throttled")


def test_metrics(server):
    units = {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}
    table = table_request("pk:S", BillingMode="PROVISIONED", ProvisionedThroughput=units)
    item = {"TableName": "Orders", "Item": {"pk": {"S": "a"}, "x": {"S": "y" * 500}}}
    with HttpEndpoint(server, "test") as client:
        client.call("CreateTable", {**table, "TableName": "Orders"})
        client.call("PutItem", {**item, "ReturnConsumedCapacity": "TOTAL"})
    for _ in range(CONNECTIONS):
        with HttpEndpoint(server, "test") as client:
            client.call("ListTables", {})
            with pytest.raises(Refused):
                client.call("GetItem", {"TableName": "None", "Key": {}})
            with pytest.raises(Refused):
                client.call("NoSuch", {})
    put_until_throttled(server)
    found, kinds = scraped(server)
    assert kinds[f"{PREFIX}requests"] == "counter"
    assert kinds[f"{PREFIX}request_seconds"] == "histogram"
    requests = found["requests_total"]
    assert total(requests, operation="ListTables", code="") == CONNECTIONS
    assert total(requests, operation="GetItem", code="ResourceNotFoundException") == CONNECTIONS
    assert total(requests, operation="other", code="400") == CONNECTIONS
    assert total(requests, operation="PutItem", code="ProvisionedThroughputExceededException") == 1
    assert total(found["throttled_requests_total"], operation="PutItem") == 1
    # Each put consumes one unit, so both counts agree. How many puts succeed before the first
    # throttled one depends on the speed of the machine.
    assert total(found["capacity_units_total"], operation="PutItem") == total(requests, operation="PutItem", code="")
    assert total(found["request_seconds_count"], operation="ListTables") == CONNECTIONS
    assert total(found["request_seconds_bucket"], operation="ListTables", le="+Inf") == CONNECTIONS
    labels = {"table": "Orders", "region": "us-east-1", "access_key": "test"}
    assert total(found["table_items"], **labels) == total(requests, operation="PutItem", code="")
    assert total(found["table_bytes"], **labels) > 500
    assert all(value > 1 << 20 for value in found["resident_memory_bytes"].values())
    before = total(requests)
    assert total(scraped(server)[0]["requests_total"]) == before + 1  # the first scrape is a request, too


def test_vectors_count_as_on_the_service(server):
    near = vector_index_request("near", "v", 2, "COSINE")
    with HttpEndpoint(server, "test") as client:
        client.call("CreateTable", {**table_request("pk:S", VectorIndexes=[near]), "TableName": "Vectors"})
        client.call("PutItem", {"TableName": "Vectors", "Item": {"pk": {"S": "a"}, "v": vector(0.123, 1)}})
    found, _ = scraped(server)
    assert total(found["table_bytes"], table="Vectors") == 3 + 1 + 8  # each of the two dimensions counts 4 bytes


def test_two_workers():
    with running("--in-memory", "--workers", "2", "--metrics") as server:
        for _ in range(CONNECTIONS):
            with HttpEndpoint(server.url) as client:
                client.call("ListTables", {})
        found, _ = scraped(server.url)
        for name in ("resident_memory_bytes", "requests_total"):
            assert {dict(labels)["worker"] for labels in found[name]} == {"0", "1"}
        assert total(found["requests_total"], operation="ListTables") == CONNECTIONS


def test_a_server_without_metrics(endpoint):
    answer = answer_to(urllib.request.Request(f"{endpoint}/_emulator/metrics"))
    assert answer.status == 400
    assert answer.json == {
        "message": "this server does not count requests: start it with --metrics, or call count_requests"
    }


def test_without_the_library_the_server_does_not_start():
    hidden = (
        "import sys, importlib.util as u; find = u.find_spec\n"
        "u.find_spec = lambda name, *more: None if name == 'prometheus_client' else find(name, *more)\n"
        "from emulator.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    command = [sys.executable, "-c", hidden, "--in-memory", "--port", "0", "--metrics"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 2
    assert re.search(
        r"--metrics needs prometheus-client: pip install 'dynamodb-emulator\[metrics\]'$", ended.stderr.strip()
    )
