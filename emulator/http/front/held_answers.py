"""Keeps the answers of one connection that wait for a commit (commits.py), and their requests."""

from emulator.http.front.commits import reads
from emulator.http.front.requests import Request
from storage import Full, Interrupted, StorageError

# Once a connection holds answers of more than _MOST bytes, its further requests wait.
_MOST: float = 4 << 20

Held = tuple[bytes, Request | None]
"""Data to send, and the request that the data answers.

The request is None if it must not run again, or if the data is not an answer. When the other
requests run again, such data is sent unchanged.
"""


class HeldAnswers:
    """The answers that wait for a commit, in order.

    attempts: the number of times that requests have run again since the last successful commit.
    """

    __slots__ = ("_answers", "_bytes", "attempts")

    def __init__(self) -> None:
        self._answers: list[Held] = []
        self._bytes = 0
        self.attempts = 0

    def __len__(self) -> int:
        return len(self._answers)

    @property
    def large(self) -> bool:
        """True if the held answers take so much memory that further requests must wait."""
        return self._bytes > _MOST

    def add(self, data: bytes, request: Request | None) -> None:
        """Add an answer, or other data that must be sent after the held answers.

        request: the answered request; None if `data` is not an answer, or if the request must not
        run again.
        """
        self._answers.append((data, request))
        self._bytes += len(data)

    def take(self) -> list[Held]:
        """Remove all held answers, and return them."""
        answers, self._answers = self._answers, []
        self._bytes = 0
        return answers


def run_again(failure: StorageError | None, held: list[Held]) -> bool:
    """Return True if the held requests must run again after their commit failed.

    failure: the error of the commit, or None if the commit succeeded.

    After Full (the disk has no room), the requests run again only if all of them are reads, because
    a read can succeed without room. A read is held if a write is pending, or if the read has
    settled a status. That change of status is lost, but a later request can settle the status.
    """
    if isinstance(failure, Full):
        return all(request is None or reads(request.fields) for _, request in held)
    return isinstance(failure, Interrupted)
