"""The small table `Orders` for tests of the console in process."""

import json
from collections.abc import Callable
from typing import Any

from tests.support.tables import index_request, table_request

Call = Callable[..., Any]
"""A function that calls an operation with the members of its request."""

ORDERS = "tables/Orders/items"
"""The path of the page that lists the items."""

HTMX = {"hx-request": "true"}
"""The header of a request in which htmx wants only a part of a page."""


def create_orders(call: Call) -> None:
    """Create a table with the items a/1, a/2, a/3 and b/1, and an index on their status."""
    index = index_request("by-status", "status", "KEYS_ONLY")
    request = table_request("pk:S sk:N", TableName="Orders", define="status:S", GlobalSecondaryIndexes=[index])
    call("CreateTable", **request)
    for number in (1, 2, 3):
        state = {"S": "new" if number > 1 else "old"}
        put(call, "a", number, status=state, total={"N": str(10 * number)}, data={"B": "AAE="})
    put(call, "b", 1, tags={"SS": ["x", "y"]})


def put(call: Call, pk: str, sk: int, **attributes: Any) -> None:
    """Put an item."""
    call("PutItem", TableName="Orders", Item={"pk": {"S": pk}, "sk": {"N": str(sk)}, **attributes})


def get(call: Call, pk: str, sk: int) -> Any:
    """Return an item, or None if the table has no such item."""
    return call("GetItem", TableName="Orders", Key={"pk": {"S": pk}, "sk": {"N": str(sk)}}).get("Item")


def key(pk: str, sk: int) -> str:
    """Return the key of an item as JSON."""
    return json.dumps({"pk": {"S": pk}, "sk": {"N": str(sk)}})
