"""Large bodies are cut after the members that a parser reads, and get the same answers."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.errors import ApiError
from emulator.model import shortening
from emulator.model.service import operations, request_model
from tests.support.long_requests import LONG_REQUESTS, MANY

KEPT = 1_000  # the number of members that the parser reads of each list or map in these tests
EMPTY = b",".join([b"{}"] * MANY)
TABLES = b",".join([b'"t%d":[]' % number for number in range(MANY)])
PUT = b'{"PutRequest":{"Item":{"pk":{"S":"a"}}}}'


def parsed(operation, body):
    return shortening.parsed(operations()[operation], body)


def refusal(operation, raw):
    """Return the body of the error for a request, or None if the request is valid."""
    model = request_model(operation)
    try:
        model.validate(model.parse(raw))
    except ApiError as error:
        return orjson.dumps(error.body())
    return None


@pytest.mark.parametrize("name", LONG_REQUESTS)
def test_the_answer_is_the_same(name):
    operation, request = LONG_REQUESTS[name]
    body = orjson.dumps(request)
    assert refusal(operation, parsed(operation, body)) == refusal(operation, orjson.loads(body)) is not None


CUT = {
    "list": ("TransactWriteItems", b'{"TransactItems":[%b]}' % EMPTY, ["TransactItems"]),
    "list of null": (
        "TransactGetItems",
        b'{"TransactItems":[%b]}' % b",".join([b"null"] * MANY),
        ["TransactItems"],
    ),
    "map": ("BatchWriteItem", b'{"RequestItems":{%b}}' % TABLES, ["RequestItems"]),
    "list in a map": (
        "BatchWriteItem",
        b'{"RequestItems":{"s":[],"t":[%b]}}' % b",".join([PUT] * MANY),
        ["RequestItems", "t"],
    ),
    "list in a structure in a map": (
        "BatchGetItem",
        b'{"RequestItems":{"t":{"ConsistentRead":true,"Keys":[%b]}}}' % EMPTY,
        ["RequestItems", "t", "Keys"],
    ),
    "list in a structure in a list": (
        "CreateTable",
        b'{"TableName":"t","GlobalSecondaryIndexes":[{},{"Projection":{"NonKeyAttributes":[%b]}}]}'
        % b",".join([b'"a"'] * MANY),
        ["GlobalSecondaryIndexes", 1, "Projection", "NonKeyAttributes"],
    ),
    "blanks": (
        "ExecuteTransaction",
        b' { "TransactStatements" :\n[ %b\t] } ' % EMPTY.replace(b",", b" , ").replace(b"{}", b"{ }"),
        ["TransactStatements"],
    ),
    "short members before it": (
        "TransactWriteItems",
        b'{"Unknown":[{"]":"\\"}"}],"ReturnConsumedCapacity":"X","TransactItems":[%b]}' % EMPTY,
        ["TransactItems"],
    ),
    "strings with brackets": (
        "BatchExecuteStatement",
        b'{"Statements":[%b]}' % b",".join([b'{"Statement":"]}\\",{\\\\"}'] * MANY),
        ["Statements"],
    ),
}
ENDS = (
    b"",
    b',"ReturnConsumedCapacity":"X"',
    b' , "ReturnConsumedCapacity" : "X" , "Unknown" : 1.5e3, "Nothing":null ',
)


@pytest.mark.parametrize("name", CUT)
@pytest.mark.parametrize("end", ENDS)
def test_a_body_is_cut(name, end):
    operation, body, path = CUT[name]
    body = body[: body.rindex(b"}")] + end + b"}"
    found, whole = parsed(operation, body), orjson.loads(body)
    assert refusal(operation, parsed(operation, body)) == refusal(operation, orjson.loads(body)) is not None
    for step in path:
        found, whole = found[step], whole[step]
    assert len(found) == KEPT
    members = list(found) if isinstance(found, list) else list(found.items())
    assert members == (whole if isinstance(whole, list) else list(whole.items()))[:KEPT]


LONG_PUT = b'{"PutRequest":{"Item":{"pk":{"S":"%b"}}}}' % (b"a" * 400_000)
WHOLE = {
    "fewer members": ("BatchWriteItem", b'{"RequestItems":{"t":[%b]}}' % b",".join([PUT] * 999)),
    "attribute values": ("PutItem", b'{"TableName":"t","Item":{"pk":{"S":"a"},"l":{"L":[%b]}}}' % EMPTY),
    "a list that may be long": ("GetItem", b'{"AttributesToGet":[%b]}' % b",".join([b'"a"'] * MANY)),
    "long members": ("BatchWriteItem", b'{"RequestItems":{"t":[%b]}}' % b",".join([LONG_PUT] * 25)),
    "a long member before the many": (
        "BatchWriteItem",
        b'{"RequestItems":{"t":[%b,%b]}}' % (LONG_PUT, b",".join([PUT] * MANY)),
    ),
    "equal names": ("BatchWriteItem", b'{"RequestItems":{%b}}' % b",".join([b'"tab":[]'] * MANY)),
    "the same member twice": (
        "TransactWriteItems",
        b'{"TransactItems":[%b],"TransactItems":null}' % EMPTY,
    ),
    "a path through the same name twice": (
        "BatchGetItem",
        b'{"RequestItems":{"t":{"Keys":[%b]}},"RequestItems":1}' % EMPTY,
    ),
    "another type": ("BatchWriteItem", b'{"RequestItems":[%b]}' % EMPTY),
    "a scalar": ("BatchWriteItem", b"1"),
    "nothing": ("BatchWriteItem", b"{}"),
    "a member with a very long name": ("BatchWriteItem", b'{"%b":{}}' % (b"a" * 10_000)),
    "many members of the request": (
        "TransactWriteItems",
        b'{%b,"TransactItems":[%b]}' % (b",".join([b'"a%d":1' % number for number in range(2_000)]), EMPTY),
    ),
}


@pytest.mark.parametrize("name", WHOLE)
def test_a_body_is_not_cut(name):
    operation, body = WHOLE[name]
    assert parsed(operation, body) == orjson.loads(body)


@pytest.mark.parametrize(
    "body",
    [
        b'{"RequestItems":{%b' % b"".join([b'"t":[],'] * 20),
        b'{"RequestItems":{%b}}' % TABLES.replace(b"[]", b"[}"),
        b'{"RequestItems":{"\x01":[%b]}}' % EMPTY,
    ],
)
def test_a_malformed_body_is_refused(body):
    with pytest.raises(orjson.JSONDecodeError):
        parsed("BatchWriteItem", body)


def test_a_body_that_is_malformed_behind_the_cut_fails_because_of_its_length():
    body = b'{"RequestItems":{%b' % TABLES
    assert len(parsed("BatchWriteItem", body)["RequestItems"]) == KEPT


def test_the_search_in_a_long_honest_body_is_short():
    _, body = WHOLE["long members"]
    search = shortening._Search(body)
    assert search.cut(operations()["BatchWriteItem"]) is None
    assert search._position < 100


values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text('a"\\[]{},:é ', max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text('a"\\]}', max_size=3), inner, max_size=2),
    max_leaves=6,
)


@given(members=st.lists(values, min_size=1, max_size=8), indented=st.booleans(), extra=values)
def test_any_members_are_cut_at_the_right_place(members, indented, extra):
    members = (members * 1_200)[:1_200]
    request = {"Unknown": extra, "TransactItems": members, "ReturnConsumedCapacity": "X"}
    body = orjson.dumps(request, option=orjson.OPT_INDENT_2 if indented else 0)
    found = parsed("TransactGetItems", body)
    assert found["TransactItems"][:KEPT] == members[:KEPT]
    assert found["ReturnConsumedCapacity"] == "X"
    assert found["Unknown"] == extra
