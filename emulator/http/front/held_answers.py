"""The answers of one connection that wait for a commit (commits.py), and their requests."""

from emulator.http.front.commits import reads
from emulator.http.front.requests import Request
from storage import Full, Interrupted, StorageError

_MOST: float = 4 << 20  # bytes; with more, further requests wait too

Held = tuple[bytes, Request | None]
"""What is to be written, and the request that it answers.

None: the data answers no request, and is sent unchanged.
"""


class HeldAnswers:
    """Holds answers in order. attempts: how often in a row their requests have run again."""

    __slots__ = ("_bytes", "_entries", "attempts")

    def __init__(self) -> None:
        self._entries: list[Held] = []
        self._bytes = 0
        self.attempts = 0

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def large(self) -> bool:
        """Whether they take so much memory that further requests must wait."""
        return self._bytes > _MOST

    def hold(self, data: bytes, request: Request | None) -> None:
        """Hold one more answer."""
        self._entries.append((data, request))
        self._bytes += len(data)

    def take(self) -> list[Held]:
        """Return all answers, and hold none."""
        entries, self._entries = self._entries, []
        self._bytes = 0
        return entries


def run_again(failure: StorageError | None, held: list[Held]) -> bool:
    """Say whether the held requests run again after their commit failed.

    After Full they do so only if none of them writes. Such requests were held because others had
    written, or because a status was to be stored, which can wait until there is room.
    """
    if isinstance(failure, Full):
        return all(request is None or reads(request.fields) for _, request in held)
    return isinstance(failure, Interrupted)
