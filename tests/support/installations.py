"""Virtual environments for tests of the installed emulator, and the project of a user.

An environment has symbolic links to the packages of the tests' own environment, except the
emulator. So an installation into it needs no network.
"""

import json
import signal
import subprocess
import sys
import sysconfig
import urllib.request
import venv
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PATIENCE = 60  # seconds after which a command fails; most take one or two

MODULE = """
def owner():
    return "the user"
"""
APPLICATION = """
from emulator import owner as emulator_owner
from storage import owner as storage_owner

def owners():
    return emulator_owner(), storage_owner()
"""
PROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "shop"
version = "1"

[tool.hatch.build.targets.wheel]
packages = ["src/shop", "src/emulator", "src/storage"]
dev-mode-dirs = ["src"]
"""


def build(target: str, source: Path, folder: Path) -> Path:
    """Build a distribution of a source tree into an empty folder; return the file.

    target: "wheel" or "sdist".
    """
    command = [sys.executable, "-m", "hatchling", "build", "--target", target, "--directory", str(folder)]
    subprocess.run(command, cwd=source, check=True, capture_output=True, timeout=PATIENCE)
    [built] = folder.iterdir()
    return built


def write_user_packages(folder: Path) -> None:
    """Write a user's package `shop`, and the packages `emulator` and `storage` that it imports.

    The last two have the same names as packages of ours, but belong to the user.
    """
    for name, text in (("shop", APPLICATION), ("emulator", MODULE), ("storage", MODULE)):
        (folder / name).mkdir(parents=True)
        (folder / name / "__init__.py").write_text(text)


def write_project(folder: Path) -> None:
    """Write a project with the packages of `write_user_packages`, in src layout."""
    write_user_packages(folder / "src")
    (folder / "pyproject.toml").write_text(PROJECT)


def link_packages(folder: Path) -> None:
    """Fill a folder with links to the packages of the tests' environment, except the emulator."""
    for entry in Path(sysconfig.get_path("purelib")).iterdir():
        if "dynamodb_emulator" not in entry.name and entry.suffix != ".pth":
            (folder / entry.name).symlink_to(entry)


class Environment:
    """A virtual environment. Its commands see no environment variables of the tests."""

    def __init__(self, folder: Path, packages: Path) -> None:
        venv.create(folder, symlinks=True)
        scripts = folder / "bin"
        self.python = scripts / "python"
        self.script = scripts / "dynamodb-emulator"
        [self.site_packages] = (folder / "lib").glob("python*/site-packages")
        (self.site_packages / "packages.pth").write_text(f"{packages}\n")
        self._variables = {"PATH": f"{scripts}:/usr/bin:/bin", "HOME": str(folder)}

    def pip(self, *arguments: str) -> None:
        """Run a command of pip."""
        quiet = ("--quiet", "--disable-pip-version-check", "--no-input")
        self.run(self.python, "-m", "pip", *quiet, *arguments)

    def install(self, *requirement: str | Path) -> None:
        """Install a wheel or a project. `-e` before a project makes the installation editable.

        pip compiles no modules, because a test imports only a few of them.
        """
        offline = ("--no-index", "--no-deps", "--no-build-isolation", "--no-compile")
        self.pip("install", *offline, *map(str, requirement))

    def run(
        self,
        *command: str | Path,
        cwd: Path | None = None,
        status: int = 0,
        patience: float = PATIENCE,
        **variables: str,
    ) -> str:
        """Run a command, which must end with `status`; return its output."""
        done = subprocess.run(
            [*map(str, command)],
            cwd=cwd or self.python.parents[1],
            env={**self._variables, **variables},
            capture_output=True,
            text=True,
            check=False,
            timeout=patience,
        )
        assert done.returncode == status, done.stderr
        return done.stdout + done.stderr

    def code(self, text: str, cwd: Path | None = None, **variables: str) -> Any:
        """Run Python code that prints JSON; return the parsed value."""
        return json.loads(self.run(self.python, "-c", text, cwd=cwd, status=0, patience=PATIENCE, **variables))

    @contextmanager
    def serving(self, *command: str | Path, cwd: Path, **variables: str) -> Iterator[str]:
        """Run a server during a `with` block; yield the URL that it prints.

        SIGTERM stops the server. Fail if it ends with an error. Our server ends with status 0;
        uvicorn is ended by the signal.
        """
        process = subprocess.Popen(
            [*map(str, command)],
            cwd=cwd,
            env={**self._variables, **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert process.stdout is not None
        printed = []
        try:
            for line in process.stdout:
                printed.append(line)
                urls = [word for word in line.split() if word.startswith("http://")]
                if urls:
                    yield urls[0]
                    break
            else:
                raise AssertionError("the server did not start: " + "".join(printed))
        finally:
            process.terminate()
            printed.append(process.stdout.read())
            process.stdout.close()
            status = process.wait(PATIENCE)
        assert status in (0, -signal.SIGTERM), "".join(printed)


def call(url: str, operation: str, request: Mapping[str, Any]) -> Any:
    """Send one request to a server and return the answer."""
    fields = {
        "Content-Type": "application/x-amz-json-1.0",
        "X-Amz-Target": f"DynamoDB_20120810.{operation}",
        "X-Amz-Date": "20260101T000000Z",
        "Authorization": "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/dynamodb/aws4_request, "
        "SignedHeaders=host;x-amz-date;x-amz-target, Signature=" + "0" * 64,
    }
    return _answer(urllib.request.Request(url, json.dumps(request).encode(), fields))


def call_control(url: str, name: str, body: Mapping[str, Any]) -> Any:
    """Call one of the emulator's controls and return the answer."""
    return _answer(urllib.request.Request(f"{url}/_emulator/{name}", json.dumps(body).encode()))


def _answer(request: urllib.request.Request) -> Any:
    with urllib.request.urlopen(request, timeout=PATIENCE) as response:
        return json.loads(response.read())
