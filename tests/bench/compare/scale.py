"""Measures the rates of four operations on tables of several sizes, with 8 connections.

A partition has 100 items of 1 KB. Each size has its own server. The runs are interleaved, so that
the figures of all sizes come from the same minutes.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests.bench import bodies
from tests.bench.compare.endpoint import Endpoint
from tests.bench.compare.processes import running
from tests.bench.compare.targets import Target
from tests.bench.compare.workloads import GET, Call, Workload
from tests.bench.items import Item, item_1k, token

TABLE = "bench_scale"
CONNECTIONS = 8
PARTITION = 100


def scales(
    target: Target, sizes: Sequence[int], rounds: int, duration: float, warmup: float, folder: Path | None
) -> Iterator[dict[str, Any]]:
    """Yield a line for loading each size, then one for each round, operation and size."""
    with ExitStack() as servers:
        endpoints: dict[int, Endpoint] = {}
        for size in sizes:
            server = servers.enter_context(running(target, folder))
            endpoint = Endpoint(
                target.label,
                server.url,
                duration=duration,
                warmup=target.warmup or warmup,
                cpu_seconds=server.cpu_seconds,
            )
            loaded = endpoint.measure(
                "scale_load", lambda endpoint=endpoint, size=size: _load(endpoint, size), size=size
            )
            yield loaded
            if "error" not in loaded:
                endpoints[size] = endpoint
        for number in range(rounds):
            for name in _workloads(PARTITION):
                for size, endpoint in endpoints.items():
                    workload = _workloads(size)[name]
                    line = endpoint.measure(
                        f"scale_{name}",
                        lambda endpoint=endpoint, name=name, workload=workload: endpoint.wrk(
                            f"scale_{name}", CONNECTIONS, workload
                        ),
                        size=size,
                    )
                    yield {**line, "round": number}


def _load(endpoint: Endpoint, size: int) -> dict[str, Any]:
    endpoint.client.drop(TABLE)
    endpoint.client.create(TABLE)
    started = time.perf_counter()
    endpoint.client.load(TABLE, range(size), _item)
    seconds = time.perf_counter() - started
    return {"items_per_s": round(size / seconds), "load_s": round(seconds, 2)}


def _item(number: int) -> Item:
    """Return item `number`. Its partition is `user#<number of the partition's first item>`."""
    return item_1k(number, pk=f"user#{number - number % PARTITION:08d}")


def _workloads(size: int) -> dict[str, Workload]:
    key = {"pk": {"S": "user#" + token(0)}, "sk": {"S": "order#" + token(37)}}
    calls = {
        "get": Call("GetItem", bodies.get(TABLE, key), GET.check),
        "query10": Call(
            "Query", bodies.query(TABLE, "user#" + token(0), Limit=10), lambda answer: bool(answer["Count"] == 10)
        ),
        "put": Call("PutItem", bodies.put(TABLE, {**_item(0), **key})),
        "update": Call("UpdateItem", {**bodies.update(TABLE, 0), "Key": key}),
    }
    return {name: Workload(TABLE, (call,), size, stride=PARTITION) for name, call in calls.items()}
