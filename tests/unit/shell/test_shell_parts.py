"""Statements, parameters, completion and output of the shell (emulator/shell/)."""

import io

import pytest
from rich.console import Console

from emulator.client.endpoint import Refused, Unreachable
from emulator.shell import output
from emulator.shell.completion import candidates, quoted, table_of
from emulator.shell.knowledge import Knowledge
from emulator.shell.parameters import NotValues, values
from emulator.shell.statements import is_complete, placeholders, split


@pytest.mark.parametrize(
    ("text", "statements", "rest"),
    [
        ("", [], ""),
        (" ;; \n; ", [], ""),
        ("SELECT 1", [], "SELECT 1"),
        ("SELECT 1;", ["SELECT 1"], ""),
        ("a;b ;\n c", ["a", "b"], "\n c"),
        ("a = 'x;y''z;' ;", ["a = 'x;y''z;'"], ""),
        ('a = "x;y"";" ;', ['a = "x;y"";"'], ""),
        ("a = 'x;\n\n", [], "a = 'x;\n\n"),
        ("a = 'x''", [], "a = 'x''"),
        ('a "x;', [], 'a "x;'),
        ("a -- b; c'\n;", ["a -- b; c'"], ""),
        ("a /* ; ' */;", ["a /* ; ' */"], ""),
        ("a /* ;", [], "a /* ;"),
        ("-- only\n;/* this */;", [], ""),
        ("-- only", [], ""),
        ("/* only", [], "/* only"),
        ("a / b - c;", ["a / b - c"], ""),
    ],
)
def test_a_text_is_cut_into_statements(text, statements, rest):
    assert split(text) == (statements, rest)
    assert is_complete(text) == (rest == "")


@pytest.mark.parametrize(
    ("statement", "number"), [("a = ? AND b = '?' -- ?", 1), ("VALUE {'a': ?, 'b': ?}", 2), ("'", 0)]
)
def test_the_placeholders_of_a_statement(statement, number):
    assert placeholders(statement) == number


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        ("'it''s' \"b\\n\"", [{"S": "it's"}, {"S": "b\n"}]),
        ("12.50, -1e400 99999999999999999999999", [{"N": "12.50"}, {"N": "-1e400"}, {"N": "99999999999999999999999"}]),
        ("true false null", [{"BOOL": True}, {"BOOL": False}, {"NULL": True}]),
        ('["a", 1, [null]]', [{"L": [{"S": "a"}, {"N": "1"}, {"L": [{"NULL": True}]}]}]),
        ('{"a": 1, "S": "b"}', [{"M": {"a": {"N": "1"}, "S": {"S": "b"}}}]),
        ('{"S": "b"} {"SS": ["a"]} {"N": 1}', [{"S": "b"}, {"SS": ["a"]}, {"N": "1"}]),
        ("{}", [{"M": {}}]),
    ],
)
def test_parameters(text, found):
    assert values(text) == found


@pytest.mark.parametrize("text", ["a", "'a", '"a', "{", "1 2 x"])
def test_wrong_parameters(text):
    with pytest.raises(NotValues, match="not a value: "):
        values(text)


class Tables:
    """An endpoint with two tables, one on each of the two pages of ListTables."""

    name, access_key, region = "http://nowhere", "local", "us-east-1"
    described = {  # noqa: RUF012 - nobody changes it
        "AttributeDefinitions": [{"AttributeName": "id"}, {"AttributeName": "state"}],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "GlobalSecondaryIndexes": [{"IndexName": "by-state"}],
        "LocalSecondaryIndexes": [{"IndexName": "byDate"}],
    }

    def call(self, operation, body):
        if operation == "ListTables":
            first = {"TableNames": ["Orders"], "LastEvaluatedTableName": "Orders"}
            return {"TableNames": ["order-lines"]} if body else first
        if body["TableName"] not in ("Orders", "order-lines"):
            raise Refused(400, "ResourceNotFoundException", "", {})
        return {"Table": self.described}


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("SELECT * FROM ", "", ["Orders", '"order-lines"']),
        ("SELECT * FROM o", "", ["Orders", '"order-lines"']),
        ("select * from ORD", "", ["Orders", '"order-lines"']),
        ("SELECT * FROM order-", "", ['"order-lines"']),
        ('SELECT * FROM "ord', "", ['"order-lines"']),
        ("INSERT INTO Or", "", ["Orders", '"order-lines"']),
        ("UPDATE Orde", "", ["Orders", '"order-lines"']),
        ('SELECT * FROM "Orders".', "", ['"by-state"', "byDate"]),
        ("SELECT * FROM Orders.by", "", ['"by-state"', "byDate"]),
        ('SELECT * FROM "Orders"."by-', "", ['"by-state"']),
        ("SELECT i", " FROM Orders", ["id", "IN", "IS", "INSERT INTO"]),
        ("SELECT * FROM Orders WHERE st", "", ["state"]),
        ("SELECT * FROM Orders WHERE se", "", ["seen", "SELECT", "SET", "set_add(", "set_delete("]),
        ("SELECT * FROM Missing WHERE st", "", []),
        ("SELECT * FROM Orders WHERE id = 'se", "", []),
        ("SELECT * FROM Orders WHERE id = 'a''b' AND st", "", ["state"]),
        ("SELECT * FROM Orders; INS", "", ["INSERT INTO"]),
        ("SELECT * FROM Orders WHERE beg", "", ["begins_with("]),
        (".t", "", [".tables"]),
        (".describe Or", "", ["Orders", "order-lines"]),
        ("\\d ", "", ["Orders", "order-lines"]),
        (".quit ", "", []),
    ],
)
def test_completion(before, after, words):
    knowledge = Knowledge(Tables())
    knowledge.remember("Orders", [{"seen": {"N": "1"}, "id": {"S": "a"}}])
    found = candidates(before, after, knowledge, [".tables", ".describe", ".quit"])
    assert sorted(each.word for each in found) == sorted(words)
    for word, replaces in found:
        kept = before[: len(before) - replaces]
        assert word.lower().startswith(before[len(kept) :].lower()) or word.startswith('"')


def test_completion_without_a_server():
    class Silent(Tables):
        def call(self, _operation, _body):
            raise Unreachable("gone")

    knowledge = Knowledge(Silent())
    assert candidates("SELECT * FROM ", "", knowledge, []) == []
    assert [each.word for each in candidates("SELE", "", knowledge, [])] == ["SELECT"]
    assert candidates("SELECT a FROM Orders.b", "", knowledge, []) == []


@pytest.mark.parametrize(("name", "text"), [("a_1", "a_1"), ("a-b", '"a-b"'), ("Order", '"Order"'), ('a"b', '"a""b"')])
def test_names_are_quoted_where_partiql_needs_it(name, text):
    assert quoted(name) == text


@pytest.mark.parametrize(
    ("statement", "table"),
    [
        ("SELECT a FROM 'FROM x' FROM T", "T"),
        ('INSERT INTO "a-b" VALUE', "a-b"),
        ("UPDATE T SET", "T"),
        ("SELECT", None),
    ],
)
def test_the_table_of_a_statement(statement, table):
    assert table_of(statement) == table


ITEMS = [
    {"state": {"S": "[red]paid"}, "id": {"S": "o-1"}, "n": {"N": "1"}},
    {"id": {"S": "o-22"}, "n": {"N": "12"}, "new": {"L": [{"S": "x\x1b"}]}},
]


def test_a_drawn_table():
    file = io.StringIO()
    output.draw(Console(file=file, width=80), ITEMS, ["id"])
    assert file.getvalue() == (
        "┌────────┬─────────────┬────┬───────────┐\n"
        "│ id     │ state       │  n │ new       │\n"
        "├────────┼─────────────┼────┼───────────┤\n"
        "│ 'o-1'  │ '[red]paid' │  1 │           │\n"
        "│ 'o-22' │             │ 12 │ ['x\\x1b'] │\n"
        "└────────┴─────────────┴────┴───────────┘\n"
    )


def test_a_table_for_each_item_where_there_is_little_room():
    file = io.StringIO()
    output.draw(Console(file=file, width=30), ITEMS, ["id"])
    lines = file.getvalue().splitlines()
    assert lines[1] == "│ attribute │ value       │"
    assert lines[3:6] == ["│ id        │ 'o-1'       │", "│ state     │ '[red]paid' │", "│ n         │ 1           │"]
    assert len(lines) == 14


def test_items_as_lines():
    assert output.text_lines(ITEMS[:1]) == "{'state': '[red]paid', 'id': 'o-1', 'n': 1}\n"
    assert output.json_lines(ITEMS[:1]) == '{"state":{"S":"[red]paid"},"id":{"S":"o-1"},"n":{"N":"1"}}\n'
    assert output.text_lines([]) == output.json_lines([]) == ""
