"""`dynamodb-emulator exec -- COMMAND...` runs a command, with a server only for that command."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.servers import ROOT
from tests.support.tables import table_request

PATIENCE = 60  # seconds; a run takes half a second

CREATE = """
import os, boto3
client = boto3.client("dynamodb")
print(client.list_tables()["TableNames"], os.environ["AWS_ENDPOINT_URL"] == client.meta.endpoint_url)
"""
COUNT_SIGNALS = """
import os, signal, sys, time
def count(number, frame):
    print(signal.Signals(number).name, flush=True)
    if number == signal.SIGTERM:
        sys.exit(7)
signal.signal(signal.SIGTERM, count)
signal.signal(signal.SIGINT, count)
print("waiting", flush=True)
while True:
    signal.pause()
"""


def command(*arguments):
    return [sys.executable, "-m", "dynamodb_emulator", "exec", *map(str, arguments)]


def environment(**variables):
    """Return the environment of a user who has the package installed and no AWS account."""
    ours = {name: text for name, text in os.environ.items() if not name.startswith("AWS_")}
    return {**ours, "PYTHONPATH": str(ROOT / "emulator" / "installed"), **variables}


def run(*arguments, **variables):
    return subprocess.run(
        command(*arguments),
        env=environment(**variables),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )


def shell(script, **variables):
    return run("--", "sh", "-c", script, **variables)


def children(process):
    """Return the ids of the child processes of a process."""
    return [int(number) for number in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def test_a_command_finds_the_server_in_its_environment():
    done = run("--", sys.executable, "-c", CREATE, AWS_PROFILE="none", AWS_ENDPOINT_URL_DYNAMODB="http://127.0.0.1:1")
    assert (done.stdout, done.returncode) == ("[] True\n", 0)
    assert re.fullmatch(r".* ListTables: 200, .*\n", done.stderr)


def test_the_log_of_requests_can_be_turned_off():
    done = run("--", sys.executable, "-c", CREATE, DYNAMODB_EMULATOR_LOG_REQUESTS="0")
    assert (done.stdout, done.stderr, done.returncode) == ("[] True\n", "", 0)


def test_the_variables_of_the_command():
    done = shell("env", AWS_SESSION_TOKEN="x", AWS_REGION="eu-west-1", HTTP_PROXY="http://proxy", NO_PROXY="mine")
    found = dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)
    url = found["AWS_ENDPOINT_URL"]
    assert url.startswith("http://127.0.0.1:")
    assert {name: text for name, text in found.items() if name.startswith("AWS_")} == {
        "AWS_ENDPOINT_URL": url,
        "AWS_ENDPOINT_URL_DYNAMODB": url,
        "AWS_ENDPOINT_URL_DYNAMODB_STREAMS": url,
        "AWS_ENDPOINT_URL_LAMBDA": url,
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
    }
    assert found["NO_PROXY"] == "mine,127.0.0.1,localhost"
    assert found["no_proxy"] == "127.0.0.1,localhost"


def test_access_key_and_region_can_be_chosen():
    done = run(
        "--access-key", "111122223333", "--region", "eu-west-1", "sh", "-c", "echo $AWS_ACCESS_KEY_ID $AWS_REGION"
    )
    assert done.stdout == "111122223333 eu-west-1\n"


@pytest.mark.parametrize(
    ("script", "status"), [("exit 0", 0), ("exit 3", 3), ("kill -9 $$", 137), ("kill -15 $$", 143)]
)
def test_the_exit_status_is_that_of_the_command(script, status):
    done = shell(script)
    assert (done.returncode, done.stderr) == (status, "")


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (("--", "no-such-command"), 127, "dynamodb-emulator: there is no command no-such-command\n"),
        (("--", "/"), 126, "dynamodb-emulator: cannot run /: Permission denied\n"),
        ((), 2, "dynamodb-emulator exec: error: a COMMAND is needed\n"),
        (("--",), 2, "dynamodb-emulator exec: error: a COMMAND is needed\n"),
    ],
)
def test_commands_that_cannot_run(arguments, status, message):
    done = run(*arguments)
    assert (done.returncode, done.stdout, done.stderr) == (status, "", message)


def test_a_server_that_cannot_start():
    done = run("--", "echo", "never", DYNAMODB_EMULATOR_WORKERS="many")
    assert done.returncode == 2
    assert done.stdout == ""
    assert "DYNAMODB_EMULATOR_WORKERS: 'many' is not a whole number" in done.stderr


def test_settings_come_from_the_environment():
    script = "curl -s $AWS_ENDPOINT_URL/_emulator/clock > /dev/null && env | grep -c DYNAMODB_EMULATOR"
    done = shell(script, DYNAMODB_EMULATOR_WORKERS="2", DYNAMODB_EMULATOR_DATA_DIR="never")
    assert (done.stdout, done.returncode) == ("2\n", 0)
    assert not Path("never").exists()


def test_tables_are_loaded_and_dumped(tmp_path):
    (tmp_path / "orders.json").write_text(json.dumps(table_request("id:S", TableName="Orders")))
    (tmp_path / "seeds").mkdir()
    (tmp_path / "seeds" / "Orders.json").write_text('[{"id": "o-1"}]')
    script = """
import boto3
table = boto3.resource("dynamodb").Table("Orders")
table.put_item(Item={"id": "o-2"})
print(table.item_count)
raise SystemExit(3)
"""
    where = ("--access-key", "mine", "--region", "eu-west-1")
    load = ("--load", tmp_path / "orders.json", "--load", tmp_path / "seeds")
    done = run(*where, *load, "--export-on-exit", tmp_path / "dump", "--", sys.executable, "-c", script)
    assert (done.stdout, done.returncode) == ("2\n", 3), done.stderr
    assert "dumped 2 items of 1 table" in done.stderr
    again = run("--load", tmp_path / "dump", "--", sys.executable, "-c", script)
    assert (again.stdout, again.returncode) == ("2\n", 3), again.stderr


def test_files_that_cannot_be_loaded_or_dumped(tmp_path):
    done = run("--load", tmp_path / "none.json", "--", "echo", "never")
    assert (done.stdout, done.returncode) == ("", 2)
    assert "none.json" in done.stderr
    (tmp_path / "file").write_text("")
    (tmp_path / "orders.json").write_text(json.dumps(table_request("id:S", TableName="Orders")))
    done = run("--load", tmp_path / "orders.json", "--export-on-exit", tmp_path / "file", "--", "echo", "once")
    assert (done.stdout, done.returncode) == ("once\n", 2)
    assert "file" in done.stderr


def test_standard_input_is_the_commands():
    done = subprocess.run(command("cat"), env=environment(), input="in", capture_output=True, text=True, check=False)
    assert done.stdout == "in"


def test_a_signal_is_forwarded_and_the_server_ends():
    with subprocess.Popen(
        command(sys.executable, "-c", COUNT_SIGNALS), env=environment(), stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "waiting\n"
        started = children(process.pid)
        assert len(started) == 2
        process.send_signal(signal.SIGINT)  # there is no terminal that would send it to the command
        assert process.stdout.readline() == "SIGINT\n"
        process.terminate()
        assert process.stdout.read() == "SIGTERM\n"
        assert process.wait(PATIENCE) == 7
    assert not any(Path(f"/proc/{each}").exists() for each in started)


def test_a_signal_before_the_command_ends_everything(tmp_path):
    os.mkfifo(tmp_path / "endless.jsonl")  # a named pipe, from which the server waits for data
    arguments = ("--load", tmp_path / "endless.jsonl", "--", "echo", "never")
    with subprocess.Popen(command(*arguments), env=environment(), stdout=subprocess.PIPE, text=True) as process:
        writer = os.open(tmp_path / "endless.jsonl", os.O_WRONLY)
        [server] = children(process.pid)
        process.terminate()
        assert process.wait(PATIENCE) == 128 + signal.SIGTERM
        assert process.stdout.read() == ""
        os.close(writer)
    assert not Path(f"/proc/{server}").exists()


def test_ctrl_c_reaches_the_command_once():
    """The terminal sends the signal to the command, so `exec` must not forward it."""
    process, terminal = pty.fork()
    if process == 0:
        os.execve(sys.executable, command(sys.executable, "-c", COUNT_SIGNALS), environment())
    shown = b""
    try:
        while b"waiting" not in shown:
            shown += os.read(terminal, 1000)
        os.write(terminal, b"\x03")
        while b"SIGINT" not in shown:
            shown += os.read(terminal, 1000)
        os.kill(process, signal.SIGTERM)
        while True:
            shown += os.read(terminal, 1000)
    except OSError:  # the process has ended, and closed its terminal
        pass
    finally:
        os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 7
    assert shown.count(b"SIGINT") == 1


def test_help_and_the_list_of_commands():
    assert "usage: dynamodb-emulator exec [" in run("--help").stdout
    listed = subprocess.run(
        [sys.executable, "-m", "dynamodb_emulator", "--help"],
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert "exec             start a server in memory, run a command, and stop the server\n" in listed.stdout
