"""Serves scripts, style sheets and licences: the files in the folder `static/`.

The URL of a file has a checksum of its contents, so browsers may keep the file for ever. A request
must name a file in the list of the folder's files. So no path can lead out of the folder.
"""

from functools import cache
from pathlib import Path
from typing import Final
from zlib import crc32

from starlette.responses import Response

from emulator.http.site.console.tenancy import ROOT

_FOLDER: Final = Path(__file__).parent / "static"
_TYPES: Final = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
_FOR_EVER: Final = "public, max-age=31536000, immutable"
_UNTIL_ASKED: Final = "no-cache"


@cache
def _names() -> frozenset[str]:
    return frozenset(path.name for path in _FOLDER.iterdir() if path.suffix in _TYPES)


@cache
def _contents(name: str) -> tuple[bytes, str]:
    """Return a pair: the contents of a file in the folder `static/`, and their checksum."""
    data = (_FOLDER / name).read_bytes()
    return data, f"{crc32(data):08x}"


def static_url(name: str) -> str:
    """Return the URL of a file in the folder `static/`. The file must exist."""
    assert name in _names(), f"there is no static file {name}"
    return f"{ROOT}static/{name}?v={_contents(name)[1]}"


def static_response(name: str, version: str) -> Response | None:
    """Return an answer with a file of the folder `static/`, or None if there is no such file.

    version: the checksum in the URL. If it is out of date, browsers must ask the server again each
    time they use the file.
    """
    if name not in _names():
        return None
    data, checksum = _contents(name)
    caching = _FOR_EVER if version == checksum else _UNTIL_ASKED
    return Response(data, media_type=_TYPES[Path(name).suffix], headers={"cache-control": caching})
