"""The advisor finds each mistake of an application that makes twelve mistakes on purpose.

It finds nothing in a good application, nor in the programs of some other tests in this folder.
"""

import subprocess
import sys

import boto3
import pytest

from tests.support import javascript
from tests.support.http_clients import boto_options, declaring
from tests.support.servers import ROOT, running
from tests.support.shops import RelationalShop, Shop

MISTAKES = {
    "relational tables": {"relational-tables"},
    "Scan as query": {"scan-as-query"},
    "low-cardinality keys": {"low-cardinality-keys"},
    "ignored pagination": {"ignored-pages"},
    "blobs in items": {"large-items"},
    "missing projection": {"whole-item-reads", "overprojected-indexes"},
    "unneeded consistent reads": {"unneeded-consistent-reads"},
    "index without capacity": {"index-capacity"},
    "missing condition": {"missing-conditions"},
    "joins by hand": {"joins-by-hand"},
    "reserved words": {"reserved-words"},
    "oversized transactions": {"oversized-transactions"},
}
"""Mistake of RelationalShop -> the rules that find it."""


def findings(url):
    status, advice = declaring(url)("advice", {})
    assert status == 200
    assert advice["Complete"]
    return advice["Findings"]


@pytest.fixture(scope="module", params=[1, 2], ids=["one process", "two workers"])
def found(request):
    with running("--in-memory", "--workers", str(request.param)) as server:
        shop = RelationalShop(boto3.client("dynamodb", **boto_options(server.url)))
        shop.prepare()
        declaring(server.url)("advise", {"Enabled": True})
        shop.run()
        yield findings(server.url)


@pytest.mark.parametrize("mistake", MISTAKES)
def test_each_mistake_is_found(found, mistake):
    assert MISTAKES[mistake] <= {each["Rule"] for each in found}


def test_each_finding_quotes_what_it_cost(found):
    for each in found:
        assert each["Evidence"]
        assert each["Example"]
        free = each["Rule"] in ("reserved-words", "low-cardinality-keys", "index-capacity")
        assert free or sum(each["Units"].values()) > 0, each
    by_rule = {each["Rule"]: each for each in found}
    assert by_rule["oversized-transactions"]["Units"]["Write"] == 120.0
    assert by_rule["oversized-transactions"]["Saved"]["Write"] == 60.0


@pytest.mark.parametrize("workers", ["1", "2"])
def test_nothing_is_found_in_a_good_application(workers):
    with running("--in-memory", "--advise", "--workers", workers) as server:
        Shop(boto3.client("dynamodb", **boto_options(server.url))).run()
        assert findings(server.url) == []


@pytest.mark.parametrize("name", ["orders.mjs", "streams.mjs"])
def test_nothing_is_found_in_programs_in_javascript(name):
    if reason := javascript.reason_to_skip():
        pytest.skip(reason)
    with running("--in-memory", "--advise") as server:
        subprocess.run(["node", str(javascript.FOLDER / name), server.url], check=True, capture_output=True)
        assert findings(server.url) == []


@pytest.mark.parametrize("name", ["test_orders.py", "test_stream_consumer.py"])
def test_nothing_is_found_in_programs_in_python(name):
    with running("--in-memory", "--advise") as server:
        test = ROOT / "tests" / "clients" / name
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", str(test), "--endpoint", server.url]
        subprocess.run(command, check=True, capture_output=True, cwd=ROOT)
        assert findings(server.url) == []
