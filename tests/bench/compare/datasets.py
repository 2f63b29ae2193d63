"""The tables of the workloads, by name.

The first workload that needs a table creates it on a server. Later workloads share it.
"""

from collections.abc import Callable

from tests.bench.compare.client import Client
from tests.bench.items import item_1k, item_200

KV_ITEMS = 10_000  # items of `bench_kv`, the table of get, update, overwrite and mixed
SCAN_ITEMS = 20_000
PARTITIONS = 50  # partitions of 100 small items each
BIG_ITEMS = 1_300  # items of one partition: more than a page of 1 MB


def _kv(client: Client) -> None:
    client.create("bench_kv")
    client.load("bench_kv", range(KV_ITEMS), item_1k)


def _empty(client: Client) -> None:
    client.create("bench_put")


def _small(client: Client) -> None:
    client.create("bench_small")
    for partition in range(PARTITIONS):
        client.load("bench_small", range(100), lambda number, pk=f"part#{partition:08d}": item_200(pk, number))


def _big(client: Client) -> None:
    client.create("bench_big")
    client.load("bench_big", range(BIG_ITEMS), lambda number: item_1k(number, pk="bigpart"))


def _scan(client: Client) -> None:
    client.create("bench_scan")
    client.load("bench_scan", range(SCAN_ITEMS), item_1k)


def _indexed(client: Client) -> None:
    client.create("bench_gsi", indexes=2)


DATASETS: dict[str, Callable[[Client], None]] = {
    "bench_kv": _kv,
    "bench_put": _empty,
    "bench_small": _small,
    "bench_big": _big,
    "bench_scan": _scan,
    "bench_gsi": _indexed,
}
