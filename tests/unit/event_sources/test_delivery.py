"""Delivery of records to functions: order, checkpoints, batching windows, parent shards before
their children, restarts. For failures, see test_failures.py.
"""

import json
from collections import Counter

import pytest

from emulator.database.definitions.streams import sequence_text
from tests.support.stages import DONE, FAILED, Stage, configured, keys, sequences

DAY = 86_400


def test_event_has_lambdas_exact_shape(stage):
    arn = stage.table()
    stage.mapping(arn)
    stage.put("o-1", 1)
    stage.put("o-1", 2)
    stage("DeleteItem", TableName="Orders", Key={"pk": {"S": "o-1"}})
    [invocation] = stage.service.due()
    assert invocation.function_arn == "arn:aws:lambda:us-east-1:123456789012:function:process-order-changes"
    assert invocation.function.name == "process-order-changes"
    event = json.loads(invocation.payload)
    assert list(event) == ["Records"]
    first, second, third = event["Records"]
    assert first.pop("eventID") != second["eventID"]
    assert first == {
        "eventName": "INSERT",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "us-east-1",
        "dynamodb": {
            "ApproximateCreationDateTime": stage.clock.now(),
            "Keys": {"pk": {"S": "o-1"}},
            "NewImage": {"pk": {"S": "o-1"}, "n": {"N": "1"}},
            "SequenceNumber": sequence_text(1),
            "SizeBytes": 13,
            "StreamViewType": "NEW_AND_OLD_IMAGES",
        },
        "eventSourceARN": arn,
    }
    assert second["dynamodb"]["OldImage"] == first["dynamodb"]["NewImage"]
    assert (third["eventName"], "NewImage" in third["dynamodb"]) == ("REMOVE", False)


def test_deletion_by_ttl_has_a_user_identity_in_lower_case(stage):
    stage.mapping(stage.table(), FilterCriteria={"Filters": [{"Pattern": '{"userIdentity": {"type": ["Service"]}}'}]})
    stage("UpdateTimeToLive", TableName="Orders", TimeToLiveSpecification={"Enabled": True, "AttributeName": "n"})
    stage.put("old", int(stage.clock.now()) + 10)
    stage.clock.advance(120)
    while stage.emulator.tick():
        pass
    [(_, [record])] = stage.due()
    assert record["userIdentity"] == {"type": "Service", "principalId": "dynamodb.amazonaws.com"}
    assert record["eventSourceARN"].endswith(record["eventSourceARN"].split("/")[-1])


def test_records_come_in_order_and_batches(stage):
    stage.mapping(stage.table(), BatchSize=3)
    for number in range(7):
        stage.put(f"k{number}")
    [(invocation, records)] = stage.due()
    assert keys(records) == ["k0", "k1", "k2"]
    assert stage.due() == []  # the next batch waits for the end of this one
    stage.service.finished(invocation, DONE)
    assert stage.deliver() == [["k3", "k4", "k5"], ["k6"]]
    assert stage.deliver() == []
    stage.put("k7")
    assert stage.deliver() == [["k7"]]


def test_latest_begins_at_the_creation_and_trim_horizon_at_the_beginning(stage):
    arn = stage.table()
    stage.put("before")
    stage.mapping(arn, StartingPosition="LATEST")
    stage.mapping(arn, StartingPosition="TRIM_HORIZON", FunctionName="audit")
    stage.put("after")
    got = {invocation.function.name: keys(records) for invocation, records in stage.due()}
    assert got == {"process-order-changes": ["after"], "audit": ["before", "after"]}


def test_latest_reads_shards_that_come_later_from_their_beginning(stage):
    stage.mapping(stage.table(), StartingPosition="LATEST")
    stage.clock.advance(4 * 3600)
    stage.emulator.tick()
    stage.put("in the child")
    assert stage.deliver() == [["in the child"]]


def test_payload_stays_under_six_megabytes(stage):
    stage.mapping(stage.table(view="NEW_IMAGE"), BatchSize=10_000, MaximumBatchingWindowInSeconds=1)
    for number in range(20):
        item = {"pk": {"S": f"k{number:02}"}, "data": {"S": "x" * 390_000}}
        stage("PutItem", TableName="Orders", Item=item)
    sizes = []
    for _ in range(20):
        for invocation in stage.service.due():
            sizes.append(len(invocation.payload))
            stage.service.finished(invocation, DONE)
    assert (len(sizes), sum(sizes) < 20 * 390_000) == (1, True)
    assert (6 << 20) - 400_000 < sizes[0] <= 6 << 20
    stage.clock.advance(1)
    assert [len(records) for _, records in stage.due()] == [4]


# --- filters --------------------------------------------------------------------------------------


def test_records_that_do_not_match_count_as_processed(make_stage, tmp_path):
    stage = make_stage()
    uuid = stage.mapping(
        stage.table(), FilterCriteria={"Filters": [{"Pattern": '{"dynamodb": {"NewImage": {"n": {"N": ["1"]}}}}'}]}
    )
    stage.put("no", 0)
    stage.put("yes", 1)
    stage.put("no more", 2)
    assert stage.deliver() == [["yes"]]
    mapping = stage.service.mappings.get(uuid)
    assert list(stage.positions(mapping).values()) == [4]


def test_filters_of_an_update_hold_from_the_next_record_on(stage):
    uuid = stage.mapping(stage.table())
    stage.put("a")
    assert stage.deliver() == [["a"]]
    stage.api("PUT", f"/{uuid}", {"FilterCriteria": {"Filters": [{"Pattern": '{"eventName": ["REMOVE"]}'}]}})
    stage.put("b")
    assert stage.deliver() == []
    stage.api("PUT", f"/{uuid}", {"FilterCriteria": {"Filters": []}})
    stage.put("c")
    assert stage.deliver() == [["c"]]


# --- the batching window --------------------------------------------------------------------------


def test_window_gathers_until_it_is_over(stage):
    stage.mapping(stage.table(), MaximumBatchingWindowInSeconds=30)
    stage.put("a")
    assert stage.due() == []
    stage.clock.advance(29)
    stage.put("b")
    assert stage.due() == []
    stage.clock.advance(1)
    assert stage.deliver() == [["a", "b"]]


def test_full_batch_does_not_wait_for_its_window(stage):
    stage.mapping(stage.table(), MaximumBatchingWindowInSeconds=300, BatchSize=2)
    for key in "abc":
        stage.put(key)
    assert stage.deliver() == [["a", "b"]]
    stage.clock.advance(299)
    assert stage.deliver() == []
    stage.clock.advance(1)
    assert stage.deliver() == [["c"]]


def test_clock_that_is_set_back_does_not_prolong_a_window(stage):
    stage.mapping(stage.table(), MaximumBatchingWindowInSeconds=10)
    stage.put("a")
    stage.clock.advance(-1000)
    assert stage.due() == []
    stage.clock.advance(10)
    assert stage.deliver() == [["a"]]


# --- parallel batches -----------------------------------------------------------------------------


def test_parallel_batches_keep_the_order_of_each_key(stage):
    stage.mapping(stage.table(), ParallelizationFactor=4, BatchSize=5)
    for value in range(1, 11):
        for key in "abcdef":
            stage.put(key, value)
    seen = {key: [] for key in "abcdef"}
    rounds = []
    while due := stage.due():
        rounds.append(len(due))
        under_way = [{*keys(records)} for _, records in due]
        assert sum(map(len, under_way)) == len(set.union(*under_way)), "a key is in one batch at a time"
        for invocation, records in due:
            for record in records:
                image = record["dynamodb"]["NewImage"]
                seen[image["pk"]["S"]].append(int(image["n"]["N"]))
            stage.service.finished(invocation, DONE)
    assert all(values == list(range(1, 11)) for values in seen.values())
    assert max(rounds) > 1


def test_key_that_fails_does_not_hold_up_the_others(stage):
    uuid = stage.mapping(stage.table(), ParallelizationFactor=10, BatchSize=1)
    for number in range(30):
        stage.put(f"k{number}")
    got = Counter()

    def function(records):
        got.update(keys(records))
        return FAILED if keys(records) == ["k0"] else DONE

    stage.deliver(function)
    behind = 30 - len(got)
    assert behind < 15, "only the keys of one lane wait"
    mapping = stage.service.mappings.get(uuid)
    assert stage.positions(mapping) == {}, "the position is the first record that is not done"
    stage.clock.advance(1)
    stage.deliver()
    assert list(stage.positions(mapping).values()) == [31]


def test_shards_are_delivered_side_by_side(make_stage):
    stage = make_stage(stream_shards=4)
    stage.mapping(stage.table())
    for number in range(40):
        stage.put(f"k{number}")
    assert len(stage.due()) == 4


# --- lineage --------------------------------------------------------------------------------------


def test_children_wait_for_their_parents(stage):
    stage.mapping(stage.table(), BatchSize=1)
    stage.put("parent 1")
    stage.put("parent 2")
    stage.clock.advance(4 * 3600)
    stage.emulator.tick()
    stage.put("child")
    stage.clock.advance(4 * 3600)
    stage.emulator.tick()
    stage.put("grandchild")
    [(invocation, records)] = stage.due()
    assert keys(records) == ["parent 1"]
    assert stage.due() == []
    stage.service.finished(invocation, DONE)
    assert stage.deliver() == [["parent 2"], ["child"], ["grandchild"]]


def test_nothing_is_lost_or_out_of_order_across_rollovers(make_stage):
    stage = make_stage(stream_shards=3)
    stage.mapping(stage.table(), BatchSize=4, ParallelizationFactor=2)
    seen = {}

    def function(records):
        for record in records:
            image = record["dynamodb"]["NewImage"]
            seen.setdefault(image["pk"]["S"], []).append(int(image["n"]["N"]))
        return DONE

    value = 0
    for _ in range(5):
        for _ in range(6):
            value += 1
            for key in "abcdefgh":
                stage.put(key, value)
        stage.clock.advance(4 * 3600)
        stage.emulator.tick()
        if value % 12 == 0:
            stage.deliver(function)
    stage.deliver(function)
    assert seen == {key: list(range(1, value + 1)) for key in "abcdefgh"}


def test_records_that_were_trimmed_are_passed_over(stage):
    uuid = stage.mapping(stage.table(), Enabled=False)
    stage.put("too old")
    stage.clock.advance(DAY / 2)
    stage.put("old")
    stage.clock.advance(DAY / 2 + 1)
    stage.put("new")
    stage.api("PUT", f"/{uuid}", {"Enabled": True})
    assert stage.deliver() == [["old", "new"]]
    while stage.emulator.tick():
        pass
    stage.put("newest")
    assert stage.deliver() == [["newest"]]
    assert stage.letters == [], "what was trimmed was never given up"


def test_shards_that_are_gone_leave_no_checkpoint(stage):
    uuid = stage.mapping(stage.table())
    for _ in range(10):
        stage.put("k", int(stage.clock.now()))
        stage.deliver()
        stage.clock.advance(4 * 3600)
        while stage.emulator.tick():
            pass
    stage.deliver()
    mapping = stage.service.mappings.get(uuid)
    [stream] = stage.emulator.database.streams.of_tenant(mapping.tenant)
    assert stage.positions(mapping).keys() <= {shard.number for shard in stream.shards}


# --- stopping and going on ------------------------------------------------------------------------


def test_disabled_mapping_stops_and_goes_on_where_it_was(stage):
    uuid = stage.mapping(stage.table(), BatchSize=1)
    stage.put("a")
    stage.put("b")
    [(invocation, _)] = stage.due()
    stage.api("PUT", f"/{uuid}", {"Enabled": False})
    assert stage.due() == []
    stage.service.finished(invocation, DONE)
    assert stage.due() == []
    assert not stage.service.busy
    stage.api("PUT", f"/{uuid}", {"Enabled": True})
    assert stage.service.busy
    assert stage.deliver() == [["b"]]


def test_deleted_mapping_stops_and_what_was_under_way_ends_quietly(stage):
    uuid = stage.mapping(stage.table())
    stage.put("a")
    [(invocation, _)] = stage.due()
    stage.api("DELETE", f"/{uuid}")
    stage.service.finished(invocation, DONE)
    assert stage.due() == []
    assert stage.emulator.busy_functions is None
    with stage.emulator.database.read() as txn:
        assert not list(txn.scan(b"\x0d", b"\x0f"))


def test_update_waits_for_what_is_under_way(stage):
    uuid = stage.mapping(stage.table(), BatchSize=2)
    for key in "abcd":
        stage.put(key)
    [(invocation, _)] = stage.due()
    stage.api("PUT", f"/{uuid}", {"BatchSize": 100})
    assert stage.due() == []
    stage.service.finished(invocation, DONE)
    assert stage.deliver() == [["c", "d"]]


def test_creation_that_takes_its_time_delivers_afterwards(make_stage):
    stage = make_stage(delay_transient_statuses=True)
    arn = stage.table()
    stage.clock.advance(3)
    stage.mapping(arn, StartingPosition="LATEST")
    stage.put("a")
    assert stage.due() == []
    stage.clock.advance(3)
    assert stage.deliver() == [["a"]]


def test_missing_stream_is_reported(stage, caplog):
    uuid = stage.mapping(stage.table())
    stage("UpdateTable", TableName="Orders", StreamSpecification={"StreamEnabled": False})
    stage.clock.advance(DAY + 1)
    stage.emulator.tick()
    assert stage.due() == []
    reported = stage.api("GET", f"/{uuid}")[1]
    problem = f"PROBLEM: Stream not found: {reported['EventSourceArn']}"
    assert (reported["LastProcessingResult"], reported["State"]) == (problem, "Enabled")
    assert stage.due() == []
    assert caplog.text.count(problem) == 1


def test_stream_of_a_deleted_table_is_delivered_to_its_end(stage):
    stage.mapping(stage.table())
    stage.put("a")
    stage("DeleteTable", TableName="Orders")
    assert stage.deliver() == [["a"]]


# --- restarts -------------------------------------------------------------------------------------


@pytest.fixture
def restart(tmp_path):
    """Yield a function that opens the same folder again. State in memory is lost, as
    after a crash.
    """
    settings = configured(tmp_path, data_dir=tmp_path / "data")
    stages = []

    def again(**others):
        if stages:
            stages[-1].emulator.close()
        stages.append(Stage(configured(tmp_path, data_dir=tmp_path / "data", **others) if others else settings))
        return stages[-1]

    yield again
    stages[-1].emulator.close()


def test_delivery_resumes_behind_what_was_done(restart):
    stage = restart()
    uuid = stage.mapping(stage.table(), BatchSize=2)
    for key in "abcde":
        stage.put(key)
    [(invocation, _)] = stage.due()
    stage.service.finished(invocation, DONE)
    assert [keys(records) for _, records in stage.due()] == [["c", "d"]]
    stage = restart()
    assert stage.deliver() == [["c", "d"], ["e"]]
    assert stage.api("GET", f"/{uuid}")[1]["LastProcessingResult"] == "OK"
    stage = restart()
    assert stage.deliver() == []


def test_latest_is_still_the_creation_after_a_restart(restart):
    stage = restart()
    arn = stage.table()
    stage.put("before")
    stage.mapping(arn, StartingPosition="LATEST")
    stage.put("after")
    assert restart().deliver() == [["after"]]


def test_lane_that_was_ahead_is_delivered_again_and_none_is_left_out(restart):
    stage = restart()
    stage.mapping(stage.table(), ParallelizationFactor=10, BatchSize=1)
    for number in range(20):
        stage.put(f"k{number}")
    due = stage.due()
    done = {key for invocation, records in due[1:] for key in keys(records)}
    for invocation, _ in due[1:]:
        stage.service.finished(invocation, DONE)
    again = [key for batch in restart().deliver() for key in batch]
    assert done | {*again} == {f"k{number}" for number in range(20)}
    assert len(again) == len({*again})


def test_function_that_is_no_longer_configured_is_reported(restart, caplog):
    stage = restart()
    uuid = stage.mapping(stage.table())
    stage.put("a")
    stage = restart(functions="")
    assert stage.due() == []
    problem = "PROBLEM: Function not found: arn:aws:lambda:us-east-1:123456789012:function:process-order-changes"
    assert stage.api("GET", f"/{uuid}")[1]["LastProcessingResult"] == problem
    assert problem in caplog.text
    assert restart().deliver() == [["a"]]


def test_sequence_numbers_rise_within_a_shard(stage):
    stage.mapping(stage.table(), BatchSize=3)
    for number in range(10):
        stage.put(f"k{number}")
    seen = []
    stage.deliver(lambda records: seen.extend(sequences(records)) or DONE)
    assert seen == sorted(seen)
    assert len(seen) == 10
