"""Measures the time of one synced write, which limits a server that syncs each request.

The file grows, as a database does. So each sync also writes the file system's journal, and takes
several times as long as a sync of existing blocks.
"""

import os
import tempfile
import time
from pathlib import Path
from typing import Any

BLOCK = 4096
SECONDS = 1.0
LABEL = "disk"


def fsync_line(folder: Path | None, seconds: float = SECONDS) -> dict[str, Any]:
    """Append blocks of 4 KB to a file, each with an fsync; return the figures as a line."""
    latencies = []
    with tempfile.NamedTemporaryFile(dir=folder) as file:
        descriptor = file.fileno()
        block = os.urandom(BLOCK)
        started = now = time.perf_counter()
        while now - started < seconds:
            os.write(descriptor, block)
            os.fsync(descriptor)
            then, now = now, time.perf_counter()
            latencies.append(now - then)
    latencies.sort()
    count = len(latencies)
    return {
        "label": LABEL,
        "workload": "fsync",
        "rps": round(count / (now - started), 1),
        "p50_ms": round(1000 * latencies[count // 2], 3),
        "p99_ms": round(1000 * latencies[int(count * 0.99)], 3),
        "conc": 1,
        "requests": count,
        "errors": 0,
    }
