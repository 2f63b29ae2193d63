"""The editor of one item, which checks the item while the person writes."""

from collections.abc import Mapping
from typing import Any, Final

import orjson
from starlette.responses import Response

from emulator.errors import ApiError
from emulator.http.site.console import described, lookups, querying
from emulator.http.site.console.attributes import KINDS, Attribute, kind, plain_item, retyped_item
from emulator.http.site.console.forms import BadForm
from emulator.http.site.console.registry import action, page
from emulator.http.site.console.visit import Visit

_FORMS: Final = ("dynamodb", "json")
_WIDTH: Final = 90  # the maximum number of characters of a value that the editor shows in one line
# The code of a failed condition. In `check`, whose condition is never true, it means that the item
# is valid. In `save`, it means that the table already has an item with this key.
_VALID: Final = "ConditionalCheckFailedException"
_SAMPLES: Final[Mapping[str, Any]] = {"S": "text", "N": "0", "B": ""}

Item = dict[str, Any]


async def _current(visit: Visit, name: str, key: Mapping[str, Any]) -> Item | None:
    """Return the item with this key, or None if it does not exist. Raises ApiError."""
    answer = await visit.call("GetItem", {"TableName": name, "Key": key, "ConsistentRead": True})
    found: Item | None = answer.get("Item")
    return found


@page("tables/{table}/item", title="Item", parent="tables")
async def editor(visit: Visit) -> Response:
    """Show an item in the editor."""
    name = visit.params["table"]
    table = await lookups.described(visit, name)
    key = querying.json_object(visit.query.text("key"), "the key")
    item = await _current(visit, name, key)
    if item is None:
        raise BadForm("There is no item with this key. It may have been deleted.")
    return _shown(visit, name, table, item, item)


@page("tables/{table}/item/new", title="New item", parent="tables")
async def new_item(visit: Visit) -> Response:
    """Show the editor with a new item that has only sample key attributes."""
    name = visit.params["table"]
    table = await lookups.described(visit, name)
    item = {each.name: {each.type: _SAMPLES[each.type]} for each in described.keys(table, table)}
    return _shown(visit, name, table, item, None)


def _shown(visit: Visit, name: str, table: Mapping[str, Any], item: Item, before: Item | None) -> Response:
    form = visit.query.chosen("form", _FORMS)
    text = plain_item(item) if form == "json" else item
    names = described.key_names(table)
    key = {each: item[each] for each in names}
    return visit.show(
        "items/editor.html",
        title=f"{'New item' if before is None else 'Item'} of {name}",
        name=name,
        key=_json(key),
        key_parts=[(each, item[each]) for each in names],
        text=_lines({name: text[name] for name in (*names, *sorted(text.keys() - set(names)))}),
        form=form,
        before="" if before is None else _json(before),
        report=_types(item),
    )


@action("tables/{table}/item/check", title="Item", parent="tables")
async def check(visit: Visit) -> Response:
    """Check the item in the editor without saving it.

    This calls PutItem with a condition that is never true. So the operation checks the item and
    never stores it. If all checks succeed, it fails with ConditionalCheckFailedException.
    """
    name = visit.params["table"]
    item = _written(visit)
    partition = described.key_names(await lookups.described(visit, name))[0]
    never = "attribute_exists(#k) AND attribute_not_exists(#k)"
    try:
        await visit.call(
            "PutItem",
            {
                "TableName": name,
                "Item": item,
                "ConditionExpression": never,
                "ExpressionAttributeNames": {"#k": partition},
            },
        )
    except ApiError as error:
        if error.code != _VALID:
            raise
    return visit.fragment("items/types.html", report=_types(item))


@action("tables/{table}/item/save", title="Item", parent="tables")
async def save(visit: Visit) -> Response:
    """Save the item in the editor.

    Raises BadForm if the item has changed since the editor opened it. Also raises BadForm if the
    editor has a new item or a changed key, and the table already has an item with this key. If the
    form's checkbox is checked, save in all these cases.
    """
    name = visit.params["table"]
    item = _written(visit)
    names = described.key_names(await lookups.described(visit, name))
    before = _before(visit)
    key = {each: item[each] for each in names if each in item}
    request: dict[str, Any] = {"TableName": name, "Item": item}
    moved = before is None or any(before.get(each) != item.get(each) for each in names)
    if moved and not visit.form.flag("replace"):
        request["ConditionExpression"] = "attribute_not_exists(#k)"
        request["ExpressionAttributeNames"] = {"#k": names[0]}
    elif before is not None and await _current(visit, name, key) != before and not visit.form.flag("replace"):
        raise BadForm("The item has changed since you opened it. Check the box to replace it.")
    try:
        await visit.call("PutItem", request)
    except ApiError as error:
        if error.code != _VALID:
            raise
        raise BadForm("There is an item with this key already. Check the box to replace it.") from None
    text = "The item has been saved."
    if moved and before is not None:
        text = "The item has been saved with its new key. The item with the old key still exists."
    return visit.done(f"tables/{name}/item", text, key=_json(key), form=visit.form.chosen("form", _FORMS))


@action("tables/{table}/item/delete", title="Item", parent="tables")
async def delete(visit: Visit) -> Response:
    """Delete the item in the editor."""
    name = visit.params["table"]
    await visit.call("DeleteItem", {"TableName": name, "Key": querying.json_object(visit.form.text("key"), "the key")})
    return visit.done(f"tables/{name}/items", "The item has been deleted.")


def _written(visit: Visit) -> Item:
    """Return the item in the editor. Raises BadForm if its text is not a JSON object."""
    item = querying.json_object(visit.form.text("text"), "the item")
    if visit.form.chosen("form", _FORMS) == "json":
        return retyped_item(item, _before(visit) or {})
    return item


def _before(visit: Visit) -> Item | None:
    """Return the item as it was when the editor opened it, or None for a new item.

    Raises BadForm if the form's copy of this item is not a JSON object.
    """
    text = visit.form.text("before")
    return querying.json_object(text, "the item before the change") if text else None


def _types(item: Mapping[str, Attribute]) -> list[tuple[str, str]]:
    """Return a pair for each attribute of an item: its name, and its type in words."""
    return [(name, KINDS[kind(value)]) for name, value in item.items()]


def _lines(item: Item) -> str:
    """Return an item as JSON text. Each attribute has one line, a long attribute several lines."""
    lines = []
    for name, value in item.items():
        text = _json(value)
        if len(text) > _WIDTH:
            text = orjson.dumps(value, option=orjson.OPT_INDENT_2).decode().replace("\n", "\n  ")
        lines.append(f"  {_json(name)}: {text}")
    return "{\n" + ",\n".join(lines) + "\n}"


def _json(value: object) -> str:
    return orjson.dumps(value).decode()
