"""Measures every workload on every server.

All servers run a workload before the next workload starts. So a noisy minute on a shared machine
affects all servers, and the ratios inside a round stay the same. Every second round visits the
servers in the opposite order: of two equal servers, the one that always came second was a tenth
slower.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tests.bench.compare.disk import fsync_line
from tests.bench.compare.endpoint import Endpoint
from tests.bench.compare.targets import Target

LONGEST = 15  # seconds beyond warm-up and duration; a server that takes longer is measured in one round only
Entry = tuple[Target, Endpoint]


def rates(entries: Sequence[Entry], names: Sequence[str], rounds: int, folder: Path | None) -> Iterator[dict[str, Any]]:
    """Yield a line for each measurement.

    If a server fails at a workload or takes too long, later rounds leave out this pair.
    """
    dead: set[tuple[str, str]] = set()
    for number in range(rounds):
        if any(target.label == "durable" for target, _ in entries):
            yield {**fsync_line(folder), "round": number}
        for name in names:
            for target, endpoint in entries if number % 2 == 0 else reversed(entries):
                if not target.runs(name) or (target.label, name) in dead:
                    continue
                os.sync()  # otherwise the writes of another server would reach the disk during this measurement
                line = {**endpoint.run(name), "round": number}
                if "error" in line or line["took_s"] > LONGEST + endpoint.warmup + endpoint.duration:
                    dead.add((target.label, name))
                yield line
