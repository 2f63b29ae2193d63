"""The workloads by name, and those that a comparison runs by default.

| name | operation |
|---|---|
| `put_cN` | PutItem, 1 KB, random keys out of 100,000 |
| `get_cN` | GetItem, 1 KB, of 10,000 items |
| `update_cN` | UpdateItem `SET a = a + :x`, condition `attribute_exists(pk) AND a >= :zero`, on the items of `get` |
| `overwrite_cN` | PutItem, 1 KB, that changes an item of `get` each time |
| `mixed_cN` | nine requests of `get` for one of `overwrite` |
| `query100_cN` | Query of one partition: 100 items of 200 B in one answer |
| `query1mb_cN` | Query whose answer is a full 1 MB page |
| `scan` | a whole Scan of 20,000 x 1 KB, page by page; `rps` is pages a second, `items_per_s` items |
| `batch_write_cN` | BatchWriteItem, 25 x 1 KB |
| `transact_write_cN` | TransactWriteItems, 10 Puts of 1 KB |
| `put_gsi_cN` | PutItem, 1 KB, on a table with two GSIs (ALL projected) |
| `boto3_put/get/update/query100` | the same through boto3, one thread, one call after another |
| `boto3_cycle` | boto3: create table, put 20, get 20, query, update, delete table; `rps` is cycles a second |

`_cN` is the number of connections of `wrk` (one thread); any N is accepted.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.bench import bodies
from tests.bench.compare.datasets import KV_ITEMS, PARTITIONS
from tests.bench.items import SERIAL, indexed, item_1k, key, token

PUT_KEYS = 100_000  # distinct keys written by put and put_gsi
SEQUENCE_KEYS = 1_000_000  # distinct keys written by batch_write and transact_write


def any_answer(answer: Any) -> bool:  # noqa: ARG001 - has the signature of a check
    """Accept every answer with status 200."""
    return True


def _record(answer: Any) -> bool:
    return bool(answer["Item"]["text3"]["S"] == "x" * 180)


def _hundred(answer: Any) -> bool:
    return answer["Count"] == len(answer["Items"]) == 100 and "LastEvaluatedKey" not in answer


def _megabyte(answer: Any) -> bool:
    return answer["Count"] > 800 and "LastEvaluatedKey" in answer


def _all_written(answer: Any) -> bool:
    return not answer.get("UnprocessedItems")


@dataclass(frozen=True, slots=True)
class Call:
    """A request with tokens in its body (see `items.token`), and the check of its answer.

    `weight`: how often it is sent, in relation to the other calls of its workload.
    """

    operation: str
    body: dict[str, Any]
    check: Callable[[Any], bool] = any_answer
    weight: int = 1


@dataclass(frozen=True, slots=True)
class Workload:
    """A workload that `wrk` sends: calls, and the numbers that replace the tokens in them.

    The numbers are multiples of `stride` below `keyspace`. `order` is "random", or "seq" for one
    number after another.
    """

    table: str
    calls: tuple[Call, ...]
    keyspace: int = KV_ITEMS
    stride: int = 1
    order: str = "random"


GET = Call("GetItem", bodies.get("bench_kv", key(token())), _record)
OVERWRITE = Call("PutItem", bodies.put("bench_kv", item_1k(token(), name={"S": "Customer " + SERIAL})))

WORKLOADS = {
    "put": Workload("bench_put", (Call("PutItem", bodies.put("bench_put", item_1k(token()))),), PUT_KEYS),
    "get": Workload("bench_kv", (GET,)),
    "update": Workload("bench_kv", (Call("UpdateItem", bodies.update("bench_kv", token())),)),
    "overwrite": Workload("bench_kv", (OVERWRITE,)),
    "mixed": Workload(
        "bench_kv",
        (Call(GET.operation, GET.body, GET.check, weight=9), OVERWRITE),
    ),
    "query100": Workload(
        "bench_small", (Call("Query", bodies.query("bench_small", "part#" + token()), _hundred),), PARTITIONS
    ),
    "query1mb": Workload("bench_big", (Call("Query", bodies.query("bench_big", "bigpart"), _megabyte),)),
    "batch_write": Workload(
        "bench_put",
        (Call("BatchWriteItem", bodies.batch("bench_put", (item_1k(token(n)) for n in range(25))), _all_written),),
        SEQUENCE_KEYS,
        stride=25,
        order="seq",
    ),
    "transact_write": Workload(
        "bench_put",
        (Call("TransactWriteItems", bodies.transact_puts("bench_put", (item_1k(token(n)) for n in range(10)))),),
        SEQUENCE_KEYS,
        stride=10,
        order="seq",
    ),
    "put_gsi": Workload("bench_gsi", (Call("PutItem", bodies.put("bench_gsi", indexed(token()))),), PUT_KEYS),
}

DEFAULT = (
    *(f"{name}_c{connections}" for name in ("put", "get", "update") for connections in (1, 8, 32)),
    *("overwrite_c8", "overwrite_c32"),
    *("mixed_c8", "mixed_c32", "query100_c1", "query100_c8", "query100_c32", "query1mb_c1", "query1mb_c4", "scan"),
    *("batch_write_c8", "transact_write_c8", "put_gsi_c8"),
    *("boto3_put", "boto3_get", "boto3_update", "boto3_query100", "boto3_cycle"),
)
SHORT = ("put_c8", "get_c8", "update_c8", "query100_c8", "transact_write_c8")
ONE_BY_ONE = ("scan", "boto3_put", "boto3_get", "boto3_update", "boto3_query100", "boto3_cycle")
"""Workloads that `loops` sends instead of wrk."""


def named(name: str) -> tuple[str, int] | None:
    """Split a name such as `get_c8` into workload and connections; return None for other names."""
    found = re.fullmatch(r"(\w+)_c(\d+)", name)
    if found is None or found[1] not in WORKLOADS:
        return None
    return found[1], int(found[2])


def known(name: str) -> bool:
    """Return whether there is a workload of this name."""
    return name in ONE_BY_ONE or named(name) is not None
