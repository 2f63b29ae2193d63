"""Changes many items of a table: first shows a preview, and then changes the items."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson
from starlette.responses import Response

from emulator.errors import ApiError
from emulator.http.site.console import described, lookups, querying
from emulator.http.site.console.forms import BadForm, Fields
from emulator.http.site.console.registry import action
from emulator.http.site.console.visit import Visit

_CHANGES: Final = ("delete", "set", "remove")
_MOST: Final = 1000  # the maximum number of items of one change
_GONE: Final = "ConditionalCheckFailedException"

Key = Mapping[str, Any]


class _Change:
    """A change of the items whose checkboxes are set: it deletes them, or changes one attribute.

    Raises BadForm if the form is wrong.
    """

    def __init__(self, form: Fields) -> None:
        self.kind = form.chosen("change", _CHANGES)
        self.keys = [querying.json_object(each, "the key") for each in form.texts("item")]
        if not self.keys:
            raise BadForm("Check the items that you want to change.")
        if len(self.keys) > _MOST:
            raise BadForm(f"One change can have {_MOST:,} items at most. {len(self.keys):,} are checked.")
        self.attribute = form.text("attribute").strip()
        self.value: dict[str, Any] | None = None
        if self.kind != "delete":
            if not self.attribute:
                raise BadForm("Write the name of the attribute.")
            self.placeholders = querying.Placeholders()
            self.path = self.placeholders.path(self.attribute)
        if self.kind == "set":
            self.value = querying.attribute_value(form.chosen("type", querying.VALUE_TYPES), form.text("value"))

    @property
    def sentence(self) -> str:
        """A sentence that tells the person what the change will do to each item."""
        match self.kind:
            case "delete":
                return "Each of these items will be deleted."
            case "remove":
                return f"Each of these items will lose the attribute {self.attribute}."
        return f"Each of these items will get {self.attribute} = {orjson.dumps(self.value).decode()}."

    def request(self, table: str, key: Key, partition: str) -> dict[str, Any]:
        """Return the request DeleteItem or UpdateItem for one item.

        The request fails if the item no longer exists. partition: the name of the partition key.
        """
        request: dict[str, Any] = {
            "TableName": table,
            "Key": key,
            "ConditionExpression": "attribute_exists(#key)",
            "ExpressionAttributeNames": {"#key": partition},
        }
        if self.kind == "delete":
            return request
        request["UpdateExpression"] = f"REMOVE {self.path}" if self.value is None else f"SET {self.path} = :v"
        request["ExpressionAttributeNames"] |= self.placeholders.names
        if self.value is not None:
            request["ExpressionAttributeValues"] = {":v": self.value}
        return request


@action("tables/{table}/bulk", title="Change items", parent="tables")
async def preview(visit: Visit) -> Response:
    """Show the items that a change would affect, as they are now."""
    name = visit.params["table"]
    table = await lookups.described(visit, name)
    change = _Change(visit.form)
    found = await _current(visit, name, change.keys)
    names = described.key_names(table)
    kept = {name: values for name, values in visit.form.all().items() if not name.startswith("_")}
    show = visit.fragment if visit.is_htmx else visit.show
    return show(
        "items/preview.html" if visit.is_htmx else "items/preview_page.html",
        title=f"Change items of {name}",
        name=name,
        change=change,
        items=found,
        names=names,
        absent=len(change.keys) - len(found),
        kept=kept,
    )


async def _current(visit: Visit, name: str, keys: Sequence[Key]) -> list[dict[str, Any]]:
    """Return the items with these keys, without items that no longer exist. Raises ApiError."""
    found = []
    for key in keys:
        answer = await visit.call("GetItem", {"TableName": name, "Key": key, "ConsistentRead": True})
        if "Item" in answer:
            found.append(answer["Item"])
    return found


@action("tables/{table}/bulk/apply", title="Change items", parent="tables")
async def apply(visit: Visit) -> Response:
    """Change the items whose boxes the person checked. Skip and count those that are gone."""
    name = visit.params["table"]
    change = _Change(visit.form)
    partition = described.key_names(await lookups.described(visit, name))[0]
    operation = "DeleteItem" if change.kind == "delete" else "UpdateItem"
    done, gone = 0, 0
    for key in change.keys:
        try:
            await visit.call(operation, change.request(name, key, partition))
            done += 1
        except ApiError as error:
            if error.code != _GONE:
                raise BadForm(f"{_items(done)} changed. Then a request failed: {error.message}") from None
            gone += 1
    text = f"{_items(done)} {'been deleted' if change.kind == 'delete' else 'changed'}."
    return visit.done(
        f"tables/{name}/items", text + (f" {gone:,} {'was' if gone == 1 else 'were'} gone." if gone else "")
    )


def _items(count: int) -> str:
    return "1 item has" if count == 1 else f"{count:,} items have"
