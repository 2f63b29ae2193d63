"""The syntax trees of statements, and the errors of those that do not parse (behaviour 14.1,
14.4).
"""

import pytest

from emulator.errors import ApiError
from emulator.expressions.ast import (
    AddAction,
    And,
    Arithmetic,
    Between,
    Call,
    Compare,
    DeleteAction,
    DocumentPath,
    In,
    Not,
    Or,
    Placeholder,
    RemoveAction,
    SetAction,
    UpdateTree,
)
from emulator.partiql.ast import (
    BagOf,
    Constant,
    DeleteStatement,
    Exists,
    Insert,
    ListOf,
    MapOf,
    OrderKey,
    Parameter,
    Relation,
    Select,
    SetChange,
    UpdateStatement,
)
from emulator.partiql.parser import parse

T = Relation("t", None)
A, B = DocumentPath(("a",)), DocumentPath(("b",))
FIRST, SECOND, THIRD = Placeholder("?0"), Placeholder("?1"), Placeholder("?2")
ZERO, ONE = Placeholder(":0"), Placeholder(":1")


def select(where=None, paths=None, order=(), relation=T):
    return Select(relation, paths, where, order)


def equal(path, value):
    return Compare("=", path, value)


STATEMENTS = {
    "SELECT * FROM t": select(),
    'select * from "t"."i";': select(relation=Relation("t", "i")),
    'SELECT * FROM "a ""quoted"" name"': select(relation=Relation('a "quoted" name', None)),
    "SELECT a, b.c[2].d, \"e f\"['g h'] FROM t": select(paths=(("a",), ("b", "c", 2, "d"), ("e f", "g h"))),
    "SELECT * FROM t WHERE a = ? ORDER BY b DESC, a ASC, b": select(
        equal(A, FIRST), order=(OrderKey(("b",), True), OrderKey(("a",), False), OrderKey(("b",), False))
    ),
    "SELECT * -- the rest is said\n FROM /* by\nme */ t": select(),
    "INSERT INTO t VALUE {'a': 1}": Insert(T, ZERO),
    "INSERT INTO t VALUE ?": Insert(T, FIRST),
    "UPDATE t SET a = ?, b = a SET c = a + ? REMOVE d[1] WHERE a = ?": UpdateStatement(
        T,
        UpdateTree(
            (
                SetAction(A, FIRST),
                SetAction(B, A),
                SetAction(DocumentPath(("c",)), Arithmetic("+", A, SECOND)),
                RemoveAction(DocumentPath(("d", 1))),
            )
        ),
        (),
        equal(A, THIRD),
        None,
    ),
    "UPDATE t SET a = List_Append(a, ?) RETURNING modified new *": UpdateStatement(
        T, UpdateTree((SetAction(A, Call("list_append", (A, FIRST))),)), (), None, "MODIFIED NEW"
    ),
    "UPDATE t SET a = set_add(a, ?) SET b = SET_DELETE(b, <<1>>)": UpdateStatement(
        T,
        UpdateTree((AddAction(A, FIRST), DeleteAction(B, ZERO))),
        (SetChange("SET_ADD", FIRST, "1:26:1"), SetChange("SET_DELETE", ZERO, "1:51:1")),
        None,
        None,
    ),
    "FROM t WHERE a = ? REMOVE b RETURNING ALL OLD *": UpdateStatement(
        T, UpdateTree((RemoveAction(B),)), (), equal(A, FIRST), "ALL OLD"
    ),
    "DELETE FROM t WHERE a = ? RETURNING ALL OLD *": DeleteStatement(T, equal(A, FIRST), "ALL OLD"),
    "EXISTS(SELECT * FROM t WHERE a = ?)": Exists(select(equal(A, FIRST))),
}


@pytest.mark.parametrize(("text", "statement"), STATEMENTS.items())
def test_statements(text, statement):
    assert repr(parse(text).statement) == repr(statement), "equal nodes may be of different kinds"


CONDITIONS = {
    "a = ? AND b = ? OR NOT a = ?": Or(And(equal(A, FIRST), equal(B, SECOND)), Not(equal(A, THIRD))),
    "a = ? AND (b = ? OR a = ?)": And(equal(A, FIRST), Or(equal(B, SECOND), equal(A, THIRD))),
    "(a) != (?)": Compare("<>", A, FIRST),
    "? <= a": Compare("<=", FIRST, A),
    "size(a) > ?": Compare(">", Call("size", (A,)), FIRST),
    "a BETWEEN ? AND ? AND b = ?": And(Between(A, FIRST, SECOND), equal(B, THIRD)),
    "a NOT BETWEEN ? AND b": Not(Between(A, FIRST, B)),
    "a IN [?, b]": In(A, (FIRST, B)),
    "a NOT IN (?)": Not(In(A, (FIRST,))),
    "NOT begins_with(a, ?)": Not(Call("begins_with", (A, FIRST))),
    "CONTAINS(a, ?)": Call("contains", (A, FIRST)),
    "a IS MISSING": Call("attribute_not_exists", (A,)),
    "a IS NOT MISSING": Call("attribute_exists", (A,)),
    "a IS NULL": Call("attribute_type", (A, ZERO)),
    "a is not string": Not(Call("attribute_type", (A, ZERO))),
}


@pytest.mark.parametrize(("text", "condition"), CONDITIONS.items())
def test_conditions(text, condition):
    assert repr(parse(f"SELECT * FROM t WHERE {text}").statement.where) == repr(condition)


LITERALS = {
    "'it''s'": {"S": "it's"},
    "''": {"S": ""},
    "5": {"N": "5"},
    "-5.50": {"N": "-5.5"},
    "+ 5": {"N": "5"},
    ".73e1": {"N": "7.3"},
    "7.31E+6": {"N": "7310000"},
    "1.": {"N": "1"},
    "TRUE": {"BOOL": True},
    "false": {"BOOL": False},
    "Null": {"NULL": True},
    "[]": {"L": []},
    "[1, 'a', [null]]": {"L": [{"N": "1"}, {"S": "a"}, {"L": [{"NULL": True}]}]},
    "{}": {"M": {}},
    "{'a': {'b c': 1}}": {"M": {"a": {"M": {"b c": {"N": "1"}}}}},
    "<<2, 1.0>>": {"NS": ["1", "2"]},
    "<<'b', 'a'>>": {"SS": ["a", "b"]},
}


@pytest.mark.parametrize(("text", "value"), LITERALS.items())
def test_literals(text, value):
    parsed = parse(f"SELECT * FROM t WHERE a = {text}")
    assert parsed.statement.where == equal(A, ZERO)
    assert parsed.constants == {":0": value}


def test_literals_with_parameters_are_left_for_the_request():
    parsed = parse("INSERT INTO t VALUE {'a': ?, 'b': [1, ?], 'c': <<?>>}")
    assert parsed.names == ("?0", "?1", "?2")
    assert parsed.constants == {}
    assert parsed.templates == (
        (
            "=0",
            MapOf(
                (
                    ("a", Parameter(0)),
                    ("b", ListOf((Constant({"N": "1"}), Parameter(1)))),
                    ("c", BagOf((Parameter(2),))),
                )
            ),
        ),
    )


MALFORMED = "Statement wasn't well formed, can't be processed: "
LEFTOVER = MALFORMED + "Unexpected token after expression"
OVERFLOW = "Number overflow. Attempting to store a number with magnitude larger than supported range under "
UNDERFLOW = "Number underflow. Attempting to store a number with magnitude smaller than supported range under "
DEEP = "(" * 4000 + "a = 1"

MESSAGES = {
    # text after the end of the statement
    "SELECT * FROM t WHERE a = 1 b": LEFTOVER,
    "SELECT * FROM t WHERE a = 1)": LEFTOVER,
    "DELETE FROM t WHERE a = 1 ORDER BY a": LEFTOVER,
    "SELECT * FROM t ORDER BY a WHERE a = 1": LEFTOVER,
    "SELECT * FROM t; SELECT * FROM t": LEFTOVER,
    "UPDATE t SET a = 1 + 2 + 3": LEFTOVER,
    "INSERT INTO t VALUE {'a': 1} RETURNING ALL OLD *": LEFTOVER,
    # unreadable texts
    "SELECT * FROM t WHERE a = 1e2147483648": MALFORMED,
    "SELECT * FROM t WHERE a = 1e-99999999999": MALFORMED,
    "SELECT * FROM t WHERE #a = 1": MALFORMED,
    "SELECT * FROM t WHERE a = 'x": MALFORMED,
    'SELECT * FROM "t': MALFORMED,
    "SELECT * FROM t /* x": MALFORMED,
    "SELECT * FROM t WHERE a = 5x": MALFORMED,
    f"SELECT * FROM t WHERE {DEEP}": MALFORMED + "Expected )",
    "INSERT INTO t VALUE " + "[" * 4000: MALFORMED,
    # aliases
    "INSERT INTO t x VALUE {'a': 1}": MALFORMED + "Unexpected token after expression",
    "INSERT INTO t AS x VALUE {'a': 1}": MALFORMED + "Unexpected token after expression",
    'INSERT INTO "t" "x" VALUE {\'a\': 1}': MALFORMED + "Unexpected token after expression",
    "SELECT * FROM t x": "Aliasing is not supported",
    "SELECT * FROM t AS x": "Aliasing is not supported",
    'UPDATE t "x" SET a = 1': "Aliasing is not supported",
    "DELETE FROM t x WHERE a = 1": "Aliasing is not supported",
    # numbers
    "INSERT INTO t VALUE {'x': 1e126}": OVERFLOW + "root",
    "INSERT INTO t VALUE {'x': -1e126}": OVERFLOW + "root",
    "INSERT INTO t VALUE {'x': {'y': 1e126}}": OVERFLOW + "root.y",
    "INSERT INTO t VALUE {'x': {'y': [1, 1e126]}}": OVERFLOW + "root.y[1]",
    "INSERT INTO t VALUE {'x': [1, 1e126]}": OVERFLOW + "root[1]",
    "INSERT INTO t VALUE {'x': <<1, 1e-131>>}": UNDERFLOW + "root[1]",
    "INSERT INTO t VALUE 1e126": OVERFLOW + "root",
    # a scale (digits after the point minus the exponent) of more than 32 bits is refused
    "SELECT * FROM t WHERE a = 1.5e-2147483647": MALFORMED,
    "SELECT * FROM t WHERE a = 1e-2147483648": MALFORMED,
    "SELECT * FROM t WHERE a = 1.55e-2147483646": MALFORMED,
    "SELECT * FROM t WHERE a = 1.5e-2147483646": UNDERFLOW + "root",
    "SELECT * FROM t WHERE a = 1e-2147483647": UNDERFLOW + "root",
    "SELECT * FROM t WHERE a = 1.5e2147483647": OVERFLOW + "root",
    "SELECT * FROM t WHERE a = -1e126": OVERFLOW + "root",
    "SELECT * FROM t WHERE a = [1, 1e126]": OVERFLOW + "root[1]",
    "SELECT * FROM t WHERE a = 1e-131": UNDERFLOW + "root",
    "SELECT * FROM t WHERE a = "
    + "1" * 39: "Attempting to store more than 38 significant digits in a Number under root",
    # functions
    "SELECT COUNT(* FROM t": MALFORMED + "Expected )",
    "SELECT * FROM t WHERE exists(a)": "Unrecognized function: exists at 1:23:6",
    "SELECT * FROM t\nWHERE a = 1 AND set_add(a, <<1>>)": "Unrecognized function: set_add at 2:17:7",
    "UPDATE t SET a = if_not_exists(a, 1)": "Unrecognized function: if_not_exists at 1:18:13",
    "UPDATE t SET a = set_add(b, <<1>>)": "The first argument to SET_ADD must equal the assignment value at 1:18:7",
    "UPDATE t SET a = set_add(a, b)": "The second argument to SET_ADD must be a value with type SET at 1:26:1",
    "UPDATE t SET m.ss[1] = set_add( m.ss[1] , b)": (
        "The second argument to SET_ADD must be a value with type SET at 1:33:7"
    ),
    "UPDATE t SET a = set_delete(a)": "SET_DELETE must have exactly two arguments at 1:18:10",
    "INSERT INTO t VALUE {'a': set_add(a, <<1>>)}": "Unsupported data type: set_add under key root at 1:27:7",
    "INSERT INTO t VALUE {'a': {'x': set_add(a, <<1>>)}}": "Unsupported data type: set_add under key root.x at 1:33:7",
    # the rest of the grammar
    "SELECT m.inner FROM t": MALFORMED + "Invalid path dot component",
    "SELECT m. FROM t": MALFORMED + "Invalid path dot component",
    "SELECT a FROM t WHERE inner = 1": MALFORMED + "Unexpected keyword",
    "SELECT * FROM a.b.c": "A path may contain at most 2 components in the FROM clause",
    'SELECT * FROM ""': "Path component cannot be an empty string",
    'SELECT * FROM "t".""': "Path component cannot be an empty string",
    "SELECT * FROM t WHERE a = <<>>": "Empty bags are not supported",
    "UPDATE Payment-prod SET active = ? WHERE id = ?": MALFORMED + "Expected data manipulation",
    "HELLO": MALFORMED + "Expected data manipulation",
    "DELETE FROM t WHERE a = 1 RETURNING ALL NEW *": "Invalid returning clause: RETURNING ALL NEW *. "
    "Only RETURNING ALL OLD * is allowed in DELETE statements.",
    "DELETE FROM t WHERE a = 1 RETURNING MODIFIED OLD *": "Invalid returning clause: RETURNING MODIFIED OLD *. "
    "Only RETURNING ALL OLD * is allowed in DELETE statements.",
    "INSERT INTO t VALUE {'': 1}": "Empty attribute name",
    "SELECT * FROM t WHERE a = <<1, 1.0>>": "Input collection contains duplicates",
    "UPDATE t SET a = set_add(a, <<'y', 'x', 'y'>>)": (
        "One or more parameter values were invalid: Input collection [y, x, y] contains duplicates."
    ),
}


@pytest.mark.parametrize("text", MESSAGES, ids=lambda text: text[:60])
def test_messages(text):
    with pytest.raises(ApiError) as caught:
        parse(text)
    assert (caught.value.code, caught.value.message) == ("ValidationException", MESSAGES[text])


@pytest.mark.parametrize(
    "text",
    [
        "SELECT",
        "SELECT FROM t",
        "SELECT * t",
        "SELECT * FROM",
        "SELECT * FROM 't'",
        "SELECT * FROM t WHERE",
        "SELECT * FROM t WHERE a",
        "SELECT * FROM t WHERE a =",
        "SELECT * FROM t WHERE a = = 1",
        "SELECT * FROM t WHERE (a = 1",
        "SELECT * FROM t WHERE a IN",
        "SELECT * FROM t WHERE a IN []",
        "SELECT * FROM t WHERE a IN [1)",
        "SELECT * FROM t WHERE a NOT = 1",
        "SELECT * FROM t WHERE a BETWEEN 1 OR 2",
        "SELECT * FROM t WHERE a IS",
        "SELECT * FROM t WHERE a IS tuesday",
        "SELECT * FROM t WHERE a[b] = 1",
        "SELECT * FROM t WHERE a[1 = 1",
        "SELECT * FROM t WHERE (a = 1) = 2",
        "SELECT * FROM t ORDER a",
        "INSERT t VALUE {}",
        "INSERT INTO t {}",
        "INSERT INTO t VALUE {a: 1}",
        "INSERT INTO t VALUE {'a' 1}",
        "INSERT INTO t VALUE {'a': 1",
        "INSERT INTO t VALUE {'a': b}",
        "UPDATE t WHERE a = 1",
        "UPDATE t SET WHERE a = 1",
        "UPDATE t SET a 1",
        "UPDATE t REMOVE",
        "UPDATE t SET a = 1 RETURNING ALL",
        "UPDATE t SET a = 1 RETURNING SOME OLD *",
        "UPDATE t SET a = 1 RETURNING ALL YOUNG *",
        "UPDATE t SET a = 1 RETURNING ALL OLD",
        "DELETE t WHERE a = 1",
        "FROM t WHERE a = 1",
        "EXISTS SELECT * FROM t",
        "EXISTS(DELETE FROM t)",
    ],
)
def test_what_does_not_parse_is_refused(text):
    with pytest.raises(ApiError) as caught:
        parse(text)
    assert caught.value.message.startswith(MALFORMED)


def test_parsing_the_same_text_again_gives_the_same_object():
    assert parse("SELECT * FROM t") is parse("SELECT * FROM t")
