"""A person works with the console in a real browser: each action of tables and items.

The server has two workers. So one process often sends the page with a form, and another process
receives the form.
"""

import json
from urllib.parse import quote

import pytest

from tests.support.browser import COMMAND, Browser
from tests.support.browsing import AXE, axe, fill, follow, press, press_and_load, shown, wait_for, wait_for_text
from tests.support.console import over_http
from tests.support.http_clients import Client
from tests.support.servers import running
from tests.support.tables import index_request, new_name, table_request

pytestmark = pytest.mark.skipif(COMMAND is None, reason="there is no Chromium (Debian: apt-get install chromium)")


@pytest.fixture(scope="module")
def server():
    with running("--in-memory", "--workers", "2") as started:
        yield started.url


@pytest.fixture(scope="module")
def chromium():
    opened = Browser()
    yield opened
    opened.close()


@pytest.fixture
def browser(chromium):
    """The browser. After the test, its JavaScript console may have only errors of refused forms."""
    chromium.complaints()
    yield chromium
    assert [each for each in chromium.complaints() if "status of 400" not in each] == []


@pytest.fixture
def client(server):
    opened = Client(server)
    yield opened
    opened.close()


@pytest.fixture
def visit(server, browser):
    """A function that opens a page of the console by its path."""

    def visit(path):
        return browser.open(f"{server}/_emulator/console/test@us-east-1/{quote(path, safe='/?=&%')}")

    return visit


@pytest.fixture
def orders(client):
    """The name of a table in which two users have a profile and three orders each."""
    name = new_name("Orders")
    request = table_request(
        "pk:S sk:S", define="status:S", GlobalSecondaryIndexes=[index_request("by-status", "status")]
    )
    client("CreateTable", **request | {"TableName": name})
    for user in ("1", "2"):
        put(client, name, f"USER#{user}", "PROFILE", name={"S": f"User {user}"})
        for order in range(3):
            put(client, name, f"USER#{user}", f"ORDER#{order}", status={"S": "new"}, total={"N": str(order)})
    return name


def put(client, table, pk, sk, **attributes):
    client("PutItem", TableName=table, Item={"pk": {"S": pk}, "sk": {"S": sk}, **attributes})


def get(client, table, pk, sk):
    return client("GetItem", TableName=table, Key={"pk": {"S": pk}, "sk": {"S": sk}}, ConsistentRead=True).get("Item")


def described(client, name):
    return client("DescribeTable", TableName=name)["Table"]


def accessible(browser):
    """Return True if axe finds no mistake in the page as it is shown now, or is not installed."""
    return not AXE.exists() or (axe(browser), axe(browser, "dark")) == ([], [])


# --- the frame ------------------------------------------------------------------------------------


def test_the_first_page_and_another_account(server, browser):
    browser.open(f"{server}/_emulator/")
    assert browser.run("location.pathname").endswith("/tables")
    browser.run("document.querySelector('.switcher').open = true")
    fill(browser, {"Access key": "111122223333", "Region": "eu-west-1"})
    text = press_and_load(browser, "Show this account")
    assert "111122223333" in text
    assert browser.run("location.pathname") == "/_emulator/console/111122223333@eu-west-1/tables"
    assert "This account has no tables in this region." in text


def test_a_keyboard_reaches_the_content_first(browser, visit):
    visit("tables")
    browser.command("Input.dispatchKeyEvent", type="rawKeyDown", key="Tab", windowsVirtualKeyCode=9)
    assert browser.run("document.activeElement.textContent") == "Skip to the content"
    browser.run("document.activeElement.click()")
    assert browser.run("location.hash") == "#main"


def test_a_form_of_another_site_is_refused(server, browser, client, orders):
    """The other site is a server on another port. The refusal is due to its origin."""
    with running("--in-memory") as other:
        browser.open(f"{other.url}/_emulator/console/test@us-east-1/tables")
        target = f"{server}/_emulator/console/test@us-east-1/tables/{orders}/change/delete"
        browser.command("Page.setBypassCSP", enabled=True)
        browser.open(f"{other.url}/_emulator/console/test@us-east-1/tables")
        text = browser.after(
            lambda: browser.run(f"""(() => {{
            const form = Object.assign(document.createElement('form'), {{method: 'post', action: {json.dumps(target)}}})
            document.body.append(form)
            form.submit()
        }})()""")
        )
        browser.command("Page.setBypassCSP", enabled=False)
    assert "pages of other origins may not use /_emulator/" in text
    assert orders in client("ListTables")["TableNames"]
    browser.complaints()


def test_a_durable_server_commits_before_it_answers(tmp_path):
    with running("--data-dir", str(tmp_path / "data"), "--durable") as durable:
        console = over_http(durable.url)
        console.done("tables/create", name="Orders", partition="pk")
        console.done("tables/Orders/import", content='{"pk": "a"}')
        durable.kill()
    with running("--data-dir", str(tmp_path / "data")) as again:
        assert "returned 1 of 1 scanned items" in over_http(again.url).get("tables/Orders/items").text


def test_another_asgi_server_serves_the_console():
    with running("--in-memory", module="tests.support.asgi_server") as uvicorn:
        console = over_http(uvicorn.url)
        console.done("tables/create", name="Orders", partition="pk")
        console.done("tables/Orders/import", content='{"pk": "a"}')
        assert json.loads(console.get("tables/Orders/export").body) == [{"pk": "a"}]
        assert console.get("tables/None").status == 400


# --- tables ---------------------------------------------------------------------------------------


def test_a_table_is_created(browser, visit, client):
    name = new_name("Made")
    visit("tables")
    follow(browser, "Create a table")
    fill(browser, {"Table name": name, "Sort key": "sk", "Type of the sort key": "N", "Stream": "NEW_IMAGE"})
    fill(browser, {"Attribute for time to live": "expires", "Point-in-time recovery": True})
    for number in (1, 2):
        press(browser, "Add an index")
        wait_for_text(browser, f"Index {number} name")
        fill(browser, {f"Index {number} name": f"index-{number}", f"Index {number} partition key": f"key-{number}"})
    fill(browser, {"Index 2 projection": "KEYS_ONLY", "Index 2 sort key": "sk", "Index 2 type of the sort key": "N"})
    text = press_and_load(browser, "Create the table")
    assert f"The table {name} has been created." in text
    assert "35 days" in text
    table = described(client, name)
    assert [each["IndexName"] for each in table["GlobalSecondaryIndexes"]] == ["index-1", "index-2"]
    assert table["StreamSpecification"]["StreamViewType"] == "NEW_IMAGE"


def test_a_problem_leaves_the_form_as_it_was(browser, visit):
    visit("tables/create")
    fill(browser, {"Table name": "a b", "Sort key": "kept"})
    press(browser, "Create the table")
    assert "failed to satisfy constraint" in wait_for_text(browser, "ValidationException")
    assert browser.run("document.getElementById('field-sort').value") == "kept"
    assert accessible(browser)


def test_settings_are_changed(browser, visit, client, orders):
    visit(f"tables/{orders}/change")
    fill(browser, {"Mode": "PROVISIONED", "Read units": 7, "Read units of by-status": 9})
    assert "The capacity has changed." in press_and_load(browser, "Change the capacity")
    assert accessible(browser)
    fill(browser, {"Stream": "KEYS_ONLY"})
    assert "The stream is on, with the view type KEYS_ONLY." in press_and_load(browser, "Change the stream")
    fill(browser, {"Attribute for time to live": "expires"})
    assert "Items now expire at the time in their attribute expires." in press_and_load(browser, "Change time to live")
    fill(browser, {"Point-in-time recovery": True, "Days": 9})
    assert "Point-in-time recovery is on." in press_and_load(browser, "Change recovery")
    fill(browser, {"Deletion protection": True})
    assert "Deletion protection is on." in press_and_load(browser, "Change protection")
    fill(browser, {"Table class": "STANDARD_INFREQUENT_ACCESS"})
    assert "The table now has the table class STANDARD_INFREQUENT_ACCESS." in press_and_load(
        browser, "Change the class"
    )
    table = described(client, orders)
    assert table["ProvisionedThroughput"]["ReadCapacityUnits"] == 7
    assert table["GlobalSecondaryIndexes"][0]["ProvisionedThroughput"]["ReadCapacityUnits"] == 9
    assert table["DeletionProtectionEnabled"] is True


def test_indexes_are_added_and_deleted(browser, visit, client, orders):
    visit(f"tables/{orders}/change")
    press(browser, "Add a global index")
    fill(
        browser,
        {"Index 1 name": "by-total", "Index 1 partition key": "total", "Index 1 type of the partition key": "N"},
    )
    assert "The index by-total is being created." in press_and_load(browser, "Add the index")
    press(browser, "Delete by-status")
    assert "The index by-status is being deleted." in press_and_load(browser, "Yes: Delete by-status")
    visit(f"tables/{orders}")
    assert "by-total" in shown(browser)


def test_a_table_is_copied_emptied_and_deleted(browser, visit, client, orders):
    copy = new_name("Copy")
    visit(f"tables/{orders}/change")
    fill(browser, {"Name of the copy": copy})
    assert f"The table {copy} is a copy of {orders}." in press_and_load(browser, "Copy the table")
    follow(browser, "Change")
    press(browser, "Empty the table")
    press(browser, "Delete all items")
    wait_for_text(browser, f"To confirm, write the name of the table: {copy}")
    fill(browser, {f"Write {copy} to empty it": copy})
    assert f"The table {copy} is empty." in press_and_load(browser, "Delete all items")
    assert client("Scan", TableName=copy)["Count"] == 0
    assert client("Scan", TableName=orders)["Count"] == 8
    follow(browser, "Change")
    press(browser, "Delete the table")
    fill(browser, {f"Write {copy} to delete it": copy})
    text = press_and_load(browser, "Delete the table now")
    assert f"The table {copy} has been deleted." in text
    assert copy not in client("ListTables")["TableNames"]
    assert "has been deleted" not in browser.after(lambda: browser.run("location.reload()")), "a notice is shown once"


def test_a_table_as_code_is_copied_to_the_clipboard(browser, visit, orders):
    visit(f"tables/{orders}/code")
    assert "aws dynamodb create-table" in shown(browser)
    press(browser, "Copy boto3")
    wait_for(
        browser, "document.body.innerText.includes('Copied') || getSelection().toString().includes('boto3.client')"
    )


# --- items ----------------------------------------------------------------------------------------


def test_a_query_is_built_and_run(browser, visit, orders):
    visit("tables")
    follow(browser, orders)
    assert "Scan returned 8 of 8 scanned items" in shown(browser)
    fill(browser, {"pk (S)": "USER#1", "sk (S)": "ORDER#", "Comparison of sk": "begins_with"})
    press(browser, "Filters, attributes, order")
    fill(browser, {"Attribute 1": "total", "Comparison 1": ">=", "Type 1": "N", "Value 1": "1", "Order": "backward"})
    press(browser, "Run")
    wait_for_text(browser, "Query returned 2 of 3 scanned items")
    assert browser.run(
        "[...document.querySelectorAll('table.grid tbody tr')].map(each => each.cells[3].textContent)"
    ) == [
        "ORDER#2",
        "ORDER#1",
    ]
    press(browser, "The request as code")
    text = shown(browser)
    assert "KeyConditionExpression='#n0 = :v0 AND begins_with(#n1, :v1)'" in text
    assert "new QueryCommand(" in text
    assert "aws dynamodb query" in text
    browser.after(lambda: browser.run("location.reload()"))
    assert "Query returned 2 of 3 scanned items" in shown(browser), "the address has the query"


def test_views_and_indexes(browser, visit, orders):
    visit(f"tables/{orders}/items")
    for view, text in (("json", '"total": 1'), ("dynamodb", '"N": "1"'), ("grid", "Preview the change")):
        fill(browser, {"View": view})
        press(browser, "Run")
        wait_for(browser, f"document.getElementById('results').innerText.includes({json.dumps(text)})")
    follow(browser, "Index by-status")
    fill(browser, {"status (S)": "new"})
    press(browser, "Run")
    wait_for_text(browser, "Query returned 6 of 6 scanned items")


def test_pages_and_the_button_back(browser, visit, client, orders):
    for number in range(30):
        put(client, orders, "many", f"{number:02}")
    visit(f"tables/{orders}/items?key-0=many&limit=25")
    assert "returned 25 of 25" in shown(browser)
    browser.run("document.querySelector('a[hx-get*=start]').click()")
    wait_for_text(browser, "returned 5 of 5")
    browser.after(lambda: browser.run("history.back()"))
    wait_for_text(browser, "returned 25 of 25")


def test_an_item_is_edited(browser, visit, client, orders):
    visit(f"tables/{orders}/items?key-0={quote('USER#1')}&key-1=PROFILE")
    browser.after(lambda: browser.run("document.querySelector('a[aria-label=\"Edit item 1\"]').click()"))
    item = json.loads(browser.run("document.getElementById('item-text').value"))
    write(browser, item | {"age": {"N": "many"}})
    wait_for_text(browser, "cannot be converted to a numeric value")
    write(browser, item | {"age": {"N": "42"}})
    wait_for_text(browser, "age: Number")
    assert "The item has been saved." in press_and_load(browser, "Save")
    assert get(client, orders, "USER#1", "PROFILE")["age"] == {"N": "42"}
    follow(browser, "Edit as JSON")
    assert '"age": 42' in browser.run("document.getElementById('item-text').value")
    press(browser, "Delete this item")
    assert "The item has been deleted." in press_and_load(browser, "Yes: Delete this item")
    assert get(client, orders, "USER#1", "PROFILE") is None


def write(browser, item):
    """Write an item into the editor, with the event that typing causes."""
    browser.run(f"""(() => {{
        const area = document.getElementById('item-text')
        area.value = {json.dumps(json.dumps(item))}
        area.dispatchEvent(new Event('input', {{bubbles: true}}))
    }})()""")


def test_a_new_item(browser, visit, client, orders):
    visit(f"tables/{orders}/items")
    follow(browser, "New item")
    write(browser, {"pk": {"S": "new"}, "sk": {"S": "<b>"}})
    assert "The item has been saved." in press_and_load(browser, "Save")
    assert get(client, orders, "new", "<b>")


def test_many_items_are_changed_and_deleted(browser, visit, client, orders):
    visit(f"tables/{orders}/items?key-0={quote('USER#2')}")
    browser.run("document.querySelector('[data-check-all]').click()")
    fill(browser, {"With the checked items": "set", "Attribute": "seen", "Type": "BOOL", "New value": "true"})
    press(browser, "Preview the change")
    wait_for_text(browser, "Each of these items will get seen")
    assert accessible(browser)
    assert "seen" not in get(client, orders, "USER#2", "PROFILE")
    assert "4 items have changed." in press_and_load(browser, "Change 4 items")
    assert get(client, orders, "USER#2", "PROFILE")["seen"] == {"BOOL": True}
    visit(f"tables/{orders}/items?key-0={quote('USER#2')}")
    browser.run("document.querySelector('input[name=item]').click()")
    press(browser, "Preview the change")
    wait_for_text(browser, "Each of these items will be deleted.")
    press_and_load(browser, "Change 1 item")
    assert client("Scan", TableName=orders)["Count"] == 7


def test_a_file_is_imported_after_a_preview(browser, visit, client, orders, tmp_path):
    path = tmp_path / "items.csv"
    path.write_text('pk,sk,note\nfile,1,"<b>, x"\nfile,2,\n')
    visit(f"tables/{orders}/items")
    follow(browser, "Import and export")
    fill(browser, {"Format": "csv"})
    browser.command("DOM.enable")
    root = browser.command("DOM.getDocument")["root"]["nodeId"]
    field = browser.command("DOM.querySelector", nodeId=root, selector="#import-file")["nodeId"]
    browser.command("DOM.setFileInputFiles", nodeId=field, files=[str(path)])
    wait_for(browser, "document.getElementById('field-content').value.includes('file,1')")
    press(browser, "Preview")
    wait_for_text(browser, "2 items can be read.")
    assert accessible(browser)
    assert get(client, orders, "file", "1") is None
    assert "2 items have been imported." in press_and_load(browser, "Import")
    assert get(client, orders, "file", "1")["note"] == {"S": "<b>, x"}
    exported = browser.run(f"fetch('../{orders}/export?format=json').then(answer => answer.json())")
    assert len(exported) == 10


def test_entities_lead_to_their_items(browser, visit, orders):
    visit(f"tables/{orders}/items")
    text = follow(browser, "Collections")
    assert "USER#, ORDER# (6)" in text
    follow(browser, "USER#, ORDER# (6)")
    follow(browser, "Items")
    visit(f"tables/{orders}/collections")
    assert "Query returned 4 of 4 scanned items" in follow(browser, "USER#1")
