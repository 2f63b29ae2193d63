"""Every line of the README and of pages in docs/ works as typed.

The blocks run in order, as a reader would type them.

| block | what the test does |
|---|---|
| `sh` with one line `make run` | starts the server |
| `sh` with several such lines | starts a server with each line, then restarts the earlier server |
| other `sh` | runs it in bash; exported variables stay set, as in a terminal |
| `python`, `js` | runs it, with the exported variables |
| `python`, `toml`, `yaml` that begin with `# name` | writes it to a file of that name |
| a compose file | also runs clients with exactly the variables of its `environment` |
| `json` | compares it with the last JSON of the block before; `...` stands for anything |
| `text` | finds it in the output of the block before, or in the server's terminal |

The test replaces the ports, the name of the host in containers, and the installation of the server:
`make run` starts the server of this source tree. Other targets of make must exist, but do not run.
Lines for Docker do not run, but the files that they name must exist. Of AWS's variables, the
environment has only those that the README sets.
"""

import json
import os
import re
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support import javascript
from tests.support.aws_cli import AWS, REASON_TO_SKIP
from tests.support.pytest_runs import write_our_distribution
from tests.support.servers import ROOT, free_port

PATIENCE = 30  # seconds; texts appear within one second
PAGES = (
    ROOT / "README.md",
    *(ROOT / "docs" / f"{name}.md" for name in ("functions", "controls", "advice", "running", "global-tables")),
)
LANGUAGES = {"sh", "python", "js", "json", "text", "toml", "yaml"}
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
FILE = re.compile(r"# ([\w./-]+\.\w+)(?:,.*)?\n")
VARIABLE = re.compile(r"^ +([A-Z_]+): (\S+)$", re.MULTILINE)
VARYING = re.compile(r"\d+\.\d ms|[0-9A-Z]{52}")

SERVER = """#!/bin/sh
case " $* " in
*" --port "*|" copy "*|" advise "*|" exec "*|" dump "*|" load "*|" diff "*) port=;; *) port="--port {port}";; esac
exec {python} -c 'import sys; sys.path.insert(0, "{root}"); from emulator.cli import main; sys.exit(main())' "$@" $port
"""

MAKE = """#!/bin/sh
for word in "$@"; do case "$word" in ARGS=*) arguments=${{word#ARGS=}};; esac; done
if [ "$1" = run ]; then exec dynamodb-emulator $arguments; fi
exec /usr/bin/make -C {root} -n "$@"
"""

DOCKER = """#!/bin/sh
# No Docker engine runs here: the files that a line names must exist, and a server does not run.
cd {root}
for word in "$@"; do case "$word" in docker/*) test -f "$word" || exit 1;; esac; done
"""

CURL = """#!/bin/sh
exec /usr/bin/curl --silent --show-error --fail-with-body "$@"
"""

CONTAINER = """
import boto3
print(boto3.client("dynamodb").list_tables()["TableNames"])
boto3.client("dynamodbstreams").list_streams()
boto3.client("lambda").list_event_source_mappings()
"""

CONTAINER_JS = """
import { DynamoDBClient, ListTablesCommand } from "@aws-sdk/client-dynamodb";
await new DynamoDBClient().send(new ListTablesCommand());
"""


@dataclass
class Block:
    """A fenced block: its language, its text, and the number of its first line."""

    language: str
    text: str
    line: int


def blocks(readme):
    return [Block(found[1], found[2], readme.count("\n", 0, found.start()) + 1) for found in BLOCK.finditer(readme)]


class Server:
    """A server, and what its terminal shows."""

    def __init__(self, line, folder, environment):
        self.process = subprocess.Popen(
            ["bash", "-c", f"exec {line}"],
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._shown = ""
        self._changed = threading.Condition()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self):
        for line in self.process.stdout:
            with self._changed:
                self._shown += line
                self._changed.notify_all()
        with self._changed:
            self._shown += "(the end)"
            self._changed.notify_all()

    def shows(self, *texts):
        """Wait until the terminal shows one of the texts; return False if that takes too long."""

        def shown():
            return any(VARYING.sub("*", text) in VARYING.sub("*", self._shown) for text in texts)

        with self._changed:
            self._changed.wait_for(lambda: shown() or self._shown.endswith("(the end)"), PATIENCE)
            return shown()

    def stop(self):
        if "usage: " not in self._shown:  # with --help, a server prints its usage and ends by itself
            self.process.send_signal(signal.SIGINT)
        self._reader.join(PATIENCE)
        status = self.process.wait(PATIENCE)
        self.process.stdout.close()
        assert status == 0, self._shown


class Reader:
    """Types the blocks of a page, as a reader does: one terminal for servers, one for the rest."""

    def __init__(self, folder):
        self.folder = folder
        self.port, self.other_port = free_port(), free_port()
        tools = folder.with_name("tools")
        packages = folder.with_name("packages")
        tools.mkdir()
        packages.mkdir()
        write_our_distribution(packages)
        for name, text in (("dynamodb-emulator", SERVER), ("make", MAKE), ("curl", CURL), ("docker", DOCKER)):
            script = tools / name
            script.write_text(text.format(port=self.port, python=sys.executable, root=ROOT))
            script.chmod(0o755)
        (folder / ".venv" / "bin").mkdir(parents=True)
        (folder / ".venv" / "bin" / "dynamodb-emulator").symlink_to(tools / "dynamodb-emulator")
        path = (tools, AWS.parent, Path(sys.executable).parent, "/usr/local/bin", "/usr/bin", "/bin")
        self.base = {
            "PATH": ":".join(map(str, path)),
            "PYTHONPATH": f"{packages}:{ROOT / 'emulator' / 'installed'}",
            "HOME": str(folder),
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        self.exports = dict(self.base)
        self.server = None
        self.started = ""
        self.printed = ""
        if javascript.reason_to_skip() is None:
            (folder / "node_modules").symlink_to(javascript.FOLDER / "node_modules")

    def substituted(self, text):
        text = text.replace("host.docker.internal:8000", "127.0.0.1:8000").replace(
            "127.0.0.1:8000", f"127.0.0.1:{self.port}"
        )
        return text.replace("--port 8001", f"--port {self.other_port}")

    def type(self, block):
        text = self.substituted(block.text)
        named = FILE.match(text)
        if block.language == "sh" and text.startswith("make run"):
            self.start(text.splitlines())
        elif block.language == "sh":
            self.printed = self.run(["bash", "-euo", "pipefail", "-c", f"{text}\nenv -0 >../exports"])
            variables = self.folder.with_name("exports").read_text().split("\0")
            self.exports = dict(variable.split("=", 1) for variable in variables if variable)
        elif named is not None:
            path = self.folder / named[1]
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
            if block.language == "yaml":
                self.be_a_container(dict(VARIABLE.findall(text)))
        elif block.language == "python":
            self.printed = self.run([sys.executable, "-c", text])
        elif block.language == "js":
            self.printed = self.run_js(text, self.exports, otherwise="[ 'Orders' ]")
        elif block.language == "json":
            assert matches(json.loads(text.replace("...", '"..."')), last_json(self.printed)), self.printed
        elif block.language == "text":
            said = VARYING.sub("*", text.strip())
            assert said in VARYING.sub("*", self.printed) or self.server.shows(text.strip()), self.printed
        else:
            raise AssertionError(f"no rule for a block of {block.language!r}")

    def run(self, command, environment=None):
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=environment or self.exports,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def run_js(self, text, environment, otherwise=""):
        """Run a module in node, or return `otherwise` if node is missing."""
        if javascript.reason_to_skip() is not None:
            return otherwise
        (self.folder / "readme.mjs").write_text(text)
        return self.run(["node", "readme.mjs"], environment)

    def start(self, lines):
        """Start a server with each line. After several lines, restart the earlier server."""
        before = self.started
        for line in lines:
            self.stop()
            self.started = line
            self.server = Server(line, self.folder, self.base)
            assert self.server.shows("dynamodb-emulator is ready", "usage: "), line
        if len(lines) > 1:
            self.start([before])

    def be_a_container(self, variables):
        """Run clients that have these variables and no others, as in a container."""
        environment = self.base | variables
        assert self.run([sys.executable, "-c", CONTAINER], environment) == "['Orders']\n"
        self.run(["aws", "dynamodb", "list-tables"], environment)
        self.run_js(CONTAINER_JS, environment)

    def stop(self):
        if self.server is not None:
            self.server.stop()
            self.server = None


def matches(expected, found):
    """Return whether JSON values are equal; "..." in `expected` equals everything."""
    if isinstance(expected, dict) and isinstance(found, dict):
        return expected.keys() == found.keys() and all(matches(expected[name], found[name]) for name in expected)
    if isinstance(expected, list) and isinstance(found, list):
        return len(expected) == len(found) and all(map(matches, expected, found))
    return expected in ("...", found)


def last_json(text):
    """Return the last of the JSON values in a text."""
    value, rest = None, text.strip()
    while rest:
        value, end = json.JSONDecoder().raw_decode(rest)
        rest = rest[end:].lstrip()
    return value


def test_every_block_has_a_language():
    assert {block.language for page in PAGES for block in blocks(page.read_text())} == LANGUAGES


@pytest.mark.skipif(not AWS.exists(), reason=REASON_TO_SKIP)
@pytest.mark.skipif(not os.access("/usr/bin/curl", os.X_OK), reason="no curl")
def test_every_line_works_as_typed(tmp_path):
    folder = tmp_path / "checkout"
    folder.mkdir()
    reader = Reader(folder)
    try:
        for page, block in [(each, block) for each in PAGES for block in blocks(each.read_text())]:
            try:
                reader.type(block)
            except AssertionError as error:
                raise AssertionError(f"{page.name}, line {block.line}:\n{block.text}\n{error}") from None
    finally:
        reader.stop()
