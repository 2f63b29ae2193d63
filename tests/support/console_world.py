"""Hostile data for a server, such as scripts in keys, and all pages of the console.

The pages must show the data without harm. `OPENED` says how to open each page; a test fails if a
page is missing there.
"""

import json
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tests.support.http_clients import AUTHORIZATION, Client, declaring
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
"""Texts that would do harm in a page that does not escape them. Scripts set `window.hostile`."""

TABLE = "Hostile-1._table"
EMPTY = "Empty"
KEY = {"pk": {"S": MARKUP[0]}, "sk": {"S": MARKUP[1]}}

Opened = Mapping[str, list[tuple[str, dict[str, Any]]]]


class Known(NamedTuple):
    """Stands for a value of a query string that the server generates, such as an id.

    name: the name under which `KNOWN` has the value, once the data are created.
    """

    name: str


KNOWN: dict[str, str] = {}
"""The values of `Known`, which `create_world` and `create_history` find."""


def given(query: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members of a query string, with each `Known` replaced by its value."""
    return {name: KNOWN[value.name] if isinstance(value, Known) else value for name, value in query.items()}


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
    "tables/{table}/export": [],  # not opened: its answer is a file
    "partiql": [("partiql", {}), ("partiql", {"statement": MARKUP[2]})],
    "streams": [("streams", {})],
    "streams/stream": [("streams/stream", {"arn": Known("stream")})],
    "streams/records": [
        ("streams/records", {"arn": Known("stream"), "shard": Known("shard")}),
        ("streams/records", {"arn": Known("stream"), "shard": Known("shard"), "after": Known("sequence")}),
    ],
    "streams/live": [],  # not opened: its answer never ends
    "functions": [("functions", {})],
    "functions/mapping": [("functions/mapping", {"uuid": Known("mapping")})],
    "functions/letter": [("functions/letter", {"id": Known("letter")})],
    "time": [("time", {})],
    "snapshots": [("snapshots", {})],
    "recovery": [("recovery", {})],
    "backups": [("backups", {}), ("backups", {"table": EMPTY})],
    "replication": [("replication", {})],
    "faults": [("faults", {})],
    "throttles": [("throttles", {}), ("throttles", {"table": MARKUP[0]})],
    "requests": [
        ("requests", {}),
        ("requests", {"accounts": "all", "text": MARKUP[0]}),
        ("requests", {"result": "failed"}),
    ],
    "requests/request": [("requests/request", {"id": Known("request")})],
    "charts": [("charts", {}), ("charts", {"table": MARKUP[1]})],
    "charts/series": [],  # not opened: its answer is JSON
    "advice": [("advice", {}), ("advice", {"accounts": "all", "confidence": "possible", "table": MARKUP[2]})],
    "advice/report": [],  # not opened: its answer is a file
    "advice/policy": [("advice/policy", {})],
}
"""Page -> the paths and query strings with which tests open it."""

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


def functions_file(folder: Path) -> Path:
    """Write a function that always fails, and a file that configures it; return the file's path."""
    (folder / "hostile.py").write_text(f"def handler(event, context):\n    raise ValueError({MARKUP[0]!r})\n")
    file = folder / "functions.toml"
    file.write_text('hostile = "hostile:handler"\n')
    return file


def create_history(client: Client, url: str) -> None:
    """Send requests after which every page of the console has something to show.

    For example, they make stream records, a dead letter and a snapshot. The server must be started
    with the file that `functions_file` writes.
    """
    declare = declaring(url)
    for name in ("keep_requests", "count_requests", "advise"):
        declare(name, {"Enabled": True})
    stream = client("ListStreams")["Streams"][0]["StreamArn"]
    shard = client("DescribeStream", StreamArn=stream)["StreamDescription"]["Shards"][0]
    KNOWN.update(stream=stream, shard=shard["ShardId"])
    KNOWN["sequence"] = shard["SequenceNumberRange"]["StartingSequenceNumber"]
    client("UpdateContributorInsights", TableName=TABLE, ContributorInsightsAction="ENABLE")
    for text in MARKUP[:3]:
        client("GetItem", TableName=TABLE, Key={"pk": {"S": text}, "sk": {"S": text}})
    client("PutItem", TableName=TABLE, Item=KEY | {"x": {"S": MARKUP[2]}})
    values = {":p": {"S": MARKUP[0]}, ":x": {"S": MARKUP[1]}}
    for _ in range(30):  # so the advisor reports a Scan that should be a Query
        scan = {"FilterExpression": "pk = :p AND x = :x", "ExpressionAttributeValues": values}
        client("Scan", TableName=TABLE, **scan)
    client.post("PutItem", json.dumps({"TableName": TABLE, "Item": {"pk": {"S": MARKUP[0]}}}).encode())
    units = {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}
    small = {"TableName": "Small", "BillingMode": "PROVISIONED", "ProvisionedThroughput": units}
    client("CreateTable", **table_request("pk:S", **small))
    declare("throttling", {"Enforced": True, "TableName": "Small"})
    put = json.dumps({"TableName": "Small", "Item": {"pk": {"S": MARKUP[0]}, "x": {"S": "x" * 100_000}}}).encode()
    while client.post("PutItem", put)[0] == 200:
        pass
    rule = {"Match": {"TableName": MARKUP[0], "Operation": "DeleteItem"}, "Effect": {"Kind": "Error"}}
    declare("faults", rule)
    declare("consistency", {"TableName": TABLE, "Lag": 0.001})
    declare("backfill", {"TableName": MARKUP[0], "ItemsPerSecond": 5})
    declare("transactions", {"TableName": MARKUP[2], "Key": KEY, "Seconds": 3600})
    client("CreateBackup", TableName=TABLE, BackupName="Hostile-1._backup")
    client("UpdateTable", TableName=EMPTY, StreamSpecification=_STREAM)
    client("UpdateTable", TableName=EMPTY, ReplicaUpdates=[{"Create": {"RegionName": "eu-west-1"}}])
    declare("snapshots/save", {"Name": MARKUP[1]})
    KNOWN["request"] = declare("requests", {})[1]["Requests"][-1]["Id"]
    KNOWN["mapping"] = _failing_mapping(url, stream)
    declare("wait", {"UUID": KNOWN["mapping"], "Delivered": True, "Timeout": 60})
    KNOWN["letter"] = declare("dead_letters", {})[1]["DeadLetters"][0]["Id"]


_STREAM = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}


def _failing_mapping(url: str, stream: str) -> str:
    """Create an event source mapping to the function that always fails; return its UUID."""
    body: dict[str, Any] = {"FunctionName": "hostile", "EventSourceArn": stream, "StartingPosition": "TRIM_HORIZON"}
    body |= {"MaximumRetryAttempts": 0}
    request = urllib.request.Request(
        f"{url}/2015-03-31/event-source-mappings",
        json.dumps(body).encode(),
        {"authorization": AUTHORIZATION.format(key="test", region="us-east-1"), "x-amz-date": "20260101T000000Z"},
        method="POST",
    )
    with urllib.request.urlopen(request) as answer:
        mapping: str = json.loads(answer.read())["UUID"]
    return mapping
