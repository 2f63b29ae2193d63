"""`dynamodb_emulator.running()`: a server for scripts and unittest."""

import json
import os
import select
import subprocess
import sys
import threading
import unittest
from unittest import mock

import boto3
import pytest

import dynamodb_emulator
from dynamodb_emulator.server import arguments_of
from tests.support.servers import ROOT
from tests.support.tables import table_request


@pytest.fixture(scope="module")
def server():
    with dynamodb_emulator.running() as server:
        yield server


def test_a_server_runs_for_the_length_of_a_block():
    with dynamodb_emulator.running() as first, dynamodb_emulator.running() as second:
        assert first.url != second.url
        first.client().create_table(**table_request("pk:S", TableName="Orders"))
        assert second.client().list_tables()["TableNames"] == []
    with pytest.raises(OSError):
        first.control("clock")


def test_clients_of_two_access_keys_have_their_own_tables(server):
    server.client(access_key="one").create_table(**table_request("pk:S", TableName="Mine"))
    assert server.client(access_key="one").list_tables()["TableNames"] == ["Mine"]
    assert server.client(access_key="two").list_tables()["TableNames"] == []
    assert server.client(access_key="one", region="eu-west-1").list_tables()["TableNames"] == []


def test_faults_of_all_access_keys_or_of_one(server):
    clients = [server.client(access_key=name) for name in ("one", "two")]
    with server.faults("Error", operation="ListTables", next=2) as fault:
        for client in clients:
            client.list_tables()  # succeeds, because boto3 sends a failed request again
        assert fault.hits == 2
    with server.faults("Latency", access_key="two", seconds=0) as fault:
        for client in clients:
            client.list_tables()
        assert fault.matched == 1


def test_a_resource_and_the_other_services(server):
    table = server.resource(access_key="streams").create_table(
        **table_request("pk:S", StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"})
    )
    assert table.put_item(Item={"pk": "x"})["ResponseMetadata"]["HTTPStatusCode"] == 200
    [stream] = server.client("dynamodbstreams", access_key="streams").list_streams()["Streams"]
    assert stream["StreamArn"] == table.latest_stream_arn
    assert server.client("lambda", access_key="streams").list_event_source_mappings()["EventSourceMappings"] == []


def test_the_environment_leads_clients_of_others_to_the_server(server):
    server.client(access_key="theirs").create_table(**table_request("pk:S", TableName="Theirs"))
    with mock.patch.dict(os.environ, server.environment("theirs")):
        assert boto3.Session().client("dynamodb").list_tables()["TableNames"] == ["Theirs"]


def test_a_client_reads_no_settings_of_the_user(tmp_path):
    """The profile, the proxy and the AWS files of the user do not change what a test does."""
    unusable = {"AWS_PROFILE": "none", "HTTP_PROXY": "http://127.0.0.1:1", "AWS_CONFIG_FILE": str(tmp_path)}
    with mock.patch.dict(os.environ, unusable), dynamodb_emulator.running() as server:
        assert server.client().list_tables()["TableNames"] == []


def test_options_of_a_client_are_boto3s(server):
    config = boto3.session.Config(retries={"max_attempts": 7}, user_agent_extra="mine")
    client = server.client(config=config, verify=False)
    assert client.meta.config.user_agent_extra == "mine"
    assert client.meta.config.proxies == {}


def test_the_clock(server):
    clock = server.clock
    try:
        assert clock.freeze("2030-01-01T00:00:00Z") == clock.now() == 1893456000
        assert clock.advance(60) == clock.freeze() == clock.freeze(1893456060)
        assert clock.moved
    finally:
        clock.release()
    assert not clock.moved
    assert clock.set_offset(-1e8) < clock.set_offset(0)


def test_the_next_event_of_the_clock(server):
    client = server.client(access_key="events")
    client.create_table(**table_request("pk:S", TableName="Sessions"))
    client.update_time_to_live(
        TableName="Sessions", TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires"}
    )
    now = int(server.clock.freeze())
    client.put_item(TableName="Sessions", Item={"pk": {"S": "s"}, "expires": {"N": str(now + 3600)}})
    happened = []
    while not happened or client.scan(TableName="Sessions")["Count"]:
        happened += server.clock.next_event()
    assert server.clock.now() >= now + 3600
    assert happened[-1].keys() == {"Kind", "Resource", "Time"}
    server.clock.release()


def test_snapshots():
    with dynamodb_emulator.running() as server:
        client = server.client()
        client.create_table(**table_request("id:S", TableName="Orders"))
        saved = server.save_snapshot("empty")
        assert (saved.name, saved.tables, saved.items) == ("empty", 1, 0)
        client.put_item(TableName="Orders", Item={"id": {"S": "a"}})
        assert server.save_snapshot("one", access_key="local", region="us-east-1", tables=["Orders"]).items == 1
        assert [each.name for each in server.snapshots()] == ["empty", "one"]
        assert server.restore_snapshot("empty") == saved
        assert client.scan(TableName="Orders")["Count"] == 0
        assert server.branch_snapshot("one", "other", region="eu-west-1") == 1
        assert server.client(access_key="other", region="eu-west-1").scan(TableName="Orders")["Count"] == 1
        with pytest.raises(dynamodb_emulator.ControlError):
            server.save_snapshot("one")
        assert server.save_snapshot("one", replace=True).tables == 2
        for name in ("empty", "one"):
            server.delete_snapshot(name)
        assert server.snapshots() == []


def test_a_control_that_refuses_a_body(server):
    with pytest.raises(dynamodb_emulator.ControlError, match="the member Advance must be a number") as error:
        server.control("clock", {"Advance": "x"})
    assert error.value.status == 400


def test_settings_become_flags():
    assert arguments_of({"data_dir": ROOT, "durable": True, "shared_db": False}) == [f"--data-dir={ROOT}", "--durable"]
    assert arguments_of({"host": ["::1", "localhost"], "workers": 2, "ttl_sweep_interval": 0.5}) == [
        "--host=::1",
        "--host=localhost",
        "--workers=2",
        "--ttl-sweep-interval=0.5",
    ]


def test_settings_reach_the_server_and_those_of_the_environment_do_not(tmp_path):
    with (
        mock.patch.dict(os.environ, DYNAMODB_EMULATOR_DATA_DIR=str(tmp_path / "never"), DYNAMODB_EMULATOR_ACCOUNT="x"),
        dynamodb_emulator.running(shared_db=True, data_dir=tmp_path / "data", workers=2) as server,
    ):
        made = server.client(access_key="one").create_table(**table_request("pk:S", TableName="Shared"))
        assert server.client(access_key="two").list_tables()["TableNames"] == ["Shared"]
        assert ":123456789012:" in made["TableDescription"]["TableArn"]
    assert [each.name for each in tmp_path.iterdir()] == ["data"]


def test_files_are_loaded_at_the_start_and_later(server, tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "somebody")
    path = tmp_path / "Orders.json"
    path.write_text(json.dumps(table_request("id:S", TableName="Orders")))
    with dynamodb_emulator.running(init=path) as other:
        assert other.client().list_tables()["TableNames"] == ["Orders"]
    server.load(path, access_key="loaded", region="eu-west-1")
    assert server.client(access_key="loaded", region="eu-west-1").list_tables()["TableNames"] == ["Orders"]
    with pytest.raises(dynamodb_emulator.LoadError, match=r"none\.json"):
        server.load(tmp_path / "none.json")


def test_a_server_that_cannot_start_says_why():
    with pytest.raises(dynamodb_emulator.StartError, match="unrecognized arguments: --colour=red"):
        dynamodb_emulator.running(colour="red").__enter__()


def test_the_log_of_a_server(server):
    assert server.log().startswith("dynamodb-emulator is ready\n")
    with pytest.raises(server.client().exceptions.ResourceNotFoundException):
        server.client(access_key="nobody").describe_table(TableName="Mine")
    assert "Mine" in server.log()


@pytest.mark.skipif(not hasattr(os, "pread"), reason="the system has no pread")
def test_reading_the_log_does_not_move_the_position_at_which_the_server_writes(server):
    """The server's output has the same file position. After a move, it would overwrite itself."""
    output = server._process._output.fileno()
    os.lseek(output, 7, os.SEEK_SET)
    server.log()
    assert os.lseek(output, 0, os.SEEK_CUR) == 7
    os.lseek(output, 0, os.SEEK_END)


def test_a_server_is_found_without_the_module_path():
    """The server's process finds the package even if only `sys.path` of its parent has it."""
    code = f"""
import sys
sys.path.insert(0, {str(ROOT / "emulator" / "installed")!r})
import dynamodb_emulator
with dynamodb_emulator.running() as server:
    print(server.control("clock")["Frozen"])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert (done.stdout, done.stderr) == ("False\n", "")


def test_the_package_imports_nothing_that_a_script_does_not_use():
    code = """
import sys
import dynamodb_emulator.server
print([name for name in ("boto3", "botocore", "http.client", "urllib.request", "orjson", "asyncio") if name in sys.modules])
"""
    path = {**os.environ, "PYTHONPATH": str(ROOT / "emulator" / "installed")}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=path, check=False, timeout=60
    )
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_a_forked_child_does_not_end_the_server(server):
    process = os.fork()
    if process == 0:
        try:
            server.stop()
        finally:
            os._exit(0)
    os.waitpid(process, 0)
    assert server.clock.now()


def test_a_server_ends_with_the_process_that_has_started_it():
    """The server ends even if that process is killed."""
    code = """
import sys, dynamodb_emulator
with dynamodb_emulator.running() as server:
    print(server._process._process.pid, flush=True)
    sys.stdin.read()
"""
    path = {**os.environ, "PYTHONPATH": str(ROOT / "emulator" / "installed")}
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=path) as parent:
        server = os.pidfd_open(int(parent.stdout.readline()))
        parent.kill()
    try:
        assert select.select([server], [], [], 20)[0], "the server has not ended"
    finally:
        os.close(server)


def test_another_thread_may_stop_a_server():
    with dynamodb_emulator.running() as server:
        thread = threading.Thread(target=server.stop)
        thread.start()
        thread.join()


def test_in_unittest():
    """A server for the tests of a class, as the README shows it."""

    class Orders(unittest.TestCase):
        @classmethod
        def setUpClass(cls):
            cls.server = cls.enterClassContext(dynamodb_emulator.running())

        def test_nothing(self):
            assert self.server.client().list_tables()["TableNames"] == []

    result = Orders("test_nothing").defaultTestResult()
    unittest.TestSuite([Orders("test_nothing")]).run(result)
    assert (result.testsRun, result.errors, result.failures) == (1, [], [])
