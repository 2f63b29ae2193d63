"""The setting of Contributor Insights of a table or global index (control-plane 12).

| the status that clients see | the stored setting                           |
|-----------------------------|----------------------------------------------|
| none: never configured      | None                                         |
| ENABLING, then ENABLED      | `enabled`; the status changes at `until`     |
| ENABLING, then FAILED       | `enabled` and `failed`                       |
| DISABLING, then DISABLED    | not `enabled`; the status changes at `until` |
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from emulator.database.store.loading import from_fields

ALL_KEYS: Final = "ACCESSED_AND_THROTTLED_KEYS"
THROTTLED_KEYS: Final = "THROTTLED_KEYS"

MILLISECONDS: Final = 1000

_KINDS: Final = {ALL_KEYS: "CT", THROTTLED_KEYS: "T"}
"""For each mode, the letters that CloudWatch's rules have in their names.

C: a rule of accessed keys. T: a rule of throttled keys.
"""


@dataclass(frozen=True, slots=True)
class InsightsSetting:
    """The setting of Contributor Insights of a table or index.

    mode: ALL_KEYS or THROTTLED_KEYS.
    changed: the time (seconds) at which the setting last changed.
    until: the time (seconds) at which ENABLING or DISABLING ends.
    failed: True if enabling fails, because the account would have too many CloudWatch rules.
    """

    enabled: bool
    mode: str
    changed: float
    until: float
    failed: bool = False

    @classmethod
    def load(cls, stored: Mapping[str, Any]) -> Self:
        """Load the setting from its JSON in the definition of a table or index."""
        return from_fields(cls, stored)

    @property
    def counts(self) -> bool:
        """True if the emulator counts how often each key is accessed or throttled."""
        return self.enabled and not self.failed

    def status(self, *, settled: bool) -> str:
        """Return the status of Contributor Insights that clients see.

        settled: True if the time `until`, at which ENABLING or DISABLING ends, has passed.
        """
        if not settled:
            return "ENABLING" if self.enabled else "DISABLING"
        if self.failed:
            return "FAILED"
        return "ENABLED" if self.enabled else "DISABLED"

    def rules(self, table: str, index: str | None, *, sort_key: bool) -> Iterator[str]:
        """Yield the names of the CloudWatch rules of the setting.

        The rules exist only while the property `counts` is True.

        index: the name of the index, None for the table.
        sort_key: True if the table or index has a sort key.
        """
        name = table if index is None else f"{table}-{index}"
        for keys in ("PK", "SK") if sort_key else ("PK",):
            for kind in _KINDS[self.mode]:
                yield f"DynamoDBContributorInsights-{keys}{kind}-{name}-{int(self.changed * MILLISECONDS)}"
