"""The comparison as an SVG: for each workload, the servers' rates as multiples of the best peer's.

Bars start at zero and share one linear axis. A bar that is too long is truncated, with its value
beside it. The picture has a background and follows the reader's light or dark scheme.
"""

from html import escape

from tests.bench.compare.runs import Runs

SHOWN = (
    ("get_c8", "GetItem"),
    ("get_c32", "GetItem, 32 connections"),
    ("put_c8", "PutItem"),
    ("overwrite_c8", "PutItem, item changed"),
    ("update_c8", "UpdateItem, condition"),
    ("put_gsi_c8", "PutItem, two GSIs"),
    ("query100_c8", "Query, 100 items"),
    ("query1mb_c4", "Query, page of 1 MB"),
    ("scan", "Scan, 20,000 items"),
    ("batch_write_c8", "BatchWriteItem, 25"),
    ("transact_write_c8", "TransactWriteItems, 10"),
    ("boto3_cycle", "boto3 test-suite loop"),
)
SERVERS = ("memory", "lmdb", "local", "dynalite", "moto")

WIDTH = 860
LEFT = 190  # position of the axis; the names of the workloads are to its left
RIGHT = 60  # space for the number beside the longest bar
LONGEST = 6.0  # the largest multiple on the axis
BAR, GAP, SPACE = 9, 2, 14
TOP = 88
STYLE = """
  .paper{fill:#fff} text{font:12px system-ui,-apple-system,"Segoe UI",sans-serif;fill:#24292f}
  .value{font-size:10px;stroke:#fff;stroke-width:3px;paint-order:stroke}
  .head{font-size:16px;font-weight:600} .soft{fill:#59636e} .small{font-size:10px} .line{stroke:#d1d9e0}
  .best{stroke:#24292f;stroke-dasharray:3 3}
  .memory{fill:#0b62d6} .lmdb{fill:#12917c} .local{fill:#6e7781} .dynalite{fill:#99a1a9} .moto{fill:#c2c8ce}
  @media (prefers-color-scheme:dark){
    .paper{fill:#0d1117} .value{stroke:#0d1117} text{fill:#e6edf3} .soft{fill:#9198a1} .line{stroke:#30363d} .best{stroke:#e6edf3}
    .memory{fill:#4c97ff} .lmdb{fill:#2fc4a8} .local{fill:#a0a8b1} .dynalite{fill:#767e87} .moto{fill:#525a63}
  }
"""


def chart(runs: Runs) -> str:
    """Return the chart of a comparison as SVG."""
    shown = [(name, title) for name, title in SHOWN if runs.best_peer(name)]
    servers = [label for label in SERVERS if label in runs.targets]
    parts = _head(runs, servers)
    y = TOP
    for name, title in shown:
        parts += _group(runs, servers, name, title, y)
        y += len(servers) * (BAR + GAP) + SPACE
    parts[1:1] = _axis(y - SPACE + 4)
    height = y + 58
    parts += _foot(runs, y + 12)
    parts.insert(0, f'<rect class="paper" width="{WIDTH}" height="{height}" rx="8"/>')
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" '
        f'role="img" aria-label="Requests a second as multiples of the best peer">\n<style>{STYLE}</style>\n{body}\n</svg>\n'
    )


def _x(multiple: float) -> float:
    return round(LEFT + min(multiple, LONGEST) * (WIDTH - LEFT - RIGHT) / LONGEST, 1)


def _text(x: float, y: float, text: str, style: str = "", anchor: str = "start") -> str:
    return f'<text x="{x}" y="{y}" class="{style}" text-anchor="{anchor}">{escape(text)}</text>'


def _head(runs: Runs, servers: list[str]) -> list[str]:
    parts = [_text(16, 28, "Requests a second, as multiples of the best peer", "head")]
    x = 16.0
    for label in servers:
        title = runs.title(label)
        title = f"this server, {title}" if label in runs.ours else title
        parts.append(f'<rect class="{label}" x="{x}" y="42" width="10" height="10" rx="2"/>')
        parts.append(_text(x + 15, 51, title))
        x += 34 + 6.6 * len(title)
    return parts


def _axis(bottom: float) -> list[str]:
    parts = []
    for multiple in range(int(LONGEST) + 1):
        x, style = _x(multiple), "best" if multiple == 1 else "line"
        parts.append(f'<line class="{style}" x1="{x}" x2="{x}" y1="{TOP - 8}" y2="{bottom}"/>')
        parts.append(_text(x, TOP - 13, f"{multiple}×", "soft small", "middle"))
    return parts


def _group(runs: Runs, servers: list[str], name: str, title: str, y: float) -> list[str]:
    best = runs.best_peer(name)
    assert best is not None, "a workload without a peer is not shown"
    rate = runs.median(best, name) or 0
    middle = y + len(servers) * (BAR + GAP) / 2
    unit = {"scan": "pages/s", "boto3_cycle": "loops/s"}.get(name, "/s")
    parts = [
        _text(LEFT - 10, middle, title, anchor="end"),
        _text(LEFT - 10, middle + 13, f"1× = {rate:,.{0 if rate >= 100 else 1}f} {unit}", "soft small", "end"),
    ]
    for label in servers:
        multiple = runs.ratio((label, name), (best, name))
        if multiple is None:
            parts.append(_text(LEFT + 4, y + BAR - 1, "failed" if runs.failed(label, name) else "-", "soft small"))
        else:
            parts += _bar(label, multiple, y)
        y += BAR + GAP
    return parts


def _bar(label: str, multiple: float, y: float) -> list[str]:
    end = _x(multiple)
    parts = [f'<rect class="{label}" x="{LEFT}" y="{y}" width="{max(1, end - LEFT):.1f}" height="{BAR}"/>']
    if multiple > LONGEST:
        cut = end - 14
        parts.append(f'<path class="paper" d="M{cut} {y + BAR}l4 -{BAR}h4l-4 {BAR}z"/>')
    parts.append(_text(end + 5, y + BAR - 1, _multiple(multiple), "value"))
    return parts


def _multiple(value: float) -> str:
    if value < 0.01:
        return "<0.01×"
    return f"{value:.{0 if value >= 10 else 1 if value >= 0.1 else 2}f}×"


def _foot(runs: Runs, y: float) -> list[str]:
    facts = runs.machine
    if not facts:
        return []
    cores = f"{facts['cores']} cores shared with the load generator"
    peers = ", ".join(f"{runs.title(label)} {runs.targets[label]['version']}" for label in runs.peers)
    lines = (
        f"{facts['date']}. {facts['cpu']}, {cores}, {facts['kernel']}; "
        f"interleaved rounds of {facts['duration']:g} s: {facts['rounds']}.",
        f"dynamodb-emulator {facts['ours']} on Python {facts['python']}.",
        f"{peers}.",
    )
    return [_text(16, y + 4 + 15 * number, text, "soft small") for number, text in enumerate(lines)]
