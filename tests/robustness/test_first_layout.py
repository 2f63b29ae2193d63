"""A data folder of layout 1 opens with all data, and consumers continue at their positions."""

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from emulator.database import soundness
from emulator.kinesis.feed import KinesisFeed
from storage.disk.snapshot import copy, snapshot
from tests.support import first_layout as old
from tests.support.archives import unpack
from tests.support.first_layout import HOURS, VIEWS, opened
from tests.support.http_clients import Client
from tests.support.invariants import check_store
from tests.support.servers import running
from tests.support.stages import DONE, FAILED, Stage
from tests.support.stream_reading import by_sequence, pages, read_all

NOW = 1_700_000_000.0 + 17 * HOURS  # the time of the last write to the folder
SERVICE = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}


@pytest.fixture
def held(tmp_path: Path) -> dict[str, Any]:
    """Unpack the folder; return what its clients had seen: records, an iterator, ids."""
    return unpack(old.ARCHIVE, tmp_path / "data")


@pytest.fixture
def stage(held: dict[str, Any], tmp_path: Path) -> Any:
    """Yield the opened folder. Its clock is frozen at the time of the last write."""
    stage = opened(tmp_path / "data")
    stage.clock.freeze(NOW)
    yield stage
    stage.emulator.close()


def layout(folder: Path) -> str:
    return (folder / "layout").read_text().split()[-1]


@pytest.mark.parametrize("view", VIEWS)
def test_streams(stage: Stage, held: dict[str, Any], view: str) -> None:
    arn = old.stream(stage, view)
    records = held["records"][view]
    assert len(records) >= 5
    assert read_all(stage, arn) == records
    stage.put("new", 1, view)
    *before, new = by_sequence(read_all(stage, arn))
    assert (before, new["dynamodb"]["Keys"]) == (by_sequence(records), {"pk": {"S": "new"}})


def test_iterator(stage: Stage, held: dict[str, Any]) -> None:
    stage.clock.freeze(NOW - HOURS)  # an iterator is valid for 15 minutes: go back to that time
    (page,) = [page for page in pages(stage, held["iterator"]) if page]
    shard = [record for record in held["records"]["NEW_AND_OLD_IMAGES"] if record["eventID"] == page[0]["eventID"]]
    assert page[0] == shard[0] == held["records"]["NEW_AND_OLD_IMAGES"][1]


def in_events(record: dict[str, Any], arn: str) -> dict[str, Any]:
    """Return a record of GetRecords in the form in which functions get it."""
    return {**record, **({"userIdentity": SERVICE} if "userIdentity" in record else {}), "eventSourceARN": arn}


def test_function(stage: Stage, held: dict[str, Any]) -> None:
    """The mapping goes on at its checkpoint: the function does not get delivered records again."""
    arn = old.stream(stage, "NEW_AND_OLD_IMAGES")
    ((invocation, _),) = stage.due()
    assert [invocation.payload.decode()] == held["event"]
    stage.service.finished(invocation, FAILED)
    stage.clock.advance(1)
    got: list[dict[str, Any]] = []
    assert stage.deliver(lambda records: got.extend(records) or DONE)
    assert got == [in_events(record, arn) for record in held["records"]["NEW_AND_OLD_IMAGES"][2:]]
    assert any("userIdentity" in record for record in got)
    mapping = stage.api("GET", f"/{held['mapping']}")[1]
    assert (mapping["State"], mapping["LastProcessingResult"]) == ("Enabled", "OK")


def test_kinesis(stage: Stage, held: dict[str, Any]) -> None:
    """The destination goes on at its checkpoint, and records that had failed are sent again."""
    feed = KinesisFeed(stage.emulator.database)
    taken: list[bytes] = []
    while batches := feed.due():
        for batch in batches:
            taken += [record.data for record in batch.records]
            feed.put(batch)
    assert [data.decode() for data in taken[: len(held["kinesis"])]] == held["kinesis"]
    records = {record["eventID"]: record for record in held["records"]["NEW_AND_OLD_IMAGES"]}
    changes = [json.loads(data) for data in taken]
    images = {event["eventID"].replace("-", ""): event["dynamodb"].get("NewImage") for event in changes}
    own = [event for event in changes if event["eventName"] == "REMOVE"]
    assert [event["userIdentity"] for event in own] == [SERVICE]
    assert len(images) == len(changes) == 9
    assert images.keys().isdisjoint(records), "a change log has ids of its own"
    stage.put("again", 9, "NEW_AND_OLD_IMAGES")
    (batch,) = feed.due()
    assert json.loads(batch.records[0].data)["dynamodb"]["OldImage"]["n"] == {"N": "3"}


def test_retention(stage: Stage) -> None:
    """Records of layout 1 are trimmed after a day, and the store stays consistent."""
    for _ in range(26):
        stage.clock.advance(HOURS)
        while stage.emulator.tick():
            pass
        check_store(stage.emulator.database)
    assert [read_all(stage, old.stream(stage, view)) for view in VIEWS] == [[]] * 4


def test_records_of_both_versions_in_one_shard(stage: Stage, tmp_path: Path) -> None:
    """A shard may have records of both layouts; the verifier, a copy and a restart accept it."""
    arn = old.stream(stage, "OLD_IMAGE")
    before = read_all(stage, arn)
    stage.put("new", 1, "OLD_IMAGE")
    stage.put("new", 2, "OLD_IMAGE")
    after = read_all(stage, arn)
    assert after[: len(before)] == before
    stage.emulator.close()
    with snapshot(tmp_path / "data") as txn:
        soundness.check(txn)
    copy(tmp_path / "data", tmp_path / "copy", soundness.verify)
    assert [layout(tmp_path / name) for name in ("data", "copy")] == ["2", "2"]
    again = opened(tmp_path / "copy")
    again.clock.freeze(NOW)
    assert read_all(again, arn) == after
    check_store(again.emulator.database)
    again.emulator.close()


def test_workers_open_the_folder(held: dict[str, Any], tmp_path: Path) -> None:
    """The first worker that opens the folder marks it with the new layout; all workers serve it."""
    with running("--data-dir", str(tmp_path / "data"), "--workers", "2") as server:
        assert layout(tmp_path / "data") == "2"
        for _ in range(4):  # new connections reach both workers
            with closing(Client(server.url)) as client:
                assert client("ListTables")["TableNames"] == sorted(VIEWS)
        assert server.stop() == 0


def test_the_folder_is_verified_copied_and_marked(held: dict[str, Any], tmp_path: Path) -> None:
    """Verifying or copying the folder does not change its layout, 1.

    A copy has layout 2, and so has the folder after a server has opened it.
    """
    soundness.verify(tmp_path / "data")
    copy(tmp_path / "data", tmp_path / "copy", soundness.verify)
    assert [layout(tmp_path / name) for name in ("data", "copy")] == ["1", "2"]
    opened(tmp_path / "data").emulator.close()
    assert layout(tmp_path / "data") == "2"
