"""Bulk operations in process: how they are cancelled, resumed, ended by a reset, or refused."""

from functools import partial
from itertools import islice

import pytest

from emulator.controls.registry import call
from emulator.errors import ApiError
from emulator.s3_jobs.runner import Runner
from emulator.s3_jobs.work import Pause
from emulator.settings import Settings
from tests.support.buckets import Bucket, run_jobs, steps
from tests.support.engines import settings_of_engine
from tests.support.in_process import InProcess
from tests.support.invariants import check_store
from tests.support.tables import index_request, table_request

TABLE = {**table_request("pk:S"), "TableName": "tab"}
LINE = '{"Item":{"pk":{"S":"%s"}}%s}\n'


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "s3"


@pytest.fixture
def bucket(folder):
    return Bucket(folder / "bucket")


@pytest.fixture
def db(engine_name, tmp_path, folder):
    inside = InProcess(settings_of_engine(engine_name, tmp_path / "data", s3_dir=str(folder)))
    inside("CreateTable", TABLE)
    yield inside
    check_store(inside.emulator.database)
    inside.emulator.close()


@pytest.fixture
def one(tmp_path, folder):
    inside = InProcess(Settings(in_memory=True, s3_dir=str(folder)))
    inside("CreateTable", TABLE)
    yield inside
    inside.emulator.close()


def request(**members):
    return {
        "TableName": "tab",
        "InputS3Configuration": {"S3Bucket": "bucket", "InputFormat": "DYNAMODB_JSON", "S3KeyPrefix": "in"},
        "OutputS3Configuration": {"OutputType": ["ERROR", "CONDITION_CHECK_FAILURE"], "S3KeyPrefix": "out"},
        **members,
    }


def begin(db, **members):
    return db("StartBulkPutItems", request(**members))["BulkOperationDescription"]["BulkOperationArn"]


def described(db, arn):
    return db("DescribeBulkOperation", BulkOperationArn=arn)["BulkOperationDescription"]


def work_of(db):
    [work] = Runner(db.emulator.database, db.emulator.settings).due()
    return steps(work)


def test_a_cancelled_operation_ends_with_its_next_slice(db, bucket):
    bucket.put("in", "".join(LINE % (number, "") for number in range(450)))
    arn = begin(db)
    work = work_of(db)
    assert len(list(islice(work, 6))) == 6
    done = described(db, arn)["ProcessedItemCount"]
    assert 0 < done < 450
    cancelling = {"BulkOperationArn": arn, "BulkOperationStatus": "CANCELLING"}
    assert db("CancelBulkOperation", BulkOperationArn=arn) == cancelling
    assert db("CancelBulkOperation", BulkOperationArn=arn) == cancelling
    assert described(db, arn)["BulkOperationStatus"] == "CANCELLING"
    list(work)
    found = described(db, arn)
    assert found["BulkOperationStatus"] == "CANCELLED"
    assert found["FailureCode"] == "Cancelled"
    assert found["ProcessedItemCount"] == db("Scan", TableName="tab", Select="COUNT")["Count"] < 450
    assert "EndTime" in found
    assert any(key.endswith("manifest-summary.json") for key in bucket.all_keys())


def test_refused_records_do_not_stay_in_the_data_folder(db, bucket, tmp_path):
    bucket.put("in", LINE % ("", ""))
    begin(db)
    run_jobs(db)
    assert [path for path in (tmp_path / "data" / "logs").rglob("*") if path.is_file()] == []


def test_an_operation_that_has_not_begun_is_cancelled(db, bucket):
    bucket.put("in", LINE % ("a", ""))
    arn = begin(db)
    db("CancelBulkOperation", BulkOperationArn=arn)
    run_jobs(db)
    assert described(db, arn)["BulkOperationStatus"] == "CANCELLED"
    assert db("Scan", TableName="tab")["Count"] == 0


@pytest.mark.parametrize("done", range(4, 12))
def test_an_operation_goes_on_after_a_restart(engine_name, tmp_path, folder, bucket, done):
    settings = settings_of_engine(engine_name, tmp_path / "data", s3_dir=str(folder))
    if settings.folder is None:
        pytest.skip("nothing is left after a restart")
    for key in ("in1", "in2"):
        lines = [LINE % (f"{key}{number}", "") for number in range(150)]
        lines[50] = '{"Item":{}}\n'
        lines[120] = LINE % ("x", ',"ConditionExpression":"attribute_exists(pk)"')
        bucket.put(key, "".join(lines))
    db = InProcess(settings)
    db("CreateTable", TABLE)
    arn = begin(db)
    [work] = Runner(db.emulator.database, db.emulator.settings).due()
    assert len(list(islice(steps(work), done))) == done
    work.close()
    db.emulator.close()
    db = InProcess(settings)
    run_jobs(db)
    found = described(db, arn)
    assert (found["ProcessedItemCount"], found["FailedItemCount"]) == (300, 2)
    assert found["ProcessedInputBytes"] == found["TotalInputBytes"]
    [usage] = found["BulkOperationUsage"]
    assert usage["BulkPutBytes"] == sum(
        len(f"pk{key}{n}") for key in ("in1", "in2") for n in range(150) if n not in (50, 120)
    )
    assert db("Scan", TableName="tab", Select="COUNT")["Count"] == 296
    manifest = next(key for key in bucket.all_keys() if key.endswith("manifest-files.json"))
    entries = bucket.lines(manifest)
    assert [(entry["outputType"], entry["itemCount"]) for entry in entries] == [
        ("ERROR", 2),
        ("CONDITION_CHECK_FAILURE", 2),
    ]
    errors = bucket.lines(entries[0]["dataFileS3Key"])
    assert [(line["itemS3Pointer"]["key"], line["itemS3Pointer"]["itemIndex"]) for line in errors] == [
        ("in1", 50),
        ("in2", 50),
    ]
    db.emulator.close()


def test_a_deleted_table_ends_an_operation(db, bucket):
    bucket.put("in", "".join(LINE % (number, "") for number in range(450)))
    arn = begin(db)
    work = work_of(db)
    list(islice(work, 6))
    db("DeleteTable", TableName="tab")
    db("ListTables")
    list(work)
    found = described(db, arn)
    assert (found["BulkOperationStatus"], found["FailureCode"]) == ("FAILED", "TableNotFound")


def test_a_reset_ends_an_operation(db, bucket):
    bucket.put("in", "".join(LINE % (number, "") for number in range(450)))
    arn = begin(db)
    work = work_of(db)
    list(islice(work, 6))
    call(db.emulator, "reset", {})
    assert list(work) == []
    assert db.error("DescribeBulkOperation", BulkOperationArn=arn)[0] == "ResourceNotFoundException"
    db.emulator.database.background.run_all()


def test_enforced_throughput_does_not_slow_an_operation(engine_name, tmp_path, folder, bucket):
    settings = settings_of_engine(engine_name, tmp_path / "data", s3_dir=str(folder), enforce_throughput=True)
    db = InProcess(settings)
    units = {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}
    db("CreateTable", {**TABLE, "BillingMode": "PROVISIONED", "ProvisionedThroughput": units})
    bucket.put("in", "".join(LINE % (number, "") for number in range(450)))
    arn = begin(db)
    run_jobs(db)
    assert described(db, arn)["FailedItemCount"] == 0
    puts = ({"TableName": "tab", "Item": {"pk": {"S": str(number)}, "x": {"S": "y"}}} for number in range(400))
    with pytest.raises(ApiError, match="ProvisionedThroughputExceededException"):
        list(map(partial(db, "PutItem"), puts))
    db.emulator.close()


# --- requests that are refused --------------------------------------------------------------------


def test_a_table_whose_index_is_being_created(engine_name, tmp_path, folder):
    settings = settings_of_engine(engine_name, tmp_path / "data", s3_dir=str(folder), delay_transient_statuses=True)
    db = InProcess(settings)
    db("CreateTable", TABLE)
    text = "Attempt to change a resource which is still in use: Table is being created: tab"
    assert db.error("StartBulkPutItems", request()) == ("ResourceInUseException", text)
    db.clock.advance(4)
    create = {"Create": index_request("index", "g")}
    definitions = [{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "g")]
    db("UpdateTable", TableName="tab", AttributeDefinitions=definitions, GlobalSecondaryIndexUpdates=[create])
    assert db.error("StartBulkPutItems", request())[0] == "ResourceInUseException"
    db.emulator.close()


def test_a_key_without_kms(one):
    output = {"OutputType": ["ERROR"], "S3SseKmsKeyId": "key"}
    text = "Invalid Request: KMS Key Id is not supported for this encryption type"
    assert one.error("StartBulkPutItems", request(OutputS3Configuration=output)) == ("ValidationException", text)


ARN = "arn:aws:dynamodb:us-east-1:123456789012:table/tab"
NONE = "01791504762511-2779fadd"


@pytest.mark.parametrize("operation", ["DescribeBulkOperation", "CancelBulkOperation"])
@pytest.mark.parametrize(
    ("arn", "code"),
    [
        (ARN, "ValidationException"),
        (f"{ARN}/import/{NONE}", "ValidationException"),
        (f"{ARN}/bulk-operation/{NONE}", "ResourceNotFoundException"),
        (f"{ARN}/bulk-operation/{NONE}".replace("us-east-1", "us-west-2"), "ResourceNotFoundException"),
        (f"{ARN}/bulk-operation/{NONE}".replace("123456789012", "1" * 12), "AccessDeniedException"),
    ],
)
def test_arns(one, operation, arn, code):
    assert one.error(operation, BulkOperationArn=arn)[0] == code


def test_units_below_the_minimum(one):
    text = (
        "1 validation error detected: Value '1023' at 'maxWriteRequestUnits' failed to satisfy constraint: Member must have "
        "value greater than or equal to 1024"
    )
    assert one.error("StartBulkPutItems", request(MaxWriteRequestUnits=1023)) == ("ValidationException", text)


def test_the_slices_pause_for_the_maximum(one, bucket):
    bucket.put("in", "".join(LINE % (number, "") for number in range(300)))
    begin(one, MaxWriteRequestUnits=1024)
    [work] = Runner(one.emulator.database, one.emulator.settings).due()
    pauses, value = [], None
    while True:
        try:
            wanted = work.send(value)
        except StopIteration:
            break
        value = None
        if isinstance(wanted, Pause):
            pauses.append(wanted.seconds)
        else:
            value = wanted.function()
    assert sum(pauses) == pytest.approx(300 / 1024)
