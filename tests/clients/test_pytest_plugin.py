"""The pytest plugin, in the project of a user."""

import json
import re
from pathlib import Path

import pytest

from tests.support.pytest_runs import Project, write_distribution
from tests.support.tables import table_request

ORDERS = table_request("id:S", TableName="Orders")
TABLE = f"""
ORDERS = {ORDERS!r}
"""
ONE_TEST = "def test_one(dynamodb): assert dynamodb.list_tables()['TableNames'] == []\n"


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path)


def passed(run, count):
    assert run.outcomes == {"passed": count}, run.output
    return run


# --- faults ---------------------------------------------------------------------------------------


def test_faults_of_one_test(project):
    project.write(
        test_it=TABLE
        + """
import boto3
import pytest
from botocore.exceptions import ClientError

KEY = {"id": {"S": "o-1"}}

def test_in_a_block(dynamodb, dynamodb_server):
    dynamodb.create_table(**ORDERS)
    with dynamodb_server.faults("Throttle", operation="PutItem", table="Orders", next=2) as fault:
        dynamodb.put_item(TableName="Orders", Item=KEY)  # boto3 sends it three times
        assert (fault.matched, fault.hits) == (3, 2)
    assert (fault.matched, fault.hits) == (3, 2)
    assert dynamodb.scan(TableName="Orders")["Count"] == 1

def test_until_the_end(dynamodb_server):
    client = dynamodb_server.client(config=boto3.session.Config(retries={"total_max_attempts": 1}))
    client.create_table(**ORDERS)
    dynamodb_server.faults("Error", key=KEY, code="ServiceUnavailable")
    with pytest.raises(ClientError, match="ServiceUnavailable"):
        client.get_item(TableName="Orders", Key=KEY)
    client.list_tables()

def test_after_it(dynamodb, dynamodb_server):
    assert dynamodb_server.control("faults") == {"Faults": []}

def test_members(dynamodb, dynamodb_server):
    dynamodb_server.faults("Latency", low=0, high=0.01, seed=4)
    dynamodb_server.faults("Unprocessed", batch_share=0.5)
    dynamodb_server.faults("Throttle", index="by-date", operation=["Query", "Scan"], every=3)
    effects = [each["Effect"] for each in dynamodb_server.control("faults")["Faults"]]
    assert effects == [
        {"Kind": "Latency", "From": 0, "To": 0.01},
        {"Kind": "Unprocessed", "Share": 0.5},
        {"Kind": "Throttle", "IndexName": "by-date"},
    ]
    with pytest.raises(Exception, match="the member Kind of Effect"):
        dynamodb_server.faults("Crash")
"""
    )
    passed(project.run(), 4)


# --- fixtures -------------------------------------------------------------------------------------


def test_every_fixture_uses_the_account_of_the_test(project):
    project.write(
        test_it=TABLE
        + """
import os
import boto3
import dynamodb_emulator

def test_clients(dynamodb, dynamodb_client, dynamodb_resource, dynamodb_endpoint, dynamodb_server):
    table = dynamodb_resource.create_table(**ORDERS)
    table.put_item(Item={"id": "o-1", "total": 3})
    expected = {"id": {"S": "o-1"}, "total": {"N": "3"}}
    clients = [dynamodb, dynamodb_client, dynamodb_server.client(), boto3.client("dynamodb"), table.meta.client]
    for client in clients[:-1]:
        assert client.get_item(TableName="Orders", Key={"id": {"S": "o-1"}})["Item"] == expected
        assert client.meta.endpoint_url == dynamodb_endpoint == dynamodb_server.url
    assert boto3.resource("dynamodb").Table("Orders").item_count == 1
    assert len(list(dynamodb.get_paginator("scan").paginate(TableName="Orders"))) == 1
    dynamodb.get_waiter("table_exists").wait(TableName="Orders")

def test_other_services(dynamodb_server):
    assert isinstance(dynamodb_server, dynamodb_emulator.Account)
    assert dynamodb_server.client("dynamodbstreams").list_streams()["Streams"] == []

def test_the_server_itself(dynamodb_process, dynamodb_server):
    assert dynamodb_process.url == dynamodb_server.url
    dynamodb_process.client(access_key="mine").create_table(**ORDERS)

def test_the_server_lasts(dynamodb_process, dynamodb):
    assert dynamodb_process.client(access_key="mine").list_tables()["TableNames"] == ["Orders"]
    assert dynamodb.list_tables()["TableNames"] == []

def test_without_a_fixture():
    assert not [name for name in os.environ if name.startswith("AWS_") and name != "AWS_EC2_METADATA_DISABLED"]
"""
    )
    passed(project.run(), 5)


def test_fixtures_explain_themselves(project):
    output = project.run("--fixtures").output
    assert "dynamodb -- " in output
    assert "dynamodb_resource -- " in output
    assert "@pytest.mark.dynamodb(isolation, tables): how the test is isolated" in project.run("--markers").output
    assert "dynamodb_isolation (string):" in project.run("--help").output


def test_a_test_has_a_client_of_its_own(project):
    """A client that is kept after its test still uses the tables of that test."""
    project.write(
        test_it=TABLE
        + """
kept = []

def test_first(dynamodb):
    kept.append(dynamodb)
    dynamodb.meta.events.register("before-send", lambda **_: kept.append("sent"))

def test_second(dynamodb):
    kept[0].create_table(**ORDERS)
    assert kept[1:] == ["sent"]
    assert dynamodb.list_tables()["TableNames"] == []
    assert kept[1:] == ["sent"]
    assert kept[0].list_tables()["TableNames"] == ["Orders"]
    assert dynamodb.exceptions.ResourceInUseException is kept[0].exceptions.ResourceInUseException
"""
    )
    passed(project.run(), 2)


def test_another_version_of_botocore_may_not_be_copied(project):
    """The plugin copies a client for each test. If that fails, boto3 creates one for each test."""
    project.write(
        conftest="""
import botocore.client
class Signer(botocore.signers.RequestSigner):
    def __copy__(self):
        raise TypeError("not in this version")
botocore.signers.RequestSigner = botocore.client.RequestSigner = botocore.args.RequestSigner = Signer
""",
        test_it=TABLE
        + """
import pytest

@pytest.mark.parametrize("again", range(2))
def test_it(dynamodb, dynamodb_resource, again):
    assert type(dynamodb._request_signer).__name__ == "Signer"
    dynamodb.create_table(**ORDERS)
    assert dynamodb_resource.Table("Orders").item_count == 0
""",
    )
    passed(project.run(), 2)


# --- isolation ------------------------------------------------------------------------------------

SAME_TABLE = (
    TABLE
    + """
import boto3, os, pytest

@pytest.mark.parametrize("again", range(3))
def test_it(dynamodb, again):
    dynamodb.create_table(**ORDERS)
    client = boto3.client("dynamodb")
    client.put_item(TableName="Orders", Item={"id": {"S": "x"}})
    assert client.list_tables()["TableNames"] == ["Orders"]
    print("key", os.environ["AWS_ACCESS_KEY_ID"])
"""
)


@pytest.mark.parametrize("processes", [1, 2])
@pytest.mark.parametrize(("isolation", "keys"), [("account", 3), ("reset", 1)])
def test_tests_that_make_the_same_table(project, isolation, keys, processes):
    project.ini(f"dynamodb_isolation = {isolation}", f"dynamodb_arguments = --workers {processes}")
    project.write(test_it=SAME_TABLE)
    run = passed(project.run("-rP"), 3)
    assert len({line for line in run.output.splitlines() if line.startswith("key ")}) == keys


@pytest.mark.parametrize("isolation", ["account", "reset"])
def test_workers_of_xdist_have_servers_of_their_own(project, isolation):
    project.ini(f"dynamodb_isolation = {isolation}")
    project.write(
        test_it=SAME_TABLE
        + """
@pytest.mark.parametrize("again", range(4))
def test_clock(dynamodb_server, again):
    assert dynamodb_server.clock.now() < 2e9
    dynamodb_server.clock.freeze(2e9)
    assert dynamodb_server.clock.now() == 2e9
"""
    )
    passed(project.run("-n", "2"), 7)


HANDLER = """
import boto3
table = boto3.resource("dynamodb").Table("Orders")

def handler(event, context):
    table.put_item(Item=event)
    return table.item_count
"""
USE_HANDLER = """
import pytest
from handler import handler

@pytest.mark.parametrize("again", range(2))
def test_handler(dynamodb_tables, again):
    assert handler({"id": "o-1"}, None) == 1
"""


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_client_made_at_import(project, workers):
    """A Lambda handler creates its client at its import, here in conftest.py: before all tests."""
    project.ini("dynamodb_isolation = reset", "dynamodb_tables = orders.json")
    (project.folder / "orders.json").write_text(json.dumps(ORDERS))
    project.write(handler=HANDLER, conftest="import handler\n", test_handler=USE_HANDLER)
    passed(project.run("-n", workers), 2)


@pytest.mark.parametrize("service", ["dynamodb", "dynamodbstreams"])
def test_a_client_made_at_import_does_not_reach_aws(project, service):
    """With the default isolation, the client has no account on the server, so the test fails."""
    project.write(
        handler=f"import boto3\nclient = boto3.client({service!r})\n",
        test_handler="""
import handler
import pytest

def call():
    getattr(handler.client, "list_tables" if "dynamodb." in handler.client.meta.endpoint_url[:17] else "list_streams")()

def test_handler(dynamodb):
    try:
        call()
    except Exception:
        pass

def test_afterwards():
    from botocore.httpsession import URLLib3Session
    assert URLLib3Session.send.__name__ == "send"
""",
    )
    variables = {"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-1"}
    run = project.run(AWS_ACCESS_KEY_ID="a", AWS_SECRET_ACCESS_KEY="b", **variables)
    assert run.outcomes == {"failed": 1, "passed": 1}, run.output
    assert "dynamodb.eu-west-1.amazonaws.com. The client was made before the test had its account" in run.output
    assert "Set dynamodb_isolation = reset" in run.output


def test_a_client_made_at_import_of_a_test_that_chooses_reset(project):
    """The first of the tests imports the module, so the client is created during that test."""
    (project.folder / "orders.json").write_text(json.dumps(ORDERS))
    project.write(
        handler=HANDLER,
        test_handler="""
import pytest
pytestmark = pytest.mark.dynamodb(isolation="reset", tables="orders.json")

@pytest.mark.parametrize("again", range(2))
def test_handler(dynamodb_tables, again):
    from handler import handler
    assert handler({"id": "o-1"}, None) == 1
    assert dynamodb_tables["Orders"].item_count == 1

@pytest.mark.dynamodb(isolation="account")
def test_of_its_own(dynamodb):
    assert dynamodb.list_tables()["TableNames"] == []
""",
    )
    passed(project.run(), 3)


def test_pynamodb(project):
    """PynamoDB works with the isolation `reset`.

    It reads the environment when a model is first used, and keeps its client.
    """
    project.ini("dynamodb_isolation = reset", "usefixtures = dynamodb_server")
    project.write(
        test_it="""
import pytest
from pynamodb.attributes import UnicodeAttribute
from pynamodb.models import Model

class Order(Model):
    class Meta:
        table_name = "Orders"
        billing_mode = "PAY_PER_REQUEST"
    id = UnicodeAttribute(hash_key=True)

@pytest.mark.parametrize("again", range(2))
def test_it(again):
    assert not Order.exists()
    Order.create_table()
    Order("o-1").save()
    assert Order.get("o-1").id == "o-1"
    assert Order.count() == 1
"""
    )
    passed(project.run(), 2)


def test_what_a_test_declares_ends_with_it(project):
    project.write(
        test_it=TABLE
        + """
import pytest

@pytest.mark.parametrize("again", range(2))
def test_it(dynamodb, dynamodb_server, again):
    dynamodb.create_table(**ORDERS)
    key = {"id": {"S": "o-1"}}
    dynamodb.put_item(TableName="Orders", Item=key)
    with pytest.raises(Exception, match="there is no member"):
        dynamodb_server.control("reset", {"Everything": True})
    with pytest.raises(Exception, match="Seconds"):
        dynamodb_server.control("transactions", {"TableName": "Orders", "Key": key, "Seconds": "long"})
    dynamodb_server.control("transactions", {"TableName": "Orders", "Key": key, "Seconds": 1000})
    with pytest.raises(dynamodb.exceptions.TransactionCanceledException):
        dynamodb.transact_get_items(TransactItems=[{"Get": {"TableName": "Orders", "Key": key}}])
"""
    )
    passed(project.run(), 2)


# --- environment ----------------------------------------------------------------------------------


@pytest.mark.parametrize("isolation", ["account", "reset"])
def test_the_environment_is_restored(project, isolation):
    project.ini(f"dynamodb_isolation = {isolation}")
    project.write(
        runs="""
import os, sys, pytest
def variables(): return {name: text for name, text in os.environ.items() if not name.startswith("PYTEST_")}
before = variables()
status = pytest.main(["test_it.py"])
assert variables() == before
sys.exit(status)
""",
        test_it="""
import os
def test_it(dynamodb):
    assert "AWS_PROFILE" not in os.environ
    assert os.environ["AWS_REGION"] == "us-east-1"
    assert dynamodb.list_tables()["TableNames"] == []
""",
    )
    project.write(
        test_runs="import subprocess, sys\ndef test(): subprocess.run([sys.executable, 'runs.py'], check=True)\n"
    )
    passed(project.run("test_runs.py", AWS_PROFILE="none", AWS_REGION="eu-west-1", AWS_SESSION_TOKEN="x"), 1)


def test_the_default_session_of_boto3_forgets_the_account(project):
    project.write(
        test_it=SAME_TABLE
        + """
def test_afterwards(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "mine")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "mine")
    assert boto3._get_default_session().get_credentials().access_key == "mine"
"""
    )
    passed(project.run(), 4)


# --- reports --------------------------------------------------------------------------------------


@pytest.mark.parametrize("isolation", ["account", "reset"])
@pytest.mark.parametrize("workers", ["0", "2"])
def test_the_report_of_a_failure_has_the_requests(project, isolation, workers):
    project.ini(f"dynamodb_isolation = {isolation}")
    project.write(
        test_it=TABLE
        + """
def test_before(dynamodb):
    dynamodb.list_tables()

def test_it(dynamodb, dynamodb_server):
    dynamodb.create_table(**ORDERS)
    for _ in range(20):
        dynamodb.scan(TableName="Orders")
    assert {each["Status"] for each in dynamodb_server.requests()} == {200}
    dynamodb.get_item(TableName="Missing", Key={"id": {"S": "x"}})

def test_without_requests(dynamodb):
    assert not dynamodb
"""
    )
    run = project.run("-n", workers)
    assert run.outcomes == {"passed": 1, "failed": 2}, run.output
    section = run.output.partition(" DynamoDB requests ")[2]
    assert "DynamoDB requests" not in section
    lines = section.splitlines()[1:22]
    assert lines[0] == "(2 earlier requests)"
    assert all(re.fullmatch(r"Scan Orders: 200, \d+\.\d ms", line) for line in lines[1:20])
    assert re.fullmatch(
        r"GetItem Missing: 400 ResourceNotFoundException: Requested resource not found.*, \d+\.\d ms", lines[20]
    )


def test_a_server_that_is_gone_has_no_requests(project):
    project.write(
        test_it="""
def test_it(dynamodb, dynamodb_process):
    dynamodb_process.stop()
    raise ValueError("mine")
"""
    )
    run = project.run()
    assert "ValueError: mine" in run.output
    assert "DynamoDB requests" not in run.output


# --- tables ---------------------------------------------------------------------------------------


def test_tables_of_definition_files(project):
    described = {
        "Table": {
            **table_request("pk:S sk:N", define="of:S", TableName="Events"),
            "BillingModeSummary": {"BillingMode": "PAY_PER_REQUEST"},
            "ProvisionedThroughput": {"NumberOfDecreasesToday": 0, "ReadCapacityUnits": 0, "WriteCapacityUnits": 0},
            "TableStatus": "ACTIVE",
            "TableArn": "arn:aws:dynamodb:us-east-1:123456789012:table/Events",
            "ItemCount": 7,
            "GlobalSecondaryIndexes": [
                {
                    "IndexName": "byOf",
                    "KeySchema": [{"AttributeName": "of", "KeyType": "HASH"}],
                    "Projection": {"ProjectionType": "KEYS_ONLY"},
                    "IndexStatus": "ACTIVE",
                    "ItemCount": 7,
                    "ProvisionedThroughput": {"ReadCapacityUnits": 0, "WriteCapacityUnits": 0},
                }
            ],
        }
    }
    provisioned = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 6}
    del described["Table"]["BillingMode"]
    other = table_request("id:S", TableName="Other", BillingMode="PROVISIONED", ProvisionedThroughput=provisioned)
    (project.folder / "events.json").write_text(json.dumps(described))
    (project.folder / "more.json").write_text(json.dumps([ORDERS, other]))
    project.ini("dynamodb_tables = events.json more.json")
    project.write(
        test_it="""
import pytest

@pytest.mark.parametrize("again", range(2))
def test_it(dynamodb, dynamodb_tables, again):
    assert sorted(dynamodb_tables) == dynamodb.list_tables()["TableNames"] == ["Events", "Orders", "Other"]
    dynamodb_tables["Events"].put_item(Item={"pk": "a", "sk": 1, "of": "b"})
    [index] = dynamodb_tables["Events"].global_secondary_indexes
    assert (index["IndexName"], index["ItemCount"]) == ("byOf", 1)
    assert dynamodb_tables["Events"].billing_mode_summary["BillingMode"] == "PAY_PER_REQUEST"
    assert dynamodb_tables["Other"].provisioned_throughput["WriteCapacityUnits"] == 6
"""
    )
    passed(project.run(), 2)


def test_snapshots(project):
    (project.folder / "orders.json").write_text(json.dumps(ORDERS))
    project.ini("dynamodb_tables = orders.json")
    project.write(
        test_it="""
import pytest

@pytest.mark.parametrize("isolation", [
    pytest.param(each, marks=pytest.mark.dynamodb(isolation=each)) for each in ("account", "account", "reset", "reset")
])
def test_it(dynamodb_server, dynamodb_tables, dynamodb, isolation):
    orders = dynamodb_tables["Orders"]
    assert orders.item_count == 0
    orders.put_item(Item={"id": "o-1"})
    dynamodb_server.save_snapshot("one")
    for again in range(2):
        orders.put_item(Item={"id": "o-2"})
        orders.delete_item(Key={"id": "o-1"})
        dynamodb_server.restore_snapshot("one")
        assert orders.scan()["Items"] == [{"id": "o-1"}]
    dynamodb_server.save_snapshot("one")
    names = [each["Name"] for each in dynamodb_server.control("snapshots")["Snapshots"]]
    assert sorted(names) == sorted(["template-1", f"{dynamodb_server.access_key}/one"])
"""
    )
    passed(project.run(), 4)


def test_tables_with_items(project):
    """Each test has the items of the files, even if the test before has deleted them."""
    (project.folder / "seeds").mkdir()
    (project.folder / "seeds" / "Orders.json").write_text('[{"id": "o-1", "total": 3}]')
    (project.folder / "orders.json").write_text(json.dumps(ORDERS))
    project.ini("dynamodb_tables = orders.json seeds", "dynamodb_arguments = --workers 2")
    project.write(
        test_it="""
import pytest

@pytest.mark.parametrize("again", range(4))
def test_it(dynamodb_tables, again):
    assert dynamodb_tables["Orders"].get_item(Key={"id": "o-1"})["Item"]["total"] == 3
    dynamodb_tables["Orders"].delete_item(Key={"id": "o-1"})
"""
    )
    passed(project.run(), 4)


@pytest.mark.parametrize("text", [None, "{"])
def test_files_that_cannot_be_read(project, text):
    if text is not None:
        (project.folder / "none.json").write_text(text)
    project.ini("dynamodb_tables = none.json")
    project.write(test_it="def test_it(dynamodb_tables): pass\n")
    run = project.run()
    assert run.outcomes == {"error": 1}
    assert re.search(r"^dynamodb-emulator: .*none.json", run.output, re.MULTILINE)
    assert not re.search(r"\.py:\d", run.output)


def test_no_files(project):
    project.write(test_it="def test_it(dynamodb_tables): pass\n")
    assert "\nthe fixture dynamodb_tables needs files" in project.run().output


# --- other plugins --------------------------------------------------------------------------------

FOREIGN = """
import pytest

@pytest.fixture
def dynamodb():
    return "theirs"
"""


def test_the_fixture_of_another_plugin_stays_what_it_is(project):
    """Another plugin may have a fixture `dynamodb` too, as pytest-dynamodb does."""
    (project.packages / "other_plugin.py").write_text(FOREIGN)
    write_distribution(project.packages, "pytest-other", "a_plugin", "other_plugin")
    project.write(
        test_it="""
def test_it(dynamodb, dynamodb_client):
    assert dynamodb == "theirs"
    assert dynamodb_client.list_tables()["TableNames"] == []
"""
    )
    passed(project.run(), 1)


def test_without_the_other_plugin_the_fixture_is_ours(project):
    (project.packages / "other_plugin.py").write_text(FOREIGN)
    write_distribution(project.packages, "pytest-other", "a_plugin", "other_plugin")
    project.write(test_it=ONE_TEST)
    passed(project.run("-p", "no:a_plugin"), 1)


def test_a_fixture_of_the_user_wins(project):
    project.write(conftest=FOREIGN, test_it="def test_it(dynamodb): assert dynamodb == 'theirs'\n")
    passed(project.run(), 1)


# --- costs, and what can go wrong -----------------------------------------------------------------


def test_a_plugin_that_is_not_used_costs_nothing(project):
    """The plugin imports only its own modules, starts no process, and changes no variable."""
    project.write(
        test_it="""
import os, sys
from pathlib import Path

def test_it():
    print("modules", *sorted(sys.modules))
    print("children", Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text())
    print("variables", *sorted(name for name in os.environ if "PYTEST" not in name))
"""
    )

    def seen(*arguments):
        lines = passed(project.run("-rP", "-p", "no:hypothesispytest", *arguments), 1).output.splitlines()
        return {line.split()[0]: set(line.split()[1:]) for line in lines if line.startswith(("mod", "chi", "var"))}

    with_plugin, without = seen(), seen("-p", "no:dynamodb_emulator")
    assert with_plugin["modules"] - without["modules"] == {"dynamodb_emulator", "dynamodb_emulator.pytest_plugin"}
    assert with_plugin["children"] == set()
    assert with_plugin["variables"] == without["variables"]


def test_a_wrong_isolation(project):
    project.ini("dynamodb_isolation = none")
    project.write(test_it=ONE_TEST)
    run = project.run()
    assert run.status == 4
    assert "dynamodb isolation: 'none' is not one of account, reset" in run.output


@pytest.mark.parametrize("marker", ["isolaton='reset'", "'reset'"])
def test_a_wrong_marker(project, marker):
    project.write(test_it=f"import pytest\n@pytest.mark.dynamodb({marker})\n{ONE_TEST}")
    run = project.run()
    assert run.outcomes == {"error": 1}
    assert "\nthe marker dynamodb takes only the arguments isolation and tables\n" in run.output
    assert not re.search(r"\.py:\d", run.output)


def test_arguments_of_the_server(project):
    project.ini("dynamodb_arguments = --account 111122223333 --stream-shards 1")
    project.write(
        test_it=TABLE
        + """
def test_it(dynamodb):
    assert ":111122223333:" in dynamodb.create_table(**ORDERS)["TableDescription"]["TableArn"]
"""
    )
    passed(project.run(), 1)


@pytest.mark.parametrize("fixture", ["dynamodb", "dynamodb_process"])
def test_a_server_that_cannot_start(project, fixture):
    project.ini("dynamodb_arguments = --colour red")
    project.write(test_it=f"def test_one({fixture}): pass\ndef test_two({fixture}): pass\n")
    run = project.run()
    assert run.outcomes == {"error": 2}
    line = "dynamodb-emulator: the server has ended at its start: dynamodb-emulator: error: unrecognized"
    assert f"\n{line}" in run.output
    assert not re.search(r"\.py:\d", run.output)


def test_a_server_that_cannot_start_before_the_tests(project):
    project.ini("dynamodb_arguments = --colour red", "dynamodb_isolation = reset")
    project.write(test_it=ONE_TEST)
    run = project.run()
    assert run.status == 4
    assert "ERROR: dynamodb-emulator: the server has ended at its start: " in run.output
    assert len(run.output.strip().splitlines()) == 1


def test_the_server_ends_with_the_run(project):
    project.write(
        test_it="""
import os
from pathlib import Path

def test_it(dynamodb):
    print("child", Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text())
"""
    )
    run = passed(project.run("-rP"), 1)
    [child] = [line.split()[1] for line in run.output.splitlines() if line.startswith("child ")]
    assert not Path(f"/proc/{child}").exists()
