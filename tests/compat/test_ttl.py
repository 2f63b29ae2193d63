"""UpdateTimeToLive and DescribeTimeToLive (behaviour 12).

tests/unit/database/test_ttl_status.py tests the time between changes.
"""

import pytest

ONE = "1 validation error detected: "


def test_switching_on(client, refused, make_table):
    name = make_table("pk:S")
    assert client.describe_time_to_live(TableName=name)["TimeToLiveDescription"] == {"TimeToLiveStatus": "DISABLED"}
    wanted = {"Enabled": True, "AttributeName": "expires"}
    answer = client.update_time_to_live(TableName=name, TimeToLiveSpecification=wanted)
    assert answer["TimeToLiveSpecification"] == wanted
    reported = client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    assert reported == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires"}
    assert refused("update_time_to_live", TableName=name, TimeToLiveSpecification=wanted) == (
        "ValidationException",
        "TimeToLive is already enabled",
    )
    for enabled in (True, False):
        other = {"Enabled": enabled, "AttributeName": "other"}
        code, message = refused("update_time_to_live", TableName=name, TimeToLiveSpecification=other)
        assert code == "ValidationException"
        assert "different" in message
    assert client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]["AttributeName"] == "expires"


def test_two_changes_one_after_the_other(client, refused, make_table):
    name = make_table("pk:S")
    on, off = ({"Enabled": enabled, "AttributeName": "expires"} for enabled in (True, False))
    client.update_time_to_live(TableName=name, TimeToLiveSpecification=on)
    assert refused("update_time_to_live", TableName=name, TimeToLiveSpecification=off) == (
        "ValidationException",
        "Time to live has been modified multiple times within a fixed interval",
    )


def test_a_table_by_its_arn(client, make_table):
    name = make_table("pk:S")
    arn = client.describe_table(TableName=name)["Table"]["TableArn"]
    wanted = {"Enabled": True, "AttributeName": "expires"}
    client.update_time_to_live(TableName=arn, TimeToLiveSpecification=wanted)
    for table in (name, arn):
        reported = client.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
        assert reported["AttributeName"] == "expires"


@pytest.mark.parametrize(
    ("method", "extra"),
    [
        ("update_time_to_live", {"TimeToLiveSpecification": {"Enabled": True, "AttributeName": "expires"}}),
        ("describe_time_to_live", {}),
    ],
)
def test_a_missing_table(refused, method, extra):
    assert refused(method, TableName="no-such-table", **extra) == (
        "ResourceNotFoundException",
        "Requested resource not found: Table: no-such-table not found",
    )


def test_items_without_a_valid_time_are_accepted(client, make_table):
    name = make_table("pk:S")
    wanted = {"Enabled": True, "AttributeName": "expires"}
    client.update_time_to_live(TableName=name, TimeToLiveSpecification=wanted)
    never = [{"S": "1"}, {"NULL": True}, {"N": "0"}, {"N": "9e125"}, {"N": "-1.5"}, {"M": {"expires": {"N": "1"}}}]
    for number, value in enumerate(never):
        client.put_item(TableName=name, Item={"pk": {"S": str(number)}, "expires": value})
    assert client.scan(TableName=name)["Count"] == len(never)


def test_switching_off_twice_is_refused(refused, make_table):
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
