"""Log lines about requests for tables that exist only under another access key or region.

A wrong region or access key is the most common mistake of users. The service's answer hides the
mistake, because it says only that the table does not exist. So the log names the access keys and
regions that have a table with the requested name.
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

_MOST: Final = 3  # how many tenants one log line names; a test suite may use hundreds of tenants


class Misses:
    """Logs requests for missing tables.

    Logs at most once a minute for each table name, access key and region.
    """

    def __init__(self, tenants: Tenants) -> None:
        self._tenants = tenants
        self._limit = LogLimit()

    def elsewhere(self, name: str) -> str | None:
        """Return a text that names the tenants with a table of this name.

        Return None if no tenant has such a table.
        """
        tenants = self._tenants.tenants_with(name)
        return _listed(tenants) if tenants else None

    def report(self, asked: Tenant, name: str) -> None:
        """Log which tenants have the table that a request of the tenant `asked` did not find.

        Log nothing if no tenant has a table of this name. The call takes the same time for any
        number of tenants.
        """
        tenants = self._tenants.tenants_with(name)
        if not tenants or not self._limit.allows((name, asked)):
            return
        log.warning(
            "a request named table %s with %s; the table exists %s", printable(name), _asking(asked), _listed(tenants)
        )

    def report_empty(self, asked: Tenant) -> None:
        """Log which tenants have tables, after a caller without tables called ListTables.

        Logs at most once a minute, because test suites list tables often.
        """
        tenants = self._tenants.occupied()
        if tenants and self._limit.allows("no tables"):
            log.warning(
                "a request listed tables with %s and found none; tables exist %s", _asking(asked), _listed(tenants)
            )


def _listed(tenants: Collection[Tenant]) -> str:
    """Return a text that names the first few tenants and counts the others."""
    found = list(islice(tenants, _MOST))
    keys = [_credentials(tenant) for tenant in found if tenant != SHARED]
    where = [f"under {' and '.join(keys)}"] if keys else []
    if SHARED in found:
        where.append("in the shared database (--shared-db)")
    if len(tenants) > len(found):
        where.append(f"for {len(tenants) - len(found)} other access keys or regions")
    return " and ".join(where)


def _asking(tenant: Tenant) -> str:
    return "--shared-db" if tenant == SHARED else _credentials(tenant)


def _credentials(tenant: Tenant) -> str:
    access_key, region = tenant
    return f"access key {printable(access_key)}, region {printable(region)}"
