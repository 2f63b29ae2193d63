"""The command `shell` against a server, as scripts run it and as a user at a terminal does."""

import io
import json
import os
import subprocess
import sys

import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput

from emulator.client.endpoint import HttpEndpoint
from emulator.commands import shell
from emulator.shell import prompt
from emulator.shell.session import Session
from tests.support.servers import ROOT
from tests.support.tables import new_name


@pytest.fixture
def address(endpoint):
    return ["--endpoint", endpoint, "--access-key", "test", "--region", "us-east-1"]


@pytest.fixture
def table(client, make_table):
    name = make_table("pk:S n:N")
    for number in (1, 2, 3):
        client.put_item(TableName=name, Item={"pk": {"S": "a"}, "n": {"N": str(number)}, "text": {"S": "it's"}})
    return name


@pytest.fixture
def execute(address, capsys):
    """execute(statement, ...) runs `shell --execute`; it returns status, stdout and stderr."""

    def run(*arguments):
        status = shell.main(["--execute", *arguments, *address])
        shown = capsys.readouterr()
        return status, shown.out, shown.err

    return run


def test_items_as_text(table, execute):
    status, out, err = execute(f"SELECT pk, n, text FROM \"{table}\" WHERE pk = 'a' AND n < 3")
    assert (status, err) == (0, "")
    assert out == "{'n': 1, 'pk': 'a', 'text': 'it''s'}\n{'n': 2, 'pk': 'a', 'text': 'it''s'}\n"


def test_a_line_of_text_can_be_inserted(client, table, execute):
    _, out, _ = execute(f"SELECT * FROM \"{table}\" WHERE pk = 'a' AND n = 1")
    line = out.strip().replace("'a'", "'b'")
    assert execute(f'INSERT INTO "{table}" VALUE {line}') == (0, "", "")
    assert client.get_item(TableName=table, Key={"pk": {"S": "b"}, "n": {"N": "1"}})["Item"]["text"] == {"S": "it's"}


def test_items_as_json_with_parameters(table, execute):
    arguments = ["--parameter", '"a"', "--parameter", '{"N": "2"}', "--format", "json"]
    status, out, _ = execute(f'SELECT * FROM "{table}" WHERE pk = ? AND n = ?', *arguments)
    assert status == 0
    assert json.loads(out) == {"pk": {"S": "a"}, "n": {"N": "2"}, "text": {"S": "it's"}}


def test_items_as_a_table(table, execute):
    _, out, _ = execute(f'SELECT text, n, pk FROM "{table}" WHERE n = 2', "--format", "table")
    assert out.splitlines()[1] == "│ pk  │ n │ text    │"
    assert "│ 'a' │ 2 │ 'it''s' │" in out


def test_several_statements_and_commands(table, execute):
    status, out, err = execute(
        f"DELETE FROM \"{table}\" WHERE pk = 'a' AND n = 1;\n.format json\n.parameters 'a' 2\n"
        f'SELECT n FROM "{table}"\nWHERE pk = ? AND n = ?;',
        "--execute",
        "\\dt",
    )
    assert (status, err) == (0, "")
    assert out.splitlines()[0] == '{"n":{"N":"2"}}'
    assert table in out.splitlines()[1:]


def test_all_pages(client, make_table, execute):
    name = make_table("pk:S n:N")
    for number in range(4):
        client.put_item(TableName=name, Item={"pk": {"S": "a"}, "n": {"N": str(number)}, "b": {"S": "x" * 390_000}})
    _, out, err = execute(f'.capacity on\nSELECT n FROM "{name}"')
    assert len(out.splitlines()) == 4
    assert err == "192.5 capacity units\n"


def test_a_script_ends_at_its_first_error(client, table, execute):
    status, out, err = execute(f"SELEC * FROM a; DELETE FROM \"{table}\" WHERE pk = 'a' AND n = 1")
    assert (status, out) == (1, "")
    assert err.startswith("dynamodb-emulator: ValidationException: Statement wasn't well formed, can't be processed")
    assert "Item" in client.get_item(TableName=table, Key={"pk": {"S": "a"}, "n": {"N": "1"}})


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (".nothing", "there is no command .nothing; type .help for a list of commands"),
        (".format xml", "there is no format xml; the formats are table, text, json"),
        (".page 0", "type .page and a number of items, such as .page 50"),
        (".capacity", "type .capacity on or .capacity off"),
        (".parameters x", "not a value: x"),
        (".describe missing", "ResourceNotFoundException: Requested resource not found: Table: missing not found"),
    ],
)
def test_wrong_commands(execute, line, problem):
    assert execute(line) == (1, "", f"dynamodb-emulator: {problem}\n")


def test_help_and_quit(execute):
    status, out, err = execute(".help\n.quit\n.nothing")
    assert (status, err) == (0, "")
    assert ".describe TABLE " in out


def test_a_description(client, make_table, execute):
    name = make_table("pk:S sk:N", StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"})
    _, out, _ = execute(f".describe {name}")
    assert out.splitlines() == [
        f"{name}: ACTIVE",
        "  key: pk S, sk N",
        "  billing: on demand",
        "  stream: NEW_IMAGE",
        "  items: 0, 0 bytes",
    ]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["-e", "a", "--parameter", "x"], "--parameter: not a value: x"),
        (["-e", "a", "--endpoint", "nowhere"], "'nowhere' is not a URL"),
        (["-e", "a", "--format", "xml"], "invalid choice: 'xml'"),
    ],
)
def test_wrong_arguments(arguments, problem, capsys):
    with pytest.raises(SystemExit) as ended:
        shell.main(arguments)
    assert ended.value.code == 2
    assert problem in capsys.readouterr().err


def script(address, text, *arguments, **environment):
    return subprocess.run(
        [sys.executable, "-m", "emulator", "shell", *arguments, *address],
        cwd=ROOT,
        input=text,
        capture_output=True,
        env=os.environ | environment,
        timeout=60,
        check=False,
    )


def test_statements_from_stdin(table, address):
    done = script(address, f"SELECT n FROM \"{table}\" WHERE n = 1 AND text <> 'ä\xff;'\n;".encode("latin-1"))
    assert (done.returncode, done.stdout, done.stderr) == (0, b"{'n': 1}\n", b"")


def test_without_the_extra(address, tmp_path):
    """Scripts do not need the extra `shell`. A drawn table does, and the error says so."""
    (tmp_path / "rich.py").write_text("raise ImportError('hidden', name='rich')")
    done = script(address, b".tables", PYTHONPATH=str(tmp_path))
    assert (done.returncode, done.stderr) == (0, b"")
    done = script(address, b".tables", "--format", "table", PYTHONPATH=str(tmp_path))
    assert done.returncode == 2
    assert done.stderr.decode() == (
        "dynamodb-emulator shell: error: the prompt and drawn tables need prompt-toolkit and rich:"
        " pip install 'dynamodb-emulator[shell]'\n"
    )


class Keys:
    """Runs the shell at a simulated terminal, whose keys the test presses."""

    def __init__(self, url, pipe):
        self.pipe = pipe
        self.endpoint = HttpEndpoint(url, "test", "us-east-1")

    def type(self, text):
        """Press keys (Enter for a line feed), and run the shell to its end; return its status."""
        self.pipe.send_text(text.replace("\n", "\r"))
        return prompt.run(self.endpoint, "text")


@pytest.fixture
def keys(endpoint, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    with create_pipe_input() as pipe, create_app_session(input=pipe, output=DummyOutput()):
        terminal = Keys(endpoint, pipe)
        yield terminal
        terminal.endpoint.close()


def test_a_statement_over_several_lines_at_the_prompt(table, keys, capsys):
    assert keys.type(f'SELECT n\nFROM "{table}"\nWHERE n = 2;\n\x04') == 0
    assert capsys.readouterr().out == "{'n': 2}\n1 item\n"


def test_an_error_at_the_prompt_does_not_end_it(table, keys, capsys):
    assert keys.type(f'SELEC;\n.nothing\nSELECT n FROM "{table}" WHERE n = 2;\n.quit\n') == 0
    shown = capsys.readouterr()
    assert shown.out == "{'n': 2}\n1 item\n"
    refused, misused = shown.err.splitlines()
    assert refused.startswith("ValidationException: Statement wasn't well formed")
    assert misused == "there is no command .nothing; type .help for a list of commands"


def test_ctrl_c_drops_what_was_typed(keys, capsys):
    assert keys.type("SELECT nonsense\x03.capacity off\n\x04") == 0
    assert capsys.readouterr() == ("", "")


def test_the_prompt_asks_for_parameters(table, keys, capsys):
    assert keys.type(f"SELECT n FROM \"{table}\" WHERE pk = ? AND n = ?;\n'a'\n3\n\x04") == 0
    assert capsys.readouterr().out == "{'n': 3}\n1 item\n"


def test_the_prompt_asks_after_each_page(table, keys, capsys):
    assert (
        keys.type(
            f'.page 1\nSELECT n FROM "{table}";\n\nq\n.capacity on\nSELECT n FROM "{table}" WHERE n = 1;\nq\n\x04'
        )
        == 0
    )
    lines = capsys.readouterr().out.splitlines()
    assert lines[:3] == ["{'n': 1}", "{'n': 2}", "2 items"]
    assert lines[4] == "1 item, 2 capacity units"


def test_the_history_is_kept_in_a_private_file(keys, tmp_path, capsys):
    assert keys.type(".capacity off\n\x04") == 0
    assert keys.type("\x1b[A\n.quit\n") == 0  # arrow up recalls the command, Enter runs it
    file = tmp_path / "state" / "dynamodb-emulator" / "shell-history"
    assert file.read_text().count("+.capacity off") == 1  # a repeated line is stored once
    assert file.stat().st_mode & 0o777 == 0o600
    assert capsys.readouterr().err == ""


def test_a_history_that_cannot_be_kept(keys, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    assert keys.type(".capacity off\n\x04") == 0


def test_tab_completes_the_name_of_a_table(make_table, keys):
    """The prompt suggests words while the user types; Tab inserts the suggested word."""
    name = make_table("pk:S", TableName=new_name("Only").replace("-", "_"))
    asked = prompt.prompt_of(Session(keys.endpoint, "text"))
    pressed = []

    def words_appeared(buffer):
        if buffer.complete_state is not None and not pressed:
            pressed.append("\t")
            keys.pipe.send_text("\t")

    def text_changed(buffer):
        if buffer.text == f"SELECT * FROM {name}":
            keys.pipe.send_text(";\r")

    asked.default_buffer.on_completions_changed += words_appeared
    asked.default_buffer.on_text_changed += text_changed
    keys.pipe.send_text(f"SELECT * FROM {name[:-2]}")
    assert asked.prompt() == f"SELECT * FROM {name};"
    assert pressed


@pytest.mark.parametrize(("requested", "words"), [(True, {"pk", "SELECT"}), (False, set())])
def test_the_tab_key_offers_words_before_a_letter_is_typed(table, keys, requested, words):
    completer = prompt.prompt_of(Session(keys.endpoint, "text")).completer
    document = Document(f'SELECT * FROM "{table}" WHERE ')
    found = completer.get_completions(document, CompleteEvent(completion_requested=requested))
    assert {each.text for each in found} & {"pk", "SELECT"} == words


def test_the_prompt_of_the_command(endpoint, keys, monkeypatch, capsys):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    keys.pipe.send_text(".quit\r")
    assert shell.main(["--endpoint", endpoint]) == 0
