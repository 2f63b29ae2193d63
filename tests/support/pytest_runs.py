"""Runs pytest in a user's project, in which our plugin is installed."""

import os
import re
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PATIENCE = 120  # seconds after which a run of pytest fails; most take one or two


def write_distribution(folder: Path, name: str, plugin: str, module: str) -> None:
    """Write the metadata of an installed distribution that has an entry point for pytest."""
    metadata = folder / f"{name.replace('-', '_')}-1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
    (metadata / "entry_points.txt").write_text(f"[pytest11]\n{plugin} = {module}\n")


def write_our_distribution(folder: Path) -> None:
    """Write the metadata of this project's distribution, so that pytest finds our plugin."""
    entry_points = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]["pytest11"]
    ((plugin, module),) = entry_points.items()
    write_distribution(folder, "dynamodb-emulator", plugin, module)


@dataclass
class Run:
    """The result of a run of pytest. outcomes: the counts of outcomes, such as {"passed": 3}."""

    status: int
    outcomes: dict[str, int]
    output: str


class Project:
    """The project of a user. folder: its tests. packages: the folder of its installed packages."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "project"
        self.packages = folder / "packages"
        self.folder.mkdir()
        self.packages.mkdir()
        write_our_distribution(self.packages)
        self.ini()

    def ini(self, *lines: str) -> None:
        """Write pytest.ini with these additional lines. It turns warnings into errors."""
        text = ["[pytest]", "addopts = -p no:cacheprovider --strict-markers", "filterwarnings =", "    error"]
        text.append("    ignore::DeprecationWarning:botocore.*")
        (self.folder / "pytest.ini").write_text("\n".join([*text, *lines]) + "\n")

    def write(self, **files: str) -> None:
        """Write modules of the project: name of the module -> its text."""
        for name, text in files.items():
            (self.folder / f"{name}.py").write_text(text)

    def run(self, *arguments: str, **variables: str) -> Run:
        """Run pytest in the project; return the result.

        variables: environment variables. pytest sees no other AWS_*, PYTEST_* or COV_* variables.
        """
        path = [self.packages, ROOT / "emulator" / "installed"]
        ours = {name: text for name, text in os.environ.items() if not name.startswith(("AWS_", "PYTEST_", "COV_"))}
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *arguments],
            cwd=self.folder,
            env={
                **ours,
                "PYTHONPATH": os.pathsep.join(map(str, path)),
                "AWS_EC2_METADATA_DISABLED": "true",
                **variables,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
        counts = re.findall(r"(\d+) (passed|failed|errors?|skipped|xfailed|deselected)", done.stdout.splitlines()[-1])
        return Run(done.returncode, {name.rstrip("s"): int(count) for count, name in counts}, done.stdout)
