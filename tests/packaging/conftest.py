"""Fixtures: a wheel of this source tree, built once, and environments that have it installed."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.installations import ROOT, Environment, build, link_packages, write_project, write_user_packages


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("wheel", ROOT, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="session")
def new_environment(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Environment]:
    """new_environment() returns a Python environment that does not have the emulator."""
    packages = tmp_path_factory.mktemp("packages")
    link_packages(packages)
    return lambda: Environment(tmp_path_factory.mktemp("environment"), packages)


@pytest.fixture(scope="session")
def installed(new_environment: Callable[[], Environment], wheel: Path) -> Environment:
    """Return an environment in which the wheel is installed; tests do not change it."""
    environment = new_environment()
    environment.install(wheel)
    return environment


@pytest.fixture
def user_folder(tmp_path: Path) -> Path:
    """Return a user's folder, with packages that have the names of ours: `emulator`, `storage`."""
    write_user_packages(tmp_path / "user")
    return tmp_path / "user"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return the project of a user's application with packages called `emulator` and `storage`."""
    write_project(tmp_path / "project")
    return tmp_path / "project"
