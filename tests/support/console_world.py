"""A server full of hostile data, and the pages of the console that must show it harmlessly.

`OPENED` says how to open each page. A page that is missing there fails a test.
"""

import json
from collections.abc import Mapping
from typing import Any

from tests.support.http_clients import Client
from tests.support.tables import index_request, table_request

MARKUP = (
    "<script>window.hostile = 1</script>",
    "\"><img src=x onerror='window.hostile = 1'>",
    "</textarea></code></pre><svg onload=window.hostile=1>",
    "javascript:window.hostile=1",
    "{{ 7 * 7 }}{% raw %}${7*7}#{7*7}",
    "' onfocus=window.hostile=1 autofocus x='",
    "a\0b\r\n\u2028\u202eright\u202c \x1b[31m",
    "<!--",
    "x" * 5000,
)
"""Texts that would do harm in a page that does not escape them. Each would set `window.hostile`."""

TABLE = "Hostile-1._table"
EMPTY = "Empty"
KEY = {"pk": {"S": MARKUP[0]}, "sk": {"S": MARKUP[1]}}

Opened = Mapping[str, list[tuple[str, dict[str, Any]]]]

OPENED: Opened = {
    "accounts": [("accounts", {})],
    "tables": [("tables", {}), ("tables", {"after": "AAA"})],
    "tables/create": [("tables/create", {})],
    "tables/create/index": [("tables/create/index", {"number": 3})],
    "tables/{table}": [(f"tables/{TABLE}", {}), (f"tables/{EMPTY}", {})],
    "tables/{table}/change": [(f"tables/{TABLE}/change", {}), (f"tables/{EMPTY}/change", {})],
    "tables/{table}/code": [(f"tables/{TABLE}/code", {})],
    "tables/{table}/items": [
        (f"tables/{TABLE}/items", {}),
        (f"tables/{TABLE}/items", {"view": "json"}),
        (f"tables/{TABLE}/items", {"view": "dynamodb"}),
        (f"tables/{TABLE}/items", {"key-0": MARKUP[0], "key-1": "\"'<", "key-1-op": "<", "order": "backward"}),
        (
            f"tables/{TABLE}/items",
            {
                "index": "by.hostile-1",
                "filter-name": MARKUP[0],
                "filter-op": "contains",
                "filter-type": "S",
                "filter-value": MARKUP[1],
                "filter-to": MARKUP[2],
            },
        ),
        (f"tables/{EMPTY}/items", {}),
    ],
    "tables/{table}/item": [
        (f"tables/{TABLE}/item", {"key": json.dumps(KEY)}),
        (f"tables/{TABLE}/item", {"key": json.dumps(KEY), "form": "json"}),
    ],
    "tables/{table}/item/new": [(f"tables/{TABLE}/item/new", {})],
    "tables/{table}/collections": [
        (f"tables/{TABLE}/collections", {}),
        (f"tables/{TABLE}/collections", {"entity": MARKUP[0]}),
        (f"tables/{EMPTY}/collections", {}),
    ],
    "tables/{table}/transfer": [(f"tables/{TABLE}/transfer", {})],
    "tables/{table}/export": [],  # a file
}
"""For each page how to open it: paths with their query strings. A page without an entry fails."""

PARTS = {"tables/create/index"}
"""Pages that htmx puts into other pages. They are opened, but axe does not check them alone."""


def create_world(client: Client) -> None:
    """Create tables whose names, keys and values are as hostile as the service allows."""
    client(
        "CreateTable",
        **table_request(
            "pk:S sk:S",
            TableName=TABLE,
            GlobalSecondaryIndexes=[index_request("by.hostile-1", "sk pk")],
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
            Tags=[{"Key": "a + b", "Value": "c = d"}],
        ),
    )
    client("CreateTable", **table_request("pk:N", TableName=EMPTY))
    setting = {"Enabled": True, "AttributeName": MARKUP[0]}
    client("UpdateTimeToLive", TableName=TABLE, TimeToLiveSpecification=setting)
    for number, text in enumerate(MARKUP[:8]):
        nested = {"M": {text: {"L": [{"S": text}, {"SS": [text]}, {"NULL": True}]}}}
        values = {"S": text}, nested, {"B": "PHNjcmlwdD4="}, {"N": "1e100"}, {"BOOL": True}, {"SS": list(MARKUP[:4])}
        attributes = {f"{text[:60]}{at}": value for at, value in enumerate(values)}
        item = {"pk": {"S": text}, "sk": {"S": MARKUP[(number + 1) % 8]}, "long": {"S": MARKUP[8]}, **attributes}
        client("PutItem", TableName=TABLE, Item=item)
