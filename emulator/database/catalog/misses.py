"""What the log says about requests for tables that exist elsewhere.

A wrong region or access key is the most common mistake of all, and the service's answer hides it:
it says that there is no such table. So the log says where a table of that name is.
"""

import logging
from collections.abc import Collection
from itertools import islice
from typing import Final

from emulator.database.catalog.tenants import Tenants
from emulator.database.definitions.tenants import SHARED, Tenant
from emulator.escaping import printable
from emulator.log_limits import LogLimit

log = logging.getLogger("emulator")

_PLACES: Final = 3  # tenants named in one line: a test suite may have hundreds of access keys


class Misses:
    """Reports misses: once a minute for each table, access key and region."""

    def __init__(self, tenants: Tenants) -> None:
        self._tenants = tenants
        self._limit = LogLimit()

    def report(self, asked: Tenant, name: str) -> None:
        """Log where tables of a name are. The cost does not depend on the number of tenants."""
        places = self._tenants.places(name)
        if not places or not self._limit.allows((name, asked)):
            return
        log.warning("table %s was asked for with %s; it exists %s", printable(name), _asking(asked), _listed(places))

    def report_empty(self, asked: Tenant) -> None:
        """Log where tables are, after an empty list. Once a minute: test suites list often."""
        places = self._tenants.occupied()
        if places and self._limit.allows("no tables"):
            log.warning(
                "tables were listed with %s, which has none; there are some %s", _asking(asked), _listed(places)
            )


def _listed(places: Collection[Tenant]) -> str:
    """Name the first places and count the others."""
    found = list(islice(places, _PLACES))
    keys = [_credentials(tenant) for tenant in found if tenant != SHARED]
    where = [f"under {' and '.join(keys)}"] if keys else []
    if SHARED in found:
        where.append("in the shared database (--shared-db)")
    if len(places) > len(found):
        where.append(f"in {len(places) - len(found)} more places")
    return " and ".join(where)


def _asking(tenant: Tenant) -> str:
    return "--shared-db" if tenant == SHARED else _credentials(tenant)


def _credentials(tenant: Tenant) -> str:
    access_key, region = tenant
    return f"access key {printable(access_key)}, region {printable(region)}"
