"""The stored resource policy of a table or stream (control-plane 11).

The store keeps a deleted policy without its text, because a repeated DeleteResourcePolicy returns
the revision of the deletion.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from emulator.database.store.loading import from_fields

MILLISECONDS: Final = 1000


@dataclass(frozen=True, slots=True)
class AttachedPolicy:
    """A resource policy after its last change, which may be a deletion.

    text: the canonical text (policies/canonical.py), None if the policy was deleted.
    revision: the time of the change in milliseconds since the epoch, or a greater number: each
    change has a higher revision than the one before, even if the clock is frozen or was set back.
    until: the time (seconds) until which GetResourcePolicy shows the previous policy.
    before_text, before_revision: text and revision of the previous policy.
    """

    text: str | None
    revision: int
    until: float = 0.0
    before_text: str | None = None
    before_revision: int = 0

    @classmethod
    def load(cls, stored: Mapping[str, Any]) -> Self:
        """Load the policy from its JSON in the definition of a table or stream."""
        return from_fields(cls, stored)


def changed(current: AttachedPolicy | None, text: str | None, now: float, until: float) -> AttachedPolicy:
    """Return the policy after a change at the time `now`.

    current: the policy before the change, None if the table or stream never had a policy.
    text: the new text, None for a deletion.
    until: the time until which GetResourcePolicy shows the policy before the change.
    """
    revision = int(now * MILLISECONDS)
    if current is None:
        return AttachedPolicy(text, revision, until)
    return AttachedPolicy(text, max(revision, current.revision + 1), until, current.text, current.revision)
