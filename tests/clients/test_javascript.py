"""The AWS SDK for JavaScript v3: everyday.mjs, orders.mjs and streams.mjs in node, on both engines.

Its modules come from npm: `make tests/clients/node_modules/.done`.
"""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent
SCRIPTS = ("everyday.mjs", "orders.mjs", "streams.mjs")
SDK = FOLDER / "node_modules" / "@aws-sdk" / "client-dynamodb-streams" / "package.json"


def reason_to_skip():
    """Say what is missing for running the SDK, or nothing."""
    node = shutil.which("node")
    if node is None:
        return "no node"
    if not SDK.exists():
        return "no AWS SDK for JavaScript: make tests/clients/node_modules/.done"
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    needed = json.loads(SDK.read_text())["engines"]["node"]
    if major(version) < major(needed):
        return f"the AWS SDK for JavaScript needs node {needed}, this is {version}"
    return None


def major(version):
    """Return 20 for ">=20.0.0" and for "v20.20.2"."""
    return int(re.search(r"\d+", version)[0])


@pytest.mark.parametrize("name", SCRIPTS)
def test_script(endpoint, name):
    if reason := reason_to_skip():
        pytest.skip(reason)
    script = FOLDER / name
    command = ["node", "--test-reporter=tap", str(script), endpoint]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    passed = re.findall(r"^ok \d+ - (.*)$", done.stdout, re.MULTILINE)
    assert passed == re.findall(r'^test\("(.*)"', script.read_text(), re.MULTILINE)
