"""Filter patterns of EventBridge: which values match, and which texts are not patterns."""

import json

import pytest

from emulator.event_sources.filters import BadPattern, compile_filters, compile_pattern

RECORD = {
    "eventName": "INSERT",
    "dynamodb": {
        "Keys": {"pk": {"S": "o-1"}},
        "NewImage": {"pk": {"S": "o-1"}, "total": {"N": "20"}, "tags": {"L": [{"S": "red"}, {"S": "big"}]}},
        "SizeBytes": 26,
    },
    "userIdentity": {"type": "Service", "principalId": "dynamodb.amazonaws.com"},
    "flag": True,
    "nothing": None,
    "empty": "",
    "list": ["a", "b", 3],
    "none": [],
}

MATCHES = [
    # exact values of all types
    ({"eventName": ["INSERT"]}, True),
    ({"eventName": ["MODIFY", "INSERT"]}, True),
    ({"eventName": ["insert"]}, False),
    ({"eventName": ["MODIFY"]}, False),
    ({"flag": [True]}, True),
    ({"flag": [1]}, False),
    ({"flag": [False]}, False),
    ({"nothing": [None]}, True),
    ({"eventName": [None]}, False),
    ({"empty": [""]}, True),
    ({"empty": [None]}, False),
    ({"dynamodb": {"SizeBytes": [26]}}, True),
    ({"dynamodb": {"SizeBytes": [26.0]}}, True),
    ({"dynamodb": {"SizeBytes": ["26"]}}, False),
    # all members of a pattern must match, at any depth
    ({"eventName": ["INSERT"], "dynamodb": {"Keys": {"pk": {"S": ["o-1"]}}}}, True),
    ({"eventName": ["MODIFY"], "dynamodb": {"Keys": {"pk": {"S": ["o-1"]}}}}, False),
    ({"dynamodb": {"NewImage": {"total": {"N": ["20"]}}}}, True),
    ({"dynamodb": {"OldImage": {"total": {"N": ["20"]}}}}, False),
    ({"userIdentity": {"type": ["Service"], "principalId": ["dynamodb.amazonaws.com"]}}, True),
    ({"eventName": {"S": ["INSERT"]}}, False),
    # prefix, suffix and equals-ignore-case
    ({"dynamodb": {"Keys": {"pk": {"S": [{"prefix": "o-"}]}}}}, True),
    ({"dynamodb": {"Keys": {"pk": {"S": [{"prefix": "x-"}]}}}}, False),
    ({"dynamodb": {"SizeBytes": [{"prefix": "2"}]}}, False),
    ({"eventName": [{"prefix": {"equals-ignore-case": "ins"}}]}, True),
    ({"eventName": [{"suffix": "RT"}]}, True),
    ({"eventName": [{"suffix": "rt"}]}, False),
    ({"eventName": [{"suffix": {"equals-ignore-case": "rt"}}]}, True),
    ({"eventName": [{"equals-ignore-case": "insert"}]}, True),
    ({"eventName": [{"equals-ignore-case": "modify"}]}, False),
    # anything-but
    ({"eventName": [{"anything-but": "REMOVE"}]}, True),
    ({"eventName": [{"anything-but": "INSERT"}]}, False),
    ({"eventName": [{"anything-but": ["REMOVE", "INSERT"]}]}, False),
    ({"eventName": [{"anything-but": ["REMOVE", "MODIFY"]}]}, True),
    ({"dynamodb": {"SizeBytes": [{"anything-but": [1, 26]}]}}, False),
    ({"dynamodb": {"SizeBytes": [{"anything-but": 25}]}}, True),
    ({"eventName": [{"anything-but": {"prefix": "IN"}}]}, False),
    ({"eventName": [{"anything-but": {"prefix": ["RE", "MO"]}}]}, True),
    ({"eventName": [{"anything-but": {"suffix": "RT"}}]}, False),
    ({"eventName": [{"anything-but": {"equals-ignore-case": ["insert"]}}]}, False),
    ({"absent": [{"anything-but": "x"}]}, False),
    # numeric matches only JSON numbers
    ({"dynamodb": {"SizeBytes": [{"numeric": ["=", 26]}]}}, True),
    ({"dynamodb": {"SizeBytes": [{"numeric": [">", 0, "<=", 26]}]}}, True),
    ({"dynamodb": {"SizeBytes": [{"numeric": [">", 0, "<", 26]}]}}, False),
    ({"dynamodb": {"SizeBytes": [{"numeric": [">=", 26.5]}]}}, False),
    ({"dynamodb": {"NewImage": {"total": {"N": [{"numeric": ["=", 20]}]}}}}, False),
    ({"flag": [{"numeric": ["=", 1]}]}, False),
    # exists is only for leaves, at any depth
    ({"eventName": [{"exists": True}]}, True),
    ({"eventName": [{"exists": False}]}, False),
    ({"absent": [{"exists": True}]}, False),
    ({"absent": [{"exists": False}]}, True),
    ({"dynamodb": {"OldImage": {"total": {"N": [{"exists": False}]}}}}, True),
    ({"dynamodb": [{"exists": True}]}, False),
    ({"nothing": [{"exists": True}]}, True),
    # an array in the event matches if one of its elements does
    ({"list": ["b"]}, True),
    ({"list": [{"numeric": [">", 2]}]}, True),
    ({"list": ["c"]}, False),
    ({"list": [{"anything-but": "a"}]}, True),
    ({"none": ["a"]}, False),
    ({"dynamodb": {"NewImage": {"tags": {"L": {"S": ["big"]}}}}}, True),
    ({"dynamodb": {"NewImage": {"tags": {"L": {"S": ["blue"]}}}}}, False),
    # $or
    ({"$or": [{"eventName": ["MODIFY"]}, {"flag": [True]}]}, True),
    ({"$or": [{"eventName": ["MODIFY"]}, {"flag": [False]}]}, False),
    ({"flag": [True], "$or": [{"eventName": ["INSERT"]}, {"flag": [False]}]}, True),
    ({"flag": [False], "$or": [{"eventName": ["INSERT"]}, {"flag": [True]}]}, False),
    ({"dynamodb": {"$or": [{"SizeBytes": [1]}, {"Keys": {"pk": {"S": ["o-1"]}}}]}}, True),
    # if a leaf has several rules, one must match
    ({"eventName": [{"prefix": "X"}, {"suffix": "T"}]}, True),
    ({"dynamodb": {"SizeBytes": ["x", {"numeric": ["<", 30]}, None]}}, True),
]


@pytest.mark.parametrize(("pattern", "matches"), MATCHES, ids=json.dumps)
def test_pattern_matches_or_not(pattern, matches):
    assert compile_pattern(json.dumps(pattern))(RECORD) is matches


INVALID = [
    "",
    "no json",
    "[]",
    '"text"',
    "{}",
    '{"a": "text"}',
    '{"a": 1}',
    '{"a": []}',
    '{"a": {}}',
    '{"a": [[1]]}',
    '{"a": [{}]}',
    '{"a": [{"unknown": 1}]}',
    '{"a": [{"prefix": "x", "suffix": "y"}]}',
    '{"a": [{"prefix": 1}]}',
    '{"a": [{"prefix": {"suffix": "x"}}]}',
    '{"a": [{"suffix": null}]}',
    '{"a": [{"equals-ignore-case": ["x"]}]}',
    '{"a": [{"exists": "true"}]}',
    '{"a": [{"anything-but": []}]}',
    '{"a": [{"anything-but": [["x"]]}]}',
    '{"a": [{"anything-but": {"numeric": ["=", 1]}}]}',
    '{"a": [{"anything-but": {}}]}',
    '{"a": [{"numeric": []}]}',
    '{"a": [{"numeric": ["=", "1"]}]}',
    '{"a": [{"numeric": ["!=", 1]}]}',
    '{"a": [{"numeric": ["=", true]}]}',
    '{"a": [{"numeric": ["<", 1, ">", 0]}]}',
    '{"a": [{"numeric": [">", 1, "<"]}]}',
    '{"$or": [{"a": ["x"]}]}',
    '{"$or": [{"a": ["x"]}, "b"]}',
    '{"$or": [{"a": ["x"]}, {}]}',
]


@pytest.mark.parametrize("text", INVALID)
def test_pattern_is_refused(text):
    with pytest.raises(BadPattern):
        compile_pattern(text)


def test_one_of_several_filters_is_enough_and_none_let_all_pass():
    passes = compile_filters(['{"eventName": ["MODIFY"]}', '{"flag": [true]}'])
    assert passes is not None
    assert passes(RECORD)
    assert not passes({"eventName": "REMOVE"})
    assert compile_filters([]) is None
