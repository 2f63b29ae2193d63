"""The tests run from the sdist: it has all files that they need, and they do not need git.

Only `make nightly` runs these tests.
"""

import re
import tarfile

import pytest

from tests.support.installations import ROOT, build

pytestmark = pytest.mark.nightly

SMOKE = (
    *(f"tests/unit/{name}" for name in ("values", "expressions", "model", "formats", "test_settings.py")),
    *(f"tests/compat/test_{name}.py" for name in ("get_item", "query", "tables")),
    *(f"tests/test_{name}.py" for name in ("architecture", "citations", "documents", "readme")),
    "tests/clients/test_start.py",
    "tests/packaging/test_distributions.py",
)


@pytest.fixture(scope="module")
def source(new_environment, tmp_path_factory):
    """Return an environment with an editable install of the unpacked sdist, and its folder."""
    folder = tmp_path_factory.mktemp("sdist")
    with tarfile.open(build("sdist", ROOT, folder / "archive")) as archive:
        archive.extractall(folder / "source", filter="data")
    [unpacked] = (folder / "source").iterdir()
    environment = new_environment()
    environment.install("-e", unpacked)
    return environment, unpacked


def pytest_in(source, *arguments):
    environment, folder = source
    command = (environment.python, "-m", "pytest", "-q", "-p", "no:xdist", *arguments)
    return environment.run(*command, cwd=folder, patience=600)


def test_all_tests_are_found(source):
    """pytest collects all tests; it would fail if a test imported a file that is missing."""
    [number] = re.findall(r"(\d+)(?:/\d+)? tests (?:collected|selected)", pytest_in(source, "--collect-only", "tests"))
    assert int(number) > 10_000


@pytest.mark.parametrize("tests", SMOKE)
def test_the_smoke_set_passes(source, tests):
    assert re.search(r"\d+ passed", pytest_in(source, tests))
