"""What a person does on the pages of events, state and insight, in a real browser with two workers.

Each test declares the actions for which it sends forms, and fails if it has sent other forms.
test_console_actions.py tests the pages of tables and items.
"""

import json

import pytest

from emulator.http.site.console.registry import registered
from tests.support.browser import COMMAND, Browser
from tests.support.browsing import fill, follow, press, press_and_load, shown, wait_for, wait_for_text
from tests.support.console import ACTING
from tests.support.http_clients import Client, declaring
from tests.support.servers import running
from tests.support.tables import table_request

pytestmark = pytest.mark.skipif(COMMAND is None, reason="there is no Chromium (Debian: apt-get install chromium)")

HANDLER = """
from pathlib import Path

def handler(event, context):
    if not Path(__file__).with_name("healthy").exists():
        raise ValueError("the function is <b>broken</b>")
"""
STREAM = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("functions")


@pytest.fixture(scope="module")
def server(folder):
    (folder / "shipping.py").write_text(HANDLER)
    (folder / "functions.toml").write_text('ship = "shipping:handler"\n')
    with running("--in-memory", "--workers", "2", "--functions", str(folder / "functions.toml")) as started:
        yield started.url


@pytest.fixture(scope="module")
def client(server):
    made = Client(server)
    made("CreateTable", **table_request("pk:S sk:N", TableName="Orders", StreamSpecification=STREAM))
    for number in range(3):
        made("PutItem", TableName="Orders", Item={"pk": {"S": "a"}, "sk": {"N": str(number)}, "colour": {"S": "red"}})
    yield made
    made.close()


@pytest.fixture(scope="module")
def browser():
    opened = Browser()
    yield opened
    opened.close()


DRIVEN = {}


def drives(*actions):
    """Declare the actions for which a test sends forms."""

    def note(test):
        DRIVEN[test.__name__] = set(actions)
        return test

    return note


def test_every_action_is_driven_here_or_with_the_tables():
    elsewhere = ("tables/",)
    actions = {each.path for each in registered() if each.method == "POST" and not each.path.startswith(elsewhere)}
    assert set().union(*DRIVEN.values()) == actions


@pytest.fixture
def visit(request, server, browser, client):
    """A function that opens a page of the console by its path.

    After the test, the fixture checks that the test has sent the forms that it declared.
    """
    root = f"{server}/_emulator/console/{ACTING}/"
    browser.posts()
    yield lambda path: browser.open(root + path)
    assert {each.removeprefix(root) for each in browser.posts()} == DRIVEN[request.function.__name__]


@drives("partiql/run")
def test_a_statement_is_explained_and_run_and_remembered(visit, browser):
    visit("partiql")
    statement = "SELECT * FROM Orders WHERE colour = 'red'"
    fill(browser, {"Statement": statement})
    press(browser, "Explain")
    text = wait_for_text(browser, "So a Scan reads the whole table.")
    assert "A global secondary index with the partition key colour would make this a Query." in text
    assert "Units consumed" not in text
    press(browser, "Run")
    wait_for_text(browser, "Units consumed")
    assert browser.run("document.querySelectorAll('#outcome .grid tbody tr').length") == 3
    fill(browser, {"Statement": "SELECT * FROM Nothing"})
    press(browser, "Run")
    wait_for_text(browser, "Requested resource not found")
    assert visit("partiql").count("SELECT * FROM Nothing") == 1
    press(browser, statement)
    assert browser.run("document.getElementById('field-statement').value") == statement
    press(browser, "Forget the history")
    assert "This browser has not sent a statement yet." in shown(browser)
    assert all("status of 400" in each for each in browser.complaints())


@drives("streams/enable", "streams/disable")
def test_a_stream_is_enabled_and_disabled(visit, browser, client):
    client("CreateTable", **table_request("pk:S", TableName="Quiet"))
    visit("streams")
    fill(browser, {"Table": "Quiet", "Records have": "KEYS_ONLY"})
    assert "Table Quiet has a stream." in press_and_load(browser, "Enable")
    client("DeleteTable", TableName="Quiet")
    client("CreateTable", **table_request("pk:S", TableName="Alone", StreamSpecification=STREAM))
    visit("streams")
    press(browser, "Disable")
    assert "is disabled" in press_and_load(browser, "Yes: Disable")
    client("DeleteTable", TableName="Alone")


@drives()
def test_records_appear_while_the_page_is_open(visit, browser, client, server):
    visit("streams")
    browser.after(lambda: browser.run("document.querySelector('main table a[href*=Orders]').click()"))
    [stream] = [each["StreamArn"] for each in client("ListStreams", TableName="Orders")["Streams"]]
    wait_for(browser, "document.querySelector('[data-open]')")
    item = {"pk": {"S": "live"}, "sk": {"N": "1"}}
    client("PutItem", TableName="Orders", Item=item | {"state": {"S": "before"}})
    client("PutItem", TableName="Orders", Item=item | {"state": {"S": "now"}})
    wait_for(browser, "document.querySelectorAll('.record').length === 2")
    text = shown(browser)
    assert "MODIFY" in text
    assert browser.run("document.querySelectorAll('.record tr.changed').length") == 1
    assert stream.rpartition("/")[2] in text


@drives("functions/create", "functions/redeliver", "functions/enable", "functions/delete")
def test_dead_letters_are_sent_again(visit, browser, client, server, folder):
    visit("functions")
    [stream] = [each["StreamArn"] for each in client("ListStreams", TableName="Orders")["Streams"]]
    fill(browser, {"Stream": stream, "Begin with": "TRIM_HORIZON", "Retries": "0", "Batch size": "1000"})
    assert "The mapping has been created." in press_and_load(browser, "Create")
    declare = declaring(server)
    [mapping] = declare("functions", b"", "GET")[1]["Mappings"]
    assert declare("wait", {"UUID": mapping["UUID"], "Delivered": True, "Timeout": 60})[0] == 200
    assert "the function is <b>broken</b>" in visit("functions")
    visit(f"functions/mapping?uuid={mapping['UUID']}")
    browser.after(lambda: browser.run("document.querySelector('a[href*=letter]').click()"))
    assert "RetryAttemptsExhausted" in shown(browser)
    (folder / "healthy").touch()
    assert "The dead letter is sent again." in press_and_load(browser, "Send again")
    for _ in range(200):  # repeated, because each shard may have dead letters
        if "Send all again" in shown(browser):
            press_and_load(browser, "Send all again")
        if "There are no dead letters." in visit(f"functions/mapping?uuid={mapping['UUID']}"):
            break
    else:
        pytest.fail(shown(browser))
    visit("functions")
    assert "The mapping is disabled." in press_and_load(browser, "Disable")
    assert "The mapping is enabled." in press_and_load(browser, "Enable")
    press(browser, "Delete")
    assert "The mapping is deleted." in press_and_load(browser, "Yes: Delete")


@drives("time/advance", "time/freeze", "time/release", "time/offset", "time/next", "time/expire")
def test_the_clock_moves(visit, browser, server):
    visit("time")
    assert "The clock shows" in press_and_load(browser, "One day on")
    fill(browser, {"At this time": "2031-01-31T12:00:00Z"})
    assert "2031-01-31T12:00:00.000Z" in press_and_load(browser, "Freeze")
    assert "stands still" in shown(browser)
    fill(browser, {"Seconds forward": "soon"})
    fill(browser, {"Seconds forward": ""})
    press(browser, "Move")
    wait_for_text(browser, "is not a number of seconds")
    fill(browser, {"Seconds ahead": "-60"})
    assert "runs" in press_and_load(browser, "Set")
    assert "The clock shows" in press_and_load(browser, "To the next event")
    assert "Deleted expired items: 0." in press_and_load(browser, "Delete expired items now")
    press_and_load(browser, "Follow the machine's clock")
    assert abs(declaring(server)("clock", b"", "GET")[1]["Offset"]) < 1


@drives("snapshots/save", "snapshots/restore", "snapshots/branch", "snapshots/delete")
def test_a_snapshot_brings_back_a_deleted_item(visit, browser, client):
    visit("snapshots")
    fill(browser, {"Name": "full"})
    press_and_load(browser, "Save")
    count = client("Scan", TableName="Orders")["Count"]
    client("DeleteItem", TableName="Orders", Key={"pk": {"S": "a"}, "sk": {"N": "0"}})
    press(browser, "Restore")
    assert "Snapshot full is restored." in press_and_load(browser, "Yes: Restore")
    assert client("Scan", TableName="Orders")["Count"] == count
    press(browser, "Copy to an account")
    fill(browser, {"Access key": "copy"})
    assert "to account copy: 1" in press_and_load(browser, "Copy")
    press(browser, "Delete")
    assert "There are no snapshots." in press_and_load(browser, "Yes: Delete")


@drives(
    "recovery/enable",
    "recovery/restore",
    "recovery/disable",
    "backups/create",
    "backups/restore",
    "backups/delete",
)
def test_recovery_and_backups(visit, browser, client):
    visit("recovery")
    assert "can be restored to any second" in press_and_load(browser, "Enable")
    fill(browser, {"Table": "Orders", "New table": "Restored"})
    assert "is being restored" in press_and_load(browser, "Restore")
    press(browser, "Disable")
    assert "can no longer be restored" in press_and_load(browser, "Yes: Disable")
    visit("backups")
    fill(browser, {"Table": "Orders", "Name": "daily"})
    assert "Backup daily of table Orders has been made." in press_and_load(browser, "Make the backup")
    press(browser, "Restore")
    fill(browser, {"New table": "FromBackup"})
    assert "Table FromBackup is being restored." in press_and_load(browser, "Restore as a new table")
    press(browser, "Delete")
    assert "There are no backups." in press_and_load(browser, "Yes: Delete")


@drives("replication/create", "replication/steer", "replication/delete")
def test_replication_is_paused_and_delayed(visit, browser, client):
    visit("replication")
    fill(browser, {"Table": "Orders", "Region": "eu-west-1"})
    press_and_load(browser, "Make the replica")
    assert "is paused" in press_and_load(browser, "Pause")
    assert "goes on" in press_and_load(browser, "Resume")
    press(browser, "Delay")
    fill(browser, {"Seconds": "3"})
    assert "takes 3 seconds" in press_and_load(browser, "Set the delay")
    press(browser, "Delete the replica")
    assert "is being deleted" in press_and_load(browser, "Yes: Delete the replica")


@drives("requests/resend", "requests/keep")
def test_a_request_is_found_and_sent_again(visit, browser, client):
    visit("requests")
    body = {"TableName": "Orders", "Item": {"pk": {"S": "once"}, "sk": {"N": "1"}}}
    body["ConditionExpression"] = "attribute_not_exists(pk)"
    client("PutItem", **body)
    visit("requests")
    fill(browser, {"Text": "putitem"})
    press_and_load(browser, "Show")
    browser.after(lambda: browser.run("document.querySelector('main table a').click()"))
    assert "Answer, status 200" in shown(browser)
    assert json.loads(browser.run("document.getElementById('field-body').value")) == body
    press(browser, "Send again")
    text = wait_for_text(browser, "Now: status 400")
    assert "ConditionalCheckFailedException" in text
    visit("requests")
    press(browser, "Forget these requests")
    assert "Requests are not kept." in press_and_load(browser, "Yes: Forget these requests")
    assert "Requests are kept from now on." in press_and_load(browser, "Keep requests")


@drives("charts/insights")
def test_charts_are_drawn(visit, browser, client):
    visit("charts")
    browser.complaints()
    for _ in range(5):
        client("GetItem", TableName="Orders", Key={"pk": {"S": "a"}, "sk": {"N": "1"}})
    visit("charts")
    wait_for(browser, "document.querySelector('[data-drawn]')")
    assert browser.run("document.querySelectorAll('.chart canvas').length") == 5
    assert browser.complaints() == []
    fill(browser, {"Table": "Orders"})
    assert "The keys of table Orders are now counted" in press_and_load(browser, "Count its keys")
    client("GetItem", TableName="Orders", Key={"pk": {"S": "a"}, "sk": {"N": "1"}})
    assert "Most accessed" in visit("charts")
    assert "are no longer counted" in press_and_load(browser, "Stop counting")


@drives("advice/advise")
def test_advice_names_a_mistake(visit, browser, client):
    visit("advice")
    values = {":pk": {"S": "a"}, ":colour": {"S": "red"}}
    for _ in range(30):
        client(
            "Scan",
            TableName="Orders",
            FilterExpression="pk = :pk AND colour = :colour",
            ExpressionAttributeValues=values,
        )
    text = visit("advice")
    assert "Scan" in text
    assert "AWS documentation" in text
    follow(browser, "IAM policy")
    assert "dynamodb:Scan" in shown(browser)
    visit("advice")
    press(browser, "Forget the evidence")
    press_and_load(browser, "Yes: Forget the evidence")
    assert "The advisor collects evidence from now on." in press_and_load(browser, "Begin to collect evidence")


@drives("faults/create", "faults/remove", "faults/lag", "faults/backfill", "faults/transaction")
def test_bad_days_on_request(visit, browser, client):
    key = {"pk": {"S": "fault"}, "sk": {"N": "1"}}
    put = json.dumps({"TableName": "Orders", "Item": key}).encode()
    visit("faults")
    fill(browser, {"Operation": "PutItem", "Table": "Orders", "How many": "Next", "Number or share": "2"})
    fill(browser, {"Effect": "Error"})
    assert "is in force" in press_and_load(browser, "Make the rule")
    assert [client.post("PutItem", put)[0] for _ in range(3)] == [500, 500, 200]
    visit("faults")
    assert "There are no rules" in press_and_load(browser, "Remove")
    browser.run("document.getElementById('lag-table').value = 'Orders'")
    fill(browser, {"Seconds": "30"})
    assert "never goes back" in press_and_load(browser, "Let reads lag")
    client("PutItem", TableName="Orders", Item=key | {"new": {"BOOL": True}})
    assert "new" not in client("GetItem", TableName="Orders", Key=key)["Item"]
    assert "Reads no longer lag." in press_and_load(browser, "End")
    browser.run("document.getElementById('backfill-table').value = 'Orders'")
    fill(browser, {"Items for each second": "5", "Paused": True})
    press_and_load(browser, "Set the pace")
    assert "No index is being filled." in press_and_load(browser, "End this pace")
    browser.run("document.getElementById('transaction-table').value = 'Orders'")
    browser.run(f"document.getElementById('transaction-key').value = {json.dumps(json.dumps(key))}")
    assert "The transaction is declared." in press_and_load(browser, "Declare")
    assert b"TransactionConflict" in client.post("PutItem", put)[2]
    assert "The transaction has ended." in press_and_load(browser, "End")
    client("PutItem", TableName="Orders", Item=key)


@drives("throttles/enforce")
def test_throttles_are_explained(visit, browser, client):
    units = {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}
    small = table_request("pk:S", TableName="Small", BillingMode="PROVISIONED", ProvisionedThroughput=units)
    client("CreateTable", **small)
    visit("throttles")
    fill(browser, {"Table": "Small"})
    assert "Throughput of table Small is enforced." in press_and_load(browser, "Set")
    put = json.dumps({"TableName": "Small", "Item": {"pk": {"S": "a"}, "x": {"S": "x" * 100_000}}}).encode()
    while client.post("PutItem", put)[0] == 200:
        pass
    text = visit("throttles")
    assert "PutItem" in text
    assert "TableThroughput" in text or "Burst" in text
