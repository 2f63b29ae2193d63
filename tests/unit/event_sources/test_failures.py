"""Failures of functions: retries, split batches, partial responses, and records that are given
up.
"""

import json

import pytest

from emulator.database.definitions.streams import sequence_text
from emulator.event_sources import dead_letters
from emulator.event_sources.lanes import BACK_OFF
from emulator.event_sources.outcomes import Outcome
from tests.support.stages import DONE, FAILED, UNREACHABLE, failing, keys, sequences

REPORTS = ["ReportBatchItemFailures"]


def poison(*bad):
    """Return a function that fails for each batch with one of these keys."""
    return lambda records: FAILED if {*keys(records)} & {*bad} else DONE


def reporting(*bad):
    """Return a function that reports the records with these keys as failed."""
    return lambda records: failing(
        *(number for key, number in zip(keys(records), sequences(records), strict=True) if key in bad)
    )


@pytest.fixture
def mapped(stage):
    """Return a function that maps the table Orders, writes some keys and returns the
    mapping's UUID.
    """

    def make(written="abcd", **members):
        uuid = stage.mapping(stage.table(), **members)
        for key in written:
            stage.put(key)
        return uuid

    return make


def result(stage, uuid):
    return stage.api("GET", f"/{uuid}")[1]["LastProcessingResult"]


# --- retries --------------------------------------------------------------------------------------


def test_backoff_doubles_up_to_a_minute():
    assert [BACK_OFF.until(0, failures) for failures in (1, 2, 3, 6, 7, 8, 10_000)] == [1, 2, 4, 32, 60, 60, 60]


def test_failed_batch_is_tried_again_by_the_clock_until_it_succeeds(stage, mapped):
    uuid = mapped()
    waits = []
    stage.deliver(poison("b"))
    assert result(stage, uuid) == "PROBLEM: Function call failed"
    for _ in range(8):
        waited = 0
        while not (got := stage.deliver(poison("b"))):
            stage.clock.advance(1)
            waited += 1
        assert got == [["a", "b", "c", "d"]]
        waits.append(waited)
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]
    stage.clock.advance(60)
    assert stage.deliver() == [["a", "b", "c", "d"]]
    assert result(stage, uuid) == "OK"
    assert stage.letters == []


def test_batch_is_given_up_after_its_retries(stage, mapped, caplog):
    uuid = mapped(MaximumRetryAttempts=2, BatchSize=2)
    stage.deliver(poison("a"))
    stage.clock.advance(1)
    assert stage.deliver(poison("a")) == [["a", "b"]]
    assert stage.letters == []
    stage.clock.advance(2)
    assert stage.deliver(poison("a")) == [["a", "b"], ["c", "d"]]
    [letter] = stage.letters
    assert letter["requestContext"].pop("requestId")
    records = letter.pop("payload")
    assert [sequence_text(number) in records for number in (1, 2, 3)] == [True, True, False]
    arn = stage.api("GET", f"/{uuid}")[1]["EventSourceArn"]
    assert letter == {
        "requestContext": {
            "functionArn": "arn:aws:lambda:us-east-1:123456789012:function:process-order-changes",
            "condition": "RetryAttemptsExhausted",
            "approximateInvokeCount": 3,
        },
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        "version": "1.0",
        "timestamp": "2023-11-14T22:13:23.000Z",
        "DDBStreamBatchInfo": {
            "shardId": stage("DescribeStream", StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"],
            "startSequenceNumber": sequence_text(1),
            "endSequenceNumber": sequence_text(2),
            "approximateArrivalOfFirstRecord": "2023-11-14T22:13:20Z",
            "approximateArrivalOfLastRecord": "2023-11-14T22:13:20Z",
            "batchSize": 2,
            "streamArn": arn,
        },
    }
    assert f"they are in {stage.service.dead_letters.file}" in caplog.text


def test_no_retries_at_all(stage, mapped):
    mapped(MaximumRetryAttempts=0, BatchSize=1)
    assert stage.deliver(poison("b")) == [["a"], ["b"], ["c"], ["d"]]
    assert [letter["DDBStreamBatchInfo"]["batchSize"] for letter in stage.letters] == [1]


def test_function_that_cannot_be_invoked_uses_up_no_retries(stage, mapped):
    uuid = mapped(MaximumRetryAttempts=0, BisectBatchOnFunctionError=True)
    for _ in range(20):
        stage.deliver(lambda _: UNREACHABLE)
        stage.clock.advance(60)
    assert result(stage, uuid) == "PROBLEM: Function call failed"
    assert stage.letters == []
    assert stage.deliver() == [["a", "b", "c", "d"]]


def test_clock_that_is_set_back_does_not_prolong_a_backoff(stage, mapped):
    mapped()
    stage.deliver(poison("a"))
    stage.clock.advance(-5000)
    assert stage.deliver() == [["a", "b", "c", "d"]]


# --- halves ---------------------------------------------------------------------------------------


def test_bisecting_isolates_the_record_that_fails_without_using_up_retries(stage, mapped):
    mapped(written="abcdefgh", BisectBatchOnFunctionError=True, MaximumRetryAttempts=1)
    got = ["".join(batch) for batch in stage.deliver(poison("f"))]
    assert got == ["abcdefgh", "abcd", "efgh", "ef", "e", "f"]
    stage.clock.advance(1)
    assert stage.deliver(poison("f")) == [["f"], ["g", "h"]]
    [letter] = stage.letters
    assert letter["DDBStreamBatchInfo"]["startSequenceNumber"] == sequence_text(6)
    assert letter["DDBStreamBatchInfo"]["batchSize"] == 1
    assert letter["requestContext"]["approximateInvokeCount"] == 5


def test_halves_keep_the_order(stage, mapped):
    mapped(written="abcde", BisectBatchOnFunctionError=True, MaximumRetryAttempts=0)
    succeeded = []

    def function(records):
        if {*keys(records)} & {"a", "d"}:
            return FAILED
        succeeded.extend(keys(records))
        return DONE

    stage.deliver(function)
    assert succeeded == ["b", "c", "e"]
    assert len(stage.letters) == 2


# --- partial responses ----------------------------------------------------------------------------


def test_records_before_the_lowest_reported_one_are_done(stage, mapped):
    uuid = mapped(FunctionResponseTypes=REPORTS)
    assert stage.deliver(reporting("d", "c")) == [["a", "b", "c", "d"]]
    mapping = stage.service.mappings.get(uuid)
    assert list(stage.positions(mapping).values()) == [3]
    assert result(stage, uuid) == "OK"
    stage.clock.advance(1)
    assert stage.deliver(reporting()) == [["c", "d"]]


def test_partial_response_uses_up_a_retry(stage, mapped):
    mapped(FunctionResponseTypes=REPORTS, MaximumRetryAttempts=1)
    stage.deliver(reporting("b"))
    stage.clock.advance(1)
    assert stage.deliver(reporting("c")) == [["b", "c", "d"]]
    [letter] = stage.letters
    assert letter["DDBStreamBatchInfo"]["batchSize"] == 2
    assert letter["responseContext"] == {"statusCode": 200, "executedVersion": "$LATEST"}


def test_partial_response_with_bisecting_tries_the_rest_at_once(stage, mapped):
    mapped(
        written="abcdefgh",
        FunctionResponseTypes=REPORTS,
        BisectBatchOnFunctionError=True,
        MaximumRetryAttempts=0,
    )
    got = ["".join(batch) for batch in stage.deliver(reporting("c"))]
    assert got == ["abcdefgh", "cdefgh", "cde", "cd", "c", "d", "e", "fgh"]
    [letter] = stage.letters
    assert letter["DDBStreamBatchInfo"]["startSequenceNumber"] == sequence_text(3)


@pytest.mark.parametrize("answer", [failing("1"), failing(""), Outcome("answered", b"<html>")], ids=lambda o: o.payload)
def test_response_that_makes_no_sense_fails_the_whole_batch(stage, mapped, answer):
    mapped(FunctionResponseTypes=REPORTS)
    assert stage.deliver(lambda _: answer) == [["a", "b", "c", "d"]]
    stage.clock.advance(1)
    assert stage.deliver() == [["a", "b", "c", "d"]]


def test_partial_batch_responses_need_the_setting(stage, mapped):
    mapped(BatchSize=2)
    assert stage.deliver(reporting("a")) == [["a", "b"], ["c", "d"]]


# --- age ------------------------------------------------------------------------------------------


def test_records_that_get_too_old_are_given_up(stage, mapped):
    mapped(written="ab", MaximumRecordAgeInSeconds=60)
    stage.deliver(poison("a"))
    stage.clock.advance(30)
    stage.put("c")
    stage.clock.advance(31)
    assert stage.deliver() == [["c"]]
    [letter] = stage.letters
    assert letter["requestContext"]["condition"] == "RecordAgeExceeded"
    assert letter["requestContext"]["approximateInvokeCount"] == 1
    assert letter["DDBStreamBatchInfo"]["batchSize"] == 2


def test_records_too_old_to_be_sent_at_all_are_given_up(stage, mapped):
    uuid = mapped(written="ab", MaximumRecordAgeInSeconds=60, Enabled=False)
    stage.clock.advance(61)
    stage.api("PUT", f"/{uuid}", {"Enabled": True})
    assert stage.deliver() == []
    [letter] = stage.letters
    assert letter["requestContext"]["approximateInvokeCount"] == 0
    assert "responseContext" not in letter
    mapping = stage.service.mappings.get(uuid)
    assert list(stage.positions(mapping).values()) == [3]


def test_retries_without_end_end_with_the_stream_s_retention(stage, mapped):
    mapped(written="a")
    stage.deliver(poison("a"))
    for _ in range(23):
        stage.clock.advance(3600)
        assert stage.deliver(poison("a")) == [["a"]]
    stage.clock.advance(3601)
    assert stage.deliver() == []
    assert [letter["requestContext"]["condition"] for letter in stage.letters] == ["RecordAgeExceeded"]


def test_part_of_a_batch_gets_too_old(stage, mapped):
    mapped(written="a", MaximumRecordAgeInSeconds=60, MaximumBatchingWindowInSeconds=50)
    stage.due()
    stage.clock.advance(40)
    stage.put("b")
    stage.due()
    stage.clock.advance(10)
    assert stage.deliver(poison("a")) == [["a", "b"]]
    stage.clock.advance(11)
    assert stage.deliver(poison("a")) == [["b"]]


# --- letters --------------------------------------------------------------------------------------


def test_letters_are_in_the_data_folder_or_a_temporary_one(stage, mapped):
    mapped(written="a", MaximumRetryAttempts=0)
    stage.deliver(poison("a"))
    data_dir = stage.emulator.settings.data_dir
    file = stage.service.dead_letters.file
    assert file.name == "dead-letters.jsonl"
    assert (file.parent == data_dir.resolve()) is (not stage.emulator.settings.in_memory)
    file.unlink()


def test_letters_are_kept_in_two_files_of_bounded_size(stage, mapped, monkeypatch):
    monkeypatch.setattr(dead_letters, "_LARGE", 1000)
    mapped(written="abcdef", MaximumRetryAttempts=0, BatchSize=1)
    file = stage.service.dead_letters.file
    older = file.with_name("dead-letters.1.jsonl")
    given_up = []
    for _ in range(6):
        stage.deliver(poison(*"abcdef"))
    given_up = [
        letter["DDBStreamBatchInfo"]["startSequenceNumber"]
        for each in (older, file)
        for letter in map(json.loads, each.read_text().splitlines())
    ]
    assert given_up == sorted(given_up)
    assert 2 <= len(given_up) < 6
    assert sorted(each.name for each in file.parent.glob("dead-letters*")) == [older.name, file.name]
    assert max(each.stat().st_size for each in (older, file)) < 1000 + 2000
    older.unlink()
    file.unlink()


def test_dead_letters_have_the_permissions_of_the_folder(stage, mapped):
    mapped(written="", MaximumRetryAttempts=0)
    file = stage.service.dead_letters.file
    for mode in (0o700, 0o755):
        file.unlink(missing_ok=True)
        file.parent.chmod(mode)
        stage.put("a", mode)
        stage.deliver(poison("a"))
        assert file.stat().st_mode & 0o777 == mode & 0o666
    file.unlink()


def test_letter_that_cannot_be_written_is_in_the_log(stage, mapped, caplog):
    mapped(written="a", MaximumRetryAttempts=0)
    stage.service.dead_letters.__dict__["file"] = stage.service.dead_letters.file.parent / "none" / "file"
    stage.deliver(poison("a"))
    assert "cannot write" in caplog.text
    assert '"RetryAttemptsExhausted"' in caplog.text
