"""What the log says about tables that are asked for where they are not.

A wrong region or access key is the most common mistake of all, and the answer of the service hides it: there is no such
table. So the log says where a table of that name is.
"""

import logging
from itertools import islice
from typing import Final

from emulator.database.spaces import SHARED, Space, Spaces
from emulator.escaping import printable
from emulator.log_limits import LogLimit

log = logging.getLogger("emulator")

_PLACES: Final = 3  # that one line names: a test suite may have hundreds of access keys


class Misses:
    """Reports misses: once a minute for each table, access key and region."""

    def __init__(self, spaces: Spaces) -> None:
        self._spaces = spaces
        self._limit = LogLimit()

    def report(self, asked: Space, name: str) -> None:
        """Log where the tables of a name are, if there are any; costs the same however many spaces there are."""
        places = self._spaces.places(name)
        if not places or not self._limit.allows((name, asked)):
            return
        found = list(islice(places, _PLACES))
        keys = [_credentials(space) for space in found if space != SHARED]
        where = [f"under {' and '.join(keys)}"] if keys else []
        if SHARED in found:
            where.append("in the shared database (--shared-db)")
        if len(places) > len(found):
            where.append(f"in {len(places) - len(found)} more places")
        asking = "--shared-db" if asked == SHARED else _credentials(asked)
        log.warning("table %s was asked for with %s; it exists %s", printable(name), asking, " and ".join(where))


def _credentials(space: Space) -> str:
    access_key, region = space
    return f"access key {printable(access_key)}, region {printable(region)}"
