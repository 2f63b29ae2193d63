"""Prints items as a table with borders, as text, or as JSON.

Text and JSON have one item in each line.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, TextIO

import orjson

from emulator.display.values import Item, item_text, value_text, visible

if TYPE_CHECKING:
    from rich.console import Console

_NARROWEST: Final = 10  # the minimum width of a column with its border, in characters


def columns_of(items: Sequence[Item], first: Sequence[str]) -> list[str]:
    """Return the names of the columns for items: key attributes (`first`), then all others."""
    names = {name: None for item in items for name in item}
    return [name for name in first if name in names] + [name for name in names if name not in first]


def text_lines(items: Sequence[Item]) -> str:
    """Return items as PartiQL literals, one in each line. INSERT INTO ... VALUE accepts them."""
    return "".join(item_text(item) + "\n" for item in items)


def json_lines(items: Sequence[Item]) -> str:
    """Return items as DynamoDB JSON, one in each line."""
    return "".join(orjson.dumps(item).decode() + "\n" for item in items)


def draw(console: "Console", items: Sequence[Item], first: Sequence[str]) -> None:
    """Print a table with a column for each attribute and a row for each item.

    If the console is too narrow, print a table for each item, with a row for each attribute.
    first: names of key attributes, which come first.
    """
    names = columns_of(items, first)
    if len(names) * _NARROWEST > console.width:
        for item in items:
            rows = [[name, item[name]] for name in columns_of([item], first)]
            _draw_table(console, ["attribute", "value"], rows)
    else:
        _draw_table(console, names, [[item.get(name) for name in names] for item in items])


def _draw_table(console: "Console", names: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    from rich import box  # noqa: PLC0415 - rich is optional
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=box.SQUARE, header_style="bold")
    for number, name in enumerate(names):
        cells = [row[number] for row in rows]
        numbers = all(isinstance(cell, Mapping) and "N" in cell for cell in cells if cell is not None)
        table.add_column(Text(visible(name)), justify="right" if numbers else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(_cell(cell)) for cell in row))
    console.print(table)


def _cell(cell: Item | str | None) -> str:
    if cell is None:
        return ""
    return visible(cell) if isinstance(cell, str) else value_text(cell)


Show = Callable[[Sequence[Item], Sequence[str]], None]
"""A function that prints items. Its arguments are the items and the names of key attributes."""


def _show_table(stream: TextIO) -> Show:
    from rich.console import Console  # noqa: PLC0415 - rich is optional

    console = Console(file=stream, highlight=False)
    return lambda items, first: draw(console, items, first)


FORMATS: Final[Mapping[str, Callable[[TextIO], Show]]] = {
    "table": _show_table,
    "text": lambda stream: lambda items, _first: _write(stream, text_lines(items)),
    "json": lambda stream: lambda items, _first: _write(stream, json_lines(items)),
}


def show_in(form: str) -> Show:
    """Return a function that prints items to stdout in a format of FORMATS.

    Raises ImportError if the format needs a library that is not installed.
    """
    return FORMATS[form](sys.stdout)


def _write(stream: TextIO, text: str) -> None:
    stream.write(text)
