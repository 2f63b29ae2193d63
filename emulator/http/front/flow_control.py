"""The base class of a connection. It decides when the connection reads and closes.

`Connection` (connection.py) adds requests and answers. `FlowControl` keeps their order:

* While a client does not read its answers, the connection does not read its requests. Requests that
  have arrived are queued and answered one at a time, so at most one answer is buffered.
* While an answer is being made, in slices or by the site, later requests are queued.

The state of the connection decides whether it reads, whether it queues requests, and when it is
closed (states.py).
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, Final

from emulator.http.front import states
from emulator.http.front.front import Front
from emulator.http.front.held_answers import HeldAnswers
from emulator.http.front.requests import RequestReader
from emulator.http.front.states import LAST_LINGER, LINGER, PATIENCE, AtShutdown, State

_UNREAD_CHECK: Final = 5.0  # seconds to the next check, after a check that is the first to find unsent bytes
_ACTIVE: Final = 1.0  # seconds; a client counts as active for this long after bytes came or went
_FAREWELL: Final = 0.25  # seconds in which an active client may send one more request while the server stops


class FlowControl(asyncio.Protocol):
    """The part of a connection that has its transport, timer, state and queue."""

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

    def __init__(self, front: Front, loop: asyncio.AbstractEventLoop, reader: RequestReader) -> None:
        self._front = front
        self._loop = loop
        self._reader = reader
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._moved = 0.0  # the event loop's time when bytes last came from or went to the client
        self._unsent = 0  # unsent bytes in the transport at the last check
        self.closing = False  # True if the connection closes after the next answer
        self._linger = LINGER
        # Six attributes determine the state of the connection (states.py): the next four, and also
        # `_held` and `_reader`.
        self._making: Any = None  # the Run or Cycle that is making an answer now; None if there is none
        self._unread = False  # True if the client has stopped reading
        self._waits_for_held = False  # True if a site request waits for the commit of held answers
        self._paused = False  # True if self._front.bodies has paused reading
        # The queue: actions that wait for earlier answers, such as answering a request. The queue
        # is empty in states in which requests need not wait.
        self._later: deque[Callable[[], None]] = deque()
        self._queues = False  # True if the current state queues requests
        self._held = HeldAnswers()

    @property
    def last_active(self) -> float:
        """The event loop's time when the client last sent or read something."""
        return self._moved

    @property
    def date_line(self) -> bytes:
        """The header line with the current date."""
        return self._front.date_line

    @property
    def hung_up(self) -> bool:
        """True if the client has closed the connection, or will send nothing more."""
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
        """Start or stop reading, as the current state demands.

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
        """Run queued actions while the state allows it. Read again if the queue becomes empty."""
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
        """Run an action now, or queue it behind the answer in progress and the queued actions."""
        if self._later or self._making is not None:
            self._later.append(act)
        else:
            act()

    def _check_progress(self) -> None:
        """Close the connection if it has made no progress for too long.

        Abort it instead if it is already closing, or if its client has not read all data.
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
        self._transport = transport  # type: ignore[assignment] # uvloop's transport is not an asyncio.Transport
        self._front.clients.add(self)
        self._moved = self._loop.time()
        self._start_timer(PATIENCE, self._check_progress)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """Unregister the connection. Drop its queued actions, and cancel the answer in progress."""
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
        """Parse the data.

        For each request, the parser (requests.py) calls this object's methods of `Receiver`.
        """
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
        """Record that the client has stopped reading, and the number of bytes it has not read."""
        self._unread = True
        self._front.bodies.large = True
        self._moved = self._loop.time()
        if self._transport is not None:
            self._unsent = self._transport.get_write_buffer_size()
        if self._making is not None:
            self._making.pause()
        self._update()

    def resume_writing(self) -> None:
        """Record that the client reads again, and continue."""
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
        """Close the connection because the server stops.

        The state of the connection decides when it is closed: see AtShutdown in states.py.
        """
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

    def _send_failure(self, error: BaseException | None, fields: dict[bytes, bytes]) -> None:
        """Report an internal error to the client, and close the connection.

        `Connection` implements this method.
        """
