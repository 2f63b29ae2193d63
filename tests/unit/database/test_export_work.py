"""Exports in process: of earlier times and of windows of time, and after restarts and resets.

Also requests that are refused.
"""

import json
from itertools import islice

import pytest

from emulator.controls.registry import call
from emulator.s3_jobs import exporting
from emulator.s3_jobs.runner import Runner
from emulator.settings import Settings
from tests.support.buckets import Bucket, run_jobs, steps
from tests.support.engines import settings_of_engine
from tests.support.in_process import InProcess
from tests.support.invariants import check_store
from tests.support.tables import table_request

TABLE = {**table_request("pk:S"), "TableName": "tab"}
ARN = "arn:aws:dynamodb:us-east-1:123456789012:table/tab"
MINUTE = 60


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "s3"


@pytest.fixture
def bucket(folder):
    return Bucket(folder / "bucket")


@pytest.fixture
def db(engine_name, tmp_path, folder):
    inside = InProcess(settings_of_engine(engine_name, tmp_path / "data", s3_dir=str(folder)))
    recovered(inside)
    yield inside
    inside.emulator.database.background.run_all()
    check_store(inside.emulator.database)
    inside.emulator.close()


@pytest.fixture
def one(tmp_path, folder):
    inside = InProcess(Settings(in_memory=True, s3_dir=str(folder)))
    recovered(inside)
    inside.clock.advance(3600)
    yield inside
    inside.emulator.close()


def recovered(db):
    db("CreateTable", TABLE)
    enabled = {"PointInTimeRecoveryEnabled": True}
    db("UpdateContinuousBackups", TableName="tab", PointInTimeRecoverySpecification=enabled)


def put(db, key, value=0):
    db("PutItem", TableName="tab", Item={"pk": {"S": key}, "v": {"N": str(value)}})


def delete(db, key):
    db("DeleteItem", TableName="tab", Key={"pk": {"S": key}})


def begin(db, **members):
    request = {"TableArn": ARN, "S3Bucket": "bucket", **members}
    return db("ExportTableToPointInTime", request)["ExportDescription"]["ExportArn"]


def described(db, arn):
    return db("DescribeExport", ExportArn=arn)["ExportDescription"]


def exported(db, **members):
    arn = begin(db, **members)
    run_jobs(db)
    return described(db, arn)


def records(bucket, description):
    manifest = bucket.json(description["ExportManifest"])["manifestFilesS3Key"]
    found = [line for entry in bucket.lines(manifest) for line in bucket.lines(entry["dataFileS3Key"])]
    return sorted(found, key=json.dumps)


def items(bucket, description):
    return {line["Item"]["pk"]["S"]: int(line["Item"]["v"]["N"]) for line in records(bucket, description)}


def no_views(db):
    database = db.emulator.database
    database.background.run_all()
    return list(database.views._registry) == []


# --- earlier times --------------------------------------------------------------------------------


def test_the_table_as_it_was(db, bucket):
    start = db.clock.now()
    states = {}
    for minute in range(20):
        put(db, f"k{minute % 7}", minute)
        if minute % 3 == 0:
            delete(db, f"k{(minute + 2) % 7}")
        found = db("Scan", TableName="tab")["Items"]
        states[db.clock.now()] = {item["pk"]["S"]: int(item["v"]["N"]) for item in found}
        db.clock.advance(MINUTE)
    latest = db.clock.now() - 300
    for moment in [moment for moment in states if start <= moment <= latest]:
        description = exported(db, ExportTime=moment)
        assert description["ExportTime"] == moment
        assert items(bucket, description) == states[moment]
    description = exported(db)
    assert items(bucket, description) == states[max(states)]
    assert description["ExportTime"] == db.clock.now()
    assert no_views(db)


WINDOW = {"ExportFromTime": 1_700_000_600, "ExportToTime": 1_700_002_400}


def incremental(**members):
    return {"ExportType": "INCREMENTAL_EXPORT", "IncrementalExportSpecification": {**WINDOW, **members}}


def story(db):
    """Write before, in and after the window of the export: minute 10 to minute 40."""
    start = db.clock.now()
    events = [
        (1, put, "kept", 1),
        (1, put, "updated", 1),
        (1, put, "deleted", 1),
        (1, put, "deleted later", 1),
        (1, put, "put again", 1),
        (10, put, "first", 1),  # exactly at the start of the window
        (15, put, "inserted", 1),
        (16, put, "updated", 2),
        (17, put, "updated", 3),
        (18, delete, "deleted"),
        (19, put, "came and went", 1),
        (20, delete, "came and went"),
        (21, delete, "put again"),
        (22, put, "put again", 2),
        (40, put, "last", 1),  # exactly at the end of the window
        (45, put, "updated", 4),
        (46, delete, "deleted later"),
        (46, delete, "inserted"),
    ]
    for minute, change, *arguments in events:
        db.clock.freeze(start + minute * MINUTE)
        change(db, *arguments)
    db.clock.freeze(start + 60 * MINUTE)
    assert start + 10 * MINUTE == WINDOW["ExportFromTime"]


def record(key, minute, new=None, old=None):
    def image(value):
        return {"pk": {"S": key}, "v": {"N": str(value)}}

    found = {
        "Metadata": {"WriteTimestampMicros": {"N": str((1_700_000_000 + minute * MINUTE) * 1_000_000)}},
        "Keys": {"pk": {"S": key}},
    }
    if new is not None:
        found["NewImage"] = image(new)
    if old is not None:
        found["OldImage"] = image(old)
    return found


EXPECTED = [
    record("first", 10, new=1),
    record("inserted", 15, new=1),
    record("updated", 17, new=3, old=1),
    record("deleted", 18, old=1),
    record("put again", 22, new=2, old=1),
]


def test_an_incremental_export(db, bucket):
    story(db)
    found = exported(db, **incremental())
    assert records(bucket, found) == sorted(EXPECTED, key=json.dumps)
    assert "ExportTime" not in found
    assert found["IncrementalExportSpecification"] == {**WINDOW, "ExportViewType": "NEW_AND_OLD_IMAGES"}
    assert (found["ExportType"], found["ItemCount"], found["BilledSizeBytes"]) == ("INCREMENTAL_EXPORT", 5, 10_000_000)
    number = found["ExportArn"].rpartition("/")[2]
    assert {key.rpartition("/")[0] for key in bucket.all_keys()} == {f"AWSDynamoDB/{number}", "AWSDynamoDB/data"}
    summary = bucket.json(found["ExportManifest"])
    names = ("version", "exportType", "outputView", "exportFromTime", "exportToTime")
    assert [summary[name] for name in names] == [
        "2023-08-01",
        "INCREMENTAL_EXPORT",
        "NEW_AND_OLD_IMAGES",
        "2023-11-14T22:23:20.000Z",
        "2023-11-14T22:53:20.000Z",
    ]
    assert "exportTime" not in summary
    assert no_views(db)


def test_an_incremental_export_of_new_images(db, bucket):
    story(db)
    found = exported(db, **incremental(ExportViewType="NEW_IMAGE"))
    expected = [{name: value for name, value in each.items() if name != "OldImage"} for each in EXPECTED]
    assert records(bucket, found) == sorted(expected, key=json.dumps)


@pytest.mark.parametrize(
    ("specification", "keys"),
    [
        ({"FilterExpression": "v = :v", "ExpressionAttributeValues": {":v": {"N": "3"}}}, ["updated"]),
        (
            {"FilterExpression": "v = :v", "ExpressionAttributeValues": {":v": {"N": "1"}}},
            ["deleted", "first", "inserted"],
        ),
        ({"KeyConditionExpression": "pk = :p", "ExpressionAttributeValues": {":p": {"S": "deleted"}}}, ["deleted"]),
        ({"KeyConditionExpression": "pk = :p", "ExpressionAttributeValues": {":p": {"S": "kept"}}}, []),
    ],
)
def test_the_filter_of_an_incremental_export_sees_the_newest_image(db, bucket, specification, keys):
    story(db)
    found = exported(db, **incremental(), FilterSpecification=specification)
    assert sorted(line["Keys"]["pk"]["S"] for line in records(bucket, found)) == keys


def test_an_incremental_export_in_ion(db, bucket):
    story(db)
    found = exported(db, **incremental(), ExportFormat="ION")
    [entry] = bucket.lines(bucket.json(found["ExportManifest"])["manifestFilesS3Key"])
    assert entry["dataFileS3Key"].startswith("AWSDynamoDB/data/")
    assert entry["dataFileS3Key"].endswith(".ion.gz")
    assert entry["itemCount"] == 5


def test_without_an_end_the_window_ends_now(db, bucket):
    story(db)
    specification = {"ExportFromTime": WINDOW["ExportFromTime"]}
    found = exported(db, ExportType="INCREMENTAL_EXPORT", IncrementalExportSpecification=specification)
    assert found["IncrementalExportSpecification"]["ExportToTime"] == db.clock.now()
    keys = [line["Keys"]["pk"]["S"] for line in records(bucket, found)]
    assert sorted(keys) == ["deleted", "deleted later", "first", "last", "put again", "updated"]


# --- lifecycle ------------------------------------------------------------------------------------


@pytest.mark.parametrize("done", range(1, 18, 2))
def test_an_export_goes_on_after_a_restart(engine_name, tmp_path, folder, bucket, monkeypatch, done):
    settings = settings_of_engine(engine_name, tmp_path / "data", s3_dir=str(folder))
    if settings.folder is None:
        pytest.skip("nothing is left after a restart")
    monkeypatch.setattr(exporting, "FILE", 60)
    monkeypatch.setattr(exporting, "_ITEMS", 20)
    db = InProcess(settings)
    recovered(db)
    expected = {f"k{number}": number for number in range(200)}
    for key, value in expected.items():
        put(db, key, value)
    arn = begin(db)
    [work] = Runner(db.emulator.database, db.emulator.settings).due()
    assert len(list(islice(steps(work), done))) == done
    put(db, "later")
    work.close()
    db.emulator.close()
    db = InProcess(settings)
    delete(db, "k1")
    run_jobs(db)
    found = described(db, arn)
    assert (found["ExportStatus"], found["ItemCount"]) == ("COMPLETED", 200)
    assert items(bucket, found) == expected
    assert no_views(db)
    assert [path.name for path in (folder / ".incomplete").iterdir()] == []
    db.emulator.close()


def test_an_export_of_a_deleted_table_completes_and_stays_known(db, bucket):
    put(db, "a", 1)
    arn = begin(db)
    db("DeleteTable", TableName="tab")
    db("ListTables")
    db.emulator.database.background.run_all()
    run_jobs(db)
    found = described(db, arn)
    assert items(bucket, found) == {"a": 1}
    assert db("ListExports", TableArn=ARN)["ExportSummaries"] == []
    assert len(db("ListExports")["ExportSummaries"]) == 1
    request = {"TableArn": ARN, "S3Bucket": "bucket"}
    assert db.error("ExportTableToPointInTime", request) == ("TableNotFoundException", f"Table not found: {ARN}")


def test_a_failed_export_closes_its_view(db, bucket):
    bucket.remove()
    found = exported(db)
    assert (found["ExportStatus"], found["FailureCode"]) == ("FAILED", "S3NoSuchBucket")
    assert no_views(db)


def test_a_reset_ends_an_export(db, bucket):
    for number in range(50):
        put(db, f"k{number}")
    arn = begin(db)
    [work] = Runner(db.emulator.database, db.emulator.settings).due()
    work_steps = steps(work)
    next(work_steps)
    call(db.emulator, "reset", {})
    list(work_steps)
    assert db.error("DescribeExport", ExportArn=arn)[0] == "ExportNotFoundException"
    assert no_views(db)


def test_statuses_last_with_delayed_statuses(engine_name, tmp_path, folder, bucket):
    settings = settings_of_engine(engine_name, tmp_path / "data", s3_dir=str(folder), delay_transient_statuses=True)
    db = InProcess(settings)
    db("CreateTable", TABLE)
    db.clock.advance(60)
    enabled = {"PointInTimeRecoveryEnabled": True}
    db("UpdateContinuousBackups", TableName="tab", PointInTimeRecoverySpecification=enabled)
    put(db, "a", 1)
    arn = begin(db)
    put(db, "later", 1)
    run_jobs(db)
    assert described(db, arn)["ExportStatus"] == "IN_PROGRESS"
    db.clock.advance(4)
    run_jobs(db)
    assert items(bucket, described(db, arn)) == {"a": 1}
    db.emulator.close()


# --- requests that are refused --------------------------------------------------------------------

INVALID = "Invalid Request: "
UNAVAILABLE = "Point in Time Recovery is not available for specified export time"
START = 1_700_000_000
NOW = START + 3600


def window(begin=START + 100, end=START + 2000):
    times = {"ExportFromTime": begin, "ExportToTime": end}
    specification = {name: value for name, value in times.items() if value is not None}
    return {"ExportType": "INCREMENTAL_EXPORT", "IncrementalExportSpecification": specification}


REFUSED = [
    (
        {"TableArn": "tab"},
        "ValidationException",
        "One or more parameter values were invalid: tableArn is not a valid ARN",
    ),
    ({"TableArn": ""}, "ValidationException", "Invalid TableArn: Invalid Table ARN"),
    ({"TableArn": f"{ARN}/index/i"}, "ValidationException", INVALID + "Table ARN is invalid."),
    ({"TableArn": ARN.replace("123456789012", "1" * 12)}, "AccessDeniedException", "Access is denied"),
    ({"TableArn": ARN + "x"}, "TableNotFoundException", f"Table not found: {ARN}x"),
    (
        {"TableArn": ARN.replace("us-east-1", "us-west-2")},
        "TableNotFoundException",
        f"Table not found: {ARN}".replace("us-east-1", "us-west-2"),
    ),
    ({"ExportTime": NOW + 1}, "InvalidExportTimeException", "Export Time is invalid"),
    ({"ExportTime": START - 1}, "InvalidExportTimeException", "Export Time is invalid"),
    ({"ExportTime": NOW - 299}, "InvalidExportTimeException", UNAVAILABLE),
    (
        {"S3SseKmsKeyId": "key"},
        "ValidationException",
        INVALID + "KMS Key Id is not supported for this encryption type",
    ),
    (
        {"IncrementalExportSpecification": {}},
        "ValidationException",
        INVALID + "Export Type expected to be Incremental Export when incremental export specification is provided",
    ),
    (
        {"IncrementalExportSpecification": {}, "ExportType": "FULL_EXPORT"},
        "ValidationException",
        INVALID + "When Export Type is Full Export , Incremental Export Specification should not be provided",
    ),
    (
        {"ExportType": "INCREMENTAL_EXPORT"},
        "ValidationException",
        INVALID + "Incremental Export Specification expected when export type is set as Incremental Export",
    ),
    (
        window(begin=None),
        "ValidationException",
        INVALID + "ExportFromTime must be provided in IncrementalExportSpecification",
    ),
    (
        window(begin=START - 10),
        "InvalidExportTimeException",
        "Incremental export period from time cannot be less than the table creation time : 2023-11-14T22:13:10Z",
    ),
    (
        window(end=NOW + 10),
        "InvalidExportTimeException",
        "Incremental export period to time cannot be greater than the current time : 2023-11-14T23:13:30Z",
    ),
    (
        window(begin=START + 100, end=START + 999),
        "InvalidExportTimeException",
        "Difference between export period from time and export period to time is less than 15 minutes",
    ),
    (
        {"FilterSpecification": {}},
        "ValidationException",
        INVALID + "Invalid FilterSpecification: The specification can not be empty",
    ),
    (
        {"FilterSpecification": {"FilterExpression": "v ="}},
        "ValidationException",
        INVALID + 'Invalid FilterSpecification: Invalid FilterExpression: Syntax error; token: "<EOF>", near: "="',
    ),
    (
        {
            "FilterSpecification": {
                "FilterExpression": "pk = :p",
                "KeyConditionExpression": "pk = :p",
                "ExpressionAttributeValues": {":p": {"S": "a"}},
            }
        },
        "ValidationException",
        None,
    ),
    ({"FilterSpecification": {"ExpressionAttributeNames": {"#a": "b"}}}, "ValidationException", None),
    (
        {
            "FilterSpecification": {
                "KeyConditionExpression": "v = :p",
                "ExpressionAttributeValues": {":p": {"S": "a"}},
            }
        },
        "ValidationException",
        None,
    ),
    (
        {"FilterSpecification": {"FilterExpression": "v = :p", "ExpressionAttributeValues": {":p": {"N": "x"}}}},
        "ValidationException",
        None,
    ),
]


@pytest.mark.parametrize(("members", "code", "text"), REFUSED)
def test_a_request_that_is_refused(one, members, code, text):
    found = one.error("ExportTableToPointInTime", {"TableArn": ARN, "S3Bucket": "bucket", **members})
    assert found[0] == code
    assert text is None or found[1] == text
    assert one("ListExports")["ExportSummaries"] == []


KEY = "01234567-89ab-cdef-0123-456789abcdef"
KEYS = {
    KEY: None,
    "mrk-" + "0" * 32: None,
    "alias/aws/s3": None,
    f"arn:aws:kms:us-east-1:123456789012:key/{KEY}": None,
    "arn:aws:kms:us-east-1:123456789012:alias/mine": None,
    None: None,
    "key": "KmsNotFoundException",
    "alias/": "KmsNotFoundException",
    f"arn:aws:kms:us-east-1:12:key/{KEY}": "KmsNotFoundException",
    f"arn:aws:s3:us-east-1:123456789012:key/{KEY}": "KmsNotFoundException",
}


@pytest.mark.parametrize(("key", "code"), KEYS.items())
def test_a_folder_knows_which_texts_can_be_kms_keys(one, bucket, key, code):
    members = {"S3SseAlgorithm": "KMS"} | ({} if key is None else {"S3SseKmsKeyId": key})
    request = {"TableArn": ARN, "S3Bucket": "bucket", **members}
    arn = one("ExportTableToPointInTime", request)["ExportDescription"]["ExportArn"]
    run_jobs(one)
    found = one("DescribeExport", ExportArn=arn)["ExportDescription"]
    assert (found["ExportStatus"], found.get("FailureCode")) == ("FAILED" if code else "COMPLETED", code)
    if code:
        assert found["FailureMessage"].startswith(f"Invalid keyId '{key}' (Service: Kms; Status Code: 400;")
        assert "ExportManifest" not in found
        assert bucket.all_keys() == []


def test_a_window_of_more_than_a_day(one):
    one.clock.advance(100_000)
    request = {"TableArn": ARN, "S3Bucket": "bucket", **window(end=START + 100 + 86_401)}
    assert one.error("ExportTableToPointInTime", request)[0] == "InvalidExportTimeException"


def test_recovery_is_checked_before_everything_about_s3(one):
    disabled = {"PointInTimeRecoveryEnabled": False}
    one("UpdateContinuousBackups", TableName="tab", PointInTimeRecoverySpecification=disabled)
    request = {"TableArn": ARN, "S3Bucket": "bucket", "ExportTime": NOW + 1, "S3SseKmsKeyId": "key"}
    text = "Point in time recovery is not enabled for table 'tab'"
    assert one.error("ExportTableToPointInTime", request) == ("PointInTimeRecoveryUnavailableException", text)


NONE = "01791504762511-2779fadd"


@pytest.mark.parametrize(
    ("arn", "code", "text"),
    [
        (ARN, "ValidationException", "Invalid Export ARN"),
        (f"{ARN}/import/{NONE}", "ValidationException", "Invalid Export ARN"),
        ("x" * 40, "ValidationException", "Invalid Export ARN"),
        (f"{ARN}/export/{NONE}", "ExportNotFoundException", f"Export not found: Export not found: {ARN}/export/{NONE}"),
        (
            f"{ARN}/export/{NONE}".replace("us-east-1", "us-west-2"),
            "ExportNotFoundException",
            "Export not found: Invalid export arn",
        ),
        (f"{ARN}/export/{NONE}".replace("123456789012", "1" * 12), "AccessDeniedException", "Access is denied"),
    ],
)
def test_arns(one, arn, code, text):
    assert one.error("DescribeExport", ExportArn=arn) == (code, text)
