"""The AWS SDK for JavaScript v3. `make tests/clients/node_modules/.done` installs it."""

import json
import re
import shutil
import subprocess

from tests.support.servers import ROOT

FOLDER = ROOT / "tests" / "clients"
SDK = FOLDER / "node_modules" / "@aws-sdk" / "client-dynamodb-streams" / "package.json"


def reason_to_skip() -> str | None:
    """Return the reason why the SDK cannot run on this machine, or None if it can."""
    node = shutil.which("node")
    if node is None:
        return "no node"
    if not SDK.exists():
        return "no AWS SDK for JavaScript: make tests/clients/node_modules/.done"
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    needed = json.loads(SDK.read_text())["engines"]["node"]
    if _major(version) < _major(needed):
        return f"the AWS SDK for JavaScript needs node {needed}, this is {version}"
    return None


def _major(version: str) -> int:
    """Return the first number of a version: 20 for ">=20.0.0" and for "v20.20.2"."""
    return int(re.findall(r"\d+", version)[0])
