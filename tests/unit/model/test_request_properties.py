"""Properties of all operations: complete requests are accepted, and broken ones are refused.

The requests are samples made from the shapes of the service model. A sample has every member of its
operation's input. SAMPLES has the values that cannot be made from a shape.
"""

from copy import deepcopy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.errors import ApiError
from emulator.model.overrides import UNCHECKED
from emulator.model.service import operations, request_model
from emulator.model.validate import MemberPath, input_node
from tests.support.profile import profile

NAMES = sorted(operations())
SAMPLES = {
    "AttributeValue": {"S": "x"},
    "S3BucketOwner": "012345678901",
    "ImportNextToken": "0123456789abcdef" * 7,
    "BulkOperationNextToken": "0123456789abcdef",
    "CsvDelimiter": ",",
}
SCALARS = {"boolean": True, "timestamp": 1.7e9, "double": 1.5}


def sample(shapes, name):
    if name in SAMPLES:
        return deepcopy(SAMPLES[name])
    shape = shapes[name]
    if shape.type == "structure":
        return {member: sample(shapes, inner) for member, inner in shape.members.items()}
    if shape.type == "list":
        return [sample(shapes, shape.value) for _ in range(shape.minimum or 1)]
    if shape.type == "map":
        return {"abc": sample(shapes, shape.value)}
    if shape.type in SCALARS:
        return SCALARS[shape.type]
    if shape.type == "string":
        return shape.enum[0] if shape.enum else "a" * max(3, shape.minimum or 0)
    return max(1, shape.minimum or 0)


def request_sample(name):
    operation = operations()[name]
    return sample(operation.shapes, operation.input)


def required_members(shapes, name, path=()):
    """Yield the path of each member that the validator requires. In a path, 0 is a list's first
    member.
    """
    if name in SAMPLES:
        return
    shape = shapes[name]
    for member, inner in shape.members.items():
        if member in shape.required and f"{shape.name}.{member}" not in UNCHECKED:
            yield (*path, member)
        yield from required_members(shapes, inner, (*path, member))
    if shape.type in ("list", "map"):
        yield from required_members(shapes, shape.value, (*path, 0 if shape.type == "list" else "abc"))


REQUIRED = [
    (name, path) for name in NAMES for path in required_members(operations()[name].shapes, operations()[name].input)
]


def answer(name, raw):
    """Return the code of the error with which a request is refused, or None."""
    model = request_model(name)
    try:
        request = model.parse(raw)
        before = deepcopy(dict(request))
        try:
            model.validate(request)
        finally:
            assert request == before
    except ApiError as error:
        return error.code
    return None


@pytest.mark.parametrize("name", NAMES)
def test_a_complete_request_is_accepted(name):
    assert answer(name, request_sample(name)) is None


@pytest.mark.parametrize(
    ("name", "path"), REQUIRED, ids=lambda part: part if isinstance(part, str) else ".".join(map(str, part))
)
@pytest.mark.parametrize("null", [False, True])
def test_a_request_without_a_required_member_is_refused(name, path, null):
    raw = request_sample(name)
    owner = raw
    for step in path[:-1]:
        owner = owner[step]
    if null:
        owner[path[-1]] = None
    else:
        del owner[path[-1]]
    assert answer(name, raw) == "ValidationException"


def test_there_are_required_members():
    assert ("PutItem", ("Item",)) in REQUIRED
    assert ("BatchWriteItem", ("RequestItems", "abc", 0, "PutRequest", "Item")) in REQUIRED


WITH_MEMBERS = [name for name in NAMES if request_sample(name)]
SCALAR_JSON = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**64 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["", "a", "abc", "a b", "NONE", "ALL", "arn:x", "true", "x" * 40, "x" * 300, "\U0001f600"]),
)
MEMBERS = st.sampled_from(["abc", "", "TableName", "Key", "Item", "S", "N", "L", "M", "KeySchema", "IndexName", "Keys"])
JSON = st.recursive(
    SCALAR_JSON,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(MEMBERS, inner, max_size=4)),
    max_leaves=12,
)
EXAMPLES = profile(200)


def places(raw):
    """Yield (container, key) of each value inside a request."""
    for key, value in list(raw.items() if isinstance(raw, dict) else enumerate(raw)):
        yield raw, key
        if isinstance(value, dict | list):
            yield from places(value)


@EXAMPLES
@given(st.sampled_from(NAMES), JSON)
def test_any_json_is_answered(name, raw):
    assert answer(name, raw) in (None, "ValidationException", "SerializationException")


@EXAMPLES
@given(st.data())
def test_any_mutation_is_answered_and_accept_agrees_with_explain(data):
    name = data.draw(st.sampled_from(WITH_MEMBERS))
    raw = request_sample(name)
    for _ in range(data.draw(st.integers(1, 3))):
        spots = list(places(raw))
        if spots:
            container, key = data.draw(st.sampled_from(spots))
            container[key] = data.draw(st.one_of(JSON, st.lists(st.just(deepcopy(container[key])), max_size=30)))
    answer(name, deepcopy(raw))
    try:
        request = request_model(name).parse(raw)
    except ApiError:
        return
    node = input_node(operations()[name])
    if node.accept(request):
        assert list(node.explain(request, MemberPath())) == []
    elif "GlobalTableSourceArn" not in request:
        assert list(node.explain(request, MemberPath())) != []
