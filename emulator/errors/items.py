"""Errors of items and their keys (behaviour 2.4, 3.8)."""

from typing import Final

from emulator.errors.base import ApiError
from emulator.errors.forms import invalid_parameters, validation

# --- sizes (behaviour 2.4) ------------------------------------------------------------------------


def item_too_large() -> ApiError:
    """Return the error for a request with an item that is too large."""
    return validation("Item size has exceeded the maximum allowed size")


def update_too_large() -> ApiError:
    """Return the error for an update whose result would be too large."""
    return validation("Item size to update has exceeded the maximum allowed size", about="item", bare=True)


def item_collection_too_large() -> ApiError:
    return ApiError("ItemCollectionSizeLimitExceededException", "Collection size exceeded.", about="item")


# --- keys (behaviour 3.8) -------------------------------------------------------------------------


def key_does_not_match_schema() -> ApiError:
    return validation("The provided key element does not match the schema", about="key")


def missing_key(name: str) -> ApiError:
    return invalid_parameters(f"Missing the key {name} in the item", about="key")


def key_type_mismatch(name: str, expected: str, actual: str) -> ApiError:
    return invalid_parameters(f"Type mismatch for key {name} expected: {expected} actual: {actual}", about="key")


def index_key_type_mismatch(name: str, expected: str, actual: str, index: str) -> ApiError:
    return invalid_parameters(
        f"Type mismatch for Index Key {name} Expected: {expected} Actual: {actual} IndexName: {index}", about="key"
    )


_INVALID_VALUES: Final = "One or more parameter values are not valid. "


def _empty(kind: str) -> str:
    return f"The AttributeValue for a key attribute cannot contain an empty {kind} value."


def empty_key(name: str, kind: str) -> ApiError:
    """Return the error for an empty key attribute. kind: "string" or "binary"."""
    return validation(f"{_INVALID_VALUES}{_empty(kind)} Key: {name}")


def empty_index_key(name: str, kind: str, index: str) -> ApiError:
    return validation(
        f"{_INVALID_VALUES}A value specified for a secondary index key is not supported. "
        f"{_empty(kind)} IndexName: {index}, IndexKey: {name}"
    )


def update_to_empty_index_key(kind: str) -> ApiError:
    return validation(
        f"{_INVALID_VALUES}The update expression attempted to update a secondary index key to a value that is not "
        f"supported. {_empty(kind)}"
    )


def update_to_unsupported_index_key_type() -> ApiError:
    return validation(
        "The update expression attempted to update the secondary index key to unsupported type", about="key"
    )


def update_index_key_too_long() -> ApiError:
    return validation(
        "The update expression attempted to update the secondary index key beyond allowed size limits", about="key"
    )


def index_key_too_long(index: str, name: str, size: int, largest: int) -> ApiError:
    """Return the error for an item with an attribute that is too long for the key of an index.

    size: the size of the attribute in bytes. largest: the limit in bytes.
    Observed: github.com/wellcomecollection/platform/issues/2285.
    """
    return invalid_parameters(
        f"Size limit exceeded for Index Key {name} Actual Size: {size} bytes Max Size: {largest} bytes IndexName: {index}",
        about="key",
    )


def partition_key_too_long() -> ApiError:
    return invalid_parameters(
        "Size of hashkey has exceeded the maximum size limit of2048 bytes", about="key"
    )  # sic: "of2048"


def sort_key_too_long() -> ApiError:
    return invalid_parameters(
        "Aggregated size of all range keys has exceeded the size limit of 1024 bytes", about="key"
    )


def cannot_update_key(name: str) -> ApiError:
    return invalid_parameters(f"Cannot update attribute {name}. This attribute is part of the key", about="key")


def key_must_be_scalar(name: str, *, index: bool = False) -> ApiError:
    """Return the error for a document path to a part of a key attribute, such as `pk.a`."""
    kind = "IndexKey" if index else "Key"
    return validation(
        f"Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: {kind}: {name}"
    )
