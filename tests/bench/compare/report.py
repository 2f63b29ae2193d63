"""The comparison as Markdown."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from tests.bench.compare.aims import BEST_PEER, STACK, VERDICTS, Outcome, outcomes
from tests.bench.compare.runs import Runs

MEASURED_APART = ("startup", "fsync")
MOST_NAMED = 20
FIELDS = {
    "rps": "rate, times",
    "p99_ms": "p99, times",
    "start_s": "seconds, times",
    "idle_mb": "MB, times",
    "loaded_mb": "MB, times",
}


def figure(value: float | None, unit: str = "") -> str:
    """Return a figure with about three digits, or a dash if there is none."""
    if value is None:
        return "-"
    digits = 0 if value >= 100 else 1 if value >= 10 else 2
    return f"{value:,.{digits}f}{unit}"


def percent(value: float | None) -> str:
    """Return a share as a percentage, or a dash if there is none."""
    return "-" if value is None else f"{100 * value:.0f}%"


def table(head: Sequence[str], rows: Iterable[Sequence[str]], *, words: int = 1) -> str:
    """Return a Markdown table whose first columns are words and whose others are figures."""
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * words + "---:|" * (len(head) - words)]
    lines += [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join(lines) + "\n"


def report(runs: Runs) -> str:
    """Return the whole report of a comparison."""
    found = outcomes(runs)
    sections = (
        ("", conditions(runs)),
        ("", failures(runs)),
        ("Aims", aims_table(runs, found)),
        ("Requests a second, median of the rounds (most in bold)", rates_table(runs)),
        ("Times the best peer (median of the ratios inside the rounds)", ratios_table(runs)),
        ("Share of the stack's own limit", stack_table(runs)),
        ("Latency, ms: p50 / p99", latency_table(runs)),
        ("Start and memory", startup_table(runs)),
        ("Two workers against one", workers_table(runs)),
        ("Synced commits", durable_table(runs)),
        ("boto3's own share", boto3_table(runs)),
        ("Rate as a table grows", scale_table(runs)),
        ("Cores used while measuring: server / load generator", cpu_table(runs)),
        ("Spread of the rounds, (highest - lowest) / median", spread_table(runs)),
    )
    return "\n".join((f"## {title}\n\n" if title else "") + text for title, text in sections if text)


# The parts


def conditions(runs: Runs) -> str:
    """Return the head of the report: date, machine, versions of programs, and rounds."""
    facts = runs.machine
    if not facts:
        return ""
    parts = ", ".join(f"{name} {version}" for name, version in facts["parts"].items())
    lines = [
        f"# Comparison of {facts['date']}",
        "",
        f"{facts['cpu']}, {facts['cores']} cores, {facts['memory_gb']} GB, {facts['kernel']}, data on "
        f"{' '.join(facts['disk'])}; load {facts['load']:.1f} at the start. Python {facts['python']}, "
        f"dynamodb-emulator {facts['ours']}, {parts}; wrk {facts['wrk']}, on the same cores.",
        "",
        f"Rounds: {facts['rounds']}, interleaved, {facts['duration']:g} s for each figure. Against "
        + (", ".join(f"{runs.title(label)} {runs.targets[label]['version']}" for label in runs.peers) or "no peer")
        + ".",
    ]
    lines += [f"\nNot measured: {label}, {reason}." for label, reason in facts.get("missing", {}).items()]
    return "\n".join(lines) + "\n"


def failures(runs: Runs) -> str:
    """Return a list of the measurements that failed."""
    lines = [
        f"- {runs.title(line['label'])}, {line['workload']}, round {line.get('round', 0) + 1}: {_short(line['error'])}"
        for line in runs.failures
    ]
    return "**Failed, and counted nowhere:**\n\n" + "\n".join(lines) + "\n" if lines else ""


def _short(text: str) -> str:
    """Return the first 160 characters of an error, on one line."""
    words = " ".join(text.split())
    return words if len(words) <= 160 else words[:160] + " ..."


def aims_table(runs: Runs, found: Sequence[Outcome]) -> str:
    """Return a table of the aims: a row for each criterion of a workload, with all targets."""
    rows: dict[tuple[str, str, str, str], list[str]] = {}
    for each in found:
        if each.met is not None:
            rows.setdefault(_row_of(runs, each), []).append(_cell(runs, each))
    counts = Counter(each.verdict for each in found)
    text = ", ".join(f"{counts[verdict]} {verdict}" for verdict in VERDICTS.values()) + ".\n\n"
    if rows:
        head = ("aim", "workload", "compared", "bound", "measured")
        text += table(head, ((*row, " · ".join(cells)) for row, cells in rows.items()), words=5)
    missing = dict.fromkeys(f"{each.aim.target} {each.aim.workload}" for each in found if each.met is None)
    if len(missing) > MOST_NAMED:  # this run is a trial, and a list would be too long
        return text
    return text + (f"\nNot measured: {', '.join(missing)}.\n" if missing else "")


def _row_of(runs: Runs, each: Outcome) -> tuple[str, str, str, str]:
    aim = each.aim
    if aim.of == BEST_PEER:
        other = f"the best peer ({runs.title(each.reference)})" if each.reference else "the best peer"
    elif aim.of == aim.target:
        other = f"that of {aim.of_workload}"
    elif aim.of_workload != aim.workload:
        other = f"{runs.title(aim.of)}, {aim.of_workload}"
    else:
        other = runs.title(aim.of)
    return aim.title, aim.workload, f"{FIELDS[aim.field]} {other}", aim.criterion


def _cell(runs: Runs, each: Outcome) -> str:
    verdict = "**not met**" if each.met is False else each.verdict
    if each.failed:
        verdict += " (failed)"
    ratio = "" if each.ratio is None else f" {each.ratio:.3g}"
    return f"{runs.title(each.aim.target)}{ratio} {verdict}"


def _by_target(runs: Runs, labels: Sequence[str], cell: Callable[[str, str], str]) -> str:
    """Return a table with a row for each workload and a column for each target.

    cell(label, workload) returns the text of a cell. Rows and columns without figures are left out.
    """
    names = [name for name in runs.workloads if name not in MEASURED_APART and not name.startswith("scale")]
    cells = {(label, name): cell(label, name) for label in labels for name in names}
    labels = [label for label in labels if any(cells[label, name] != "-" for name in names)]
    rows = [(name, *(cells[label, name] for label in labels)) for name in names]
    rows = [row for row in rows if any(each != "-" for each in row[1:])]
    return table(("workload", *map(runs.title, labels)), rows) if rows else ""


def rates_table(runs: Runs) -> str:
    """Return a table of the requests a second of every target."""

    def cell(label: str, name: str) -> str:
        value = runs.median(label, name)
        if value is None:
            return "error" if runs.failed(label, name) else "-"
        most = max(runs.median(other, name) or 0 for other in runs.labels() if other != STACK)
        return f"**{figure(value)}**" if value == most else figure(value)

    return _by_target(runs, runs.labels(), cell)


def ratios_table(runs: Runs) -> str:
    """Return a table of every server's rate as a multiple of the fastest peer's."""

    def cell(label: str, name: str) -> str:
        best = runs.best_peer(name)
        return "-" if best is None else figure(runs.ratio((label, name), (best, name)))

    return _by_target(runs, [*runs.ours, *runs.peers], cell)


def stack_table(runs: Runs) -> str:
    """Return a table of our servers' rates as shares of the toy application's."""
    return _by_target(runs, runs.ours, lambda label, name: percent(runs.ratio((label, name), (STACK, name))))


def latency_table(runs: Runs) -> str:
    """Return a table of latencies: p50 and p99, as medians over the rounds."""

    def cell(label: str, name: str) -> str:
        p50, p99 = runs.median(label, name, "p50_ms"), runs.median(label, name, "p99_ms")
        return "-" if p50 is None else f"{figure(p50)} / {figure(p99)}"

    return _by_target(runs, runs.labels(), cell)


def cpu_table(runs: Runs) -> str:
    """Return a table of the cores that servers and load generator used.

    If the generator used nearly one core, it may be the bottleneck.
    """

    def cell(label: str, name: str) -> str:
        server, generator = runs.median(label, name, "server_cpu"), runs.median(label, name, "wrk_cpu")
        return "-" if generator is None else f"{figure(server)} / {figure(generator)}"

    return _by_target(runs, runs.labels(), cell)


def spread_table(runs: Runs) -> str:
    """Return a table of the spread of the rounds. A difference below the spread means nothing."""
    if runs.machine.get("rounds") == 1:
        return ""
    return _by_target(runs, runs.labels(), lambda label, name: percent(runs.spread(label, name)))


def startup_table(runs: Runs) -> str:
    """Return a table of start-up times and memory."""
    labels = [label for label in runs.labels() if runs.median(label, "startup", "start_s") is not None]
    rows = (
        ("command to first answer, s", "start_s"),
        ("resident when idle, MB", "idle_mb"),
        ("resident with the items, MB", "loaded_mb"),
        ("of it private, MB", "loaded_anon_mb"),
        ("on the disk, MB", "disk_mb"),
        ("items", "items"),
        ("loaded, items a second, one connection", "load_items_per_s"),
    )
    cells = [(title, *(figure(runs.median(label, "startup", field)) for label in labels)) for title, field in rows]
    return table(("", *map(runs.title, labels)), cells) if labels else ""


def workers_table(runs: Runs) -> str:
    """Return a table that compares two workers with one.

    The workers share their cores with the load generator. The last column estimates the gain from
    two whole cores for the workers, if the CPU time of a request stays the same: 2 x (requests per
    second of server CPU with two workers) / (the same with one worker).
    """
    rows = []
    for name in runs.workloads:
        ratio = runs.ratio(("lmdb_w2", name), ("lmdb", name))
        if ratio is None:
            continue
        costs = [_per_cpu_second(runs, label, name) for label in ("lmdb", "lmdb_w2")]
        alone = 2 * costs[1] / costs[0] if costs[0] and costs[1] else None
        cores = " / ".join(figure(runs.median("lmdb_w2", name, field)) for field in ("server_cpu", "wrk_cpu"))
        one = runs.median("lmdb", name, "server_cpu")
        rows.append((name, figure(ratio), figure(one), cores, figure(alone)))
    head = ("workload", "times one worker", "cores of one", "cores of two / generator", "generator's share taken out")
    return table(head, rows) if rows else ""


def _per_cpu_second(runs: Runs, label: str, name: str) -> float | None:
    rate, cores = runs.median(label, name), runs.median(label, name, "server_cpu")
    return rate / cores if rate and cores else None


def durable_table(runs: Runs) -> str:
    """Return a table that compares synced commits with the disk, one connection, and no syncs."""
    syncs = runs.median("disk", "fsync")
    if syncs is None:
        return ""
    rows = []
    for name in runs.workloads:
        rate = runs.median("durable", name)
        if rate is not None:
            single = ("durable", name.rpartition("_c")[0] + "_c1")
            rows.append(
                (
                    name,
                    figure(rate),
                    figure(runs.ratio(("durable", name), ("disk", "fsync"))),
                    figure(runs.ratio(("durable", name), single)),
                    figure(runs.ratio(("durable", name), ("lmdb", name))),
                )
            )
    latency = figure(runs.median("disk", "fsync", "p50_ms"))
    text = f"The disk: {figure(syncs)} appends of 4 KB with a sync a second, one after another ({latency} ms).\n\n"
    return text + table(("workload", "requests a second", "times the disk", "times c1", "times LMDB unsynced"), rows)


def boto3_table(runs: Runs) -> str:
    """Return a table of the time of a step through boto3, and of boto3's and the server's CPU."""
    rows = []
    for name in runs.workloads:
        for label in runs.labels() if name.startswith("boto3") else ():
            mean, ours, servers = (runs.median(label, name, field) for field in ("mean_ms", "client_cpu", "server_cpu"))
            if mean is not None and ours is not None and servers is not None:
                times = (figure(mean), figure(mean * ours), figure(mean * servers))
                rows.append((name, runs.title(label), *times, percent(ours)))
    head = ("workload", "server", "ms a step", "of it boto3's CPU, ms", "the server's CPU, ms", "boto3's share")
    return table(head, rows, words=2) if rows else ""


def scale_table(runs: Runs) -> str:
    """Return a table of the rates at each size, and the ratio of the last size to the first."""
    names = [name for name in runs.workloads if name.startswith("scale") and not name.startswith("scale_load")]
    sizes = sorted({int(name.rpartition("_")[2]) for name in names})
    rows = []
    for operation in dict.fromkeys(name.rpartition("_")[0] for name in names):
        for label in runs.ours:
            rates = [figure(runs.median(label, f"{operation}_{size}")) for size in sizes]
            ratio = runs.ratio((label, f"{operation}_{sizes[-1]}"), (label, f"{operation}_{sizes[0]}"))
            if ratio is not None:
                rows.append((operation.removeprefix("scale_"), runs.title(label), *rates, figure(ratio)))
    head = ("operation", "server", *(f"{size:,} items" for size in sizes), "last / first")
    return table(head, rows, words=2) if rows else ""
