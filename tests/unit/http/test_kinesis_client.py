"""Records go to a Kinesis-compatible server. The emulator's clock decides when failed records are
sent again.
"""

import asyncio
import logging
from contextlib import suppress

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from emulator import rounds
from emulator.kinesis.feed import FIRST_BACK_OFF, LONGEST_BACK_OFF, KinesisFeed
from emulator.outbound.kinesis import KinesisClient, _refusal, run_kinesis
from tests.support.engines import settings_of_engine
from tests.support.in_process import InProcess
from tests.support.kinesis import WAIT, fake_kinesis
from tests.support.tables import table_request

ARN = "arn:aws:kinesis:us-east-1:000000000000:stream/orders"
INTERVAL = 0.001


class Delivering(InProcess):
    """An emulator that sends its records to a fake Kinesis while `until` runs."""

    def __init__(self, fake, settings):
        super().__init__(settings)
        self.fake = fake

    def put(self, pk, value):
        self("PutItem", TableName="tab", Item={"pk": {"S": pk}, "v": {"N": str(value)}})

    def until(self, done, meanwhile=lambda: None):
        """Deliver records until done() returns True; call meanwhile() again and again."""

        async def main():
            task = asyncio.create_task(run_kinesis(self.emulator, self.fake.url, INTERVAL))
            try:
                async with asyncio.timeout(WAIT):
                    while not done():
                        meanwhile()
                        await asyncio.sleep(INTERVAL)
                        assert not task.done(), task.exception()
            finally:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

        asyncio.run(main())


@pytest.fixture
def fake():
    with fake_kinesis() as made:
        yield made


@pytest.fixture
def inside(fake, engine_name, tmp_path):
    made = Delivering(fake, settings_of_engine(engine_name, tmp_path / "data", kinesis_endpoint=fake.url))
    made("CreateTable", {**table_request("pk:S"), "TableName": "tab"})
    made("EnableKinesisStreamingDestination", TableName="tab", StreamArn=ARN)
    yield made
    made.emulator.close()


def order_of(values, item):
    return [value for pk, value in values if pk == item]


def test_records_come_in_the_order_of_each_item(inside, fake):
    for number in range(30):
        inside.put(f"k{number % 7}", number)
    inside.until(lambda: len(fake.entries) == 30)
    for item in range(7):
        assert order_of(fake.values(), f"k{item}") == list(range(item, 30, 7))
    assert {call["StreamName"] for call in fake.calls} == {"orders"}
    assert fake.credentials == {"test"}


def test_entries_that_fail_are_put_later(inside, fake):
    """Every first attempt fails. The clock stands still, so the second attempt comes only when the
    test moves it.
    """
    tried = set()

    def first(entry):
        known = entry[1]["eventID"] in tried
        tried.add(entry[1]["eventID"])
        return not known

    fake.refuse = first
    for number in range(10):
        inside.put("ab"[number % 2], number)
    inside.until(lambda: len(fake.calls) == 1)
    assert fake.entries == []
    inside.until(lambda: len(fake.entries) == 10, lambda: inside.clock.advance(FIRST_BACK_OFF))
    assert order_of(fake.values(), "a") == [0, 2, 4, 6, 8]
    assert order_of(fake.values(), "b") == [1, 3, 5, 7, 9]


@pytest.mark.parametrize("code", ["ResourceNotFoundException", "ProvisionedThroughputExceededException"])
def test_calls_that_fail_are_made_again(inside, fake, caplog, code):
    fake.error = code
    inside.put("a", 1)
    inside.until(lambda: len(fake.calls) >= 3, lambda: inside.clock.advance(LONGEST_BACK_OFF))
    fake.error = None
    inside.until(lambda: fake.values() == [("a", 1)], lambda: inside.clock.advance(LONGEST_BACK_OFF))
    warnings = [record.message for record in caplog.records if record.levelno == logging.WARNING]
    assert warnings
    assert all(code in text and ARN in text for text in warnings)


def test_a_server_that_is_not_there(inside, fake, caplog):
    url, fake.url = fake.url, "http://127.0.0.1:9"
    inside.put("a", 1)
    inside.until(lambda: caplog.records)
    assert "does not accept records; they wait and will be sent again" in caplog.text
    fake.url = url
    inside.until(lambda: fake.values() == [("a", 1)], lambda: inside.clock.advance(LONGEST_BACK_OFF))


@pytest.mark.parametrize("strange", [{}, [], "no", {"Records": "x"}, {"Records": [1]}, {"Records": []}])
def test_answers_that_are_none(inside, fake, caplog, strange):
    fake.strange = strange
    inside.put("a", 1)
    inside.until(lambda: caplog.records)
    assert "does not accept records; they wait and will be sent again" in caplog.text
    fake.strange = None
    inside.until(lambda: fake.values() == [("a", 1)], lambda: inside.clock.advance(LONGEST_BACK_OFF))


def test_delivery_goes_on_after_a_failure_of_our_own(inside, fake, caplog, monkeypatch):
    monkeypatch.setattr(rounds, "_PAUSE", 0.0)
    with monkeypatch.context() as patch:
        patch.setattr(KinesisFeed, "due", lambda _: 1 / 0)
        inside.until(lambda: caplog.records)
    inside.put("a", 1)
    inside.until(lambda: fake.values() == [("a", 1)])


def test_content_that_is_refused_is_given_up(inside, fake, caplog):
    fake.error = "ValidationException"
    inside.put("a", 1)
    inside.until(lambda: "refused a record; it will not be sent again" in caplog.text)
    fake.error = None
    inside.put("a", 2)
    inside.until(lambda: fake.values() == [("a", 2)])


def test_disabling_ends_when_all_is_put(inside, fake):
    for number in range(5):
        inside.put("a", number)
    inside("DisableKinesisStreamingDestination", TableName="tab", StreamArn=ARN)
    inside.put("a", 5)

    def status():
        (reported,) = inside("DescribeKinesisStreamingDestination", TableName="tab")["KinesisDataStreamDestinations"]
        return reported["DestinationStatus"]

    assert status() == "DISABLING"
    inside.until(lambda: status() == "DISABLED")
    assert fake.values() == [("a", number) for number in range(5)]


@pytest.mark.parametrize("url", ["http://127.0.0.1:4568", "http://localhost:4568/kinesis", "https://[::1]"])
def test_calls_are_signed_as_botocore_signs_them(url):
    body = b'{"Records":[]}'
    ours = KinesisClient(url)._head("eu-central-1", "AKIA", body)
    date = ours["x-amz-date"]
    request = AWSRequest("POST", url, {name: ours[name] for name in ("content-type", "x-amz-target")}, body)
    request.context["timestamp"] = date
    signer = SigV4Auth(Credentials("AKIA", "local"), "kinesis", "eu-central-1")
    request.headers["X-Amz-Date"] = date
    request.headers["host"] = ours["host"]
    signature = signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)
    assert ours["authorization"].endswith(
        f"/{date[:8]}/eu-central-1/kinesis/aws4_request, "
        f"SignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature={signature}"
    )


@pytest.mark.parametrize(
    ("status", "errortype", "body", "code"),
    [
        (400, "", b'{"__type": "com.amazonaws.kinesis#ValidationException", "message": "m"}', "ValidationException"),
        (400, "InvalidArgumentException:http://internal/", b"{}", "InvalidArgumentException"),
        (400, "", b'{"code": "SerializationException"}', "SerializationException"),
        (413, "", b"<html>", "413"),
        (500, "", b"[]", "500"),
    ],
)
def test_the_code_of_an_error(status, errortype, body, code):
    assert _refusal(status, errortype, body)[0] == code
