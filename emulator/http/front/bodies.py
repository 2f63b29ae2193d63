"""Bounds the memory that all incomplete request bodies take together.

A body may have 16 MB, and a server may have thousands of connections. Without a bound, 60
incomplete bodies took 765 MB. Above the bound, the server stops reading from connections until
other bodies are complete. No request fails: the data of clients wait in the kernel. The server
never stops reading the request that began first, so this request can always complete, even with a
low bound.

A request whose body arrives in one piece is answered immediately, so its body is not counted here.
"""

from typing import Final, Protocol

# Bytes. `Bodies.large` becomes True when bodies or answers have taken at least this much memory,
# because the C library may keep a part of such memory after it is freed.
_LARGE: Final = 1 << 20


class Reader(Protocol):
    """An object that reads a request's body from a client."""

    def pause(self) -> None:
        """Stop reading."""
        ...

    def resume(self) -> None:
        """Start reading again."""
        ...


class Bodies:
    """The incomplete bodies of one process. most: the bound, in bytes.

    total: the number of bytes that these bodies have now.
    large: True if bodies, or answers that a client has not read, have taken at least 1 MB. The C
    library may keep a part of such memory after it is freed. memory.py returns this part to the
    operating system, and sets `large` to False.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._sizes: dict[Reader, int] = {}  # number of bytes by reader, in the order in which the requests began
        self._paused: set[Reader] = set()
        self.total = 0
        self.large = False

    def record(self, reader: Reader, size: int) -> None:
        """Record the number of bytes of a request's body that are in memory now.

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
        """Record that a body or answer of `size` bytes was in memory. It may be freed by now."""
        if size >= _LARGE:
            self.large = True

    def release(self, reader: Reader) -> None:
        """Stop counting a body, because it is complete or refused, or its connection is closed.

        Then resume paused readers, as far as the bound allows.
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
