"""The examples for other languages (examples/) work, if the machine has their tools.

Java: `make bench-peers` installs the AWS SDK for Java, which comes with DynamoDB Local. Go:
Debian's packages `golang` and `golang-github-aws-aws-sdk-go-v2-dev`, or a GOPATH with the SDK.
"""

import os
import re
import shutil
import subprocess
import sys

import pytest

from tests.support.servers import ROOT

EXAMPLES = ROOT / "examples"
JARS = ROOT / "tests" / "bench" / ".peers" / "local" / "package" / "emulator" / "DynamoDBLocal_lib"
DEBIAN_GO = "/usr/share/gocode"
PROGRAM = """#!/bin/sh
PYTHONPATH={root}:{root}/emulator/installed exec {python} -m emulator "$@"
"""


@pytest.fixture
def folder(tmp_path):
    """Return the path for an example. `tools` beside it has the command `dynamodb-emulator`."""
    tools = tmp_path / "tools"
    tools.mkdir()
    script = tools / "dynamodb-emulator"
    script.write_text(PROGRAM.format(root=ROOT, python=sys.executable))
    script.chmod(0o755)
    return tmp_path / "example"


def run(folder, *command, **variables):
    """Run a command in an example's folder, without the AWS variables of this process."""
    left = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    path = f"{folder.parent / 'tools'}:{os.environ['PATH']}"
    environment = left | {"PATH": path, "AWS_EC2_METADATA_DISABLED": "true"} | variables
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=400, check=False
    )


def test_every_example_is_in_the_table():
    named = re.findall(r"^\| \[(\w+)\]\((\w+)\) \|", (EXAMPLES / "README.md").read_text(), re.MULTILINE)
    folders = {path.name for path in EXAMPLES.iterdir() if path.is_dir()}
    assert {name for name, _ in named} == {link for _, link in named} == folders


@pytest.mark.nightly
@pytest.mark.skipif(shutil.which("npm") is None, reason="no npm")
def test_vitest_and_jest(folder):
    shutil.copytree(EXAMPLES / "javascript", folder)
    installed = run(folder, "npm", "install", "--no-audit", "--no-fund", "--loglevel=error")
    if installed.returncode != 0:
        pytest.skip("npm cannot install vitest and jest")
    vitest = run(folder, "npm", "test", NO_COLOR="1")
    assert vitest.returncode == 0, vitest.stdout + vitest.stderr
    assert "1 passed" in vitest.stdout
    jest = run(folder, "npm", "run", "test:jest")
    assert jest.returncode == 0, jest.stdout + jest.stderr
    assert "1 passed, 1 total" in jest.stderr


@pytest.mark.nightly
@pytest.mark.skipif(shutil.which("java") is None, reason="no java")
@pytest.mark.skipif(not JARS.is_dir(), reason="no AWS SDK for Java: make bench-peers")
def test_java(folder):
    shutil.copytree(EXAMPLES / "java", folder)
    done = run(folder, "dynamodb-emulator", "exec", "--", "java", "-cp", f"{JARS}/*", "Orders.java")
    assert (done.returncode, done.stdout) == (0, "paid\n"), done.stderr


@pytest.mark.nightly
@pytest.mark.skipif(shutil.which("go") is None, reason="no go")
def test_go(folder):
    shutil.copytree(EXAMPLES / "go", folder)
    variables = {"GO111MODULE": "off", "GOPATH": os.environ.get("GOPATH", DEBIAN_GO), "GOFLAGS": ""}
    variables["GOCACHE"] = str(folder.parent / "cache")
    if run(folder, "go", "list", "github.com/aws/aws-sdk-go-v2/service/dynamodb", **variables).returncode != 0:
        pytest.skip("no AWS SDK for Go: Debian's golang-github-aws-aws-sdk-go-v2-dev has it")
    done = run(folder, "dynamodb-emulator", "exec", "--", "go", "run", "orders.go", **variables)
    assert (done.returncode, done.stdout) == (0, "paid\n"), done.stderr
