"""The table of functions in expressions: each row follows the rules, and a new function needs only
one more row.
"""

import json
import re
from inspect import signature
from pathlib import Path

import pytest

from emulator.errors import ApiError
from emulator.expressions import compile as compiler
from emulator.expressions.bind import bind
from emulator.expressions.functions import ANY, FUNCTIONS, PATH, Function, Operand, both, checked
from emulator.partiql.prepare import prepare_statement
from emulator.values.types import TYPES

CASES = Path(__file__).parents[2] / "cases" / "expressions"
VALUES = {
    "S": "x",
    "N": "1",
    "B": "AQ==",
    "BOOL": True,
    "NULL": True,
    "L": [],
    "M": {},
    "SS": ["x"],
    "NS": ["1"],
    "BS": ["AQ=="],
}


# --- a toy function for each role that functions may have ---

TEXT = Operand(frozenset({"S"}))
NUMBER = Operand(frozenset({"N"}))


def ends_with(value, suffix):
    return "S" in value and "S" in suffix and value["S"].endswith(suffix["S"])


def mirror_of(get):
    def mirror(item, values):
        value = get(item, values)
        return None if value is None or "S" not in value else {"S": value["S"][::-1]}

    return mirror


def twice(compute):
    return lambda item, values: {"N": str(2 * int(compute(item, values)["N"]))}


TOYS = (
    Function("toy_ends_with", "condition", (TEXT, TEXT), both(ends_with), distinct=True, partiql=True),
    Function(
        "toy_native", "condition", (PATH,), lambda path: lambda item, _: path[0] in item, distinct=False, partiql=False
    ),
    Function("toy_mirror", "condition operand", (TEXT,), mirror_of, distinct=False, partiql=True, result="S"),
    Function("toy_twice", "update operand", (NUMBER,), twice, distinct=False, partiql=True, result="N", cost=50),
)
ITEM = {"a": {"S": "banana"}, "b": {"S": "ananab"}, "n": {"N": "21"}}


@pytest.fixture
def toys(monkeypatch):
    for row in TOYS:
        monkeypatch.setitem(FUNCTIONS, row.name, checked(row))


def condition(text, values):
    given = {"ExpressionAttributeValues": values} if values else {}
    return bind({"ConditionExpression": text} | given).condition.test(ITEM, values)


def where(text, *parameters):
    prepared = prepare_statement(f"SELECT * FROM t WHERE {text}", parameters)
    return compiler.condition(prepared.program.where).test(ITEM, prepared.values)


def failure(make, *arguments):
    with pytest.raises(ApiError) as caught:
        make(*arguments)
    assert caught.value.code == "ValidationException"
    return caught.value.message


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("toy_ends_with(a, :v)", True),
        ("NOT toy_ends_with(b, :v)", True),
        ("toy_ends_with(gone, :v)", False),
        ("toy_mirror(a) = b AND a <> :v", True),
        ("toy_ends_with(toy_mirror(b), :v)", True),
        ("toy_mirror(n) <> :v", False),
        ("toy_native(a) AND a <> :v", True),
    ],
)
def test_a_toy_in_a_condition(toys, text, holds):
    assert condition(text, {":v": {"S": "ana"}}) is holds


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("toy_ends_with(a, ?)", True),
        ("TOY_ENDS_WITH(b, ?)", False),
        ("toy_ends_with(a, ?) = true", True),
        ("toy_ends_with(a, ?) = toy_ends_with(b, 'x')", False),
        ("toy_mirror(a) = b AND toy_ends_with(a, ?)", True),
    ],
)
def test_a_toy_in_a_statement(toys, text, holds):
    assert where(text, {"S": "ana"}) is holds


WRONG = "Incorrect operand type for operator or function; operator or function: {}, operand type: {}"
COUNT = "Incorrect number of operands for operator or function; operator or function: {}, number of operands: {}"
NO_PATH = "Operator or function requires a document path; operator or function: {}"
MISUSED = "The function is not allowed to be used this way in an expression; function: {}"


@pytest.mark.parametrize(
    ("text", "values", "detail"),
    [
        ("toy_ends_with(a, :v)", {":v": {"N": "1"}}, WRONG.format("toy_ends_with", "N")),
        ("toy_ends_with(a, size(b))", {}, WRONG.format("toy_ends_with", "N")),
        ("toy_ends_with(a)", {}, COUNT.format("toy_ends_with", 1)),
        ("toy_mirror(size(a)) = b", {}, WRONG.format("toy_mirror", "N")),
        ("toy_mirror(toy_mirror(a)) = b", {}, WRONG.format("toy_mirror", "S")),
        ("toy_mirror(a) < size(b)", {}, None),
        ("toy_mirror(a)", {}, MISUSED.format("toy_mirror")),
        ("toy_twice(n) = n", {}, MISUSED.format("toy_twice")),
        ("toy_ends_with(a, b) = a", {}, MISUSED.format("toy_ends_with")),
    ],
)
def test_a_wrong_call_of_a_toy(toys, text, values, detail):
    if detail is None:
        assert condition(text, values) is False
    else:
        assert failure(condition, text, values) == f"Invalid ConditionExpression: {detail}"


def test_a_wrong_call_of_a_toy_in_a_statement(toys):
    assert failure(where, "toy_ends_with(a, 1)") == WRONG.format("toy_ends_with", "N")
    for unknown in ("toy_native(a)", "toy_twice(n) = 1"):
        assert failure(where, unknown).startswith(f"Unrecognized function: {unknown.partition('(')[0]} at ")


def test_a_toy_in_an_update(toys):
    native = bind({"UpdateExpression": "SET n = toy_twice(n)"}).update
    assert native.apply(ITEM, {})["n"] == {"N": "42"}
    assert native.cost.fixed == 3 + (19 + 1) + 50 + (1 + 14 + 1)
    assert native.types["n"].tag == "N"
    statement = prepare_statement("UPDATE t SET n = toy_twice(n) WHERE pk = 'a'")
    assert statement.program.update.apply(ITEM, statement.values)["n"] == {"N": "42"}
    text = failure(bind, {"UpdateExpression": "SET n = toy_twice(:v)", "ExpressionAttributeValues": {":v": {"S": "x"}}})
    assert text == f"Invalid UpdateExpression: {WRONG.format('toy_twice', 'S')}"


# --- incomplete rows ---


@pytest.mark.parametrize(
    ("role", "fields"),
    [
        ("condition", {"name": "two words"}),
        ("condition", {"name": "Capital"}),
        ("condition", {"operands": ()}),
        ("condition", {"operands": (Operand(frozenset()), ANY)}),
        ("condition", {"operands": (Operand(frozenset({"X"})), ANY)}),
        ("condition", {"operands": (ANY,), "distinct": True}),
        ("condition", {"result": "N"}),
        ("condition", {"default": 0}),
        ("condition", {"cost": 1}),
        ("condition operand", {}),
        ("condition operand", {"result": "X"}),
        ("condition operand", {"result": "N", "cost": 1}),
        ("condition operand", {"result": "N", "default": 0}),
        ("update operand", {"result": "N"}),
        ("update operand", {"cost": 1}),
        ("update operand", {"cost": 1, "result": "N", "default": 0}),
        ("update operand", {"cost": 1, "default": 2}),
        ("update operand", {"cost": 1, "result": "N", "operands": (ANY, Operand(frozenset({"S"}), type_name=True))}),
    ],
)
def test_an_incomplete_row_is_refused(role, fields):
    row = {"name": "toy", "operands": (ANY, ANY), "distinct": False, "partiql": True, "build": both(ends_with)} | fields
    with pytest.raises(AssertionError):
        checked(Function(role=role, **row))


@pytest.mark.parametrize("missing", ["name", "role", "operands", "build", "distinct", "partiql"])
def test_a_row_without_a_field(missing):
    row = {"name": "toy", "role": "condition", "operands": (ANY, ANY), "build": both(ends_with), "distinct": True}
    row["partiql"] = True
    checked(Function(**row))
    del row[missing]
    with pytest.raises(TypeError):
        Function(**row)


# --- rules for every row ---

ROWS = [pytest.param(row, id=name) for name, row in FUNCTIONS.items()]
PARAMETERS = {
    "condition": ("ConditionExpression", "{}"),
    "condition operand": ("ConditionExpression", "{} = zz"),
    "update operand": ("UpdateExpression", "SET zz = {}"),
}


def detail(row, operands, values=()):
    """Return the error text of a call of the function with these operands, without its
    beginning.
    """
    parameter, frame = PARAMETERS[row.role]
    request = {parameter: frame.format(f"{row.name}({', '.join(operands)})")}
    if values:
        request["ExpressionAttributeValues"] = dict(values)
    return failure(bind, request).removeprefix(f"Invalid {parameter}: ")


def fitting(row):
    """Return operands that the function accepts, and the values of their placeholders."""
    operands, values = [], {}
    for position, operand in enumerate(row.operands):
        if operand.type_name:
            operands.append(f":v{position}")
            values[f":v{position}"] = {"S": "S"}
        else:
            operands.append(f"p{position}")
    return operands, values


@pytest.mark.parametrize("row", ROWS)
def test_its_name_and_its_builder(row):
    assert FUNCTIONS[row.name] is row
    signature(row.build).bind(*row.operands)


@pytest.mark.parametrize("row", ROWS)
def test_its_operands_are_accepted(row):
    operands, values = fitting(row)
    parameter, frame = PARAMETERS[row.role]
    request = {parameter: frame.format(f"{row.name}({', '.join(operands)})")}
    bind(request | ({"ExpressionAttributeValues": values} if values else {}))


@pytest.mark.parametrize("row", ROWS)
def test_the_number_of_its_operands(row):
    operands, values = fitting(row)
    longer = [*operands, "more"]
    assert detail(row, longer, values) == COUNT.format(row.name, len(longer))
    if len(operands) > 1:
        assert detail(row, operands[:1]) == COUNT.format(row.name, 1)


@pytest.mark.parametrize("row", ROWS)
def test_the_types_of_its_operands(row):
    for position, operand in enumerate(row.operands):
        for tag in TYPES:
            operands, values = fitting(row)
            operands[position] = ":w"
            values.pop(f":v{position}", None)
            values[":w"] = {tag: VALUES[tag]}
            if operand.path:
                assert detail(row, operands, values).startswith("Operator or function requires a document path;")
            elif tag not in operand.types:
                assert detail(row, operands, values) == WRONG.format(row.name, tag)


@pytest.mark.parametrize("row", ROWS)
def test_whether_its_operands_are_distinct(row):
    if row.distinct:
        text = detail(row, ["same"] * len(row.operands))
        assert text.startswith("The first operand must be distinct from the remaining operands")


@pytest.mark.parametrize("row", ROWS)
def test_where_it_may_stand(row):
    operands, values = fitting(row)
    given = {"ExpressionAttributeValues": values} if values else {}
    call = f"{row.name}({', '.join(operands)})"
    for role, (parameter, frame) in PARAMETERS.items():
        if role != row.role:
            text = failure(bind, {parameter: frame.format(call)} | given)
            assert text == f"Invalid {parameter}: {MISUSED.format(row.name)}"


@pytest.mark.parametrize("row", ROWS)
def test_whether_partiql_has_it(row):
    call = f"{row.name.upper()}({', '.join(['?' if operand.type_name else 'p' for operand in row.operands])})"
    where_clause = call if row.role == "condition" else f"{call} = 'x'"

    def unknown(text):
        parameters = [{"S": "S"}] * text.count("?")
        try:
            prepare_statement(text, parameters)
        except ApiError as error:
            return error.message.startswith(f"Unrecognized function: {row.name} at ")
        return False

    assert unknown(f"SELECT * FROM t WHERE {where_clause}") is (not row.partiql or row.role == "update operand")
    assert unknown(f"UPDATE t SET zz = {call} WHERE pk = 'a'") is (not row.partiql)


@pytest.mark.parametrize("row", ROWS)
def test_it_has_cases(row):
    """The rules do not say what a function computes, so the tables of cases must have at least two
    of its results.
    """
    table = "updates" if row.role == "update operand" else "conditions"
    cases = json.loads((CASES / f"{table}.json").read_text())["cases"]
    used = [case for case in cases if re.search(rf"\b{row.name}\(", case["expression"])]
    outcomes = {json.dumps(case.get("result", case.get("changes", case.get("error")))) for case in used}
    assert len(outcomes) > 1, f"{table}.json needs two outcomes of {row.name}"


@pytest.mark.parametrize("row", ROWS)
def test_it_has_cases_of_wrong_operands(row):
    """The tests above build the error texts from parts. errors.json must have AWS's whole texts."""
    parameter, _ = PARAMETERS[row.role]
    texts = [text for _, text in json.loads((CASES / "errors.json").read_text())[parameter]]
    for operand in row.operands:
        if operand.path:
            assert NO_PATH.format(row.name) in texts, f"errors.json needs {row.name} with an operand that is no path"
        elif operand.types != TYPES:
            wrong = WRONG.format(row.name, "")
            assert any(text.startswith(wrong) for text in texts), f"errors.json needs a wrong type in {row.name}"
