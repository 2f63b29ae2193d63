"""Runs the workloads of one server: creates tables, checks answers, warms up, measures."""

import random
import time
from collections.abc import Callable
from typing import Any

from tests.bench.compare import loops, wrk
from tests.bench.compare.client import AnswerError, Client
from tests.bench.compare.datasets import DATASETS
from tests.bench.compare.workloads import WORKLOADS, Workload, named

FEWEST = 5
"""If `wrk` completes fewer requests than this, `send` repeats the workload, one by one.

The reason is that `wrk` does not count requests that are open at its end.
"""

FAILURES = (AnswerError, RuntimeError, OSError, KeyError, AssertionError)
"""Exceptions that turn a measurement into an error line."""


class Endpoint:
    """Runs workloads on the server at a URL.

    `cpu_seconds` returns the CPU time of the server's processes, if it is known. `setup` is false
    for a server that answers every request in the same way: no table is created, and no answer is
    checked.
    """

    def __init__(
        self,
        label: str,
        url: str,
        *,
        duration: float,
        warmup: float,
        setup: bool = True,
        cpu_seconds: Callable[[], float] | None = None,
        seed: int = 1,
    ) -> None:
        self.label, self.url = label, url
        self.duration, self.warmup = duration, warmup
        self.setup = setup
        self.cpu_seconds = cpu_seconds
        self.client = Client(url)
        self.preparing = 0.0
        self.ready: set[str] = set()
        self.warm: set[str] = set()
        self.rng = random.Random(seed)

    def run(self, name: str) -> dict[str, Any]:
        """Run a workload and return its line."""
        wanted = named(name)
        if wanted is not None:
            return self.measure(name, lambda: self.wrk(*wanted))
        if name == "scan":
            self.prepare("bench_scan")
            return self.measure(name, lambda: loops.scan(self.client, self.duration))
        return self.measure(name, lambda: self.boto3(name.removeprefix("boto3_")))

    def measure(self, name: str, run: Callable[[], dict[str, Any]], **facts: Any) -> dict[str, Any]:
        """Call `run` and return its figures as a line, or a line with the error that it raises."""
        line = {"label": self.label, "workload": name, **facts, "at": round(time.time(), 1)}
        started, self.preparing = time.monotonic(), 0.0
        try:
            return {**line, **run(), "took_s": round(time.monotonic() - started - self.preparing, 1)}
        except FAILURES as error:
            self.client.close()
            return {**line, "error": f"{type(error).__name__}: {error}"[:300]}

    def prepare(self, table: str) -> None:
        """Create a table and its items, unless the server has them already."""
        if self.setup and table in DATASETS and table not in self.ready:
            started = time.monotonic()
            self.client.drop(table)
            DATASETS[table](self.client)
            self.ready.add(table)
            self.preparing += time.monotonic() - started

    def wrk(self, name: str, connections: int, workload: Workload | None = None) -> dict[str, Any]:
        """Check the answers, warm up once, send the workload with wrk, and return the figures."""
        workload = workload or WORKLOADS[name]
        self.prepare(workload.table)
        for call in workload.calls:
            answer = self.client.call(call.operation, wrk.filled(call.body, 0))
            if self.setup and not call.check(answer):
                raise RuntimeError(f"unexpected answer to {name}: {answer!s:.300}")
        if name not in self.warm and self.warmup > 0:
            self._wrk(workload, max(connections, 8), self.warmup)
            self.warm.add(name)
        line = self.with_cpu(lambda: self._wrk(workload, connections, self.duration))
        if line["requests"] >= FEWEST or line["errors"]:
            return line
        line = self.with_cpu(lambda: loops.timed(lambda: self.send(workload), 0, self.duration))
        return {**line, "note": "one request at a time: too slow for wrk"}

    def _wrk(self, workload: Workload, connections: int, seconds: float) -> dict[str, Any]:
        return wrk.run(self.url, workload, connections, seconds, self.rng.randrange(1 << 30))

    def send(self, workload: Workload) -> None:
        """Send one request of a workload: a random call with a random key."""
        (call,) = self.rng.choices(workload.calls, [call.weight for call in workload.calls])
        base = workload.stride * self.rng.randrange(max(1, workload.keyspace // workload.stride))
        self.client.raw(call.operation, wrk.filled(call.body, base))

    def boto3(self, name: str) -> dict[str, Any]:
        """Send a workload through boto3, in one thread; return the figures."""
        if name in loops.BOTO3_TABLES:
            self.prepare(loops.BOTO3_TABLES[name])
        call = loops.boto3_call(name, loops.boto3_client(self.url), self.rng)
        warm = "boto3_" + name in self.warm
        self.warm.add("boto3_" + name)
        loops.timed(call, 0 if warm else min(self.warmup, 2.0), 0)
        return self.with_cpu(lambda: loops.timed(call, 0, self.duration))

    def with_cpu(self, run: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Call `run`; add to its figures `server_cpu`, the number of cores that the server used."""
        if self.cpu_seconds is None:
            return run()
        before = self.cpu_seconds()
        line = run()
        return {**line, "server_cpu": round((self.cpu_seconds() - before) / line["seconds"], 3)}
