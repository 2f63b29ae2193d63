"""`make run` creates a virtual environment, and replaces it if it is broken.

A shell script takes the place of Python. It logs what it would do.
"""

import shutil
import stat
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

PYTHON = r"""#!/bin/sh
# With -c, it checks its version. With -m venv, it makes an environment whose pip and command log that they ran.
case "$1 $2" in
    "-c "*) case "$2" in *"Name another"*) test -z "$TOO_OLD" || { echo "too old" >&2; exit 1; };; esac; exit 0;;
    "-m venv")
        mkdir -p "$3/bin" && cp "$0" "$3/bin/python"
        for name in pip dynamodb-emulator; do
            printf '#!/bin/sh\n# %s\necho %s >> log\n' "$PWD/$3/bin/python" $name > "$3/bin/$name"
            chmod +x "$3/bin/$name"
        done
        test -z "$NO_PIP" || { rm "$3/bin/pip"; exit 1; }
        echo venv >> log;;
esac
"""


@pytest.fixture
def make(tmp_path):
    """Return a function make(folder, **environment) that runs `make run` in a folder.

    It returns the exit status, and the names of the programs that ran.
    """
    python = tmp_path / "python"
    python.write_text(PYTHON)
    python.chmod(python.stat().st_mode | stat.S_IXUSR)

    def run(folder, **environment):
        log = folder / "log"
        log.unlink(missing_ok=True)
        environment = {"PATH": "/usr/bin:/bin", **environment}
        command = ["make", "--no-print-directory", "run", f"PYTHON={python}"]
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        return done.returncode, log.read_text().split() if log.exists() else []

    return run


@pytest.fixture
def checkout(tmp_path):
    folder = tmp_path / "with blanks" / "checkout"
    folder.mkdir(parents=True)
    for name in ("Makefile", "pyproject.toml"):
        shutil.copy(ROOT / name, folder)
    return folder


ALL = ["venv", "pip", "dynamodb-emulator"]
pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="needs make")


def test_first_and_second_start(make, checkout):
    assert make(checkout) == (0, ALL)
    assert make(checkout) == (0, ["dynamodb-emulator"])


def test_new_requirements_are_installed(make, checkout):
    make(checkout)
    (checkout / ".venv" / ".run").unlink()
    assert make(checkout) == (0, ["pip", "dynamodb-emulator"])


def test_a_moved_checkout(make, checkout):
    make(checkout)
    moved = checkout.rename(checkout.with_name("moved"))
    assert make(moved) == (0, ALL)
    assert make(moved) == (0, ["dynamodb-emulator"])


def test_an_environment_whose_python_is_gone(make, checkout):
    make(checkout)
    python = checkout / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to("/none/python")
    assert make(checkout) == (0, ALL)


def test_an_environment_of_an_older_python(make, checkout):
    make(checkout)
    (checkout / ".venv" / "bin" / "python").write_text("#!/bin/sh\nexit 1\n")
    assert make(checkout) == (0, ALL)


def test_a_python_that_is_too_old_leaves_nothing_behind(make, checkout):
    assert make(checkout, TOO_OLD="1") == (2, [])
    assert not (checkout / ".venv").exists()
    assert make(checkout) == (0, ALL)


def test_an_environment_without_pip_is_replaced(make, checkout):
    """If python3-venv is missing, Debian's Python fails and leaves such an environment behind."""
    assert make(checkout, NO_PIP="1") == (2, [])
    assert make(checkout) == (0, ALL)
