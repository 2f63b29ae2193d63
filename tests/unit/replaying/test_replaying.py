"""Replays of recordings on a simulated endpoint."""

import json

import orjson
import pytest

from emulator.client.endpoint import Refused
from emulator.replaying.recording import BadRecording
from emulator.replaying.replaying import Replay
from emulator.replaying.report import save, summary


class Endpoint:
    """A simulated endpoint with prepared answers, which keeps the calls that it gets."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.calls = []
        self.closed = False

    def call(self, operation, body):
        self.calls.append((operation, body))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def close(self):
        self.closed = True


@pytest.fixture
def recording(tmp_path):
    """Return a function that writes lines to a file and returns its path."""

    def write(*lines):
        path = tmp_path / "recording"
        path.write_bytes(b"\n".join(line if isinstance(line, bytes) else orjson.dumps(line) for line in lines))
        return path

    return write


def line(operation="GetItem", request="{}", status=200, answer="{}", key="test", **more):
    caller = {"AccessKey": key, "Region": "us-east-1"} if key else {}
    return {"Operation": operation, **caller, "Request": request, "Status": status, "Answer": answer, **more}


def test_equal_and_different_answers(recording):
    endpoint = Endpoint({}, {"Item": {}}, Refused(400, "X", "", {"__type": "a#X", "message": "m"}))
    replay = Replay(lambda *_: endpoint)
    refused = '{"__type":"a#X","message":"m"}'
    first, second = replay.run(recording(line(), line(), line(status=500, answer=refused)))
    assert [(each.path, each.recorded, each.replayed) for each in first.differences] == [("Item", None, {})]
    assert [(each.path, each.recorded, each.replayed) for each in second.differences] == [("status", 500, 400)]
    assert (replay.totals.sent, replay.totals.different) == (3, 2)
    assert endpoint.closed


def test_each_caller_has_an_endpoint_of_its_own(recording):
    opened = []

    def connect(key, region):
        opened.append((key, region))
        return Endpoint({}, {})

    list(Replay(connect).run(recording(line(), line(key="other"), line())))
    assert opened == [("test", "us-east-1"), ("other", "us-east-1")]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"not JSON", "a line is not a recorded request"),
        (b"[]", "a line is not a recorded request"),
        ({"Operation": "GetItem"}, "a line is not a recorded request"),
        (line(operation="ä\r\nx: y"), "a line is not a recorded request"),
        (line(key=["test"]), "a line is not a recorded request"),
        (line(key="a b", Region="\n"), "a line is not a recorded request"),
        (line(request="{"), "the body is not a JSON object"),
        (line(request={"Base64": "/w=="}), "the body is not a JSON object"),
        (line(key=None), "the request had no credentials"),
    ],
)
def test_what_cannot_be_sent_is_counted(recording, text, why):
    replay = Replay(lambda *_: Endpoint({}))
    assert list(replay.run(recording(line(), text))) == []
    assert replay.totals.skipped == {why: 1}
    assert replay.totals.sent == 1


@pytest.mark.parametrize("text", [b"not JSON", b"[]", {"Operation": "GetItem"}])
def test_another_file_is_no_recording(recording, text):
    with pytest.raises(BadRecording, match="is not a recording: its first line is not a request"):
        list(Replay(lambda *_: Endpoint({})).run(recording(text, line())))


def test_streams_are_not_sent_to_aws(recording):
    replay = Replay(lambda *_: Endpoint({}), streams=False)
    list(replay.run(recording(line("GetRecords"), line())))
    assert sum(replay.totals.skipped.values()) == 1


def test_values_of_the_new_run_replace_recorded_ones(recording):
    endpoint = Endpoint({"ShardIterator": "new"}, {"Records": []})
    requests = recording(
        line("GetShardIterator", answer='{"ShardIterator":"old"}'),
        line("GetRecords", request='{"ShardIterator":"old","Limit":5}', answer='{"Records":[]}'),
    )
    replay = Replay(lambda *_: endpoint)
    assert list(replay.run(requests)) == []
    assert endpoint.calls[1] == ("GetRecords", {"ShardIterator": "new", "Limit": 5})
    assert replay.totals.ignored == {"ShardIterator": 1}


def test_a_new_table_is_waited_for(recording):
    creating = {"TableDescription": {"TableName": "Orders", "TableStatus": "CREATING"}}
    statuses = [{"Table": {"TableStatus": status}} for status in ("CREATING", "ACTIVE")]
    endpoint, pauses = Endpoint(creating, *statuses, {}), []
    replay = Replay(lambda *_: endpoint, sleep=pauses.append)
    assert list(replay.run(recording(line("CreateTable", answer=json.dumps(creating)), line()))) == []
    assert [operation for operation, _ in endpoint.calls] == ["CreateTable", *["DescribeTable"] * 2, "GetItem"]
    assert len(pauses) == 1


def test_a_table_that_is_never_ready_is_reported(recording, tmp_path):
    creating = {"TableDescription": {"TableName": "Orders", "TableStatus": "CREATING"}}
    waiting = {"Table": {"TableStatus": "CREATING"}}
    endpoint, pauses = Endpoint(creating, *[waiting] * 600, {}), []
    replay = Replay(lambda *_: endpoint, sleep=pauses.append)
    assert list(replay.run(recording(line("CreateTable", answer=json.dumps(creating)), line()))) == []
    assert sum(pauses) == 600
    assert list(summary(replay.totals)) == [
        "2 requests sent, 2 answers equal, 0 different",
        "Orders was not ACTIVE after 600 s: later requests were sent without waiting for it",
    ]
    save(tmp_path / "report", "aws", replay.totals, [])
    assert json.loads((tmp_path / "report").read_bytes())["NotReady"] == ["Orders"]


def test_a_replay_to_the_server_that_records_comes_to_its_end(recording):
    path = recording(line(), line(), b"")

    class Recording(Endpoint):
        def call(self, operation, body):
            with path.open("ab") as file:
                file.write(orjson.dumps(line()) + b"\n")
            return super().call(operation, body)

    replay = Replay(lambda *_: Recording({}, {}))
    assert list(replay.run(path)) == []
    assert replay.totals.sent == 2


def test_a_recording_that_cannot_be_read(tmp_path):
    with pytest.raises(BadRecording, match="No such file"):
        list(Replay(lambda *_: Endpoint()).run(tmp_path / "none"))
