"""Faults on our own connections: pauses, dropped connections, pipelines, and other clients."""

import json
from types import SimpleNamespace

import pytest

from emulator.controls import registry
from emulator.http.front.commits import Commits
from emulator.settings import Settings
from tests.support.connections import Line, Loop, request
from tests.support.faults import counts, fault
from tests.support.in_process import InProcess


class TimedLoop(Loop):
    """An event loop with any number of timers."""

    def __init__(self):
        super().__init__()
        self.timers = []

    def call_later(self, delay, call, *arguments):
        timer = SimpleNamespace(due=self.now + delay, call=lambda: call(*arguments), cancel=None)
        timer.cancel = lambda: timer in self.timers and self.timers.remove(timer)
        self.timers.append(timer)
        return timer

    def call_soon(self, call, *arguments):
        self.soon.append(lambda: call(*arguments))

    def advance(self, seconds):
        """Move the clock from timer to timer, and run what is due."""
        end = self.now + seconds
        while True:
            while self.soon:
                self.end_turn()
            due = sorted((timer for timer in self.timers if timer.due <= end), key=lambda timer: timer.due)
            if not due:
                break
            self.now = max(self.now, due[0].due)
            self.timers.remove(due[0])
            due[0].call()
        self.now = end


@pytest.fixture
def line(db):
    return Line(db.emulator, loop=TimedLoop())


LIST = request()
WRONG = request(b'{"Limit":0}')


def statuses(line):
    return [status for status, _, _ in line.answers()]


def test_a_pause_holds_up_only_its_connection(db, line):
    other = Line(db.emulator, beside=line)
    fault(db, "Latency", {"Next": 1}, Seconds=5)
    line.feed(LIST)
    other.feed(LIST)
    line.loop.advance(4.9)
    assert (statuses(line), statuses(other)) == ([], [200])
    line.loop.advance(0.2)
    assert statuses(line) == [200]


def test_a_pipeline_keeps_its_order(db, line):
    fault(db, "Latency", {"Next": 1}, Seconds=5)
    line.feed(LIST + WRONG + LIST)
    line.loop.advance(1)
    assert statuses(line) == []
    line.loop.advance(5)
    assert statuses(line) == [200, 400, 200]


@pytest.mark.parametrize("after", [False, True])
def test_a_drop_in_a_pipeline(db, line, after):
    """The answers before the drop arrive. The requests after it do not run."""
    fault(db, "Drop", {"Every": 2}, After=after)
    line.feed(LIST + LIST + LIST)
    line.loop.advance(1)
    assert (statuses(line), line.transport.closed) == ([200], True)
    assert counts(db) == [(2, 1)]


def test_a_dropped_write(db, line):
    from tests.support.tables import table_request

    db("CreateTable", {**table_request("pk:S"), "TableName": "ttt"})
    fault(db, "Drop", {"Operation": "PutItem"}, After=True)
    line.feed(request(json.dumps({"TableName": "ttt", "Item": {"pk": {"S": "a"}}}).encode(), operation="PutItem"))
    line.loop.advance(1)
    assert (line.transport.written, line.transport.closed) == (b"", True)
    assert db("Scan", TableName="ttt")["Count"] == 1


def test_a_timeout(db, line):
    fault(db, "Timeout", Seconds=30)
    line.feed(LIST)
    line.loop.advance(29)
    assert (line.transport.written, line.transport.closed) == (b"", False)
    line.loop.advance(2)
    assert (line.transport.written, line.transport.closed) == (b"", True)


def test_a_client_that_leaves_during_a_timeout(db, line):
    fault(db, "Timeout", Seconds=30)
    line.feed(LIST)
    line.loop.advance(1)
    line.connection.connection_lost(None)
    line.loop.advance(60)
    assert line.transport.written == b""


def test_a_server_that_stops_does_not_wait_for_a_timeout(db, line):
    fault(db, "Timeout", Seconds=300)
    line.feed(LIST)
    line.loop.advance(1)
    db.emulator.faults.stopping = True
    line.connection.shutdown()
    line.loop.advance(0.5)
    assert line.transport.closed


def test_a_head_request_and_other_paths_have_no_faults(db, line):
    fault(db, "Drop")
    line.feed(request(method="HEAD", length=False))
    line.loop.advance(1)
    assert counts(db) == [(0, 0)]


def test_observed_requests_have_faults_too(db, line):
    seen = []
    from emulator.http.front.observed import Exchange, Observer

    line.front.observe([Observer(seen.append, seen.append)])
    fault(db, "Drop", {"Next": 1})
    line.feed(LIST)
    line.loop.advance(1)
    assert line.transport.closed
    assert [Exchange(*raw).answer.status for raw in seen] == [599]


def test_durable_answers_before_a_drop(tmp_path):
    """The answer to a write is held until its commit. It is sent before the next request's drop
    closes the connection.
    """
    db = InProcess(Settings(data_dir=tmp_path / "data", durable=True))
    line = Line(db.emulator, loop=TimedLoop())
    line.front.commits = Commits(db.emulator.database, line.loop)
    from tests.support.tables import table_request

    db("CreateTable", {**table_request("pk:S"), "TableName": "ttt"})
    db.emulator.database.commit()
    fault(db, "Drop", {"Operation": "PutItem", "Every": 2})
    puts = [{"TableName": "ttt", "Item": {"pk": {"S": name}}} for name in "ab"]
    line.feed(b"".join(request(json.dumps(put).encode(), operation="PutItem") for put in puts))
    line.loop.advance(5)
    assert (statuses(line), line.transport.closed) == ([200], True)
    registry.call(db.emulator, "remove_faults", {})
    assert [item["pk"]["S"] for item in db("Scan", TableName="ttt")["Items"]] == ["a"]
    db.emulator.close()
