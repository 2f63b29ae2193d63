"""Retries of updates that are not idempotent.

This rule finds updates without a condition that add to a number or append to a list, and that an
SDK sent more than once. The header in which the SDK counts its attempts shows this.

SDKs repeat a request when its answer does not come in time. If the service has done the first
attempt, it adds the number twice. Use a condition that fails the second time, such as a condition
on a version number. Or use TransactWriteItems, whose ClientRequestToken makes repeated requests
harmless.
"""

from typing import Final

from emulator.advisor.calls import Call
from emulator.advisor.recent import Recent
from emulator.advisor.rule import Confidence, Noting, Rule, Verdict, counted
from emulator.advisor.tally import Note, Tally

# The maximum number of remembered updates. They show whether a retry has changed an item twice.
_MOST: Final = 5_000


class _Watcher(Noting):
    def __init__(self, note: Note) -> None:
        super().__init__(note)
        self._done: Recent[str, None] = Recent(_MOST)

    def see(self, call: Call) -> None:
        if not call.invocation:
            return
        for access in call.accesses:
            if call.operation != "UpdateItem" or access.condition or not access.computed:
                continue
            if call.attempt > 1:
                tally = self.note(call, access)
                tally.figures["twice"] += call.invocation in self._done
                tally.count_names(access.computed)
            self._done.keep(call.invocation, None)


def _judge(tally: Tally) -> Verdict | None:
    twice = int(tally.figures["twice"])
    evidence = [f"{counted(tally.count, 'update')} of {tally.top()} came again from an SDK."]
    if twice:
        evidence.append(f"{counted(twice, 'update')} had already been done, and changed the value twice.")
    advice = (
        "Give the update a condition that fails the second time, for example on a version number. "
        "Or send it with TransactWriteItems and a ClientRequestToken."
    )
    return Verdict(Confidence.certain if twice else Confidence.likely, evidence, advice)


RULE: Final = Rule(
    "retried-updates",
    "An SDK repeated an update that is not idempotent",
    "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html",
    _Watcher,
    _judge,
)
