"""A program that reads some attributes of an item in every possible way, and prints the answers.

It prints lines of JSON. The first line is the whole item. Every other line is a list: a text that
names the way, and the attributes that it returned. The requests name the attributes in another
order than the item has them.
"""

import json
import sys
from collections.abc import Iterator
from typing import Any

from emulator.settings import Settings
from tests.support.in_process import InProcess
from tests.support.tables import index_request, table_request

NAMES = ("zeta", "b10", "b9", "alpha", "mid", "Upper", "_u", "list", "e3", "e1", "e2")
WANTED = ("e2", "alpha", "Upper", "zeta", "mid", "b9", "e1", "b10", "list")
KEY = {"pk": {"S": "k"}, "sk": {"S": "s"}}
MAP = {"M": {name: {"N": str(number)} for number, name in enumerate(("y", "x", "n9", "n10", "a"))}}
ITEM: dict[str, Any] = {
    "zeta": {"S": "1"},
    **KEY,
    **{name: {"S": name} for name in NAMES[1:]},
    "mid": MAP,
    "list": {"L": [MAP, {"S": "a"}]},
}
_ALIASES = {f"#{number}": name for number, name in enumerate(WANTED)}
_PATHS = {"#map": "mid", "#list": "list"}
_DEEP = "#map.a, #map.n10, #map.y, #list[1], #list[0].x, #list[0].y"
_LEGACY_KEYED = {"KeyConditions": {"pk": {"ComparisonOperator": "EQ", "AttributeValueList": [KEY["pk"]]}}}
_KEYED = {"KeyConditionExpression": "pk = :k", "ExpressionAttributeValues": {":k": KEY["pk"]}}


def _database() -> InProcess:
    db = InProcess(Settings(data_dir=None, in_memory=True))
    indexes = [index_request("all", "zeta"), index_request("some", "zeta", "INCLUDE", list(WANTED[:4]))]
    local = [index_request("local", "pk alpha", "KEYS_ONLY")]
    define = "zeta:S alpha:S"
    db(
        "CreateTable",
        table_request(define=define, GlobalSecondaryIndexes=indexes, LocalSecondaryIndexes=local) | _TABLE,
    )
    db("PutItem", **_TABLE, Item=ITEM)
    return db


_TABLE = {"TableName": "Orders"}


def answers(db: InProcess) -> Iterator[tuple[str, Any]]:
    """Yield (name of a way to read some attributes, the attributes that it returned)."""
    forms: dict[str, dict[str, Any]] = {
        "projection": {"ProjectionExpression": ", ".join(_ALIASES), "ExpressionAttributeNames": _ALIASES},
        "attributes to get": {"AttributesToGet": list(WANTED)},
        "paths": {"ProjectionExpression": _DEEP, "ExpressionAttributeNames": _PATHS},
    }
    for name, form in forms.items():
        yield f"GetItem, {name}", db("GetItem", **_TABLE, Key=KEY, **form)["Item"]
        keyed = _LEGACY_KEYED if "AttributesToGet" in form else _KEYED
        yield f"Query, {name}", db("Query", **_TABLE, **keyed, **form)["Items"][0]
        yield f"Scan, {name}", db("Scan", **_TABLE, **form)["Items"][0]
        batch = db("BatchGetItem", RequestItems={"Orders": {"Keys": [KEY], **form}})
        yield f"BatchGetItem, {name}", batch["Responses"]["Orders"][0]
        if name != "attributes to get":
            yield f"TransactGetItems, {name}", _transacted(db, form)
    for index in ("all", "some", "local"):
        yield f"Scan of {index}", db("Scan", **_TABLE, IndexName=index)["Items"][0]
        few = {"ProjectionExpression": "e2, alpha, zeta", "IndexName": index}
        yield f"Scan of {index}, projection", db("Scan", **_TABLE, **few)["Items"][0]
    yield from _statements(db)
    yield from _updates(db)


def _transacted(db: InProcess, form: dict[str, Any]) -> Any:
    return db("TransactGetItems", TransactItems=[{"Get": {**_TABLE, "Key": KEY, **form}}])["Responses"][0]["Item"]


def _statements(db: InProcess) -> Iterator[tuple[str, Any]]:
    columns = ", ".join(f'"{name}"' for name in WANTED)
    by_key = f"SELECT {columns} FROM Orders WHERE pk = 'k' AND sk = 's'"
    yield "SELECT by key", db("ExecuteStatement", Statement=by_key)["Items"][0]
    yield "SELECT, all", db("ExecuteStatement", Statement=f"SELECT {columns} FROM Orders")["Items"][0]
    yield "SELECT, index", db("ExecuteStatement", Statement='SELECT e2, alpha, zeta FROM "Orders"."some"')["Items"][0]
    yield "SELECT, batch", db("BatchExecuteStatement", Statements=[{"Statement": by_key}])["Responses"][0]["Item"]
    several = db("ExecuteTransaction", TransactStatements=[{"Statement": by_key}])
    yield "SELECT, transaction", several["Responses"][0]["Item"]


def _updates(db: InProcess) -> Iterator[tuple[str, Any]]:
    expression = "SET " + ", ".join(f"{alias} = :v" for alias in _ALIASES)
    deep = "SET #map.a = :v, #map.n10 = :v, #map.y = :v, #list[0].n9 = :v, #list[0].y = :v"
    value = {":v": {"S": "new"}}
    for returned in ("UPDATED_OLD", "UPDATED_NEW"):
        for name, text, names in (("SET", expression, _ALIASES), ("SET of paths", deep, _PATHS)):
            db("PutItem", **_TABLE, Item=ITEM)
            request = {"UpdateExpression": text, "ExpressionAttributeNames": names, "ExpressionAttributeValues": value}
            yield f"{name}, {returned}", _updated(db, returned, request)
        db("PutItem", **_TABLE, Item=ITEM)
        legacy = {"AttributeUpdates": {name: {"Action": "PUT", "Value": {"S": "new"}} for name in WANTED}}
        yield f"AttributeUpdates, {returned}", _updated(db, returned, legacy)
    db("PutItem", **_TABLE, Item=ITEM)
    clauses = " ".join(f"SET \"{name}\" = 'new'" for name in WANTED)
    for version in ("OLD", "NEW"):
        statement = f"UPDATE Orders {clauses} WHERE pk = 'k' AND sk = 's' RETURNING MODIFIED {version} *"
        yield f"UPDATE, MODIFIED {version}", db("ExecuteStatement", Statement=statement)["Items"][0]


def _updated(db: InProcess, returned: str, request: dict[str, Any]) -> Any:
    return db("UpdateItem", **_TABLE, Key=KEY, ReturnValues=returned, **request)["Attributes"]


def main() -> None:
    """Read the attributes in every way, and print the lines."""
    db = _database()
    lines = [db("GetItem", **_TABLE, Key=KEY)["Item"], *answers(db)]
    db.emulator.close()
    sys.stdout.write("".join(f"{json.dumps(line)}\n" for line in lines))


if __name__ == "__main__":
    main()
