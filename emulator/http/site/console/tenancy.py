"""The account and region of a page: a part of its path.

    /_emulator/console/<access key>@<region>/<page>

So two tabs can show two accounts, and a form always acts for the account that its page shows.
Access key and region are quoted once more than the path: a stored tenant may have any characters.
"""

from typing import Final, NamedTuple
from urllib.parse import quote, unquote

ROOT: Final = "/_emulator/console/"
_AT: Final = "@"


class Acting(NamedTuple):
    """The access key and the region for which a page acts."""

    access_key: str
    region: str

    @property
    def segment(self) -> str:
        """The segment of the path, not yet quoted for a URL. It is never `.` or `..`."""
        return _AT.join(quote(each, safe="") for each in self)

    def url(self, path: str) -> str:
        """Return the URL of a page. path: below the segment, not quoted."""
        return f"{ROOT}{quote(self.segment, safe=_AT)}/{quote(path)}"


DEFAULT: Final = Acting("test", "us-east-1")


def acting(segment: str) -> Acting | None:
    """Return the account and region in a segment of a path; None if it is no such segment."""
    access_key, at, region = segment.partition(_AT)
    return Acting(unquote(access_key), unquote(region)) if at and region else None
