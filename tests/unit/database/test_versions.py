"""When other processes notice changed definitions, and what happens to work that they interrupt."""

from copy import copy
from types import SimpleNamespace

import orjson
import pytest

from emulator.app import Emulator
from emulator.database.store.versions import Versions
from emulator.settings import Settings
from emulator.shared_memory import SharedMemory
from storage import Interrupted, Lost
from tests.support.tables import table_request


@pytest.fixture
def two():
    """Return the Versions of two processes, and the group commit of the first one."""
    sharing = SharedMemory(2)
    other = copy(sharing)
    other.worker_index = 1
    group_commit = SimpleNamespace(pending=False)
    return SimpleNamespace(mine=Versions(sharing, group_commit), other=Versions(other, None), group_commit=group_commit)


def test_a_change_is_announced_at_once(two):
    assert not two.other.is_stale()
    two.mine.notify()
    assert (two.mine.is_stale(), two.other.is_stale()) == (False, True)


def test_a_change_whose_commit_is_pending_is_announced_after_it(two):
    two.group_commit.pending = True
    two.mine.notify()
    assert not two.other.is_stale(), "a process that reads now would find nothing and not read again"
    two.group_commit.pending = False
    two.mine.committed()
    assert two.other.is_stale()


def test_a_commit_that_failed_notifies_nobody(workers, monkeypatch):
    mine, other = workers(0, durable=True), workers(1, durable=True)
    group_commit = mine.database.group_commit
    group_commit.group_writes(lambda: None)
    call(mine, "CreateTable", **(table_request("pk:S") | {"TableName": "table"}))
    assert not other.database.versions.is_stale()
    with monkeypatch.context() as patch:
        patch.setattr(group_commit, "commit", lost)
        with pytest.raises(Lost):
            mine.database.commit()
    assert not other.database.versions.is_stale()
    mine.database.commit()
    assert other.database.versions.is_stale()


def lost():
    raise Lost("gone")


@pytest.mark.parametrize(("failure", "attempts"), [(Interrupted("again"), 21), (Lost("tell it first"), 1)])
def test_what_is_interrupted_is_run_again_unless_that_is_of_no_use(db, failure, attempts):
    runs = []

    def work():
        runs.append(failure)
        raise failure

    with pytest.raises(type(failure)):
        db.emulator.database.rerun(work)
    assert len(runs) == attempts


def test_what_is_due_stays_due_while_it_is_interrupted(db):
    done = []

    def work():
        done.append(db.clock.now())
        if len(done) <= 21:
            raise Interrupted("busy")

    db.emulator.database.scheduler.every(1, work)
    db.clock.advance(1)
    db.emulator.tick()
    assert len(done) == 21
    db.emulator.tick()
    assert len(done) == 22


@pytest.fixture
def workers(tmp_path):
    """Yield a function that starts the worker with a worker_index: an emulator over the
    common folder.
    """
    sharing = SharedMemory(2)
    started = []

    def start(worker_index, **settings):
        mine = copy(sharing)
        mine.worker_index = worker_index
        started.append(Emulator(Settings(data_dir=tmp_path / "data", **settings), sharing=mine))
        return started[-1]

    yield start
    for emulator in started:
        emulator.close()


def call(emulator, operation, **body):
    return orjson.loads(emulator.call(operation, body, emulator.caller("local", "us-east-1")) or b"{}")


def make_table(emulator, name="table"):
    call(emulator, "CreateTable", **(table_request("pk:S") | {"TableName": name}))
    return call(emulator, "DescribeTable", TableName=name)["Table"]["TableArn"]


def test_a_change_that_restores_what_was_before_is_noticed(workers):
    mine, other = workers(0), workers(1)
    arn = make_table(mine)
    make_table(other, "other")
    call(mine, "DescribeTable", TableName="other")
    call(mine, "TagResource", ResourceArn=arn, Tags=[{"Key": "k", "Value": "v"}])
    call(other, "UntagResource", ResourceArn=arn, TagKeys=["k"])
    assert call(mine, "ListTagsOfResource", ResourceArn=arn) == {"Tags": []}


@pytest.mark.parametrize("worker_index", [0, 1])
def test_a_worker_that_is_started_again_goes_on_with_what_was_begun(workers, worker_index):
    other, dying = workers(1 - worker_index), workers(worker_index)
    make_table(dying)
    call(dying, "PutItem", TableName="table", Item={"pk": {"S": "a"}, "v": {"S": "b"}})
    create = {
        "IndexName": "by_v",
        "KeySchema": [{"AttributeName": "v", "KeyType": "HASH"}],
        "Projection": {"ProjectionType": "ALL"},
    }
    call(
        dying,
        "UpdateTable",
        TableName="table",
        AttributeDefinitions=[{"AttributeName": "v", "AttributeType": "S"}],
        GlobalSecondaryIndexUpdates=[{"Create": create}],
    )
    dying.database.background.slices.clear()
    again = workers(worker_index)
    while again.tick():
        pass
    (index,) = call(other, "DescribeTable", TableName="table")["Table"]["GlobalSecondaryIndexes"]
    assert (index["IndexStatus"], index["ItemCount"]) == ("ACTIVE", 1)
