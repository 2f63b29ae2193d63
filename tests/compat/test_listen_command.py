"""The command `listen`, which prints the stream records of a running server."""

import json
import signal
import subprocess
import sys

import pytest

from emulator.commands import listen
from tests.support.servers import ROOT

IMAGES = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}


@pytest.fixture
def address(endpoint):
    return ["--endpoint", endpoint, "--access-key", "test", "--region", "us-east-1"]


@pytest.fixture
def streamed(make_table):
    return make_table("pk:S", StreamSpecification=IMAGES)


def test_text(client, streamed, address, capsys):
    client.put_item(TableName=streamed, Item={"pk": {"S": "a"}, "n": {"N": "1"}})
    client.put_item(TableName=streamed, Item={"pk": {"S": "a"}, "n": {"N": "2"}})
    assert listen.main(["--table", streamed, "--from", "start", "--count", "2", *address]) == 0
    shown = capsys.readouterr()
    first, value, second, old, new = shown.out.splitlines()
    assert first.endswith(f" {streamed} INSERT {{'pk': 'a'}}")
    assert second.endswith(f" {streamed} MODIFY {{'pk': 'a'}}")
    assert (value, old, new) == ("  + n: 1", "  - n: 1", "  + n: 2")
    assert shown.err == f"dynamodb-emulator: listening to {streamed}; press Ctrl-C to stop\n"


def test_records_of_several_shards_come_in_the_order_of_the_writes(client, streamed, address, capsys):
    names = [f"k{number}" for number in range(20)]
    for name in names:
        client.put_item(TableName=streamed, Item={"pk": {"S": name}})
    assert listen.main(["--table", streamed, "--from", "start", "--format", "json", "--count", "20", *address]) == 0
    records = [json.loads(line)["dynamodb"] for line in capsys.readouterr().out.splitlines()]
    assert [record["Keys"]["pk"]["S"] for record in records] == names


def test_json_of_several_tables(client, make_table, address, capsys):
    tables = [make_table("pk:S", StreamSpecification=IMAGES) for _ in range(2)]
    for table in tables:
        client.put_item(TableName=table, Item={"pk": {"S": table}})
    names = [each for table in tables for each in ("--table", table)]
    assert listen.main([*names, "--from", "start", "--format", "json", "--count", "2", *address]) == 0
    records = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    arns = {client.describe_table(TableName=table)["Table"]["LatestStreamArn"] for table in tables}
    assert {record["eventSourceARN"] for record in records} == arns
    assert {record["dynamodb"]["Keys"]["pk"]["S"] for record in records} == set(tables)
    assert records[0].keys() > {"eventID", "eventName", "awsRegion", "dynamodb"}


def test_a_stream_that_is_off(make_table, address, capsys):
    table = make_table("pk:S")
    with pytest.raises(SystemExit) as ended:
        listen.main(["--table", table, *address])
    assert ended.value.code == 2
    assert f"the stream of {table} is off: add --enable NEW_AND_OLD_IMAGES to turn it on" in capsys.readouterr().err


def test_a_table_that_is_missing(address, capsys):
    assert listen.main(["--table", "missing", *address]) == 1
    assert "ResourceNotFoundException: Requested resource not found: Table: missing" in capsys.readouterr().err


@pytest.mark.parametrize("count", ["0", "-1", "x"])
def test_a_wrong_count(count, capsys):
    with pytest.raises(SystemExit):
        listen.main(["--table", "a", f"--count={count}"])
    assert f"{count!r} is not a number of records" in capsys.readouterr().err


@pytest.fixture
def listening(address):
    """listening(*arguments) starts `listen`, waits until it is ready, and returns the process."""
    started = []

    def start(*arguments):
        command = [sys.executable, "-m", "emulator", "listen", *arguments, *address]
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            bufsize=1,
            # If a script runs the tests with `&`, the process would otherwise ignore SIGINT.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - no other threads
        )
        started.append(process)
        assert "listening to" in process.stderr.readline()
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate(timeout=20)


def test_new_records_of_a_stream_that_the_command_turns_on(client, make_table, listening):
    table = make_table("pk:S")
    client.put_item(TableName=table, Item={"pk": {"S": "before"}})
    process = listening("--table", table, "--enable", "KEYS_ONLY")
    client.put_item(TableName=table, Item={"pk": {"S": "after"}})
    assert process.stdout.readline().endswith(f" {table} INSERT {{'pk': 'after'}}\n")
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 130
    assert process.communicate(timeout=20) == ("", "")


def test_the_command_ends_with_the_table(client, make_table, listening):
    table = make_table("pk:S", StreamSpecification=IMAGES)
    process = listening("--table", table)
    client.delete_table(TableName=table)
    try:
        assert process.wait(30) == 0
        assert process.stderr.read() == f"dynamodb-emulator: the table {table} is deleted\n"
    finally:  # the fixture make_table deletes this table, so it must exist
        client.create_table(
            TableName=table,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        )


def test_the_reader_of_a_pipe_ends(client, streamed, address):
    for number in range(3):
        client.put_item(TableName=streamed, Item={"pk": {"S": str(number)}})
    line = [sys.executable, "-m", "emulator", "listen", "--table", streamed, "--from", "start", *address]
    process = subprocess.Popen(line, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    process.stdout.close()
    assert process.stderr.read() == f"dynamodb-emulator: listening to {streamed}; press Ctrl-C to stop\n"
    assert process.wait(30) == 0
    process.stderr.close()
