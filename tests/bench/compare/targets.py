"""The servers of a comparison, and how each is started.

Peers are optional black boxes, which are only started and measured. Their folder is `--peers` or
BENCH_PEERS, by default `tests/bench/.peers`, where `make bench-peers` installs them. DYNAMODB_LOCAL
names another folder with `DynamoDBLocal.jar`.
"""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[3]
PEERS = ROOT / "tests" / "bench" / ".peers"

OURS, PEER, STACK = "ours", "peer", "stack"


@dataclass(frozen=True, slots=True)
class Target:
    """A server of the comparison, and how to start it.

    In `command` and `environment`, {port} stands for a free port and {dir} for an empty folder.
    `only` has patterns of the workloads that the server runs. `startup`: whether its start is
    measured. `setup`: see `Endpoint`.
    """

    label: str
    title: str
    kind: str
    command: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict)
    cwd: Path | None = ROOT
    warmup: float | None = None
    only: tuple[str, ...] = ("*",)
    startup: bool = True
    setup: bool = True

    def runs(self, workload: str) -> bool:
        """Return whether a pattern of `only` matches a workload."""
        return any(fnmatch(workload, pattern) for pattern in self.only)


@dataclass(frozen=True, slots=True)
class Found:
    """The targets that can be started. `missing` has the other labels, with the reasons."""

    targets: tuple[Target, ...]
    missing: dict[str, str]


def find(peers: Path | None = None) -> Found:
    """Find the targets that this machine can start, in the order of the report's columns."""
    peers = peers or Path(os.environ.get("BENCH_PEERS", PEERS))
    targets, missing = [], {}
    for entry in (*_ours(), *_stack(), _local(peers), _dynalite(peers), _moto(peers)):
        if isinstance(entry, Target):
            targets.append(entry)
        else:
            label, reason = entry
            missing[label] = reason
    return Found(tuple(targets), missing)


Absent = tuple[str, str]


def _ours() -> list[Target | Absent]:
    """Return the variants of our server. Only the first two run all workloads."""
    command = (sys.executable, "-m", "emulator", "--port", "{port}", "--log-level", "warning")
    disk = (*command, "--data-dir", "{dir}")
    targets: list[Target | Absent] = [
        Target("memory", "in memory", OURS, (*command, "--in-memory")),
        Target("lmdb", "LMDB", OURS, disk),
    ]
    application = ("emulator.http.application:create", "--factory", "--http", "httptools", "--port", "{port}")
    targets.append(
        Target(
            "asgi",
            "in memory, under uvicorn's own HTTP",
            OURS,
            (sys.executable, "-m", "uvicorn", *application, "--no-access-log", "--log-level", "warning"),
            {"DYNAMODB_EMULATOR_IN_MEMORY": "1"},
            only=("get_c*", "put_c*"),
            startup=False,
        )
    )
    workers = Target(
        "lmdb_w2",
        "LMDB, 2 workers",
        OURS,
        (*disk, "--workers", "2"),
        only=("get_*", "put_c*", "overwrite_*", "query100_*", "mixed_*", "update_*"),
    )
    durable = Target(
        "durable",
        "LMDB, synced",
        OURS,
        (*disk, "--durable"),
        only=("put_c*", "overwrite_*", "update_c*"),
        startup=False,
    )
    for option, target in (("--workers", workers), ("--durable", durable)):
        targets.append(target if option in _help() else (target.label, f"the server does not know {option}"))
    return targets


@cache
def _help() -> str:
    command = [sys.executable, "-m", "emulator", "--help"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def _stack() -> list[Target]:
    """Return the toy application, and a bare uvicorn, of which only the start is measured."""
    command = (
        *(sys.executable, "-m", "uvicorn", "tests.bench.limits.app:app", "--port", "{port}"),
        *("--no-access-log", "--log-level", "warning"),
    )
    return [
        Target("stack", "the stack's limit", STACK, command, {"LIMIT_MODE": "lmdb", "LIMIT_DB": "{dir}"}),
        Target("bare", "bare uvicorn", STACK, command, {"LIMIT_MODE": "fixed"}, only=(), setup=False),
    ]


def _local(peers: Path) -> Target | Absent:
    folder = Path(os.environ.get("DYNAMODB_LOCAL", peers / "local" / "package" / "emulator"))
    if not (folder / "DynamoDBLocal.jar").exists():
        return "local", f"no DynamoDBLocal.jar in {folder}"
    if shutil.which("java") is None:
        return "local", "no java"
    return Target(
        "local",
        "DynamoDB Local",
        PEER,
        (
            *("java", "-Djava.library.path=./DynamoDBLocal_lib", "-jar", "DynamoDBLocal.jar"),
            *("-inMemory", "-sharedDb", "-port", "{port}"),
        ),
        {"DDB_LOCAL_TELEMETRY": "0"},
        cwd=folder,
        warmup=15,
    )


def _dynalite(peers: Path) -> Target | Absent:
    binary = peers / "dynalite" / "node_modules" / ".bin" / "dynalite"
    if not binary.exists():
        return "dynalite", f"no {binary}"
    return Target("dynalite", "dynalite", PEER, (str(binary), "--port", "{port}"), cwd=peers)


def _moto(peers: Path) -> Target | Absent:
    binary = peers / "moto" / "bin" / "moto_server"
    if not binary.exists():
        return "moto", f"no {binary}"
    return Target("moto", "moto", PEER, (str(binary), "-p", "{port}"), cwd=peers)
