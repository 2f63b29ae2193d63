"""What a rule of the advisor is.

A rule is a module in `rules/` with the constant RULE. Its docstring is the explanation for users:
what the rule finds, why that costs, and what to do instead.

A rule has two parts. Its watcher sees each call in the order of time, and notes what it finds. A
judge looks at the tally of each subject when somebody wants the findings, and decides whether there
is one. So thresholds are in the judge, and the counts of many calls can be added up before it.
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, Protocol

from emulator.advisor.calls import Call
from emulator.advisor.tally import Note, Tally

_STATEMENTS: Final = ("ExecuteStatement", "BatchExecuteStatement", "ExecuteTransaction")


class Confidence(IntEnum):
    """How sure a finding is. The names are those of reports."""

    possible = 1  # it depends on facts that requests do not show
    likely = 2  # the requests fit the mistake, and few good programs send such requests
    certain = 3  # the requests themselves prove it


class Watcher(Protocol):
    """Sees all calls, and notes what its rule is about."""

    def see(self, call: Call) -> None:
        """Look at a call."""
        ...


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a judge says about a tally.

    evidence: sentences with the figures. advice: what to do instead.
    count: how often the mistake was made, None for the tally's count.
    saved_read, saved_write: units that the advice would have saved.
    """

    confidence: Confidence
    evidence: Sequence[str]
    advice: str
    count: int | None = None
    saved_read: float = 0.0
    saved_write: float = 0.0


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule. title: one line about its findings. link: AWS's documentation.

    watcher: makes a watcher, which counts with the given `Note`.
    """

    name: str
    title: str
    link: str
    watcher: Callable[[Note], Watcher]
    judge: Callable[[Tally], Verdict | None]

    @property
    def explanation(self) -> str:
        """The docstring of the rule's module."""
        return (sys.modules[self.judge.__module__].__doc__ or "").strip()


class Noting:
    """A watcher that counts with a note."""

    def __init__(self, note: Note) -> None:
        self.note = note


def counted(number: float, one: str, many: str | None = None) -> str:
    """Return a number with its noun, for a sentence: `1 Scan`, `1,200 items`."""
    whole = round(number)
    return f"{whole:,} {one if whole == 1 else many or one + 's'}"


def units(number: float) -> str:
    """Return a number of capacity units for a sentence."""
    return f"{number:,.1f}".removesuffix(".0") + (" unit" if number == 1 else " units")


def cost(number: float, tally: Tally) -> str:
    """Return units of a tally for a sentence, with the word `about` if they are estimates."""
    return units(number) if tally.exact else f"about {units(number)}"


def by_statement(tally: Tally, then: str, otherwise: str) -> str:
    """Return `then` if the requests of a tally are statements of PartiQL, else `otherwise`."""
    return then if tally.subject.operation in _STATEMENTS else otherwise
