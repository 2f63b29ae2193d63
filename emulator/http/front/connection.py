"""One HTTP/1.1 connection, whose requests are answered inside the parser's callbacks.

The endpoint is synchronous, so a request to `/` needs no asyncio task and none of ASGI's objects.
The connection makes the answer when the parser reports the end of the request (requests.py), and
sends it at the end of the event loop's iteration (outbox.py). An ASGI application, the site,
answers every request to another path (cycle.py). Under other ASGI servers, asgi.py does the work of
this class.

This class answers 2.1 to 2.3 times as many GetItem and PutItem requests of 1 KB a second as
uvicorn's own HTTP with asgi.py, at 1, 8 and 32 connections (tests/bench/README.md).

Requests may be pipelined. Their answers keep their order (flow_control.py). With `--durable`,
answers are held until the commit that has their writes (held_answers.py). A request for the site
waits until no earlier answer is held.
"""

import asyncio
from functools import partial
from typing import Final

from emulator.http.front.answers import ENDS, GOES_ON, NO_ANSWER, STATUS_LINES, Answer
from emulator.http.front.commits import ATTEMPTS
from emulator.http.front.failures import log_failure, log_not_http
from emulator.http.front.flow_control import FlowControl
from emulator.http.front.front import Front
from emulator.http.front.held_answers import Held, run_again
from emulator.http.front.requests import Request, RequestReader
from emulator.http.front.sliced_answers import Pending
from storage import StorageError

_BAD_REQUEST: Final = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
_CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
_NO_BODY: Final = b""


class Connection(FlowControl):
    """One client's connection.

    Other code calls three groups of methods: those of asyncio.Protocol; `shutdown`, which the
    server calls (http/server.py); and those of the protocols Receiver (requests.py), Waiting
    (commits.py) and cycle.Client.
    """

    __slots__ = ()

    def __init__(self, front: Front, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(front, loop, RequestReader(self, front.bodies))

    # --- the reader's side (requests.py) ----------------------------------------------------------

    def request_received(
        self, method: str, target: bytes, fields: dict[bytes, bytes], body: bytes, *, keep_alive: bool
    ) -> None:
        """Answer a request, or queue it if the connection is in a state that queues (states.py)."""
        # Most requests are answered without a Request object, because making the object would make
        # a GetItem 3 % slower.
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
        """Tell the client to send its body, with the status 100."""
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
        """Report an error that the endpoint did not handle, and close the connection."""
        self._in_turn(partial(self._send_failure, error, fields))

    def _send_failure(self, error: BaseException | None, fields: dict[bytes, bytes]) -> None:
        log_failure("a request (its connection is closed)", error or EOFError())
        self._send_last(self._front.endpoint.failed(error, fields))

    def ended(self) -> None:
        """Close the connection after all received requests are answered."""
        self._in_turn(self._close)

    # --- answers ----------------------------------------------------------------------------------

    def _respond(self, request: Request) -> None:
        """Answer a request, or begin an answer that is made in slices or by the site."""
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

        request: the answered request, which runs again if its answer is held and its writes are
        lost; None if it must not run again.
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
            self._held.add(data, request)
            if self._held.large:
                self._update()
        else:
            self.write(data)

    def write(self, data: bytes) -> None:
        """Send data. Use the outbox if other connections are open (outbox.py says why)."""
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
        """Let the site answer a request. Later requests wait."""
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
        """Continue after the site has answered a request."""
        self._making = None
        self.closing = self.closing or not keep_alive
        self._after_answer()

    def not_answered(self, request: Request, error: BaseException | None, *, begun: bool) -> None:
        """Report that the site has failed to answer a request.

        begun: True if the site has sent a part of the answer. Then abort the connection, so that
        the client notices that the answer is broken.
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
        """Continue after the commit for which the held answers waited.

        After a success, send the answers. After a failure, run their requests again. If they may
        not run again, report the failure to the client and close the connection.
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
        """Run the requests of held answers again, in order.

        If an element of `held` has no request, send its data.
        """
        for position, (data, request) in enumerate(held):
            if self._making is not None:
                self._later.appendleft(partial(self._repeat, held[position:]))
                return
            if request is None:
                self._write(data, None)
            else:
                self._respond(request)
