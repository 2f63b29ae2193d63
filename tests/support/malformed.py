"""Hypothesis strategies that break a valid request, which is called the seed.

They break its JSON, its values, its expressions, the bytes of its body or its headers.
"""

import json
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

Slot = tuple[Any, Any]
"""A dict or list, and the key or position of one of its values."""


class Raw(bytes):
    """A piece of text that `encode` copies unchanged, even if it is not JSON."""


class Members(list[tuple[str, Any]]):
    """A JSON object as a list of members, so that a name can occur twice."""


def encode(value: Any) -> bytes:
    """Return the JSON text of a broken request."""
    match value:
        case Raw():
            return bytes(value)
        case Members():
            return b"{" + b",".join(_text(name) + b":" + encode(each) for name, each in value) + b"}"
        case dict():
            return encode(Members(value.items()))
        case list():
            return b"[" + b",".join(map(encode, value)) + b"]"
    return _text(value)


def _text(scalar: Any) -> bytes:
    return json.dumps(scalar, ensure_ascii=False).encode("utf-8", "surrogatepass")


def nested(opening: str, closing: str, depth: int, core: str = "") -> str:
    return opening * depth + core + closing * depth


DEPTHS = (1, 31, 32, 33, 100, 330, 1000, 1100, 100_000)

SCALARS: list[Any] = [
    None,
    True,
    False,
    0,
    -1,
    1.5,
    2**31,
    2**63 - 1,
    2**63,
    -(2**63) - 1,
    10**400,
    1e308,
    "",
    "a",
    "0",
    "\0",
    "é",
    "💥" * 3,
    "a" * 256,
    "a" * 2049,
    "a" * 70_000,
    "NaN",
    "-0",
    "1e126",
    "9" * 39,
    "AA",
    "AB==",
    "=",
    "arn:aws:dynamodb:us-east-1:123456789012:table/music",
    "music",
    "plain",
    "pk",
    "#a",
    ":a",
    "..",
]

RAWS = [
    Raw(text)
    for text in (
        b"NaN",
        b"Infinity",
        b"-Infinity",
        b"1e999",
        b"-1e-999",
        b"1E400",
        b"-0",
        b"-0.0",
        b"01",
        b"+1",
        b".5",
        b"1.",
        b"9" * 5000,
        b"0." + b"3" * 5000,
        b"nul",
        b"True",
        b"'a'",
        b'"\xff"',
        b'"\xc0\x80"',
        b'"\xed\xa0\x80"',
        b'"\\ud800"',
        b'"\\udc00\\ud800"',
        b'"\\ud83d\\udca5"',
        b'"\\u0000"',
        b'"\\x"',
        b'"a',
        b'"\n"',
        b"{,}",
        b"[1,]",
        b'{"S":"a","S":"b"}',
        b'{"S":"a","N":"b"}',
        b"/* comment */ 1",
        b"",
    )
]

VALUES: list[Any] = [
    {},
    [],
    [None],
    [[]],
    [{}],
    {"": {}},
    {"S": None},
    {"S": ""},
    {"S": 1},
    {"S": "a", "N": "1"},
    {"X": "a"},
    {"N": "NaN"},
    {"N": "1_000"},
    {"N": " 1"},
    {"N": ""},
    {"N": "1e9223372036854775808"},
    {"N": "٣"},
    {"N": 1},
    {"N": "1e125"},
    {"B": "a"},
    {"B": "AB=="},
    {"B": ""},
    {"B": True},
    {"SS": []},
    {"SS": ["a", "a"]},
    {"SS": [None]},
    {"NS": ["1", "1.0"]},
    {"NS": [""]},
    {"BS": ["AA==", "AA=="]},
    {"BS": "AA=="},
    {"L": [None]},
    {"L": {}},
    {"M": {"": {"S": ""}}},
    {"M": [["a", "b"]]},
    {"M": {"a" * 65_536: {"S": ""}}},
    {"NULL": False},
    {"BOOL": "yes"},
    {"S": "a" * 409_600},
    Raw(b'{"L":[' + b'{"S":"x"},' * 50_000 + b'{"S":"x"}]}'),
]


def _deep(draw_depth: int, kind: int) -> Raw:
    opening, closing, core = [
        ('{"L":[', "]}", '{"S":"x"}'),
        ('{"M":{"a":', "}}", '{"S":"x"}'),
        ("[", "]", ""),
        ('{"a":', "}", "1"),
        ("[", "", ""),
    ][kind]
    return Raw(nested(opening, closing, draw_depth, core).encode())


deep = st.builds(_deep, st.sampled_from(DEPTHS), st.integers(0, 4))
_shared = st.one_of(
    st.sampled_from(SCALARS),
    st.sampled_from(VALUES),
    st.sampled_from(RAWS),
    deep,
    st.text(max_size=8),
    st.integers(-5, 30),
)


def copy(value: Any) -> Any:
    match value:
        case Members():
            return Members((name, copy(inner)) for name, inner in value)
        case dict():
            return {name: copy(inner) for name, inner in value.items()}
        case list():
            return [copy(inner) for inner in value]
    return value


junk = _shared.map(copy)


# --- expressions ----------------------------------------------------------------------------------

EXPRESSIONS = (
    "UpdateExpression",
    "ConditionExpression",
    "KeyConditionExpression",
    "FilterExpression",
    "ProjectionExpression",
    "Statement",
)

_BOMBS = [
    ("(", ")", "n = :n"),
    ("(", "", ""),
    ("NOT ", "", "n = :n"),
    ("NOT (", ")", "n = :n"),
    ("size(", ")", "n"),
    ("n[", "]", "0"),
    ("n = :n AND ", "", "n = :n"),
    ("n = :n OR (", ")", "n = :n"),
    ("a.", "", "b"),
    ("a[0]", "", ""),
    ("SET a = if_not_exists(a, ", ")", ":n"),
    ("if_not_exists(a,", ")", ":n"),
    ("SET a = (", ")", ":n"),
    ("SET a = a + ", "", ":n"),
    ("SET a = list_append(", ")", "a"),
    ("n BETWEEN ", "", ":n AND :n"),
    ("n IN (", ")", ":n"),
    ("pk = :n AND (", ")", "sk = :n"),
    ("a,", "", "b"),
    ("SELECT * FROM music WHERE (", ")", "n = 1"),
    ("SELECT * FROM music WHERE NOT ", "", "n = 1"),
    ("SELECT * FROM music WHERE n = [", "]", "1"),
    ("INSERT INTO music VALUE {'a': ", "}", "1"),
    ("INSERT INTO music VALUE <<", ">>", "1"),
    ("{'a': ", "}", "1"),
    ("#", "", ""),
    (":", "", ":"),
]
_WORDS = (
    *(
        "n",
        "pk",
        "sk",
        "#l",
        "#n",
        ":n",
        ":s",
        ":one",
        ":p",
        "many",
        "tree",
        "tree.a",
        "many[0]",
        "words",
        "sizes",
        "list",
    ),
    *("[", "]", "(", ")", ",", ".", "=", "<>", "<", "<=", ">", ">=", "+", "-", "AND", "OR", "NOT", "IN", "BETWEEN"),
    *("SET", "REMOVE", "ADD", "DELETE", "size", "contains", "begins_with", "attribute_exists", "attribute_not_exists"),
    *(
        "attribute_type",
        "if_not_exists",
        "list_append",
        "0",
        "1",
        "9" * 20,
        "select",
        "é",
        "\0",
        "#",
        ":",
        "[-1]",
        "[01]",
    ),
    *(
        "SELECT",
        "*",
        "FROM",
        "WHERE",
        "INSERT",
        "INTO",
        "VALUE",
        "UPDATE",
        "RETURNING",
        "EXISTS",
        "IS",
        "MISSING",
        "NULL",
    ),
    *('"music"', "'a'", "?", "{", "}", "<<", ">>", "--", "ORDER BY pk DESC", "1e999", "''", '""', "'", '"'),
    *("1a", "a\u2028b", "size(tree)", "contains(words,", "SET n =", "list_append(many,", "tree.b[1]", "[0]"),
)


def _bomb(parts: tuple[str, str, str], depth: int, prefix: str) -> str:
    opening, closing, core = parts
    return prefix + nested(opening, closing, depth, core)


expressions = st.one_of(
    st.lists(st.sampled_from(_WORDS), max_size=12).map(" ".join),
    st.lists(st.sampled_from(_WORDS), max_size=6).map("".join),
    st.builds(
        _bomb,
        st.sampled_from(_BOMBS),
        st.sampled_from((2, 30, 149, 150, 151, 300, 301, 500, 1000, 1365)),
        st.sampled_from(("", "SET ", "n = ", "SET a = ", "REMOVE ")),
    ),
    st.text(max_size=12),
)


@st.composite
def with_expressions(draw: st.DrawFn, seed: dict[str, Any]) -> Any:
    """Draw the seed with random words in place of one or two expressions, or of parts of them."""
    request = dict(seed)
    present = [name for name in EXPRESSIONS if name in request] or EXPRESSIONS[:-1]
    for name in draw(st.lists(st.sampled_from(present), min_size=1, max_size=2)):
        old = request.get(name, "")
        if old and draw(st.booleans()):
            words = old.split(" ")
            start, length = draw(st.integers(0, len(words))), draw(st.integers(0, 3))
            words[start : start + length] = [draw(expressions)]
            request[name] = " ".join(words)
        else:
            request[name] = draw(expressions)
    if draw(st.booleans()):
        request["ExpressionAttributeNames"] = {"#l": "many", "#n": draw(st.sampled_from(["n", "pk", "", "a" * 300]))}
    if draw(st.booleans()):
        request["ExpressionAttributeValues"] = {":n": {"N": "1"}, ":s": {"S": "s"}, ":one": draw(junk)}
    return request


@st.composite
def with_action_expressions(draw: st.DrawFn, seed: dict[str, Any]) -> Any:
    """Draw the seed, which is a transaction, with the expressions of one action broken."""
    actions = copy(seed["TransactItems"])
    action = pick(draw, actions)
    for name, parameters in action.items():
        action[name] = draw(with_expressions(parameters))
    return {**seed, "TransactItems": actions}


@st.composite
def with_statements(draw: st.DrawFn, seed: dict[str, Any]) -> Any:
    """Draw the seed, which is a batch or transaction of statements, with one statement broken."""
    member = "Statements" if "Statements" in seed else "TransactStatements"
    statements = copy(seed[member])
    place = draw(st.integers(0, len(statements) - 1))
    statements[place] = draw(with_expressions(statements[place]))
    return {**seed, member: statements}


# --- structures -----------------------------------------------------------------------------------


def slots(value: Any) -> list[Slot]:
    """Return the slots of all values inside a request, on all levels."""
    found: list[Slot] = []
    if isinstance(value, dict):
        for name, inner in value.items():
            found += [(value, name), *slots(inner)]
    elif isinstance(value, list) and not isinstance(value, Members):
        for place, inner in enumerate(value):
            found += [(value, place), *slots(inner)]
    return found


LISTS: list[Any] = [[], [{}], [None], [{"S": "a", "N": "1"}], [{"N": "1"}] * 3]
MAPS: list[Any] = [{}, {"": {"S": ""}}, {"a": {}}, {"a": {"M": {"b": {"N": "x"}}}}]
WELL_TYPED: list[Any] = [
    *({"S": text} for text in ("", "a", "p0", "g", "é", "x" * 1024, "x" * 1025, "x" * 2049, "x" * 409_600)),
    *({"N": text} for text in ("0", "-0.0", "1e125", "1e126", "1e-131", "9" * 38, "9" * 39, "NaN", "", " 1", "1_0")),
    *({"B": text} for text in ("", "AA==", "AQ==", "AB==", "A" * 4096)),
    *({"SS": texts} for texts in ([], ["a"], ["a", "a"], ["", "b"], ["a", None])),
    *({"NS": texts} for texts in ([], ["1"], ["1", "1.0"], ["1", "x"])),
    *({"BS": texts} for texts in ([], ["AA=="], ["AA==", "AA=="])),
    *({"L": elements} for elements in LISTS),
    *({"M": entries} for entries in MAPS),
    *({"NULL": truth} for truth in (True, False)),
    *({"BOOL": truth} for truth in (True, False)),
    *(_deep(depth, kind) for depth in (31, 32, 33) for kind in (0, 1)),
]
TAGS = frozenset(("S", "N", "B", "SS", "NS", "BS", "L", "M", "NULL", "BOOL"))
TEXTS = sorted({text for text in SCALARS if isinstance(text, str)} | {"ALL_OLD", "INDEXES", "NULL", "CONTAINS", "HASH"})
INTEGERS = [0, 1, -1, 2, 100, 101, 1_000_001, 2**31 - 1, 2**31, 2**63 - 1, 2**63, 10**400, 1.5]


def pick(draw: st.DrawFn, choices: Sequence[Any]) -> Any:
    """Draw one of the values.

    The values may be huge, so this does not use `sampled_from`: Hypothesis would print them all,
    which is slow.
    """
    return choices[draw(st.integers(0, len(choices) - 1))]


def like(draw: st.DrawFn, value: Any) -> Any:
    """Draw another value of the same type, so that the request passes the check of its types."""
    match value:
        case bool():
            return draw(st.booleans())
        case str():
            return pick(draw, TEXTS) if draw(st.booleans()) else draw(st.text(max_size=6))
        case int():
            return pick(draw, INTEGERS)
        case dict() if not TAGS.isdisjoint(value):
            return copy(pick(draw, WELL_TYPED))
        case list() if value and not isinstance(value, Members):
            return copy(pick(draw, [[], value[:1], [*value, value[0]], value[::-1], value * 26]))
    return {} if isinstance(value, dict) else value


_OTHER_ACTIONS = ("drop", "null", "rename", "repeat", "wrap", "swap", "add", "many", "string")
_ACTIONS = ("like",) * 12 + ("replace",) * 2 + _OTHER_ACTIONS
_NAMES = ["", "tableName", "TableName", "Key", "Limit", "Select", "IndexName", "pk", "sk", "S", "é", "\0", "a" * 300]


@st.composite
def mutated(draw: st.DrawFn, seed: dict[str, Any]) -> Any:
    """Draw the seed with one to three values broken."""
    request = copy(seed)
    for _ in range(draw(st.sampled_from((1, 1, 2, 3)))):
        places = slots(request)
        if not places:
            return draw(junk)
        container, key = pick(draw, places)
        _break(draw, places, container, key)
    return request


def _break(draw: st.DrawFn, places: list[Slot], container: Any, key: Any) -> None:
    value = container[key]
    match draw(st.sampled_from(_ACTIONS)):
        case "like":
            container[key] = like(draw, value)
        case "replace":
            container[key] = draw(junk)
        case "drop":
            del container[key]
        case "null":
            container[key] = None
        case "rename" if isinstance(container, dict):
            container[draw(st.sampled_from(_NAMES))] = container.pop(key)
        case "repeat" if isinstance(value, dict) and value:
            container[key] = Members([*value.items(), (draw(st.sampled_from(sorted(value))), draw(junk))])
        case "repeat" if isinstance(container, list):
            container.append(value)
        case "wrap":
            container[key] = pick(draw, [[value], {"a": value}, {"S": value}, [value, value]])
        case "swap":
            other, place = pick(draw, places)
            container[key] = copy(other[place]) if _still_there(other, place) else None
        case "add" if isinstance(value, dict):
            value[draw(st.sampled_from(_NAMES))] = draw(junk)
        case "many" if isinstance(value, list):
            container[key] = value * draw(st.sampled_from((26, 101)))
        case "string" if isinstance(value, str):
            place = draw(st.integers(0, len(value)))
            container[key] = value[:place] + draw(st.text(max_size=4)) + value[place + draw(st.integers(0, 2)) :]
        case _:
            container[key] = draw(junk)


def _still_there(container: Any, key: Any) -> bool:
    return key in container if isinstance(container, dict) else key < len(container)


# --- bytes and headers ----------------------------------------------------------------------------


@st.composite
def mangled(draw: st.DrawFn, body: bytes) -> bytes:
    """Draw the body truncated, or with bytes changed, inserted or repeated."""
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, len(body)))
        match draw(st.sampled_from(["cut", "insert", "replace", "double", "prefix"])):
            case "cut":
                body = body[:place]
            case "insert":
                body = body[:place] + draw(st.binary(min_size=1, max_size=4)) + body[place:]
            case "replace":
                inserted = draw(st.sampled_from([b"\xff", b'"', b"{", b"}", b"null", b"\\", b"\0", b"NaN", b","]))
                body = body[:place] + inserted + body[place + 1 :]
            case "double":
                body = body[:place] + body
            case _:
                body = draw(st.sampled_from([b"\xef\xbb\xbf", b" ", b"\0", b"[", b"\x1f\x8b"])) + body
    return body


LARGEST = 2 << 20  # bytes; the server refuses larger requests before it runs the code under test


def bodies(seed: dict[str, Any]) -> st.SearchStrategy[bytes]:
    """Return a strategy for broken bodies of every kind, made from one valid request."""
    structures = mutated(seed)
    if "Statements" in seed or "TransactStatements" in seed:
        structures = st.one_of(structures, structures, with_statements(seed))
    elif "TransactItems" in seed:
        structures = st.one_of(structures, structures, with_action_expressions(seed))
    elif ("TableName" in seed and len(seed) > 1) or any(name in seed for name in EXPRESSIONS):
        structures = st.one_of(structures, structures, with_expressions(seed))
    texts = structures.map(encode).filter(lambda body: len(body) <= LARGEST)
    nonsense = st.one_of(st.binary(max_size=40), junk.map(encode), mangled(encode(seed)))
    return st.sampled_from(range(10)).flatmap(lambda dice: nonsense if dice == 0 else texts)


header_names = st.sampled_from(
    [
        b"content-type",
        b"x-amz-target",
        b"authorization",
        b"x-amz-date",
        b"host",
        b"origin",
        b"accept-encoding",
        b"content-encoding",
        b"access-control-request-headers",
        b"x-amz-security-token",
        b"",
    ]
)
header_values = st.one_of(
    # without these bytes, which HTTP parsers do not accept in a value
    st.binary(max_size=30).map(lambda value: value.translate(None, b"\r\n\0")),
    st.sampled_from(
        [
            b"",
            b"gzip",
            b"gzip;q=x, deflate;q=nan, *;q=1e999",
            b"deflate",
            b"br",
            b"identity",
            b"application/json; charset=utf-8",
            b"text/plain",
            b"DynamoDB_20120810.",
            b"DynamoDB_20120810.PutItem ",
            b"DynamoDBStreams_20120810.GetItem",
            b"DynamoDB_20120810.GetRecords",
            b".",
            b"AWS4-HMAC-SHA256",
            b"AWS4-HMAC-SHA256 Credential=, SignedHeaders=, Signature=",
            b"AWS4-HMAC-SHA256 Credential=a, SignedHeaders=b, Signature=c",
            b"AWS4-HMAC-SHA256 Credential=a/b/\xff\xfe/d/aws4_request, SignedHeaders=b, Signature=c",
            b"AWS4-HMAC-SHA256 Credential=\x00\x00/b/\x00\x01/d/aws4_request, SignedHeaders=b, Signature=c",
            b"AWS4-HMAC-SHA256 Credential=" + b"/" * 5000 + b", SignedHeaders=b, Signature=c",
            b"AWS4-HMAC-SHA256 =,=,,,==Credential",
            b"a" * 20_000,
        ]
    ),
)
queries = st.sampled_from(
    [
        b"",
        b"",
        b"a=b",
        b"X-Amz-Algorithm=",
        b"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=a/b/c/d/e&X-Amz-Signature=1&X-Amz-SignedHeaders=h&X-Amz-Date=1",
        b"X-Amz-Algorithm=%FF%00&&&=;X-Amz-Credential=%",
        b"\xff\xfe",
        b"a" * 20_000,
    ]
)
methods = st.sampled_from(["POST", "POST", "POST", "GET", "OPTIONS", "PUT", "DELETE", "HEAD", "PATCH", "", "é"])
