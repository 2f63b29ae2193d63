"""Rules of PartiQL that were recorded on the service in 2026 (behaviour 14), as rows of data."""

import pytest
from botocore.exceptions import ClientError

from tests.support.http_clients import without_metadata
from tests.support.tables import index_request

OVERFLOW = "Number overflow. Attempting to store a number with magnitude larger than supported range"
UNDERFLOW = "Number underflow. Attempting to store a number with magnitude smaller than supported range"
NOT_NUMERIC = "The parameter cannot be converted to a numeric value"
NESTING = (
    "Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit"
)
COLLECTION = "One or more parameter values were invalid: Input collection"
BATCH_KEY = "Select statements within BatchExecuteStatement must specify the primary key in the where clause."
SEVERAL = (
    "PartiQL statements cannot be executed on tables with multi-attribute HASH keys or multi-attribute RANGE keys."
)
STRINGS = {name: {"S": name} for name in ("pk", "sk", "g", "l", "pa", "np")}
FLAGS = {"pk": {"S": "k"}, "sk": {"S": "s"}, "a": {"S": "x"}, "b1": {"BOOL": True}, "b0": {"BOOL": False}}


@pytest.fixture(scope="module")
def table(client, make_shared_table):
    """A table with indexes of several projections, some with several HASH or RANGE attributes."""
    name = make_shared_table(
        define="g:S l:S h1:S h2:S r1:S r2:S",
        LocalSecondaryIndexes=[index_request("lsi", "pk l", "KEYS_ONLY")],
        GlobalSecondaryIndexes=[
            index_request("inc", "g", "INCLUDE", ["pa"]),
            index_request("two-two", "h1+h2 r1+r2"),
            index_request("one-two", "h1 r1+r2"),
            index_request("two-none", "h1+h2"),
            index_request("one-one", "h1 r1"),
        ],
    )
    client.put_item(TableName=name, Item=STRINGS)
    client.put_item(TableName=name, Item=FLAGS)
    client.put_item(TableName=name, Item={name: {"S": name} for name in ("pk", "sk", "h1", "h2", "r1", "r2")})
    client.put_item(TableName=name, Item=STRINGS | {"h1": {"S": "h1"}, "r1": {"S": "r1"}})
    return name


@pytest.fixture
def outcome(client, table):
    """outcome(statement, *parameters) returns the items, or the code and message of the error.

    T in the statement stands for the table.
    """

    def run(statement, *parameters):
        options = {"Parameters": list(parameters)} if parameters else {}
        try:
            return client.execute_statement(Statement=statement.replace(" T", f' "{table}"', 1), **options)["Items"]
        except ClientError as error:
            return error.response["Error"]["Code"], error.response["Error"]["Message"]

    return run


@pytest.fixture
def batch(client, table):
    """batch((statement, *parameters), ...) runs a batch; it returns each statement's answer."""

    def run(*statements):
        members = [
            {"Statement": text.replace(" T", f' "{table}"', 1)} | ({"Parameters": parameters} if parameters else {})
            for text, *parameters in statements
        ]
        return without_metadata(client.batch_execute_statement(Statements=members))["Responses"]

    return run


PARAMETERS = [
    ({"N": "1e99999999999"}, f"{NOT_NUMERIC}: 1e99999999999"),
    ({"N": "1e2147483648"}, f"{NOT_NUMERIC}: 1e2147483648"),
    ({"N": "-1E-99999999999"}, f"{NOT_NUMERIC}: -1E-99999999999"),
    ({"N": "0e2147483648"}, f"{NOT_NUMERIC}: 0e2147483648"),
    ({"N": "1e9223372036854775808"}, f"{NOT_NUMERIC}: 1e9223372036854775808"),
    ({"N": "1e2147483647"}, UNDERFLOW),
    ({"N": "1e126"}, OVERFLOW),
    ({"N": "1e-131"}, UNDERFLOW),
    ({"N": "abc"}, f"{NOT_NUMERIC}: abc"),
    ({"N": ""}, NOT_NUMERIC),
    ({"L": [{"M": {"x": {"N": "1e99999999999"}}}]}, f"{NOT_NUMERIC}: 1e99999999999"),
    ({"NS": ["1", "1e99999999999"]}, f"{NOT_NUMERIC}: 1e99999999999"),
    ({"SS": ["b", "a", "b"]}, f"{COLLECTION} [b, a, b] contains duplicates."),
]


@pytest.mark.parametrize(("value", "message"), PARAMETERS, ids=lambda part: str(part)[:40])
def test_bad_parameters(outcome, batch, canceled_or_refused, value, message):
    """PartiQL has other error texts than native operations (behaviour 14.4).

    In a batch, only the statement with the bad parameter fails (behaviour 14.5).
    """
    error = ("ValidationException", message)
    assert outcome("SELECT * FROM T WHERE pk = 'pk' AND np = ?", value) == error
    assert outcome("INSERT INTO T VALUE {'pk': 'x', 'sk': 'x', 'v': ?}", value) == error
    assert outcome("UPDATE T SET v = ? WHERE pk = 'pk' AND sk = 'sk'", value) == error
    assert canceled_or_refused("SELECT * FROM T WHERE pk = 'pk' AND sk = ?", value) == error
    read = "SELECT np FROM T WHERE pk = 'pk' AND sk = ?"
    answers = batch((read, value), (read, {"S": "sk"}))
    assert answers[0] == {"Error": {"Code": "ValidationError", "Message": message}}
    assert answers[1]["Item"] == {"np": {"S": "np"}}


@pytest.fixture
def canceled_or_refused(client, table):
    def run(statement, *parameters):
        member = {"Statement": statement.replace(" T", f' "{table}"', 1), "Parameters": list(parameters)}
        with pytest.raises(ClientError) as caught:
            client.execute_transaction(TransactStatements=[member])
        return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]

    return run


def test_deep_parameter_of_a_batch_fails_its_own_statement(batch):
    """A too deep value, or one without a type, fails its own statement only (behaviour 14.5)."""
    deep = {"S": "leaf"}
    for _ in range(40):
        deep = {"L": [deep]}
    write = "UPDATE T SET v = ? WHERE pk = 'none' AND sk = ?"
    answers = batch((write, deep, {"S": "a"}), (write, {}, {"S": "b"}), (write, {"S": "v"}, {"S": "c"}))
    assert [answer["Error"]["Message"] for answer in answers] == [
        NESTING,
        "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes",
        "The conditional request failed",
    ]


LONG = "a" + ".b" * 31 + "[0]"
TOO_MANY_ELEMENTS = "The document path has too many nesting levels; nesting levels: 33"


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        (f"SELECT v, {LONG} FROM T", TOO_MANY_ELEMENTS),
        (f"SELECT * FROM T WHERE pk = 'p' AND {LONG} = 1", TOO_MANY_ELEMENTS),
        (f"SELECT * FROM T.inc WHERE g = 'p' OR NOT attribute_exists({LONG}.c)", TOO_MANY_ELEMENTS[:-1] + "4"),
        (f"SELECT * FROM absent WHERE size({LONG}) = 1", TOO_MANY_ELEMENTS),
        (f"UPDATE T SET {LONG} = 1 WHERE pk = 'p' AND sk = 's'", TOO_MANY_ELEMENTS),
        (f"UPDATE T SET v = {LONG} WHERE pk = 'p' AND sk = 's'", TOO_MANY_ELEMENTS),
        (f"UPDATE T REMOVE {LONG} WHERE pk = 'p' AND sk = 's'", TOO_MANY_ELEMENTS),
        (f"DELETE FROM T WHERE pk = 'p' AND sk = 's' AND {LONG} = 1", TOO_MANY_ELEMENTS),
        (
            f"DELETE FROM T WHERE {LONG} = 1 )",
            "Statement wasn't well formed, can't be processed: Unexpected token after expression",
        ),
    ],
)
def test_paths_have_32_elements(outcome, batch, statement, message):
    """A path with more than 32 elements is refused (behaviour 2.5)."""
    assert outcome(statement) == ("ValidationException", message)
    [answer] = batch((statement,))
    assert answer["Error"]["Code"] == "ValidationError"


def test_a_path_of_32_elements(outcome):
    """A path with exactly 32 elements is accepted (behaviour 2.5)."""
    assert outcome(f"SELECT {LONG.removesuffix('[0]')} FROM T WHERE pk = 'none'") == []


REFUSED = [
    f'SELECT {columns} FROM T."{index}" {where}'
    for index in ("two-two", "one-two", "two-none")
    for columns, where in (
        ("*", ""),
        ("*", "WHERE h1 = 'h1'"),
        ("np", "WHERE h1 = 'h1' AND h2 = 'h2'"),
        ("*", "WHERE h1 = 1 AND h2 = 'h2'"),
        ("*", "WHERE h1 = 'h1' ORDER BY np"),
        ("COUNT(*)", ""),
        ("*", "WHERE h1 < [1]"),
        ("*", "WHERE np = 'np' AND attribute_exists('x')"),
    )
]


@pytest.mark.parametrize("statement", REFUSED)
def test_indexes_with_several_attributes_of_a_key_type_are_not_read(outcome, batch, statement):
    """A SELECT from an index with several HASH or RANGE attributes fails (behaviour 14.2)."""
    assert outcome(statement) == ("ValidationException", SEVERAL)
    assert batch((statement,)) == [{"Error": {"Code": "ValidationError", "Message": SEVERAL}}]


@pytest.mark.parametrize(
    ("statement", "parameters", "message"),
    [
        (
            "SELECT * FROM T.\"two-two\" WHERE h1 = 'h1' x",
            (),
            "Statement wasn't well formed, can't be processed: Unexpected token after expression",
        ),
        ('SELECT * FROM T."two-two" WHERE h1 = 1e2147483648', (), "Statement wasn't well formed, can't be processed: "),
        ('SELECT * FROM T."two-two" WHERE h1 = ?', ({"N": "abc"},), f"{NOT_NUMERIC}: abc"),
        ('SELECT * FROM T."two-two" WHERE h1 = 1e126', (), f"{OVERFLOW} under root"),
    ],
)
def test_problems_reported_before_the_refusal_of_an_index(outcome, statement, parameters, message):
    """Syntax errors and bad numbers come before the error of the index (behaviour 14.2)."""
    assert outcome(statement, *parameters) == ("ValidationException", message)


def test_the_table_and_its_other_indexes_stay_readable(outcome):
    """Only the index with several HASH or RANGE attributes is refused (behaviour 14.2)."""
    whole = {name: {"S": name} for name in ("pk", "sk", "h1", "h2", "r1", "r2")}
    assert outcome("SELECT h2 FROM T WHERE pk = 'pk' AND sk = 'sk'") == [{}]
    assert outcome("SELECT r1 FROM T.\"one-one\" WHERE h1 = 'h1'") == [{"r1": whole["r1"]}]


def not_projected(index, *names):
    text = f"Secondary index {index} does not project one or more filter attributes: [{', '.join(names)}]"
    return "ValidationException", f"One or more parameter values were invalid: {text}"


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("SELECT pk FROM T.inc WHERE g = 'g' AND np = 'np'", not_projected("inc", "np")),
        ("SELECT pk FROM T.inc WHERE g = 'g' AND NOT np = 'np'", not_projected("inc", "np")),
        ("SELECT pk FROM T.inc WHERE g = 'g' AND attribute_not_exists(np)", not_projected("inc", "np")),
        ("SELECT pk FROM T.inc WHERE g = 'g' AND np.x IN [1, 2]", not_projected("inc", "np")),
        ("SELECT pk FROM T.inc WHERE g = 'g' AND size(np) > 1", not_projected("inc", "np")),
        ("SELECT pk FROM T.inc WHERE g = 'g' AND (np = 'np' OR pa = 'pa')", not_projected("inc", "np")),
        ("SELECT pk FROM T.inc WHERE g IN ['g', 'h'] AND np = 'np'", not_projected("inc", "np")),
        ("SELECT pk FROM T.inc WHERE g = 'g' AND pa = 'pa'", [{"pk": {"S": "pk"}}]),
        ("SELECT pk FROM T.inc WHERE (g = 'g' AND np = 'np') OR g = 'h'", []),
        ("SELECT pk FROM T.inc WHERE np = 'np'", []),
        ("SELECT pk FROM T.lsi WHERE pk = 'pk' AND np = 'np'", not_projected("lsi", "np")),
        ("SELECT np FROM T.lsi WHERE pk = 'pk' AND np = 'np'", not_projected("lsi", "np")),
        ("SELECT np FROM T.lsi WHERE pk = 'pk' AND l = 'l'", [{"np": {"S": "np"}}]),
        ("SELECT pk FROM T.lsi WHERE np = 'np'", []),
        ("SELECT np FROM T.lsi WHERE np = 'np'", []),
        ("SELECT np FROM T.lsi WHERE attribute_not_exists(np)", [{"np": {"S": "np"}}]),
        ("SELECT np FROM T.lsi WHERE l = 'l'", [{"np": {"S": "np"}}]),
    ],
)
def test_filters_on_attributes_that_an_index_does_not_project(outcome, statement, expected):
    """The filter is refused if the statement gives the partition key (behaviour 14.2).

    Without the partition key, the statement is a scan, and the filter applies to the index entries.
    """
    assert outcome(statement) == expected


@pytest.mark.parametrize("more", ["attribute_exists(np)", "np = 'np'", "NOT np = 'x'", "sk > 'a'", "pk <> 'x'"])
def test_reads_of_a_batch_have_only_the_key_as_condition(batch, more):
    """A SELECT with any further condition fails (behaviour 14.5, 14.6)."""
    statement = f"SELECT * FROM T WHERE pk = 'pk' AND sk = 'sk' AND {more}"
    assert batch((statement,)) == [{"Error": {"Code": "ValidationError", "Message": BATCH_KEY}}]


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("attribute_exists(a) = true", True),
        ("true = attribute_exists(a)", True),
        ("attribute_exists(a) = TRUE", True),
        ("attribute_exists(a) = false", False),
        ("attribute_exists(a) <> false", True),
        ("attribute_exists(a) != true", False),
        ("NOT attribute_exists(z) = true", True),
        ("attribute_not_exists(z) = true AND attribute_exists(a) = true", True),
        ("begins_with(a, 'x') = true", True),
        ("contains(a, 'z') = false", True),
        ("attribute_type(a, 'S') = true", True),
        ("(attribute_exists(z)) = false", True),
        ("attribute_exists(a) = attribute_exists(b1)", True),
        ("attribute_exists(z) = attribute_exists(b1)", False),
        ("attribute_exists(a) = b1", True),
        ("attribute_exists(z) = b0", True),
        ("attribute_exists(a) = b0", False),
        ("attribute_exists(a) = z", False),
        ("attribute_exists(a) = 'x'", False),
    ],
)
def test_boolean_functions_are_compared(outcome, condition, holds):
    """The result of a function such as attribute_exists is a boolean value (behaviour 14.1)."""
    assert outcome(f"SELECT sk FROM T WHERE pk = 'k' AND {condition}") == ([{"sk": {"S": "s"}}] if holds else [])


@pytest.mark.parametrize(("value", "holds"), [(True, True), (False, False)])
def test_boolean_functions_are_compared_with_parameters(outcome, value, holds):
    """See behaviour 14.1."""
    found = outcome("SELECT sk FROM T WHERE pk = 'k' AND attribute_exists(a) = ?", {"BOOL": value})
    assert found == ([{"sk": {"S": "s"}}] if holds else [])


@pytest.mark.parametrize(
    ("statement", "code", "named"),
    [
        ("SELECT * FROM nowhere WHERE pk = 'pk'", "ResourceNotFound", False),
        ("SELECT * FROM T WHERE pk = 'pk'", "ValidationError", False),
        ("SELECT", "ValidationError", False),
        ("INSERT INTO T VALUE {'pk': 'pk'}", "ValidationError", False),
        ("UPDATE T SET np = 1 WHERE pk = 'pk'", "ValidationError", False),
        ("INSERT INTO T VALUE {'pk': 'pk', 'sk': 'sk'}", "DuplicateItem", True),
        ("UPDATE T SET np = 1 WHERE pk = 'pk' AND sk = 'none'", "ConditionalCheckFailed", True),
        ("DELETE FROM T WHERE pk = 'pk' AND sk = 'sk' AND np = 1", "ConditionalCheckFailed", True),
        ("UPDATE T SET np = np + 1 WHERE pk = 'pk' AND sk = 'sk'", "ValidationError", True),
    ],
)
def test_failed_members_name_their_table_only_when_they_were_run(batch, table, statement, code, named):
    """A statement that fails before it is run has no TableName in its answer (behaviour 14.5)."""
    [answer] = batch((statement,))
    assert answer["Error"]["Code"] == code
    assert answer.get("TableName") == (table if named else None)
