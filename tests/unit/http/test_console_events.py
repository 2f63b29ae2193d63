"""Pages about streams and functions: shards, records, live records, mappings, dead letters."""

import asyncio
import re
from urllib.parse import urlencode

import pytest

from emulator.controls import registry
from emulator.http.site.console.pages import streams
from tests.support.asgi import site_of
from tests.support.console import ACTING, in_process
from tests.support.stages import DONE, FAILED, Stage, configured

HTMX = {"hx-request": "true"}
HOSTILE = "<script>window.hostile = 1</script>"


@pytest.fixture
def stage(tmp_path):
    made = Stage(configured(tmp_path, data_dir=tmp_path / "data"))
    yield made
    made.emulator.close()


@pytest.fixture
def console(stage):
    return in_process(stage.emulator)


# --- streams --------------------------------------------------------------------------------------


def test_a_table_gets_a_stream_and_loses_it(console, stage):
    assert "No table has a stream." in console.shown("streams")
    stage.table()
    assert "Orders" in console.shown("streams")
    console.done("streams/disable", table="Orders")
    assert "StreamSpecification" not in stage("DescribeTable", TableName="Orders")["Table"]
    assert "DISABLED" in console.shown("streams")
    stage.clock.advance(10)
    console.done("streams/enable", table="Orders", view="KEYS_ONLY")
    found = stage("DescribeTable", TableName="Orders")["Table"]["StreamSpecification"]
    assert found["StreamViewType"] == "KEYS_ONLY"
    assert console.post("streams/enable", HTMX, table="Nothing", view="KEYS_ONLY").status == 400


def test_more_streams_than_a_page_has(console, stage, monkeypatch):
    monkeypatch.setattr(streams, "_STREAMS", 2)
    for number in range(3):
        stage.table(f"Table{number}")
    page = console.shown("streams")
    assert ("Table1" in page, "Table2" in page) == (True, False)
    last = stage("DescribeTable", TableName="Table1")["Table"]["LatestStreamArn"]
    assert "Table2" in console.shown("streams", after=last)


def test_the_shards_and_records_of_a_stream(console, stage):
    arn = stage.table()
    stage("PutItem", TableName="Orders", Item={"pk": {"S": HOSTILE}, "n": {"N": "1"}, "same": {"S": "s"}})
    stage("PutItem", TableName="Orders", Item={"pk": {"S": HOSTILE}, "n": {"N": "2"}, "same": {"S": "s"}})
    stage("DeleteItem", TableName="Orders", Key={"pk": {"S": HOSTILE}})
    page = console.shown("streams/stream", arn=arn)
    assert "data-events=" in page
    shard = re.search(r"shardId-[0-9a-f-]+", page)[0]
    records = console.shown("streams/records", arn=arn, shard=shard)
    assert [each for each in ("INSERT", "MODIFY", "REMOVE") if each in records] == ["INSERT", "MODIFY", "REMOVE"]
    assert records.count('class="changed"') == 1
    assert "&lt;script&gt;" in records
    first = re.search(r"sequence number (\d+)", records)[1]
    assert console.shown("streams/records", arn=arn, shard=shard, after=first).count("<article") == 2
    for query in ({}, {"arn": "x"}, {"arn": arn, "shard": "none"}):
        assert console.get("streams/records", **query).status == 400


def test_more_records_than_a_page_has(console, stage):
    arn = stage.table(view="KEYS_ONLY")
    for number in range(60):
        stage.put(str(number))
    shard = re.search(r"shardId-[0-9a-f-]+", console.shown("streams/stream", arn=arn))[0]
    page = console.shown("streams/records", arn=arn, shard=shard)
    assert page.count("<article") == 50
    last = re.findall(r"sequence number (\d+)", page)[-1]
    assert f"after={last}" in page
    assert console.shown("streams/records", arn=arn, shard=shard, after=last).count("<article") == 10


class Watcher:
    """A browser that has opened the page with a stream's live records."""

    def __init__(self, stage, arn):
        self._site = site_of(stage.emulator)
        self._arn = arn
        self.text = ""
        self._gone = asyncio.Event()
        self._news = asyncio.Event()

    async def __aenter__(self):
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, *_):
        self._gone.set()
        await asyncio.wait_for(self._task, 20)

    async def _run(self):
        first = True

        async def receive():
            nonlocal first
            if first:
                first = False
                return {"type": "http.request", "body": b"", "more_body": False}
            await self._gone.wait()
            return {"type": "http.disconnect"}

        async def send(message):
            self.text += message.get("body", b"").decode()
            self._news.set()

        scope = {
            "type": "http",
            "method": "GET",
            "path": f"/_emulator/console/{ACTING}/streams/live",
            "raw_path": f"/_emulator/console/{ACTING}/streams/live".encode(),
            "query_string": urlencode({"arn": self._arn}).encode(),
            "root_path": "",
            "headers": [],
            "server": ("127.0.0.1", 8000),
        }
        await self._site(scope, receive, send)

    async def until(self, text):
        while text not in self.text:
            self._news.clear()
            await asyncio.wait_for(self._news.wait(), 20)


@pytest.fixture
def fast(monkeypatch):
    monkeypatch.setattr(streams, "_PAUSE", 0.001)


def test_live_records_end_when_the_browser_goes(stage, fast):
    arn = stage.table()
    stage.put("a record of before")

    async def watch():
        async with Watcher(stage, arn) as watcher:
            await watcher.until(": open")
            stage("PutItem", TableName="Orders", Item={"pk": {"S": HOSTILE}})
            await watcher.until("&lt;script&gt;")
            assert "a record of before" not in watcher.text
            assert "<script>" not in watcher.text
            assert all(line.startswith(("data: ", ": ")) or not line for line in watcher.text.split("\n"))
        assert streams._live == 0

    asyncio.run(watch())


def test_live_records_end_with_the_stream(stage, fast):
    arn = stage.table()

    async def watch():
        async with Watcher(stage, arn) as watcher:
            await watcher.until(": open")
            stage("UpdateTable", TableName="Orders", StreamSpecification={"StreamEnabled": False})
            await watcher.until("The stream has ended.")
            await asyncio.wait_for(watcher._task, 20)

    asyncio.run(watch())


def test_live_records_end_if_a_reset_removes_the_stream(stage, fast):
    arn = stage.table()

    async def watch():
        async with Watcher(stage, arn) as watcher:
            await watcher.until(": open")
            registry.call(stage.emulator, "reset", {})
            await watcher.until("The stream has ended.")
            await asyncio.wait_for(watcher._task, 20)

    asyncio.run(watch())


def test_only_so_many_pages_show_live_records(console, stage, monkeypatch):
    arn = stage.table()
    monkeypatch.setattr(streams, "_live", streams._MOST_LIVE)
    assert console.get("streams/live", arn=arn).status == 400
    assert console.get("streams/live", arn=arn + "x").status == 400


# --- functions ------------------------------------------------------------------------------------


def test_a_mapping_is_created_changed_and_deleted(console, stage):
    arn = stage.table()
    page = console.shown("functions")
    assert "process-order-changes" in page
    console.done(
        "functions/create",
        function="audit",
        stream=arn,
        position="TRIM_HORIZON",
        batch_size="5",
        retries="2",
        bisect="on",
        reports="on",
        pattern='{"eventName": ["INSERT"]}',
    )
    [mapping] = stage.api("GET")[1]["EventSourceMappings"]
    assert (mapping["BatchSize"], mapping["MaximumRetryAttempts"]) == (5, 2)
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    uuid = mapping["UUID"]
    assert "Disable" in console.shown("functions")
    console.done("functions/enable", uuid=uuid, enabled="no")
    assert stage.api("GET")[1]["EventSourceMappings"][0]["State"] == "Disabled"
    assert ">Enable<" in console.shown("functions")
    console.done("functions/enable", uuid=uuid, enabled="yes")
    console.done("functions/delete", uuid=uuid)
    assert "There are no mappings." in console.shown("functions")
    assert console.post("functions/create", HTMX, function="none", stream=arn, position="LATEST").status == 400


def test_failures_and_dead_letters_are_sent_again(console, stage):
    uuid = stage.mapping(stage.table(), MaximumRetryAttempts=0, BatchSize=1)
    stage.put(HOSTILE)
    stage.put("b")
    stage.deliver(lambda _: FAILED)
    page = console.shown("functions")
    assert "it raised" in page
    page = console.shown("functions/mapping", uuid=uuid)
    first, second = dict.fromkeys(re.findall(r"functions/letter\?id=([0-9a-f-]+)", page))
    assert "&lt;script&gt;" in console.shown("functions/letter", id=second)
    console.done("functions/redeliver", id=first)
    assert stage.deliver(lambda _: FAILED) == [["b"]]
    assert "Failed" in console.shown("functions/letter", id=first)
    assert "are being sent again: 2." in console.done("functions/redeliver", uuid=uuid)
    assert "Waiting" in console.shown("functions/mapping", uuid=uuid)
    assert stage.deliver(lambda _: DONE) == [[HOSTILE], ["b"]]
    assert "There are no dead letters." in console.shown("functions/mapping", uuid=uuid)


def test_a_letter_with_many_records(console, stage):
    stage.mapping(stage.table(), MaximumRetryAttempts=0, BatchSize=1000)
    for number in range(120):
        stage.put(str(number))
    stage.deliver(lambda _: FAILED)
    name = stage.letters[0]["requestContext"]["requestId"]
    page = console.shown("functions/letter", id=name)
    assert page.count("<article") == 100
    assert "The first 100 of 120 records." in page


def test_batches_in_progress(console, stage):
    uuid = stage.mapping(stage.table(), MaximumRetryAttempts=5)
    stage.put("a")
    [(invocation, _)] = stage.due()
    assert "<td>sent</td>" in console.shown("functions/mapping", uuid=uuid)
    stage.service.finished(invocation, FAILED)
    assert "waits until" in console.shown("functions/mapping", uuid=uuid)


def test_letters_of_another_account_are_not_shown(stage):
    stage.mapping(stage.table(), MaximumRetryAttempts=0)
    stage.put("a")
    stage.deliver(lambda _: FAILED)
    name = stage.letters[0]["requestContext"]["requestId"]
    other = in_process(stage.emulator, "222233334444@us-east-1")
    assert other.get("functions/letter", id=name).status == 400
    assert other.post("functions/redeliver", HTMX, id=name).status == 400
    assert not stage.service.redelivery.busy


@pytest.mark.parametrize("path", ["functions/mapping", "functions/letter"])
def test_an_unknown_mapping_or_letter(console, path):
    assert console.get(path, uuid="x", id="x").status in (400, 404)
    assert console.get(path).status == 400
