"""The items of a table: a form that builds a Query or Scan (the query builder), and its results."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson
from starlette.responses import Response

from emulator.http.site.console import described, lookups, querying
from emulator.http.site.console.attributes import exact_item
from emulator.http.site.console.registry import page
from emulator.http.site.console.visit import Visit

_COLUMNS: Final = 40  # the maximum number of columns of the grid that shows items
_READABLE: Final = ("global", "local")


@page("tables/{table}/items", title="Items", parent="tables")
async def items(visit: Visit) -> Response:
    """Show the query builder, and the items that its query returns."""
    name = visit.params["table"]
    table = await lookups.described(visit, name)
    form = querying.form_of(visit.query, table)
    operation, request = querying.request_of(form, name)
    values: dict[str, Any] = {"title": name, "name": name, "table": table, "form": form, "operation": operation}
    if visit.is_htmx:
        return visit.fragment("items/results.html", **values, **await _results(visit, form, table, operation, request))
    relations = [("", f"Table {name}")]
    relations += [(each.name, f"Index {each.name}") for each in described.indexes(table) if each.kind in _READABLE]
    return visit.show(
        "items/items.html",
        **values,
        relations=relations,
        comparisons=querying.COMPARISONS,
        filters=querying.FILTERS,
        value_types=querying.VALUE_TYPES,
        limits=querying.LIMITS,
        **await _results(visit, form, table, operation, request),
    )


async def _results(
    visit: Visit, form: querying.Form, table: Mapping[str, Any], operation: str, request: Mapping[str, Any]
) -> dict[str, Any]:
    """Send the request. Return the template's variables that show the answer. Raises ApiError."""
    from emulator.snippets import boto3_code, cli, javascript  # noqa: PLC0415 - keeps the first page fast

    answer = await visit.call(operation, request)
    found: list[dict[str, Any]] = answer["Items"]
    names = described.key_names(table)
    last = answer.get("LastEvaluatedKey")
    calls, target = [(operation, request)], lookups.target(visit)
    return {
        "items": found,
        "rows": [(key_text(item, names), item) for item in found],
        "columns": columns(found, names),
        "hidden_columns": max(0, len({each for item in found for each in item}) - _COLUMNS),
        "returned": answer["Count"],
        "scanned": answer["ScannedCount"],
        "units": answer.get("ConsumedCapacity", {}).get("CapacityUnits", 0),
        "next": None
        if last is None
        else visit.url(f"tables/{table['TableName']}/items", **form.fields, start=_json(last)),
        "plain": [exact_item(item) for item in found] if form.view == "json" else None,
        "texts": [
            ("boto3", boto3_code.program(calls, target, result="response['Items']")),
            ("JavaScript", javascript.program(calls, target, result="response.Items")),
            ("AWS CLI", cli.script(calls, target)),
        ],
    }


def columns(items: Sequence[Mapping[str, Any]], key_names: Sequence[str]) -> list[str]:
    """Return the names of the grid's columns: key attributes, then the most frequent attributes."""
    counted = Counter(name for item in items for name in item)
    keys = [name for name in key_names if name in counted]
    others = sorted(counted.keys() - set(keys), key=lambda each: (-counted[each], each))
    return [*keys, *others][:_COLUMNS]


def key_text(item: Mapping[str, Any], key_names: Sequence[str]) -> str:
    """Return the primary key of an item as JSON, or "" if the item lacks a part of the key."""
    key = {name: item[name] for name in key_names if name in item}
    return _json(key) if len(key) == len(key_names) else ""


def _json(value: object) -> str:
    return orjson.dumps(value).decode()
