"""Batches that the server processes only in part, or refuses for a time."""

import pytest

from emulator.client.endpoint import Refused, Unreachable
from emulator.formats.records import ItemRecord, Place
from emulator.transfer.writing import ItemWriter, put_batch

BATCH = [ItemRecord(Place("f", number), "t", {"id": {"S": str(number)}}) for number in range(3)]


class Server:
    """Answers calls with what a test has prepared, and records the calls."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.calls = []
        self.closed = False

    def call(self, operation, body):
        self.calls.append((operation, body))
        answer = self.answers.pop(0) if self.answers else {}
        if isinstance(answer, Exception):
            raise answer
        return answer

    def close(self):
        self.closed = True


def throttled(code="ProvisionedThroughputExceededException"):
    return Refused(400, code, "slow down", {})


def requests(*numbers):
    return [{"PutRequest": {"Item": {"id": {"S": str(number)}}}} for number in numbers]


def test_what_is_not_processed_is_sent_again_after_growing_pauses():
    slept = []
    server = Server({"UnprocessedItems": {"t": requests(2)}}, throttled(), {"UnprocessedItems": {}})
    assert put_batch(server, "t", BATCH, slept.append) == (3, ())
    assert [body["RequestItems"]["t"] for _, body in server.calls] == [requests(0, 1, 2), requests(2), requests(2)]
    assert slept == [0.05, 0.1]


def test_it_gives_up_in_the_end():
    with pytest.raises(Refused):
        put_batch(Server(*[throttled()] * 60), "t", BATCH, lambda _: None)
    with pytest.raises(Unreachable, match="has not processed"):
        put_batch(Server(*[{"UnprocessedItems": {"t": requests(0)}}] * 60), "t", BATCH, lambda _: None)


def test_the_items_of_a_refused_batch_are_put_one_by_one():
    wrong = Refused(400, "ValidationException", "wrong", {})
    server = Server(wrong, {}, wrong, throttled(), {})
    items, problems = put_batch(server, "t", BATCH, lambda _: None)
    assert (items, [str(each) for each in problems]) == (2, ["f:1: ValidationException: wrong"])
    assert [operation for operation, _ in server.calls] == ["BatchWriteItem"] + ["PutItem"] * 4


@pytest.mark.parametrize("threaded", [False, True])
def test_batches_keep_their_order(threaded):
    server, done = Server(), []
    with ItemWriter(lambda: server, done.append, threaded=threaded) as writer:
        for number in range(260):
            writer.put("t", ItemRecord(Place("f", number), "t", {"id": {"S": str(number)}}))
    sent = [request for _, body in server.calls for request in body["RequestItems"]["t"]]
    assert sent == requests(*range(260))
    assert [items for items, _ in done] == [25] * 10 + [10]
    assert server.closed


def test_a_server_that_fails_ends_the_work():
    server = Server({}, Unreachable("gone"))

    def write():
        with ItemWriter(lambda: server, lambda _: None) as writer:
            for number in range(500):
                writer.put("t", ItemRecord(Place("f", number), "t", {"id": {"S": str(number)}}))

    with pytest.raises(Unreachable, match="gone"):
        write()
    assert server.closed
