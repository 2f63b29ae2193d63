"""Counts the instructions of hot operations with valgrind's callgrind, even on a noisy machine.

    .venv/bin/python -m tests.bench.instructions                  # everything; about a minute
    .venv/bin/python -m tests.bench.instructions --short          # only in memory, from parsed JSON
    .venv/bin/python -m tests.bench.instructions --record         # keep the counts as the baseline

The script runs itself under callgrind. Counting starts when everything is imported, loaded and
warm, because counting those steps would take most of the time. Before and after each loop the
script calls `os.getppid`, a function of the C library that nothing else calls. There, callgrind
dumps the count since the last dump. The script counts a loop of N requests and one of 2N requests.
The result is the difference divided by N, so work that belongs to no request cancels out. The
garbage collector is off.

Counts depend on the build of Python. They also depend on the processor, because the C library
selects functions for it. The baseline names both. Counts of the same code vary little; those of the
short form by up to 2 %, because its memory is laid out differently.
"""

import argparse
import gc
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
BASELINE = ROOT / "tests" / "bench" / "results" / "instructions.json"
OPERATIONS = (
    "GetItem 1 KB",
    "PutItem 1 KB",
    "PutItem 1 KB, condition",
    "UpdateItem 1 KB, condition",
    "Query 100 x 200 B",
    "TransactWriteItems 10 puts",
)
ENGINES = ("memory", "lmdb")
LEVELS = ("call", "respond")
"""A request begins as parsed JSON (`Emulator.call`) or as bytes (`DynamoDbEndpoint.respond`)."""

TURNS = 20  # N in the docstring of this module
WARM = 60  # requests before counting: every write is sent once, and Python specialises its code
Counts = dict[str, int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Count the instructions and print them beside the baseline; with --record, save them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true", help="in memory, from parsed JSON")
    parser.add_argument("--record", action="store_true", help="save the counts as the baseline")
    parser.add_argument("--inside", nargs=2, help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    if chosen.inside:
        counted(*(text.split(",") for text in chosen.inside))
        return 0
    if shutil.which("valgrind") is None:
        print("instructions: no `valgrind`, nothing counted (Debian: apt-get install valgrind)")
        return 0
    engines, levels = (ENGINES[:1], LEVELS[:1]) if chosen.short else (ENGINES, LEVELS)
    counts = count(engines, levels)
    print(report(counts, json.loads(BASELINE.read_text()) if BASELINE.exists() else None))
    if chosen.record:
        record(counts)
    return 0


# Inside callgrind (`--inside`)


def counted(engines: Sequence[str], levels: Sequence[str]) -> None:
    """Run each operation N times, then 2N times, with a dump before and after each loop."""
    mark = os.getppid
    steps = [step_of(*case) for case in cases(engines, levels)]
    for step in steps:
        repeat(step, WARM)
    gc.disable()  # a collection would be counted as part of an operation
    start_counting()
    repeat(steps[0], TURNS)
    for step in steps:
        for turns in (TURNS, 2 * TURNS):
            mark()
            repeat(step, turns)
            mark()


def start_counting() -> None:
    """Turn counting on. The loop is busy because callgrind reads commands only while code runs."""
    control = subprocess.Popen(["callgrind_control", "-i", "on", str(os.getpid())], stdout=subprocess.DEVNULL)
    while control.poll() is None:
        pass
    assert control.returncode == 0, "callgrind_control failed"


def cases(engines: Sequence[str], levels: Sequence[str]) -> Iterable[tuple[str, str, str]]:
    """Return engine, level and operation of each count, in the order of counting."""
    return ((engine, level, name) for engine in engines for level in levels for name in OPERATIONS)


def repeat(step: Callable[[], object], times: int) -> None:
    """Call a function a number of times."""
    for _ in range(times):
        step()


@cache
def emulator_on(engine: str) -> Any:
    """Return the emulator on an engine, with the tables of the benchmarks."""
    from tests.bench.workload import Loaded
    from tests.support.engines import settings_of_engine

    return Loaded(settings_of_engine(engine, Path(os.environ["COUNT_IN"])))


def step_of(engine: str, level: str, name: str) -> Callable[[], object]:
    """Return a function that sends the next request of an operation."""
    from tests.bench.workload import REQUESTS

    operation, requests = REQUESTS[name]
    if level == "call":
        return emulator_on(engine).direct(operation, requests)
    return emulator_on(engine).over_protocol(operation, [json.dumps(request).encode() for request in requests])


# Outside callgrind


def count(engines: Sequence[str], levels: Sequence[str]) -> Counts:
    """Run callgrind; return the instructions of each operation, by `engine level operation`."""
    with tempfile.TemporaryDirectory(prefix="instructions") as folder:
        data = Path(folder, "data")
        command = [
            *(
                "valgrind",
                "--tool=callgrind",
                "--dump-line=no",
                "--dump-before=getppid",
                f"--callgrind-out-file={folder}/out",
                "-q",
            ),
            *(sys.executable, "-m", "tests.bench.instructions", "--inside", ",".join(engines), ",".join(levels)),
        ]
        environment = {**os.environ, "PYTHONHASHSEED": "0", "PYTHONMALLOC": "pymalloc", "COUNT_IN": str(data)}
        environment["LD_BIND_NOW"] = "1"  # otherwise callgrind does not see the first call of a function
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"instructions: callgrind failed:\n{done.stderr[-2000:]}")
        parts = [_total(file) for file in sorted(Path(folder).glob("out.*"), key=_number)]
    found = {}
    for number, case in enumerate(cases(engines, levels)):
        # Each case has four dumps: before and after the loop of N, before and after that of 2N.
        _, once, _, twice = parts[4 * number : 4 * number + 4]
        found[" ".join(case)] = round((twice - once) / TURNS)
    return found


def _number(file: Path) -> int:
    return int(file.suffix[1:])


def _total(file: Path) -> int:
    """Return the number of instructions in a dump."""
    found = re.search(r"^(?:totals|summary): (\d+)", file.read_text(errors="replace"), re.MULTILINE)
    assert found is not None, f"{file} has no total"
    return int(found[1])


def report(counts: Counts, baseline: dict[str, Any] | None) -> str:
    """Return a Markdown table of the counts and of their difference to the baseline."""
    known = baseline["counts"] if baseline else {}
    lines = ["| instructions per operation | now | baseline | difference |", "|---|---:|---:|---:|"]
    for name, now in counts.items():
        was = known.get(name)
        change = f"{100 * (now - was) / was:+.1f}%" if was else "-"
        lines.append(f"| {name} | {now:,} | {f'{was:,}' if was else '-'} | {change} |")
    if baseline:
        lines.append(f"\nBaseline of {baseline['date']}, Python {baseline['python']}, {baseline['cpu']}.")
        if baseline["python"] != _python():
            lines.append(f"This is Python {_python()}: the difference means little.")
    return "\n".join(lines) + "\n"


def record(counts: Counts) -> None:
    """Save the counts as the baseline."""
    from tests.bench.compare.machine import processor

    about = {"date": date.today().isoformat(), "python": _python(), "cpu": processor()}
    BASELINE.write_text(json.dumps({**about, "counts": counts}, indent=2) + "\n")


def _python() -> str:
    return f"{platform.python_version()} ({platform.python_compiler()})"


if __name__ == "__main__":
    sys.exit(main())
