"""Makes HTML from templates: Jinja with autoescape, and the filters that templates use."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import orjson
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from emulator.http.site.console.attributes import kind, kind_name, plain_item, shown
from emulator.http.site.console.static_files import static_url
from emulator.slices import Steps
from emulator.version import VERSION
from emulator.wording import amount_text

_PARTS: Final = 200  # the number of parts of Jinja's output that are joined to one piece
_FOLDER: Final = Path(__file__).parent / "templates"
_STEPS: Final = (("GB", 1 << 30), ("MB", 1 << 20), ("KB", 1 << 10))
_LATEST: Final = 253402300799  # the end of the year 9999, in seconds since 1970


def _pretty(value: object) -> str:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2, default=str).decode()


def _compact(value: object) -> str:
    return orjson.dumps(value, default=str).decode()


def size(number: float) -> str:
    """Return a number of bytes with a unit, such as `3.2 KB`."""
    for unit, step in _STEPS:
        if number >= step:
            return f"{number / step:.1f} {unit}"
    return f"{number:.0f} bytes"


def moment(seconds: float | None) -> str:
    """Return a time in UTC as text. seconds: seconds since 1970; None gives an empty text."""
    if seconds is None:
        return ""
    if not 0 <= seconds <= _LATEST:
        return f"{seconds} seconds since 1970"
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _count(number: float) -> str:
    return f"{number:,}"


class Templates:
    """The templates of the console. shared: variables that every template can use."""

    def __init__(self, shared: Mapping[str, Any]) -> None:
        self._environment = Environment(
            autoescape=True,
            loader=FileSystemLoader(_FOLDER),
            undefined=StrictUndefined,
            auto_reload=False,
            cache_size=-1,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters |= {
            "json": _pretty,
            "compact": _compact,
            "bytes": size,
            "moment": moment,
            "count": _count,
            "amount": amount_text,
            "kind": kind,
            "kind_name": kind_name,
            "shown": shown,
            "plain": plain_item,
        }
        self._environment.globals |= {"static": static_url, "version": VERSION, **shared}

    def render(self, template: str, values: Mapping[str, Any]) -> str:
        """Return the HTML of a template."""
        return self._environment.get_template(template).render(values)

    def pieces(self, template: str, values: Mapping[str, Any]) -> Iterator[str]:
        """Yield the HTML of a template in pieces. Each piece takes less than a millisecond."""
        stream = self._environment.get_template(template).stream(values)
        stream.enable_buffering(_PARTS)
        return stream


class Rendering(HTMLResponse):
    """An answer without its HTML. `Console` makes the HTML in slices, and then sends the answer."""

    def __init__(self, pieces: Iterator[str], status: int) -> None:
        super().__init__("", status)
        self._pieces = pieces

    def steps(self) -> Steps[None]:
        """Make the HTML in steps, because a page with 1,000 rows takes 70 ms."""
        made = []
        for piece in self._pieces:
            made.append(piece)
            yield None
        self.body = "".join(made).encode()
        self.headers["content-length"] = str(len(self.body))
