"""Answers that wait for a commit: held back in order, sent after it, replaced by an error when it fails."""

import json
from collections.abc import Callable
from types import SimpleNamespace

import pytest

from emulator.app import Emulator
from emulator.http.commits import Commits
from emulator.settings import Settings
from storage import Full, StorageError
from tests.conftest import table_request
from tests.model.client import headers
from tests.unit.http.test_connection import Line

TABLE = {**table_request("pk:S"), "TableName": "table"}


class Soon:
    """An event loop that runs what is due when it is told to."""

    def __init__(self) -> None:
        self.calls: list[Callable[[], None]] = []

    def call_soon(self, call: Callable[[], None]) -> None:
        self.calls.append(call)

    def run(self) -> None:
        calls, self.calls = self.calls, []
        for call in calls:
            call()


@pytest.fixture
def durable(tmp_path):
    emulator = Emulator(Settings(data_dir=tmp_path / "data", durable=True))
    soon = Soon()
    commits = Commits(emulator.database.engine, soon)
    yield SimpleNamespace(emulator=emulator, commits=commits, loop=soon, line=lambda: connected(emulator, commits))
    emulator.close()


def connected(emulator, commits):
    line = Line(emulator)
    line.connection._protocol.commits = commits
    return line


def request(operation, body):
    data = json.dumps(body).encode()
    fields = {"Host": "localhost", **headers(operation), "Content-Length": len(data)}
    return "".join(["POST / HTTP/1.1\r\n", *(f"{k}: {v}\r\n" for k, v in fields.items()), "\r\n"]).encode() + data


def put(name):
    return request("PutItem", {"TableName": "table", "Item": {"pk": {"S": name}}})


def get(name):
    return request("GetItem", {"TableName": "table", "Key": {"pk": {"S": name}}})


def make_table(durable):
    line = durable.line()
    line.feed(request("CreateTable", TABLE) + request("DescribeTable", {"TableName": "table"}))  # which settles it
    durable.loop.run()
    assert [answer[0] for answer in line.answers()] == [200, 200]


def test_answers_of_all_connections_go_out_with_one_commit(durable, monkeypatch):
    make_table(durable)
    commits = []
    engine = durable.emulator.database.engine
    monkeypatch.setattr(engine, "commit", lambda commit=engine.commit: commits.append(commit()))
    lines = [durable.line() for _ in range(3)]
    for number, line in enumerate(lines):
        line.feed(put(str(number)))
        assert line.transport.written == b""
    assert len(durable.loop.calls) == 1
    durable.loop.run()
    assert len(commits) == 1
    assert [[status for status, _, _ in line.answers()] for line in lines] == [[200]] * 3


def test_reads_wait_only_while_something_is_pending(durable):
    make_table(durable)
    line, other = durable.line(), durable.line()
    other.feed(get("a"))
    assert other.answers()[0][2] == b"{}"
    line.feed(put("a"))
    other.feed(get("a"))
    assert len(other.answers()) == 1
    durable.loop.run()
    assert other.answers()[1][2] == b'{"Item":{"pk":{"S":"a"}}}'


def test_pipelined_answers_keep_their_order(durable):
    make_table(durable)
    line = durable.line()
    line.feed(put("a") + get("a") + get("b") + put("b"))
    assert line.transport.written == b""
    durable.loop.run()
    assert [body for _, _, body in line.answers()] == [b"{}", b'{"Item":{"pk":{"S":"a"}}}', b"{}", b"{}"]


def test_connection_closes_after_its_answers(durable):
    make_table(durable)
    line = durable.line()
    line.feed(put("a").replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1))
    assert not line.transport.closed
    durable.loop.run()
    assert [status for status, _, _ in line.answers()] == [200]
    assert line.transport.closed


def test_client_that_went_away_is_passed_over(durable):
    make_table(durable)
    line, other = durable.line(), durable.line()
    line.feed(put("a"))
    other.feed(put("b"))
    line.connection.connection_lost(None)
    durable.loop.run()
    assert line.transport.written == b""
    assert len(other.answers()) == 1


@pytest.mark.parametrize("failure", [Full("no room"), StorageError("broken")])
def test_failed_commit_fails_every_answer_that_waited(durable, monkeypatch, failure):
    make_table(durable)
    lines = [durable.line(), durable.line()]
    for line in lines:
        line.feed(put("a"))

    def fail():
        raise failure

    with monkeypatch.context() as patch:
        patch.setattr(durable.emulator.database.engine, "commit", fail)
        patch.setattr(type(durable.emulator.database.engine), "pending", False)
        durable.loop.run()
    for line in lines:
        ((status, _, body),) = line.answers()
        assert status == 500
        assert b"InternalServerError" in body
        assert line.transport.closed
