"""Values of the TTL attribute that are not seconds since 1970.

This rule finds items whose time to live is a text, or a number that is too large or too small to be
seconds since 1970: milliseconds, for example.

The service ignores such a value, and the item never expires. Milliseconds, read as seconds, mean a
time about fifty thousand years from now. TTL must be a number: whole seconds since 1970-01-01, in
UTC.
"""

from typing import Final

from emulator.advisor.calls import Call
from emulator.advisor.rule import Confidence, Noting, Rule, Verdict, counted
from emulator.advisor.tally import Tally

_LATEST: Final = 1e11  # seconds: the year 5138; larger numbers are usually milliseconds
_EARLIEST: Final = 1e8  # seconds: 1973; smaller numbers are usually durations


class _Watcher(Noting):
    def see(self, call: Call) -> None:
        for access in call.accesses:
            name = "" if access.facts is None else access.facts.ttl
            value = (access.item or access.assigned).get(name) if name and access.writes else None
            if value is None:
                continue
            tag, content = next(iter(value.items()))
            kind = _kind(float(content)) if tag == "N" else "text" if tag == "S" else "another type"
            if kind:
                self.note(call, access, detail=name).count_names([kind])


def _kind(number: float) -> str:
    if number > _LATEST:
        return "milliseconds or a smaller unit"
    return "a duration" if 0 < number < _EARLIEST else ""


def _judge(tally: Tally) -> Verdict | None:
    evidence = (f"{counted(tally.count, 'item')} have a value of {tally.subject.detail} that is {tally.top()}.",)
    advice = "Store whole seconds since 1970 as a number, for example int(time.time()) + 3600."
    return Verdict(Confidence.certain, evidence, advice)


RULE: Final = Rule(
    "ttl-values",
    "Items never expire, because their TTL is not in seconds",
    "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/time-to-live-ttl-before-you-start.html",
    _Watcher,
    _judge,
)
