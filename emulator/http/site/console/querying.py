"""Makes a Query or Scan from the fields of a form (the query builder). Pure functions.

| field                                   | meaning                                                    |
|-----------------------------------------|------------------------------------------------------------|
| `index`                                 | the index to read, or empty for the table                  |
| `key-<n>`, `key-<n>-op`, `key-<n>-to`   | value, comparison and upper limit (`between`) of the n-th  |
|                                         | key attribute of the index or table                        |
| `filter-name`, `-op`, `-type`, `-value`, `-to` | the filters: each field appears once for each filter |
| `attributes`                            | the attributes to return, with commas between them         |
| `order`, `limit`, `consistent`, `start` | direction, Limit, ConsistentRead, ExclusiveStartKey        |

The request has placeholders for all names and values. So a name may be a reserved word, and a value
may be any text.
"""  # noqa: W505 - the table has long lines

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import orjson

from emulator.http.site.console.described import Key, keys
from emulator.http.site.console.forms import BadForm, Fields, integer

COMPARISONS: Final = ("=", "<", "<=", ">", ">=", "between", "begins_with")
FILTERS: Final = (
    *("=", "<>", "<", "<=", ">", ">=", "between", "begins_with", "contains"),
    *("attribute_exists", "attribute_not_exists", "attribute_type"),
)
VALUE_TYPES: Final = ("S", "N", "B", "BOOL", "NULL", "JSON")
LIMITS: Final = ("25", "100", "250", "1000")
_WITHOUT_VALUE: Final = ("attribute_exists", "attribute_not_exists")
_FUNCTIONS: Final = ("begins_with", "contains", "attribute_type")
_SEGMENT: Final = re.compile(r"([^.\[\]]+)((?:\[\d+\])*)")
_MOST_ROWS: Final = 50
_BLANK_ROWS: Final = 2  # empty filters that the form shows after the filled ones


class Placeholders:
    """The placeholders of one request, and the names and values that they stand for."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.values: dict[str, Any] = {}

    def name(self, name: str) -> str:
        """Return the placeholder of an attribute name. Add one for a new name."""
        for placeholder, known in self.names.items():
            if known == name:
                return placeholder
        placeholder = f"#n{len(self.names)}"
        self.names[placeholder] = name
        return placeholder

    def path(self, text: str) -> str:
        """Return a document path, such as `a.b[0]`, with placeholders for its names.

        Raises BadForm if the text is not a document path.
        """
        parts = []
        for part in text.strip().split("."):
            found = _SEGMENT.fullmatch(part)
            if found is None:
                raise BadForm(f"{text} is not the path of an attribute, such as a.b[0]")
            parts.append(self.name(found[1]) + found[2])
        return ".".join(parts)

    def value(self, value: Mapping[str, Any]) -> str:
        """Return a new placeholder for an attribute value."""
        placeholder = f":v{len(self.values)}"
        self.values[placeholder] = value
        return placeholder


class Filter(NamedTuple):
    """The fields of one filter in the form. to: the upper limit for `between`."""

    name: str = ""
    op: str = "="
    type: str = "S"
    value: str = ""
    to: str = ""


class KeyField(NamedTuple):
    """The fields of one key attribute in the form. to: the upper limit for `between`."""

    key: Key
    op: str
    value: str
    to: str


class Form(NamedTuple):
    """The contents of the form.

    view: how the page shows items: grid, json or dynamodb.
    fields: all fields of the form except `start`, for the link to the next page.
    """

    index_name: str
    keys: Sequence[KeyField]
    filters: Sequence[Filter]
    attributes: str
    order: str
    limit: str
    consistent: bool
    start: str
    view: str
    fields: Mapping[str, Sequence[str]]

    @property
    def rows(self) -> Sequence[Filter]:
        """The filters that the form shows: the filled ones, then empty ones."""
        return [*self.filters, *([Filter()] * _BLANK_ROWS)]


def form_of(fields: Fields, table: Mapping[str, Any]) -> Form:
    """Return the contents of the form. Raises BadForm if a field is wrong.

    table: the table's description from DescribeTable.
    """
    index = fields.text("index")
    parts = [
        KeyField(
            key,
            fields.chosen(f"key-{number}-op", COMPARISONS),
            fields.text(f"key-{number}"),
            fields.text(f"key-{number}-to"),
        )
        for number, key in enumerate(keys(_relation(table, index), table))
    ]
    return Form(
        index,
        parts,
        _filters(fields),
        fields.text("attributes"),
        fields.chosen("order", ("forward", "backward")),
        fields.text("limit", LIMITS[1]),
        fields.flag("consistent"),
        fields.text("start"),
        fields.chosen("view", ("grid", "json", "dynamodb")),
        {name: values for name, values in fields.all().items() if name != "start"},
    )


def _filters(fields: Fields) -> list[Filter]:
    names = fields.texts("filter-name")
    columns = [fields.texts(f"filter-{each}") for each in ("op", "type", "value", "to")]
    if len(names) > _MOST_ROWS or any(len(each) not in (0, len(names)) for each in columns):
        raise BadForm(f"send at most {_MOST_ROWS} filters, each with all its fields")
    found = []
    for number, name in enumerate(names):
        op, kind, value, to = (column[number] if column else "" for column in columns)
        if name.strip():
            found.append(Filter(name.strip(), op or "=", kind or "S", value, to))
    return found


def _relation(table: Mapping[str, Any], index: str) -> Mapping[str, Any]:
    """Return the description of the table, or of one of its global or local indexes.

    index: "" means the table. Raises BadForm for an unknown index.
    """
    if not index:
        return table
    for member in ("GlobalSecondaryIndexes", "LocalSecondaryIndexes"):
        for each in table.get(member, ()):
            if each["IndexName"] == index:
                found: Mapping[str, Any] = each
                return found
    raise BadForm(f"the table has no index {index}")


def request_of(form: Form, table_name: str) -> tuple[str, dict[str, Any]]:
    """Return the name of the operation (Query or Scan) and its request.

    Raises BadForm if a field is wrong.
    """
    placeholders = Placeholders()
    request: dict[str, Any] = {"TableName": table_name}
    if form.index_name:
        request["IndexName"] = form.index_name
    condition = _key_condition(form.keys, placeholders)
    if condition:
        request["KeyConditionExpression"] = condition
        request["ScanIndexForward"] = form.order == "forward"
    if form.filters:
        request["FilterExpression"] = " AND ".join(_condition(each, placeholders) for each in form.filters)
    paths = [each for each in form.attributes.split(",") if each.strip()]
    if paths:
        request["ProjectionExpression"] = ", ".join(map(placeholders.path, paths))
    if placeholders.names:
        request["ExpressionAttributeNames"] = placeholders.names
    if placeholders.values:
        request["ExpressionAttributeValues"] = placeholders.values
    if form.limit:
        request["Limit"] = integer(form.limit, "the limit")
    if form.consistent:
        request["ConsistentRead"] = True
    if form.start:
        request["ExclusiveStartKey"] = json_object(form.start, "the start key")
    request["ReturnConsumedCapacity"] = "TOTAL"
    return "Query" if condition else "Scan", request


def _key_condition(parts: Sequence[KeyField], placeholders: Placeholders) -> str:
    """Return the KeyConditionExpression, or "" if no key attribute has a value.

    Raises BadForm if only the sort key has a value.
    """
    conditions = []
    for part in parts:
        if not part.value:
            continue
        op = "=" if part.key.kind == "HASH" else part.op
        given = Filter(part.key.name, op, part.key.type, part.value, part.to)
        conditions.append(_comparison(given, placeholders.name(part.key.name), placeholders))
    partition = [part for part in parts if part.key.kind == "HASH"]
    missing = [part.key.name for part in partition if not part.value]
    if conditions and missing:
        raise BadForm(f"a query needs a value for the partition key {missing[0]}")
    return " AND ".join(conditions)


def _condition(given: Filter, placeholders: Placeholders) -> str:
    if given.op not in FILTERS:
        raise BadForm(f"there is no comparison {given.op[:50]}; there are: {', '.join(FILTERS)}")
    return _comparison(given, placeholders.path(given.name), placeholders)


def _comparison(given: Filter, operand: str, placeholders: Placeholders) -> str:
    """Return one condition of an expression. operand: the left side, a placeholder or path.

    Raises BadForm if a value of the form is wrong.
    """
    if given.op in _WITHOUT_VALUE:
        return f"{given.op}({operand})"
    value = placeholders.value(attribute_value("S" if given.op == "attribute_type" else given.type, given.value))
    if given.op in _FUNCTIONS:
        return f"{given.op}({operand}, {value})"
    if given.op == "between":
        return f"{operand} BETWEEN {value} AND {placeholders.value(attribute_value(given.type, given.to))}"
    return f"{operand} {given.op} {value}"


def attribute_value(kind: str, text: str) -> dict[str, Any]:
    """Convert a text of the form to an attribute value.

    kind: one of VALUE_TYPES. For JSON, the text is an attribute value in DynamoDB JSON. Raises
    BadForm for another kind, or if the text is wrong for the kind BOOL or JSON.
    """
    match kind:
        case "S" | "B":
            return {kind: text}
        case "N":
            return {"N": text.strip()}
        case "BOOL":
            if text.strip().lower() not in ("true", "false"):
                raise BadForm(f"{text[:50] or 'an empty field'} is neither true nor false")
            return {"BOOL": text.strip().lower() == "true"}
        case "NULL":
            return {"NULL": True}
        case "JSON":
            return json_object(text, "the value")
    raise BadForm(f"there is no type {kind[:50]}; there are: {', '.join(VALUE_TYPES)}")


def json_object(text: str, what: str) -> dict[str, Any]:
    """Return the JSON object in a text. Raises BadForm if the text is something else.

    what: the name of the text in the error message.
    """
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise BadForm(f"{what} is not JSON: {error}") from None
    if not isinstance(found, dict):
        raise BadForm(f"{what} is not a JSON object")
    return found
