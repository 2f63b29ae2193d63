"""Errors of batches and transactions (behaviour 7, 8)."""

from collections.abc import Sequence
from typing import Any, Final

from emulator.errors.base import ApiError
from emulator.errors.forms import validation

# --- batches (behaviour 7) ------------------------------------------------------------------------


def too_many_items(operation: str) -> ApiError:
    """Return the error for a batch of too many items.

    operation: BatchGetItem or BatchWriteItem.
    """
    return validation(f"Too many items requested for the {operation} call")


def request_items_required(operation: str) -> ApiError:
    return validation(f"The requestItems parameter is required for {operation}")


def duplicate_keys() -> ApiError:
    return validation("Provided list of item keys contains duplicates")


# --- transactions (behaviour 8) -------------------------------------------------------------------


Reason = dict[str, Any]
"""An element of CancellationReasons. It has a Code.

The element for a failed action also has a Message, and perhaps an Item.
"""

NO_REASON: Final[Reason] = {"Code": "None"}


_NESTED_CODES: Final = {
    "AccessDeniedException": "AccessDenied",
    "ConditionalCheckFailedException": "ConditionalCheckFailed",
    "DuplicateItemException": "DuplicateItem",
    "ItemCollectionSizeLimitExceededException": "ItemCollectionSizeLimitExceeded",
    "ProvisionedThroughputExceededException": "ProvisionedThroughputExceeded",
    # We infer that TransactionConflict replaces ReplicatedWriteConflictException: no other code
    # fits better, and clients retry after either error.
    "ReplicatedWriteConflictException": "TransactionConflict",
    "RequestLimitExceeded": "RequestLimitExceeded",
    "ResourceNotFoundException": "ResourceNotFound",
    "ThrottlingException": "ThrottlingError",
    "TransactionConflictException": "TransactionConflict",
    "ValidationException": "ValidationError",
}
"""Code of an error -> the code that replaces it in a response with several results."""


def nested_code(error: ApiError) -> str:
    """Return the code that replaces an error's code in a response with several results.

    Such a response is that of BatchExecuteStatement, or the list of cancellation reasons of a
    transaction.
    """
    return _NESTED_CODES.get(error.code, "InternalServerError")


def transaction_canceled(reasons: Sequence[Reason]) -> ApiError:
    """Return the error of a canceled transaction (behaviour 8.2).

    reasons: one reason for each action. An action without an error has NO_REASON.
    """
    codes = ", ".join(reason["Code"] for reason in reasons)
    return ApiError(
        "TransactionCanceledException",
        f"Transaction cancelled, please refer cancellation reasons for specific reasons [{codes}]",
        message_member="Message",
        extra={"CancellationReasons": list(reasons)},
    )


def cancellation_reason(error: ApiError) -> Reason:
    """Return the cancellation reason for a failed action. error: the error of this action."""
    item = {"Item": error.extra["Item"]} if "Item" in error.extra else {}
    message = error.message
    if error.code == "ProvisionedThroughputExceededException" and message is not None:
        # The error's message ends with a full stop (behaviour 16), but the reason's message does
        # not (behaviour 8.2).
        message = message.removesuffix(".")
    return {"Code": nested_code(error), "Message": message, **item}


def transaction_conflict() -> ApiError:
    return ApiError("TransactionConflictException", "Transaction is ongoing for the item", about="conflict")


def no_transact_action() -> ApiError:
    """Return the error for an element of TransactItems without an action (behaviour 8.1).

    The service's text depends on the region. This is the text of us-east-1.
    """
    return validation("Invalid Request: TransactWriteRequest should contain Delete or Put or Update request")


def one_action_only() -> ApiError:
    return validation("TransactItems can only contain one of Check, Put, Update or Delete")


def duplicate_transact_items() -> ApiError:
    return validation("Transaction request cannot include multiple operations on one item")


def transaction_too_large() -> ApiError:
    """Return the error for a transaction whose items are too large together.

    We know only the words "size cannot exceed" of the service's text (behaviour 8.1).
    """
    return validation("Transaction request size cannot exceed 4194304 bytes")


def idempotent_parameter_mismatch() -> ApiError:
    text = "The request uses the same client token as a previous, but non-identical request."
    return ApiError("IdempotentParameterMismatchException", text, message_member="Message")


def transaction_in_progress() -> ApiError:
    text = "The transaction with the given request token is already in progress."
    return ApiError("TransactionInProgressException", text, message_member="Message")
