"""Key conditions on schemas with one or several key attributes (behaviour 3.8, 4.3)."""

from itertools import product

import pytest

from emulator.errors import ApiError
from emulator.expressions.ast import Literal, Placeholder
from emulator.expressions.key_range import KeyNames, KeyRange, resolve
from emulator.expressions.program import UNINDEXABLE, KeyClause, KeyCondition

HASH_ONLY = KeyNames(("pk",), (), {"pk": "S"})
HASH_RANGE = KeyNames(("pk",), ("sk",), {"pk": "S", "sk": "N"})
BINARY = KeyNames(("pk",), ("sk",), {"pk": "B", "sk": "B"})
STRINGS = KeyNames(("pk",), ("sk",), {"pk": "S", "sk": "S"})
HASHES = KeyNames(("h1", "h2"), (), {"h1": "S", "h2": "S"})
MANY = KeyNames(("h1", "h2"), ("r1", "r2", "r3"), {"h1": "S", "h2": "N", "r1": "S", "r2": "N", "r3": "S"})

MISSED = "Query condition missed key schema element: "
NOT_SUPPORTED = "Query key condition not supported"
NOT_INDEXABLE = "Attempted conditional constraint is not an indexable operation"
HASH = "HASH key attributes {} must have equality conditions specified in the query"
TOO_MANY = "The number of query conditions ({}) exceeds the number of key attributes defined in the schema ({})"
GAP = (
    "RANGE key attributes {} must have equality conditions specified in the query because a condition is present on "
    "key attribute {}"
)
WRONG_TYPE = "One or more parameter values were invalid: Condition parameter type does not match schema type"
EMPTY = (
    "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty {} "
    "value. Key: {}"
)
HASH_TOO_LONG = (
    "One or more parameter values were invalid: Size of hashkey has exceeded the maximum size limit of2048 bytes"
)
RANGE_TOO_LONG = (
    "One or more parameter values were invalid: Aggregated size of all range keys has exceeded the size limit of 1024 "
    "bytes"
)


def s(text):
    return {"S": text}


def n(text):
    return {"N": str(text)}


def b(text):
    return {"B": text}


def condition(*clauses):
    """Return a key condition with clauses, each given as (attribute, operator, *values)."""
    return KeyCondition(
        tuple([KeyClause(name, operator, tuple(map(Literal, values))) for name, operator, *values in clauses])
    )


PK = ("pk", "=", s("p"))
H1 = ("h1", "=", s("p"))
H2 = ("h2", "=", n(1))


def key_range(partition, equal=(), operator=None, operands=()):
    return KeyRange(tuple(partition), tuple(equal), operator, tuple(operands))


RESOLVED = [
    (HASH_ONLY, [PK], key_range([s("p")])),
    (HASH_RANGE, [PK], key_range([s("p")])),
    (HASH_RANGE, [PK, ("sk", "=", n(1))], key_range([s("p")], [n(1)])),
    (HASH_RANGE, [("sk", "=", n(1)), PK], key_range([s("p")], [n(1)])),
    *[
        (HASH_RANGE, [PK, ("sk", operator, n(1))], key_range([s("p")], [], operator, [n(1)]))
        for operator in ("<", "<=", ">", ">=")
    ],
    (HASH_RANGE, [PK, ("sk", "BETWEEN", n(1), n(2))], key_range([s("p")], [], "BETWEEN", [n(1), n(2)])),
    (STRINGS, [PK, ("sk", "begins_with", s("x"))], key_range([s("p")], [], "begins_with", [s("x")])),
    (BINARY, [("sk", "<", b("AA==")), ("pk", "=", b("AQ=="))], key_range([b("AQ==")], [], "<", [b("AA==")])),
    (HASHES, [("h2", "=", s("b")), ("h1", "=", s("a"))], key_range([s("a"), s("b")])),
    (MANY, [H2, H1], key_range([s("p"), n(1)])),
    (MANY, [H1, H2, ("r1", "=", s("x"))], key_range([s("p"), n(1)], [s("x")])),
    (MANY, [H1, H2, ("r1", "<", s("x"))], key_range([s("p"), n(1)], [], "<", [s("x")])),
    (
        MANY,
        [("r2", "BETWEEN", n(2), n(3)), H1, ("r1", "=", s("x")), H2],
        key_range([s("p"), n(1)], [s("x")], "BETWEEN", [n(2), n(3)]),
    ),
    (
        MANY,
        [("r3", "begins_with", s("z")), ("r2", "=", n(2)), ("r1", "=", s("x")), H2, H1],
        key_range([s("p"), n(1)], [s("x"), n(2)], "begins_with", [s("z")]),
    ),
    (
        MANY,
        [H1, H2, ("r1", "=", s("x")), ("r2", "=", n(2)), ("r3", "=", s("z"))],
        key_range([s("p"), n(1)], [s("x"), n(2), s("z")]),
    ),
    # the largest sizes, in characters of one and of four bytes
    (HASH_ONLY, [("pk", "=", s("x" * 2048))], key_range([s("x" * 2048)])),
    (HASH_ONLY, [("pk", "=", s("🜚" * 512))], key_range([s("🜚" * 512)])),
    (STRINGS, [PK, ("sk", ">", s("x" * 1024))], key_range([s("p")], [], ">", [s("x" * 1024)])),
    (
        STRINGS,
        [PK, ("sk", "BETWEEN", s("x" * 1024), s("y" * 1024))],
        key_range([s("p")], [], "BETWEEN", [s("x" * 1024), s("y" * 1024)]),
    ),
    (HASH_RANGE, [PK, ("sk", "<", n("1" + "0" * 125))], key_range([s("p")], [], "<", [n("1" + "0" * 125)])),
]


@pytest.mark.parametrize(("schema", "clauses", "result"), RESOLVED)
def test_range_of_keys(schema, clauses, result):
    assert resolve(condition(*clauses), schema, {}) == result


REFUSED = [
    # a HASH attribute without a condition
    (HASH_ONLY, [("a", "=", s("x"))], MISSED + "pk"),
    (HASH_RANGE, [("sk", "=", n(1))], MISSED + "pk"),
    (HASH_RANGE, [("a", "=", n(1)), ("b", "=", n(1)), ("c", "=", n(1))], MISSED + "pk"),
    (HASHES, [("h1", "=", s("x"))], HASH.format("h2")),
    (HASHES, [("h2", "=", s("x"))], HASH.format("h1")),
    (HASHES, [("a", "=", s("x"))], HASH.format("h1, h2")),
    (MANY, [("r1", "=", s("x"))], HASH.format("h1, h2")),
    (MANY, [H2, ("r2", "<", s("x")), ("a", "=", s("x"))], HASH.format("h1")),
    # an operator of KeyConditions that keys do not support (behaviour 18)
    (HASH_RANGE, [("sk", UNINDEXABLE)], MISSED + "pk"),
    (HASH_RANGE, [("a", UNINDEXABLE)], MISSED + "pk"),
    (HASH_RANGE, [PK, ("a", UNINDEXABLE)], MISSED + "sk"),
    (HASH_RANGE, [PK, ("sk", UNINDEXABLE, n(1))], NOT_INDEXABLE),
    (HASH_RANGE, [("pk", UNINDEXABLE, s("x"), s("y"))], NOT_INDEXABLE),
    (HASH_RANGE, [("pk", UNINDEXABLE), ("sk", "=", n(1))], NOT_INDEXABLE),
    (HASH_RANGE, [("pk", UNINDEXABLE), ("a", "=", n(1))], MISSED + "sk"),
    (HASH_ONLY, [PK, ("a", UNINDEXABLE)], NOT_INDEXABLE),
    (HASHES, [("h1", UNINDEXABLE)], HASH.format("h1, h2")),
    (MANY, [H1, H2, ("r2", UNINDEXABLE)], NOT_INDEXABLE),
    # a HASH attribute that is not compared with =
    *[(HASH_RANGE, [("pk", operator, s("x"))], NOT_SUPPORTED) for operator in ("<", "<=", ">", ">=", "begins_with")],
    (HASH_ONLY, [("pk", "BETWEEN", s("a"), s("b"))], NOT_SUPPORTED),
    (MANY, [H1, ("h2", ">", n(1))], HASH.format("h2")),
    (MANY, [("h1", "begins_with", s("x")), ("h2", "BETWEEN", n(1), n(2)), ("r1", "=", s("x"))], HASH.format("h1, h2")),
    (HASHES, [("h2", "<", s("x"))], HASH.format("h1, h2")),
    (HASH_RANGE, [("pk", "<", s("x")), ("a", "=", n(1))], NOT_SUPPORTED),
    # a wrong type is reported before the operator (behaviour 4.3)
    (HASH_RANGE, [("pk", "<", n(1))], WRONG_TYPE),
    (HASH_RANGE, [("pk", "<", s("x")), ("sk", "=", s("x"))], WRONG_TYPE),
    (HASH_RANGE, [("pk", "<", n(1)), ("a", "=", n(1))], WRONG_TYPE),
    (HASH_RANGE, [("pk", "BETWEEN", s("a"), n(1))], WRONG_TYPE),
    (MANY, [("h1", "<", n(1)), H2], WRONG_TYPE),
    # attributes that are not in the key
    (HASH_RANGE, [PK, ("a", "=", n(1))], MISSED + "sk"),
    (HASH_RANGE, [PK, ("a", "=", n(1)), ("b", "=", n(1))], MISSED + "sk"),
    (HASH_RANGE, [PK, ("sk", "=", n(1)), ("a", "=", n(1))], TOO_MANY.format(3, 2)),
    (HASH_ONLY, [PK, ("a", "=", n(1))], TOO_MANY.format(2, 1)),
    (HASHES, [("h1", "=", s("x")), ("h2", "=", s("x")), ("a", "=", n(1))], TOO_MANY.format(3, 2)),
    (MANY, [H1, H2, ("r1", "=", s("x")), ("a", "=", n(1))], MISSED + "r2"),
    # a RANGE attribute that precedes another one has no condition or is not compared with =
    (MANY, [H1, H2, ("r2", "=", n(1))], GAP.format("r1", "r2")),
    (MANY, [H1, H2, ("r3", "=", s("x"))], GAP.format("r1, r2", "r3")),
    (MANY, [H1, H2, ("r1", "=", s("x")), ("r3", "<", s("x"))], GAP.format("r2", "r3")),
    (MANY, [H1, H2, ("r1", "<", s("x")), ("r2", "=", n(1))], GAP.format("r1", "r2")),
    (MANY, [H1, H2, ("r1", "=", s("x")), ("r2", ">", n(1)), ("r3", "<", s("x"))], GAP.format("r2", "r3")),
    (MANY, [H1, H2, ("r2", "=", s("not a number"))], GAP.format("r1", "r2")),
    # wrong types
    (HASH_ONLY, [("pk", "=", n(1))], WRONG_TYPE),
    (HASH_ONLY, [("pk", "=", {"BOOL": True})], WRONG_TYPE),
    (HASH_ONLY, [("pk", "=", {"SS": ["a"]})], WRONG_TYPE),
    (HASH_RANGE, [PK, ("sk", "=", {"M": {}})], WRONG_TYPE),
    (HASH_RANGE, [PK, ("sk", "begins_with", s("x"))], WRONG_TYPE),
    (HASH_RANGE, [PK, ("sk", "BETWEEN", s("a"), s("b"))], WRONG_TYPE),
    (MANY, [H1, H2, ("r1", "=", s("x")), ("r2", "=", s("x"))], WRONG_TYPE),
    # empty values
    (HASH_ONLY, [("pk", "=", s(""))], EMPTY.format("string", "pk")),
    (BINARY, [("pk", "=", b(""))], EMPTY.format("binary", "pk")),
    (STRINGS, [PK, ("sk", "=", s(""))], EMPTY.format("string", "sk")),
    (STRINGS, [PK, ("sk", ">=", s(""))], EMPTY.format("string", "sk")),
    (STRINGS, [PK, ("sk", "begins_with", s(""))], EMPTY.format("string", "sk")),
    (STRINGS, [PK, ("sk", "BETWEEN", s(""), s("b"))], EMPTY.format("string", "sk")),
    (BINARY, [("pk", "=", b("AA==")), ("sk", "BETWEEN", b("AA=="), b(""))], EMPTY.format("binary", "sk")),
    (
        MANY,
        [H1, H2, ("r1", "=", s("x")), ("r2", "=", n(1)), ("r3", "<", s(""))],
        EMPTY.format("string", "r3"),
    ),
    (HASH_RANGE, [("pk", "=", s("")), ("sk", "=", s("x"))], WRONG_TYPE),
    # values that are too long
    (HASH_ONLY, [("pk", "=", s("x" * 2049))], HASH_TOO_LONG),
    (HASH_ONLY, [("pk", "=", s("🜚" * 512 + "x"))], HASH_TOO_LONG),
    (BINARY, [("pk", "=", b("AAAA" * 683))], HASH_TOO_LONG),
    (HASHES, [("h1", "=", s("x" * 1024)), ("h2", "=", s("x" * 1025))], HASH_TOO_LONG),
    (STRINGS, [PK, ("sk", "=", s("x" * 1025))], RANGE_TOO_LONG),
    (STRINGS, [PK, ("sk", "begins_with", s("ü" * 513))], RANGE_TOO_LONG),
    (STRINGS, [PK, ("sk", "BETWEEN", s("x"), s("y" * 1025))], RANGE_TOO_LONG),
    (MANY, [H1, H2, ("r1", "=", s("x" * 1023)), ("r2", "=", n(1))], RANGE_TOO_LONG),
    (STRINGS, [("pk", "=", s("x" * 2049)), ("sk", "=", s(""))], EMPTY.format("string", "sk")),
    (STRINGS, [("pk", "=", s("x" * 2049)), ("sk", "=", s("x" * 1025))], HASH_TOO_LONG),
]


@pytest.mark.parametrize(("schema", "clauses", "message"), REFUSED)
def test_refused(schema, clauses, message):
    with pytest.raises(ApiError) as caught:
        resolve(condition(*clauses), schema, {})
    assert (caught.value.code, caught.value.message) == ("ValidationException", message)


def test_operands_may_be_arguments_of_the_call():
    given = KeyCondition(
        (
            KeyClause("pk", "=", (Placeholder(":p"),)),
            KeyClause("sk", "BETWEEN", (Placeholder(":low"), Literal(n(9)))),
        )
    )
    values = {":p": s("a"), ":low": n(1)}
    assert resolve(given, HASH_RANGE, values) == key_range([s("a")], [], "BETWEEN", [n(1), n(9)])


@pytest.mark.parametrize("operators", list(product([None, "=", "<"], repeat=5)), ids=str)
def test_every_combination_of_a_multi_attribute_key(operators):
    names = (*MANY.hash, *MANY.range)
    given = dict(zip(names, operators, strict=True))
    value = {name: s("x") if MANY.types[name] == "S" else n(7) for name in names}
    clauses = [(name, operator, value[name]) for name, operator in reversed(given.items()) if operator]
    firsts = [operator for operator in operators[2:] if operator]
    allowed = operators[:2] == ("=", "=") and tuple(firsts) == operators[2 : 2 + len(firsts)] and "<" not in firsts[:-1]
    try:
        result = resolve(condition(*clauses), MANY, {})
    except ApiError:
        assert not allowed
    else:
        assert allowed
        unequal = firsts[-1:] == ["<"]
        assert result == key_range(
            [value["h1"], value["h2"]],
            [value[name] for name in MANY.range if given[name] == "="],
            "<" if unequal else None,
            [value[MANY.range[len(firsts) - 1]]] if unequal else [],
        )
