"""Tables of the differences between the service and its published model: one row for each rule.

Rows name a member as "Structure.Member". A comment at a row cites the source of the fact;
"inferred" marks our own conclusion. The service has an old and a new layer of code, whose messages
differ. A failed constraint without a row in WORDINGS is reported with the message of the old layer
(OLD), which has the value and a path in lower camel case (behaviour 3.2).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["required", "minimum", "maximum", "pattern", "enum", "keys", "members"]
"""The kind of a failed constraint.

"keys": a constraint on the keys of a map. "members": a constraint on the members of a map or list.
For these two kinds, the service's message has the path of the whole map or list.
"""

# --- constraints ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Change:
    """A change of a member's constraints. The given values replace the values of the model.

    unless: the name of another member. If the request has this other member, `required` does not
    apply.
    """

    required: bool = False
    unless: str | None = None
    minimum: int | None = None
    maximum: int | None = None


_INDEX_KEY: Final = Change(maximum=8)  # at most 4 HASH and 4 RANGE attributes
_TABLE_KEY: Final = Change(maximum=2)

CHANGES: Final[Mapping[str, Change]] = {
    # behaviour 10.1: AttributeDefinitions and KeySchema are required. The model no longer requires
    # them, because a request with GlobalTableSourceArn copies them from that table (inferred).
    "CreateTableInput.AttributeDefinitions": Change(required=True, unless="GlobalTableSourceArn"),
    "CreateTableInput.KeySchema": Change(required=True, unless="GlobalTableSourceArn", maximum=2),  # behaviour 10.1
    "TableCreationParameters.KeySchema": _TABLE_KEY,  # features 3
    "LocalSecondaryIndex.KeySchema": _TABLE_KEY,  # features 3
    "GlobalSecondaryIndex.KeySchema": _INDEX_KEY,  # features 3
    "CreateGlobalSecondaryIndexAction.KeySchema": _INDEX_KEY,  # features 3
    "DescribeStreamInput.Limit": Change(maximum=100),  # behaviour 11.2
    "GetRecordsInput.Limit": Change(maximum=1000),  # behaviour 2.5
    "ListStreamsInput.Limit": Change(maximum=100),  # behaviour 2.5
    "ListContributorInsightsInput.MaxResults": Change(minimum=1),  # inferred
}

# Structure -> a required member. If the member is missing, the error reports only this failure. The
# text of the error does not begin with "1 validation error detected: " (behaviour 3.4).
REQUIRED_BARE: Final[Mapping[str, str]] = {
    "CreateTableInput": "TableName",
    "UpdateTableInput": "TableName",
    "DeleteTableInput": "TableName",
}

# Members whose minimum length in the model does not count. For the empty map RequestItems,
# validate.py raises another error, after all other checks and without the prefix "1 validation
# error detected: " (behaviour 7.2). For an empty TableArn, the operation raises another error
# (control-plane 4.1).
OPTIONAL_LENGTH: Final = frozenset({"BatchWriteItemInput.RequestItems", "ExportTableToPointInTimeInput.TableArn"})

# Members that the validator does not check, because the operations check them and raise errors with
# other texts. Tags: behaviour 13, operations/tag_rules.py (findings ack-api-quirks, DDB-TABLE-107,
# 457). Table classes: behaviour 10.1, operations/tables/rules.py.
UNCHECKED: Final = frozenset(
    {"Tag.Key", "Tag.Value", "TagKeyList", "CreateTableInput.TableClass", "UpdateTableInput.TableClass"}
)

# Structure -> a member that the service has and the model does not have, as three names: the added
# member, the member before it, the shape of the added member.
ADDED_MEMBERS: Final[Mapping[str, tuple[str, str, str]]] = {
    "CreateTableInput": ("TableThroughputMode", "BillingMode", "BillingMode"),  # behaviour 10.1
    "UpdateTableInput": ("TableThroughputMode", "BillingMode", "BillingMode"),
}

# Structure -> the members whose failures are reported before those of other members, in this order.
MEMBER_ORDERS: Final[Mapping[str, tuple[str, ...]]] = {
    "ProvisionedThroughput": ("WriteCapacityUnits", "ReadCapacityUnits"),  # observed: finding DDB-TABLE-038
}

# Enum -> the order in which messages list its values (behaviour 3.3). The values of other enums
# have the model's order.
ENUM_ORDERS: Final[Mapping[str, tuple[str, ...]]] = {
    "ReturnValue": ("ALL_NEW", "UPDATED_OLD", "ALL_OLD", "NONE", "UPDATED_NEW"),
    "Select": ("SPECIFIC_ATTRIBUTES", "COUNT", "ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES"),
    "ScalarAttributeType": ("B", "N", "S"),
    "ProjectionType": ("ALL", "INCLUDE", "KEYS_ONLY"),
    "ConditionalOperator": ("OR", "AND"),
    "InputCompressionType": ("ZSTD", "NONE", "GZIP"),  # control-plane 5.1
}

PATTERNS: Final[Mapping[str, str]] = {  # Java patterns -> the same patterns in Python's syntax
    r"\p{Print}+": r"[\x20-\x7e]+",
    r"[\u0020-\uD7FF\uE000-\uFFFD\uD800\uDC00-\uDBFF\uDFFF\r\n\t]*": (
        # A character above U+FFFF is two surrogates in Java's pattern, and one character in
        # Python's.
        r"[\u0020-\uD7FF\uE000-\uFFFD\U00010000-\U0010FFFF\r\n\t]*"
    ),
}

# --- table names ----------------------------------------------------------------------------------

TABLE_NAME: Final = "TableName"
# In the model, the shape of a table name allows 1 to 1024 characters. The service allows at most
# 255 for a name (behaviour 3.4).
TABLE_NAME_SHAPE: Final = "TableArn"
TABLE_NAME_PATTERN: Final = "[a-zA-Z0-9_.-]+"
TABLE_NAME_LENGTH: Final = 255
ARN: Final = "arn:"
ARN_LENGTH: Final = 1024
# The minimum length of a table name in the members FULL_TABLE_NAMES, and as a key of RequestItems
# (behaviour 3.2, 3.4). In all other members, the minimum is 1.
TABLE_NAME_MINIMUM: Final = 3
FULL_TABLE_NAMES: Final = frozenset({"CreateTableInput.TableName", "UpdateTableInput.TableName"})
# Members that must be a name and not an ARN (behaviour 3.4).
NEW_TABLE_NAMES: Final = frozenset({"CreateTableInput.TableName"})

# --- wordings -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Wording:
    """The text with which the service reports a failed constraint.

    template: may contain `{value}` (quoted, or null), `{wire}` (the path in lower camel case),
    `{api}` (the path as in requests) and `{constraint}` (the text that begins with "Member must").
    alone: True if the message reports only this failure, even if there are others.
    bare: True if the message has no envelope (the prefix "1 validation error detected: ").
    """

    template: str
    alone: bool = False
    bare: bool = False


OLD: Final = Wording("Value {value} at '{wire}' failed to satisfy constraint: {constraint}")
NEW: Final = Wording("Value at '{api}' failed to satisfy constraint: {constraint}")
_NEW_ALONE: Final = Wording(NEW.template, alone=True)
_RETURN_VALUES: Final = Wording(  # UPDATE_NEW is the service's own mistake for UPDATED_NEW
    "Failed to satisfy constraint: Member must satisfy enum value set: "
    "[ALL_OLD, UPDATED_OLD, ALL_NEW, UPDATE_NEW, NONE]"
)
_INDEX_NAME: Final = Wording(
    "IndexName must be at least 3 characters long and at most 255 characters long", alone=True, bare=True
)
_GLOBAL_TABLE_NAME: Final = Wording(
    "TableName must be at least 3 characters long and at most 255 characters long", alone=True, bare=True
)
_CONDITIONAL_OPERATOR: Final = Wording(  # ALL is the service's own mistake for AND
    "Failed to satisfy constraint: Member must satisfy enum value set: [ALL, OR]",
    alone=True,
    bare=True,
)

_LENGTH: Final[tuple[Kind, Kind]] = ("minimum", "maximum")

WORDINGS: Final[Mapping[tuple[str, Kind], Wording]] = {
    # behaviour 3.4: five operations have this wording. Scan has the wording of the old layer (OLD)
    # in us-east-1.
    ("PutItemInput.TableName", "minimum"): _NEW_ALONE,
    ("GetItemInput.TableName", "minimum"): _NEW_ALONE,
    ("UpdateItemInput.TableName", "minimum"): _NEW_ALONE,
    ("DeleteItemInput.TableName", "minimum"): _NEW_ALONE,
    ("QueryInput.TableName", "minimum"): _NEW_ALONE,
    ("PutItemInput.ReturnValues", "enum"): _RETURN_VALUES,  # behaviour 3.2
    ("UpdateItemInput.ReturnValues", "enum"): _RETURN_VALUES,
    ("DeleteItemInput.ReturnValues", "enum"): _RETURN_VALUES,
    ("QueryInput.ConditionalOperator", "enum"): _CONDITIONAL_OPERATOR,  # behaviour 3.3, 3.5
    # behaviour 6.1. There is no row for Scan: in us-east-1, its error for a wrong number, such as
    # Limit 0, has the wording of the old layer (OLD).
    ("QueryInput.Limit", "minimum"): NEW,
    ("BatchGetItemInput.RequestItems", "minimum"): NEW,  # behaviour 7.1
    ("BatchGetItemInput.RequestItems", "maximum"): NEW,  # inferred from the row above
    ("KeysAndAttributes.Keys", "maximum"): NEW,  # behaviour 7.1
    ("KeysAndAttributes.Keys", "minimum"): NEW,  # behaviour 7.1
    **{
        (f"{operation}ContributorInsightsInput.IndexName", kind): _INDEX_NAME  # control-plane 12
        for operation in ("Update", "Describe")
        for kind in _LENGTH
    },
    **{
        (f"{operation}Input.GlobalTableName", kind): _GLOBAL_TABLE_NAME  # control-plane 8
        for operation in (
            "CreateGlobalTable",
            "DescribeGlobalTable",
            "DescribeGlobalTableSettings",
            "UpdateGlobalTable",
            "UpdateGlobalTableSettings",
        )
        for kind in _LENGTH
    },
}

# --- how several failures combine (behaviour 3.5) -------------------------------------------------


@dataclass(frozen=True, slots=True)
class FailureOrder:
    """The way in which an operation reports several failures of one request.

    An operation may have several orders. It uses the first one that applies to the request.

    first: the members whose failures are reported first, in this order. Failures of other members
    follow in the model's order.
    only_first: True if only the first failure is reported.
    old: True if all failures are reported with the wording of the service's old layer (OLD).
    without: the name of a member. The FailureOrder applies only to requests without this member.
    deep: True if the FailureOrder applies only to requests with a deeply nested value (nesting.py).
    """

    first: tuple[str, ...] = ()
    only_first: bool = False
    old: bool = False
    without: str | None = None
    deep: bool = False


DEFAULT_ORDER: Final = FailureOrder()
_TOKEN_FIRST: Final = (FailureOrder(first=("ClientRequestToken",)),)  # behaviour 8.3
_OLD_ORDER: Final = ("ReturnConsumedCapacity", "TableName", "ReturnValues", "ConditionalOperator")
_SINGLE_WRITE: Final = (
    FailureOrder(first=_OLD_ORDER, old=True, deep=True),
    FailureOrder(first=("ReturnConsumedCapacity", "TableName", "ReturnValues")),
)

FAILURE_ORDERS: Final[Mapping[str, tuple[FailureOrder, ...]]] = {
    "PutItemInput": _SINGLE_WRITE,
    "DeleteItemInput": _SINGLE_WRITE,
    # The order for GetItem is inferred from PutItem and DeleteItem.
    "GetItemInput": (FailureOrder(first=("ReturnConsumedCapacity",)),),
    "UpdateItemInput": (
        FailureOrder(first=_OLD_ORDER, old=True, without="Key"),
        FailureOrder(first=_OLD_ORDER, old=True, deep=True),
        FailureOrder(first=("TableName", "ReturnValues", "ReturnConsumedCapacity"), only_first=True),
    ),
    "CreateTableInput": (
        FailureOrder(first=("AttributeDefinitions", "TableName", "KeySchema", "GlobalSecondaryIndexes")),
    ),
    "TransactWriteItemsInput": _TOKEN_FIRST,
    "ExecuteTransactionInput": _TOKEN_FIRST,
}

# Failures that are reported only if the request has no other failures. The one such failure is a
# malformed table name in BatchWriteItem.
LAST_RESORT: Final[frozenset[tuple[str, Kind]]] = frozenset({("BatchWriteItemInput.RequestItems", "keys")})

# --- printed values -------------------------------------------------------------------------------

PRINTED_AS_JSON: Final = frozenset({"BatchGetItemInput.RequestItems"})  # behaviour 3.2

# Structure -> members that the model does not have, but that messages of the service print. Their
# value is always null.
PRINTED_ALSO: Final[Mapping[str, tuple[str, ...]]] = {
    # Source: a message in github.com/risingwavelabs/risingwave/issues/17572.
    "PutRequest": ("workloadProfileName",),
}
