"""The PartiQL page of the console: plan, results, pages of results, and problems."""

import json
import re

import pytest

from emulator.settings import Settings
from tests.support.console import faults, in_process
from tests.support.in_process import InProcess
from tests.support.tables import table_request

HTMX = {"hx-request": "true"}


@pytest.fixture
def db():
    inside = InProcess(Settings(in_memory=True))
    inside("CreateTable", table_request("pk:S sk:N", TableName="Orders"))
    for number in range(5):
        inside("PutItem", TableName="Orders", Item={"pk": {"S": "a"}, "sk": {"N": str(number)}, "x": {"S": "<b>"}})
    yield inside
    inside.emulator.close()


@pytest.fixture
def console(db):
    return in_process(db.emulator)


def run(console, statement, headers=HTMX, **fields):
    return console.post("partiql/run", headers, statement=statement, **{"do": "run", **fields})


def test_the_editor_has_the_statement_of_the_query_string(console):
    page = console.get("partiql", statement="</textarea><b>").text
    assert "&lt;/textarea&gt;&lt;b&gt;</textarea>" in page
    assert faults(page) == []


def test_a_statement_runs_and_shows_its_plan_and_items(console):
    answer = run(console, "SELECT * FROM Orders WHERE pk = 'a' AND sk > 2")
    assert (answer.status, faults(answer.text)) == (200, [])
    assert "<dd>Query</dd>" in answer.text
    assert "pk = &#39;a&#39; AND sk &gt; 2" in answer.text
    assert answer.text.count("&lt;b&gt;") >= 2
    assert "Units consumed" in answer.text
    assert "<!doctype" not in answer.text


def test_without_a_script_the_answer_is_a_whole_page(console):
    answer = run(console, "SELECT * FROM Orders", headers={})
    assert answer.text.startswith("<!doctype html>")
    assert faults(answer.text) == []


def test_explain_runs_nothing(console, db):
    answer = console.post("partiql/run", HTMX, statement="DELETE FROM Orders WHERE pk = 'a' AND sk = 1", do="explain")
    assert "<dd>DeleteItem</dd>" in answer.text
    assert "Result" not in answer.text
    assert db("Scan", TableName="Orders")["Count"] == 5
    run(console, "DELETE FROM Orders WHERE pk = 'a' AND sk = 1")
    assert db("Scan", TableName="Orders")["Count"] == 4


def test_parameters_and_a_consistent_read(console):
    answer = run(
        console, "SELECT * FROM Orders WHERE pk = ? AND sk = ?", parameters='[{"S": "a"}, {"N": "3"}]', consistent="on"
    )
    assert "<dd>GetItem</dd>" in answer.text
    assert "A strongly consistent read costs all of these units." in answer.text


def test_the_next_page(console):
    first = run(console, "SELECT * FROM Orders", limit=3).text
    token = re.search(r'name="token" value="([^"]+)"', first)[1]
    second = run(console, "SELECT * FROM Orders", limit=3, token=token).text
    assert "Next page" in first
    assert "Next page" not in second
    assert (first.count('<td><span class="value type-N"'), second.count('<td><span class="value type-N"')) == (3, 2)


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"statement": " "}, "Statement is empty"),
        ({"statement": "SELECT"}, "Statement wasn&#39;t well formed"),
        ({"statement": "SELECT * FROM Nothing"}, "Requested resource not found"),
        ({"statement": "SELECT * FROM Orders", "parameters": "{"}, "Parameters is not JSON"),
        ({"statement": "SELECT * FROM Orders", "parameters": "{}"}, "Parameters must be a JSON list"),
        ({"statement": "SELECT * FROM Orders", "parameters": json.dumps([{"S": "a"}])}, "Number of parameters"),
        ({"statement": "SELECT * FROM Orders", "limit": "many"}, "is not an integer"),
    ],
)
def test_a_problem_is_shown(console, fields, text):
    answer = console.post("partiql/run", HTMX, do="run", **fields)
    assert answer.status == 400
    assert text in answer.text
    assert 'role="alert"' in answer.text
