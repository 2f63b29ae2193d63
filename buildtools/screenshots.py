"""Makes the screenshots of the console for README.md and docs/console.md, with Chromium.

    PYTHONPATH=. .venv/bin/python buildtools/screenshots.py

The pictures are written to docs/images/. The script fails if they have 300 KB or more together.
"""

import struct
import sys
import zlib
from base64 import b64decode
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from tests.support.browser import Browser
from tests.support.browsing import press, wait_for
from tests.support.http_clients import Client, declaring
from tests.support.servers import ROOT, running
from tests.support.tables import index_request, table_request

FOLDER: Final = ROOT / "docs" / "images"
_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_KEPT: Final = (b"IHDR", b"IDAT", b"IEND")
_MOST: Final = 300 * 1024  # the limit for the bytes of all pictures together
_WIDTH: Final = 1280
_RGB: Final = 2
_RGBA: Final = 6
_PALETTE: Final = 256  # the maximum number of colours that a palette can have
_USERS: Final = ("ada", "grace", "linus", "barbara", "donald", "margaret")
_STATES: Final = ("new", "paid", "sent")

# For each picture: file name, path of the page in the console, height in pixels, colour scheme.
_PICTURES: Final = (
    ("console-tables", "tables", 330, "light"),
    ("console-items", "tables/Shop/items?key-0=USER%23ada&limit=25", 820, "light"),
    ("console-collections", "tables/Shop/collections", 640, "dark"),
    (
        "console-partiql",
        "partiql?statement=SELECT%20*%20FROM%20Shop%20WHERE%20email%20=%20'ada@example.com'",
        640,
        "light",
    ),
    ("console-stream", "streams", 520, "light"),
    ("console-advice", "advice?confidence=certain", 560, "dark"),
)


def main() -> int:
    """Make all pictures. Return 1 if they are too large together, otherwise 0."""
    FOLDER.mkdir(exist_ok=True)
    with running("--in-memory") as server:
        client = Client(server.url)
        declaring(server.url)("advise", {"Enabled": True})
        _fill(client)
        _misuse(client)
        browser = Browser()
        try:
            for name, path, height, scheme in _PICTURES:
                _set_up(browser, height, scheme)
                browser.open(f"{server.url}/_emulator/console/test@us-east-1/{path}")
                if name in _ACTIONS:
                    _ACTIONS[name](browser, client)
                picture = b64decode(browser.command("Page.captureScreenshot", format="png")["data"])
                (FOLDER / f"{name}.png").write_bytes(compressed(picture))
        finally:
            browser.close()
            client.close()
    size = sum(path.stat().st_size for path in FOLDER.glob("*.png"))
    print(f"{size:,} bytes")  # noqa: T201 - the output of a script
    return int(size >= _MOST)


def _set_up(browser: Browser, height: int, scheme: str) -> None:
    browser.command(
        "Emulation.setDeviceMetricsOverride", width=_WIDTH, height=height, deviceScaleFactor=1, mobile=False
    )
    browser.command("Emulation.setScrollbarsHidden", hidden=True)
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.command("Emulation.setEmulatedMedia", features=features)


def _fill(client: Client) -> None:
    """Create the tables of a small shop, with items."""
    shop = table_request(
        "pk:S sk:S",
        define="status:S created:S",
        TableName="Shop",
        GlobalSecondaryIndexes=[index_request("by-status", "status created")],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )
    client("CreateTable", **shop)
    sessions = table_request("id:S", TableName="Sessions")
    client("CreateTable", **sessions)
    setting = {"Enabled": True, "AttributeName": "expires"}
    client("UpdateTimeToLive", TableName="Sessions", TimeToLiveSpecification=setting)
    units = {"ReadCapacityUnits": 20, "WriteCapacityUnits": 10}
    events = table_request(
        "device:S at:N", TableName="Measurements", BillingMode="PROVISIONED", ProvisionedThroughput=units
    )
    client("CreateTable", **events)
    recovery = {"PointInTimeRecoveryEnabled": True}
    client("UpdateContinuousBackups", TableName="Shop", PointInTimeRecoverySpecification=recovery)
    for item in _items():
        client("PutItem", TableName="Shop", Item=item)
    for number in range(40):
        client("PutItem", TableName="Sessions", Item={"id": {"S": f"s-{number}"}, "expires": {"N": "1900000000"}})
        measured = {"device": {"S": f"d-{number % 4}"}, "at": {"N": str(number)}, "value": {"N": "20.5"}}
        client("PutItem", TableName="Measurements", Item=measured)


def _misuse(client: Client) -> None:
    """Send requests that cost too much, so that the advisor reports them."""
    values = {":user": {"S": "USER#ada"}, ":status": {"S": "new"}}
    scan = {"FilterExpression": "pk = :user AND #status = :status", "ExpressionAttributeValues": values}
    for _ in range(40):
        client("Scan", TableName="Shop", ExpressionAttributeNames={"#status": "status"}, **scan)


def _explain(browser: Browser, _client: Client) -> None:
    """Press "Explain" on the page for PartiQL, and wait for the plan of the statement."""
    press(browser, "Explain")
    wait_for(browser, "document.querySelector('#plan-title')")


def _change(browser: Browser, client: Client) -> None:
    """Open the page of the only stream, change an item twice, and wait for both records."""
    browser.after(lambda: browser.run("document.querySelector('main table a').click()"))
    wait_for(browser, "document.querySelector('[data-open]')")
    *_, order, _ = _items()
    for changed in ({"status": {"S": "paid"}}, {"status": {"S": "sent"}, "carrier": {"S": "bicycle"}}):
        client("PutItem", TableName="Shop", Item={**order, **changed})
    wait_for(browser, "document.querySelectorAll('.record').length === 2")


_ACTIONS: Final[Mapping[str, Callable[[Browser, Client], None]]] = {
    "console-partiql": _explain,
    "console-stream": _change,
}
"""Name of a picture -> a function that uses the page before the picture is taken."""


def _items() -> Iterator[Mapping[str, Any]]:
    for at, user in enumerate(_USERS):
        key = {"pk": {"S": f"USER#{user}"}}
        yield {**key, "sk": {"S": "PROFILE"}, "email": {"S": f"{user}@example.com"}, "vip": {"BOOL": at % 2 == 0}}
        for number in range(3 + at):
            yield {
                **key,
                "sk": {"S": f"ORDER#2026-{number + 1:02}"},
                "status": {"S": _STATES[(at + number) % 3]},
                "created": {"S": f"2026-{number + 1:02}-14"},
                "total": {"N": f"{17 * (number + 1)}.50"},
                "lines": {"L": [{"M": {"sku": {"S": f"sku-{number}"}, "count": {"N": "2"}}}]},
            }
        yield {**key, "sk": {"S": "CART#1"}, "skus": {"SS": ["sku-1", "sku-9"]}}


# --- PNG ------------------------------------------------------------------------------------------


def compressed(picture: bytes) -> bytes:
    """Convert a PNG to a PNG with a palette of 256 colours, which has a third of the bytes.

    The palette has the most frequent colours. All other colours, such as those at the edges of
    letters, are replaced by the most similar colour of the palette.
    """
    chunks = list(_chunks(picture))
    data = zlib.decompress(b"".join(body for kind, body in chunks if kind == b"IDAT"))
    header = next(body for kind, body in chunks if kind == b"IHDR")
    width, height, depth, colours = struct.unpack(">IIBB", header[:10])
    assert (depth, colours) in ((8, _RGB), (8, _RGBA)), (
        "Chromium must write a PNG with RGB or RGBA colours of 8 bits each"
    )
    lines = _unfiltered(data, width, height, 3 if colours == _RGB else 4)
    counts = Counter(pixel for line in lines for pixel in line)
    palette = [pixel for pixel, _ in counts.most_common(_PALETTE)]
    numbers = {pixel: _nearest(pixel, palette) for pixel in counts}
    raw = b"".join(b"\0" + bytes(numbers[pixel] for pixel in line) for line in lines)
    head = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    return _png(head, zlib.compress(raw, 9), b"".join(palette))


def _nearest(pixel: bytes, palette: Sequence[bytes]) -> int:
    """Return the index of the colour in a palette that is most similar to a pixel's colour."""
    return min(
        range(len(palette)),
        key=lambda number: sum((one - other) ** 2 for one, other in zip(pixel, palette[number], strict=True)),
    )


def _unfiltered(data: bytes, width: int, height: int, size: int) -> list[list[bytes]]:
    """Undo PNG's filters, and return the lines of a picture, each a list of RGB pixels.

    data: the filtered lines. size: the number of bytes of a pixel in `data`, 3 or 4.
    """
    length = width * size
    before = bytearray(length)
    lines = []
    for number in range(height):
        start = number * (length + 1)
        kind, line = data[start], bytearray(data[start + 1 : start + 1 + length])
        for at in range(length):
            left = line[at - size] if at >= size else 0
            up, corner = before[at], before[at - size] if at >= size else 0
            line[at] = (line[at] + _predicted(kind, left, up, corner)) & 0xFF
        lines.append([bytes(line[at : at + 3]) for at in range(0, length, size)])
        before = line
    return lines


def _predicted(kind: int, left: int, up: int, corner: int) -> int:
    """Return the value that a PNG filter predicts for a byte (PNG specification, 9.2).

    kind: the number of the filter. left, up, corner: the bytes to the left, above, and above left.
    """
    match kind:
        case 0:
            return 0
        case 1:
            return left
        case 2:
            return up
        case 3:
            return (left + up) // 2
    guess = left + up - corner
    return min((left, up, corner), key=lambda each: abs(guess - each))


def _chunks(picture: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(_SIGNATURE)
    while at < len(picture):
        (length,) = struct.unpack_from(">I", picture, at)
        kind = picture[at + 4 : at + 8]
        if kind in _KEPT:
            yield kind, picture[at + 8 : at + 8 + length]
        at += 12 + length


def _png(header: bytes, data: bytes, palette: bytes) -> bytes:
    parts = [(b"IHDR", header), (b"PLTE", palette), (b"IDAT", data), (b"IEND", b"")]
    written = [
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in parts
    ]
    return _SIGNATURE + b"".join(written)


if __name__ == "__main__":
    sys.exit(main())
