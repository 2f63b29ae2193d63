"""The consumer of change logs: which records it reads in which order, what it stores, its cost."""

from dataclasses import replace

import pytest

from emulator.database.changes.consumer import BackOff, LogConsumer, Page, store_positions, stored_positions
from emulator.database.changes.record import record_parts, record_sequence
from emulator.database.definitions.arns import resource
from emulator.database.store import keyspace
from emulator.settings import Settings
from storage import Full
from tests.support.in_process import InProcess
from tests.support.streamed_tables import DAY, HOUR, LIFE, MINUTE, Streamed, finish, later

ONE_SHARD = {
    "BillingMode": "PROVISIONED",
    "ProvisionedThroughput": {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5},
}
NAME = "test"
ALL = 1000


class Numbers:
    """An inbox that keeps the numbers in records.

    room: the maximum number of numbers that it may have. leave_out: numbers that it does not keep.
    """

    def __init__(self, shard, room=ALL, leave_out=()):
        self.shard = shard
        self.size = room
        self.leave_out = leave_out
        self.waiting = []  # pairs: sequence number of the record, number in it
        self.expired = False

    def room(self):
        return self.size - len(self.waiting)

    def add(self, row):
        number = int(record_parts(row).new.partition(b'"N":"')[2].partition(b'"')[0])
        if number not in self.leave_out:
            self.waiting.append((record_sequence(row), number))

    def first_not_done(self):
        return self.waiting[0][0] if self.waiting else None

    def expire(self):
        self.expired = True


class Reading:
    """A consumer of a table's stream."""

    def __init__(self, streamed, page=None, owner=None, **inbox):
        self.db = streamed.db
        self.database = self.db.emulator.database
        self.arn = streamed.arn
        with self.database.read() as txn:
            positions = stored_positions(txn, NAME)
        owner = owner or keyspace.stream(self.stream.id)
        self.consumer = LogConsumer(NAME, owner, positions, lambda shard: Numbers(shard, **inbox), page)

    @property
    def stream(self):
        return self.database.streams.of_resource(self.db.caller.tenant, resource(self.arn))

    def poll(self):
        with self.database.read() as txn:
            return self.consumer.poll(txn, self.stream, self.db.clock.now())

    def inboxes(self):
        return [cursor.inbox for cursor in self.consumer.shards.values()]

    def waiting(self):
        return [number for inbox in self.inboxes() for _, number in inbox.waiting]

    def take(self):
        """Poll once; return all numbers in the inboxes, and empty the inboxes."""
        self.poll()
        numbers = self.waiting()
        for inbox in self.inboxes():
            inbox.waiting.clear()
        return numbers

    def drain(self):
        """Poll until there are no more records; return their numbers."""
        numbers = []
        while self.poll():
            numbers += self.take()
        return numbers

    def save(self):
        self.consumer.save(self.database.write)

    def stored(self):
        with self.database.read() as txn:
            return stored_positions(txn, NAME)


@pytest.fixture
def one(db):
    """Return a table whose stream has one open shard."""
    return Streamed(db, **ONE_SHARD)


def generations(streamed, count, each=2):
    """Write `each` numbers, then let the shards roll over, `count` times."""
    for _ in range(count):
        for _ in range(each):
            streamed.put()
        later(streamed.db, LIFE)
        finish(streamed.db)


# --- order ----------------------------------------------------------------------------------------


def test_parents_first(db, one):
    generations(one, 3)
    reading = Reading(one)
    reading.poll()
    assert reading.waiting() == [1, 2]
    reading.inboxes()[0].waiting.pop()
    assert reading.poll()
    assert reading.waiting() == [1], "a child waits until everything in its parent is done"
    assert reading.drain() == [1, 3, 4, 5, 6]


def test_children_wait_for_a_parent_that_is_deleted(db, one):
    """The records of the deleted parent stay in their inbox until they are done.

    The owner of the inbox decides when to give the records up.
    """
    generations(one, 2)
    reading = Reading(one)
    reading.poll()
    first = reading.inboxes()[0]
    later(db, DAY - LIFE)
    finish(db)
    assert first.shard.number not in {shard.number for shard in reading.stream.shards}
    assert reading.poll()
    assert first.expired
    assert reading.waiting() == [1, 2]
    first.waiting.clear()
    assert reading.drain() == [3, 4]


def test_slots_do_not_wait_for_each_other(db):
    streamed = Streamed(db)
    for number in range(20):
        streamed.put(f"p{number}")
    later(db, LIFE)
    reading = Reading(streamed)
    reading.poll()
    inboxes = reading.inboxes()
    assert len(inboxes) == 4
    inboxes[0].waiting.clear()
    for _ in range(3):
        reading.poll()
    *_, child = reading.inboxes()
    assert len(reading.inboxes()) == 5
    assert child.shard.parent == inboxes[0].shard.id


def test_no_more_is_read_than_there_is_room_for(db, one):
    numbers = [one.put() for _ in range(25)]
    reading = Reading(one, room=10)
    seen = []
    while reading.poll():
        assert len(reading.waiting()) <= 10
        seen += reading.take()
    assert seen == numbers
    limited = Reading(one, page=Page(records=3))
    limited.poll()
    assert limited.waiting() == numbers[:3]
    small = Reading(one, page=Page(size=1))
    small.poll()
    assert small.waiting() == numbers[:1]


def test_records_that_are_too_old_are_skipped(db, one):
    """Records older than the retention are skipped even if they are still in the store."""
    one.put()
    db.clock.advance(LIFE - MINUTE)
    young = one.put()
    db.clock.advance(DAY - LIFE + 2 * MINUTE)
    assert Reading(one).drain() == [young]


def test_the_retention_is_that_of_the_stream(db, one):
    stream = replace(Reading(one).stream, retention=2 * DAY)
    with db.emulator.database.write() as txn:
        txn.put(keyspace.stream(stream.id), stream.dump())
    db.emulator.database.refresh()
    number = one.put()
    db.clock.advance(DAY + HOUR)
    assert Reading(one).drain() == [number]


def test_a_snapshot_from_before_the_end_of_a_shard(db, one):
    """While a group commit is pending, the definition in memory can be newer than the snapshot."""
    reading = Reading(one)
    one.put()
    before = db.emulator.database.read()
    with before:
        one.put()
        later(db, LIFE)
        for _ in range(3):
            reading.consumer.poll(before, reading.stream, db.clock.now())
            for inbox in reading.inboxes():
                inbox.waiting.clear()
        assert len(reading.inboxes()) == 1
        assert not reading.consumer.finished(reading.stream)
    assert reading.drain() == [2], "nothing that was written before the end is left out"


# --- cost -----------------------------------------------------------------------------------------


class Counting:
    """A snapshot that counts its reads."""

    def __init__(self, txn):
        self.txn = txn
        self.reads = 0

    def get(self, key):
        self.reads += 1
        return self.txn.get(key)

    def page(self, *arguments):
        self.reads += 1
        return self.txn.page(*arguments)


def test_a_poll_costs_one_read_where_nothing_happened(db, one):
    generations(one, 3)
    reading = Reading(one)
    reading.drain()

    def reads():
        with db.emulator.database.read() as txn:
            counting = Counting(txn)
            reading.consumer.poll(counting, reading.stream, db.clock.now())
        return counting.reads

    assert reads() == 1
    one.put()
    assert reads() > 1
    assert reading.waiting() == [7]
    assert reads() > 1, "a record waits"
    reading.take()
    reads()
    assert reads() == 1


# --- checkpoints ----------------------------------------------------------------------------------


def test_a_position_is_the_first_record_that_is_not_done(db, one):
    for _ in range(5):
        one.put()
    reading = Reading(one, leave_out={5})
    reading.save()
    assert reading.stored() == {}
    reading.poll()
    reading.save()
    assert reading.stored() == {}, "the first record is not done"
    del reading.inboxes()[0].waiting[1]
    reading.save()
    assert reading.stored() == {}
    del reading.inboxes()[0].waiting[0]
    reading.save()
    assert reading.stored() == {1: 3}
    assert Reading(one).take() == [3, 4, 5], "a restart goes on there"
    reading.inboxes()[0].waiting.clear()
    reading.save()
    assert reading.stored() == {1: 6}, "a record that is left out is done"
    assert Reading(one).take() == []


def test_positions_that_are_stored_before(db, one):
    for _ in range(5):
        one.put()
    with db.emulator.database.write() as txn:
        store_positions(txn, NAME, {1: 4})
    assert Reading(one).take() == [4, 5]


def test_checkpoints_of_shards_that_are_gone_go(db, one):
    reading = Reading(one)
    for _ in range(10):
        generations(one, 1)
        reading.drain()
        reading.save()
    assert len(reading.stream.shards) == 7
    assert reading.stored().keys() <= {shard.number for shard in reading.stream.shards}
    assert len(reading.consumer.shards) <= 7


def test_checkpoints_of_shards_that_were_deleted_while_nobody_read_are_deleted(db, one):
    generations(one, 2)
    first = Reading(one)
    first.drain()
    first.save()
    assert len(first.stored()) == 2
    generations(one, 8)
    reading = Reading(one)
    reading.drain()
    reading.save()
    assert reading.stored().keys() <= {shard.number for shard in reading.stream.shards}


def test_nothing_is_stored_for_an_owner_that_is_gone(db, one):
    one.put()
    reading = Reading(one, owner=keyspace.mapping("a", "b", "c"))
    reading.take()
    reading.save()
    assert reading.stored() == {}


def test_what_could_not_be_stored_is_stored_later(db, one):
    one.put()
    reading = Reading(one)
    reading.take()

    def full():
        raise Full("no room")

    with pytest.raises(Full):
        reading.consumer.save(full)
    assert reading.stored() == {}
    reading.save()
    assert reading.stored() == {1: 2}


def test_nothing_is_written_if_nothing_has_moved(db, one):
    reading = Reading(one)
    reading.take()
    reading.consumer.save(pytest.fail)


def test_a_consumer_of_a_closed_stream_finishes(db, one):
    """A consumer has finished when a closed stream is read to its end and all inboxes are empty."""
    one.put()
    reading = Reading(one)
    reading.poll()
    assert not reading.consumer.finished(reading.stream)
    one.arn = None
    db("UpdateTable", TableName=one.name, StreamSpecification={"StreamEnabled": False})
    reading.poll()
    assert not reading.consumer.finished(reading.stream)
    reading.drain()
    assert reading.consumer.finished(reading.stream)


def test_two_processes_of_a_folder(tmp_path):
    """The second process goes on at the position that the first one has stored."""
    settings = Settings(data_dir=tmp_path / "data")
    first = InProcess(settings)
    one = Streamed(first, **ONE_SHARD)
    for _ in range(3):
        one.put()
    reading = Reading(one)
    reading.take()
    reading.save()
    one.put()
    first.emulator.close()
    again = InProcess(settings)
    one.db = again
    assert Reading(one).take() == [4]
    again.emulator.close()


# --- back-off -------------------------------------------------------------------------------------


def test_back_off_doubles_up_to_its_longest():
    back_off = BackOff(first=0.5, longest=10)
    assert [back_off.until(100, failures) - 100 for failures in (1, 2, 3, 5, 6, 10_000)] == [0.5, 1, 2, 8, 10, 10]


@pytest.mark.parametrize(("now", "over"), [(99, False), (100, True), (95, False), (89, True), (0, True), (200, True)])
def test_back_off_ends_with_the_clock(now, over):
    """It also ends if more than the longest wait remains: then the clock was set back."""
    assert BackOff(first=1, longest=10).over(100, now) is over
