"""The texts of errors about vector indexes (features 1, control-plane 15, 20.4), on one engine."""

from typing import Any

import pytest

from emulator.settings import Settings
from tests.support.in_process import InProcess
from tests.support.tables import index_request, table_request, vector, vector_index_request

INVALID = "One or more parameter values were invalid: "
WRITTEN = "One or more parameter values were invalid. Invalid "


@pytest.fixture(scope="module")
def inside() -> InProcess:
    """Return an emulator with the table "tab" and two vector indexes of three dimensions."""
    made = InProcess(Settings(in_memory=True))
    made("CreateTable", created(index(search="tenant:HASH color:INLINE_FILTER"), index("thin", projection="KEYS_ONLY")))
    made("ListTables")
    made("PutItem", TableName="tab", Item=item(vector(1, 2, 3)))
    return made


def index(name: str = "vec", **changes: Any) -> dict[str, Any]:
    return vector_index_request(
        name, **{"attribute": "v", "dimensions": 3, "distance": "COSINE", "search": "tenant:INLINE_FILTER"} | changes
    )


def created(*indexes: dict[str, Any], keys: str = "pk:S", define: str = "tenant:S color:N", **extra: Any) -> Any:
    return {"TableName": "tab", **table_request(keys, define=define), "VectorIndexes": list(indexes)} | {
        "TableName": "tab",
        **extra,
    }


def item(value: Any, **more: Any) -> dict[str, Any]:
    return {"pk": {"S": "a"}, "v": value, "tenant": {"S": "t"}, **more}


PROVISIONED = {
    "BillingMode": "PROVISIONED",
    "ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1},
}

CONFLICT = (
    "Conflicting attribute definition for 'v'. "
    "All VectorIndexes on the same vector attribute must use the same dimensions."
)
EMPTY_KEY = (
    "One or more parameter values are not valid. A value specified for a secondary index key is not supported. "
    "The AttributeValue for a key attribute cannot contain an empty string value. IndexName: thin, IndexKey: tenant"
)

CREATED = [
    (
        created(index(), define="tenant:S", **PROVISIONED),
        "Vector indexes are only supported for PAY_PER_REQUEST tables",
    ),
    (created(index(search="x:HASH"), define=""), "One element in SearchSchema is not defined in attribute definitions"),
    (created(index(dimensions=4097), define="tenant:S"), "Number of dimensions must be between 1 and 4096 inclusive."),
    (
        created(*[index(f"vec{number}") for number in range(6)], define="tenant:S"),
        "VectorIndex count exceeds the per-table limit of 5",
    ),
    (
        created(index(), index("two", dimensions=4), define="tenant:S"),
        CONFLICT,
    ),
    (created(index(), index(), define="tenant:S"), "Duplicate index name: vec"),
    (
        created(index("gsi"), define="tenant:S", GlobalSecondaryIndexes=[index_request("gsi", "tenant")]),
        "Duplicate index name: gsi",
    ),
    (created(define=""), "List of VectorIndexes is empty"),
    (
        created(index(), define="tenant:S other:S"),
        "Some AttributeDefinitions are not used. AttributeDefinitions: [pk, tenant, other], keys used: [pk, tenant]",
    ),
    (
        created(index(search="tenant:HASH tenant:INLINE_FILTER"), define="tenant:S"),
        "Duplicate element in SearchSchema: tenant",
    ),
    (
        created(index(attribute="pk"), define="tenant:S"),
        "Vector attribute 'pk' must not be a key or SearchSchema attribute",
    ),
    (
        created(index(projection="INCLUDE"), define="tenant:S"),
        "ProjectionType is INCLUDE, but NonKeyAttributes is not specified",
    ),
    (
        created(
            *[
                index(f"vec{number}", projection="INCLUDE", non_key=[f"a{each}" for each in range(19)])
                for number in range(5)
            ],
            define="tenant:S",
        ),
        "The total number of NonKeyAttributes, 105, exceeds the per-table limit of 100",
    ),
]


@pytest.mark.parametrize(("request_", "text"), CREATED)
def test_create_table_refuses(inside, request_, text):
    assert inside.error("CreateTable", {**request_, "TableName": "other"}) == ("ValidationException", INVALID + text)


def test_hash_attributes_do_not_count_as_projected():
    inside = InProcess(Settings(in_memory=True))
    names = [f"a{number}" for number in range(19)]
    indexes = [index(f"vec{each}", projection="INCLUDE", non_key=names, search="tenant:HASH") for each in range(5)]
    inside("CreateTable", created(*indexes, define="tenant:S"))


DEFINED = [{"AttributeName": "tenant", "AttributeType": "S"}, {"AttributeName": "color", "AttributeType": "N"}]
ONLY_ONE = "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table"


@pytest.mark.parametrize(
    ("members", "code", "text"),
    [
        (
            {"VectorIndexUpdates": [{}]},
            "ValidationException",
            INVALID + "One of VectorIndexUpdate.Create, VectorIndexUpdate.Delete must not be null",
        ),
        (
            {"VectorIndexUpdates": [{"Create": index("new"), "Delete": {"IndexName": "vec"}}]},
            "ValidationException",
            INVALID + "Only one vector index action is allowed per VectorIndexUpdate object",
        ),
        (
            {
                "VectorIndexUpdates": [{"Create": index("new")}, {"Create": index("newer")}],
                "AttributeDefinitions": DEFINED,
            },
            "LimitExceededException",
            ONLY_ONE,
        ),
        (
            {
                "VectorIndexUpdates": [{"Create": index("new")}],
                "GlobalSecondaryIndexUpdates": [{"Create": index_request("gsi", "tenant")}],
                "AttributeDefinitions": DEFINED,
            },
            "LimitExceededException",
            ONLY_ONE,
        ),
        (
            {"VectorIndexUpdates": [{"Create": index()}], "AttributeDefinitions": DEFINED},
            "ValidationException",
            "Attempting to create an index which already exists",
        ),
        (
            {"VectorIndexUpdates": [{"Create": index("new")}]},
            "ValidationException",
            INVALID + "One element in SearchSchema is not defined in attribute definitions",
        ),
        (
            {"VectorIndexUpdates": [{"Create": index("new", dimensions=4)}], "AttributeDefinitions": DEFINED},
            "ValidationException",
            INVALID + CONFLICT,
        ),
        (
            {"VectorIndexUpdates": [{"Delete": {"IndexName": "nope"}}]},
            "ResourceNotFoundException",
            "Requested resource not found: Index nope for table tab",
        ),
        (
            {"GlobalSecondaryIndexUpdates": [{"Delete": {"IndexName": "vec"}}]},
            "ValidationException",
            "Cannot delete an index that is not a GlobalSecondaryIndex: vec",
        ),
        (
            {
                "VectorIndexUpdates": [{"Delete": {"IndexName": "vec"}}],
                "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"},
            },
            "ValidationException",
            INVALID + "You cannot create or delete index while changing stream status",
        ),
        (PROVISIONED, "ValidationException", INVALID + "Vector indexes are only supported for PAY_PER_REQUEST tables"),
    ],
)
def test_update_table_refuses(inside, members, code, text):
    assert inside.error("UpdateTable", {"TableName": "tab", **members}) == (code, text)


def test_a_table_has_at_most_five_vector_indexes():
    inside = InProcess(Settings(in_memory=True))
    inside("CreateTable", created(*[index(f"vec{each}") for each in range(5)], define="tenant:S"))
    inside("ListTables")
    update = {"VectorIndexUpdates": [{"Create": index("more")}], "AttributeDefinitions": DEFINED[:1]}
    assert inside.error("UpdateTable", {"TableName": "tab", **update}) == (
        "LimitExceededException",
        "Subscriber limit exceeded: Number of vector indexes exceeds per-table limit of 5",
    )


VALUES = [
    (vector(1, 2), "size for parameter v, Expected: 3, Actual: 2 IndexName: vec"),
    (vector(), "size for parameter v, Expected: 3, Actual: 0 IndexName: vec"),
    (
        {"L": [{"N": "1"}, {"S": "2"}, {"N": "3"}]},
        "type for parameter v[1], Expected: 32-bit floating point number, Actual: S. IndexName: vec",
    ),
    (
        {"L": [{"N": "1"}, {"N": "2"}, {"N": "-1e39"}]},
        "type for parameter v[2], Expected: 32-bit floating point number, Actual: N. IndexName: vec",
    ),
    ({"S": "x"}, "type for parameter v, Expected: 32-bit floating point number list IndexName: vec"),
    ({"NS": ["1", "2", "3"]}, "type for parameter v, Expected: 32-bit floating point number list IndexName: vec"),
]

KEY = {"pk": {"S": "a"}}
UPDATE = {"Key": KEY, "UpdateExpression": "SET v = :v"}


@pytest.mark.parametrize(("value", "text"), VALUES)
def test_writes_refuse_what_is_not_a_vector(inside, value, text):
    expected = "ValidationException", WRITTEN + text
    update = {"TableName": "tab", **UPDATE, "ExpressionAttributeValues": {":v": value}}
    assert inside.error("PutItem", TableName="tab", Item=item(value)) == expected
    assert inside.error("UpdateItem", update) == expected
    assert inside.error("BatchWriteItem", RequestItems={"tab": [{"PutRequest": {"Item": item(value)}}]}) == expected
    statement = "UPDATE tab SET v = ? WHERE pk = 'a'"
    assert inside.error("ExecuteStatement", Statement=statement, Parameters=[value]) == expected
    legacy = {"v": {"Action": "PUT", "Value": value}}
    assert inside.error("UpdateItem", TableName="tab", Key=KEY, AttributeUpdates=legacy) == expected
    for write in ({"Put": {"TableName": "tab", "Item": item(value)}}, {"Update": update}):
        code, reasons = inside.error("TransactWriteItems", TransactItems=[write])
        assert (code, "ValidationError" in str(reasons)) == ("TransactionCanceledException", True)
    assert inside("GetItem", TableName="tab", Key=KEY)["Item"] == item(vector(1, 2, 3))


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("SET v = list_append(v, :l)", "size for parameter v, Expected: 3, Actual: 4 IndexName: vec"),
        ("REMOVE v[0]", "size for parameter v, Expected: 3, Actual: 2 IndexName: vec"),
        (
            "SET v[0] = pk",
            "type for parameter v[0], Expected: 32-bit floating point number, Actual: S. IndexName: vec",
        ),
        ("SET v = pk", "type for parameter v, Expected: 32-bit floating point number list IndexName: vec"),
    ],
)
def test_computed_values_are_refused_too(inside, expression, text):
    values = {"ExpressionAttributeValues": {":l": vector(1)}} if ":l" in expression else {}
    request = {"TableName": "tab", "Key": KEY, "UpdateExpression": expression, **values}
    assert inside.error("UpdateItem", request) == ("ValidationException", WRITTEN + text)


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({"tenant": {"N": "1"}}, f"{INVALID}Type mismatch for Index Key tenant Expected: S Actual: N IndexName: thin"),
        ({"color": {"S": "1"}}, f"{INVALID}Type mismatch for Index Key color Expected: N Actual: S IndexName: vec"),
        (
            {"tenant": {"S": ""}},
            EMPTY_KEY,
        ),
    ],
)
def test_attributes_of_a_search_schema_follow_the_rules_of_index_keys(inside, more, text):
    assert inside.error("PutItem", TableName="tab", Item=item(vector(1, 2, 3), **more)) == ("ValidationException", text)


SEARCH = {
    "TableName": "tab",
    "IndexName": "vec",
    "SearchVector": vector(1, 2, 3)["L"],
    "TopK": 5,
    "SearchConditionExpression": "tenant = :t",
    "ExpressionAttributeValues": {":t": {"S": "t"}},
}
THIN = {name: value for name, value in SEARCH.items() if not name.startswith(("SearchC", "Expr"))} | {
    "IndexName": "thin"
}
NOT_FLOATS = (
    "Search vector contains invalid values. "
    "All values in the search vector must be a 32-bit floating-point number attribute"
)
TOP_K = "Provided TopK value '{}' is out of valid range. The value must be between 1 and 100 inclusive"
COMPARATOR = "Invalid SearchConditionExpression: Invalid comparator used in SearchConditionExpression"
NOT_IN_SCHEMA = (
    "SearchConditionExpression must not contain any attributes that is not in SearchSchema. Invalid attribute: "
)
ENVELOPE = "1 validation error detected: "


def condition(text: str, **values: Any) -> dict[str, Any]:
    return {
        "SearchConditionExpression": text,
        "ExpressionAttributeValues": {f":{name}": value for name, value in values.items()},
    }


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"TopK": 101}, TOP_K.format(101)),
        (
            {"TopK": 0},
            f"{ENVELOPE}Value '0' at 'topK' failed to satisfy constraint: Member must have value greater than or equal to 1",
        ),
        ({"SearchVector": [{"S": "1"}, {"N": "2"}, {"N": "3"}]}, NOT_FLOATS),
        ({"SearchVector": [{"N": "one"}, {"N": "2"}, {"N": "3"}]}, NOT_FLOATS),
        ({"SearchVector": [{"N": "1e39"}, {"N": "2"}, {"N": "3"}]}, NOT_FLOATS),
        (
            {"SearchVector": vector(1, 2)["L"]},
            "Input search vector dimension 2 does not match vector index dimension 3",
        ),
        ({"IndexName": "nope"}, "The table does not have the specified index: nope"),
        (
            {"SearchConditionExpression": None, "ExpressionAttributeValues": None},
            "SearchConditionExpression must be provided when SearchSchema has a HASH key",
        ),
        (
            condition("color = :c", c={"N": "1"}),
            "SearchConditionExpression must have a condition on the HASH key of SearchSchema: tenant",
        ),
        (condition("tenant < :t", t={"S": "t"}), COMPARATOR),
        (condition("tenant = :t AND color > :c", t={"S": "t"}, c={"N": "1"}), COMPARATOR),
        (condition("tenant = :t OR color = :c", t={"S": "t"}, c={"N": "1"}), COMPARATOR),
        (condition("NOT tenant = :t", t={"S": "t"}), COMPARATOR),
        (condition("begins_with(tenant, :t)", t={"S": "t"}), COMPARATOR),
        (condition("tenant IN (:t)", t={"S": "t"}), COMPARATOR),
        (condition("tenant = :t AND pk = :t", t={"S": "t"}), NOT_IN_SCHEMA + "pk"),
        (condition("tenant = :t AND color.deep = :t", t={"S": "t"}), NOT_IN_SCHEMA + "color.deep"),
        (condition("tenant = :t", t={"N": "1"}), f"{INVALID}Condition parameter type does not match schema type"),
        (
            condition("tenant = ", t={"S": "t"}),
            'Invalid SearchConditionExpression: Syntax error; token: "<EOF>", near: "="',
        ),
        (
            condition("tenant = :t", t={"S": "t"}, u={"S": "u"}),
            "Value provided in ExpressionAttributeValues unused in expressions: keys: {:u}",
        ),
        (
            {**THIN, "ExpressionAttributeValues": {":t": {"S": "t"}}, "SearchConditionExpression": None},
            "ExpressionAttributeValues can only be specified when using expressions",
        ),
        (
            {
                **THIN,
                "SearchConditionExpression": None,
                "ExpressionAttributeValues": None,
                "ProjectionExpression": "pk, x",
            },
            f"{INVALID}Vector index thin does not project [x]",
        ),
    ],
)
def test_search_vectors_refuses(inside, changes, text):
    request = {name: value for name, value in {**SEARCH, **changes}.items() if value is not None}
    assert inside.error("SearchVectors", request) == ("ValidationException", text)


def test_results_have_at_most_sixteen_megabytes(monkeypatch):
    """The limit counts only projected attributes. Vectors are not projected unless the request
    names them.
    """
    made = InProcess(Settings(in_memory=True))
    made("CreateTable", created(index(), define="tenant:S"))
    made("ListTables")
    for key in ("a", "b"):
        made("PutItem", TableName="tab", Item=item(vector(1, 2, 3), pk={"S": key}, text={"S": "x" * 100}))
    request = {"TableName": "tab", "IndexName": "vec", "SearchVector": vector(1, 2, 3)["L"], "TopK": 2}
    size = 2 * (3 + 7 + 104)  # bytes of two results, each with key, tenant and text
    monkeypatch.setattr("emulator.limits.SEARCH_RESPONSE", size)
    assert len(made("SearchVectors", request)["SearchResults"]) == 2
    monkeypatch.setattr("emulator.limits.SEARCH_RESPONSE", size - 1)
    assert made.error("SearchVectors", request) == (
        "ValidationException",
        (
            f"The size of the search results exceeds the limit of {size - 1} bytes. Reduce TopK, or name fewer attributes "
            "in ProjectionExpression"
        ),
    )
    assert len(made("SearchVectors", {**request, "TopK": 1})["SearchResults"]) == 1
    assert len(made("SearchVectors", {**request, "ProjectionExpression": "pk"})["SearchResults"]) == 2


def test_a_missing_table_is_not_found(inside):
    expected = "ResourceNotFoundException", "Requested resource not found"
    assert inside.error("SearchVectors", {**SEARCH, "TableName": "nope"}) == expected


@pytest.mark.parametrize("operation", ["Query", "Scan"])
def test_other_reads_do_not_know_vector_indexes(inside, operation):
    query = {"KeyConditionExpression": "pk = :p", "ExpressionAttributeValues": {":p": {"S": "a"}}}
    request = {"TableName": "tab", "IndexName": "vec"} | (query if operation == "Query" else {})
    assert inside.error(operation, request) == (
        "ValidationException",
        "The table does not have the specified index: vec",
    )


def test_without_numpy_a_search_names_the_extra_and_writes_work(inside, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "numpy", None)
    inside("PutItem", TableName="tab", Item={**item(vector(3, 2, 1)), "pk": {"S": "b"}})
    assert inside.error("SearchVectors", SEARCH) == (
        "ValidationException",
        "SearchVectors needs NumPy on the server: pip install 'dynamodb-emulator[vectors]'",
    )
