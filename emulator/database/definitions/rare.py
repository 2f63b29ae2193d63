"""Loads parts of definitions that only a few tables and streams have.

The code of such a part is imported at its first use, which saves a millisecond of each start.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from emulator.database.definitions.insights import InsightsSetting
    from emulator.database.definitions.policies import AttachedPolicy
    from emulator.database.definitions.replicas import Membership


def load_policy(stored: Mapping[str, Any] | None) -> "AttachedPolicy | None":
    """Load the resource policy of a table or stream from its JSON, None if it never had one."""
    if stored is None:
        return None
    from emulator.database.definitions.policies import AttachedPolicy  # noqa: PLC0415 - start-up time

    return AttachedPolicy.load(stored)


def load_insights(stored: Mapping[str, Any] | None) -> "InsightsSetting | None":
    """Load the setting of Contributor Insights from its JSON, None if there never was one."""
    if stored is None:
        return None
    from emulator.database.definitions.insights import InsightsSetting  # noqa: PLC0415 - start-up time

    return InsightsSetting.load(stored)


def load_membership(stored: Mapping[str, Any] | None) -> "Membership | None":
    """Return the membership in a global table in the JSON of a table, or None."""
    if stored is None:
        return None
    from emulator.database.definitions.replicas import Membership  # noqa: PLC0415 - start-up time

    return Membership.load(stored)
