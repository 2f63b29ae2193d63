"""What the log says about tables that are asked for where they are not.

A wrong region or access key is the most common mistake of all, and the answer of the service hides it: there is no such
table. So the log says where a table of that name is.
"""

import logging
from collections.abc import Collection
from itertools import islice
from typing import Final

from emulator.database.catalog.spaces import SHARED, Space, Spaces
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
        log.warning("table %s was asked for with %s; it exists %s", printable(name), _asking(asked), _listed(places))

    def report_empty(self, asked: Space) -> None:
        """Log where there are tables, for somebody who sees none; once a minute in all, as test suites list often."""
        places = self._spaces.occupied()
        if places and self._limit.allows("no tables"):
            log.warning(
                "tables were listed with %s, which has none; there are some %s", _asking(asked), _listed(places)
            )


def _listed(places: Collection[Space]) -> str:
    """Name the first places and count the others."""
    found = list(islice(places, _PLACES))
    keys = [_credentials(space) for space in found if space != SHARED]
    where = [f"under {' and '.join(keys)}"] if keys else []
    if SHARED in found:
        where.append("in the shared database (--shared-db)")
    if len(places) > len(found):
        where.append(f"in {len(places) - len(found)} more places")
    return " and ".join(where)


def _asking(space: Space) -> str:
    return "--shared-db" if space == SHARED else _credentials(space)


def _credentials(space: Space) -> str:
    access_key, region = space
    return f"access key {printable(access_key)}, region {printable(region)}"
