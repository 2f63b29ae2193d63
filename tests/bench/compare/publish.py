"""Writes the results: files in a folder, and the comparison in the README.

| file | content |
|---|---|
| `<date>.jsonl` | one line for each measurement; the first line describes the machine |
| `comparison.md` | the report |
| `comparison.svg` | the chart |

A whole comparison goes to `tests/bench/results` and into the README. A trial (some workloads, few
rounds) goes to `tests/bench/.trials`.
"""

import textwrap
from pathlib import Path

from tests.bench.compare.aims import outcomes
from tests.bench.compare.chart import SHOWN, chart
from tests.bench.compare.report import conditions, figure, report, table
from tests.bench.compare.runs import Runs
from tests.bench.compare.targets import ROOT

RESULTS = ROOT / "tests" / "bench" / "results"
TRIALS = ROOT / "tests" / "bench" / ".trials"
README = ROOT / "README.md"
BEGIN = "<!-- benchmarks: written by `make bench` -->\n"
END = "<!-- /benchmarks -->\n"


def publish(runs: Runs, folder: Path) -> str:
    """Write the report and the chart into a folder; return the report.

    Without peers there is no chart. If the folder is `tests/bench/results`, update the README too.
    """
    text = report(runs)
    (folder / "comparison.md").write_text(text)
    if runs.peers:
        (folder / "comparison.svg").write_text(chart(runs))
        if folder.resolve() == RESULTS.resolve():
            README.write_text(with_benchmarks(README.read_text(), runs))
    return text


def with_benchmarks(readme: str, runs: Runs) -> str:
    """Return the README's text, with its section of benchmarks replaced."""
    before, begin, rest = readme.partition(BEGIN)
    after = rest.partition(END)[2]
    return f"{before}{begin}{_section(runs)}{END}{after}" if begin else readme


def _section(runs: Runs) -> str:
    where = RESULTS.relative_to(ROOT).as_posix()
    facts = conditions(runs).partition("\n\n")[2].replace("\n\n", " ").strip()
    found = outcomes(runs)
    met = sum(bool(each.met) for each in found)
    labels = [label for label in ("memory", "lmdb", "lmdb_w2", "local", "dynalite", "moto") if label in runs.targets]
    rows = [(title, *(figure(runs.median(label, name)) for label in labels)) for name, title in SHOWN]
    return (
        textwrap.fill(f"{runs.machine['date']}: {facts}", 100, break_on_hyphens=False)
        + "\n\n"
        + table(("requests a second", *map(runs.title, labels)), rows)
        + f"\nThe server reaches {met} of the {len(found)} goals in `tests/bench/compare/aims.toml`.\n"
        + f"`{where}/comparison.md` has all figures, with a chart beside it.\n"
    )
