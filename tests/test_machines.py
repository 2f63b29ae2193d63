"""No file in the repository names a folder that exists only on one machine."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = (".ci", "buildtools", "docker", "emulator", "examples", "storage", "tests")
NOT_OURS = {".git", "__pycache__", "node_modules", ".peers", ".trials"}
MADE = ROOT / "emulator" / "model" / "data"
"""The service model, which each build extracts from botocore."""

_OF_A_MACHINE = re.compile(
    r"(?<![\w./~}-])/(?!home/dynamodblocal\b)(?:home|root|Users|work|workspace|opt|mnt|media|srv|private)/[\w.-]+"
)
"""The paths of such folders, without /home/dynamodblocal.

That is the working folder in our containers, as in those of amazon/dynamodb-local.
"""


def texts():
    """Yield (path, text) of each file in the repository that is not binary."""
    files = [path for path in ROOT.iterdir() if path.is_file()]
    for folder in FOLDERS:
        files += [path for path in (ROOT / folder).rglob("*") if path.is_file()]
    for path in files:
        if MADE in path.parents or path == Path(__file__) or NOT_OURS & set(path.parts):
            continue
        try:
            yield path, path.read_text()
        except UnicodeDecodeError:
            continue


def folders_of_machines(text):
    """Return the absolute paths in a text that may exist only on one machine."""
    own = [folder for folder in (str(ROOT), f"{Path.home()}/") if folder.count("/") > 1 and folder in text]
    return _OF_A_MACHINE.findall(text) + own


def test_no_file_names_a_folder_of_a_machine():
    named = {str(path.relative_to(ROOT)): folders_of_machines(text) for path, text in texts()}
    assert {name: folders for name, folders in named.items() if folders} == {}
    assert len(named) > 400


@pytest.mark.parametrize(
    "text",
    [
        "cd /home/somebody/checkout",
        '"/Users/a/b"',
        "file:/root/x is",
        "PATH=bin:/opt/tools/bin",
        f"cwd={ROOT}",
        "=/work/main/tests",
    ],
)
def test_a_folder_of_a_machine_is_found(text):
    assert folders_of_machines(text)


@pytest.mark.parametrize(
    "text", ["/usr/bin/env", "/proc/1/status", "/dev/shm", "$HOME/work/a", "../work/a", "https://a.b/home/c", "/tmp/a"]
)
def test_other_paths_are_left_alone(text):
    assert folders_of_machines(text) == []
