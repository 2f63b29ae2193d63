"""Tables with a stream in an emulator in process, for the tests of streams."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from tests.support.engines import settings_of_engine
from tests.support.in_process import InProcess
from tests.support.stream_reading import Record, read_all, shards_of, stream_of
from tests.support.tables import new_name, table_request

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR
LIFE = 4 * HOUR  # how long a shard is open before its rollover
IMAGES = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
OFF = {"StreamEnabled": False}


@contextmanager
def emulator(engine_name: str, tmp_path: Path, **settings: Any) -> Iterator[InProcess]:
    """Run an emulator on an engine, with settings that the fixture `db` does not have."""
    inside = InProcess(settings_of_engine(engine_name, tmp_path / "data", **settings))
    yield inside
    inside.emulator.close()


def later(db: InProcess, seconds: float) -> None:
    """Move the clock forward, and call `Emulator.tick` once."""
    db.clock.advance(seconds)
    db.emulator.tick()


def finish(db: InProcess) -> None:
    """Finish all background work."""
    db.emulator.database.background.run_all()


class Streamed:
    """A table with a stream. `put` numbers the items that it writes: 1, 2, 3 and so on."""

    def __init__(self, db: InProcess, keys: str = "pk:S", view: str = "NEW_AND_OLD_IMAGES", **extra: Any) -> None:
        self.db = db
        request = table_request(keys, StreamSpecification={"StreamEnabled": True, "StreamViewType": view}, **extra)
        self.name: str = request.get("TableName", new_name())
        db("CreateTable", request)
        db("DescribeTable", TableName=self.name)
        self.numbers = count(1)
        self.arn = stream_of(db, self.name)

    def put(self, pk: str = "p") -> int:
        """Write an item with the next number; return the number."""
        number = next(self.numbers)
        self.db("PutItem", TableName=self.name, Item={"pk": {"S": pk}, "n": {"N": str(number)}})
        return number

    def shards(self) -> list[dict[str, Any]]:
        """Return the stream's shards."""
        return shards_of(self.db, self.arn)

    def records(self) -> list[Record]:
        """Return the records that can be read."""
        return read_all(self.db, self.arn)

    def numbers_read(self) -> list[int]:
        """Return the numbers in the records that can be read, in the order of the writes."""
        return sorted(map(number_of, self.records()))

    def set_stream(self, specification: dict[str, Any]) -> str:
        """Change the table's stream setting; set `arn` to the new stream and return it."""
        self.db("UpdateTable", TableName=self.name, StreamSpecification=specification)
        self.arn = stream_of(self.db, self.name)
        return self.arn


def number_of(record: Record) -> int:
    """Return the number in the new image of a record."""
    return int(record["dynamodb"]["NewImage"]["n"]["N"])


def closed(shard: dict[str, Any]) -> bool:
    """Return whether a shard is closed."""
    return "EndingSequenceNumber" in shard["SequenceNumberRange"]


def stored(db: InProcess, *firsts: bytes) -> list[bytes]:
    """Return the storage keys that begin with one of these bytes."""
    with db.emulator.database.read() as txn:
        return [key for first in firsts for key, _ in txn.scan(first, first + b"\xff" * 40)]
