"""The store of a server's fault rules, with the numbers of requests that each rule matched and hit.

If a server has one process, the rules are in the memory of this process. Several processes share
one rule store, in a shared memory area (emulator/shared_memory.py). A lock lets only one process
count at a time. So the requests that match a rule are numbered 1, 2, 3 and so on, across all
processes.

A *slot* is the number of the place where the store keeps the two counts of a rule. A new rule gets
a free slot, with counts of zero.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple, Protocol

import orjson

from emulator.shared_memory import FAULT_SLOTS, SharedMemory


class RuleStoreFull(Exception):
    """The rule store has no room for another rule. The message says why."""


class StoredRule(NamedTuple):
    """A rule in the rule store: its number, its slot (the place of its counts) and its JSON."""

    number: int
    slot: int
    body: dict[str, Any]


class Counts(NamedTuple):
    """The number of requests that a rule has matched, and the number of those that it has hit."""

    matched: int
    hits: int


class Memory(Protocol):
    """The memory of a rule store: the JSON text of all rules, and the two counts of each rule.

    In all methods, `slot` is the number of the place that holds the counts of one rule.
    """

    @property
    def version(self) -> int:
        """A number that changes with each call of `write`."""

    def read(self) -> bytes:
        """Return the JSON text of all rules, b"" if there was never a rule."""

    def write(self, text: bytes) -> None:
        """Replace the JSON text of all rules. Raises RuleStoreFull if there is no room for it."""

    def counts(self, slot: int) -> Counts:
        """Return the counts of the rule that has this slot."""

    def set_counts(self, slot: int, counts: Counts) -> None:
        """Replace the counts of the rule that has this slot."""

    def count(self, slot: int, decide: Callable[[int], bool]) -> tuple[int, bool]:
        """Count a request that matches the rule with this slot.

        Return a pair: the number of the match, from 1 on, and True if the match is a hit.
        decide: a function that gets this number, and returns True for a hit.
        """


class OwnMemory:
    """Memory for the rule store of a server with one process."""

    def __init__(self) -> None:
        self.version = 0
        self._text = b""
        self._counts: dict[int, Counts] = {}

    def read(self) -> bytes:
        """Return the JSON text of all rules."""
        return self._text

    def write(self, text: bytes) -> None:
        """Replace the JSON text of all rules."""
        self._text = text
        self.version += 1

    def counts(self, slot: int) -> Counts:
        """Return the counts of the rule that has this slot."""
        return self._counts.get(slot, Counts(0, 0))

    def set_counts(self, slot: int, counts: Counts) -> None:
        """Replace the counts of the rule that has this slot."""
        self._counts[slot] = counts

    def count(self, slot: int, decide: Callable[[int], bool]) -> tuple[int, bool]:
        """Count a request that matches the rule with this slot. See `Memory.count`."""
        matched, hits = self.counts(slot)
        hit = decide(matched + 1)
        self._counts[slot] = Counts(matched + 1, hits + hit)
        return matched + 1, hit


class CommonMemory:
    """Memory for the rule store of a server with several processes, which share it."""

    def __init__(self, sharing: SharedMemory) -> None:
        self._sharing = sharing

    @property
    def version(self) -> int:
        """A number that changes when any process calls `write`."""
        return self._sharing.faults_version

    def read(self) -> bytes:
        """Return the JSON text of all rules."""
        with self._sharing.locked():
            return self._sharing.faults

    def write(self, text: bytes) -> None:
        """Replace the JSON text of all rules. Raises RuleStoreFull if there is no room for it."""
        with self._sharing.locked():
            try:
                self._sharing.faults = text
            except ValueError as error:
                raise RuleStoreFull(f"the JSON of all rules together is too long: {error}") from None

    def counts(self, slot: int) -> Counts:
        """Return the counts of the rule that has this slot."""
        cells = self._sharing.fault_counts
        return Counts(cells[2 * slot], cells[2 * slot + 1])

    def set_counts(self, slot: int, counts: Counts) -> None:
        """Replace the counts of the rule that has this slot."""
        self._sharing.fault_counts[2 * slot], self._sharing.fault_counts[2 * slot + 1] = counts

    def count(self, slot: int, decide: Callable[[int], bool]) -> tuple[int, bool]:
        """Count a request that matches the rule with this slot. See `Memory.count`."""
        cells = self._sharing.fault_counts
        with self._sharing.locked():
            number = cells[2 * slot] + 1
            hit = decide(number)
            cells[2 * slot] = number
            cells[2 * slot + 1] += hit
        return number, hit


_EMPTY: Final = {"Last": 0, "Rules": []}


class RuleStore:
    """All fault rules of a server, with their counts."""

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
        """True if there was ever a rule, even if it was removed."""
        return bool(self._memory.read())

    def rules(self) -> list[StoredRule]:
        """Return the rules, in the order of their creation."""
        return [StoredRule(*each) for each in self._content()["Rules"]]

    def add(self, body: dict[str, Any]) -> StoredRule:
        """Add a rule with counts of zero, and return it.

        Raises RuleStoreFull if there is no room for another rule.

        body: the JSON of the rule.
        """
        content = self._content()
        taken = {slot for _, slot, _ in content["Rules"]}
        slot = next((each for each in range(FAULT_SLOTS) if each not in taken), None)
        if slot is None:
            raise RuleStoreFull(f"there are already {FAULT_SLOTS} rules, which is the maximum: remove some")
        added = StoredRule(content["Last"] + 1, slot, body)
        self._memory.set_counts(slot, Counts(0, 0))
        self._save(added.number, [*content["Rules"], added])
        return added

    def keep(self, numbers: Sequence[int]) -> int:
        """Remove all rules but those with the given numbers. Return the number of removed rules."""
        content = self._content()
        kept = [each for each in content["Rules"] if each[0] in numbers]
        self._save(content["Last"], kept)
        return len(content["Rules"]) - len(kept)

    def _content(self) -> dict[str, Any]:
        content: dict[str, Any] = orjson.loads(self._memory.read() or orjson.dumps(_EMPTY))
        return content

    def _save(self, last: int, rules: Sequence[Any]) -> None:
        self._memory.write(orjson.dumps({"Last": last, "Rules": [tuple(each) for each in rules]}))
