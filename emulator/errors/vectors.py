"""Errors of vector indexes and SearchVectors (features 1, control-plane 15).

We do not know all of the service's texts. The docstrings mark the texts that are our own, and name
the service's text on which such a text is modelled.
"""

from typing import Final

from emulator import limits
from emulator.errors.base import ApiError
from emulator.errors.forms import invalid_parameters, limit_exceeded, validation

# --- definitions ----------------------------------------------------------------------------------


def vectors_need_on_demand() -> ApiError:
    return invalid_parameters("Vector indexes are only supported for PAY_PER_REQUEST tables")


def search_schema_undefined() -> ApiError:
    return invalid_parameters("One element in SearchSchema is not defined in attribute definitions")


def dimensions_out_of_range() -> ApiError:
    return invalid_parameters(f"Number of dimensions must be between 1 and {limits.DIMENSIONS} inclusive.")


def too_many_vector_indexes() -> ApiError:
    return invalid_parameters(f"VectorIndex count exceeds the per-table limit of {limits.VECTOR_INDEXES_PER_TABLE}")


def no_room_for_vector_index() -> ApiError:
    """Return UpdateTable's error for too many vector indexes.

    The text is modelled on the text for global indexes.
    """
    return limit_exceeded(
        "Subscriber limit exceeded: Number of vector indexes exceeds per-table limit of "
        f"{limits.VECTOR_INDEXES_PER_TABLE}"
    )


def vectors_of_different_dimensions(attribute: str) -> ApiError:
    return invalid_parameters(
        f"Conflicting attribute definition for '{attribute}'. All VectorIndexes on the same vector attribute must use "
        "the same dimensions."
    )


def vector_attribute_is_key(attribute: str) -> ApiError:
    """Return the error for a vector attribute that is also a key attribute or in the SearchSchema.

    The text is our own.
    """
    return invalid_parameters(f"Vector attribute '{attribute}' must not be a key or SearchSchema attribute")


def search_schema_repeats(attribute: str) -> ApiError:
    """Return the error for a SearchSchema that names an attribute twice.

    The text is modelled on the text for NonKeyAttributes.
    """
    return invalid_parameters(f"Duplicate element in SearchSchema: {attribute}")


def vector_update_empty() -> ApiError:
    """Return the error for an element of VectorIndexUpdates without an action.

    The texts of vector_update_empty, vector_update_ambiguous and not_a_vector_index are modelled on
    the texts for global indexes.
    """
    return invalid_parameters("One of VectorIndexUpdate.Create, VectorIndexUpdate.Delete must not be null")


def vector_update_ambiguous() -> ApiError:
    return invalid_parameters("Only one vector index action is allowed per VectorIndexUpdate object")


def not_a_vector_index(index: str) -> ApiError:
    return validation(f"Cannot delete an index that is not a VectorIndex: {index}")


def vector_index_allocating(table: str, index: str) -> ApiError:
    return ApiError(
        "ResourceInUseException",
        "Attempt to change a resource which is still in use: Index creation is in resource allocation phase. "
        f"Retry deletion during backfilling phase or when the index is active. Table: {table} Index: {index}",
    )


# --- writes ---------------------------------------------------------------------------------------

# In the errors of writes, the service writes a full stop after "were invalid". In texts that begin
# with INVALID_PARAMETERS, it writes a colon there.
_INVALID: Final = "One or more parameter values were invalid. Invalid "


def vector_of_other_size(attribute: str, expected: int, actual: int, index: str) -> ApiError:
    return validation(
        f"{_INVALID}size for parameter {attribute}, Expected: {expected}, Actual: {actual} IndexName: {index}",
        about="key",
    )


def vector_with_other_element(attribute: str, position: int, actual: str, index: str) -> ApiError:
    """Return the error for a vector with an element that is not a number.

    position: the index of the element in the vector, from 0 on. actual: the type of the element.
    """
    return validation(
        f"{_INVALID}type for parameter {attribute}[{position}], Expected: 32-bit floating point number, "
        f"Actual: {actual}. IndexName: {index}",
        about="key",
    )


def vector_not_a_list(attribute: str, index: str) -> ApiError:
    return validation(
        f"{_INVALID}type for parameter {attribute}, Expected: 32-bit floating point number list IndexName: {index}",
        about="key",
    )


# --- searches -------------------------------------------------------------------------------------


def top_k_out_of_range(given: int) -> ApiError:
    return validation(
        f"Provided TopK value '{given}' is out of valid range. The value must be between 1 and {limits.TOP_K} inclusive"
    )


def search_condition_required() -> ApiError:
    return validation("SearchConditionExpression must be provided when SearchSchema has a HASH key")


def search_condition_misses(attribute: str) -> ApiError:
    """Return the error for a search condition that lacks a HASH attribute of the SearchSchema.

    The text is our own.
    """
    return validation(f"SearchConditionExpression must have a condition on the HASH key of SearchSchema: {attribute}")


def searched_attribute_not_in_schema(attribute: str) -> ApiError:
    return validation(
        "SearchConditionExpression must not contain any attributes that is not in SearchSchema. "  # sic: "that is"
        f"Invalid attribute: {attribute}"
    )


def search_vector_of_other_size(given: int, expected: int) -> ApiError:
    return validation(f"Input search vector dimension {given} does not match vector index dimension {expected}")


def search_vector_invalid() -> ApiError:
    return validation(
        "Search vector contains invalid values. All values in the search vector must be a 32-bit floating-point number "
        "attribute"
    )


def search_response_too_large() -> ApiError:
    """Return the error for a search whose response is too large.

    AWS documents the limit, but not the text of the error, so the text is ours.
    """
    return validation(
        f"The size of the search results exceeds the limit of {limits.SEARCH_RESPONSE} bytes. Reduce TopK, or name "
        "fewer attributes in ProjectionExpression"
    )


def backfilling_vector_index(index: str) -> ApiError:
    return validation(f"Cannot search backfilling vector index: {index}")


def vector_index_does_not_project(index: str, attribute: str) -> ApiError:
    """Return the error for a projection of an attribute that the index does not have.

    The text is modelled on the text for global indexes.
    """
    return invalid_parameters(f"Vector index {index} does not project [{attribute}]")


def numpy_missing() -> ApiError:
    """Return our own error for a search on a server without NumPy."""
    return validation("SearchVectors needs NumPy on the server: pip install 'dynamodb-emulator[vectors]'")
