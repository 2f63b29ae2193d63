"""Defines what a rule of the advisor consists of.

A rule is a module in `rules/` with the constant RULE. Its docstring is the explanation for users:
what the rule finds, why that costs, and what to do instead.

A rule has two parts. Its watcher sees each call in the order of time. It counts each case in the
tally of the case's subject. When a user asks for findings, the rule's judge decides for each tally
whether it is a finding. Only the judge has thresholds. So the advisor can first add up the tallies
of several processes and callers, and then judge the sums.
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
    """How sure the advisor is of a finding. Reports show the names of the members."""

    possible = 1  # whether it is a mistake depends on facts that the requests do not show
    likely = 2  # the requests look like the mistake, and few good programs send such requests
    certain = 3  # the requests themselves prove the mistake


class Watcher(Protocol):
    """The part of a rule that sees all calls and counts the cases that its rule is about."""

    def see(self, call: Call) -> None:
        """Count the cases in a call."""
        ...


@dataclass(frozen=True, slots=True)
class Verdict:
    """A judge's decision that a tally is a finding.

    evidence: sentences with the figures.
    advice: what to do instead.
    count: how often the mistake was made; None to report the count of the tally.
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
    """A kind of mistake that the advisor finds.

    title: one line about its findings. link: a page of AWS's documentation.
    watcher: a function that makes the rule's watcher. Its argument is the `Note` that the watcher
    calls to count a case.
    judge: a function that returns a verdict on a tally, None if the tally is not a finding.
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
    """Base class of watchers of rules. note: the function with which a watcher counts a case."""

    def __init__(self, note: Note) -> None:
        self.note = note


def counted(number: float, one: str, many: str | None = None) -> str:
    """Return a number with its noun, for a sentence: `1 Scan`, `1,200 items`."""
    whole = round(number)
    return f"{whole:,} {one if whole == 1 else many or one + 's'}"


def units(number: float) -> str:
    """Return a number of capacity units, for a sentence: `1 unit`, `1,200.5 units`."""
    return f"{number:,.1f}".removesuffix(".0") + (" unit" if number == 1 else " units")


def cost(number: float, tally: Tally) -> str:
    """Return a number of units for a sentence: `about 5 units` if the tally has estimates."""
    return units(number) if tally.exact else f"about {units(number)}"


def by_statement(tally: Tally, then: str, otherwise: str) -> str:
    """Return `then` if the requests of a tally are statements of PartiQL, else `otherwise`."""
    return then if tally.subject.operation in _STATEMENTS else otherwise
