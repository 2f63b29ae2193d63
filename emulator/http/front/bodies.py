"""Bounds the memory that the incomplete bodies of requests take together.

A body may have 16 MB, and a server may have thousands of connections: 60 incomplete bodies took 765
MB. Above the bound, the server stops reading from connections until other bodies are complete. No
request fails: the client's writes wait in the kernel, as with any busy server. The request that
began first is always read. So one request can always be completed, however low the bound is.

A request whose body arrives in one piece is answered at once. Its body is not counted here.
"""

from typing import Final, Protocol

_LARGE: Final = 1 << 20  # bytes; when so much memory is freed, the C library keeps a part of it


class Reader(Protocol):
    """What reads a request's body from a client."""

    def pause(self) -> None:
        """Stop reading."""
        ...

    def resume(self) -> None:
        """Read again."""
        ...


class Bodies:
    """The incomplete bodies of one process. most: the bound, in bytes.

    total: how many bytes these bodies have now. large: whether something took so much memory that
    the C library may keep a part of that memory (memory.py). It may be incomplete bodies, an
    inflated body, or an answer that a client did not read at once.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._sizes: dict[Reader, int] = {}  # in the order in which the requests began
        self._paused: set[Reader] = set()
        self.total = 0
        self.large = False

    def hold(self, reader: Reader, size: int) -> None:
        """Record how many bytes of a reader's body are in memory now.

        Pause the reader if all bodies together exceed the bound. The reader whose request began
        first is never paused.
        """
        self.total += size - self._sizes.get(reader, 0)
        self._sizes[reader] = size
        self.note(self.total)
        if self.total > self._most and reader is not next(iter(self._sizes)):
            self._paused.add(reader)
            reader.pause()

    def note(self, size: int) -> None:
        """Record that so many bytes were in memory, if only for a moment."""
        if size >= _LARGE:
            self.large = True

    def release(self, reader: Reader) -> None:
        """Forget a reader's body: it is complete, refused, or its connection is gone.

        Resume paused readers, as far as the bound allows.
        """
        self.total -= self._sizes.pop(reader, 0)
        self._paused.discard(reader)
        if not self._paused:
            return
        for position, other in enumerate(list(self._sizes)):
            if position and self.total > self._most:
                break
            if other in self._paused:
                self._paused.remove(other)
                other.resume()
