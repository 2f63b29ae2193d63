"""Starts and stops servers, and measures CPU and memory of a whole process tree (Linux)."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.bench.compare.client import AnswerError, Client
from tests.bench.compare.targets import Target

LONGEST_START = 60  # seconds that a start may take
# Allows servers to write bytecode files. Otherwise each start compiles edited files again, which
# takes 40 ms and more.
_BYTECODE = {"PYTHONDONTWRITEBYTECODE": ""}
LONGEST_STOP = 15


class Server:
    """A running server of a target, on its own port and in its own directory below `folder`."""

    def __init__(self, target: Target, folder: Path | None = None) -> None:
        self.target = target
        self.directory = Path(tempfile.mkdtemp(prefix=f"bench-{target.label}-", dir=folder))
        (self.directory / "data").mkdir()
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"

        def fill(text: str) -> str:
            return text.replace("{port}", str(port)).replace("{dir}", str(self.directory / "data"))

        log = (self.directory / "log").open("wb")
        started = time.perf_counter()
        self.process = subprocess.Popen(
            [fill(part) for part in target.command],
            env={**os.environ, **_BYTECODE, **{name: fill(value) for name, value in target.environment.items()}},
            cwd=target.cwd,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        log.close()
        self.client = Client(self.url)
        try:
            self._wait()
        except BaseException:
            self.stop()
            raise
        self.start_seconds = time.perf_counter() - started

    def _wait(self) -> None:
        """Wait until the server answers ListTables with status 200."""
        end = time.monotonic() + LONGEST_START
        while True:
            try:
                self.client.raw("ListTables", b"{}")
            except (OSError, AnswerError) as error:
                self.client.close()
                if self.process.poll() is not None:
                    status = self.process.returncode
                    raise RuntimeError(
                        f"{self.target.label} ended with status {status}: {self.log()[-300:]}"
                    ) from error
                if time.monotonic() > end:
                    raise RuntimeError(f"{self.target.label}: no answer in {LONGEST_START} s") from error
                time.sleep(0.005)
            else:
                return

    def log(self) -> str:
        """Return what the server has printed."""
        return (self.directory / "log").read_text(errors="replace")

    def pids(self) -> list[int]:
        """Return the ids of the server's process and of all its descendants."""
        pids = [self.process.pid]
        for pid in pids:
            with suppress(OSError):
                for task in Path(f"/proc/{pid}/task").iterdir():
                    pids += map(int, (task / "children").read_text().split())
        return pids

    def cpu_seconds(self) -> float:
        """Return the CPU seconds that the server's processes have used."""
        ticks = 0
        for pid in self.pids():
            with suppress(OSError):
                times = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                ticks += int(times[11]) + int(times[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def memory(self) -> dict[str, float]:
        """Return sizes: `rss_mb`, `pss_mb` (shared pages once), `pss_anon_mb` (no mapped files)."""
        sizes = {"Rss": 0, "Pss": 0, "Pss_Anon": 0}
        for pid in self.pids():
            with suppress(OSError):
                for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                    name, _, rest = line.partition(":")
                    if name in sizes:
                        sizes[name] += int(rest.split()[0])
        return {name.lower() + "_mb": round(size / 1024, 1) for name, size in sizes.items()}

    def disk_mb(self) -> float:
        """Return the size of the server's data on the disk, in MB."""
        files = (file for file in (self.directory / "data").rglob("*") if file.is_file())
        return round(512 * sum(file.stat().st_blocks for file in files) / 1e6, 1)

    def stop(self) -> None:
        """Stop the server and delete its data."""
        self.client.close()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(LONGEST_STOP)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        shutil.rmtree(self.directory, ignore_errors=True)


@contextmanager
def running(target: Target, folder: Path | None = None) -> Iterator[Server]:
    """Run a server of a target until the `with` block ends."""
    server = Server(target, folder)
    try:
        yield server
    finally:
        server.stop()


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
