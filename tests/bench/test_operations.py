"""Whole operations in process: from parsed JSON, and from the headers and body of an HTTP request.

Targets (from parsed JSON, idle machine): GetItem 15 us, PutItem with a condition 40 us, Query of
100 x 200 B 60 us. `make test` runs each once and checks only its answer.
"""

import json
import time

import pytest

from tests.bench.workload import REQUESTS

pytestmark = pytest.mark.benchmark(
    timer=time.process_time, min_time=0.001, max_time=0.5, warmup=True, warmup_iterations=400
)

PAGES = {"Query 100 x 200 B": (100, 100), "Query 1 MB page": (900, 1_199), "Scan 1 MB page": (900, 1_199)}


def check(name, answer):
    found = json.loads(answer)
    if name in PAGES:
        fewest, most = PAGES[name]
        assert fewest <= found["Count"] <= most
        assert ("LastEvaluatedKey" in found) == ("1 MB" in name)
    elif "Get" in name or "SELECT" in name:
        entries = found.get("Responses") or [{"Item": item} for item in found.get("Items", [found.get("Item")])]
        assert [entry["Item"]["text3"] for entry in entries] == [{"S": "x" * 180}] * (10 if "10" in name else 1)
    else:
        assert found == ({"UnprocessedItems": {}} if name.startswith("Batch") else {})


@pytest.mark.parametrize("name", REQUESTS)
def test_operation(loaded, benchmark, name):
    operation, requests = REQUESTS[name]
    benchmark.group = "from JSON: " + name
    check(name, benchmark(loaded.direct(operation, requests)))


@pytest.mark.parametrize("name", REQUESTS)
def test_protocol(loaded, benchmark, name):
    operation, requests = REQUESTS[name]
    benchmark.group = "from bytes: " + name
    answer = benchmark(loaded.over_protocol(operation, [json.dumps(request).encode() for request in requests]))
    assert answer.status == 200
    check(name, answer.body)
