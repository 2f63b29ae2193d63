"""Registers the pages and actions of the console with decorators, and lists them.

    @page("streams", title="Streams", group="Events")
    async def streams(visit: Visit) -> Response: ...

    @action("streams/close")
    async def close(visit: Visit) -> Response: ...

The first use of the registry imports all modules of `pages/`.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Final, NamedTuple

from starlette.responses import Response

from emulator.http.site.console.visit import Visit

GROUPS: Final = ("Data", "Events", "State", "Insight")
"""The groups of the navigation, in their order."""

_PAGES: Final = "emulator.http.site.console.pages"

Handler = Callable[[Visit], Awaitable[Response]]
Begin = Callable[[Visit], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Page:
    """A page, a part of a page, or an action.

    method: GET for a page, POST for an action.
    path: the part of the URL after account and region, in Starlette's syntax.
    group: the group of the navigation that links to the page, or None.
    order: the links of a group are sorted by this number.
    parent: the path of the link that is marked while the page is shown.
    """

    method: str
    path: str
    handler: Handler
    title: str
    group: str | None
    order: int
    parent: str


class Link(NamedTuple):
    """A link of the navigation."""

    path: str
    title: str


_pages: Final[dict[tuple[str, str], Page]] = {}
_begins: Final[list[Begin]] = []


def page(
    path: str, *, title: str, group: str | None = None, order: int = 50, parent: str | None = None
) -> Callable[[Handler], Handler]:
    """Register the decorated function as the handler of a page. The function must not change data.

    For the arguments see `Page`.
    """
    assert group is None or group in GROUPS, f"the navigation has no group {group}"
    return _register("GET", path, title, group, order, path if parent is None else parent)


def action(path: str, *, title: str = "Problem", parent: str = "") -> Callable[[Handler], Handler]:
    """Register the decorated function as the handler of a form.

    title, parent: for the page that shows an error of the action (see `Page`).
    """
    return _register("POST", path, title, None, 0, parent)


def at_first_page(begin: Begin) -> Begin:
    """Register the decorated function to run once in each process, at its first console page."""
    _begins.append(begin)
    return begin


def _register(
    method: str, path: str, title: str, group: str | None, order: int, parent: str
) -> Callable[[Handler], Handler]:
    assert (method, path) not in _pages, f"two handlers for {method} {path}"

    def register(handler: Handler) -> Handler:
        _pages[method, path] = Page(method, path, handler, title, group, order, parent)
        return handler

    return register


@cache
def registered() -> Sequence[Page]:
    """Return all pages and actions.

    Paths without variables come first, because the router takes the first path that matches.
    """
    for module in iter_modules([str(Path(__file__).parent / "pages")]):
        import_module(f"{_PAGES}.{module.name}")
    return sorted(_pages.values(), key=lambda each: ("{" in each.path, each.path))


def at_first_page_functions() -> Sequence[Begin]:
    """Return the functions that were registered with `at_first_page`."""
    registered()
    return _begins


@cache
def navigation() -> Sequence[tuple[str, Sequence[Link]]]:
    """Return the groups of the navigation, each with its links in order."""
    found = []
    for group in GROUPS:
        own = sorted((each for each in registered() if each.group == group), key=lambda each: (each.order, each.title))
        if own:
            found.append((group, [Link(each.path, each.title) for each in own]))
    return found
