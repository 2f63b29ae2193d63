"""The cases in tests/cases/expressions. Each case is a request, which bind() compiles."""

import copy
import json
import re
from pathlib import Path

import pytest

from emulator.errors import ApiError
from emulator.expressions.bind import bind
from emulator.values.rows import decoder_of, encode_row

CASES = Path(__file__).parents[2] / "cases" / "expressions"


def table(name):
    return json.loads((CASES / f"{name}.json").read_text())


def request(given, parameter, expression):
    """Return a request with an expression, and with the names and values of the file that the
    expression uses.
    """
    mentioned = set(re.findall(r"[#:]\w+", expression))
    names = {key: value for key, value in given.get("names", {}).items() if key in mentioned}
    values = {key: value for key, value in given.get("values", {}).items() if key in mentioned}
    parts = {"ExpressionAttributeNames": names, "ExpressionAttributeValues": values}
    return {parameter: expression} | {key: part for key, part in parts.items() if part}


def rows(given):
    return [pytest.param(case, id=case["expression"]) for case in given["cases"]]


CONDITIONS = table("conditions")
UPDATES = table("updates")
PROJECTIONS = table("projections")
ERRORS = table("errors")


@pytest.mark.parametrize("case", rows(CONDITIONS))
@pytest.mark.parametrize("parameter", ["ConditionExpression", "FilterExpression"])
def test_condition(parameter, case):
    wire = request(CONDITIONS, parameter, case["expression"])
    bound = bind(wire)
    condition = bound.condition or bound.filter
    values = wire.get("ExpressionAttributeValues", {})
    assert condition.test(CONDITIONS["given"], values) is case["result"]
    part = decoder_of(condition.attributes)(encode_row(CONDITIONS["given"], 0))
    assert condition.test(part, values) is case["result"]


@pytest.mark.parametrize("case", rows(UPDATES))
def test_update(case):
    wire = request(UPDATES, "UpdateExpression", case["expression"])
    update = bind(wire).update
    old = {"pk": {"S": "k"}} if case.get("new") else UPDATES["given"]
    before = copy.deepcopy(old)
    values = wire.get("ExpressionAttributeValues", {})
    if "error" in case:
        with pytest.raises(ApiError) as caught:
            update.apply(old, values, exists=not case.get("new"))
        assert (caught.value.code, caught.value.message) == ("ValidationException", case["error"])
    else:
        new = update.apply(old, values, exists=not case.get("new"))
        expected = {name: value for name, value in (old | case["changes"]).items() if value is not None}
        assert new == expected
    assert old == before


@pytest.mark.parametrize("case", rows(PROJECTIONS))
def test_projection(case):
    before = copy.deepcopy(PROJECTIONS["given"])
    projection = bind(request(PROJECTIONS, "ProjectionExpression", case["expression"])).projection
    projected = projection.project(PROJECTIONS["given"])
    assert projected == case["result"]
    assert list(projected) == [name for name in PROJECTIONS["given"] if name in projected]
    assert PROJECTIONS["given"] == before


@pytest.mark.parametrize(
    ("parameter", "expression", "text", "values"),
    [
        pytest.param(parameter, case[0], case[1], case[2] if len(case) > 2 else {}, id=f"{parameter}: {case[0]}")
        for parameter, cases in ERRORS.items()
        if parameter.endswith("Expression")
        for case in cases
    ],
)
def test_error(parameter, expression, text, values):
    wire = request(ERRORS | {"values": ERRORS["values"] | values}, parameter, expression)
    for _ in range(2):  # the cache must not change the second outcome
        with pytest.raises(ApiError) as caught:
            bind(wire)
        assert caught.value.code == "ValidationException"
        assert caught.value.message == f"Invalid {parameter}: {text}"
