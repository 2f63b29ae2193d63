"""How a registry saves, publishes and reloads definitions, and which ones it refuses.

The class Backup below is a toy that shows what a new kind of stored state needs; see "An operation
with stored state" in emulator/README.md.
"""

from copy import copy
from dataclasses import asdict, dataclass, replace
from types import SimpleNamespace

import orjson
import pytest

from emulator import errors
from emulator.app import Emulator
from emulator.database.definitions.streams import StreamDefinition
from emulator.database.definitions.tables import TableDefinition
from emulator.database.store.loading import from_fields
from emulator.event_sources.mapping import EventSourceMapping
from emulator.settings import Settings
from emulator.shared_memory import SharedMemory
from emulator.slices import Sliced, finish
from storage import Corrupted, Full, Interrupted, LayoutMismatch, Lost
from storage.keycode import prefix_end
from tests.support.in_process import InProcess
from tests.support.tables import index_request, table_request

PREFIX = b"\xf0"


@dataclass(frozen=True, slots=True)
class Backup:
    """A toy definition, for these tests only."""

    name: str
    items: int = 0

    @classmethod
    def load(cls, stored):
        return from_fields(cls, orjson.loads(stored))

    def dump(self):
        return orjson.dumps(asdict(self))


class Backups:
    """A registry of toy definitions. events: the calls of the registry's hooks."""

    def __init__(self, database):
        self.database = database
        self.events = []
        self.registry = database.registries.add(
            (PREFIX, prefix_end(PREFIX)),
            Backup.load,
            lambda key, backup: self.events.append(("changed", key, backup)),
            lambda key, backup: self.events.append(("removed", key, backup)),
        )
        database.registries.reload()

    def get(self, name):
        return self.registry.get(PREFIX + name.encode())

    def save(self, *backups):
        with self.database.registries.changing() as change:
            for backup in backups:
                self.registry.save(change, PREFIX + backup.name.encode(), backup)

    def save_and_fail(self, *backups):
        with self.database.registries.changing() as change:
            for backup in backups:
                self.registry.save(change, PREFIX + backup.name.encode(), backup)
            self.registry.remove(change, PREFIX + b"a")
            raise Full("no room")

    def remove(self, name):
        with self.database.registries.changing() as change:
            self.registry.remove(change, PREFIX + name.encode())


def stored(database):
    with database.read() as txn:
        return dict(txn.scan(PREFIX, prefix_end(PREFIX)))


@pytest.fixture
def backups(db):
    return Backups(db.emulator.database)


def test_a_saved_definition_is_in_force_after_the_block(backups):
    backup = Backup("a", 1)
    with backups.database.registries.changing() as change:
        backups.registry.save(change, PREFIX + b"a", backup)
        assert change.txn.get(PREFIX + b"a") == backup.dump()
        assert (backups.get("a"), backups.events) == (None, [])
    assert backups.get("a") is backup
    assert list(backups.registry) == [backup]
    assert backups.events == [("changed", PREFIX + b"a", backup)]
    assert stored(backups.database) == {PREFIX + b"a": backup.dump()}


def test_a_block_that_fails_changes_nothing(backups):
    backups.save(Backup("a"))
    backups.events.clear()
    with pytest.raises(Full):
        backups.save_and_fail(Backup("a", 2), Backup("b"))
    assert list(backups.registry) == [Backup("a")]
    assert stored(backups.database).keys() == {PREFIX + b"a"}
    assert backups.events == []


def test_definitions_are_published_in_the_order_in_which_they_were_saved(backups):
    backups.save(Backup("b"), Backup("a"), Backup("b", 2))
    assert [backup for _, _, backup in backups.events] == [Backup("b"), Backup("a"), Backup("b", 2)]
    assert backups.get("b") == Backup("b", 2)


def test_a_removed_definition_is_gone_after_the_block(backups):
    backups.save(Backup("a"))
    backups.remove("a")
    backups.remove("a")
    assert (backups.get("a"), stored(backups.database)) == (None, {})
    assert backups.events[1:] == [("removed", PREFIX + b"a", Backup("a"))]


def test_a_lost_commit_is_undone(backups):
    """The store loses a commit after its definitions were published: a new, a changed and a removed
    one.
    """
    backups.save(Backup("kept"), Backup("changed"), Backup("removed"))
    kept, before = backups.get("kept"), stored(backups.database)
    backups.save(Backup("new"), Backup("changed", 1))
    backups.remove("removed")
    with backups.database.write() as txn:
        txn.drop_range(PREFIX, prefix_end(PREFIX), 100)
        for key, value in before.items():
            txn.put(key, value)
    backups.events.clear()
    backups.database.recover()
    assert {each.name: each for each in backups.registry} == {
        "kept": Backup("kept"),
        "changed": Backup("changed"),
        "removed": Backup("removed"),
    }
    assert backups.get("kept") is kept, "what has not changed stays the same object"
    assert backups.events == [
        ("removed", PREFIX + b"new", Backup("new")),
        ("changed", PREFIX + b"changed", Backup("changed")),
        ("changed", PREFIX + b"removed", Backup("removed")),
    ]


# --- several processes ----------------------------------------------------------------------------


@pytest.fixture
def two(tmp_path):
    """Yield the Backups of two processes over one folder."""
    sharing = SharedMemory(2)
    other = copy(sharing)
    other.worker_index = 1
    emulators = [Emulator(Settings(data_dir=tmp_path / "data"), sharing=each) for each in (sharing, other)]
    yield [Backups(emulator.database) for emulator in emulators]
    for emulator in emulators:
        emulator.close()


def test_another_process_reloads_what_has_changed(two):
    mine, other = two
    mine.save(Backup("a"), Backup("b"))
    assert other.get("a") is None
    assert other.database.run(lambda: other.get("a")) == Backup("a")
    held = other.get("b")
    mine.save(Backup("a", 1))
    mine.remove("b")
    mine.save(Backup("b"))
    assert other.database.try_run(lambda: other.get("a"), None) == Backup("a", 1)
    assert other.get("b") is held
    mine.remove("a")
    assert other.database.run(lambda: other.get("a")) is None


def test_nobody_writes_by_definitions_that_are_out_of_date(two):
    mine, other = two
    mine.save(Backup("a"))

    def count():
        backup = other.get("a") or Backup("a", 10)
        other.save(replace(backup, items=backup.items + 1))

    with pytest.raises(Interrupted):
        count()
    other.database.rerun(count)
    assert mine.database.run(lambda: mine.get("a")) == Backup("a", 1)


def test_a_block_that_fails_leaves_the_definitions_current(two):
    """The failed transaction raised the version number of the definitions. Then the other process
    makes a version with this number. The first process must notice that it does not have that
    version.
    """
    mine, other = two
    with pytest.raises(Full):
        mine.save_and_fail(Backup("a"))
    other.save(Backup("b"))
    with pytest.raises(Interrupted):
        mine.save(Backup("c"))


# --- the entrances --------------------------------------------------------------------------------


def test_a_full_disk_is_an_error_for_requests_and_no_error_for_what_can_wait(db):
    database = db.emulator.database

    def fail():
        raise Full("no room")

    def steps():
        yield None
        fail()

    for run in (lambda: database.run(fail), lambda: list(database.run_steps(steps))):
        with pytest.raises(errors.ApiError) as caught:
            run()
        assert caught.value.body() == errors.storage_full().body()
    assert database.try_run(fail, "later") == "later"


@pytest.mark.parametrize(
    ("failures", "outcome"),
    [
        ([Interrupted("busy")], b"in one piece"),
        ([Interrupted("busy"), Interrupted("busy")], b"in one piece"),
        ([Interrupted("busy"), Full("no room")], "InternalServerError"),
        ([Full("no room")], "InternalServerError"),
        ([Lost("gone")], "gone"),
    ],
)
def test_a_response_in_slices_that_is_interrupted_is_made_in_one_piece(db, monkeypatch, failures, outcome):
    database = db.emulator.database
    database.sliced = True
    left = list(failures)

    def steps():
        yield None
        raise left.pop(0)

    def call(*_):
        if database.sliced:
            raise Sliced(steps())
        if left:
            raise left.pop(0)
        return b"in one piece"

    monkeypatch.setattr("emulator.app.find", lambda _: SimpleNamespace(run=call))
    with pytest.raises(Sliced) as caught:
        db.emulator.call("Query", {}, db.caller)
    try:
        made = finish(caught.value.steps)
    except errors.ApiError as error:
        made = error.code
    except Lost as error:
        made = str(error)
    assert made == outcome
    assert (left, database.sliced) == ([], True)


# --- definitions that cannot be read --------------------------------------------------------------


@pytest.fixture
def bodies(tmp_path):
    """Return stored definitions by kind. Each has every part that a definition of its kind may
    have.
    """
    functions = tmp_path / "functions.toml"
    functions.write_text('worker = "http://localhost:9000"\n')
    db = InProcess(Settings(data_dir=tmp_path / "source", functions=functions, delay_transient_statuses=True))
    request = table_request(
        "pk:S",
        define="v:S",
        GlobalSecondaryIndexes=[index_request("by_v", "v")],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"},
    )
    described = db("CreateTable", {**request, "TableName": "table"})["TableDescription"]
    db.clock.advance(4)
    arn = "arn:aws:kinesis:us-east-1:123456789012:stream/s"
    db("EnableKinesisStreamingDestination", TableName="table", StreamArn=arn)
    db("UpdateTable", TableName="table", TableClass="STANDARD_INFREQUENT_ACCESS")
    source = {"FunctionName": "worker", "EventSourceArn": described["LatestStreamArn"], "StartingPosition": "LATEST"}
    db.emulator.call_functions("POST", "/2015-03-31/event-source-mappings", "", orjson.dumps(source), db.caller)
    with db.emulator.database.read() as txn:
        found = {kind: next(txn.scan(bytes([kind]), bytes([kind + 1])))[1] for kind in (0x02, 0x0A, 0x0D)}
    db.emulator.close()
    return {kind: orjson.loads(value) for kind, value in found.items()}


PARTS = [
    (0x02, TableDefinition, "TableDefinition", lambda table: table),
    (0x02, TableDefinition, "IndexDefinition", lambda table: table["indexes"][0]),
    (0x02, TableDefinition, "KinesisDestination", lambda table: table["kinesis"][0]),
    (0x02, TableDefinition, "Pending", lambda table: table["pending"][0]),
    (0x02, TableDefinition, "TableDefinition", lambda table: table["pending"][0]["fields"]),
    (0x0A, StreamDefinition, "StreamDefinition", lambda stream: stream),
    (0x0A, StreamDefinition, "Shard", lambda stream: stream["shards"][0]),
    (0x0D, EventSourceMapping, "EventSourceMapping", lambda mapping: mapping),
]


@pytest.mark.parametrize(("kind", "definition", "name", "part"), PARTS)
def test_a_field_of_a_newer_version_is_refused_wherever_it_is(bodies, kind, definition, name, part):
    definition.load(orjson.dumps(bodies[kind]))
    part(bodies[kind]).update(hue=1, age="new")
    message = rf"^a newer version of the program wrote it \(a stored {name} has the unknown fields age, hue\)$"
    with pytest.raises(LayoutMismatch, match=message):
        definition.load(orjson.dumps(bodies[kind]))


def rewrite(path, change):
    """Let `change` modify the stored definition of the only table in a folder."""
    db = InProcess(Settings(data_dir=path))
    with db.emulator.database.write() as txn:
        ((key, value),) = txn.scan(b"\x02", b"\x03")
        fields = orjson.loads(value)
        change(fields)
        txn.put(key, orjson.dumps(fields))
    db.emulator.close()


def make_folder(path):
    db = InProcess(Settings(data_dir=path))
    db("CreateTable", {**table_request("pk:S"), "TableName": "table"})
    db.emulator.close()


def test_a_folder_of_a_newer_version_is_not_opened(tmp_path):
    path = tmp_path / "data"
    make_folder(path)
    rewrite(path, lambda fields: fields.update(replicas=[]))
    message = (
        f"The data folder {path} cannot be used: a newer version of the program wrote it (a stored"
        " TableDefinition has the unknown field replicas). Use the newer version, or another folder."
    )
    for _ in range(2):  # a refused start closes the folder and does not change it
        with pytest.raises(LayoutMismatch) as caught:
            Emulator(Settings(data_dir=path))
        assert str(caught.value) == message


def test_a_copied_folder_of_a_newer_version_is_not_called_damaged(tmp_path):
    path = tmp_path / "data"
    make_folder(path)
    rewrite(path, lambda fields: fields.update(replicas=[]))
    path.rename(tmp_path / "moved")
    copied = tmp_path / "copied"
    copied.mkdir()
    for file in (tmp_path / "moved").iterdir():
        (copied / file.name).write_bytes(file.read_bytes())
    with pytest.raises(LayoutMismatch, match=r"/copied cannot be used: a newer version .* replicas\)\. Use the newer"):
        Emulator(Settings(data_dir=copied))


def test_a_definition_that_lacks_a_field_is_corrupted(tmp_path):
    path = tmp_path / "data"
    make_folder(path)
    rewrite(path, lambda fields: fields.pop("hash"))
    with pytest.raises(Corrupted, match=r"^The definition under the key .* cannot be read: "):
        Emulator(Settings(data_dir=path))
