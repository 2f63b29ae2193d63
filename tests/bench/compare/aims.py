"""Reads the aims (`aims.toml`), and decides whether the measurements meet them."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench.compare.runs import Runs

FILE = Path(__file__).with_name("aims.toml")
BEST_PEER = "peers"
STACK = "stack"
VERDICTS = {True: "met", False: "not met", None: "not measured"}


@dataclass(frozen=True, slots=True)
class Aim:
    """A bound for a ratio: `field` of `target` at `workload`, divided by `field` of `of`.

    `of` is the label of a target, or "peers" for the best peer. `bound` is the least ratio if
    `at_least` is true, otherwise the greatest.
    """

    title: str
    target: str
    workload: str
    field: str
    of: str
    of_workload: str
    bound: float
    at_least: bool

    @property
    def criterion(self) -> str:
        """The bound as a text, such as `at least 1.3`."""
        if self.at_least:
            return f"at least {self.bound:.3g}"
        return f"at most {self.bound:.3g}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """An aim and the ratio that was measured. `reference` is the label of the other target.

    `ratio` is None if a figure is missing. `failed`: whether the aim's target failed at the
    workload.
    """

    aim: Aim
    reference: str | None
    ratio: float | None
    failed: bool

    @property
    def met(self) -> bool | None:
        """True if the aim is met, False if it is not, and None if a figure is missing."""
        if self.failed:
            return False
        if self.ratio is None:
            return None
        return self.ratio >= self.aim.bound if self.aim.at_least else self.ratio <= self.aim.bound

    @property
    def verdict(self) -> str:
        """`met`, `not met` or `not measured`."""
        return VERDICTS[self.met]


def read_aims(file: Path = FILE) -> list[Aim]:
    """Return the aims of a file, one for each workload, target and criterion."""
    return [aim for entry in tomllib.loads(file.read_text())["aim"] for aim in _expanded(entry)]


def _expanded(entry: dict[str, Any]) -> Iterator[Aim]:
    for workload in entry["workloads"]:
        for target in entry["targets"]:
            yield from _of_one(entry, workload, target)


def _of_one(entry: dict[str, Any], workload: str, target: str) -> Iterator[Aim]:
    def aim(of: str, bound: float, field: str = "rps", of_workload: str = workload, *, at_least: bool = True) -> Aim:
        return Aim(entry["title"], target, workload, field, of, of_workload, bound, at_least)

    if "peers" in entry:
        yield aim(BEST_PEER, entry["peers"])
        if entry.get("p99", True):
            yield aim(BEST_PEER, 1.0, "p99_ms", at_least=False)
    if "stack" in entry:
        yield aim(STACK, entry["stack"])
    if "at_least" in entry or "at_most" in entry:
        at_least = "at_least" in entry
        yield aim(
            entry.get("of", target),
            entry["at_least" if at_least else "at_most"],
            entry.get("field", "rps"),
            entry.get("of_workload", workload),
            at_least=at_least,
        )


def outcome(aim: Aim, runs: Runs) -> Outcome:
    """Compute the outcome of an aim from the measurements."""
    reference = runs.best_peer(aim.of_workload, aim.field) if aim.of == BEST_PEER else aim.of
    failed = runs.failed(aim.target, aim.workload)
    if reference is None or failed:
        return Outcome(aim, reference, None, failed)
    ratio = runs.ratio((aim.target, aim.workload), (reference, aim.of_workload), aim.field)
    return Outcome(aim, reference, ratio, failed)


def outcomes(runs: Runs, file: Path = FILE) -> list[Outcome]:
    """Return the outcome of every aim, in the order of the file."""
    return [outcome(aim, runs) for aim in read_aims(file)]
