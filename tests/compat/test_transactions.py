"""TransactWriteItems does all actions or none, and says why it cancels (behaviour 8.1, 8.2)."""

import pytest

from tests.support.http_clients import without_metadata
from tests.support.tables import index_request, new_name

NONE = {"Code": "None"}
FAILED = {"Code": "ConditionalCheckFailed", "Message": "The conditional request failed"}
INVALID = "One or more parameter values were invalid: "
ONE = {":one": {"N": "1"}}


def invalid(message):
    return {"Code": "ValidationError", "Message": message}


@pytest.fixture(scope="module")
def tables(make_shared_table):
    """Return an "indexed" and a "plain" table. All tests share them; each uses its own keys."""
    indexed = make_shared_table(
        define="l:N g:S",
        LocalSecondaryIndexes=[index_request("local", "pk l", "KEYS_ONLY")],
        GlobalSecondaryIndexes=[index_request("global", "g sk")],
    )
    return {"indexed": indexed, "plain": make_shared_table("id:N")}


class Partition:
    """A partition of the indexed table, which only one test uses."""

    def __init__(self, client, tables):
        self.client, self.tables = client, tables
        self.name = new_name("p")
        self.table = {"TableName": tables["indexed"]}

    def key(self, sort):
        return {"pk": {"S": self.name}, "sk": {"S": sort}}

    def item(self, sort, **attributes):
        return {**self.key(sort), **attributes}

    def put(self, *items):
        for item in items:
            self.client.put_item(**self.table, Item=item)

    def put_action(self, sort, /, condition=None, **attributes):
        extra = {} if condition is None else {"ConditionExpression": condition}
        return {"Put": {**self.table, "Item": self.item(sort, **attributes), **extra}}

    def update(self, sort, expression, **extra):
        return {"Update": {**self.table, "Key": self.key(sort), "UpdateExpression": expression, **extra}}

    def delete(self, sort, **extra):
        return {"Delete": {**self.table, "Key": self.key(sort), **extra}}

    def check(self, sort, condition, **extra):
        return {"ConditionCheck": {**self.table, "Key": self.key(sort), "ConditionExpression": condition, **extra}}

    def stored(self, **request):
        """Return the partition's items, or those in one of its indexes."""
        return self.client.query(
            **self.table,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": self.name}},
            ConsistentRead=True,
            **request,
        )["Items"]

    def everything(self):
        """Return all that a write can change: items, index entries, counts and sizes."""
        table = self.client.describe_table(**self.table)["Table"]
        described = [table, *table["LocalSecondaryIndexes"], *table["GlobalSecondaryIndexes"]]
        counts = [
            {name: value for name, value in each.items() if name.startswith("I") and name != "IndexArn"}
            | {"size": each.get("TableSizeBytes", each.get("IndexSizeBytes"))}
            for each in described
        ]
        return self.stored(), self.stored(IndexName="local"), self.in_global(self.name), counts

    def in_global(self, value):
        return self.client.query(
            **self.table,
            IndexName="global",
            KeyConditionExpression="g = :g",
            ExpressionAttributeValues={":g": {"S": value}},
        )["Items"]


@pytest.fixture
def part(client, tables):
    return Partition(client, tables)


def write(client, *actions, **extra):
    return without_metadata(client.transact_write_items(TransactItems=list(actions), **extra))


# --- effects of a transaction ---------------------------------------------------------------------


def test_all_kinds_of_actions_run_together(client, part):
    part.put(part.item("replaced", a={"N": "1"}), part.item("changed", n={"N": "1"}), part.item("gone"))
    part.put(part.item("checked"))
    answer = write(
        client,
        part.put_action("new", a={"S": "1"}),
        part.put_action("replaced", b={"N": "1.50"}, condition="attribute_exists(a)"),
        part.update("changed", "ADD n :one", ExpressionAttributeValues=ONE),
        part.update("made", "SET a = :one", ExpressionAttributeValues=ONE),
        part.update("bare", "REMOVE a"),
        part.delete("gone"),
        part.delete("never was"),
        part.check("checked", "attribute_exists(pk)"),
        part.check("absent", "attribute_not_exists(pk)"),
    )
    assert answer == {}
    assert part.stored() == [
        part.item("changed", n={"N": "2"}),
        part.item("checked"),
        part.item("made", a={"N": "1"}),
        part.item("new", a={"S": "1"}),
        part.item("replaced", b={"N": "1.5"}),
    ]


def test_indexes_follow(client, part):
    g = {"S": part.name}
    part.put(part.item("moved", l={"N": "1"}, g={"S": "elsewhere" + part.name}), part.item("leaves", l={"N": "2"}, g=g))
    write(
        client,
        part.put_action("comes", l={"N": "3"}, g=g),
        part.update("moved", "SET g = :g, l = :l", ExpressionAttributeValues={":g": g, ":l": {"N": "4"}}),
        part.update("leaves", "REMOVE g, l"),
    )
    assert part.in_global(part.name) == [part.item("comes", l={"N": "3"}, g=g), part.item("moved", l={"N": "4"}, g=g)]
    assert part.in_global("elsewhere" + part.name) == []
    local = part.stored(IndexName="local")
    assert local == [part.item("comes", l={"N": "3"}), part.item("moved", l={"N": "4"})]


def test_several_tables(client, tables, part):
    number = {"N": str(int(part.name.removeprefix("p_"), 16))}
    other = {"Put": {"TableName": tables["plain"], "Item": {"id": number, "owner": {"S": part.name}}}}
    write(client, part.put_action("a"), other, part.put_action("b"))
    found = client.get_item(TableName=tables["plain"], Key={"id": number}, ConsistentRead=True)["Item"]
    assert found == {"id": number, "owner": {"S": part.name}}
    assert part.stored() == [part.item("a"), part.item("b")]


def test_table_arn_for_a_name(client, tables, part):
    arn = client.describe_table(TableName=tables["indexed"])["Table"]["TableArn"]
    answer = write(client, {"Put": {"TableName": arn, "Item": part.item("a")}}, ReturnConsumedCapacity="TOTAL")
    assert answer["ConsumedCapacity"] == [{"TableName": arn, "CapacityUnits": 2.0, "WriteCapacityUnits": 2.0}]
    assert part.stored() == [part.item("a")]


def test_conditions_see_the_items_before_the_transaction(client, part):
    """Each condition sees only its own item, as it was before all actions."""
    part.put(part.item("a", n={"N": "1"}))
    swap = {":v": {"N": "2"}, ":old": {"N": "1"}}
    write(
        client,
        part.update("a", "SET n = :v", ConditionExpression="n = :old", ExpressionAttributeValues=swap),
        part.put_action("b", n={"N": "1"}, condition="attribute_not_exists(pk)"),
    )
    assert part.stored() == [part.item("a", n={"N": "2"}), part.item("b", n={"N": "1"})]


def test_names_and_values_belong_to_their_action(client, part):
    """Two actions may use the same placeholder for different names and values."""
    write(
        client,
        *(
            part.update(
                sort,
                "SET #a = :a",
                ExpressionAttributeNames={"#a": name},
                ExpressionAttributeValues={":a": {"S": sort}},
            )
            for sort, name in (("1", "x"), ("2", "y"))
        ),
    )
    assert part.stored() == [part.item("1", x={"S": "1"}), part.item("2", y={"S": "2"})]


def test_a_hundred_actions(client, part):
    write(client, *(part.put_action(f"{number:03}") for number in range(100)))
    assert part.stored() == [part.item(f"{number:03}") for number in range(100)]
    write(client, *(part.delete(f"{number:03}") for number in range(100)))
    assert part.stored() == []


# --- a cancelled transaction does nothing ---------------------------------------------------------

CANCELING = {
    "condition": lambda part: part.check("z", "attribute_exists(pk)"),
    "key": lambda part: {"Delete": {**part.table, "Key": {"pk": {"S": "a"}}}},
    "update": lambda part: part.update("z", "SET a = absent"),
}


@pytest.mark.parametrize("position", ["first", "last"])
@pytest.mark.parametrize("cause", CANCELING)
def test_a_cancelled_transaction_changes_nothing(client, part, canceled, cause, position):
    g = {"S": part.name}
    part.put(*(part.item(sort, l={"N": "1"}, g=g, a={"S": "old"}) for sort in ("changed", "gone", "replaced")))
    before = part.everything()
    actions = [
        part.put_action("new", l={"N": "2"}, g=g),
        part.put_action("replaced", l={"N": "3"}),
        part.update("changed", "SET l = :one REMOVE g", ExpressionAttributeValues=ONE),
        part.update("made", "SET g = :g", ExpressionAttributeValues={":g": g}),
        part.delete("gone"),
    ]
    canceling = CANCELING[cause](part)
    actions = [canceling, *actions] if position == "first" else [*actions, canceling]
    reasons = canceled("transact_write_items", TransactItems=actions)
    assert [reason == NONE for reason in reasons].count(False) == 1
    assert part.everything() == before


# --- failing conditions ---------------------------------------------------------------------------


def test_every_failing_condition_is_reported(part, canceled):
    part.put(part.item("there"))
    reasons = canceled(
        "transact_write_items",
        TransactItems=[
            part.put_action("there", condition="attribute_not_exists(pk)"),
            part.put_action("a"),
            part.delete("absent", ConditionExpression="attribute_exists(pk)"),
            part.check("there too", "attribute_exists(pk)"),
            part.check("nor here", "attribute_not_exists(pk)"),
            part.update("b", "SET n = :one", ConditionExpression="n = :one", ExpressionAttributeValues=ONE),
        ],
    )
    assert reasons == [FAILED, NONE, FAILED, FAILED, NONE, FAILED]


@pytest.mark.parametrize("mode", ["ALL_OLD", "NONE", None])
@pytest.mark.parametrize("kind", ["Put", "Update", "Delete", "ConditionCheck"])
def test_item_of_a_failed_condition(part, canceled, kind, mode):
    old = part.item("old", n={"N": "7"}, m={"M": {"b": {"B": b"\x00"}}})
    part.put(old)
    makers = {
        "Put": lambda sort: part.put_action(sort, condition="attribute_exists(x)"),
        "Update": lambda sort: part.update(sort, "REMOVE n", ConditionExpression="attribute_exists(x)"),
        "Delete": lambda sort: part.delete(sort, ConditionExpression="attribute_exists(x)"),
        "ConditionCheck": lambda sort: part.check(sort, "attribute_exists(x)"),
    }
    actions = [makers[kind](sort) for sort in ("old", "absent")]
    if mode is not None:
        for action in actions:
            action[kind]["ReturnValuesOnConditionCheckFailure"] = mode
    first = {**FAILED, "Item": old} if mode == "ALL_OLD" else FAILED
    assert canceled("transact_write_items", TransactItems=actions) == [first, FAILED]
    assert part.stored() == [old]


def test_only_actions_that_request_it_return_their_items(part, canceled):
    part.put(part.item("a"), part.item("b"), part.item("c"))
    ask = {"ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
    reasons = canceled(
        "transact_write_items",
        TransactItems=[
            part.check("a", "attribute_not_exists(pk)"),
            part.check("b", "attribute_not_exists(pk)", **ask),
            part.delete("c", **ask),
        ],
    )
    assert reasons == [FAILED, {**FAILED, "Item": part.item("b")}, NONE]


def test_body_of_a_cancellation(post, part):
    part.put(part.item("a", n={"N": "1"}))
    check = part.check("a", "attribute_not_exists(pk)", ReturnValuesOnConditionCheckFailure="ALL_OLD")
    answer = post(
        "TransactWriteItems", {"TransactItems": [part.put_action("b"), check], "ReturnConsumedCapacity": "INDEXES"}
    )
    assert (answer.status, answer.json) == (
        400,
        {
            "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
            "Message": (
                "Transaction cancelled, please refer cancellation reasons for specific reasons "
                "[None, ConditionalCheckFailed]"
            ),
            "CancellationReasons": [NONE, {**FAILED, "Item": part.item("a", n={"N": "1"})}],
        },
    )


# --- actions that cannot change their item --------------------------------------------------------

MISMATCH = "The provided key element does not match the schema"
OPERAND = "An operand in the update expression has an incorrect data type"
PATH = "The document path provided in the update expression is invalid for update"
LONG = "x" * 1025
STORED = {"s": {"S": "text"}, "big": {"N": "9" * 38}, "huge": {"N": "9e125"}, "m": {"M": {}}}


def updating(expression, **values):
    extra = {"ExpressionAttributeValues": {f":{name}": value for name, value in values.items()}} if values else {}
    return lambda part: part.update("stored", expression, **extra)


def putting(**attributes):
    return lambda part: {"Put": {**part.table, "Item": {**part.key("put"), **attributes}}}


def keyed(kind, **extra):
    """Return rows of CANNOT: actions of this kind, each with another wrong key."""
    keys = {"type": {"pk": {"N": "1"}}, "shape": {"x": {"S": "x"}}, "scalar": {"sk": {"L": []}}}
    return {
        f"{kind} {name}": (lambda part, key=key: {kind: {**part.table, "Key": part.key("k") | key, **extra}}, MISMATCH)
        for name, key in keys.items()
    }


def deep(levels):
    value = {"S": "x"}
    for _ in range(levels):
        value = {"M": {"m": value}}
    return value


CANNOT = {
    "put without a key": (
        lambda part: {"Put": {**part.table, "Item": {"pk": {"S": "a"}}}},
        INVALID + "Missing the key sk in the item",
    ),
    "put with another type": (putting(pk={"N": "1"}), INVALID + "Type mismatch for key pk expected: S actual: N"),
    "put with no scalar": (putting(sk={"M": {}}), INVALID + "Type mismatch for key sk expected: S actual: M"),
    "put with a long key": (
        putting(sk={"S": LONG}),
        INVALID + "Aggregated size of all range keys has exceeded the size limit of 1024 bytes",
    ),
    "put with a long partition key": (
        putting(pk={"S": "x" * 2049}),
        INVALID + "Size of hashkey has exceeded the maximum size limit of2048 bytes",
    ),
    "put with another index key type": (
        putting(l={"S": "1"}),
        INVALID + "Type mismatch for Index Key l Expected: N Actual: S IndexName: local",
    ),
    "put with a null index key": (
        putting(g={"NULL": True}),
        INVALID + "Type mismatch for Index Key g Expected: S Actual: NULL IndexName: global",
    ),
    **keyed("Update", UpdateExpression="REMOVE a"),
    **keyed("Delete"),
    **keyed("ConditionCheck", ConditionExpression="attribute_exists(pk)"),
    "update of a key": (
        updating("SET sk = :v", v={"S": "x"}),
        INVALID + "Cannot update attribute sk. This attribute is part of the key",
    ),
    "missing operand": (
        updating("SET a = absent"),
        "The provided expression refers to an attribute that does not exist in the item",
    ),
    "sum with a string": (updating("SET a = s + :one", one={"N": "1"}), OPERAND),
    "add to a string": (updating("ADD s :one", one={"N": "1"}), OPERAND),
    "delete from no set": (updating("DELETE s :ss", ss={"SS": ["a"]}), OPERAND),
    "append to no list": (updating("SET a = list_append(s, :l)", l={"L": []}), OPERAND),
    "no such parent": (updating("SET absent.a = :v", v={"S": "x"}), PATH),
    "no such list": (updating("SET m[0] = :v", v={"S": "x"}), PATH),
    "overflow": (
        updating("SET a = huge + huge"),
        "Number overflow. Attempting to store a number with magnitude larger than supported range",
    ),
    "precision": (
        updating("SET a = big + :v", v={"N": "0.1"}),
        "Number overflow. Attempting to store a number with magnitude larger than supported range",
    ),
    "update to another index key type": (
        updating("SET g = :v", v={"N": "1"}),
        (
            "One or more parameter values were invalid: "
            "Type mismatch for Index Key g Expected: S Actual: N IndexName: global"
        ),
    ),
    "update to a long index key": (
        updating("SET g = :v", v={"S": "x" * 2049}),
        "The update expression attempted to update the secondary index key beyond allowed size limits",
    ),
    "update that is too large": (
        updating("SET a = :v", v={"S": "x" * 409_600}),
        "Item size to update has exceeded the maximum allowed size",
    ),
    "update that is too deep": (
        updating("SET m.a = :v", v=deep(31)),
        (
            "Nesting Levels have exceeded supported limits: "
            "Attributes in the item have nested levels beyond supported limit"
        ),
    ),
    "value that is too deep": (
        updating("SET a = :v", v=deep(32)),
        (
            "Nesting Levels have exceeded supported limits: "
            "Attributes in the item have nested levels beyond supported limit"
        ),
    ),
}


@pytest.mark.parametrize("case", CANNOT)
def test_an_action_that_cannot_change_its_item_cancels(part, canceled, case):
    """Only the first such action gets a reason; failing conditions and later ones get none."""
    part.put(part.item("stored", **STORED))
    before = part.stored()
    make, message = CANNOT[case]
    failing = [part.check(sort, "attribute_exists(pk)") for sort in "ab"]
    actions = [failing[0], make(part), failing[1], part.update("c", "SET x = absent")]
    assert canceled("transact_write_items", TransactItems=actions) == [NONE, invalid(message), NONE, NONE]
    assert part.stored() == before


def test_the_first_problem_in_request_order_is_reported(part, canceled):
    wrong_key = {"Delete": {**part.table, "Key": {"pk": {"S": "a"}}}}
    wrong_item = {"Put": {**part.table, "Item": {"sk": {"S": "a"}}}}
    reasons = canceled("transact_write_items", TransactItems=[part.put_action("a"), wrong_key, wrong_item])
    assert reasons == [NONE, invalid(MISMATCH), NONE]
    reasons = canceled("transact_write_items", TransactItems=[wrong_item, part.put_action("a"), wrong_key])
    assert reasons == [invalid(INVALID + "Missing the key pk in the item"), NONE, NONE]


def test_a_condition_guards_its_own_update(part, canceled):
    """If a condition fails, this is the reason, even if the update would be impossible, too."""
    action = part.update(
        "absent",
        "SET n = n - :one",
        ConditionExpression="n >= :one",
        ExpressionAttributeValues=ONE,
    )
    assert canceled("transact_write_items", TransactItems=[action]) == [FAILED]
