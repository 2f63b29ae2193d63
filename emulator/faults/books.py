"""The book of a server: the texts of its rules, and how many requests each has matched and hit.

A process that is alone keeps the book in its own memory. Several processes share one book, in
memory that they map (emulator/shared_memory.py). A lock lets only one of them count at a time. So
each request that matches a rule gets a number of its own, in one order.

A rule has a *slot*, the place of its two counts. A new rule gets a free slot, with counts of zero.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple, Protocol

import orjson

from emulator.shared_memory import FAULT_SLOTS, SharedMemory


class BookFull(Exception):
    """There are too many rules, or they are too long. The text says which."""


class BookedRule(NamedTuple):
    """A rule in the book: its number, its slot and its JSON."""

    number: int
    slot: int
    body: dict[str, Any]


class Counts(NamedTuple):
    """How many requests a rule has matched, and how many of them it has hit."""

    matched: int
    hits: int


class Memory(Protocol):
    """The memory that has a book."""

    @property
    def version(self) -> int:
        """A number that changes with each `write`."""

    def read(self) -> bytes:
        """Return the text of the rules, b"" if there was never a rule."""

    def write(self, text: bytes) -> None:
        """Replace the text. Raises BookFull."""

    def counts(self, slot: int) -> Counts:
        """Return the counts in a slot."""

    def set_counts(self, slot: int, counts: Counts) -> None:
        """Replace the counts in a slot."""

    def count(self, slot: int, decide: Callable[[int], bool]) -> tuple[int, bool]:
        """Count a match. Return its number, and whether it is a hit, as `decide` says."""


class OwnMemory:
    """The memory of a process that is alone."""

    def __init__(self) -> None:
        self.version = 0
        self._text = b""
        self._counts: dict[int, Counts] = {}

    def read(self) -> bytes:
        """Return the text of the rules."""
        return self._text

    def write(self, text: bytes) -> None:
        """Replace the text."""
        self._text = text
        self.version += 1

    def counts(self, slot: int) -> Counts:
        """Return the counts in a slot."""
        return self._counts.get(slot, Counts(0, 0))

    def set_counts(self, slot: int, counts: Counts) -> None:
        """Replace the counts in a slot."""
        self._counts[slot] = counts

    def count(self, slot: int, decide: Callable[[int], bool]) -> tuple[int, bool]:
        """Count a match."""
        matched, hits = self.counts(slot)
        hit = decide(matched + 1)
        self._counts[slot] = Counts(matched + 1, hits + hit)
        return matched + 1, hit


class CommonMemory:
    """The memory that the processes of a server share."""

    def __init__(self, sharing: SharedMemory) -> None:
        self._sharing = sharing

    @property
    def version(self) -> int:
        """A number that changes with each `write` of any process."""
        return self._sharing.faults_version

    def read(self) -> bytes:
        """Return the text of the rules."""
        with self._sharing.locked():
            return self._sharing.faults

    def write(self, text: bytes) -> None:
        """Replace the text. Raises BookFull."""
        with self._sharing.locked():
            try:
                self._sharing.faults = text
            except ValueError as error:
                raise BookFull(f"the rules are too long together: {error}") from None

    def counts(self, slot: int) -> Counts:
        """Return the counts in a slot."""
        cells = self._sharing.fault_counts
        return Counts(cells[2 * slot], cells[2 * slot + 1])

    def set_counts(self, slot: int, counts: Counts) -> None:
        """Replace the counts in a slot."""
        self._sharing.fault_counts[2 * slot], self._sharing.fault_counts[2 * slot + 1] = counts

    def count(self, slot: int, decide: Callable[[int], bool]) -> tuple[int, bool]:
        """Count a match."""
        cells = self._sharing.fault_counts
        with self._sharing.locked():
            number = cells[2 * slot] + 1
            hit = decide(number)
            cells[2 * slot] = number
            cells[2 * slot + 1] += hit
        return number, hit


_EMPTY: Final = {"Last": 0, "Rules": []}


class Book:
    """The rules of a server."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self.counts = memory.counts
        self.count = memory.count

    @property
    def version(self) -> int:
        """A number that changes with each change of the rules."""
        return self._memory.version

    @property
    def used(self) -> bool:
        """Whether there was ever a rule."""
        return bool(self._memory.read())

    def rules(self) -> list[BookedRule]:
        """Return the rules, in the order of their creation."""
        return [BookedRule(*each) for each in self._content()["Rules"]]

    def add(self, body: dict[str, Any]) -> BookedRule:
        """Add a rule. Raises BookFull."""
        content = self._content()
        taken = {slot for _, slot, _ in content["Rules"]}
        slot = next((each for each in range(FAULT_SLOTS) if each not in taken), None)
        if slot is None:
            raise BookFull(f"there are already {FAULT_SLOTS} rules: remove some")
        added = BookedRule(content["Last"] + 1, slot, body)
        self._memory.set_counts(slot, Counts(0, 0))
        self._save(added.number, [*content["Rules"], added])
        return added

    def keep(self, numbers: Sequence[int]) -> int:
        """Remove all rules but those with these numbers; return how many were removed."""
        content = self._content()
        kept = [each for each in content["Rules"] if each[0] in numbers]
        self._save(content["Last"], kept)
        return len(content["Rules"]) - len(kept)

    def _content(self) -> dict[str, Any]:
        content: dict[str, Any] = orjson.loads(self._memory.read() or orjson.dumps(_EMPTY))
        return content

    def _save(self, last: int, rules: Sequence[Any]) -> None:
        self._memory.write(orjson.dumps({"Last": last, "Rules": [tuple(each) for each in rules]}))
