"""Sends one request after another, as a test suite does: a whole Scan, and calls through boto3."""

import json
import os
import random
import re
import statistics
import time
from collections.abc import Callable
from itertools import count
from typing import Any

import boto3
from botocore.config import Config

from tests.bench import bodies
from tests.bench.compare.client import Client
from tests.bench.compare.datasets import KV_ITEMS, PARTITIONS, SCAN_ITEMS
from tests.bench.compare.workloads import PUT_KEYS
from tests.bench.items import item_1k, item_200, key

Line = dict[str, Any]

BOTO3_TABLES = {"put": "bench_put", "get": "bench_kv", "update": "bench_kv", "query100": "bench_small"}
"""The table of each `boto3_*` workload; `boto3_cycle` creates its own."""


def timed(call: Callable[[], object], warmup: float, seconds: float) -> Line:
    """Call a function repeatedly for some seconds, after a warm-up; return the figures.

    `client_cpu` is the number of cores that this process used.
    """
    end = time.perf_counter() + warmup
    while time.perf_counter() < end:
        call()
    latencies: list[float] = []
    computed = time.process_time()
    now = start = time.perf_counter()
    while now - start < seconds or not latencies:
        call()
        then, now = now, time.perf_counter()
        latencies.append(now - then)
    computed = time.process_time() - computed
    latencies.sort()
    done = len(latencies)
    return {
        "rps": round(done / (now - start), 2),
        "p50_ms": round(1000 * latencies[done // 2], 3),
        "p99_ms": round(1000 * latencies[min(done - 1, int(done * 0.99))], 3),
        "mean_ms": round(1000 * (now - start) / done, 3),
        "max_ms": round(1000 * latencies[-1], 3),
        "conc": 1,
        "requests": done,
        "seconds": round(now - start, 3),
        "client_cpu": round(computed / (now - start), 3),
        "errors": 0,
    }


# A Scan


def scan(client: Client, seconds: float) -> Line:
    """Scan the whole table repeatedly for some seconds; return medians over the scans."""
    times: list[float] = []
    pages = 0
    end = time.monotonic() + seconds
    while not times or time.monotonic() < end:
        started = time.perf_counter()
        pages, items = _scan_once(client)
        times.append(time.perf_counter() - started)
        if items != SCAN_ITEMS:
            raise RuntimeError(f"a scan gave {items} items of {SCAN_ITEMS}")
    median = statistics.median(times)
    return {
        "rps": round(pages / median, 2),
        "items_per_s": round(SCAN_ITEMS / median),
        "scan_s": round(median, 4),
        "pages": pages,
        "scans": len(times),
        "p50_ms": round(1000 * median / pages, 3),
        "p99_ms": None,
        "conc": 1,
        "requests": pages * len(times),
        "seconds": round(sum(times), 3),
        "errors": 0,
    }


def _scan_once(client: Client) -> tuple[int, int]:
    pages = items = 0
    request: dict[str, Any] = {"TableName": "bench_scan"}
    while True:
        found, last = page_facts(client.raw("Scan", request))
        pages, items = pages + 1, items + found
        if last is None:
            return pages, items
        request["ExclusiveStartKey"] = last


def page_facts(answer: bytes) -> tuple[int, dict[str, Any] | None]:
    """Return Count and LastEvaluatedKey of a page; the key is None on the last page.

    The items are not parsed, because that would take longer than the server's work.
    """
    last = None
    at = answer.rfind(b'"LastEvaluatedKey"')
    if at >= 0:
        last, _ = json.JSONDecoder().raw_decode(answer[at + 18 :].decode().lstrip(" :"))
    return int(re.findall(rb'"Count"\s*:\s*(\d+)', answer)[-1]), last


# boto3


def boto3_client(url: str) -> Any:
    """Return a client that does not retry."""
    return boto3.client(
        "dynamodb",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="AKID",
        aws_secret_access_key="secret",
        config=Config(retries={"max_attempts": 0}, read_timeout=120),
    )


def boto3_call(name: str, client: Any, rng: random.Random) -> Callable[[], object]:
    """Return the function for one step of the workload `boto3_<name>`."""
    calls: dict[str, Callable[[], object]] = {
        "put": lambda: client.put_item(TableName="bench_put", Item=item_1k(rng.randrange(PUT_KEYS))),
        "get": lambda: client.get_item(TableName="bench_kv", Key=key(rng.randrange(KV_ITEMS)))["Item"],
        "update": lambda: client.update_item(**bodies.update("bench_kv", rng.randrange(KV_ITEMS))),
        "query100": lambda: client.query(**bodies.query("bench_small", f"part#{rng.randrange(PARTITIONS):08d}"))[
            "Items"
        ][99],
        "cycle": _cycle(client),
    }
    return calls[name]


def _cycle(client: Any) -> Callable[[], object]:
    """Return a function for one cycle, from the creation of a table to its deletion."""
    names = (f"bench_cycle_{os.getpid()}_{number}" for number in count(1))

    def step() -> None:
        table = next(names)
        client.create_table(**bodies.create(table))
        while client.describe_table(TableName=table)["Table"]["TableStatus"] != "ACTIVE":
            time.sleep(0.01)
        keys = [{"pk": {"S": "p"}, "sk": {"S": f"item#{number:08d}"}} for number in range(20)]
        for number in range(20):
            client.put_item(TableName=table, Item=item_200("p", number))
        for item_key in keys:
            assert "Item" in client.get_item(TableName=table, Key=item_key), "an item that was put is missing"
        assert client.query(**bodies.query(table, "p"))["Count"] == len(keys), "a Query misses items"
        client.update_item(
            TableName=table,
            Key=keys[1],
            UpdateExpression="SET a = a + :x",
            ExpressionAttributeValues={":x": {"N": "1"}},
        )
        client.delete_table(TableName=table)
        try:
            while client.describe_table(TableName=table):
                time.sleep(0.01)
        except client.exceptions.ResourceNotFoundException:
            pass

    return step
