"""Random writes delivered to a flaky function: nothing is lost, each item's order is kept."""

from collections import defaultdict
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from emulator.event_sources.service import FunctionService
from tests.support.profile import profile
from tests.support.stages import DONE, FAILED, UNREACHABLE, Stage, configured, failing, sequences

KEYS = "abcdef"
WRITE = st.tuples(st.just("write"), st.lists(st.sampled_from(KEYS), min_size=1, max_size=12))
DELIVER = st.tuples(st.just("deliver"), st.lists(st.sampled_from(["done", "done", "failed", "report", "unreachable"])))
PASS = st.tuples(st.just("pass"), st.sampled_from([0.5, 2, 60, 4 * 3600]))
RESTART = st.tuples(st.just("restart"), st.none())
MEMBERS = st.fixed_dictionaries(
    {
        "BatchSize": st.integers(1, 6),
        "ParallelizationFactor": st.integers(1, 4),
        "BisectBatchOnFunctionError": st.booleans(),
        "MaximumBatchingWindowInSeconds": st.sampled_from([0, 0, 5]),
        "StartingPosition": st.sampled_from(["TRIM_HORIZON", "LATEST"]),
    }
)


class Run:
    """One emulator, the writes to it, and the records that its function accepted."""

    def __init__(self, folder: Path, shards: int, members) -> None:
        self.stage = Stage(configured(folder, in_memory=True, stream_shards=shards))
        self.stage.mapping(self.stage.table(), FunctionResponseTypes=["ReportBatchItemFailures"], **members)
        self.written = defaultdict(list)
        self.taken = defaultdict(list)
        self.restarts = 0

    def write(self, keys) -> None:
        for key in keys:
            value = len(self.written[key])
            self.stage.put(key, value)
            self.written[key].append(value)

    def deliver(self, outcomes) -> None:
        """Invoke functions that are due. They return the given outcomes in order, then
        always "done".
        """
        outcomes = iter(outcomes)
        while due := self.stage.due():
            for invocation, records in due:
                self.stage.service.finished(invocation, self.outcome(next(outcomes, "done"), records))

    def outcome(self, kind, records):
        if kind == "failed":
            return FAILED
        if kind == "unreachable":
            return UNREACHABLE
        if kind == "report":
            middle = len(records) // 2
            self.take(records[:middle])
            return failing(sequences(records)[middle])
        self.take(records)
        return DONE

    def take(self, records) -> None:
        for record in records:
            image = record["dynamodb"]["NewImage"]
            self.taken[image["pk"]["S"]].append(int(image["n"]["N"]))

    def tick(self, seconds) -> None:
        self.stage.clock.advance(seconds)
        while self.stage.emulator.tick():
            pass

    def restart(self, _=None) -> None:
        """Start a new FunctionService: the state in memory is lost, as in a crash."""
        self.stage.service = FunctionService(self.stage.emulator.database, self.stage.emulator.settings)
        self.restarts += 1


@profile(60)
@given(st.integers(1, 3), MEMBERS, st.lists(st.one_of(WRITE, DELIVER, PASS, RESTART), max_size=14))
def test_nothing_is_lost_and_each_items_order_is_kept(shards, members, steps):
    with TemporaryDirectory() as folder:
        run = Run(Path(folder), shards, members)
        age = 0
        for step, argument in steps:
            if step == "pass":
                age += argument
                if age > 20 * 3600:  # later, the emulator may give records up because of their age
                    continue
                run.tick(argument)
            else:
                getattr(run, step)(argument)
        for _ in range(4):
            run.tick(61)
            run.deliver([])
        run.stage.emulator.close()
    for key, values in run.written.items():
        firsts = list(dict.fromkeys(run.taken[key]))
        assert firsts == values
        if not run.restarts:
            assert run.taken[key] == values
