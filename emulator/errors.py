"""Every error the service answers with, verbatim, once.

`ApiError` is the only exception that reaches a client; the factories below make it. Texts follow
emulator/reference/behaviour.md (cited at each group); `sic` marks the service's own slips.

An error's *envelope* is the prefix "1 validation error detected: ". Whether a request problem is told inside it or bare
depends on the operation (behaviour 2.1, 3.6): checks raise the bare error, the operation registry applies `enveloped`.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

SERVICE: Final = "com.amazonaws.dynamodb.v20120810#"
CORAL: Final = "com.amazon.coral.service#"
VALIDATE: Final = "com.amazon.coral.validate#"

INVALID_PARAMETERS: Final = "One or more parameter values were invalid: "
INVALID_VALUES: Final = "One or more parameter values are not valid. "
_ENVELOPE: Final = "1 validation error detected: "


class ApiError(Exception):
    """An answer that is an error.

    code: the error's name; message: its text, None where the service sends none; status: HTTP status;
    namespace: what precedes '#' in `__type`; message_member: "message" or "Message"; extra: members beside the message;
    bare: never put inside the envelope.
    """

    def __init__(
        self,
        code: str,
        message: str | None,
        *,
        status: int = 400,
        namespace: str = SERVICE,
        message_member: str = "message",
        extra: Mapping[str, Any] | None = None,
        bare: bool = False,
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.namespace = namespace
        self.message_member = message_member
        self.extra = extra or {}
        self.bare = bare

    def body(self) -> dict[str, Any]:
        """Return the JSON body: `__type`, the message and the extra members (behaviour 1.2)."""
        body: dict[str, Any] = {"__type": self.namespace + self.code}
        if self.message is not None:
            body[self.message_member] = _answerable(self.message)
        body.update(self.extra)
        return body


LONGEST_WHOLE: Final = 68_000
"""Bytes of JSON. A longer message is cut: a request could make one as long as itself.

Where the service cuts its messages is not recorded. So all that a client may see by an ordinary mistake
stays whole, such as an attribute name of one byte over the limit of 65,535."""
LONGEST_CUT: Final = 60_000
"""Bytes of JSON that are left of a message that is cut."""

_CUT: Final = "..."  # our own


def _answerable(message: str) -> str:
    if len(message) * _JSON_GROWTH <= LONGEST_WHOLE or json_size(message) <= LONGEST_WHOLE:
        return message
    return shortened(message, LONGEST_CUT)


def shortened(text: str, most: int) -> str:
    """Return a text that is at most that many bytes of JSON, cut and marked where it is longer."""
    if len(text) * _JSON_GROWTH <= most or (len(text) <= most and json_size(text) <= most):
        return text
    text = text[:most]
    room = max(most - len(_CUT), 0)
    while (size := json_size(text)) > room:
        text = text[: min(len(text) * room // size, len(text) - 1)]
    return text + _CUT


def json_size(text: str) -> int:
    """Return the bytes that a text takes in JSON at most, without its quotes."""
    data = text.encode()
    controls = len(data) - len(data.translate(None, _CONTROLS))
    return len(data) + data.count(b'"') + data.count(b"\\") + 5 * controls


_CONTROLS: Final = bytes(range(32))
_JSON_GROWTH: Final = 6  # bytes of JSON that a character takes at most: \u0001


def validation(message: str) -> ApiError:
    return ApiError("ValidationException", message, namespace=VALIDATE)


def invalid_parameters(detail: str) -> ApiError:
    """Make a ValidationException whose text starts "One or more parameter values were invalid: "."""
    return validation(INVALID_PARAMETERS + detail)


def enveloped(error: ApiError) -> ApiError:
    """Return the error told inside the envelope, unless it is one that is always bare."""
    if error.code != "ValidationException" or error.message is None or error.bare:
        return error
    if error.message == "Empty attribute name" or "validation error detected: " in error.message:
        return error
    return validation(_ENVELOPE + error.message)


# --- 1 protocol -----------------------------------------------------------------------------------------------------


def serialization(message: str | None = None) -> ApiError:
    """A type error in the JSON (behaviour 1.6), or without text: no JSON at all."""
    return ApiError("SerializationException", message, namespace=CORAL, message_member="Message")


def wrong_token(token: str, expected: str) -> ApiError:
    """Token is TRUE, FALSE, NUMBER, DECIMAL or STRING; expected a Java type's simple name (behaviour 1.6)."""
    return serialization(f"{token}_VALUE cannot be converted to {expected}")


def wrong_collection(java_type: str) -> ApiError:
    """Make the error of an array given for anything but a list; java_type e.g. "class java.lang.String"."""
    return serialization(f"Unrecognized collection type {java_type}")


def structure_not_expected() -> ApiError:
    """Make the error of an object given for a scalar or a list."""
    return serialization("Start of structure or map found where not expected")


def scalar_as_field() -> ApiError:
    """Make the error of a scalar given for a list, map or structure that is a structure's member."""
    return serialization("Unexpected field type")


def scalar_as_member() -> ApiError:
    """Make the error of a scalar given for a structure that is a list's or map's member."""
    return serialization("Unexpected value type in payload")


def not_a_boolean() -> ApiError:
    return serialization("Unexpected token received from parser")


def not_base64() -> ApiError:
    """Make the error of a boolean or a number given for binary data."""
    return serialization("only base-64-encoded strings are convertible to bytes")


def base64_length(length: int) -> ApiError:
    return serialization(f"Base64 encoded length is expected a multiple of 4 bytes but found: {length}")


def base64_tail() -> ApiError:
    return serialization("Invalid last non-pad Base64 character dectected")  # sic


def unknown_operation() -> ApiError:
    return ApiError("UnknownOperationException", None, namespace=CORAL)


def not_implemented(operation: str) -> ApiError:
    """Our own answer for an operation of the service that this emulator does not have yet."""
    return ApiError(
        "UnknownOperationException",
        f"{operation} is an operation of DynamoDB that this emulator does not implement yet (see the README's table)",
        namespace=CORAL,
    )


SPEAKS: Final = "This server speaks DynamoDB, DynamoDB Streams and the event source mappings of Lambda only"
REDIRECTED: Final = (
    "If AWS_ENDPOINT_URL is set to this server, set AWS_ENDPOINT_URL_DYNAMODB instead "
    "(and AWS_ENDPOINT_URL_DYNAMODB_STREAMS, AWS_ENDPOINT_URL_LAMBDA), so that other services keep their own endpoints."
)


def another_service(name: str) -> ApiError:
    """Our own answer to a request of another service of AWS."""
    what = "other operations of Lambda" if name == "lambda" else name
    return ApiError("UnknownOperationException", f"{SPEAKS}, not {what}. {REDIRECTED}", namespace="")


def signed_twice() -> ApiError:
    text = "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header."
    return ApiError("InvalidSignatureException", text, namespace=CORAL)


def missing_authentication_token() -> ApiError:
    text = "Request is missing Authentication Token"
    return ApiError("MissingAuthenticationTokenException", text, namespace=CORAL)


def incomplete_signature(message: str) -> ApiError:
    return ApiError("IncompleteSignatureException", message, namespace=CORAL)


def access_denied(message: str = "Access is denied") -> ApiError:
    return ApiError("AccessDeniedException", message, namespace=CORAL)


def not_authorized(account: str, resource: str) -> ApiError:
    """The data plane's form of access_denied, which names the caller (behaviour 3.4, inferred)."""
    return access_denied(
        f"User: arn:aws:iam::{account}:root is not authorized to perform this action on resource: {resource}"
        " because no resource-based policy allows the action"
    )


def internal_server_error(message: str = "The request processing has failed because of an unknown error.") -> ApiError:
    return ApiError("InternalServerError", message, status=500)


def storage_full() -> ApiError:
    """Our own trouble, told like the service's: the disk under the data folder has no room, nothing was written."""
    return internal_server_error("The emulator's disk is full; nothing of this request was stored.")


# --- attribute values (behaviour 2.1) -------------------------------------------------------------------------------

NUMBER_OVERFLOW: Final = "Number overflow. Attempting to store a number with magnitude larger than supported range"
NUMBER_UNDERFLOW: Final = "Number underflow. Attempting to store a number with magnitude smaller than supported range"
NUMBER_PRECISION: Final = "Attempting to store more than 38 significant digits in a Number"
VALUE_EMPTY: Final = "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"
VALUE_AMBIGUOUS: Final = (
    "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes"
)
NULL_FALSE: Final = INVALID_PARAMETERS + "Null attribute value types must have the value of true"
EMPTY_STRING_SET: Final = INVALID_PARAMETERS + "An string set  may not be empty"  # sic, two spaces
EMPTY_NUMBER_SET: Final = INVALID_PARAMETERS + "An number set  may not be empty"  # sic
EMPTY_BINARY_SET: Final = INVALID_PARAMETERS + "Binary sets should not be empty"
EMPTY_ATTRIBUTE_NAME: Final = "Empty attribute name"
VALUES_TOO_LARGE: Final = "ExpressionAttributeValues size has exceeded the maximum allowed size"  # inferred
ATTRIBUTE_NAME_TOO_LONG: Final = (
    INVALID_PARAMETERS + "Attribute name is too large, must be less than or equal to 65535 bytes"
)
_COLLECTION: Final = INVALID_PARAMETERS + "Input collection"
NESTING: Final = (
    "Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit"
)


def nesting() -> ApiError:
    return validation(NESTING)


def number_text(kind: str, written: str, *, older: bool = False) -> str:
    """Return the message of a bad number; kind as in values/number.py. The layers differ in telling an empty text."""
    if kind == "not_numeric":
        told = "" if older and not written else f": {written}"
        return f"The parameter cannot be converted to a numeric value{told}"
    return {"overflow": NUMBER_OVERFLOW, "underflow": NUMBER_UNDERFLOW, "precision": NUMBER_PRECISION}[kind]


def duplicates_text(tag: str, members: Sequence[str], *, older: bool = False) -> str:
    """Return the message of a repeated set member; tag is SS, NS or BS, members are told in the order given."""
    if tag == "NS":
        return "Input collection contains duplicates" if older else f"{_COLLECTION} contains duplicates."
    told = members if older else [f'"{member}"' for member in members]
    if tag == "BS":
        return f"{_COLLECTION} [{(', ' if older else ',').join(told)}]of type BS contains duplicates."  # sic
    return f"{_COLLECTION} [{', '.join(told)}] contains duplicates."


# --- sizes (behaviour 2.4) ------------------------------------------------------------------------------------------

ITEM_TOO_LARGE: Final = "Item size has exceeded the maximum allowed size"
UPDATE_TOO_LARGE: Final = "Item size to update has exceeded the maximum allowed size"


def item_too_large() -> ApiError:
    return validation(ITEM_TOO_LARGE)


def update_too_large() -> ApiError:
    return ApiError("ValidationException", UPDATE_TOO_LARGE, namespace=VALIDATE, bare=True)


# --- member constraints (behaviour 3.2) -----------------------------------------------------------------------------


def constraints(parts: Sequence[str]) -> ApiError:
    """Join failed constraints into one answer; the service tells at most ten (behaviour 3.1)."""
    parts = parts[:10]
    noun = "error" if len(parts) == 1 else "errors"
    return validation(f"{len(parts)} validation {noun} detected: " + "; ".join(parts))


MUST_NOT_BE_NULL: Final = "Member must not be null"


def min_length(bound: int) -> str:
    return f"Member must have length greater than or equal to {bound}"


def max_length(bound: int) -> str:
    return f"Member must have length less than or equal to {bound}"


def min_value(bound: int) -> str:
    return f"Member must have value greater than or equal to {bound}"


def max_value(bound: int) -> str:
    return f"Member must have value less than or equal to {bound}"


def must_match(pattern: str) -> str:
    return f"Member must satisfy regular expression pattern: {pattern}"


def must_be_one_of(values: Iterable[str]) -> str:
    return f"Member must satisfy enum value set: [{', '.join(values)}]"


def members_must(what: str, constraints_told: Iterable[str]) -> str:
    """Make the constraint of a collection's members; what is "Member", "Map keys" or "Map value"."""
    return f"{what} must satisfy constraint: [{', '.join(constraints_told)}]"


# --- parameter combinations (behaviour 3.6) -------------------------------------------------------------------------


def mixed_parameters(legacy: Iterable[str], expressions: Iterable[str]) -> ApiError:
    return validation(
        "Can not use both expression and non-expression parameters in the same request: "
        f"Non-expression parameters: {{{', '.join(legacy)}}} Expression parameters: {{{', '.join(expressions)}}}"
    )


def only_with_expressions(member: str, absent: str | None = None) -> ApiError:
    """Member is ExpressionAttributeNames or ExpressionAttributeValues.

    absent: the expression that the OLD layer says is null, where a request has values without it (behaviour 3.6).
    """
    suffix = "" if absent is None else f": {absent} is null"
    return validation(f"{member} can only be specified when using expressions{suffix}")


def must_not_be_empty(member: str) -> ApiError:
    return validation(f"{member} must not be empty")


def invalid_placeholder(member: str, key: str) -> ApiError:
    return validation(f'{member} contains invalid key: Syntax error; key: "{key}"')


def placeholder_too_long(member: str, size: int) -> ApiError:
    """Size in bytes; only the text about names has it (behaviour 3.6)."""
    suffix = f" size of key: {size}" if member == "ExpressionAttributeNames" else ""
    return validation(
        f"{member} contains invalid key: The expression attribute map contains a key that is too long;{suffix}"
    )


def empty_name_of(placeholder: str) -> ApiError:
    """Make the error of an empty attribute name behind a placeholder (behaviour 2.1)."""
    return validation(f"ExpressionAttributeNames contains invalid value: {EMPTY_ATTRIBUTE_NAME} for key {placeholder}")


def invalid_expression_value(message: str, key: str) -> ApiError:
    """The OLDER layer's wrapping of a value problem (behaviour 2.1)."""
    return validation(f"ExpressionAttributeValues contains invalid value: {message} for key {key}")


def return_values_not_allowed(*, bare: bool = False) -> ApiError:
    """Bare where the request has a value nested so deeply that the older layer judges it (behaviour 3.5)."""
    text = "ReturnValues can only be ALL_OLD or NONE"
    return ApiError("ValidationException", text, namespace=VALIDATE, bare=bare)


# --- keys (behaviour 3.8) -------------------------------------------------------------------------------------------


def key_does_not_match_schema() -> ApiError:
    return validation("The provided key element does not match the schema")


def missing_key(name: str) -> ApiError:
    return invalid_parameters(f"Missing the key {name} in the item")


def key_type_mismatch(name: str, expected: str, actual: str) -> ApiError:
    return invalid_parameters(f"Type mismatch for key {name} expected: {expected} actual: {actual}")


def index_key_type_mismatch(name: str, expected: str, actual: str, index: str) -> ApiError:
    return invalid_parameters(
        f"Type mismatch for Index Key {name} Expected: {expected} Actual: {actual} IndexName: {index}"
    )


_EMPTY: Final = "The AttributeValue for a key attribute cannot contain an empty"


def _empty(kind: str) -> str:
    return f"{_EMPTY} {kind} value."


def empty_key(name: str, kind: str) -> ApiError:
    """Kind is "string" or "binary"."""
    return validation(f"{INVALID_VALUES}{_empty(kind)} Key: {name}")


def is_empty_key(error: ApiError) -> bool:
    """Say whether an error is about an empty value of a key attribute, the table's or an index's."""
    return error.message is not None and error.message.startswith(INVALID_VALUES) and _EMPTY in error.message


def empty_index_key(name: str, kind: str, index: str) -> ApiError:
    return validation(
        f"{INVALID_VALUES}A value specified for a secondary index key is not supported. "
        f"{_empty(kind)} IndexName: {index}, IndexKey: {name}"
    )


def update_to_empty_index_key(kind: str) -> ApiError:
    return validation(
        f"{INVALID_VALUES}The update expression attempted to update a secondary index key to a value that is not "
        f"supported. {_empty(kind)}"
    )


def update_to_unsupported_index_key_type() -> ApiError:
    return validation("The update expression attempted to update the secondary index key to unsupported type")


def update_index_key_too_long() -> ApiError:
    return validation("The update expression attempted to update the secondary index key beyond allowed size limits")


def index_key_too_long(index: str, name: str, size: int, largest: int) -> ApiError:
    """Sizes in bytes. Observed: github.com/wellcomecollection/platform/issues/2285."""
    return invalid_parameters(
        f"Size limit exceeded for Index Key {name} Actual Size: {size} bytes Max Size: {largest} bytes IndexName: {index}"
    )


def partition_key_too_long() -> ApiError:
    return invalid_parameters("Size of hashkey has exceeded the maximum size limit of2048 bytes")  # sic


def sort_key_too_long() -> ApiError:
    return invalid_parameters("Aggregated size of all range keys has exceeded the size limit of 1024 bytes")


def cannot_update_key(name: str) -> ApiError:
    return invalid_parameters(f"Cannot update attribute {name}. This attribute is part of the key")


def key_must_be_scalar(name: str, *, index: bool = False) -> ApiError:
    what = "IndexKey" if index else "Key"
    return validation(f"{_KEY_PATH}{what}: {name}")


_KEY_PATH: Final = "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: "


def is_key_path(error: ApiError) -> bool:
    """Say whether an error is about a document path below a key attribute."""
    return error.message is not None and error.message.startswith(_KEY_PATH)


# --- 4 expressions --------------------------------------------------------------------------------------------------


def invalid_expression(parameter: str, detail: str) -> ApiError:
    """Make the error of an expression parameter, e.g. ("UpdateExpression", "The expression can not be empty;")."""
    return validation(f"Invalid {parameter}: {detail}")


def names_unused(keys: Iterable[str]) -> ApiError:
    return validation(f"Value provided in ExpressionAttributeNames unused in expressions: keys: {{{', '.join(keys)}}}")


def values_unused(keys: Iterable[str]) -> ApiError:
    return validation(f"Value provided in ExpressionAttributeValues unused in expressions: keys: {{{', '.join(keys)}}}")


def conditional_check_failed(item: Mapping[str, Any] | None = None) -> ApiError:
    """The item is told where ReturnValuesOnConditionCheckFailure asked for it (behaviour 4.6)."""
    extra = None if item is None else {"Item": item}
    return ApiError("ConditionalCheckFailedException", "The conditional request failed", extra=extra)


def update_path_invalid() -> ApiError:
    return validation("The document path provided in the update expression is invalid for update")


def update_operand_missing() -> ApiError:
    return validation("The provided expression refers to an attribute that does not exist in the item")


def update_operand_type() -> ApiError:
    return validation("An operand in the update expression has an incorrect data type")


def update_type_mismatch() -> ApiError:
    """The legacy AttributeUpdates form of update_operand_type."""
    return validation("Type mismatch for attribute to update")


# --- key conditions, query and scan (behaviour 4.3, 6) --------------------------------------------------------------


def key_condition_type() -> ApiError:
    return invalid_parameters("Condition parameter type does not match schema type")


def query_missed_key(name: str) -> ApiError:
    return validation(f"Query condition missed key schema element: {name}")


def query_condition_not_supported() -> ApiError:
    return validation("Query key condition not supported")


def hash_keys_need_equality(names: Iterable[str]) -> ApiError:
    """Make the error of an index with several HASH attributes. What follows "conditions" is inferred (behaviour 4.3)."""
    return validation(f"HASH key attributes {', '.join(names)} must have equality conditions specified in the query")


def too_many_query_conditions(given: int, allowed: int) -> ApiError:
    return validation(
        f"The number of query conditions ({given}) exceeds the number of key attributes defined in the schema "
        f"({allowed})"
    )


def range_gap(missing: Iterable[str], present: str) -> ApiError:
    return validation(
        f"RANGE key attributes {', '.join(missing)} must have equality conditions specified in the query because a "
        f"condition is present on key attribute {present}"
    )


def filter_on_key(parameter: str, name: str) -> ApiError:
    """Parameter is "Filter Expression" or "QueryFilter"."""
    return validation(f"{parameter} can only contain non-primary key attributes: Primary key attribute: {name}")


def no_query_condition() -> ApiError:
    return validation("Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.")


def unknown_index(name: str) -> ApiError:
    return validation(f"The table does not have the specified index: {name}")


def backfilling_index(name: str) -> ApiError:
    return validation(f"Cannot read from backfilling global secondary index: {name}")


def consistent_read_on_gsi() -> ApiError:
    return validation("Consistent reads are not supported on global secondary indexes")


def projection_with_select(parameter: str, select: str) -> ApiError:
    """Parameter is ProjectionExpression or AttributesToGet."""
    what = "only the Count" if select == "COUNT" else select
    return validation(f"Cannot specify the {parameter} when choosing to get {what}")


def projected_attributes_without_index() -> ApiError:
    return validation("ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName")


def specific_attributes_without_projection() -> ApiError:
    return validation(
        "Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES"
    )


def all_attributes_on_gsi(index: str) -> ApiError:
    return invalid_parameters(
        f"Select type ALL_ATTRIBUTES is not supported for global secondary index {index} because its projection type "
        "is not ALL"
    )


def not_projected(index: str, attributes: Iterable[str]) -> ApiError:
    return invalid_parameters(f"Global secondary index {index} does not project [{', '.join(attributes)}]")


def filter_not_projected(index: str, attributes: Iterable[str]) -> ApiError:
    """Observed: github.com/sensedeep/dynamodb-onetable/issues/377."""
    return invalid_parameters(
        f"Secondary index {index} does not project one or more filter attributes: [{', '.join(attributes)}]"
    )


def starting_key_invalid(detail: str | None = None) -> ApiError:
    suffix = "" if detail is None else f": {detail}"
    return validation("The provided starting key is invalid" + suffix)


def starting_key_outside_query() -> ApiError:
    return validation("The provided starting key is outside query boundaries based on provided conditions")


def starting_key_misses_predicate() -> ApiError:
    return validation("The provided starting key does not match the range key predicate")


def query_cannot_restart() -> ApiError:
    return validation("The query can return at most one row and cannot be restarted")


def exclusive_start_key_invalid(key: Mapping[str, Mapping[str, Any]]) -> ApiError:
    """Make the error of a Query of a table without sort key that starts at its own key (behaviour 6.1)."""
    told = ", ".join(
        f"{name}=AttributeValue: {{{tag}:{content}}}" for name, value in key.items() for tag, content in value.items()
    )
    return validation(f"The provided exclusive start key is invalid: ExclusiveStartKey: {{{told}}}")


def starting_key_wrong_segment(total: int, segment: int) -> ApiError:
    return starting_key_invalid(
        "Invalid ExclusiveStartKey. Please use ExclusiveStartKey with correct Segment. "
        f"TotalSegments: {total} Segment: {segment}"
    )


def total_segments_required() -> ApiError:
    return validation(
        "The TotalSegments parameter is required but was not present in the request when Segment parameter is present"
    )


def segment_required() -> ApiError:
    return validation(
        "The Segment parameter is required but was not present in the request when parameter TotalSegments is present"
    )


def segment_out_of_range(segment: int, total: int) -> ApiError:
    return validation(
        "The Segment parameter is zero-based and must be less than parameter TotalSegments: "
        f"Segment: {segment} is not less than TotalSegments: {total}"
    )


def duplicate_attribute(name: str) -> ApiError:
    return invalid_parameters(f"Duplicate value in attribute name: {name}")


# --- 7 batches ------------------------------------------------------------------------------------------------------


def too_many_items(operation: str) -> ApiError:
    """Operation is BatchGetItem or BatchWriteItem."""
    return validation(f"Too many items requested for the {operation} call")


def request_items_required(operation: str) -> ApiError:
    return validation(f"The requestItems parameter is required for {operation}")


def duplicate_keys() -> ApiError:
    return validation("Provided list of item keys contains duplicates")


# --- 8 transactions -------------------------------------------------------------------------------------------------

Reason = dict[str, Any]
"""An entry of CancellationReasons: Code, and for a failure Message and perhaps Item."""

NO_REASON: Final[Reason] = {"Code": "None"}


def transaction_canceled(reasons: Sequence[Reason]) -> ApiError:
    """Make the answer of a transaction that did not happen, with one reason for each action (behaviour 8.2)."""
    codes = ", ".join(reason["Code"] for reason in reasons)
    return ApiError(
        "TransactionCanceledException",
        f"Transaction cancelled, please refer cancellation reasons for specific reasons [{codes}]",
        message_member="Message",
        extra={"CancellationReasons": list(reasons)},
    )


def cancellation_reason(error: ApiError) -> Reason:
    """Return the reason that tells why one action could not happen."""
    code = {
        "ConditionalCheckFailedException": "ConditionalCheckFailed",
        "ItemCollectionSizeLimitExceededException": "ItemCollectionSizeLimitExceeded",
        "TransactionConflictException": "TransactionConflict",
        "ProvisionedThroughputExceededException": "ProvisionedThroughputExceeded",
        "ThrottlingException": "ThrottlingError",
        "DuplicateItemException": "DuplicateItem",
        "ValidationException": "ValidationError",
    }[error.code]
    item = {"Item": error.extra["Item"]} if "Item" in error.extra else {}
    message = error.message
    if code == "ProvisionedThroughputExceeded" and message is not None:
        message = message.removesuffix(".")  # as behaviour 8.2 has it, other than behaviour 16
    return {"Code": code, "Message": message, **item}


def transaction_conflict() -> ApiError:
    return ApiError("TransactionConflictException", "Transaction is ongoing for the item")


def no_transact_action() -> ApiError:
    """Make the error of an element without an action; the wording of us-east-1 (behaviour 8.1)."""
    return validation("Invalid Request: TransactWriteRequest should contain Delete or Put or Update request")


def one_action_only() -> ApiError:
    return validation("TransactItems can only contain one of Check, Put, Update or Delete")


def duplicate_transact_items() -> ApiError:
    return validation("Transaction request cannot include multiple operations on one item")


def transaction_too_large() -> ApiError:
    """The text is known to contain "size cannot exceed" (behaviour 8.1)."""
    return validation("Transaction request size cannot exceed 4194304 bytes")


def idempotent_parameter_mismatch() -> ApiError:
    text = "The request uses the same client token as a previous, but non-identical request."
    return ApiError("IdempotentParameterMismatchException", text, message_member="Message")


def transaction_in_progress() -> ApiError:
    text = "The transaction with the given request token is already in progress."
    return ApiError("TransactionInProgressException", text, message_member="Message")


# --- 10 tables ------------------------------------------------------------------------------------------------------


def resource_not_found(detail: str = "") -> ApiError:
    """Bare for the data plane; detail is e.g. ": Table: t not found" for the control plane."""
    return ApiError("ResourceNotFoundException", "Requested resource not found" + detail)


def table_not_found(name: str) -> ApiError:
    """The control plane's form (behaviour 10.2). An ARN is told as the name in it (ack-api-quirks, DDB-TABLE-072)."""
    return resource_not_found(f": Table: {name.rsplit('/', 1)[-1]} not found")


def index_not_found(index: str, table: str) -> ApiError:
    """UpdateTable's form (ack-api-quirks, DDB-TABLE-161)."""
    return resource_not_found(f": Index {index} for table {table}")


def resource_in_use(message: str) -> ApiError:
    return ApiError("ResourceInUseException", message)


def ttl_already(state: str) -> ApiError:
    """State is "enabled" or "disabled" (behaviour 12)."""
    return validation(f"TimeToLive is already {state}")


def ttl_on_another_attribute(current: str) -> ApiError:
    return validation(f"TimeToLive is active on a different AttributeName: current AttributeName is {current}")


def ttl_changed_too_often() -> ApiError:
    return validation("Time to live has been modified multiple times within a fixed interval")


def still_in_use(what: str) -> ApiError:
    """What is e.g. "Table is being created: t"."""
    return resource_in_use(f"Attempt to change a resource which is still in use: {what}")


_BEING: Final = {"CREATING": "created", "UPDATING": "updated", "DELETING": "deleted"}
"""What is being done to a table or index that is not ACTIVE, by its status."""


def being_changed(table: str, status: str) -> ApiError:
    """The status is the table's."""
    return still_in_use(f"Table is being {_BEING[status]}: {table}")


def index_being_changed(table: str, index: str, status: str) -> ApiError:
    """The status is the index's."""
    return still_in_use(f"Index is being {_BEING[status]}. Table: {table} Index: {index}")


def index_in_use(table: str, index: str, status: str, action: str) -> ApiError:
    """Make the error of an action on an index for whose sake its table is UPDATING (DDB-TABLE-149, 163).

    status: CREATING or DELETING, the index's; action: Create, Update or Delete.
    """
    if status == "CREATING" and action == "Delete":
        return still_in_use(
            "Index creation is in resource allocation phase. Retry deletion during backfilling phase or when the index "
            f"is active. Table: {table} Index: {index}"
        )
    if status == "CREATING" and action == "Update":
        return still_in_use(f"Index is being created but is not backfilling yet. Table: {table} Index: {index}")
    return index_being_changed(table, index, status)


def capacity_in_use(table: str, indexes: Iterable[str], status: str) -> ApiError:
    """The status is that of the indexes: CREATING or DELETING (control-plane 20.4)."""
    return still_in_use(
        f"Can't change table IOPS when an index is being {_BEING[status]}. Table: {table} Indexes: [{', '.join(indexes)}]"
    )


def ttl_table_changing(table: str, status: str) -> ApiError:
    """UpdateTimeToLive's form of being_changed (control-plane 0.3)."""
    return still_in_use(f"Table {table} is being {_BEING[status]}")


def ttl_not_described(status: str) -> ApiError:
    """The status is the table's (behaviour 12)."""
    return validation(f"Cannot describe time to live while table is in {status} state: Current table state is {status}")


def nothing_to_update(members: Sequence[str]) -> ApiError:
    """Members are those that UpdateTable could have had (behaviour 10.4)."""
    return validation(f"At least one of {', '.join(members[:-1])} or {members[-1]} is required")


def table_class_unknown() -> ApiError:
    return validation(
        "Invalid table-class parameter provided. Please try again with a valid table-class value: "
        "[STANDARD, STANDARD_INFREQUENT_ACCESS]."
    )


def encryption_type_not_supported(kind: str) -> ApiError:
    return invalid_parameters(f"SSEType {kind} is not supported")


def encryption_type_required() -> ApiError:
    return invalid_parameters("SSEType KMS is required if KMSMasterKeyId is specified")


def encrypted_by_default() -> ApiError:
    return invalid_parameters("Table is already encrypted by default")


def encrypted_with_that_key() -> ApiError:
    return invalid_parameters(
        "Table is already encrypted with given KMSMasterKeyId. Use KMSMasterKeyId parameter if you want to change "
        "Master Key"
    )


def attribute_defined_twice(name: str) -> ApiError:
    return validation(f"Attribute Name is duplicated: {name}")


def same_key_name() -> ApiError:
    """The text for a table's key or an ordinary index key of two attributes."""
    return validation("Both the Hash Key and the Range Key element in the KeySchema have the same name")


def repeated_key_names() -> ApiError:
    """The text for the key of a global index that has another shape (behaviour 10.1)."""
    return validation("The KeySchema contains multiple key attributes with the same name")


KeyAttribute = tuple[str, str, str]
"""Name, type and kind (HASH or RANGE) of a key attribute."""


def attribute_redefined(existing: Iterable[KeyAttribute], new: Iterable[KeyAttribute]) -> ApiError:
    """Take the key schema that has an attribute already, and that of the new index (behaviour 10.4)."""

    def text(schema: Iterable[KeyAttribute]) -> str:
        return ", ".join(f"SchemaElement: key{{{':'.join(attribute)}}}" for attribute in schema)

    return invalid_parameters(
        "Attributes cannot be redefined. Please check that your attribute has the same type as previously defined. "
        f"Existing schema: Schema:[{text(existing)}] New schema: Schema:[{text(new)}]"
    )


def table_exists(name: str) -> ApiError:
    return resource_in_use(f"Table already exists: {name}")


def indexes_being_changed() -> ApiError:
    return still_in_use("Cannot delete table while indexes are being created, updated, or deleted.")


def deletion_protected() -> ApiError:
    return validation(
        "Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first."
    )


SEE_LIMITS: Final = "Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher limits."


def limit_exceeded(message: str) -> ApiError:
    return ApiError("LimitExceededException", message)


def one_online_index() -> ApiError:
    return limit_exceeded(
        "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table"
    )


def index_throughput_required(index: str) -> ApiError:
    """UpdateTable's form."""
    return invalid_parameters(f"ProvisionedThroughput must be specified for index: {index}")


def index_throughput_missing(index: str) -> ApiError:
    """CreateTable's form (behaviour 10.1)."""
    return invalid_parameters(f"ProvisionedThroughput is not specified for index: {index}")


def index_warmth_empty(index: str) -> ApiError:
    return invalid_parameters(
        f"WarmThroughput must have at least one of ReadUnitsPerSecond or WriteUnitsPerSecond specified for index: {index}"
    )


def too_many_tags() -> ApiError:
    return validation("Number of Tags exceed the current limit for the provided ResourceArn")


def no_tags(what: str) -> ApiError:
    """Make the error of an empty list; what is Tag or Tag Key."""
    return validation(f"Atleast one {what} needs to be provided as Input.")  # sic


def tag_set_too_large(size: int, largest: int) -> ApiError:
    """Sizes in bytes, of all tags that the resource would have (behaviour 13)."""
    return validation(f"Tag set size {size} bytes is above max size limit of {largest} bytes")


def parameter_required(member: str) -> ApiError:
    return validation(f"The parameter '{member}' is required but was not present in the request")


# --- 9, 16 capacity -------------------------------------------------------------------------------------------------


_PROVISIONED_TABLE: Final = (
    "The level of configured provisioned throughput for the table was exceeded. "
    "Consider increasing your provisioning level with the UpdateTable API."
)
_PROVISIONED_INDEX: Final = (
    "The level of configured provisioned throughput for one or more global secondary indexes of the table was exceeded. "
    "Consider increasing your provisioning level for the under-provisioned global secondary indexes with the UpdateTable "
    "API"
)
_ON_DEMAND: Final = (
    "Throughput exceeds the current capacity of your table or index. DynamoDB is automatically scaling your table or index "
    "so please try again shortly. If exceptions persist, check if you have a hot key: "
    "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html"
)
_ON_DEMAND_INDEX: Final = (
    "Throughput exceeds the current capacity for one or more global secondary indexes. "
    "DynamoDB is automatically scaling your index so please try again shortly."
)
_MAXIMUM: Final = "Throughput exceeds the maximum OnDemandThroughput configured on table or index."


def throughput_exceeded(
    arn: str, kind: str, *, index: bool, on_demand: bool, maximum: bool, key_range: bool = False
) -> ApiError:
    """Make a throttled request's answer. arn: of the table or index; kind: Read or Write; key_range: one hot partition."""
    limit = "KeyRangeThroughputExceeded" if key_range else "ProvisionedThroughputExceeded"
    if maximum:
        limit = "MaxOnDemandThroughputExceeded"
    reasons = [{"reason": f"{'Index' if index else 'Table'}{kind}{limit}", "resource": arn}]
    if on_demand:
        text = _MAXIMUM if maximum else _ON_DEMAND_INDEX if index else _ON_DEMAND
        return ApiError("ThrottlingException", text, namespace=SERVICE, extra={"throttlingReasons": reasons})
    text = _PROVISIONED_INDEX if index else _PROVISIONED_TABLE
    return ApiError("ProvisionedThroughputExceededException", text, extra={"ThrottlingReasons": reasons})


def is_throttled(error: ApiError) -> bool:
    """Say whether an error is one that goes away by waiting."""
    return error.code in {"ProvisionedThroughputExceededException", "ThrottlingException"}


def item_collection_too_large() -> ApiError:
    return ApiError("ItemCollectionSizeLimitExceededException", "Collection size exceeded.")


# --- 11 streams -----------------------------------------------------------------------------------------------------
# "inferred": the code is known, the text is ours.


def stream_not_found(arn: str) -> ApiError:
    return resource_not_found(f": Stream: {arn} not found")


def shard_not_found(shard: str, arn: str) -> ApiError:
    return resource_not_found(f": Shard: {shard} in Stream: {arn} not found")  # inferred


def invalid_stream_arn(arn: str) -> ApiError:
    return validation(f"Invalid StreamArn: {arn}")  # inferred


def invalid_sequence_number(text: str) -> ApiError:
    return invalid_parameters(f"Invalid SequenceNumber: {text}")  # inferred


def iterator_parameter_required(member: str, kind: str) -> ApiError:
    return invalid_parameters(f"{member} must be specified when ShardIteratorType is {kind}")  # inferred


def iterator_parameter_forbidden(member: str, kind: str) -> ApiError:
    return invalid_parameters(f"{member} must not be specified when ShardIteratorType is {kind}")  # inferred


def invalid_shard_iterator() -> ApiError:
    return validation("Invalid ShardIterator")  # inferred


def expired_iterator() -> ApiError:
    return ApiError("ExpiredIteratorException", "Iterator expired: it was issued more than 15 minutes ago")  # inferred


def trimmed_data_access() -> ApiError:
    return ApiError(
        "TrimmedDataAccessException",
        "The operation attempted to read past the oldest stream record in a shard",  # inferred
    )


# --- 15 Kinesis destinations ----------------------------------------------------------------------------------------
# "inferred": as with streams.


def _destination_state(detail: str) -> ApiError:
    """Make the error of a destination that is in the wrong state; it says "enable" also where it is about others, sic."""
    return validation(f"Table is not in a valid state to enable Kinesis Streaming Destination: {detail}")


def kinesis_already_enabled() -> ApiError:
    """Also told where another data stream is enabled: a table has one at a time."""
    return _destination_state(
        "EnableKinesisStreamingDestination must be DISABLED or ENABLE_FAILED to perform ENABLE operation."
    )


def kinesis_not_active_to_disable() -> ApiError:
    return _destination_state("KinesisStreamingDestination must be ACTIVE to perform DISABLE operation.")


def kinesis_not_active_to_update(table: str, arn: str) -> ApiError:
    return _destination_state(
        "Kinesis streaming is not in ACTIVE state. Updates are only allowed in ACTIVE state. "
        f"TableName: {table}, kdsArn: {arn}"
    )


def kinesis_destination_missing(table: str, arn: str) -> ApiError:
    """Only an update tells this; disabling tells that the destination is not active."""
    return _destination_state(f"No streaming destination with streamArn: {arn} found for table with tableName: {table}")


def kinesis_disable_configured() -> ApiError:
    return validation("Stream cannot be disabled using EnableKinesisStreamingConfiguration parameters")


def _destination_update(detail: str) -> ApiError:
    return validation(f"Streaming destination cannot be updated with given parameters: {detail}")


def kinesis_update_empty() -> ApiError:
    return _destination_update("UpdateKinesisStreamingConfiguration cannot be null or contain only null values")


def kinesis_update_unchanged(precision: str, table_id: str, arn: str) -> ApiError:
    return validation(
        f"Invalid Request: Precision is already set to the desired value of {precision} "
        f"for tableId: {table_id}, kdsArn: {arn}"
    )


# --- ARNs (behaviour 3.4, 13) ---------------------------------------------------------------------------------------


def arn_part_invalid(part: str, arn: str) -> ApiError:
    """Make the error of a TableName that is a foreign ARN; part is e.g. "AWS region" (behaviour 3.4)."""
    return validation(f"{_ENVELOPE}Invalid {part} in '{arn}'")


def arn_format(arn: str) -> ApiError:
    """Make the error of a TableName that begins like an ARN and is none (only the beginning of the text is recorded)."""
    return validation(
        f"{_ENVELOPE}Valid ARN format is arn:<partition>:dynamodb:<region>:<account>:table/<table>, not '{arn}'"
    )


def arn_expected(text: str) -> ApiError:
    return invalid_parameters(f"ARNs must start with 'arn:': {text}")


def resource_arn_invalid(arn: str) -> ApiError:
    return validation(f"Invalid TableArn: Invalid ResourceArn provided as input {arn}")


def resource_arn_of_no_resource(arn: str) -> ApiError:
    return invalid_parameters(f"Provided Arn is not a DynamoDB resource arn: {arn}")


def resource_arn_of_index(arn: str) -> ApiError:
    return invalid_parameters(
        f"Invalid resource arn provided, only table or stream is accepted. Provided resource arn: {arn}"
    )


def resource_arn_not_found(arn: str) -> ApiError:
    return resource_not_found(f": ResourceArn: {arn} not found")


# --- 14 PartiQL -----------------------------------------------------------------------------------------------------
# `position` is "<line>:<column>:<length>". "recall": wording known from hearsay only.


def malformed_statement(detail: str) -> ApiError:
    """Make a syntax error; the detail is empty where the text cannot even be cut into tokens."""
    return validation(f"Statement wasn't well formed, can't be processed: {detail}")


def aliasing() -> ApiError:
    return validation("Aliasing is not supported")


def parameter_count() -> ApiError:
    return validation("Number of parameters in request and statement don't match.")


def number_under(kind: str, written: str, place: str) -> ApiError:
    """Make the error of a number literal; kind as in values/number.py."""
    return validation(f"{number_text(kind, written)} under {place}")


def unrecognized_function(function: str, position: str) -> ApiError:
    return validation(f"Unrecognized function: {function} at {position}")


def unexpected_path_component(position: str) -> ApiError:
    return validation(f"Unexpected path component at {position}")


def unsupported_data_type(function: str, place: str, position: str) -> ApiError:
    """A function call where a literal must stand; place is the key it is under, "root" for the item itself."""
    return validation(f"Unsupported data type: {function} under key {place} at {position}")


def empty_bag() -> ApiError:
    return validation("Empty bags are not supported")


def unsupported_bag() -> ApiError:
    """Our own wording: a set of mixed or impossible types."""
    return validation("Only bags of strings, of numbers or of binary values are supported")


def set_function_target(function: str, position: str) -> ApiError:
    """Function is SET_ADD or SET_DELETE, here and in the next two."""
    return validation(f"The first argument to {function} must equal the assignment value at {position}")


def set_function_value(function: str, position: str) -> ApiError:
    return validation(f"The second argument to {function} must be a value with type SET at {position}")


def set_function_arguments(function: str, position: str) -> ApiError:
    return validation(f"{function} must have exactly two arguments at {position}")


def invalid_returning(returning: str) -> ApiError:
    return validation(
        f"Invalid returning clause: RETURNING {returning} *. Only RETURNING ALL OLD * is allowed in DELETE statements."
    )


def too_many_from_components() -> ApiError:
    return validation("A path may contain at most 2 components in the FROM clause")


def empty_path_component() -> ApiError:
    return validation("Path component cannot be an empty string")


def statement_on_index() -> ApiError:
    return validation("This operation is not supported on an index")


def insert_into_index() -> ApiError:
    """Recorded up to "name" (behaviour 14.2); the rest is DynamoDB Local's."""
    return validation("FROM clause may only contain a single table name in data manipulation statements")


def statement_of_multi_attribute_index() -> ApiError:
    return validation(
        "PartiQL statements cannot be executed on tables with multi-attribute HASH keys or multi-attribute RANGE keys."
    )


def statement_unknown_index() -> ApiError:
    return validation("The table does not have the specified index")


def statement_consistent_read_on_gsi() -> ApiError:
    return validation("Strongly consistent read is not supported on Global Secondary Indexes")


def statement_without_key() -> ApiError:
    return validation("Where clause does not contain a mandatory equality on all key attributes")


def overlapping_conditions() -> ApiError:
    return validation("Overlapping conditions with range keys are not supported in where clause")


def order_without_where() -> ApiError:
    """Recall, as the next two."""
    return validation("Must have WHERE clause in the statement when using ORDER BY clause.")


def order_without_key() -> ApiError:
    return validation(
        "Must have at least one non-optional hash key condition in WHERE clause when using ORDER BY clause."
    )


def order_by_non_key(name: str) -> ApiError:
    return validation(f"Variable reference {name} in ORDER BY clause must be part of the primary key")


def duplicate_item() -> ApiError:
    return ApiError("DuplicateItemException", "Duplicate primary key exists in table")


def next_token_mismatch() -> ApiError:
    return validation("NextToken does not match request")


def next_token_invalid() -> ApiError:
    return validation("Invalid NextToken")


def batch_mixed() -> ApiError:
    return validation("Read and write requests together in the same batch is not supported.")


def batch_read_without_key() -> ApiError:
    return validation(
        "Select statements within BatchExecuteStatement must specify the primary key in the where clause."
    )


def is_about_the_item(error: ApiError) -> bool:
    """Say whether a ValidationException is about an item that a statement cannot write, not about the statement."""
    text = error.message or ""
    return text.startswith(INVALID_PARAMETERS) or text == key_does_not_match_schema().message


def transaction_mixed() -> ApiError:
    return validation("ExecuteTransaction API does not support both read and write operations in the same request.")


def transaction_statement(position: int, error: ApiError) -> ApiError:
    """Return what is wrong with one statement, told with its position, which counts from 0."""
    return validation(f"Validation failed in TransactStatements[{position}]: {error.message}")


def transaction_returning() -> ApiError:
    return validation("RETURNING clause is not supported in ExecuteTransaction.")


def transaction_read_on_index() -> ApiError:
    return validation("Reads on indices are not supported within transactions.")


def transaction_read_without_key() -> ApiError:
    return validation("Select statements within ExecuteTransaction must specify the primary key in the where clause.")


def transaction_exists() -> ApiError:
    return validation("EXISTS() must contain a single item read with additional condition")


def exists_outside_transaction() -> ApiError:
    """Our own wording: EXISTS() as a statement is for ExecuteTransaction alone."""
    return validation("EXISTS() is only supported in ExecuteTransaction.")


# --- 18 legacy parameters -------------------------------------------------------------------------------------------


def argument_count(operator: str) -> ApiError:
    return invalid_parameters(f"Invalid number of argument(s) for the {operator} ComparisonOperator")


def argument_type(operator: str, tag: str) -> ApiError:
    return invalid_parameters(f"ComparisonOperator {operator} is not valid for {tag} AttributeValue type")


def argument_types_differ() -> ApiError:
    return invalid_parameters("AttributeValues inside AttributeValueList must be of same type")


def between_bounds_reversed() -> ApiError:
    """The legacy form; an expression's is made with invalid_expression."""
    return validation(
        "The BETWEEN condition was provided a range where the lower bound is greater than the upper bound"
    )


def conditional_operator_alone() -> ApiError:
    return validation("ConditionalOperator can only be used when Filter or Expected has two or more elements")


def key_condition_count() -> ApiError:
    return validation("Conditions can be of length 1 or 2 only")


def not_indexable() -> ApiError:
    return validation("Attempted conditional constraint is not an indexable operation")


def value_and_list(name: str) -> ApiError:
    return invalid_parameters(f"Value and AttributeValueList cannot be used together for Attribute: {name}")


def exists_and_operator(name: str) -> ApiError:
    return invalid_parameters(f"Exists and ComparisonOperator cannot be used together for Attribute: {name}")


def operator_without_value(operator: str, name: str) -> ApiError:
    return invalid_parameters(
        f"Value or AttributeValueList must be used with ComparisonOperator: {operator} for Attribute: {name}"
    )


def list_without_operator(name: str) -> ApiError:
    return invalid_parameters(f"AttributeValueList can only be used with a ComparisonOperator for Attribute: {name}")


def expected_value_required(exists: str, name: str) -> ApiError:
    """Exists is "null" (not given) or "true"."""
    return invalid_parameters(f"Value must be provided when Exists is {exists} for Attribute: {name}")


def expected_value_forbidden(name: str) -> ApiError:
    return invalid_parameters(f"Value cannot be used when Exists is false for Attribute: {name}")


def update_value_required() -> ApiError:
    return invalid_parameters("Only DELETE action is allowed when no attribute value is specified")


def delete_value_not_supported(tag: str) -> ApiError:
    return invalid_parameters(f"DELETE action with value is not supported for the type {tag}")


def add_not_supported(tag: str) -> ApiError:
    return invalid_parameters(f"ADD action is not supported for the type {tag}")
