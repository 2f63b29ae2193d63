"""The tallies: what the watchers of the rules count, for each subject.

A subject consists of a rule, a caller, a table and more. The tallies of several callers can be
added up.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from emulator.advisor.calls import Access, Call

MOST: Final = 5_000  # the maximum number of tallies in a process; each takes about 1 to 3 KB
_NAMES: Final = 40  # the maximum number of names that a tally counts
_ACCESS_KEYS: Final = 5  # the maximum number of access keys that a tally names
_LONGEST_NAME: Final = 100  # characters; longer names are cut

EVERYBODY: Final = "*"
"""The access key and region of a tally that is the sum of the tallies of several callers."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What a tally is about.

    index: "" for the table itself.
    operation: "" for a tally about a whole table or index.
    place: the line of the caller's code. It is "" if `operation` is "", or if the caller does not
    use the pytest plugin.
    detail: a text by which a rule tells its tallies apart, such as the name of an attribute.
    """

    rule: str
    access_key: str
    region: str
    table: str
    index: str
    operation: str
    place: str
    detail: str

    @property
    def of_everybody(self) -> "Subject":
        """A copy of this subject with EVERYBODY in place of access key and region."""
        return replace(self, access_key=EVERYBODY, region=EVERYBODY)


@dataclass(slots=True)
class Tally:
    """The counts of one subject.

    read, write: capacity units.
    exact: True if the units are known, False if they are estimated.
    figures: name -> sum. The rule chooses the names.
    peaks: name -> highest value. The rule chooses the names.
    names: how often each name, such as the name of an attribute, was seen.
    more: how often other names were seen after `names` was full.
    example: the request that was noted first.
    """

    subject: Subject
    count: int = 0
    read: float = 0.0
    write: float = 0.0
    exact: bool = True
    figures: Counter[str] = field(default_factory=Counter)
    peaks: dict[str, float] = field(default_factory=dict)
    names: Counter[str] = field(default_factory=Counter)
    more: int = 0
    example: str = ""
    access_keys: list[str] = field(default_factory=list)

    def count_names(self, names: Iterable[str], times: int = 1) -> None:
        """Count that each of these names was seen `times` times.

        After 40 different names, count further names in `more`.
        """
        for name in names:
            short = name[:_LONGEST_NAME]
            if short in self.names or len(self.names) < _NAMES:
                self.names[short] += times
            else:
                self.more += times

    def top(self, most: int = 3) -> str:
        """Return the most frequent names as a text, for a sentence. most: how many names."""
        return ", ".join(name for name, _ in self.names.most_common(most))

    def add(self, other: "Tally") -> None:
        """Add the counts of another tally."""
        self.count += other.count
        self.read += other.read
        self.write += other.write
        self.exact = self.exact and other.exact
        self.figures.update(other.figures)
        for name, value in other.peaks.items():
            self.peaks[name] = max(value, self.peaks.get(name, value))
        for name, times in other.names.items():
            self.count_names([name], times)
        self.more += other.more
        self.example = self.example or other.example
        for each in other.access_keys:
            self._name_caller(each)

    def _name_caller(self, access_key: str) -> None:
        if len(self.access_keys) < _ACCESS_KEYS and access_key not in self.access_keys:
            self.access_keys.append(access_key)

    def note(self, call: Call) -> None:
        """Note the access key of a call. The first call becomes the example."""
        self._name_caller(call.access_key)
        if not self.example:
            self.example = call.example


class Note:
    """The function with which the watcher of a rule counts a request, or a part of a request."""

    def __init__(self, tallies: "Tallies", rule: str) -> None:
        self._tallies = tallies
        self._rule = rule

    def __call__(
        self,
        call: Call,
        access: Access | None = None,
        *,
        table: str = "",
        index: str | None = None,
        operation: str | None = None,
        everywhere: bool = False,
        detail: str = "",
        costs: bool = True,
    ) -> Tally:
        """Count one more request or access in the tally of a subject, and return the tally.

        access: the read or write that is counted, None for the whole request.
        table, index, operation: values for the subject that replace the values from the request.
        everywhere: count all operations and places of a table or index in one tally.
        costs: whether to add the units of the access or request to the tally.
        """
        parts = call.accesses if access is None else [access]
        if not table and parts:
            table = parts[0].table
        if index is None:
            index = "" if access is None else access.index
        if operation is None:
            operation = "" if everywhere else call.operation
        place = "" if everywhere else call.place
        subject = Subject(self._rule, call.access_key, call.region, table, index, operation, place, detail)
        tally = self._tallies.of(subject)
        tally.count += 1
        for part in parts if costs else ():
            tally.read += part.read
            tally.write += part.write
            tally.exact = tally.exact and part.exact
        tally.note(call)
        return tally


class Tallies:
    """The tallies of all subjects. There are at most MOST."""

    def __init__(self) -> None:
        self._tallies: dict[Subject, Tally] = {}
        self.full = False
        """True if there was no room for the tally of a subject."""

    def of(self, subject: Subject) -> Tally:
        """Return the tally of a subject, a new tally if it has none.

        If there is no room for a new tally, it is returned but not kept.
        """
        tally = self._tallies.get(subject)
        if tally is None:
            if len(self._tallies) >= MOST:
                self._fold()
            tally = Tally(subject)
            if len(self._tallies) < MOST:
                self._tallies[subject] = tally
            else:
                self.full = True
        return tally

    def noting(self, rule: str) -> Note:
        """Return a new `Note`, which a rule's watcher calls to count. rule: the rule's name."""
        return Note(self, rule)

    def _fold(self) -> None:
        """Make room: replace the tallies that differ only in their caller by their sum."""
        self._tallies = {each.subject: each for each in added_up(self._tallies.values())}

    def __iter__(self) -> Iterator[Tally]:
        return iter(list(self._tallies.values()))


def added_up(tallies: Iterable[Tally]) -> list[Tally]:
    """Return one tally for each subject: the sum of the tallies of all callers."""
    found: dict[Subject, Tally] = {}
    for tally in tallies:
        subject = tally.subject.of_everybody
        found.setdefault(subject, Tally(subject)).add(tally)
    return list(found.values())
