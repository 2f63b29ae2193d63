"""The compose files and examples in docker/: their syntax, settings and mounts.

If `docker-compose` is installed, `docker-compose config` checks the syntax. These tests start no
container; test_image.py does.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.support.servers import ROOT, running

DOCKER = ROOT / "docker"
EXAMPLE = DOCKER / "example"
FILES = (DOCKER / "compose.yaml", EXAMPLE / "devcontainer" / "compose.yaml")
ACCESS = {
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
}


def services(file):
    return yaml.safe_load(file.read_text())["services"]


@pytest.mark.nightly
@pytest.mark.skipif(shutil.which("docker-compose") is None, reason="needs docker-compose")
@pytest.mark.parametrize("file", FILES, ids=str)
def test_compose_accepts_the_file(file):
    done = subprocess.run(
        ["docker-compose", "--file", str(file), "config", "--quiet"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("file", FILES, ids=str)
def test_the_application_waits_for_the_emulator_and_finds_it(file):
    application = services(file)["application"]
    assert application["depends_on"] == {"dynamodb": {"condition": "service_healthy"}}
    assert application["environment"] == {"AWS_ENDPOINT_URL": "http://dynamodb:8000", **ACCESS}


@pytest.mark.parametrize("file", FILES, ids=str)
def test_mounted_files_exist(file):
    mounts = [mount for each in services(file).values() for mount in each["volumes"] if mount.startswith(".")]
    assert mounts
    for mount in mounts:
        assert (file.parent / mount.split(":")[0]).exists()


def test_the_example_runs(tmp_path):
    """A server with the command of compose.yaml serves the example application."""
    emulator = services(FILES[0])["dynamodb"]
    [seeds] = [mount.split(":")[0] for mount in emulator["volumes"] if mount.split(":")[1] == "/seeds"]
    places = {"/seeds": str(DOCKER / seeds), "data": str(tmp_path / "data")}
    command = [places.get(each, each) for each in emulator["command"]]
    for _ in range(2):  # the second time, the data folder has the table
        with running(*command) as server:
            done = subprocess.run(
                [sys.executable, EXAMPLE / "application.py"],
                env={**os.environ, **ACCESS, "AWS_ENDPOINT_URL": server.url},
                capture_output=True,
                text=True,
                check=True,
                timeout=60,
            )
            assert sorted(done.stdout.splitlines()) == ["o-1 paid", "o-2 new"]


def test_the_development_container_uses_its_compose_file():
    folder = EXAMPLE / "devcontainer"
    container = json.loads((folder / "devcontainer.json").read_text())
    assert (folder / container["dockerComposeFile"]) == FILES[1]
    assert container["service"] in services(FILES[1])
    assert container["forwardPorts"] == ["dynamodb:8000"]
    [source, target, _] = services(FILES[1])[container["service"]]["volumes"][0].split(":")
    assert (source, target) == ("..", container["workspaceFolder"])


def test_the_workflow_sets_the_same_access():
    [job] = yaml.safe_load((EXAMPLE / "github" / "tests.yaml").read_text())["jobs"].values()
    assert job["env"] == {"AWS_ENDPOINT_URL": "http://127.0.0.1:8000", **ACCESS}
    assert job["services"]["dynamodb"]["ports"] == ["8000:8000"]


def test_the_build_context_has_the_files_that_the_image_needs():
    lines = (ROOT / ".dockerignore").read_text().split()
    copied = [line[1:] for line in lines if line.startswith("!")]
    assert {"emulator", "storage", "buildtools", "pyproject.toml", "README.md", "LICENSE", "docker/java"} == set(copied)
    assert all((ROOT / Path(each)).exists() for each in copied)
