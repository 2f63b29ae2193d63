"""One HTTP/1.1 connection, whose requests are answered inside the parser's callbacks.

A request to `/` needs no task, scope, receive or send, because the endpoint is synchronous. The
connection makes the answer when the parser reports the end of the request (requests.py), and sends
it at the end of the loop's iteration (outbox.py). An ASGI application answers every other request
(cycle.py). Under other ASGI servers, asgi.py does the work of this class.

This class answers 2.1 to 2.3 times as many GetItem and PutItem requests of 1 KB a second as
uvicorn's own HTTP with asgi.py, at 1, 8 and 32 connections (tests/bench/README.md).

Requests may be pipelined. Their answers keep their order:

* Back-pressure: while a client does not read responses, we do not read its requests. Requests that
  have arrived are queued and answered one at a time, so at most one response is buffered.
* While an answer is being made, in slices or by the application, later requests are queued.
* With `--durable`, answers are held until the commit that has their writes (held_answers.py). A
  request for the application waits until no earlier answer is held.

The state of a connection decides whether it reads, whether it queues requests, and when it is
closed (states.py).
"""

import asyncio
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from emulator.http.front import states
from emulator.http.front.answers import ENDS, GOES_ON, NO_ANSWER, STATUS_LINES, Answer
from emulator.http.front.commits import ATTEMPTS
from emulator.http.front.failures import log_failure, log_not_http
from emulator.http.front.front import Front
from emulator.http.front.held_answers import Held, HeldAnswers, run_again
from emulator.http.front.requests import Request, RequestReader
from emulator.http.front.sliced_answers import Pending
from emulator.http.front.states import LAST_LINGER, LINGER, PATIENCE, AtShutdown, State
from storage import StorageError

_BAD_REQUEST: Final = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
_CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
_UNREAD_CHECK: Final = 5.0  # seconds to the next check, if a check is the first to find unsent bytes
_ACTIVE: Final = 1.0  # seconds; a client counts as active if bytes came or went within this time
_FAREWELL: Final = 0.25  # seconds at shutdown in which an active client may send one more request
_NO_BODY: Final = b""


class Connection(asyncio.Protocol):
    """One client's connection.

    Other code calls three groups of methods: those of asyncio.Protocol; `shutdown`, which the
    server calls (http/server.py); and those of the protocols Receiver (requests.py), Waiting
    (commits.py) and cycle.Client.
    """

    __slots__ = (
        "_front",
        "_held",
        "_later",
        "_linger",
        "_loop",
        "_making",
        "_moved",
        "_paused",
        "_queues",
        "_reader",
        "_timer",
        "_transport",
        "_unread",
        "_unsent",
        "_waits_for_held",
        "closing",
    )

    def __init__(self, front: Front, loop: asyncio.AbstractEventLoop) -> None:
        self._front = front
        self._loop = loop
        self._reader = RequestReader(self, front.bodies)
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._moved = 0.0  # the loop's time when bytes last came from or went to the client
        self._unsent = 0  # unsent bytes in the transport at the last check
        self.closing = False  # whether the next answer is the last
        self._linger = LINGER
        # These attributes, `_held` and `_reader` determine the state.
        self._making: Any = None  # the Run or Cycle that makes an answer
        self._unread = False  # whether the client has stopped reading
        self._waits_for_held = False  # whether a request for the application waits for held answers
        self._paused = False  # whether self._front.bodies has paused reading
        # Actions that wait for their turn, such as answering a request. It is empty in states in
        # which requests need not wait.
        self._later: deque[Callable[[], None]] = deque()
        self._queues = False  # whether the current state queues requests
        self._held = HeldAnswers()

    @property
    def last_active(self) -> float:
        """The loop's time when the client last sent or read something."""
        return self._moved

    @property
    def date_line(self) -> bytes:
        """The header line with the current date."""
        return self._front.date_line

    @property
    def hung_up(self) -> bool:
        """Whether the client has closed the connection, or will send nothing more."""
        from emulator.http.front.cycle import hung_up  # noqa: PLC0415 - most servers never need it

        if self._transport is None:
            return True
        socket = self._transport.get_extra_info("socket")
        return socket is not None and hung_up(socket.fileno())

    # --- states -----------------------------------------------------------------------------------

    def _current(self) -> State:
        """Return the state of the connection."""
        if self._making is not None:
            return states.CLOGGED if self._unread else states.ANSWERING
        if self._unread or self._waits_for_held or self._held.large:
            return states.BLOCKED
        if self._reader.receiving:
            return states.PAUSED if self._paused else states.RECEIVING
        return states.IDLE

    def _update(self) -> None:
        """Start or stop reading, as the state demands.

        Call this when the state may have changed.
        """
        state = self._current()
        self._queues = state.queues
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        if state.reads and not self._later:
            transport.resume_reading()
        else:
            transport.pause_reading()

    def _go_on(self) -> None:
        """Run the queued actions while the state allows it, and then read again."""
        self._update()
        while self._later and not self._queues:
            act = self._later.popleft()
            try:
                act()
            except Exception as error:  # noqa: BLE001 - is logged
                self._send_failure(error, self._reader.fields)
                return
        self._update()

    def _in_turn(self, act: Callable[[], None]) -> None:
        """Run an action after the answer in progress and after all queued actions."""
        if self._later or self._making is not None:
            self._later.append(act)
        else:
            act()

    def _check_progress(self) -> None:
        """Close the connection if it has made no progress for too long.

        If it is already closing, or the client has not read all data, abort it instead.
        """
        transport = self._transport
        if transport is None:
            return
        now = self._loop.time()
        unsent = transport.get_write_buffer_size()
        if unsent < self._unsent:
            self._moved = now
        elif unsent and not self._unsent:
            self._moved = max(self._moved, now - PATIENCE + _UNREAD_CHECK)
        self._unsent = unsent
        patience = self._current().patience
        if patience is None:
            self._restart_clock()
        last_step = min(self._moved, self._reader.stepped_at) if self._reader.receiving else self._moved
        left = last_step + (self._linger if self.closing else patience or PATIENCE) - now
        if left > 0:
            self._timer = self._loop.call_later(left, self._check_progress)
        elif unsent or transport.is_closing():
            transport.abort()
        else:
            self._close()

    def _restart_clock(self) -> None:
        """Set the time without progress back to zero."""
        self._moved = self._reader.stepped_at = self._loop.time()

    def _start_timer(self, seconds: float, check: Callable[[], None]) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(seconds, check)

    # --- asyncio's side ---------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Register the connection and start its timer."""
        self._transport = transport  # type: ignore[assignment] # uvloop's is not an asyncio.Transport
        self._front.clients.add(self)
        self._moved = self._loop.time()
        self._start_timer(PATIENCE, self._check_progress)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """Forget the connection and its queued actions. Cancel the answer in progress."""
        self._front.clients.discard(self)
        if self._timer is not None:
            self._timer.cancel()
        self._transport = None
        self._reader.stop()
        self._reader.forget_body()
        self._later.clear()
        if self._making is not None:
            self._making.cancel()

    def data_received(self, data: bytes) -> None:
        """Parse the data. The reader calls the Receiver methods of this object."""
        self._moved = now = self._loop.time()
        self._reader.feed(data, now)

    def eof_received(self) -> bool:
        """Close the connection after answering all complete requests.

        Return True, so that the transport does not close itself.
        """
        self._reader.stop()
        self._in_turn(self._close)
        return True

    def pause_writing(self) -> None:
        """Note that the client has stopped reading, and how many bytes it has not read."""
        self._unread = True
        self._front.bodies.large = True
        self._moved = self._loop.time()
        if self._transport is not None:
            self._unsent = self._transport.get_write_buffer_size()
        if self._making is not None:
            self._making.pause()
        self._update()

    def resume_writing(self) -> None:
        """Note that the client reads again, and continue."""
        self._unread = False
        self._moved = self._loop.time()
        if self._making is not None:
            self._making.resume()
        self._go_on()

    def pause(self) -> None:
        """Stop reading, because all incomplete bodies together take too much memory (bodies.py)."""
        self._paused = True
        self._update()

    def resume(self) -> None:
        """Start reading again, because incomplete bodies take less memory (bodies.py)."""
        self._paused = False
        self._restart_clock()
        self._update()

    # --- the end ----------------------------------------------------------------------------------

    def shutdown(self) -> None:
        """Close the connection because the server stops: now or later, as the state demands."""
        self._linger = LAST_LINGER
        todo = self._current().at_shutdown
        if todo is AtShutdown.CLOSE or (todo is AtShutdown.PART and self._loop.time() - self._moved >= _ACTIVE):
            self._close()
            return
        self.closing = True
        if todo is AtShutdown.COMPLETE:
            self._shorten_patience()
        elif todo is AtShutdown.PART:
            self._start_timer(_FAREWELL, self._end_farewell)

    def _end_farewell(self) -> None:
        if self._reader.receiving:
            self._shorten_patience()
        elif self._making is None:
            self._close()

    def _shorten_patience(self) -> None:
        self._restart_clock()
        self._start_timer(self._linger, self._check_progress)

    def _close(self) -> None:
        """Stop reading, and close the connection once no answer is held."""
        self.closing = True
        self._reader.stop()
        self._later.clear()
        if not self._held and self._transport is not None and not self._transport.is_closing():
            self._front.outbox.flush()
            self._transport.close()
            self._shorten_patience()

    # --- the reader's side (requests.py) ----------------------------------------------------------

    def request_received(
        self, method: str, target: bytes, fields: dict[bytes, bytes], body: bytes, *, keep_alive: bool
    ) -> None:
        """Answer a request, or queue it."""
        # Most requests get their answer without a Request object. To make one takes a thirtieth of
        # the time of a GetItem.
        if target == b"/" and not self._queues and self._front.commits is None:
            try:
                answer = self._front.endpoint.answer(method, b"", fields, body)
            except Pending as pending:
                self._begin_slices(pending, Request(method, target, fields, body, keep_alive, self._reader.version))
            else:
                self._send(answer, None, keep_alive=keep_alive, with_body=method != "HEAD")
            return
        request = Request(method, target, fields, body, keep_alive, self._reader.version)
        if self._queues:
            self._later.append(partial(self._respond, request))
        else:
            self._respond(request)

    def continue_expected(self) -> None:
        """Tell the client to send its body."""
        self._in_turn(partial(self._write, _CONTINUE, None))

    def head_refused(self, fields: dict[bytes, bytes]) -> None:
        """Refuse a request because of its head, and close the connection."""
        self._in_turn(partial(self._send_last, self._front.endpoint.refuse(400, fields)))

    def body_refused(self, fields: dict[bytes, bytes], *, keep_alive: bool) -> None:
        """Refuse a request whose body is too large."""
        self._in_turn(partial(self._refuse_body, fields, keep_alive=keep_alive))

    def _refuse_body(self, fields: dict[bytes, bytes], *, keep_alive: bool) -> None:
        self._send(self._front.endpoint.refuse(413, fields), None, keep_alive=keep_alive)

    def not_http(self, data: bytes, error: Exception) -> None:
        """Answer bytes that are not HTTP, and close the connection."""
        log_not_http(data, error)
        self._in_turn(self._send_bad_request)

    def _send_bad_request(self) -> None:
        self._write(_BAD_REQUEST, None)
        self._close()

    def failed(self, error: BaseException | None, fields: dict[bytes, bytes]) -> None:
        """Report an internal error that the endpoint did not handle, and close the connection."""
        self._in_turn(partial(self._send_failure, error, fields))

    def _send_failure(self, error: BaseException | None, fields: dict[bytes, bytes]) -> None:
        log_failure("a request (its connection is closed)", error or EOFError())
        self._send_last(self._front.endpoint.failed(error, fields))

    def ended(self) -> None:
        """Close the connection after all received requests are answered."""
        self._in_turn(self._close)

    # --- answers ----------------------------------------------------------------------------------

    def _respond(self, request: Request) -> None:
        """Answer a request, or begin to answer it in slices or by the application."""
        path, _, query = request.target.partition(b"?")
        if path == b"/":
            try:
                answer = self._front.endpoint.answer(request.method, query, request.fields, request.body)
            except Pending as pending:
                self._begin_slices(pending, request)
            else:
                self._send_answer(answer, request)
            return
        in_origin_form = request.in_origin_form()
        if in_origin_form is not request:
            self._respond(in_origin_form)
        elif self._held:
            self._later.appendleft(partial(self._respond, request))
            self._waits_for_held = True
            self._update()
        else:
            self._begin_cycle(request)

    def _begin_slices(self, pending: Pending, request: Request) -> None:
        """Make an answer in slices, and send it after the last slice. Later requests wait."""
        self._making = self._front.sliced.begin(self._loop, pending.steps, partial(self._sliced_answered, request))
        self._update()

    def _sliced_answered(self, request: Request, answer: Answer) -> None:
        self._making = None
        if answer is NO_ANSWER:
            self._close()
            return
        self._send_answer(answer, request)
        self._after_answer()

    def _after_answer(self) -> None:
        if self.closing:
            self._close()
        else:
            self._go_on()

    def _send_answer(self, answer: Answer, request: Request) -> None:
        self._send(answer, request, keep_alive=request.keep_alive, with_body=request.method != "HEAD")

    def _send(self, answer: Answer, request: Request | None, *, keep_alive: bool, with_body: bool = True) -> None:
        """Send an answer.

        request: the answered request. It runs again if the answer is held and its writes are lost.
        """
        if self._transport is None:
            return
        end = GOES_ON if keep_alive and not self.closing else ENDS
        body = answer.body if with_body else _NO_BODY
        self._write(b"".join((STATUS_LINES[answer.status], self._front.date_line, answer.head, end, body)), request)

    def _send_last(self, answer: Answer) -> None:
        """Send the last answer of the connection, and close it."""
        self.closing = True
        self._send(answer, None, keep_alive=False)
        self._close()

    def _write(self, data: bytes, request: Request | None) -> None:
        """Send data, or hold it if other data is held or writes are pending."""
        commits = self._front.commits
        if commits is not None and (self._held or commits.pending()):
            if not self._held:
                commits.wait(self, among=len(self._front.clients))
            self._held.hold(data, request)
            if self._held.large:
                self._update()
        else:
            self.write(data)

    def write(self, data: bytes) -> None:
        """Send data: directly if no other connection is open, else through the outbox."""
        transport = self._transport
        if transport is None:
            return
        if len(self._front.clients) == 1:
            self._front.outbox.flush()
            transport.write(data)
        else:
            self._front.outbox.put(self._loop, transport, data)

    # --- the application's answers (cycle.py) -----------------------------------------------------

    def _begin_cycle(self, request: Request) -> None:
        """Let the application answer. Later requests wait."""
        from emulator.http.front.cycle import Cycle  # noqa: PLC0415 - most servers never need it

        if self._transport is None:
            return
        site = self._front.site  # the first use of the property loads the site; this may fail
        addresses = (self._transport.get_extra_info("sockname"), self._transport.get_extra_info("peername"))
        self._making = cycle = Cycle(request, self, addresses)
        self._update()
        task = self._loop.create_task(cycle.run(site))
        self._front.tasks.add(task)
        task.add_done_callback(self._front.tasks.discard)

    def answered(self, *, keep_alive: bool) -> None:
        """Continue after the application's answer."""
        self._making = None
        self.closing = self.closing or not keep_alive
        self._after_answer()

    def not_answered(self, request: Request, error: BaseException | None, *, begun: bool) -> None:
        """Report that the application failed.

        If it has sent a part of the answer, abort the connection, so that the client sees a broken
        answer.
        """
        self._making = None
        if not begun:
            self._send_failure(error, request.fields)
            return
        log_failure("a request (its connection is closed)", error or EOFError())
        if self._transport is not None:
            self._transport.abort()

    # --- held answers (commits.py) ----------------------------------------------------------------

    def release(self, failure: StorageError | None) -> None:
        """Continue after the commit on which the held answers waited.

        After a success, send the answers. After a failure, run their requests again; if that is not
        allowed, report the failure to the client and close the connection.
        """
        held = self._held.take()
        self._waits_for_held = False
        if run_again(failure, held) and self._held.attempts < ATTEMPTS:
            self._held.attempts += 1
            self._repeat(held)
            failure = None
        elif failure is not None:
            self.closing = True
            fields = next((request.fields for _, request in held if request is not None), self._reader.fields)
            self._send(self._front.endpoint.failed(failure, fields), None, keep_alive=False)
        else:
            self._held.attempts = 0
            self.write(b"".join([data for data, _ in held]))
        if self._making is not None:
            return
        if failure is not None or (self.closing and not self._reader.receiving):
            self._close()
        elif self._queues:
            self._go_on()

    def _repeat(self, held: list[Held]) -> None:
        """Run the requests of held data again, in order. Send data without a request as it is."""
        for position, (data, request) in enumerate(held):
            if self._making is not None:
                self._later.appendleft(partial(self._repeat, held[position:]))
                return
            if request is None:
                self._write(data, None)
            else:
                self._respond(request)
