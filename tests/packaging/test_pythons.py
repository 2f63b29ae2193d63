"""The wheel and a few important tests, on every Python that the project claims to support.

Only `make nightly` runs these tests. pip installs the server's dependencies, so they need a network
or a mirror. Pythons come from the PATH and from pyenv. If one is missing, its tests are skipped.
"""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.support.servers import ROOT, running

CLASSIFIERS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["classifiers"]
VERSIONS = [text.rpartition(" ")[2] for text in CLASSIFIERS if text.startswith("Programming Language :: Python :: 3.")]

OVER_HTTP = [f"tests/compat/test_{name}.py" for name in ("get_item", "query", "streams", "tables", "transactions")]
IN_PROCESS = [f"tests/unit/{name}" for name in ("values", "expressions", "storage", "http")]

pytestmark = pytest.mark.nightly


def interpreter(version):
    """Return the path of a Python of this version, or None."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions")
    for path in (sys.executable, shutil.which(f"python{version}"), *sorted(pyenv.glob(f"{version}.*/bin/python"))):
        # Run it to see whether it works: on the PATH it may be a command of pyenv, which can fail.
        if (
            path is not None
            and run(path, "-c", "import sys; print('%d.%d' % sys.version_info[:2])", check=False) == version
        ):
            return path
    return None


def run(*command, check=True):
    """Run a command in the source tree; return what it prints."""
    done = subprocess.run(list(map(str, command)), cwd=ROOT, capture_output=True, text=True, check=False, timeout=1800)
    assert done.returncode == 0 or not check, done.stdout + done.stderr
    return done.stdout.strip()


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, ROOT)
    [path] = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module", params=VERSIONS)
def environment(request, wheel, tmp_path_factory):
    """Return the folder of a virtual environment with only the wheel and its dependencies."""
    python = interpreter(request.param)
    if python is None:
        pytest.skip(f"no Python {request.param} on the PATH or in pyenv")
    folder = tmp_path_factory.mktemp("python")
    run(python, "-m", "venv", folder)
    run(folder / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check", wheel)
    return folder


def test_this_python_is_claimed():
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert version in VERSIONS
    assert interpreter(version) == sys.executable


@pytest.mark.parametrize("workers", ["1", "2"])
def test_an_installed_wheel_serves(environment, tmp_path, workers):
    """The server runs outside the source tree and without botocore, which only builds need."""
    names = run(environment / "bin" / "pip", "list", "--format=freeze", "--disable-pip-version-check")
    assert "botocore" not in names
    arguments = ("--data-dir", str(tmp_path / "data"), "--workers", workers)
    command = (str(environment / "bin" / "dynamodb-emulator"),)
    with running(*arguments, command=command, folder=tmp_path) as server:
        run(sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", *OVER_HTTP, "--endpoint", server.url)


def test_the_smoke_set_passes(environment, wheel):
    """The smoke set, which is a few important tests, runs on this Python, with all its servers."""
    run(environment / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check", f"{wheel}[test]")
    run(environment / "bin" / "python", "-B", "-m", "pytest", "-q", "-p", "no:xdist", *IN_PROCESS, *OVER_HTTP)
