"""Loading files into an emulator in process: tables, items, and problems with them."""

import io
import json

import pytest

from emulator.app import Emulator
from emulator.clock import ManualClock
from emulator.formats.detection import inputs
from emulator.formats.records import ReadOptions
from emulator.settings import Settings
from emulator.transfer.initial import EmulatorEndpoint, InitialDataError, load_initial
from emulator.transfer.loading import Loader
from emulator.transfer.progress import Progress
from tests.support.tables import table_request


def definition(name, keys="id:S"):
    return {**table_request(keys), "TableName": name}


def lines(*values):
    return "".join(json.dumps(value) + "\n" for value in values)


class Load:
    """A load of files; `said` has the lines that it reported."""

    def __init__(self, db, folder, files, **options):
        folder.mkdir(exist_ok=True)
        for name, content in files.items():
            (folder / name).write_text(content if isinstance(content, str) else json.dumps(content))
        out = io.StringIO()
        with Progress("loaded", out) as progress:
            self.loader = Loader(
                lambda: EmulatorEndpoint(db.emulator, "test", "us-east-1"), progress, threaded=False, **options
            )
            self.loader.load(inputs([str(folder)], ReadOptions()))
        self.items, self.problems = progress.items, progress.problems
        self.said = out.getvalue().replace(f"{folder}/", "").splitlines()


def stored(db, table):
    return sorted(json.dumps(item) for item in db("Scan", TableName=table)["Items"])


def test_tables_are_created_before_items_are_put(db, tmp_path):
    files = {
        "Orders.jsonl": lines({"id": {"S": "a"}}, {"id": {"S": "b"}}),
        "tables.json": [definition("Orders"), definition("Users")],
        "users.json": {"Users": [{"PutRequest": {"Item": {"id": {"S": "u"}}}}]},
    }
    load = Load(db, tmp_path / "in", files)
    assert (load.said, load.items, load.problems) == ([], 3, 0)
    assert load.loader.created == ["Orders", "Users"]
    assert stored(db, "Orders") == ['{"id": {"S": "a"}}', '{"id": {"S": "b"}}']
    assert stored(db, "Users") == ['{"id": {"S": "u"}}']


def test_settings_are_made_and_a_refused_one_is_reported(db, tmp_path):
    """A resource policy is a part of CreateTable. The other settings are made after the table."""
    keys = {name: definition("x")[name] for name in ("AttributeDefinitions", "KeySchema", "BillingMode")}
    settings = {
        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True, "RecoveryPeriodInDays": 7},
        "ContributorInsightsSpecification": {"Enabled": True, "Mode": "WRONG"},
        "KinesisStreamSpecification": {"StreamArn": "arn:aws:kinesis:us-east-1:123456789012:stream/s"},
    }
    resource = {"Type": "AWS::DynamoDB::Table", "Properties": {"TableName": "Orders", **keys, **settings}}
    files = {"stack.template.json": {"Resources": {"Orders": resource}}, "Orders.jsonl": lines({"id": {"S": "a"}})}
    load = Load(db, tmp_path / "in", files)
    assert (load.loader.created, load.items, load.problems) == (["Orders"], 1, 1)
    assert load.said == [
        (
            "stack.template.json:1: table Orders lacks a setting: UpdateContributorInsights failed: "
            "ValidationException: 1 validation error detected: Value 'WRONG' at 'contributorInsightsMode' failed to "
            "satisfy constraint: Member must satisfy enum value set: [ACCESSED_AND_THROTTLED_KEYS, THROTTLED_KEYS]"
        )
    ]
    recovery = db("DescribeContinuousBackups", TableName="Orders")["ContinuousBackupsDescription"]
    assert recovery["PointInTimeRecoveryDescription"]["RecoveryPeriodInDays"] == 7
    (destination,) = db("DescribeKinesisStreamingDestination", TableName="Orders")["KinesisDataStreamDestinations"]
    assert destination["StreamArn"].endswith("/s")


def test_a_wrong_item_is_reported_with_the_text_of_the_service(db, tmp_path):
    good = [{"id": {"S": str(number)}} for number in range(40)]
    items = [*good[:7], {"id": {"N": "1"}}, *good[7:], {"id": {"S": "x"}, "n": {"N": "one"}}, {"a": {"S": "no key"}}]
    load = Load(db, tmp_path / "in", {"tables.json": definition("Orders"), "Orders.jsonl": lines(*items)})
    assert (load.items, load.problems) == (40, 3)
    assert [line.partition(": ")[0] for line in load.said] == ["Orders.jsonl:8", "Orders.jsonl:42", "Orders.jsonl:43"]
    assert "ValidationException: One or more parameter values were invalid: Type mismatch for key id" in load.said[0]
    assert "The parameter cannot be converted to a numeric value: one" in load.said[1]
    assert "Missing the key id in the item" in load.said[2]


def test_of_two_items_with_the_same_key_the_later_one_stays(db, tmp_path):
    items = [{"id": {"S": "a"}, "n": {"N": str(number)}} for number in range(60)]
    load = Load(db, tmp_path / "in", {"tables.json": definition("Orders"), "Orders.jsonl": lines(*items)})
    assert (load.items, load.problems) == (60, 0)
    assert stored(db, "Orders") == ['{"id": {"S": "a"}, "n": {"N": "59"}}']


def test_a_surrogate_is_reported(db, tmp_path):
    files = {"tables.json": definition("Orders"), "Orders.json": '[{"id": "a"}, {"id": "\\ud800"}]'}
    load = Load(db, tmp_path / "in", files)
    assert (load.items, load.problems) == (1, 1)
    assert load.said[0].startswith("Orders.json:1: the item cannot be sent: ")


def test_existing_tables_get_items_and_stay_as_they_are(db, tmp_path):
    db("CreateTable", definition("Orders"))
    files = {"Orders.jsonl": lines({"id": {"S": "a"}}), "tables.json": definition("Orders")}
    load = Load(db, tmp_path / "in", files)
    assert (load.said, load.items) == (["tables.json:1: table Orders exists already and is not changed"], 1)


def test_a_table_with_other_keys_gets_nothing(db, tmp_path):
    db("CreateTable", definition("Orders", "other:S"))
    files = {"Orders.jsonl": lines({"id": {"S": "a"}}, {"id": {"S": "b"}}), "tables.json": definition("Orders")}
    load = Load(db, tmp_path / "in", files)
    assert (load.said, load.items) == (["tables.json:1: table Orders exists already, with a different key"], 0)


def test_a_table_that_is_missing_is_reported_once(db, tmp_path):
    files = {"Orders.jsonl": lines({"id": {"S": "a"}}, {"id": {"S": "b"}}), "Users.csv": "id\na\n"}
    load = Load(db, tmp_path / "in", files)
    assert load.said == [
        f"{place}: there is no table {table}, so its items are not loaded: load its definition too, or use --table"
        for place, table in (("Orders.jsonl:1", "Orders"), ("Users.csv:2", "Users"))
    ]
    assert (load.items, load.problems) == (0, 2)


def test_the_service_refuses_a_definition(db, tmp_path):
    load = Load(db, tmp_path / "in", {"t.json": {**definition("Orders"), "BillingMode": "FREE"}})
    assert load.problems == 1
    assert load.said[0].startswith("t.json:1: table Orders cannot be created: ValidationException: ")


def test_another_name_for_a_table(db, tmp_path):
    files = {"tables.json": definition("Orders"), "Orders.jsonl": lines({"id": {"S": "a"}})}
    load = Load(db, tmp_path / "in", files, table="Copy")
    assert (load.said, load.items, load.loader.created) == ([], 1, ["Copy"])
    files = {**files, "more.json": {"TableName": "Users", "Item": {"id": {"S": "b"}}}}
    load = Load(db, tmp_path / "in", files, table="Other")
    assert (load.items, load.problems) == (1, 1)
    assert load.said[0].startswith(
        "more.json:1: these data are for table Users: with --table, all files must be for one"
    )


def test_csv_has_the_types_of_keys(db, tmp_path):
    request = {
        **table_request("id:S n:N"),
        "TableName": "Orders",
    }
    load = Load(db, tmp_path / "in", {"a.json": request, "Orders.csv": "id,n,m\na,1,2\n"})
    assert load.problems == 0
    assert stored(db, "Orders") == ['{"id": {"S": "a"}, "m": {"S": "2"}, "n": {"N": "1"}}']


def test_time_to_live_and_tags(db, tmp_path):
    db("CreateTable", {**definition("Old"), "Tags": [{"Key": "a", "Value": "b"}]})
    table = db("DescribeTable", TableName="Old")["Table"]
    whole = {
        "Table": {**table, "TableName": "New"},
        "Tags": [{"Key": "a", "Value": "b"}],
        "TimeToLiveDescription": {"TimeToLiveStatus": "ENABLED", "AttributeName": "until"},
    }
    assert Load(db, tmp_path / "in", {"t.json": whole}).said == []
    assert db("DescribeTimeToLive", TableName="New")["TimeToLiveDescription"]["AttributeName"] == "until"
    arn = db("DescribeTable", TableName="New")["Table"]["TableArn"]
    assert db("ListTagsOfResource", ResourceArn=arn)["Tags"] == [{"Key": "a", "Value": "b"}]


@pytest.mark.parametrize("mode", ["PAY_PER_REQUEST", "PROVISIONED"])
def test_a_description_gives_the_same_table(db, tmp_path, mode):
    throughput = {"ReadCapacityUnits": 3, "WriteCapacityUnits": 4}
    provisioned = {"ProvisionedThroughput": throughput} if mode == "PROVISIONED" else {}
    index = {
        "IndexName": "by-n",
        "KeySchema": [{"AttributeName": "n", "KeyType": "HASH"}],
        "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["x"]},
        **provisioned,
    }
    local = {
        "IndexName": "local",
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}, {"AttributeName": "n", "KeyType": "RANGE"}],
        "Projection": {"ProjectionType": "KEYS_ONLY"},
    }
    create = {
        "TableName": "Orders",
        "BillingMode": mode,
        "AttributeDefinitions": [
            {"AttributeName": name, "AttributeType": kind} for name, kind in (("id", "S"), ("n", "N"), ("s", "B"))
        ],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}, {"AttributeName": "s", "KeyType": "RANGE"}],
        "GlobalSecondaryIndexes": [index],
        "LocalSecondaryIndexes": [local],
        "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"},
        "DeletionProtectionEnabled": True,
        "TableClass": "STANDARD_INFREQUENT_ACCESS",
        **provisioned,
    }
    db("CreateTable", create)
    described = db("DescribeTable", TableName="Orders")
    load = Load(db, tmp_path / "in", {"t.json": described}, table="Copy")
    assert load.said == []
    copied = db("DescribeTable", TableName="Copy")["Table"]

    def shape(table):
        text = json.dumps({name: value for name, value in table.items() if "Stream" not in name or "Spec" in name})
        for word in (table["TableArn"], table["TableId"], str(table["CreationDateTime"])):
            text = text.replace(word, "-")
        return text.replace('"Copy"', '"Orders"')

    assert shape(copied) == shape(described["Table"])


def test_only_new_tables_are_filled(db, tmp_path):
    db("CreateTable", definition("Orders"))
    files = {
        "tables.json": [definition("Orders"), definition("Users")],
        "Orders.jsonl": lines({"id": {"S": "a"}}),
        "Users.jsonl": lines({"id": {"S": "a"}}),
    }
    load = Load(db, tmp_path / "in", files, fresh=True)
    assert (load.items, load.problems) == (1, 0)
    assert stored(db, "Orders") == []


@pytest.mark.parametrize("content", ["", "[1]", '{"AccessKey": 1}', '{"AccessKey": "a", "Region": "b", "Tables": 1}'])
def test_a_broken_file_of_a_start_that_was_killed_is_named(tmp_path, content):
    emulator = Emulator(Settings(data_dir=tmp_path / "data"), ManualClock())
    (tmp_path / "data" / "init-unfinished.json").write_text(content)
    with pytest.raises(
        InitialDataError, match=r"init-unfinished.json cannot be read: check the tables in this data folder"
    ):
        load_initial(emulator, [str(tmp_path / "missing")])
    emulator.close()
