"""Sends dead letters to their functions again.

    redelivery.add(letter)                       # a control adds letters (controls/functions.py)
    for invocation in redelivery.due():          # the server invokes the function, as for a batch
        ...
        redelivery.finished(invocation, outcome)

A function gets its letters one after another, in the order of the file. The event is the letter's
`payload`, unchanged. A letter that the function processes is removed from the file. If the function
reports failed records, the letter keeps the first failed record and all records after it. A letter
that fails stays in the file, and a control shows why (controls/functions.py).
"""

import uuid
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

import orjson

from emulator.database.definitions.streams import sequence_of, sequence_text
from emulator.event_sources.configuration import Functions
from emulator.event_sources.dead_letters import DeadLetters
from emulator.event_sources.delivery import Invocation
from emulator.event_sources.events import Record, payload
from emulator.event_sources.names import function_name
from emulator.event_sources.outcomes import Outcome, first_failure

WAITING: Final = "Waiting"
SENT: Final = "Sent"
FAILED: Final = "Failed"

_DETAIL: Final = 500  # the maximum number of characters of a failure's description that are kept
# Changed and processed letters are collected, and the file of dead letters is rewritten once for
# all of them: when no letter waits any more, or when _BATCH letters are collected.
_BATCH: Final = 100

Letter = dict[str, Any]


@dataclass(slots=True)
class _Sent:
    """A dead letter that waits to be sent again, or was sent again.

    reports: True if the function's response may name the records that failed.
    """

    id: str
    letter: Letter
    reports: bool


class Redelivery:
    """The dead letters that are sent to their functions again.

    new_id: a function that returns a new request id.
    states: id of a letter -> a pair: the letter's state, and a description of its last failure (""
    if it has not failed).
    """

    def __init__(
        self,
        functions: Functions,
        dead_letters: DeadLetters,
        new_id: Callable[[], str] = lambda: str(uuid.uuid4()),
    ) -> None:
        self._functions = functions
        self._dead_letters = dead_letters
        self._new_id = new_id
        self._waiting: dict[str, deque[_Sent]] = {}  # ARN of a function -> the letters that wait to be sent to it
        self._in_flight: dict[str, _Sent] = {}  # request id -> the letter that was sent
        # Changes that are not written to the file yet: id of a letter -> what remains of this
        # letter, None if all its records are done.
        self._done: dict[str, Letter | None] = {}
        self.states: dict[str, tuple[str, str]] = {}

    @property
    def busy(self) -> bool:
        """True if dead letters wait to be sent again, or were sent and have no outcome yet."""
        return bool(self._waiting or self._in_flight)

    def add(self, letters: Iterable[Letter], *, reports: bool) -> int:
        """Queue the letters that are not queued yet. Return the number of letters that were added.

        reports: True if the function's response may name the records that failed.
        """
        count = 0
        for letter in letters:
            name = id_of(letter)
            if self.states.get(name, ("", ""))[0] in (WAITING, SENT) or name in self._done:
                continue
            self.states[name] = (WAITING, "")
            arn = letter["requestContext"]["functionArn"]
            self._waiting.setdefault(arn, deque()).append(_Sent(name, letter, reports))
            count += 1
        return count

    def due(self) -> list[Invocation]:
        """Return the invocations that the caller must make now, at most one for each function."""
        flying = {each.letter["requestContext"]["functionArn"] for each in self._in_flight.values()}
        found = []
        for arn, queue in list(self._waiting.items()):
            if arn in flying:
                continue
            sent = queue.popleft()
            if not queue:
                del self._waiting[arn]
            function = self._functions.get(function_name(arn))
            if function is None:
                self.states[sent.id] = (FAILED, f"no function {function_name(arn)} is configured")
                continue
            invocation = Invocation(self._new_id(), function, arn, sent.letter["payload"].encode())
            self._in_flight[invocation.id] = sent
            self.states[sent.id] = (SENT, "")
            found.append(invocation)
        return found

    def finished(self, invocation: Invocation, outcome: Outcome) -> bool:
        """End an invocation that `due` returned. Return False for any other invocation."""
        sent = self._in_flight.pop(invocation.id, None)
        if sent is None:
            return False
        records = _records(sent.letter)
        failed = first_failure(outcome, records, reports=sent.reports)
        if failed is None:
            del self.states[sent.id]
            self._done[sent.id] = None
        else:
            detail = outcome.detail or "the function reported failed records"
            self.states[sent.id] = (FAILED, detail[:_DETAIL])
            if failed:
                self._done[sent.id] = _rest(sent.letter, records[failed:])
        if self._done and (not self.busy or len(self._done) >= _BATCH):
            self._dead_letters.replace(self._done)
            self._done = {}
        return True


def id_of(letter: Letter) -> str:
    """Return the id of a dead letter, which is the `requestId` in its `requestContext`."""
    name: str = letter["requestContext"]["requestId"]
    return name


def _records(letter: Letter) -> list[Record]:
    records = orjson.loads(letter["payload"])["Records"]
    return [
        Record(
            sequence_of(each["dynamodb"]["SequenceNumber"]) or 0,
            each["dynamodb"]["ApproximateCreationDateTime"],
            orjson.dumps(each),
        )
        for each in records
    ]


def _rest(letter: Letter, records: list[Record]) -> Letter:
    """Return a copy of a letter with only `records`, the last records of the letter."""
    batch = {
        **letter["DDBStreamBatchInfo"],
        "startSequenceNumber": sequence_text(records[0].sequence),
        "batchSize": len(records),
    }
    return {**letter, "DDBStreamBatchInfo": batch, "payload": payload(records).decode()}
