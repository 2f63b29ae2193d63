"""The server opens data folders that were written with another `--account`.

The golden folder was written by a version whose default account was 000000000000; see
tests/support/old_account.py.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest

from emulator.kinesis.feed import KinesisFeed
from emulator.settings import DEFAULT_ACCOUNT
from tests.support import old_account as old
from tests.support.http_clients import boto_options
from tests.support.invariants import dump
from tests.support.old_account import ACCOUNT, EUROPE, ITEMS, LOCAL, ZEROS, as_, opened
from tests.support.servers import running
from tests.support.stages import DONE, Stage
from tests.support.stream_reading import pages, read_all
from tests.support.tables import table_request

OTHER = "555566667777"
AWS = "123456789012"


def written(before: str) -> Callable[[Path], dict[str, str]]:
    """Return a function that writes a folder with today's code, and with --account `before`."""
    return lambda folder: old.write(folder, account=before)


@pytest.fixture(
    params=[
        (old.unpack, "000000000000", AWS),
        (old.unpack, "000000000000", OTHER),
        (old.unpack, "000000000000", "000000000000"),
        (written(AWS), AWS, OTHER),
        (written(OTHER), OTHER, AWS),
    ],
    ids=["golden", "golden, another", "golden, the same", "to another", "from another"],
)
def case(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, Any]:
    """Write a folder with the account `before`, which tests open with the account `after`.

    The result also has what clients got before: an iterator and the id of a mapping.
    """
    write, before, after = request.param
    folder = tmp_path / "data"
    return {**write(folder), "folder": folder, "before": before, "after": after}


def stage_of(case: dict[str, Any], **settings: Any) -> Stage:
    return opened(case["folder"], account=case["after"], **settings)


def arn_of(account: str, resource: str = "table/orders", region: str = "us-east-1") -> str:
    return f"arn:aws:dynamodb:{region}:{account}:{resource}"


def test_the_default_is_the_account_of_aws_examples() -> None:
    assert DEFAULT_ACCOUNT == AWS


def test_tables(case: dict[str, Any]) -> None:
    stage = as_(stage_of(case), LOCAL)
    own, foreign = arn_of(case["after"]), arn_of(case["before"])
    table = stage("DescribeTable", TableName="orders")["Table"]
    (local,), (index,) = table["LocalSecondaryIndexes"], table["GlobalSecondaryIndexes"]
    assert table["TableArn"] == own
    assert table["LatestStreamArn"] == f"{own}/stream/{table['LatestStreamLabel']}"
    assert (local["IndexArn"], index["IndexArn"]) == (f"{own}/index/local", f"{own}/index/global")
    assert stage("DescribeTable", TableName=own)["Table"] == table
    for name in ("orders", own):
        assert sorted(stage("Scan", TableName=name)["Items"], key=lambda item: item["pk"]["S"]) == ITEMS
        found = stage(
            "Query",
            TableName=name,
            IndexName="global",
            KeyConditionExpression="g = :g",
            ExpressionAttributeValues={":g": {"S": "g"}},
        )
        assert found["Count"] == len(ITEMS)
        reported = stage("DescribeTimeToLive", TableName=name)["TimeToLiveDescription"]
        assert reported == {"TimeToLiveStatus": "ENABLED", "AttributeName": "ttl"}
    assert stage("ListTagsOfResource", ResourceArn=own)["Tags"] == old.TAGS
    if foreign != own:
        assert stage.error("DescribeTable", TableName=foreign) == ("AccessDeniedException", "Access is denied")
        assert stage.error("ListTagsOfResource", ResourceArn=foreign)[0] == "AccessDeniedException"
    stage.emulator.close()


def test_kms_keys_follow_the_account(case: dict[str, Any]) -> None:
    """ARNs of KMS keys have the new account; the default key is the same as for a new table."""
    stage = as_(stage_of(case), LOCAL)
    stage("CreateTable", {**table_request("pk:S", SSESpecification={"Enabled": True}), "TableName": "today"})
    keys = {
        name: stage("DescribeTable", TableName=name)["Table"]["SSEDescription"]["KMSMasterKeyArn"]
        for name in ("orders", "today", "archived")
    }
    assert keys["orders"] == keys["today"]
    assert keys["archived"] == f"arn:aws:kms:us-east-1:{case['after']}:alias/a"
    stage.emulator.close()


def test_other_tenants_have_their_accounts(case: dict[str, Any]) -> None:
    stage = stage_of(case)
    for caller, account in ((EUROPE, case["after"]), (ACCOUNT, "111122223333"), (ZEROS, "000000000000")):
        as_(stage, caller)
        described = stage("DescribeTable", TableName="orders")["Table"]
        assert described["TableArn"] == arn_of(account, region=caller[1])
        assert stage("Scan", TableName=described["TableArn"])["Items"] == ITEMS[:1]
        (mapping,) = stage.api("GET")[1]["EventSourceMappings"]
        assert mapping["EventSourceArn"] == described["LatestStreamArn"]
        assert mapping["FunctionArn"].split(":")[3:5] == [caller[1], account]
    stage.emulator.close()


def test_streams(case: dict[str, Any]) -> None:
    """ARNs of streams have the new account, and an old iterator continues at its position."""
    stage = as_(stage_of(case), LOCAL)
    streams = {each["TableName"]: each["StreamArn"] for each in stage("ListStreams")["Streams"]}
    assert streams.keys() == {"orders", "archived"}
    assert all(arn.startswith(arn_of(case["after"], f"table/{table}/stream/")) for table, arn in streams.items())
    assert [record["dynamodb"]["NewImage"] for record in read_all(stage, streams["orders"])] == ITEMS
    assert len(read_all(stage, streams["archived"])) == 1
    later = [record for page in pages(stage, case["iterator"]) for record in page]
    assert [record["dynamodb"]["NewImage"] for record in later] == ITEMS[1:]
    stage("PutItem", TableName="archived", Item={"pk": {"S": "not in the stream"}})
    stage("UpdateTable", TableName="archived", StreamSpecification=old.STREAM)
    assert len(stage("ListStreams", TableName="archived")["Streams"]) == 2
    stage.emulator.close()


def test_an_event_source_mapping(case: dict[str, Any]) -> None:
    """The mapping's ARNs have the new account, but not its destination, the user's queue.

    After each of two starts, it continues at its checkpoint.
    """
    for position in (2, 3):
        stage = as_(stage_of(case), LOCAL)
        (mapping,) = stage.api("GET")[1]["EventSourceMappings"]
        stream = stage("DescribeTable", TableName="orders")["Table"]["LatestStreamArn"]
        home = f"arn:aws:lambda:us-east-1:{case['after']}"
        assert mapping["UUID"] == case["mapping"]
        assert mapping["EventSourceArn"] == stream
        assert mapping["FunctionArn"] == f"{home}:function:process-order-changes"
        assert mapping["EventSourceMappingArn"] == f"{home}:event-source-mapping:{case['mapping']}"
        assert mapping["DestinationConfig"] == {"OnFailure": {"Destination": old.QUEUE}}
        code = stage.refused(
            "POST",
            body={"FunctionName": "process-order-changes", "EventSourceArn": stream, "StartingPosition": "LATEST"},
        )[1]
        assert code == "ResourceConflictException"
        ((invocation, records),) = (
            (each, records) for each, records in stage.due() if records[0]["eventSourceARN"] == stream
        )
        assert invocation.function_arn == mapping["FunctionArn"]
        assert [record["dynamodb"]["NewImage"] for record in records] == ITEMS[position : position + 1]
        stage.service.finished(invocation, DONE)
        stage.emulator.close()


def test_a_kinesis_destination(case: dict[str, Any]) -> None:
    """The destination's ARN is that of the user's data stream, so its account does not change.

    Delivery continues at the checkpoint.
    """
    stage = as_(stage_of(case), LOCAL)
    feed = KinesisFeed(stage.emulator.database)
    (batch,) = feed.due()
    assert batch.arn == old.KINESIS
    assert [json.loads(record.data)["dynamodb"]["NewImage"] for record in batch.records] == ITEMS[2:]
    reported = stage("DescribeKinesisStreamingDestination", TableName=arn_of(case["after"]))
    (destination,) = reported["KinesisDataStreamDestinations"]
    assert (destination["StreamArn"], destination["DestinationStatus"]) == (old.KINESIS, "ACTIVE")
    stage("DisableKinesisStreamingDestination", TableName="orders", StreamArn=old.KINESIS)
    stage.emulator.close()


def test_the_database_of_all_callers(case: dict[str, Any]) -> None:
    """With --shared-db, requests may have ARNs of any account; answers have that of the creator."""
    stage = as_(stage_of(case, shared_db=True), EUROPE)
    for maker, mapper in ((LOCAL, ACCOUNT), (ACCOUNT, LOCAL)):
        account, function = ("111122223333" if each == ACCOUNT else case["after"] for each in (maker, mapper))
        table = stage("DescribeTable", TableName=f"shared.{maker[0]}")["Table"]
        assert table["TableArn"] == arn_of(account, f"table/shared.{maker[0]}")
        (mapping,) = stage.api("GET", query=f"EventSourceArn={table['LatestStreamArn']}")[1]["EventSourceMappings"]
        assert mapping["FunctionArn"] == f"arn:aws:lambda:us-east-1:{function}:function:process-order-changes"
        for other in (case["before"], case["after"], "210987654321"):
            parts = table["TableArn"].split(":")
            parts[3:5] = ["ap-south-1", other]
            assert stage("Scan", TableName=":".join(parts))["Items"] == ITEMS[:1]
    stage.emulator.close()


def test_opening_writes_nothing(case: dict[str, Any]) -> None:
    """Opening with another account writes nothing, so no crash leaves a half-changed folder."""
    stage = opened(case["folder"], account=case["before"])
    before = dump(stage.emulator.database)
    stage.emulator.close()
    stage = stage_of(case)
    assert dump(stage.emulator.database) == before
    stage.emulator.close()


def test_definitions_that_were_saved_again_follow_too(case: dict[str, Any]) -> None:
    """Definitions that were saved under the second account are found under a third one."""
    stage = as_(stage_of(case), LOCAL)
    stage("UpdateTable", TableName="orders", DeletionProtectionEnabled=True)
    stage("TagResource", ResourceArn=arn_of(case["after"]), Tags=[{"Key": "new", "Value": ""}])
    stage.api("PUT", f"/{case['mapping']}", {"BatchSize": 5})
    stage.emulator.close()
    stage = as_(opened(case["folder"], account="999988887777"), LOCAL)
    table = stage("DescribeTable", TableName=arn_of("999988887777"))["Table"]
    assert table["TableArn"] == arn_of("999988887777")
    assert len(stage("ListTagsOfResource", ResourceArn=table["TableArn"])["Tags"]) == 2
    (mapping,) = stage.api("GET")[1]["EventSourceMappings"]
    assert mapping["EventSourceArn"] == table["LatestStreamArn"]
    assert mapping["FunctionArn"].split(":")[4] == "999988887777"
    stage.emulator.close()


def test_workers_agree(tmp_path: Path) -> None:
    """Every worker returns the same account, for old and new tables."""
    folder = tmp_path / "data"
    old.unpack(folder)
    with running("--data-dir", str(folder), "--workers", "2", "--account", OTHER) as server:
        made = ["orders"]
        for number in range(8):  # new connections reach different workers
            client = boto3.client("dynamodb", **boto_options(server.url, key="local"))
            for name in made:
                arn = arn_of(OTHER, f"table/{name}")
                assert client.describe_table(TableName=arn)["Table"]["TableArn"] == arn
            made.append(f"new{number}")
            reported = client.create_table(**{**table_request("pk:S"), "TableName": made[-1]})["TableDescription"]
            assert reported["TableArn"] == arn_of(OTHER, f"table/{made[-1]}")
            client.close()
        assert server.stop() == 0


def test_a_pending_change_follows(case: dict[str, Any]) -> None:
    """A KMS key that UpdateTable set, but which is not yet in force, also gets the new account."""
    stage = as_(opened(case["folder"], account=case["before"], delay_transient_statuses=True), LOCAL)
    wanted = {"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": "alias/b"}
    stage("UpdateTable", TableName="archived", SSESpecification=wanted)
    reported = stage("DescribeTable", TableName="archived")["Table"]["SSEDescription"]
    assert reported["KMSMasterKeyArn"] == f"arn:aws:kms:us-east-1:{case['before']}:alias/a"
    stage.emulator.close()
    stage = as_(stage_of(case, delay_transient_statuses=True), LOCAL)
    stage.clock.advance(3600)
    reported = stage("DescribeTable", TableName="archived")["Table"]["SSEDescription"]
    assert reported["KMSMasterKeyArn"] == f"arn:aws:kms:us-east-1:{case['after']}:alias/b"
    stage.emulator.close()
