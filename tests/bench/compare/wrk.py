"""Runs the load generator `wrk` with `load.lua`, which keeps each connection busy."""

import json
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from tests.bench.compare.client import Client, headers_of
from tests.bench.compare.workloads import Call, Workload

SCRIPT = Path(__file__).with_name("load.lua")
TIMEOUT = 60  # seconds; an answer that takes longer counts as an error
FAILURES = ("non2xx", "connect_errors", "read_errors", "write_errors", "timeouts")


def installed() -> bool:
    """Return whether `wrk` is installed."""
    return shutil.which("wrk") is not None


def filled(body: dict[str, Any], base: int) -> bytes:
    """Return a body whose tokens are replaced by numbers from `base` on, as `load.lua` does."""
    text = re.sub(r"@@@@@@(\d\d)", lambda match: f"{base + int(match[1]):08d}", json.dumps(body))
    return text.replace("@@@@@@##", f"{base:08d}").encode()


def run(url: str, workload: Workload, connections: int, seconds: float, seed: int) -> dict[str, Any]:
    """Send a workload for some seconds, and return the figures.

    `errors` counts answers with another status than 2xx, lost connections and timeouts.
    """
    client = Client(url)
    with tempfile.TemporaryDirectory(prefix="wrk") as folder:
        templates = []
        for number, call in enumerate(workload.calls):
            file = Path(folder, f"{number}.http")
            file.write_bytes(_template(client, call))
            templates.append(f"{call.weight}:{file}")
        before = _cpu_of_children()
        done = subprocess.run(
            [
                *("wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "--timeout", f"{TIMEOUT}s"),
                *("-s", str(SCRIPT), url, "--"),
                *(workload.order, str(workload.keyspace), str(workload.stride), str(seed), *templates),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        cpu = _cpu_of_children() - before
    found = re.search(r"^RESULT (.*)$", done.stdout, re.MULTILINE)
    if done.returncode or found is None:
        raise RuntimeError("wrk failed: " + done.stdout)
    return _line(json.loads(found[1]), connections, cpu)


def _template(client: Client, call: Call) -> bytes:
    data = json.dumps(call.body).encode()
    headers = {
        "Host": f"{client.host}:{client.port}",
        **headers_of(call.operation),
        "Content-Length": str(len(data)),
    }
    head = "POST / HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return head.encode() + b"\r\n" + data


def _line(result: dict[str, Any], connections: int, cpu: float) -> dict[str, Any]:
    requests, seconds = result["requests"], result["seconds"]
    return {
        "rps": round(requests / seconds, 1),
        **{name: result[name] for name in ("p50_ms", "p99_ms", "mean_ms", "max_ms")},
        "conc": connections,
        "requests": requests,
        "seconds": round(seconds, 3),
        "errors": sum(result[name] for name in FAILURES),
        "bytes_per_reply": round(result["bytes"] / max(1, requests)),
        "wrk_cpu": round(cpu / seconds, 2),
    }


def _cpu_of_children() -> float:
    times = os.times()
    return times.children_user + times.children_system
