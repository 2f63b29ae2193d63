"""The toy operations: only those that the workloads send.

The parameter `form` says what a store returns, and how an answer is made from it: "splice" (JSON,
which is copied), "parse" (JSON, which is parsed and dumped again, as projections need) or "dict"
(parsed items, which are dumped).
"""

from collections.abc import Callable
from typing import Any

from orjson import dumps, loads

from tests.bench.limits.stores import Item, Store, key, key_in

Operation = Callable[[dict[str, Any]], bytes | None]
EVERYTHING = 1 << 30
MOST_BYTES = 400 * 1024
INDEXED = {"bench_gsi": ("g1", "g2")}


def operations(store: Store, form: str, *, check: bool) -> dict[str, Operation]:
    """Return the operations by name. An operation returns None if its table is missing.

    check: whether writes call `check_item`.
    """
    return {**_reads(store, form), **_writes(store, check_item if check else None), **_tables()}


def _reads(store: Store, form: str) -> dict[str, Operation]:
    splice, parse = form == "splice", loads if form == "parse" else lambda value: value

    def get_item(request: dict[str, Any]) -> bytes:
        value = store.get(key_in(request["TableName"], request["Key"]))
        if value is None:
            return b"{}"
        return b'{"Item":' + value + b"}" if splice else dumps({"Item": parse(value)})

    def page(values: list[Any], last: bytes | None) -> bytes:
        end = {}
        if last is not None:
            _, pk, sk = last.decode().split("\0")
            end = {"LastEvaluatedKey": {"pk": {"S": pk}, "sk": {"S": sk}}}
        if not splice:
            return dumps({"Items": list(map(parse, values)), "Count": len(values), "ScannedCount": len(values), **end})
        count, tail = b"%d" % len(values), b"," + dumps(end)[1:-1] if end else b""
        return b"".join(
            (b'{"Count":', count, b',"ScannedCount":', count, b',"Items":[', b",".join(values), b"]", tail, b"}")
        )

    def query(request: dict[str, Any]) -> bytes:
        prefix = key(request["TableName"], request["ExpressionAttributeValues"][":p"]["S"], "")
        return page(*store.page(prefix, None, request.get("Limit", EVERYTHING)))

    def scan(request: dict[str, Any]) -> bytes:
        table, start = request["TableName"], request.get("ExclusiveStartKey")
        return page(*store.page(key(table, ""), start and key_in(table, start), request.get("Limit", EVERYTHING)))

    return {"GetItem": get_item, "Query": query, "Scan": scan}


def _writes(store: Store, check: Callable[[Item], None] | None) -> dict[str, Operation]:
    def put_item(request: dict[str, Any]) -> bytes:
        table, item = request["TableName"], request["Item"]
        if check:
            check(item)
        if table in INDEXED:
            store.put_indexed(table, item, INDEXED[table])
        else:
            store.put(key_in(table, item), item)
        return b"{}"

    def update_item(request: dict[str, Any]) -> bytes:
        delta = int(request["ExpressionAttributeValues"][":x"]["N"])
        store.update(key_in(request["TableName"], request["Key"]), delta)
        return b"{}"

    def put_all(puts: list[tuple[str, Item]]) -> None:
        pairs = []
        for table, item in puts:
            if check:
                check(item)
            pairs.append((key_in(table, item), item))
        store.put_many(pairs)

    def batch_write(request: dict[str, Any]) -> bytes:
        tables = request["RequestItems"].items()
        put_all([(table, entry["PutRequest"]["Item"]) for table, entries in tables for entry in entries])
        return b'{"UnprocessedItems":{}}'

    def transact_write(request: dict[str, Any]) -> bytes:
        puts = [entry["Put"] for entry in request["TransactItems"]]
        put_all([(put["TableName"], put["Item"]) for put in puts])
        return b"{}"

    return {
        "PutItem": put_item,
        "UpdateItem": update_item,
        "BatchWriteItem": batch_write,
        "TransactWriteItems": transact_write,
    }


def _tables() -> dict[str, Operation]:
    """Return the operations on tables. All tables exist at first, even without CreateTable."""
    gone: set[str] = set()

    def describe(request: dict[str, Any]) -> bytes | None:
        return None if request["TableName"] in gone else b'{"Table":{"TableStatus":"ACTIVE"}}'

    def create(request: dict[str, Any]) -> bytes:
        gone.discard(request["TableName"])
        return b"{}"

    def delete(request: dict[str, Any]) -> bytes:
        gone.add(request["TableName"])
        return b"{}"

    return {
        "DescribeTable": describe,
        "CreateTable": create,
        "DeleteTable": delete,
        "ListTables": lambda request: b'{"TableNames":[]}',
    }


def check_item(item: Item) -> None:
    """Check types and size of an item, which is the least that validation must do."""
    if sum(len(name) + _size(value) for name, value in item.items()) > MOST_BYTES:
        raise ValueError("item size")


def _size(value: Any) -> int:
    if type(value) is not dict or len(value) != 1:
        raise ValueError("an attribute value has one type")
    ((kind, content),) = value.items()
    if kind == "S":
        return len(content) if content.isascii() else len(content.encode())
    if kind == "N":
        float(content)
        return (len(content) + 1) // 2 + 1
    if kind in ("BOOL", "NULL"):
        return 1
    if kind == "M":
        return 3 + sum(len(name) + 1 + _size(inner) for name, inner in content.items())
    if kind == "L":
        return 3 + sum(1 + _size(inner) for inner in content)
    if kind in ("SS", "NS", "BS"):
        if len(set(content)) != len(content):
            raise ValueError("a set has no duplicates")
        return sum(map(len, content))
    if kind == "B":
        return len(content) * 3 // 4
    raise ValueError(kind)
