"""UpdateTimeToLive, DescribeTimeToLive: the setting (service-behaviour.md 12). The hour between changes: unit tests."""

import pytest

ONE = "1 validation error detected: "


def test_switching_on(client, refused, make_table):
    name = make_table("pk:S")
    assert client.describe_time_to_live(TableName=name)["TimeToLiveDescription"] == {"TimeToLiveStatus": "DISABLED"}
    wanted = {"Enabled": True, "AttributeName": "expires"}
    answer = client.update_time_to_live(TableName=name, TimeToLiveSpecification=wanted)
    assert answer["TimeToLiveSpecification"] == wanted
    told = client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    assert told["AttributeName"] == "expires"
    assert told["TimeToLiveStatus"] in ("ENABLING", "ENABLED")
    assert refused("update_time_to_live", TableName=name, TimeToLiveSpecification=wanted)[0] == "ValidationException"
    code, _ = refused(
        "update_time_to_live", TableName=name, TimeToLiveSpecification={"Enabled": True, "AttributeName": "other"}
    )
    assert code == "ValidationException"
    assert client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]["AttributeName"] == "expires"


def test_switching_off_what_is_off(refused, make_table):
    name = make_table("pk:S")
    assert refused(
        "update_time_to_live", TableName=name, TimeToLiveSpecification={"Enabled": False, "AttributeName": "expires"}
    ) == ("ValidationException", "TimeToLive is already disabled")


@pytest.mark.parametrize(
    ("specification", "message"),
    [
        (
            None,
            ONE + "Value null at 'timeToLiveSpecification' failed to satisfy constraint: Member must not be null",
        ),
        (
            {"Enabled": True},
            ONE + "Value null at 'timeToLiveSpecification.attributeName' failed to satisfy constraint: "
            "Member must not be null",
        ),
        (
            {"AttributeName": "a"},
            ONE + "Value null at 'timeToLiveSpecification.enabled' failed to satisfy constraint: "
            "Member must not be null",
        ),
        (
            {"Enabled": True, "AttributeName": ""},
            ONE + "Value '' at 'timeToLiveSpecification.attributeName' failed to satisfy constraint: "
            "Member must have length greater than or equal to 1",
        ),
        (
            {"Enabled": True, "AttributeName": "a" * 256},
            ONE + f"Value '{'a' * 256}' at 'timeToLiveSpecification.attributeName' failed to satisfy constraint: "
            "Member must have length less than or equal to 255",
        ),
    ],
)
def test_refuses(refused, shared_table, specification, message):
    request = {} if specification is None else {"TimeToLiveSpecification": specification}
    assert refused("update_time_to_live", TableName=shared_table, **request) == ("ValidationException", message)
