"""Adds and removes fault rules, and runs requests with the effects of the rules that hit them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from functools import partial
from typing import Any, Final

from emulator import errors
from emulator.database.catalog.catalog import Caller
from emulator.database.database import Database
from emulator.database.throughput.gate import Gate
from emulator.faults.effects import Conflict, Failure, Silence, Throttle, Unprocessed
from emulator.faults.plans import Plan, plan_of
from emulator.faults.refusals import Refusals
from emulator.faults.rule_store import CommonMemory, OwnMemory, RuleStore
from emulator.faults.rules import Rule, check, rule_of
from emulator.faults.touching import with_limit, writes_of
from emulator.settings import Settings
from emulator.shared_memory import SharedMemory
from emulator.slices import Dropped, Sliced, Steps, with_hooks

_PIECE: Final = 0.25  # seconds; a pause is cut into pieces of this length, so that it ends early if the server stops

_INSIDE: Final = Throttle | Unprocessed | Conflict

_OF_SETTINGS: Final[Mapping[str, Sequence[str]]] = {
    "error_probability": ("Read", "Write"),
    "read_error_probability": ("Read",),
    "write_error_probability": ("Write",),
}
"""Name of a setting -> the groups of operations whose requests the setting throttles.

The setting's value is the share of these requests that the server throttles.
"""


class Faults:
    """The fault rules of a server, as one of its processes applies them.

    answer: the function that answers a request without faults.
    switch: a function that sets which function answers the requests of the process. It is called
    with `self.call` if there are rules, and with None (for answers without faults) if there are no
    rules.
    """

    def __init__(
        self,
        database: Database,
        answer: Callable[[str, object, Caller], bytes],
        switch: Callable[[Callable[[str, object, Caller], bytes] | None], None],
        sharing: SharedMemory | None = None,
    ) -> None:
        self._database = database
        self._answer = answer
        self._switch = switch
        self._store = RuleStore(OwnMemory() if sharing is None else CommonMemory(sharing))
        self._rules: list[Rule] = []
        self._version = -1  # the version of the rule store from which `_rules` was read
        self._gate = Gate()
        self._started_with: list[int] = []
        self.stopping = False
        """True if the server is stopping. Then all pauses of requests end early."""

    # --- rules ------------------------------------------------------------------------------------

    def start(self, settings: Settings) -> None:
        """Add the rules that settings such as --error-probability ask for.

        If another process of the server has added them, only read them.
        """
        bodies = [
            _throttles(operations, share)
            for name, operations in _OF_SETTINGS.items()
            if (share := getattr(settings, name))
        ]
        if not self._store.used:
            for body in bodies:
                self.add(body)
        self._started_with = [number for number, _, body in self._store.rules() if body in bodies]
        self.adopt()

    def add(self, body: Mapping[str, Any]) -> str:
        """Add a rule; return its name, such as "f-1".

        Raises WrongRule if `body` is not a valid rule, and RuleStoreFull if there is no room for
        another rule. A process applies the rule after its next call of `adopt`.
        """
        check(body)
        number, slot, _ = self._store.add(dict(body))
        return rule_of(body, number, slot).id

    def remove(self, name: str | None = None) -> int:
        """Remove the rule with this name from the rule store. Return the number of removed rules.

        name: None to remove all rules.
        """
        kept = [] if name is None else [each.number for each in self._entries() if each.id != name]
        return self._store.keep(kept)

    def reset(self) -> None:
        """Remove all rules but those that settings ask for.

        Other processes stop applying the removed rules at their next request.
        """
        self._store.keep(self._started_with)
        self.adopt()

    def adopt(self) -> None:
        """Read the rules from the rule store, and apply them in this process from now on."""
        self._version = self._store.version
        self._rules = list(self._entries())
        inside = any(isinstance(rule.effect, _INSIDE) for rule in self._rules)
        enforcer = self._database.enforcer
        if inside != (enforcer.gate is not None):
            enforcer.gate = self._gate if inside else None
            self._database.catalog.recompile()
        self._switch(self.call if self._rules else None)

    @property
    def in_force(self) -> bool:
        """True if this process applies at least one rule."""
        return bool(self._rules)

    def shown(self) -> list[dict[str, Any]]:
        """Return all rules as JSON, each with the numbers of requests that it matched and hit."""
        return [self._shown(rule) for rule in self._entries()]

    def rule(self, name: str) -> dict[str, Any] | None:
        """Return a rule as JSON, with the numbers of requests that it matched and hit.

        Return None if no rule has this name.
        """
        return next((self._shown(rule) for rule in self._entries() if rule.id == name), None)

    def _shown(self, rule: Rule) -> dict[str, Any]:
        counts = self._store.counts(rule.slot)
        return {
            "Id": rule.id,
            "Match": rule.body.get("Match", {}),
            "Effect": rule.body["Effect"],
            "Seed": rule.seed,
            "Matched": counts.matched,
            "Hits": counts.hits,
        }

    def _entries(self) -> Iterator[Rule]:
        return (rule_of(body, number, slot) for number, slot, body in self._store.rules())

    # --- requests ---------------------------------------------------------------------------------

    def call(self, operation: str, raw: object, caller: Caller) -> bytes:
        """Answer one request, with the effects of the rules that hit it.

        Raises ApiError if the answer is an error, Dropped if the connection must be closed without
        an answer, and Sliced if the answer is made in slices, for example because of a pause.
        """
        if self._version != self._store.version:
            self.adopt()
        plan = plan_of(self._rules, self._store, operation, raw, caller)
        if plan is None:
            return self._answer(operation, raw, caller)
        steps = self._steps(plan, operation, raw, caller)
        try:
            pause = next(steps)
        except StopIteration as end:
            answer: bytes = end.value
            return answer
        raise Sliced(_after_pause(pause, steps))

    def _steps(self, plan: Plan, operation: str, raw: object, caller: Caller) -> Steps[bytes]:
        yield from self._wait(plan.before)
        if plan.end is not None and not plan.end.after:
            return (yield from self._end(plan.end))
        if plan.items is not None:
            raw = with_limit(operation, raw, plan.items)
        answer = yield from self._run(plan, operation, raw, caller)
        yield from self._wait(plan.after)
        if plan.end is not None:
            return (yield from self._end(plan.end))
        return answer

    def _refuse_without_units(self, plan: Plan, operation: str, raw: object) -> None:
        """Raise a throttling error if a rule throttles an operation that consumes no units.

        Such an operation never passes the gate (database/throughput/gate.py), where all other
        operations are throttled.
        """
        if operation != "SearchVectors" and writes_of(operation, raw) is not None:
            return
        for rule, _, _ in plan.inside:
            if isinstance(rule.effect, Throttle):
                error = errors.rate_exceeded()
                log = self._database.enforcer.throttles
                log.operation, log.fault = operation, rule.id
                log.add(None, "Read", None, None, error, None)
                raise error

    def _wait(self, seconds: float) -> Steps[None]:
        """Wait for some seconds, in pieces. Stop waiting early if the server stops."""
        while seconds > 0 and not self.stopping:
            yield min(seconds, _PIECE)
            seconds -= _PIECE

    def _end(self, end: Failure | Silence) -> Steps[bytes]:
        """End a request. For a Failure, raise ApiError with its code.

        For a Silence, wait, then raise Dropped, which closes the connection.
        """
        if isinstance(end, Failure):
            raise errors.service_unavailable() if end.code == "ServiceUnavailable" else errors.internal_server_error()
        yield None  # end the first step, because the first step must not raise Dropped (slices.py)
        yield from self._wait(end.seconds)
        raise Dropped

    def _run(self, plan: Plan, operation: str, raw: object, caller: Caller) -> Steps[bytes]:
        """Run a request.

        While a step of the request runs, the gate has the effects that act inside the request's
        operation. Between two steps, other requests run, so these effects are taken out of the
        gate.
        """
        if not plan.inside:
            try:
                return self._answer(operation, raw, caller)
            except Sliced as sliced:
                rest = sliced.steps
            return (yield from rest)
        self._refuse_without_units(plan, operation, raw)
        refusals = Refusals(caller, plan.inside, self._database.enforcer.throttles)
        self._open(refusals)
        try:
            return self._answer(operation, raw, caller)
        except Sliced as sliced:
            rest = sliced.steps
        finally:
            self._open(None)
        return (yield from with_hooks(rest, partial(self._open, refusals), partial(self._open, None)))

    def _open(self, refusals: Refusals | None) -> None:
        """Set the effects that the gate applies inside an operation.

        refusals: the effects; None to apply none from now on.
        """
        self._gate.injection = refusals


def _throttles(operations: Sequence[str], share: float) -> dict[str, Any]:
    """Return the JSON of a rule that throttles a share of the requests for some operations."""
    return {"Match": {"Operation": list(operations), "Share": share}, "Effect": {"Kind": "Throttle"}}


def _after_pause(pause: float | None, steps: Steps[bytes]) -> Steps[bytes]:
    """Yield `pause`, then run the remaining steps.

    pause: the value that the first step has yielded already.
    """
    with closing(steps):
        yield pause
        return (yield from steps)
