"""Tenants: the owners of tables, streams and other resources.

A *tenant* is an access key and a region, like a separate account on AWS. With `--shared-db`, all
callers are one tenant.
"""

from typing import Final

Tenant = tuple[str, str]
"""Access key and region."""

SHARED: Final[Tenant] = ("", "")
"""The tenant of all callers with `--shared-db`."""
