"""The reader of a stream (emulator/client/stream_reader.py), with an emulator in process."""

import pytest

from emulator.client.endpoint import Refused, Unreachable
from emulator.client.pace import LONGEST, SHORTEST, Pace
from emulator.client.stream_reader import NoStream, Start, StreamReader, enable_stream
from tests.support.client_in_process import EndpointInProcess
from tests.support.streamed_tables import DAY, HOUR, IMAGES, LIFE, OFF, Streamed, finish, later, number_of


class Reading:
    """Reads the stream of a table with the reader under test."""

    def __init__(self, table, start=Start.NEXT):
        self.reader = StreamReader(EndpointInProcess(table.db), table.name, start)

    def numbers(self, rounds=1):
        """Call `read` of the reader `rounds` times; return the sorted numbers in the records."""
        return sorted(number_of(each) for _ in range(rounds) for batch in self.reader.read() for each in batch)


@pytest.fixture
def table(db):
    return Streamed(db)


def test_the_next_records(table):
    table.put("a")
    reading = Reading(table)
    assert reading.numbers() == []
    table.put("a")
    table.put("b")
    assert reading.numbers() == [2, 3]
    assert reading.numbers() == []


def test_all_records_from_the_start(table):
    for name in "abc":
        table.put(name)
    assert Reading(table, Start.OLDEST).numbers() == [1, 2, 3]


@pytest.mark.parametrize("start", Start)
def test_children_are_read_after_a_rollover(table, start):
    reading = Reading(table, start)
    table.put("a")
    later(table.db, LIFE + 1)
    table.put("a")
    table.put("b")
    assert reading.numbers(rounds=3) == [1, 2, 3]


def test_a_child_is_read_after_its_parent(table):
    """So the changes of an item come in order, even if each of them is in another shard."""
    for _ in range(3):
        table.put("a")
        later(table.db, LIFE + 1)
    reader = Reading(table, Start.OLDEST).reader
    assert [number_of(each) for _ in range(5) for batch in reader.read() for each in batch] == [1, 2, 3]


def test_records_before_the_start_are_left_out_after_a_rollover(table):
    table.put("a")
    later(table.db, LIFE + 1)
    table.put("a")
    reading = Reading(table)
    table.put("a")
    assert reading.numbers(rounds=3) == [3]


@pytest.mark.parametrize("read_one", [False, True])
def test_an_iterator_that_has_expired_is_replaced(table, read_one):
    """Iterators expire when the clock moves by an hour. The reader then loses no record."""
    table.put("a")
    table.db.clock.advance(1)
    reading = Reading(table)
    table.put("a")
    if read_one:
        assert reading.numbers() == [2]
    later(table.db, HOUR)
    table.put("a")
    assert reading.numbers(rounds=2) == ([3] if read_one else [2, 3])


def test_records_older_than_the_retention_are_skipped(table):
    reading = Reading(table)
    table.put("a")
    assert reading.numbers() == [1]
    table.put("a")
    later(table.db, DAY + HOUR)
    finish(table.db)
    table.put("a")
    assert reading.numbers(rounds=8) == [3]


def test_a_reader_goes_on_with_the_next_stream(table):
    reading = Reading(table)
    table.put("a")
    table.set_stream(OFF)
    table.db.clock.advance(10)
    arn = table.set_stream(IMAGES)
    table.put("a")
    assert reading.numbers(rounds=3) == [1, 2]
    assert reading.reader.arn == arn


def test_a_stream_that_is_turned_off_ends(table):
    reading = Reading(table)
    table.put("a")
    table.set_stream(OFF)
    with pytest.raises(NoStream):
        reading.numbers(rounds=3)


def test_a_table_without_a_stream(db):
    table = Streamed(db)
    table.set_stream(OFF)
    endpoint = EndpointInProcess(db)
    with pytest.raises(NoStream):
        StreamReader(endpoint, table.name, Start.NEXT)
    db.clock.advance(10)
    enable_stream(endpoint, table.name, "KEYS_ONLY")
    assert StreamReader(endpoint, table.name, Start.NEXT).read()


def test_a_missing_table(db):
    with pytest.raises(Refused, match="ResourceNotFoundException"):
        StreamReader(EndpointInProcess(db), "missing", Start.NEXT)


def test_a_server_without_a_clock(table, monkeypatch):
    """If the server has no control that returns its time, the reader uses the machine's clock."""

    def control(*_):
        raise Unreachable("no controls")

    monkeypatch.setattr(EndpointInProcess, "control", control)
    reading = Reading(table)
    table.put("a")
    assert reading.numbers() == [1]


def test_polls_are_rarer_while_nothing_happens():
    waits = []
    pace = Pace(waits.append)
    for found in (True, False, False, False, False, False, True):
        pace.wait(found=found)
    assert waits == [SHORTEST, 0.4, 0.8, 1.6, LONGEST, LONGEST, SHORTEST]
