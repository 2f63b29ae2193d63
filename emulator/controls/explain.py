"""`explain`: shows what a PartiQL statement would read or write, at what cost, and why.

A POST has a body such as:

    {"Statement": "SELECT * FROM Orders WHERE id = ?", "Parameters"?: [{"S": "o-1"}],
     "ConsistentRead"?: true, "AccessKey"?: "test", "Region"?: "us-east-1"}

A GET has the same members in its query string, with `Parameters` as JSON. The control does not run
the statement, so it consumes no throughput. It estimates the cost from the items that are stored
now. If several accounts or regions have the table of the statement, `AccessKey` and `Region` select
one of them.

| member of the result   | content                                                                |
|------------------------|------------------------------------------------------------------------|
| `Statement`            | SELECT, INSERT, UPDATE, DELETE or EXISTS                               |
| `Operation`            | the native operation: Query, Scan, GetItem, PutItem and so on          |
| `TableName`            | the name of the table                                                  |
| `IndexName`            | the index that the statement reads; missing if it reads the table      |
| `Reads`                | of a Query or Scan: for each read its `KeyCondition` and its `Filter`  |
| `Key`, `Condition`     | of an operation on one item: its key, and the condition on the item    |
| `Projection`           | the attributes that are returned; missing if all are returned          |
| `Cost`                 | `ReadUnits`, `WriteUnits`, `Items` and `Bytes` of the first page, and  |
|                        | for reads `Pages` and `TotalReadUnits` of all pages (null: unknown)    |
| `Why`, `Instead`       | sentences: the reasons for the plan and its cost; what would cost less |
"""

from typing import Any, Final

import orjson

from emulator.controls.body import BadDeclaration, Body, member, refuse_unknown
from emulator.controls.registry import Emulator, Result, control
from emulator.controls.waits.condition import TableTarget, chosen, refusals
from emulator.database.schema.table import Table

_MEMBERS: Final = ("Statement", "Parameters", "ConsistentRead", "AccessKey", "Region")
_MARKED: Final = ("Statement", "Parameters?", "ConsistentRead?", "AccessKey?", "Region?")
_FLAGS: Final = {"true": True, "false": False}


@control(
    "explain", changes=False, members=_MARKED, summary="show how a PartiQL statement would run, and what it would cost"
)
def explain(emulator: Emulator, body: Body) -> Result:
    """Explain the PartiQL statement in the query string of a GET.

    body: the members of the query string. All values are strings, so this function parses
    `Parameters` and `ConsistentRead`. Raises BadDeclaration if a member or the statement is wrong.
    """
    read: dict[str, Any] = dict(body)
    if isinstance(body.get("Parameters"), str):
        try:
            read["Parameters"] = orjson.loads(body["Parameters"])
        except orjson.JSONDecodeError:
            raise BadDeclaration("the member Parameters must be JSON") from None
    if isinstance(body.get("ConsistentRead"), str):
        read["ConsistentRead"] = _FLAGS.get(body["ConsistentRead"])
    return explain_statement(emulator, read)


@control(
    "explain_statement",
    path="explain",
    method="POST",
    changes=False,
    members=_MARKED,
    summary="show how the PartiQL statement in a body would run, and what it would cost",
)
def explain_statement(emulator: Emulator, body: Body) -> Result:
    """Return the plan and the estimated cost of a PartiQL statement.

    Raises BadDeclaration if a member of the body or the statement is wrong.
    """
    refuse_unknown(body, *_MEMBERS)
    text = member(body, "Statement", str)
    parameters = member(body, "Parameters", list) if "Parameters" in body else []
    consistent = member(body, "ConsistentRead", bool) if "ConsistentRead" in body else False
    from emulator.explaining.explanation import explanation  # noqa: PLC0415 - it loads PartiQL

    def table_of(name: str) -> Table | None:
        return TableTarget(emulator, {"TableName": name, **chosen(body, "AccessKey", "Region")}).find()

    with refusals():
        return explanation(emulator.database, table_of, text, parameters, consistent=consistent)
