"""Contributor Insights: three operations, and the control `insights` (control-plane 12)."""

import re

import pytest

from tests.support.tables import index_request

GLOBAL = index_request("global", "g")
LOCAL = index_request("local", "pk g")


@pytest.fixture
def table(make_table):
    return make_table(define="g:S", GlobalSecondaryIndexes=[GLOBAL], LocalSecondaryIndexes=[LOCAL])


def update(client, table, action="ENABLE", **extra):
    answer = client.update_contributor_insights(TableName=table, ContributorInsightsAction=action, **extra)
    del answer["ResponseMetadata"]
    return answer


def describe(client, table, **extra):
    answer = client.describe_contributor_insights(TableName=table, **extra)
    del answer["ResponseMetadata"]
    return answer


def rules(described):
    """Return the kinds of the rules. Check that all have the same name and time."""
    name = "-".join(filter(None, (described["TableName"], described.get("IndexName"))))
    found = [
        re.fullmatch(r"DynamoDBContributorInsights-(\w+)-(.+)-(\d{13})", rule)
        for rule in described["ContributorInsightsRuleList"]
    ]
    assert {match[2] for match in found} == {name}
    assert len({match[3] for match in found}) == 1
    return [match[1] for match in found]


def test_life_of_a_setting(client, table):
    never = {"TableName": table, "ContributorInsightsStatus": "DISABLED"}
    assert describe(client, table) == never
    assert update(client, table, "DISABLE") == never
    answer = update(client, table)
    assert answer == {
        "TableName": table,
        "ContributorInsightsStatus": "ENABLING",
        "ContributorInsightsMode": "ACCESSED_AND_THROTTLED_KEYS",
    }
    client.get_waiter("contributor_insights_enabled").wait(TableName=table, WaiterConfig={"Delay": 1})
    described = describe(client, table)
    assert rules(described) == ["PKC", "PKT", "SKC", "SKT"]
    assert described.keys() == answer.keys() | {"ContributorInsightsRuleList", "LastUpdateDateTime"}
    assert update(client, table) == answer | {"ContributorInsightsStatus": "ENABLED"}
    assert describe(client, table) == described
    assert update(client, table, ContributorInsightsMode="THROTTLED_KEYS")["ContributorInsightsStatus"] == "ENABLING"
    assert rules(describe(client, table)) == ["PKT", "SKT"]
    assert update(client, table)["ContributorInsightsMode"] == "ACCESSED_AND_THROTTLED_KEYS"
    assert update(client, table, "DISABLE")["ContributorInsightsStatus"] == "DISABLING"
    described = describe(client, table)
    assert described.keys() == answer.keys() | {"LastUpdateDateTime"}
    assert described["ContributorInsightsStatus"] == "DISABLED"
    assert update(client, table, "DISABLE")["ContributorInsightsStatus"] == "DISABLED"


def test_an_index_has_a_setting_of_its_own(client, refused, table):
    arn = client.describe_table(TableName=table)["Table"]["TableArn"]
    assert update(client, arn, IndexName="global")["IndexName"] == "global"
    described = describe(client, arn, IndexName="global")
    assert (described["TableName"], described["IndexName"]) == (table, "global")
    assert rules(described) == ["PKC", "PKT"]
    assert describe(client, table)["ContributorInsightsStatus"] == "DISABLED"
    summary = {
        "TableName": table,
        "IndexName": "global",
        "ContributorInsightsStatus": "ENABLED",
        "ContributorInsightsMode": "ACCESSED_AND_THROTTLED_KEYS",
    }
    assert client.list_contributor_insights(TableName=table)["ContributorInsightsSummaries"] == [summary]
    client.update_table(TableName=table, GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "global"}}])
    assert client.list_contributor_insights(TableName=table)["ContributorInsightsSummaries"] == []
    for index in ("global", "local", "nothing"):
        missing = f"Requested resource not found: Index: {index} not found for table: {table}"
        extra = {"TableName": table, "IndexName": index}
        assert refused("describe_contributor_insights", **extra) == ("ResourceNotFoundException", missing)
        found = refused("update_contributor_insights", **extra, ContributorInsightsAction="ENABLE")
        assert found == ("ResourceNotFoundException", missing)


def test_lists_by_pages(client, make_table):
    names = sorted(make_table(define="g:S", GlobalSecondaryIndexes=[GLOBAL]) for _ in range(2))
    for name in names:
        update(client, name, IndexName="global")
        update(client, name)
    mine, request = [], {"MaxResults": 1}
    while True:
        page = client.list_contributor_insights(**request)
        assert len(page["ContributorInsightsSummaries"]) <= 1
        mine += [each for each in page["ContributorInsightsSummaries"] if each["TableName"] in names]
        if "NextToken" not in page:
            break
        request["NextToken"] = page["NextToken"]
    assert [(each["TableName"], each.get("IndexName")) for each in mine] == [
        (name, index) for name in names for index in (None, "global")
    ]
    found = client.list_contributor_insights()["ContributorInsightsSummaries"]
    assert [each for each in found if each["TableName"] in names] == mine


ENV = "1 validation error detected: "
NAME = "IndexName must be at least 3 characters long and at most 255 characters long"
VALIDATION = "ValidationException"


@pytest.mark.parametrize(
    ("call", "request_", "code", "message"),
    [
        ("update_contributor_insights", {"IndexName": "ab", "ContributorInsightsAction": "ENABLE"}, VALIDATION, NAME),
        ("describe_contributor_insights", {"IndexName": "a" * 256}, VALIDATION, NAME),
        (
            "update_contributor_insights",
            {"ContributorInsightsAction": "ON"},
            VALIDATION,
            ENV
            + "Value 'ON' at 'contributorInsightsAction' failed to satisfy constraint: Member must satisfy enum value "
            "set: [ENABLE, DISABLE]",
        ),
        (
            "list_contributor_insights",
            {"MaxResults": 101},
            VALIDATION,
            ENV
            + "Value '101' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to "
            "100",
        ),
        (
            "list_contributor_insights",
            {"MaxResults": 0},
            VALIDATION,
            ENV
            + "Value '0' at 'maxResults' failed to satisfy constraint: Member must have value greater than or equal "
            "to 1",
        ),
        (
            "list_contributor_insights",
            {"NextToken": "x"},
            VALIDATION,
            "Invalid Request: Provided nextToken is invalid: x",
        ),
        (
            "list_contributor_insights",
            {"NextToken": "YWJj"},
            VALIDATION,
            "Invalid Request: Provided nextToken is invalid: YWJj",
        ),
        *(
            (call, extra, "ResourceNotFoundException", "Requested resource not found: Table: t_missing not found")
            for call, extra in (
                ("update_contributor_insights", {"TableName": "t_missing", "ContributorInsightsAction": "DISABLE"}),
                ("describe_contributor_insights", {"TableName": "t_missing"}),
                ("list_contributor_insights", {"TableName": "t_missing"}),
            )
        ),
    ],
)
def test_errors(refused, shared_table, call, request_, code, message):
    assert refused(call, **{"TableName": shared_table, **request_}) == (code, message)


def test_the_report_counts_the_requests_of_all_processes(client, resource, declare, table):
    update(client, table)
    client.put_item(TableName=table, Item={"pk": {"S": "hot"}, "sk": {"S": "1"}})
    for _ in range(20):
        client.get_item(TableName=table, Key={"pk": {"S": "hot"}, "sk": {"S": "1"}}, ConsistentRead=True)
    client.get_item(TableName=table, Key={"pk": {"S": "cold"}, "sk": {"S": "1"}})
    status, found = declare("insights", {}, method="GET")
    assert status == 200
    (mine,) = (each for each in found["Insights"] if each["TableName"] == table)
    assert mine["Keys"]["MostAccessed"] == [
        {"Key": {"pk": {"S": "hot"}, "sk": {"S": "1"}}, "Count": 21.0, "Error": 0.0},
        {"Key": {"pk": {"S": "cold"}, "sk": {"S": "1"}}, "Count": 0.5, "Error": 0.0},
    ]
    assert mine["PartitionKeys"]["MostAccessed"][0] == {"Key": {"pk": {"S": "hot"}}, "Count": 21.0, "Error": 0.0}
