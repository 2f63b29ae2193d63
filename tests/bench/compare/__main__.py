"""Compares this server with its peers and with a toy server; see tests/bench/README.md.

python -m tests.bench.compare                                             everything: about an hour
python -m tests.bench.compare --targets memory,local --workloads get_c8 --rounds 1 --parts rates
python -m tests.bench.compare --report tests/bench/results/2026-11-26.jsonl

`--report` measures nothing. It writes the report again, from a file of measurements.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests.bench.compare import wrk
from tests.bench.compare.endpoint import Endpoint
from tests.bench.compare.machine import machine, peer_version
from tests.bench.compare.processes import Server, running
from tests.bench.compare.publish import RESULTS, TRIALS, publish
from tests.bench.compare.rates import rates
from tests.bench.compare.report import figure, rates_table
from tests.bench.compare.runs import Runs, read_lines, workload_of
from tests.bench.compare.scale import scales
from tests.bench.compare.startup import startups
from tests.bench.compare.targets import OURS, PEER, Found, Target, find
from tests.bench.compare.workloads import DEFAULT, SHORT, known

PARTS = ("rates", "startup", "scale")
FEWEST_ROUNDS = 3  # a run with fewer rounds is a trial, and does not change the README
SCALED = ("memory", "lmdb")


def options(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return the parsed command line; end with an error if a workload is unknown."""
    parser = argparse.ArgumentParser(
        prog="tests.bench.compare", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )

    def names(text: str) -> tuple[str, ...]:
        return tuple(text.split(","))

    def numbers(text: str) -> tuple[int, ...]:
        return tuple(map(int, text.split(",")))

    parser.add_argument("--targets", type=names, help="labels, separated by commas; by default all that are found")
    parser.add_argument("--workloads", type=names, default=DEFAULT, help="names, separated by commas; see --list")
    parser.add_argument("--parts", type=names, default=PARTS, help=f"of {','.join(PARTS)}")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--duration", type=float, default=3, help="seconds to measure a workload")
    parser.add_argument(
        "--warmup", type=float, default=2, help="seconds before the first run of an operation on a server"
    )
    parser.add_argument("--jvm-warmup", type=float, help="the same for DynamoDB Local (15)")
    parser.add_argument("--starts", type=int, default=5, help="how often each server is started")
    parser.add_argument("--items", type=int, default=100_000, help="items of 1 KB for the memory; 0 for none")
    parser.add_argument("--sizes", type=numbers, default=(1_000, 1_000_000), help="table sizes of the part scale")
    parser.add_argument("--folder", type=Path, help="where the servers put their data (the system's temporary folder)")
    parser.add_argument("--peers", type=Path, help="the folder with the peers (tests/bench/.peers)")
    parser.add_argument("--results", type=Path, help="folder for the results")
    parser.add_argument(
        "--report", type=Path, nargs="+", metavar="FILE", help="only write the report again, from these lines"
    )
    parser.add_argument("--short", action="store_true", help="run a few workloads on our server, and print the figures")
    parser.add_argument("--list", action="store_true", help="list targets and workloads")
    chosen = parser.parse_args(arguments)
    for name in chosen.workloads:
        if not known(name):
            parser.error(f"unknown workload: {name}")
    return chosen


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    chosen = options(arguments)
    if chosen.report:
        print(publish(read_lines(chosen.report), chosen.results or chosen.report[-1].parent))
        return 0
    if not wrk.installed():
        print("bench: no `wrk`, nothing measured (Debian: apt-get install wrk)")
        return 0 if chosen.short else 2
    if chosen.short:
        return short()
    found = find(chosen.peers)
    if chosen.list:
        print("\n".join([*(target.label for target in found.targets), "", *DEFAULT]))
        return 0
    selected = selection(found, chosen.targets)
    return whole(selected, chosen)


def selection(found: Found, wanted: Sequence[str] | None) -> Found:
    """Return the requested targets. Print the reason for each one that cannot be started."""
    for label, reason in found.missing.items():
        if wanted is None or label in wanted:
            print(f"bench: without {label}: {reason}", file=sys.stderr)
    if wanted is None:
        return found
    labels = {target.label for target in found.targets} | found.missing.keys()
    if not labels.issuperset(wanted):
        sys.exit(f"unknown targets; there are {', '.join(sorted(labels))}")
    missing = {label: reason for label, reason in found.missing.items() if label in wanted}
    return Found(tuple(target for target in found.targets if target.label in wanted), missing)


# The whole comparison


def whole(found: Found, chosen: argparse.Namespace) -> int:
    """Measure what was requested, save each line as soon as it is there, and write the report."""
    complete = (
        chosen.targets is None
        and chosen.workloads == DEFAULT
        and chosen.parts == PARTS
        and chosen.rounds >= FEWEST_ROUNDS
        and chosen.sizes[-1] >= 1_000_000
        and any(target.kind == PEER for target in found.targets)
    )
    folder: Path = chosen.results or (RESULTS if complete else TRIALS)
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / time.strftime("%Y-%m-%d.jsonl" if complete else "%Y-%m-%d-%H%M%S.jsonl")
    lines = []
    with file.open("w") as out:
        for line in measurements(found, chosen):
            lines.append(line)
            out.write(json.dumps(line) + "\n")
            out.flush()
            print(progress(line), file=sys.stderr, flush=True)
    runs = Runs(lines)
    print(publish(runs, folder))
    print(
        f"bench: written to {folder}" + ("" if complete else " (a trial: the README stays as it is)"), file=sys.stderr
    )
    return 0


def measurements(found: Found, chosen: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Yield a line that describes the machine and the targets, then a line for each measurement."""
    folder: Path | None = chosen.folder
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
    about = machine(folder or Path(tempfile.gettempdir()))
    about |= {"rounds": chosen.rounds, "duration": chosen.duration, "missing": found.missing}
    with ExitStack() as servers:
        measured = "rates" in chosen.parts
        started = [
            (target, servers.enter_context(running(target, folder)))
            for target in found.targets
            if target.kind == PEER or (measured and target.only)
        ]
        logs = {target.label: server.log() for target, server in started}
        yield {"machine": about, "targets": {target.label: _facts(target, logs) for target in found.targets}}
        if measured:
            entries = [(target, endpoint_of(target, server, chosen)) for target, server in started]
            yield from rates(entries, chosen.workloads, chosen.rounds, folder)
    if "startup" in chosen.parts:
        yield from startups([target for target in found.targets if target.startup], chosen.starts, chosen.items, folder)
    if "scale" in chosen.parts:
        for target in found.targets:
            if target.label in SCALED:
                yield from scales(target, chosen.sizes, chosen.rounds, chosen.duration, chosen.warmup, folder)


def _facts(target: Target, logs: dict[str, str]) -> dict[str, Any]:
    version = peer_version(target, logs[target.label]) if target.kind == PEER else ""
    return {"title": target.title, "kind": target.kind, "version": version}


def endpoint_of(target: Target, server: Server, chosen: argparse.Namespace) -> Endpoint:
    """Return an `Endpoint`, which runs workloads, for a running server."""
    warmup = chosen.warmup if target.warmup is None else chosen.jvm_warmup or target.warmup
    return Endpoint(
        target.label,
        server.url,
        duration=chosen.duration,
        warmup=warmup,
        setup=target.setup,
        cpu_seconds=server.cpu_seconds,
    )


def progress(line: dict[str, Any]) -> str:
    """Return the text that is printed for a line while the comparison runs."""
    if "machine" in line:
        return f"{time.strftime('%H:%M:%S')} {line['machine']['cpu']}: {', '.join(line['targets'])}"
    if "rps" in line:
        bad = f", {line['errors']} bad answers" if line.get("errors") else ""
        text = f"{figure(line['rps'])}/s, p50 {figure(line['p50_ms'])} ms, p99 {figure(line['p99_ms'])} ms{bad}"
    else:
        shown = {
            name: value for name, value in line.items() if name not in ("label", "workload", "round", "at", "size")
        }
        text = ", ".join(f"{name} {value}" for name, value in shown.items())
    where = f"round {line['round'] + 1}" if "round" in line else ""
    return f"{time.strftime('%H:%M:%S')} {where:8} {workload_of(line):20} {line['label']:9} {text}"


# The short form (`--short`)


def short() -> int:
    """Run a few workloads for a second each on our server, on both engines; print the figures."""
    chosen = argparse.Namespace(warmup=0, duration=1, jvm_warmup=None)
    found = [target for target in find(Path("/nonexistent")).targets if target.label in SCALED]
    with ExitStack() as servers:
        entries = [(target, endpoint_of(target, servers.enter_context(running(target)), chosen)) for target in found]
        lines: list[dict[str, Any]] = list(rates(entries, SHORT, 1, None))
    facts = {target.label: {"title": target.title, "kind": OURS, "version": ""} for target in found}
    runs = Runs([{"machine": {}, "targets": facts}, *lines])
    print("Requests a second, one round of a second: a look, not a measurement\n")
    print(rates_table(runs))
    for line in runs.failures:
        print(f"bench: {line['label']}, {line['workload']}: {line['error']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
