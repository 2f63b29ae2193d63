"""Builds the image with buildah, and runs containers with podman. Needs root on Linux.

A minimal Debian with the same Python replaces the official Python image, which cannot be downloaded
here. This needs the Debian packages `buildah`, `crun`, `debootstrap` and `podman`, and an index for
pip. Containers have no network except loopback, so all of them may use the same port.

Podman refuses to run on a machine that uses both versions of control groups, although it needs
neither version here. So podman runs in a separate mount namespace without control groups. A
process that waits keeps the namespace alive.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

ROOT: Final = Path(__file__).parents[2]
DOCKERFILE: Final = ROOT / "docker" / "Dockerfile"
BASE: Final = "docker.io/library/python:3.13-slim"
IMAGE: Final = "localhost/dynamodb-emulator"
READY: Final = "dynamodb-emulator is ready"

_TOOLS: Final = ("buildah", "crun", "debootstrap", "nsenter", "podman", "unshare")
_DEBIAN: Final = "trixie"  # its Python has version 3.13
_PACKAGES: Final = "ca-certificates,python3,python3-pip,python3-venv"
_BUILD: Final = 900  # seconds for a build, with the downloads
_PATIENCE: Final = 60

_SLIM: Final[dict[str, str]] = {
    "etc/dpkg/dpkg.cfg.d/docker": "path-exclude /usr/share/doc/*\npath-exclude /usr/share/man/*\n"
    "path-exclude /usr/share/info/*\npath-exclude /usr/share/locale/*\n",
    "etc/apt/apt.conf.d/docker-clean": 'Dir::Cache::pkgcache ""; Dir::Cache::srcpkgcache "";\n',
}
"""Settings of the official slim images that keep the packages of apt small."""


def missing() -> str | None:
    """Return the reason why containers cannot run on this machine, or None if they can."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "needs root on Linux"
    tools = [tool for tool in _TOOLS if shutil.which(tool) is None]
    return f"needs {', '.join(tools)}" if tools else None


def _run(*command: str | Path, patience: float = _PATIENCE, check: bool = True) -> "subprocess.CompletedProcess[str]":
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False, timeout=patience)
    assert done.returncode == 0 or not check, f"{command}: {done.stdout[-4000:]}{done.stderr[-4000:]}"
    return done


class Containers:
    """An image store in a separate folder, and the namespace in which podman runs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._state = TemporaryDirectory(prefix="podman-", dir="/tmp")  # a short path: podman allows 50 characters
        self._store = ("--root", str(folder / "store"), "--runroot", self._state.name, "--storage-driver", "overlay")
        self._holder = subprocess.Popen(
            ["unshare", "--mount", "sh", "-c", "mount -t tmpfs none /sys/fs/cgroup && echo && exec cat"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._holder.stdout is not None
        assert self._holder.stdout.readline() == b"\n", "a namespace cannot be made here"
        self._number = 0

    def close(self) -> None:
        """End all containers and remove the folder."""
        self.podman("rm", "--force", "--all", check=False)
        self._holder.communicate()
        shutil.rmtree(self.folder)
        self._state.cleanup()

    def _inside(self, *command: str) -> list[str]:
        return ["nsenter", "--mount", f"--target={self._holder.pid}", *command]

    def buildah(self, *arguments: str | Path, patience: float = _PATIENCE) -> str:
        """Run buildah; return its output."""
        return _run(*self._inside("buildah", *self._store, *map(str, arguments)), patience=patience).stdout.strip()

    def _podman(self, arguments: Sequence[str | Path]) -> list[str]:
        options = ("--cgroup-manager", "cgroupfs", "--events-backend", "none", "--runtime", "crun")
        return self._inside("podman", *self._store, *options, *map(str, arguments))

    def podman(self, *arguments: str | Path, check: bool = True) -> str:
        """Run podman; return its output."""
        return _run(*self._podman(arguments), check=check).stdout.strip()

    def make_base(self) -> None:
        """Make the image that replaces the official Python image."""
        folder = self.folder / "base"
        _run("debootstrap", "--variant=minbase", f"--include={_PACKAGES}", _DEBIAN, folder, patience=_BUILD)
        for name, text in _SLIM.items():
            (folder / name).write_text(text)
        for name, target in (("python", "python3"), ("pip", "pip3")):
            (folder / "usr/local/bin" / name).symlink_to(f"/usr/bin/{target}")
        for marker in (folder / "usr/lib").glob("python3.*/EXTERNALLY-MANAGED"):
            marker.unlink()
        # The official image has no bytecode and no documents, so remove them. Then add this
        # machine's certificates, which a mirror of the package index may need.
        for cache in (folder / "usr/lib").glob("python3*/**/__pycache__"):
            shutil.rmtree(cache)
        for name in (
            "usr/share/doc",
            "usr/share/man",
            "usr/share/locale",
            "var/cache/apt/archives",
            "var/lib/apt/lists",
        ):
            shutil.rmtree(folder / name)
        certificates = Path("/etc/ssl/certs/ca-certificates.crt")
        if certificates.exists():
            shutil.copy(certificates, folder / "etc/ssl/certs/")
        container = self.buildah("from", "scratch")
        self.buildah("add", "--quiet", container, folder, "/", patience=_BUILD)
        self.buildah("commit", "--quiet", "--format", "docker", container, BASE, patience=_BUILD)
        self.buildah("rm", container)
        shutil.rmtree(folder)

    def build(self) -> None:
        """Build the image from the Dockerfile."""
        options = ("--isolation", "chroot", "--format", "docker", "--pull-never", "--layers=false")
        self.buildah("build", *options, "--file", DOCKERFILE, "--tag", IMAGE, ROOT, patience=_BUILD)

    def image(self) -> Any:
        """Return the metadata of the image."""
        [description] = json.loads(self.podman("image", "inspect", IMAGE))
        return description

    def health_check(self) -> list[str]:
        """Return the kind and the text of the image's health check."""
        test: list[str] = json.loads(self.podman("image", "inspect", "--format", "{{json .HealthCheck.Test}}", IMAGE))
        return test

    def size(self, image: str) -> int:
        """Return the size in bytes of an image's unpacked layers."""
        return int(self.podman("image", "inspect", "--format", "{{.Size}}", image))

    def _start(self, options: Sequence[str | Path], command: Sequence[str]) -> "tuple[str, subprocess.Popen[str]]":
        self._number += 1
        name = f"c{self._number}"
        # No health checks, because podman runs them with systemd. Low limits, because this process
        # may not be allowed to set the limits that podman sets by default.
        fixed = ("--rm", "--cgroups=disabled", "--network=none", "--pull=never", "--no-healthcheck")
        limits = ("--ulimit=nofile=1024:4096", "--ulimit=nproc=1024:4096")
        arguments = ("run", "--name", name, *fixed, *limits, *options, IMAGE, *command)
        return name, subprocess.Popen(
            self._podman(arguments), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def run(self, *options: str | Path, command: Sequence[str] = ()) -> tuple[int, str]:
        """Run a container to its end; return its exit status and its output."""
        _, process = self._start(options, command)
        printed, _ = process.communicate(timeout=_PATIENCE)
        return process.returncode, printed

    @contextmanager
    def serving(self, *options: str | Path, command: Sequence[str] = ()) -> Iterator["Container"]:
        """Run a container during a `with` block, once its server is ready.

        The end of the block stops the container as `docker stop` does.
        """
        name, process = self._start(options, command)
        container = Container(self, name)
        assert process.stdout is not None
        printed = []
        for line in process.stdout:
            printed.append(line)
            if line.startswith(READY):
                break
        else:
            raise AssertionError("the server did not start: " + "".join(printed))
        try:
            yield container
        finally:
            self.podman("kill", "--signal", "TERM", name, check=False)
            try:
                # Less than the ten seconds after which `docker stop` kills a container.
                rest, _ = process.communicate(timeout=5)
                printed.append(rest)
            finally:
                self.podman("rm", "--force", name, check=False)
        assert process.returncode == 0, (signal.Signals(process.returncode % 128), "".join(printed))


class Container:
    """A running container."""

    def __init__(self, containers: Containers, name: str) -> None:
        self._containers = containers
        self._name = name

    def run(self, *command: str, user: str | None = None) -> tuple[int, str]:
        """Run a command in the container, as `docker exec` does; return its status and output."""
        options = () if user is None else ("--user", user)
        done = _run(*self._containers._podman(("exec", *options, self._name, *command)), check=False)
        return done.returncode, (done.stdout + done.stderr).strip()

    def call(self, operation: str, request: Any, port: int = 8000) -> Any:
        """Send one request of DynamoDB to the server in the container; return the answer."""
        headers = {
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Target": f"DynamoDB_20120810.{operation}",
            "X-Amz-Date": "20260101T000000Z",
            "Authorization": "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/dynamodb/aws4_request, "
            "SignedHeaders=host;x-amz-date;x-amz-target, Signature=" + "0" * 64,
        }
        lines = [part for name, text in headers.items() for part in ("--header", f"{name}: {text}")]
        url = f"http://localhost:{port}/"
        status, text = self.run("curl", "--silent", "--show-error", *lines, "--data", json.dumps(request), url)
        assert status == 0, text
        return json.loads(text)
