"""UpdateTable (behaviour 10.4).

tests/unit/database/test_index_backfill.py tests writes during a backfill.
"""

import pytest

from tests.support.tables import index_request

INVALID = "One or more parameter values were invalid: "
UNITS = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 6}
PROVISIONED = {"BillingMode": "PROVISIONED", "ProvisionedThroughput": UNITS}


def definitions(pairs):
    """Return the AttributeDefinitions for a text such as "pk:S n:N"."""
    return [
        {"AttributeName": name, "AttributeType": kind} for name, kind in (pair.split(":") for pair in pairs.split())
    ]


def creation(name, keys, projection="ALL", non_key=None, **extra):
    return {"Create": {**index_request(name, keys, projection, non_key), **extra}}


@pytest.fixture
def update(client):
    """update(name, **request) updates a table, and waits until it is ACTIVE.

    It returns the description in UpdateTable's answer, and the one when the table is ACTIVE again.
    """

    def send(name, **request):
        answer = client.update_table(TableName=name, **request)["TableDescription"]
        while True:
            reported = client.describe_table(TableName=name)["Table"]
            statuses = {
                reported["TableStatus"],
                *(each["IndexStatus"] for each in reported.get("GlobalSecondaryIndexes", ())),
            }
            if statuses == {"ACTIVE"}:
                return answer, reported

    return send


SEE_LIMITS = "Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher limits."


def unchanged(read, write, index=None):
    what = "the table" if index is None else f"index {index}"
    return (
        f"The provisioned throughput for {'' if index is None else 'the '}{what} will not change. "
        "The requested value equals the current value. "
        f"Current ReadCapacityUnits provisioned for {what}: {read}. Requested ReadCapacityUnits: {read}. "
        f"Current WriteCapacityUnits provisioned for {what}: {write}. Requested WriteCapacityUnits: {write}. "
        + SEE_LIMITS
    )


def nothing(*sent):
    """Return the error text for a request that changes nothing (behaviour 10.4).

    The text lists the members that would be a change, without those that the client `sent`.
    """
    listed = (
        "ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates, SSESpecification, "
        "ReplicaUpdates, MultiAccountReplicaReady, ReplicaTransitRoleArn, MultiRegionConsistency, "
        "DeletionProtectionEnabled, OnDemandThroughput, WarmThroughput, TableClass"
    )
    *names, last = [name for name in listed.split(", ") if name not in sent]
    return f"At least one of {', '.join(names)} or {last} is required"


NOTHING = (
    "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates, "
    "SSESpecification, ReplicaUpdates, MultiAccountReplicaReady, ReplicaTransitRoleArn, MultiRegionConsistency, "
    "DeletionProtectionEnabled, OnDemandThroughput, WarmThroughput or TableClass is required"
)
CLASS_UNKNOWN = (
    "Invalid table-class parameter provided. Please try again with a valid table-class value: "
    "[STANDARD, STANDARD_INFREQUENT_ACCESS]."
)
TOO_MUCH = {"WriteCapacityUnits": 10**12 + 1, "ReadCapacityUnits": 10**12 + 1}
KMS_KEY = "arn:aws:kms:us-east-1:123456789012:key/8963cda5-0fac-4af1-8635-0af67d16fe14"
ONE_OF = (
    INVALID + "One of GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create, "
    "GlobalSecondaryIndexUpdate.Delete must not be null"
)


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({}, NOTHING),  # this row and those that call nothing(): behaviour 10.4
        ({"GlobalSecondaryIndexUpdates": []}, nothing("GlobalSecondaryIndexUpdates")),
        ({"AttributeDefinitions": definitions("pk:S")}, NOTHING),
        ({"MultiRegionConsistency": "STRONG"}, nothing("MultiRegionConsistency")),
        ({"GlobalTableWitnessUpdates": [{"Create": {"RegionName": "us-west-2"}}]}, NOTHING),
        *(
            ({member: {} for member in members}, nothing(*members))
            for members in (["WarmThroughput"], ["OnDemandThroughput"], ["OnDemandThroughput", "WarmThroughput"])
        ),
        *(({"TableClass": name}, CLASS_UNKNOWN) for name in ("X", "", "standard")),  # behaviour 10.1
        ({"TableClass": "X", "DeletionProtectionEnabled": True}, CLASS_UNKNOWN),
        (
            {"SSESpecification": {"Enabled": True, "SSEType": "AES256"}},
            INVALID + "SSEType AES256 is not supported",  # behaviour 10.1
        ),
        *(
            (
                {"SSESpecification": {**enabled, "KMSMasterKeyId": "alias/mine"}},
                INVALID + "SSEType KMS is required if KMSMasterKeyId is specified",  # behaviour 10.1
            )
            for enabled in ({"Enabled": True}, {})
        ),
        (
            {"SSESpecification": {"Enabled": False, "KMSMasterKeyId": "alias/mine"}},
            INVALID + "KMSMasterKeyId can not be specified if Enabled is false",
        ),
        (
            {"ProvisionedThroughput": TOO_MUCH},
            "Given value 1000000000001 for ReadCapacityUnits is out of bounds",
        ),  # behaviour 10.1
        *(
            (
                {"GlobalSecondaryIndexUpdates": [{"Update": {"IndexName": "one", "WarmThroughput": {}, **more}}]},
                INVALID
                + "WarmThroughput must have at least one of ReadUnitsPerSecond or WriteUnitsPerSecond specified "
                "for index: one",  # behaviour 10.7
            )
            for more in ({}, {"OnDemandThroughput": {"MaxReadRequestUnits": 5}})
        ),
        (
            {"BillingMode": "PAY_PER_REQUEST", "ProvisionedThroughput": UNITS},
            INVALID
            + "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST",
        ),
        (
            {"ProvisionedThroughput": {"ReadCapacityUnits": 10**12 + 1, "WriteCapacityUnits": 1}},
            "Given value 1000000000001 for ReadCapacityUnits is out of bounds",
        ),
        ({"GlobalSecondaryIndexUpdates": [{}]}, ONE_OF),
        (
            {"GlobalSecondaryIndexUpdates": [{**creation("one", "a"), "Delete": {"IndexName": "one"}}]},
            INVALID + "Only one global secondary index action is allowed per GlobalSecondaryIndexUpdate object",
        ),
        (
            {"GlobalSecondaryIndexUpdates": [{"Delete": {"IndexName": "one"}}, creation("one", "a")]},
            INVALID + "Only one global secondary index update per index is allowed simultaneously. Index: one",
        ),
        *(
            ({"GlobalSecondaryIndexUpdates": [], **other}, INVALID + "List of GlobalSecondaryIndexUpdates is empty")
            for other in ({"DeletionProtectionEnabled": True}, {"BillingMode": "PAY_PER_REQUEST"})
        ),
        (
            {"BillingMode": "PROVISIONED"},
            INVALID + "ProvisionedThroughput must be specified when BillingMode is PROVISIONED",
        ),
        (
            {"StreamSpecification": {"StreamEnabled": True}},
            INVALID + "If stream is being enabled then UpdateViewType is required",
        ),
        (
            {"StreamSpecification": {"StreamEnabled": False, "StreamViewType": "NEW_IMAGE"}},
            INVALID + "If stream is being disabled, then UpdateViewType must not be specified",
        ),
        (
            {"SSESpecification": {"Enabled": False, "SSEType": "KMS"}},
            INVALID + "SSEType can not be specified if Enabled is false",
        ),
    ],
)
def test_refuses_before_the_table_is_looked_up(refused, request_, message):
    assert refused("update_table", TableName="missing", **request_) == ("ValidationException", message)


@pytest.mark.parametrize("name", ["ab", "a", ""])
def test_a_table_name_of_less_than_three_characters(refused, name):
    """UpdateTable refuses the name; other operations look it up (behaviour 2.5, 3.4)."""
    assert refused("update_table", TableName=name, DeletionProtectionEnabled=True) == (
        "ValidationException",
        (
            f"1 validation error detected: Value '{name}' at 'tableName' failed to satisfy constraint: Member must have "
            "length greater than or equal to 3"
        ),
    )


MEMBERS = {
    "sse": {"SSESpecification": {"Enabled": True}},
    "class": {"TableClass": "STANDARD_INFREQUENT_ACCESS"},
    "protection": {"DeletionProtectionEnabled": True},
    "warm": {"WarmThroughput": {"ReadUnitsPerSecond": 13000}},
    "maximum": {"OnDemandThroughput": {"MaxReadRequestUnits": 10}},
    "stream": {"StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}},
    "units": {"ProvisionedThroughput": UNITS},
    "on demand": {"BillingMode": "PAY_PER_REQUEST"},
    "provisioned": PROVISIONED,
    "create": {
        "AttributeDefinitions": definitions("a:S"),
        "GlobalSecondaryIndexUpdates": [creation("more", "a")],
    },
    "update": {
        "GlobalSecondaryIndexUpdates": [{"Update": {"IndexName": "global", "ProvisionedThroughput": UNITS}}],
    },
    "delete": {"GlobalSecondaryIndexUpdates": [{"Delete": {"IndexName": "global"}}]},
}
SSE, CLASS, PROTECTION = (
    f"{name} modification must be the only operation in the request"
    for name in ("Server-Side Encryption", "TableClass", "DeletionProtection")
)
WARM = "WarmThroughput must be the only operation in the request"
MAXIMUM = "OnDemandThroughput can only be combined with BillingMode in an UpdateTable request"
INDEX_AND_UNITS = "You cannot create or delete index while updating table IOPS"
INDEX_AND_STREAM = "You cannot create or delete index while changing stream status"
STREAM_AND_UNITS = "You cannot modify stream status while updating table IOPS"


@pytest.mark.parametrize(
    ("names", "message"),
    [
        *(("sse " + other, SSE) for other in ("class", "protection", "warm", "maximum", "stream", "units", "create")),
        *(("class " + other, CLASS) for other in ("protection", "warm", "maximum", "stream", "units", "create")),
        *(("protection " + other, PROTECTION) for other in ("warm", "maximum", "stream", "units", "create", "delete")),
        ("protection on_demand", PROTECTION),
        ("warm maximum", MAXIMUM),
        *(("warm " + other, WARM) for other in ("stream", "units", "on_demand", "update", "delete")),
        ("warm create", "Create global secondary index cannot be specified when updating WarmThroughput"),
        *(("maximum " + other, MAXIMUM) for other in ("stream", "units", "create")),
        *((other + " units", INDEX_AND_UNITS) for other in ("create", "delete")),
        *((other + " stream", INDEX_AND_STREAM) for other in ("create", "delete")),
        *(("stream " + other, STREAM_AND_UNITS) for other in ("units", "provisioned", "units create", "units delete")),
    ],
)
def test_one_change_a_call(refused, names, message):
    request = {}
    for name in names.split():
        request |= MEMBERS[name.replace("_", " ")]
    assert refused("update_table", TableName="missing", **request) == ("ValidationException", INVALID + message)


def test_an_empty_maximum_or_warm_throughput_is_not_a_change(make_table, update):
    name = make_table()
    _, reported = update(name, WarmThroughput={}, OnDemandThroughput={}, TableClass="STANDARD_INFREQUENT_ACCESS")
    assert reported["TableClassSummary"]["TableClass"] == "STANDARD_INFREQUENT_ACCESS"


def test_throughput_up_and_down(make_table, update):
    name = make_table(**PROVISIONED)
    answer, _ = update(name, ProvisionedThroughput={"ReadCapacityUnits": 9, "WriteCapacityUnits": 6})
    assert answer["TableStatus"] == "UPDATING"
    assert answer["ProvisionedThroughput"].items() >= UNITS.items()  # behaviour 10.4: the answer has the old figures
    assert "LastIncreaseDateTime" in answer["ProvisionedThroughput"]
    answer, reported = update(name, ProvisionedThroughput={"ReadCapacityUnits": 9, "WriteCapacityUnits": 2})
    assert answer["ProvisionedThroughput"]["ReadCapacityUnits"] == 9
    assert answer["ProvisionedThroughput"]["WriteCapacityUnits"] == 6
    assert answer["ProvisionedThroughput"]["NumberOfDecreasesToday"] == 0
    units = reported["ProvisionedThroughput"]
    assert units["NumberOfDecreasesToday"] == 1
    assert (units["ReadCapacityUnits"], units["WriteCapacityUnits"]) == (9, 2)
    assert units["LastIncreaseDateTime"] <= units["LastDecreaseDateTime"]
    assert reported["WarmThroughput"] == {"ReadUnitsPerSecond": 9, "WriteUnitsPerSecond": 6, "Status": "ACTIVE"}


def test_unchanged_throughput(refused, make_table):
    name = make_table(
        define="a:S",
        **PROVISIONED,
        GlobalSecondaryIndexes=[{**index_request("global", "a"), "ProvisionedThroughput": UNITS}],
    )
    for request in ({"ProvisionedThroughput": UNITS}, PROVISIONED):
        assert refused("update_table", TableName=name, **request) == ("ValidationException", unchanged(5, 6))
    assert refused("update_table", TableName=name, **MEMBERS["update"]) == (
        "ValidationException",
        unchanged(5, 6, "global"),
    )


def test_more_capacity_than_a_table_or_an_index_may_have(client, refused, make_table):
    name = make_table(
        define="a:S",
        **PROVISIONED,
        GlobalSecondaryIndexes=[{**index_request("global", "a"), "ProvisionedThroughput": UNITS}],
    )
    too_much = {"ReadCapacityUnits": 40_001, "WriteCapacityUnits": 1}
    region = client.meta.region_name
    rest = f"maximum for the account in {region}. Per table maximum: 40000. {SEE_LIMITS}"
    assert refused("update_table", TableName=name, ProvisionedThroughput=too_much) == (
        "LimitExceededException",
        f"The requested ReadCapacityUnits, 40001, is above the per table {rest}",
    )
    for change in (
        {"Update": {"IndexName": "global", "ProvisionedThroughput": too_much}},
        creation("more", "a", ProvisionedThroughput=too_much),
    ):
        request = {"GlobalSecondaryIndexUpdates": [change], "AttributeDefinitions": definitions("a:S")}
        index = next(iter(change.values()))["IndexName"]
        assert refused("update_table", TableName=name, **request) == (
            "LimitExceededException",
            f"The requested ReadCapacityUnits for index {index}, 40001, is above the per index {rest}",
        )


def test_throughput_of_an_on_demand_table(refused, make_table):
    name = make_table()
    assert refused("update_table", TableName=name, ProvisionedThroughput=UNITS) == (
        "ValidationException",
        INVALID
        + "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST",
    )


def test_billing_mode_changes_and_changes_back(refused, make_table, update):
    name = make_table(
        define="a:S",
        **PROVISIONED,
        GlobalSecondaryIndexes=[{**index_request("global", "a"), "ProvisionedThroughput": UNITS}],
    )
    answer, reported = update(name, BillingMode="PAY_PER_REQUEST")
    assert answer["ProvisionedThroughput"]["ReadCapacityUnits"] == 0  # behaviour 10.4: the answer has the new mode
    assert answer["BillingModeSummary"] == {"BillingMode": "PAY_PER_REQUEST"}
    assert reported["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert "LastUpdateToPayPerRequestDateTime" in reported["BillingModeSummary"]
    for part in (reported, reported["GlobalSecondaryIndexes"][0]):
        assert part["ProvisionedThroughput"]["ReadCapacityUnits"] == 0
        assert part["ProvisionedThroughput"]["WriteCapacityUnits"] == 0
        assert part["WarmThroughput"] == {
            "ReadUnitsPerSecond": 12000,
            "WriteUnitsPerSecond": 4000,
            "Status": "ACTIVE",
        }
    update(name, BillingMode="PAY_PER_REQUEST")
    maximums = {"OnDemandThroughput": {"MaxReadRequestUnits": 8}}
    update(name, **maximums)
    update(name, GlobalSecondaryIndexUpdates=[{"Update": {"IndexName": "global", **maximums}}])
    assert refused("update_table", TableName=name, **PROVISIONED) == (
        "ValidationException",
        INVALID + "ProvisionedThroughput must be specified for index: global",
    )
    answer, reported = update(
        name,
        **PROVISIONED,
        GlobalSecondaryIndexUpdates=[{"Update": {"IndexName": "global", "ProvisionedThroughput": UNITS}}],
    )
    for part in (answer, answer["GlobalSecondaryIndexes"][0]):
        assert part["ProvisionedThroughput"].items() >= UNITS.items()
    assert reported["BillingModeSummary"]["BillingMode"] == "PROVISIONED"
    for part in (reported, reported["GlobalSecondaryIndexes"][0]):
        assert {member: part["ProvisionedThroughput"][member] for member in UNITS} == UNITS
        assert "OnDemandThroughput" not in part
        assert part["WarmThroughput"] == {"ReadUnitsPerSecond": 12000, "WriteUnitsPerSecond": 4000, "Status": "ACTIVE"}


def test_billing_mode_may_change_with_a_stream_or_a_maximum(make_table, update):
    for name, member in (("stream", "StreamSpecification"), ("maximum", "OnDemandThroughput")):
        _, reported = update(make_table(**PROVISIONED), **MEMBERS["on demand"], **MEMBERS[name])
        assert reported["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
        assert reported[member] == MEMBERS[name][member]


def test_setting_the_same_billing_mode_adds_no_summary(make_table, update):
    _, reported = update(
        make_table(**PROVISIONED), BillingMode="PROVISIONED", ProvisionedThroughput={**UNITS, "ReadCapacityUnits": 6}
    )
    assert "BillingModeSummary" not in reported


# --- indexes --------------------------------------------------------------------------------------


def test_an_index_over_existing_items(client, make_table, update):
    name = make_table("pk:S")
    kinds = [{"S": "x"}, {"S": "y"}, {"N": "1"}, {"NULL": True}, {"S": ""}, None, {"L": [{"S": "x"}]}]
    for number, kind in enumerate(kinds):
        item = {"pk": {"S": str(number)}, "other": {"S": "o"}}
        client.put_item(TableName=name, Item=item if kind is None else {**item, "a": kind})
    answer, reported = update(
        name,
        AttributeDefinitions=definitions("a:S"),
        GlobalSecondaryIndexUpdates=[creation("global", "a", "KEYS_ONLY")],
    )
    assert answer["TableStatus"] == "UPDATING"
    (index,) = answer["GlobalSecondaryIndexes"]
    assert (index["IndexStatus"], index["Backfilling"]) == ("CREATING", False)
    (index,) = reported["GlobalSecondaryIndexes"]
    assert "Backfilling" not in index
    assert {each["AttributeName"] for each in reported["AttributeDefinitions"]} == {"pk", "a"}
    items = client.scan(TableName=name, IndexName="global")["Items"]
    assert sorted(items, key=str) == sorted(
        [{"pk": {"S": "0"}, "a": {"S": "x"}}, {"pk": {"S": "1"}, "a": {"S": "y"}}], key=str
    )


def test_writes_are_checked_against_a_new_index_at_once(client, refused, make_table):
    name = make_table("pk:S")
    client.update_table(
        TableName=name,
        AttributeDefinitions=definitions("a:S"),
        GlobalSecondaryIndexUpdates=[creation("global", "a")],
    )
    assert refused("put_item", TableName=name, Item={"pk": {"S": "p"}, "a": {"N": "1"}}) == (
        "ValidationException",
        INVALID + "Type mismatch for Index Key a Expected: S Actual: N IndexName: global",
    )
    client.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1})


def test_updating_and_deleting_an_index(client, refused, make_table, update):
    name = make_table(
        "pk:S",
        define="a:S b:S",
        **PROVISIONED,
        GlobalSecondaryIndexes=[
            {**index_request("first", "a b"), "ProvisionedThroughput": UNITS},
            {**index_request("second", "a"), "ProvisionedThroughput": UNITS},
        ],
    )
    client.put_item(TableName=name, Item={"pk": {"S": "p"}, "a": {"S": "x"}, "b": {"S": "y"}})
    more = {"ReadCapacityUnits": 8, "WriteCapacityUnits": 9}
    answer, reported = update(
        name, GlobalSecondaryIndexUpdates=[{"Update": {"IndexName": "second", "ProvisionedThroughput": more}}]
    )
    assert answer["TableStatus"] == "ACTIVE"  # this and the next two assertions: behaviour 10.4
    by_name = {index["IndexName"]: index for index in answer["GlobalSecondaryIndexes"]}
    assert by_name["second"]["IndexStatus"] == "UPDATING"
    assert by_name["second"]["ProvisionedThroughput"].items() >= UNITS.items()
    by_name = {index["IndexName"]: index for index in reported["GlobalSecondaryIndexes"]}
    assert by_name["second"]["ProvisionedThroughput"]["WriteCapacityUnits"] == 9
    assert by_name["first"]["ProvisionedThroughput"]["WriteCapacityUnits"] == 6
    answer, reported = update(name, GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "first"}}])
    by_name = {index["IndexName"]: index for index in answer["GlobalSecondaryIndexes"]}
    assert by_name["first"]["IndexStatus"] == "DELETING"
    assert [index["IndexName"] for index in reported["GlobalSecondaryIndexes"]] == ["second"]
    # b is not defined any more, because no key has it.
    assert {each["AttributeName"] for each in reported["AttributeDefinitions"]} == {"pk", "a"}
    assert client.scan(TableName=name, IndexName="second")["Count"] == 1
    assert refused("scan", TableName=name, IndexName="first") == (
        "ValidationException",
        "The table does not have the specified index: first",
    )
    client.put_item(TableName=name, Item={"pk": {"S": "q"}, "b": {"N": "1"}})
    _, reported = update(name, GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "second"}}])
    assert "GlobalSecondaryIndexes" not in reported


def test_the_other_indexes_keep_their_counts(client, make_table, update):
    name = make_table(
        "pk:S",
        define="a:S b:S",
        GlobalSecondaryIndexes=[index_request("first", "a"), index_request("second", "b", "KEYS_ONLY")],
    )
    for number in range(3):
        client.put_item(TableName=name, Item={"pk": {"S": str(number)}, "b": {"S": "y"}})
    _, reported = update(name, GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "first"}}])
    (index,) = reported["GlobalSecondaryIndexes"]
    if index["ItemCount"]:  # 0 on AWS, which updates the count every six hours
        assert (index["ItemCount"], index["IndexSizeBytes"]) == (3, 15)


def test_an_index_deleted_and_created_again_is_complete(client, make_table, update):
    name = make_table("pk:S", define="a:S", GlobalSecondaryIndexes=[index_request("global", "a")])
    for number in range(5):
        client.put_item(TableName=name, Item={"pk": {"S": str(number)}, "a": {"S": "x"}})
    update(name, GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "global"}}])
    client.delete_item(TableName=name, Key={"pk": {"S": "0"}})
    update(
        name,
        AttributeDefinitions=definitions("a:S"),
        GlobalSecondaryIndexUpdates=[creation("global", "a", "KEYS_ONLY")],
    )
    items = client.scan(TableName=name, IndexName="global")["Items"]
    assert sorted(item["pk"]["S"] for item in items) == ["1", "2", "3", "4"]


def test_definitions_that_the_new_index_does_not_need_are_ignored(make_table, update):
    """Observed: ack-api-quirks, DDB-TABLE-162, 358."""
    name = make_table("pk:S", define="a:S", GlobalSecondaryIndexes=[index_request("first", "a")])
    _, reported = update(
        name,
        AttributeDefinitions=definitions("pk:N a:N b:S unused:S"),
        GlobalSecondaryIndexUpdates=[creation("second", "b")],
    )
    types = {each["AttributeName"]: each["AttributeType"] for each in reported["AttributeDefinitions"]}
    assert types == {"pk": "S", "a": "S", "b": "S"}


@pytest.mark.parametrize(
    ("keys", "types", "existing", "new"),
    [
        ("a", "a:N", "a:S:HASH", "a:N:HASH"),
        ("b a", "b:S a:B", "a:S:HASH", "b:S:HASH a:B:RANGE"),
        ("pk", "pk:N", "pk:S:HASH sk:S:RANGE", "pk:N:HASH"),
        ("a c", "a:S c:N", "pk:S:HASH c:S:RANGE", "a:S:HASH c:N:RANGE"),
    ],
    ids=["another index's", "as sort key", "the table's", "a local index's"],
)
def test_an_attribute_keeps_its_type(client, refused, retyped, keys, types, existing, new):
    """A new index cannot give an attribute another type (behaviour 10.4).

    AWS's text for schemas with several attributes is not known; this one is our guess.
    """

    def schema(text):
        return "Schema:[" + ", ".join(f"SchemaElement: key{{{each}}}" for each in text.split()) + "]"

    before = client.describe_table(TableName=retyped)["Table"]
    assert refused(
        "update_table",
        TableName=retyped,
        AttributeDefinitions=definitions(types),
        GlobalSecondaryIndexUpdates=[creation("second", keys)],
    ) == (
        "ValidationException",
        INVALID + "Attributes cannot be redefined. Please check that your attribute has the same type as previously "
        f"defined. Existing schema: {schema(existing)} New schema: {schema(new)}",
    )
    assert client.describe_table(TableName=retyped)["Table"] == before


@pytest.fixture(scope="module")
def retyped(make_shared_table):
    """A table with a global index on attribute a and a local one on attribute c."""
    return make_shared_table(
        define="a:S c:S",
        GlobalSecondaryIndexes=[index_request("first", "a")],
        LocalSecondaryIndexes=[index_request("local", "pk c")],
    )


@pytest.mark.parametrize(
    ("request_", "code", "message"),
    [
        (
            {"GlobalSecondaryIndexUpdates": [creation("other", "a")]},
            "ValidationException",
            INVALID + "AttributeDefinitions is not specified for index: other",
        ),
        (
            {
                "AttributeDefinitions": definitions("pk:S b:S"),
                "GlobalSecondaryIndexUpdates": [creation("other", "b a")],
            },
            "ValidationException",
            INVALID + "Some index key attributes are not defined in AttributeDefinitions. "
            "Keys: [b, a], AttributeDefinitions: [pk, b]",
        ),
        (
            {
                "AttributeDefinitions": definitions("a:S"),
                "GlobalSecondaryIndexUpdates": [creation("other", "a", ProvisionedThroughput=UNITS)],
            },
            "ValidationException",
            INVALID + "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified for index: other when "
            "BillingMode is PAY_PER_REQUEST",
        ),
        *(
            (
                {"GlobalSecondaryIndexUpdates": [{"Update": {"IndexName": "global", **change}}]},
                "ValidationException",
                INVALID + "The only Updates for index: global when TableThroughputMode is PAY_PER_REQUEST can be to "
                "OnDemandThroughput, WarmThroughput",
            )
            for change in ({"ProvisionedThroughput": UNITS}, {"OnDemandThroughput": {}}, {})
        ),
        (
            {
                "GlobalSecondaryIndexUpdates": [
                    {"Update": {"IndexName": "global", "OnDemandThroughput": {"MaxReadRequestUnits": 0}}}
                ]
            },
            "ValidationException",
            INVALID + "Requested MaxReadRequestUnits for OnDemandThroughput for index : global is outside of valid "
            "range",
        ),
        (
            {
                "AttributeDefinitions": definitions("a:S"),
                "GlobalSecondaryIndexUpdates": [creation("other", "a", OnDemandThroughput={"MaxReadRequestUnits": -1})],
            },
            "ValidationException",
            INVALID + "Requested MaxReadRequestUnits for OnDemandThroughput for index : other is outside of valid "
            "range",
        ),
        (
            {
                "GlobalSecondaryIndexUpdates": [
                    {"Update": {"IndexName": "global", "WarmThroughput": {"ReadUnitsPerSecond": 11999}}}
                ]
            },
            "ValidationException",
            INVALID + "Requested ReadUnitsPerSecond for WarmThroughput for index global is lower than current "
            "WarmThroughput, decreasing WarmThroughput is not supported",
        ),
        (
            {
                "AttributeDefinitions": definitions("a:S b:S"),
                "GlobalSecondaryIndexUpdates": [creation("one", "a"), creation("two", "b")],
            },
            "LimitExceededException",
            "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table",
        ),
        (
            {
                "AttributeDefinitions": definitions("a:S"),
                "GlobalSecondaryIndexUpdates": [{"Delete": {"IndexName": "global"}}, creation("two", "a")],
            },
            "LimitExceededException",
            "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table",
        ),
    ],
)
def test_refuses_index_updates(refused, indexed, request_, code, message):
    assert refused("update_table", TableName=indexed, **request_) == (code, message)


@pytest.fixture(scope="module")
def indexed(make_shared_table):
    """A table with a global and a local index on attribute a."""
    return make_shared_table(
        define="a:S",
        GlobalSecondaryIndexes=[index_request("global", "a")],
        LocalSecondaryIndexes=[index_request("local", "pk a")],
    )


@pytest.mark.parametrize("taken", ["global", "local"])
def test_refuses_a_taken_index_name(refused, indexed, taken):
    assert refused(
        "update_table",
        TableName=indexed,
        AttributeDefinitions=definitions("a:S"),
        GlobalSecondaryIndexUpdates=[creation(taken, "a")],
    ) == ("ValidationException", "Attempting to create an index which already exists")


@pytest.mark.parametrize("change", [{"Delete": {"IndexName": "nowhere"}}, {"Update": {"IndexName": "nowhere"}}])
def test_refuses_to_change_an_unknown_index(refused, indexed, change):
    if "Update" in change:
        change["Update"]["OnDemandThroughput"] = {"MaxReadRequestUnits": 5}
    assert refused("update_table", TableName=indexed, GlobalSecondaryIndexUpdates=[change]) == (
        "ResourceNotFoundException",
        f"Requested resource not found: Index nowhere for table {indexed}",
    )


@pytest.mark.parametrize("action", ["Update", "Delete"])
def test_local_indexes_cannot_be_changed(refused, indexed, action):
    updates = [{action: {"IndexName": "local"}}]
    assert refused("update_table", TableName=indexed, GlobalSecondaryIndexUpdates=updates) == (
        "ValidationException",
        f"Cannot {action.lower()} an index that is not a GlobalSecondaryIndex: local",
    )


def test_a_new_index_of_a_provisioned_table_needs_throughput(refused, make_table):
    name = make_table(**PROVISIONED)
    assert refused("update_table", TableName=name, **MEMBERS["create"]) == (
        "ValidationException",
        INVALID + "Both ReadCapacityUnits and WriteCapacityUnits must be specified for index: more",
    )


def test_one_index_too_many(refused, make_table):
    indexes = [index_request(f"index{number}", "a") for number in range(20)]
    name = make_table(define="a:S", GlobalSecondaryIndexes=indexes)
    assert refused("update_table", TableName=name, **MEMBERS["create"]) == (
        "LimitExceededException",
        "Subscriber limit exceeded: Number of global secondary indexes exceeds per-table limit of 20",
    )


def test_one_projected_attribute_too_many(refused, make_table):
    indexes = [
        index_request(f"index{number}", "a", "INCLUDE", [f"x{number}_{each}" for each in range(20)])
        for number in range(5)
    ]
    name = make_table(define="a:S", GlobalSecondaryIndexes=indexes)
    code, message = refused(
        "update_table",
        TableName=name,
        AttributeDefinitions=definitions("a:S"),
        GlobalSecondaryIndexUpdates=[creation("more", "a", "INCLUDE", non_key=["last"])],
    )
    assert code == "ValidationException"
    assert "NonKeyAttributes" in message


def test_an_index_may_be_created_while_another_one_changes(make_table, update):
    name = make_table(
        define="a:S",
        **PROVISIONED,
        GlobalSecondaryIndexes=[{**index_request("global", "a"), "ProvisionedThroughput": UNITS}],
    )
    more = {"ReadCapacityUnits": 7, "WriteCapacityUnits": 7}
    _, reported = update(
        name,
        AttributeDefinitions=definitions("a:S"),
        GlobalSecondaryIndexUpdates=[
            creation("more", "a", ProvisionedThroughput=UNITS),
            {"Update": {"IndexName": "global", "ProvisionedThroughput": more}},
        ],
    )
    units = {
        index["IndexName"]: index["ProvisionedThroughput"]["ReadCapacityUnits"]
        for index in reported["GlobalSecondaryIndexes"]
    }
    assert units == {"global": 7, "more": 5}


# --- settings -------------------------------------------------------------------------------------


def test_stream_on_and_off(refused, make_table, update):
    name = make_table()
    images = {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}
    _, reported = update(name, StreamSpecification=images)
    assert reported["StreamSpecification"] == images
    label = reported["LatestStreamLabel"]
    assert reported["LatestStreamArn"] == f"{reported['TableArn']}/stream/{label}"
    assert refused("update_table", TableName=name, StreamSpecification=images) == (
        "ValidationException",
        f"Table already has an enabled stream: TableName: {name}",
    )
    _, reported = update(name, StreamSpecification={"StreamEnabled": False})
    assert "StreamSpecification" not in reported
    assert reported["LatestStreamLabel"] == label
    assert refused("update_table", TableName=name, StreamSpecification={"StreamEnabled": False}) == (
        "ValidationException",
        f"Table has no stream to disable: TableName: {name}",
    )
    _, reported = update(name, StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"})
    assert reported["StreamSpecification"]["StreamViewType"] == "KEYS_ONLY"
    assert reported["LatestStreamLabel"] > label


def test_encryption_and_class(refused, make_table, update):
    name = make_table()
    for specification in ({"Enabled": False}, {}):
        assert refused("update_table", TableName=name, SSESpecification=specification) == (
            "ValidationException",
            INVALID + "Table is already encrypted by default",
        )
    answer, reported = update(name, SSESpecification={"Enabled": True, "SSEType": "KMS"})
    # The answer shows the old key, and here there was none (DDB-TABLE-140).
    assert answer["SSEDescription"] == {"Status": "UPDATING"}
    managed = reported["SSEDescription"]
    assert managed["Status"] == "ENABLED"
    other = {"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": KMS_KEY}
    answer, reported = update(name, SSESpecification=other)
    assert answer["SSEDescription"] == {**managed, "Status": "UPDATING"}
    assert reported["SSEDescription"]["KMSMasterKeyArn"] == KMS_KEY
    assert refused("update_table", TableName=name, SSESpecification=other) == (
        "ValidationException",
        INVALID + "Table is already encrypted with given KMSMasterKeyId. Use KMSMasterKeyId parameter if you want to "
        "change Master Key",
    )
    answer, reported = update(name, SSESpecification={"Enabled": False})
    assert answer["SSEDescription"]["KMSMasterKeyArn"] == KMS_KEY
    assert "SSEDescription" not in reported


def test_table_class(make_table, update):
    """The answer of UpdateTable has the old TableClassSummary (behaviour 10.4).

    A table that has always had the class STANDARD has no TableClassSummary.
    """
    name = make_table()
    answer, reported = update(name, TableClass="STANDARD")
    assert answer["TableStatus"] == "UPDATING"
    assert "TableClassSummary" not in {**answer, **reported}
    answer, reported = update(name, TableClass="STANDARD_INFREQUENT_ACCESS")
    assert answer["TableStatus"] == "UPDATING"
    assert "TableClassSummary" not in answer
    summary = reported["TableClassSummary"]
    assert summary["TableClass"] == "STANDARD_INFREQUENT_ACCESS"
    assert "LastUpdateDateTime" in summary
    answer, reported = update(name, TableClass="STANDARD_INFREQUENT_ACCESS")
    assert answer["TableStatus"] == "UPDATING"
    assert answer["TableClassSummary"] == reported["TableClassSummary"] == summary
    answer, reported = update(name, TableClass="STANDARD")
    assert answer["TableClassSummary"] == summary
    assert reported["TableClassSummary"]["TableClass"] == "STANDARD"


def test_on_demand_maximums_are_merged_member_by_member(make_table, update):
    name = make_table(OnDemandThroughput={"MaxReadRequestUnits": 10, "MaxWriteRequestUnits": 20})
    _, reported = update(name, OnDemandThroughput={"MaxReadRequestUnits": 11})
    assert reported["OnDemandThroughput"] == {"MaxReadRequestUnits": 11, "MaxWriteRequestUnits": 20}
    answer, reported = update(name, OnDemandThroughput={"MaxReadRequestUnits": -1})
    assert answer["OnDemandThroughput"] == {"MaxReadRequestUnits": -1, "MaxWriteRequestUnits": 20}
    assert reported["OnDemandThroughput"] == {"MaxWriteRequestUnits": 20}
    for _ in range(2):
        removed = {"MaxReadRequestUnits": -1, "MaxWriteRequestUnits": -1}
        answer, reported = update(name, OnDemandThroughput=removed)
        assert answer["OnDemandThroughput"] == removed
        assert "OnDemandThroughput" not in reported


def test_the_maximum_of_an_index_is_removed(make_table, update):
    maximums = {"OnDemandThroughput": {"MaxReadRequestUnits": 5}}
    name = make_table(define="a:S", GlobalSecondaryIndexes=[{**index_request("global", "a"), **maximums}])
    removed = {"MaxReadRequestUnits": -1}
    update_ = {"Update": {"IndexName": "global", "OnDemandThroughput": removed}}
    answer, reported = update(name, GlobalSecondaryIndexUpdates=[update_])
    assert answer["GlobalSecondaryIndexes"][0]["OnDemandThroughput"] == removed
    assert "OnDemandThroughput" not in {**answer, **reported, **reported["GlobalSecondaryIndexes"][0]}


@pytest.mark.parametrize("units", [0, -2])
def test_on_demand_maximums_out_of_range(refused, shared_table, units):
    maximums = {"MaxWriteRequestUnits": units}
    assert refused("update_table", TableName=shared_table, OnDemandThroughput=maximums) == (
        "ValidationException",
        INVALID + "Requested MaxWriteRequestUnits for OnDemandThroughput for table is outside of valid range",
    )


def test_on_demand_maximums_need_on_demand(refused, make_table):
    name = make_table(
        define="a:S",
        **PROVISIONED,
        GlobalSecondaryIndexes=[{**index_request("global", "a"), "ProvisionedThroughput": UNITS}],
    )
    for member, units in (("MaxReadRequestUnits", 10), ("MaxWriteRequestUnits", -1)):
        maximums = {"OnDemandThroughput": {member: units}}
        index = {"GlobalSecondaryIndexUpdates": [{"Update": {"IndexName": "global", **maximums}}]}
        for request, where in ((maximums, ""), (index, " for index : global")):
            assert refused("update_table", TableName=name, **request) == (
                "ValidationException",
                INVALID + f"{member} for OnDemandThroughput{where} cannot be specified when the table BillingMode is "
                "PROVISIONED",
            )


def test_warm_throughput_only_rises(refused, make_table, update):
    name = make_table(define="a:S", GlobalSecondaryIndexes=[index_request("global", "a")])
    answer, reported = update(name, WarmThroughput={"ReadUnitsPerSecond": 13000, "WriteUnitsPerSecond": 4500})
    old = {"ReadUnitsPerSecond": 12000, "WriteUnitsPerSecond": 4000, "Status": "UPDATING"}
    assert (answer["TableStatus"], answer["WarmThroughput"]) == ("ACTIVE", old)  # control-plane 20.1
    assert reported["WarmThroughput"] == {"ReadUnitsPerSecond": 13000, "WriteUnitsPerSecond": 4500, "Status": "ACTIVE"}
    assert refused(
        "update_table", TableName=name, WarmThroughput={"ReadUnitsPerSecond": 13000, "WriteUnitsPerSecond": 4499}
    ) == (
        "ValidationException",
        INVALID + "Requested WriteUnitsPerSecond for WarmThroughput for table is lower than current WarmThroughput, "
        "decreasing WarmThroughput is not supported",
    )
    index = {"Update": {"IndexName": "global", "WarmThroughput": {"ReadUnitsPerSecond": 14000}}}
    answer, reported = update(name, GlobalSecondaryIndexUpdates=[index])
    assert answer["GlobalSecondaryIndexes"][0]["WarmThroughput"] == old
    assert answer["GlobalSecondaryIndexes"][0]["IndexStatus"] == "ACTIVE"
    assert reported["GlobalSecondaryIndexes"][0]["WarmThroughput"]["ReadUnitsPerSecond"] == 14000
    assert reported["WarmThroughput"]["ReadUnitsPerSecond"] == 13000


@pytest.mark.parametrize("name", ["sse", "protection", "warm", "maximum"])
def test_changes_that_leave_the_table_active(client, make_table, update, name):
    table = make_table()
    answer, _ = update(table, **MEMBERS[name])
    assert answer["TableStatus"] == "ACTIVE"
    if name == "protection":
        client.update_table(TableName=table, DeletionProtectionEnabled=False)


@pytest.mark.parametrize("name", ["class", "stream", "on demand", "create"])
def test_changes_of_an_updating_table(make_table, update, name):
    answer, _ = update(make_table(), **MEMBERS[name])
    assert answer["TableStatus"] == "UPDATING"


@pytest.mark.parametrize(
    ("table", "change", "status"),
    [
        (PROVISIONED, {"ProvisionedThroughput": {**UNITS, "ReadCapacityUnits": 6}}, "UPDATING"),
        ({}, {"OnDemandThroughput": {"MaxReadRequestUnits": 6}}, "UPDATING"),
        ({}, {"WarmThroughput": {"ReadUnitsPerSecond": 12001}}, "ACTIVE"),
    ],
)
def test_status_of_an_index_that_changes(make_table, update, table, change, status):
    units = {"ProvisionedThroughput": UNITS} if table else {}
    name = make_table(define="a:S", **table, GlobalSecondaryIndexes=[{**index_request("global", "a"), **units}])
    answer, _ = update(name, GlobalSecondaryIndexUpdates=[{"Update": {"IndexName": "global", **change}}])
    assert answer["TableStatus"] == "ACTIVE"
    assert answer["GlobalSecondaryIndexes"][0]["IndexStatus"] == status


def test_table_throughput_mode_is_the_billing_mode(client, post, make_table, update):
    """UpdateTable accepts TableThroughputMode instead of BillingMode (behaviour 10.1, 10.3).

    The test sends it with `post`, because the SDK does not know this member.
    """
    name = make_table(**PROVISIONED)

    def send(**request):
        answer = post("UpdateTable", {"TableName": name, **request})
        client.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1})
        return answer.json

    reported = send(TableThroughputMode="PAY_PER_REQUEST")["TableDescription"]
    assert reported["TableStatus"] == "UPDATING"
    assert reported["TableThroughputModeSummary"] == {"TableThroughputMode": "PAY_PER_REQUEST"}
    later = post("DescribeTable", {"TableName": name}).json["Table"]
    assert later["TableThroughputModeSummary"] == {
        "TableThroughputMode": "PAY_PER_REQUEST",
        "LastUpdateToPayPerRequestDateTime": later["BillingModeSummary"]["LastUpdateToPayPerRequestDateTime"],
    }
    reported = send(BillingMode="PROVISIONED", TableThroughputMode="PAY_PER_REQUEST", ProvisionedThroughput=UNITS)
    assert reported["TableDescription"]["BillingModeSummary"]["BillingMode"] == "PROVISIONED"
    reported = send(TableThroughputMode="PROVISIONED")
    assert reported["message"] == INVALID + "ProvisionedThroughput must be specified when BillingMode is PROVISIONED"
    reported = send(TableThroughputMode="BOGUS", BillingMode="PAY_PER_REQUEST")
    assert reported["message"] == (
        "1 validation error detected: Value 'BOGUS' at 'tableThroughputMode' failed to satisfy constraint: "
        "Member must satisfy enum value set: [PROVISIONED, PAY_PER_REQUEST]"
    )


def test_a_refused_update_changes_nothing(client, refused, make_table):
    name = make_table()
    before = client.describe_table(TableName=name)["Table"]
    code, _ = refused(
        "update_table",
        TableName=name,
        BillingMode="PROVISIONED",
        ProvisionedThroughput=UNITS,
        GlobalSecondaryIndexUpdates=[{"Update": {"IndexName": "nowhere", "ProvisionedThroughput": UNITS}}],
    )
    assert code == "ResourceNotFoundException"
    assert client.describe_table(TableName=name)["Table"] == before
