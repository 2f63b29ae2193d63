"""Import and export of a table's items as CSV and JSON (emulator/formats)."""

import asyncio
import io
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

import orjson
from starlette.responses import Response

from emulator import errors
from emulator.errors import ApiError
from emulator.http.site.console import described, lookups
from emulator.http.site.console.attributes import exact_item
from emulator.http.site.console.forms import BadForm
from emulator.http.site.console.registry import action, page
from emulator.http.site.console.visit import Visit
from storage import Full

_FORMATS: Final = ("json", "dynamodb", "csv")
_BATCH: Final = 25  # the maximum number of items that one BatchWriteItem puts
_PAGE: Final = 1000  # items that an export reads with one Scan, which takes about 10 ms
_SHOWN: Final = 10  # the maximum number of problems that a preview shows
_PREVIEW: Final = 20  # the maximum number of items that a preview shows

Item = Mapping[str, Any]


@page("tables/{table}/transfer", title="Import and export", parent="tables")
async def transfer(visit: Visit) -> Response:
    """Show the forms for import and export."""
    name = visit.params["table"]
    table = await lookups.described(visit, name)
    return visit.show("items/transfer.html", title=f"Import and export of {name}", name=name, count=table["ItemCount"])


# --- export ---------------------------------------------------------------------------------------


@page("tables/{table}/export", title="Export", parent="tables")
async def export(visit: Visit) -> Response:
    """Return all items of a table as a file."""
    name = visit.params["table"]
    table = await lookups.described(visit, name)
    form = visit.query.chosen("format", _FORMATS)
    if form == "csv":
        names = described.key_names(table)
        return visit.downloads(f"{name}.csv", "text/csv; charset=utf-8", await _begun(_csv(visit, name, names)))
    return visit.downloads(f"{name}.json", "application/json", await _begun(_json(visit, name, plain=form == "json")))


async def _begun(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Make the first chunk of a file, and return an iterator over all chunks.

    If the first chunk fails, the page can show the error, because nothing has been sent yet. If a
    later chunk fails, the server closes the connection, so that the browser sees that the file is
    incomplete.
    """
    first = await anext(chunks)

    async def all_chunks() -> AsyncIterator[bytes]:
        yield first
        async for chunk in chunks:
            yield chunk

    return all_chunks()


async def _pages(visit: Visit, name: str) -> AsyncIterator[list[Item]]:
    """Yield the items of a table: one list for each page of a Scan."""
    request: dict[str, Any] = {"TableName": name, "Limit": _PAGE}
    while True:
        answer = await visit.call("Scan", request)
        yield answer["Items"]
        if "LastEvaluatedKey" not in answer:
            return
        request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


async def _json(visit: Visit, name: str, *, plain: bool) -> AsyncIterator[bytes]:
    """Yield the parts of a JSON array with one item in each line.

    plain: True to write ordinary JSON, False to write DynamoDB JSON.
    """
    before = b"[\n"
    async for items in _pages(visit, name):
        if items:
            yield before + b",\n".join(orjson.dumps(exact_item(item) if plain else item) for item in items)
            before = b",\n"
    yield b"\n]\n" if before == b",\n" else b"[\n]\n"


async def _csv(visit: Visit, name: str, key_names: list[str]) -> AsyncIterator[bytes]:
    """Yield the parts of a CSV file with the items of a table.

    This reads the items twice, because the first line needs the names of all attributes.
    """
    from emulator.formats.csv_rows import CsvWriter  # noqa: PLC0415 - keeps the first page fast

    names: dict[str, None] = dict.fromkeys(key_names)
    async for items in _pages(visit, name):
        for item in items:
            names.update(dict.fromkeys(item))
    text = io.StringIO()
    writer = CsvWriter(text, names)
    async for items in _pages(visit, name):
        writer.write(dict(item) for item in items)
        yield text.getvalue().encode()
        text.seek(0)
        text.truncate()


# --- import ---------------------------------------------------------------------------------------


@action("tables/{table}/import/preview", title="Import and export", parent="tables")
async def preview(visit: Visit) -> Response:
    """Show the first items of an import, and the problems in its text."""
    name = visit.params["table"]
    table = await lookups.described(visit, name)
    items, problems = await _read(visit, table)
    return visit.fragment(
        "items/import_preview.html",
        name=name,
        count=len(items),
        items=items[:_PREVIEW],
        problems=problems[:_SHOWN],
        more=max(0, len(problems) - _SHOWN),
        names=described.key_names(table),
    )


@action("tables/{table}/import", title="Import and export", parent="tables")
async def import_items(visit: Visit) -> Response:
    """Put all items of a text into the table. If the text has a problem, put no items.

    If a request fails, the items of earlier requests stay in the table.
    """
    name = visit.params["table"]
    items, problems = await _read(visit, await lookups.described(visit, name))
    if problems:
        raise BadForm(f"Nothing was imported. {problems[0]}")
    if not items:
        raise BadForm("There are no items in the text.")
    done = 0
    try:
        for start in range(0, len(items), _BATCH):
            waiting = {name: [{"PutRequest": {"Item": item}} for item in items[start : start + _BATCH]]}
            while waiting:
                left = (await visit.call("BatchWriteItem", {"RequestItems": waiting}))["UnprocessedItems"]
                done += len(waiting[name]) - len(left.get(name, ()))
                waiting = left
    except (ApiError, Full) as error:
        reason = errors.storage_full() if isinstance(error, Full) else error
        raise BadForm(f"{_items(done)} been imported. Then a request failed: {reason.message}") from None
    return visit.done(f"tables/{name}/items", f"{_items(done)} been imported.")


def _items(count: int) -> str:
    return "1 item has" if count == 1 else f"{count:,} items have"


async def _read(visit: Visit, table: Mapping[str, Any]) -> tuple[list[Item], list[str]]:
    """Return the items in the text of the form, and messages about problems in the text.

    Another thread parses the text, so that this thread can answer other requests meanwhile.
    """
    from emulator.http.site.console.reading import items_of  # noqa: PLC0415 - keeps the first page fast

    types = {each["AttributeName"]: each["AttributeType"] for each in table["AttributeDefinitions"]}
    form = visit.form.chosen("format", _FORMATS)
    text, names = visit.form.text("content"), described.key_names(table)
    return await asyncio.to_thread(items_of, text, form == "csv", types, names)
