"""Lets the worker processes of one server run controls in each other.

Each worker has a *door*: a pair of connected datagram sockets. The worker reads from the first
socket, and the other workers write to the second one. The supervisor makes the doors before it
forks the workers. So a restarted worker gets the door of the worker that it replaces.

To run a control in another worker, a worker makes a pair of stream sockets and sends one of them
through the other worker's door. This pair then carries one question (the control and its body) and
one answer (the result), both as JSON. None of these sockets has a name in the file system.
"""

import asyncio
import logging
import socket
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

import orjson

from emulator.controls import registry
from emulator.http.control_calls import run_here
from emulator.http.front.front import Front, PeerFailed

log = logging.getLogger("emulator")

# Seconds to wait for another worker's answer. If a worker has died, the worker that replaces it
# starts within this time and answers.
_PATIENCE: Final = 5.0
_DOORBELL: Final = b"?"

Door = tuple[socket.socket, socket.socket]
"""The socket from which the worker reads, and the socket to which the other workers write."""


def make_doors(workers: int) -> list[Door]:
    """Return a door for each worker: a pair of connected datagram sockets."""
    doors = [socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM) for _ in range(workers)]
    for door in doors:
        for end in door:
            end.setblocking(False)  # noqa: FBT003 - the signature of `setblocking`
    return doors


class Peers:
    """The other workers of a server. index: the number of the worker that uses this object."""

    def __init__(self, doors: Sequence[Door], index: int) -> None:
        self._own = doors[index][0]
        self._others = {number: door[1] for number, door in enumerate(doors) if number != index}
        self._tasks: set[asyncio.Task[None]] = set()

    def open(self, front: Front) -> None:
        """Begin to run controls for the other workers."""
        asyncio.get_running_loop().add_reader(self._own, self._accept, front)

    def close(self) -> None:
        """Stop running controls for the other workers."""
        asyncio.get_running_loop().remove_reader(self._own)

    async def ask(self, control: str, body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """Run a control in each of the other workers. Return the results.

        Raises PeerFailed if a worker does not answer in time, or if the control fails there.
        """
        question = orjson.dumps({"Control": control, "Body": body})
        return list(await asyncio.gather(*(self._ask(number, question) for number in self._others)))

    async def _ask(self, number: int, question: bytes) -> Mapping[str, Any]:
        try:
            async with asyncio.timeout(_PATIENCE):
                ours, theirs = socket.socketpair()
                with theirs:
                    ours.setblocking(False)  # noqa: FBT003 - the signature of `setblocking`
                    socket.send_fds(self._others[number], [_DOORBELL], [theirs.fileno()])
                reader, writer = await asyncio.open_connection(sock=ours)
                try:
                    writer.write(question)
                    writer.write_eof()
                    answer = orjson.loads(await reader.read())
                finally:
                    writer.close()
        except (OSError, TimeoutError, orjson.JSONDecodeError) as error:
            raise PeerFailed(f"worker {number} does not answer: {str(error) or 'it takes too long'}") from error
        if "Problem" in answer:
            raise PeerFailed(f"worker {number} failed: {answer['Problem']}")
        result: Mapping[str, Any] = answer["Result"]
        return result

    def _accept(self, front: Front) -> None:
        """Receive sockets from other workers. Run the control that each socket asks for."""
        while True:
            try:
                _, descriptors, _, _ = socket.recv_fds(self._own, len(_DOORBELL), 1)
            except OSError:  # no more sockets are waiting
                return
            for descriptor in descriptors:
                task = asyncio.create_task(_answer(front, socket.socket(fileno=descriptor)))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)


async def _answer(front: Front, sock: socket.socket) -> None:
    """Read a question from a socket, run the control that it names, and write the result."""
    sock.setblocking(False)  # noqa: FBT003 - the signature of `setblocking`
    reader, writer = await asyncio.open_connection(sock=sock)
    try:
        with suppress(OSError, orjson.JSONDecodeError):  # the worker that asked may have ended
            question = orjson.loads(await reader.read())
            writer.write(orjson.dumps(await _result(front, question["Control"], question["Body"])))
            await writer.drain()
    finally:
        writer.close()


async def _result(front: Front, name: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        return {"Result": await run_here(front, registry.registered()[name], body)}
    except Exception as error:
        log.exception("the control %s, called by another worker, failed", name)
        return {"Problem": str(error)}
