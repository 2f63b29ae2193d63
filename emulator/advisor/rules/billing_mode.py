"""On-demand capacity where provisioned capacity would cost less, and the other way round.

This rule compares the units that a table used in this run with what the other capacity mode would
need. It examines only runs of at least ten minutes.

One provisioned unit for an hour costs about as much as 1,040 on-demand units. So a steady load is
cheaper with provisioned capacity. A load with long pauses and short peaks is cheaper with on-demand
capacity. A run of tests is seldom like production. So repeat the comparison with a recording of
requests in production.
"""

from typing import Final

from emulator.advisor.calls import Call
from emulator.advisor.recent import Recent
from emulator.advisor.rule import Confidence, Noting, Rule, Verdict, cost, units
from emulator.advisor.tally import Note, Tally

_SECONDS: Final = 600.0  # a finding needs a run of at least this length
_HOUR: Final = 3_600
_AS_MUCH: Final = 1_040  # on-demand units that cost as much as one provisioned unit for an hour
_HALF: Final = 0.5  # in a finding, the other mode costs less than this fraction of the present cost
_MANY: Final = 1_000  # a finding needs a table that used at least this many units in the run
_MOST: Final = 1_000  # the maximum number of tables for which the watcher remembers the units of the current second


class _Watcher(Noting):
    def __init__(self, note: Note) -> None:
        super().__init__(note)
        self._seconds: Recent[tuple[str, str, str], list[float]] = Recent(_MOST)

    def see(self, call: Call) -> None:
        for access in call.accesses:
            if access.facts is None or access.index:
                continue
            tally = self.note(call, access, everywhere=True)
            which = call.access_key, call.region, access.table
            second = self._seconds.get(which)
            if second is None or second[0] != int(call.time):
                second = [float(int(call.time)), 0.0, 0.0]
                self._seconds.keep(which, second)
            second[1] += access.read
            second[2] += access.write
            for name, value in (
                ("read", second[1]),
                ("write", second[2]),
                ("last", call.time),
                ("first", -call.time),
                ("provisioned", 0.0 if access.facts.on_demand else access.facts.read_units + access.facts.write_units),
            ):
                tally.peaks[name] = max(value, tally.peaks.get(name, value))


def _judge(tally: Tally) -> Verdict | None:
    peaks = tally.peaks
    seconds = peaks["last"] + peaks["first"]
    used = tally.read + tally.write
    if seconds < _SECONDS or used < _MANY:
        return None
    hourly = used / seconds * _HOUR
    highest = peaks["read"] + peaks["write"]
    provisioned = peaks["provisioned"]
    load = f"The table used {cost(tally.read, tally)} for reads and {cost(tally.write, tally)} for writes"
    evidence = [f"{load} in {seconds / 60:,.0f} minutes, at most {highest:,.0f} in a second."]
    if not provisioned and highest * _AS_MUCH < hourly * _HALF:
        evidence.append(
            f"{units(highest)} provisioned for an hour cost as much as {highest * _AS_MUCH:,.0f} on-demand units."
        )
        return Verdict(Confidence.possible, evidence, "Compare the cost with provisioned capacity and auto scaling.")
    if provisioned and hourly < provisioned * _AS_MUCH * _HALF:
        evidence.append(
            f"The table's {units(provisioned)}, provisioned for an hour, cost as much as "
            f"{provisioned * _AS_MUCH:,.0f} on-demand units."
        )
        return Verdict(Confidence.possible, evidence, "Compare the cost with on-demand capacity, or provision less.")
    return None


RULE: Final = Rule(
    "billing-mode",
    "The other capacity mode may cost less",
    "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/capacity-mode.html",
    _Watcher,
    _judge,
)
