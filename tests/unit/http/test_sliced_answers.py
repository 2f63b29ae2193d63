"""Answers in slices: their order, and the behaviour of connections and the ASGI application."""

import asyncio
import json

import pytest

from emulator.database.items import read
from emulator.http.front.dynamodb import DynamoDbEndpoint
from emulator.http.front.sliced_answers import Pending, SlicedAnswers
from emulator.slices import finish
from tests.support.asgi import application_of, asked
from tests.support.connections import Line, Loop, request, sweep_by_scan
from tests.support.http_clients import AUTHORIZATION
from tests.support.tables import table_request

EXPIRED = 250  # items, for three steps of a sweep
SWEEP = request(operation="Scan")


# --- turns ----------------------------------------------------------------------------------------


def steps(name, number, seen):
    for step in range(number):
        seen.append((name, step))
        yield
    return name


def begin(turns, loop, *works):
    """Begin an answer for each work, given as (name, number of steps). Return the steps in the
    order in which they run, the finished answers, and the runs.
    """
    seen, answers = [], []
    runs = [turns.begin(loop, steps(*work, seen), answers.append) for work in works]
    return seen, answers, runs


def test_answers_take_turns():
    loop = Loop()
    seen, answers, _ = begin(SlicedAnswers(seconds=0), loop, ("a", 3), ("b", 2))
    assert seen == [], "nothing runs before the turn is over"
    for turn in range(1, 6):
        assert len(loop.soon) == 1
        loop.end_turn()
        assert len(seen) == turn
    assert seen == [("a", 0), ("b", 0), ("a", 1), ("b", 1), ("a", 2)]
    assert answers == []
    loop.end_turn()
    loop.end_turn()
    assert answers == ["b", "a"]
    assert loop.soon == []


def test_short_steps_run_together():
    loop = Loop()
    seen, answers, _ = begin(SlicedAnswers(seconds=60), loop, ("a", 100))
    loop.end_turn()
    assert (len(seen), answers, loop.soon) == (100, ["a"], [])


class Clock(Loop):
    """An event loop that also keeps calls for later, until pass_time() makes them."""

    def __init__(self):
        super().__init__()
        self.later = []

    def call_later(self, seconds, call, *arguments):
        self.later.append((seconds, call, arguments))

    def pass_time(self):
        _, call, arguments = self.later.pop(0)
        call(*arguments)


def waiting(name):
    yield 0.5
    yield 0.25
    return name


def test_an_answer_that_only_waits_has_no_turn_until_its_time():
    loop, answers = Clock(), []
    turns = SlicedAnswers(seconds=60)
    turns.begin(loop, waiting("a"), answers.append)
    for seconds in (0.5, 0.25):
        loop.end_turn()
        assert (loop.soon, [due[0] for due in loop.later]) == ([], [seconds])
        loop.pass_time()
    loop.end_turn()
    assert (answers, loop.soon, loop.later) == (["a"], [], [])


def test_a_run_that_is_cancelled_while_it_waits_ends():
    loop, answers = Clock(), []
    run = SlicedAnswers(seconds=60).begin(loop, waiting("a"), answers.append)
    loop.end_turn()
    run.cancel()
    loop.pass_time()
    loop.end_turn()
    assert (answers, loop.soon, loop.later) == ([], [], [])


def test_a_run_that_is_cancelled_ends():
    loop = Loop()
    seen, answers, (first, _) = begin(SlicedAnswers(seconds=0), loop, ("a", 3), ("b", 1))
    loop.end_turn()
    first.cancel()
    for _ in range(4):
        loop.end_turn()
    assert (seen, answers, loop.soon) == ([("a", 0), ("b", 0)], ["b"], [])


def test_a_run_may_begin_when_another_ends():
    loop, turns, answers = Loop(), SlicedAnswers(seconds=0), []
    pending = steps("second", 1, [])

    def done(answer):
        answers.append(answer)
        turns.begin(loop, pending, answers.append)

    turns.begin(loop, steps("first", 0, []), done)
    for _ in range(3):
        loop.end_turn()
    assert answers == ["first", "second"]


def test_a_fault_in_one_run_does_not_stop_the_others():
    loop, turns, answers = Loop(), SlicedAnswers(seconds=0), []

    def wrong():
        yield
        raise ZeroDivisionError

    turns.begin(loop, wrong(), answers.append)
    turns.begin(loop, steps("b", 1, []), answers.append)
    loop.end_turn()
    loop.end_turn()
    with pytest.raises(ZeroDivisionError):
        loop.end_turn()
    loop.end_turn()
    assert answers == ["b"]


def test_without_a_server_all_slices_run_at_once():
    seen = []
    assert finish(steps("a", 3, seen)) == "a"
    assert len(seen) == 3


# --- a connection ---------------------------------------------------------------------------------


@pytest.fixture
def expired(db):
    """Return an emulator with a table whose items have expired."""
    wanted = table_request("pk:S")
    db("CreateTable", wanted)
    db(
        "UpdateTimeToLive",
        TableName=wanted["TableName"],
        TimeToLiveSpecification={"Enabled": True, "AttributeName": "t"},
    )
    db.emulator.database.background.run_all()
    for number in range(EXPIRED):
        db("PutItem", TableName=wanted["TableName"], Item={"pk": {"S": str(number)}, "t": {"N": "1699999999"}})
    db.table = wanted["TableName"]
    return db


@pytest.fixture
def line(expired, monkeypatch):
    sweep_by_scan(monkeypatch)
    return patient(Line(expired.emulator))


def patient(line):
    """Let a connection's answers be made one slice in each turn of its loop."""
    line.front.sliced = SlicedAnswers(seconds=0)
    return line


def count(db):
    return db("DescribeTable", TableName=db.table)["Table"]["ItemCount"]


def turn(line, times=1):
    for _ in range(times):
        line.loop.end_turn()


def bodies(line):
    return [json.loads(body) for _, _, body in line.answers()]


def test_the_answer_comes_when_all_is_deleted(expired, line):
    line.feed(SWEEP)
    assert (line.answers(), count(expired)) == ([], EXPIRED)
    turn(line)
    assert (line.answers(), count(expired)) == ([], EXPIRED - 100)
    turn(line)
    assert (line.answers(), count(expired)) == ([], EXPIRED - 200)
    turn(line, 2)
    assert [body["Deleted"] for body in bodies(line)] == [EXPIRED]
    assert count(expired) == 0
    assert not line.transport.closed


def test_others_are_answered_meanwhile(expired, line):
    other = Line(expired.emulator, beside=line)
    line.feed(SWEEP)
    other.feed(request())
    turn(line)
    assert [status for status, _, _ in other.answers()] == [200]
    assert line.answers() == []


def test_what_comes_later_on_the_connection_waits(line):
    line.feed(SWEEP + request() + request(b'{"Limit":0}'))
    line.feed(request())
    assert not line.transport.reading
    assert line.answers() == []
    turn(line, 4)
    assert [status for status, _, _ in line.answers()] == [200, 200, 400, 200]
    assert line.transport.reading


def test_two_sweeps_one_after_another_on_a_connection(line):
    line.feed(SWEEP + SWEEP)
    turn(line, 6)
    assert [body["Deleted"] for body in bodies(line)] == [EXPIRED, 0]


@pytest.mark.parametrize(
    "last", [SWEEP.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"), SWEEP.replace(b"1.1", b"1.0")]
)
def test_the_last_request_is_answered_before_the_end(line, last):
    line.feed(last)
    assert not line.transport.closed
    turn(line, 4)
    [(status, headers, _)] = line.answers()
    assert (status, headers["connection"], line.transport.closed) == (200, "close", True)


def test_a_client_that_sends_no_more_is_answered(line):
    line.feed(SWEEP)
    line.connection.eof_received()
    turn(line, 4)
    assert [body["Deleted"] for body in bodies(line)] == [EXPIRED]
    assert line.transport.closed


def test_a_client_that_is_gone_is_not_waited_for(expired, line):
    line.feed(SWEEP)
    turn(line)
    line.connection.connection_lost(None)
    turn(line, 4)
    assert line.transport.written == b""
    assert count(expired) == EXPIRED - 100
    assert line.loop.soon == []


def test_a_server_that_stops_answers_first(line):
    line.feed(SWEEP + request())
    line.connection.shutdown()
    assert not line.transport.closed
    turn(line, 4)
    [(status, headers, _)] = line.answers()
    assert (status, headers["connection"], line.transport.closed) == (200, "close", True)


def test_an_active_client_of_a_server_that_stops(line):
    line.connection.shutdown()
    line.feed(SWEEP)
    line.loop.advance(1)
    assert not line.transport.closed
    turn(line, 4)
    assert [body["Deleted"] for body in bodies(line)] == [EXPIRED]
    assert line.transport.closed


def test_the_time_that_an_answer_takes_is_no_idle_time(line):
    line.feed(SWEEP)
    for _ in range(5):
        line.loop.advance(60)
    assert not line.transport.closed
    turn(line, 4)
    assert [status for status, _, _ in line.answers()] == [200]
    line.loop.advance(140)
    assert line.transport.closed


def test_a_client_that_does_not_read_is_not_read_on(line):
    line.feed(SWEEP + request())
    line.connection.pause_writing()
    turn(line, 4)
    assert [status for status, _, _ in line.answers()] == [200], "the answer, and nothing after it"
    line.connection.resume_writing()
    assert [status for status, _, _ in line.answers()] == [200, 200]


def test_a_call_that_fails_in_a_later_slice_says_so(expired, line, monkeypatch, caplog):
    line.feed(SWEEP)
    monkeypatch.setattr(expired.emulator.database.catalog, "current", lambda _table: 1 / 0)
    turn(line, 2)
    assert [status for status, _, _ in line.answers()] == [500]
    assert "to Scan failed" in caplog.text


def test_a_table_that_goes_meanwhile(expired, line):
    line.feed(SWEEP)
    turn(line)
    expired("DeleteTable", TableName=expired.table)
    expired.clock.advance(60)
    assert expired("ListTables") == {"TableNames": []}
    turn(line, 4)
    assert [body["Deleted"] for body in bodies(line)] == [100]


def test_two_sweeps_at_the_same_time_delete_each_item_once(expired, line):
    other = patient(Line(expired.emulator, beside=line))
    line.feed(SWEEP)
    other.feed(SWEEP)
    turn(line, 8)
    [first], [second] = bodies(line), bodies(other)
    assert first["Deleted"] + second["Deleted"] == EXPIRED
    assert count(expired) == 0


@pytest.mark.parametrize("content_type", [b"application/json", b"application/x-amz-json-1.0"])
def test_the_content_type_of_an_operation_in_slices(expired, monkeypatch, content_type):
    endpoint = DynamoDbEndpoint(expired.emulator)
    expired.emulator.database.sliced = True
    monkeypatch.setattr(read, "_LONG", 0)
    with pytest.raises(Pending) as caught:
        endpoint.answer("POST", b"", fields_of("Scan", content_type), json.dumps({"TableName": expired.table}).encode())
    answer = finish(caught.value.steps)
    assert (b"content-type", content_type) in answer.headers
    assert json.loads(answer.body)["Count"] == EXPIRED


def test_an_operation_that_fails_in_a_later_slice(expired, monkeypatch, caplog):
    endpoint = DynamoDbEndpoint(expired.emulator)
    expired.emulator.database.sliced = True
    monkeypatch.setattr(read, "_LONG", 0)
    monkeypatch.setattr(read, "_output", lambda _request, _rows: 1 / 0)
    fields = fields_of("Scan")
    with pytest.raises(Pending) as caught:
        endpoint.answer("POST", b"", fields, json.dumps({"TableName": expired.table}).encode())
    assert finish(caught.value.steps).status == 500
    assert "to Scan failed" in caplog.text
    assert "ZeroDivisionError" in caplog.text


def fields_of(operation, content_type=b"application/x-amz-json-1.0"):
    return {
        b"content-type": content_type,
        b"x-amz-target": f"DynamoDB_20120810.{operation}".encode(),
        b"x-amz-date": b"20260101T000000Z",
        b"authorization": AUTHORIZATION.format(key="test", region="us-east-1").encode(),
    }


# --- ASGI -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/_emulator/ttl"])
def test_over_asgi(expired, monkeypatch, path):
    """Between the slices of a long answer, of an operation or of a control, other requests are
    answered.
    """
    if path == "/":
        sweep_by_scan(monkeypatch)
    app = application_of(expired.emulator)
    app.open().sliced = SlicedAnswers(seconds=0)
    order = []

    async def answered(name, path, operation):
        reply = await asked(app, "POST", path, b"{}", headers=fields_of(operation))
        order.append((name, json.loads(reply.body)))

    async def both():
        await asyncio.gather(answered("sweep", path, "Scan"), answered("other", "/", "ListTables"))

    asyncio.run(both())
    assert [name for name, _ in order] == ["other", "sweep"]
    assert order[1][1]["Deleted"] == EXPIRED
