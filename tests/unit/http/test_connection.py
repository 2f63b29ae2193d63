"""Our HTTP connection, on a transport that records what is written: whole, split and pipelined
requests; timers; closing.
"""

import json

import pytest

from emulator.http.front.dynamodb import DynamoDbEndpoint
from emulator.http.memory import is_due
from tests.support.connections import MOST, Line, request

IDLE = 65.0
LINGER = 3.0
LAST_LINGER = 0.4
FAREWELL = 0.25
STEP = 64 << 10


@pytest.fixture
def line(db):
    return Line(db.emulator)


THREE = request() + request(b'{"Limit":0}') + request(b"{")
CHUNKS = ("Transfer-Encoding: chunked",)
CHUNKED = request(b'6\r\n{"Limi\r\n5\r\nt":0}\r\n0\r\n\r\n', *CHUNKS, length=False)


@pytest.mark.parametrize("size", [None, 1, 2, 3, 7, 50, 333])
def test_bytes_in_pieces(line, size):
    line.feed(THREE + CHUNKED + request(), size)
    answers = line.answers()
    assert [status for status, _, _ in answers] == [200, 400, 400, 400, 200]
    assert json.loads(answers[0][2]) == {"TableNames": []}
    for number in (1, 3):
        assert "Value '0' at 'limit'" in json.loads(answers[number][2])["message"]
    assert answers[2][2] == b'{"__type":"com.amazon.coral.service#SerializationException"}'
    assert not line.transport.closed


def test_half_a_request_gets_no_answer(line):
    line.feed(request(b'{"Limit":5}')[:-1])
    assert line.transport.written == b""
    line.feed(b"}")
    assert [status for status, _, _ in line.answers()] == [200]


@pytest.mark.parametrize(
    "data", [request(version="1.0"), request(b"{}", "Connection: close"), request(b"{}", "Connection: Close")]
)
def test_the_last_request(line, data):
    line.feed(data)
    ((status, headers, _),) = line.answers()
    assert (status, headers["connection"], line.transport.closed) == (200, "close", True)


@pytest.mark.parametrize("data", [request(), request(b"{}", "Connection: keep-alive", version="1.0")])
def test_connections_that_are_kept(line, data):
    line.feed(data)
    ((status, headers, _),) = line.answers()
    assert (status, headers["connection"], line.transport.closed) == (200, "keep-alive", False)


def test_what_follows_the_last_request_is_ignored(line):
    line.feed(request(b"{}", "Connection: close") + request())
    line.feed(request())
    assert (statuses(line), line.transport.closed) == ([200], True)


@pytest.mark.parametrize("data", [b"\0\0\0\0", b"GET / HTTP/1.1\r\nbad header\r\n\r\n", b"POST / FTP/1.1\r\n\r\n"])
def test_what_is_not_http(line, data):
    line.feed(data)
    ((status, _, body),) = line.answers()
    assert (status, body, line.transport.closed) == (400, b"", True)


def test_head_has_no_body(line):
    line.feed(request(b"", method="HEAD"))
    assert line.transport.written.startswith(b"HTTP/1.1 200 ")
    assert line.transport.written.endswith(b"\r\n\r\n")


@pytest.mark.parametrize("hosts", [(b"a", b"evil.example"), (b"localhost", b"localhost"), (b"a", b"a"), (b"", b"")])
@pytest.mark.parametrize("size", [None, 1])
def test_two_hosts_are_refused_before_the_body(line, hosts, size):
    first, second = hosts
    head = b"POST / HTTP/1.1\r\nhost: %b\r\nContent-Length: 5\r\nHOST: %b\r\n\r\n" % (first, second)
    line.feed(request() + head, size)
    statuses = [(status, headers["connection"]) for status, headers, _ in line.answers()]
    assert statuses == [(200, "keep-alive"), (400, "close")]
    assert line.transport.closed


def test_a_host_in_the_trailers_is_no_second_one(line):
    head = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    line.feed(head + b"2\r\n{}\r\n0\r\nHost: b\r\n\r\n")
    ((status, headers, _),) = line.answers()
    assert (status, headers["connection"]) == (404, "keep-alive")


@pytest.mark.parametrize(
    ("more", "status"), [(b"Content-Length: 99999999\r\n\r\n", 413), (b"X-More: " + b"x" * 20_000 + b"\r\n\r\n", 400)]
)
def test_pages_may_read_refusals(line, more, status):
    line.feed(b"POST / HTTP/1.1\r\nOrigin: http://a\r\n" + more)
    ((found, headers, _),) = line.answers()
    assert (found, headers["access-control-allow-origin"]) == (status, "*")


@pytest.mark.parametrize("size", [None, 1000])
def test_large_heads_are_refused_before_they_are_complete(line, size):
    line.feed(b"POST / HTTP/1.1\r\nX-More: " + b"x" * 20_000 + b"\r\nX-Next: y\r\n", size)
    ((status, headers, _),) = line.answers()
    assert (status, headers["connection"], line.transport.closed) == (400, "close", True)


@pytest.mark.parametrize("size", [None, 1000])
def test_what_follows_a_large_head_is_not_done(line, size):
    line.feed(request(b"{}", "X-More: " + "x" * 20_000) + request(), size)
    assert (statuses(line), line.transport.closed) == ([400], True)


def test_trailers_count_for_nothing(line):
    chunked = request(b"2\r\n{}\r\n0\r\nX-Amz-Target: DynamoDB_20120810.ListTables\r\n\r\n", *CHUNKS, length=False)
    line.feed(chunked)
    assert statuses(line) == [200]
    line.feed(chunked.replace(b"X-Amz-Target", b"X-No-Target", 1) + request())
    assert statuses(line) == [200, 400, 200]


def test_large_trailers_are_refused(line):
    line.feed(request(b"2\r\n{}\r\n0\r\nX-More: " + b"x" * 20_000 + b"\r\n\r\n", *CHUNKS, length=False))
    assert (statuses(line), line.transport.closed) == ([400], True)


def test_a_long_request_line(line):
    line.feed(b"POST /" + b"x" * 20_000, 1000)
    ((status, _, _),) = line.answers()
    assert (status, line.transport.closed) == (400, True)


def test_a_large_body_is_refused_and_passed_over(line):
    length = 16 * 1024 * 1024 + 1
    head = request(b"", f"Content-Length: {length}", length=False)
    line.feed(head)
    assert [status for status, _, _ in line.answers()] == [413]
    line.feed(b"x" * length, 1 << 20)
    line.feed(request())
    assert [status for status, _, _ in line.answers()] == [413, 200]


def test_a_chunked_body_that_grows_too_large(line):
    line.feed(request(b"", "Transfer-Encoding: chunked", length=False))
    chunk = b"100000\r\n" + b"x" * 0x100000 + b"\r\n"
    for _ in range(16):
        line.feed(chunk)
    assert line.answers() == []
    line.feed(b"1\r\nx\r\n")
    assert [status for status, _, _ in line.answers()] == [413]
    line.feed(b"0\r\n\r\n" + request())
    assert [status for status, _, _ in line.answers()] == [413, 200]


@pytest.mark.parametrize("size", [None, 1, 10])
def test_an_offer_to_upgrade_is_declined(line, size):
    offer = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__")
    line.feed(request(b'{"Limit":0}', *offer) + request() + request(b"", *offer), size)
    assert [status for status, _, _ in line.answers()] == [400, 200, 400]
    assert "Value '0' at 'limit'" in json.loads(line.answers()[0][2])["message"]
    assert not line.transport.closed


def test_any_number_of_offers_is_declined(line):
    line.feed(b"GET / HTTP/1.1\r\nHost: here\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n" * 2000)
    assert statuses(line) == [200] * 2000
    assert not line.transport.closed


def test_a_tunnel_is_refused(line):
    line.feed(b"CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\nmore")
    assert line.transport.closed


def test_a_client_that_does_not_read(line):
    line.connection.pause_writing()
    assert not line.transport.reading
    line.connection.resume_writing()
    assert line.transport.reading


def test_requests_wait_while_the_client_does_not_read(line):
    line.connection.pause_writing()
    line.feed(THREE + CHUNKED + request(b"{}", "Connection: close"))
    assert line.transport.written == b""
    line.connection.resume_writing()
    assert statuses(line) == [200, 400, 400, 400, 200]
    assert [headers["connection"] for _, headers, _ in line.answers()] == ["keep-alive"] * 4 + ["close"]
    assert line.transport.closed


def test_each_request_waits_until_the_answer_before_is_read(line):
    line.transport.when_written = line.connection.pause_writing
    line.feed(THREE)
    for count in (1, 2, 3):
        assert len(statuses(line)) == count
        assert not line.transport.reading
        line.connection.resume_writing()
    assert line.transport.reading
    line.feed(request())
    assert statuses(line) == [200, 400, 400, 200]


LONG = "Content-Length: 16777217"
BEHIND = [
    (request(b"{}", "X-More: " + "x" * 20_000) + request(), [400], True),
    (request(b"", LONG, length=False), [413], False),
    (b"no HTTP\r\n\r\n", [400], True),
    (request(b"{}", "Expect: 100-continue"), [100, 200], False),
    (request(b"{}", "Connection: Upgrade", "Upgrade: h2c"), [200], False),
    (b"CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n", [], True),
]


@pytest.mark.parametrize(("data", "more", "closed"), BEHIND)
def test_whatever_comes_behind_a_request_that_waits_waits_too(line, data, more, closed):
    line.connection.pause_writing()
    line.feed(request() + data)
    assert (line.transport.written, line.transport.closed) == (b"", False)
    line.connection.resume_writing()
    assert (statuses(line), line.transport.closed) == ([200, *more], closed)


def test_requests_that_wait_when_the_connection_is_lost_are_not_done(line):
    line.connection.pause_writing()
    line.feed(request())
    line.connection.connection_lost(None)
    line.connection.resume_writing()
    assert line.transport.written == b""


def test_a_failure_of_our_own_is_logged_and_answered(line, monkeypatch, caplog):
    monkeypatch.setattr(DynamoDbEndpoint, "answer", lambda *_: 1 / 0)
    line.feed(request(b"{}", "Origin: http://a") + request())
    ((status, headers, body),) = line.answers()
    assert (status, headers["connection"], line.transport.closed) == (500, "close", True)
    assert headers["access-control-allow-origin"] == "*"
    assert b"InternalServerError" in body
    assert "ZeroDivisionError" in caplog.text


def test_a_failure_of_our_own_at_a_request_that_waited(line, monkeypatch, caplog):
    line.connection.pause_writing()
    line.feed(request() + request())
    monkeypatch.setattr(DynamoDbEndpoint, "answer", lambda *_: 1 / 0)
    line.connection.resume_writing()
    assert (statuses(line), line.transport.closed) == ([500], True)
    assert "ZeroDivisionError" in caplog.text


def test_a_client_that_has_said_all(line):
    line.feed(request() + request()[:-1])
    assert line.connection.eof_received()
    assert (statuses(line), line.transport.closed) == ([200], True)


def test_idle_connections_are_closed(line):
    line.loop.advance(IDLE - 1)
    line.feed(request())
    line.loop.advance(IDLE - 1)
    assert not line.transport.closed
    line.loop.advance(1)
    assert line.transport.closed


def test_a_head_must_be_complete_in_time(line):
    data = request()
    line.loop.advance(10)
    for place in range(13):
        line.feed(data[place : place + 1])
        line.loop.advance(4)
    assert not line.transport.closed
    line.feed(data[13:14])
    line.loop.advance(IDLE - 13 * 4)
    assert (line.transport.closed, line.transport.written) == (True, b"")


def test_a_slow_body_may_take_long_when_it_goes_on(line):
    """A client on a slow network may send 16 MB in an hour: 64 KB within 65 seconds are enough."""
    body = b'{"Limit": 10}' + b" " * (20 * STEP)
    data = request(body)
    line.feed(data[: -20 * STEP])
    for place in range(20):
        line.loop.advance(IDLE - 1)
        line.feed(data[len(data) - (20 - place) * STEP :][:STEP])
    assert statuses(line) == [200]
    assert not line.transport.closed


def test_a_body_that_drips_is_given_up(line):
    data = request(b" " * (2 * STEP))
    line.feed(data[: -2 * STEP])
    line.loop.advance(IDLE / 2)
    line.feed(b" " * (STEP + 1))
    for _ in range(60):
        line.loop.advance(1)
        line.feed(b" ")
    assert not line.transport.closed
    line.loop.advance(IDLE - 60)
    assert (line.transport.closed, line.transport.written) == (True, b"")


def test_a_request_of_which_nothing_more_comes(line):
    line.feed(request()[:-1])
    line.loop.advance(IDLE - 1)
    assert not line.transport.closed
    line.loop.advance(1)
    assert (line.transport.closed, line.transport.written) == (True, b"")


def test_a_client_that_does_not_read_is_broken_off(line):
    line.transport.unsent = 100_000
    line.transport.when_written = line.connection.pause_writing
    line.feed(request())
    line.loop.advance(IDLE - 1)
    assert not line.transport.closed
    line.loop.advance(1)
    assert line.transport.aborted


def test_a_client_that_does_not_read_the_little_that_is_left_is_broken_off(line):
    line.feed(request())
    line.transport.unsent = 100
    line.loop.advance(IDLE)
    assert not line.transport.closed
    line.loop.advance(5)
    assert line.transport.aborted


def test_a_client_that_reads_slowly_is_not_idle(line):
    line.feed(request())
    line.transport.unsent = 100
    line.loop.advance(IDLE)
    for _ in range(10):
        line.transport.unsent -= 1
        line.loop.advance(IDLE)
        assert not line.transport.closed
    line.loop.advance(IDLE)
    assert line.transport.aborted


def test_closing_does_not_wait_for_ever_for_a_client_to_read(line):
    line.transport.unsent = 100
    line.feed(request(b"{}", "Connection: close"))
    line.loop.advance(LINGER)
    assert (line.transport.closed, line.transport.aborted) == (True, True)


def test_closing_waits_while_the_client_reads(line):
    line.transport.unsent = 100
    line.transport.when_written = line.connection.pause_writing
    line.feed(request(b"{}", "Connection: close"))
    line.connection.resume_writing()
    line.transport.unsent = 90
    line.loop.advance(LINGER)
    assert (line.transport.closed, line.transport.aborted) == (True, False)
    line.loop.advance(LINGER)
    assert line.transport.aborted


def test_shutting_down(db):
    idle, busy = Line(db.emulator), Line(db.emulator)
    data = request()
    busy.feed(data[:50])
    idle.loop.advance(1)
    for each in (idle, busy):
        each.connection.shutdown()
    assert (idle.transport.closed, busy.transport.closed) == (True, False)
    busy.feed(data[50:] + request())
    ((status, headers, _),) = busy.answers()
    assert (status, headers["connection"], busy.transport.closed) == (200, "close", True)


def test_shutting_down_lets_an_active_client_send_one_more_request(line):
    """The client's next request may be on its way. If the server closed now, the request would meet
    a reset connection.
    """
    line.feed(request())
    line.loop.advance(0.9)
    line.connection.shutdown()
    assert not line.transport.closed
    line.loop.advance(FAREWELL / 2)
    line.feed(request())
    assert [headers["connection"] for _, headers, _ in line.answers()] == ["keep-alive", "close"]
    assert line.transport.closed


def test_shutting_down_closes_an_active_client_that_sends_nothing_more(line):
    line.feed(request())
    line.connection.shutdown()
    line.loop.advance(FAREWELL)
    assert line.transport.closed


def test_shutting_down_answers_the_last_request_of_an_active_client(line):
    line.feed(request())
    line.connection.shutdown()
    data = request()
    line.feed(data[:50])
    line.loop.advance(FAREWELL)
    assert not line.transport.closed
    line.feed(data[50:])
    assert statuses(line) == [200, 200]
    assert line.transport.closed


def test_shutting_down_does_not_wait_for_what_does_not_come(line):
    line.feed(request()[:-1])
    line.connection.shutdown()
    line.loop.advance(LAST_LINGER - 0.1)
    assert not line.transport.closed
    line.loop.advance(0.1)
    assert (line.transport.closed, line.transport.written) == (True, b"")


def test_shutting_down_forgets_what_waits(line):
    line.connection.pause_writing()
    line.feed(request() + request()[:-1])
    line.connection.shutdown()
    assert (line.transport.closed, line.transport.written) == (True, b"")


def test_a_lost_connection_is_forgotten(line):
    assert line.front.clients == {line.connection}
    line.connection.connection_lost(None)
    assert line.front.clients == set()
    assert line.loop.timer is None


@pytest.fixture
def lines(db):
    """Return two connections of one event loop."""
    first = Line(db.emulator)
    return first, Line(db.emulator, beside=first)


def statuses(line):
    return [status for status, _, _ in line.answers()]


def test_answers_of_one_turn_go_out_together_at_its_end(lines):
    first, second = lines
    first.feed(request())
    second.feed(request(b"{") + request())
    assert first.transport.written == second.transport.written == b""
    assert len(first.loop.soon) == 1
    first.loop.end_turn()
    assert (statuses(first), statuses(second)) == ([200], [400, 200])
    first.feed(request())
    first.loop.end_turn()
    assert statuses(first) == [200, 200]


def test_many_answers_do_not_wait_for_the_end_of_the_turn(lines):
    first, second = lines
    first.feed(request() * 40)
    second.feed(request() * 24)
    assert (len(statuses(first)), len(statuses(second))) == (40, 24)


def test_large_answers_do_not_wait_for_the_end_of_the_turn(lines):
    first, second = lines
    first.front.outbox.put(first.loop, first.transport, b"a")
    second.front.outbox.put(second.loop, second.transport, b"b" * (64 << 10))
    assert first.transport.written == b"a"
    assert len(second.transport.written) == 64 << 10


def test_what_waits_is_written_before_the_end_of_what_a_client_says_closes(lines):
    _, second = lines
    second.feed(request())
    second.connection.eof_received()
    assert (statuses(second), second.transport.closed) == ([200], True)


def test_what_waits_is_written_before_closing(lines):
    first, second = lines
    second.feed(request())
    first.feed(request(b"{}", "Connection: close"))
    assert (statuses(first), first.transport.closed) == ([200], True)
    assert statuses(second) == [200]


def test_what_waits_is_written_before_a_connection_is_alone(lines):
    first, second = lines
    first.feed(request(b"{"))
    second.connection.connection_lost(None)
    first.feed(request())
    assert statuses(first) == [400, 200]


def test_a_client_that_has_gone_gets_nothing(lines):
    first, second = lines
    first.feed(request())
    second.feed(request())
    first.transport.closed = True
    first.connection.connection_lost(None)
    first.loop.end_turn()
    assert (first.transport.written, statuses(second)) == (b"", [200])


# --- the bound on incomplete bodies ---------------------------------------------------------------


def body_in_two(size=MOST * 3 // 4):
    """Return a request with a body of this size in two halves; the first has the head."""
    data = request(b"{" + b" " * (size - 2) + b"}")
    return data[: -size // 2], data[-size // 2 :]


def all_statuses(lines):
    lines[0].loop.end_turn()
    return [statuses(each) for each in lines]


def test_bodies_wait_for_the_oldest_and_are_all_answered(db):
    lines = [Line(db.emulator)]
    lines += [Line(db.emulator, beside=lines[0]) for _ in range(4)]
    first, rest = body_in_two()
    for each in lines:
        each.feed(first)
    assert [each.transport.reading for each in lines] == [True, True, False, False, False]
    lines[1].feed(rest)
    assert [each.transport.reading for each in lines] == [True, True, False, False, False], "there is too much still"
    for each in (lines[0], *lines[2:]):
        assert each.transport.reading, "the oldest may always go on"
        each.feed(rest)
    assert all_statuses(lines) == [[200]] * 5
    assert lines[0].front.bodies.total == 0


def test_a_lost_connection_makes_room(db):
    first = Line(db.emulator)
    other = Line(db.emulator, beside=first)
    half = body_in_two(MOST * 2)[0]
    first.feed(half)
    other.feed(half)
    assert (first.transport.reading, other.transport.reading) == (True, False)
    first.connection.connection_lost(None)
    assert other.transport.reading


def test_a_refused_body_makes_room(db):
    first = Line(db.emulator)
    other = Line(db.emulator, beside=first)
    first.feed(
        request(b" " * MOST * 2, "Transfer-Encoding: chunked", length=False).replace(
            b" " * MOST * 2, b"2000000\r\n" + b" " * MOST * 2
        )
    )
    other.feed(body_in_two()[0])
    assert not other.transport.reading
    first.feed(b" " * (15 << 20))
    assert all_statuses([first, other]) == [[413], []]
    assert other.transport.reading


def test_a_request_that_waits_for_memory_does_not_time_out(db):
    first = Line(db.emulator)
    other = Line(db.emulator, beside=first)
    start, rest = body_in_two(MOST * 2)
    first.feed(start)
    other.feed(start)
    other.connection._check_progress()
    other.loop.now += IDLE * 3
    other.connection._check_progress()
    assert not other.transport.closed
    first.feed(rest)
    other.loop.now += IDLE - 1
    other.connection._check_progress()
    other.feed(rest)
    assert all_statuses([first, other]) == [[200], [200]]


def test_a_client_that_does_not_read_is_not_read_on_for_having_room(db):
    first = Line(db.emulator)
    other = Line(db.emulator, beside=first)
    start, rest = body_in_two(MOST * 2)
    first.feed(start)
    other.feed(start)
    other.connection.pause_writing()
    first.feed(rest)
    assert not other.transport.reading
    other.connection.resume_writing()
    assert other.transport.reading


def test_memory_is_returned_after_large_bodies_once_clients_are_idle(line):
    def due():
        return is_due(line.front.bodies, line.front.clients, line.loop.now)

    line.feed(request())
    line.loop.now += 2
    assert not due(), "nothing was large"
    for part in body_in_two(MOST * 4):
        line.feed(part)
    assert not due(), "the client was just active"
    line.loop.now += 1
    assert due()
    line.front.bodies.large = False
    line.transport.when_written = line.connection.pause_writing
    line.feed(request())
    line.loop.now += 1
    assert due(), "an answer was not read at once"


def test_a_connection_that_rests_keeps_no_large_body(line):
    for part in body_in_two(MOST * 4):
        line.feed(part)
    assert all_statuses([line]) == [[200]]
    assert (line.connection._reader._body, line.connection._reader._parts) == (b"", [])
