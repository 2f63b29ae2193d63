"""The AWS SDK for JavaScript v3: everyday.mjs, orders.mjs and streams.mjs in node, on both engines.

npm installs the modules of the SDK: `make tests/clients/node_modules/.done`.
"""

import re
import subprocess

import pytest

from tests.support.javascript import FOLDER, reason_to_skip

SCRIPTS = ("everyday.mjs", "orders.mjs", "streams.mjs")


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
