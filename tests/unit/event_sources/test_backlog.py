"""The backlog of a function in metrics: the number of records that wait for it."""

from emulator.controls import registry
from emulator.database.changes import backlog
from emulator.http.application import create_front
from tests.support.stages import FAILED


def waiting(stage):
    with stage.emulator.database.read() as txn:
        return [backlog.backlog(txn, stream, consumer) for stream, _, consumer in stage.emulator.stream_consumers()]


def test_records_wait_until_the_function_has_got_them(stage):
    arn = stage.table()
    assert waiting(stage) == []
    stage.mapping(arn)
    for number in range(5):
        stage.put(f"k{number}")
    assert waiting(stage) == [5]
    (first, _), *_ = stage.due()
    stage.service.finished(first, FAILED)
    assert waiting(stage) == [5]
    stage.clock.advance(3600)
    stage.deliver()
    assert waiting(stage) == [0]


def test_long_backlogs_are_not_counted_to_their_end(stage, monkeypatch):
    monkeypatch.setattr(backlog, "_PAGE", 2)
    stage.mapping(stage.table())
    for number in range(7):
        stage.put(f"k{number}")
    assert waiting(stage) == [7]
    monkeypatch.setattr(backlog, "MOST", 4)
    assert waiting(stage) == [4]


def test_the_control_names_the_function(make_stage):
    stage = make_stage(metrics=True)
    create_front(stage.emulator)
    stage.mapping(stage.table())
    stage.put("k")
    (found,) = registry.call(stage.emulator, "counters", {})["Backlogs"]
    assert found["Consumer"].startswith("process-order-changes ")
    assert found["Records"] == 1
