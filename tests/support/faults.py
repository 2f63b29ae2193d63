"""Faults on an emulator in process: adds rules, and sends requests that may meet a fault."""

import json
from typing import Any, NamedTuple

from emulator.controls import registry
from emulator.errors import ApiError
from emulator.slices import Dropped, Sliced
from tests.support.in_process import InProcess


class Outcome(NamedTuple):
    """The outcome of a request.

    answer: the parsed body. error: the code of the error, or None. dropped: whether a fault left
    the request without an answer. waited: the sum of the pauses in seconds.
    """

    answer: Any = None
    error: str | None = None
    dropped: bool = False
    waited: float = 0.0


def fault(db: InProcess, kind: str, match: dict[str, Any] | None = None, seed: int = 0, **members: Any) -> str:
    """Add a rule with an effect of this kind; return the rule's id."""
    body = {"Match": match or {}, "Effect": {"Kind": kind, **members}, "Seed": seed}
    name: str = registry.call(db.emulator, "faults", body)["Id"]
    return name


def counts(db: InProcess) -> list[tuple[int, int]]:
    """Return for each rule how many requests it has matched, and how many got its effect."""
    return [(each["Matched"], each["Hits"]) for each in registry.call(db.emulator, "show_faults", {})["Faults"]]


def outcome(db: InProcess, operation: str, request: dict[str, Any]) -> Outcome:
    """Send a request, without waiting in its pauses; return its outcome."""
    waited = 0.0
    raw = json.loads(json.dumps(request))
    try:
        try:
            answer = db.emulator.call(operation, raw, db.caller)
        except Sliced as sliced:
            while True:
                try:
                    pause = next(sliced.steps)
                except StopIteration as end:
                    answer = end.value
                    break
                waited += pause or 0.0
    except ApiError as error:
        return Outcome(error=error.code, answer=error.body(), waited=waited)
    except Dropped:
        return Outcome(dropped=True, waited=waited)
    return Outcome(json.loads(answer), waited=waited)
