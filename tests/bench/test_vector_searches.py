"""Searches for vectors in process: TopK 10 of 256 dimensions, without and with a filter.

    VECTORS=100000 OPENBLAS_NUM_THREADS=1 make bench-stages ARGS=tests/bench/test_vector_searches.py

Target for 100,000 vectors: 50 ms. The server loads NumPy with one thread. Here, a test may have
loaded NumPy before, so the command sets OPENBLAS_NUM_THREADS. `make test` runs each benchmark once
with few vectors, and checks its answer.
"""

import os
import time

import pytest

from emulator.app import Emulator
from emulator.clock import ManualClock
from tests.bench.vector_entries import make_table, search_request
from tests.support.engines import settings_of_engine

pytestmark = pytest.mark.benchmark(timer=time.process_time)

VECTORS = int(os.environ.get("VECTORS", "2000"))
CONDITIONS = {
    "all": {},
    "one of 100 tenants": {
        "SearchConditionExpression": "tenant = :t",
        "ExpressionAttributeValues": {":t": {"S": "tenant 7"}},
    },
}


@pytest.fixture(scope="module", params=["COSINE", "DOT_PRODUCT", "EUCLIDEAN"])
def searched(request, engine_name, tmp_path_factory):
    """An emulator with a filled vector index, which a search has already read into memory."""
    emulator = Emulator(settings_of_engine(engine_name, tmp_path_factory.mktemp("vectors")), ManualClock())
    caller = emulator.caller("AKID", "us-east-1")
    make_table(emulator, caller, VECTORS, request.param)
    emulator.call("SearchVectors", search_request(), caller)
    yield emulator, caller
    emulator.close()


@pytest.mark.parametrize("condition", CONDITIONS)
def test_search(searched, benchmark, condition):
    emulator, caller = searched
    request = search_request(**CONDITIONS[condition])
    answer = benchmark.pedantic(
        lambda: emulator.call("SearchVectors", request, caller), rounds=20, iterations=1, warmup_rounds=2
    )
    assert answer.count(b'"Score"') == 10
