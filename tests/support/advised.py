"""An emulator in process with the advisor: a test sends requests and gets findings."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from emulator.controls import registry
from emulator.http.application import create_front
from emulator.http.front.answers import Answer
from emulator.http.front.observed import Exchange
from emulator.http.front.sliced_answers import Pending
from emulator.http.observing import evidence, examining
from emulator.slices import finish
from tests.support.http_clients import AUTHORIZATION, target
from tests.support.in_process import InProcess

Json = Mapping[str, Any]


class Advised:
    """An emulator whose advisor is on. Only `pause` lets time pass between requests.

    client: names the client of the next requests. place: the file and line of a program from
    which they seem to come.
    """

    def __init__(self, db: InProcess) -> None:
        self._db = db
        self._front = create_front(db.emulator)
        self._later = 0.0
        self.client = "one"
        self.place = ""
        registry.call(db.emulator, "advise", {"Enabled": True})

    def __call__(self, operation: str, request: Json, key: str = "test", **headers: str) -> Any:
        """Send a request; return the parsed body of the answer, which may be an error."""
        return orjson.loads(self.answer(operation, orjson.dumps(request), key, **headers).body)

    def answer(self, operation: str, body: bytes, key: str = "test", **headers: str) -> Answer:
        """Send a request with this body; return the answer. Names of headers have `_` for `-`."""
        place = f"{self.place}; " if self.place else ""
        fields = {
            b"content-type": b"application/x-amz-json-1.0",
            b"x-amz-target": target(operation).encode(),
            b"x-amz-date": b"20260101T000000Z",
            b"authorization": AUTHORIZATION.format(key=key, region="us-east-1").encode(),
            b"user-agent": b"test",
            examining.PLACE: f"{place}client={self.client}".encode(),
            **{name.replace("_", "-").encode(): value.encode() for name, value in headers.items()},
        }
        try:
            answer = self._front.endpoint.answer("POST", b"", fields, body)
        except Pending as pending:
            answer = finish(pending.steps)
        ring = self._evidence._ring
        if self._later:
            exchange = Exchange(*ring.pop())
            later = exchange.began + self._later, exchange.ended + self._later
            ring.append(exchange._replace(began=later[0], ended=later[1]))
        return answer

    def pause(self, seconds: float) -> None:
        """Report all later requests to the advisor as if they came `seconds` later."""
        self._later += seconds

    @property
    def _evidence(self) -> evidence.Evidence:
        found = self._db.emulator.evidence
        assert isinstance(found, evidence.Evidence)
        return found

    def advice(self, **body: Any) -> Any:
        """Return what the control `find_advice` returns."""
        return registry.call(self._db.emulator, "find_advice", body)

    def findings(self, **body: Any) -> list[Any]:
        """Return the findings of the control `find_advice`."""
        found: list[Any] = self.advice(**body)["Findings"]
        return found

    def policy(self, **body: Any) -> Sequence[Any]:
        """Return the statements of the policy that the control `find_iam_policy` returns."""
        found: Sequence[Any] = registry.call(self._db.emulator, "find_iam_policy", body)["Statement"]
        return found
