"""CreateTable, DescribeTable, ListTables, DeleteTable (behaviour 10.1 to 10.3, 10.5, 3.4)."""

import re

import pytest

from tests.support.tables import index_request, new_name, table_request

INVALID = "One or more parameter values were invalid: "
ONE = "1 validation error detected: "
KEYS_ONLY = {"ProjectionType": "KEYS_ONLY"}
UNITS = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 6}
PROVISIONED = {"BillingMode": "PROVISIONED", "ProvisionedThroughput": UNITS}
TOO_MUCH = {"WriteCapacityUnits": 10**12 + 1, "ReadCapacityUnits": 10**12 + 1}
INITIAL = (
    "initial throughput for OnDemand. See: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/"
    "on-demand-capacity-mode.html#on-demand-capacity-mode-initial"
)


def schema(*elements):
    """Return the KeySchema of "name:KIND" texts, where KIND is H or R."""
    pairs = [element.split(":") for element in elements]
    return [{"AttributeName": name, "KeyType": {"H": "HASH", "R": "RANGE"}.get(kind, kind)} for name, kind in pairs]


def definitions(*names, kind="S"):
    return [{"AttributeName": name, "AttributeType": kind} for name in names]


def index(name, *elements, **extra):
    return {"IndexName": name, "KeySchema": schema(*elements), "Projection": {"ProjectionType": "ALL"}, **extra}


def many(count, *elements):
    return [index(f"index{number}", *elements) for number in range(count)]


# --- refused CreateTable requests -----------------------------------------------------------------

# Each row: members that the test changes in a good request (pk:S sk:S, on demand; None removes the
# member), and the error text.
REFUSED = [
    # member constraints
    ({"TableName": None}, "The parameter 'TableName' is required but was not present in the request"),
    (
        {"TableName": ""},
        ONE
        + "Value '' at 'tableName' failed to satisfy constraint: Member must have length greater than or equal to 3",
    ),
    (
        {"TableName": "ab"},
        ONE + "Value 'ab' at 'tableName' failed to satisfy constraint: "
        "Member must have length greater than or equal to 3",
    ),
    (
        {"TableName": "x" * 256},
        ONE + f"Value '{'x' * 256}' at 'tableName' failed to satisfy constraint: "
        "Member must have length less than or equal to 255",
    ),
    (
        {"TableName": "bad table!@#"},
        ONE + "Value 'bad table!@#' at 'tableName' failed to satisfy constraint: "
        "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+",
    ),
    ({"KeySchema": None}, ONE + "Value null at 'keySchema' failed to satisfy constraint: Member must not be null"),
    (
        {"AttributeDefinitions": None},
        ONE + "Value null at 'attributeDefinitions' failed to satisfy constraint: Member must not be null",
    ),
    (
        {"KeySchema": []},
        ONE + "Value '[]' at 'keySchema' failed to satisfy constraint: "
        "Member must have length greater than or equal to 1",
    ),
    (
        {"KeySchema": schema("pk:H", "sk:R", "x:R")},
        ONE + "Value '[KeySchemaElement(attributeName=pk, keyType=HASH), "
        "KeySchemaElement(attributeName=sk, keyType=RANGE), KeySchemaElement(attributeName=x, keyType=RANGE)]' "
        "at 'keySchema' failed to satisfy constraint: Member must have length less than or equal to 2",
    ),
    (
        {"KeySchema": schema("pk:H", "sk:SORT")},
        ONE + "Value 'SORT' at 'keySchema.2.member.keyType' failed to satisfy constraint: "
        "Member must satisfy enum value set: [HASH, RANGE]",
    ),
    (
        {"AttributeDefinitions": [*definitions("pk"), *definitions("sk", kind="BOOL")]},
        ONE + "Value 'BOOL' at 'attributeDefinitions.2.member.attributeType' failed to satisfy constraint: "
        "Member must satisfy enum value set: [B, N, S]",
    ),
    (
        {"BillingMode": "FREE"},
        ONE + "Value 'FREE' at 'billingMode' failed to satisfy constraint: "
        "Member must satisfy enum value set: [PROVISIONED, PAY_PER_REQUEST]",
    ),
    (
        {"BillingMode": None, "ProvisionedThroughput": {"ReadCapacityUnits": 0, "WriteCapacityUnits": 1}},
        ONE + "Value '0' at 'provisionedThroughput.readCapacityUnits' failed to satisfy constraint: "
        "Member must have value greater than or equal to 1",
    ),
    (
        {"GlobalSecondaryIndexes": [index("global", "sk:H", Projection={"ProjectionType": "SOME"})]},
        ONE + "Value 'SOME' at 'globalSecondaryIndexes.1.member.projection.projectionType' failed to satisfy "
        "constraint: Member must satisfy enum value set: [ALL, INCLUDE, KEYS_ONLY]",
    ),
    (
        {
            "LocalSecondaryIndexes": [index("li", "pk:H", "g:R")],
            "GlobalSecondaryIndexes": [index("gi", "g:H")],
        },
        (
            "2 validation errors detected: Value 'gi' at 'globalSecondaryIndexes.1.member.indexName' failed to satisfy "
            "constraint: Member must have length greater than or equal to 3; Value 'li' at "
            "'localSecondaryIndexes.1.member.indexName' failed to satisfy constraint: "
            "Member must have length greater than or equal to 3"
        ),
    ),
    # throughput and billing mode
    (
        {"ProvisionedThroughput": UNITS},
        INVALID
        + "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST",
    ),
    (
        {"BillingMode": None},
        INVALID + "ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED",
    ),
    (
        {"BillingMode": "PROVISIONED"},
        INVALID + "ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED",
    ),
    (
        {"BillingMode": None, "ProvisionedThroughput": {"ReadCapacityUnits": 10**12 + 1, "WriteCapacityUnits": 1}},
        "Given value 1000000000001 for ReadCapacityUnits is out of bounds",
    ),
    (
        {"BillingMode": None, "ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 10**12 + 1}},
        "Given value 1000000000001 for WriteCapacityUnits is out of bounds",
    ),
    (
        {"BillingMode": None, "ProvisionedThroughput": TOO_MUCH},
        "Given value 1000000000001 for ReadCapacityUnits is out of bounds",  # this row and the next: behaviour 10.1
    ),
    (
        {**PROVISIONED, "GlobalSecondaryIndexes": [index("global", "sk:H", ProvisionedThroughput=TOO_MUCH)]},
        "Given value 1000000000001 for ReadCapacityUnits is out of bounds",
    ),
    # key schema and definitions
    (
        {"AttributeDefinitions": definitions("pk")},
        "Invalid KeySchema: Some index key attribute have no definition",
    ),
    (
        {"KeySchema": schema("pk:H", "pk:R"), "AttributeDefinitions": definitions("pk")},
        "Invalid KeySchema: Some index key attribute have no definition",
    ),
    (
        {"AttributeDefinitions": definitions("pk", "other")},
        INVALID + "Some index key attributes are not defined in AttributeDefinitions. "
        "Keys: [pk, sk], AttributeDefinitions: [pk, other]",
    ),
    (
        {"KeySchema": schema("pk:H", "pk:R")},
        "Both the Hash Key and the Range Key element in the KeySchema have the same name",
    ),
    ({"KeySchema": schema("pk:R", "sk:H")}, "Invalid KeySchema: The first KeySchemaElement is not a HASH key type"),
    ({"KeySchema": schema("pk:H", "sk:H")}, "Invalid KeySchema: The second KeySchemaElement is not a RANGE key type"),
    (
        {"KeySchema": schema("pk:H", "pk:H")},
        "Both the Hash Key and the Range Key element in the KeySchema have the same name",  # behaviour 10.1
    ),
    *(  # behaviour 10.1
        (
            {"AttributeDefinitions": [*definitions("pk", "sk"), *definitions("sk", kind=kind)]},
            "Attribute Name is duplicated: sk",
        )
        for kind in ("S", "N")
    ),
    # behaviour 10.1: a repeated attribute in an index's key is reported before an unused attribute
    *(
        (
            {
                "AttributeDefinitions": definitions("pk", "sk", "a", "unused"),
                f"{kind}SecondaryIndexes": [index("good", "pk:H", "sk:R"), index("other", *elements)],
            },
            message,
        )
        for kind, elements, message in (
            ("Global", ("a:H", "a:H"), "The KeySchema contains multiple key attributes with the same name"),
            ("Global", ("a:H", "sk:R", "a:R"), "The KeySchema contains multiple key attributes with the same name"),
            (
                "Global",
                ("a:H", "a:R"),
                "Both the Hash Key and the Range Key element in the KeySchema have the same name",
            ),
            (
                "Local",
                ("pk:H", "pk:R"),
                "Both the Hash Key and the Range Key element in the KeySchema have the same name",
            ),
        )
    ),
    # behaviour 10.1: two other problems that are reported before unused attributes
    *(
        (
            {"AttributeDefinitions": definitions("pk", "sk", "unused"), member: []},
            INVALID + f"List of {member} is empty",
        )
        for member in ("LocalSecondaryIndexes", "GlobalSecondaryIndexes")
    ),
    (
        {
            "KeySchema": schema("pk:H"),
            "AttributeDefinitions": definitions("pk", "sk", "unused"),
            "LocalSecondaryIndexes": [index("local", "pk:H", "sk:R")],
        },
        INVALID + "Table KeySchema does not have a range key, which is required when specifying a LocalSecondaryIndex",
    ),
    # behaviour 10.1: undefined attributes of an index are reported before wrong kinds
    *(
        (
            {f"{kind}SecondaryIndexes": [index("other", *elements)]},
            INVALID + "Some index key attributes are not defined in AttributeDefinitions. "
            f"Keys: [{names}], AttributeDefinitions: [pk, sk]",
        )
        for kind, elements, names in (
            ("Global", ("nowhere:R", "sk:H"), "nowhere, sk"),
            ("Global", ("sk:H", "nowhere:R", "pk:H"), "sk, nowhere, pk"),
            ("Local", ("pk:R", "nowhere:R"), "pk, nowhere"),
        )
    ),
    (
        {"KeySchema": schema("pk:H")},
        INVALID + "Number of attributes in KeySchema does not exactly match number of attributes defined in "
        "AttributeDefinitions",
    ),
    # local indexes
    ({"LocalSecondaryIndexes": []}, INVALID + "List of LocalSecondaryIndexes is empty"),
    (
        {
            "KeySchema": schema("pk:H"),
            "AttributeDefinitions": definitions("pk", "sk"),
            "LocalSecondaryIndexes": [index("local", "pk:H", "sk:R")],
        },
        INVALID + "Table KeySchema does not have a range key, which is required when specifying a LocalSecondaryIndex",
    ),
    (
        {"LocalSecondaryIndexes": [index("local", "pk:H")]},
        INVALID + "Index KeySchema does not have a range key for index: local",
    ),
    (
        {"LocalSecondaryIndexes": [index("local", "sk:H", "pk:R")]},
        INVALID + "Index KeySchema does not have the same leading hash key as table KeySchema for index: local. "
        "index hash key: sk, table hash key: pk",
    ),
    (
        {"LocalSecondaryIndexes": many(6, "pk:H", "sk:R")},
        INVALID + "Number of LocalSecondaryIndexes exceeds per-table limit of 5",
    ),
    # global indexes
    ({"GlobalSecondaryIndexes": []}, INVALID + "List of GlobalSecondaryIndexes is empty"),
    (
        {"GlobalSecondaryIndexes": many(21, "sk:H")},
        INVALID + "GlobalSecondaryIndex count exceeds the per-table limit of 20",
    ),
    (
        {"GlobalSecondaryIndexes": [index("global", "nowhere:H")]},
        INVALID + "Some index key attributes are not defined in AttributeDefinitions. "
        "Keys: [nowhere], AttributeDefinitions: [pk, sk]",
    ),
    (
        {"GlobalSecondaryIndexes": [index("global", "sk:R")]},
        "Invalid KeySchema: The first KeySchemaElement is not a HASH key type",
    ),
    (
        {"GlobalSecondaryIndexes": [index("global", "sk:H", "sk:R")]},
        "Both the Hash Key and the Range Key element in the KeySchema have the same name",
    ),
    (
        {"GlobalSecondaryIndexes": [index("global", "sk:H", ProvisionedThroughput=UNITS)]},
        INVALID + "ProvisionedThroughput should not be specified for index: global when BillingMode is PAY_PER_REQUEST",
    ),
    (
        {
            "BillingMode": None,
            "ProvisionedThroughput": UNITS,
            "GlobalSecondaryIndexes": [index("global", "sk:H")],
        },
        INVALID + "ProvisionedThroughput is not specified for index: global",  # behaviour 10.1
    ),
    # projections
    (
        {"GlobalSecondaryIndexes": [index("global", "sk:H", Projection={})]},
        INVALID + "Unknown ProjectionType: null",
    ),
    (
        {"LocalSecondaryIndexes": [index("local", "pk:H", "sk:R", Projection={"NonKeyAttributes": ["a"]})]},
        INVALID + "Unknown ProjectionType: null",
    ),
    *(
        (
            {
                "GlobalSecondaryIndexes": [
                    index("global", "sk:H", Projection={"ProjectionType": kind, "NonKeyAttributes": ["a"]})
                ]
            },
            INVALID + f"ProjectionType is {kind}, but NonKeyAttributes is specified",
        )
        for kind in ("ALL", "KEYS_ONLY")
    ),
    (
        {"GlobalSecondaryIndexes": [index("global", "sk:H", Projection={"ProjectionType": "INCLUDE"})]},
        INVALID + "ProjectionType is INCLUDE, but NonKeyAttributes is not specified",
    ),
    (
        {
            "GlobalSecondaryIndexes": [
                index("global", "sk:H", Projection={"ProjectionType": "INCLUDE", "NonKeyAttributes": ["x", "y", "x"]})
            ]
        },
        INVALID + "Duplicate element in NonKeyAttributes: x",
    ),
    # several attributes of one kind
    (
        {"GlobalSecondaryIndexes": [index("global", "sk:H", "pk:R", "sk:H")]},
        INVALID + "All HASH key attributes must precede RANGE key attributes in the KeySchema",
    ),
    *(
        (
            {
                "AttributeDefinitions": definitions("pk", "sk", "a", "b", "c", "d", "e"),
                "GlobalSecondaryIndexes": [index("global", *elements)],
            },
            INVALID + f"The KeySchema exceeds the maximum allowed number of {kind} key attributes",
        )
        for kind, elements in (
            ("HASH", ("a:H", "b:H", "c:H", "d:H", "e:H")),
            ("RANGE", ("pk:H", "a:R", "b:R", "c:R", "d:R", "e:R")),
        )
    ),
    *(
        (
            {"GlobalSecondaryIndexes": [index("global", *elements)]},
            "The KeySchema contains multiple key attributes with the same name",
        )
        for elements in (("sk:H", "sk:H"), ("sk:H", "pk:R", "sk:R"))
    ),
    # an unused attribute is reported before problems of an index
    *(
        (
            {
                "AttributeDefinitions": definitions("pk", "sk", "more"),
                "GlobalSecondaryIndexes": [index("global", "sk:H", **fault)],
            },
            INVALID + "Some AttributeDefinitions are not used. AttributeDefinitions: [pk, sk, more], "
            "keys used: [pk, sk]",
        )
        for fault in ({"Projection": {}}, {"ProvisionedThroughput": UNITS})
    ),
    # streams and encryption
    (
        {"StreamSpecification": {"StreamEnabled": True}},
        INVALID + "Table is being created with a stream enabled, UpdateViewType is required",
    ),
    (
        {"StreamSpecification": {"StreamEnabled": False, "StreamViewType": "NEW_IMAGE"}},
        INVALID + "Table is being created with a stream disabled, UpdateViewType should not be specified",
    ),
    (
        {"SSESpecification": {"Enabled": False, "SSEType": "KMS"}},
        INVALID + "SSEType can not be specified if Enabled is false",
    ),
    *(
        ({"SSESpecification": {"SSEType": "AES256", **more}}, INVALID + "SSEType AES256 is not supported")
        for more in ({"Enabled": True}, {}, {"Enabled": True, "KMSMasterKeyId": "alias/mine"})
    ),
    (
        {"SSESpecification": {"Enabled": True, "KMSMasterKeyId": "alias/mine"}},
        INVALID + "SSEType KMS is required if KMSMasterKeyId is specified",  # behaviour 10.1
    ),
    (
        {"TableClass": "X"},
        (
            "Invalid table-class parameter provided. Please try again with a valid table-class value: "
            "[STANDARD, STANDARD_INFREQUENT_ACCESS]."
        ),  # behaviour 10.1
    ),
    # on-demand and warm throughput
    *(
        (
            {"OnDemandThroughput": {"MaxReadRequestUnits": units}},
            INVALID + "Requested MaxReadRequestUnits for OnDemandThroughput for table is outside of valid range",
        )
        for units in (0, -1, -2)
    ),
    (
        {
            "OnDemandThroughput": {"MaxWriteRequestUnits": 0, "MaxReadRequestUnits": 0}
        },  # behaviour 10.1: reads are checked first
        INVALID + "Requested MaxReadRequestUnits for OnDemandThroughput for table is outside of valid range",
    ),
    (
        {"GlobalSecondaryIndexes": [index("global", "sk:H", OnDemandThroughput={"MaxWriteRequestUnits": -1})]},
        INVALID + "Requested MaxWriteRequestUnits for OnDemandThroughput for index : global is outside of valid range",
    ),
    (
        {**PROVISIONED, "OnDemandThroughput": {"MaxReadRequestUnits": 5}},
        INVALID + "MaxReadRequestUnits for OnDemandThroughput cannot be specified when the table BillingMode is "
        "PROVISIONED",  # this row and the next: behaviour 10.1
    ),
    (
        {
            **PROVISIONED,
            "GlobalSecondaryIndexes": [
                index("global", "sk:H", ProvisionedThroughput=UNITS, OnDemandThroughput={"MaxReadRequestUnits": 5})
            ],
        },
        INVALID + "MaxReadRequestUnits for OnDemandThroughput for index : global cannot be specified when the table "
        "BillingMode is PROVISIONED",
    ),
    (
        {"WarmThroughput": {"WriteUnitsPerSecond": 1, "ReadUnitsPerSecond": 1}},
        INVALID + "Requested ReadUnitsPerSecond for WarmThroughput for table is lower than " + INITIAL,
    ),
    (
        {"WarmThroughput": {"ReadUnitsPerSecond": 12000, "WriteUnitsPerSecond": 3999}},
        INVALID + "Requested WriteUnitsPerSecond for WarmThroughput for table is lower than " + INITIAL,
    ),
    (
        {"GlobalSecondaryIndexes": [index("global", "sk:H", WarmThroughput={"ReadUnitsPerSecond": 1})]},
        INVALID + "Requested ReadUnitsPerSecond for WarmThroughput for index global is lower than " + INITIAL,
    ),
    (
        {**PROVISIONED, "WarmThroughput": {"ReadUnitsPerSecond": 4}},
        INVALID + "Requested ReadUnitsPerSecond for WarmThroughput for table is lower than ReadCapacityUnits of "
        "ProvisionedThroughput",
    ),
    # tags
    *(
        ({"Tags": [{"Key": "good", "Value": ""}, tag]}, message)
        for tag, message in (
            ({"Key": "aws:x", "Value": ""}, "Tag Key cannot be prefixed with aws:, Key: aws:x"),
            ({"Key": "a#b", "Value": ""}, "The Tag Key provided is invalid, Key: a#b"),
            ({"Key": "good", "Value": ""}, "Duplicate Tag Keys provided as input: Duplicate Tag Key found good"),
        )
    ),
    (
        {"Tags": [{"Key": f"k{number}", "Value": ""} for number in range(51)]},
        "Number of Tags exceed the current limit for the provided ResourceArn",
    ),
    # names of indexes
    (
        {"GlobalSecondaryIndexes": [index("same", "sk:H"), index("same", "pk:H")]},
        INVALID + "Duplicate index name: same",
    ),
    (
        {
            "LocalSecondaryIndexes": [index("same", "pk:H", "sk:R")],
            "GlobalSecondaryIndexes": [index("same", "sk:H")],
        },
        INVALID + "Duplicate index name: same",
    ),
]


def changed(changes):
    request = {**table_request(), **changes}
    return {member: value for member, value in request.items() if value is not None}


@pytest.mark.parametrize(("changes", "message"), REFUSED)
def test_create_refuses(refused, changes, message):
    request = changed(changes)
    assert refused("create_table", **request) == ("ValidationException", message)


# AWS refuses each of these requests. Of its error text, only this part is known.
@pytest.mark.parametrize(
    ("changes", "part"),
    [
        (
            {
                "LocalSecondaryIndexes": [
                    index(
                        f"local{number}",
                        "pk:H",
                        "sk:R",
                        Projection={
                            "ProjectionType": "INCLUDE",
                            "NonKeyAttributes": [f"a{number}_{each}" for each in range(20)],
                        },
                    )
                    for number in range(5)
                ],
                "GlobalSecondaryIndexes": [
                    index("global", "sk:H", Projection={"ProjectionType": "INCLUDE", "NonKeyAttributes": ["last"]})
                ],
            },
            "NonKeyAttributes|projected",
        ),
    ],
)
def test_create_refuses_without_a_known_text(refused, changes, part):
    request = changed(changes)
    code, message = refused("create_table", **request)
    assert code == "ValidationException"
    assert re.search(part, message)
    assert refused("describe_table", TableName=request["TableName"])[0] == "ResourceNotFoundException"


@pytest.mark.parametrize("member", ["ReadCapacityUnits", "WriteCapacityUnits"])
def test_more_capacity_than_a_table_or_an_index_may_have(client, refused, member):
    too_much = {**UNITS, member: 40_001}
    region = client.meta.region_name
    rest = (
        f"maximum for the account in {region}. Per table maximum: 40000. "
        "Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher limits."
    )
    request = {**table_request(), **PROVISIONED}
    assert refused("create_table", **{**request, "ProvisionedThroughput": too_much}) == (
        "LimitExceededException",
        f"The requested {member}, 40001, is above the per table {rest}",
    )
    indexes = [index("global", "sk:H", ProvisionedThroughput=too_much)]
    assert refused("create_table", **request, GlobalSecondaryIndexes=indexes) == (
        "LimitExceededException",
        f"The requested {member} for index global, 40001, is above the per index {rest}",
    )


def test_the_capacities_of_a_table_and_its_index_are_not_added(make_table):
    units = {"ReadCapacityUnits": 1, "WriteCapacityUnits": 40_000}
    make_table(
        BillingMode="PROVISIONED",
        ProvisionedThroughput=units,
        GlobalSecondaryIndexes=[index("global", "sk:H", ProvisionedThroughput=units)],
    )


def test_a_taken_name(refused, shared_table):
    request = {**table_request(), "TableName": shared_table}
    assert refused("create_table", **request) == (
        "ResourceInUseException",
        f"Table already exists: {shared_table}",
    )


def test_a_bad_request_is_reported_before_a_taken_name(refused, shared_table):
    request = {**table_request(), "TableName": shared_table, "LocalSecondaryIndexes": []}
    assert refused("create_table", **request)[1] == INVALID + "List of LocalSecondaryIndexes is empty"


# --- descriptions ---------------------------------------------------------------------------------


@pytest.fixture
def created(client):
    """created(...) creates a table and returns CreateTable's description; delete all at the end."""
    names = []

    def create(**request):
        answer = client.create_table(**request)["TableDescription"]
        names.append(request["TableName"])
        client.get_waiter("table_exists").wait(TableName=request["TableName"], WaiterConfig={"Delay": 1})
        return answer

    yield create
    for name in names:
        client.delete_table(TableName=name)


def described(client, name):
    return client.describe_table(TableName=name)["Table"]


def test_description_of_an_on_demand_table(client, created):
    request = table_request("id:N")
    reported = created(**request)
    name = request["TableName"]
    arn = reported.pop("TableArn")
    assert re.fullmatch(rf"arn:aws:dynamodb:[a-z0-9-]+:[0-9]{{12}}:table/{name}", arn)
    uuid = reported.pop("TableId")
    assert re.fullmatch("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", uuid)
    moment = reported.pop("CreationDateTime")
    assert reported == {
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "N"}],
        "TableName": name,
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "TableStatus": "CREATING",
        "ProvisionedThroughput": {"NumberOfDecreasesToday": 0, "ReadCapacityUnits": 0, "WriteCapacityUnits": 0},
        "TableSizeBytes": 0,
        "ItemCount": 0,
        "BillingModeSummary": {"BillingMode": "PAY_PER_REQUEST"},
        "DeletionProtectionEnabled": False,
    }
    later = described(client, name)
    assert later["BillingModeSummary"].pop("LastUpdateToPayPerRequestDateTime") >= moment
    warm = {"ReadUnitsPerSecond": 12000, "WriteUnitsPerSecond": 4000, "Status": "ACTIVE"}
    assert later == {
        **reported,
        "TableStatus": "ACTIVE",
        "TableArn": arn,
        "TableId": uuid,
        "CreationDateTime": moment,
        "WarmThroughput": warm,
    }


def test_table_throughput_mode_is_the_billing_mode(client, post):
    """CreateTable accepts TableThroughputMode instead of BillingMode (behaviour 10.1, 10.3).

    The test sends it with `post`, because the SDK does not know this member.
    """
    request = table_request()
    name = request["TableName"]
    del request["BillingMode"]
    reported = post("CreateTable", {**request, "TableThroughputMode": "PAY_PER_REQUEST"}).json["TableDescription"]
    assert reported["ProvisionedThroughput"]["ReadCapacityUnits"] == 0
    assert reported["BillingModeSummary"] == {"BillingMode": "PAY_PER_REQUEST"}
    assert reported["TableThroughputModeSummary"] == {"TableThroughputMode": "PAY_PER_REQUEST"}
    client.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1})
    reported = post("DescribeTable", {"TableName": name}).json["Table"]
    since = reported["BillingModeSummary"]["LastUpdateToPayPerRequestDateTime"]
    both = {
        f"{member}Summary": {member: "PAY_PER_REQUEST", "LastUpdateToPayPerRequestDateTime": since}
        for member in ("BillingMode", "TableThroughputMode")
    }
    assert both.items() <= reported.items()
    assert both.items() <= post("DeleteTable", {"TableName": name}).json["TableDescription"].items()


def test_billing_mode_wins_over_table_throughput_mode(client, post):
    request = table_request(**PROVISIONED)
    reported = post("CreateTable", {**request, "TableThroughputMode": "PAY_PER_REQUEST"}).json["TableDescription"]
    assert reported["ProvisionedThroughput"]["ReadCapacityUnits"] == 5
    assert not reported.keys() & {"BillingModeSummary", "TableThroughputModeSummary"}
    client.get_waiter("table_exists").wait(TableName=request["TableName"], WaiterConfig={"Delay": 1})
    reported = post("DeleteTable", {"TableName": request["TableName"]}).json["TableDescription"]
    assert not reported.keys() & {"BillingModeSummary", "TableThroughputModeSummary"}  # behaviour 10.2


@pytest.mark.parametrize(
    ("members", "names"),
    [
        ({"TableThroughputMode": "BOGUS"}, ["tableThroughputMode"]),
        ({"BillingMode": "BOGUS", "TableThroughputMode": "BOGUS"}, ["billingMode", "tableThroughputMode"]),
    ],
)
@pytest.mark.parametrize("operation", ["CreateTable", "UpdateTable"])
def test_a_bad_table_throughput_mode(post, operation, members, names):
    """The error names each wrong member, BillingMode or TableThroughputMode (behaviour 10.1)."""
    request = {**table_request(), **members}
    if operation == "UpdateTable":
        request = {"TableName": request["TableName"], "BillingMode": "PAY_PER_REQUEST", **members}
    answer = post(operation, request)
    count = "1 validation error" if len(names) == 1 else "2 validation errors"
    parts = (
        f"Value 'BOGUS' at '{name}' failed to satisfy constraint: "
        "Member must satisfy enum value set: [PROVISIONED, PAY_PER_REQUEST]"
        for name in names
    )
    assert answer.json["message"] == f"{count} detected: {'; '.join(parts)}"


def test_description_of_a_provisioned_table_with_indexes(client, created):
    request = table_request(
        "pk:S sk:N",
        define="a:B b:S",
        BillingMode="PROVISIONED",
        ProvisionedThroughput=UNITS,
        LocalSecondaryIndexes=[index_request("local", "pk a", "KEYS_ONLY")],
        GlobalSecondaryIndexes=[
            {**index_request("first", "b pk", "INCLUDE", ["y", "x"]), "ProvisionedThroughput": UNITS},
            {**index_request("other", "a"), "ProvisionedThroughput": {**UNITS, "ReadCapacityUnits": 7}},
        ],
    )
    reported = created(**request)
    assert "BillingModeSummary" not in reported
    assert "WarmThroughput" not in reported
    assert reported["ProvisionedThroughput"] == {"NumberOfDecreasesToday": 0, **UNITS}
    assert reported["AttributeDefinitions"] == [
        {"AttributeName": name, "AttributeType": kind}
        for name, kind in zip(["a", "b", "pk", "sk"], "BSSN", strict=True)
    ]
    empty = {"IndexSizeBytes": 0, "ItemCount": 0}
    arn = reported["TableArn"]
    local = {**index_request("local", "pk a", "KEYS_ONLY"), **empty, "IndexArn": f"{arn}/index/local"}
    first = {
        **index_request("first", "b pk", "INCLUDE", ["x", "y"]),
        **empty,
        "IndexArn": f"{arn}/index/first",
        "IndexStatus": "CREATING",
        "ProvisionedThroughput": {"NumberOfDecreasesToday": 0, **UNITS},
    }
    assert reported["LocalSecondaryIndexes"] == [local]
    by_name = {each["IndexName"]: each for each in reported["GlobalSecondaryIndexes"]}
    assert by_name["first"] == first
    assert by_name["other"]["ProvisionedThroughput"]["ReadCapacityUnits"] == 7
    later = described(client, request["TableName"])
    assert later["WarmThroughput"] == {"ReadUnitsPerSecond": 5, "WriteUnitsPerSecond": 6, "Status": "ACTIVE"}
    assert later["LocalSecondaryIndexes"] == [local]
    by_name = {each["IndexName"]: each for each in later["GlobalSecondaryIndexes"]}
    assert by_name["first"] == {
        **first,
        "IndexStatus": "ACTIVE",
        "WarmThroughput": {"ReadUnitsPerSecond": 5, "WriteUnitsPerSecond": 6, "Status": "ACTIVE"},
    }
    assert by_name["other"]["WarmThroughput"]["ReadUnitsPerSecond"] == 7


def test_description_of_settings(client, created):
    request = table_request(
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        SSESpecification={"Enabled": True},
        TableClass="STANDARD_INFREQUENT_ACCESS",
        DeletionProtectionEnabled=True,
        OnDemandThroughput={"MaxReadRequestUnits": 10, "MaxWriteRequestUnits": 20},
        Tags=[{"Key": "team", "Value": "blue"}],
        GlobalSecondaryIndexes=[{**index_request("global", "sk"), "OnDemandThroughput": {"MaxReadRequestUnits": 3}}],
    )
    created(**request)
    reported = described(client, request["TableName"])
    client.update_table(TableName=request["TableName"], DeletionProtectionEnabled=False)
    arn = reported["TableArn"]
    assert reported["StreamSpecification"] == request["StreamSpecification"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}", reported["LatestStreamLabel"])
    assert reported["LatestStreamArn"] == f"{arn}/stream/{reported['LatestStreamLabel']}"
    assert reported["SSEDescription"]["Status"] == "ENABLED"
    assert reported["SSEDescription"]["SSEType"] == "KMS"
    region, account = arn.split(":")[3:5]
    assert reported["SSEDescription"]["KMSMasterKeyArn"].startswith(f"arn:aws:kms:{region}:{account}:key/")
    assert reported["TableClassSummary"] == {"TableClass": "STANDARD_INFREQUENT_ACCESS"}
    assert reported["DeletionProtectionEnabled"] is True
    assert reported["OnDemandThroughput"] == request["OnDemandThroughput"]
    assert reported["GlobalSecondaryIndexes"][0]["OnDemandThroughput"]["MaxReadRequestUnits"] == 3
    assert client.list_tags_of_resource(ResourceArn=arn)["Tags"] == request["Tags"]


@pytest.mark.parametrize(
    ("specification", "encrypted"),
    [({"SSEType": "KMS"}, True), ({"Enabled": True}, True), ({}, False), ({"Enabled": False}, False)],
)
def test_settings_that_enable_encryption(client, created, specification, encrypted):
    request = table_request(SSESpecification=specification)
    created(**request)
    assert ("SSEDescription" in described(client, request["TableName"])) is encrypted


def test_settings_equal_to_the_default_are_not_described(client, created):
    request = table_request(
        SSESpecification={"Enabled": False},
        StreamSpecification={"StreamEnabled": False},
        DeletionProtectionEnabled=False,
    )
    created(**request)
    reported = described(client, request["TableName"])
    assert reported.keys().isdisjoint(
        ("SSEDescription", "StreamSpecification", "LatestStreamLabel", "LatestStreamArn", "TableClassSummary")
    )


def test_requested_warm_throughput(client, created):
    warm = {"ReadUnitsPerSecond": 15000, "WriteUnitsPerSecond": 5000}
    request = table_request(
        WarmThroughput=warm, GlobalSecondaryIndexes=[{**index_request("global", "sk"), "WarmThroughput": warm}]
    )
    reported = created(**request)
    assert reported["WarmThroughput"] == {**warm, "Status": "UPDATING"}
    later = described(client, request["TableName"])
    assert later["WarmThroughput"] == {**warm, "Status": "ACTIVE"}
    assert later["GlobalSecondaryIndexes"][0]["WarmThroughput"] == {**warm, "Status": "ACTIVE"}


def test_a_table_name_of_3_and_of_255_characters(client, created):
    short, long = new_name()[-3:], (new_name() + ".-_").ljust(255, "x")
    for name in (short, long):
        created(**{**table_request(), "TableName": name})
        assert described(client, name)["TableName"] == name


# --- missing tables -------------------------------------------------------------------------------

MISSING = "missing_table"


@pytest.mark.parametrize(
    ("call", "request_"),
    [
        ("describe_table", {}),
        ("delete_table", {}),
        ("update_table", {"DeletionProtectionEnabled": True}),
        ("describe_time_to_live", {}),
        ("update_time_to_live", {"TimeToLiveSpecification": {"Enabled": True, "AttributeName": "ttl"}}),
    ],
)
def test_control_plane_names_the_missing_table(client, refused, shared_table, call, request_):
    arn = client.describe_table(TableName=shared_table)["Table"]["TableArn"].replace(shared_table, MISSING)
    assert refused(call, TableName=arn, **request_) == refused(call, TableName=MISSING, **request_)
    assert refused(call, TableName=MISSING, **request_) == (
        "ResourceNotFoundException",
        f"Requested resource not found: Table: {MISSING} not found",
    )


@pytest.mark.parametrize(
    ("call", "request_"),
    [
        ("get_item", {"Key": {"pk": {"S": "a"}}}),
        ("put_item", {"Item": {"pk": {"S": "a"}}}),
        ("scan", {}),
        ("query", {"KeyConditionExpression": "pk = :a", "ExpressionAttributeValues": {":a": {"S": "a"}}}),
    ],
)
def test_data_plane_does_not_name_the_missing_table(refused, call, request_):
    assert refused(call, TableName=MISSING, **request_) == (
        "ResourceNotFoundException",
        "Requested resource not found",
    )


@pytest.mark.parametrize("call", ["delete_table", "update_table"])
def test_changes_need_a_table_name(refused, call):
    assert refused(call) == (
        "ValidationException",
        "The parameter 'TableName' is required but was not present in the request",
    )


# --- DeleteTable ----------------------------------------------------------------------------------


def test_delete_table_returns_a_shorter_description(client, refused):
    request = table_request(GlobalSecondaryIndexes=[index_request("global", "sk")])
    name = request["TableName"]
    client.create_table(**request)
    client.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1})
    before = described(client, name)
    reported = client.delete_table(TableName=name)["TableDescription"]
    reported.pop("GlobalSecondaryIndexes", None)  # AWS returns this member in some answers only
    assert reported == {
        "BillingModeSummary": before["BillingModeSummary"],  # behaviour 10.2
        "TableName": name,
        "TableStatus": "DELETING",
        "ProvisionedThroughput": {"NumberOfDecreasesToday": 0, "ReadCapacityUnits": 0, "WriteCapacityUnits": 0},
        "TableSizeBytes": 0,
        "ItemCount": 0,
        "TableArn": before["TableArn"],
        "TableId": before["TableId"],
        "DeletionProtectionEnabled": False,
    }
    client.get_waiter("table_not_exists").wait(TableName=name, WaiterConfig={"Delay": 1})
    assert refused("describe_table", TableName=name)[0] == "ResourceNotFoundException"


def test_a_table_created_again_is_new_and_empty(client, make_table):
    request = table_request("pk:S")
    name = request["TableName"]
    ids = []
    for _ in range(2):
        client.create_table(**request)
        client.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1})
        ids.append(described(client, name)["TableId"])
        assert client.scan(TableName=name, ConsistentRead=True)["Items"] == []
        client.put_item(TableName=name, Item={"pk": {"S": "a"}})
        client.delete_table(TableName=name)
        client.get_waiter("table_not_exists").wait(TableName=name, WaiterConfig={"Delay": 1})
    assert ids[0] != ids[1]


def test_deletion_protection(client, refused, make_table):
    name = make_table(DeletionProtectionEnabled=True)
    assert refused("delete_table", TableName=name) == (
        "ValidationException",
        "Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.",
    )
    client.update_table(TableName=name, DeletionProtectionEnabled=False)
    client.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1})
    assert described(client, name)["DeletionProtectionEnabled"] is False


# --- ListTables -----------------------------------------------------------------------------------


def test_list_tables_pages_in_name_order(client, make_table):
    prefix = new_name()
    names = [prefix + end for end in ("-a", ".b", "1", "B", "_", "a", "aa", "b")]
    assert names == sorted(names)
    for name in reversed(names):
        make_table(TableName=name)
    for limit in (1, 3, 8):
        seen, start = [], prefix
        while True:
            page = client.list_tables(Limit=limit, ExclusiveStartTableName=start)
            assert len(page["TableNames"]) <= limit
            seen += [name for name in page["TableNames"] if name.startswith(prefix)]
            start = page.get("LastEvaluatedTableName")
            if start is None or not start.startswith(prefix):
                break
            assert start == page["TableNames"][-1]
        assert seen == names


def test_list_tables_may_start_after_a_name_that_does_not_exist(client, make_table):
    prefix = new_name()
    make_table(TableName=prefix + "b")
    for start, wanted in (("a", [prefix + "b"]), ("b", []), ("c", [])):
        names = client.list_tables(ExclusiveStartTableName=prefix + start)["TableNames"]
        assert [name for name in names if name.startswith(prefix)] == wanted


def test_the_last_page_of_list_tables_has_no_last_name(client, make_table):
    last = make_table(TableName="zzzzzz" + new_name())
    page = client.list_tables(ExclusiveStartTableName=last[:-1], Limit=1)
    assert page["TableNames"] == [last]
    assert "LastEvaluatedTableName" not in page


@pytest.mark.parametrize(
    ("limit", "constraint"),
    [
        (0, "Member must have value greater than or equal to 1"),
        (-1, "Member must have value greater than or equal to 1"),
        (101, "Member must have value less than or equal to 100"),
    ],
)
def test_list_tables_limit(refused, limit, constraint):
    message = ONE + f"Value '{limit}' at 'limit' failed to satisfy constraint: {constraint}"
    assert refused("list_tables", Limit=limit) == ("ValidationException", message)
