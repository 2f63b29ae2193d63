"""Loads parts of definitions that only a few tables and streams have.

The module with the class of such a part is imported at first use. This saves a millisecond of each
start.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from emulator.database.definitions.insights import InsightsSetting
    from emulator.database.definitions.policies import AttachedPolicy
    from emulator.database.definitions.replicas import Membership


def load_policy(stored: Mapping[str, Any] | None) -> "AttachedPolicy | None":
    """Load a resource policy from JSON. None means that the table or stream never had a policy."""
    if stored is None:
        return None
    from emulator.database.definitions.policies import AttachedPolicy  # noqa: PLC0415 - start-up time

    return AttachedPolicy.load(stored)


def load_insights(stored: Mapping[str, Any] | None) -> "InsightsSetting | None":
    """Load a setting of Contributor Insights from JSON. None means that it was never configured."""
    if stored is None:
        return None
    from emulator.database.definitions.insights import InsightsSetting  # noqa: PLC0415 - start-up time

    return InsightsSetting.load(stored)


def load_membership(stored: Mapping[str, Any] | None) -> "Membership | None":
    """Load a membership from JSON. None means that the table is not in a global table."""
    if stored is None:
        return None
    from emulator.database.definitions.replicas import Membership  # noqa: PLC0415 - start-up time

    return Membership.load(stored)
