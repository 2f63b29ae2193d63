"""Answers that wait for a commit are held in order. They are sent after the commit, or replaced by
an error if it fails.
"""

import asyncio
import json
from collections.abc import Callable
from types import SimpleNamespace

import lmdb
import pytest

from emulator.app import Emulator
from emulator.database.store import keyspace
from emulator.http.front import commits as module
from emulator.http.front.commits import Commits, committed
from emulator.http.front.sliced_answers import SlicedAnswers
from emulator.http.lifespan import running
from emulator.settings import Settings
from storage import Full, Interrupted, StorageError
from tests.support.asgi import application_of, asked
from tests.support.connections import Line, sweep_by_scan
from tests.support.http_clients import headers
from tests.support.lmdb_internals import group_of
from tests.support.tables import table_request

TABLE = {**table_request("pk:S"), "TableName": "table"}


class Soon:
    """An event loop that runs its calls only when a test calls run()."""

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
    commits = Commits(emulator.database, soon)
    yield SimpleNamespace(emulator=emulator, commits=commits, loop=soon, line=lambda: connected(emulator, commits))
    emulator.close()


def connected(emulator, commits):
    line = Line(emulator)
    line.front.commits = commits
    return line


def request(operation, body):
    data = json.dumps(body).encode()
    fields = {"Host": "localhost", **headers(operation), "Content-Length": len(data)}
    return "".join(["POST / HTTP/1.1\r\n", *(f"{k}: {v}\r\n" for k, v in fields.items()), "\r\n"]).encode() + data


def put(name):
    return request("PutItem", {"TableName": "table", "Item": {"pk": {"S": name}}})


def get(name):
    return request("GetItem", {"TableName": "table", "Key": {"pk": {"S": name}}})


def add(name):
    update = {"UpdateExpression": "ADD v :one", "ExpressionAttributeValues": {":one": {"N": "1"}}}
    return request("UpdateItem", {"TableName": "table", "Key": {"pk": {"S": name}}, **update})


def make_table(durable):
    line = durable.line()
    # DescribeTable ends CREATING.
    line.feed(request("CreateTable", TABLE) + request("DescribeTable", {"TableName": "table"}))
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


STREAM = {"TableName": "table", "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}}
TTL = {"TableName": "table", "TimeToLiveSpecification": {"Enabled": True, "AttributeName": "until"}}


def reported(durable, operation, body, *, turns=2):
    line = durable.line()
    line.feed(request(operation, body))
    for _ in range(turns):
        durable.loop.run()
    ((status, _, answer),) = line.answers()
    return status, json.loads(answer)


@pytest.mark.parametrize(
    ("operation", "body"), [("UpdateTable", STREAM), ("UpdateTimeToLive", TTL), ("DeleteTable", {"TableName": "table"})]
)
def test_definition_whose_commit_failed_is_as_it_was(durable, operation, body):
    make_table(durable)
    durable.emulator.database.refresh()
    before = reported(durable, "DescribeTable", {"TableName": "table"})
    line = durable.line()
    line.feed(request(operation, body))
    group = group_of(durable.emulator.database.engine)
    group.txn = Failing(group.txn, lmdb.DiskError("full"), "commit")
    durable.loop.run()
    assert line.answers()[0][0] == 500
    assert reported(durable, "DescribeTable", {"TableName": "table"}) == before
    assert reported(durable, operation, body)[0] == 200


def test_drop_in_a_lost_group_goes_on(durable):
    make_table(durable)
    line = durable.line()
    line.feed(put("a") + request("DeleteTable", {"TableName": "table"}) + request("ListTables", {}))
    durable.loop.run()
    assert len(durable.emulator.database.background.slices) == 1
    durable.emulator.tick()
    lose_the_group(durable)
    line.feed(request("CreateTable", {**TABLE, "TableName": "other"}))
    assert not durable.emulator.database.background.slices
    durable.loop.run()
    durable.emulator.tick()
    durable.loop.run()
    with durable.emulator.database.read() as txn:
        assert not list(txn.scan(*keyspace.deletions()))


def test_nobody_waits_for_ever_after_an_unforeseen_failure(durable):
    make_table(durable)
    lines = [durable.line(), durable.line()]
    for line in lines:
        line.feed(put("a"))
    group = group_of(durable.emulator.database.engine)
    group.txn = Failing(group.txn, OSError("no descriptors"), "commit")
    durable.loop.run()
    for line in lines:
        ((status, _, body),) = line.answers()
        assert (status, b"InternalServerError" in body) == (500, True)


def test_connection_that_cannot_be_released_keeps_no_other_waiting(durable):
    class Broken:
        def release(self, failure):
            raise ValueError(failure)

    client = Client()
    durable.commits.wait(Broken(), among=2)
    durable.commits.wait(client, among=2)
    durable.loop.run()
    assert client.released == 1


def lose_the_group(durable):
    """Let the group of pending writes be lost: the next write finds no room, and another process
    writes before there is room.
    """
    group = group_of(durable.emulator.database.engine)
    group.txn = Failing(group.txn, lmdb.MapFullError("full"))
    group._number = -1


class Failing:
    """An LMDB transaction of which one method fails."""

    def __init__(self, txn, error, method="put"):
        self._txn = txn
        self._error = error
        self._method = method

    def __getattr__(self, name):
        return self._fail if name == self._method else getattr(self._txn, name)

    def _fail(self, *_, **__):
        raise self._error


def test_answers_of_a_lost_group_are_made_again(durable):
    make_table(durable)
    lines = [durable.line() for _ in range(3)]
    lines[0].feed(put("a") + get("a"))
    lines[1].feed(add("n"))
    lose_the_group(durable)
    lines[2].feed(add("n") + get("a"))
    lines[1].feed(add("n"))
    assert [line.transport.written for line in lines] == [b""] * 3
    durable.loop.run()  # reports the lost group; all requests run again and wait for the next commit
    assert [line.transport.written for line in lines] == [b""] * 3
    durable.loop.run()
    assert [body for _, _, body in lines[0].answers()] == [b"{}", b'{"Item":{"pk":{"S":"a"}}}']
    assert [status for status, _, _ in lines[1].answers()] == [200, 200]
    assert [body for _, _, body in lines[2].answers()] == [b"{}", b'{"Item":{"pk":{"S":"a"}}}']
    lines[0].feed(get("n"))
    assert lines[0].answers()[-1][2] == b'{"Item":{"pk":{"S":"n"},"v":{"N":"3"}}}', "each was counted once"


def test_table_of_a_lost_group_is_made_again(durable):
    make_table(durable)
    line = durable.line()
    line.feed(request("CreateTable", {**TABLE, "TableName": "other"}))
    lose_the_group(durable)
    line.feed(put("a"))
    durable.loop.run()
    durable.loop.run()
    assert [status for status, _, _ in line.answers()] == [200, 200]
    line.feed(request("ListTables", {}))  # ends CREATING of the new table
    durable.loop.run()
    assert line.answers()[-1][2] == b'{"TableNames":["other","table"]}'


def test_a_request_that_is_interrupted_again_and_again_fails(durable, monkeypatch):
    make_table(durable)
    line = durable.line()
    line.feed(put("a").replace(b"\r\n", b"\r\nOrigin: http://a\r\n", 1))

    def lost():
        group_of(durable.emulator.database.engine)._reset()
        raise Interrupted("lost")

    monkeypatch.setattr(durable.emulator.database.engine, "commit", lost)
    for _ in range(25):
        durable.loop.run()
    ((status, fields, body),) = line.answers()
    assert (status, b"InternalServerError" in body, line.transport.closed) == (500, True, True)
    assert fields["access-control-allow-origin"] == "*"


def test_a_write_that_finds_the_disk_full_fails_alone(durable):
    make_table(durable)
    lines = [durable.line() for _ in range(3)]
    lines[0].feed(put("a"))
    group = group_of(durable.emulator.database.engine)
    group.txn = Failing(group.txn, lmdb.DiskError("full"))
    lines[1].feed(put("b"))
    lines[2].feed(put("c") + get("a"))
    durable.loop.run()
    assert [status for line in lines for status, _, _ in line.answers()] == [200, 500, 200, 200]
    assert b"The emulator's disk is full; nothing of this request was stored." in lines[1].answers()[0][2]
    lines[0].feed(get("b") + get("c"))
    assert [body for _, _, body in lines[0].answers()[1:]] == [b"{}", b'{"Item":{"pk":{"S":"c"}}}']


class Client:
    """Stands in for a connection; counts how often its held answers were released."""

    def __init__(self):
        self.released = 0

    def release(self, failure):
        assert failure is None
        self.released += 1


@pytest.fixture
def stopped(monkeypatch):
    """Return a clock that stands still until a test sets `now`."""
    clock = SimpleNamespace(now=1000.0)
    monkeypatch.setattr(module, "monotonic", lambda: clock.now)
    return clock


def turns_until_commit(durable, arrivals, among, between=lambda: None):
    """Let the numbers of connections in `arrivals` come, each before a turn of the loop. Return the
    number of turns until all connections were released.
    """
    clients = []
    for turn, arriving in enumerate([*arrivals, 0, 0], 1):
        for _ in range(arriving):
            clients.append(Client())
            durable.commits.wait(clients[-1], among=among)
        durable.loop.run()
        between()
        if clients and all(client.released == 1 for client in clients):
            return turn
    raise AssertionError([client.released for client in clients])


@pytest.mark.parametrize(
    ("arrivals", "among", "turns"),
    [
        ([1], 1, 1),
        ([3], 3, 1),
        ([1], 2, 2),
        ([2, 1], 3, 2),
        ([2, 1], 4, 3),
        ([2, 1, 1], 5, 4),
    ],
)
def test_commit_waits_while_connections_come_that_are_not_all(durable, stopped, arrivals, among, turns):
    assert turns_until_commit(durable, arrivals, among) == turns


def test_group_that_grows_and_grows_is_committed_in_time(durable, stopped):
    def later():
        stopped.now += 0.0008

    assert turns_until_commit(durable, [1, 1, 1, 1], 100, later) == 4, "2 ms have gone by"


def test_group_may_grow_as_long_as_the_last_commit_took(durable, stopped, monkeypatch):
    def slow():
        stopped.now += 0.1

    with monkeypatch.context() as patch:
        patch.setattr(durable.emulator.database.engine, "commit", slow)
        turns_until_commit(durable, [1], 1)

    def later():
        stopped.now += 0.03

    assert turns_until_commit(durable, [1, 1, 1, 1, 1], 100, later) == 5


def test_client_that_has_said_all_gets_what_is_held_back(durable):
    make_table(durable)
    line = durable.line()
    line.feed(put("a") + put("b")[:-1])
    assert line.connection.eof_received()
    assert not line.transport.closed
    durable.loop.run()
    assert ([status for status, _, _ in line.answers()], line.transport.closed) == ([200], True)


def test_requests_wait_where_much_is_held_back(durable, monkeypatch):
    monkeypatch.setattr("emulator.http.front.held_answers._MOST", 1000)
    make_table(durable)
    line = durable.line()
    line.feed(put("a") + get("a") * 20)
    held = len(line.connection._held)
    assert held < 8
    assert not line.transport.reading
    durable.loop.run()
    assert [status for status, _, _ in line.answers()] == [200] * 21
    assert line.transport.reading


def test_commits_that_fail_again_and_again_do_not_pile_up_work(durable):
    make_table(durable)
    line = durable.line()
    line.feed(put("a") + request("DeleteTable", {"TableName": "table"}) + request("ListTables", {}))
    durable.loop.run()
    for _ in range(3):
        durable.emulator.database.recover()
    assert len(durable.emulator.database.background.slices) == 1


# --- a full disk ----------------------------------------------------------------------------------


def fail_commits(durable, monkeypatch, failures):
    """Let this many commits of pending writes find no room."""
    engine = durable.emulator.database.engine
    left = [None] * failures
    commit = engine.commit

    def fail():
        if engine.pending and left:
            left.pop()
            group = group_of(engine)
            group.txn = Failing(group.txn, lmdb.DiskError("full"), "commit")
        commit()

    monkeypatch.setattr(engine, "commit", fail)


def test_reads_beside_a_commit_that_finds_no_room_are_answered(durable, monkeypatch):
    make_table(durable)
    writing, reading = durable.line(), durable.line()
    fail_commits(durable, monkeypatch, 1)
    writing.feed(put("a"))
    reading.feed(get("a"))
    durable.loop.run()
    ((status, _, body),) = writing.answers()
    assert (status, json.loads(body)["message"]) == (
        500,
        "The emulator's disk is full; nothing of this request was stored.",
    )
    assert [(status, body) for status, _, body in reading.answers()] == [(200, b"{}")]


@pytest.mark.parametrize("failures", [1, 1000])
def test_a_table_whose_status_cannot_be_stored_is_described_with_the_old_one(durable, monkeypatch, failures):
    """While the new status cannot be committed, descriptions show the old status."""
    line = durable.line()
    line.feed(request("CreateTable", TABLE))
    durable.loop.run()
    fail_commits(durable, monkeypatch, failures)
    for operation, body in (("DescribeTable", {"TableName": "table"}), ("ListTables", {})) * 10:
        line.feed(request(operation, body))
        for _ in range(30):
            durable.loop.run()
    answers = line.answers()[1:]
    assert [status for status, _, _ in answers] == [200] * 20
    described = [json.loads(body)["Table"]["TableStatus"] for _, _, body in answers[::2]]
    assert described == ["ACTIVE" if failures == 1 else "CREATING"] * 10


def test_background_work_without_room_backs_off(durable, monkeypatch):
    make_table(durable)
    line = durable.line()
    line.feed(put("a"))
    durable.loop.run()
    line.feed(request("DeleteTable", {"TableName": "table"}) + request("ListTables", {}))
    durable.loop.run()
    fail_commits(durable, monkeypatch, 1000)
    database = durable.emulator.database
    ran = 0
    for _ in range(100):
        ran += durable.emulator.tick()
        durable.loop.run()
    assert 1 <= ran <= 3
    assert database.background.slices
    monkeypatch.undo()
    monkeypatch.setattr(type(database.background), "paused", False)
    durable.emulator.tick()
    durable.loop.run()
    assert not database.background.slices


# --- answers that are made in slices (sliced_answers.py) ------------------------------------------

SWEEP = request("Scan", {"TableName": "table"})


@pytest.fixture
def expired(durable, monkeypatch):
    """Return `durable` with expired items for three slices of a sweep, which a Scan runs. Its lines
    make one slice in each turn.
    """
    make_table(durable)
    line = durable.line()
    setting = {"Enabled": True, "AttributeName": "ttl"}
    line.feed(request("UpdateTimeToLive", {"TableName": "table", "TimeToLiveSpecification": setting}))
    for number in range(250):
        item = {"pk": {"S": str(number)}, "ttl": {"N": str(int(durable.emulator.clock.now()) - 60)}}
        line.feed(request("PutItem", {"TableName": "table", "Item": item}))
    durable.loop.run()
    durable.emulator.database.background.run_all()
    durable.loop.run()
    sweep_by_scan(monkeypatch)
    durable.line = lambda: patient(connected(durable.emulator, durable.commits))
    return durable


def patient(line):
    line.front.sliced = SlicedAnswers(seconds=0)
    return line


def test_an_answer_in_slices_waits_for_the_commit_of_the_last_one(expired):
    line = expired.line()
    line.feed(SWEEP + get("249"))
    for _ in range(2):
        line.loop.end_turn()
    expired.loop.run()
    for _ in range(2):
        line.loop.end_turn()
    assert line.transport.written == b"", "the last slice is not committed yet"
    expired.loop.run()
    (status, _, swept), (_, _, item) = line.answers()
    assert (status, json.loads(swept)["Deleted"], item) == (200, 250, b"{}")


def test_an_answer_in_slices_that_was_lost_is_made_again(expired):
    line, other = expired.line(), expired.line()
    line.feed(SWEEP + get("249"))
    for _ in range(4):
        line.loop.end_turn()
    lose_the_group(expired)
    other.feed(put("a"))
    expired.loop.run()
    assert line.transport.written == b"", "it is made again"
    for _ in range(4):
        line.loop.end_turn()
    expired.loop.run()
    (status, _, swept), (_, _, item) = line.answers()
    assert (status, json.loads(swept)["Deleted"], item) == (200, 250, b"{}")


# --- requests over ASGI ---------------------------------------------------------------------------

LOST, NO_ROOM, BROKEN = Interrupted("lost"), Full("no room"), StorageError("broken")


class Failures:
    """Commits that fail with the given errors, one after the other, and then succeed."""

    def __init__(self, failures):
        self.failures = list(failures)
        self.made = 0

    def pending(self):
        return True

    def wait(self, waiting, among):
        self.made += 1
        waiting.release(self.failures.pop(0) if self.failures else None)


@pytest.mark.parametrize(
    ("failures", "options", "runs", "raised"),
    [
        ([], {}, 1, None),
        ([LOST], {}, 2, None),
        ([LOST, LOST], {}, 3, None),
        ([LOST], {"repeatable": False}, 1, None),
        ([LOST] * 20, {}, 20, LOST),
        ([NO_ROOM], {}, 1, NO_ROOM),
        ([NO_ROOM], {"reads": True}, 2, None),
        ([NO_ROOM] * 20, {"reads": True}, 20, NO_ROOM),
        ([LOST, NO_ROOM], {}, 2, NO_ROOM),
        ([BROKEN], {"reads": True}, 1, BROKEN),
    ],
)
def test_what_runs_again_when_its_commit_fails(failures, options, runs, raised):
    ran = []

    async def make():
        ran.append(True)
        return len(ran)

    commits = Failures(failures)
    waiting = committed(commits, make, among=2, **options)
    if raised is None:
        assert asyncio.run(waiting) == runs
    else:
        with pytest.raises(type(raised)) as caught:
            asyncio.run(waiting)
        assert caught.value is raised
    assert (len(ran), commits.made) == (runs, runs)


def test_without_pending_writes_there_is_no_commit():
    async def make():
        return "made"

    assert asyncio.run(committed(None, make, among=1)) == "made"


@pytest.fixture
def serving(tmp_path):
    """Yield a durable emulator and its ASGI application."""
    emulator = Emulator(Settings(data_dir=tmp_path / "data", durable=True))
    yield emulator, application_of(emulator)
    emulator.close()


def test_a_lost_group_over_asgi_is_made_again_but_the_clock_moves_once(serving, monkeypatch):
    emulator, app = serving
    emulator.clock.freeze(1_700_000_000.0)
    commits = []
    engine = emulator.database.engine

    def commit(commit=engine.commit):
        commits.append(engine.pending)
        if len(commits) == 3:  # the first two commits are those of the table
            group_of(engine)._reset()
            raise Interrupted("lost")
        commit()

    async def call(operation, body):
        fields = [(name.lower().encode(), value.encode()) for name, value in headers(operation).items()]
        return await asked(app, "POST", "/", json.dumps(body).encode(), headers=fields)

    async def use():
        async with running(app.open()):
            await call("CreateTable", TABLE)
            await call("DescribeTable", {"TableName": "table"})
            assert len(commits) == 2
            monkeypatch.setattr(emulator, "tick", lambda: False)
            replies = await asyncio.gather(
                call("PutItem", {"TableName": "table", "Item": {"pk": {"S": "a"}}}),
                asked(app, "POST", "/_emulator/clock", b'{"Advance": 3600}'),
            )
            assert [reply.status for reply in replies] == [200, 200]
            reply = await call("GetItem", {"TableName": "table", "Key": {"pk": {"S": "a"}}})
            assert reply.body == b'{"Item":{"pk":{"S":"a"}}}'

    monkeypatch.setattr(engine, "commit", commit)
    asyncio.run(use())
    assert commits[2:4] == [True, True]
    assert emulator.clock.now() == 1_700_003_600.0


def test_a_full_disk_over_asgi(serving, monkeypatch):
    emulator, app = serving

    def commit():
        group_of(emulator.database.engine)._reset()
        raise Full("no room")

    async def use():
        async with running(app.open()):
            monkeypatch.setattr(emulator.database.engine, "commit", commit)
            fields = [(name.lower().encode(), value.encode()) for name, value in headers("CreateTable").items()]
            return await asked(app, "POST", "/", json.dumps(TABLE).encode(), headers=fields)

    reply = asyncio.run(use())
    monkeypatch.undo()
    assert reply.status == 500
    assert b"The emulator's disk is full; nothing of this request was stored." in reply.body
