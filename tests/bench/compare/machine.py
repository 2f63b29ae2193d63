"""Describes a run: the machine, and the versions of all programs."""

import json
import os
import platform
import re
import subprocess
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tests.bench.compare.targets import ROOT, Target

PARTS = ("uvicorn", "uvloop", "httptools", "orjson", "lmdb", "sortedcontainers", "botocore", "boto3")


def machine(folder: Path) -> dict[str, Any]:
    """Return facts about the run: date, processor, memory, kernel and versions."""
    return {
        "date": datetime.now().astimezone().strftime("%Y-%m-%d %H:%M %Z"),
        "cpu": processor(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9),
        "kernel": f"{platform.system()} {platform.release()}",
        "disk": _output("df", "--output=fstype", str(folder)).split()[-1:],
        "load": os.getloadavg()[0],
        "python": platform.python_version(),
        "ours": f"{version('dynamodb-emulator')} ({_commit()})",
        "wrk": _first(r"wrk (?:debian/)?(\S+)", _output("wrk", "-v")),
        "parts": {name: version(name) for name in PARTS},
    }


def processor() -> str:
    """Return the name of the processor."""
    return _first(r"model name\s*:\s*(.*)", _read("/proc/cpuinfo")) or platform.processor()


def peer_version(target: Target, log: str) -> str:
    """Return the version of a peer, from its output at the start or from its package."""
    if target.label == "local":
        java = _first(r'version "([^"]+)"', _output("java", "-version"))
        local = _first(r"Version:\s*(\S+)", log)
        return f"{local} on Java {java}"
    if target.label == "dynalite":
        package = Path(target.command[0]).parents[1] / "dynalite" / "package.json"
        return (
            f"{json.loads(package.read_text())['version']} on Node {_output('node', '--version').strip().lstrip('v')}"
        )
    python = Path(target.command[0]).with_name("python")
    script = (
        "import platform; from importlib.metadata import version; "
        "print(version('moto'), 'on Python', platform.python_version())"
    )
    return _output(str(python), "-c", script).strip()


def _commit() -> str:
    commit = _output("git", "-C", str(ROOT), "rev-parse", "--short", "HEAD").strip()
    if not re.fullmatch(r"[0-9a-f]+", commit):
        return "not from git"
    changed = _output("git", "-C", str(ROOT), "status", "--porcelain", "--", "emulator", "storage").strip()
    return commit + (" and changes" if changed else "")


def _output(*command: str) -> str:
    """Return a command's output on both streams, or an empty text if there is no such command."""
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    except OSError:
        return ""
    return done.stdout


def _first(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    return found[1].strip() if found else ""


def _read(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""
