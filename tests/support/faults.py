"""Faults on an emulator in process: rules, and requests that may wait or end without an answer."""

import json
from typing import Any, NamedTuple

from emulator.controls import registry
from emulator.errors import ApiError
from emulator.slices import Dropped, Sliced
from tests.support.in_process import InProcess


class Outcome(NamedTuple):
    """What became of a request.

    answer: parsed. error: its code, if it failed. dropped: whether there was no answer. waited: how
    many seconds it waited.
    """

    answer: Any = None
    error: str | None = None
    dropped: bool = False
    waited: float = 0.0


def fault(db: InProcess, kind: str, match: dict[str, Any] | None = None, seed: int = 0, **members: Any) -> str:
    """Add a rule; return its name."""
    body = {"Match": match or {}, "Effect": {"Kind": kind, **members}, "Seed": seed}
    name: str = registry.call(db.emulator, "faults", body)["Id"]
    return name


def counts(db: InProcess) -> list[tuple[int, int]]:
    """Return how many requests each rule has matched and hit, in the order of the rules."""
    return [(each["Matched"], each["Hits"]) for each in registry.call(db.emulator, "show_faults", {})["Faults"]]


def outcome(db: InProcess, operation: str, request: dict[str, Any]) -> Outcome:
    """Send a request; run its slices without waiting; return what became of it."""
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
