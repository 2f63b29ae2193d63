"""Tables with streams and a clock moved by hand, for the tests of test_stream_*.py."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

from emulator.settings import Settings
from tests.support.in_process import InProcess
from tests.support.stream_reading import read_all, shards_of, stream_of
from tests.support.tables import new_name, table_request

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR
LIFE = 4 * HOUR  # of a shard
IMAGES = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
OFF = {"StreamEnabled": False}


@contextmanager
def emulator(engine_name, tmp_path, **settings) -> Iterator[InProcess]:
    """An emulator on an engine, started with other settings than the fixture `db`."""
    place = {"in_memory": True} if engine_name == "memory" else {"data_dir": tmp_path / "data"}
    inside = InProcess(Settings(**place, **settings))
    yield inside
    inside.emulator.close()


def later(db, seconds):
    """Move the clock, and let what has become due happen."""
    db.clock.advance(seconds)
    db.emulator.tick()


def finish(db):
    """End all background work."""
    db.emulator.database.background.run_all()


class Streamed:
    """A table with a stream; `put` writes an item that each time is another."""

    def __init__(self, db, keys="pk:S", view="NEW_AND_OLD_IMAGES", **extra):
        self.db = db
        request = table_request(keys, StreamSpecification={"StreamEnabled": True, "StreamViewType": view}, **extra)
        self.name = request.get("TableName", new_name())
        db("CreateTable", request)
        db("DescribeTable", TableName=self.name)
        self.numbers = count(1)
        self.arn = stream_of(db, self.name)

    def put(self, pk="p"):
        """Write an item; return the number in it."""
        number = next(self.numbers)
        self.db("PutItem", TableName=self.name, Item={"pk": {"S": pk}, "n": {"N": str(number)}})
        return number

    def shards(self):
        return shards_of(self.db, self.arn)

    def records(self):
        return read_all(self.db, self.arn)

    def numbers_read(self):
        """Return the numbers of the items in the records that can be read, in the order of writing."""
        return sorted(map(number_of, self.records()))

    def set_stream(self, specification):
        """Change the table's stream setting; `arn` follows."""
        self.db("UpdateTable", TableName=self.name, StreamSpecification=specification)
        self.arn = stream_of(self.db, self.name)
        return self.arn


def number_of(record):
    """Return the number of the item in a record."""
    return int(record["dynamodb"]["NewImage"]["n"]["N"])


def closed(shard):
    return "EndingSequenceNumber" in shard["SequenceNumberRange"]


def stored(db, *firsts):
    """Return the storage keys that begin with one of these bytes."""
    with db.emulator.database.read() as txn:
        return [key for first in firsts for key, _ in txn.scan(first, first + b"\xff" * 40)]
