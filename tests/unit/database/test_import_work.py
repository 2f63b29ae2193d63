"""Imports in process: good and bad records, counts, the error log, restarts and resets."""

import gzip
import json
import sys
from itertools import islice

import pytest
import zstandard
from amazon.ion import simpleion

from emulator.controls.registry import call
from emulator.database.definitions.s3_jobs import IMPORT
from emulator.objects.folder import FolderStore
from emulator.s3_jobs import reading
from emulator.s3_jobs.importing import error_log
from emulator.s3_jobs.runner import Runner
from emulator.s3_jobs.work import JobContext
from emulator.settings import Settings
from tests.support.buckets import Bucket, run_jobs, steps
from tests.support.engines import settings_of_engine
from tests.support.in_process import InProcess
from tests.support.invariants import check_store

CREATION = {
    "TableName": "tab",
    "AttributeDefinitions": [
        {"AttributeName": "pk", "AttributeType": "S"},
        {"AttributeName": "sk", "AttributeType": "N"},
    ],
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
    "BillingMode": "PAY_PER_REQUEST",
}
COUNTS = ("ProcessedItemCount", "ImportedItemCount", "ErrorCount")
GOOD = '{"Item":{"pk":{"S":"a"},"sk":{"N":"%s"}}}'


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "s3"


@pytest.fixture
def bucket(folder):
    return Bucket(folder / "bucket")


@pytest.fixture
def db(engine_name, tmp_path, folder):
    inside = InProcess(settings_of_engine(engine_name, tmp_path / "data", s3_dir=str(folder)))
    yield inside
    check_store(inside.emulator.database)
    inside.emulator.close()


@pytest.fixture
def one(tmp_path, folder):
    """Yield an emulator in memory, for tests that need no other engine."""
    inside = InProcess(Settings(in_memory=True, s3_dir=str(folder)))
    yield inside
    inside.emulator.close()


def request(input_format="DYNAMODB_JSON", prefix="", creation=(), **members):
    return {
        "S3BucketSource": {"S3Bucket": "bucket", "S3KeyPrefix": prefix},
        "InputFormat": input_format,
        "TableCreationParameters": {**CREATION, **dict(creation)},
        **members,
    }


def begin(db, *arguments, **members):
    return db("ImportTable", request(*arguments, **members))["ImportTableDescription"]["ImportArn"]


def described(db, arn):
    return db("DescribeImport", ImportArn=arn)["ImportTableDescription"]


def imported(db, *arguments, **members):
    arn = begin(db, *arguments, **members)
    run_jobs(db)
    return described(db, arn)


def counts(description):
    return [description[name] for name in COUNTS]


def items(db):
    return sorted(db("Scan", TableName="tab")["Items"], key=json.dumps)


def logged(db, description):
    """Return (key of the object, index of the record, messages) of each line in the error log."""
    jobs = db.emulator.database.s3_jobs.of(db.caller.tenant, IMPORT, db.clock.now())
    [job] = [job for job in jobs if job.arn == description["ImportArn"]]
    path = error_log(JobContext(db.emulator.database, db.emulator.settings, None), job).path
    found = [json.loads(line) for line in path.read_text().splitlines()]
    assert all(line["importArn"] == job.arn and line["itemS3Pointer"]["bucket"] == "bucket" for line in found)
    return [
        (line["itemS3Pointer"]["key"], line["itemS3Pointer"]["itemIndex"], *line["errorMessages"]) for line in found
    ]


INVALID = "One or more parameter values were invalid: "


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"Item":{"sk":{"N":"1"}}}', INVALID + "Missing the key pk in the item"),
        ('{"Item":{"pk":{"N":"1"},"sk":{"N":"1"}}}', INVALID + "Type mismatch for key pk expected: S actual: N"),
        ('{"Item":{"pk":{"S":""},"sk":{"N":"1"}}}', None),
        ('{"Item":{"pk":{"S":"a"},"sk":{"N":"x"}}}', None),
        ('{"Item":{"pk":{"S":"a"},"sk":{"N":1}}}', None),
        ('{"Item":{"pk":"a","sk":{"N":"1"}}}', None),
        ('{"Item":{"pk":{"S":"a"},"sk":{"N":"1"},"s":{"SS":["x","x"]}}}', None),
        ('{"Item":{"pk":{"S":"a"},"sk":{"N":"1"},"x":{"S":"' + "x" * 410_000 + '"}}}', None),
        ('{"pk":{"S":"a"},"sk":{"N":"1"}}', "The record is not an object with the member Item"),
        ("[]", "The record is not an object with the member Item"),
        ("5", "The record is not an object with the member Item"),
    ],
)
def test_a_bad_record_is_logged_and_the_next_is_imported(db, bucket, line, message):
    bucket.put("a", f"{GOOD % 1}\n{line}\n{GOOD % 2}\n")
    found = imported(db)
    assert counts(found) == [3, 2, 1]
    assert (found["ImportStatus"], found["FailureCode"]) == ("FAILED", "ItemValidationError")
    [(key, index, text)] = logged(db, found)
    assert (key, index) == ("a", 1)
    assert text == message if message else text
    assert len(items(db)) == 2


@pytest.mark.parametrize("line", ["{", '{"Item":', "nonsense", '{"Item":{"pk":{"S":"\udcff"}}}', "1 2 x", "\x1f\x8b"])
def test_a_line_that_cannot_be_parsed_ends_the_reading_of_its_object(db, bucket, line):
    """Of ten lines, the sixth is bad: five are imported, and no more (control-plane 5.4)."""
    text = "\n".join([*(GOOD % number for number in range(5)), line, *(GOOD % number for number in range(6, 10))])
    bucket.put("a", text.encode(errors="surrogateescape"))
    bucket.put("b", GOOD % 20)
    found = imported(db)
    bad = 3 if line == "1 2 x" else 1
    assert counts(found) == [6 + bad, 6, bad]
    assert logged(db, found)[-1][:2] == ("a", 4 + bad)


@pytest.mark.parametrize(
    ("input_format", "compression", "content"),
    [
        ("DYNAMODB_JSON", "GZIP", GOOD % 1),
        ("DYNAMODB_JSON", "ZSTD", GOOD % 1),
        ("DYNAMODB_JSON", "NONE", gzip.compress((GOOD % 1).encode(), mtime=0)),
        ("DYNAMODB_JSON", "GZIP", zstandard.compress((GOOD % 1).encode())),
        ("ION", "NONE", '{Item:{pk:"a",sk:1.}}}'),
        ("ION", "GZIP", "{Item:{}}"),
        ("CSV", "GZIP", "pk,sk\na,1\n"),
        ("CSV", "NONE", b"pk,\xff\na,1\n"),
        ("CSV", "NONE", "pk,pk\na,1\n"),
    ],
)
def test_a_wrong_format_or_compression_is_one_bad_record(db, bucket, input_format, compression, content):
    bucket.put("a", content)
    found = imported(db, input_format, InputCompressionType=compression)
    assert found["FailureCode"] == "ItemValidationError"
    assert found["ErrorCount"] == 1
    assert logged(db, found)[0][2]


def test_compressed_data_that_end_early(db, bucket):
    text = "".join(f"{GOOD % number}\n" for number in range(300))
    for name, pack in (("gzip", gzip.compress), ("zstd", zstandard.compress)):
        bucket.put("a", pack(text.encode())[:-20])
        found = imported(db, InputCompressionType=name.upper(), creation={"TableName": f"tab-{name}"}.items())
        assert found["ErrorCount"] == 1
        assert found["ProcessedItemCount"] == found["ImportedItemCount"] + 1


@pytest.mark.parametrize(
    "text",
    [
        GOOD % 1 + GOOD % 2 + GOOD % 3,
        "".join(GOOD % number for number in range(1, 4)) + "\n\n",
        "\n\n" + GOOD % 1 + "\r\n  " + GOOD % 2 + "\n" + GOOD % 3,
        GOOD % 1 + "\n" + json.dumps(json.loads(GOOD % 2), indent=2) + "\n" + GOOD % 3,
    ],
)
def test_line_breaks_are_optional(db, bucket, text):
    bucket.put("a", text)
    assert counts(imported(db)) == [3, 3, 0]


def test_a_prefix_is_a_plain_string(db, bucket):
    for number, key in enumerate(("data/x", "data2/x", "data.bak", "dat", "other/data")):
        bucket.put(key, GOOD % number)
    assert counts(imported(db, prefix="data")) == [3, 3, 0]


def test_of_duplicate_keys_the_later_one_stays(db, bucket):
    bucket.put(
        "a", '{"Item":{"pk":{"S":"a"},"sk":{"N":"1"},"v":{"S":"1"}}}\n{"Item":{"pk":{"S":"a"},"sk":{"N":"1.0"}}}\n'
    )
    assert counts(imported(db)) == [2, 2, 0]
    assert items(db) == [{"pk": {"S": "a"}, "sk": {"N": "1"}}]


def test_values_are_stored_in_their_canonical_form(db, bucket):
    bucket.put("a", '{"Item":{"pk":{"S":"a"},"sk":{"N":"+1.50e1"},"s":{"NS":["10","9"]},"x":{"NULL":"true"}}}')
    imported(db)
    assert items(db) == [{"pk": {"S": "a"}, "sk": {"N": "15"}, "s": {"NS": ["9", "10"]}, "x": {"NULL": True}}]


# --- CSV and Ion ----------------------------------------------------------------------------------

CSV = [
    ({}, "pk,sk,n\na,1,5\n", [{"pk": {"S": "a"}, "sk": {"N": "1"}, "n": {"S": "5"}}]),
    ({"Delimiter": ";"}, "pk;sk;n\na;1;\n", [{"pk": {"S": "a"}, "sk": {"N": "1"}}]),
    ({"Delimiter": "\t"}, "pk\tsk\na,b\t2\n", [{"pk": {"S": "a,b"}, "sk": {"N": "2"}}]),
    (
        {"HeaderList": ["pk", "sk"]},
        "pk,1\na,2\n",
        [{"pk": {"S": "a"}, "sk": {"N": "2"}}, {"pk": {"S": "pk"}, "sk": {"N": "1"}}],
    ),
    ({}, 'pk,sk,n\r\n"a ""b""\n c",1,"x,y"\r\n', [{"pk": {"S": 'a "b"\n c'}, "sk": {"N": "1"}, "n": {"S": "x,y"}}]),
    ({}, "pk,sk\n", []),
    ({}, "", []),
]


@pytest.mark.parametrize(("options", "text", "expected"), CSV)
def test_csv(db, bucket, options, text, expected):
    bucket.put("a", text)
    members = {"InputFormatOptions": {"Csv": options}} if options else {}
    found = imported(db, "CSV", **members)
    assert counts(found) == [len(expected), len(expected), 0]
    assert items(db) == sorted(expected, key=json.dumps)


def test_a_line_of_csv_with_too_many_fields_is_bad_alone(db, bucket):
    bucket.put("a", "pk,sk\na,1\nb,2,3\nc,3\nd\ne,x\n")
    found = imported(db, "CSV")
    assert counts(found) == [5, 2, 3]
    assert [index for _, index, _ in logged(db, found)] == [1, 3, 4]


def test_binary_ion(db, bucket):
    values = simpleion.loads('{Item:{pk:"a",sk:1.}} {Item:{pk:"b",sk:2,s:$dynamodb_NS::[1.,2.]}}', single_value=False)
    bucket.put("a", simpleion.dumps(values, sequence_as_stream=True, binary=True))
    assert counts(imported(db, "ION")) == [2, 2, 0]
    assert items(db)[1] == {"pk": {"S": "b"}, "sk": {"N": "2"}, "s": {"NS": ["1", "2"]}}


def test_a_struct_of_ion_without_an_item(db, bucket):
    bucket.put("a", '{pk:"a",sk:1.} {Item:{pk:"a",sk:1.}} {Item:{pk:"a",sk:2020T}}')
    assert counts(imported(db, "ION")) == [3, 1, 2]


# --- lifecycle ------------------------------------------------------------------------------------


def test_the_table_is_created_with_the_work_and_becomes_active_with_its_end(db, bucket):
    for key in "abc":
        bucket.put(key, "".join(f'{{"Item":{{"pk":{{"S":"{key}"}},"sk":{{"N":"{n}"}}}}}}\n' for n in range(150)))
    arn = begin(db)
    assert db.error("DescribeTable", TableName="tab")[0] == "ResourceNotFoundException"
    [work] = Runner(db.emulator.database, db.emulator.settings).due()
    seen = set()
    for _ in steps(work):
        found = described(db, arn)
        if found["ProcessedItemCount"]:
            seen.add(found["ProcessedItemCount"])
            assert found["ImportStatus"] == "IN_PROGRESS"
            assert db("DescribeTable", TableName="tab")["Table"]["TableStatus"] == "CREATING"
            text = "Attempt to change a resource which is still in use: Table is being created: tab"
            assert db.error("DeleteTable", TableName="tab") == ("ResourceInUseException", text)
            assert db.error("GetItem", TableName="tab", Key={})[0] == "ResourceNotFoundException"
    assert seen == {100, 150, 250, 300, 400, 450}
    assert described(db, arn)["ImportStatus"] == "COMPLETED"
    assert db("DescribeTable", TableName="tab")["Table"]["TableStatus"] == "ACTIVE"


def test_statuses_last_with_delayed_statuses(engine_name, tmp_path, folder, bucket):
    db = InProcess(
        settings_of_engine(engine_name, tmp_path / "data", s3_dir=str(folder), delay_transient_statuses=True)
    )
    bucket.put("a", GOOD % 1)
    arn = begin(db)
    run_jobs(db)
    assert described(db, arn)["ImportStatus"] == "IN_PROGRESS"
    assert db.error("DescribeTable", TableName="tab")[0] == "ResourceNotFoundException"
    db.clock.advance(3)
    run_jobs(db)
    assert described(db, arn)["ImportStatus"] == "COMPLETED"
    db.emulator.close()


def test_the_same_request_while_it_runs_is_the_same_import(db, bucket):
    first = begin(db, ClientToken="t")
    other = request(prefix="other", ClientToken="t")
    assert db("ImportTable", other)["ImportTableDescription"]["ImportArn"] == first
    conflict = request(creation={"TableName": "tab2"}.items(), ClientToken="t")
    text = "Import conflict: Duplicate request detected with conflicting parameters"
    assert db.error("ImportTable", conflict) == ("ImportConflictException", text)
    assert begin(db, ClientToken="u") != first
    db.clock.advance(8 * 3600)
    assert begin(db, ClientToken="t") != first


def test_of_two_imports_of_one_name_the_second_fails(db, bucket):
    bucket.put("a", GOOD % 1)
    first, second = begin(db), begin(db)
    run_jobs(db)
    assert described(db, first)["ImportStatus"] == "COMPLETED"
    found = described(db, second)
    assert (found["ImportStatus"], found["FailureCode"]) == ("FAILED", "TableAlreadyExists")
    assert len(items(db)) == 1


def test_an_import_is_forgotten_after_ninety_days(db, bucket):
    arn = imported(db)["ImportArn"]
    db.clock.advance(90 * 86_400 - 1)
    assert described(db, arn)["ImportStatus"] == "COMPLETED"
    db.clock.advance(2)
    assert db.error("DescribeImport", ImportArn=arn)[0] == "ImportNotFoundException"
    assert db("ListImports")["ImportSummaryList"] == []
    begin(db, creation={"TableName": "other"}.items())
    assert len(list(db.emulator.database.s3_jobs._registry)) == 1


@pytest.mark.parametrize("count", [2, 3])
def test_an_import_has_at_most_fifty_thousand_objects(db, bucket, monkeypatch, count):
    monkeypatch.setattr("emulator.limits.S3_OBJECTS", 2)
    for number in range(count):
        bucket.put(f"in/{number}", GOOD % number)
    arn = begin(db, prefix="in/")
    run_jobs(db)
    found = described(db, arn)
    if count == 2:
        assert (found["ImportStatus"], found["ImportedItemCount"]) == ("COMPLETED", 2)
        return
    assert (found["ImportStatus"], found["FailureCode"]) == ("FAILED", "S3ObjectLimitExceeded")
    assert found["FailureMessage"] == "The source has 3 objects, but the limit is 2 objects."
    assert db("ListTables")["TableNames"] == []


def test_at_most_fifty_at_once(db, bucket):
    for number in range(50):
        begin(db, creation={"TableName": f"tab{number}"}.items())
    assert db.error("ImportTable", request())[0] == "LimitExceededException"


@pytest.mark.parametrize("batches", range(8))
def test_an_import_goes_on_after_a_restart(engine_name, tmp_path, folder, bucket, batches):
    """The process ends after some batches. What it has not committed is done again."""
    settings = settings_of_engine(engine_name, tmp_path / "data", s3_dir=str(folder))
    if settings.folder is None:
        pytest.skip("nothing is left after a restart")
    for key in "abc":
        lines = [f'{{"Item":{{"pk":{{"S":"{key}"}},"sk":{{"N":"{n}"}}}}}}\n' for n in range(150)]
        lines[75] = '{"Item":{}}\n'
        bucket.put(key, "".join(lines))
    db = InProcess(settings)
    arn = begin(db)
    [work] = Runner(db.emulator.database, db.emulator.settings).due()
    assert len(list(islice(steps(work), 3 + batches))) == 3 + batches
    work.close()
    db.emulator.close()
    db = InProcess(settings)
    run_jobs(db)
    found = described(db, arn)
    assert counts(found) == [450, 447, 3]
    assert db("Scan", TableName="tab", Select="COUNT")["Count"] == 447
    assert [(key, index) for key, index, _ in logged(db, found)] == [("a", 75), ("b", 75), ("c", 75)]
    check_store(db.emulator.database)
    db.emulator.close()


@pytest.mark.parametrize("left", [GOOD % 1, ""], ids=["an object without errors", "an empty object"])
def test_the_log_has_no_lines_of_a_slice_that_was_not_committed(db, bucket, left):
    """A killed process has written lines to the log, but has not committed their slice.

    Then the object is corrected, so the next process must remove the lines.
    """
    bucket.put("a", '{"Item":{}}\n')
    arn = begin(db)
    job = next(iter(db.emulator.database.s3_jobs.unfinished().values()))
    errors = error_log(JobContext(db.emulator.database, db.emulator.settings, None), job)
    errors.append(0, [{"itemS3Pointer": {"key": "a", "itemIndex": 0}}])
    bucket.put("a", left)
    run_jobs(db)
    assert described(db, arn)["ImportStatus"] == "COMPLETED"
    assert errors.path.read_bytes() == b""


def test_a_resumed_import_skips_what_is_done(db, bucket):
    for key in "ab":
        bucket.put(key, "".join(f"{GOOD % number}\n" for number in range(5)))
    store = FolderStore(bucket.folder.parent).bucket("bucket")
    reader = reading.ObjectReader(store, store.objects(""), reading.ObjectFormat("DYNAMODB_JSON"), "a", 3)
    batch = reader.batch()
    assert (batch.object.key, batch.first, len(batch.records), batch.ended) == ("b", 3, 2, True)
    assert reader.batch() is None
    begin(db)
    run_jobs(db)


def test_a_large_record_is_a_batch_of_its_own(bucket):
    bucket.put("a", "".join(f'{{"Item":{{"x":{{"S":"{"x" * 300_000}"}}}}}}\n' for _ in range(3)))
    store = FolderStore(bucket.folder.parent).bucket("bucket")
    reader = reading.ObjectReader(store, store.objects(""), reading.ObjectFormat("DYNAMODB_JSON"), None, 0)
    assert [len(reader.batch().records) for _ in range(3)] == [1, 1, 1]
    reader.close()


# --- requests that are refused --------------------------------------------------------------------

ENVELOPE = "1 validation error detected: "
INVALID_OPTIONS = "Invalid Request: Unsupported InputFormatOptions for the given input format: DYNAMODB_JSON."
NO_UNITS = (
    "One or more parameter values were invalid: ReadCapacityUnits and WriteCapacityUnits must both be specified when "
    "BillingMode is PROVISIONED"
)
MAXIMUM = (
    "One or more parameter values were invalid: MaxWriteRequestUnits for OnDemandThroughput cannot be specified when the "
    "table BillingMode is PROVISIONED"
)
DELIMITER = (
    "2 validation errors detected: Value '::' at 'inputFormatOptions.csv.delimiter' failed to satisfy constraint: Member "
    "must have length less than or equal to 1; Value '::' at 'inputFormatOptions.csv.delimiter' failed to satisfy "
    "constraint: Member must satisfy regular expression pattern: [,;:|\\t ]"
)
COMPRESSION = (
    "1 validation error detected: Value 'LZ4' at 'inputCompressionType' failed to satisfy constraint: Member must satisfy "
    "enum value set: [ZSTD, NONE, GZIP]"
)
PROVISIONED = {
    **CREATION,
    "BillingMode": "PROVISIONED",
    "ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1},
    "OnDemandThroughput": {"MaxWriteRequestUnits": 5},
}
REFUSED = [
    ({"InputFormatOptions": {"Csv": {}}}, INVALID_OPTIONS),
    ({"TableCreationParameters": {name: CREATION[name] for name in CREATION if name != "BillingMode"}}, NO_UNITS),
    ({"TableCreationParameters": PROVISIONED}, MAXIMUM),
    ({"InputFormat": "CSV", "InputFormatOptions": {"Csv": {"Delimiter": "::"}}}, DELIMITER),
    ({"InputCompressionType": "LZ4"}, COMPRESSION),
]


@pytest.mark.parametrize(("members", "text"), REFUSED)
def test_a_request_that_is_refused(one, members, text):
    assert one.error("ImportTable", {**request(), **members}) == ("ValidationException", text)


def test_a_name_that_is_taken(one, bucket):
    imported(one)
    assert one.error("ImportTable", request()) == ("ResourceInUseException", "Table already exists: tab")


ARN = "arn:aws:dynamodb:us-east-1:123456789012:table/tab"
NONE = "01791504762511-2779fadd"


@pytest.mark.parametrize(
    ("arn", "code", "text"),
    [
        (ARN, "ValidationException", "Invalid Import ARN"),
        (f"{ARN}/export/{NONE}", "ValidationException", "Invalid Import ARN"),
        ("x" * 40, "ValidationException", "Invalid Import ARN"),
        (f"{ARN}/import/{NONE}", "ImportNotFoundException", None),
        (f"{ARN}/import/{NONE}".replace("us-east-1", "us-west-2"), "ImportNotFoundException", None),
        (f"{ARN}/import/{NONE}".replace("123456789012", "1" * 12), "AccessDeniedException", "Access is denied"),
    ],
)
def test_arns(one, arn, code, text):
    found = one.error("DescribeImport", ImportArn=arn)
    assert found[0] == code
    assert text is None or found[1] == text


def test_a_token_of_no_list(one):
    token = "ab" * 56
    text = f"Invalid Request: Provided nextToken is invalid: {token}"
    assert one.error("ListImports", NextToken=token) == ("ValidationException", text)


@pytest.mark.parametrize("missing", ["amazon.ion.exceptions", "zstandard"])
def test_a_missing_library_is_named(one, bucket, monkeypatch, missing):
    for module in (missing, "compression.zstd"):
        monkeypatch.setitem(sys.modules, module, None)
    bucket.put("a", "")
    found = imported(one, "ION", InputCompressionType="ZSTD")
    assert (found["ImportStatus"], found["FailureCode"]) == ("FAILED", "UnsupportedFormat")
    assert "pip install 'dynamodb-emulator[" in found["FailureMessage"]
    assert one.error("DescribeTable", TableName="tab")[0] == "ResourceNotFoundException"


# --- resets and snapshots -------------------------------------------------------------------------


def test_a_reset_ends_an_import(db, bucket):
    bucket.put("a", "".join(f"{GOOD % number}\n" for number in range(300)))
    arn = begin(db)
    [work] = Runner(db.emulator.database, db.emulator.settings).due()
    steps_of = steps(work)
    for _ in range(5):
        next(steps_of)
    assert described(db, arn)["ProcessedItemCount"]
    call(db.emulator, "reset", {})
    assert list(steps_of) == []
    assert db.error("DescribeImport", ImportArn=arn)[0] == "ImportNotFoundException"
    assert db("ListTables") == {"TableNames": []}
    db.emulator.database.background.run_all()


def test_a_restored_snapshot_ends_an_import_and_keeps_what_is_known_of_it(db, bucket):
    bucket.put("a", "".join(f"{GOOD % number}\n" for number in range(300)))
    call(db.emulator, "snapshots/save", {"Name": "before"})
    arn = begin(db)
    [work] = Runner(db.emulator.database, db.emulator.settings).due()
    steps_of = steps(work)
    for _ in range(5):
        next(steps_of)
    call(db.emulator, "snapshots/restore", {"Name": "before"})
    list(steps_of)
    found = described(db, arn)
    assert (found["ImportStatus"], found["FailureCode"]) == ("FAILED", "TableNotFound")
    assert db("ListTables") == {"TableNames": []}
    call(db.emulator, "snapshots/delete", {"Name": "before"})
    db.emulator.database.background.run_all()
