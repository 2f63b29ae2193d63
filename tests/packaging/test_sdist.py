"""The tests of the sdist: its source tree has all that they need, without git and this repository.

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
    """Return an environment in which the unpacked sdist is installed in place, and its folder."""
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
    """An import of a missing file would be an error of the collection."""
    [number] = re.findall(r"(\d+)(?:/\d+)? tests (?:collected|selected)", pytest_in(source, "--collect-only", "tests"))
    assert int(number) > 10_000


@pytest.mark.parametrize("tests", SMOKE)
def test_the_smoke_set_passes(source, tests):
    assert re.search(r"\d+ passed", pytest_in(source, tests))
