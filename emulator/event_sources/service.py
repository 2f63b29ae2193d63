"""Combines the parts of this package: functions, mappings, delivery and Lambda's API."""

from collections.abc import Iterator

from emulator.database.catalog.catalog import Caller
from emulator.database.database import Database
from emulator.event_sources import configuration
from emulator.event_sources.api import Answer, Api
from emulator.event_sources.dead_letters import DeadLetters
from emulator.event_sources.delivery import Delivery, Invocation
from emulator.event_sources.mappings import Mappings
from emulator.event_sources.outcomes import Outcome
from emulator.event_sources.redelivery import Redelivery
from emulator.settings import Settings
from emulator.shared_memory import SharedMemory


class FunctionService:
    """Delivers records of streams to functions, and answers requests to Lambda's API.

    The constructor raises BadConfiguration if settings.functions names an invalid file.
    """

    def __init__(self, database: Database, settings: Settings, sharing: SharedMemory | None = None) -> None:
        self._sharing = sharing
        self._clock = database.clock
        self.functions = configuration.load(settings.functions)
        self.mappings = Mappings(database, shared=settings.shared_db)
        self.dead_letters = DeadLetters(settings.folder)
        self.delivery = Delivery(database, self.mappings, self.functions, self.dead_letters)
        self.redelivery = Redelivery(self.functions, self.dead_letters)
        self._api = Api(database, self.mappings, self.functions)

    @property
    def busy(self) -> bool:
        """True if the server must poll with `due`, because records or dead letters may wait."""
        return self.redelivery.busy or any(True for _ in self.mappings.delivering())

    def answer(self, method: str, path: str, query: str, body: bytes, caller: Caller) -> Answer:
        """Answer a request to Lambda's API. Raises ApiError for a wrong request."""
        return self._api.answer(method, path, query, body, caller)

    def next_events(self) -> Iterator[tuple[float, str, str]]:
        """Yield the next events of all mappings as triples: time, kind, UUID of the mapping.

        The events of batches are yielded only in the process that delivers to functions. A batch
        whose time has passed is left out, because the next poll sends it.
        """
        yield from self.mappings.next_events()
        yield from self._deliveries()

    def _deliveries(self) -> Iterator[tuple[float, str, str]]:
        now = self._clock.now()
        return (event for event in self.delivery.next_events() if event[0] > now)

    def due(self) -> list[Invocation]:
        """Return the invocations to make now. Each delivers stream records or a dead letter."""
        invocations = self.delivery.due()
        if self.redelivery.busy:
            invocations += self.redelivery.due()
        self._publish()
        return invocations

    def finished(self, invocation: Invocation, outcome: Outcome) -> None:
        """End an invocation that `due` returned, with its outcome."""
        if self.redelivery.finished(invocation, outcome):
            return
        self.delivery.finished(invocation, outcome)
        self._publish()

    def _publish(self) -> None:
        """Tell the other worker processes when the next batch is sent.

        They do not know this time, because only the process that delivers to functions has the
        records that wait for delivery.
        """
        if self._sharing is not None:
            self._sharing.set_delivery(min(self._deliveries(), default=None))
