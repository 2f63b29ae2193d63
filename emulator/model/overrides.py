"""What the service has and its published model lacks: one row per rule.

Rows name a member as "Structure.Member". A comment behind a row cites where the fact comes from; "inferred" marks
our reading. A wording that is not listed is the OLD one: value and lower-camel path (behaviour 3.2).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["required", "minimum", "maximum", "pattern", "enum", "keys", "members"]
"""What failed; "keys" and "members" are constraints on the members of a map or list, told at the collection."""

# --- constraints ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Change:
    """A constraint added to a member, or replacing the model's. `unless`: not required where that member is given."""

    required: bool = False
    unless: str | None = None
    maximum: int | None = None


_INDEX_KEY: Final = Change(maximum=8)  # 4 HASH and 4 RANGE attributes
_TABLE_KEY: Final = Change(maximum=2)
_DIMENSIONS: Final = Change(maximum=4096)

CHANGES: Final[Mapping[str, Change]] = {
    # behaviour 10.1; the model stopped requiring both when GlobalTableSourceArn came, which copies the source's (inferred)
    "CreateTableInput.AttributeDefinitions": Change(required=True, unless="GlobalTableSourceArn"),
    "CreateTableInput.KeySchema": Change(required=True, unless="GlobalTableSourceArn", maximum=2),  # behaviour 10.1
    "TableCreationParameters.KeySchema": _TABLE_KEY,  # features 3
    "LocalSecondaryIndex.KeySchema": _TABLE_KEY,  # features 3
    "GlobalSecondaryIndex.KeySchema": _INDEX_KEY,  # features 3
    "CreateGlobalSecondaryIndexAction.KeySchema": _INDEX_KEY,  # features 3
    "VectorIndex.Dimensions": _DIMENSIONS,  # features 1.1
    "CreateVectorIndexAction.Dimensions": _DIMENSIONS,  # features 1.1
    "DescribeStreamInput.Limit": Change(maximum=100),  # behaviour 11.2
    "GetRecordsInput.Limit": Change(maximum=1000),  # behaviour 2.5
    "ListStreamsInput.Limit": Change(maximum=100),  # behaviour 2.5
}

REQUIRED_BARE: Final[Mapping[str, str]] = {  # structure -> member reported first and bare if absent (behaviour 3.4)
    "CreateTableInput": "TableName",
    "UpdateTableInput": "TableName",
    "DeleteTableInput": "TableName",
}

# behaviour 7.2: an empty map is told bare, after all else
OPTIONAL_LENGTH: Final = frozenset({"BatchWriteItemInput.RequestItems"})

# Members, or a list for its members, that operations judge in words of their own. Tags: behaviour 13, tag_rules.py
# (observed: ack-api-quirks, DDB-TABLE-107, 457); classes: behaviour 10.1, operations/tables/rules.py
UNCHECKED: Final = frozenset(
    {"Tag.Key", "Tag.Value", "TagKeyList", "CreateTableInput.TableClass", "UpdateTableInput.TableClass"}
)

# structure -> member that the service has and the model lacks, the member behind which it stands, its shape
ADDED_MEMBERS: Final[Mapping[str, tuple[str, str, str]]] = {
    "CreateTableInput": ("TableThroughputMode", "BillingMode", "BillingMode"),  # behaviour 10.1
    "UpdateTableInput": ("TableThroughputMode", "BillingMode", "BillingMode"),
}

MEMBER_ORDERS: Final[Mapping[str, tuple[str, ...]]] = {  # structure -> the order in which its members are told
    "ProvisionedThroughput": ("WriteCapacityUnits", "ReadCapacityUnits"),  # observed: DDB-TABLE-038
}

ENUM_ORDERS: Final[Mapping[str, tuple[str, ...]]] = {  # behaviour 3.3; others print the model's order
    "ReturnValue": ("ALL_NEW", "UPDATED_OLD", "ALL_OLD", "NONE", "UPDATED_NEW"),
    "Select": ("SPECIFIC_ATTRIBUTES", "COUNT", "ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES"),
    "ScalarAttributeType": ("B", "N", "S"),
    "ProjectionType": ("ALL", "INCLUDE", "KEYS_ONLY"),
    "ConditionalOperator": ("OR", "AND"),
}

PATTERNS: Final[Mapping[str, str]] = {  # Java's regular expressions that Python spells differently
    r"\p{Print}+": r"[\x20-\x7e]+",
    r"[\u0020-\uD7FF\uE000-\uFFFD\uD800\uDC00-\uDBFF\uDFFF\r\n\t]*": (
        r"[\u0020-\uD7FF\uE000-\uFFFD\U00010000-\U0010FFFF\r\n\t]*"  # surrogate pairs are single characters here
    ),
}

# --- table names ----------------------------------------------------------------------------------------------------

TABLE_NAME: Final = "TableName"
TABLE_NAME_SHAPE: Final = "TableArn"  # 1..1024 characters in the model; names are shorter (behaviour 3.4)
TABLE_NAME_PATTERN: Final = "[a-zA-Z0-9_.-]+"
TABLE_NAME_LENGTH: Final = 255
ARN: Final = "arn:"
ARN_LENGTH: Final = 1024
TABLE_NAME_MINIMUM: Final = 3  # of RequestItems' keys, and of these members (behaviour 3.2, 3.4); elsewhere 1
FULL_TABLE_NAMES: Final = frozenset({"CreateTableInput.TableName", "UpdateTableInput.TableName"})
NEW_TABLE_NAMES: Final = frozenset({"CreateTableInput.TableName"})  # behaviour 3.4: no ARN

# --- wordings -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Wording:
    """How a failure is told: `{value}` (quoted, or null), `{wire}` path, `{api}` path and `{constraint}`.

    alone: nothing is told beside it; bare: not even the count in front.
    """

    template: str
    alone: bool = False
    bare: bool = False


OLD: Final = Wording("Value {value} at '{wire}' failed to satisfy constraint: {constraint}")
NEW: Final = Wording("Value at '{api}' failed to satisfy constraint: {constraint}")
_NEW_ALONE: Final = Wording(NEW.template, alone=True)
_RETURN_VALUES: Final = Wording(  # sic, UPDATE_NEW
    "Failed to satisfy constraint: Member must satisfy enum value set: "
    "[ALL_OLD, UPDATED_OLD, ALL_NEW, UPDATE_NEW, NONE]"
)
_CONDITIONAL_OPERATOR: Final = Wording(  # sic, ALL
    "Failed to satisfy constraint: Member must satisfy enum value set: [ALL, OR]",
    alone=True,
    bare=True,
)

WORDINGS: Final[Mapping[tuple[str, Kind], Wording]] = {
    ("PutItemInput.TableName", "minimum"): _NEW_ALONE,  # behaviour 3.4, as the next four; Scan is OLD in us-east-1
    ("GetItemInput.TableName", "minimum"): _NEW_ALONE,
    ("UpdateItemInput.TableName", "minimum"): _NEW_ALONE,
    ("DeleteItemInput.TableName", "minimum"): _NEW_ALONE,
    ("QueryInput.TableName", "minimum"): _NEW_ALONE,
    ("PutItemInput.ReturnValues", "enum"): _RETURN_VALUES,  # behaviour 3.2
    ("UpdateItemInput.ReturnValues", "enum"): _RETURN_VALUES,
    ("DeleteItemInput.ReturnValues", "enum"): _RETURN_VALUES,
    ("QueryInput.ConditionalOperator", "enum"): _CONDITIONAL_OPERATOR,  # behaviour 3.3, 3.5
    ("QueryInput.Limit", "minimum"): NEW,  # behaviour 6.1; Scan's numbers are OLD in us-east-1
    ("BatchGetItemInput.RequestItems", "minimum"): NEW,  # behaviour 7.1
    ("BatchGetItemInput.RequestItems", "maximum"): NEW,  # inferred from the one above
    ("KeysAndAttributes.Keys", "maximum"): NEW,  # behaviour 7.1
    ("KeysAndAttributes.Keys", "minimum"): NEW,  # behaviour 7.1
}

# --- how several failures combine (behaviour 3.5) -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Report:
    """How one operation tells several failures.

    first: members told before the rest, which follows in the model's order; only_first: one failure is told;
    old: all in the OLD wording. The first fitting row counts: without: the row fits where that member is missing;
    deep: it fits where an attribute value nests deeply (nesting.py).
    """

    first: tuple[str, ...] = ()
    only_first: bool = False
    old: bool = False
    without: str | None = None
    deep: bool = False


DEFAULT_REPORT: Final = Report()
_TOKEN_FIRST: Final = (Report(first=("ClientRequestToken",)),)  # behaviour 8.3
_OLD_ORDER: Final = ("ReturnConsumedCapacity", "TableName", "ReturnValues", "ConditionalOperator")
_SINGLE_WRITE: Final = (
    Report(first=_OLD_ORDER, old=True, deep=True),
    Report(first=("ReturnConsumedCapacity", "TableName", "ReturnValues")),
)

REPORTS: Final[Mapping[str, tuple[Report, ...]]] = {
    "PutItemInput": _SINGLE_WRITE,
    "DeleteItemInput": _SINGLE_WRITE,
    "GetItemInput": (Report(first=("ReturnConsumedCapacity",)),),  # inferred from the writes
    "UpdateItemInput": (
        Report(first=_OLD_ORDER, old=True, without="Key"),
        Report(first=_OLD_ORDER, old=True, deep=True),
        Report(first=("TableName", "ReturnValues", "ReturnConsumedCapacity"), only_first=True),
    ),
    "CreateTableInput": (Report(first=("AttributeDefinitions", "TableName", "KeySchema", "GlobalSecondaryIndexes")),),
    "TransactWriteItemsInput": _TOKEN_FIRST,
    "ExecuteTransactionInput": _TOKEN_FIRST,
}

# told only where nothing else failed: a malformed table name
LAST_RESORT: Final[frozenset[tuple[str, Kind]]] = frozenset({("BatchWriteItemInput.RequestItems", "keys")})

# --- printed values -------------------------------------------------------------------------------------------------

PRINTED_AS_JSON: Final = frozenset({"BatchGetItemInput.RequestItems"})  # behaviour 3.2

PRINTED_ALSO: Final[Mapping[str, tuple[str, ...]]] = {  # members the service has and the model lacks, always null
    "PutRequest": ("workloadProfileName",),  # a message quoted in github.com/risingwavelabs/risingwave/issues/17572
}
