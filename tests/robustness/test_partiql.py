"""Random statements do the same as native operations, and broken statements get a 400.

Each random statement is generated together with its twin, the native operation that does the same:
conditions become filter or condition expressions, changes become update expressions, and literals
and parameters become values. The twin works on a second table with the same items.
"""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.errors import ApiError
from emulator.settings import Settings
from tests.support.in_process import InProcess
from tests.support.profile import profile
from tests.support.tables import index_request, table_request

PARTIQL, NATIVE = "partiql", "native"
ITEMS: list[dict[str, Any]] = [
    {"a": {"N": "1"}, "b": {"S": "abc"}, "g": {"S": "x"}, "m": {"M": {"x": {"N": "2"}, "y": {"S": "a"}}}},
    {"a": {"N": "2"}, "b": {"S": "it's"}, "g": {"S": "y"}, "l": {"L": [{"N": "1"}, {"S": "a"}, {"BOOL": True}]}},
    {"a": {"N": "-1.5"}, "b": {"NULL": True}, "g": {"S": "x"}, "s": {"SS": ["a", "abc"]}, "n": {"NS": ["1", "2"]}},
    {"a": {"S": "1"}, "b": {"BOOL": False}, "l": {"L": []}, "m": {"M": {}}, "s": {"NS": ["1"]}},
    {"b": {"B": "AAE="}, "m": {"M": {"x": {"L": [{"N": "2"}]}}}, "x": {"S": "x" * 5000}},
    {},
]
KEYS = [{"pk": {"S": pk}, "sk": {"N": str(sk)}} for pk in ("p", "q'r") for sk in (-1, 2, 10)]
SEEDED = [{**key, **item} for key, item in zip(KEYS, ITEMS, strict=True)]


class World:
    """Two tables with the same items: PARTIQL for statements, NATIVE for their twins."""

    def __init__(self) -> None:
        self.call = InProcess(Settings(in_memory=True))
        for name in (PARTIQL, NATIVE):
            request = table_request("pk:S sk:N", define="g:S", GlobalSecondaryIndexes=[index_request("gsi", "g sk")])
            self.call("CreateTable", {**request, "TableName": name})
            self.call("DescribeTable", TableName=name)
        self.reset()

    def reset(self) -> None:
        for name in (PARTIQL, NATIVE):
            for item in self.items(name):
                self.call("DeleteItem", TableName=name, Key={"pk": item["pk"], "sk": item["sk"]})
            for item in SEEDED:
                self.call("PutItem", TableName=name, Item=item)

    def items(self, name: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.call("Scan", TableName=name)["Items"]
        return found

    def outcome(self, operation: str, request: dict[str, Any]) -> Any:
        """Return the answer, or the error: code and message, without the name of its expression."""
        try:
            return self.call(operation, request)  # raises any other exception, which would be a 500
        except ApiError as error:
            message = (error.message or "").removeprefix("1 validation error detected: ")
            for parameter in ("UpdateExpression", "ConditionExpression", "FilterExpression"):
                message = message.removeprefix(f"Invalid {parameter}: ")
            return (error.code if error.status == 400 else error.status), message


@pytest.fixture(scope="module")
def world():
    found = World()
    yield found
    found.call.emulator.close()


# --- values and their two spellings ---------------------------------------------------------------

TEXTS = st.sampled_from(["", "a", "abc", "it's", "x", "é\n"])
NUMBERS = st.sampled_from(["0", "1", "2", "-1.5", "10", "0.001", "1000000"])
SCALARS = st.one_of(
    st.builds(lambda text: {"S": text}, TEXTS),
    st.builds(lambda text: {"N": text}, NUMBERS),
    st.builds(lambda truth: {"BOOL": truth}, st.booleans()),
    st.just({"NULL": True}),
    st.just({"B": "AAE="}),
)
SETS = st.one_of(
    st.builds(lambda members: {"SS": sorted(members)}, st.sets(TEXTS, min_size=1, max_size=3)),
    st.builds(lambda members: {"NS": sorted(members, key=float)}, st.sets(NUMBERS, min_size=1, max_size=3)),
)
VALUES = st.recursive(
    SCALARS | SETS,
    lambda inner: st.one_of(
        st.builds(lambda elements: {"L": elements}, st.lists(inner, max_size=3)),
        st.builds(lambda entries: {"M": entries}, st.dictionaries(TEXTS.filter(bool), inner, max_size=3)),
    ),
    max_leaves=5,
)


PATHS = st.sampled_from(["a", "b", "m", "l", "s", "n", "nope", "m.x", "m.y", "m.nope", "l[0]", "l[1]"])


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


class Twin:
    """Collects a statement's parameters, and the names and values of its twin, as they are used."""

    def __init__(self, draw: Any) -> None:
        self.draw = draw
        self.parameters: list[dict[str, Any]] = []
        self.names: dict[str, str] = {}
        self.values: dict[str, dict[str, Any]] = {}

    def literal(self, value: dict[str, Any]) -> str:
        """Return a value as PartiQL: as a literal, or with `?` for the value or for parts of it."""
        [(tag, content)] = value.items()
        if tag == "B" or self.draw(st.integers(0, 3)) == 0:
            self.parameters.append(value)
            return "?"
        match tag:
            case "S":
                return quoted(content)
            case "N":
                return str(content)
            case "BOOL":
                return "true" if content else "FALSE"
            case "NULL":
                return "null"
            case "SS":
                return f"<<{', '.join(map(quoted, content))}>>"
            case "NS":
                return f"<<{', '.join(content)}>>"
            case "L":
                return f"[{', '.join(map(self.literal, content))}]"
            case _:
                return (
                    "{" + ", ".join(f"{quoted(name)}: {self.literal(inner)}" for name, inner in content.items()) + "}"
                )

    def value(self, values: Any = VALUES) -> tuple[str, str]:
        drawn = self.draw(values)
        name = f":v{len(self.values)}"
        self.values[name] = drawn
        return self.literal(drawn), name

    def path(self, paths: Any = None) -> tuple[str, str]:
        path = self.draw(PATHS if paths is None else paths)
        head = path.split(".")[0].split("[")[0]
        self.names[f"#{head}"] = head
        spelled = f'"{head}"{path[len(head) :]}' if self.draw(st.booleans()) else path
        return spelled, f"#{path}"

    def operand(self) -> tuple[str, str]:
        kind = self.draw(st.integers(0, 3))
        if kind == 0:
            path = self.path()
            return f"SIZE({path[0]})", f"size({path[1]})"
        return self.path() if kind == 1 else self.value()

    def request(self, **members: Any) -> dict[str, Any]:
        names = {"ExpressionAttributeNames": self.names} if self.names else {}
        values = {"ExpressionAttributeValues": self.values} if self.values else {}
        return {**members, **names, **values}

    def statement(self, text: str, **members: Any) -> dict[str, Any]:
        parameters = {"Parameters": self.parameters} if self.parameters else {}
        return {"Statement": text, **parameters, **members}


def condition(twin: Twin, depth: int = 2) -> tuple[str, str]:
    """Return a random condition in PartiQL, and the same as an expression."""
    kinds = ["compare", "function", "exists", "between", "in", "type", "missing"]
    kind = twin.draw(st.sampled_from([*kinds, *(["and", "or", "not"] if depth else [])]))
    match kind:
        case "and" | "or":
            left, right = condition(twin, depth - 1), condition(twin, depth - 1)
            return (f"({left[0]}) {kind} ({right[0]})", f"({left[1]}) {kind} ({right[1]})")
        case "not":
            inner = condition(twin, depth - 1)
            return f"NOT ({inner[0]})", f"NOT ({inner[1]})"
        case "compare":
            left, operator, right = (
                twin.path(),
                twin.draw(st.sampled_from(["=", "<>", "<", "<=", ">", ">="])),
                twin.operand(),
            )
            space = twin.draw(st.sampled_from(["", " ", " -- so\n"]))
            return f"{left[0]}{space}{operator}{space}{right[0]}", f"{left[1]} {operator} {right[1]}"
        case "function":
            name = twin.draw(st.sampled_from(["begins_with", "contains"]))
            path, value = twin.path(), twin.value(SCALARS)
            return f"{name.upper()}({path[0]}, {value[0]})", f"{name}({path[1]}, {value[1]})"
        case "between":
            path, low, high = twin.path(), twin.value(SCALARS), twin.value(SCALARS)
            return f"{path[0]} BETWEEN {low[0]} AND {high[0]}", f"{path[1]} BETWEEN {low[1]} AND {high[1]}"
        case "in":
            path = twin.path()
            options = [twin.value() for _ in range(twin.draw(st.integers(1, 3)))]
            spelled = ", ".join(option[0] for option in options)
            listed = f"[{spelled}]" if twin.draw(st.booleans()) else f"({spelled})"
            return f"{path[0]} IN {listed}", f"{path[1]} IN ({', '.join(option[1] for option in options)})"
        case "type":
            path = twin.path()
            word, tag = twin.draw(
                st.sampled_from([("STRING", "S"), ("NUMBER", "N"), ("BOOL", "BOOL"), ("NULL", "NULL")])
            )
            name = f":v{len(twin.values)}"
            twin.values[name] = {"S": tag}
            return f"{path[0]} IS {word}", f"attribute_type({path[1]}, {name})"
        case "missing":
            path = twin.path()
            return f"{path[0]} IS MISSING", f"attribute_not_exists({path[1]})"
        case _:
            path = twin.path()
            return f"attribute_exists({path[0]})", f"attribute_exists({path[1]})"


def key_of(twin: Twin) -> tuple[str, dict[str, Any]]:
    """Return a PartiQL condition for a whole key, and this key. Its item may exist or not."""
    key = twin.draw(st.sampled_from([*KEYS, {"pk": {"S": "p"}, "sk": {"N": "7"}}]))
    text = f"pk = {twin.literal(key['pk'])} AND sk = {twin.literal(key['sk'])}"
    return text, key


# --- reads ----------------------------------------------------------------------------------------


@given(st.data())
@profile(300)
def test_select_returns_what_query_and_scan_return(world, data):
    twin = Twin(data.draw)
    request: dict[str, Any] = {"TableName": NATIVE, "ReturnConsumedCapacity": "INDEXES", "ConsistentRead": False}
    source, operation, conditions, order = PARTIQL, "Scan", [], ""
    index = data.draw(st.booleans())
    if index:
        source, request["IndexName"] = f'{PARTIQL}."gsi"', "gsi"
    hash_name, hash_values = ("g", ["x", "y"]) if index else ("pk", ["p", "q'r", "no"])
    if data.draw(st.booleans()):
        operation = "Query"
        value, name = twin.value(st.sampled_from([{"S": text} for text in hash_values]))
        twin.names["#h"] = hash_name
        conditions.append(f"{hash_name} = {value}")
        request["KeyConditionExpression"] = f"#h = {name}"
        if data.draw(st.booleans()):
            operator = data.draw(st.sampled_from(["<", "<=", ">", ">=", *(["="] if index else [])]))
            value, name = twin.value(st.sampled_from([{"N": "-1"}, {"N": "2"}, {"N": "3"}]))
            conditions.append(f"sk {operator} {value}")
            request["KeyConditionExpression"] += f" AND sk {operator} {name}"
        if data.draw(st.booleans()):
            order, request["ScanIndexForward"] = "ORDER BY sk DESC", False
    if data.draw(st.booleans()):
        spelled, request["FilterExpression"] = condition(twin)
        conditions.append(f"({spelled})")
    columns = "*"
    if data.draw(st.booleans()):
        chosen = data.draw(st.lists(st.sampled_from(["a", "b", "m", "sk"]), min_size=1, max_size=3, unique=True))
        columns = ", ".join(chosen)
        twin.names.update({f"#p{name}": name for name in chosen})
        request["ProjectionExpression"] = ", ".join(f"#p{name}" for name in chosen)
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    text = f"SELECT {columns} FROM {source} {where} {order}"
    limit = {"Limit": data.draw(st.integers(1, 4))} if data.draw(st.booleans()) else {}
    statement = twin.statement(text, ReturnConsumedCapacity="INDEXES", **limit)
    expected = world.outcome(operation, twin.request(**request, **limit))
    found = world.outcome("ExecuteStatement", statement)
    if isinstance(expected, tuple):
        assert found == expected, text
        return
    assert found["Items"] == expected["Items"], text
    assert found.get("LastEvaluatedKey") == expected.get("LastEvaluatedKey"), text
    assert ("NextToken" in found) == ("LastEvaluatedKey" in expected)
    assert found["ConsumedCapacity"] == {**expected["ConsumedCapacity"], "TableName": PARTIQL}
    if "NextToken" in found:
        rest = world.outcome("ExecuteStatement", {**statement, "NextToken": found["NextToken"]})
        native = world.outcome(
            operation, twin.request(**request, **limit, ExclusiveStartKey=expected["LastEvaluatedKey"])
        )
        assert rest["Items"] == native["Items"], text


@given(st.data())
@profile(150)
def test_select_by_key_is_get_item(world, data):
    twin = Twin(data.draw)
    where, key = key_of(twin)
    found = world.outcome("ExecuteStatement", twin.statement(f"SELECT * FROM {PARTIQL} WHERE {where}"))
    item = world.call("GetItem", TableName=NATIVE, Key=key).get("Item")
    assert found == {"Items": [] if item is None else [item]}


@given(st.data())
@profile(200)
def test_in_and_or_on_the_partition_key_run_several_queries(world, data):
    twin = Twin(data.draw)
    names = data.draw(st.lists(st.sampled_from(["p", "q'r", "no"]), min_size=1, max_size=3, unique=True))
    spelled, native = condition(twin) if data.draw(st.booleans()) else ("", "")
    filters = {"FilterExpression": native} if native else {}
    expected: Any = []
    for name in names:
        request = twin.request(TableName=NATIVE, KeyConditionExpression="pk = :p", **filters)
        request["ExpressionAttributeValues"] = {**twin.values, ":p": {"S": name}}
        answer = world.outcome("Query", request)
        expected = answer if isinstance(answer, tuple) else expected + answer["Items"]
        if isinstance(answer, tuple):
            break
    extra = f"({spelled}) AND " if spelled else ""
    values = ", ".join(map(quoted, names))
    found = world.outcome("ExecuteStatement", twin.statement(f"SELECT * FROM {PARTIQL} WHERE {extra}pk IN [{values}]"))
    assert (found if isinstance(found, tuple) else found["Items"]) == expected
    if not spelled:
        either = " OR ".join(f"pk = {quoted(name)}" for name in names)
        assert world.call("ExecuteStatement", Statement=f"SELECT * FROM {PARTIQL} WHERE {either}") == found


# --- writes ---------------------------------------------------------------------------------------

RETURNING = {"ALL OLD": "ALL_OLD", "ALL NEW": "ALL_NEW", "MODIFIED OLD": "UPDATED_OLD", "MODIFIED NEW": "UPDATED_NEW"}


def change(twin: Twin) -> tuple[str, str, str]:
    """Return a random SET or REMOVE of PartiQL, and its twin: section and text of an update."""
    targets = st.sampled_from(["a", "b", "s", "n", "m.x", "m.z", "l[0]", "l[7]", "z", "nope.x"])
    kind = twin.draw(st.sampled_from(["value", "path", "add", "remove", "append", "set_add", "set_delete"]))
    target = twin.path(targets)
    match kind:
        case "value":
            value = twin.value()
        case "path":
            value = twin.path()
        case "add":
            path, number, sign = twin.path(), twin.value(SCALARS), twin.draw(st.sampled_from("+-"))
            value = f"{path[0]} {sign} {number[0]}", f"{path[1]} {sign} {number[1]}"
        case "append":
            path, added = (
                twin.path(),
                twin.value(st.builds(lambda elements: {"L": elements}, st.lists(SCALARS, max_size=2))),
            )
            value = f"LIST_APPEND({path[0]}, {added[0]})", f"list_append({path[1]}, {added[1]})"
        case "remove":
            return f"REMOVE {target[0]}", "REMOVE", target[1]
        case _:
            members = twin.value(SETS)
            section = "ADD" if kind == "set_add" else "DELETE"
            return f"SET {target[0]} = {kind}({target[0]}, {members[0]})", section, f"{target[1]} {members[1]}"
    return f"SET {target[0]} = {value[0]}", "SET", f"{target[1]} = {value[1]}"


@given(st.data())
@profile(300)
def test_update_is_update_item(world, data):
    world.reset()
    twin = Twin(data.draw)
    changes = [change(twin) for _ in range(data.draw(st.integers(1, 3)))]
    where, key = key_of(twin)
    guard = "attribute_exists(pk)"
    if data.draw(st.booleans()):
        spelled, native = condition(twin, 1)
        where, guard = f"{where} AND ({spelled})", f"{guard} AND ({native})"
    returning = data.draw(st.sampled_from([None, *RETURNING]))
    text = f"UPDATE {PARTIQL} {' '.join(each[0] for each in changes)} WHERE {where}"
    sections = [
        f"{section} {', '.join(text for _, kind, text in changes if kind == section)}"
        for section in ("SET", "REMOVE", "ADD", "DELETE")
        if any(kind == section for _, kind, _ in changes)
    ]
    request = twin.request(
        TableName=NATIVE,
        Key=key,
        UpdateExpression=" ".join(sections),
        ConditionExpression=guard,
        ReturnValues=RETURNING[returning] if returning else "NONE",
    )
    found = world.outcome("ExecuteStatement", twin.statement(f"{text} RETURNING {returning} *" if returning else text))
    expected = world.outcome("UpdateItem", request)
    if isinstance(expected, dict):
        assert found == {"Items": [expected["Attributes"]] if "Attributes" in expected else []}, text
    elif len(changes) > 1 and expected[0] == "ValidationException":
        # The first problem is reported. In the update expression, which groups the changes by
        # section, another problem may be the first.
        assert isinstance(found, tuple), text
        assert found[0] == expected[0], text
    else:
        assert found == expected, text
    assert world.items(PARTIQL) == world.items(NATIVE), text


@given(st.data())
@profile(200)
def test_insert_is_a_put_of_a_new_item(world, data):
    world.reset()
    twin = Twin(data.draw)
    item = data.draw(st.dictionaries(st.sampled_from(["a", "it's", "é", "g"]), VALUES, max_size=3))
    item |= data.draw(st.sampled_from([*KEYS, {"pk": {"S": "new"}, "sk": {"N": "7"}}]))
    text = f"INSERT INTO {PARTIQL} VALUE {twin.literal({'M': item})}"
    found = world.outcome("ExecuteStatement", twin.statement(text))
    request = {"TableName": NATIVE, "Item": item, "ConditionExpression": "attribute_not_exists(pk)"}
    expected = world.outcome("PutItem", request)
    if expected == ("ConditionalCheckFailedException", "The conditional request failed"):
        expected = ("DuplicateItemException", "Duplicate primary key exists in table")
    assert found == ({"Items": []} if expected == {} else expected)
    assert world.items(PARTIQL) == world.items(NATIVE)


@given(st.data())
@profile(200)
def test_delete_is_delete_item(world, data):
    world.reset()
    twin = Twin(data.draw)
    where, key = key_of(twin)
    request: dict[str, Any] = {"TableName": NATIVE, "Key": key, "ReturnValues": "ALL_OLD"}
    if data.draw(st.booleans()):
        spelled, native = condition(twin, 1)
        where = f"{where} AND ({spelled})"
        request["ConditionExpression"] = f"attribute_not_exists(pk) OR ({native})"
    text = f"DELETE FROM {PARTIQL} WHERE {where} RETURNING ALL OLD *"
    found = world.outcome("ExecuteStatement", twin.statement(text))
    expected = world.outcome("DeleteItem", twin.request(**request))
    if isinstance(expected, dict):
        expected = {"Items": [expected["Attributes"]] if "Attributes" in expected else []}
    assert found == expected, text
    assert world.items(PARTIQL) == world.items(NATIVE)


# --- broken statements ----------------------------------------------------------------------------

WHOLE = [
    f"""SELECT a, m.x[0] FROM {PARTIQL} WHERE pk = 'p' AND sk BETWEEN -1 AND 1e1 AND (a IS NOT NULL OR size(l) > ?)
    ORDER BY sk""",
    f"""SELECT * FROM "{PARTIQL}"."gsi" WHERE g IN ['x', ?] AND NOT contains(b, 'it''s') -- all""",
    f"""INSERT INTO {PARTIQL} VALUE {{'pk': 'z', 'sk': 1, 'a': [1, {{'x': <<1, 2.5>>}}, null, TRUE, ?]}}""",
    f"""UPDATE {PARTIQL} SET a = a + 1, b = ? SET s = set_add(s, <<'a'>>) REMOVE m.x WHERE pk = 'p' AND sk = 2
    RETURNING ALL NEW *""",
    f"""FROM {PARTIQL} WHERE pk = 'p' AND sk = 2 AND attribute_exists(a) SET l = list_append(l, [?])""",
    f"""DELETE FROM {PARTIQL} WHERE pk = ? AND sk = 2 AND begins_with(b, 'i') RETURNING ALL OLD * /* gone */""",
]
SYMBOLS = [
    "'",
    '"',
    "''",
    '""',
    *"?()[]{},.=-*#;/",
    "<<",
    ">>",
    "<>",
    "--",
    "/*",
    "\0",
    "é",
    "1",
    "1e400",
    "1e99999999999",
]
WORDS = [
    "NULL",
    "AND",
    "OR",
    "NOT",
    "IN",
    "IS",
    "SELECT",
    "FROM",
    "WHERE",
    "SET",
    "VALUE",
    "RETURNING",
    "size",
    "exists(a)",
]
LONG = ["(" * 300, "[" * 300, "NOT " * 400, "a = 1 OR " * 310]


@st.composite
def broken(draw: Any) -> str:
    text = draw(st.sampled_from(WHOLE))
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(text)))
        stop = draw(st.integers(start, min(start + 8, len(text))))
        text = (
            text[:start]
            + draw(st.just("") | st.sampled_from([*SYMBOLS, *WORDS, *LONG]) | st.text(max_size=3))
            + text[stop:]
        )
    return text


REFUSALS = {
    "ValidationException",
    "ResourceNotFoundException",
    "ConditionalCheckFailedException",
    "DuplicateItemException",
}


@given(st.data())
@profile(500)
def test_broken_statements_are_a_400(world, data):
    text = data.draw(broken())
    text = text.encode("utf-8", "ignore").decode()
    world.reset()
    before = world.items(PARTIQL)
    parameters = data.draw(st.lists(VALUES, min_size=1, max_size=2))
    request = {"Statement": text, "Parameters": parameters}
    operation = data.draw(st.sampled_from(["ExecuteStatement", "BatchExecuteStatement"]))
    if operation == "BatchExecuteStatement":
        request = {"Statements": [request]}
    answer = world.outcome(operation, request)
    if isinstance(answer, tuple):
        assert answer[0] in REFUSALS, text
        assert answer[1], text
    changed = world.items(PARTIQL) != before
    refused = isinstance(answer, tuple) or any("Error" in response for response in answer.get("Responses", ()))
    assert not (changed and refused), text
