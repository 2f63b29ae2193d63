"""Reads the lines of a comparison, and computes medians over the rounds and ratios inside rounds.

A line has a label, a workload and a round, and either figures or an `error`. A line with an answer
other than 200 is a failure too. The report lists failures and does not count them.
"""

import json
import statistics
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from tests.bench.compare.targets import OURS, PEER

Line = dict[str, Any]


def read_lines(files: Iterable[Path]) -> "Runs":
    """Return the measurements in files of JSON lines, of which the first describes the machine."""
    return Runs([json.loads(line) for file in files for line in file.read_text().splitlines()])


class Runs:
    """The measurements of a comparison."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self.machine: Line = {}
        self.targets: dict[str, Line] = {}
        self.workloads: list[str] = []
        self.failures: list[Line] = []
        self._good: dict[tuple[str, str], list[Line]] = {}
        for line in lines:
            if "machine" in line:
                self.machine |= line["machine"]
                self.targets |= line["targets"]
            else:
                self._add(line)

    def _add(self, line: Line) -> None:
        name = workload_of(line)
        if name not in self.workloads:
            self.workloads.append(name)
        if line.get("errors"):
            line = {**line, "error": f"{line['errors']} bad answers of {line['requests']}"}
        if "error" in line:
            self.failures.append({**line, "workload": name})
        else:
            self._good.setdefault((line["label"], name), []).append(line)

    def labels(self, *kinds: str) -> list[str]:
        """Return the labels of all targets, or of the targets of some kinds."""
        return [label for label, facts in self.targets.items() if not kinds or facts["kind"] in kinds]

    @property
    def ours(self) -> list[str]:
        """The labels of our own servers."""
        return self.labels(OURS)

    @property
    def peers(self) -> list[str]:
        """The labels of the peers."""
        return self.labels(PEER)

    def title(self, label: str) -> str:
        """Return the title of a target, which reports show instead of its label."""
        return str(self.targets.get(label, {}).get("title", label))

    def values(self, label: str, workload: str, field: str = "rps") -> dict[int, float]:
        """Return a figure of each round, by the round's number."""
        lines = self._good.get((label, workload), [])
        return {line.get("round", 0): line[field] for line in lines if line.get(field) is not None}

    def median(self, label: str, workload: str, field: str = "rps") -> float | None:
        """Return the median of a figure over the rounds."""
        values = self.values(label, workload, field)
        return statistics.median(values.values()) if values else None

    def spread(self, label: str, workload: str) -> float | None:
        """Return the spread of the rounds: (highest - lowest) / median."""
        values = list(self.values(label, workload).values())
        return (max(values) - min(values)) / statistics.median(values) if values else None

    def ratio(self, one: tuple[str, str], other: tuple[str, str], field: str = "rps", below: str = "") -> float | None:
        """Return the median, over the rounds, of one figure divided by another.

        `one` and `other` are pairs of label and workload. `below` is the field of the divisor, if
        it is not `field`. The result is None if no round has both figures.
        """
        divisors = self.values(*other, below or field)
        ratios = [
            value / divisors[number] for number, value in self.values(*one, field).items() if divisors.get(number)
        ]
        return statistics.median(ratios) if ratios else None

    def best_peer(self, workload: str, field: str = "rps") -> str | None:
        """Return the label of the peer with the highest rate or, for other fields, lowest value."""
        medians = {label: self.median(label, workload, field) for label in self.peers}
        found = {label: median for label, median in medians.items() if median is not None}
        if not found:
            return None
        return max(found, key=found.__getitem__) if field == "rps" else min(found, key=found.__getitem__)

    def failed(self, label: str, workload: str) -> bool:
        """Return whether a target failed at a workload, in any round."""
        return any((line["label"], line["workload"]) == (label, workload) for line in self.failures)


def workload_of(line: Line) -> str:
    """Return the name of a line's workload, with the table's size if it has one."""
    return f"{line['workload']}_{line['size']}" if "size" in line else str(line["workload"])
