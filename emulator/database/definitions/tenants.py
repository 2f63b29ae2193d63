"""The owners of tables and streams.

A *tenant* is an access key and a region, like a separate account on AWS. With `--shared-db` there
is one tenant for all callers.
"""

from typing import Final

Tenant = tuple[str, str]
"""Access key and region."""

SHARED: Final[Tenant] = ("", "")
"""With --shared-db, the one tenant that all callers share."""
