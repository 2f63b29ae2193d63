"""Values of a partition key that get most of the requests.

This rule finds tables and indexes where one of ten or more values of the partition key gets at
least half of the requests. It also finds values that reach the limit of a partition.

One partition gives at most 1,000 write units and 3,000 read units in a second. Requests beyond that
are throttled, even if the table has throughput left. Spread the writes over several values of the
key, and keep values that are read very often in a cache.
"""

from typing import Final

from emulator.advisor.calls import Call
from emulator.advisor.recent import Recent
from emulator.advisor.rule import Confidence, Noting, Rule, Verdict, counted, units
from emulator.advisor.tally import Note, Tally

_MANY: Final = 500  # a finding needs at least this many requests to a table or index
_VALUES: Final = 10  # a finding needs at least this many values of the partition key
_HALF: Final = 0.5
_WRITES, _READS = 1_000.0, 3_000.0  # the maximum number of units that a partition gives in a second
# the maximum number of partition key values whose units in the current second are remembered
_MOST: Final = 2_000


class _Watcher(Noting):
    def __init__(self, note: Note) -> None:
        super().__init__(note)
        self._seconds: Recent[tuple[str, str, str, str, str], list[float]] = Recent(_MOST)

    def see(self, call: Call) -> None:
        for access in call.accesses:
            if not access.partition:
                continue
            tally = self.note(call, access, everywhere=True)
            tally.count_names([access.partition])
            which = call.access_key, call.region, access.table, access.index, access.partition
            second = self._seconds.get(which)
            if second is None or second[0] != int(call.time):
                second = [float(int(call.time)), 0.0, 0.0]
                self._seconds.keep(which, second)
            second[1] += access.read
            second[2] += access.write
            tally.peaks["read"] = max(second[1], tally.peaks.get("read", 0.0))
            tally.peaks["write"] = max(second[2], tally.peaks.get("write", 0.0))


def _judge(tally: Tally) -> Verdict | None:
    read, write = tally.peaks.get("read", 0.0), tally.peaks.get("write", 0.0)
    [(hottest, times)] = tally.names.most_common(1)
    share = times / tally.count
    advice = (
        "Spread the writes over several values of the partition key, for example with a suffix from 1 to N. "
        "Keep items that are read very often in a cache."
    )
    if read >= _READS or write >= _WRITES:
        evidence = (
            f"In one second, one value of the partition key consumed up to {units(read)} for reads "
            f"and up to {units(write)} for writes."
        )
        return Verdict(Confidence.certain, (evidence,), advice)
    if tally.count < _MANY or len(tally.names) + bool(tally.more) < _VALUES or share < _HALF:
        return None
    evidence = f"{hottest} had {share:.0%} of {counted(tally.count, 'access', 'accesses')}."
    return Verdict(Confidence.possible, (evidence,), advice)


RULE: Final = Rule(
    "hot-partitions",
    "One value of the partition key gets most of the requests",
    "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-uniform-load.html",
    _Watcher,
    _judge,
)
