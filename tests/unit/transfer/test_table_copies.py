"""Copies from another endpoint: segments, interruptions, rates, and files of state."""

import io
import json

import pytest

from emulator.client.endpoint import Refused, Unreachable
from emulator.transfer.copying import BadState, Rate, State, copy
from emulator.transfer.progress import Progress

PAGES = {0: ["a", "b", "c"], 1: ["d"], 2: []}
"""Segment -> its items, each of which is a page."""


class Source:
    """Answers Scans of a table with three segments. failures: number of a call -> the error that it
    raises.
    """

    def __init__(self, failures=()):
        self.calls = []
        self.failures = dict(failures)

    def call(self, operation, body):
        assert operation == "Scan"
        self.calls.append(body)
        failure = self.failures.pop(len(self.calls), None)
        if failure is not None:
            raise failure
        names = PAGES[body["Segment"]]
        start = body.get("ExclusiveStartKey")
        position = names.index(start["id"]["S"]) + 1 if start else 0
        answer = {"Items": [{"id": {"S": name}} for name in names[position : position + 1]]}
        answer["ConsumedCapacity"] = {"CapacityUnits": 2.0}
        if position + 1 < len(names):
            answer["LastEvaluatedKey"] = {"id": {"S": names[position]}}
        return answer

    def close(self):
        pass


class Target:
    def __init__(self):
        self.items = []

    def call(self, operation, body):
        assert operation == "BatchWriteItem"
        self.items += [each["PutRequest"]["Item"]["id"]["S"] for each in body["RequestItems"]["t"]]
        return {}

    def close(self):
        pass


def run(source, target, state, rate=None):
    with Progress("loaded", io.StringIO()) as progress:
        copy(
            lambda: source,
            lambda: target,
            {"TableName": "t"},
            state,
            progress,
            rate or Rate(None),
            lambda _seconds: None,
        )
    return progress.items


def test_every_segment_is_copied_once():
    target = Target()
    assert run(Source(), target, State(None, {}, 3)) == 4
    assert sorted(target.items) == ["a", "b", "c", "d"]


def test_a_copy_goes_on_where_it_stopped(tmp_path):
    path = tmp_path / "state"
    target = Target()
    with pytest.raises(Unreachable):
        run(Source({5: Unreachable("gone")}), target, State(path, {"Table": "t"}, 3))
    left = json.loads(path.read_text())["Segments"]
    assert [each["Done"] for each in left] == [False, True, True]
    assert left[0]["Start"] is not None
    source = Source()
    run(source, target, State(path, {"Table": "t"}, 3))
    assert {body["Segment"] for body in source.calls} == {0}
    assert source.calls[0]["ExclusiveStartKey"] == left[0]["Start"]
    assert sorted(set(target.items)) == ["a", "b", "c", "d"]
    assert not path.exists()


def test_throttled_scans_are_repeated():
    target = Target()
    throttled = Refused(400, "ProvisionedThroughputExceededException", "slow down", {})
    assert run(Source({1: throttled, 3: throttled}), target, State(None, {}, 3)) == 4
    with pytest.raises(Refused):
        run(Source({2: Refused(400, "ValidationException", "wrong", {})}), target, State(None, {}, 3))


def test_the_state_of_another_copy_is_refused(tmp_path):
    path = tmp_path / "state"
    State(path, {"Table": "t"}, 3).save()
    with pytest.raises(BadState, match="the state of a different copy: "):
        State(path, {"Table": "u"}, 3)
    path.write_text("{}")
    with pytest.raises(BadState, match="is not the state of a copy"):
        State(path, {"Table": "t"}, 3)


def test_the_rate_is_kept():
    now, slept = [100.0], []

    def sleep(seconds):
        slept.append(seconds)
        now[0] += seconds

    rate = Rate(10, sleep, lambda: now[0])
    rate.use(5)
    rate.use(20)
    now[0] += 60
    rate.use(1)
    assert slept == pytest.approx([0.5, 2.0, 0.1])
    Rate(None, sleep).use(1000)
    assert len(slept) == 3


@pytest.mark.parametrize(
    "segments",
    [[], [{"Start": None, "Done": True}], [{"Start": 1, "Done": False}] * 2, [{"Start": None}] * 2, [1, 2], 3],
)
def test_a_broken_state_is_not_taken_for_a_copy_that_is_done(tmp_path, segments):
    path = tmp_path / "state.json"
    path.write_text(json.dumps({"Copied": {"Segments": 2}, "Segments": segments}))
    with pytest.raises(BadState, match=r"state\.json is not the state of a copy: "):
        State(path, {"Segments": 2}, 2)
