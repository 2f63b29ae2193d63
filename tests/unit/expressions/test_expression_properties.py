"""Random conditions and updates have the same results as in simple implementations. Random texts
never cause a crash.
"""

import base64
import copy
from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from emulator.errors import ApiError
from emulator.expressions.bind import bind
from emulator.expressions.parser import parse_condition, parse_projection, parse_update
from emulator.expressions.problems import ExpressionError
from emulator.values.rows import decoder_of, encode_row
from tests.support.profile import profile

FEW = profile(100)

strings = st.sampled_from(["", "a", "ab", "b", "ä"]).map(lambda text: {"S": text})
numbers = st.sampled_from(["-10", "-1", "0", "0.5", "1", "2", "10", "100"]).map(lambda text: {"N": text})
binaries = st.sampled_from(["", "AA==", "AAE=", "/w=="]).map(lambda text: {"B": text})
ordered = st.one_of(strings, numbers, binaries)
scalars = st.one_of(ordered, st.sampled_from([{"BOOL": True}, {"BOOL": False}, {"NULL": True}]))
sets = st.one_of(
    st.sets(st.sampled_from(["a", "ab"]), min_size=1).map(lambda members: {"SS": sorted(members)}),
    st.sets(st.sampled_from(["1", "2"]), min_size=1).map(lambda members: {"NS": sorted(members)}),
)
lists = st.lists(scalars, max_size=3).map(lambda elements: {"L": elements})
maps = st.dictionaries(st.sampled_from(["x", "y"]), st.one_of(scalars, lists)).map(lambda entries: {"M": entries})
anything = st.one_of(scalars, sets, lists, maps)
items = st.dictionaries(st.sampled_from("abcdefgh"), anything, max_size=8)

PATHS = {
    "a": ("a",),
    "b": ("b",),
    "c": ("c",),
    "d.x": ("d", "x"),
    "e[0]": ("e", 0),
    "f.y[1]": ("f", "y", 1),
    "#p": ("g",),
}
paths = st.sampled_from(sorted(PATHS))


# --- the naive evaluator --------------------------------------------------------------------------


def look_up(item, path):
    value = {"M": item}
    for step in PATHS[path]:
        try:
            value = value["M"][step] if isinstance(step, str) else value["L"][step]
        except (KeyError, IndexError):
            return None
    return value


def operand_value(operand, item, values):
    kind, what = operand
    if kind == "value":
        return values[what]
    value = look_up(item, what)
    if kind == "path" or value is None:
        return value
    ((tag, content),) = value.items()
    lengths = {"B": lambda text: len(raw({"B": text})), "N": None, "BOOL": None, "NULL": None}
    length = lengths.get(tag, len)
    return None if length is None else {"N": str(length(content))}


def raw(value):
    ((tag, content),) = value.items()
    if tag == "N":
        return Decimal(content)
    return base64.b64decode(content) if tag == "B" else content.encode()


def comparable(left, right):
    return left is not None and right is not None and set(left) == set(right) and set(left) <= {"S", "N", "B"}


def evaluate(node, item, values):
    kind, *parts = node
    if kind in ("and", "or"):
        results = [evaluate(part, item, values) for part in parts]
        return all(results) if kind == "and" else any(results)
    if kind == "not":
        return not evaluate(parts[0], item, values)
    name, *operands = parts
    found = [operand_value(operand, item, values) for operand in operands]
    sizeless = any(value is None and operand[0] == "size" for value, operand in zip(found, operands, strict=True))
    left, *rest = found
    match name:
        case "=":
            return None not in found and left == rest[0]
        case "<>":
            return not sizeless and (None in found or left != rest[0])
        case "<" | "<=" | ">" | ">=":
            if not comparable(left, rest[0]):
                return False
            one, two = raw(left), raw(rest[0])
            return {"<": one < two, "<=": one <= two, ">": one > two, ">=": one >= two}[name]
        case "BETWEEN":
            return all(comparable(left, bound) for bound in rest) and raw(rest[0]) <= raw(left) <= raw(rest[1])
        case "IN":
            return left is not None and left in [value for value in rest if value is not None]
        case "attribute_exists":
            return left is not None
        case "attribute_not_exists":
            return left is None
        case "begins_with":
            return comparable(left, rest[0]) and "N" not in left and raw(left).startswith(raw(rest[0]))
        case "contains":
            return None not in found and has(left, rest[0])


def has(container, wanted):
    ((tag, content),) = container.items()
    ((kind, member),) = wanted.items()
    if tag == "L":
        return wanted in content
    if tag in ("SS", "NS"):
        return kind == tag[0] and member in content
    return tag == kind and tag in ("S", "B") and raw(wanted) in raw(container)


# --- random conditions: a tree, its text, and the values it uses ----------------------------------


@st.composite
def conditions(draw):
    values = {}

    def placeholder(strategy):
        name = f":v{len(values)}"
        values[name] = draw(strategy)
        return ("value", name)

    def other(strategy, *without):
        kind = draw(st.sampled_from(["value", "value", "path", "size"]))
        if kind == "value":
            return placeholder(strategy)
        path = draw(paths.filter(lambda path: path not in without))
        return (kind, path)

    def leaf():
        name = draw(st.sampled_from(["=", "<>", "<", "<=", ">", ">=", "BETWEEN", "IN", *FUNCTIONS]))
        path = draw(paths)
        first = (draw(st.sampled_from(["path", "path", "size"])) if name not in FUNCTIONS else "path", path)
        match name:
            case "attribute_exists" | "attribute_not_exists":
                return ("leaf", name, first)
            case "begins_with":
                return ("leaf", name, first, placeholder(st.one_of(strings, binaries)))
            case "contains":
                return ("leaf", name, first, other(scalars, path))
            case "IN":
                return ("leaf", name, first, *[other(anything, path) for _ in range(draw(st.integers(1, 3)))])
            case "BETWEEN":
                strategy = draw(st.sampled_from([strings, numbers, binaries]))
                bounds = sorted([draw(strategy), draw(strategy)], key=raw)
                return ("leaf", name, first, placeholder(st.just(bounds[0])), placeholder(st.just(bounds[1])))
            case "=" | "<>":
                return ("leaf", name, first, other(anything, path))
            case _:
                operands = [first, other(ordered, path)]
                return ("leaf", name, *(operands if draw(st.booleans()) else reversed(operands)))

    def tree(depth):
        kind = draw(st.sampled_from(["leaf", "leaf", "and", "or", "not"])) if depth else "leaf"
        if kind == "leaf":
            return leaf()
        if kind == "not":
            return ("not", tree(depth - 1))
        return (kind, *[tree(depth - 1) for _ in range(draw(st.integers(2, 3)))])

    node = tree(3)
    return node, values


FUNCTIONS = ("attribute_exists", "attribute_not_exists", "begins_with", "contains")
BINDING = {"or": 0, "and": 1, "not": 2, "leaf": 3}


def needs_parentheses(inner, outer):
    return BINDING[inner] < BINDING[outer] or (inner == outer != "not")


def text_of(node):
    """Return the text of a condition with only the parentheses that it needs."""
    kind, *parts = node
    if kind == "leaf":
        return leaf_text(*parts)
    texts = [f"({text_of(part)})" if needs_parentheses(part[0], kind) else text_of(part) for part in parts]
    return f"NOT {texts[0]}" if kind == "not" else f" {kind.upper()} ".join(texts)


def leaf_text(name, *operands):
    first, *rest = [f"size({what})" if kind == "size" else what for kind, what in operands]
    if name in FUNCTIONS:
        return f"{name}({', '.join([first, *rest])})"
    if name == "BETWEEN":
        return f"{first} BETWEEN {rest[0]} AND {rest[1]}"
    return f"{first} IN ({', '.join(rest)})" if name == "IN" else f"{first} {name} {rest[0]}"


def request(parameter, text, values):
    parts = {"ExpressionAttributeNames": {"#p": "g"} if "#p" in text else {}, "ExpressionAttributeValues": values}
    return {parameter: text} | {key: part for key, part in parts.items() if part}


@profile(120)
@given(conditions(), st.lists(items, min_size=1, max_size=4))
def test_conditions_agree_with_a_naive_evaluator(condition, candidates):
    node, values = condition
    program = bind(request("ConditionExpression", text_of(node), values)).condition
    for item in candidates:
        expected = evaluate(node, item, values)
        assert program.test(item, values) is expected, text_of(node)
        part = decoder_of(program.attributes)(encode_row(item, 0))
        assert program.test(part, values) is expected, text_of(node)


# --- random updates -------------------------------------------------------------------------------

TARGETS = {
    "a": ("a",),
    "b.x": ("b", "x"),
    "b.y": ("b", "y"),
    "c[0]": ("c", 0),
    "c[1]": ("c", 1),
    "c[2]": ("c", 2),
    "c[7]": ("c", 7),
    "c[9]": ("c", 9),
    "d": ("d",),
}


def edited(item, actions, values):
    """Return the item after SETs and REMOVEs, or None if one of them is impossible.

    Positions in lists are those before the update.
    """
    new = copy.deepcopy(item)
    gone = object()
    for target, value in sorted(actions.items(), key=lambda action: [str(step) for step in TARGETS[action[0]]]):
        holder = {"M": new}
        *way, last = TARGETS[target]
        for step in way:
            holder = holder["M"].get(step)
            if holder is None:
                return None
        if ("M" if isinstance(last, str) else "L") not in holder:
            return None
        if isinstance(last, str):
            if value is None:
                holder["M"].pop(last, None)
            else:
                holder["M"][last] = values[value]
        elif last < len(holder["L"]):
            holder["L"][last] = gone if value is None else values[value]
        elif value is not None:
            holder["L"].append(values[value])
    for value in new.values():
        if "L" in value:
            value["L"] = [element for element in value["L"] if element is not gone]
    return new


@st.composite
def updates(draw):
    chosen = draw(st.lists(st.sampled_from(sorted(TARGETS)), min_size=1, unique=True))
    values = {}
    actions = {}
    for target in chosen:
        if draw(st.booleans()):
            values[f":v{len(values)}"] = draw(anything)
            actions[target] = f":v{len(values) - 1}"
        else:
            actions[target] = None
    return actions, values


@FEW
@given(updates(), items)
def test_updates_agree_with_a_naive_editor(update, item):
    actions, values = update
    written = [f"{target} = {value}" for target, value in actions.items() if value is not None]
    removed = [target for target, value in actions.items() if value is None]
    text = " ".join([f"SET {', '.join(written)}"] * bool(written) + [f"REMOVE {', '.join(removed)}"] * bool(removed))
    program = bind(request("UpdateExpression", text, values)).update
    before = copy.deepcopy(item)
    expected = edited(item, actions, values)
    if expected is None:
        with pytest.raises(
            ApiError, match=r"^ValidationException: The document path provided in the update expression is"
        ):
            program.apply(item, values, exists=True)
    else:
        assert program.apply(item, values, exists=True) == expected
    assert item == before


# --- random texts ---------------------------------------------------------------------------------

WORDS = """
a b.c #p :v ( ) [ ] 0 1 , . = <> < + - AND or NOT IN BETWEEN SET REMOVE add DELETE size( contains( attribute_exists(
if_not_exists( list_append( name ! é \0 \U0001f600
"""
pieces = st.lists(st.sampled_from(WORDS.split()))
texts = st.one_of(st.text(), pieces.map(" ".join), pieces.map("".join))


@profile(120)
@given(texts)
@example("(" * 4096)
@example("NOT " * 1024)
@example("NOT " * 1023 + "a=b")
@example("NOT(" * 1024)
@example("(" * 2000 + "a=b" + ")" * 2000)
@example("(" * 2000 + "a" + ")" * 2000 + "=b")
@example("f(" * 2000 + "a" + ")" * 2000)
@example("size(" * 600 + "a" + ")" * 600 + "=b")
@example("(a=b AND " * 300 + "c=d" + ")" * 300)
@example("(a=b AND " * 148 + "c=d" + ")" * 148)
@example("NOT (a=b OR " * 99 + "c=d" + ")" * 99)
@example("a=b AND " * 500 + "c=d")
@example("SET a=" + "(" * 2000 + "b" + ")" * 2000)
@example("SET a=" + "list_append(" * 250 + "b" + ",c)" * 250)
@example("SET a=" + "list_append(" * 148 + "b" + ",c)" * 148)
@example("SET a=" + "(b+" * 148 + "c" + ")" * 148)
@example("SET " + ",".join(f"a{i}=b" for i in range(400)))
@example("a" + ".a" * 2000)
@example("a" + "[0]" * 1300)
@example("SET a" + ".a" * 2000 + "=b")
@example("REMOVE " + ",".join(f"a.b{i}" for i in range(500)))
@example("a[" + "9" * 4000 + "]")
@example("a" + " " * 4095)
@example("-" * 4096)
def test_every_text_is_accepted_or_refused(text):
    for parse in (parse_condition, parse_update, parse_projection):
        with suppress(ExpressionError):
            parse(text)
    for parameter in ("ConditionExpression", "UpdateExpression", "ProjectionExpression", "KeyConditionExpression"):
        wire = {parameter: text}
        if "#p" in text:
            wire["ExpressionAttributeNames"] = {"#p": "g"}
        if ":v" in text:
            wire["ExpressionAttributeValues"] = {":v": {"N": "1"}}
        with suppress(ApiError):
            run(bind(wire), {"a": {"S": "x"}, "b": {"L": []}, "c": {"L": []}}, {":v": {"N": "1"}})


def run(bound, item, values):
    """Run each program that bind() made of a request."""
    if bound.condition is not None:
        assert isinstance(bound.condition.test(item, values), bool)
    if bound.projection is not None:
        assert bound.projection.project(item).keys() <= item.keys()
    if bound.update is not None:
        bound.update.apply(item, values, exists=True)
