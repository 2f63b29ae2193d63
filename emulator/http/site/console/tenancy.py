"""The account and region of a page, which are a part of its path.

    /_emulator/console/<access key>@<region>/<page>

So two tabs of a browser can show two accounts, and a form always changes the account that its page
shows. An access key and a region may have any characters. So each of them is percent-encoded before
the whole path is percent-encoded.
"""

from typing import Final, NamedTuple
from urllib.parse import quote, unquote

ROOT: Final = "/_emulator/console/"
_AT: Final = "@"


class Acting(NamedTuple):
    """The access key and region whose tables a page shows and changes."""

    access_key: str
    region: str

    @property
    def segment(self) -> str:
        """The segment `<access key>@<region>` of the path.

        The two parts are percent-encoded. `url` percent-encodes the segment a second time. The
        segment contains an `@`, so it is never `.` or `..`.
        """
        return _AT.join(quote(each, safe="") for each in self)

    def url(self, path: str) -> str:
        """Return the URL of a page. path: the part after account and region, without encoding."""
        return f"{ROOT}{quote(self.segment, safe=_AT)}/{quote(path)}"


DEFAULT: Final = Acting("test", "us-east-1")


def acting(segment: str) -> Acting | None:
    """Return the account and region in the segment `<access key>@<region>` of a path.

    Return None if the segment has another form.
    """
    access_key, at, region = segment.partition(_AT)
    return Acting(unquote(access_key), unquote(region)) if at and region else None
