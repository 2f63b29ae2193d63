"""The parts of this package that an emulator owns: functions, mappings, delivery and the API."""

from emulator.database.catalog.catalog import Caller
from emulator.database.database import Database
from emulator.event_sources import configuration
from emulator.event_sources.api import Answer, Api
from emulator.event_sources.dead_letters import DeadLetters
from emulator.event_sources.delivery import Delivery, Invocation
from emulator.event_sources.mappings import Mappings
from emulator.event_sources.outcomes import Outcome
from emulator.settings import Settings


class FunctionService:
    """Functions on streams. Raises BadConfiguration if the file settings.functions is invalid."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self.functions = configuration.load(settings.functions)
        self.mappings = Mappings(database, shared=settings.shared_db)
        self.dead_letters = DeadLetters(settings.folder)
        self._delivery = Delivery(database, self.mappings, self.functions, self.dead_letters)
        self._api = Api(database, self.mappings, self.functions)

    @property
    def busy(self) -> bool:
        """Whether somebody must poll for due invocations."""
        return any(True for _ in self.mappings.delivering())

    def answer(self, method: str, path: str, query: str, body: bytes, caller: Caller) -> Answer:
        """Answer a request to Lambda's API. Raises ApiError."""
        return self._api.answer(method, path, query, body, caller)

    def due(self) -> list[Invocation]:
        """Return the invocations to be made now."""
        return self._delivery.due()

    def finished(self, invocation: Invocation, outcome: Outcome) -> None:
        """End the batch of an invocation."""
        self._delivery.finished(invocation, outcome)
