"""Lambda's API for event source mappings: its stored state, answers and refusals."""

import pytest

from emulator import errors
from emulator.database.store import keyspace
from emulator.settings import Settings
from tests.support.stages import Stage, configured

FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:process-order-changes"
UNKNOWN = "00000000-0000-0000-0000-000000000000"


@pytest.fixture
def orders(stage):
    return stage.table()


def create(arn, **members):
    request = {"FunctionName": "process-order-changes", "EventSourceArn": arn, "StartingPosition": "LATEST", **members}
    return {name: value for name, value in request.items() if value is not None}


# --- what it keeps --------------------------------------------------------------------------------


def test_new_mapping_has_the_defaults_and_is_enabled_at_the_next_look(stage, orders):
    status, reported = stage.api("POST", "/", create(orders))
    uuid = reported["UUID"]
    assert status == 202
    assert reported == {
        "UUID": uuid,
        "StartingPosition": "LATEST",
        "BatchSize": 100,
        "MaximumBatchingWindowInSeconds": 0,
        "ParallelizationFactor": 1,
        "EventSourceArn": orders,
        "FunctionArn": FUNCTION,
        "LastModified": stage.clock.now(),
        "LastProcessingResult": "No records processed",
        "State": "Creating",
        "StateTransitionReason": "User action",
        "DestinationConfig": {"OnFailure": {}},
        "MaximumRecordAgeInSeconds": -1,
        "BisectBatchOnFunctionError": False,
        "MaximumRetryAttempts": -1,
        "TumblingWindowInSeconds": 0,
        "FunctionResponseTypes": [],
        "EventSourceMappingArn": f"arn:aws:lambda:us-east-1:123456789012:event-source-mapping:{uuid}",
    }
    assert stage.api("GET", f"/{uuid}") == (200, reported | {"State": "Enabled"})


def test_everything_that_is_given_is_kept_changed_and_echoed(stage, orders):
    given = {
        "BatchSize": 10,
        "MaximumBatchingWindowInSeconds": 300,
        "ParallelizationFactor": 10,
        "MaximumRecordAgeInSeconds": 60,
        "BisectBatchOnFunctionError": True,
        "MaximumRetryAttempts": 0,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "FilterCriteria": {"Filters": [{"Pattern": '{"eventName": ["INSERT"]}'}]},
        "DestinationConfig": {"OnFailure": {"Destination": "arn:aws:sqs:us-east-1:000000000000:dead"}},
    }
    _, reported = stage.api("POST", "", create(orders, StartingPosition="TRIM_HORIZON", **given))
    assert reported | given == reported
    changed = {
        "BatchSize": 10000,
        "MaximumRecordAgeInSeconds": 604800,
        "MaximumRetryAttempts": 10000,
        "FunctionResponseTypes": [],
        "FilterCriteria": {},
        "DestinationConfig": {"OnFailure": {"Destination": ""}},
    }
    stage.clock.advance(5)
    status, after = stage.api("PUT", f"/{reported['UUID']}", changed)
    assert (status, after["State"], after["LastModified"]) == (202, "Updating", stage.clock.now())
    assert "FilterCriteria" not in after
    expected = reported | changed | {"DestinationConfig": {"OnFailure": {}}, "State": "Enabled"}
    del expected["FilterCriteria"]
    assert stage.api("GET", f"/{reported['UUID']}")[1] == expected | {"LastModified": stage.clock.now()}


def test_mapping_is_disabled_enabled_and_deleted(stage, orders):
    _, reported = stage.api("POST", "", create(orders, Enabled=False))
    path = f"/{reported['UUID']}"
    assert reported["State"] == "Creating"
    assert stage.api("GET", path)[1]["State"] == "Disabled"
    assert stage.api("PUT", path, {"Enabled": True})[1]["State"] == "Enabling"
    assert stage.api("GET", path)[1]["State"] == "Enabled"
    assert stage.api("PUT", path, {"Enabled": False})[1]["State"] == "Disabling"
    assert stage.api("GET", path)[1]["State"] == "Disabled"
    assert stage.api("PUT", path, {"BatchSize": 5})[1]["State"] == "Updating"
    status, gone = stage.api("DELETE", path)
    assert (status, gone["State"], gone["BatchSize"]) == (202, "Deleting", 5)
    assert stage.refused("GET", path) == (
        404,
        "ResourceNotFoundException",
        "The resource you requested does not exist.",
    )


def test_deleted_mapping_leaves_nothing_in_storage(stage, orders):
    uuid = stage.mapping(orders, StartingPosition="LATEST")
    stage.api("DELETE", f"/{uuid}")
    with stage.emulator.database.read() as txn:
        assert not list(txn.scan(keyspace.checkpoints("lambda"), b"\xff"))
        assert not list(txn.scan(*keyspace.mappings()))


def test_function_is_changed(stage, orders):
    uuid = stage.mapping(orders)
    _, reported = stage.api("PUT", f"/{uuid}", {"FunctionName": "audit"})
    assert reported["FunctionArn"] == "arn:aws:lambda:us-east-1:123456789012:function:audit"


def test_transient_states_last_with_the_setting(make_stage):
    stage = make_stage(delay_transient_statuses=True)
    uuid = stage.mapping(stage.table())
    path = f"/{uuid}"
    assert stage.api("GET", path)[1]["State"] == "Creating"
    in_use = (400, "ResourceInUseException", "Cannot update the event source mapping because it is in use.")
    assert stage.refused("PUT", path, {"BatchSize": 1}) == in_use
    assert stage.refused("DELETE", path)[2] == "Cannot delete the event source mapping because it is in use."
    stage.clock.advance(3)
    assert stage.api("GET", path)[1]["State"] == "Enabled"
    stage.api("DELETE", path)
    assert stage.api("GET", path)[1]["State"] == "Deleting"
    stage.clock.advance(3)
    assert stage.refused("GET", path)[0] == 404


def test_mappings_survive_a_restart(tmp_path):
    settings = configured(tmp_path, data_dir=tmp_path / "data")
    before = Stage(settings)
    uuid = before.mapping(before.table(), BatchSize=7)
    reported = before.api("GET", f"/{uuid}")
    before.emulator.close()
    after = Stage(settings)
    assert after.api("GET", f"/{uuid}") == reported
    after.emulator.close()


# --- what it lists --------------------------------------------------------------------------------


def test_mappings_are_listed_by_stream_function_and_pages(stage, orders):
    other = stage.table("Other")
    uuids = {
        stage.mapping(orders),
        stage.mapping(orders, FunctionName="audit"),
        stage.mapping(other, FunctionName="audit"),
    }

    def listed(query=""):
        _, reported = stage.api("GET", "/", query=query)
        return [mapping["UUID"] for mapping in reported["EventSourceMappings"]], reported.get("NextMarker")

    assert listed() == (sorted(uuids), None)
    assert len(listed(f"EventSourceArn={orders.replace(':', '%3A')}")[0]) == 2
    assert len(listed("FunctionName=audit")[0]) == 2
    assert len(listed(f"FunctionName=audit&EventSourceArn={other}")[0]) == 1
    first, marker = listed("MaxItems=2")
    rest, end = listed(f"MaxItems=2&Marker={marker}")
    assert (sorted(first + rest), end) == (sorted(uuids), None)
    assert stage.refused("GET", "", query="FunctionName=nobody") == (
        404,
        "ResourceNotFoundException",
        "Function not found: arn:aws:lambda:us-east-1:123456789012:function:nobody",
    )


def test_each_access_key_and_region_has_mappings_of_its_own(stage, orders):
    uuid = stage.mapping(orders)
    other = stage.emulator.caller("other", "us-east-1")
    assert stage.api("GET", "", caller=other)[1] == {"EventSourceMappings": []}
    assert [each["UUID"] for each in stage.api("GET", "")[1]["EventSourceMappings"]] == [uuid]


def test_shared_database_has_one_space_of_mappings(make_stage):
    stage = make_stage(shared_db=True)
    uuid = stage.mapping(stage.table())
    other = stage.emulator.caller("other", "eu-west-1")
    assert stage.api("GET", f"/{uuid}", caller=other)[1]["UUID"] == uuid


def test_mappings_of_a_folder_divided_the_other_way_wait(tmp_path):
    before = Stage(configured(tmp_path, data_dir=tmp_path / "data"))
    before.mapping(before.table())
    before.emulator.close()
    shared = Stage(configured(tmp_path, data_dir=tmp_path / "data", shared_db=True))
    assert shared.api("GET", "")[1] == {"EventSourceMappings": []}
    shared.emulator.close()


# --- what it refuses ------------------------------------------------------------------------------

INVALID = "InvalidParameterValueException"
DETECTED = "1 validation error detected: Value {} failed to satisfy constraint: Member must "
EXISTS = (
    'The event source arn (" {arn} ") and function (" process-order-changes ") provided mapping already exists. '
    "Please update or delete the existing mapping with UUID {uuid}"
)
CREATE_ERRORS = [
    ({"FunctionName": "nobody"}, INVALID, "Function does not exist"),
    ({"EventSourceArn": None}, INVALID, "Unrecognized event source."),
    ({"EventSourceArn": "arn:aws:sqs:us-east-1:000000000000:queue"}, INVALID, "Unrecognized event source."),
    (
        {"EventSourceArn": "arn:aws:dynamodb:us-east-1:123456789012:table/Orders/stream/2020-01-01T00:00:00.000"},
        INVALID,
        "Stream not found: arn:aws:dynamodb:us-east-1:123456789012:table/Orders/stream/2020-01-01T00:00:00.000",
    ),
    (
        {"StartingPosition": None},
        INVALID,
        DETECTED.format("null at 'startingPosition'") + "not be null.",
    ),
    ({"StartingPosition": "AT_TIMESTAMP"}, INVALID, "Unsupported starting position for arn type: {arn}"),
    (
        {"StartingPosition": "HERE"},
        "ValidationException",
        DETECTED.format("'HERE' at 'startingPosition'")
        + "satisfy enum value set: [TRIM_HORIZON, LATEST, AT_TIMESTAMP]",
    ),
    (
        {"FunctionName": None},
        "ValidationException",
        DETECTED.format("null at 'functionName'") + "not be null",
    ),
    (
        {"BatchSize": 0},
        "ValidationException",
        DETECTED.format("'0' at 'batchSize'") + "have value greater than or equal to 1",
    ),
    (
        {"BatchSize": 10001},
        "ValidationException",
        DETECTED.format("'10001' at 'batchSize'") + "have value less than or equal to 10000",
    ),
    (
        {"MaximumBatchingWindowInSeconds": 301},
        "ValidationException",
        DETECTED.format("'301' at 'maximumBatchingWindowInSeconds'") + "have value less than or equal to 300",
    ),
    (
        {"ParallelizationFactor": 11},
        "ValidationException",
        DETECTED.format("'11' at 'parallelizationFactor'") + "have value less than or equal to 10",
    ),
    (
        {"MaximumRetryAttempts": -2},
        "ValidationException",
        DETECTED.format("'-2' at 'maximumRetryAttempts'") + "have value greater than or equal to -1",
    ),
    (
        {"MaximumRecordAgeInSeconds": 604801},
        "ValidationException",
        DETECTED.format("'604801' at 'maximumRecordAgeInSeconds'") + "have value less than or equal to 604800",
    ),
    ({"MaximumRecordAgeInSeconds": 59}, INVALID, "MaximumRecordAgeInSeconds must be -1 or between 60 and 604800."),
    ({"MaximumRecordAgeInSeconds": 0}, INVALID, "MaximumRecordAgeInSeconds must be -1 or between 60 and 604800."),
    (
        {"FilterCriteria": {"Filters": [{"Pattern": '{"eventName": "INSERT"}'}]}},
        INVALID,
        "Invalid filter pattern definition.",
    ),
    ({"FilterCriteria": {"Filters": [{}]}}, INVALID, "Invalid filter pattern definition."),
    (
        {"FilterCriteria": {"Filters": [{"Pattern": '{"a": ["b"]}'}] * 11}},
        INVALID,
        "The number of filters exceeds the limit of 10.",
    ),
    (
        {"TumblingWindowInSeconds": 30},
        INVALID,
        "TumblingWindowInSeconds is not supported by this emulator for DynamoDB streams",
    ),
    ({"Queues": ["q"]}, INVALID, "Queues is not supported by this emulator for DynamoDB streams"),
    (
        {"DestinationConfig": {"OnSuccess": {"Destination": "arn:aws:sqs:us-east-1:000000000000:q"}}},
        INVALID,
        "DestinationConfig.OnSuccess is not supported by this emulator for DynamoDB streams",
    ),
    ({"BatchSize": "ten"}, "SerializationException", "STRING_VALUE cannot be converted to Integer"),
]


@pytest.mark.parametrize(("members", "code", "message"), CREATE_ERRORS, ids=lambda value: str(value)[:50])
def test_mapping_is_refused(stage, orders, members, code, message):
    assert stage.refused("POST", "", create(orders, **members)) == (400, code, message.replace("{arn}", orders))
    assert stage.api("GET", "")[1] == {"EventSourceMappings": []}


def test_empty_values_of_unsupported_features_are_accepted(stage, orders):
    stage.api("POST", "", create(orders, TumblingWindowInSeconds=0, SourceAccessConfigurations=[], Tags={}))


def test_second_mapping_of_a_stream_and_function_conflicts(stage, orders):
    uuid = stage.mapping(orders)
    conflict = (
        409,
        "ResourceConflictException",
        EXISTS.format(arn=orders, uuid=uuid),
    )
    assert stage.refused("POST", "", create(orders)) == conflict
    second = stage.mapping(orders, FunctionName="audit")
    assert stage.refused("PUT", f"/{second}", {"FunctionName": "process-order-changes"}) == conflict
    stage.api("DELETE", f"/{uuid}")
    stage.mapping(orders)


@pytest.mark.parametrize(("method", "body"), [("GET", None), ("PUT", {}), ("DELETE", None)])
def test_unknown_mapping(stage, method, body):
    assert stage.refused(method, f"/{UNKNOWN}", body)[:2] == (404, "ResourceNotFoundException")
    assert stage.refused(method, "/short", body)[:2] == (400, "ValidationException")


def test_update_is_checked_like_a_creation(stage, orders):
    uuid = stage.mapping(orders)
    assert stage.refused("PUT", f"/{uuid}", {"MaximumRecordAgeInSeconds": 5})[1] == INVALID
    assert stage.refused("PUT", f"/{uuid}", {"FunctionName": "nobody"})[2] == "Function does not exist"
    assert stage.refused("PUT", f"/{uuid}", {"BatchSize": 0})[1] == "ValidationException"


@pytest.mark.parametrize(("method", "path"), [("PATCH", ""), ("POST", f"/{UNKNOWN}"), ("GET", f"/{UNKNOWN}/x")])
def test_other_calls_of_lambda_are_not_there(stage, method, path):
    status, code, message = stage.refused(method, path)
    assert (status, code) == (404, "UnknownOperationException")
    assert message.startswith(errors.SPEAKS)
    assert f", not {method} " in message


@pytest.mark.parametrize("body", [b"{", b"[]", b'"text"'])
def test_body_that_is_no_object(stage, body):
    with pytest.raises(Exception, match="Could not parse request body into json"):
        stage.emulator.call_functions("POST", "/2015-03-31/event-source-mappings", "", body, stage.caller)


def test_without_a_configuration_no_function_exists():
    stage = Stage(Settings(in_memory=True))
    assert stage.refused("POST", "", create(stage.table()))[2] == "Function does not exist"
    stage.emulator.close()


def test_a_mapping_whose_commit_was_lost_is_not_there(stage, orders):
    """The mapping was published, but then the group commit that would have stored it failed."""
    uuid = stage.mapping(orders)
    database = stage.emulator.database
    with database.write() as txn:
        txn.drop_range(*keyspace.mappings(), 1)
    database.recover()
    assert stage.refused("GET", f"/{uuid}")[0] == 404
    assert not stage.service.busy
