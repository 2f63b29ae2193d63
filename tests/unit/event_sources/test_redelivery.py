"""Dead letters: the controls that list them and send them again. Letters that are processed are
removed from their file.
"""

import json

import pytest

from emulator.controls import registry
from emulator.controls.body import BadDeclaration
from tests.support.stages import DONE, FAILED, UNREACHABLE, Stage, configured, failing, keys, sequences


@pytest.fixture
def stage(tmp_path):
    made = Stage(configured(tmp_path, data_dir=tmp_path / "data"))
    yield made
    made.emulator.close()


def given_up(stage, *names, **members):
    """Put items whose records the function fails to process; return the mapping's UUID."""
    mapping = stage.mapping(stage.table(), MaximumRetryAttempts=0, BatchSize=2, **members)
    for name in names:
        stage.put(name)
    stage.deliver(lambda _: FAILED)
    return mapping


def call(stage, name, **body):
    return registry.call(stage.emulator, name, body)


def letters(stage, **body):
    return call(stage, "find_dead_letters", **body)["DeadLetters"]


def test_the_list(stage):
    mapping = given_up(stage, "a", "b", "c")
    first, second = call(stage, "dead_letters")["DeadLetters"]
    assert first["Id"] == stage.letters[0]["requestContext"]["requestId"]
    assert (first["UUID"], first["Size"], first["Condition"]) == (mapping, 2, "RetryAttemptsExhausted")
    assert (first["Invocations"], "State" in first, "Records" in first) == (1, False, False)
    assert letters(stage, UUID=mapping) == [first, second]
    assert letters(stage, UUID="another") == []
    [found] = letters(stage, Id=second["Id"])
    assert keys(found["Records"]) == ["c"]


def test_all_letters_of_a_mapping_are_sent_again_in_their_order(stage):
    mapping = given_up(stage, "a", "b", "c")
    assert call(stage, "redeliver", UUID=mapping) == {"Redelivering": 2}
    assert call(stage, "redeliver", UUID=mapping) == {"Redelivering": 0}
    assert [each["State"] for each in letters(stage)] == ["Waiting", "Waiting"]
    [(invocation, records)] = stage.due()
    assert keys(records) == ["a", "b"]
    assert invocation.payload.decode() == stage.letters[0]["payload"]
    assert [each["State"] for each in letters(stage)] == ["Sent", "Waiting"]
    assert stage.due() == []
    stage.service.finished(invocation, DONE)
    assert stage.deliver() == [["c"]]
    assert stage.letters == []
    assert letters(stage) == []
    assert not stage.service.redelivery.busy


def test_a_letter_that_fails_again_stays(stage):
    mapping = given_up(stage, "a", "b", "c")
    before = stage.letters
    call(stage, "redeliver", UUID=mapping)
    assert stage.deliver(lambda records: FAILED if keys(records) == ["c"] else DONE) == [["a", "b"], ["c"]]
    assert stage.letters == before[1:]
    [left] = letters(stage)
    assert (left["State"], left["Failure"]) == ("Failed", "it raised")
    assert call(stage, "redeliver", Id=left["Id"]) == {"Redelivering": 1}
    assert stage.deliver(lambda _: UNREACHABLE) == [["c"]]
    assert letters(stage)[0]["Failure"] == "connection refused"


def test_a_function_may_report_which_records_failed(stage):
    mapping = given_up(stage, "a", "b", FunctionResponseTypes=["ReportBatchItemFailures"])
    call(stage, "redeliver", UUID=mapping)
    assert stage.deliver(lambda records: failing(sequences(records)[1])) == [["a", "b"]]
    [left] = letters(stage)
    assert (left["Size"], left["Failure"]) == (1, "the function reported failed records")
    assert left["FirstSequenceNumber"] == left["LastSequenceNumber"]
    [whole] = letters(stage, Id=left["Id"])
    assert keys(whole["Records"]) == ["b"]
    call(stage, "redeliver", Id=left["Id"])
    assert stage.deliver() == [["b"]]
    assert letters(stage) == []


def test_new_records_are_delivered_meanwhile(stage):
    mapping = given_up(stage, "a")
    call(stage, "redeliver", UUID=mapping)
    stage.put("z")
    assert sorted(stage.deliver()) == [["a"], ["z"]]


def test_a_mapping_that_is_gone(stage):
    mapping = given_up(stage, "a")
    [found] = letters(stage)
    stage.api("DELETE", f"/{mapping}")
    assert "UUID" not in letters(stage)[0]
    with pytest.raises(BadDeclaration, match="there is no event source mapping"):
        call(stage, "redeliver", UUID=mapping)
    call(stage, "redeliver", Id=found["Id"])
    assert stage.service.busy
    assert stage.deliver() == [["a"]]


def test_the_older_file_counts_too(stage):
    mapping = given_up(stage, "a")
    file = stage.service.dead_letters.file
    file.rename(file.with_name("dead-letters.1.jsonl"))
    stage.put("b")
    stage.deliver(lambda _: FAILED)
    file.write_text(file.read_text() + '{"requestContext":{"requestId":"cut')
    assert len(letters(stage)) == 2
    call(stage, "redeliver", UUID=mapping)
    assert stage.deliver() == [["a"], ["b"]]
    assert letters(stage) == []


@pytest.mark.parametrize("body", [{}, {"UUID": "a", "Id": "b"}, {"Id": "b"}, {"UUID": 1}, {"Name": "a"}])
def test_a_wrong_call(stage, body):
    with pytest.raises(BadDeclaration):
        registry.call(stage.emulator, "redeliver", body)


def test_an_unknown_letter(stage):
    with pytest.raises(BadDeclaration, match="there is no dead letter x"):
        letters(stage, Id="x")


def test_the_state_of_mappings(stage):
    mapping = stage.mapping(stage.table(), MaximumRetryAttempts=5)
    stage.put("a")
    stage.put("b")
    [(invocation, _)] = stage.due()
    [shown] = call(stage, "functions")["Mappings"]
    assert (shown["UUID"], shown["State"], shown["Backlog"]) == (mapping, "Enabled", 2)
    assert (shown["FunctionName"], shown["DeadLetters"]) == ("process-order-changes", 0)
    [lane] = shown["Lanes"]
    assert (lane["Records"], lane["Invoked"], lane["InFlight"]) == (2, 1, True)
    stage.service.finished(invocation, FAILED)
    found = call(stage, "functions")
    [lane] = found["Mappings"][0]["Lanes"]
    assert (lane["Retries"], lane["InFlight"], lane["Failure"]) == (1, False, "it raised")
    assert lane["Due"] == stage.clock.now() + 1
    [failure] = found["Failures"]
    assert (failure["UUID"], failure["Kind"], failure["Detail"]) == (mapping, "failed", "it raised")
    assert {each["Name"] for each in found["Functions"]} == {"process-order-changes", "audit"}
    assert json.dumps(found)
