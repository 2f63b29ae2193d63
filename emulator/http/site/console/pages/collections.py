"""The entities and item collections of a table, from a sample of its items."""

from collections.abc import Mapping
from typing import Any, Final

from starlette.responses import Response

from emulator.http.site.console import described, lookups
from emulator.http.site.console.entities import collections, entities
from emulator.http.site.console.registry import page
from emulator.http.site.console.visit import Visit

_SEGMENTS: Final = 8  # segments of the table in a parallel scan; the sample has items from each segment
_OF_SEGMENT: Final = 250  # the maximum number of items from each segment
_MOST: Final = 100  # the maximum number of item collections that the page shows


@page("tables/{table}/collections", title="Collections", parent="tables")
async def show(visit: Visit) -> Response:
    """Show the entities and the item collections of a table."""
    name = visit.params["table"]
    table = await lookups.described(visit, name)
    names = described.key_names(table)
    sample: list[Mapping[str, Any]] = []
    for number in range(_SEGMENTS):
        part = {"Segment": number, "TotalSegments": _SEGMENTS, "Limit": _OF_SEGMENT}
        sample += (await visit.call("Scan", {"TableName": name, **part}))["Items"]
    wanted = visit.query.text("entity")
    found = entities(sample, names)
    chosen = next((each for each in found if each.name == wanted), None)
    shown = sample if chosen is None else [item for item in sample if entities([item], names)[0].name == wanted]
    return visit.show(
        "items/collections.html",
        title=f"Collections of {name}",
        name=name,
        names=names,
        sampled=len(sample),
        whole=len(sample) == table["ItemCount"],
        entities=[(each, _filter_link(visit, name, names, each.prefixes)) for each in found],
        chosen=chosen,
        collections=[(each, _query_link(visit, name, each.key)) for each in collections(shown, names, _MOST)],
    )


def _filter_link(visit: Visit, name: str, key_names: list[str], prefixes: tuple[str, ...]) -> str:
    """Return the link to a Scan whose filters find the items of an entity."""
    given = [(key, each) for key, each in zip(key_names, prefixes, strict=True) if each != "*"]
    return visit.url(
        f"tables/{name}/items",
        **{
            "filter-name": [key for key, _ in given],
            "filter-op": ["begins_with"] * len(given),
            "filter-type": ["S"] * len(given),
            "filter-value": [each for _, each in given],
            "filter-to": [""] * len(given),
        },
    )


def _query_link(visit: Visit, name: str, partition: Mapping[str, Any]) -> str:
    """Return the link to a Query that finds the items of an item collection."""
    ((_, value),) = partition.items()
    return visit.url(f"tables/{name}/items", **{"key-0": value})
