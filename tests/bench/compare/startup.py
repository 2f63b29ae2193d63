"""Measures the time from the command to the first answer, and memory.

Memory is measured when a server is idle, and with many items of 1 KB.
"""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tests.bench.compare.endpoint import FAILURES
from tests.bench.compare.processes import Server, running
from tests.bench.compare.targets import Target
from tests.bench.items import item_1k

IDLE = 1.0  # seconds from the first answer until the memory of an idle server is measured
SETTLED = 2.0  # seconds from the last item until memory is measured


def startups(targets: Sequence[Target], runs: int, items: int, folder: Path | None) -> Iterator[dict[str, Any]]:
    """Yield a line for each start. The targets take turns; only their last starts load items."""
    for number in range(runs):
        for target in targets:
            line: dict[str, Any] = {"label": target.label, "workload": "startup", "round": number}
            loads = items if number == runs - 1 and target.setup else 0
            try:
                with running(target, folder) as server:
                    yield {**line, **_facts(server, loads)}
            except FAILURES as error:
                yield {**line, "error": f"{type(error).__name__}: {error}"[:300]}


def _facts(server: Server, items: int) -> dict[str, Any]:
    time.sleep(IDLE)
    facts: dict[str, Any] = {"start_s": round(server.start_seconds, 3), "idle_mb": server.memory()["rss_mb"]}
    if items:
        server.client.create("bench_memory")
        started = time.perf_counter()
        server.client.load("bench_memory", range(items), item_1k)
        seconds = time.perf_counter() - started
        time.sleep(SETTLED)
        memory = server.memory()
        facts |= {"items": items, "load_s": round(seconds, 1), "load_items_per_s": round(items / seconds)}
        facts |= {"loaded_mb": memory["rss_mb"], "loaded_anon_mb": memory["pss_anon_mb"], "disk_mb": server.disk_mb()}
    return facts
