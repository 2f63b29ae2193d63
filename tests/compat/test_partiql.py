"""ExecuteStatement and BatchExecuteStatement (behaviour 14)."""

import pytest
from botocore.exceptions import ClientError

from tests.support.http_clients import without_metadata
from tests.support.tables import index_request, new_name

DUPLICATE = ("DuplicateItemException", "Duplicate primary key exists in table")
ONE_TABLE = "FROM clause may only contain a single table name in data manipulation statements"
FAILED = ("ConditionalCheckFailedException", "The conditional request failed")


@pytest.fixture(scope="module")
def table(make_shared_table):
    """A table for all tests; each test uses its own partitions. `g` and `l` are index keys."""
    return make_shared_table(
        "pk:S sk:N",
        define="g:S l:S",
        LocalSecondaryIndexes=[index_request("local", "pk l", "KEYS_ONLY")],
        GlobalSecondaryIndexes=[index_request("global", "g sk", "INCLUDE", ["x"])],
    )


class Statements:
    """Runs statements for one test. {t} stands for the table, {p} for the test's partition key."""

    def __init__(self, client, table):
        self.client, self.table = client, table
        self.partition = new_name("p")

    def text(self, text):
        return text.replace("{t}", f'"{self.table}"').replace("{p}", f"'{self.partition}'")

    def __call__(self, text, *parameters, **options):
        """Run a statement; return the answer without its metadata."""
        if parameters:
            options["Parameters"] = list(parameters)
        return without_metadata(self.client.execute_statement(Statement=self.text(text), **options))

    def items(self, text, *parameters, **options):
        return self(text, *parameters, **options)["Items"]

    def refused(self, text, *parameters, **options):
        with pytest.raises(ClientError) as caught:
            self(text, *parameters, **options)
        return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]

    def put(self, *sorts, **attributes):
        """Put an item for each sort key."""
        for sort in sorts:
            item = {"pk": {"S": self.partition}, "sk": {"N": str(sort)}, **attributes}
            self.client.put_item(TableName=self.table, Item=item)

    def get(self, sort):
        """Return an item without its key attributes, or None if there is no item."""
        key = {"pk": {"S": self.partition}, "sk": {"N": str(sort)}}
        item = self.client.get_item(TableName=self.table, Key=key, ConsistentRead=True).get("Item")
        return item and {name: value for name, value in item.items() if name not in key}

    def sorts(self, text, *parameters, **options):
        """Return the sort keys of the items that a SELECT finds."""
        return [int(item["sk"]["N"]) for item in self.items(text, *parameters, **options)]


@pytest.fixture
def run(client, table):
    return Statements(client, table)


# --- INSERT ---------------------------------------------------------------------------------------


def test_insert_puts_the_item_of_its_literal(run):
    answer = run(
        """INSERT INTO {t} VALUE {'pk': {p}, 'sk': 1, 's': 'it''s', 'n': -.5e1, 'yes': TRUE, 'no': false, 'nil': null,
        'list': [1, 'a', [], {}], 'map': {'a b': {'c': <<'y', 'x'>>}}, 'numbers': <<2, 1.0>>}"""
    )
    assert answer == {"Items": []}
    assert run.get(1) == {
        "s": {"S": "it's"},
        "n": {"N": "-5"},
        "yes": {"BOOL": True},
        "no": {"BOOL": False},
        "nil": {"NULL": True},
        "list": {"L": [{"N": "1"}, {"S": "a"}, {"L": []}, {"M": {}}]},
        "map": {"M": {"a b": {"M": {"c": {"SS": ["x", "y"]}}}}},
        "numbers": {"NS": ["1", "2"]},
    }


def test_parameters_stand_for_any_value(run):
    run(
        "INSERT INTO {t} VALUE {'pk': ?, 'sk': ?, 'b': ?, 'list': [1, ?], 'map': {'a': ?}, 'set': <<?, 'x'>>}",
        {"S": run.partition},
        {"N": "1.0"},
        {"B": b"\0"},
        {"L": [{"NULL": True}]},
        {"BS": [b"a"]},
        {"S": "y"},
    )
    assert run.get(1) == {
        "b": {"B": b"\0"},
        "list": {"L": [{"N": "1"}, {"L": [{"NULL": True}]}]},
        "map": {"M": {"a": {"BS": [b"a"]}}},
        "set": {"SS": ["x", "y"]},
    }


def test_insert_of_an_existing_key_is_refused(run):
    run.put(1, x={"S": "old"})
    assert run.refused("INSERT INTO {t} VALUE {'pk': {p}, 'sk': 1}") == DUPLICATE
    assert run.get(1) == {"x": {"S": "old"}}


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ("{'pk': {p}}", "One or more parameter values were invalid: Missing the key sk in the item"),
        (
            "{'pk': {p}, 'sk': 'x'}",
            "One or more parameter values were invalid: Type mismatch for key sk expected: N actual: S",
        ),
        (
            "{'pk': '', 'sk': 1}",
            (
                "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty "
                "string value. Key: pk"
            ),
        ),
        (
            "{'pk': {p}, 'sk': 1, 'g': 1}",
            (
                "One or more parameter values were invalid: Type mismatch for Index Key g Expected: S Actual: N "
                "IndexName: global"
            ),
        ),
        (
            "{'pk': {p}, 'sk': 1, 'deep': " + "[" * 33 + "]" * 33 + "}",
            (
                "Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported "
                "limit"
            ),
        ),
    ],
)
def test_insert_checks_the_item(run, item, message):
    assert run.refused(f"INSERT INTO {{t}} VALUE {item}") == ("ValidationException", message)


def test_insert_of_too_large_an_item_is_refused(run):
    refused = run.refused("INSERT INTO {t} VALUE {'pk': {p}, 'sk': 1, 'x': ?}", {"S": "x" * 409_600})
    assert refused == ("ValidationException", "Item size has exceeded the maximum allowed size")


# --- UPDATE ---------------------------------------------------------------------------------------


def test_update_runs_all_of_its_clauses(run):
    run.put(1, a={"N": "1"}, m={"M": {"x": {"N": "1"}, "y": {"N": "2"}}}, l2={"L": [{"N": "0"}]}, gone={"S": "x"})
    run(
        """UPDATE {t} SET a = a + 5, m.x = 10 - m.y SET b = m REMOVE gone REMOVE m.y
        SET l2 = list_append(l2, [1, ?]) WHERE pk = {p} AND sk = 1""",
        {"S": "z"},
    )
    assert run.get(1) == {
        "a": {"N": "6"},
        "m": {"M": {"x": {"N": "8"}}},
        "b": {"M": {"x": {"N": "1"}, "y": {"N": "2"}}},
        "l2": {"L": [{"N": "0"}, {"N": "1"}, {"S": "z"}]},
    }


def test_the_table_may_come_first(run):
    run.put(1, a={"N": "1"})
    assert run("FROM {t} WHERE pk = {p} AND sk = 1 AND a = 1 SET a = 2") == {"Items": []}
    assert run.get(1) == {"a": {"N": "2"}}


def test_sets_grow_and_shrink(run):
    run.put(1, s={"SS": ["a"]})
    where = "WHERE pk = {p} AND sk = 1"
    run("UPDATE {t} SET s = set_add(s, <<'a', 'b'>>) SET n = SET_ADD(n, ?) " + where, {"NS": ["1"]})
    assert run.get(1) == {"s": {"SS": ["a", "b"]}, "n": {"NS": ["1"]}}
    run("UPDATE {t} SET s = set_delete(s, <<'b', 'z'>>) SET n = set_delete(n, <<1>>) " + where)
    assert run.get(1) == {"s": {"SS": ["a"]}}


@pytest.mark.parametrize(
    "change", ["SET a = 1", "SET a = set_add(a, <<1>>)", "SET a = set_delete(a, <<1>>)", "REMOVE a"]
)
def test_update_needs_an_item(run, change):
    assert run.refused(f"UPDATE {{t}} {change} WHERE pk = {{p}} AND sk = 1") == FAILED
    assert run.get(1) is None


def test_update_beyond_the_end_of_a_list_appends(run):
    run.put(1, list={"L": [{"N": "0"}]})
    run('UPDATE {t} SET "list"[9] = 9 SET "list"[5] = 5 WHERE pk = {p} AND sk = 1')
    assert run.get(1) == {"list": {"L": [{"N": "0"}, {"N": "5"}, {"N": "9"}]}}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("SET a[0] = 1", "The document path provided in the update expression is invalid for update"),
        ("SET a = nothing", "The provided expression refers to an attribute that does not exist in the item"),
        ("SET a = x + 1", "An operand in the update expression has an incorrect data type"),
        ("SET x = set_add(x, <<1>>)", "An operand in the update expression has an incorrect data type"),
        (
            "SET sk = 2",
            "One or more parameter values were invalid: Cannot update attribute sk. This attribute is part of the key",
        ),
        (
            "SET a = 1 REMOVE a",
            (
                "Two document paths overlap with each other; must remove or rewrite one of these paths; "
                "path one: [a], path two: [a]"
            ),
        ),
    ],
)
def test_updates_that_are_refused(run, change, message):
    run.put(1, x={"S": "x"})
    assert run.refused(f"UPDATE {{t}} {change} WHERE pk = {{p}} AND sk = 1") == ("ValidationException", message)


def test_a_failed_condition_returns_the_item_on_request(run, client):
    run.put(1, a={"N": "1"})
    statement = run.text("UPDATE {t} SET a = 2 WHERE pk = {p} AND sk = 1 AND a = 5")
    with pytest.raises(client.exceptions.ConditionalCheckFailedException) as caught:
        client.execute_statement(Statement=statement, ReturnValuesOnConditionCheckFailure="ALL_OLD")
    assert caught.value.response["Item"] == {"pk": {"S": run.partition}, "sk": {"N": "1"}, "a": {"N": "1"}}
    with pytest.raises(client.exceptions.ConditionalCheckFailedException) as caught:
        client.execute_statement(Statement=statement)
    assert "Item" not in caught.value.response


@pytest.mark.parametrize(
    ("returning", "expected"),
    [
        ("", []),
        ("RETURNING MODIFIED OLD *", [{"a": {"N": "1"}, "m": {"M": {"x": {"N": "1"}}}}]),
        (
            "RETURNING MODIFIED NEW *",
            [{"a": {"N": "2"}, "b": {"N": "3"}, "m": {"M": {"x": {"N": "4"}}}, "l1": {"L": [{"N": "5"}, {"N": "6"}]}}],
        ),
    ],
)
def test_returning_modified(run, returning, expected):
    run.put(1, a={"N": "1"}, m={"M": {"x": {"N": "1"}, "y": {"N": "1"}}}, l1={"L": [{"N": "0"}]})
    change = "SET a = 2, b = 3, m.x = 4, l1[2] = 6, l1[1] = 5"
    assert run.items(f"UPDATE {{t}} {change} WHERE pk = {{p}} AND sk = 1 {returning}") == expected


def test_returning_all(run):
    run.put(1, a={"N": "1"})
    key = {"pk": {"S": run.partition}, "sk": {"N": "1"}}
    where = "WHERE pk = {p} AND sk = 1"
    assert run.items(f"UPDATE {{t}} SET a = 2 {where} RETURNING ALL OLD *") == [{**key, "a": {"N": "1"}}]
    assert run.items(f"UPDATE {{t}} SET a = 3 {where} RETURNING ALL NEW *") == [{**key, "a": {"N": "3"}}]
    assert run.items(f"UPDATE {{t}} REMOVE a {where} RETURNING MODIFIED NEW *") == []
    assert run.items(f"DELETE FROM {{t}} {where} RETURNING ALL OLD *") == [key]
    assert run.items(f"DELETE FROM {{t}} {where} RETURNING ALL OLD *") == []


# --- DELETE ---------------------------------------------------------------------------------------


def test_delete(run):
    run.put(1, 2, a={"N": "1"})
    assert run("DELETE FROM {t} WHERE pk = {p} AND sk = 1") == {"Items": []}
    assert run.refused("DELETE FROM {t} WHERE pk = {p} AND sk = 2 AND a = 2") == FAILED
    assert run("DELETE FROM {t} WHERE pk = {p} AND sk = 3 AND a = 2") == {"Items": []}
    assert run.sorts("SELECT * FROM {t} WHERE pk = {p}") == [2]


# --- SELECT ---------------------------------------------------------------------------------------


def test_select_by_key(run):
    run.put(1, a={"N": "1"})
    text = "SELECT * FROM {t} WHERE pk = {p} AND sk = ?"
    assert run(text, {"N": "1"}) == {"Items": [{"pk": {"S": run.partition}, "sk": {"N": "1"}, "a": {"N": "1"}}]}
    assert run(text, {"N": "2"}) == {"Items": []}
    assert run(text + " AND a > 1", {"N": "1"}) == {"Items": []}
    assert run(text, {"N": "1"}, Limit=1) == run(text, {"N": "1"})


def test_projections_return_values_under_the_last_name_of_their_path(run):
    run.put(1, m={"M": {"n": {"M": {"o": {"N": "1"}}}, "list": {"L": [{"N": "0"}, {"S": "one"}]}}}, a={"S": "x"})
    select = "SELECT {paths} FROM {t} WHERE pk = {p}"

    def projected(paths):
        return run.items(select.replace("{paths}", paths))

    assert projected("a, sk") == [{"a": {"S": "x"}, "sk": {"N": "1"}}]
    assert projected("m.n") == [{"n": {"M": {"o": {"N": "1"}}}}]
    assert projected('m.n.o, a, "nothing"') == [{"o": {"N": "1"}, "a": {"S": "x"}}]
    assert projected("m.nothing") == [{}]


CONDITIONS = [
    ("n = 1", [1]),
    ("n <> 1", [2, 3]),
    ("n != 1", [2, 3]),
    ("2 <= n", [2]),
    ("NOT n = 1", [2, 3]),
    ("n BETWEEN 1 AND 2", [1, 2]),
    ("n NOT BETWEEN 2 AND 3", [1, 3]),
    ("n IN [2, 5]", [2]),
    ("n IN (1, 2)", [1, 2]),
    ("NOT n IN (1, 2)", [3]),
    ("n = 1 OR n = 2 AND s = 'x'", [1]),
    ("(n = 1 OR n = 2) AND s = 'abc'", [1]),
    ("n IS MISSING", [3]),
    ("n IS NOT MISSING", [1, 2]),
    ("nil IS NULL", [3]),
    ("nil IS NOT NULL", [1, 2]),
    ("s IS STRING", [1]),
    ("s IS NOT STRING", [2, 3]),
    ("n IS NUMBER", [1, 2]),
    ("nil = NULL", [3]),
    ("flag = true", [2]),
    ("flag IS BOOL", [2]),
    ("m.words[1] = 'b'", [1]),
    ("m = {'words': ['a', 'b']}", [1]),
    ("m.words = ['a', 'b']", [1]),
    ("tags = <<'y', 'x'>>", [2]),
    ("begins_with(s, 'ab')", [1]),
    ("BEGINS_WITH(s, 'b')", []),
    ("contains(s, 'bc')", [1]),
    ("contains(tags, 'x')", [2]),
    ("contains(m.words, 'a')", [1]),
    ("size(s) = 3", [1]),
    ("size(m.words) > 1", [1]),
    ("attribute_type(s, 'S')", [1]),
    ("attribute_exists(tags)", [2]),
    ("attribute_not_exists(tags)", [1, 3]),
    ("s = other", [1]),
]


@pytest.mark.parametrize("text", [text for text, _ in CONDITIONS])
def test_conditions(run, text):
    words = {"L": [{"S": "a"}, {"S": "b"}]}
    run.put(1, n={"N": "1"}, s={"S": "abc"}, other={"S": "abc"}, m={"M": {"words": words}})
    run.put(2, n={"N": "2"}, flag={"BOOL": True}, tags={"SS": ["x", "y"]})
    run.put(3, nil={"NULL": True})
    assert run.sorts(f"SELECT sk FROM {{t}} WHERE pk = {{p}} AND {text}") == dict(CONDITIONS)[text]


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("pk = {p}", [1, 2, 3, 4, 5]),
        ("pk = {p} AND sk > 2", [3, 4, 5]),
        ("pk = {p} AND 3 > sk", [1, 2]),
        ("pk = {p} AND sk BETWEEN 2 AND 4", [2, 3, 4]),
        ("pk = {p} AND sk BETWEEN 2 AND 4 ORDER BY sk DESC", [4, 3, 2]),
        ("pk = {p} AND sk IN [4, 2]", [2, 4]),
        ("pk = {p} AND sk < 2 OR pk = {p} AND sk > 4", [1, 5]),
        ("pk = {p} AND sk < 3 OR pk = {p} AND sk <> 1", [1, 2, 3, 4, 5]),
        ("pk = {p} AND sk = 5 OR pk = {p} AND sk = 1 AND pk = 'x'", [5]),
    ],
)
def test_keys(run, where, expected):
    run.put(1, 2, 3, 4, 5)
    assert run.sorts(f"SELECT sk FROM {{t}} WHERE {where}") == expected


def test_several_partitions_come_in_order(client, table):
    many = {name: Statements(client, table) for name in "abc"}
    for statements in many.values():
        statements.partition = f"{many['a'].partition}-{'abc'[list(many.values()).index(statements)]}"
    for name, sorts in (("a", (1, 4)), ("b", (2, 5)), ("c", (3,))):
        many[name].put(*sorts)
    names = ", ".join(f"'{many[name].partition}'" for name in "cab")
    run = many["a"]
    select = f"SELECT sk FROM {{t}} WHERE pk IN [{names}]"
    assert run.sorts(select) == [3, 1, 4, 2, 5]
    assert run.sorts(select + " AND sk > 2") == [3, 4, 5]
    assert run.sorts(select + " ORDER BY pk") == [1, 4, 2, 5, 3]
    assert run.sorts(select + " ORDER BY pk DESC, sk DESC") == [3, 5, 2, 4, 1]
    assert run.sorts(select + " ORDER BY sk") == [1, 2, 3, 4, 5]
    for order, expected in (
        ("", [3, 1, 4, 2, 5]),
        (" ORDER BY sk", [1, 2, 3, 4, 5]),
        (" ORDER BY sk DESC", [5, 4, 3, 2, 1]),
    ):
        assert paged_sorts(run, select + order) == expected


def test_equal_sort_keys_of_several_partitions_are_all_paged(client, table):
    left, right = Statements(client, table), Statements(client, table)
    left.put(1, 2)
    right.put(1, 2)
    select = f"SELECT sk FROM {{t}} WHERE pk IN [{{p}}, '{right.partition}'] ORDER BY sk"
    assert paged_sorts(left, select, limit=1) == [1, 1, 2, 2]
    assert paged_sorts(left, select + " DESC", limit=1) == [2, 2, 1, 1]


def paged_sorts(run, text, limit=2):
    """Return the sort keys of the items that a SELECT finds, read page by page."""
    found = []
    token = {}
    while token is not None:
        answer = run(text, Limit=limit, **token)
        found += [int(item["sk"]["N"]) for item in answer["Items"]]
        token = {"NextToken": answer["NextToken"]} if "NextToken" in answer else None
    return found


def test_scans_filter_everything(run):
    mark = new_name("mark")
    run.put(1, 2, mark={"S": mark})
    run.put(3)
    assert sorted(run.sorts("SELECT sk FROM {t} WHERE mark = ?", {"S": mark})) == [1, 2]


# --- indexes --------------------------------------------------------------------------------------


def test_global_index(run):
    run.put(1, 2, g={"S": run.partition}, x={"N": "1"}, y={"N": "2"})
    run.put(3)
    item = {"pk": {"S": run.partition}, "sk": {"N": "2"}, "g": {"S": run.partition}, "x": {"N": "1"}}
    assert run.items('SELECT * FROM {t}."global" WHERE g = {p} AND sk > 1') == [item]
    assert run.sorts('SELECT sk FROM {t}."global" WHERE g = {p} ORDER BY sk DESC') == [2, 1]
    assert run.refused('SELECT x, z, y FROM {t}."global" WHERE g = {p}') == (
        "ValidationException",
        "One or more parameter values were invalid: Global secondary index global does not project [y, z]",
    )


def test_local_index_fetches_attributes_that_it_does_not_have(run):
    run.put(1, l={"S": "b"}, y={"N": "1"})
    run.put(2, l={"S": "a"}, y={"N": "2"})
    run.put(3, y={"N": "3"})
    keys = [
        {"pk": {"S": run.partition}, "sk": {"N": sort}, "l": {"S": local}} for sort, local in (("2", "a"), ("1", "b"))
    ]
    assert run.items('SELECT * FROM {t}."local" WHERE pk = {p}') == keys
    assert run.items('SELECT * FROM {t}."local" WHERE pk = {p}', ConsistentRead=True) == keys
    assert run.items("SELECT y FROM {t}.\"local\" WHERE pk = {p} AND l > 'a'") == [{"y": {"N": "1"}}]


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("SELECT * FROM {t}.nope", {}, "The table does not have the specified index"),
        ("SELECT * FROM {t}.nope", {"ConsistentRead": True}, "The table does not have the specified index"),
        (
            'SELECT * FROM {t}."global"',
            {"ConsistentRead": True},
            "Strongly consistent read is not supported on Global Secondary Indexes",
        ),
        ("SELECT * FROM {t}.a.b", {}, "A path may contain at most 2 components in the FROM clause"),
        ('SELECT * FROM {t}.""', {}, "Path component cannot be an empty string"),
        ("INSERT INTO {t}.i VALUE {'pk': {p}}", {}, ONE_TABLE),
        ("INSERT INTO nowhere.i VALUE {'pk': {p}}", {}, ONE_TABLE),
        ("SELECT COUNT(*) FROM {t}", {}, "Unexpected path component at 1:8:5"),
        ("SELECT pk,\n  size(b) FROM {t}", {}, "Unexpected path component at 2:3:4"),
        ('SELECT COUNT(*) FROM {t}."local"', {}, "Unexpected path component at 1:8:5"),
        ("SELECT COUNT(*) FROM nowhere.i", {}, "Unexpected path component at 1:8:5"),
        ("UPDATE {t}.i SET a = 1 WHERE pk = {p}", {}, "This operation is not supported on an index"),
        ("DELETE FROM {t}.i WHERE pk = {p}", {}, "This operation is not supported on an index"),
    ],
)
def test_statements_that_indexes_refuse(run, text, options, message):
    assert run.refused(text, **options) == ("ValidationException", message)


# --- pages ----------------------------------------------------------------------------------------


def test_limit_counts_evaluated_items(run):
    run.put(1, 2, 3, 4)
    run.put(5, n={"N": "1"})
    select = "SELECT sk FROM {t} WHERE pk = {p} AND n = 1"
    first = run(select, Limit=3)
    assert first["Items"] == []
    assert first["LastEvaluatedKey"] == {"pk": {"S": run.partition}, "sk": {"N": "3"}}
    assert run(select, Limit=3, NextToken=first["NextToken"]) == {"Items": [{"sk": {"N": "5"}}]}


def test_a_page_ends_at_a_megabyte(run):
    for sort in range(4):
        run.put(sort, x={"S": "x" * 350_000})
    first = run("SELECT sk FROM {t} WHERE pk = {p}")
    assert [item["sk"]["N"] for item in first["Items"]] == ["0", "1", "2"]
    assert run.sorts("SELECT sk FROM {t} WHERE pk = {p}", NextToken=first["NextToken"]) == [3]


def test_pages_continue_only_with_the_same_statement_and_parameters(run):
    run.put(1, 2, 3)
    select = "SELECT sk FROM {t} WHERE pk = {p} AND sk > ?"
    token = run(select, {"N": "0"}, Limit=1)["NextToken"]
    assert run.sorts(select, {"N": "0"}, NextToken=token) == [2, 3]
    mismatch = ("ValidationException", "NextToken does not match request")
    assert run.refused(select, {"N": "1"}, NextToken=token) == mismatch
    assert run.refused(select + " ", {"N": "0"}, NextToken=token) == mismatch
    for wrong in ("x", token[:-4], "bnVsbA==", "WzEsMixudWxsXQ"):
        assert run.refused(select, {"N": "0"}, NextToken=wrong) == ("ValidationException", "Invalid NextToken")


def test_long_in_lists_are_read_in_pages_of_ten(run):
    run.put(0)
    others = ", ".join(f"'{run.partition}-{number}'" for number in range(10))
    select = f"SELECT sk FROM {{t}} WHERE pk IN [{others}, {{p}}]"
    first = run(select)
    assert first["Items"] == []
    assert run(select, NextToken=first["NextToken"]) == {"Items": [{"sk": {"N": "0"}}]}


# --- refused statements---------------------------------------------------------------------------

MALFORMED = "Statement wasn't well formed, can't be processed: "


@pytest.mark.parametrize(
    ("text", "parameters", "message"),
    [
        ("SELECT * FROM {t} WHERE a = 1 b", [], MALFORMED + "Unexpected token after expression"),
        ("SELECT * FROM {t} WHERE #a = 1", [], MALFORMED),
        ("SELECT * FROM {t} x", [], "Aliasing is not supported"),
        ("SELECT COUNT(*) FROM {t}", [], "Unexpected path component at 1:8:5"),
        ("SELECT * FROM {t} WHERE a = ?", [], "Number of parameters in request and statement don't match."),
        ("SELECT * FROM {t}", [{"S": "a"}], "Number of parameters in request and statement don't match."),
        (
            "SELECT * FROM {t} WHERE attribute_exists('a')",
            [],
            "Operator or function requires a document path; operator or function: attribute_exists",
        ),
        (
            "SELECT * FROM {t} WHERE attribute_exists()",
            [],
            (
                "Incorrect number of operands for operator or function; operator or function: attribute_exists, "
                "number of operands: 0"
            ),
        ),
        (
            "SELECT * FROM nowhere WHERE a < ?",
            [{"BOOL": True}],
            "Incorrect operand type for operator or function; operator or function: <, operand type: BOOL",
        ),
        (
            "UPDATE {t} SET a = set_add(a, ?) WHERE pk = {p} AND sk = 1",
            [{"S": "x"}],
            "The second argument to SET_ADD must be a value with type SET at 1:{position}:1",
        ),
        (
            "SELECT * FROM {t} WHERE pk = 1",
            [],
            "One or more parameter values were invalid: Condition parameter type does not match schema type",
        ),
        (
            "UPDATE {t} SET a = 1 WHERE pk = {p} AND sk > 1",
            [],
            "Where clause does not contain a mandatory equality on all key attributes",
        ),
        (
            "UPDATE {t} SET a = 1 WHERE pk = {p} AND sk = 'x'",
            [],
            "The provided key element does not match the schema",
        ),
        (
            "SELECT * FROM {t} WHERE pk = {p} AND sk < 2 OR pk = {p} AND sk > 1",
            [],
            "Overlapping conditions with range keys are not supported in where clause",
        ),
    ],
)
def test_messages(run, text, parameters, message):
    message = message.replace("{position}", str(run.text(text).find("set_add(") + 1 + len("set_add(")))
    assert run.refused(text, *parameters) == ("ValidationException", message)


def test_a_missing_table_is_reported_after_the_statement(run):
    missing = ("ResourceNotFoundException", "Requested resource not found")
    assert run.refused('SELECT * FROM "nowhere"') == missing
    assert run.refused("INSERT INTO nowhere VALUE {'pk': {p}}") == missing


def test_empty_parameters_are_refused(run):
    assert run.refused("SELECT * FROM {t}", Parameters=[]) == (
        "ValidationException",
        (
            "1 validation error detected: Value '[]' at 'parameters' failed to satisfy constraint: "
            "Member must have length greater than or equal to 1"
        ),
    )


# --- consumed capacity (behaviour 9.3) ------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "options", "total", "arms"),
    [
        ("SELECT * FROM {t} WHERE pk = {p} AND sk = 1", {}, 1.0, {}),
        ("SELECT * FROM {t} WHERE pk = {p} AND sk = 1", {"ConsistentRead": True}, 2.0, {}),
        ("SELECT sk FROM {t} WHERE pk = {p} AND sk = 9", {}, 0.5, {}),
        ("SELECT sk FROM {t} WHERE pk = {p} AND sk >= 1", {}, 1.5, {}),
        ("SELECT sk FROM {t} WHERE pk = {p} AND x = 'no'", {"ConsistentRead": True}, 3.0, {}),
        ('SELECT sk FROM {t}."local" WHERE pk = {p}', {}, 0.5, {"LocalSecondaryIndexes": {"local": 0.5}}),
        ('SELECT y FROM {t}."local" WHERE pk = {p}', {}, 2.5, {"LocalSecondaryIndexes": {"local": 0.5}}),
        ('SELECT sk FROM {t}."global" WHERE g = {p}', {}, 0.5, {"GlobalSecondaryIndexes": {"global": 0.5}}),
        ("INSERT INTO {t} VALUE {'pk': {p}, 'sk': 8}", {}, 1.0, {}),
        (
            "INSERT INTO {t} VALUE {'pk': {p}, 'sk': 8, 'l': 'x', 'g': 'x'}",
            {},
            3.0,
            {"LocalSecondaryIndexes": {"local": 1.0}, "GlobalSecondaryIndexes": {"global": 1.0}},
        ),
        ("UPDATE {t} SET z = 1 WHERE pk = {p} AND sk = 1", {}, 5.0, {}),
        ("DELETE FROM {t} WHERE pk = {p} AND sk = 9", {}, 1.0, {}),
    ],
)
def test_consumed_capacity(run, text, options, total, arms):
    run.put(1, 2, l={"S": "l"}, g={"S": run.partition}, y={"S": "y" * 5000})
    consumed = run(text, ReturnConsumedCapacity="INDEXES", **options)["ConsumedCapacity"]
    reported = {
        kind: {name: units["CapacityUnits"] for name, units in arm.items()}
        for kind, arm in consumed.items()
        if "In" in kind
    }
    assert (consumed["TableName"], consumed["CapacityUnits"], reported) == (run.table, total, arms)
    assert consumed["Table"]["CapacityUnits"] == total - sum(sum(arm.values()) for arm in arms.values())


def test_total_capacity_has_no_parts(run):
    answer = run("SELECT * FROM {t} WHERE pk = {p}", ReturnConsumedCapacity="TOTAL")
    assert answer == {"Items": [], "ConsumedCapacity": {"TableName": run.table, "CapacityUnits": 0.5}}
    assert run("SELECT * FROM {t} WHERE pk = {p}", ReturnConsumedCapacity="NONE") == {"Items": []}


# --- BatchExecuteStatement ------------------------------------------------------------------------


@pytest.fixture
def batch(run, client):
    def send(*texts, **options):
        statements = [{"Statement": run.text(text)} if isinstance(text, str) else text for text in texts]
        return without_metadata(client.batch_execute_statement(Statements=statements, **options))

    return send


def test_batch_of_reads(run, batch):
    run.put(1, a={"N": "1"})
    answer = batch(
        "SELECT * FROM {t} WHERE pk = {p} AND sk = 1",
        "SELECT * FROM {t} WHERE pk = {p} AND sk = 2",
        "SELECT a FROM {t} WHERE pk = {p} AND sk = 3",
        "SELECT * FROM {t} WHERE pk = {p}",
        "SELECT * FROM nowhere WHERE pk = {p}",
        "SELECT",
        {
            "Statement": run.text("SELECT a FROM {t} WHERE pk = ? AND sk = ?"),
            "Parameters": [{"S": run.partition}, {"N": "4"}],
        },
    )
    without_key = "Select statements within BatchExecuteStatement must specify the primary key in the where clause."
    responses = answer["Responses"]
    assert answer == {"Responses": responses}
    item = {"pk": {"S": run.partition}, "sk": {"N": "1"}, "a": {"N": "1"}}
    assert responses[:3] == [{"TableName": run.table, "Item": item}, {"TableName": run.table}, {"TableName": run.table}]
    assert [response["Error"] for response in responses[3:5]] == [
        {"Code": "ValidationError", "Message": without_key},
        {"Code": "ResourceNotFound", "Message": "Requested resource not found"},
    ]
    assert responses[5]["Error"]["Code"] == "ValidationError"
    assert responses[5]["Error"]["Message"].startswith(MALFORMED)
    assert responses[6] == {"TableName": run.table}


def test_batch_of_writes(run, batch):
    run.put(1, 2, 3, a={"N": "1"})
    answer = batch(
        "INSERT INTO {t} VALUE {'pk': {p}, 'sk': 9}",
        "INSERT INTO {t} VALUE {'pk': {p}, 'sk': 1}",
        "UPDATE {t} SET a = a + 1 WHERE pk = {p} AND sk = 2 RETURNING MODIFIED NEW *",
        {
            "Statement": run.text("UPDATE {t} SET a = 5 WHERE pk = {p} AND sk = 3 AND a = 2"),
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        },
        "DELETE FROM {t} WHERE pk = {p} AND sk = 8",
    )
    ok = {"TableName": run.table}
    assert answer["Responses"] == [
        ok,
        {**ok, "Error": {"Code": "DuplicateItem", "Message": "Duplicate primary key exists in table"}},
        {**ok, "Item": {"a": {"N": "2"}}},
        {**ok, "Error": {"Code": "ConditionalCheckFailed", "Message": "The conditional request failed"}},
        ok,
    ]
    assert run.sorts("SELECT sk FROM {t} WHERE pk = {p}") == [1, 2, 3, 9]
    assert run.get(3) == {"a": {"N": "1"}}


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (
            ("SELECT * FROM {t} WHERE pk = {p} AND sk = 1", "DELETE FROM {t} WHERE pk = {p} AND sk = 2"),
            "Read and write requests together in the same batch is not supported.",
        ),
        (
            ("INSERT INTO {t} VALUE {'pk': {p}, 'sk': 1}", "DELETE FROM {t} WHERE pk = {p} AND sk = 1.0"),
            "Provided list of item keys contains duplicates",
        ),
        (
            ("SELECT * FROM {t} WHERE pk = {p} AND sk = 1", "SELECT sk FROM {t} WHERE pk = {p} AND sk = 1"),
            "Provided list of item keys contains duplicates",
        ),
    ],
)
def test_batches_that_are_refused_as_a_whole(run, batch, texts, message):
    with pytest.raises(ClientError) as caught:
        batch(*texts)
    assert caught.value.response["Error"] == {"Code": "ValidationException", "Message": message}
    assert run.get(1) is None


def test_batch_size(batch):
    with pytest.raises(ClientError) as caught:
        batch(*["SELECT * FROM {t}"] * 26)
    assert caught.value.response["Error"]["Code"] == "ValidationException"
    assert caught.value.response["Error"]["Message"].endswith(
        "at 'statements' failed to satisfy constraint: Member must have length less than or equal to 25"
    )


def test_capacity_of_a_batch(run, batch):
    run.put(1, x={"S": "x" * 3000})
    insert = "INSERT INTO {t} VALUE {'pk': {p}, 'sk': "
    consumed = batch(insert + "1}", insert + "2}", ReturnConsumedCapacity="TOTAL")["ConsumedCapacity"]
    assert consumed == [{"TableName": run.table, "CapacityUnits": 4.0}]
    assert batch(insert + "1}", ReturnConsumedCapacity="TOTAL")["ConsumedCapacity"] == []
    read = "SELECT * FROM {t} WHERE pk = {p} AND sk = "
    consumed = batch(read + "1", read + "7", ReturnConsumedCapacity="INDEXES")["ConsumedCapacity"]
    assert consumed == [{"TableName": run.table, "CapacityUnits": 1.0, "Table": {"CapacityUnits": 1.0}}]
