"""The feed of Kinesis destinations, on each engine: which records it returns, and in which order.

Also failures, restarts, and data that remain in the store afterwards.
"""

import json
import logging
from dataclasses import replace
from itertools import count

import pytest

from emulator.controls import registry
from emulator.database.store import keyspace
from emulator.kinesis import feed
from emulator.kinesis.feed import FIRST_BACK_OFF, LONGEST_BACK_OFF, KinesisFeed
from emulator.settings import Settings
from storage import Interrupted
from storage.keycode import prefix_end
from tests.support.engines import settings_of_engine
from tests.support.in_process import InProcess
from tests.support.invariants import dump
from tests.support.tables import table_request

ARN = "arn:aws:kinesis:us-east-1:000000000000:stream/orders"
ENDPOINT = "http://127.0.0.1:9"  # no test connects to it
UNCHANGED = "Invalid Request: Precision is already set to the desired value of {} for tableId: {}, kdsArn: {}"
HOURS = 3600
NOW = 1_700_000_000


class Fed(InProcess):
    """An emulator with a feed, for tests in which the table `tab` has a Kinesis destination.

    taken: the records that the feed has returned and that were not reported as failed.
    """

    def __init__(self, settings):
        super().__init__(settings)
        self.feed = KinesisFeed(self.emulator.database)
        self.taken = []

    def enable(self, **configuration):
        extra = {"EnableKinesisStreamingConfiguration": configuration} if configuration else {}
        return self("EnableKinesisStreamingDestination", TableName="tab", StreamArn=ARN, **extra)

    def disable(self):
        return self("DisableKinesisStreamingDestination", TableName="tab", StreamArn=ARN)

    def status(self):
        return self("DescribeKinesisStreamingDestination", TableName="tab")["KinesisDataStreamDestinations"][0][
            "DestinationStatus"
        ]

    def put(self, pk, value, **more):
        self("PutItem", TableName="tab", Item={"pk": {"S": pk}, "v": {"N": str(value)}, **more})

    def due(self):
        """Return the only batch that is due, or None."""
        batches = self.feed.due()
        assert len(batches) <= 1
        return batches[0] if batches else None

    def take(self, batch, failed=()):
        self.taken += [record for position, record in enumerate(batch.records) if position not in failed]
        self.feed.put(batch, failed)

    def drain(self):
        """Take batches until none is due; return `reported()`."""
        while batch := self.due():
            self.take(batch)
        return self.reported()

    def reported(self):
        """Return (partition key, new value) of each taken record, in order."""
        changes = [json.loads(record.data)["dynamodb"] for record in self.taken]
        return [(each["Keys"]["pk"]["S"], int(each["NewImage"]["v"]["N"])) for each in changes]

    def rows(self):
        """Finish all work; return the keys in the store that belong to streams and checkpoints."""
        self.emulator.database.background.run_all()
        first = {keyspace.stream(0)[0], keyspace.stream_records(0)[0], keyspace.checkpoints("")[0]}
        return [key for key, _ in dump(self.emulator.database) if key[0] in first or b"sequence" in key]


def settings_of(engine_name, folder, shards=1):
    return settings_of_engine(engine_name, folder, kinesis_endpoint=ENDPOINT, stream_shards=shards)


@pytest.fixture
def fed(engine_name, tmp_path):
    made = Fed(settings_of(engine_name, tmp_path / "data"))
    made("CreateTable", {**table_request("pk:S"), "TableName": "tab"})
    made.enable()
    yield made
    made.emulator.close()


def values(batch):
    return [int(json.loads(record.data)["dynamodb"]["NewImage"]["v"]["N"]) for record in batch.records]


# --- records --------------------------------------------------------------------------------------


def test_shape_of_a_record(fed):
    """The form is that of records from the service (behaviour 15).

    Users have published such records, for example in github.com/risingwavelabs/risingwave.
    """
    fed.clock.freeze(NOW + 0.125)
    fed.put("a", 1)
    fed("DeleteItem", TableName="tab", Key={"pk": {"S": "a"}})
    fed.due()
    batch = fed.due()
    record = json.loads(batch.records[0].data)
    assert list(record) == [
        *("awsRegion", "eventID", "eventName", "userIdentity", "recordFormat", "tableName", "dynamodb", "eventSource")
    ]
    assert len(record.pop("eventID")) == 36
    assert record == {
        "awsRegion": "us-east-1",
        "eventName": "INSERT",
        "userIdentity": None,
        "recordFormat": "application/json",
        "tableName": "tab",
        "dynamodb": {
            "ApproximateCreationDateTime": NOW * 1_000 + 125,
            "Keys": {"pk": {"S": "a"}},
            "NewImage": {"pk": {"S": "a"}, "v": {"N": "1"}},
            "SizeBytes": 9,
            "ApproximateCreationDateTimePrecision": "MILLISECOND",
        },
        "eventSource": "aws:dynamodb",
    }
    fed.take(batch)
    removed = json.loads(fed.due().records[0].data)
    assert removed["eventName"] == "REMOVE"
    assert set(removed["dynamodb"]) & {"NewImage", "OldImage"} == {"OldImage"}


def test_records_carry_the_time_in_the_precision_that_is_wanted(fed):
    """Milliseconds are the default. Disabling a destination restores the default (behaviour 15)."""
    table_id = fed("DescribeTable", TableName="tab")["Table"]["TableId"]

    def reported():
        (each,) = fed("DescribeKinesisStreamingDestination", TableName="tab")["KinesisDataStreamDestinations"]
        return each.get("ApproximateCreationDateTimePrecision")

    def unchanged(precision):
        update = {"UpdateKinesisStreamingConfiguration": {"ApproximateCreationDateTimePrecision": precision}}
        error = fed.error("UpdateKinesisStreamingDestination", TableName="tab", StreamArn=ARN, **update)
        assert error == ("ValidationException", UNCHANGED.format(precision, table_id, ARN))

    fed.put("a", 1)
    fed.drain()
    unchanged("MILLISECOND")
    assert reported() is None
    update = {"UpdateKinesisStreamingConfiguration": {"ApproximateCreationDateTimePrecision": "MICROSECOND"}}
    answer = fed("UpdateKinesisStreamingDestination", TableName="tab", StreamArn=ARN, **update)
    assert answer == {"TableName": "tab", "StreamArn": ARN, "DestinationStatus": "UPDATING", **update}
    assert fed.status() == "ACTIVE"
    fed.put("a", 2)
    fed.drain()
    times = [json.loads(record.data)["dynamodb"]["ApproximateCreationDateTime"] for record in fed.taken]
    assert times == [NOW * 1_000, NOW * 1_000_000]
    unchanged("MICROSECOND")
    assert reported() == "MICROSECOND"
    fed.put("a", 3)
    fed.disable()
    fed.drain()
    last = json.loads(fed.taken[-1].data)["dynamodb"]  # written before, so it has the old precision
    assert last["ApproximateCreationDateTimePrecision"] == "MICROSECOND"
    assert (fed.status(), reported()) == ("DISABLED", None)
    fed.enable()
    assert (fed.status(), reported()) == ("ACTIVE", None)
    unchanged("MILLISECOND")


def test_what_is_no_active_destination_cannot_be_updated(fed):
    """UpdateKinesisStreamingDestination needs an ACTIVE destination (behaviour 15)."""
    update = {"UpdateKinesisStreamingConfiguration": {"ApproximateCreationDateTimePrecision": "MICROSECOND"}}
    state = "Table is not in a valid state to enable Kinesis Streaming Destination: "
    error = fed.error("UpdateKinesisStreamingDestination", TableName="tab", StreamArn=ARN + "x", **update)
    missing = f"No streaming destination with streamArn: {ARN}x found for table with tableName: tab"
    assert error == ("ValidationException", state + missing)
    fed.disable()
    for status in ("DISABLING", "DISABLED"):
        assert fed.status() == status
        error = fed.error("UpdateKinesisStreamingDestination", TableName="tab", StreamArn=ARN, **update)
        inactive = "Kinesis streaming is not in ACTIVE state. Updates are only allowed in ACTIVE state. "
        assert error == ("ValidationException", f"{state}{inactive}TableName: tab, kdsArn: {ARN}")
        fed.clock.advance(HOURS)


def test_a_failed_destination_gets_no_records_and_leaves_nothing(fed):
    """A destination whose enabling failed gets no records.

    Another destination may be enabled beside it (control-plane 13).
    """
    fed.disable()
    fed.drain()
    bad = "arn:aws:kinesis:eu-west-1:000000000000:stream/orders"
    fed("EnableKinesisStreamingDestination", TableName="tab", StreamArn=bad)
    fed.put("a", 1)
    fed.clock.advance(1)
    assert (fed.drain(), fed.rows()) == ([], [])
    fed.enable()
    fed.put("a", 2)
    assert fed.drain() == [("a", 2)]


def test_the_record_of_an_expired_item_says_that_the_service_deleted_it(fed):
    fed(
        "UpdateTimeToLive",
        TableName="tab",
        TimeToLiveSpecification={"Enabled": True, "AttributeName": "until"},
    )
    fed.put("a", 1, until={"N": str(NOW + 10)})
    fed.clock.advance(2 * HOURS)
    for _ in range(10):
        fed.emulator.tick()
    while batch := fed.due():
        fed.take(batch)
    assert [json.loads(record.data)["userIdentity"] for record in fed.taken] == [
        None,
        {"type": "Service", "principalId": "dynamodb.amazonaws.com"},
    ]


def test_only_changes_while_the_destination_is_enabled_are_sent(engine_name, tmp_path):
    fed = Fed(settings_of(engine_name, tmp_path / "data"))
    fed("CreateTable", {**table_request("pk:S"), "TableName": "tab"})
    fed.put("a", 1)
    fed.enable()
    fed.put("a", 2)
    fed.disable()
    fed.put("a", 3)
    assert fed.drain() == [("a", 2)]
    fed.enable()
    fed.put("a", 4)
    assert fed.drain() == [("a", 2), ("a", 4)]
    fed.emulator.close()


# --- order, batches -------------------------------------------------------------------------------


def test_a_batch_has_one_record_of_each_item(fed):
    for number, pk in enumerate("aabac"):
        fed.put(pk, number)
    seen = []
    while batch := fed.due():
        seen.append(values(batch))
        fed.take(batch)
    assert seen == [[0, 2, 4], [1], [3]]
    keys = [record.key for record in fed.taken]
    assert len(set(keys)) == 3
    assert all(len(key) == 32 and key == key.upper() for key in keys)


def sizes(fed):
    """Take batches until none is due; return the number of records in each batch."""
    seen = []
    while batch := fed.due():
        seen.append(len(batch.records))
        fed.take(batch)
    return seen


def test_a_batch_has_at_most_500_records(engine_name, tmp_path):
    fed = Fed(settings_of(engine_name, tmp_path / "data", shards=8))
    fed("CreateTable", {**table_request("pk:S"), "TableName": "tab"})
    fed.enable()
    for number in range(700):
        fed.put(f"k{number}", number)
    assert sizes(fed) == [500, 200]
    fed.emulator.close()


@pytest.mark.parametrize(("limit", "expected"), [(1_000, [2, 2, 2, 1]), (1, [1] * 7)], ids=["small", "too small"])
def test_a_batch_has_at_most_so_many_bytes(fed, monkeypatch, limit, expected):
    """A record that is larger than the limit is a batch with one record."""
    monkeypatch.setattr(feed, "KINESIS_BATCH_BYTES", limit)
    for number in range(7):
        fed.put(f"k{number}", number)
    assert sizes(fed) == expected


def test_shards_take_turns(engine_name, tmp_path):
    fed = Fed(settings_of(engine_name, tmp_path / "data", shards=4))
    fed("CreateTable", {**table_request("pk:S"), "TableName": "tab"})
    fed.enable()
    for number in range(40):
        fed.put(f"k{number}", number)
    shards = [record.shard for record in fed.due().records]
    assert len(set(shards[:4])) == 4
    assert len(shards) == 40
    fed.emulator.close()


# --- lineage --------------------------------------------------------------------------------------


def test_parents_before_children(fed):
    for number in range(5):
        fed.put("a", number)
        fed.put("b", number)
        fed.clock.advance(4 * HOURS)
        fed.emulator.tick()
    shards = []
    while batch := fed.due():
        shards += [record.shard for record in batch.records]
        fed.take(batch)
    assert shards == sorted(shards)
    assert len(set(shards)) == 5
    assert fed.reported() == [(pk, number) for number in range(5) for pk in "ab"]


def test_a_child_waits_for_what_its_parent_could_not_put(fed):
    fed.put("a", 0)
    fed.clock.advance(4 * HOURS)
    fed.emulator.tick()
    fed.put("a", 1)
    for _ in range(3):
        batch = fed.due()
        assert values(batch) == [0]
        fed.take(batch, failed={0})
        fed.clock.advance(1)
    assert fed.drain() == [("a", 0), ("a", 1)]


# --- failures -------------------------------------------------------------------------------------


def test_failed_entries_are_tried_again_after_a_rest_and_hold_back_only_their_item(fed):
    for number, pk in enumerate("abab"):
        fed.put(pk, number)
    batch = fed.due()
    assert values(batch) == [0, 1]
    fed.take(batch, failed={0})
    assert fed.due() is None
    fed.clock.advance(FIRST_BACK_OFF)
    batch = fed.due()
    assert values(batch) == [0, 3]
    fed.take(batch)
    assert [value for pk, value in fed.drain() if pk == "a"] == [0, 2]
    assert [value for pk, value in fed.reported() if pk == "b"] == [1, 3]


def test_back_offs_grow_and_end_with_success(fed, caplog):
    fed.put("a", 1)
    waits = []
    for _ in range(12):
        fed.feed.failed(fed.due(), "connection refused")
        waited = 0.0
        while fed.due() is None:
            fed.clock.advance(0.1)
            waited += 0.1
        waits.append(waited)
    assert waits == pytest.approx([*(FIRST_BACK_OFF * 2**each for each in range(9)), *[LONGEST_BACK_OFF] * 3], abs=0.11)
    assert fed.drain() == [("a", 1)]
    fed.put("a", 2)
    fed.feed.failed(fed.due(), "connection refused")
    fed.clock.advance(FIRST_BACK_OFF)
    assert fed.due() is not None
    text = f"Kinesis stream {ARN} does not accept records; they wait and will be sent again: connection refused"
    assert [record.message for record in caplog.records if record.levelno == logging.WARNING] == [text] * 2


def test_a_clock_that_is_set_back_does_not_prolong_a_rest(fed):
    fed.put("a", 1)
    fed.feed.failed(fed.due(), "no")
    fed.clock.advance(-HOURS)
    assert fed.due() is not None


def test_a_record_that_is_refused_for_its_content_is_found_and_given_up(fed, caplog):
    for number in range(9):
        fed.put(f"k{number}", number)
    for _ in range(30):
        batch = fed.due()
        if batch is None:
            break
        if 4 in values(batch):
            fed.feed.refused(batch, "too large")
        else:
            fed.take(batch)
    assert sorted(fed.reported()) == [(f"k{number}", number) for number in range(9) if number != 4]
    assert [record.message for record in caplog.records if record.levelno == logging.WARNING] == [
        f"Kinesis stream {ARN} refused a record; it will not be sent again: too large"
    ]


# --- restarts -------------------------------------------------------------------------------------


def restarted(fed):
    """Give the emulator a new feed, which knows only what is in the store; return the emulator."""
    fed.feed = KinesisFeed(fed.emulator.database)
    return fed


def test_a_restart_goes_on_at_the_checkpoint(fed):
    for number in range(4):
        fed.put("ab"[number % 2], number)
    fed.take(fed.due())
    lost = fed.due()
    assert values(lost) == [2, 3]
    assert restarted(fed).drain() == [("a", 0), ("b", 1), ("a", 2), ("b", 3)]
    assert restarted(fed).due() is None


def test_what_failed_before_a_restart_is_put_after_it(fed):
    for number, pk in enumerate("abc"):
        fed.put(pk, number)
    fed.take(fed.due(), failed={1})
    assert restarted(fed).drain() == [("a", 0), ("c", 2), ("b", 1), ("c", 2)]  # c twice: at least once


def test_a_folder_that_is_opened_again(tmp_path):
    settings = settings_of("lmdb", tmp_path / "data", shards=2)
    fed = Fed(settings)
    fed("CreateTable", {**table_request("pk:S"), "TableName": "tab"})
    fed.enable()
    for number in range(8):
        fed.put(f"k{number}", number)
    fed.take(fed.due())
    fed.put("k0", 8)
    fed.emulator.close()
    again = Fed(settings)
    assert again.status() == "ACTIVE"
    assert again.drain() == [("k0", 8)]
    again.emulator.close()


def test_without_an_endpoint_records_wait_and_the_log_says_why(tmp_path, caplog):
    connected = settings_of("lmdb", tmp_path / "data")
    alone = Settings(data_dir=tmp_path / "data")
    text = (
        f"Kinesis destination {ARN} of table tab stays ENABLING: "
        "no Kinesis endpoint is configured (--kinesis-endpoint URL)"
    )
    fed = Fed(alone)
    fed("CreateTable", {**table_request("pk:S"), "TableName": "tab"})
    fed.enable()
    assert [record.message for record in caplog.records] == [text]
    fed.put("a", 1)
    fed.emulator.close()
    fed = Fed(alone)
    assert [record.message for record in caplog.records] == [text] * 2
    assert fed.status() == "ENABLING"
    fed.emulator.close()
    fed = Fed(connected)
    assert fed.status() == "ACTIVE"
    assert fed.drain() == [("a", 1)]
    fed.emulator.close()


# --- the change log goes --------------------------------------------------------------------------


def test_a_disabled_destination_gets_what_was_written_before(fed):
    fed.put("a", 1)
    assert fed.disable()["DestinationStatus"] == "DISABLING"
    fed.put("a", 2)
    assert fed.status() == "DISABLING"
    assert fed.error("EnableKinesisStreamingDestination", TableName="tab", StreamArn=ARN)[0] == "ValidationException"
    assert fed.drain() == [("a", 1)]
    fed.due()
    assert fed.status() == "DISABLED"
    assert fed.rows() == []


def test_with_delayed_statuses_disabling_is_shown_for_three_seconds(engine_name, tmp_path):
    delayed = {"kinesis_endpoint": ENDPOINT, "delay_transient_statuses": True}
    fed = Fed(settings_of_engine(engine_name, tmp_path / "data", **delayed))
    fed("CreateTable", {**table_request("pk:S"), "TableName": "tab"})
    fed.clock.advance(5)
    fed.enable()
    fed.clock.advance(5)
    assert fed.disable()["DestinationStatus"] == "DISABLING"
    for _ in range(3):
        fed.due()
        assert fed.status() == "DISABLING"
        fed.clock.advance(1)
    fed.due()
    assert fed.status() == "DISABLED"
    fed.emulator.close()


def test_a_destination_ends_on_the_newest_definition_of_its_table(fed, monkeypatch):
    """Another process changes the table while its destination ends, which interrupts the work.

    The work then must not store the definition that it read before.
    """
    fed.disable()
    catalog = fed.emulator.database.catalog
    change = catalog.change

    def interrupted(_):
        monkeypatch.setattr(catalog, "change", change)
        (table,) = catalog.everything()
        change(replace(table.definition, tags={"team": "a"}))
        raise Interrupted("another process has changed tables")

    monkeypatch.setattr(catalog, "change", interrupted)
    assert fed.due() is None
    (table,) = catalog.everything()
    assert (fed.status(), table.definition.tags) == ("DISABLED", {"team": "a"})


def test_a_disabled_destination_does_not_wait_for_ever(fed):
    fed.put("a", 1)
    fed.disable()
    fed.feed.failed(fed.due(), "no")
    fed.clock.advance(60)
    assert fed.status() == "DISABLED"
    assert fed.due() is None
    assert fed.rows() == []


def test_enabling_again_ends_a_disabling_that_the_clock_has_ended(fed):
    fed.put("a", 1)
    fed.disable()
    fed.clock.advance(60)
    fed.enable()
    fed.put("a", 2)
    assert fed.drain() == [("a", 2)]


def test_a_deleted_table_leaves_nothing(fed):
    fed.put("a", 1)
    batch = fed.due()
    fed("DeleteTable", TableName="tab")
    fed.take(batch)
    assert fed.due() is None
    fed.take(batch)
    assert fed.rows() == []


def test_the_log_is_trimmed_after_a_day(fed):
    """Records that cannot be put within a day are lost, as on the service."""
    numbers = count()
    for _ in range(12):
        for _ in range(5):
            fed.put("a", next(numbers))
        fed.clock.advance(4 * HOURS)
        for _ in range(5):
            fed.emulator.tick()
    fed.emulator.database.background.run_all()
    with fed.emulator.database.read() as txn:
        prefix = keyspace.stream_records(0)[:1]
        kept = sum(1 for _ in txn.scan(prefix, prefix_end(prefix)))
    assert kept <= 40
    assert fed.drain()[-1] == ("a", 59)


def test_what_waits_for_more_than_a_day_is_given_up(fed):
    fed.put("a", 0)
    fed.feed.failed(fed.due(), "no")
    for number in range(1, 9):
        fed.clock.advance(4 * HOURS)
        fed.emulator.tick()
        fed.put("a", number)
    reported = fed.drain()
    assert reported == [("a", number) for number in range(reported[0][1], 9)]
    assert 0 < reported[0][1] <= 3


def test_checkpoints_of_shards_that_are_gone_go_too(fed):
    for number in range(20):
        fed.put("a", number)
        fed.clock.advance(4 * HOURS)
        fed.emulator.tick()
        fed.drain()
    fed.emulator.database.background.run_all()
    kept = [key for key in fed.rows() if key[0] == keyspace.checkpoints("")[0]]
    assert len(kept) <= 8
    assert fed.reported() == [("a", number) for number in range(20)]


def test_nothing_is_put_before_it_is_committed(tmp_path):
    fed = Fed(replace(settings_of("lmdb", tmp_path / "data"), durable=True))
    engine = fed.emulator.database.engine
    fed("CreateTable", {**table_request("pk:S"), "TableName": "tab"})
    fed.enable()
    engine.group_writes(lambda: None)
    fed.put("a", 1)
    assert engine.pending
    assert fed.due() is None
    engine.commit()
    assert fed.drain() == [("a", 1)]
    fed.emulator.close()


def test_a_restored_log_is_fed_from_the_restored_checkpoint(fed):
    """A batch from before the restore that is reported after it does not move the checkpoint."""
    fed.put("a", 1)
    fed.drain()
    registry.call(fed.emulator, "snapshots/save", {"Name": "s"})
    fed.put("b", 2)
    assert fed.drain() == [("a", 1), ("b", 2)]
    fed.put("c", 3)
    batch = fed.due()
    registry.call(fed.emulator, "snapshots/restore", {"Name": "s"})
    fed.feed.put(batch)
    fed.put("d", 4)
    assert fed.drain() == [("a", 1), ("b", 2), ("d", 4)]
