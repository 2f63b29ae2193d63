"""What a stream and point-in-time recovery add to a write, and the time to read stream records.

These benchmarks run in process, from parsed JSON.

Targets: PutItem of 1 KB takes at most 1.6 times as long with a NEW_AND_OLD_IMAGES stream, and
GetRecords of 1,000 records of 1 KB at most 10 ms.

Before each round, the records of the last one are trimmed. So the stream has a constant size, as
after a day of writes. Otherwise, most of the time would be the system's work to provide 3 KB of new
memory for each record. `make test` runs each benchmark once and checks only its answer.
"""

import json
import time
from itertools import cycle

import pytest

from emulator.app import Emulator
from emulator.clock import ManualClock
from tests.support.engines import settings_of_engine
from tests.bench.bodies import batch, create, put
from tests.bench.items import item_1k
from tests.support.stream_reading import iterator, read_all, shards_of, stream_of

WRITES = 10  # different items; each write changes one, because only changes make records
ROUND = 300
ROUNDS = 60
DAY_AND_HOUR = 90_000
RECORDS = 1_300  # more than a page of GetRecords has
TABLES = {
    "without": (None, False),
    "KEYS_ONLY": ("KEYS_ONLY", False),
    "NEW_AND_OLD_IMAGES": ("NEW_AND_OLD_IMAGES", False),
    "recovery": (None, True),
    "NEW_AND_OLD_IMAGES, recovery": ("NEW_AND_OLD_IMAGES", True),
}
"""Name -> the view type of the table's stream, and whether the table has recovery."""

RECOVERY = {"PointInTimeRecoveryEnabled": True, "RecoveryPeriodInDays": 1}
PAGES = {"NEW_IMAGE": (800, 1_000), "KEYS_ONLY": (1_000, 1_000)}
"""View type -> least and greatest number of records in a page of 1 MB, for items of 1 KB."""

pytestmark = pytest.mark.benchmark(timer=time.process_time)


@pytest.fixture
def emulator(engine_name, tmp_path):
    made = Emulator(settings_of_engine(engine_name, tmp_path / "data", stream_shards=1), ManualClock())
    yield made
    made.close()


def caller_of(emulator):
    caller = emulator.caller("AKID", "us-east-1")

    def call(operation, request=None, **members):
        return json.loads(emulator.call(operation, request or members, caller) or "{}")

    return call, caller


def with_stream(view):
    return {} if view is None else {"StreamSpecification": {"StreamEnabled": True, "StreamViewType": view}}


@pytest.mark.parametrize("name", TABLES)
def test_put_item(emulator, benchmark, name):
    call, caller = caller_of(emulator)
    view, recovery = TABLES[name]
    call("CreateTable", create("puts") | with_stream(view))
    if recovery:
        call("UpdateContinuousBackups", TableName="puts", PointInTimeRecoverySpecification=RECOVERY)
    turn = cycle([put("puts", item_1k(number, a=a)) for a in (1, 2) for number in range(WRITES)]).__next__

    def trim():
        emulator.clock.advance(DAY_AND_HOUR)
        emulator.tick()
        emulator.database.background.run_all()

    def puts():
        for _ in range(ROUND):
            emulator.call("PutItem", turn(), caller)

    benchmark.group = f"{ROUND} PutItem of 1 KB, by the table's stream and recovery"
    benchmark.pedantic(puts, setup=trim, rounds=ROUNDS, warmup_rounds=2)
    if view is not None:
        assert len(read_all(call, stream_of(call, "puts"))) == ROUND


@pytest.mark.parametrize("view", PAGES)
def test_get_records(emulator, benchmark, view):
    """A page of GetRecords: 1,000 records, or fewer if they have more than 1 MB.

    The report has the number of records in `extra_info`.
    """
    call, caller = caller_of(emulator)
    call("CreateTable", create("puts") | with_stream(view))
    for start in range(0, RECORDS, 25):
        call("BatchWriteItem", batch("puts", [item_1k(number) for number in range(start, start + 25)]))
    arn = stream_of(call, "puts")
    (shard,) = shards_of(call, arn)
    request = {"ShardIterator": iterator(call, arn, shard["ShardId"])}
    benchmark.group = "GetRecords, a page"
    answer = benchmark(emulator.call, "GetRecords", request, caller)
    count = len(json.loads(answer)["Records"])
    benchmark.extra_info["records"] = count
    fewest, most = PAGES[view]
    assert fewest <= count <= most
